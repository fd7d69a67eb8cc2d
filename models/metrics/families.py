"""Families of tests: of ten honest grades one fails a test at 5% four times in ten, unless p-values are adjusted."""

import numpy as np
from numpy.typing import ArrayLike

from models.metrics.checks import Floats, NotEstimable, numbers


def holm(p_values: ArrayLike) -> Floats:
    """Return Holm-adjusted p-values, same shape, in [0, 1]: rejecting those below a level keeps all errors below it.

    `p_values` has shape (n_tests,); NaN is a test that could not be made, stays NaN and does not count. It makes no
    assumption on how the tests depend on each other.

    References: Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian J. Statistics 6(2).
    """
    p = numbers(p_values)
    rising = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]
    adjusted = np.full(p.size, np.nan)
    steps = np.arange(rising.size, 0, -1)
    adjusted[rising] = np.minimum(np.maximum.accumulate(p[rising] * steps), 1)
    return adjusted


def lowest_adjusted_p(p_values: ArrayLike, test: str) -> float:
    """Return the smallest Holm-adjusted p-value: that of "none of these hypotheses is false".

    Raises NotEstimable, naming `test`, if every p-value is missing.
    """
    adjusted = holm(p_values)
    if np.isnan(adjusted).all():
        raise NotEstimable(
            f"{test} could be made nowhere: {adjusted.size} p-values, all missing. Pool grades or widen the window."
        )
    return float(np.nanmin(adjusted))
