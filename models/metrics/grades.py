"""Whether each grade keeps its promise: default rates against PDs grade by grade, and their order."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr
from scipy.stats import beta

from models.metrics.checks import Floats, Outcomes, calibration_inputs
from models.metrics.intervals import jeffreys_interval

AMBER_BELOW, RED_BELOW = 0.05, 0.01
"""Levels of the one-sided tests."""


def jeffreys_p(bads: ArrayLike, n: ArrayLike, pd_12m: ArrayLike) -> Floats:
    """One-sided Jeffreys test of "the PD is not too low": BetaCDF(PD; bads + 1/2, n - bads + 1/2), same shape as the inputs.

    Small values say the PD underestimates the default rate. Source: ECB (2019), "Instructions for reporting the validation
    results of internal models", 2.5.3.
    """
    bad = np.asarray(bads, dtype=np.float64)
    good = np.asarray(n, dtype=np.float64) - bad
    return np.asarray(beta.cdf(pd_12m, bad + 0.5, good + 0.5), dtype=np.float64)


def grade_table(grade: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike, order: Sequence[str]) -> pd.DataFrame:
    """One row a grade of `order`, safest first, empty grades included.

    Parameters
    ----------
    grade : shape (n_rows,), the grade of each row, one of `order`.
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), calibrated PD in (0, 1).
    order : every grade of the scale, from safest to riskiest.

    Returns
    -------
    Columns grade, n, share (of all rows), bads, mean_pd, default_rate, low and high (90% Jeffreys interval of the default
    rate), jeffreys_p (as in `jeffreys_p`, against mean_pd), verdict. Verdicts: "red" if p < 0.01, "amber" if p < 0.05, else
    "green" if the test would have noticed odds of default twice as high (one grade on the master scale), else "not enough
    data". Figures of an empty grade are NaN.

    Raises
    ------
    ValueError : for unpaired or missing values, PDs outside (0, 1), or a grade that is not in `order`.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "grade table")
    table = _count(_known_grades(grade, order, outcomes.size), outcomes, pds)
    table["low"], table["high"] = jeffreys_interval(table["bads"], table["n"])
    table["jeffreys_p"] = jeffreys_p(table["bads"], table["n"], table["mean_pd"])
    table.loc[table["n"] == 0, ["low", "high"]] = np.nan
    table["verdict"] = _verdicts(table)
    return table


def rank_inversions(table: pd.DataFrame) -> pd.DataFrame:
    """Neighbouring grades in the wrong order: the safer one had the higher default rate.

    Takes `grade_table`'s result; empty grades are passed over. Columns: safer, riskier (grades), excess (default rate of the
    safer minus that of the riskier, above 0), z and p_value of the one-sided two-proportion test with pooled variance. No
    rows: the order holds. Source: the test is the textbook's; that grades must order risk, CRR article 170(1).
    """
    filled = table[table["n"] > 0]
    safer, riskier = filled.iloc[:-1].reset_index(drop=True), filled.iloc[1:].reset_index(drop=True)
    pairs = pd.DataFrame({"safer": safer["grade"], "riskier": riskier["grade"]})
    pairs["excess"] = safer["default_rate"] - riskier["default_rate"]
    pooled = (safer["bads"] + riskier["bads"]) / (safer["n"] + riskier["n"])
    inverted = pairs["excess"] > 0
    error = np.sqrt(pooled * (1 - pooled) * (1 / safer["n"] + 1 / riskier["n"]))[inverted]
    pairs = pairs[inverted].assign(z=lambda wrong: wrong["excess"] / error)
    return pairs.assign(p_value=ndtr(-pairs["z"].to_numpy(dtype=np.float64))).reset_index(drop=True)


def _known_grades(grade: ArrayLike, order: Sequence[str], n_rows: int) -> pd.Series:
    grades = pd.Series(grade).reset_index(drop=True)
    if len(grades) != n_rows:
        raise ValueError(f"got {len(grades)} grades and {n_rows} outcomes; pass one grade for each outcome.")
    unknown = ~grades.isin(list(order))
    if unknown.any():
        row = int(unknown.argmax())
        raise ValueError(
            f"{unknown.sum()} of {n_rows} grades are not on the scale; the first is {grades[row]!r} at row {row}. "
            f"Expected one of {', '.join(order)}."
        )
    return pd.Series(pd.Categorical(grades, categories=list(order), ordered=True))


def _count(grades: pd.Series, outcomes: Outcomes, pds: Floats) -> pd.DataFrame:
    rows = pd.DataFrame({"grade": grades, "bad": outcomes, "pd_12m": pds})
    by_grade = rows.groupby("grade", observed=False)
    table = by_grade.agg(n=("bad", "size"), bads=("bad", "sum"), mean_pd=("pd_12m", "mean")).reset_index()
    table["grade"] = table["grade"].astype(str)
    table.insert(2, "share", table["n"] / len(rows))
    table["default_rate"] = table["bads"] / table["n"].where(table["n"] > 0)
    return table


def _verdicts(table: pd.DataFrame) -> list[str]:
    p = table["jeffreys_p"].to_numpy(dtype=np.float64)
    n, mean_pd = table["n"].to_numpy(dtype=np.float64), table["mean_pd"].to_numpy(dtype=np.float64)
    pd_at_doubled_odds = 2 * mean_pd / (1 + mean_pd)
    would_notice = jeffreys_p(n * pd_at_doubled_odds, n, mean_pd) < AMBER_BELOW
    verdicts = np.select([p < RED_BELOW, p < AMBER_BELOW, would_notice], ["red", "amber", "green"], "not enough data")
    return [str(verdict) for verdict in verdicts]
