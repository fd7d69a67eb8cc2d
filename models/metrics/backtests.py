"""Whether the defaults that came true fit the PDs that were promised, grade by grade, by three tests and in two directions.

Jeffreys and binomial tests take defaults as independent. Defaults of one year share its economy, so the third test lets them
depend on one common factor; it forgives more, and the more so the larger the grade.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from models.metrics.checks import Floats
from models.metrics.families import holm, lowest_adjusted_p
from models.metrics.grades import jeffreys_p, jeffreys_p_too_high, too_high_verdicts, too_low_verdicts
from models.scaling import check_pd

CORRELATION = 0.04
"""Asset correlation of the correlated test: low, so that it forgives little; Basel's capital formula takes 0.12 to 0.24 for
companies (CRR article 153)."""

LEVEL = 0.95

_FACTOR = np.linspace(-8.5, 8.5, 2001)
_FACTOR_WEIGHT = np.exp(-(_FACTOR**2) / 2) / np.exp(-(_FACTOR**2) / 2).sum()
"""States of the economy and their probabilities: the trapezoidal rule, which is all but exact for a bell-shaped weight."""


def binomial_p(bads: ArrayLike, n: ArrayLike, pd_12m: ArrayLike) -> Floats:
    """One-sided binomial test of "the PD is not too low": the chance of so many bads or more, same shape as the inputs.

    In [0, 1], 1 without bads; small values say that the PD underestimates. Source: Basel Committee (2005), Working Paper 14,
    "Studies on the validation of internal rating systems".
    """
    return np.asarray(binom.sf(np.asarray(bads, dtype=np.float64) - 1, n, pd_12m), dtype=np.float64)


def critical_default_rate(pd_12m: ArrayLike, correlation: float = CORRELATION, level: float = LEVEL) -> Floats:
    """The default rate that a very large grade stays below with probability `level` although its PD is right.

    Shape of `pd_12m`; in (0, 1). `correlation` of asset values with one common factor, in [0, 1). Raises ValueError for PDs
    outside (0, 1) and a correlation outside [0, 1).

    References: Vasicek (2002), "Loan portfolio value", Risk 15(12); Tasche (2003), "A traffic lights approach to PD
    validation", arXiv cond-mat/0305038.
    """
    return conditional_pd(pd_12m, -float(ndtri(level)), correlation)


def conditional_pd(pd_12m: ArrayLike, factor: ArrayLike, correlation: float) -> Floats:
    """PD in a given state of the economy, a standard normal `factor` that is good when high; shapes broadcast.

    Raises ValueError for PDs outside (0, 1) and a correlation outside [0, 1). References: Vasicek (2002), Risk 15(12).
    """
    if not 0 <= correlation < 1:
        raise ValueError(f"the asset correlation must lie in [0, 1), such as {CORRELATION}; got {correlation}.")
    threshold = ndtri(check_pd(pd_12m)) - np.sqrt(correlation) * np.asarray(factor, dtype=np.float64)
    return np.asarray(ndtr(threshold / np.sqrt(1 - correlation)), dtype=np.float64)


def correlated_p(bads: ArrayLike, n: ArrayLike, pd_12m: ArrayLike, correlation: float = CORRELATION) -> Floats:
    """The chance of so many bads or more if the PD is right and defaults depend on one common factor; shape of the inputs.

    In [0, 1]. It is the binomial test averaged over the states of the economy, so it holds for small grades too; for large
    ones it falls below 5% where the default rate passes `critical_default_rate`. Without correlation it is the binomial test.

    Raises ValueError as `conditional_pd`. References: Vasicek (2002), Risk 15(12); Tasche (2003), arXiv cond-mat/0305038.
    """
    at = np.asarray(bads, dtype=np.float64)[..., np.newaxis], np.asarray(n, dtype=np.float64)[..., np.newaxis]
    pd_at = conditional_pd(np.asarray(pd_12m, dtype=np.float64)[..., np.newaxis], _FACTOR, correlation)
    return np.asarray(np.minimum(binomial_p(*at, pd_at) @ _FACTOR_WEIGHT, 1), dtype=np.float64)


def grade_backtests(table: pd.DataFrame, correlation: float = CORRELATION) -> pd.DataFrame:
    """The three tests of every grade, and Jeffreys' in both directions, each with its Holm-adjusted p-value.

    Parameters
    ----------
    table : as from `grade_table`; only grade, n, bads, mean_pd and default_rate are read.
    correlation : asset correlation in [0, 1) of the correlated test.

    Returns
    -------
    One row a grade: grade, n, bads, mean_pd, default_rate; p-values of "the PD is not too low" `jeffreys_p`, `binomial_p`,
    `correlated_p`, and of "the PD is not too high" `too_high_p`, all in [0, 1], with `..._holm` beside each;
    `critical_rate`; and verdicts on the raw p-values of Jeffreys' test, `too_low` and `too_high`: red below 1%, amber below
    5%, else green if the test would have noticed odds twice (half) as high, else "not enough data". An empty grade has NaN.

    Source: ECB (2019), "Instructions for reporting the validation results of internal models", 2.5.3; its mirror, the
    binomial and the correlated test as in Basel Committee (2005), Working Paper 14.
    """
    result = table[["grade", "n", "bads", "mean_pd", "default_rate"]].reset_index(drop=True)
    filled = result[result["n"] > 0]
    bads, n, pds = (filled[name].to_numpy(dtype=np.float64) for name in ("bads", "n", "mean_pd"))
    p_values = {
        "jeffreys": jeffreys_p(bads, n, pds),
        "too_high": jeffreys_p_too_high(bads, n, pds),
        "binomial": binomial_p(bads, n, pds),
        "correlated": correlated_p(bads, n, pds, correlation),
    }
    columns = {f"{test}_p": p for test, p in p_values.items()} | {
        f"{test}_holm": holm(p) for test, p in p_values.items()
    }
    columns["critical_rate"] = critical_default_rate(pds, correlation)
    result = result.join(pd.DataFrame(columns, index=filled.index))
    result["too_low"] = too_low_verdicts(result["jeffreys_p"], result["n"], result["mean_pd"])
    result["too_high"] = too_high_verdicts(result["too_high_p"], result["n"], result["mean_pd"])
    return result


def lowest_p(tests: pd.DataFrame, column: str) -> float:
    """Return the smallest Holm-adjusted p-value of a column of `grade_backtests`, such as "jeffreys_p", in [0, 1].

    Raises NotEstimable if every grade is empty.
    """
    return lowest_adjusted_p(tests[column], column)
