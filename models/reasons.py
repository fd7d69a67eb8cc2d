"""The indicators that moved an applicant's points most, each with the feature that carries most of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from models.explanation import Explanation

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

NAMED_FROM_POINTS = 5.0
"""Indicators that move the score by less are not given as a reason."""

MOST_AGAINST, MOST_FOR = 4, 3
"""Reasons given with a score, at most."""

NONE = -1
"""The place of a reason that there is not."""


@dataclass(frozen=True)
class Reasons:
    """The most important indicators of each row, shape (n_most, n_rows), the first most: their places, and a feature's each.

    `NONE` where fewer indicators move the points by enough.
    """

    indicator: Places
    feature: Places


def reasons(
    indicators: Floats, features: Floats, indicator_of: Sequence[int], *, sign: int, most: int, from_points: float
) -> Reasons:
    """Return up to `most` indicators that move each row's points by `from_points` or more: sign -1 downwards, 1 upwards.

    `indicators` (n_indicators, n_rows) and `features` (n_features, n_rows) are contributions in points; `indicator_of` is the
    place of each feature's indicator, or NONE. Between equals the first indicator counts. The feature named is the one that
    moves the points furthest in the reason's own direction.
    """
    leading = _leading(features, indicator_of, len(indicators), sign)
    order = np.argsort(indicators * -sign, axis=0, kind="stable")[:most]
    enough = np.take_along_axis(indicators * sign, order, axis=0) >= from_points
    feature = np.take_along_axis(leading, order, axis=0)
    return Reasons(np.where(enough, order, NONE), np.where(enough, feature, NONE))


def coded(explanation: Explanation, catalogue: Catalogue) -> tuple[list[str], list[str]]:
    """Return the reasons against and in favour of each row as codes, "CR02- FN02-"; empty without any."""
    codes = {i.id: i.code for i in catalogue.admission_indicators if i.id in explanation.indicators}
    mine = explanation.indicators[list(codes)].to_numpy().T
    features = explanation.features.to_numpy().T
    owners = [catalogue.indicator_of(str(name)).id for name in explanation.features]
    owner = [list(codes).index(name) if name in codes else NONE for name in owners]
    sides = []
    for sign, mark, most in ((-1, "-", MOST_AGAINST), (1, "+", MOST_FOR)):
        found = reasons(mine, features, owner, sign=sign, most=most, from_points=NAMED_FROM_POINTS)
        named = [*(f"{code}{mark}" for code in codes.values()), ""]
        sides.append([" ".join(named[place] for place in row if place != NONE) for row in found.indicator.T])
    return sides[0], sides[1]


def _leading(features: Floats, indicator_of: Sequence[int], n_indicators: int, sign: int) -> Places:
    """Return the place of the furthest of each indicator's features in one direction, shape (n_indicators, n_rows)."""
    owner = np.asarray(indicator_of)
    leading = np.full((n_indicators, features.shape[1]), NONE, dtype=np.intp)
    for indicator in range(n_indicators):
        (mine,) = np.nonzero(owner == indicator)
        if len(mine):
            leading[indicator] = mine[np.argmax(sign * features[mine], axis=0)]
    return leading
