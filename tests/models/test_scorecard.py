import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.scorecard import FeatureBins, WoeScorecard

DIRECTIONS = {"days_beyond_terms": 1, "current_ratio": -1}


@pytest.fixture(scope="module")
def scorecard(portfolio):
    return WoeScorecard(directions=DIRECTIONS).fit(portfolio.X, portfolio.defaulted)


@parametrize_with_checks([WoeScorecard(fine_bins=10)])
def test_the_scorecard_keeps_the_promises_of_a_scikit_learn_classifier(estimator, check):
    check(estimator)


def test_the_bins_of_a_feature_by_hand():
    # Up to 1: 40 goods, 10 bads. Up to 2: 30 and 20. Unknown: 30 and 20. All: 100 goods, 50 bads.
    days = np.repeat([1.0, 1.0, 2.0, 2.0, np.nan, np.nan], [40, 10, 30, 20, 30, 20])
    bad = np.repeat([0, 1, 0, 1, 0, 1], [40, 10, 30, 20, 30, 20])

    bins = WoeScorecard(directions={"days": 1}).fit(pd.DataFrame({"days": days}), bad).bins_["days"]

    assert bins.labels == ("(-inf, 1]", "(1, inf]", "missing")
    assert bins.goods.tolist() == [40, 30, 30]
    assert bins.bads.tolist() == [10, 20, 20]
    assert bins.woe == pytest.approx(np.log([0.4 / 0.2, 0.3 / 0.4, 0.3 / 0.4]), abs=0.01)
    assert bins.information_value == pytest.approx(0.2 * np.log(2) + 2 * -0.1 * np.log(0.75), abs=0.01)


def test_the_scorecard_ranks_fresh_customers_nearly_as_well_as_the_truth(scorecard, simulated):
    fresh = simulated(20_000, seed=2)

    log_odds = scorecard.decision_function(fresh.X)

    assert roc_auc_score(fresh.defaulted, log_odds) > roc_auc_score(fresh.defaulted, fresh.true_log_odds) - 0.04
    slope = LogisticRegression(C=np.inf).fit(log_odds[:, None], fresh.defaulted).coef_[0, 0]
    assert slope == pytest.approx(1, abs=0.15)
    assert expit(log_odds).mean() == pytest.approx(fresh.defaulted.mean(), abs=0.012)


def test_the_level_is_that_of_the_rows_fitted_on(scorecard, portfolio):
    assert scorecard.predict_proba(portfolio.X)[:, 1].mean() == pytest.approx(portfolio.defaulted.mean(), abs=1e-6)


def test_coefficients_are_those_of_a_logistic_regression_on_the_woes(scorecard, portfolio):
    matrix = scorecard.encoder_.matrix(portfolio.X)
    risk = np.column_stack([-b.woe[b.place(matrix[:, i])] for i, b in enumerate(scorecard.bins_.values())])

    oracle = LogisticRegression(C=1.0, tol=1e-12, max_iter=5000).fit(risk, portfolio.defaulted)

    assert (oracle.coef_ > 0).all()
    assert scorecard.coef_ == pytest.approx(oracle.coef_[0], abs=1e-4)
    assert scorecard.intercept_ == pytest.approx(oracle.intercept_[0], abs=1e-4)


def test_a_feature_that_only_repeats_another_cannot_turn_the_sign_of_its_bins():
    random = np.random.default_rng(4)
    late = random.normal(size=2000)
    X = pd.DataFrame({"late": late, "late_again": late + random.normal(size=2000)})
    bad = random.random(2000) < expit(2 * late - 1 - 0.7 * (X["late_again"] - late))

    scorecard = WoeScorecard().fit(X, bad)

    assert scorecard.coef_[0] > 0
    assert scorecard.coef_[1] == 0


