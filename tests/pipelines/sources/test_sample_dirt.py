"""The planted dirt: every row of it is listed with the rule that must see it, and none of it costs a good row."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sampled import DELIVERED, Portfolio
from sampled import portfolio as drawn

from features.tables import TABLES
from pipelines.sources.sample import SampleSettings, produce
from pipelines.sources.sample.defects import defects_of


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return drawn()


@pytest.fixture(scope="module")
def dirty(portfolio: Portfolio) -> pd.DataFrame:
    return portfolio.true("dirty_rows")


def test_every_dirty_row_is_listed_by_a_key_that_exists(portfolio: Portfolio, dirty: pd.DataFrame) -> None:
    for name, listed in dirty.groupby("table"):
        assert set(listed["key"]) <= set(portfolio.keys(str(name))), name
    assert set(dirty["table"]) == set(DELIVERED) - {"default_events"}  # too few of them for a bad one


def test_every_kind_of_dirt_names_the_rule_that_must_see_it(dirty: pd.DataFrame) -> None:
    expected = {defect.name: (defect.rule, defect.fate) for table in TABLES.values() for defect in defects_of(table)}

    listed = dirty.drop_duplicates("defect").set_index("defect")

    assert set(listed.index) == set(expected)
    assert {name: (rule, fate) for name, rule, fate in listed[["rule", "fate"]].fillna("").itertuples()} == {
        name: (rule or "", fate) for name, (rule, fate) in expected.items()
    }


def test_dirt_comes_at_its_share(portfolio: Portfolio, dirty: pd.DataFrame) -> None:
    for name in DELIVERED:
        rows = len(portfolio.table(name))
        counts = dirty[dirty["table"] == name]["defect"].value_counts()
        for defect in (each for each in defects_of(TABLES[name]) if each.share < 1 and rows >= 500):
            few = defect.name == "unit_slip"  # only a third of the statements can take one
            assert counts.get(defect.name, 0) <= 1.05 * defect.share * rows + 1, (name, defect.name)
            assert few or counts.get(defect.name, 0) >= max(1, 0.95 * defect.share * rows - 1), (name, defect.name)


def test_a_table_too_small_to_bear_bad_rows_is_clean(tmp_path: Path) -> None:
    produce(SampleSettings(customers=60, mean_invoices=2), 1, tmp_path / "raw", tmp_path / "truth")
    small = Portfolio(tmp_path / "raw", tmp_path / "truth")

    dirty = small.true("dirty_rows")

    assert not dirty["table"].isin(["customers", "applications", "bill_overdue"]).any()
    assert (dirty["table"] == "source_checks").any()


@pytest.mark.parametrize("name", DELIVERED)
def test_only_planted_rows_repeat_a_key(portfolio: Portfolio, dirty: pd.DataFrame, name: str) -> None:
    planted = dirty[dirty["defect"].isin(["exact_duplicate", "conflicting_duplicate"]) & (dirty["table"] == name)]

    keys = portfolio.keys(name)

    assert sorted(keys[keys.duplicated()]) == sorted(planted["key"])


@pytest.mark.parametrize("name", [name for name in DELIVERED if TABLES[name].happened])
def test_only_planted_rows_were_known_before_they_happened(
    portfolio: Portfolio, dirty: pd.DataFrame, name: str
) -> None:
    table, rows = TABLES[name], portfolio.table(name)
    planted = dirty[(dirty["defect"] == "known_before_event") & (dirty["table"] == name)]

    early = rows[table.availability] < rows[table.happened]

    assert set(portfolio.keys(name)[early]) == set(planted["key"])


@pytest.mark.parametrize("name", DELIVERED)
def test_only_planted_rows_lack_the_day_they_became_known(portfolio: Portfolio, dirty: pd.DataFrame, name: str) -> None:
    missing = portfolio.table(name)[TABLES[name].availability].isna()
    lagged = TABLES[name].reporting_lag_days is not None
    planted = dirty[dirty["defect"] == ("availability_imputed" if lagged else "availability_missing")]

    assert set(portfolio.keys(name)[missing]) == set(planted[planted["table"] == name]["key"])


def test_a_row_without_its_day_is_an_original_only_where_the_contract_knows_a_usual_lag(dirty: pd.DataFrame) -> None:
    imputed = dirty[dirty["defect"] == "availability_imputed"]

    assert set(imputed["table"]) == {
        "bill_overdue", "financial_statements", "operating_metrics", "supply_chain_metrics",
    }  # fmt: skip
    assert not imputed["key"].str.contains("X").any()


def test_statements_balance_unless_planted_otherwise(portfolio: Portfolio, dirty: pd.DataFrame) -> None:
    rows = portfolio.cleaned("financial_statements")
    planted = set(dirty.loc[dirty["defect"] == "balance_broken", "key"])

    gap = (rows["total_assets"] - rows["total_liabilities"] - rows["total_equity"]).abs()

    assert set(rows.loc[gap > 0.01 * rows["total_assets"], "statement_id"]) == planted
    assert (gap[~rows["statement_id"].isin(planted)] < 0.005).all()
    assert (rows["current_assets"] <= 1.01 * rows["total_assets"]).all()
    assert (rows["current_liabilities"] <= 1.01 * rows["total_liabilities"]).all()


def test_a_unit_slip_stands_a_thousandfold_between_two_ordinary_statements(
    portfolio: Portfolio, dirty: pd.DataFrame
) -> None:
    rows = portfolio.cleaned("financial_statements").sort_values(["customer_id", "period_end", "statement_id"])
    slipped = rows["statement_id"].isin(dirty.loc[dirty["defect"] == "unit_slip", "key"])
    jump = np.log10(rows["total_assets"] / rows.groupby("customer_id")["total_assets"].shift())

    assert slipped.any()
    assert jump[slipped].between(2.5, 4.5).all()
    assert jump.shift(-1)[slipped].between(-4.5, -2.5).all()


def test_of_two_versions_of_a_key_the_later_one_is_the_original(portfolio: Portfolio, dirty: pd.DataFrame) -> None:
    conflicts = dirty[(dirty["defect"] == "conflicting_duplicate") & (dirty["table"] == "payments")]
    payments = portfolio.table("payments")

    versions = payments[payments["payment_id"].isin(conflicts["key"])].sort_values(["payment_id", "booked_at"])
    pairs = versions.groupby("payment_id").agg(["first", "last"])

    assert len(pairs) == len(conflicts) > 0
    assert (pairs["booked_at"]["first"] < pairs["booked_at"]["last"]).all()
    np.testing.assert_allclose(pairs["amount"]["first"], 1.1 * pairs["amount"]["last"], atol=0.006)


def test_rows_to_be_set_aside_are_extra_ones(dirty: pd.DataFrame) -> None:
    aside = dirty[(dirty["fate"] == "aside") & (dirty["defect"] != "conflicting_duplicate")]

    # Behind the first column of the key, which may be followed by a day.
    assert aside["key"].str.split("|").str[0].str.endswith("X").all()
    assert len(aside) > 0


def test_a_payment_without_invoice_is_listed_though_no_rule_objects(portfolio: Portfolio, dirty: pd.DataFrame) -> None:
    payments = portfolio.cleaned("payments")
    without = set(payments.loc[payments["invoice_id"].isna(), "payment_id"])

    assert without == set(dirty.loc[dirty["defect"] == "payment_without_invoice", "key"])
    assert 0.002 < len(without) / len(payments) < 0.008


def test_a_spike_stays_in_the_range_that_the_contract_allows(portfolio: Portfolio, dirty: pd.DataFrame) -> None:
    spiked = dirty[dirty["defect"] == "spike"]

    for name, listed in spiked.groupby("table"):
        rows = portfolio.table(str(name))[portfolio.keys(str(name)).isin(listed["key"])]
        for column in (c for c in TABLES[str(name)] if c.kind in ("number", "ratio", "money")):
            values = rows[column.name].dropna()
            assert values.between(column.minimum or 0, column.maximum or np.inf).all(), (name, column.name)
    assert len(spiked) > 100


def test_market_shares_come_in_percent_only_on_request(tmp_path: Path, portfolio: Portfolio) -> None:
    settings = SampleSettings(customers=300, mean_invoices=2, market_share_in_percent=True)

    produce(settings, 1, tmp_path / "raw", tmp_path / "truth")

    asked = Portfolio(tmp_path / "raw", tmp_path / "truth")
    listed = asked.true("dirty_rows")
    listed = listed[listed["table"] == "market_surveys"]
    assert asked.table("market_surveys")["market_share"].median() > 1.5
    assert set(listed["defect"]) == {"percent_for_fraction"}
    assert len(listed) == len(asked.table("market_surveys"))
    assert portfolio.table("market_surveys")["market_share"].max() <= 1
