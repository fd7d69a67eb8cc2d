import lightgbm
import numpy as np
import pytest

from models.certificate import certify
from models.ensemble import average, mean_margin

SIGNS = {"late": 1, "liquid": -1, "age": 0}


@pytest.fixture(scope="module")
def matrix():
    values = np.random.default_rng(0).normal(size=(2000, 3))
    values[np.random.default_rng(1).random(values.shape) < 0.1] = np.nan
    return values


@pytest.fixture(scope="module")
def grown(matrix):
    random = np.random.default_rng(2)
    bad = random.random(len(matrix)) < 1 / (1 + np.exp(2 - np.nan_to_num(matrix[:, 0] - matrix[:, 1])))
    data = lightgbm.Dataset(matrix, bad.astype(float), feature_name=list(SIGNS))
    drawn = {"bagging_fraction": 0.6, "bagging_freq": 1, "verbosity": -1, "num_threads": 1, "deterministic": True}
    constrained = {"objective": "binary", "num_leaves": 7, "monotone_constraints": list(SIGNS.values())}
    return [lightgbm.train({**drawn, **constrained, "seed": seed}, data, 15 + seed) for seed in range(3)]


def test_the_margin_of_the_average_is_the_average_of_the_margins(matrix, grown):
    one = average(grown)

    expected = np.mean([booster.predict(matrix, raw_score=True) for booster in grown], axis=0)
    np.testing.assert_allclose(one.predict(matrix, raw_score=True), expected, atol=1e-13)
    assert one.num_trees() == 15 + 16 + 17


def test_the_contributions_of_the_average_are_the_average_of_the_contributions(matrix, grown):
    expected = np.mean([booster.predict(matrix, pred_contrib=True) for booster in grown], axis=0)

    np.testing.assert_allclose(average(grown).predict(matrix, pred_contrib=True), expected, atol=1e-13)


def test_the_average_of_models_in_order_is_in_order(grown):
    assert all(certificate.holds for certificate in certify(average(grown), SIGNS))


def test_the_text_of_the_average_restores_it_byte_for_byte(grown):
    text = average(grown).model_to_string()

    assert lightgbm.Booster(model_str=text).model_to_string() == text
    assert average(grown).model_to_string() == text


def test_one_booster_stays_as_it_is(grown):
    assert average(grown[:1]) is grown[0]


def test_no_boosters_have_no_average():
    with pytest.raises(ValueError, match="no boosters to average"):
        average([])


def test_boosters_of_other_features_are_refused(grown, matrix):
    data = lightgbm.Dataset(matrix, np.arange(len(matrix)) % 2, feature_name=["a", "b", "c"])
    other = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 2)

    with pytest.raises(ValueError, match="boosters of different features have no average"):
        average([grown[0], other])


def test_a_model_that_learnt_nothing_counts_with_its_level(matrix, grown):
    data = lightgbm.Dataset(matrix, (np.arange(len(matrix)) % 4 == 0).astype(float), feature_name=list(SIGNS))
    flat = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5000}, data, 1)

    margin = average([grown[0], flat]).predict(matrix, raw_score=True)

    np.testing.assert_allclose(margin, (grown[0].predict(matrix, raw_score=True) + np.log(1 / 3)) / 2, atol=1e-12)


def test_the_parts_of_the_mean_margin_add_up_to_the_whole(matrix, grown):
    parts = [mean_margin(grown, matrix, trees, 1) for trees in (range(0, 4), range(4, 15))]

    np.testing.assert_allclose(sum(parts), mean_margin(grown, matrix, range(0, 15), 1), atol=1e-13)
