"""Every raw row is kept, repaired, dropped as a copy or set aside, each by one rule in words; good rows are never lost."""

from datetime import date

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import GOOD, Cells, Judge, fate, judge_together, own_key

from features import quality
from features.cells import TYPES
from features.tables import TABLES, Table


@pytest.mark.parametrize("name", TABLES)
def test_a_good_row_is_kept_as_it_is(judge: Judge, name: str) -> None:
    judged = judge(name, [{}])

    assert fate(judged) == ["kept"]
    assert judged["dq_reason"].isna().all()


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_of_the_contract_come_back_in_its_types(judge: Judge, name: str) -> None:
    raw = judge.table("raw", pa.table({"dq_row": pa.array([1], pa.int64()), **{k: [v] for k, v in GOOD[name].items()}}))

    schema = quality.parse(TABLES[name], raw).schema()

    assert {c.name: str(schema[c.name]) for c in TABLES[name]} == {c.name: TYPES[c.kind] for c in TABLES[name]}


# One rule after the other: (table, changed cells, what becomes of the row, words of the reason)

SET_ASIDE = [
    ("applications", {"customer_id": "C9"}, "DQ02", "customer_id 'C9' is not in customers"),
    ("payments", {"invoice_id": "I9"}, "DQ02", "invoice_id 'I9' is not in invoices"),
    ("customers", {"industry_code": None}, "DQ03", "industry_code is missing; a value is required"),
    ("customers", {"industry_code": "   "}, "DQ03", "industry_code is missing; a value is required"),
    ("applications", {"product": "赊销"}, "DQ03", "product '赊销' is not one of open_account, instalment"),
    ("applications", {"decision": "maybe"}, "DQ03", "decision 'maybe' is not one of admit"),
    (
        "invoices",
        {"amount": "1,000"},
        "DQ03",
        "amount '1,000' is not a number up to 1e15; expected digits with a decimal",
    ),
    ("invoices", {"amount": "一千"}, "DQ03", "amount '一千' is not a number"),
    ("invoices", {"amount": "inf"}, "DQ03", "amount 'inf' is not a number"),
    ("invoices", {"amount": "nan"}, "DQ03", "amount 'nan' is not a number"),
    ("invoices", {"amount": "1e16"}, "DQ03", "amount '1e16' is not a number up to 1e15"),
    ("invoices", {"credit_note_amount": "?"}, "DQ03", "credit_note_amount '?' is not a number"),
    ("invoices", {"cancelled": "maybe"}, "DQ03", "cancelled 'maybe' is neither true nor false"),
    ("customers", {"employees": "1.5"}, "DQ03", "employees '1.5' is not a whole number"),
    ("invoices", {"due_on": "31/03/2024"}, "DQ03", "due_on '31/03/2024' is not a date; expected YYYY-MM-DD"),
    ("invoices", {"due_on": "20240331"}, "DQ03", "due_on '20240331' is not a date"),
    ("invoices", {"due_on": "2024-02-30"}, "DQ03", "due_on '2024-02-30' is not a date"),
    ("invoices", {"booked_at": None}, "DQ05", "booked_at is missing; a value is required"),
    ("customers", {"known_at": ""}, "DQ05", "known_at is missing; a value is required"),
    ("invoices", {"issued_on": "1989-12-31"}, "DQ06", "issued_on 1989-12-31 is outside 1990-01-01 to 2029-12-31"),
    ("invoices", {"due_on": "2030-01-01"}, "DQ06", "due_on 2030-01-01 is outside 1990-01-01 to 2029-12-31"),
    ("customers", {"established_on": "1799-12-31"}, "DQ06", "established_on 1799-12-31 is outside 1800-01-01"),
    ("invoices", {"due_on": "2023-12-31"}, "DQ07", "due_on 2023-12-31 is before issued_on 2024-01-01"),
    ("invoices", {"amount": "0"}, "DQ08", "amount 0.0 is below 0.01"),
    ("invoices", {"amount": "-1000"}, "DQ08", "amount -1000.0 is below 0.01"),
    ("applications", {"requested_limit": "0"}, "DQ08", "requested_limit 0.0 is below 0.01"),
    ("credit_limits", {"limit_amount": "-0.01"}, "DQ08", "limit_amount -0.01 is below 0"),
    ("financial_statements", {"period_months": "13"}, "DQ11", "period_months 13.0 is below 3 or above 12"),
    ("financial_statements", {"unit_scale": "0"}, "DQ11", "unit_scale 0.0 is below 1 or above 1e+06"),
    ("tax_ratings", {"rating_year": "23"}, "DQ11", "rating_year 23.0 is below 1990 or above 2100"),
    ("fx_rates", {"rate_to_reporting": "0"}, "DQ11", "rate_to_reporting 0.0 is below 1e-09"),
    ("licences", {"is_mandatory": ""}, "DQ03", "is_mandatory is missing; a value is required"),
    ("macro_series", {"series": "gdp"}, "DQ03", "series 'gdp' is not one of business_climate, industry_sales_yoy"),
]


