"""The indicators that moved an applicant's points most, each with the feature that carries most of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from models.explanation import Explanation
from models.shapley.compiled import compiled

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
    places = np.full((most, indicators.shape[1]), NONE, dtype=np.intp)
    _rank(np.ascontiguousarray(indicators), float(sign), from_points, np.zeros(places.shape), places)
    leading, furthest = np.full_like(places, NONE), np.full(places.shape, -np.inf)
    owners = np.asarray(indicator_of, dtype=np.intp)
    _lead(np.ascontiguousarray(features), owners, float(sign), places, furthest, leading)
    return Reasons(places, leading)


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


@compiled
def _rank(indicators: Floats, sign: float, from_points: float, points: Floats, places: Places) -> None:
    """Insert every indicator among those of each row that moved it furthest so far, behind its equals."""
    for indicator in range(len(indicators)):
        for row in range(indicators.shape[1]):
            moved = sign * indicators[indicator, row]
            at = len(places) if moved >= from_points else 0
            while at > 0 and (places[at - 1, row] == NONE or moved > points[at - 1, row]):
                at -= 1
                if at + 1 < len(places):
                    places[at + 1, row], points[at + 1, row] = places[at, row], points[at, row]
                places[at, row], points[at, row] = indicator, moved


@compiled
def _lead(features: Floats, owners: Places, sign: float, places: Places, furthest: Floats, leading: Places) -> None:
    """Note for each reason the first of its indicator's features that moves the points furthest."""
    for feature in range(len(features)):
        if owners[feature] == NONE:
            continue
        for at in range(len(places)):
            for row in range(features.shape[1]):
                moved = sign * features[feature, row]
                if places[at, row] == owners[feature] and moved > furthest[at, row]:
                    furthest[at, row], leading[at, row] = moved, feature