@given(st.data())
@settings(max_examples=40)
def test_risk_runs_in_the_direction_over_bins_that_are_large_enough(data):
    size = data.draw(st.integers(10, 60))
    values = data.draw(
        st.lists(st.sampled_from([-1e300, -3.0, 0.0, 1.0, 2.0, 5.5, np.nan]), min_size=size, max_size=size)
    )
    bad = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    bad[:2] = [True, False]
    direction = data.draw(st.sampled_from([1, -1]))
    X = pd.DataFrame({"value": np.array(values)})

    scorecard = WoeScorecard(directions={"value": direction}, smallest_share=0.1).fit(X, bad)

    bins = scorecard.bins_["value"]
    sizes = (bins.goods + bins.bads)[:-1]
    assert (-direction * np.diff(bins.woe[:-1]) > 0).all()
    assert sizes.size == 1 or sizes.min() >= 0.1 * size
    assert (bins.goods.sum(), bins.bads.sum()) == ((~bad).sum(), bad.sum())
    steps = scorecard.decision_function(pd.DataFrame({"value": np.linspace(-4, 7, 50)}))
    assert (direction * np.diff(steps) >= -1e-12).all()


def test_without_a_direction_the_data_choose_the_one_that_tells_more(simulated):
    fresh = simulated(4000, seed=7)
    free = WoeScorecard().fit(fresh.X, fresh.defaulted)

    assert (np.diff(free.bins_["days_beyond_terms"].woe[:-1]) < 0).all()
    assert (np.diff(free.bins_["current_ratio"].woe[:-1]) > 0).all()


def test_a_direction_that_the_data_deny_leaves_one_bin_that_says_nothing(simulated):
    fresh = simulated(4000, seed=8)

    wrong = WoeScorecard(directions={"days_beyond_terms": -1}).fit(fresh.X[["days_beyond_terms"]], fresh.defaulted)

    bins = wrong.bins_["days_beyond_terms"]
    assert bins.labels == ("(-inf, inf]", "missing")
    assert bins.woe == pytest.approx([0, 0], abs=1e-12)


def test_customers_without_a_value_are_a_bin_of_their_own(scorecard, portfolio):
    bins = scorecard.bins_["current_ratio"]

    missing = portfolio.X["current_ratio"].isna()
    assert bins.labels[-1] == "missing"
    assert bins.bads[-1] == portfolio.defaulted[missing].sum()
    assert bins.goods[-1] == missing.sum() - portfolio.defaulted[missing].sum()


def test_a_value_missing_for_the_first_time_says_nothing(scorecard, portfolio):
    table = scorecard.table()
    unseen = table[(table["feature"] == "days_beyond_terms") & (table["bin"] == "missing")].iloc[0]

    assert unseen["n"] == 0
    assert (unseen["woe"], unseen["log_odds"]) == (0, 0)
    assert np.isnan(unseen["bad_rate"])
    assert np.isfinite(scorecard.decision_function(portfolio.X.assign(days_beyond_terms=np.nan))).all()


def test_rare_industries_share_a_bin_and_unseen_ones_score_as_unknown():
    industry = ["制造业"] * 60 + ["建筑业"] * 36 + ["农业"] * 2 + ["渔业"] * 2
    bad = np.arange(100) % 3 == 0

    scorecard = WoeScorecard().fit(pd.DataFrame({"industry": industry}), bad)
    scores = scorecard.decision_function(pd.DataFrame({"industry": ["农业", "渔业", "采矿业", None]}))

    assert scorecard.bins_["industry"].labels == ("制造业", "建筑业", "other", "missing")
    assert scores[0] == scores[1]
    assert scores[2] == scores[3] == scorecard.intercept_


def test_a_column_that_nobody_has_says_nothing(portfolio):
    X = portfolio.X[["days_beyond_terms"]].assign(empty=np.nan, note=None)

    scorecard = WoeScorecard().fit(X, portfolio.defaulted)

    assert scorecard.bins_["empty"].labels == ("(-inf, inf]", "missing")
    assert scorecard.coef_[1:].tolist() == [0, 0]


