"""Judges raw rows by the quality rules, table by table, and says in words what became of each."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features import quality
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


def judge_together(judge: Judge, cases: list[tuple[str, Cells, Any, Any]]) -> list[pd.DataFrame]:
    """Judge the row of every case, those of one table in one file and each with a key of its own."""
    found: dict[int, pd.DataFrame] = {}
    for name in TABLES:
        own = [number for number, case in enumerate(cases) if case[0] == name]
        key = TABLES[name].key[0]
        has_own_key = name == "customers" or key != "customer_id"
        judged = judge(name, [({key: f"K{n}"} if has_own_key else {}) | cases[n][1] for n in own]) if own else None
        found |= {number: judged.loc[[row]] for row, number in enumerate(own, start=1)}
    return [found[number] for number in range(len(cases))]
