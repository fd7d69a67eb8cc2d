"""How sure we are of a metric: an estimate with its interval, by resampling customers or by Jeffreys."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from models.metrics.checks import Floats, NotEstimable, numbers

Statistic = Callable[[ArrayLike, ArrayLike], float]
"""A metric of (defaulted, score or PD), such as `Metric.compute`."""

SHARE_ESTIMABLE = 0.95
"""With a smaller share of resamples on which the statistic exists, the bootstrap gives no interval."""


@dataclass(frozen=True)
class Estimate:
    """A value with its two-sided interval, in the unit of the value; `low` and `high` are NaN where there is no interval."""

    value: float
    low: float
    high: float


def tails(level: float) -> tuple[float, float]:
    """Return the two probabilities that a two-sided interval of this level leaves out below and stays under above.

    Raises ValueError if the level is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval must be strictly between 0 and 1, such as 0.95; got {level}.")
    return (1 - level) / 2, (1 + level) / 2


def cluster_bootstrap(
    defaulted: ArrayLike,
    values: ArrayLike,
    clusters: ArrayLike,
    statistics: Mapping[str, Statistic],
    *,
    repetitions: int = 500,
    level: float = 0.95,
    seed: int,
) -> dict[str, Estimate]:
    """Percentile intervals from drawing whole customers with replacement, as many as there are.

    One customer's applications resemble each other; drawing rows instead would make every interval too narrow.

    Parameters
    ----------
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    values : shape (n_rows,), PD or score, whatever the statistics take.
    clusters : shape (n_rows,), the customer of each row; any values that can be sorted, none missing.
    statistics : by name; all are computed on the same resamples.
    repetitions : number of resamples; 500 give the bounds of a 95% interval to about a tenth of its width.
    level : of the two-sided interval, in (0, 1).
    seed : same seed, same intervals, whatever the order of the rows.

    Returns
    -------
    One Estimate a statistic: its value on the rows as they are, and the interval. Resamples that cannot carry the statistic
    are left out; if they are more than 5%, `low` and `high` are NaN.

    Raises
    ------
    ValueError : if lengths differ, a customer is missing, or a statistic refuses the rows as they are.

    References: Davison and Hinkley (1997), "Bootstrap Methods and their Application", 2.4 and 3.8; Field and Welsh (2007),
    "Bootstrapping clustered data", JRSS B 69(3).
    """
    below, above = tails(level)
    outcomes, scores, customers = _rising(numbers(defaulted), numbers(values), _customer_codes(clusters))
    estimates = {name: compute(outcomes, scores) for name, compute in statistics.items()}
    draws = np.full((repetitions, len(statistics)), np.nan)
    for draw, rows in zip(draws, _resamples(customers, repetitions, seed), strict=True):
        draw[:] = [_or_nan(compute, outcomes[rows], scores[rows]) for compute in statistics.values()]
    return {
        name: Estimate(value, *_percentiles(draws[:, column], below, above))
        for column, (name, value) in enumerate(estimates.items())
    }


def jeffreys_interval(bads: ArrayLike, n: ArrayLike, level: float = 0.90) -> tuple[Floats, Floats]:
    """Jeffreys interval of a default rate: quantiles of Beta(bads + 1/2, n - bads + 1/2).

    `bads` and `n` have one shape, which low and high share, in [0, 1]. Low is 0 without bads, high is 1 without goods; with
    n = 0 the interval is all of [0, 1]. At the usual 90% the low bound exceeds a PD exactly when the one-sided Jeffreys test
    rejects that PD at 5%.

    References: Brown, Cai and DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science 16(2).
    """
    below, above = tails(level)
    bad = np.asarray(bads, dtype=np.float64)
    good = np.asarray(n, dtype=np.float64) - bad
    low = np.where(bad == 0, 0.0, beta.ppf(below, bad + 0.5, good + 0.5))
    high = np.where(good == 0, 1.0, beta.ppf(above, bad + 0.5, good + 0.5))
    return low, high


def _customer_codes(clusters: ArrayLike) -> NDArray[np.int64]:
    codes, _ = pd.factorize(pd.Series(clusters), sort=True)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise ValueError(
            f"{(codes < 0).sum()} of {codes.size} rows have no customer; the first is row {row}. "
            "Give each row the customer it belongs to; the bootstrap draws customers, not rows."
        )
    return codes.astype(np.int64)


def _rising(outcomes: Floats, scores: Floats, customers: NDArray[np.int64]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    if not len(outcomes) == len(scores) == len(customers):
        raise ValueError(
            f"got {len(outcomes)} outcomes, {len(scores)} scores and {len(customers)} customers; expected one of each a row."
        )
    # Sorted once, every resample comes out sorted, which the sorts inside the metrics pass through in linear time.
    order = np.lexsort((customers, outcomes, scores))
    return outcomes[order], scores[order], customers[order]


def _resamples(customers: NDArray[np.int64], repetitions: int, seed: int) -> Iterator[NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    n_customers = len(np.unique(customers))
    rows = np.arange(len(customers))
    for _ in range(repetitions):
        times_drawn = np.bincount(random.integers(n_customers, size=n_customers), minlength=n_customers)
        yield np.repeat(rows, times_drawn[customers])


def _or_nan(compute: Statistic, outcomes: Floats, scores: Floats) -> float:
    try:
        return compute(outcomes, scores)
    except NotEstimable:
        return float("nan")


def _percentiles(draws: Floats, below: float, above: float) -> tuple[float, float]:
    estimable = draws[~np.isnan(draws)]
    if len(estimable) < SHARE_ESTIMABLE * len(draws) or len(draws) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(estimable, [below, above])
    return float(low), float(high)
