"""The scorecard as a table: the same log-odds as the fitted one, from plain values alone."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.calibration import AffineCalibration
from models.scorecard import WoeScorecard
from models.scorecard_table import ScorecardTable, calibrated_scorecard

DIRECTIONS = {"days_beyond_terms": 1, "current_ratio": -1}


@pytest.fixture(scope="module")
def fitted_card(portfolio) -> WoeScorecard:
    return WoeScorecard(directions=DIRECTIONS).fit(portfolio.X, portfolio.defaulted)


@pytest.fixture(scope="module")
def table(fitted_card: WoeScorecard) -> ScorecardTable:
    return ScorecardTable.of(fitted_card)


def test_the_table_gives_every_customer_the_log_odds_of_the_scorecard(
    fitted_card: WoeScorecard, table: ScorecardTable, simulated
) -> None:
    X = simulated(2000, seed=3).X

    assert table.log_odds(X) == pytest.approx(fitted_card.decision_function(X), abs=1e-12)


def test_a_value_on_an_edge_belongs_to_the_bin_that_ends_there(table: ScorecardTable) -> None:
    bins = table.bins["days_beyond_terms"]
    edge = bins.edges[0]

    told = bins.of(pd.Series([edge, np.nextafter(edge, np.inf), -np.inf, np.inf]))

    assert told.tolist() == [bins.log_odds[0], bins.log_odds[1], bins.log_odds[0], bins.log_odds[-1]]


def test_a_missing_value_and_a_category_never_seen_add_what_missing_ones_do(table: ScorecardTable) -> None:
    industry, ratio = table.bins["industry"], table.bins["current_ratio"]

    assert industry.of(pd.Series(["采矿业", None], dtype=object)).tolist() == [industry.missing] * 2
    assert ratio.of(pd.Series([np.nan])).tolist() == [ratio.missing]


def test_no_rows_have_no_log_odds(table: ScorecardTable, portfolio) -> None:
    assert table.log_odds(portfolio.X.head(0)).tolist() == []


def test_the_table_survives_json(table: ScorecardTable, portfolio) -> None:
    again = ScorecardTable.from_json(json.loads(json.dumps(table.as_json(), ensure_ascii=False)))

    assert again == table
    assert again.log_odds(portfolio.X).tolist() == table.log_odds(portfolio.X).tolist()


def test_a_feature_that_adds_nothing_is_left_out_and_a_missing_column_is_named(portfolio) -> None:
    X = portfolio.X.assign(always="same")
    table = ScorecardTable.of(WoeScorecard().fit(X, portfolio.defaulted))

    assert "always" not in table.bins
    with pytest.raises(KeyError, match="days_beyond_terms"):
        table.log_odds(X.drop(columns="days_beyond_terms"))


def test_a_calibration_stretches_and_moves_the_log_odds_of_everybody(fitted_card, table, portfolio) -> None:
    calibrated = ScorecardTable.of(fitted_card, AffineCalibration(slope=0.7, intercept=0.2, shift=0.1))

    assert calibrated.log_odds(portfolio.X) == pytest.approx(0.7 * table.log_odds(portfolio.X) + 0.3)


def test_a_scorecard_of_noise_is_taught_modesty_by_the_groups_it_never_saw(simulated) -> None:
    learnt, fresh = simulated(700, seed=11), simulated(20_000, seed=12)
    random = np.random.default_rng(13)
    noise = [f"noise_{k}" for k in range(40)]
    frames = [p.X.join(pd.DataFrame(random.normal(size=(len(p.X), 40)), columns=noise)) for p in (learnt, fresh)]
    grown = {"directions": DIRECTIONS, "n_folds": 4, "seed": 1, "central_tendency": None}

    calibrated = calibrated_scorecard(frames[0], learnt.defaulted, learnt.customer, np.ones(700), **grown)
    bare = ScorecardTable.of(WoeScorecard(directions=DIRECTIONS).fit(frames[0], learnt.defaulted))

    slopes = [
        LogisticRegression(C=np.inf).fit(t.log_odds(frames[1])[:, None], fresh.defaulted).coef_[0, 0]
        for t in (bare, calibrated)
    ]
    assert slopes[0] < 0.75
    assert slopes[1] == pytest.approx(1, abs=0.25)


def test_the_mean_pd_is_the_central_tendency_where_one_is_given(portfolio) -> None:
    weight = np.ones(len(portfolio.X))
    grown = {"directions": DIRECTIONS, "n_folds": 3, "seed": 1, "central_tendency": 0.03}

    table = calibrated_scorecard(portfolio.X, portfolio.defaulted, portfolio.customer, weight, **grown)

    assert expit(table.log_odds(portfolio.X)).mean() == pytest.approx(0.03, rel=0.15)
