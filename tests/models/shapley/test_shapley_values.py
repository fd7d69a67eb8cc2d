"""The tables against everything that can contradict them: LightGBM, shap, and the definition over all coalitions."""

import pickle

import lightgbm
import numpy as np
import oracles
import pytest
import shap
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shapley.tables import BLOCK, Tables
from models.shapley.tabulation import tabulate

CATEGORY, ZEROS = 4, 2
GROUPS = np.array([0, 1, 1, 0, 2, 2])
"""Three indicators of two features each."""

AWKWARD = [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-300, -0.5, 7.9, 3e9, -3e9, 1e300, 5e-324]


def applicants(n: int, seed: int) -> np.ndarray:
    """Six features with missing values; one with many zeros, one of categories, one of few values and none missing."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 6))
    X[random.random(X.shape) < 0.1] = np.nan
    X[:, ZEROS] = np.where(random.random(n) < 0.4, 0.0, X[:, ZEROS])
    X[:, CATEGORY] = random.integers(0, 9, n)
    X[:, 5] = random.normal(size=n).round(1)
    return X


def fit(X: np.ndarray, rounds: int = 12, seed: int = 0, **settings: object) -> lightgbm.Booster:
    known = np.clip(np.nan_to_num(X), -1e6, 1e6)
    noise = np.random.default_rng(seed).normal(size=len(X))
    y = known.sum(axis=1) + 3 * np.isin(known[:, CATEGORY], [1, 4, 7]) + known[:, 0] * known[:, 1] + noise
    parameters = {"num_leaves": 12, "num_threads": 1, "verbose": -1, "seed": seed, "deterministic": True, **settings}
    categories = parameters.pop("categories", [CATEGORY])
    return lightgbm.train(parameters, lightgbm.Dataset(X, y, categorical_feature=categories), rounds)


def awkward(X: np.ndarray) -> np.ndarray:
    """Rows of every awkward number in all features, and in one feature at a time."""
    alone = [np.where(np.arange(6) == j, value, X[0]) for value in AWKWARD for j in range(6)]
    return np.array([*(np.full(6, value) for value in AWKWARD), *alone])


def contributions(booster: lightgbm.Booster, X: np.ndarray) -> np.ndarray:
    return np.asarray(booster.predict(X, pred_contrib=True, num_threads=1))


def assert_as_lightgbm_says(booster: lightgbm.Booster, X: np.ndarray) -> Tables:
    tables, expected = tabulate(booster), contributions(booster, X)
    assert tables.margins(X).tobytes() == booster.predict(X, raw_score=True, num_threads=1).tobytes()
    size = max(1.0, np.abs(expected).max())
    assert np.abs(tables.values(X) - expected[:, :-1]).max() < 1e-12 * size
    assert abs(tables.base - expected[0, -1]) < 1e-12 * size
    return tables


@pytest.fixture(scope="module")
def X():  # noqa: N802 - the design matrix
    return applicants(1500, seed=1)


@pytest.fixture(scope="module")
def booster(X):
    return fit(X)


MODELS = {
    "usual": {},
    "zero as missing": {"zero_as_missing": True},
    "missing read as zero": {"use_missing": False},
    "no category": {"categories": []},
    "categories one against the rest": {"max_cat_to_onehot": 20},
    "bagged": {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
    "dropped out": {"boosting": "dart"},
    "chain of leaves": {"num_leaves": 40, "min_data_in_leaf": 1},
    "more leaves than bits in a word": {"num_leaves": 150, "min_data_in_leaf": 1},
    "a thousand thresholds": {"max_bin": 2000, "min_data_in_bin": 1, "extra_trees": True, "rounds": 300},
    "trees of one leaf": {"min_gain_to_split": 1e9},
    "stumps": {"num_leaves": 2},
}


@pytest.mark.parametrize("settings", MODELS.values(), ids=MODELS)
def test_features_as_players_get_what_lightgbm_says_to_the_last_digits(X, settings):
    booster = fit(X, **settings)

    assert_as_lightgbm_says(booster, np.vstack([X[:300], awkward(X)]))


def test_a_feature_of_more_thresholds_than_a_byte_holds_is_told_apart_at_each(X):
    booster = fit(X, **MODELS["a thousand thresholds"])

    tables = assert_as_lightgbm_says(booster, X)

    assert np.diff(tables.coder.first).max() > 253


@pytest.mark.parametrize(
    "settings", [{}, {"zero_as_missing": True}, {"categories": []}], ids=["usual", "zero", "numbers"]
)
@pytest.mark.parametrize("groups", [np.arange(6), GROUPS], ids=["features", "indicators"])
def test_players_get_their_mean_marginal_contribution_over_all_orders(X, settings, groups):
    booster, rows = fit(X, **settings), np.vstack([X[:10], awkward(X)[:30]])

    values = tabulate(booster, groups).values(rows)

    assert np.abs(values - oracles.path_dependent(booster, rows, groups)).max() < 1e-12


@pytest.mark.parametrize(
    "settings", [{}, {"zero_as_missing": True}, {"categories": []}], ids=["usual", "zero", "numbers"]
)
@pytest.mark.parametrize("groups", [np.arange(6), GROUPS], ids=["features", "indicators"])
def test_against_a_background_players_get_what_the_models_own_predictions_of_mixtures_say(X, settings, groups):
    booster, rows, background = fit(X, **settings), np.vstack([X[:10], awkward(X)[:30]]), X[100:140]

    tables = tabulate(booster, groups, background)

    assert np.abs(tables.values(rows) - oracles.interventional(booster, rows, groups, background)).max() < 1e-12
    assert tables.base == pytest.approx(booster.predict(background, raw_score=True).mean(), abs=1e-12)


def test_against_a_background_of_hundreds_shap_agrees_where_it_reads_the_model_rightly(X):
    """shap takes categories for numbers, so a model without them; its own weights are of single precision."""
    booster, background = fit(X, categories=[]), X[:400]
    reference = shap.TreeExplainer(booster, shap.maskers.Independent(background, max_samples=1000))

    expected = reference.shap_values(X[:200], check_additivity=False)

    assert np.abs(tabulate(booster, background=background).values(X[:200]) - expected).max() < 1e-5


def test_background_rows_that_repeat_count_as_often_as_they_occur(X, booster):
    repeated = tabulate(booster, GROUPS, np.vstack([X[:50], X[:50], X[:25], X[:25]]))
    weighted = (2 * tabulate(booster, GROUPS, X[:50]).values(X) + tabulate(booster, GROUPS, X[:25]).values(X)) / 3

    assert np.abs(repeated.values(X) - weighted).max() < 1e-12


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("groups", [None, GROUPS])
def test_base_and_values_add_up_to_the_margin_whatever_is_asked(X, booster, groups, background):
    rows = np.vstack([X, awkward(X)])

    tables = tabulate(booster, groups, X[:200] if background else None)

    margin = booster.predict(rows, raw_score=True)
    assert np.abs(tables.base + tables.values(rows).sum(axis=1) - margin).max() < 1e-12


def test_an_indicator_of_everything_gets_the_whole_distance_from_the_base(X, booster):
    tables = tabulate(booster, [0] * 6)

    assert np.abs(tables.values(X)[:, 0] - (booster.predict(X, raw_score=True) - tables.base)).max() < 1e-12


def test_boosters_that_are_averaged_have_the_average_of_their_values(X):
    committee = [fit(X, seed=seed, bagging_fraction=0.6, bagging_freq=1) for seed in range(3)]

    values = np.mean([tabulate(b, GROUPS).values(X) for b in committee], axis=0)
    base = np.mean([tabulate(b, GROUPS).base for b in committee])

    margin = np.mean([b.predict(X, raw_score=True) for b in committee], axis=0)
    assert np.abs(base + values.sum(axis=1) - margin).max() < 1e-12


def test_only_the_trees_that_predict_uses_are_explained(X):
    booster = fit(X, rounds=20)
    booster.best_iteration = 7

    assert_as_lightgbm_says(booster, X[:100])


@st.composite
def models(draw):
    seed = draw(st.integers(0, 10_000))
    X = applicants(draw(st.integers(40, 400)), seed)
    X[:, : draw(st.integers(0, 4))] *= draw(st.sampled_from([0.0, 1e-30, 1.0, 1e30]))
    booster = fit(
        X,
        rounds=draw(st.integers(1, 6)),
        seed=seed,
        num_leaves=draw(st.integers(2, 24)),
        min_data_in_leaf=draw(st.integers(1, 20)),
        zero_as_missing=draw(st.booleans()),
        use_missing=draw(st.booleans()),
        min_data_per_group=draw(st.sampled_from([1, 20])),
        cat_smooth=draw(st.sampled_from([0.0, 10.0])),
    )
    return booster, X


@settings(max_examples=60)
@given(models(), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_any_model_of_any_applicants_is_explained_exactly(drawn, groups):
    booster, X = drawn
    rows, players = np.vstack([X[:40], awkward(X)[::5]]), np.unique(groups, return_inverse=True)[1]

    assert_as_lightgbm_says(booster, rows)
    by_indicator, background = tabulate(booster, players).values(rows[:6]), X[:7]
    against = tabulate(booster, players, background).values(rows[:6])

    size = max(1.0, np.abs(by_indicator).max())
    assert np.abs(by_indicator - oracles.path_dependent(booster, rows[:6], players)).max() < 1e-11 * size
    assert np.abs(against - oracles.interventional(booster, rows[:6], players, background)).max() < 1e-11 * size


def test_the_same_bytes_whatever_the_threads_the_batches_and_the_layout(X, booster):
    rows = np.tile(X, (2 * BLOCK // len(X) + 2, 1))
    tables = tabulate(booster, GROUPS)

    whole = tables.values(rows)

    assert tables.values(rows, threads=2).tobytes() == whole.tobytes()
    assert np.vstack([tables.values(part) for part in np.array_split(rows, 7)]).tobytes() == whole.tobytes()
    assert tables.values(np.asfortranarray(rows)).tobytes() == whole.tobytes()
    assert tables.values(rows[::-1])[::-1].tobytes() == whole.tobytes()
    assert tabulate(booster, GROUPS).values(rows).tobytes() == whole.tobytes()


@pytest.mark.parametrize("background", [False, True])
def test_one_pass_gives_margins_indicators_and_features_as_three_passes_would(X, booster, background):
    rows, against = np.vstack([X, awkward(X)]), X[:50] if background else None

    explained = tabulate(booster, GROUPS, against, with_features=True).explain(rows, threads=2)

    assert explained.margin.tobytes() == booster.predict(rows, raw_score=True).tobytes()
    assert explained.players.tobytes() == tabulate(booster, GROUPS, against).values(rows).tobytes()
    assert np.abs(explained.features - tabulate(booster, None, against).values(rows)).max() < 1e-12


def test_features_that_are_the_players_are_not_tabulated_twice(X, booster):
    explained = tabulate(booster).explain(X)

    assert explained.features.tobytes() == explained.players.tobytes()


def test_tables_travel_to_another_process_as_they_are(X, booster):
    tables = tabulate(booster, GROUPS, X[:50])

    assert pickle.loads(pickle.dumps(tables)).values(X).tobytes() == tables.values(X).tobytes()


def test_single_precision_is_compared_with_thresholds_of_double_precision_as_in_the_model(X, booster):
    rows = X.astype(np.float32)

    assert np.abs(tabulate(booster).values(rows) - contributions(booster, rows)[:, :-1]).max() < 1e-12


def test_nobody_to_explain_gives_no_values(booster):
    tables, nobody = tabulate(booster, GROUPS, with_features=True), np.empty((0, 6))

    assert tables.values(nobody).shape == (0, 3)
    assert [part.shape for part in tables.explain(nobody)] == [(0,), (0, 3), (0, 6)]


def test_a_player_whose_features_the_trees_never_ask_gets_nothing(X):
    booster = fit(np.where(np.arange(6) == 3, 1.0, X))

    values = tabulate(booster, [0, 0, 0, 1, 0, 0]).values(X)

    assert (values[:, 1] == 0).all()
