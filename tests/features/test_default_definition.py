"""The default definition, day by day: what is late and material, from when, until when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from strategies import Row, ledgers
from test_ledger import allocate_by_hand, settle_by_hand
from tiny import BASEL, Engine, invoice, payment

QUICK = replace(BASEL, default_dpd_days=20, cure_days=15, material_amount=100, material_share=0.1)
"""A definition under which small ledgers default, are cured and default again."""


def late_and_balance(ledger: dict[str, list[Row]], until: date) -> Iterator[tuple[date, int, int]]:
    """Every day: what is late beyond the definition and not disputed, and what is open, by adding up every invoice."""
    state = settle_by_hand(ledger)
    terms = {i["invoice_id"]: i for i in ledger["invoices"] if i["invoice_id"] in state}
    receipts = allocate_by_hand(ledger, {name: due for name, (due, _, _) in state.items()})
    if not terms:
        return
    today = min(i["issued_on"] for i in terms.values())
    while today <= until:
        late = balance = 0
        for name, one in terms.items():
            due, _, settled_on = state[name]
            paid = sum(amount for n, _, on, amount in receipts if n == name and on <= today)
            asked = due if one["issued_on"] <= today else 0
            unpaid = 0 if settled_on and settled_on <= today else max(asked - paid, 0)
            opened_on, closed_on = one["dispute_opened_on"], one["dispute_closed_on"]
            in_dispute = opened_on and opened_on <= today and (closed_on is None or today < closed_on)
            excused = (one["disputed_amount"] or 0) if in_dispute else 0
            balance += unpaid
            if (today - one["due_on"]).days > QUICK.default_dpd_days:
                late += max(unpaid - excused, 0)
        yield today, late, balance
        today += timedelta(days=1)


def defaults_by_hand(ledger: dict[str, list[Row]], until: date) -> list[tuple[date, date | None]]:
    """First day and day of cure of every default, walking through the calendar."""
    events: list[list[date | None]] = []
    well_since: date | None = None
    for today, late, balance in late_and_balance(ledger, until):
        if late > 0 and late >= max(100 * QUICK.material_amount, balance * QUICK.material_share):
            is_new = not events or (well_since and (today - well_since).days >= QUICK.cure_days)
            if is_new:
                events.append([today, None])
            well_since = None
        elif events and well_since is None:
            well_since = today
        if events and well_since:
            events[-1][1] = well_since + timedelta(days=QUICK.cure_days)
        elif events:
            events[-1][1] = None
    return [(started, cured) for started, cured in events]  # type: ignore[misc]


@settings(max_examples=30)
@given(ledger=ledgers(most=4))
def test_the_ledger_shows_the_defaults_that_a_calendar_would_show(engine: Engine, ledger: dict[str, list[Row]]) -> None:
    until = date(2024, 12, 31)
    by_hand = defaults_by_hand(ledger, until)

    found = engine.ledger_defaults(ledger, QUICK, until)

    cured = [None if pd.isna(on) else on.date() for on in found["cured_on"]]
    assert list(zip(found["event_date"].dt.date, cured, strict=True)) == by_hand


def defaults(
    engine: Engine, *payments: Row, amount: float = 10_000, others: tuple[Row, ...] = (), **terms: object
) -> list[tuple[str, str | None]]:
    """The defaults of a customer with an invoice due on the first of March 2024, and others: first day and cure."""
    ledger = {
        "invoices": [invoice("I1", "2024-01-01", "2024-03-01", amount, **terms), *others],
        "payments": list(payments),
    }
    found = engine.ledger_defaults(ledger)
    return [
        (str(started.date()), None if pd.isna(cured) else str(cured.date()))
        for started, cured in zip(found["event_date"], found["cured_on"], strict=True)
    ]


def test_default_starts_on_the_ninety_first_day_past_due(engine: Engine) -> None:
    assert defaults(engine) == [("2024-05-31", None)]
    assert (date(2024, 5, 31) - date(2024, 3, 1)).days == 91


def test_a_customer_who_pays_on_the_ninety_first_day_has_not_defaulted(engine: Engine) -> None:
    assert defaults(engine, payment("P1", "I1", "2024-05-31", 10_000)) == []
    assert len(defaults(engine, payment("P1", "I1", "2024-06-01", 10_000))) == 1


def test_a_customer_always_twenty_days_late_is_never_in_default(engine: Engine) -> None:
    months = [date(2023, month, 1) for month in range(1, 13)]
    invoices = [invoice(f"I{on.month}", on - timedelta(days=30), on, 50_000) for on in months]
    payments = [payment(f"P{on.month}", f"I{on.month}", on + timedelta(days=20), 50_000) for on in months]

    assert engine.ledger_defaults({"invoices": invoices, "payments": payments}).empty


@pytest.mark.parametrize(("amount", "count"), [(4_999.99, 0), (5_000, 1)])
def test_an_amount_below_five_thousand_is_not_material(engine: Engine, amount: float, count: int) -> None:
    assert len(defaults(engine, amount=amount)) == count


@pytest.mark.parametrize(("other", "count"), [(990_000, 1), (990_001, 0)])
def test_an_amount_below_one_per_cent_of_the_open_balance_is_not_material(
    engine: Engine, other: float, count: int
) -> None:
    not_due = invoice("I2", "2024-03-01", "2026-03-01", other)

    assert len(defaults(engine, amount=10_000, others=(not_due,))) == count


def test_an_amount_under_dispute_is_not_late_until_the_dispute_is_closed(engine: Engine) -> None:
    dispute = {"disputed_amount": 8_000, "dispute_opened_on": "2024-03-10"}

    assert defaults(engine, **dispute) == []
    assert defaults(engine, **dispute, dispute_closed_on="2024-09-01") == [("2024-09-01", None)]
    assert defaults(engine, **{**dispute, "disputed_amount": 4_000}) == [("2024-05-31", None)]


def test_a_dispute_about_one_invoice_never_excuses_another(engine: Engine) -> None:
    dispute = {"disputed_amount": 10_000, "dispute_opened_on": "2024-01-10"}
    settled_all_the_same = invoice("I2", "2023-12-01", "2024-01-15", 10_000, **dispute)
    ledger = {
        "invoices": [invoice("I1", "2024-01-01", "2024-03-01", 10_000), settled_all_the_same],
        "payments": [payment("P1", "I2", "2024-02-01", 10_000)],
    }

    found = engine.ledger_defaults(ledger)

    assert [str(on.date()) for on in found["event_date"]] == ["2024-05-31"]


def test_default_is_cured_ninety_days_after_the_arrears_are_paid(engine: Engine) -> None:
    assert defaults(engine, payment("P1", "I1", "2024-07-01", 10_000)) == [("2024-05-31", "2024-09-29")]
    assert date(2024, 7, 1) + timedelta(days=90) == date(2024, 9, 29)


@pytest.mark.parametrize(
    ("due_again", "expected"),
    [
        ("2024-06-29", [("2024-05-31", None)]),  # late from 28 September, one day before the cure
        ("2024-06-30", [("2024-05-31", "2024-09-29"), ("2024-09-29", None)]),
    ],
)
def test_arrears_before_the_cure_belong_to_the_same_default_and_later_ones_are_a_repeat(
    engine: Engine, due_again: str, expected: list[tuple[str, str | None]]
) -> None:
    again = invoice("I2", "2024-05-01", due_again, 10_000)

    assert defaults(engine, payment("P1", "I1", "2024-07-01", 10_000), others=(again,)) == expected


def test_what_happens_after_the_data_end_is_not_seen(engine: Engine) -> None:
    late = {"invoices": [invoice("I1", "2024-01-01", "2024-03-01", 10_000)]}

    assert engine.ledger_defaults(late, until=date(2024, 5, 30)).empty
    assert len(engine.ledger_defaults(late, until=date(2024, 5, 31))) == 1


def test_with_a_materiality_of_nothing_a_paid_invoice_is_still_no_default(engine: Engine) -> None:
    anything = replace(BASEL, material_amount=0)
    invoices = [invoice("I1", "2024-01-01", "2024-03-01", 10_000)]
    paid = {"invoices": invoices, "payments": [payment("P1", "I1", "2024-07-01", 10_000)]}

    found = engine.ledger_defaults(paid, anything)

    assert [str(on.date()) for on in found["cured_on"]] == ["2024-09-29"]
