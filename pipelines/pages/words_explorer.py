"""Words of the explorer: key -> (English, Chinese)."""

EXPLORER: dict[str, tuple[str, str]] = {
    "explorer.lead": (
        "Everybody who asked since the test began. Search by customer, application or industry; sort by any column; open one "
        "to see how its score comes about. The page holds all its data and asks for nothing from outside.",
        "检验期开始以来的全部申请。可按客户、申请或行业检索，按任一列排序，并查看每笔评分的构成。本页自带全部数据，无需联网。",
    ),
    "explorer.list": ("Applicants", "申请人列表"),
    "explorer.detail": ("The applicant opened", "所选申请人"),
    "explorer.search": ("Search", "检索"),
    "explorer.placeholder": ("Customer, application, industry", "客户、申请、行业"),
    "explorer.every": ("all", "全部"),
    "explorer.previous": ("Back", "上一页"),
    "explorer.next": ("More", "下一页"),
    "explorer.found": ("{n} of {all} applications", "共 {all} 笔，符合条件 {n} 笔"),
    "explorer.all": ("{n} applications", "{n} 笔申请"),
    "explorer.points": ("points", "分"),
    "explorer.page": ("The whole page of this applicant", "该申请人完整评估表"),
    "explorer.weakest": ("Weakest dimension", "最弱维度"),
    "explorer.decision": ("Decision", "结论"),
}
"""Words of the explorer."""
