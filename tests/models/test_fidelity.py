"""Whether explanations name the true causes, on truths made up for the purpose."""

import numpy as np
import pandas as pd
import pytest

from models.fidelity import by_dimension, share_distance, upper_bound, worst_found

POINTS = 28.85
"""Points of one unit of log-odds; contributions in points have the opposite sign of risk."""


@pytest.fixture
def truth() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame({"credit_score": 2 * random.normal(size=500), "esg": random.normal(size=500)})


def test_an_explanation_that_names_the_true_causes_has_full_fidelity(truth):
    found = by_dimension(-truth * POINTS, truth).set_index("dimension")

    assert found["spearman"].tolist() == pytest.approx([1, 1])
    assert found["sign_agreement"].tolist() == [1, 1]
    assert share_distance(-truth * POINTS, truth) == pytest.approx(0)
    assert worst_found(-truth * POINTS, truth) == 1


def test_an_explanation_with_every_sign_wrong_has_none(truth):
    found = by_dimension(truth * POINTS, truth).set_index("dimension")

    assert found["spearman"].tolist() == pytest.approx([-1, -1])
    assert found["sign_agreement"].tolist() == [0, 0]


def test_small_true_contributions_have_no_say_in_the_agreement_of_signs():
    truth = pd.DataFrame({"esg": [0.19, -0.19, 0.21]})

    assert by_dimension(pd.DataFrame({"esg": [5.0, -5.0, -5.0]}), truth)["sign_agreement"].item() == 1
    assert by_dimension(pd.DataFrame({"esg": [5.0, -5.0, -5.0]}), truth / 10)["sign_agreement"].item() is None


def test_a_dimension_that_the_model_cannot_see_counts_against_the_shares_but_not_as_a_rank(truth):
    seen = -truth[["credit_score"]] * POINTS

    true_share = truth["esg"].abs().mean() / truth.abs().mean().sum()
    assert by_dimension(seen, truth)["dimension"].tolist() == ["credit_score"]
    assert share_distance(seen, truth) == pytest.approx(true_share)


def test_a_dimension_explained_by_nothing_has_no_rank_correlation(truth):
    assert by_dimension(pd.DataFrame({"esg": np.zeros(500)}), truth)["spearman"].item() is None


def test_the_worst_dimension_is_found_if_it_is_among_the_two_most_blamed():
    truth = pd.DataFrame({"a": [3.0, 3.0], "b": [2.0, 2.0], "c": [1.0, 1.0]})
    points = pd.DataFrame({"a": [-1.0, -1.0], "b": [-2.0, -2.0], "c": [0.0, -3.0]})

    assert worst_found(points, truth) == 0.5


def test_the_upper_bound_is_high_where_the_features_hold_the_truth_and_nothing_where_they_do_not():
    random = np.random.default_rng(3)
    features, noise = random.normal(size=(1200, 2)), random.normal(size=(1200, 2))
    truth = pd.Series(features[:, 0] + features[:, 1])

    def bound(matrix: np.ndarray) -> float | None:
        return upper_bound(matrix[:800], truth[:800], matrix[800:], truth[800:])

    assert bound(features) > 0.95
    assert abs(bound(noise)) < 0.2
