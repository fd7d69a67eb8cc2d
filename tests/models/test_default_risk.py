import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.default_risk import DefaultRiskModel

FOLDS_DEPEND_ON_ROWS = (
    "a row of weight 0 or 2 is still one row to the folds and to LightGBM's count of rows in a leaf, so weights and "
    "repetitions give different trees"
)


@parametrize_with_checks(
    [
        DefaultRiskModel(
            n_estimators=20, early_stopping_rounds=5, n_folds=2, n_seeds=1, min_child_samples=3, learning_rate=0.3
        )
    ],
    expected_failed_checks=lambda _: {"check_sample_weight_equivalence_on_dense_data": FOLDS_DEPEND_ON_ROWS},
)
def test_the_model_keeps_the_promises_of_a_scikit_learn_classifier(estimator, check):
    check(estimator)


def test_two_fits_give_the_same_bytes_whatever_the_number_of_threads(portfolio, fitted, quick_model):
    again = quick_model(num_threads=2).fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)

    assert again.booster_.model_to_string() == fitted.booster_.model_to_string()
    assert again.calibration_ == fitted.calibration_
    assert (again.decision_function(portfolio.X) == fitted.decision_function(portfolio.X)).all()


def test_the_seed_draws_the_folds(portfolio, quick_model):
    whole = {"subsample": 1.0, "colsample": 1.0}
    first, other = (quick_model(seed=s, **whole).fit(portfolio.X, portfolio.defaulted) for s in (0, 1))

    assert (first.out_of_fold_margin_ != other.out_of_fold_margin_).any()


def test_the_seed_draws_the_rows_and_columns_of_each_tree(portfolio, quick_model):
    short = {"n_estimators": 2, "early_stopping_rounds": 2}
    first, other = (quick_model(seed=s, **short).fit(portfolio.X, portfolio.defaulted) for s in (0, 1))

    matrix = first.encoder_.matrix(portfolio.X)
    assert first.best_iteration_ == other.best_iteration_ == 2
    assert (first.booster_.predict(matrix) != other.booster_.predict(matrix)).any()


def test_the_log_odds_are_slope_times_margin_plus_intercept_plus_shift(portfolio, fitted):
    margin = fitted.booster_.predict(fitted.encoder_.matrix(portfolio.X), raw_score=True)

    log_odds = fitted.decision_function(portfolio.X)

    np.testing.assert_allclose(log_odds, fitted.slope_ * margin + fitted.intercept_ + fitted.shift_, rtol=1e-13)
    np.testing.assert_allclose(fitted.predict_proba(portfolio.X)[:, 1], expit(log_odds), rtol=1e-13)


def test_pds_of_fresh_customers_are_calibrated_and_rank_them(fitted, simulated):
    fresh = simulated(20_000, seed=2)
    log_odds = fitted.decision_function(fresh.X)

    slope = LogisticRegression(C=np.inf).fit(log_odds[:, None], fresh.defaulted).coef_[0, 0]

    assert slope == pytest.approx(1, abs=0.12)
    assert expit(log_odds).mean() == pytest.approx(fresh.defaulted.mean(), abs=0.012)
    assert roc_auc_score(fresh.defaulted, log_odds) > roc_auc_score(fresh.defaulted, fresh.true_log_odds) - 0.03


def test_the_margin_out_of_fold_is_that_of_trees_that_never_saw_the_customer(portfolio, quick_model):
    copies = np.tile(np.arange(300), 10)  # ten rows a customer: trees that saw one row know the other nine
    X, lucky = portfolio.X.iloc[copies], np.random.default_rng(0).integers(0, 2, 300)[copies]
    flexible = quick_model(directions=None, min_child_samples=2, num_leaves=63, max_depth=-1, learning_rate=0.3)

    honest = flexible.fit(X, lucky, groups=copies).out_of_fold_margin_
    leaking = flexible.fit(X, lucky).out_of_fold_margin_

    assert roc_auc_score(lucky, honest) < 0.6
    assert roc_auc_score(lucky, leaking) > 0.9


def calibrated_loss(model, bad):
    log_odds = model.calibration_.log_odds(model.out_of_fold_margin_)
    return log_loss(bad, expit(log_odds))


def test_no_other_number_of_trees_has_better_calibrated_margins_out_of_fold(portfolio, fitted, quick_model):
    """Early stopping on raw margins ends the folds; the model stops where its PDs, calibrated, are best."""
    assert fitted.best_iteration_ == fitted.booster_.num_trees()
    assert len(fitted.fold_scores_) == fitted.n_folds
    assert all(0 < score.log_loss < np.log(2) for score in fitted.fold_scores_)
    for trees in (5, 10, 20, 30):
        other = quick_model(n_estimators=trees, early_stopping_rounds=trees)
        other.fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)
        assert calibrated_loss(fitted, portfolio.defaulted) <= calibrated_loss(other, portfolio.defaulted) + 1e-12


