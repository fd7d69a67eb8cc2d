"""The leak alarm: features that know more of the outcome than anything honest could.

A feature that ranks defaults almost perfectly on its own, or whose mere absence marks them, nearly always holds something
that became known after `as_of`. Honest single indicators of default reach an AUC of 0.6 to 0.8 (Lessmann et al. 2015).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.metrics.discrimination import delong_interval
from models.metrics.intervals import jeffreys_interval

FEWEST_BADS = 20
"""With fewer bads a perfect ranking can be luck."""

MARKED_TIMES = 5.0
"""Rows without a value default, surely, so many times more often than all: their absence marks the outcome."""

LEVEL = 0.99


@dataclass(frozen=True)
class Suspect:
    """One feature that knows too much: its AUC alone (above 0.5 in its own direction), or the default rate where missing."""

    feature: str
    kind: str
    """`ranks` or `marks`."""
    value: float
    """AUC alone, or default rate of the rows without a value."""


def suspects(features: pd.DataFrame, bad: pd.Series, most_auc: float) -> list[Suspect]:
    """Return the numeric features, worst first, whose AUC alone is surely above `most_auc`, or whose absence marks defaults.

    `features` is (n, features), `bad` 0 or 1 by row. Surely: the whole 99 % interval lies above the limit. Nothing is found
    with fewer than 20 bads.
    """
    outcome = bad.to_numpy(int)
    if outcome.sum() < FEWEST_BADS or outcome.all():
        return []
    found = [s for name in features for s in _suspect(str(name), features[name], outcome, most_auc)]
    return sorted(found, key=lambda s: (-s.value, s.feature))


def _suspect(name: str, column: pd.Series, outcome: np.ndarray, most_auc: float) -> list[Suspect]:
    if not pd.api.types.is_numeric_dtype(column):
        return []
    present = column.notna().to_numpy()
    return [
        *_ranks(name, column[present].to_numpy(float), outcome[present], most_auc),
        *_marks(name, ~present, outcome),
    ]


def _ranks(name: str, values: np.ndarray, outcome: np.ndarray, most_auc: float) -> list[Suspect]:
    bads = int(outcome.sum())
    if bads < FEWEST_BADS or bads == len(outcome) or np.ptp(values) == 0:
        return []
    alone = delong_interval(outcome, values, LEVEL)
    estimate, low = (alone.value, alone.low) if alone.value >= 0.5 else (1 - alone.value, 1 - alone.high)
    # A perfect ranking has no interval.
    surely = estimate if np.isnan(low) else low
    return [Suspect(name, "ranks", round(estimate, 4))] if surely > most_auc else []


def _marks(name: str, missing: np.ndarray, outcome: np.ndarray) -> list[Suspect]:
    n, bads = int(missing.sum()), int(outcome[missing].sum())
    if bads < FEWEST_BADS:
        return []
    low, _ = jeffreys_interval([bads], [n], LEVEL)
    return [Suspect(name, "marks", round(bads / n, 4))] if low[0] > MARKED_TIMES * outcome.mean() else []
