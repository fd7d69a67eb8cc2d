"""The battery's checks of grades (V14 to V21), and of what changes between samples, segments and times (V22 to V25, V32)."""

from math import inf

import pandas as pd

from models.metrics import characteristics, segments
from models.metrics.backtests import lowest_p
from models.metrics.check import ECB, PROJECT, Check, Significance
from models.metrics.concentration import concentration_p, largest_share
from models.metrics.decisions import share_of_bads_in
from models.metrics.families import lowest_adjusted_p
from models.metrics.grades import portfolio_jeffreys_p
from models.metrics.migration import lower_bandwidth, migration_stability_p, upper_bandwidth
from models.metrics.rank_order import HETEROGENEITY, least_distinct_p, rank_order_p
from models.metrics.stability import psi
from models.metrics.verdicts import AMBER_P_VALUE, Bands
from models.metrics.vintages import cusum_p

SIGNIFICANT_IS_RED = Bands(green=(0.05, 1), amber=(0.05, 1))


def _jeffreys_p(grade_tests: pd.DataFrame) -> float:
    return lowest_p(grade_tests, "jeffreys_p")


def _too_high_p(grade_tests: pd.DataFrame) -> float:
    return lowest_p(grade_tests, "too_high_p")


def _binomial_p(grade_tests: pd.DataFrame) -> float:
    return lowest_p(grade_tests, "binomial_p")


def _correlated_p(grade_tests: pd.DataFrame) -> float:
    return lowest_p(grade_tests, "correlated_p")


def _segment_p(segment_table: pd.DataFrame) -> float:
    return lowest_adjusted_p(segment_table["jeffreys_p"], "Jeffreys test by segment")


GRADES = (
    Significance(
        id="jeffreys_portfolio",
        battery="V14",
        name_en="Jeffreys test, portfolio",
        name_zh="Jeffreys 检验（组合）",
        compute=portfolio_jeffreys_p,
        source=f"{ECB}, 2.5.3",
    ),
    Significance(
        id="jeffreys_grades",
        battery="V14",
        name_en="Jeffreys test, grades (PDs too low)",
        name_zh="Jeffreys 检验（各等级，PD 偏低）",
        compute=_jeffreys_p,
        takes=("grade_tests",),
        source=f"{ECB}, 2.5.3; Holm (1979)",
    ),
    Significance(
        id="jeffreys_grades_too_high",
        battery="V14",
        name_en="Jeffreys test, grades (PDs too high)",
        name_zh="Jeffreys 检验（各等级，PD 偏高）",
        compute=_too_high_p,
        takes=("grade_tests",),
        source=f"mirror of {ECB}, 2.5.3; Holm (1979)",
    ),
    Significance(
        id="binomial_grades",
        battery="V15",
        name_en="Binomial test, grades",
        name_zh="二项检验（各等级）",
        compute=_binomial_p,
        takes=("grade_tests",),
        source="Basel Committee (2005), Working Paper 14; Holm (1979)",
    ),
    Significance(
        id="correlated_grades",
        battery="V16",
        name_en="Correlated defaults, grades",
        name_zh="违约相关性检验（各等级）",
        compute=_correlated_p,
        takes=("grade_tests",),
        bands=SIGNIFICANT_IS_RED,
        source="Vasicek (2002); Tasche (2003); Holm (1979)",
    ),
    Significance(
        id="rank_order",
        battery="V17",
        name_en="Rank ordering of grades",
        name_zh="等级排序",
        compute=rank_order_p,
        takes=("grade_table",),
        bands=SIGNIFICANT_IS_RED,
        source="CRR article 170(1); Holm (1979)",
    ),
    Check(
        id="heterogeneity",
        battery="V18",
        name_en="Neighbouring grades distinct (largest p-value)",
        name_zh="相邻等级差异性（最大 p 值）",
        compute=least_distinct_p,
        takes=("grade_table",),
        figure="p_value",
        better="lower",
        range=(0, 1),
        bands=HETEROGENEITY,
        thresholds=PROJECT,
        source='ECB (2019), "Guide to internal models"',
    ),
    Significance(
        id="concentration",
        battery="V19",
        name_en="Concentration in grades against development",
        name_zh="等级集中度较开发期上升检验",
        compute=concentration_p,
        takes=("n_by_grade", "n_by_grade_at_development"),
        bands=AMBER_P_VALUE,
        source=f"{ECB}, 2.5.5.3",
    ),
    Check(
        id="largest_grade_share",
        battery="V19",
        name_en="Share of the fullest grade",
        name_zh="最大等级占比",
        compute=largest_share,
        takes=("n_by_grade",),
        better="lower",
        range=(0, 1),
        bands=Bands(green=(0, 0.35), amber=(0, 0.35)),
        thresholds=PROJECT,
        source=f"{ECB}, 2.5.5.3",
    ),
)

