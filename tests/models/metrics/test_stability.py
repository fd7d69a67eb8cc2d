import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from models.metrics.stability import category_psi, category_psi_critical_value, psi, psi_critical_value

VALUES = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e300, 1e300), st.just(np.nan))
SAMPLES = st.lists(VALUES, min_size=1, max_size=40).filter(lambda values: not np.isnan(values).all())

DECILES_OF_TEN = np.repeat(np.arange(10.0), 10)


@given(SAMPLES)
def test_a_population_that_has_not_moved_has_no_psi(values: list[float]) -> None:
    assert psi(values, values) == 0
    assert psi(values, values * 3) == pytest.approx(0, abs=1e-12)


@given(SAMPLES, st.lists(VALUES, min_size=1, max_size=40))
def test_psi_is_never_negative_and_ignores_the_order_of_customers(before: list[float], now: list[float]) -> None:
    value = psi(before, now)

    assert value >= 0
    assert np.isfinite(value)
    assert psi(before[::-1], now[::-1]) == value


def test_psi_is_the_sum_over_development_deciles() -> None:
    # One tenth of development in each bin; the riskiest tenth has doubled, the safest has gone.
    recent = np.repeat(np.arange(1.0, 10), [10] * 8 + [20])

    expected = (0.2 - 0.1) * np.log(2) + (1e-4 - 0.1) * np.log(1e-4 / 0.1)

    assert psi(DECILES_OF_TEN, recent) == pytest.approx(expected)


def test_values_that_go_missing_are_a_shift_of_their_own() -> None:
    recent = np.concatenate([DECILES_OF_TEN, np.full(25, np.nan)])

    stayed = 10 * (0.08 - 0.1) * np.log(0.08 / 0.1)
    went_missing = (0.2 - 1e-4) * np.log(0.2 / 1e-4)

    assert psi(DECILES_OF_TEN, recent) == pytest.approx(stayed + went_missing)


def test_a_feature_that_is_all_missing_now_has_shifted_as_far_as_can_be() -> None:
    assert psi(DECILES_OF_TEN, [np.nan, np.nan]) > 0.25


@pytest.mark.parametrize("moved_to", [-5.0, 5.0])
def test_a_constant_feature_that_moves_either_way_has_shifted(moved_to: float) -> None:
    assert psi([0.0] * 50, [moved_to] * 50) > 0.25
    assert psi([0.0] * 50, [0.0] * 70) == 0


def test_a_feature_that_is_mostly_zero_is_compared_at_zero_and_above() -> None:
    before, now = [0.0] * 90 + [3.0] * 10, [0.0] * 80 + [3.0] * 20

    assert psi(before, now) == pytest.approx((0.8 - 0.9) * np.log(0.8 / 0.9) + (0.2 - 0.1) * np.log(2))


def test_values_beyond_those_of_development_fall_in_the_outer_bins() -> None:
    assert psi(DECILES_OF_TEN, np.where(DECILES_OF_TEN == 9, 1e300, DECILES_OF_TEN)) == 0
    assert psi(DECILES_OF_TEN, np.where(DECILES_OF_TEN == 0, -1e300, DECILES_OF_TEN)) == 0


def test_the_critical_value_is_chi_square_with_nine_degrees_for_ten_bins() -> None:
    value = psi_critical_value(np.arange(1000), np.arange(500))

    assert value == pytest.approx((1 / 1000 + 1 / 500) * 16.919, rel=1e-4)


def test_missing_values_add_a_bin_to_the_critical_value() -> None:
    development = np.append(np.arange(999.0), np.nan)

    assert psi_critical_value(development, np.arange(500), level=0.99) == pytest.approx(0.003 * chi2.ppf(0.99, 10))


def test_a_constant_feature_needs_no_excuse_to_shift() -> None:
    assert psi_critical_value([1.0] * 20, [1.0] * 30) == 0


def test_chance_alone_exceeds_the_critical_value_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    samples = [(random.normal(size=1500), random.normal(size=600)) for _ in range(600)]

    exceeded = [psi(*sample) > psi_critical_value(*sample) for sample in samples]

    # Development's own deciles hold exactly a tenth each, yet its sampling error is in the bounds: the theory stands.
    assert np.mean(exceeded) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize(
    ("before", "now", "counts"), [([], [1.0], "0 .* 1"), ([np.nan], [1.0], "0 .* 1"), ([1.0], [], "1 .* 0")]
)
def test_nothing_to_compare_is_refused(before: list[float], now: list[float], counts: str) -> None:
    with pytest.raises(ValueError, match=f"got {counts.replace('.*', 'development values and')} recent rows"):
        psi(before, now)


def test_an_infinite_ratio_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 recent values are infinite; the first is at row 1"):
        psi([1.0, 2.0], [1.0, np.inf])


def test_the_psi_of_a_category_compares_its_shares() -> None:
    before, now = ["制造业"] * 60 + ["建筑业"] * 40, ["制造业"] * 30 + ["建筑业"] * 70

    assert category_psi(before, now) == pytest.approx((0.3 - 0.6) * np.log(0.3 / 0.6) + (0.7 - 0.4) * np.log(0.7 / 0.4))
    assert category_psi(before, before[::-1]) == 0


def test_industries_unknown_to_development_are_one_bin_and_the_missing_another() -> None:
    before = ["C"] * 50 + ["F"] * 40 + [None] * 10
    now = ["C"] * 50 + ["F"] * 20 + ["J"] * 5 + ["K"] * 15 + [None] * 10

    assert category_psi(before, now) == pytest.approx((0.2 - 0.4) * np.log(0.5) + (0.2 - 1e-4) * np.log(0.2 / 1e-4))
    assert category_psi_critical_value(before, now) == pytest.approx(0.02 * chi2.ppf(0.95, 3))


def test_chance_alone_shifts_a_category_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    industries = np.array(["A", "C", "E", "F"])
    samples = [(random.choice(industries, 800), random.choice(industries, 500)) for _ in range(500)]

    exceeded = [category_psi(*sample) > category_psi_critical_value(*sample) for sample in samples]

    assert np.mean(exceeded) == pytest.approx(0.05, abs=0.025)


def test_a_category_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="got 1 development and 0 recent rows"):
        category_psi(["C"], [])
