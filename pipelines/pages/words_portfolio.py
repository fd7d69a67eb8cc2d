"""Words of the portfolio report and those all pages share: key -> (English, Chinese)."""

PORTFOLIO: dict[str, tuple[str, str]] = {
    "lang.name": ("English", "中文"),
    "title.portfolio": ("Customer admission: default risk", "客户准入违约风险报告"),
    "title.applicant": ("Applicant's page", "申请人评估表"),
    "title.explorer": ("Applicants, one by one", "申请人逐户浏览"),
    "title.index": ("Reports to the risk committee", "风险委员会报告目录"),
    "title.committee": ("Report to the risk committee", "提交风险委员会"),
    "nav.portfolio": ("Portfolio report", "组合报告"),
    "nav.explorer": ("Explorer", "申请人浏览器"),
    "nav.workbook": ("Tables as a workbook (Excel)", "数据表（Excel 工作簿）"),
    "nav.index": ("All pages", "全部页面"),
    "nav.contents": ("Contents", "目录"),
    "nav.absent": (
        "Migration and stability of grades, the full battery, segments, refits and declined applicants stand in the validation "
        "report.",
        "评级迁移与稳定性、完整检验、细分群体、重抽样及拒绝样本见模型验证报告。",
    ),
    "disclaimer": (
        "The model's result supports a decision; it does not replace due diligence.",
        "模型结论供决策参考，不替代尽职调查。",
    ),
    "association": (
        "Contributions describe association with past defaults, not causes.",
        "贡献仅表示与历史违约的关联，不代表因果。",
    ),
    "none": ("not available in this run", "本次运行未提供"),
    "none.dash": ("— : not available in this run", "— 表示本次运行未提供"),
    "not_assessed": ("not assessed", "未评估"),
    "not_assessed.note": (
        "Hatched: no data in this run. Not assessed is not the same as good, nor as zero.",
        "斜纹：本次运行无数据。未评估不等于良好，也不等于零。",
    ),
    "colon": (": ", "："),
    "comma": (", ", "、"),
    "semicolon": ("; ", "；"),
    "gap": (" ", ""),
    "to": (" to ", " 至 "),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    # Sections
    "section.summary": ("Summary", "摘要"),
    "section.sample": ("Sample and definitions", "样本与口径"),
    "section.dimensions": ("Contribution of the seven dimensions", "七大维度贡献"),
    "section.indicators": ("The 18 indicators and their directions", "十八项指标及其方向"),
    "section.discrimination": ("Discrimination", "区分能力"),
    "section.calibration": ("Calibration", "校准"),
    "section.scores": ("Distribution of scores", "评分分布"),
    "section.audit": ("Direction audit", "方向一致性审计"),
    "section.fidelity": ("Fidelity of explanations", "解释保真度"),
    "section.quality": ("Data quality", "数据质量"),
    "section.searches": ("Sources searched", "数据源查询情况"),
    "section.cases": ("Applicants shown", "案例"),
    "section.dictionary": ("Appendix A · Feature dictionary", "附录 A · 特征字典"),
    "section.fingerprints": ("Appendix B · Fingerprints and model", "附录 B · 指纹与模型"),
    "section.glossary": ("Appendix C · Glossary", "附录 C · 术语"),
    # Summary
    "summary.modelled": (
        "The probability that a business customer defaults within {days} days of applying to buy on credit (PD), "
        "estimated from what was known on the day of the application.",
        "估计企业客户自申请赊销之日起 {days} 天内违约的概率（PD），仅使用申请当日已知的信息。",
    ),
    "summary.source": ("Data", "数据"),
    "summary.period": ("Test period", "检验期"),
    "summary.until": ("Outcomes known up to", "结果观察截至"),
    "summary.model": ("Model", "模型"),
    "summary.words": ("In words", "结论概述"),
    "summary.limitations": ("Open limitations", "尚存局限"),
    "fact.n": ("Applications tested", "检验申请数"),
    "fact.bads": ("Defaults", "违约数"),
    "fact.rate": ("Default rate", "违约率"),
    "fact.auc": ("AUC", "AUC"),
    "fact.gini": ("Gini", "基尼系数"),
    "fact.ks": ("KS", "KS"),
    "words.rank": (
        "Of one defaulter and one good customer drawn at random, the model gives the defaulter the higher PD in {auc} of "
        "cases.",
        "随机抽取一名违约客户与一名正常客户，模型在 {auc} 的情形下给违约客户更高的 PD。",
    ),
    "words.level": (
        "On the test sample the model expected {expected} of applicants to default; {observed} did.",
        "检验样本中，模型预期违约率为 {expected}，实际违约率为 {observed}。",
    ),
    "words.first_is_credit": (
        "{dimension} moves the score most, with {share} of all contributions; the source article, too, calls it one of "
        "the most critical. How sure the order is, the shares over refits in the validation report tell.",
        "{dimension}对评分影响最大，占全部贡献的 {share}；与来源文章“最为关键的指标之一”的说法相符。"
        "该排序是否稳健，见验证报告中重抽样的占比区间。",
    ),
    "words.first_is_other": (
        "{dimension} moves the score most, with {share} of all contributions; the source article calls the credit score "
        "one of the most critical; here it does not come first.",
        "{dimension}对评分影响最大，占全部贡献的 {share}；来源文章称信用评分为“最为关键的指标之一”，本次运行中它并非首位。",
    ),
    "words.none": ("The figures for this sentence are not available in this run.", "本次运行未提供该结论所需数据。"),
    "limit.simulated": (
        "The portfolio is simulated: the figures show the method at work, not any lender's book.",
        "本组合为模拟数据：结果用于展示方法，不代表任何实际信贷组合。",
    ),
    "limit.overlap": (
        "Performance windows of the development sample reach into the test period, so the test is not fully out of time.",
        "开发样本的表现期与检验期重叠，检验并非完全跨期。",
    ),
    "limit.random": (
        "Development and test sample are a random split of customers, not a split in time.",
        "开发样本与检验样本按客户随机划分，而非按时间划分。",
    ),
    "limit.dimensions": ("Not assessed for lack of data: {names}.", "因缺少数据未评估：{names}。"),
    "limit.indicators": (
        "{n} of the 18 indicators are not assessed; their rows say so.",
        "十八项指标中有 {n} 项未评估，表中已注明。",
    ),
    "limit.tables": ("Tables not delivered: {names}.", "未提供的数据表：{names}。"),
    "limit.few_bads": (
        "The test sample holds only {bads} defaults; intervals are wide and single grades cannot be judged.",
        "检验样本仅有 {bads} 笔违约，区间较宽，单个等级难以判断。",
    ),
    "limit.validation": (
        "Of the checks of the validation report {green} meet the standard and {amber} need attention. Not up to it "
        "({red}): {names}.",
        "验证报告各项检验：{green} 项符合标准，{amber} 项需要关注，{red} 项不符合标准：{names}。",
    ),
    "limit.scorecard": (
        "The validation recommends the simpler WoE scorecard: the model's lead over it, {lead} of AUC, is not sure (p = {p}).",
        "验证建议采用更简单的 WoE 评分卡：模型的 AUC 领先 {lead}，并不显著（p = {p}）。",
    ),
    "limit.declined": (
        "{n} applications were declined or withdrawn and did not trade; what they would have done is not known, and the "
        "figures hold for those who bought on credit.",
        "有 {n} 笔申请被拒绝或撤回且此后未发生交易，其结果不可观察；各项指标仅适用于已发生赊销的客户。",
    ),
    "limit.unseen": (
        "Test rows with a category never seen in development, scored as missing: {names}.",
        "检验样本中含开发样本未出现的类别、按缺失评分的笔数：{names}。",
    ),
    # Traffic lights
    "light.discrimination": ("Discrimination", "区分能力"),
    "light.calibration": ("Calibration", "校准"),
    "light.audit": ("Direction audit", "方向审计"),
    "light.green": ("meets the standard", "符合标准"),
    "light.amber": ("needs attention", "需要关注"),
    "light.red": ("does not meet the standard", "不符合标准"),
    "light.not enough data": ("not enough data", "数据不足"),
    "light.discrimination.basis": (
        "Gini {gini}; green from 0.50, amber from 0.35",
        "基尼系数 {gini}；0.50 以上为绿，0.35 以上为黄",
    ),
    "light.calibration.basis": (
        "Slope {slope} (green 0.8 to 1.2, amber 0.6 to 1.4); lowest p of the grades, Holm-adjusted, {p} "
        "(amber below 0.05, red below 0.01)",
        "斜率 {slope}（0.8 至 1.2 为绿，0.6 至 1.4 为黄）；各等级最小 p 值经 Holm 校正为 {p}"
        "（低于 0.05 为黄，低于 0.01 为红）",
    ),
    "light.audit.basis": (
        "{consistent} of {assessed} indicators assessed run as the article says, in the model and in the data; "
        "{against} run against it in either",
        "已评估 {assessed} 项指标中，{consistent} 项在模型与数据中均与文章方向一致，{against} 项在其一中相反",
    ),
    # Sample
    "sample.left_out": (
        "{n} more applications of known outcome belong to no sample: they came soon after another of the same customer.",
        "另有 {n} 笔已知结果的申请未入任何样本：同一客户短期内重复申请。",
    ),
    "sample.definition": (
        "Default: more than 90 days past due on a material amount, or unlikely to pay, within {days} days after the "
        "application; the thresholds are those of the run's parameters.",
        "违约定义：申请后 {days} 天内，重大金额逾期超过 90 天，或认定难以足额偿付；具体阈值以本次运行参数为准。",
    ),
    "sample.chart": ("From all applications to labelled ones", "从全部申请到可用样本"),
    "sample.chart.about": (
        "{all} applications, of which {labelled} have a known outcome.",
        "共 {all} 笔申请，其中 {labelled} 笔结果已知。",
    ),
    "sample.table": ("Samples", "样本划分"),
    "sample.outcomes": ("Known outcomes", "已知结果"),
    "sample.name": ("Sample", "样本"),
    "sample.from": ("From", "起"),
    "sample.to": ("To", "止"),
    "sample.development": ("Development", "开发样本"),
    "sample.gap": ("Gap, not used", "间隔期（不使用）"),
    "sample.out_of_time": ("Out of time", "跨期检验样本"),
    "sample.out_of_sample": ("Out of sample", "样本外检验样本"),
    "sample.tables": ("Tables delivered", "数据表提供情况"),
    "sample.absent": ("not delivered", "未提供"),
    "status.all": ("All applications", "全部申请"),
    "status.labelled": ("With a known outcome", "结果已知"),
    "status.good": ("Good", "正常"),
    "status.bad": ("Bad (defaulted)", "违约"),
    "status.indeterminate": ("Indeterminate, counted as good", "中间状态（按正常计）"),
    "status.excluded_in_default": ("Already in default when applying", "申请时已处于违约"),
    "status.not_observed": ("Declined or withdrawn, no trade", "被拒绝或撤回且未交易"),
    "status.immature": ("Performance window not closed", "表现期未满"),
    "status.no_exposure": ("Admitted but never invoiced", "准入后未发生交易"),
    # How contributions come about
    "shapley.title": ("How contributions are computed", "贡献的计算方法"),
    "shapley.interventional": (
        "Contributions are exact interventional Shapley values of the calibrated log-odds, in points: what is not yet known "
        "takes the values of a fixed background of development applicants stored with the model.",
        "贡献为校准对数几率的精确干预式 Shapley 值，以分值表示：未知部分取随模型保存的固定开发样本背景值。",
    ),
    "shapley.by_path": (
        "Contributions are exact path-dependent Shapley values of the calibrated log-odds, in points; the model holds no "
        "background for interventional ones.",
        "贡献为校准对数几率的精确路径依赖 Shapley 值，以分值表示；该模型未保存干预式计算所需的背景样本。",
    ),
    "shapley.agree": (
        "Batches are explained by path-dependent values; both rank applicants alike in every indicator, least in "
        "{indicator} (Spearman {rho}).",
        "批量评分采用路径依赖值；两者在各指标上的排序一致，最低者为{indicator}（Spearman {rho}）。",
    ),
    "shapley.disagree": (
        "Warning: batches are explained by path-dependent values, which rank applicants otherwise in {indicator} "
        "(Spearman {rho}, below 0.9).",
        "警示：批量评分采用路径依赖值，其在{indicator}上的排序与此不同（Spearman {rho}，低于 0.9）。",
    ),
    "shapley.groups": (
        "An indicator plays as one, with all its features together; the plain sum of its features' values would lie {points} "
        "points from it on average.",
        "指标以其全部特征作为一个整体参与计算；若改用各特征值之和，平均相差 {points} 分。",
    ),
    "shapley.sums": (
        "An indicator's value is the sum of its features' values.",
        "指标值为其各特征值之和。",
    ),
    # Columns
    "col.n": ("N", "笔数"),
    "col.bads": ("Bads", "违约数"),
    "col.rate": ("Default rate", "违约率"),
    "col.share": ("Share", "占比"),
    "col.mean_pd": ("Mean PD", "平均 PD"),
    "col.interval": ("Interval", "区间"),
    "col.grade": ("Grade", "等级"),
    "col.p": ("p", "p 值"),
    "col.verdict": ("Verdict", "结论"),
    "col.table": ("Table", "数据表"),
    "col.state": ("State", "状态"),
    "col.indicator": ("Indicator", "指标"),
    "col.dimension": ("Dimension", "维度"),
    "col.article": ("Direction in the article", "文章方向"),
    "col.model": ("In the model", "模型方向"),
    "col.data": ("In the data", "数据方向"),
    "col.points": ("Points", "分值"),
    "col.mean_points": ("Mean points", "平均分值"),
    "col.metric": ("Metric", "指标"),
    "col.auc": ("AUC", "AUC"),
    "col.ap": ("Average precision", "平均精确率"),
    "col.difference": ("Model's lead in AUC", "模型 AUC 领先"),
    "col.feature": ("Feature", "特征"),
    "col.finding": ("Finding", "发现"),
    "col.rows": ("Rows", "行数"),
    "col.ok": ("Kept as is", "原样保留"),
    "col.repaired": ("Repaired", "已修正"),
    "col.dropped_copies": ("Exact copies", "完全重复"),
    "col.quarantined": ("Set aside", "已隔离"),
    "col.rule": ("Rule", "规则"),
    "col.meaning": ("Meaning", "含义"),
    "col.action": ("Action", "处理"),
    "col.unit": ("Unit", "单位"),
    "col.window": ("Period", "观察期"),
    "col.direction": ("Direction", "方向"),
    "col.missing": ("If missing", "缺失含义"),
    "col.missing_share": ("Missing", "缺失率"),
    "col.low": ("5 %", "5%分位"),
    "col.median": ("Median", "中位数"),
    "col.high": ("95 %", "95%分位"),
    "dictionary.note": (
        "Distribution on the development sample, in the feature's own unit; of a category its most frequent value. In "
        "formulas: FS0, FS1 the latest annual statement and the one before, DBT days beyond terms, a the invoice's amount, "
        "S12 sales of twelve months, as_of the day of the application.",
        "分布取自开发样本，以特征自身单位表示；类别特征列出最常见取值。公式中：FS0、FS1 为最近及上一期年报，DBT 为逾期天数，"
        "a 为发票金额，S12 为十二个月销售额，as_of 为申请日。",
    ),
    "col.formula": ("Formula", "公式"),
    "col.case": ("Case", "案例"),
    "col.customer": ("Customer", "客户"),
    "col.pd": ("PD", "PD"),
    "col.percentile": ("Percentile", "百分位"),
    "col.leading": ("Leading feature", "主导特征"),
    "col.value": ("Value", "取值"),
    "col.peer": ("Peer median", "同行中位数"),
    # Dimensions and indicators
    "dimensions.chart": ("Share of contributions by dimension", "各维度贡献占比"),
    "dimensions.note": (
        "Mean absolute contribution to the score in points, and its share. Context (size, age, industry, the request "
        "itself) is kept apart: it is no admission indicator. Within a dimension indicators may offset each other, so its "
        "share is not the sum of theirs in the next section.",
        "按评分贡献的平均绝对分值及其占比。背景变量（规模、年限、行业、申请条件）单列，不属于准入指标。"
        "同一维度内各指标可能相互抵消，故维度占比不等于下节指标占比之和。",
    ),
    "dimensions.bar": ("{share} · {points} points", "{share} · {points} 分"),
    "dimensions.about": ("Largest: {first}. Not assessed: {missing}.", "最大：{first}。未评估：{missing}。"),
    "nothing": ("none", "无"),
    "indicators.note": (
        "The article's directions are imposed on the model as constraints, so its own column confirms rather than tests "
        "them; the column for the data is the test. ρ is Spearman's rank correlation of the indicator's badness with the "
        "contribution to risk, and with default.",
        "文章方向作为单调约束加入模型，故“模型方向”一列仅为确认；“数据方向”一列才是检验。"
        "ρ 为指标劣化程度与风险贡献（或违约）的 Spearman 秩相关。",
    ),
    "stance.explicit": ("explicit", "明示"),
    "stance.implied": ("implied", "隐含"),
    "stance.context": ("none (context)", "无（背景）"),
    "verdict.consistent": ("✓ consistent", "✓ 一致"),
    "verdict.inconsistent": ("✗ inconsistent", "✗ 相反"),
    "verdict.no clear direction": ("~ no clear direction", "~ 方向不明"),
    "verdict.not used": ("· not used", "· 未使用"),
    "verdict.not assessed": ("not assessed", "未评估"),
    "verdict.not enough data": ("· not enough data", "· 数据不足"),
    "verdict.not audited": ("· not audited", "· 不审计"),
    # Discrimination, calibration, scores
    "roc.chart": ("ROC curve", "ROC 曲线"),
    "roc.about": ("AUC of the model {auc}.", "模型 AUC 为 {auc}。"),
    "roc.x": ("Goods rejected", "误拒正常客户比例"),
    "roc.y": ("Defaults caught", "识别违约客户比例"),
    "roc.chance": ("chance", "随机"),
    "roc.curve": ("{name} · {auc}", "{name} · {auc}"),
    "benchmark.model": ("The model", "本模型"),
    "benchmark.oracle": ("Truth (simulation)", "真实概率（模拟）"),
    "benchmark.logistic": ("Logistic regression", "逻辑回归"),
    "benchmark.altman_z2": ("Altman Z''", "Altman Z''"),
    "benchmark.zmijewski": ("Zmijewski", "Zmijewski"),
    "benchmark.ohlson_o": ("Ohlson O", "Ohlson O"),
    "benchmark.altman_z1": ("Altman Z'", "Altman Z'"),
    "benchmark.days_beyond_terms": ("Days beyond terms alone", "仅逾期天数"),
    "benchmark.scorecard": ("WoE scorecard", "WoE 评分卡"),
    "benchmark.unconstrained": ("LightGBM without directions", "无方向约束的 LightGBM"),
    "benchmark.reweighted": ("The model, inverse propensities as weights", "逆倾向加权模型"),
    "benchmark.note": (
        "Each benchmark is compared with the model on the rows where the benchmark exists; p by DeLong's paired test.",
        "各基准仅在其可计算的样本行上与模型比较；p 值为 DeLong 配对检验。",
    ),
    "metrics.table": ("Metrics", "各项指标"),
    "reliability.chart": ("Reliability curve", "可靠性曲线"),
    "reliability.about": (
        "{bins} bins of equal count; {inside} of them have the ideal line inside their interval.",
        "{bins} 个等频分箱，其中 {inside} 个区间包含理想线。",
    ),
    "reliability.x": ("Predicted PD", "预测 PD"),
    "reliability.y": ("Default rate", "实际违约率"),
    "reliability.ideal": ("ideal", "理想"),
    "reliability.bins": ("test sample, 90% interval", "检验样本，90% 区间"),
    "reliability.zero": (
        "Both axes are logarithmic; bins without a default stand on the lower edge.",
        "两轴均为对数刻度；无违约的分箱标于下沿。",
    ),
    "grades.table": ("Grades", "评级表"),
    "grades.note": (
        "p: one-sided Jeffreys test that the PD is not too low. Intervals: 90%. "
        "“Not enough data”: twice the odds would have gone unnoticed.",
        "p 值：单侧 Jeffreys 检验（PD 未被低估）；区间为 90%。“数据不足”：即使违约赔率翻倍也难以察觉。",
    ),
    "scores.chart": (
        "Goods above, defaults below, in share of their own group",
        "上：正常客户；下：违约客户（各占本组比例）",
    ),
    "scores.about": (
        "Median band of goods from {goods} points, of defaults from {bads} points.",
        "正常客户中位数区间起于 {goods} 分，违约客户起于 {bads} 分。",
    ),
    "scores.x": ("Points (higher is better)", "评分（越高越好）"),
    "scores.goods": ("goods", "正常"),
    "scores.bads": ("defaults", "违约"),
    # Audit, fidelity, quality
    "audit.counts": ("Verdicts on the model's features", "模型特征的方向结论"),
    "audit.panels": ("Effect of the largest features on the score", "主要特征对评分的影响"),
    "audit.panels.note": (
        "Mean score in points if every applicant had the value on the x-axis, other things as they are; the same height "
        "of scale in every panel. An arrow shows the direction imposed: ↘ a higher value lowers the score, ↗ raises it, "
        "· none.",
        "假设全部申请人在该特征上取横轴数值、其余不变时的平均评分；各图纵轴跨度相同。"
        "箭头为施加的方向：↘ 数值越高评分越低；↗ 越高评分越高；· 无约束。",
    ),
    "audit.panel.about": (
        "From {low} to {high} the mean score goes from {first} to {last} points.",
        "取值由 {low} 至 {high}，平均评分由 {first} 变为 {last} 分。",
    ),
    "audit.exceptions": ("Exceptions", "例外"),
    "audit.no_exceptions": (
        "No feature runs against its direction, and no missing value gains {points} points or more on average, by either "
        "kind of Shapley values.",
        "无方向相反的特征；按两种口径的 Shapley 值，均无缺失时平均得分达 {points} 分的特征。",
    ),
    "audit.inconsistent": ("runs against its direction (ρ {rho})", "与规定方向相反（ρ {rho}）"),
    "audit.missing": (
        "a missing value adds {points} points on average ({share} of applicants)",
        "缺失时平均 {points} 分（占申请人 {share}）",
    ),
    "audit.missing_by_path": (
        "by path-dependent values a missing value adds {points} points on average ({share} of applicants)",
        "按路径依赖值，缺失时平均 {points} 分（占申请人 {share}）",
    ),
    "fidelity.note": (
        "On the simulated portfolio the true contribution of each dimension is known. The last column is the most that the "
        "same features allow: a regression of the truth on them.",
        "模拟组合中各维度的真实贡献已知。最后一列为同样特征所能达到的上限（以特征回归真实贡献）。",
    ),
    "fidelity.none": (
        "Only a simulated portfolio knows its truth; not available in this run.",
        "仅模拟组合已知真实贡献；本次运行未提供。",
    ),
    "fidelity.spearman": ("Rank correlation with the truth", "与真实贡献的秩相关"),
    "fidelity.sign": ("Same sign where it matters", "重要处符号一致率"),
    "fidelity.bound": ("Attainable", "可达上限"),
    "additivity": (
        "Base points and contributions meet each score within {gap} log-odds.",
        "基准分与各项贡献之和与评分相差不超过 {gap}（对数几率）。",
    ),
    "searches.note": (
        "Share of applications for which a source was searched, without failure, in the year before. Where it was not, "
        "nothing found is unknown, not zero.",
        "评估日前一年内成功查询过该数据源的申请占比。未查询者，“无记录”属于未知，而非零。",
    ),
    "col.source": ("Source", "数据源"),
    "col.searched": ("Searched", "已查询"),
    "col.never_searched": ("Not searched", "未查询"),
    "col.features": ("Features that ask for it", "相关特征"),
    "quality.note": (
        "Every row is kept, repaired, dropped as an exact copy, or set aside with a rule; the four add up to the rows read.",
        "每一行均被保留、修正、作为完全重复去除或隔离并注明规则；四项之和等于读入行数。",
    ),
    "action.repaired": ("repaired", "修正"),
    "action.dropped": ("dropped", "去重"),
    "action.quarantined": ("set aside", "隔离"),
    "action.flagged": ("flagged", "标记"),
    # Appendix
    "direction.1": ("raises risk", "推高风险"),
    "direction.-1": ("lowers risk", "降低风险"),
    "direction.0": ("not constrained", "无约束"),
    "role.model": ("model", "入模"),
    "role.benchmark": ("benchmark", "基准"),
    "role.report": ("shown only", "仅展示"),
    "missing.structural": ("not applicable", "不适用"),
    "missing.informative": ("absence is evidence", "缺失即信息"),
    "missing.random": ("by size or region", "缺失与规模、地区有关"),
    "missing.zero": ("zero if searched", "已查询则为零"),
    "print.data_fingerprint": ("Fingerprint of the data", "数据指纹"),
    "print.params_fingerprint": ("Fingerprint of the parameters", "参数指纹"),
    "print.bundle_sha256": ("Fingerprint of the model bundle", "模型包指纹"),
    "print.features": ("Features", "特征数"),
    "print.trees": ("Trees", "树数"),
    "print.slope": ("Calibration transform: coefficient a", "校准变换系数 a"),
    "print.intercept": ("Calibration transform: constant b", "校准变换常数 b"),
    "print.shift": ("Shift δ to the central tendency", "向长期违约率的平移 δ"),
    "print.central_tendency": ("Central tendency", "长期平均违约率"),
    "print.formula": (
        "log-odds of default = a·f(x) + b + δ, f(x) the trees' margin",
        "违约对数几率 = a·f(x) + b + δ,f(x) 为模型原始输出",
    ),
}
