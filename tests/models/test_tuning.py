import itertools

import numpy as np
import pandas as pd
import pytest

from models.tuning import SPACE, Budget, Fold, Rows, Trial, explanation_cost, fastest_of_the_best, forward_folds, search

NO_LIMIT = 1e9


@pytest.fixture(scope="module")
def rows(portfolio):
    return Rows(portfolio.X.head(1200), portfolio.defaulted[:1200] == 1, np.ones(1200))


@pytest.fixture(scope="module")
def folds():
    thirds = np.split(np.arange(1200), 3)
    return [Fold(np.concatenate([thirds[a], thirds[b]]), thirds[c]) for a, b, c in ((0, 1, 2), (1, 2, 0))]


def ticking(step: float):
    """A clock that moves on by a step each time it is asked."""
    ticks = itertools.count()
    return lambda: step * next(ticks)


@pytest.fixture
def searched(rows, folds, quick_model):
    """`searched(trials, done=(), **model)`: a search of so many trials on a model of few trees."""

    def run(trials, done=(), seconds=NO_LIMIT, step=1.0, **changed):
        model = quick_model(n_estimators=15, early_stopping_rounds=5, **changed)
        return list(search(model, rows, folds, Budget(trials, seconds), ticking(step), done))

    return run


def finished(number, auc, cost, error=0.01, pruned=False):
    return Trial(number, {}, pruned, (auc,), error, 0.2, 10, cost, 1.0)


def test_the_same_seed_finds_the_same_trials_whatever_the_number_of_threads(searched):
    assert searched(4, num_threads=2) == searched(4, num_threads=1)


def test_a_search_that_goes_on_ends_as_one_without_a_stop(searched):
    whole = searched(14)

    assert [*whole[:12], *searched(14, done=whole[:12])] == whole


def test_another_seed_searches_elsewhere(searched):
    assert searched(2, seed=1)[1].settings != searched(2, seed=2)[1].settings


def test_the_first_trial_has_the_models_own_settings(searched, quick_model):
    own = quick_model()

    (first,) = searched(1)

    assert first.settings == {name: getattr(own, name) for name in SPACE}


def test_no_trial_begins_when_the_seconds_are_over(searched):
    in_time = searched(50, seconds=10, step=1.0)

    assert 1 <= len(in_time) < 10
    assert searched(50, seconds=10, step=11.0) == []


def test_a_trial_that_falls_behind_is_given_up_after_its_first_fold(searched, folds):
    trials = searched(14)
    given_up = [trial for trial in trials if trial.pruned]

    assert given_up
    assert all(len(trial.fold_auc) < len(folds) for trial in given_up)
    assert all(len(trial.fold_auc) == len(folds) for trial in trials if not trial.pruned)


def test_deeper_trees_cost_more_to_explain(rows, folds, quick_model):
    def cost(leaves):
        model = quick_model(n_estimators=5, num_leaves=leaves)
        return explanation_cost(model.grow_held_out(*rows, *folds[0])[0])

    assert cost(2) == 2 * 5
    assert cost(2) < cost(4) < cost(15)


def test_a_feature_met_twice_on_a_path_is_one_player(quick_model):
    steps = pd.DataFrame({"late": np.arange(800.0) % 8})
    bad = np.isin(steps["late"], [1, 2, 5, 6])
    model = quick_model(directions=None, n_estimators=1, num_leaves=5, subsample=1.0)

    booster, _ = model.grow_held_out(steps, bad, np.ones(800), np.arange(400), np.arange(400, 800))

    assert explanation_cost(booster) == 5


def test_of_the_trials_near_the_best_the_fastest_is_chosen():
    trials = [finished(0, 0.780, 900), finished(1, 0.775, 200), finished(2, 0.765, 50), finished(3, 0.774, 300)]

    assert fastest_of_the_best(trials, within=1.0).number == 1
    assert fastest_of_the_best(trials, within=0.0).number == 0
    assert fastest_of_the_best(trials, within=2.0).number == 2


def test_the_better_of_two_equally_fast_trials_is_chosen_and_a_pruned_one_never():
    trials = [finished(0, 0.77, 100), finished(1, 0.78, 100), finished(2, 0.9, 1, pruned=True)]

    assert fastest_of_the_best(trials, within=1.0).number == 1


def test_without_a_finished_trial_nothing_can_be_chosen():
    with pytest.raises(ValueError, match="no trial was finished; allow more seconds"):
        fastest_of_the_best([finished(0, 0.7, 1, pruned=True)], within=1.0)


def applications(n=600):
    day = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n) // 2, unit="D"))
    return day, np.arange(n) // 7, np.arange(n) % 5 == 0


def test_a_fold_learns_from_the_past_and_shares_no_group_with_what_judges_it():
    as_of, group, bad = applications()

    found = forward_folds(as_of, group, bad, 3, seed=0)

    assert len(found) == 3
    for fold in found:
        assert as_of[fold.train].max() < as_of[fold.held_out].min()
        assert not set(group[fold.train]) & set(group[fold.held_out])
    held_out = np.concatenate([fold.held_out for fold in found])
    assert sorted(held_out) == list(range(150, 600))


def test_applications_of_one_day_lie_on_one_side():
    as_of, _, bad = applications()
    coarse = as_of.dt.to_period("Y").dt.to_timestamp() + pd.to_timedelta(as_of.dt.day_of_year // 60 * 60, unit="D")

    for fold in forward_folds(coarse, np.arange(600), bad, 2, seed=0):
        assert coarse[fold.train].max() < coarse[fold.held_out].min()


def test_data_without_time_are_folded_by_whole_groups():
    as_of, group, bad = applications()
    one_day = pd.Series([as_of[0]] * len(as_of))

    found = forward_folds(one_day, group, bad, 3, seed=0)

    assert sorted(np.concatenate([fold.held_out for fold in found])) == list(range(600))
    assert all(not set(group[fold.train]) & set(group[fold.held_out]) for fold in found)


def test_folds_without_bads_to_judge_by_are_refused():
    as_of, _, _ = applications()
    early = np.arange(600) < 60

    with pytest.raises(ValueError, match=r"fold 1 of 3 has 0 bads among its 150 rows to judge by; .* fewer folds"):
        forward_folds(as_of, np.arange(600), early, 3, seed=0)
