import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.calibration import AffineCalibration, fit_calibration, log_loss, shift_to_mean


def sample(n=20_000, slope=0.7, level=-3.0, seed=0):
    random = np.random.default_rng(seed)
    margin = random.normal(0, 1.2, n)
    return margin, random.random(n) < expit(slope * margin + level), random.uniform(0.2, 1, n)


def test_the_line_is_the_weighted_logistic_regression_of_default_on_the_margin():
    margin, bad, weight = sample(3000)
    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(margin[:, None], bad, sample_weight=weight)

    line = fit_calibration(margin, bad, weight)

    assert line.slope == pytest.approx(oracle.coef_[0, 0], abs=1e-5)
    assert line.intercept == pytest.approx(oracle.intercept_[0], abs=1e-5)
    assert line.shift == 0
    assert not line.fallback


def test_margins_twice_too_bold_are_halved():
    margin, bad, weight = sample(slope=0.5)

    line = fit_calibration(margin, bad, weight)

    assert line.slope == pytest.approx(0.5, abs=0.05)


def test_margins_far_too_bold_are_still_fitted():
    margin, bad, weight = sample()

    plain, bold = fit_calibration(margin, bad, weight), fit_calibration(50 * margin, bad, weight)

    assert bold.slope == pytest.approx(plain.slope / 50, rel=1e-6)
    assert not bold.fallback


def test_the_mean_pd_equals_the_observed_default_rate_without_a_central_tendency():
    margin, bad, weight = sample()

    pd_12m = expit(fit_calibration(margin, bad, weight).log_odds(margin))

    assert np.average(pd_12m, weights=weight) == pytest.approx(np.average(bad, weights=weight), abs=1e-9)


@given(st.floats(1e-4, 0.9))
def test_the_mean_pd_equals_the_central_tendency(central_tendency):
    margin, bad, weight = sample(500, level=-1.0)

    line = fit_calibration(margin, bad, weight, central_tendency)

    assert np.average(expit(line.log_odds(margin)), weights=weight) == pytest.approx(central_tendency, abs=1e-9)


def test_the_central_tendency_moves_the_level_and_not_the_slope():
    margin, bad, weight = sample()
    observed, shifted = fit_calibration(margin, bad, weight), fit_calibration(margin, bad, weight, 0.2)

    assert (shifted.slope, shifted.intercept) == (observed.slope, observed.intercept)
    assert shifted.shift > 0


def test_the_level_is_named_after_what_it_stands_for():
    margin, bad, weight = sample(500)

    assert fit_calibration(margin, bad, weight).level == "point_in_time"
    assert fit_calibration(margin, bad, weight, 0.03).level == "through_the_cycle"


def test_the_log_loss_counts_each_row_with_its_weight():
    log_odds, bad = np.log([1 / 9, 1.0]), np.array([False, True])

    assert log_loss(log_odds, bad, np.array([3.0, 1.0])) == pytest.approx(-(3 * np.log(0.9) + np.log(0.5)) / 4)


@pytest.mark.parametrize(
    "margin",
    [
        pytest.param(np.array([-2.0, -1.0, 1.0, 2.0]), id="separated"),
        pytest.param(np.array([2.0, 1.0, -1.0, -0.5]), id="falling"),
        pytest.param(np.array([2.0, -0.7, -1.0, 1.0]), id="falling on the whole"),
        pytest.param(np.full(4, -1.5), id="all alike"),
        pytest.param(np.array([-1e6, -1.0, 1.0, 1e6]), id="huge"),
    ],
)
def test_margins_without_a_rising_line_keep_their_slope_and_only_learn_the_level(margin):
    bad, weight = np.array([False, False, True, True]), np.ones(4)

    line = fit_calibration(margin, bad, weight)

    assert line.fallback
    assert line.slope == 1
    assert expit(line.log_odds(margin)).mean() == pytest.approx(0.5, abs=1e-9)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=30), st.floats(1e-6, 1 - 1e-6))
def test_every_mean_pd_can_be_reached_by_one_shift(log_odds, mean_pd):
    values = np.array(log_odds)

    shift = shift_to_mean(values, mean_pd, np.ones(len(values)))

    assert expit(values + shift).mean() == pytest.approx(mean_pd, abs=1e-9)


def test_the_log_odds_are_one_straight_line():
    line = AffineCalibration(slope=2.0, intercept=-1.0, shift=0.5)

    assert line.log_odds(np.array([0.0, 1.0, -3.0])).tolist() == [-0.5, 1.5, -6.5]
