"""Hypothesis strategies: small consistent portfolios, their days gathered around one day, ties included.

Every strategy gives canonical rows: amounts in whole minor units, days as `date`.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from features.tables import MINOR_UNITS, TABLES, Column, Table

Row = dict[str, Any]

TODAY = date(2024, 6, 30)
"""The day that the drawn days are gathered around."""

OFFSETS = (
    -1900,
    -1095,
    -730,
    -400,
    -366,
    -365,
    -364,
    -181,
    -180,
    -179,
    -91,
    -90,
    -60,
    -31,
    -5,
    -1,
    0,
    1,
    2,
    30,
    90,
    400,
)
AMOUNTS = (1, 4_999, 10_000, 10_001, 500_000, 999_999, 50_000_000, 123_456_789, 10**13)
METHODS = ("transfer", "transfer", "bank_acceptance", "commercial_acceptance", "cash", "credit_note")
OPINIONS = (*TABLES["financial_statements"]["audit_opinion"].allowed, None)


def days(*, around: date = TODAY) -> st.SearchStrategy[date]:
    """Days at and around the bounds of every window, and some in between."""
    return st.one_of(st.sampled_from(OFFSETS), st.integers(-500, 100)).map(lambda n: around + timedelta(days=n))


def later(start: date, most: int = 120) -> st.SearchStrategy[date]:
    """Days from `start` on; often `start` itself."""
    return st.one_of(st.just(0), st.integers(0, most)).map(lambda n: start + timedelta(days=n))


def amounts() -> st.SearchStrategy[int]:
    """Minor units: round, odd, tiny, huge, and equal ones often."""
    return st.one_of(st.sampled_from(AMOUNTS), st.integers(1, 10**8))


@st.composite
def invoices(draw: st.DrawFn, customer_id: str, number: int) -> Row:
    """One invoice: netted, disputed or cancelled now and then."""
    issued_on, amount = draw(days()), draw(amounts())
    due_on = issued_on + timedelta(days=draw(st.sampled_from((0, 1, 30, 60, 90))))
    opened_on = draw(st.none() | later(issued_on))
    return {
        "invoice_id": f"I-{customer_id}-{number}",
        "customer_id": customer_id,
        "issued_on": issued_on,
        "due_on": due_on,
        "amount": amount,
        "credit_note_amount": draw(st.sampled_from((None, None, 0, amount // 3, amount))),
        "disputed_amount": draw(st.sampled_from((None, amount // 2, amount, 2 * amount))) if opened_on else None,
        "dispute_opened_on": opened_on,
        "dispute_closed_on": draw(st.none() | later(opened_on)) if opened_on else None,
        "currency": "CNY",
        "cancelled": draw(st.sampled_from((False, False, False, False, True))),
        "cancelled_on": draw(st.none() | later(issued_on)),
        "credited_on": draw(st.none() | later(issued_on)),
        "booked_at": draw(later(issued_on, 10)),
    }


@st.composite
def payments(draw: st.DrawFn, customer_id: str, number: int, of: list[Row]) -> Row:
    """One payment of one of the invoices, or of none in particular: whole, part, reversed, by draft, or dishonoured."""
    target = draw(st.sampled_from(of)) if of else None
    whole = target["amount"] if target else draw(amounts())
    received_on = draw(later(target["issued_on"], 300)) if target else draw(days())
    share = draw(st.sampled_from((1.0, 1.0, 0.98, 0.979, 0.5, 0.25, 1.3, -1.0, -0.5)))
    return {
        "payment_id": f"P-{customer_id}-{number}",
        "customer_id": customer_id,
        "invoice_id": target["invoice_id"] if target and draw(st.booleans()) else None,
        "received_on": received_on,
        "cleared_on": draw(st.none() | later(received_on, 60)),
        "amount": round(whole * share) or 1,
        "method": draw(st.sampled_from(METHODS)),
        "bounced": draw(st.sampled_from((False, False, False, False, True))),
        "bounced_on": draw(st.none() | later(received_on)),
        "currency": "CNY",
        "booked_at": draw(later(received_on, 40)),
    }


@st.composite
def ledgers(draw: st.DrawFn, customer_id: str = "C1", most: int = 5) -> dict[str, list[Row]]:
    """Invoices of one customer and what was paid on them."""
    issued = [draw(invoices(customer_id, n)) for n in range(draw(st.integers(0, most)))]
    paid = [draw(payments(customer_id, n, issued)) for n in range(draw(st.integers(0, most + 2)))]
    return {"invoices": issued, "payments": paid}


@st.composite
def statements(draw: st.DrawFn, customer_id: str, number: int) -> Row:
    """One statement or a later version of it; equal period ends, and statements of part of a year, are likely."""
    period_end = draw(
        st.sampled_from([date(year, month, 28) for year in (2020, 2021, 2022, 2023) for month in (12, 6)])
    )
    random = Random(draw(st.integers(0, 2**16)))
    row: Row = {
        "statement_id": f"S-{customer_id}-{number}",
        "customer_id": customer_id,
        "period_end": period_end,
        "period_months": draw(st.sampled_from((12, 12, 12, 6))),
        "published_at": draw(st.one_of(later(period_end, 400), days().map(lambda d: max(d, period_end)))),
        "consolidated": draw(st.sampled_from((None, True, False))),
        "audit_opinion": draw(st.sampled_from(OPINIONS)),
        "auditor_id": None,
        "is_restatement": draw(st.booleans()),
        "currency": "CNY",
        "unit_scale": 1.0,
    }
    return {**row, **{c.name: _item(random, c) for c in TABLES["financial_statements"] if c.kind == "money"}}


def _item(random: Random, column: Column) -> int | None:
    low = 0 if column.minimum is not None else -(10**9)
    return random.choice((None, 0, 1, low, random.randint(low, 10**9), random.randint(0, 10**9), 10**17))


@st.composite
def customers(draw: st.DrawFn, customer_id: str) -> list[Row]:
    """The versions of one customer's master record; the group may change."""
    known = draw(st.lists(days(), min_size=1, max_size=2, unique=True))
    return [
        {
            "customer_id": customer_id,
            "group_id": draw(st.sampled_from(("集团甲", "集团甲", "G2", None))),
            "industry_code": draw(st.sampled_from(("C26", "F51"))),
            "region_code": draw(st.sampled_from(("31", "44"))),
            "established_on": draw(st.none() | days()),
            "employees": draw(st.sampled_from((None, 0, 10))),
            "currency": "CNY",
            "known_at": known_at,
        }
        for known_at in known
    ]


