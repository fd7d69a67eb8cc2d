"""Amounts of several currencies become amounts of one, at rates known when the row became known."""

from datetime import date
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import Judge

from features import quality
from features.cells import TYPES
from features.tables import TABLES

RATES = [("USD", date(2024, 1, 1), 7.0), ("USD", date(2024, 3, 1), 7.2), ("EUR", date(2024, 2, 1), 7.8)]
INVOICE = {"invoice_id": "I1", "amount": 100_000, "currency": "USD", "booked_at": date(2024, 2, 15)}
PAYMENT = {"payment_id": "P1", "invoice_id": "I1", "amount": 100_000, "currency": "USD", "booked_at": date(2024, 4, 1)}


Rows = list[dict[str, Any]]


class Desk:
    """Prices and converts canonical rows to CNY."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._compiled: dict[tuple[str, bool], str] = {}

    def convert(
        self, name: str, rows: Rows, rates: list[tuple[str, date, float]] = RATES, invoices: Rows | None = None
    ) -> Rows:
        names = ("currency", "rate_date", "rate_to_reporting")
        own = self._table(name, "own", rows)
        known = self._table("fx_rates", "known", [dict(zip(names, rate, strict=True)) for rate in rates])
        billed = None if invoices is None else self._table("invoices", "billed", invoices)
        if (name, billed is None) not in self._compiled:
            priced = quality.price(TABLES[name], own, known, "CNY", billed)
            self._compiled[name, billed is None] = ibis.to_sql(quality.convert(TABLES[name], priced, "CNY"))
        return self.judge.connection.con.execute(self._compiled[name, billed is None]).to_arrow_table().to_pylist()

    def _table(self, name: str, role: str, rows: Rows) -> ibis.expr.types.Table:
        """Canonical rows of a table, null where nothing is given."""
        types = ibis.schema({c.name: TYPES[c.kind] for c in TABLES[name]})
        return self.judge.table(f"currency_{role}", pa.Table.from_pylist(rows, types.to_pyarrow()))


@pytest.fixture(scope="module")
def desk(judge: Judge) -> Desk:
    return Desk(judge)


@pytest.mark.parametrize(
    ("currency", "day", "amount"),
    [
        ("USD", date(2024, 1, 1), 700_000),
        ("USD", date(2024, 2, 29), 700_000),
        ("USD", date(2024, 3, 1), 720_000),
        ("USD", date(2029, 1, 1), 720_000),
        ("EUR", date(2024, 3, 1), 780_000),
        ("CNY", date(2024, 3, 1), 100_000),
        ("CNY", date(1999, 1, 1), 100_000),
    ],
)
def test_an_amount_is_converted_at_the_latest_rate_known_when_the_row_became_known(
    desk: Desk, currency: str, day: date, amount: int
) -> None:
    (row,) = desk.convert("invoices", [{**INVOICE, "currency": currency, "booked_at": day}])

    assert (row["amount"], row["currency"]) == (amount, "CNY")


def test_a_rate_of_a_later_day_is_never_used(desk: Desk) -> None:
    rows = desk.convert("invoices", [{**INVOICE, "booked_at": date(2023, 12, 31)}])

    assert [row["amount"] for row in rows] == [None]


def test_a_row_without_a_currency_is_in_the_reporting_one(desk: Desk) -> None:
    event = {"event_id": "E1", "amount": 500, "currency": None, "known_at": date(2024, 1, 1)}

    (row,) = desk.convert("default_events", [event])

    assert (row["amount"], row["currency"]) == (500, None)


def test_every_amount_of_a_row_is_converted_and_what_is_missing_stays_missing(desk: Desk) -> None:
    statement = {"statement_id": "S1", "currency": "USD", "published_at": date(2024, 3, 1), "period_months": 12}

    (row,) = desk.convert("financial_statements", [{**statement, "revenue": 1_000, "net_profit": -333}])

    assert (row["revenue"], row["net_profit"], row["total_assets"]) == (7_200, -2_398, None)
    assert row["period_months"] == 12


def test_a_payment_takes_the_rate_of_the_invoice_it_pays(desk: Desk) -> None:
    (row,) = desk.convert("payments", [PAYMENT], invoices=[INVOICE])

    assert row["amount"] == 700_000


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"invoice_id": None}, 720_000),
        ({"invoice_id": "I9"}, 720_000),
        ({"booked_at": date(2024, 1, 5)}, 700_000),  # paid in advance: the invoice's day was not known yet
    ],
)
def test_a_payment_of_no_known_invoice_takes_the_rate_of_its_own_day(
    desk: Desk, changes: dict[str, Any], amount: int
) -> None:
    late = {**INVOICE, "booked_at": date(2024, 3, 5)} if "booked_at" in changes else INVOICE

    (row,) = desk.convert("payments", [{**PAYMENT, **changes}], invoices=[late])

    assert row["amount"] == amount


DAYS = st.dates(date(2024, 1, 1), date(2024, 12, 31))


@settings(max_examples=25)
@given(
    rates=st.lists(st.tuples(st.just("USD"), DAYS, st.floats(0.01, 200)), max_size=6, unique_by=lambda rate: rate[1]),
    amount=st.integers(1, 10**11),
    billed=DAYS,
    wait=st.integers(0, 200),
)
def test_an_invoice_paid_in_full_in_its_currency_is_paid_in_full_after_conversion(
    desk: Desk, rates: list[tuple[str, date, float]], amount: int, billed: date, wait: int
) -> None:
    rates = [("USD", date(2023, 12, 31), 7.0), *rates]
    invoice = {**INVOICE, "amount": amount, "booked_at": billed}
    payment = {**PAYMENT, "amount": amount, "booked_at": date.fromordinal(billed.toordinal() + wait)}

    (owed,) = desk.convert("invoices", [invoice], rates)
    (paid,) = desk.convert("payments", [payment], rates, [invoice])

    assert paid["amount"] == owed["amount"]