def test_the_margin_of_seeds_is_the_mean_of_theirs(portfolio, quick_model):
    several = quick_model(n_seeds=3).fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)
    matrix = several.encoder_.matrix(portfolio.X)
    trees = several.best_iteration_
    runs = [
        several.booster_.predict(matrix, raw_score=True, start_iteration=start, num_iteration=trees)
        for start in range(0, 3 * trees, trees)
    ]

    assert several.booster_.num_trees() == 3 * trees
    np.testing.assert_allclose(several.booster_.predict(matrix, raw_score=True), sum(runs), atol=1e-12)
    assert (runs[0] != runs[1]).any()
    assert (runs[1] != runs[2]).any()


def test_contributions_of_several_seeds_still_add_up_to_the_margin(portfolio, quick_model):
    several = quick_model(n_seeds=3).fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)
    matrix = several.encoder_.matrix(portfolio.X)

    contributions = several.booster_.predict(matrix, pred_contrib=True)

    margin = several.booster_.predict(matrix, raw_score=True)
    np.testing.assert_allclose(contributions.sum(axis=1), margin, atol=1e-12)


def test_several_seeds_give_the_same_bytes_whatever_the_number_of_threads(portfolio, quick_model):
    one, two = (quick_model(n_seeds=2, num_threads=threads).fit(portfolio.X, portfolio.defaulted) for threads in (1, 2))

    assert one.booster_.model_to_string() == two.booster_.model_to_string()
    assert one.calibration_ == two.calibration_


def test_seeds_without_anything_to_draw_are_all_alike(portfolio, quick_model):
    whole = {"subsample": 1.0, "colsample": 1.0}
    single, several = (quick_model(n_seeds=n, **whole).fit(portfolio.X, portfolio.defaulted) for n in (1, 2))

    np.testing.assert_allclose(
        several.decision_function(portfolio.X), single.decision_function(portfolio.X), atol=1e-12
    )


NAMES = ["days beyond terms", "ratio[x]:1", '工业, "C26"', "{age}"]


def test_columns_may_have_any_name(portfolio, fitted, quick_model):
    renamed = portfolio.X.set_axis(NAMES, axis=1)
    directions = {NAMES[0]: 1, NAMES[1]: -1}

    odd = quick_model(directions=directions).fit(renamed, portfolio.defaulted, groups=portfolio.customer)

    assert (odd.decision_function(renamed) == fitted.decision_function(portfolio.X)).all()
    assert odd.feature_names_in_.tolist() == NAMES


def test_the_mean_out_of_fold_pd_equals_the_central_tendency(portfolio, quick_model):
    weight = np.random.default_rng(0).uniform(0.1, 1, len(portfolio.defaulted))
    model = quick_model(central_tendency=0.03)

    model.fit(portfolio.X, portfolio.defaulted, sample_weight=weight)

    pd_12m = expit(model.calibration_.log_odds(model.out_of_fold_margin_))
    assert np.average(pd_12m, weights=weight) == pytest.approx(0.03, abs=1e-9)
    assert model.shift_ < 0


def test_the_central_tendency_leaves_trees_and_ranking_alone(portfolio, fitted, quick_model):
    shifted = quick_model(central_tendency=0.03).fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)

    assert shifted.booster_.model_to_string() == fitted.booster_.model_to_string()
    moved = shifted.decision_function(portfolio.X) - fitted.decision_function(portfolio.X)
    np.testing.assert_allclose(moved, shifted.shift_, rtol=1e-9)


@settings(max_examples=60)
@given(
    row=st.integers(0, 2999),
    higher=st.floats(0, 500),
    feature=st.sampled_from(["days_beyond_terms", "current_ratio"]),
)
def test_a_worse_value_never_lowers_the_pd(portfolio, fitted, row, higher, feature):
    customer = portfolio.X.iloc[[row]].fillna({"current_ratio": 0.0})
    raised = customer.assign(**{feature: customer[feature] + higher})

    change = fitted.decision_function(raised) - fitted.decision_function(customer)

    assert change[0] * fitted.directions[feature] >= 0


def test_without_its_constraint_the_same_data_break_the_direction(simulated, quick_model):
    noisy = simulated(600, seed=3)
    free = quick_model(directions=None, min_child_samples=2).fit(noisy.X, noisy.defaulted)
    path = pd.concat([noisy.X.iloc[[0]]] * 200).assign(days_beyond_terms=np.linspace(-20, 60, 200))

    assert (np.diff(free.decision_function(path)) < 0).any()


def test_weights_move_the_level_of_trees_and_calibration(portfolio, quick_model):
    only_bads = np.where(portfolio.defaulted == 1, 3.0, 1.0)

    plain = quick_model().fit(portfolio.X, portfolio.defaulted)
    heavy = quick_model().fit(portfolio.X, portfolio.defaulted, sample_weight=only_bads)

    level = heavy.decision_function(portfolio.X).mean() - plain.decision_function(portfolio.X).mean()
    of_the_trees = heavy.out_of_fold_margin_.mean() - plain.out_of_fold_margin_.mean()
    assert level == pytest.approx(np.log(3), abs=0.25)
    assert of_the_trees == pytest.approx(np.log(3), abs=0.25)


