"""The scorecard as a table: the same log-odds as the fitted one, from plain values alone."""

import json

import numpy as np
import pandas as pd
import pytest

from models.scorecard import WoeScorecard
from models.scorecard_table import ScorecardTable

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


def test_a_shift_moves_everybody_alike(fitted_card: WoeScorecard, table: ScorecardTable, portfolio) -> None:
    moved = ScorecardTable.of(fitted_card, shift=0.7)

    assert moved.log_odds(portfolio.X) - table.log_odds(portfolio.X) == pytest.approx(0.7)
