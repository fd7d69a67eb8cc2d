"""Tiny canonical tables in memory, and an engine that compiles each question once and asks it of many portfolios."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features import ledger
from features.build import build
from features.cells import TYPES
from features.dimensions import CATALOGUE
from features.outcome import Definition, default_events, label, ledger_defaults
from features.tables import MINOR_UNITS, TABLES, Table

Row = dict[str, Any]
Portfolio = Mapping[str, list[Row]]

AS_OF = date(2024, 6, 30)
DATA_UNTIL = date(2025, 12, 31)
ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
BASEL = Definition()
USUAL: dict[str, Row] = {
    "customers": {"industry_code": "C26", "region_code": "31", "currency": "CNY", "known_at": "2015-01-01"},
    "applications": {
        "as_of": AS_OF, "product": "open_account", "requested_limit": 100_000, "requested_terms_days": 60,
        "currency": "CNY", "decision": "admit",
    },
    "default_events": {"event_type": "insolvency", "source": "court"},
    "invoices": {"cancelled": False, "currency": "CNY"},
    "payments": {"method": "transfer", "bounced": False, "currency": "CNY"},
    "credit_limits": {"currency": "CNY"},
    "financial_statements": {
        "period_end": "2023-12-31", "period_months": 12, "published_at": "2024-04-30", "unit_scale": 1.0,
        "is_restatement": False, "currency": "CNY",
    },
    "operating_metrics": {"currency": "CNY"},
    "market_surveys": {"provider": "survey house"},
    "management_assessments": {"assessor": "internal"},
    "registry_changes": {"change_type": "executive"},
    "esg_assessments": {"provider": "rating house"},
    "esg_events": {"pillar": "e", "event_type": "env_penalty", "severity": 1, "currency": "CNY"},
    "bureau_reports": {"provider": "credit bureau", "currency": "CNY"},
    "bill_overdue": {"list_type": "overdue"},
    "legal_cases": {"role": "defendant", "cause_group": "sale_contract", "currency": "CNY"},
    "enforcement_records": {"record_type": "enforcement", "currency": "CNY"},
    "compliance_events": {"event_type": "admin_penalty", "severity": 1, "currency": "CNY"},
    "licences": {"is_mandatory": True, "valid_from": "2020-01-01", "known_at": "2020-01-01"},
    "reputation_events": {"event_type": "award", "level": "industry"},
    "reviews": {"reviewer_type": "end_customer", "scale_max": 5},
    "trade_references": {"recommended": True},
    "macro_series": {"series": "industry_sales_yoy", "scope": "C"},
    "source_checks": {"checked_at": AS_OF, "status": "none"},
}  # fmt: skip
"""What a row says unless the test says otherwise; amounts in yuan."""


def day(text: str | date) -> date:
    return date.fromisoformat(text) if isinstance(text, str) else text


def days_before(days: int, of: date = AS_OF) -> date:
    return of - timedelta(days=days)


def minor(yuan: float | None) -> int | None:
    return None if yuan is None else round(yuan * MINOR_UNITS)


def row(table: str, **values: Any) -> Row:
    """One canonical row: amounts given in yuan, dates as text or date, availability as early as the fact."""
    contract = TABLES[table]
    given = {**USUAL.get(table, {}), **values}
    if contract.availability not in given and contract.happened:
        given[contract.availability] = given[contract.happened]
    convert: dict[str, Callable[[Any], Any]] = {"money": minor, "date": day}
    return {
        c.name: None if given.get(c.name) is None else convert.get(c.kind, lambda value: value)(given[c.name])
        for c in contract
    }


def customer(customer_id: str = "C1", **values: Any) -> Row:
    return row("customers", customer_id=customer_id, **values)


def application(application_id: str = "A1", customer_id: str = "C1", **values: Any) -> Row:
    return row("applications", application_id=application_id, customer_id=customer_id, **values)


def invoice(
    invoice_id: str, issued_on: date | str, due_on: date | str, amount: float, customer_id: str = "C1", **values: Any
) -> Row:
    return row(
        "invoices",
        invoice_id=invoice_id,
        customer_id=customer_id,
        issued_on=issued_on,
        due_on=due_on,
        amount=amount,
        **values,
    )


def payment(
    payment_id: str,
    invoice_id: str | None,
    received_on: date | str,
    amount: float,
    customer_id: str = "C1",
    **values: Any,
) -> Row:
    return row(
        "payments",
        payment_id=payment_id,
        customer_id=customer_id,
        invoice_id=invoice_id,
        received_on=received_on,
        amount=amount,
        **values,
    )


def statement(statement_id: str = "S1", customer_id: str = "C1", **values: Any) -> Row:
    return row("financial_statements", statement_id=statement_id, customer_id=customer_id, **values)


def default_event(event_id: str, event_date: date | str, customer_id: str = "C1", **values: Any) -> Row:
    return row("default_events", event_id=event_id, customer_id=customer_id, event_date=event_date, **values)


def limit(valid_from: date | str, limit_amount: float, customer_id: str = "C1", **values: Any) -> Row:
    recorded = {"recorded_at": valid_from, **values}
    return row("credit_limits", customer_id=customer_id, valid_from=valid_from, limit_amount=limit_amount, **recorded)


def arrow(contract: Table, rows: Iterable[Row]) -> pa.Table:
    schema = pa.schema([(c.name, ARROW[TYPES[c.kind]]) for c in contract])
    return pa.Table.from_pylist(list(rows), schema=schema)


class Engine:
    """An embedded engine with one table for each of the contract; every question is compiled once."""

    def __init__(self) -> None:
        self.connection = ibis.duckdb.connect(threads=1, autoinstall_known_extensions=False)
        for contract in TABLES.values():
            self.connection.create_table(contract.name, arrow(contract, []))
        self.tables = {name: self.connection.table(name) for name in TABLES}
        self._compiled: dict[Any, str] = {}

    def load(self, portfolio: Portfolio) -> None:
        for name, contract in TABLES.items():
            self.connection.con.register("incoming", arrow(contract, portfolio.get(name, [])))
            self.connection.raw_sql(f"DELETE FROM {name}")
            self.connection.raw_sql(f"INSERT INTO {name} SELECT * FROM incoming")
            self.connection.con.unregister("incoming")

    def ask(self, question: Any, expression: Callable[[], ir.Table]) -> pd.DataFrame:
        """Answer for the portfolio loaded; `question` names the expression, which is compiled only once under this name."""
        return self.connection.con.execute(self._sql(question, expression)).df()

    def _sql(self, question: Any, expression: Callable[[], ir.Table]) -> str:
        # Compiled once, planned every time: a prepared plan would keep what DuckDB inferred from the rows of then.
        if question not in self._compiled:
            self._compiled[question] = str(ibis.to_sql(expression(), dialect="duckdb"))
        return self._compiled[question]

    def _hold(self, name: str, question: Any, expression: Callable[[], ir.Table]) -> ir.Table:
        self.connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._sql(question, expression)}")
        return self.connection.table(name)

    def _rows(self, name: str) -> pd.DataFrame:
        return self.connection.con.execute(f"SELECT * FROM {name}").df()

    def features(
        self,
        portfolio: Portfolio,
        complete_sources: tuple[str, ...] = ("default_history",),
        absent: tuple[str, ...] = (),
    ) -> pd.DataFrame:
        """All features, one row per application in the order of its id."""
        self.load(portfolio)
        there = {name: table for name, table in self.tables.items() if name not in absent}
        question = ("features", complete_sources, absent)
        found = self.ask(question, lambda: build(there["applications"], there, CATALOGUE, complete_sources))
        text = ["application_id", "customer_id", *(f.id for f in CATALOGUE.features if f.is_category)]
        return found.astype(dict.fromkeys(text, "str")).sort_values("application_id").set_index("application_id")

    def _ledger(self) -> tuple[ir.Table, ir.Table]:
        receivables, receipts = ledger.receivables(self.tables["invoices"]), ledger.receipts(self.tables["payments"])
        settlement = ledger.settle(receivables, receipts, "customer_id")
        part_payments = self._hold("part_payments", "part_payments", lambda: settlement.part_payments)
        return self._hold("settled", "settled", lambda: settlement.invoices), part_payments

    def settled(self, portfolio: Portfolio) -> pd.DataFrame:
        """Every receivable with `due`, `open`, `settled_on`, by invoice."""
        self.load(portfolio)
        self._ledger()
        return self._rows("settled").sort_values("invoice_id").set_index("invoice_id")

    def reductions(self, portfolio: Portfolio) -> pd.DataFrame:
        """What takes each invoice down, day by day."""
        self.load(portfolio)
        settled, part_payments = self._ledger()
        found = self.ask("reductions", lambda: ledger.reductions(settled, part_payments, "customer_id"))
        return found.sort_values(["invoice_id", "day"]).reset_index(drop=True)

    def _defaults(self, definition: Definition, until: date) -> ir.Table:
        settled, part_payments = self._ledger()
        question = ("ledger_defaults", definition, until)
        return self._hold("found", question, lambda: ledger_defaults(settled, part_payments, definition, until))

    def ledger_defaults(
        self, portfolio: Portfolio, definition: Definition = BASEL, until: date = DATA_UNTIL
    ) -> pd.DataFrame:
        """The defaults that the ledger shows, by customer and day."""
        self.load(portfolio)
        self._defaults(definition, until)
        return self._rows("found").sort_values(["customer_id", "event_date"]).reset_index(drop=True)

    def outcomes(
        self,
        portfolio: Portfolio,
        definition: Definition = BASEL,
        until: date = DATA_UNTIL,
        absent: tuple[str, ...] = (),
    ) -> pd.DataFrame:
        """The outcome of every application, by its id."""
        self.load(portfolio)
        settled, found = None, None
        if "invoices" not in absent:
            found = self._defaults(definition, until)
            settled = self.connection.table("settled")
        reported = None if "default_events" in absent else self.tables["default_events"]

        def expression() -> ir.Table:
            return label(
                self.tables["applications"], default_events(reported, found, definition), settled, definition, until
            )

        outcomes = self.ask(("outcomes", definition, until, absent), expression)
        return outcomes.sort_values("application_id").set_index("application_id")
