import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from models.metrics.checks import NotEstimable
from models.metrics.migration import (
    lower_bandwidth,
    matrix_weighted_bandwidth,
    migration_matrix,
    migration_stability,
    migration_stability_p,
    upper_bandwidth,
)

PUBLISHED = [[10, 8, 15, 9, 10], [11, 9, 13, 9, 8], [0, 10, 10, 11, 10], [0, 0, 9, 11, 11], [0, 0, 0, 11, 10]]
"""The worked example of MathWorks, Risk Management Toolbox, `risk.validation.matrixWeightedBandwidth`."""

MATRICES = (
    st.integers(2, 5)
    .flatmap(lambda k: st.lists(st.lists(st.integers(0, 9), min_size=k, max_size=k), min_size=k, max_size=k))
    .map(np.array)
)


def test_the_bandwidth_of_the_published_example() -> None:
    bandwidth = matrix_weighted_bandwidth(PUBLISHED)

    assert (bandwidth.lower, bandwidth.upper) == pytest.approx((0.3306, 0.6066), abs=5e-5)
    assert (lower_bandwidth(PUBLISHED), upper_bandwidth(PUBLISHED)) == (bandwidth.lower, bandwidth.upper)


@given(MATRICES)
def test_the_bandwidth_is_the_way_gone_as_a_share_of_the_way_there_was(matrix: NDArray[np.int64]) -> None:
    k = len(matrix)
    cells = [(i, j, int(matrix[i, j])) for i in range(k) for j in range(k) if i != j]
    gone = {way: sum(abs(i - j) * n for i, j, n in cells if (j > i) == way) for way in (True, False)}
    possible = {way: sum(max(k - 1 - i, i) * n for i, j, n in cells if (j > i) == way) for way in (True, False)}
    if not any(possible.values()):
        with pytest.raises(NotEstimable, match="needs customers who moved; all kept their grade"):
            matrix_weighted_bandwidth(matrix)
        return

    found = matrix_weighted_bandwidth(matrix)

    for value, way in ((found.upper, True), (found.lower, False)):
        assert value == pytest.approx(gone[way] / possible[way] if possible[way] else np.nan, nan_ok=True)


def test_moves_are_counted_from_the_grade_before_to_the_grade_after() -> None:
    matrix = migration_matrix(["R1", "R1", "R3", "R1"], ["R1", "R2", "R1", "R2"], ["R1", "R2", "R3"])

    assert matrix.to_numpy().tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 0]]
    assert matrix.index.tolist() == matrix.columns.tolist() == ["R1", "R2", "R3"]
    assert (matrix.index.name, matrix.columns.name) == ("before", "after")


def test_a_customer_who_left_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 of 2 grades are not on the scale; the first is 'D' at row 1\. .*优, 良"):
        migration_matrix(["优", "良"], ["优", "D"], ["优", "良"])


def test_a_customer_seen_only_once_is_refused() -> None:
    with pytest.raises(ValueError, match="got 2 grades before and 1 after"):
        migration_matrix(["R1", "R2"], ["R1"], ["R1", "R2"])


def test_a_far_move_more_frequent_than_a_near_one_is_found() -> None:
    matrix = np.array([[50, 5, 40], [10, 80, 10], [5, 10, 85]])
    near, far, n = 5 / 95, 40 / 95, 95
    z = (far - near) / np.sqrt((near * (1 - near) + far * (1 - far) + 2 * near * far) / n)

    cells = migration_stability(matrix)

    assert cells[["from_grade", "nearer", "farther"]].to_numpy().tolist() == [[0, 1, 2], [2, 1, 0]]
    assert cells["z"][0] == pytest.approx(z)
    assert cells["p_value"][0] == pytest.approx(norm.sf(z))
    assert cells["p_value"][1] > 0.5
    assert migration_stability_p(matrix) == pytest.approx(2 * norm.sf(z))


def test_every_two_cells_side_by_side_off_the_diagonal_are_compared_once() -> None:
    cells = migration_stability(PUBLISHED)

    pairs = set(map(tuple, cells[["from_grade", "nearer", "farther"]].to_numpy().tolist()))
    expected = {
        (i, j, j + step)
        for i in range(5)
        for j in range(5)
        for step in (1, -1)
        if (j - i) * step > 0 and 0 <= j + step < 5
    }
    assert len(cells) == len(expected)
    assert pairs == expected


def test_cells_that_nobody_moved_to_have_nothing_to_test() -> None:
    cells = migration_stability(PUBLISHED)
    empty = cells[(cells["from_grade"] == 3) & (cells["nearer"] == 1)]

    assert empty[["z", "p_value", "p_holm"]].isna().all(axis=None)
    with pytest.raises(NotEstimable, match="migration stability could be made nowhere"):
        migration_stability_p(np.diag([5, 0, 5]))


def test_equal_chances_of_near_and_far_moves_alarm_as_often_as_the_test_says() -> None:
    random = np.random.default_rng(6)
    rows = random.multinomial(400, [0.8, 0.1, 0.1], 700)

    p_values = [migration_stability([row, [0, 1, 0], [0, 0, 1]])["p_value"][0] for row in rows]

    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [([[1, 2, 3], [4, 5, 6]], r"one column a grade; got shape \(2, 3\)"), ([[1, -1], [0, 1]], "negative or missing")],
)
def test_a_matrix_that_is_no_migration_matrix_is_refused(matrix: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        matrix_weighted_bandwidth(matrix)