def test_the_table_adds_up_to_the_score(scorecard, portfolio):
    table = scorecard.table().set_index(["feature", "bin"])["log_odds"]
    customer = portfolio.X.iloc[[5]]
    matrix = scorecard.encoder_.matrix(customer)

    parts = [
        table[name, bins.labels[bins.place(matrix[:, place])[0]]]
        for place, (name, bins) in enumerate(scorecard.bins_.items())
    ]

    assert scorecard.intercept_ + sum(parts) == pytest.approx(scorecard.decision_function(customer)[0])


def test_the_table_counts_every_customer_once_a_feature(scorecard, portfolio):
    by_feature = scorecard.table().groupby("feature")

    assert (by_feature["n"].sum() == len(portfolio.X)).all()
    assert (by_feature["bads"].sum() == portfolio.defaulted.sum()).all()
    assert by_feature["share"].sum().tolist() == pytest.approx([1, 1, 1, 1])
    assert (by_feature["information_value"].first() >= 0).all()
    assert by_feature["information_value"].first()["days_beyond_terms"] > 0.1


def test_a_customer_of_weight_two_is_two_customers(portfolio):
    weight = np.random.default_rng(1).integers(0, 3, len(portfolio.defaulted))
    twice = np.repeat(np.arange(len(weight)), weight)

    weighted = WoeScorecard().fit(portfolio.X, portfolio.defaulted, sample_weight=weight)
    repeated = WoeScorecard().fit(portfolio.X.iloc[twice], portfolio.defaulted[twice])

    assert weighted.table().drop(columns="log_odds").equals(repeated.table().drop(columns="log_odds"))
    assert weighted.coef_ == pytest.approx(repeated.coef_, abs=1e-6)


def test_the_same_customers_in_any_order_give_the_same_bins_and_the_same_order_the_same_bits(scorecard, portfolio):
    shuffled = np.random.default_rng(2).permutation(len(portfolio.defaulted))

    again = clone(scorecard).fit(portfolio.X, portfolio.defaulted)
    reordered = clone(scorecard).fit(portfolio.X.iloc[shuffled], portfolio.defaulted[shuffled])

    assert (again.coef_ == scorecard.coef_).all()
    assert again.table().equals(scorecard.table())
    assert reordered.coef_ == pytest.approx(scorecard.coef_, abs=1e-6)
    assert reordered.table()["n"].equals(scorecard.table()["n"])


def test_a_bin_of_goods_alone_is_very_safe_but_not_infinitely():
    bins = FeatureBins(("a", "missing"), np.empty(0), None, np.array([50.0, 50.0]), np.array([0.0, 10.0]))

    assert bins.woe[0] == pytest.approx(np.log((0.5 + 0.5 / 110) / (0.5 / 110)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"directions": {"curent_ratio": -1}}, "directions name columns that X does not have: curent_ratio"),
        ({"directions": {"age_years": 2}}, "direction of 'age_years' must be -1, 0 or 1, got 2"),
        ({"directions": {"industry": 1}}, "'industry' is a category and has no order: give it direction 0"),
        ({"smallest_share": 5}, "smallest_share == 5, must be <= 0.5"),
        ({"fine_bins": 1}, "fine_bins == 1, must be >= 2"),
        ({"ridge": -1}, "ridge == -1, must be >= 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(portfolio, changed, message):
    with pytest.raises(ValueError, match=message):
        WoeScorecard(**changed).fit(portfolio.X, portfolio.defaulted)


def test_one_class_only_is_refused(portfolio):
    with pytest.raises(ValueError, match="a scorecard needs goods and bads; got 3000 rows of one class only"):
        WoeScorecard().fit(portfolio.X, np.zeros(3000))


def test_a_feature_missing_when_scoring_is_named(scorecard, portfolio):
    with pytest.raises(ValueError, match="missing from the columns: industry"):
        scorecard.predict_proba(portfolio.X.drop(columns="industry"))