@st.composite
def applications(draw: st.DrawFn, customer_id: str, number: int) -> Row:
    """One application on one of a few days, with whatever was decided."""
    as_of = TODAY + timedelta(days=draw(st.sampled_from((-365, -90, -1, 0, 0, 0, 1, 90))))
    return {
        "application_id": f"A-{customer_id}-{number}",
        "customer_id": customer_id,
        "as_of": as_of,
        "product": "open_account",
        "requested_limit": draw(amounts()),
        "requested_terms_days": draw(st.sampled_from((None, 0, 60, 360))),
        "currency": "CNY",
        "is_new_customer": draw(st.sampled_from((None, True, False))),
        "decision": draw(st.sampled_from((None, "admit", "conditional", "decline", "withdrawn", "pending"))),
        "decided_at": draw(st.none() | later(as_of, 20)),
        "approved_limit": draw(st.none() | amounts()),
        "approved_terms_days": draw(st.sampled_from((None, 30))),
    }


@st.composite
def default_events(draw: st.DrawFn, customer_id: str, number: int) -> Row:
    """One reported default, known on its day or later, cured or not."""
    event_date = draw(days())
    return {
        "event_id": f"E-{customer_id}-{number}",
        "customer_id": customer_id,
        "event_type": draw(st.sampled_from(TABLES["default_events"]["event_type"].allowed)),
        "event_date": event_date,
        "amount": draw(st.none() | amounts()),
        "currency": "CNY",
        "source": "court",
        "known_at": draw(later(event_date)),
        "cured_on": draw(st.none() | later(event_date)),
    }


