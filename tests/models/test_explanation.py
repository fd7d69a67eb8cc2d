import numpy as np
import pandas as pd
import pytest
import shap
from scipy.special import expit

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.default_risk import DefaultRiskModel
from models.explanation import (
    badness,
    direction_verdict,
    explain,
    feature_directions,
    importance,
    indicator_directions,
    percentiles,
)
from models.scaling import PointsScale

FEATURES = ["sv_current_ratio", "sv_liabilities_to_assets", "pf_roa", "rr_max_dpd_365d", "cx_industry"]


@pytest.fixture(scope="module")
def portfolio():
    rng = np.random.default_rng(5)
    n = 3000
    X = pd.DataFrame(
        {
            "sv_current_ratio": rng.gamma(4, 0.4, n),
            "sv_liabilities_to_assets": rng.uniform(0.1, 1.4, n),
            "pf_roa": rng.normal(0.04, 0.1, n),
            "rr_max_dpd_365d": np.where(rng.random(n) < 0.4, np.nan, rng.gamma(1, 20, n)),
            "cx_industry": rng.choice(["C", "E", "F"], n),
        }
    )
    risk = -2.5 + 2 * (X["sv_liabilities_to_assets"] - 0.7) - 4 * X["pf_roa"] + X["rr_max_dpd_365d"].fillna(0) / 40
    defaulted = pd.Series((rng.random(n) < expit(risk)).astype(int))
    return X, defaulted


@pytest.fixture(scope="module")
def bundle(portfolio):
    X, defaulted = portfolio
    model = DefaultRiskModel(directions=CATALOGUE.directions(FEATURES), n_estimators=60, seed=1, num_threads=1)
    return Bundle.from_model(model.fit(X, defaulted), scale=PointsScale(), reference={}, fingerprints={})


@pytest.fixture(scope="module")
def explanation(portfolio, bundle):
    return explain(bundle, portfolio[0], CATALOGUE)


def test_contributions_are_those_of_the_reference_explainer_scaled_to_points(portfolio, bundle, explanation):
    values = shap.TreeExplainer(bundle.booster)(bundle.encoder.matrix(portfolio[0].head(300))).values

    expected = -bundle.scale.factor * bundle.calibration.slope * np.asarray(values)

    assert np.abs(explanation.features.head(300).to_numpy() - expected).max() < 1e-9


def test_base_and_contributions_meet_the_prediction_in_every_row(explanation):
    for part in (explanation.features, explanation.indicators, explanation.dimensions):
        assert np.abs(explanation.base_points + part.sum(axis=1) - explanation.points).max() < 1e-9


def test_an_indicator_is_the_sum_of_its_own_features(explanation):
    own = explanation.features[["sv_current_ratio", "sv_liabilities_to_assets"]].sum(axis=1)

    assert np.allclose(explanation.indicators["solvency"], own)


def test_an_explainer_of_another_model_is_refused(portfolio, bundle):
    X, defaulted = portfolio
    other = DefaultRiskModel(n_estimators=5, seed=2, num_threads=1).fit(X, defaulted)

    class Swapped(Bundle):
        @property
        def booster(self):
            return _Mixed(super().booster, other.booster_)

    class _Mixed:
        def __init__(self, scores, explains):
            self.scores, self.explains = scores, explains

        def predict(self, matrix, **how):
            return (self.explains if how.get("pred_contrib") else self.scores).predict(matrix, **how)

    swapped = Swapped(**{name: getattr(bundle, name) for name in bundle.__dataclass_fields__})

    with pytest.raises(ValueError, match="explanations do not add up"):
        explain(swapped, X, CATALOGUE)


def test_shares_add_up_to_one(explanation):
    assert importance(explanation.indicators)["share"].sum() == pytest.approx(1)


def test_a_constrained_feature_moves_the_score_its_declared_way(portfolio, bundle, explanation):
    audit = feature_directions(explanation, portfolio[0], CATALOGUE, bundle.scale.factor)

    assert audit.loc["sv_liabilities_to_assets", "verdict"] == "consistent"
    assert audit.loc["rr_max_dpd_365d", "missing_share"] == pytest.approx(0.4, abs=0.05)
    assert audit.loc["cx_industry", "verdict"] == "not audited"


def test_what_the_data_say_stands_beside_what_the_model_says(portfolio, bundle, explanation):
    X, defaulted = portfolio

    told = indicator_directions(explanation, X, defaulted, CATALOGUE, bundle.scale.factor)
    reversed_ = indicator_directions(explanation, X, 1 - defaulted, CATALOGUE, bundle.scale.factor)

    assert told.loc["solvency", ["verdict", "data_verdict"]].tolist() == ["consistent", "consistent"]
    assert reversed_.loc["solvency", "data_verdict"] == "inconsistent"


def test_badness_turns_every_feature_so_that_higher_is_worse(portfolio):
    X, _ = portfolio

    index = badness(X, "solvency", CATALOGUE)

    assert index.corr(X["sv_liabilities_to_assets"]) > 0.3 > -0.3 > index.corr(X["sv_current_ratio"])


@pytest.mark.parametrize(
    ("rho", "direction", "used", "verdict"),
    [
        (0.9, 1, True, "consistent"),
        (-0.9, -1, True, "consistent"),
        (-0.9, 1, True, "inconsistent"),
        (0.1, 1, True, "no clear direction"),
        (None, 1, True, "not enough data"),
        (0.9, 1, False, "not used"),
    ],
)
def test_the_direction_verdict_says_what_is_known(rho, direction, used, verdict):
    assert direction_verdict(rho, direction, used=used) == verdict


def test_percentiles_compare_with_peers_only(explanation, portfolio):
    peers = portfolio[0]["cx_industry"]

    ranks = percentiles(explanation.indicators, peers)

    assert ranks.groupby(peers)["solvency"].max().tolist() == pytest.approx([1, 1, 1], abs=0.01)
