"""The explainer of a model: its tables, or LightGBM's own contributions where tables don't serve it."""

import logging
from collections.abc import Sequence

import lightgbm
from numpy.typing import ArrayLike

from models.shapley.contributions import Contributions
from models.shapley.tables import Tables
from models.shapley.tabulation import tabulate
from models.shapley.trees import TabulationError

log = logging.getLogger(__name__)

Explainer = Tables | Contributions
"""Has `base`, `values`, `margins` and both in one pass by `explain`, and the `method` they come by.

`method` is "tables" or "pred_contrib".
"""


def explainer(
    booster: lightgbm.Booster,
    groups: Sequence[int] | None = None,
    background: ArrayLike | None = None,
    *,
    with_features: bool = False,
) -> Explainer:
    """Return the tables of a model, parameters as in `tabulate`; `pred_contrib`, with a warning, if it has none.

    Raises TabulationError for a model without tables if a background is given: nothing else serves interventional values.
    """
    try:
        return tabulate(booster, groups, background, with_features=with_features)
    except TabulationError as reason:
        if background is not None:
            raise
        log.warning("%s; explaining by pred_contrib: slower, and an indicator is the sum of its features", reason)
        return Contributions.of(booster, groups)
