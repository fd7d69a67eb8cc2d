"""Refits: how far the reasons told agree when another sample of customers had been drawn."""

import time

import numpy as np
import pandas as pd
import pytest

from features.dimensions import CATALOGUE
from models.default_risk import DefaultRiskModel
from models.explanation import Explanation
from models.refits import _drawn, agreement, pd_intervals, refit, refits, share_intervals
from models.scaling import PointsScale

INDICATORS = ["payment", "liquidity", "profit", "size"]


def points(*applicants: list[float]) -> pd.DataFrame:
    return pd.DataFrame(list(applicants), columns=INDICATORS, dtype=float)


def test_a_refit_that_tells_the_same_reasons_agrees_in_full() -> None:
    told = points([-40, -20, -10, 6], [30, -12, 8, -5])

    assert agreement(told, [told]) == {"share_tau": 1.0, "sign_agreement": 1.0, "worst_overlap": 1.0}


def test_contributions_too_small_to_be_told_may_change_sign_and_five_points_are_told() -> None:
    told, refitted = points([-40, 5, 4.9, -1]), points([-40, -5, -4.9, 1])

    assert agreement(told, [refitted])["sign_agreement"] == 0.5


def test_two_of_three_worst_indicators_in_common_are_half_of_the_four_named() -> None:
    told, refitted = points([-40, -20, -10, 6]), points([-40, -20, 6, -10])

    assert agreement(told, [refitted])["worst_overlap"] == pytest.approx(2 / 4)


def test_without_a_refit_nobody_claims_agreement() -> None:
    assert np.isnan(list(agreement(points([-40, -20, -10, 6]), []).values())).all()


def test_the_agreement_is_the_median_over_refits_so_that_one_stray_model_does_not_decide() -> None:
    told = points([-40, -20, -10, 6])

    assert agreement(told, [told, told, -told])["sign_agreement"] == 1
    assert agreement(told, [told, -told, -told])["sign_agreement"] == 0


def test_shares_lie_between_those_of_the_refits() -> None:
    even, uneven = pd.DataFrame({"a": [1.0], "b": [-1.0]}), pd.DataFrame({"a": [3.0], "b": [1.0]})

    found = share_intervals([even, uneven], level=0.5)

    assert found.loc["a"].tolist() == pytest.approx([0.5625, 0.6875])
    assert found.loc["b"].tolist() == pytest.approx([0.3125, 0.4375])


def test_a_customers_applications_are_drawn_together_and_as_many_customers_as_there_are() -> None:
    group = pd.Series(["甲", "乙", "甲", "丙", "乙", "甲"], index=[9, 8, 7, 6, 5, 4])

    drawn = group.iloc[_drawn(group, np.random.default_rng(2))]

    times = drawn.value_counts() / group.value_counts()
    assert times.sum() == 3
    assert (times.dropna() % 1 == 0).all()


def test_refits_come_in_the_order_of_their_seeds_whichever_is_ready_first() -> None:
    def slow_first(seed: int) -> Explanation:
        time.sleep(0.05 if seed == 1 else 0)
        return explained([float(seed)])

    assert [found.base_points for found in refits(slow_first, [1, 2, 3], threads=3)] == [1, 2, 3]


def explained(points: list[float]) -> Explanation:
    """An explanation of which the points alone matter; the first is its base too."""
    nothing = pd.DataFrame(index=range(len(points)))
    return Explanation(points[0], nothing, nothing, nothing, pd.Series(points), pd.Series(points), 0.0, 0.0, "tables")


def test_the_pd_of_an_applicant_lies_in_the_spread_of_the_refits_but_for_stray_ones() -> None:
    others = [explained([600.0 + k, 500.0]) for k in range(21)]
    own = pd.Series([640.0, 500.0])

    found = pd_intervals(own, others, PointsScale())

    assert found["low"].tolist() == pytest.approx(PointsScale().pd([649.0, 500.0]).tolist())
    assert found["high"].tolist() == pytest.approx(PointsScale().pd([631.0, 500.0]).tolist())
    assert pd_intervals(own, [], PointsScale()).empty


def test_a_refit_explains_the_applicants_by_another_draw_and_the_same_seed_by_the_same() -> None:
    random = np.random.default_rng(6)
    n = 800
    X = pd.DataFrame({"sv_current_ratio": random.gamma(4, 0.4, n), "pf_roa": random.normal(0.04, 0.1, n)})
    label = (random.random(n) < np.where(X["pf_roa"] < 0, 0.4, 0.1)).astype(int)
    rows = pd.DataFrame({"label": label, "group": np.arange(n) // 2, "weight": 1.0})
    settings = DefaultRiskModel(directions=CATALOGUE.directions(list(X)), learning_rate=0.1, seed=1)

    first, again, other = (refit(settings, 20, X, rows, X.head(50), CATALOGUE, seed) for seed in (1, 1, 2))

    pd.testing.assert_frame_equal(first.indicators, again.indicators)
    assert first.indicators.shape == (50, 2)
    assert not np.allclose(first.indicators, other.indicators)
    assert not np.allclose(first.points, other.points)
