"""The battery's checks of one row an application: how well scores rank (V01 to V07) and what the PDs mean (V08 to V13)."""

from math import inf, nextafter

from numpy.typing import ArrayLike

from models.metrics import METRICS, calibration, discrimination
from models.metrics.check import ECB, PROJECT, Check, Significance
from models.metrics.h_measure import h_measure
from models.metrics.hosmer_lemeshow import hosmer_lemeshow_p
from models.metrics.murphy import relative_reliability
from models.metrics.verdicts import Bands


def _of_metric(metric_id: str, battery: str, bands: Bands | None = None) -> Check:
    """The check of a registered metric, which declares everything but its bands."""
    metric = METRICS[metric_id]
    return Check(
        id=metric.id,
        battery=battery,
        name_en=metric.name_en,
        name_zh=metric.name_zh,
        compute=metric.compute,
        better=metric.better,
        range=metric.range,
        bands=bands,
        thresholds=PROJECT if bands else Check.thresholds,
        source=metric.source,
    )


def _decline_p(defaulted: ArrayLike, pd_12m: ArrayLike, auc_at_development: float) -> float:
    return discrimination.auc_decline(defaulted, pd_12m, auc_at_development).p_value


def _lead_z(defaulted: ArrayLike, pd_12m: ArrayLike, challenger: ArrayLike) -> float:
    return discrimination.delong_paired(defaulted, pd_12m, challenger).z


DISCRIMINATION = (
    _of_metric("auc", "V01"),
    _of_metric("gini", "V01", Bands(green=(0.50, 1), amber=(0.35, 1))),
    Check(
        id="partial_auc",
        battery="V01",
        name_en="Partial AUC (up to 20% of goods declined)",
        name_zh="部分 AUC（误拒率不超过 20%）",
        compute=discrimination.partial_auc,
        better="higher",
        range=(0, 1),
        source="McClish (1989)",
    ),
    Significance(
        id="auc_decline",
        battery="V03",
        name_en="AUC against development",
        name_zh="AUC 较开发期下降检验",
        compute=_decline_p,
        takes=("defaulted", "pd_12m", "auc_at_development"),
        source=f"{ECB}, annex 1",
    ),
    Check(
        id="challenger_lead",
        battery="V04",
        name_en="Lead over a challenger (z of the paired AUCs)",
        name_zh="对挑战者模型的领先（配对 AUC 的 z 值）",
        compute=_lead_z,
        takes=("defaulted", "pd_12m", "challenger"),
        figure="z",
        better="higher",
        range=(-inf, inf),
        bands=Bands(green=(1.96, inf), amber=(-1.96, inf)),
        thresholds=PROJECT,
        source="DeLong, DeLong and Clarke-Pearson (1988)",
    ),
    _of_metric("ks", "V05", Bands(green=(0.30, 1), amber=(0, 1))),
    Check(
        id="accuracy_ratio",
        battery="V06",
        name_en="Accuracy ratio (area of the CAP curve)",
        name_zh="准确率比（CAP 曲线面积）",
        compute=discrimination.accuracy_ratio,
        better="higher",
        range=(-1, 1),
        source="Engelmann, Hayden and Tasche (2003)",
    ),
    Check(
        id="h_measure",
        battery="V07",
        name_en="H-measure",
        name_zh="H 度量",
        compute=h_measure,
        better="higher",
        range=(0, 1),
        source="Hand (2009); Hand and Anagnostopoulos (2014)",
    ),
    _of_metric("average_precision", "V07"),
)

CALIBRATION = (
    _of_metric("log_loss", "V08"),
    _of_metric("brier", "V08"),
    # Not green at 0: as good as one rate for all is no skill.
    _of_metric("brier_skill", "V08", Bands(green=(nextafter(0, 1), 1), amber=(nextafter(0, 1), 1))),
    Check(
        id="relative_reliability",
        battery="V09",
        name_en="Reliability over uncertainty (Murphy)",
        name_zh="可靠性占不确定性之比（Murphy 分解）",
        compute=relative_reliability,
        takes=("grade", "defaulted", "pd_12m"),
        better="lower",
        range=(0, inf),
        bands=Bands(green=(0, 0.01), amber=(0, inf)),
        thresholds=PROJECT,
        source="Murphy (1973)",
    ),
    _of_metric("ece", "V10", Bands(green=(0, 0.01), amber=(0, 0.02))),
    Check(
        id="mce",
        battery="V10",
        name_en="Maximum calibration error",
        name_zh="最大校准误差",
        compute=calibration.mce,
        better="lower",
        range=(0, 1),
        source="Naeini, Cooper and Hauskrecht (2015)",
    ),
    _of_metric("calibration_slope", "V11", Bands(green=(0.8, 1.2), amber=(0.6, 1.4))),
    Significance(
        id="calibration_in_the_large_p",
        battery="V11",
        name_en="Calibration in the large (Wald test)",
        name_zh="整体校准（Wald 检验）",
        compute=calibration.calibration_in_the_large_p,
        source="Van Calster et al. (2016)",
    ),
    Significance(
        id="hosmer_lemeshow",
        battery="V12",
        name_en="Hosmer-Lemeshow test",
        name_zh="Hosmer-Lemeshow 检验",
        compute=hosmer_lemeshow_p,
        bands=None,
        thresholds=Check.thresholds,
        source="Hosmer and Lemeshow (1980); against it Van Calster et al. (2019)",
    ),
    Check(
        id="spiegelhalter_z",
        battery="V13",
        name_en="Spiegelhalter's Z",
        name_zh="Spiegelhalter Z 统计量",
        compute=calibration.spiegelhalter_z,
        figure="z",
        better="target",
        range=(-inf, inf),
        bands=Bands(green=(-1.96, 1.96), amber=(-2.58, 2.58)),
        thresholds="two-sided normal test at 5% and 1%",
        source="Spiegelhalter (1986)",
    ),
)
