"""Which explainer a model gets, and what is refused."""

import logging
import subprocess
import sys

import lightgbm
import numpy as np
import pytest

from models.shapley import pages, tables
from models.shapley.explainer import explainer
from models.shapley.tabulation import tabulate
from models.shapley.trees import TabulationError

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(600, 5))
Y = X.sum(axis=1) + X[:, 0] * X[:, 1] + RANDOM.normal(size=600)
GROUPS = [0, 0, 1, 1, 1]


def fit(**settings: object) -> lightgbm.Booster:
    return lightgbm.train({"num_leaves": 8, "verbose": -1, "num_threads": 1, **settings}, lightgbm.Dataset(X, Y), 5)


@pytest.fixture(scope="module")
def booster():
    return fit()


def test_a_model_gets_tables_without_a_word(booster, caplog):
    found = explainer(booster, GROUPS)

    assert found.method == "tables"
    assert not caplog.records


@pytest.mark.parametrize(
    ("limit", "reason"),
    [((pages, "DEEPEST", 1), "the tables reach 1 deep"), ((tables, "LARGEST", 100), "the tables would take more")],
    ids=["too deep", "too large"],
)
def test_a_model_that_outgrows_the_tables_is_explained_by_lightgbm_and_the_log_says_why(
    booster, caplog, monkeypatch, limit, reason
):
    monkeypatch.setattr(*limit)

    with caplog.at_level(logging.WARNING):
        found = explainer(booster, GROUPS)

    expected = booster.predict(X, pred_contrib=True)
    assert found.method == "pred_contrib"
    assert found.base == expected[0, -1]
    np.testing.assert_allclose(found.values(X)[:, 0], expected[:, :2].sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(found.values(X)[:, 1], expected[:, 2:5].sum(axis=1), atol=1e-12)
    assert found.values(X[:0]).shape == (0, 2)
    assert found.explain(X).margin.tobytes() == booster.predict(X, raw_score=True).tobytes()
    assert found.explain(X).features.tobytes() == np.ascontiguousarray(expected[:, :-1]).tobytes()
    assert [part.shape for part in found.explain(X[:0])] == [(0,), (0, 2), (0, 5)]
    assert reason in caplog.text
    assert "explaining by pred_contrib" in caplog.text


def test_nothing_stands_in_for_values_against_a_background(booster, monkeypatch):
    monkeypatch.setattr(pages, "DEEPEST", 1)

    with pytest.raises(TabulationError, match=r"a leaf lies below \d features, the tables reach 1 deep"):
        explainer(booster, GROUPS, X)


def test_a_really_deep_model_falls_back_by_itself():
    wide = RANDOM.normal(size=(3000, 40))
    chain = wide.cumsum(axis=1)[:, -1] + 50 * (wide > -1.5).cumprod(axis=1).sum(axis=1)
    booster = lightgbm.train(
        {"num_leaves": 60, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(wide, chain), 1
    )

    found = explainer(booster)

    assert found.method == "pred_contrib"
    # Along paths this long LightGBM's own contributions lose digits: they are what there is.
    assert np.abs(found.base + found.values(wide).sum(axis=1) - booster.predict(wide)).max() < 1e-2


def test_linear_leaves_are_refused_with_the_tree():
    with pytest.raises(ValueError, match="tree 0 has linear leaves; to explain a model, train with linear_tree=false"):
        explainer(fit(linear_tree=True))


def test_several_outputs_are_refused():
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 3, "verbose": -1}, lightgbm.Dataset(X, np.arange(600) % 3), 2
    )

    with pytest.raises(ValueError, match="the model has 3 outputs"):
        explainer(booster)


@pytest.mark.parametrize("matrix", [np.zeros((3, 4)), np.zeros(5), np.zeros((3, 6))])
def test_a_matrix_of_other_columns_is_refused_with_both_numbers(booster, matrix):
    with pytest.raises(ValueError, match=r"expected a matrix with the model's 5 columns, got the shape \("):
        explainer(booster).values(matrix)


@pytest.mark.parametrize("groups", [[0, 1], [0, 0, 0, 0, -1], [0] * 6])
def test_groups_must_give_every_feature_a_player(booster, groups):
    with pytest.raises(ValueError, match="groups must give a player, 0 or more, to each of the model's 5 features"):
        explainer(booster, groups)


def test_a_background_needs_rows(booster):
    with pytest.raises(ValueError, match="the background has no rows"):
        tabulate(booster, GROUPS, X[:0])


def test_a_read_only_installation_without_a_home_compiles_for_itself():
    """Where numba finds no folder to keep what it compiled, importing and running must work all the same."""
    code = (
        "import numba.core.caching as c; c.CacheImpl._locator_classes = []\n"
        "import numpy as np; from models.shapley.codes import Coder\n"
        "coder = Coder(np.array([0]), np.array([False]), np.array([1.0, 2.0]), np.array([0, 2]))\n"
        "print(coder.codes(np.array([[0.5], [1.0], [1.5], [np.inf], [np.nan]])).tolist())"
    )

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("[[1, 1, 2, 3, 0]]\n", 0), done.stderr
