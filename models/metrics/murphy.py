"""Murphy's decomposition of the Brier score over grades: reliability, resolution, uncertainty."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.metrics.calibration import brier
from models.metrics.checks import calibration_inputs, require_both_classes


@dataclass(frozen=True)
class BrierParts:
    """Brier score = reliability - resolution + uncertainty + remainder, all in units of squared PD.

    `reliability`: mean squared gap of mean PD and default rate by grade, 0 if calibrated. `resolution`: variance of the default
    rates between grades, the more the better. `uncertainty`: variance of the outcomes, the worst `resolution` can fall short
    of. `remainder`: what PDs that differ within a grade add (0 if none do).
    """

    reliability: float
    resolution: float
    uncertainty: float
    remainder: float


def brier_parts(grade: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike) -> BrierParts:
    """Decompose the Brier score over grades, or over any other groups of rows.

    Parameters
    ----------
    grade : shape (n_rows,), the group of each row, none missing.
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), in (0, 1).

    Raises
    ------
    NotEstimable : without rows. ValueError : for unpaired or missing values, or PDs outside (0, 1).

    References: Murphy (1973), "A new vector partition of the probability score", J. Applied Meteorology 12(4).
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "Brier decomposition")
    groups, names = pd.factorize(pd.Series(grade))
    if groups.size != outcomes.size or (groups < 0).any():
        raise ValueError(
            f"got {groups.size} grades, {(groups < 0).sum()} of them missing, for {outcomes.size} outcomes; pass one for each."
        )
    n = np.bincount(groups, minlength=len(names))
    rates, means = np.bincount(groups, weights=outcomes) / n, np.bincount(groups, weights=pds) / n
    rate = outcomes.mean()
    reliability = float((n * (means - rates) ** 2).sum() / n.sum())
    resolution = float((n * (rates - rate) ** 2).sum() / n.sum())
    uncertainty = float(rate * (1 - rate))
    remainder = brier(defaulted, pd_12m) - (reliability - resolution + uncertainty)
    return BrierParts(reliability, resolution, uncertainty, remainder)


def relative_reliability(grade: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Reliability as a share of uncertainty, at least 0: how much of the outcomes' variance bad calibration costs.

    Inputs and errors as in `brier_parts`, and NotEstimable if all rows are goods or all are bads.
    """
    outcomes, _ = calibration_inputs(defaulted, pd_12m, "Brier decomposition")
    require_both_classes(outcomes, "relative reliability")
    parts = brier_parts(grade, defaulted, pd_12m)
    return parts.reliability / parts.uncertainty
