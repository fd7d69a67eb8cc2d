"""Counterfactuals: what is told really gives the grade, moves only what the customer can change, and no further than needed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.counterfactual import (
    BEST,
    MOST_CHANGES,
    REACHED,
    TOO_MANY,
    UNREACHABLE,
    counterfactuals,
    moves,
    next_grades,
)
from models.default_risk import DefaultRiskModel
from models.grades import GRADES
from models.scaling import PointsScale

ACTIONABLE = [
    "rr_overdue_ratio_now",
    "ds_line_utilisation",
    "co_over_limit_days_365d",
    "cp_tax_grade_ord",
    "mg_certification_cnt",
]
FEATURES = [*ACTIONABLE, "pf_roa", "cx_industry", "cx_log_requested_limit"]


def applicants(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "rr_overdue_ratio_now": rng.beta(1, 4, n),
            "ds_line_utilisation": rng.uniform(0, 1.2, n),
            "co_over_limit_days_365d": np.floor(rng.gamma(1, 40, n)),
            "cp_tax_grade_ord": rng.integers(0, 4, n).astype(float),
            "mg_certification_cnt": rng.integers(0, 5, n).astype(float),
            "pf_roa": rng.normal(0.04, 0.1, n),
            "cx_industry": rng.choice(["C", "E", "F"], n),
            "cx_log_requested_limit": rng.normal(13, 1, n),
        }
    )
    for name in ACTIONABLE:
        X.loc[rng.random(n) < 0.1, name] = np.nan
    return X


@pytest.fixture(scope="module")
def development() -> pd.DataFrame:
    return applicants(4000, seed=3)


@pytest.fixture(scope="module")
def bundle(development: pd.DataFrame) -> Bundle:
    known = development.fillna(0.0)
    risk = -4 + 4 * known["rr_overdue_ratio_now"] + 2 * known["ds_line_utilisation"] - 5 * known["pf_roa"]
    risk += (
        known["co_over_limit_days_365d"] / 60 + 0.4 * known["cp_tax_grade_ord"] - 0.3 * known["mg_certification_cnt"]
    )
    defaulted = pd.Series((np.random.default_rng(4).random(len(risk)) < expit(risk)).astype(int))
    model = DefaultRiskModel(
        directions=CATALOGUE.directions(FEATURES), n_estimators=60, learning_rate=0.1, seed=1, num_threads=1
    )
    return Bundle.from_model(model.fit(development, defaulted), scale=PointsScale(), reference={}, fingerprints={})


@pytest.fixture(scope="module")
def allowed(bundle: Bundle, development: pd.DataFrame):
    return moves(bundle, development, CATALOGUE)


def changed(X: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    moved = X.copy().reset_index(drop=True)
    for change in changes.itertuples():
        moved.loc[change.row, change.feature] = change.after
    return moved


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 40))
def test_the_changes_told_give_the_grade_told_when_the_changed_applicant_is_scored(bundle, allowed, seed, n):
    X = applicants(n, seed)

    found = counterfactuals(bundle, X, allowed)

    moved, told = changed(X, found.changes), found.scenarios.reset_index(drop=True)
    assert np.array_equal(bundle.pd(moved), told["pd_after"])
    assert list(bundle.grade(moved)) == list(told["grade_after"])
    reached = told[told["status"] == REACHED]
    places = {grade: place for place, grade in enumerate(GRADES)}
    assert (reached["grade_after"].map(places) <= reached["target"].map(places)).all()
    assert set(found.changes["row"]) == set(reached.index)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_one_whole_step_less_of_any_change_misses_the_grade(bundle, allowed, seed):
    X = applicants(30, seed)
    found = counterfactuals(bundle, X, allowed)
    rules = {move.feature: move for move in allowed}

    for change in found.changes.itertuples():
        mine = found.changes[found.changes["row"] == change.row]
        step = rules[change.feature].step * rules[change.feature].sign
        back = change.after - step
        # A value that reads like the applicant's own is no step at all.
        reads_differently = round(back / abs(step)) * step > round(change.before / abs(step)) * step
        less = back if reads_differently else change.before
        nearly = changed(X, mine).iloc[[change.row]].assign(**{change.feature: less})
        assert GRADES.index(bundle.grade(nearly)[0]) > GRADES.index(found.scenarios["target"].iloc[change.row])


def test_only_what_the_customer_can_change_is_moved_towards_less_risk_and_not_beyond_what_others_reach(
    bundle, allowed, development
):
    X = applicants(600, seed=9)

    changes = counterfactuals(bundle, X, allowed).changes

    assert set(changes["feature"]) <= set(ACTIONABLE)
    assert len(changes) > 100
    for name, rows in changes.groupby("feature"):
        direction = CATALOGUE.feature(name).direction
        assert ((rows["after"] - rows["before"]) * direction < 0).all()
        good_end = development[name].quantile(0.05 if direction > 0 else 0.95)
        assert ((rows["after"] - good_end) * direction >= 0).all()
    assert changes.groupby("row").size().max() <= MOST_CHANGES


def test_counts_days_and_grades_are_told_whole_and_ratios_in_tenths_of_a_percent(bundle, allowed):
    changes = counterfactuals(bundle, applicants(600, seed=11), allowed).changes

    ratios = changes["feature"].map(lambda name: CATALOGUE.feature(name).unit == "ratio")

    assert (changes.loc[~ratios, "after"] % 1 == 0).all()
    assert np.allclose(changes.loc[ratios, "after"] * 1000 % 1 % 0.999999, 0, atol=1e-5)
    assert (changes.loc[ratios, "after"].round(3) != changes.loc[ratios, "before"].round(3)).all()


def test_a_value_that_is_not_known_is_not_moved(bundle, allowed):
    X = applicants(50, seed=5)
    X[ACTIONABLE] = np.nan

    found = counterfactuals(bundle, X, allowed)

    assert found.changes.empty
    assert set(found.scenarios["status"]) <= {UNREACHABLE, BEST}


def test_an_applicant_beyond_help_is_told_so_and_stays_as_it_is(bundle, allowed):
    X = applicants(200, seed=6)

    found = counterfactuals(bundle, X, allowed, np.full(len(X), "R1", dtype=object))

    lost = found.scenarios[found.scenarios["status"].isin([UNREACHABLE, TOO_MANY])]
    assert len(lost) > 50
    assert (lost["pd_before"] == lost["pd_after"]).all()
    assert not set(lost.index) & set(found.changes["row"])


def test_more_than_three_changes_are_told_from_not_at_all(bundle, development):
    """With one move allowed of two needed, the other names what is missing."""
    worst = applicants(1, seed=1).assign(
        rr_overdue_ratio_now=0.9,
        ds_line_utilisation=1.2,
        co_over_limit_days_365d=300.0,
        cp_tax_grade_ord=3.0,
        mg_certification_cnt=0.0,
        pf_roa=0.05,
    )
    allowed = moves(bundle, development, CATALOGUE)
    everything = worst.assign(**{move.feature: move.end for move in allowed})
    best = bundle.grade(everything)

    found = counterfactuals(bundle, worst, allowed, best)

    assert found.scenarios["status"].tolist() == [TOO_MANY]
    beyond = np.array([GRADES[GRADES.index(best[0]) - 1]], dtype=object)
    assert counterfactuals(bundle, worst, allowed, beyond).scenarios["status"].tolist() == [UNREACHABLE]


def test_the_best_grade_asks_for_nothing_and_an_applicant_already_there_neither(bundle, allowed):
    X = applicants(40, seed=8)

    found = counterfactuals(bundle, X, allowed, np.full(len(X), "R10", dtype=object))

    assert next_grades(np.array(["R1", "R2", "R10"], dtype=object)).tolist() == ["", "R1", "R9"]
    assert found.scenarios["status"].eq(BEST).all()
    assert counterfactuals(bundle, X.head(0), allowed).scenarios.empty


def test_a_feature_that_this_model_does_not_hold_monotone_is_not_offered(bundle, development):
    free = {**bundle.directions, "ds_line_utilisation": 0}

    offered = moves(replace(bundle, directions=free), development, CATALOGUE)

    assert [m.feature for m in offered] == [name for name in ACTIONABLE if name != "ds_line_utilisation"]


def test_the_end_of_a_move_is_a_whole_step_inside_the_range_and_zero_has_no_sign(allowed, development):
    ends = {m.feature: m.end for m in allowed}

    assert ends["ds_line_utilisation"] >= development["ds_line_utilisation"].quantile(0.05)
    assert ends["mg_certification_cnt"] <= development["mg_certification_cnt"].quantile(0.95)
    assert str(ends["cp_tax_grade_ord"]) == "0.0"


def test_a_step_is_as_fine_as_the_report_tells_the_value(allowed, bundle, development):
    steps = {m.feature: m.step for m in allowed}
    many = moves(
        replace(bundle, directions={**bundle.directions, "ds_debt_to_revenue": 1}),
        development.assign(ds_debt_to_revenue=1.0),
        CATALOGUE,
    )

    assert steps["ds_line_utilisation"] == 0.001
    assert steps["co_over_limit_days_365d"] == 1
    assert {m.feature: m.step for m in many}["ds_debt_to_revenue"] == 0.01


def test_an_applicant_whose_pd_lies_on_the_bound_of_the_grade_wanted_has_it_and_asks_for_nothing(bundle, allowed):
    X = applicants(200, 9)
    pd_12m, bounds = bundle.pd(X), bundle.grades.bounds
    row = int(np.flatnonzero((pd_12m > bounds[2]) & (pd_12m < bounds[4]))[0])
    place = int(np.searchsorted(bounds, pd_12m[row]))
    on_the_bound = replace(bundle.grades, bounds=(*bounds[:place], float(pd_12m[row]), *bounds[place + 1 :]))

    found = counterfactuals(
        replace(bundle, grades=on_the_bound), X.iloc[[row]], allowed, np.array([GRADES[place]], dtype=object)
    )

    assert found.scenarios["grade_after"].tolist() == [GRADES[place]]
    assert found.scenarios["status"].tolist() == [BEST]
    assert found.changes.empty


def test_a_newer_statement_makes_it_whole_years_younger_and_nothing_in_between():
    rng = np.random.default_rng(5)
    X = pd.DataFrame(
        {"fh_statement_age_days": rng.integers(110, 760, 4000).astype(float), "pf_roa": rng.normal(0.04, 0.1, 4000)}
    )
    risk = -4 + X["fh_statement_age_days"] / 200 - 5 * X["pf_roa"]
    defaulted = pd.Series((rng.random(4000) < expit(risk)).astype(int))
    model = DefaultRiskModel(directions=CATALOGUE.directions(list(X)), n_estimators=60, seed=1, num_threads=1)
    fitted = Bundle.from_model(model.fit(X, defaulted), scale=PointsScale(), reference={}, fingerprints={})

    found = counterfactuals(fitted, X, moves(fitted, X, CATALOGUE))

    years = (found.changes["before"] - found.changes["after"]) / 365
    assert set(years) == {1.0}
    assert found.changes["after"].min() >= X["fh_statement_age_days"].quantile(0.05)
    reached = found.scenarios["status"] == REACHED
    assert found.changes["row"].tolist() == np.flatnonzero(reached).tolist()
    told = fitted.grade(changed(X, found.changes))[reached]
    # A whole year may lead further than the next grade.
    assert (told == found.scenarios.loc[reached, "grade_after"]).all()
    wanted = [GRADES.index(grade) for grade in found.scenarios.loc[reached, "target"]]
    assert (np.array([GRADES.index(grade) for grade in told]) <= wanted).all()
