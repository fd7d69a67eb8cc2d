"""Why the points of an applicant changed: new data or a new model, split exactly by indicator.

Two things may differ between two scorings: what is known of the applicant and the model. Each is a player of a game of two,
and its part is its Shapley value: the mean of what it changes when it comes first and when it comes last. Per indicator
`data + model = new contribution - old contribution`, and with the change of the base points the parts sum to the change of
the score. Source: Shapley 1953; for two players the midpoint (Bennet 1920) decomposition.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue import Catalogue
from models.bundle import Bundle
from models.explanation import Explainers, Explanation, explain


@dataclass(frozen=True)
class Change:
    """The change of every applicant's points; rows as in the frames compared, all values in points.

    `data` and `model` have one column an indicator of either model. `base` is what another average of the two models adds,
    the same for all. `points` is the whole change: `data.sum(axis=1) + model.sum(axis=1) + base`.
    """

    data: pd.DataFrame
    model: pd.DataFrame
    base: float
    points: pd.Series


def explain_change(old: Bundle, new: Bundle, before: pd.DataFrame, now: pd.DataFrame, catalogue: Catalogue) -> Change:
    """Return why the same applicants, row by row, have other points: `before` in the old model, `now` in the new one.

    Both frames need the features of both models as columns. Raises ValueError if the rows are not the same applicants.
    """
    if not before.index.equals(now.index):
        raise ValueError(
            f"two scorings of the same applicants were expected, row by row; the frames have {len(before)} and {len(now)} "
            "rows or another order: index both by customer_id, sorted"
        )
    with_new = Explainers.of(new, catalogue)
    then, later = (explain(new, X, catalogue, explainers=with_new) for X in (before, now))
    if old.sha256 == new.sha256:
        return split_change(then, later, then, later)
    with_old = Explainers.of(old, catalogue)
    was, would_be = (explain(old, X, catalogue, explainers=with_old) for X in (before, now))
    return split_change(was, would_be, then, later)


def split_change(
    old_before: Explanation, old_now: Explanation, new_before: Explanation, new_now: Explanation
) -> Change:
    """Return the parts of the change from the explanations of either data by either model.

    `old_now` is the old model's view of what is known now, `new_before` the new model's view of what was known before. An
    indicator that one of the models does not have contributes nothing in it.
    """
    ids = list(dict.fromkeys([*old_before.indicators, *new_now.indicators]))
    ob, on, nb, nn = (
        e.indicators.reindex(columns=ids, fill_value=0.0) for e in (old_before, old_now, new_before, new_now)
    )
    return Change(
        data=((on - ob) + (nn - nb)) / 2,
        model=((nb - ob) + (nn - on)) / 2,
        base=new_now.base_points - old_before.base_points,
        points=pd.Series(np.asarray(new_now.points) - np.asarray(old_before.points), index=old_before.points.index),
    )
