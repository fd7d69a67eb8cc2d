"""The battery's checks of the model itself and of its explanations (V26 to V28): proofs and counts found elsewhere."""

from math import inf

from models.metrics.check import PROJECT, Check
from models.metrics.verdicts import Bands

NONE = Bands(green=(0, 0), amber=(0, 0))
"""Of a count of faults: one is too many."""


def _as_found(figure: float) -> float:
    return figure


_PROOFS = (
    Check(
        id="additivity",
        battery="V26",
        name_en="Contributions add up to the log-odds (largest gap)",
        name_zh="贡献之和等于对数几率（最大误差）",
        compute=_as_found,
        takes=("gap",),
        better="lower",
        range=(0, inf),
        bands=Bands(green=(0, 1e-6), amber=(0, 1e-6)),
        thresholds=PROJECT,
        source="Lundberg et al. (2020)",
    ),
    Check(
        id="share_tau",
        battery="V27",
        name_en="Indicators' shares agree between refits (Kendall's tau)",
        name_zh="重训模型间指标占比一致性（Kendall tau）",
        compute=_as_found,
        takes=("share_tau",),
        better="higher",
        range=(-1, 1),
        bands=Bands(green=(0.80, 1), amber=(0.65, 1)),
        thresholds=PROJECT,
        source="Kendall (1938)",
    ),
    Check(
        id="worst_overlap",
        battery="V27",
        name_en="An applicant's three worst indicators stay between refits (Jaccard)",
        name_zh="重训模型间前三大不利指标重合度（Jaccard）",
        compute=_as_found,
        takes=("worst_overlap",),
        better="higher",
        range=(0, 1),
        bands=Bands(green=(0.60, 1), amber=(0.40, 1)),
        thresholds=PROJECT,
        source="Nogueira, Sechidis and Brown (2018)",
    ),
    Check(
        id="directions",
        battery="V28",
        name_en="Indicators that work against their direction",
        name_zh="方向与文章相反的指标数",
        compute=_as_found,
        takes=("against_direction",),
        figure="count",
        better="lower",
        range=(0, inf),
        bands=NONE,
        thresholds=PROJECT,
        source="Spearman (1904)",
    ),
    Check(
        id="certificate",
        battery="V28",
        name_en="Features whose direction the trees do not keep",
        name_zh="树结构未保持方向的特征数",
        compute=_as_found,
        takes=("uncertified",),
        figure="count",
        better="lower",
        range=(0, inf),
        bands=NONE,
        thresholds=PROJECT,
        source="proven from the trees, among applicants of whom every other number is known (no sample)",
    ),
)

PROOFS = {check.id: check for check in _PROOFS}
