"""The Hosmer-Lemeshow test, reported because it is asked for: its result depends on how the rows are cut."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from models.metrics.calibration import equal_count_bins
from models.metrics.checks import NotEstimable, calibration_inputs


@dataclass(frozen=True)
class HosmerLemeshow:
    """The statistic, at least 0, its degrees of freedom, and the p-value of "the PDs are calibrated"."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def hosmer_lemeshow(
    defaulted: ArrayLike, pd_12m: ArrayLike, groups: int = 10, *, fitted_on_these_rows: bool = False
) -> HosmerLemeshow:
    """Sum over groups of equal count of (bads - expected)^2 / (n p (1 - p)), chi-square with as many degrees as groups.

    Two degrees fewer if the PDs were `fitted_on_these_rows`. Equal PDs share a group, so heavy ties leave fewer groups, and
    degrees. With large samples it rejects any model, with small ones none.

    Parameters
    ----------
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), in (0, 1).
    groups : most groups, at least 3.

    Raises
    ------
    NotEstimable : without rows, or if ties leave no degree of freedom. ValueError : for unpaired or missing values, PDs
    outside (0, 1), fewer than 3 groups.

    References: Hosmer and Lemeshow (1980), Communications in Statistics A9; Van Calster et al. (2019), BMC Medicine 17, who
    advise against it.
    """
    if groups < 3:
        raise ValueError(f"Hosmer-Lemeshow needs at least 3 groups, usually 10; got {groups}.")
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "Hosmer-Lemeshow test")
    group = equal_count_bins(pds, groups)
    n, bads, expected = (np.bincount(group, weights=w) for w in (np.ones(pds.size), outcomes, pds))
    filled = n > 0
    n, bads, expected = n[filled], bads[filled], expected[filled]
    statistic = float(((bads - expected) ** 2 / (expected * (1 - expected / n))).sum())
    degrees = n.size - (2 if fitted_on_these_rows else 0)
    if degrees < 1:
        raise NotEstimable(
            f"Hosmer-Lemeshow needs at least 3 different PDs on the rows fitted on; got {n.size} groups."
        )
    return HosmerLemeshow(statistic, degrees, float(chi2.sf(statistic, degrees)))


def hosmer_lemeshow_p(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """P-value of `hosmer_lemeshow` on rows the PDs were not fitted on, in [0, 1]."""
    return hosmer_lemeshow(defaulted, pd_12m).p_value