@pytest.fixture(scope="module")
def set_aside(judge: Judge) -> list[pd.DataFrame]:
    return judge_together(judge, SET_ASIDE)


@pytest.mark.parametrize("number", range(len(SET_ASIDE)), ids=[words for *_, words in SET_ASIDE])
def test_a_row_that_cannot_be_used_is_set_aside_with_its_reason(set_aside: list[pd.DataFrame], number: int) -> None:
    *_, rule, words = SET_ASIDE[number]

    row = set_aside[number].iloc[0]

    assert row["dq_rule"] == rule
    assert row["dq_reason"].startswith(words)


KEPT = [
    ("invoices", {"issued_on": "1990-01-01", "due_on": "1990-01-01"}, "due_on", date(1990, 1, 1)),
    ("invoices", {"due_on": "2029-12-31"}, "due_on", date(2029, 12, 31)),
    ("customers", {"established_on": "1800-01-01"}, "established_on", date(1800, 1, 1)),
    ("invoices", {"due_on": "2024-01-01"}, "due_on", date(2024, 1, 1)),
    ("invoices", {"amount": "0.01"}, "amount", 1),
    ("invoices", {"amount": "1e15"}, "amount", 10**17),
    ("invoices", {"amount": " 12.344 "}, "amount", 1234),
    ("invoices", {"amount": "１２３４．５"}, "amount", 123_450),
    ("payments", {"amount": "－7"}, "amount", -700),
    ("operating_metrics", {"units_shipped": "0.5"}, "units_shipped", 0.5),
    ("supply_chain_metrics", {"capacity_utilisation": "1.5"}, "capacity_utilisation", 1.5),
    ("trade_references", {"recommended": "否"}, "recommended", False),
    ("trade_references", {"avg_days_beyond_terms": "-12.5"}, "avg_days_beyond_terms", -12.5),
    ("reputation_events", {"sentiment": "-1"}, "sentiment", -1.0),
    ("fx_rates", {"rate_to_reporting": "0.0001"}, "rate_to_reporting", 0.0001),
    ("tax_ratings", {"rating_year": "1990"}, "rating_year", 1990),
    ("payments", {"amount": "-1000"}, "amount", -100_000),
    ("payments", {"invoice_id": None}, "invoice_id", None),
    ("credit_limits", {"limit_amount": "0"}, "limit_amount", 0),
    ("financial_statements", {"period_months": "3"}, "period_months", 3),
    ("financial_statements", {"net_profit": "-5"}, "net_profit", -500),
    ("customers", {"group_id": " 集团甲 "}, "group_id", "集团甲"),
    ("invoices", {"cancelled": None}, "cancelled", False),
    ("invoices", {"cancelled": "是"}, "cancelled", True),
    ("invoices", {"cancelled": "NO"}, "cancelled", False),
    ("invoices", {"due_on": "2024-03-31T23:30:00+08:00"}, "due_on", date(2024, 3, 31)),
    ("invoices", {"due_on": "2024-03-31 00:30:00-11:00"}, "due_on", date(2024, 3, 31)),
    ("invoices", {"booked_at": "2024-01-01"}, "booked_at", date(2024, 1, 1)),
]


@pytest.fixture(scope="module")
def kept(judge: Judge) -> list[pd.DataFrame]:
    return judge_together(judge, KEPT)


@pytest.mark.parametrize("number", range(len(KEPT)), ids=[f"{name}: {changes}" for name, changes, *_ in KEPT])
def test_a_row_at_the_edge_of_what_is_allowed_is_kept(kept: list[pd.DataFrame], number: int) -> None:
    *_, column, expected = KEPT[number]

    judged = kept[number]

    value = judged[column].iloc[0]
    assert fate(judged) == ["kept"]
    assert (None if pd.isna(value) else value.date() if isinstance(value, pd.Timestamp) else value) == expected


