from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shap
from scipy.special import expit

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.default_risk import DefaultRiskModel
from models.explanation import (
    Explainers,
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
    return Bundle.from_model(
        model.fit(X, defaulted), scale=PointsScale(), reference={}, fingerprints={}, background=X.tail(300)
    )


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


def test_how_far_an_indicator_lies_from_the_sum_of_its_features_is_told(explanation):
    """As one player it shares what it does together with others differently, by a little."""
    names = {"solvency": ["sv_current_ratio", "sv_liabilities_to_assets"], "profitability": ["pf_roa"]}
    names |= {"repayment_record": ["rr_max_dpd_365d"], "context": ["cx_industry"]}
    apart = [
        (explanation.indicators[CATALOGUE.indicator_of(own[0]).id] - explanation.features[own].sum(axis=1)).abs()
        for own in names.values()
    ]

    assert explanation.interaction_points == pytest.approx(np.mean(apart))
    assert 0 < explanation.interaction_points < 0.05 * explanation.indicators.abs().to_numpy().mean()


def test_a_dimension_is_the_sum_of_its_indicators(explanation):
    mine = [i.id for i in CATALOGUE.indicators if CATALOGUE.dimension_of(i.id).id == explanation.dimensions.columns[0]]

    own = explanation.indicators[[i for i in mine if i in explanation.indicators]].sum(axis=1)

    assert np.allclose(explanation.dimensions.iloc[:, 0], own)


def test_interventional_contributions_start_from_the_mean_of_the_bundles_own_background(portfolio, bundle, explanation):
    told = explain(bundle, portfolio[0], CATALOGUE, interventional=True)

    margin = bundle.booster.predict(bundle.background, raw_score=True).mean()
    assert told.base_points == pytest.approx(
        bundle.scale.points_from_log_odds(bundle.calibration.log_odds(margin)), abs=1e-9
    )
    for part in (told.features, told.indicators, told.dimensions):
        assert np.abs(told.base_points + part.sum(axis=1) - told.points).max() < 1e-9
    assert (
        0.1 < (told.indicators - explanation.indicators).abs().to_numpy().max() < 30
    )  # another game, not another model


def test_interventional_contributions_need_a_background(portfolio, bundle):
    without = replace(bundle, background_values={})

    with pytest.raises(ValueError, match="the bundle holds no background rows"):
        explain(without, portfolio[0].head(1), CATALOGUE, interventional=True)


def test_batches_are_explained_as_the_whole_by_explainers_built_once(portfolio, bundle, explanation):
    explainers = Explainers.of(bundle, CATALOGUE)

    batches = [portfolio[0].iloc[start : start + 450] for start in range(0, len(portfolio[0]), 450)]
    parts = [explain(bundle, batch, CATALOGUE, explainers=explainers) for batch in batches]

    pd.testing.assert_frame_equal(pd.concat([p.indicators for p in parts]), explanation.indicators, check_exact=True)


def test_nobody_to_explain_gives_no_contributions(portfolio, bundle):
    told = explain(bundle, portfolio[0].head(0), CATALOGUE)

    assert (told.indicators.shape[0], told.gap, told.interaction_points) == (0, 0.0, 0.0)


def test_an_explainer_of_another_model_is_refused(portfolio, bundle):
    X, defaulted = portfolio
    model = DefaultRiskModel(n_estimators=5, seed=2, num_threads=1).fit(X, defaulted)
    other = Bundle.from_model(model, scale=PointsScale(), reference={}, fingerprints={})

    with pytest.raises(ValueError, match="explanations do not add up"):
        explain(bundle, X, CATALOGUE, explainers=Explainers.of(other, CATALOGUE))


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
