"""Every raw row is kept, repaired, dropped as a copy or set aside, each by one rule in words; good rows are never lost."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import Simulated

from features import quality
from features.cells import TYPES
from features.tables import TABLES, Table

DATA_UNTIL = date(2024, 12, 31)
GOOD: dict[str, dict[str, str]] = {
    "customers": {
        "customer_id": "C1", "industry_code": "C26", "region_code": "31", "currency": "CNY", "known_at": "2020-01-01",
    },
    "applications": {
        "application_id": "A1", "customer_id": "C1", "as_of": "2024-06-30", "product": "open_account",
        "requested_limit": "100000", "currency": "CNY",
    },
    "default_events": {
        "event_id": "E1", "customer_id": "C1", "event_type": "dpd90", "event_date": "2024-01-01", "source": "court",
        "known_at": "2024-01-02",
    },
    "invoices": {
        "invoice_id": "I1", "customer_id": "C1", "issued_on": "2024-01-01", "due_on": "2024-03-01", "amount": "1000.50",
        "currency": "CNY", "booked_at": "2024-01-02",
    },
    "payments": {
        "payment_id": "P1", "customer_id": "C1", "invoice_id": "I1", "received_on": "2024-03-01", "amount": "1000.50",
        "method": "transfer", "currency": "CNY", "booked_at": "2024-03-02",
    },
    "credit_limits": {
        "customer_id": "C1", "valid_from": "2024-01-01", "limit_amount": "5000", "currency": "CNY",
        "recorded_at": "2024-01-01",
    },
    "financial_statements": {
        "statement_id": "S1", "customer_id": "C1", "period_end": "2023-12-31", "period_months": "12",
        "published_at": "2024-04-30", "currency": "CNY", "unit_scale": "1", "revenue": "900", "total_assets": "1000",
        "total_liabilities": "600", "total_equity": "400",
    },
}  # fmt: skip
"""A row of every table that no rule objects to, as text, the way a CSV file gives it."""

Cells = dict[str, Any]


class Judge:
    """Runs the rules on raw rows; customers C1 and C2 and invoice I1 exist."""

    def __init__(self) -> None:
        self.connection = ibis.duckdb.connect(threads=1, autoinstall_known_extensions=False)
        self.known = {
            "customers": self.table("known_customers", pa.table({"customer_id": ["C1", "C2"]})),
            "invoices": self.table("known_invoices", pa.table({"invoice_id": ["I1"]})),
        }
        self._compiled: dict[tuple[str, pa.Schema], tuple[str, str]] = {}

    def table(self, name: str, rows: pa.Table) -> ir.Table:
        self.connection.create_table(name, rows, overwrite=True)
        return self.connection.table(name)

    def __call__(self, name: str, rows: Iterable[Cells]) -> pd.DataFrame:
        """Judge rows given as changes to the good row of the table; cells are text, None is empty."""
        cells = [{**GOOD[name], **changes} for changes in rows]
        columns = [c.name for c in TABLES[name]]
        return self.delivered(name, pa.table({c: pa.array([r.get(c) for r in cells], pa.string()) for c in columns}))

    def delivered(self, name: str, rows: pa.Table) -> pd.DataFrame:
        """Judge rows as a file of any types delivers them."""
        numbered = rows.append_column("dq_row", pa.array(range(1, rows.num_rows + 1), pa.int64()))
        raw = self.table("raw", numbered)
        if (name, numbered.schema) not in self._compiled:
            self._compiled[name, numbered.schema] = self._compile(TABLES[name], raw)
        parse, judge = self._compiled[name, numbered.schema]
        self.connection.raw_sql(parse)
        found = self.connection.con.execute(judge).df()
        return found.sort_values("dq_row").set_index("dq_row")

    def _compile(self, table: Table, raw: ir.Table) -> tuple[str, str]:
        """The two queries of a table, the first held in a table of its own as the stage does it."""
        parse = f"CREATE OR REPLACE TABLE parsed AS {ibis.to_sql(quality.parse(table, raw), dialect='duckdb')}"
        self.connection.raw_sql(parse)
        parsed = self.connection.table("parsed")
        judged = quality.judge_keys(table, quality.judge(table, parsed, self.known, DATA_UNTIL))
        judged = quality.judge_statements(judged) if table.name == "financial_statements" else judged
        return parse, str(ibis.to_sql(judged, dialect="duckdb"))

    def one(self, name: str, **changes: Any) -> pd.Series:
        """Judge one row."""
        return self(name, [changes]).loc[1]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def fate(judged: pd.DataFrame) -> list[str]:
    """What became of every row."""
    words = []
    for _, row in judged.iterrows():
        fixes = [c.removeprefix("dq_fixed_") for c in judged if c.startswith("dq_fixed_") and row[c]]
        if pd.notna(row["dq_rule"]):
            words.append(f"aside {row['dq_rule']}")
        elif "DQ01" in fixes:
            words.append("copy")
        else:
            words.append(f"repaired {' '.join(fixes)}" if fixes else "kept")
    return words


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
]


@pytest.mark.parametrize(("name", "changes", "rule", "words"), SET_ASIDE)
def test_a_row_that_cannot_be_used_is_set_aside_with_its_reason(
    judge: Judge, name: str, changes: Cells, rule: str, words: str
) -> None:
    row = judge.one(name, **changes)

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


@pytest.mark.parametrize(("name", "changes", "column", "expected"), KEPT)
def test_a_row_at_the_edge_of_what_is_allowed_is_kept(
    judge: Judge, name: str, changes: Cells, column: str, expected: Any
) -> None:
    judged = judge(name, [changes])

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


def test_known_before_it_happened_becomes_the_event_plus_the_usual_lag(judge: Judge) -> None:
    lags = [{"invoice_id": f"I{n}", "booked_at": f"2024-01-0{1 + n}"} for n in (1, 3, 4)]
    early = {"invoice_id": "I9", "issued_on": "2024-02-01", "booked_at": "2024-01-31"}

    judged = judge("invoices", [*lags, early])

    assert fate(judged) == ["kept", "kept", "kept", "repaired DQ04"]
    assert judged["booked_at"].iloc[3] == pd.Timestamp("2024-02-04")


def test_a_row_known_too_early_with_no_other_to_compare_is_known_on_its_day(judge: Judge) -> None:
    judged = judge("invoices", [{"booked_at": "2023-12-31"}])

    assert fate(judged) == ["repaired DQ04"]
    assert judged["booked_at"].iloc[0] == pd.Timestamp("2024-01-01")


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


# Statements


def test_a_missing_equity_is_assets_less_liabilities(judge: Judge) -> None:
    judged = judge("financial_statements", [{"total_equity": None}])

    assert (fate(judged), judged["total_equity"].to_list()) == (["repaired DQ09"], [40_000])


@pytest.mark.parametrize(
    ("changes", "flagged"),
    [
        ({"total_equity": "410"}, False),  # one per cent of assets
        ({"total_equity": "410.01"}, True),
        ({"current_assets": "1010"}, False),
        ({"current_assets": "1010.01"}, True),
        ({"current_liabilities": "606"}, False),
        ({"current_liabilities": "606.01"}, True),
        ({"total_assets": None, "total_equity": None}, False),
    ],
)
def test_a_sheet_that_does_not_add_up_is_flagged_and_kept(judge: Judge, changes: Cells, flagged: bool) -> None:
    row = judge.one("financial_statements", **changes)

    assert (bool(row["dq_flag_DQ09"]), pd.isna(row["dq_rule"])) == (flagged, True)


IN_UNITS = [("1", "1234567.89"), ("1000", "1234.56789"), ("10000", "123.456789"), ("1000000", "1.23456789")]


@pytest.mark.parametrize(("scale", "figure"), IN_UNITS)
def test_a_statement_in_thousands_or_millions_has_the_same_canonical_amounts_as_one_in_yuan(
    judge: Judge, scale: str, figure: str
) -> None:
    row = judge.one("financial_statements", unit_scale=scale, revenue=figure)

    assert row["revenue"] == 123_456_789


def test_a_statement_beyond_any_company_in_its_unit_is_set_aside(judge: Judge) -> None:
    row = judge.one("financial_statements", unit_scale="1000000", revenue="1e12")

    assert row["dq_rule"] == "DQ03"


def sized(factors: list[float], revenue: list[float] | None = None) -> list[Cells]:
    """Statements of one company, each so many times as large as usual."""
    return [
        {
            "statement_id": f"S{n}", "period_end": f"{2018 + n}-12-31", "published_at": f"{2019 + n}-04-30",
            "total_assets": str(1000 * factor), "total_liabilities": str(600 * factor), "total_equity": str(400 * factor),
            "revenue": str(900 * (revenue or factors)[n]), "net_profit": str(-7.77 * factor),
        }
        for n, factor in enumerate(factors)
    ]  # fmt: skip


@pytest.mark.parametrize("factor", [1_000, 10_000, 0.001, 0.0001])
def test_one_statement_of_three_in_the_wrong_unit_is_divided_back_and_counted(judge: Judge, factor: float) -> None:
    judged = judge("financial_statements", sized([1.2, factor, 0.9]))

    assert fate(judged) == ["kept", "repaired DQ10", "kept"]
    assert judged["total_assets"].to_list() == [120_000, 100_000, 90_000]


@pytest.mark.parametrize(
    ("factors", "revenue"),
    [
        ([1, 1_000], None),  # nobody can tell which of two slipped
        ([1, 1_000, 1], [1, 1, 1]),  # the company bought assets, its sales are as before
        ([1, 100, 1], None),  # no unit is a hundred times another
        ([1, 3, 9], None),  # it grew
        ([1, 1_000, 1_000], [1, 1, 1]),
    ],
)
def test_a_company_whose_size_changed_for_other_reasons_is_left_alone(
    judge: Judge, factors: list[float], revenue: list[float] | None
) -> None:
    assert fate(judge("financial_statements", sized(factors, revenue))) == ["kept"] * len(factors)


def test_copies_of_a_statement_have_no_say_in_which_one_slipped(judge: Judge) -> None:
    one, other = sized([1, 1_000])

    assert sorted(fate(judge("financial_statements", [one, one, other]))) == ["copy", "kept", "kept"]


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
    }

    judged = judge.delivered("invoices", pa.table({**{k: [v] for k, v in GOOD["invoices"].items()}, **typed}))

    assert fate(judged) == ["kept"]
    assert (judged["due_on"].iloc[0], judged["amount"].iloc[0]) == (pd.Timestamp("2024-03-01"), 500)


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
    dirty = [{**row, table.key[0]: "C1"} for row in data.draw(dirty_rows(table))]

    judged = judge(table.name, [*dirty, {table.key[0]: "C2"}])

    assert fate(judged)[-1] == "kept"


# The planted dirt of the simulated portfolio

CAUGHT_BY = {
    "exact_duplicate": "copy",
    "conflicting_duplicate": "aside DQ01",
    "negative_amount": "aside DQ08",
    "known_before_event": "repaired DQ04",
    "availability_missing": "aside DQ05",
    "enum_typo": "repaired DQ03",
    "enum_unknown": "aside DQ03",
    "unknown_customer": "aside DQ02",
    "unit_slip": "repaired DQ10",
    "balance_broken": "flag DQ09",
}


def caught(simulated: Simulated) -> pd.DataFrame:
    """Every row that a rule touched: table, key, and what became of it."""
    found = []
    for name, table in TABLES.items():
        rows = simulated.rows(name)
        keys = [rows[k].dt.strftime("%Y-%m-%d") if rows[k].dtype.kind == "M" else rows[k] for k in table.key]
        rows["key"] = keys[0].str.cat(keys[1:], sep="|")
        touched = {f"aside {rule}": rows["dq_rule"] == rule for rule in quality.RULES}
        for column in (c for c in rows if c.startswith("dq_fixed_")):
            touched[f"repaired {column[-4:]}"] = rows["dq_rule"].isna() & rows[column]
        touched["copy"] = touched.pop("repaired DQ01")
        if "dq_flag_DQ09" in rows:
            touched["flag DQ09"] = rows["dq_flag_DQ09"]
        found += [rows.loc[mask, ["key"]].assign(table=name, fate=word) for word, mask in touched.items()]
    return pd.concat(found, ignore_index=True)


@pytest.fixture(scope="module")
def touched(simulated: Simulated) -> pd.DataFrame:
    return caught(simulated)


@pytest.mark.parametrize(("defect", "word"), CAUGHT_BY.items())
def test_every_planted_defect_is_caught_by_its_rule_and_no_good_row_is(
    simulated: Simulated, touched: pd.DataFrame, defect: str, word: str
) -> None:
    dirty = simulated.truth("dirty_rows")
    planted = dirty[dirty["defect"] == defect]

    found = planted.merge(touched[touched["fate"] == word], on=["table", "key"], how="outer", indicator=True)["_merge"]

    recall, false_alarms = (found == "both").sum() / len(planted), (found == "right_only").sum()
    assert (recall, false_alarms) == (1.0, 0)


def test_every_defect_of_the_simulated_portfolio_has_its_rule(simulated: Simulated) -> None:
    assert set(simulated.truth("dirty_rows")["defect"]) == set(CAUGHT_BY)


def test_no_good_row_of_the_simulated_portfolio_is_lost(simulated: Simulated) -> None:
    dirty = simulated.truth("dirty_rows")
    stays = ("known_before_event", "enum_typo", "unit_slip", "balance_broken")
    extra = dirty[~dirty["defect"].isin(stays)].groupby("table").size()

    lost = {name: len(simulated.rows(name)) - simulated.kept(name).count().to_pyarrow().as_py() for name in TABLES}

    assert lost == {name: extra.get(name, 0) for name in TABLES}


def test_a_slip_repaired_gives_back_the_amounts_of_the_other_years(simulated: Simulated) -> None:
    dirty = simulated.truth("dirty_rows")
    slipped = dirty.loc[dirty["defect"] == "unit_slip", "key"]
    statements = simulated.frame(simulated.kept("financial_statements"))
    usual = statements.groupby("customer_id")["total_assets"].transform("median")

    off = (statements["total_assets"] / usual)[statements["statement_id"].isin(slipped)]

    assert len(off) == len(slipped)
    assert off.between(0.2, 5).all()
