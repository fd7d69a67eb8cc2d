"""Words of the validation report and the model card: key -> (English, Chinese)."""

AUDIT: dict[str, tuple[str, str]] = {
    "title.validation": ("Validation report", "模型验证报告"),
    "title.card": ("Model card", "模型卡"),
    "validation.lead": (
        "Every check of the battery on applications that the model never saw, with development as reference.",
        "对模型从未见过的申请逐项检验，以开发样本为参照。",
    ),
    "validation.counts": ("Verdicts", "结论汇总"),
    "validation.recommended.model": (
        "The model ranks better than the scorecard, surely (paired DeLong test at 5 %). It is recommended.",
        "模型的排序能力显著优于评分卡（配对 DeLong 检验，5 % 水平），建议采用模型。",
    ),
    "validation.recommended.scorecard": (
        "The model does not rank surely better than the scorecard (paired DeLong test at 5 %). By its own rule the "
        "validation recommends the simpler scorecard, unless other reasons speak for the model.",
        "模型的排序能力未显著优于评分卡（配对 DeLong 检验，5 % 水平）。按验证规则，若无其他理由，建议采用更简单的评分卡。",
    ),
    "validation.red": ("Not up to the standard: {names}", "未达标：{names}"),
    "validation.none_red": ("No check is red.", "没有不达标的检验。"),
    "section.checks": ("The battery", "检验清单"),
    "section.challengers": ("Challengers on the same rows", "同样本对照模型"),
    "section.certificate": ("Certificate of the directions", "方向单调性证明"),
    "section.directions3": ("What the article, the data and the model say", "文章、数据与模型三方对照"),
    "section.missing": ("Missing values that lower the risk", "缺失反而降低风险的特征"),
    "section.segments": ("Segments", "细分群体"),
    "section.vintages": ("Vintages", "逐季表现"),
    "section.characteristics": ("Features that moved most", "分布变化最大的特征"),
    "section.selection": ("Declined applicants", "拒绝样本"),
    "section.stability": ("Stability of the explanations", "解释稳定性"),
    "section.limits": ("Limitations", "局限"),
    "section.facts": ("The model", "模型概况"),
    "section.use": ("Intended use", "适用范围"),
    "checks.note": (
        "N: applications of the test behind the figure; of migrations, customers with a grade before and after. Below a "
        "figure: its interval by drawing customers, level {level}, where it has one (V02). p: of the hypothesis that all is "
        "well, unless a name says otherwise.",
        "笔数：检验期申请数；迁移类检验为前后均有等级的客户数。数值下方为按客户重抽样的 {level} 区间（V02，如适用）。"
        "p：除名称另有说明外，原假设为“一切正常”。",
    ),
    "challengers.note": (
        "Below a value: its interval, of the AUC by DeLong, of the others by drawing customers. The lead is the model's in AUC "
        "on the rows where the challenger exists, its p that of the paired DeLong test. Bare scores have no PDs.",
        "数值下方为区间：AUC 采用 DeLong 法，其余按客户重抽样。"
        "领先幅度为本模型在对照模型可用样本上的 AUC 差，p 值来自配对 DeLong 检验。纯评分无 PD。",
    ),
    "directions3.note": (
        "By path-dependent values, those of batches; the portfolio's interventional ones differ a little. In brackets: the "
        "rank correlation of the indicator's badness with defaults in the data, and with its contribution to "
        "risk in a model. The trees without directions were free to contradict the article.",
        "按批量评分所用的路径依赖值计算，与组合报告（干预式）略有差异。括号内为秩相关系数：数据列为指标劣化程度与违约的相关，模型列为其与风险贡献的相关。无约束模型可自由偏离文章方向。",
    ),
    "check.id": ("Check", "编号"),
    "check.name": ("What it asks", "检验内容"),
    "check.figure": ("Figure", "数值"),
    "check.kind.z": ("z", "z 值"),
    "check.kind.p_value": ("p", "p 值"),
    "check.thresholds": ("Green · amber, and whose bounds", "绿 · 黄阈值及来源"),
    "threshold.this project's default": ("this project's default", "本项目默认"),
    "threshold.reported, not judged": ("reported, not judged", "仅披露，不评判"),
    "threshold.two-sided normal test at 5% and 1%": ("two-sided normal test at 5% and 1%", "双侧正态检验（5%、1%）"),
    "threshold.rule of thumb, Siddiqi (2017)": ("rule of thumb, Siddiqi (2017)", "经验法则，Siddiqi (2017)"),
    "check.source": ("Source", "方法来源"),
    "check.reported": ("reported", "仅披露"),
    "challenger.name": ("Model", "模型"),
    "challenger.lead": ("Lead of the model", "模型领先"),
    "challenger.model": ("The model", "本模型"),
    "col.ks": ("KS", "KS 值"),
    "col.brier": ("Brier score", "布里尔分数"),
    "col.log_loss": ("Log-loss", "对数损失"),
    "col.free": ("Trees without directions", "无约束模型"),
    "col.segment": ("Segment", "细分"),
    "segment.all": ("all", "全部"),
    "segment.industry": ("industry", "行业"),
    "segment.region": ("region", "地区"),
    "segment.size": ("size", "规模"),
    "segment.customer": ("customer", "客户"),
    "segment.ownership": ("ownership", "所有制"),
    "segment.unknown": ("not known", "未知"),
    "segment.size.small": ("small", "小型"),
    "segment.size.medium": ("medium", "中型"),
    "segment.size.large": ("large", "大型"),
    "segment.customer.new": ("new", "新客户"),
    "segment.customer.existing": ("existing", "存量客户"),
    "segment.ownership.collective": ("collective", "集体"),
    "segment.ownership.foreign": ("foreign", "外资"),
    "segment.ownership.mixed": ("mixed", "混合所有"),
    "segment.ownership.private": ("private", "民营"),
    "segment.ownership.state": ("state", "国有"),
    "col.period": ("Quarter", "季度"),
    "col.csi": ("CSI", "CSI 指数"),
    "col.critical": ("Sampling bound, 95 %", "抽样临界值（95%）"),
    "col.missing_before": ("Missing, development", "开发期缺失率"),
    "col.missing_now": ("Missing, test", "检验期缺失率"),
    "col.gini": ("Gini", "基尼系数"),
    "col.slope": ("Slope", "校准斜率"),
    "col.share_interval": ("Share over refits", "重抽样占比区间"),
    "certificate.words": (
        "Proven from the trees themselves: of {n} features with a direction, {holds} keep it whatever is missing, "
        "{known} among applicants of whom every other number is known.",
        "由树结构直接证明：{n} 个有方向的特征中，{holds} 个在任何缺失组合下成立，{known} 个在其他数值均已知时成立。",
    ),
    "missing.none": ("No feature's missing values lower the risk by more than 0.02 log-odds on average.",
                     "没有特征的缺失平均降低风险超过 0.02 对数几率。"),
    "missing.words": ("{feature}: missing in {share}, on average {points} points for those applicants",
                      "{feature}：缺失率 {share}，对这些申请人平均影响 {points} 分"),
    "selection.none": ("Too few applicants were declined to say anything.", "拒绝样本过少，无法评估。"),
    "selection.words": (
        "{n} applicants were declined, those who traded later too. Who was declined can be told from the features with an "
        "AUC of {auc}; {outside} of the declined and {inside} of the admitted are unlike all that were admitted.",
        "共拒绝 {n} 笔申请（含此后仍有交易者）。由特征识别是否被拒的 AUC 为 {auc}；"
        "拒绝样本中 {outside}、通过样本中 {inside} 超出已通过样本的范围。",
    ),
    "selection.shift": (
        "The features in which declined applicants differ most from admitted ones:",
        "拒绝与通过样本差异最大的特征：",
    ),
    "col.missing_admitted": ("Missing, admitted", "通过样本缺失率"),
    "col.missing_declined": ("Missing, declined", "拒绝样本缺失率"),
    "selection.overlap": ("Admitted and declined hardly overlap: PDs of declined applicants are extrapolated.",
                          "通过与拒绝样本几乎不重叠，对拒绝样本的 PD 属于外推。"),
    "selection.truth": (
        "On the simulated portfolio the outcome of the declined is known: AUC {auc} on the {n} of the test period, mean PD "
        "{pd} against a default rate of {rate}.",
        "模拟组合已知拒绝样本的真实结果：检验期内 {n} 笔的 AUC 为 {auc}，平均 PD {pd}，真实违约率 {rate}。",
    ),
    "stability.words": (
        "{n} models refitted on customers drawn with replacement: the indicators' shares agree with a Kendall tau of {tau}, "
        "{signs} of the contributions beyond 5 points keep their sign, and the three worst indicators overlap by {overlap}.",
        "对客户有放回抽样重训 {n} 次：指标占比的 Kendall tau 为 {tau}，超过 5 分的贡献中 {signs} 保持符号，"
        "前三大不利指标的重合度为 {overlap}。",
    ),
    "stability.none": ("No refits were asked for (audit.refits).", "未设置重训次数（audit.refits）。"),
    "limits.declined": ("Outcomes are known only of applicants who traded.", "仅已发生交易的申请有结果。"),
    "limits.truth": (
        "On the simulated portfolio, where the outcome of the declined is known, the mean PD of the {n} of the test period is "
        "{pd} and {rate} of them default: what is said of applicants unlike the admitted needs care.",
        "模拟组合已知拒绝样本的真实结果：检验期内 {n} 笔的平均 PD 为 {pd}，实际违约率为 {rate}；"
        "对与通过样本不同的申请人，PD 须谨慎使用。",
    ),
    "limits.association": ("The model associates; it does not know causes.", "模型只反映关联，不代表因果。"),
    "limits.level": (
        "The PDs' level is that of {level}; it moves with the cycle.",
        "PD 水平对应 {level}，随经济周期变化。",
    ),
    "limits.machine": (
        "Equal bytes for equal commit, data and seed hold on one machine; another processor may differ in the last digit.",
        "同一机器上相同提交、数据与种子得到相同字节；不同处理器的末位可能不同。",
    ),
    "limits.no_data": ("Not enough data for: {names}", "数据不足的检验：{names}"),
    "level.model.point in time": ("the development sample (point in time)", "开发样本（时点）"),
    "level.model.through the cycle": ("a full cycle (through the cycle)", "完整周期（跨周期）"),
    "card.use": (
        "Ranks business customers that ask for credit by their probability of default within {days} days, and explains each. "
        "It supports the committee's decision and does not replace due diligence; it is not for natural persons.",
        "对申请赊销的企业客户按 {days} 天内违约概率排序并逐一解释。结论供委员会决策参考，不替代尽职调查，不适用于自然人。",
    ),
    "card.default": (
        "Default: more than {days} days past due on a material amount, or unlikely to pay.",
        "违约定义：重大金额逾期超过 {days} 天，或认定难以足额偿付。",
    ),
    "card.bundle": ("Bundle", "模型包"),
    "card.data": ("Data", "数据"),
    "card.params": ("Parameters", "参数"),
    "card.features": ("Features", "特征数"),
    "card.trees": ("Trees", "树的数量"),
    "card.slope": ("Calibration transform: coefficient a", "校准变换系数 a"),
    "card.level": ("Level of the PDs", "PD 水平"),
    "card.settings": ("Settings", "超参数"),
    "card.versions": ("Versions", "版本"),
    "card.fingerprint": (
        "Every number belongs to data {data} and bundle {bundle}.",
        "所有数值对应数据 {data}、模型包 {bundle}。",
    ),
    "nav.card": ("Model card", "模型卡"),
    "nav.validation": ("Validation report", "验证报告"),
}  # fmt: skip