RESPELLED = [" transfer", "transfer ", "Transfer", "TRANSFER"]


@pytest.mark.parametrize("spelling", RESPELLED)
def test_another_spelling_of_an_allowed_value_is_repaired_and_counted(judge: Judge, spelling: str) -> None:
    judged = judge("payments", [{"method": spelling}])

    assert (fate(judged), judged["method"].to_list()) == (["repaired DQ03"], ["transfer"])


def test_a_known_alias_is_repaired_and_counted(judge: Judge) -> None:
    judged = judge("applications", [{"decision": "Rejected"}])

    assert (fate(judged), judged["decision"].to_list()) == (["repaired DQ03"], ["decline"])


def test_exact_copies_are_dropped_and_conflicting_rows_keep_the_latest(judge: Judge) -> None:
    rows = [
        {"booked_at": "2024-01-05", "amount": "7"},
        {"booked_at": "2024-01-05", "amount": "7.00"},
        {"booked_at": "2024-01-04", "amount": "8"},
        {"invoice_id": "I2"},
    ]

    judged = judge("invoices", rows)

    assert fate(judged) == ["copy", "kept", "aside DQ01", "kept"]
    assert judged["dq_reason"].iloc[2] == "another row has the same invoice_id and a later or equal booked_at"


def test_of_conflicting_rows_known_on_one_day_the_last_in_the_file_is_kept(judge: Judge) -> None:
    assert fate(judge("invoices", [{"amount": "7"}, {"amount": "8"}])) == ["aside DQ01", "kept"]


def test_a_row_set_aside_for_itself_does_not_conflict_with_a_good_one(judge: Judge) -> None:
    assert fate(judge("invoices", [{}, {"amount": "-1"}])) == ["kept", "aside DQ08"]


def test_versions_of_a_customer_are_no_copies(judge: Judge) -> None:
    assert fate(judge("customers", [{}, {"known_at": "2021-01-01"}])) == ["kept", "kept"]


@pytest.mark.parametrize(
    ("name", "changes", "column"),
    [
        ("customers", {"employees": "-1"}, "employees"),
        ("customers", {"registered_capital": "-0.01"}, "registered_capital"),
        ("applications", {"requested_terms_days": "361"}, "requested_terms_days"),
        ("invoices", {"credit_note_amount": "-5"}, "credit_note_amount"),
        ("financial_statements", {"market_cap": "-1"}, "market_cap"),
    ],
)
def test_an_optional_number_outside_its_range_is_cleared_and_the_row_kept(
    judge: Judge, name: str, changes: Cells, column: str
) -> None:
    judged = judge(name, [changes])

    assert fate(judged) == ["repaired DQ11"]
    assert judged[column].isna().all()


def test_an_invoice_paid_more_than_a_twentieth_too_much_is_found(judge: Judge) -> None:
    invoices = judge.table(
        "paid_invoices", pa.table({"invoice_id": ["I1", "I2", "I3"], "amount": [1_000, 1_000, 1_000]})
    )
    rows = [("I1", 1_050, False), ("I2", 600, False), ("I2", 451, False), ("I3", 1_000, False), ("I3", 1_000, True)]
    columns = zip(*rows, strict=True)
    payments = judge.table(
        "paid", pa.table(dict(zip(("invoice_id", "amount", "bounced"), map(list, columns), strict=True)))
    )

    found = judge.connection.con.execute(ibis.to_sql(quality.overpaid(invoices, payments))).fetchall()

    assert [row[0] for row in found] == ["I2"]


# Files whose columns have types of their own


def test_numbers_with_gaps_delivered_as_floats_are_read_as_the_whole_numbers_they_are(judge: Judge) -> None:
    rows = pa.table(
        {
            **{k: [v, v] for k, v in GOOD["invoices"].items() if k not in ("invoice_id", "amount")},
            "invoice_id": pa.array([1001.0, 1002.0]),
            "amount": pa.array([10.5, 20.0]),
            "cancelled": pa.array([1.0, float("nan")]),
            "credit_note_amount": pa.array([float("nan"), float("nan")]),
            "dispute_opened_on": pa.array([float("nan"), float("nan")]),
        }
    )

    judged = judge.delivered("invoices", rows)

    assert fate(judged) == ["kept", "kept"]
    assert judged["invoice_id"].to_list() == ["1001", "1002"]
    assert judged["cancelled"].to_list() == [True, False]
    assert judged["credit_note_amount"].isna().all()


