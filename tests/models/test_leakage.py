"""The leak alarm rings for what knows the future, and keeps still for what is merely good."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.leakage import Suspect, suspects

N = 4_000


@pytest.fixture(scope="module")
def portfolio() -> tuple[pd.DataFrame, pd.Series]:
    """Honest features of an AUC near 0.7, and the defaults that followed."""
    random = np.random.default_rng(7)
    quality = random.standard_normal(N)
    bad = pd.Series((random.random(N) < 1 / (1 + np.exp(3.2 + quality))).astype(int))
    features = pd.DataFrame({"strong": quality + 0.3 * random.standard_normal(N), "weak": random.standard_normal(N)})
    return features, bad


def planted(bad: pd.Series, noise: float = 0.1) -> pd.Series:
    """What only the future knows: whether the applicant defaulted."""
    return bad + noise * np.random.default_rng(1).standard_normal(len(bad))


def test_honest_features_raise_no_alarm(portfolio):
    features, bad = portfolio

    assert suspects(features, bad, 0.9) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_that_holds_the_outcome_is_named_whichever_way_it_runs(portfolio, sign):
    features, bad = portfolio

    found = suspects(features.assign(future=sign * planted(bad)), bad, 0.9)

    assert [(s.feature, s.kind) for s in found] == [("future", "ranks")]
    assert found[0].value > 0.99


def test_a_feature_whose_absence_marks_the_defaults_is_named(portfolio):
    features, bad = portfolio
    erased = features["weak"].mask(bad.astype(bool) & (np.arange(N) % 2 == 0))

    found = suspects(features.assign(filed=erased), bad, 0.9)

    assert [(s.feature, s.kind, s.value) for s in found] == [("filed", "marks", 1.0)]


def test_a_value_missing_for_one_applicant_in_three_by_chance_is_no_alarm(portfolio):
    features, bad = portfolio
    erased = features["strong"].mask(np.random.default_rng(2).random(N) < 0.33)

    assert suspects(features.assign(survey=erased), bad, 0.9) == []


def test_a_perfect_ranking_of_a_handful_of_bads_may_be_luck(portfolio):
    features, bad = portfolio
    few = bad.where(bad.cumsum() <= 19, 0)

    assert suspects(features.assign(future=planted(few)), few, 0.9) == []


def test_categories_constants_empty_columns_and_one_class_raise_no_alarm(portfolio):
    _, bad = portfolio
    odd = pd.DataFrame({"industry": ["制造业"] * N, "constant": 1.0, "empty": np.nan})

    assert suspects(odd, bad, 0.9) == []
    assert suspects(odd, bad * 0, 0.9) == []
    assert suspects(odd, bad * 0 + 1, 0.9) == []


def test_the_worst_suspect_comes_first(portfolio):
    features, bad = portfolio
    leaky = features.assign(blurred=planted(bad, 0.3), clear=planted(bad, 0.01))

    assert [s.feature for s in suspects(leaky, bad, 0.9)] == ["clear", "blurred"]


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 0.99), st.integers(0, 10**6))
def test_a_stricter_limit_never_finds_less(limit, seed):
    random = np.random.default_rng(seed)
    bad = pd.Series((random.random(500) < 0.2).astype(int))
    features = pd.DataFrame({f"f{n}": n * bad + random.standard_normal(500) for n in range(5)})

    def found(most: float) -> set[Suspect]:
        return set(suspects(features, bad, most))

    assert found(limit) <= found(limit - 0.2)
