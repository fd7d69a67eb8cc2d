"""Words for values: units, observation periods, currencies, industries, and the glossary's definitions."""

VALUES: dict[str, tuple[str, str]] = {
    # How a value of each unit reads; units not named here read as the bare number.
    "unit.days": ("{x} days", "{x} 天"),
    "unit.months": ("{x} months", "{x} 个月"),
    "unit.years": ("{x} years", "{x} 年"),
    "unit.times": ("{x}×", "{x} 倍"),
    "unit.log-ratio": ("×{x}", "{x} 倍"),
    "unit.per 1000": ("{x} per 1,000", "每千 {x}"),
    "unit.per 100": ("{x} per 100", "每百 {x}"),
    # A search that found nothing, and why there is no value at all
    "none_found": ("none found", "查无记录"),
    "absent.zero": ("not searched", "未查询"),
    "absent.informative": ("not provided", "未提供"),
    "absent.structural": ("not applicable", "不适用"),
    "absent.random": ("no data", "无数据"),
    # Names of units in the feature dictionary
    "unitname.days": ("days", "天"),
    "unitname.months": ("months", "月"),
    "unitname.years": ("years", "年"),
    "unitname.times": ("times", "倍"),
    "unitname.ratio": ("ratio", "比率"),
    "unitname.count": ("count", "次数"),
    "unitname.flag": ("yes/no", "是/否"),
    "unitname.category": ("category", "类别"),
    "unitname.ordinal": ("ordinal", "等级"),
    "unitname.index": ("index", "指数"),
    "unitname.score": ("score", "得分"),
    "unitname.log": ("log", "对数"),
    "unitname.log-ratio": ("log-ratio", "对数比"),
    "unitname.z": ("z-score", "标准化值"),
    # Observation periods
    "window.as_of": ("on the day of application", "申请日"),
    "window.all": ("whole relationship", "全部合作期"),
    "window.FS<=24m": ("latest annual statement", "最近年报"),
    "window.FS0,FS1": ("latest two annual statements", "最近两期年报"),
    "window.3 FY": ("last three annual statements", "最近三期年报"),
    "window.past": ("past {days} days", "近{days}天"),
    "window.years": ("past {years} years", "近{years}年"),
    "window.latest": ("latest within {days} days", "{days}天内最新"),
    "window.ahead": ("next {days} days", "未来{days}天"),
    # Amounts
    "currency.CNY": ("CNY {x}", "{x} 元人民币"),
    "currency.USD": ("USD {x}", "{x} 美元"),
    "currency.EUR": ("EUR {x}", "{x} 欧元"),
    "currency.HKD": ("HKD {x}", "{x} 港元"),
    "currency.TWD": ("TWD {x}", "{x} 新台币"),
    # Sections of GB/T 4754
    "industry.A": ("agriculture", "农、林、牧、渔业"),
    "industry.B": ("mining", "采矿业"),
    "industry.C": ("manufacturing", "制造业"),
    "industry.D": ("electricity, heat, gas and water", "电力、热力、燃气及水生产和供应业"),
    "industry.E": ("construction", "建筑业"),
    "industry.F": ("wholesale and retail", "批发和零售业"),
    "industry.G": ("transport, storage and post", "交通运输、仓储和邮政业"),
    "industry.H": ("hotels and catering", "住宿和餐饮业"),
    "industry.I": ("information technology", "信息传输、软件和信息技术服务业"),
    "industry.J": ("finance", "金融业"),
    "industry.K": ("real estate", "房地产业"),
    "industry.L": ("leasing and business services", "租赁和商务服务业"),
    "industry.M": ("research and technical services", "科学研究和技术服务业"),
    "industry.N": ("water, environment and public facilities", "水利、环境和公共设施管理业"),
    "industry.O": ("resident and repair services", "居民服务、修理和其他服务业"),
    "industry.P": ("education", "教育"),
    "industry.Q": ("health and social work", "卫生和社会工作"),
    "industry.R": ("culture, sports and entertainment", "文化、体育和娱乐业"),
    "industry.S": ("public administration", "公共管理、社会保障和社会组织"),
    "industry.T": ("international organisations", "国际组织"),
    "industry.Z": ("industry not stated", "行业未注明"),
}

DEFINITIONS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "pd": (
        ("PD", "probability of default within the performance window, calibrated"),
        ("违约概率（PD）", "表现期内违约的概率，已校准"),
    ),
    "as_of": (
        ("As of", "the day of the application; nothing known later is used"),
        ("评估日", "申请当日；此后才知晓的信息一律不用"),
    ),
    "dpd": (("DPD", "days past due on a material amount"), ("逾期天数（DPD）", "重要金额的逾期天数")),
    "points": (
        ("Points", "the log-odds of no default on a scale where 20 points double the odds and 600 are odds of 50 to 1"),
        ("评分", "不违约对数赔率的线性刻度：每 20 分赔率翻倍，600 分对应 50:1"),
    ),
    "contribution": (
        ("Contribution", "points that an indicator adds to (positive) or takes from (negative) the base points (SHAP)"),
        ("贡献", "某指标在基准分之上增加（正）或减少（负）的分值（SHAP）"),
    ),
    "out_of_time": (
        ("Out of time", "tested on applications later than all those the model was developed on"),
        ("跨期检验", "以晚于全部开发样本的申请进行检验"),
    ),
    "auc": (
        ("AUC", "chance that a defaulter has a higher PD than a good customer; 0.5 is no better than drawing lots"),
        ("AUC", "违约客户 PD 高于正常客户的概率；0.5 相当于随机"),
    ),
    "gini": (("Gini", "2 · AUC − 1; also called accuracy ratio"), ("基尼系数", "2·AUC − 1，又称准确率比（AR）")),
    "ks": (
        ("KS", "largest gap between the score distributions of goods and of defaults"),
        ("KS", "正常与违约客户评分累计分布的最大差距"),
    ),
    "brier_skill": (
        ("Brier skill", "share by which the squared error of the PDs is below that of the plain default rate"),
        ("布里尔技能分", "PD 的均方误差较直接使用总体违约率降低的比例"),
    ),
    "slope": (
        ("Calibration slope", "1 is ideal; below 1 the PDs are too extreme, above 1 too timid"),
        ("校准斜率", "1 为理想；小于 1 表示 PD 过于极端，大于 1 表示过于保守"),
    ),
    "in_the_large": (
        ("Calibration in the large", "0 is ideal; above 0 more default than predicted, in log-odds"),
        ("整体校准", "0 为理想；大于 0 表示实际违约多于预测（对数赔率）"),
    ),
    "jeffreys": (
        ("Jeffreys test", "how surprising the defaults of a grade are if its PD is not too low"),
        ("Jeffreys 检验", "在 PD 未被低估的前提下，该等级违约数的异常程度"),
    ),
    "cut_off": (("Cut-off", "last grade that the policy admits"), ("准入线", "政策允许准入的最后一个等级")),
}
"""Terms of the glossary: key -> ((English term, meaning), (Chinese term, meaning))."""
