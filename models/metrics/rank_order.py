"""Whether grades order risk, and whether neighbouring grades differ at all."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import kendalltau
from sklearn.isotonic import isotonic_regression

from models.metrics.checks import Floats, NotEstimable
from models.metrics.families import holm
from models.metrics.grades import rank_inversions
from models.metrics.verdicts import Bands

HETEROGENEITY = Bands(green=(0, 0.05), amber=(0, 1))
"""Here the null hypothesis is that two neighbours are one grade: a small p-value is what is wanted."""


@dataclass(frozen=True)
class RankOrder:
    """The order of the filled grades.

    `inversions` of `pairs` neighbours are in the wrong order; `p_value`, in [0, 1], is the smallest of the pairs' one-sided
    tests after Holm's adjustment for all of them, 1 without inversions. `pooled` grades would have to change their rate for
    the rates to rise throughout (isotonic regression, weighted by n). `kendall_tau`, in [-1, 1], is that of grade and default
    rate: 1 if every riskier grade defaulted more, NaN if all rates are equal.
    """

    pairs: int
    inversions: int
    p_value: float
    pooled: int
    kendall_tau: float


def rank_order(table: pd.DataFrame) -> RankOrder:
    """Return how well the grades of `grade_table`'s result order risk; empty grades are passed over.

    Raises NotEstimable with fewer than two filled grades. Source: that grades must order risk, CRR article 170(1); the tests
    as in `rank_inversions`; Kendall (1938), Biometrika 30.
    """
    filled = table[table["n"] > 0]
    if len(filled) < 2:
        raise NotEstimable(f"rank ordering needs at least two filled grades; got {len(filled)}. Widen the window.")
    rates, sizes = filled["default_rate"].to_numpy(dtype=np.float64), filled["n"].to_numpy(dtype=np.float64)
    inversions, pairs = rank_inversions(table), len(filled) - 1
    # Pairs in the right order have p-values above a half, which never come first in Holm's procedure.
    p_values = np.append(inversions["p_value"].to_numpy(dtype=np.float64), np.ones(pairs - len(inversions)))
    moved = ~np.isclose(isotonic_regression(rates, sample_weight=sizes), rates, rtol=0, atol=1e-12)
    tau = float(kendalltau(np.arange(rates.size), rates).statistic) if np.ptp(rates) > 0 else float("nan")
    return RankOrder(pairs, len(inversions), float(holm(p_values).min()), int(moved.sum()), tau)


def rank_order_p(table: pd.DataFrame) -> float:
    """`RankOrder.p_value` alone, in [0, 1]: small if some pair of neighbours is surely in the wrong order."""
    return rank_order(table).p_value


def heterogeneity(table: pd.DataFrame) -> pd.DataFrame:
    """Whether neighbouring filled grades of `grade_table`'s result are distinct: two-sided two-proportion tests.

    Columns: safer, riskier (grades), difference of the default rates, z and p_value of "one default rate for both" with pooled
    variance (NaN if neither grade, or both entirely, defaulted), verdict: green up to 5%; amber above (not shown to be
    distinct), if the test would have told them apart had they defaulted as their PDs say; else "not enough data". No rows
    with fewer than two filled grades.

    Source: ECB (2019), "Guide to internal models", credit risk, on homogeneity within and heterogeneity between grades.
    """
    filled = table[table["n"] > 0]
    safer, riskier = filled.iloc[:-1].reset_index(drop=True), filled.iloc[1:].reset_index(drop=True)
    n = safer["n"].to_numpy(dtype=np.float64), riskier["n"].to_numpy(dtype=np.float64)
    rates, pds = (
        [side[name].to_numpy(dtype=np.float64) for side in (safer, riskier)] for name in ("default_rate", "mean_pd")
    )
    z = _two_proportions_z(rates[0], rates[1], *n)
    p_values, p_if_as_promised = 2 * ndtr(-np.abs(z)), 2 * ndtr(-np.abs(_two_proportions_z(pds[0], pds[1], *n)))
    told_apart = p_if_as_promised <= HETEROGENEITY.green[1]
    judged = np.where((p_values <= HETEROGENEITY.green[1]) | told_apart, p_values, np.nan)
    return pd.DataFrame(
        {
            "safer": safer["grade"],
            "riskier": riskier["grade"],
            "difference": rates[1] - rates[0],
            "z": z,
            "p_value": p_values,
            "verdict": [HETEROGENEITY.verdict(p) for p in judged.tolist()],
        }
    )


def least_distinct_p(table: pd.DataFrame) -> float:
    """Return the largest p-value of the pairs that `heterogeneity` judges: that of the two least shown to be distinct.

    In [0, 1]. Raises NotEstimable if no pair can be judged.
    """
    pairs = heterogeneity(table)
    judged = pairs.loc[pairs["verdict"] != "not enough data", "p_value"]
    if judged.empty:
        raise NotEstimable(
            f"heterogeneity needs neighbouring grades with enough bads; none of {len(pairs)} pairs has. Widen the window."
        )
    return float(judged.max())


def _two_proportions_z(safer: Floats, riskier: Floats, n_safer: Floats, n_riskier: Floats) -> Floats:
    """z of the difference with pooled variance; NaN where that is 0."""
    pooled = (safer * n_safer + riskier * n_riskier) / (n_safer + n_riskier)
    variance = pooled * (1 - pooled) * (1 / n_safer + 1 / n_riskier)
    return (riskier - safer) / np.sqrt(np.where(variance > 0, variance, np.nan))
