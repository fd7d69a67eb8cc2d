"""Words of the policy and its decisions: key -> (English, Chinese)."""

POLICY: dict[str, tuple[str, str]] = {
    "section.policy": ("Admission policy", "准入策略"),
    "decision.admit": ("Admit", "准入"),
    "decision.conditional": ("Admit on conditions", "有条件准入"),
    "decision.manual_review": ("Manual review", "人工复核"),
    "decision.decline": ("Decline", "拒绝"),
    "policy.lead": (
        "Policy {name}, version {version}, owned by {owner}, in force from {day}. It judges everybody who has asked since the "
        "test began, {n} applications, the declined of that time too; the outcome of {outcomes} is known, of whoever did not "
        "trade it is not.",
        "策略：{name}（版本 {version}，负责方 {owner}，{day}起生效）。适用于检验期开始以来的全部 {n} 笔申请，"
        "含当时被拒绝者，其中 {outcomes} 笔已知结果；未发生交易者结果未知。",
    ),
    "policy.claim": (
        "{admit} are admitted outright, {conditional} on conditions, {review} go to a person, {decline} are declined. The "
        "limits granted come to {limit}, their expected loss to {loss}, {rate} of the limits.",
        "直接准入 {admit}，有条件准入 {conditional}，人工复核 {review}，拒绝 {decline}。"
        "授予额度合计 {limit}，预期损失 {loss}，占额度的 {rate}。",
    ),
    "policy.decisions": ("Decisions", "准入结论分布"),
    "policy.granted": (
        "Limits and losses of what is admitted, outright or on conditions. Expected loss: PD x loss given default x exposure.",
        "额度与损失仅计入直接准入和有条件准入。预期损失 = PD × 违约损失率 × 违约敞口。",
    ),
    "policy.curve": ("Default rate against approval rate", "违约率与通过率"),
    "policy.curve.about": (
        "Were everybody admitted up to a PD: mean PD and default rate of the admitted as the approval rate rises from {low} to "
        "{high}.",
        "若准入 PD 不高于某一上限的全部申请人：通过率由 {low} 升至 {high} 时，准入者的平均 PD 与实际违约率。",
    ),
    "policy.curve.note": (
        "A bare PD cut-off at every half grade, without knock-outs, reviews or caps; the dotted line marks the last grade "
        "admitted outright. Points: default rate of known outcomes with its 90 % interval.",
        "仅按 PD 上限划线（每半级一点），不含红线、复核与额度约束；虚线为直接准入的末级。圆点为已知结果的违约率及其 90% 区间。",
    ),
    "policy.curve.expected": ("mean PD", "平均 PD"),
    "policy.curve.observed": ("default rate, 90% interval", "违约率，90% 区间"),
    "policy.curve.line": ("admitted outright", "直接准入线"),
    "policy.axis.approval": ("approval rate", "通过率"),
    "policy.axis.rate": ("mean PD and default rate of the admitted", "准入客户的平均 PD 与违约率"),
    "policy.cut_offs": ("What each cut-off would let in", "各准入线的效果"),
    "policy.cut_offs.note": (
        "As if everybody up to the grade were granted what was asked for. Mean PD of all, default rate of known outcomes. "
        "Profit: contribution margin less funding, capital, handling and "
        "expected loss.",
        "假设 R1 至该级的全部申请按申请额度授信。平均 PD 取全部申请，违约率取已知结果。"
        "利润 = 边际贡献 − 资金成本 − 资本占用 − 管理成本 − 预期损失。",
    ),
    "policy.why": ("What leads away from plain admission", "未直接准入的原因"),
    "policy.why.note": (
        "Counts of applications; several may hold for one. Unknown: nobody searched the source, so nobody passes.",
        "按申请计数，一笔可有多项。未知：未查询该数据源，不视为通过。",
    ),
    "policy.why.reviews": ("Reviews and cut-off", "复核与准入线"),
    "policy.caps": ("What sets the limits granted", "额度的约束因素"),
    "policy.compare": ("The policy beside others", "与其他策略对比"),
    "policy.compare.note": (
        "Beside the share of the limits that lies in R8 to R10 stands the most that the policy allows for.",
        "R8–R10 额度占比旁为该策略的上限。",
    ),
    "policy.swap": ("Who changes decision with {name}", "改用‘{name}’后结论变化者"),
    "policy.terms": ("The policy's numbers", "策略参数"),
    "policy.terms.bands": (
        "Admitted up to {admit}, on conditions up to {conditional}, manual review up to {review}; riskier grades are declined.",
        "R1 至 {admit} 准入，至 {conditional} 有条件准入，至 {review} 人工复核，风险更高者拒绝。",
    ),
    "policy.overrides": (
        "Overrides are kept in a log of their own and are not part of a run: admission override report --scores counts them.",
        "人工改判另设台账，不属于本次运行，由命令 admission override report --scores 统计。",
    ),
    "policy.col.decision": ("Decision", "结论"),
    "policy.col.policy": ("Policy", "策略"),
    "policy.col.now": ("Today", "现行"),
    "policy.col.then": ("Then", "改后"),
    "policy.col.expected": ("Expected defaults", "预期违约数"),
    "policy.col.outcomes": ("Known outcomes", "已知结果"),
    "policy.col.requested": ("Asked for", "申请额度"),
    "policy.col.limit": ("Limits granted", "授予额度"),
    "policy.col.loss": ("Expected loss", "预期损失"),
    "policy.col.loss_rate": ("of the limits", "占额度"),
    "policy.col.sales": ("Annual sales", "年赊销额"),
    "policy.col.profit": ("Expected profit", "预期利润"),
    "policy.col.pd_up_to": ("PD up to", "PD 上限"),
    "policy.col.approval": ("Approval rate", "通过率"),
    "policy.col.hit": ("Hit", "命中"),
    "policy.col.unknown": ("Unknown", "未知"),
    "policy.col.worst": ("R8 to R10", "R8–R10 占比"),
    "policy.col.bads_of_hit": ("Defaults / known outcomes of those hit", "命中者违约数 / 已知结果"),
    "policy.col.economics": ("Economics", "经济参数"),
    "policy.of_sales": ("of sales", "占销售额"),
    "policy.col.finding": ("Finding", "情形"),
    "policy.col.limit_change": ("Change of limits", "额度变化"),
    "policy.col.loss_change": ("Change of expected loss", "预期损失变化"),
    "policy.worst": ("{share} (at most {allowed})", "{share}（上限 {allowed}）"),
    "economics.contribution_margin": ("Contribution margin, of sales", "边际贡献率（占销售额）"),
    "economics.days_sales_outstanding": ("Days until an invoice is paid", "应收账款周转天数"),
    "economics.funding_rate": ("Cost of funds a year", "年资金成本"),
    "economics.capital_charge": ("Charge for capital a year", "年资本占用费率"),
    "economics.handling_cost": ("Handling of a customer a year", "单户年管理成本"),
    "economics.loss_given_default": ("Loss given default", "违约损失率"),
    "economics.exposure_share": ("Exposure at default, of the limit", "违约敞口占额度"),
    "economics.sales_before_default": ("Sales before a default, of a year's", "违约前实现的年销售占比"),
    "economics.expected_loss_budget": ("Budget of expected loss, of sales", "预期损失预算（占销售额）"),
    # On an applicant's page
    "result.decision": ("Decision by the policy", "策略结论"),
    "result.limit": ("Limit offered", "建议额度"),
    "result.limit.none": ("none", "无"),
    "result.limit.review": ("Limit if admitted", "如获准入的额度"),
    "result.limit_by": ("set by {cap}, rounded down", "约束：{cap}（向下取整）"),
    "result.terms": ("Terms offered", "建议账期"),
    "result.terms.most": ("the policy's longest for {grade}", "策略对 {grade} 级的最长账期"),
    "result.terms.prepaid": ("{share} paid before delivery", "发货前预付 {share}"),
    "result.pd_refits": ("{n} refits on other samples spread it over {interval}", "{n} 次重抽样重估的波动：{interval}"),
    "result.why": ("Why: {steps}.", "依据：{steps}。"),
    "result.conditions": ("Conditions: {names}.", "附加条件：{names}。"),
    "result.policy": ("Policy {version}.", "策略版本 {version}。"),
    "path.knock_out": ("knock-out {rule}, {what}", "准入红线 {rule}：{what}"),
    "path.unknown": ("knock-out {rule} unknown, its source not searched", "准入红线 {rule} 未知（未查询数据源）"),
    "path.thin": (
        "too little is known, values known carry {coverage} of what matters to the model",
        "资料不足，已知取值仅承载模型重要性的 {coverage}",
    ),
    "path.unlike": ("unlike everybody admitted before", "与以往准入客户均不相似"),
    "path.cut_off": ("PD above {pd}, the cut-off for what was asked for", "PD 高于申请额度对应的准入线 {pd}"),
    "path.no_cut_off": (
        "what may be earned with it does not pay for handling it, whatever the PD",
        "预期收益不足以覆盖管理成本，与 PD 无关",
    ),
    "path.band": ("what the policy says of grade {grade}", "按策略对 {grade} 级的规定"),
}
"""Words of the policy."""
