"""Whether each grade keeps its promise: default rates against PDs grade by grade, and their order."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr
from scipy.stats import beta

from models.metrics.checks import Floats, Outcomes, calibration_inputs
from models.metrics.intervals import jeffreys_interval
from models.metrics.verdicts import P_VALUE, Verdict

NOTICED_BELOW = P_VALUE.green[0]
"""A test that would not fall below this level on odds of default one doubling off has too few rows to call a grade green."""


def jeffreys_p(bads: ArrayLike, n: ArrayLike, pd_12m: ArrayLike) -> Floats:
    """One-sided Jeffreys test of "the PD is not too low": BetaCDF(PD; bads + 1/2, n - bads + 1/2), same shape as the inputs.

    Small values say the PD underestimates the default rate. Source: ECB (2019), "Instructions for reporting the validation
    results of internal models", 2.5.3.
    """
    bad = np.asarray(bads, dtype=np.float64)
    good = np.asarray(n, dtype=np.float64) - bad
    return np.asarray(beta.cdf(pd_12m, bad + 0.5, good + 0.5), dtype=np.float64)


def jeffreys_p_too_high(bads: ArrayLike, n: ArrayLike, pd_12m: ArrayLike) -> Floats:
    """The mirror of `jeffreys_p`: one-sided test of "the PD is not too high"; small values say that it overestimates."""
    bad = np.asarray(bads, dtype=np.float64)
    good = np.asarray(n, dtype=np.float64) - bad
    return np.asarray(beta.sf(pd_12m, bad + 0.5, good + 0.5), dtype=np.float64)


def too_low_verdicts(p_values: ArrayLike, n: ArrayLike, mean_pd: ArrayLike) -> list[Verdict]:
    """Return a verdict a grade on `jeffreys_p`: red below 1%, amber below 5%, NaN "not enough data", else green.

    But green only if the test would have noticed odds of default twice as high (one grade on the master scale), else "not
    enough data": of ten customers without a default nobody learns whether 1% was right.
    """
    size, pds = np.asarray(n, dtype=np.float64), np.asarray(mean_pd, dtype=np.float64)
    at_doubled_odds = 2 * pds / (1 + pds)
    return _verdicts(p_values, jeffreys_p(size * at_doubled_odds, size, pds))


def too_high_verdicts(p_values: ArrayLike, n: ArrayLike, mean_pd: ArrayLike) -> list[Verdict]:
    """Return a verdict a grade on `jeffreys_p_too_high`, as in `too_low_verdicts` but for odds half as high."""
    size, pds = np.asarray(n, dtype=np.float64), np.asarray(mean_pd, dtype=np.float64)
    at_halved_odds = pds / (2 - pds)
    return _verdicts(p_values, jeffreys_p_too_high(size * at_halved_odds, size, pds))


def portfolio_jeffreys_p(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """`jeffreys_p` of all rows together against their mean PD, in [0, 1]; small if the PDs are too low as a whole.

    Inputs as in `grade_table`. Raises NotEstimable without rows, ValueError for unpaired or missing values and wrong PDs.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "portfolio's Jeffreys test")
    return float(jeffreys_p(outcomes.sum(), outcomes.size, pds.mean()))


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
    table["verdict"] = too_low_verdicts(table["jeffreys_p"], table["n"], table["mean_pd"])
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


def _verdicts(p_values: ArrayLike, p_if_wrong: Floats) -> list[Verdict]:
    verdicts = [P_VALUE.verdict(p) for p in np.asarray(p_values, dtype=np.float64).tolist()]
    unnoticed = ~(p_if_wrong < NOTICED_BELOW)
    return ["not enough data" if u and v == "green" else v for v, u in zip(verdicts, unnoticed, strict=True)]
