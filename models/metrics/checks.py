"""What every metric demands of its inputs, in one place: paired rows, no gaps, outcomes 0 or 1, finite scores, real PDs."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.scaling import check_pd

Floats = NDArray[np.float64]
Outcomes = NDArray[np.bool_]


class NotEstimable(ValueError):  # noqa: N818 - it names a state of the data, not a fault of the program
    """The inputs are sound, but these rows cannot carry the metric: goods or bads are missing, or too few."""


def ranking_inputs(defaulted: ArrayLike, score: ArrayLike, metric: str) -> tuple[Outcomes, Floats]:
    """Return outcomes and scores for a metric of ranking: any finite score, at least one good and one bad.

    Raises ValueError for unpaired, missing or infinite values, and NotEstimable, naming `metric`, if all rows are of one class.
    """
    outcomes, scores = _paired(defaulted, score, "score")
    _refuse(np.isinf(scores), scores, "scores are infinite", "Give finite scores that rise with risk.")
    require_both_classes(outcomes, metric)
    return outcomes, scores


def calibration_inputs(defaulted: ArrayLike, pd_12m: ArrayLike, metric: str) -> tuple[Outcomes, Floats]:
    """Return outcomes and PDs for a metric of calibration: PDs strictly between 0 and 1, at least one row.

    Raises ValueError for unpaired or missing values and for PDs outside (0, 1), and NotEstimable, naming `metric`, if there
    is no row.
    """
    outcomes, pds = _paired(defaulted, pd_12m, "PD")
    if outcomes.size == 0:
        raise NotEstimable(f"{metric} needs at least one row; got none. Widen the window or pool the segment.")
    return outcomes, check_pd(pds)


def require_both_classes(outcomes: Outcomes, metric: str, at_least: int = 1) -> None:
    """Raise NotEstimable, naming `metric`, unless there are `at_least` goods and as many bads."""
    bads = int(outcomes.sum())
    goods = outcomes.size - bads
    if min(goods, bads) < at_least:
        wanted = "goods and bads" if at_least == 1 else f"at least {at_least} goods and {at_least} bads"
        raise NotEstimable(
            f"{metric} needs {wanted}; got {goods} goods and {bads} bads. Widen the window or pool the segment."
        )


def numbers(values: ArrayLike) -> Floats:
    """Return one-dimensional values as floats, with every kind of missing value as NaN."""
    return np.asarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _paired(defaulted: ArrayLike, values: ArrayLike, name: str) -> tuple[Outcomes, Floats]:
    outcomes, paired = numbers(defaulted), numbers(values)
    if len(outcomes) != len(paired):
        raise ValueError(f"got {len(outcomes)} outcomes and {len(paired)} {name}s; pass one {name} for each outcome.")
    _refuse(np.isnan(outcomes), outcomes, "outcomes are missing", "Leave out rows whose performance window is open.")
    _refuse(np.isnan(paired), paired, f"{name}s are missing", "Score every row, or leave the unscored out of both.")
    neither = (outcomes != 0) & (outcomes != 1)
    _refuse(
        neither, outcomes, "outcomes are neither 0 nor 1", "Pass 1 for a bad, 0 for a good, indeterminates left out."
    )
    return outcomes == 1, paired


def _refuse(wrong: NDArray[np.bool_], values: Floats, what: str, advice: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"{wrong.sum()} of {wrong.size} {what}; the first is {values[row]:g} at row {row}. {advice}")
