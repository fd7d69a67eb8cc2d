"""Reasons against their definition: sort each row's indicators, then look for the feature that moved most."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reasons import NONE, reasons

POINTS = st.integers(-12, 12).map(float)
"""Few values, so that many are equal."""


def by_definition(
    indicators: Any, features: Any, indicator_of: list[int], sign: int, most: int, from_points: float
) -> list[tuple[int, int]]:
    """The reasons of one row: an indicator and a feature each, `NONE` and `NONE` where there are no more."""
    order = sorted(range(len(indicators)), key=lambda place: -sign * indicators[place])  # stable: the first of equals
    named = [place for place in order if sign * indicators[place] >= from_points][:most]
    found = []
    for place in named:
        mine = [f for f, owner in enumerate(indicator_of) if owner == place]
        found.append((place, max(mine, key=lambda f: sign * features[f], default=NONE)))
    return found + [(NONE, NONE)] * (most - len(found))


@given(st.data(), st.sampled_from([-1, 1]), st.integers(1, 4), st.sampled_from([0.5, 5.0]))
def test_the_furthest_movers_are_named_the_first_of_equals_first(
    data: st.DataObject, sign: int, most: int, from_points: float
) -> None:
    rows = data.draw(st.integers(0, 4))
    indicators = np.array(data.draw(st.lists(st.lists(POINTS, min_size=rows, max_size=rows), min_size=1, max_size=6)))
    owners = data.draw(st.lists(st.integers(NONE, len(indicators) - 1), min_size=1, max_size=8))
    features = np.array([data.draw(st.lists(POINTS, min_size=rows, max_size=rows)) for _ in owners])

    found = reasons(indicators, features, owners, sign=sign, most=most, from_points=from_points)

    assert found.indicator.shape == found.feature.shape == (most, rows)
    for row in range(rows):
        expected = by_definition(indicators[:, row], features[:, row], owners, sign, most, from_points)
        assert list(zip(found.indicator[:, row], found.feature[:, row], strict=True)) == expected


@pytest.mark.parametrize("layout", ["C", "F"])
def test_contributions_may_lie_by_row_or_by_column(layout: Any) -> None:
    indicators = np.array([[-6.0, 1.0], [-9.0, -5.0]], order=layout)

    found = reasons(indicators, indicators, [0, 1], sign=-1, most=2, from_points=5.0)

    assert found.indicator.tolist() == found.feature.tolist() == [[1, 1], [0, NONE]]
