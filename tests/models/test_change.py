"""Why the score changed: every part is told once, and the parts are the whole."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.change import Change, explain_change
from models.default_risk import DefaultRiskModel
from models.explanation import explain
from models.scaling import PointsScale

OLD = ["sv_current_ratio", "pf_roa", "rr_max_dpd_365d", "cx_industry"]
NEW = [*OLD, "lt_defendant_cnt_1y"]


def applicants(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "sv_current_ratio": rng.gamma(4, 0.4, n),
            "pf_roa": rng.normal(0.04, 0.1, n),
            "rr_max_dpd_365d": np.where(rng.random(n) < 0.4, np.nan, rng.gamma(1, 20, n)),
            "cx_industry": rng.choice(["C", "E", "F"], n),
            "lt_defendant_cnt_1y": rng.poisson(0.6, n).astype(float),
        }
    )


def fitted(features: list[str], seed: int, anchor: float = 600.0) -> Bundle:
    X = applicants(3000, seed)
    risk = -2.5 - 4 * X["pf_roa"] - X["sv_current_ratio"] / 3 + X["rr_max_dpd_365d"].fillna(0) / 40
    risk += 0.5 * X["lt_defendant_cnt_1y"]
    bad = pd.Series((np.random.default_rng(seed).random(len(X)) < expit(risk)).astype(int))
    model = DefaultRiskModel(directions=CATALOGUE.directions(features), n_estimators=40, seed=seed, num_threads=1)
    model.fit(X[features], bad)
    return Bundle.from_model(model, scale=PointsScale(anchor_points=anchor), reference={}, fingerprints={})


@pytest.fixture(scope="module")
def old() -> Bundle:
    return fitted(OLD, seed=1)


@pytest.fixture(scope="module")
def new() -> Bundle:
    return fitted(NEW, seed=2)


def whole(change: Change) -> pd.Series:
    return change.data.sum(axis=1) + change.model.sum(axis=1) + change.base


@settings(max_examples=20, deadline=None)
@given(seeds=st.tuples(st.integers(0, 9999), st.integers(0, 9999)), n=st.integers(1, 30))
def test_data_model_and_base_are_the_whole_change_of_the_score(old, new, seeds, n):
    before, now = applicants(n, seeds[0]), applicants(n, seeds[1])

    change = explain_change(old, new, before, now, CATALOGUE)

    assert np.allclose(change.points, new.points(now) - old.points(before), atol=1e-9, rtol=0)
    assert np.allclose(whole(change), change.points, atol=1e-8, rtol=0)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 9999))
def test_each_indicator_s_parts_are_the_change_of_its_contribution(old, new, seed):
    before, now = applicants(12, seed), applicants(12, seed + 1)

    change = explain_change(old, new, before, now, CATALOGUE)

    then, later = explain(old, before, CATALOGUE).indicators, explain(new, now, CATALOGUE).indicators
    for name in later:
        was = then.get(name, 0.0)
        assert np.allclose(change.data[name] + change.model[name], later[name] - was, atol=1e-9, rtol=0)


def test_with_the_same_model_all_of_the_change_is_new_data_and_untouched_indicators_need_not_stay_still(new):
    before = applicants(20, 5)
    now = before.assign(lt_defendant_cnt_1y=before["lt_defendant_cnt_1y"] + 3)

    change = explain_change(new, new, before, now, CATALOGUE)

    assert change.base == 0
    assert (change.model == 0).all(axis=None)
    assert (change.data["litigation"] <= 1e-9).all()
    assert change.data["litigation"].min() < -1


def test_with_the_same_data_all_of_the_change_is_the_new_model(old, new):
    X = applicants(20, 6)

    change = explain_change(old, new, X, X, CATALOGUE)

    assert (change.data == 0).all(axis=None)
    assert np.allclose(change.model.sum(axis=1) + change.base, new.points(X) - old.points(X), atol=1e-8, rtol=0)


def test_an_indicator_that_only_the_new_model_has_is_told_as_model_and_data(old, new):
    before, now = applicants(30, 7), applicants(30, 8)

    change = explain_change(old, new, before, now, CATALOGUE)

    assert "litigation" not in explain(old, before, CATALOGUE).indicators
    assert change.model["litigation"].abs().max() > 0
    assert change.data["litigation"].abs().max() > 0


def test_another_anchor_of_the_points_moves_the_base_alone(old):
    X = applicants(10, 9)
    raised = replace(old, scale=PointsScale(anchor_points=650.0))

    change = explain_change(old, raised, X, X, CATALOGUE)

    assert change.base == pytest.approx(50)
    assert np.allclose(change.model, 0, atol=1e-9)


def test_the_two_scorings_must_be_of_the_same_applicants(old, new):
    with pytest.raises(ValueError, match=r"3 and 2 rows or another order: index both by customer_id"):
        explain_change(old, new, applicants(3, 1), applicants(2, 1), CATALOGUE)