def test_an_empty_column_of_floats_connects_nobody(judge: Judge) -> None:
    empty = pa.array([float("nan")])
    rows = pa.table({**{k: [v] for k, v in GOOD["customers"].items()}, "group_id": empty, "ownership": empty})

    judged = judge.delivered("customers", rows)

    assert fate(judged) == ["kept"]
    assert judged[["group_id", "ownership"]].isna().all(axis=None)


def test_infinity_is_not_an_amount(judge: Judge) -> None:
    rows = pa.table({**{k: [v] for k, v in GOOD["invoices"].items()}, "amount": pa.array([float("inf")])})

    assert fate(judge.delivered("invoices", rows)) == ["aside DQ03"]


def test_typed_columns_are_taken_as_they_are(judge: Judge) -> None:
    typed = {
        "issued_on": pa.array([date(2024, 1, 1)]),
        "due_on": pa.array([pd.Timestamp("2024-03-01 23:59")], pa.timestamp("us")),
        "cancelled": pa.array([True]),
        "amount": pa.array([5], pa.int32()),
        "booked_at": pa.array([pd.Timestamp("2024-01-02")], pa.timestamp("ns")),
    }

    judged = judge.delivered("invoices", pa.table({**{k: [v] for k, v in GOOD["invoices"].items()}, **typed}))

    assert fate(judged) == ["kept"]
    assert (judged["due_on"].iloc[0], judged["amount"].iloc[0]) == (pd.Timestamp("2024-03-01"), 500)
    assert judged["booked_at"].iloc[0] == pd.Timestamp("2024-01-02")


def test_an_empty_file_is_judged_without_rows(judge: Judge) -> None:
    assert judge("financial_statements", []).empty


# What always holds

DIRTY = st.sampled_from(
    ("", " ", "nan", "NaN", "inf", "-inf", "1e308", "1e15", "-1e15", "-0", "0.1", "12.5", "１２", "1,000", "一百", "C1", "I1",
     "null", "true", "Y", "否", "TRANSFER", " transfer ", "declined", "2024-01-31T23:30:00+08:00", "2024-01-31", "31.01.2024",
     "2024-13-01", "0001-01-01", "9999-12-31", "'; DROP TABLE raw; --", "12", "1000", "|", "∅")
) | st.text(max_size=4)  # fmt: skip


@st.composite
def dirty_rows(draw: st.DrawFn, table: Table) -> list[Cells]:
    names = [c.name for c in table]
    dirt = st.dictionaries(st.sampled_from(names), st.none() | DIRTY, max_size=3)
    return draw(st.lists(dirt, min_size=1, max_size=8))


@settings(max_examples=30)
@given(data=st.data())
def test_rows_in_are_rows_kept_and_copies_and_rows_set_aside(judge: Judge, data: st.DataObject) -> None:
    table = TABLES[data.draw(st.sampled_from(sorted(TABLES)))]
    rows = data.draw(dirty_rows(table))

    judged = judge(table.name, rows)

    good = judged[judged["dq_rule"].isna() & ~judged["dq_fixed_DQ01"]]
    assert judged.index.to_list() == list(range(1, len(rows) + 1))
    assert judged["dq_rule"].notna().eq(judged["dq_reason"].notna()).all()
    assert judged["dq_rule"].dropna().isin(quality.RULES).all()
    assert not good.duplicated(list(table.key)).any()
    assert good[[c.name for c in table if c.required]].notna().all(axis=None)


@settings(max_examples=15)
@given(data=st.data())
def test_a_good_row_is_never_lost_among_dirty_ones(judge: Judge, data: st.DataObject) -> None:
    table = TABLES[data.draw(st.sampled_from(sorted(TABLES)))]
    dirty = [{**row, **own_key(table.name, "K1")} for row in data.draw(dirty_rows(table))]

    judged = judge(table.name, [*dirty, own_key(table.name, "K2")])

    assert fate(judged)[-1] == "kept"
