import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from models.metrics.checks import NotEstimable
from models.metrics.concentration import concentration, concentration_p, herfindahl_index, largest_share

# Weighted counts, none so tiny that its square vanishes in the reference below.
COUNTS = st.lists(st.one_of(st.integers(0, 50), st.floats(1e-6, 1e9)), min_size=2, max_size=12).filter(any)


def variation(n: list[float]) -> float:
    """Coefficient of variation of the counts, which is that of their shares."""
    return float(np.std(n) / np.mean(n))


def test_customers_spread_evenly_are_not_concentrated_and_all_in_one_grade_fully() -> None:
    assert herfindahl_index([10, 10, 10, 10]) == pytest.approx(0)
    assert herfindahl_index([0, 40, 0]) == pytest.approx(1)


@given(COUNTS)
def test_the_index_is_that_of_the_coefficient_of_variation(n: list[float]) -> None:
    # The ECB's own form: 1 + ln((CV^2 + 1) / K) / ln K.
    expected = 1 + np.log((variation(n) ** 2 + 1) / len(n)) / np.log(len(n))

    assert herfindahl_index(n) == pytest.approx(expected, abs=1e-9)
    assert -1e-9 <= herfindahl_index(n) <= 1 + 1e-9


def test_a_portfolio_that_crowds_into_one_grade_is_compared_with_its_development() -> None:
    now, before = [5, 10, 70, 10, 5], [15, 20, 30, 20, 15]
    cv, cv_before = variation(now), variation(before)
    z = 2 * (cv - cv_before) / np.sqrt(cv**2 * (0.5 + cv**2))

    found = concentration(now, before)

    assert found.index == herfindahl_index(now)
    assert found.index_at_development == herfindahl_index(before)
    assert found.p_value == pytest.approx(norm.sf(z))
    assert found.largest_share == largest_share(now) == 0.7
    assert concentration_p(now, before) == found.p_value


@given(COUNTS)
def test_a_portfolio_that_has_not_changed_gives_no_cause_for_concern(n: list[float]) -> None:
    assert concentration_p(n, n) >= 0.5 - 1e-9


def test_a_portfolio_spread_evenly_cannot_be_more_concentrated_than_before() -> None:
    assert concentration_p([5, 5, 5], [5, 5, 5]) == 1
    assert concentration_p([5, 5, 5], [9, 1, 5]) == 1


@pytest.mark.parametrize("n", [[10], [], [1, -1], [1, None]])
def test_counts_that_are_none_are_refused(n: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two grades, none negative or missing; got"):
        herfindahl_index(n)


def test_an_empty_portfolio_has_no_concentration() -> None:
    with pytest.raises(NotEstimable, match="needs customers; all 3 grades are empty"):
        herfindahl_index([0, 0, 0])


def test_two_different_scales_are_not_compared() -> None:
    with pytest.raises(ValueError, match="got 2 grades now and 3 at development"):
        concentration([1, 2], [1, 2, 3])
