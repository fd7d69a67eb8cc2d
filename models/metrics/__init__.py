"""The metrics of a default-risk model, each declared once: names, range, which way is better, source.

Everything that lists metrics (evaluation, gates, champion against challenger, the report) reads `METRICS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from numpy.typing import ArrayLike

from models.metrics import calibration, discrimination


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number that judges PDs against outcomes, and the facts needed to read it."""

    id: str
    name_en: str
    name_zh: str
    compute: Callable[[ArrayLike, ArrayLike], float] = field(repr=False)
    """Of (defaulted, pd_12m), both of shape (n_rows,); raises ValueError with the reason where it does not exist."""
    better: Literal["higher", "lower", "target"]
    """Target: the nearer to `perfect`, the better."""
    worst: float
    """The worst value, or the limit it can approach."""
    perfect: float
    """The value, or limit, of a forecaster who knows each outcome; for targets, of one who knows each true PD."""
    range: tuple[float, float]
    source: str


_METRICS = (
    Metric(
        id="auc",
        name_en="AUC",
        name_zh="AUC（ROC 曲线下面积）",
        compute=discrimination.auc,
        better="higher",
        worst=0,
        perfect=1,
        range=(0, 1),
        source="Bamber (1975)",
    ),
    Metric(
        id="gini",
        name_en="Gini (accuracy ratio)",
        name_zh="基尼系数（准确率比 AR）",
        compute=discrimination.gini,
        better="higher",
        worst=-1,
        perfect=1,
        range=(-1, 1),
        source="Engelmann, Hayden and Tasche (2003)",
    ),
    Metric(
        id="ks",
        name_en="KS",
        name_zh="KS 统计量",
        compute=discrimination.ks,
        better="higher",
        worst=0,
        perfect=1,
        range=(0, 1),
        source="Smirnov (1948)",
    ),
    Metric(
        id="average_precision",
        name_en="Average precision",
        name_zh="平均精确率",
        compute=discrimination.average_precision,
        better="higher",
        worst=0,
        perfect=1,
        range=(0, 1),
        source="Buckley and Voorhees (2000)",
    ),
    Metric(
        id="brier",
        name_en="Brier score",
        name_zh="布里尔分数",
        compute=calibration.brier,
        better="lower",
        worst=1,
        perfect=0,
        range=(0, 1),
        source="Brier (1950)",
    ),
    Metric(
        id="brier_skill",
        name_en="Brier skill",
        name_zh="布里尔技能分数",
        compute=calibration.brier_skill,
        better="higher",
        worst=-inf,
        perfect=1,
        range=(-inf, 1),
        source="Murphy (1973)",
    ),
    Metric(
        id="log_loss",
        name_en="Log-loss",
        name_zh="对数损失",
        compute=calibration.log_loss,
        better="lower",
        worst=inf,
        perfect=0,
        range=(0, inf),
        source="Good (1952)",
    ),
    Metric(
        id="ece",
        name_en="Expected calibration error",
        name_zh="期望校准误差",
        compute=calibration.ece,
        better="lower",
        worst=1,
        perfect=0,
        range=(0, 1),
        source="Naeini, Cooper and Hauskrecht (2015)",
    ),
    Metric(
        id="calibration_slope",
        name_en="Calibration slope",
        name_zh="校准斜率",
        compute=calibration.calibration_slope,
        better="target",
        worst=-inf,
        perfect=1,
        range=(-inf, inf),
        source="Cox (1958); Van Calster et al. (2019)",
    ),
    Metric(
        id="calibration_in_the_large",
        name_en="Calibration in the large",
        name_zh="整体校准（截距）",
        compute=calibration.calibration_in_the_large,
        better="target",
        worst=inf,
        perfect=0,
        range=(-inf, inf),
        source="Cox (1958); Van Calster et al. (2016)",
    ),
)

METRICS = {metric.id: metric for metric in _METRICS}
