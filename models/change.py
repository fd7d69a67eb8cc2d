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
    the same for all. `points` is the whole change: `data.sum(axis=1) + model.sum(axis=1) + base`. `features`, with one
    column a feature of either model, tells where in an indicator new data lie: what they change in the points that the
    feature has as a player of its own.
    """

    data: pd.DataFrame
    model: pd.DataFrame
    features: pd.DataFrame
    base: float
    points: pd.Series


def explain_change(
    old: Bundle,
    new: Bundle,
    before: pd.DataFrame,
    now: pd.DataFrame,
    catalogue: Catalogue,
    *,
    interventional: bool = False,
) -> Change:
    """Return why the same applicants, row by row, have other points: `before` in the old model, `now` in the new one.

    Both frames need the features of both models as columns. `interventional` chooses the kind of values, each model's
    against its own background. Raises ValueError if the rows are not the same applicants, or a background is asked for that
    a bundle does not hold.
    """
    if not before.index.equals(now.index):
        raise ValueError(
            f"two scorings of the same applicants were expected, row by row; the frames have {len(before)} and {len(now)} "
            "rows or another order: index both by customer_id, sorted"
        )
    with_new = Explainers.of(new, catalogue, interventional=interventional)
    then, later = (explain(new, X, catalogue, explainers=with_new) for X in (before, now))
    if old.sha256 == new.sha256:
        return split_change(then, later, then, later)
    with_old = Explainers.of(old, catalogue, interventional=interventional)
    was, would_be = (explain(old, X, catalogue, explainers=with_old) for X in (before, now))
    return split_change(was, would_be, then, later)


def split_change(
    old_before: Explanation, old_now: Explanation, new_before: Explanation, new_now: Explanation
) -> Change:
    """Return the parts of the change from the explanations of either data by either model.

    `old_now` is the old model's view of what is known now, `new_before` the new model's view of what was known before. An
    indicator that one of the models does not have contributes nothing in it.
    """
    explanations = (old_before, old_now, new_before, new_now)
    ob, on, nb, nn = _alike([e.indicators for e in explanations])
    return Change(
        data=_first_and_last(ob, on, nb, nn),
        model=_first_and_last(ob, nb, on, nn),
        features=_first_and_last(*_alike([e.features for e in explanations])),
        base=new_now.base_points - old_before.base_points,
        points=pd.Series(np.asarray(new_now.points) - np.asarray(old_before.points), index=old_before.points.index),
    )


def _alike(frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return frames with the columns of all of them; what a frame does not have is nothing."""
    columns = list(dict.fromkeys(name for frame in frames for name in frame))
    return [frame.reindex(columns=columns, fill_value=0.0) for frame in frames]


def _first_and_last(neither: pd.DataFrame, this: pd.DataFrame, other: pd.DataFrame, both: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of what a player changes when it comes first and when it comes last."""
    return ((this - neither) + (both - other)) / 2
