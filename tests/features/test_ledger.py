"""Which payment settles which invoice, when, and how late; against a plain reading of the rules, row by row."""

from collections import defaultdict
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Row, ledgers
from tiny import Engine, invoice, payment

ISSUED, DUE = "2024-01-01", "2024-03-01"


def settle_by_hand(ledger: dict[str, list[Row]]) -> dict[str, tuple[int, int, date | None]]:
    """Due, open and day of settlement of each receivable: every payment applied in turn, as a clerk would."""
    due = {
        i["invoice_id"]: i["amount"] - (i["credit_note_amount"] or 0) for i in ledger["invoices"] if not i["cancelled"]
    }
    due = {name: amount for name, amount in due.items() if amount > 0}
    received: dict[str, dict[date, int]] = {name: defaultdict(int) for name in due}
    for name, _, cash_on, paid in allocate_by_hand(ledger, due):
        if name in received:
            received[name][cash_on] += paid
    return {name: (due[name], *_state(due[name], received[name])) for name in due}


def _state(due: int, received: dict[date, int]) -> tuple[int, date | None]:
    enough = max(due - max(due // 50, 10_000), 1)
    total, settled_on = 0, None
    for cash_on in sorted(received):
        total += received[cash_on]
        if total < enough:
            settled_on = None
        elif settled_on is None:
            settled_on = cash_on
    return (0 if settled_on else max(due - total, 0)), settled_on


def counted(paid: Row) -> date | None:
    """The day a payment counts from; None if it never does."""
    if paid["bounced"] or (paid["method"] == "commercial_acceptance" and paid["cleared_on"] is None):
        return None
    return paid["received_on"] if paid["method"] == "bank_acceptance" else paid["cleared_on"] or paid["received_on"]


def allocate_by_hand(ledger: dict[str, list[Row]], due: dict[str, int]) -> list[tuple[str, str, date, int]]:
    receipts = [(counted(p), p) for p in ledger["payments"]]
    direct = [(p["invoice_id"], p["payment_id"], on, p["amount"]) for on, p in receipts if on and p["invoice_id"]]
    pool = sorted((on, p["payment_id"], p["amount"]) for on, p in receipts if on and not p["invoice_id"])
    due_on = {i["invoice_id"]: i["due_on"] for i in ledger["invoices"]}
    queue = sorted(due, key=lambda name: (due_on[name], name))
    rest = {name: max(due[name] - sum(paid for n, _, _, paid in direct if n == name), 0) for name in queue}
    return direct + _first_in_first_out(queue, rest, pool)


def _first_in_first_out(
    queue: list[str], rest: dict[str, int], pool: list[tuple[date, str, int]]
) -> list[tuple[str, str, date, int]]:
    """Fill the oldest invoice first; a reversal empties the youngest filled one first, after what nobody claimed."""
    filled, beyond, allocated = dict.fromkeys(queue, 0), 0, []
    for on, name, amount in pool:
        left = amount
        if left > 0:
            repaid = min(left, max(-beyond, 0))
            beyond, left = beyond + repaid, left - repaid
            for one in queue:
                part = min(left, rest[one] - filled[one])
                filled[one], left = filled[one] + part, left - part
                allocated += [(one, name, on, part)] if part else []
            beyond += left
        else:
            taken = min(-left, max(beyond, 0))
            beyond, left = beyond - taken, left + taken
            for one in reversed(queue):
                part = min(-left, filled[one])
                filled[one], left = filled[one] - part, left + part
                allocated += [(one, name, on, -part)] if part else []
            beyond += left
    return allocated


@settings(max_examples=50)
@given(ledger=ledgers(most=5))
def test_every_invoice_is_settled_as_a_clerk_would_settle_it(engine: Engine, ledger: dict[str, list[Row]]) -> None:
    by_hand = settle_by_hand(ledger)

    found = engine.settled(ledger)

    settled_on = [None if pd.isna(day) else day.date() for day in found["settled_on"]]
    assert dict(zip(found.index, zip(found["due"], found["open"], settled_on, strict=True), strict=True)) == by_hand


@settings(max_examples=20)
@given(ledger=ledgers(most=4))
def test_reductions_take_down_exactly_what_is_no_longer_open(engine: Engine, ledger: dict[str, list[Row]]) -> None:
    settled = engine.settled(ledger)
    reductions = engine.reductions(ledger)

    reduced = reductions.groupby("invoice_id")["paid"].sum().reindex(settled.index, fill_value=0)

    assert (settled["due"] - reduced).to_dict() == settled["open"].to_dict()


@settings(max_examples=10)
@given(ledger=ledgers(most=4), data=st.data())
def test_the_order_of_the_ledger_never_matters(
    engine: Engine, ledger: dict[str, list[Row]], data: st.DataObject
) -> None:
    shuffled = {name: data.draw(st.permutations(rows)) for name, rows in ledger.items()}

    assert engine.settled(ledger).equals(engine.settled(shuffled))


def settled(engine: Engine, *payments: Row, amount: float = 10_000, **terms: object) -> pd.Series:
    ledger = {"invoices": [invoice("I1", ISSUED, DUE, amount, **terms)], "payments": list(payments)}
    return engine.settled(ledger).loc["I1"]


def on(series: pd.Series) -> str | None:
    return None if pd.isna(series["settled_on"]) else str(series["settled_on"].date())


def test_an_unpaid_invoice_is_open_in_full(engine: Engine) -> None:
    found = settled(engine)

    assert (found["due"], found["open"], on(found)) == (1_000_000, 1_000_000, None)


def test_partial_payments_settle_on_the_day_the_last_of_them_counts(engine: Engine) -> None:
    parts = [payment(f"P{n}", "I1", f"2024-03-0{n}", 2_500) for n in (1, 2, 3, 4)]

    assert (settled(engine, *parts[:3])["open"], on(settled(engine, *parts[:3]))) == (250_000, None)
    assert (settled(engine, *parts)["open"], on(settled(engine, *parts))) == (0, "2024-03-04")


@pytest.mark.parametrize(
    ("amount", "paid", "is_settled"),
    [
        (10_000, 9_800, True),  # two per cent
        (10_000, 9_799.99, False),
        (1_000, 900, True),  # a hundred yuan
        (1_000, 899.99, False),
        (100_000_000, 98_000_000, True),
    ],
)
def test_the_tolerance_is_two_per_cent_or_a_hundred_yuan(
    engine: Engine, amount: float, paid: float, is_settled: bool
) -> None:
    found = settled(engine, payment("P1", "I1", "2024-03-05", paid), amount=amount)

    assert (on(found) is not None, found["open"] == 0) == (is_settled, is_settled)


def test_an_invoice_below_the_tolerance_still_wants_some_payment(engine: Engine) -> None:
    assert on(settled(engine, amount=80)) is None
    assert on(settled(engine, payment("P1", "I1", "2024-03-05", -20), amount=80)) is None
    assert on(settled(engine, payment("P1", "I1", "2024-03-05", 20), amount=80)) == "2024-03-05"


def test_credit_notes_lower_what_is_due(engine: Engine) -> None:
    found = settled(engine, payment("P1", "I1", "2024-02-20", 7_000), credit_note_amount=3_000)

    assert (found["due"], on(found)) == (700_000, "2024-02-20")


@pytest.mark.parametrize("terms", [{"cancelled": True}, {"credit_note_amount": 10_000}])
def test_an_invoice_that_asks_for_nothing_is_no_receivable(engine: Engine, terms: dict[str, object]) -> None:
    ledger = {"invoices": [invoice("I1", ISSUED, DUE, 10_000, **terms)]}

    assert engine.settled(ledger).empty


def test_a_reversal_after_settlement_opens_the_invoice_again(engine: Engine) -> None:
    paid, reversed_ = payment("P1", "I1", "2024-02-20", 10_000), payment("P2", "I1", "2024-02-25", -10_000)

    found = settled(engine, paid, reversed_)

    assert (found["open"], on(found)) == (1_000_000, None)


def test_an_invoice_paid_again_after_a_reversal_is_settled_on_the_second_day(engine: Engine) -> None:
    paid, reversed_ = payment("P1", "I1", "2024-02-20", 10_000), payment("P2", "I1", "2024-02-25", -10_000)
    again = payment("P3", "I1", "2024-08-01", 10_000)

    assert on(settled(engine, paid, reversed_, again)) == "2024-08-01"


def test_a_dishonoured_payment_never_counts(engine: Engine) -> None:
    assert on(settled(engine, payment("P1", "I1", "2024-02-20", 10_000, bounced=True))) is None


@pytest.mark.parametrize(
    ("method", "cleared_on", "expected"),
    [
        ("bank_acceptance", "2024-08-20", "2024-02-20"),
        ("bank_acceptance", None, "2024-02-20"),
        ("commercial_acceptance", "2024-08-20", "2024-08-20"),
        ("commercial_acceptance", None, None),
        ("transfer", "2024-02-22", "2024-02-22"),
        ("transfer", None, "2024-02-20"),
    ],
)
def test_a_bank_draft_counts_when_received_a_commercial_one_when_cleared(
    engine: Engine, method: str, cleared_on: str | None, expected: str | None
) -> None:
    paid = payment("P1", "I1", "2024-02-20", 10_000, method=method, cleared_on=cleared_on)

    assert on(settled(engine, paid)) == expected


def test_a_receipt_without_reference_pays_the_oldest_due_first(engine: Engine) -> None:
    due = {"I2": "2024-02-01", "I1": "2024-02-01", "I0": DUE}
    invoices = [invoice(name, ISSUED, due_on, 1_000) for name, due_on in due.items()]
    ledger = {"invoices": invoices, "payments": [payment("P1", None, "2024-02-10", 2_500)]}

    found = engine.settled(ledger)

    assert found["open"].to_dict() == {"I1": 0, "I2": 0, "I0": 50_000}


def test_a_receipt_without_reference_pays_only_what_references_left_unpaid(engine: Engine) -> None:
    invoices = [invoice("I1", ISSUED, "2024-02-01", 5_000), invoice("I2", ISSUED, DUE, 5_000)]
    direct, pooled = payment("P1", "I1", "2024-02-20", 4_000), payment("P2", None, "2024-02-10", 3_000)

    found = engine.settled({"invoices": invoices, "payments": [direct, pooled]})

    assert found["open"].to_dict() == {"I1": 0, "I2": 300_000}


def test_a_reversal_without_reference_takes_back_what_was_paid_last(engine: Engine) -> None:
    invoices = [invoice("I1", ISSUED, "2024-02-01", 8_000), invoice("I2", ISSUED, DUE, 12_000)]
    receipts = [payment(f"P{n}", None, f"2024-02-0{n}", amount) for n, amount in ((1, 10_000), (2, -4_000), (3, 4_000))]

    found = engine.settled({"invoices": invoices, "payments": receipts})

    assert found["open"].to_dict() == {"I1": 0, "I2": 1_000_000}
    assert str(found.loc["I1", "settled_on"].date()) == "2024-02-03"


def test_a_receipt_never_pays_the_invoice_of_another_customer(engine: Engine) -> None:
    invoices = [invoice("I1", ISSUED, DUE, 10_000, "C1"), invoice("I2", ISSUED, DUE, 10_000, "C2")]
    receipts = [payment("P1", None, "2024-02-01", 20_000, "C1"), payment("P2", "I1", "2024-02-01", 10_000, "C2")]

    found = engine.settled({"invoices": invoices, "payments": receipts})

    assert found["open"].to_dict() == {"I1": 0, "I2": 1_000_000}


def test_an_empty_ledger_has_no_receivables(engine: Engine) -> None:
    assert engine.settled({}).empty
    assert engine.reductions({}).empty