STABILITY = (
    Check(
        id="upper_bandwidth",
        battery="V20",
        name_en="Migration bandwidth, to riskier grades",
        name_zh="迁移矩阵带宽（向更高风险）",
        compute=upper_bandwidth,
        takes=("migration_matrix",),
        better="lower",
        range=(0, 1),
        source=f"{ECB}, 2.5.5.1",
    ),
    Check(
        id="lower_bandwidth",
        battery="V20",
        name_en="Migration bandwidth, to safer grades",
        name_zh="迁移矩阵带宽（向更低风险）",
        compute=lower_bandwidth,
        takes=("migration_matrix",),
        better="lower",
        range=(0, 1),
        source=f"{ECB}, 2.5.5.1",
    ),
    Significance(
        id="migration_stability",
        battery="V21",
        name_en="Migration matrix stability",
        name_zh="迁移矩阵稳定性",
        compute=migration_stability_p,
        takes=("migration_matrix",),
        bands=AMBER_P_VALUE,
        source=f"{ECB}, 2.5.5.2; Holm (1979)",
    ),
    Check(
        id="psi",
        battery="V22",
        name_en="PSI of the score",
        name_zh="评分群体稳定性指数 PSI",
        compute=psi,
        takes=("score_at_development", "score"),
        better="lower",
        range=(0, inf),
        bands=characteristics.SHIFT,
        thresholds="rule of thumb, Siddiqi (2017)",
        source="Siddiqi (2017); Yurdakul and Naranjo (2020)",
    ),
    Check(
        id="csi",
        battery="V23",
        name_en="Largest CSI of a feature",
        name_zh="特征稳定性指数 CSI（最大）",
        compute=characteristics.largest_csi,
        takes=("features_at_development", "features"),
        better="lower",
        range=(0, inf),
        bands=characteristics.SHIFT,
        thresholds="rule of thumb, Siddiqi (2017)",
        source="Siddiqi (2017); Yurdakul and Naranjo (2020)",
    ),
    Check(
        id="missing_rise",
        battery="V23",
        name_en="Largest rise of a feature's missing rate",
        name_zh="特征缺失率升幅（最大）",
        compute=characteristics.largest_missing_rise,
        takes=("features_at_development", "features"),
        better="lower",
        range=(-1, 1),
        bands=characteristics.MISSING_RISE,
        thresholds=PROJECT,
        source="Siddiqi (2017)",
    ),
    Check(
        id="segment_gini_drop",
        battery="V24",
        name_en="Largest drop of the Gini in a segment",
        name_zh="细分群体基尼系数降幅（最大）",
        compute=segments.largest_gini_drop,
        takes=("segment_table",),
        better="lower",
        range=(-2, 2),
        bands=segments.GINI_DROP,
        thresholds=PROJECT,
        source="EBA (2020), EBA/GL/2020/06",
    ),
    Significance(
        id="segment_jeffreys",
        battery="V24",
        name_en="Jeffreys test, segments (PDs too low)",
        name_zh="Jeffreys 检验（细分群体，PD 偏低）",
        compute=_segment_p,
        takes=("segment_table",),
        source=f"{ECB}, 2.5.3; Holm (1979)",
    ),
    Significance(
        id="cusum",
        battery="V25",
        name_en="CUSUM of defaults against PDs",
        name_zh="违约与 PD 偏差的累积和（CUSUM）",
        compute=cusum_p,
        takes=("period", "defaulted", "pd_12m"),
        bands=AMBER_P_VALUE,
        source="Page (1954); Feller (1971)",
    ),
    Check(
        id="bads_in_riskiest_grades",
        battery="V32",
        name_en="Share of bads in the riskiest grades",
        name_zh="最高风险等级中的坏客户占比",
        compute=share_of_bads_in,
        takes=("riskiest_grades", "grade", "defaulted"),
        better="higher",
        range=(0, 1),
        source="capture rate; Siddiqi (2017)",
    ),
)