@st.composite
def limits(draw: st.DrawFn, customer_id: str) -> list[Row]:
    """The limits of one customer, some recorded before they hold and some after."""
    valid_from = draw(st.lists(days(), max_size=3, unique=True))
    return [
        {
            "customer_id": customer_id,
            "valid_from": start,
            "limit_amount": draw(st.sampled_from((0, 1_000_000, 50_000_000))),
            "terms_days": None,
            "currency": "CNY",
            "recorded_at": draw(st.one_of(days(), st.just(start))),
        }
        for start in valid_from
    ]


OWN_STRATEGY = {
    "customers",
    "applications",
    "default_events",
    "invoices",
    "payments",
    "credit_limits",
    "financial_statements",
}
PLAIN_TABLES = [table for name, table in TABLES.items() if name not in OWN_STRATEGY]
"""Tables whose rows stand alone: whatever their columns allow is a row."""


@st.composite
def facts(draw: st.DrawFn, table: Table, customer_id: str, number: int) -> Row:
    """One row of a plain table: its days around today, everything else anything its column allows."""
    random = Random(draw(st.integers(0, 2**24)))
    row = {column.name: cell(random, column) for column in table}
    happened = row[table.happened] if table.happened and row[table.happened] else near(random)
    known_from = happened + timedelta(days=random.choice((0, 0, 1, 20, 120)))
    row |= {table.availability: known_from}
    keys = {key: f"{table.name}-{customer_id}-{number}" for key in table.key if key.endswith("_id")}
    return row | keys | ({"customer_id": customer_id} if "customer_id" in row else {})


def near(random: Random) -> date:
    """A day at or around the bounds of every window."""
    return TODAY + timedelta(days=random.choice((*OFFSETS, random.randint(-500, 100))))


def cell(random: Random, column: Column) -> Any:
    """A value of the column, at its limits often; none where it may have none."""
    if not column.required and random.random() < 0.25:
        return None
    low = 0.0 if column.minimum is None else column.minimum
    high = 1000.0 if column.maximum is None else column.maximum
    return {
        "text": lambda: random.choice(("ALL", "C", "F", "甲")),
        "enum": lambda: random.choice(column.allowed),
        "flag": lambda: random.random() < 0.5,
        "date": lambda: near(random),
        "integer": lambda: round(random.choice((low, high, random.uniform(low, high)))),
        "money": lambda: max(_item(random, column) or 0, round(low * MINOR_UNITS) if column.minimum else -(10**15)),
    }.get(column.kind, lambda: random.choice((low, high, random.uniform(low, high))))()


@st.composite
def series(draw: st.DrawFn, table: Table) -> list[Row]:
    """Rows of a table that is of no customer, each key once."""
    rows = [draw(facts(table, "", n)) for n in range(draw(st.integers(0, 6)))]
    return list({tuple(row[key] for key in table.key): row for row in rows}.values())


@st.composite
def portfolios(draw: st.DrawFn, most_customers: int = 3) -> dict[str, list[Row]]:
    """Every table of the contract for a few customers; each refers only to what exists."""
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    for name in [f"C{n}" for n in range(draw(st.integers(1, most_customers)))]:
        ledger = draw(ledgers(name))
        tables["customers"] += draw(customers(name))
        tables["applications"] += [draw(applications(name, n)) for n in range(draw(st.integers(1, 2)))]
        tables["default_events"] += [draw(default_events(name, n)) for n in range(draw(st.integers(0, 2)))]
        tables["invoices"] += ledger["invoices"]
        tables["payments"] += ledger["payments"]
        tables["credit_limits"] += draw(limits(name))
        tables["financial_statements"] += [draw(statements(name, n)) for n in range(draw(st.integers(0, 5)))]
        for table in (t for t in PLAIN_TABLES if "customer_id" in t.references):
            drawn = [draw(facts(table, name, n)) for n in range(draw(st.integers(0, 3)))]
            tables[table.name] += list({tuple(row[key] for key in table.key): row for row in drawn}.values())
    for table in (t for t in PLAIN_TABLES if not t.references):
        tables[table.name] += draw(series(table))
    return tables
