import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import kstest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from models.metrics.calibration import (
    brier,
    brier_skill,
    calibration_in_the_large,
    calibration_in_the_large_interval,
    calibration_in_the_large_p,
    calibration_slope,
    calibration_slope_interval,
    ece,
    log_loss,
    mce,
    reliability,
    spiegelhalter_z,
)
from models.metrics.checks import NotEstimable

Portfolio = tuple[NDArray[np.int64], NDArray[np.float64]]

THOUSANDTHS = st.integers(1, 999).map(lambda thousandths: thousandths / 1000)
EXTREME = st.sampled_from([1e-300, 1e-15, 1e-6, 0.5, 1 - 1e-6, 1 - 1e-15])


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    """Goods and bads in any order with PDs that tie now and then; some all but certain."""
    goods, bads = draw(st.integers(1, 15)), draw(st.integers(1, 15))
    pds = st.one_of(THOUSANDTHS, EXTREME) if draw(st.booleans()) else THOUSANDTHS
    p_default = draw(st.lists(pds, min_size=goods + bads, max_size=goods + bads))
    return np.array(draw(st.permutations([0] * goods + [1] * bads))), np.array(p_default)


def simulated(n: int, seed: int, intercept: float = 0.0, slope: float = 1.0) -> Portfolio:
    """Outcomes of true log-odds `intercept + slope * logit(PD)`."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-3, 1.2, n)
    defaulted = random.random(n) < expit(intercept + slope * log_odds)
    return defaulted.astype(int), expit(log_odds)


@given(portfolios())
def test_brier_and_log_loss_agree_with_scikit_learn(portfolio: Portfolio) -> None:
    defaulted, p_default = portfolio

    assert brier(defaulted, p_default) == pytest.approx(brier_score_loss(defaulted, p_default))
    if p_default.min() > 1e-15:  # scikit-learn clips there
        both = np.column_stack([1 - p_default, p_default])
        assert log_loss(defaulted, p_default) == pytest.approx(sklearn_log_loss(defaulted, both))


def test_a_customer_of_tiny_pd_who_defaults_is_charged_in_full() -> None:
    assert log_loss([1], [1e-300]) == pytest.approx(300 * np.log(10))


def test_brier_skill_is_negative_for_pds_worse_than_one_rate_for_all() -> None:
    # Rate 1/4: one rate for all scores 3/16, these PDs score (3 * 0.25 + 0.25) / 4.
    assert brier_skill([0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5]) == pytest.approx(1 - 0.25 / (3 / 16))


def test_ece_weighs_each_bins_gap_by_its_customers() -> None:
    # 15 bins of two customers; only the riskiest bin, PD 0.15, differs: both customers defaulted.
    p_default = np.repeat(np.arange(1, 16) / 100, 2)
    defaulted = (p_default == 0.15).astype(int)

    gap_elsewhere = (np.arange(1, 15) / 100).sum() / 15

    assert ece(defaulted, p_default) == pytest.approx(gap_elsewhere + (1 - 0.15) / 15)


def test_ece_has_15_bins_of_equal_count() -> None:
    defaulted, p_default = simulated(600, 5)
    surplus = (defaulted - p_default)[np.argsort(p_default)]

    expected = sum(abs(of_bin.mean()) for of_bin in np.split(surplus, 15)) / 15

    assert ece(defaulted, p_default) == pytest.approx(expected)


@given(portfolios())
def test_equal_pds_share_a_bin_so_ece_cannot_exceed_the_mean_gap_of_single_pds(portfolio: Portfolio) -> None:
    defaulted, p_default = portfolio
    gaps = [abs((defaulted - p_default)[p_default == value].sum()) for value in np.unique(p_default)]

    assert 0 <= ece(defaulted, p_default) <= sum(gaps) / len(p_default) + 1e-12


@given(portfolios())
@settings(max_examples=200)
def test_slope_and_intercept_solve_the_likelihood_equations(portfolio: Portfolio) -> None:
    defaulted, p_default = portfolio
    alpha = calibration_in_the_large(defaulted, p_default)
    bad, good = p_default[defaulted == 1], p_default[defaulted == 0]

    assert expit(alpha + logit(p_default)).sum() == pytest.approx(defaulted.sum(), abs=1e-8)
    assume(bad.min() < good.max() and good.min() < bad.max())
    slope = calibration_slope(defaulted, p_default)
    tilted = expit(slope * logit(p_default))
    shift = calibration_in_the_large(defaulted, tilted.clip(1e-300, 1 - 1e-16))
    fitted = expit(shift + slope * logit(p_default))
    standard = (logit(p_default) - logit(p_default).mean()) / logit(p_default).std()
    assert standard @ (defaulted - fitted) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (0.7, 1.0), (-0.5, 0.6), (0.2, 1.4), (0.0, -0.5)])
def test_the_slope_is_that_of_an_unpenalised_logistic_regression(intercept: float, slope: float) -> None:
    defaulted, p_default = simulated(4000, 1, intercept, slope)
    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit(p_default).reshape(-1, 1), defaulted)

    assert calibration_slope(defaulted, p_default) == pytest.approx(oracle.coef_.item(), rel=1e-5)
    assert calibration_slope(defaulted, p_default) == pytest.approx(slope, abs=0.15)


def test_one_bad_of_absurdly_low_pd_does_not_lose_the_way_to_the_slope() -> None:
    # Undamped, Newton's first step is thrown so far by this customer that the next has nowhere to go.
    log_odds = np.concatenate([[-20.0], np.linspace(-3.1, -2.9, 98), [-2.95]])
    defaulted = np.repeat([1, 0, 1], [1, 98, 1])
    oracle = minimize(
        lambda line: np.logaddexp(0, np.where(defaulted, -1, 1) * (line @ [np.ones(100), log_odds])).sum(), [0, 0]
    )

    assert calibration_slope(defaulted, expit(log_odds)) == pytest.approx(oracle.x[1], rel=1e-4)


def test_pds_at_half_the_true_odds_are_ln_2_too_low_in_the_large() -> None:
    defaulted, p_default = simulated(100_000, 2, intercept=np.log(2))

    assert calibration_in_the_large(defaulted, p_default) == pytest.approx(np.log(2), abs=0.05)


@given(portfolios(), st.floats(-3, 3))
def test_shifting_all_log_odds_shifts_the_intercept_back(portfolio: Portfolio, shift: float) -> None:
    defaulted, p_default = portfolio
    assume(p_default.min() > 1e-9 and p_default.max() < 1 - 1e-9)

    before = calibration_in_the_large(defaulted, p_default)
    after = calibration_in_the_large(defaulted, expit(logit(p_default) + shift))

    assert after == pytest.approx(before - shift, abs=1e-5)


@pytest.mark.parametrize(
    "p_default",
    [[0.01, 0.02, 0.3, 0.4], [0.01, 0.3, 0.3, 0.4], [0.4, 0.3, 0.02, 0.01]],
    ids=["goods below bads", "touching in one PD", "bads below goods"],
)
def test_a_pd_that_separates_goods_from_bads_leaves_no_slope(p_default: list[float]) -> None:
    with pytest.raises(NotEstimable, match=r"one PD separates the 2 goods \(.*\) from the 2 bads.*look for a leak"):
        calibration_slope([0, 0, 1, 1], p_default)


def test_spiegelhalters_z_is_standard_normal_for_calibrated_pds() -> None:
    values = [spiegelhalter_z(*simulated(2000, seed)) for seed in range(400)]

    assert kstest(values, "norm").pvalue > 0.01


def test_spiegelhalters_z_is_large_for_pds_at_half_the_true_odds() -> None:
    assert spiegelhalter_z(*simulated(5000, 3, intercept=np.log(2))) > 2.58


def test_spiegelhalters_z_needs_pds_other_than_one_half() -> None:
    with pytest.raises(NotEstimable, match=r"needs PDs other than 0\.5"):
        spiegelhalter_z([0, 1], [0.5, 0.5])


def test_the_reliability_table_counts_every_customer_once_and_rises_in_pd() -> None:
    defaulted, p_default = simulated(1003, 4)

    table = reliability(defaulted, p_default)

    assert list(table.columns) == ["bin", "n", "mean_pd", "default_rate", "low", "high"]
    assert table["bin"].tolist() == list(range(1, 11))
    assert table["n"].tolist() == [100, 101, 100, 100, 100, 101, 100, 100, 101, 100]
    assert table["n"].sum() == 1003
    assert table["mean_pd"].is_monotonic_increasing
    assert (table["n"] * table["default_rate"]).sum() == pytest.approx(defaulted.sum())
    assert (table["n"] * table["mean_pd"]).sum() == pytest.approx(p_default.sum())
    assert table["default_rate"].between(table["low"], table["high"]).all()


def test_customers_of_equal_pd_stay_in_one_bin_of_the_reliability_table() -> None:
    p_default = [0.01] * 30 + [0.2] * 10

    table = reliability([0] * 30 + [1] * 4 + [0] * 6, p_default)

    assert table["n"].tolist() == [30, 10]
    assert table["bin"].tolist() == [1, 2]
    assert table["mean_pd"].tolist() == pytest.approx([0.01, 0.2])
    assert table["default_rate"].tolist() == pytest.approx([0, 0.4])


def test_a_portfolio_smaller_than_the_number_of_bins_gets_a_bin_a_customer() -> None:
    assert reliability([0, 1, 0], [0.1, 0.2, 0.3])["n"].tolist() == [1, 1, 1]


def test_the_maximum_calibration_error_is_the_worst_bins_gap() -> None:
    defaulted, p_default = simulated(600, 5)
    surplus = (defaulted - p_default)[np.argsort(p_default)]

    expected = max(abs(of_bin.mean()) for of_bin in np.split(surplus, 15))

    assert mce(defaulted, p_default) == pytest.approx(expected)


@given(portfolios())
def test_the_worst_bin_is_at_least_as_far_off_as_the_average_one(portfolio: Portfolio) -> None:
    assert ece(*portfolio) - 1e-12 <= mce(*portfolio) <= 1


def test_the_errors_of_slope_and_level_are_those_of_the_likelihoods_curvature() -> None:
    defaulted, p_default = simulated(800, 6, 0.4, 0.8)
    log_odds = logit(p_default)

    def loss(intercept: float, slope: float) -> float:
        return float(np.logaddexp(0, np.where(defaulted, -1, 1) * (intercept + slope * log_odds)).sum())

    step = 1e-3
    line = minimize(lambda x: loss(*x), [0, 1], tol=1e-10).x
    moves = [(1, 0), (0, 1)]
    curvature = (
        np.array(
            [
                [
                    sum(
                        s * t * loss(*(line + step * (s * np.array(a) + t * np.array(b)) / 2))
                        for s in (1, -1)
                        for t in (1, -1)
                    )
                    for a in moves
                ]
                for b in moves
            ]
        )
        / step**2
    )
    slope = calibration_slope_interval(defaulted, p_default)
    level = calibration_in_the_large_interval(defaulted, p_default)
    bend = (loss(level.value + step, 1) - 2 * loss(level.value, 1) + loss(level.value - step, 1)) / step**2

    assert (slope.high - slope.low) / 2 / 1.959964 == pytest.approx(np.sqrt(np.linalg.inv(curvature)[1, 1]), rel=1e-3)
    assert (level.high - level.low) / 2 / 1.959964 == pytest.approx(bend**-0.5, rel=1e-3)


def test_intervals_of_slope_and_level_cover_the_truth_as_often_as_they_say() -> None:
    samples = [simulated(1500, seed) for seed in range(500)]

    slopes = [calibration_slope_interval(*sample, level=0.9) for sample in samples]
    levels = [calibration_in_the_large_interval(*sample, level=0.9) for sample in samples]

    assert np.mean([e.low <= 1 <= e.high for e in slopes]) == pytest.approx(0.9, abs=0.04)
    assert np.mean([e.low <= 0 <= e.high for e in levels]) == pytest.approx(0.9, abs=0.04)


@given(portfolios())
def test_the_level_is_off_at_5_percent_exactly_when_its_95_percent_interval_leaves_out_0(portfolio: Portfolio) -> None:
    interval = calibration_in_the_large_interval(*portfolio)
    p_value = calibration_in_the_large_p(*portfolio)

    assume(abs(p_value - 0.05) > 1e-9)
    assert (p_value < 0.05) == (not interval.low <= 0 <= interval.high)
