"""Whether the model works in every segment: industries, regions, size bands, new and existing customers."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.metrics.calibration import calibration_in_the_large, calibration_slope
from models.metrics.checks import Floats, NotEstimable, Outcomes, calibration_inputs
from models.metrics.discrimination import gini
from models.metrics.families import holm
from models.metrics.grades import jeffreys_p
from models.metrics.intervals import Statistic
from models.metrics.verdicts import P_VALUE, Bands, Verdict, worst

FEWEST_BADS = 20
"""A segment with fewer bads, or goods, is counted but not judged."""

GINI_DROP = Bands(green=(-2, 0.15), amber=(-2, 2))
"""Of the portfolio's Gini minus the segment's: a default of this project."""


def segment_table(segment: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike) -> pd.DataFrame:
    """One row a segment, in the order of its name; a missing segment is one of its own, named by NaN, and comes last.

    Parameters
    ----------
    segment : shape (n_rows,), the segment of each row.
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), in (0, 1).

    Returns
    -------
    Columns segment, n, bads, default_rate, mean_pd, gini, gini_drop (of the whole portfolio's Gini minus the segment's),
    calibration_slope, calibration_in_the_large, jeffreys_p (small: PDs too low), jeffreys_holm (adjusted for all judged
    segments) and verdict: the worse of the Gini's drop (amber above 0.15) and of jeffreys_holm (amber below 5%, red below
    1%). With fewer than 20 bads or 20 goods the figures after mean_pd are NaN and the verdict is "not enough data"; NaN also
    where one of them does not exist.

    Raises
    ------
    NotEstimable : without rows. ValueError : for unpaired or missing values, or PDs outside (0, 1).

    Source: EBA (2020), "Guidelines on loan origination and monitoring", EBA/GL/2020/06; the bounds are this project's.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "segment table")
    names = pd.Series(segment).reset_index(drop=True)
    if len(names) != outcomes.size:
        raise ValueError(f"got {len(names)} segments and {outcomes.size} outcomes; pass one segment for each outcome.")
    whole = _or_nan(gini, outcomes, pds)
    groups = names.groupby(names, dropna=False, sort=True).indices
    rows = [{"segment": name, **_figures(outcomes[rows], pds[rows], whole)} for name, rows in groups.items()]
    table = pd.DataFrame(rows)
    table["jeffreys_holm"] = holm(table["jeffreys_p"])
    table["verdict"] = [_verdict(drop, p) for drop, p in zip(table["gini_drop"], table["jeffreys_holm"], strict=True)]
    return table


def _figures(outcomes: Outcomes, pds: Floats, gini_of_all: float) -> dict[str, float]:
    n, bads = outcomes.size, int(outcomes.sum())
    counted = {"n": n, "bads": bads, "default_rate": bads / n, "mean_pd": float(pds.mean())}
    judged = min(bads, n - bads) >= FEWEST_BADS
    own_gini = _or_nan(gini, outcomes, pds) if judged else np.nan
    return counted | {
        "gini": own_gini,
        "gini_drop": gini_of_all - own_gini,
        "calibration_slope": _or_nan(calibration_slope, outcomes, pds) if judged else np.nan,
        "calibration_in_the_large": _or_nan(calibration_in_the_large, outcomes, pds) if judged else np.nan,
        "jeffreys_p": float(jeffreys_p(bads, n, pds.mean())) if judged else np.nan,
    }


def _verdict(gini_drop: float, jeffreys_holm: float) -> Verdict:
    return worst([GINI_DROP.verdict(gini_drop), P_VALUE.verdict(jeffreys_holm)])


def _or_nan(statistic: Statistic, outcomes: Outcomes, pds: Floats) -> float:
    try:
        return statistic(outcomes, pds)
    except NotEstimable:
        return float("nan")


def largest_gini_drop(table: pd.DataFrame) -> float:
    """Return the largest `gini_drop` of `segment_table`'s result, in [-2, 2]; NotEstimable if no segment was judged."""
    drops = table["gini_drop"].dropna()
    if drops.empty:
        raise NotEstimable(
            f"no segment has {FEWEST_BADS} goods and {FEWEST_BADS} bads; pool segments or widen the window."
        )
    return float(drops.max())
