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
    "bureau_reports": {
        "report_id": "B1", "customer_id": "C1", "provider": "百行", "report_date": "2024-01-01",
        "available_at": "2024-01-03", "score": "612", "payment_index": "80", "worst_loan_class": "normal",
    },
    "bill_overdue": {
        "customer_id": "C1", "list_month": "2024-01-01", "list_type": "overdue", "published_at": "2024-02-05",
    },
    "operating_metrics": {
        "customer_id": "C1", "month": "2024-01-01", "sales_amount": "5000", "top1_customer_share": "0.35",
        "on_time_delivery_rate": "0.97", "currency": "CNY", "reported_at": "2024-02-10",
    },
    "market_surveys": {
        "customer_id": "C1", "survey_date": "2024-01-01", "provider": "艾瑞", "market_share": "0.05",
        "available_at": "2024-02-01",
    },
    "legal_cases": {
        "case_id": "L1", "customer_id": "C1", "role": "defendant", "cause_group": "sale_contract",
        "filed_on": "2024-01-01", "known_at": "2024-01-20", "claim_amount": "9000", "outcome": "lost",
        "awarded_amount": "8000", "judgment_known_at": "2024-06-01",
    },
    "enforcement_records": {
        "record_id": "R1", "customer_id": "C1", "record_type": "dishonest", "started_on": "2024-01-01",
        "known_at": "2024-01-09",
    },
    "compliance_events": {
        "event_id": "V1", "customer_id": "C1", "event_type": "tax_arrears", "severity": "3",
        "occurred_on": "2024-01-01", "known_at": "2024-01-09",
    },
    "tax_ratings": {"customer_id": "C1", "rating_year": "2023", "grade": "m", "published_at": "2024-04-28"},
    "licences": {
        "licence_id": "N1", "customer_id": "C1", "is_mandatory": "true", "valid_from": "2024-01-01",
        "known_at": "2024-01-01",
    },
    "reputation_events": {
        "event_id": "G1", "customer_id": "C1", "event_type": "news", "sentiment": "-0.4", "weight": "0.5",
        "occurred_on": "2024-01-01", "known_at": "2024-01-01",
    },
    "reviews": {
        "review_id": "W1", "customer_id": "C1", "reviewer_type": "bank", "score": "4", "scale_max": "5",
        "reviewed_on": "2024-01-01", "known_at": "2024-01-02",
    },
    "trade_references": {
        "reference_id": "T1", "customer_id": "C1", "recommended": "yes", "avg_days_beyond_terms": "-3",
        "given_on": "2024-01-01", "known_at": "2024-01-05",
    },
    "management_assessments": {
        "assessment_id": "M1", "customer_id": "C1", "assessed_on": "2024-01-01", "available_at": "2024-01-11",
        "assessor": "internal", "team_score": "71.5", "key_person_dependency": "0.6",
    },
    "registry_changes": {
        "change_id": "H1", "customer_id": "C1", "change_type": "controller", "changed_on": "2024-01-01",
        "known_at": "2024-01-15",
    },
    "supply_chain_metrics": {
        "customer_id": "C1", "quarter_end": "2024-03-31", "capacity_utilisation": "1.1", "stockout_rate": "0.02",
        "reported_at": "2024-05-10",
    },
    "esg_assessments": {
        "assessment_id": "Q1", "customer_id": "C1", "provider": "商道", "assessed_on": "2024-01-01",
        "available_at": "2024-02-01", "e_score": "55", "env_credit_grade": "green", "related_party_share": "0.2",
    },
    "esg_events": {
        "event_id": "X1", "customer_id": "C1", "pillar": "e", "event_type": "env_penalty", "severity": "2",
        "occurred_on": "2024-01-01", "known_at": "2024-01-31",
    },
    "macro_series": {
        "series": "business_climate", "scope": "ALL", "month": "2024-01-01", "value": "101.3",
        "released_at": "2024-02-14",
    },
    "fx_rates": {"currency": "USD", "rate_date": "2024-01-01", "rate_to_reporting": "7.1"},
    "source_checks": {"customer_id": "C1", "source": "court", "checked_at": "2024-01-01", "status": "none"},
}  # fmt: skip
"""A row of every table that no rule objects to, as text, the way a CSV file gives it."""

Cells = dict[str, Any]


MANY = [f"K{number}" for number in range(100)]
"""Customers, or keys of other kinds, for cases that need one of their own."""


def own_key(name: str, key: str) -> Cells:
    """The change that gives a good row of a table a key of its own."""
    return {"scope" if name == "macro_series" else TABLES[name].key[0]: key}


class Judge:
    """Runs the rules on raw rows; customers C1, C2 and K0 to K99 and invoice I1 exist."""

    def __init__(self) -> None:
        self.connection = ibis.duckdb.connect(threads=1, autoinstall_known_extensions=False)
        self.known = {
            "customers": self.table("known_customers", pa.table({"customer_id": ["C1", "C2", *MANY]})),
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
        alone, together = self._compiled[name, numbered.schema]
        self.connection.raw_sql(alone)
        found = self.connection.con.execute(together).df()
        return found.sort_values("dq_row").set_index("dq_row")

    def _compile(self, table: Table, raw: ir.Table) -> tuple[str, str]:
        """The two queries of a table, the first held in a table of its own as the stage does it."""
        rows = quality.judge(table, quality.parse(table, raw), self.known, DATA_UNTIL)
        alone = f"CREATE OR REPLACE TABLE alone AS {ibis.to_sql(rows, dialect='duckdb')}"
        self.connection.raw_sql(alone)
        judged = quality.judge_keys(table, self.connection.table("alone"))
        judged = quality.judge_statements(judged) if table.name == "financial_statements" else judged
        return alone, str(ibis.to_sql(judged, dialect="duckdb"))

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
    for name in {case[0]: None for case in cases}:
        own = [number for number, case in enumerate(cases) if case[0] == name]
        judged = judge(name, [own_key(name, key) | cases[n][1] for n, key in zip(own, MANY, strict=False)])
        found |= {number: judged.loc[[row]] for row, number in enumerate(own, start=1)}
    return [found[number] for number in range(len(cases))]