def test_columns_are_found_by_name_and_unseen_industries_are_counted(portfolio, fitted):
    shuffled = portfolio.X[["industry", "age_years", "current_ratio", "days_beyond_terms"]].assign(note="备注")

    assert (fitted.decision_function(shuffled) == fitted.decision_function(portfolio.X)).all()
    assert fitted.unseen_categories(portfolio.X.assign(industry="采矿业")) == {"industry": 3000}
    assert fitted.categories_ == {"industry": ("制造业", "建筑业", "批发和零售业")}
    assert fitted.feature_names_in_.tolist() == portfolio.X.columns.tolist()


def test_an_unseen_industry_scores_as_an_unknown_one(portfolio, fitted):
    unseen = fitted.decision_function(portfolio.X.assign(industry="采矿业"))
    unknown = fitted.decision_function(portfolio.X.assign(industry=None))

    assert (unseen == unknown).all()


def test_each_fold_tells_the_log_what_it_found(portfolio, quick_model, caplog):
    with caplog.at_level(logging.INFO, logger="models.default_risk"):
        quick_model().fit(portfolio.X, portfolio.defaulted)

    assert [message.split(":")[0] for message in caplog.messages] == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]


def test_noise_teaches_no_more_than_the_default_rate(portfolio, quick_model):
    shuffled = np.random.default_rng(5).permutation(portfolio.defaulted)

    model = quick_model().fit(portfolio.X, shuffled)

    assert model.best_iteration_ >= 1
    assert model.predict_proba(portfolio.X)[:, 1].mean() == pytest.approx(shuffled.mean(), abs=0.02)


def test_classes_may_have_names_and_the_greater_is_default(portfolio, fitted, quick_model):
    named = quick_model().fit(portfolio.X, np.where(portfolio.defaulted, "bad", "a good"), groups=portfolio.customer)

    assert named.classes_.tolist() == ["a good", "bad"]
    assert (named.decision_function(portfolio.X) == fitted.decision_function(portfolio.X)).all()
    assert set(named.predict(portfolio.X)) == {"a good", "bad"}


def test_one_class_only_is_refused(portfolio, quick_model):
    with pytest.raises(ValueError, match=r"needs goods and bads; got 3000 rows of one class only"):
        quick_model().fit(portfolio.X, np.zeros(3000))


def test_unknown_outcomes_are_refused(portfolio, quick_model):
    with pytest.raises(ValueError, match="Input y contains NaN"):
        quick_model().fit(portfolio.X, np.where(portfolio.customer == 0, np.nan, portfolio.defaulted))


def test_fewer_bads_than_folds_are_refused(portfolio, quick_model):
    two_bads = np.zeros(3000)
    two_bads[:2] = 1

    with pytest.raises(ValueError, match=r"3 folds need at least 3 rows with bads .*; got 2\. Lower n_folds"):
        quick_model().fit(portfolio.X, two_bads)


def test_bads_of_too_few_customers_are_refused(portfolio, quick_model):
    one_customer = np.zeros(3000)
    one_customer[:10] = 1

    with pytest.raises(ValueError, match=r"3 folds need at least 3 groups with bads .*; got 1"):
        quick_model().fit(portfolio.X, one_customer, groups=np.arange(3000) // 10)


def test_a_feature_missing_when_scoring_is_named(portfolio, fitted):
    with pytest.raises(ValueError, match="missing from the columns: industry"):
        fitted.predict_proba(portfolio.X.drop(columns="industry"))


def test_a_plain_array_cannot_stand_for_a_frame_with_categories(portfolio, fitted):
    with pytest.raises(ValueError, match=r"has categories \(industry\): pass a DataFrame"):
        fitted.predict_proba(portfolio.X.to_numpy())


def test_infinite_values_are_named_when_fitting_arrays_too(quick_model):
    X = np.zeros((100, 2))
    X[:3, 1] = np.inf

    with pytest.raises(ValueError, match=r"infinite values in x1 \(3 rows\)"):
        quick_model(directions=None).fit(X, np.arange(100) % 2)


@pytest.mark.parametrize(
    ("directions", "message"),
    [
        ({"curent_ratio": -1}, "directions name columns that X does not have: curent_ratio"),
        ({"age_years": 2}, "direction of 'age_years' must be -1, 0 or 1, got 2"),
        ({"industry": 1}, "'industry' is a category and has no order: give it direction 0"),
    ],
)
def test_directions_that_mean_nothing_are_refused(portfolio, quick_model, directions, message):
    with pytest.raises(ValueError, match=message):
        quick_model(directions=directions).fit(portfolio.X, portfolio.defaulted)


@pytest.mark.parametrize("percent", [3.0, 0.0, 1.0, np.nan])
def test_a_central_tendency_in_percent_is_refused_with_advice(portfolio, quick_model, percent):
    with pytest.raises(ValueError, match=r"central_tendency must lie between 0 and 1.*divide by 100"):
        quick_model(central_tendency=percent).fit(portfolio.X, portfolio.defaulted)


def test_nobody_to_score_gives_no_scores(portfolio, fitted):
    assert fitted.predict_proba(portfolio.X.head(0)).shape == (0, 2)
