import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from models.scaling import PointsScale, check_pd

SCALE = PointsScale()
pds = st.floats(min_value=1e-9, max_value=1 - 1e-9)


@pytest.mark.parametrize(("pd_12m", "points"), [(1 / 51, 600), (1 / 101, 620), (1 / 26, 580), (0.5, 487.123)])
def test_the_usual_scale_gives_the_points_of_the_scorecard_table(pd_12m, points):
    assert SCALE.points(pd_12m) == pytest.approx(points, abs=5e-4)


def test_the_factor_is_twenty_points_over_ln_two():
    assert SCALE.factor == pytest.approx(28.8539, abs=5e-5)


@given(pds)
def test_doubling_the_odds_of_being_good_adds_twenty_points(pd_12m):
    doubled = expit(logit(pd_12m) - np.log(2))

    assert SCALE.points(doubled) - SCALE.points(pd_12m) == pytest.approx(20, abs=1e-5)


@given(pds)
def test_points_lead_back_to_the_pd_they_came_from(pd_12m):
    assert SCALE.pd(SCALE.points(pd_12m)) == pytest.approx(pd_12m, rel=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8), st.floats(-5, 5))
def test_base_points_plus_contributions_are_the_points_before_rounding(contributions, base):
    whole = SCALE.points_from_log_odds(base + sum(contributions))

    parts = SCALE.points_from_log_odds(base) + SCALE.contribution(contributions).sum()

    assert parts == pytest.approx(whole, abs=1e-9)


def test_what_raises_the_risk_costs_points():
    assert SCALE.contribution(0.1) < 0 < SCALE.contribution(-0.1)


def test_reported_points_are_whole_and_stay_between_300_and_900():
    reported = SCALE.reported([-1e6, 299.4, 600.6, 900.4, 1e6])

    assert reported.tolist() == [300, 300, 601, 900, 900]
    assert reported.dtype == np.int64


def test_a_house_scale_of_its_own_meets_its_anchor():
    house = PointsScale(points_to_double_odds=50, anchor_points=500, anchor_odds=1)

    assert house.points(0.5) == 500
    assert house.points(1 / 3) == pytest.approx(550)


@pytest.mark.parametrize("wrong", [0.0, -20.0, np.inf, np.nan])
def test_a_scale_that_does_not_rise_is_refused(wrong):
    with pytest.raises(ValueError, match="points_to_double_odds must be a positive number"):
        PointsScale(points_to_double_odds=wrong)
    with pytest.raises(ValueError, match="anchor_odds must be a positive number"):
        PointsScale(anchor_odds=wrong)


def test_percentages_passed_as_pds_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"1 of 2 PDs .* the first is 2.5 at row 1.*divide by 100"):
        SCALE.points([0.01, 2.5])


@pytest.mark.parametrize("never", [0.0, 1.0, -0.1, np.nan])
def test_a_pd_of_nought_one_or_unknown_has_no_points(never):
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        check_pd([never])
