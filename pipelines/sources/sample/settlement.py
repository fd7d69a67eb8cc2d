"""How invoices are paid: late by quality, in parts, by draft, after a bounce or a dispute, and never 90 days late.

No paid invoice is settled later than 88 days after it is due, whatever its path. With two days for booking, nobody but
the drawn defaults ever owes anything more than 90 days past due.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Flags,
    Floats,
    Ints,
    number_within,
)
from pipelines.sources.sample.history import History
from pipelines.sources.sample.latents import Population
from pipelines.sources.sample.ledger import Invoices

LATEST_DAYS_LATE = 88
METHODS = ("transfer", "cash", "offset", "bank_acceptance", "commercial_acceptance", "credit_note")
TRANSFER, CASH, OFFSET, BANK_DRAFT, COMMERCIAL_DRAFT, CREDIT_NOTE = range(6)
METHODS_SHARE = (0.75, 0.03, 0.02, 0.14, 0.06)
PARTIAL_SHARE = 0.15
SHORT_SHARE = 0.01
"""Invoices paid up to 0.5-1.5%, which is within the tolerance of a settled invoice."""
UNALLOCATED_SHARE = 0.005
BOOKING_DAYS = 2


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """How each invoice is settled; one entry per invoice, amounts in cents, NEVER for what does not happen."""

    settled_on: Days
    """Day the last part counts."""
    part: Ints
    """Paid earlier, 0 for a payment in one."""
    part_on: Days
    rest: Ints
    """Paid last."""
    method: Ints
    """Of the last part; index into METHODS."""
    bounced_on: Days
    disputes: dict[str, Ints]


@dataclass(frozen=True, kw_only=True)
class Payments:
    """The receipts of one shard, sorted by customer and day of receipt."""

    invoice: Ints
    """Row of the invoice paid."""
    received_on: Days
    cleared_on: Days
    counts_on: Days
    """Day from which it lowers what is owed; NEVER if bounced."""
    amount: Ints
    method: Ints
    bounced: Flags
    booked_at: Days
    is_only: Flags
    """Whether it alone settles its invoice to the cent."""

    def select(self, chosen: Ints | Flags) -> "Payments":
        """Return the chosen payments in the chosen order."""
        return Payments(**{name: value[chosen] for name, value in vars(self).items()})


def draw_settlement(
    rng: np.random.Generator, population: Population, history: History, invoices: Invoices
) -> Settlement:
    """Draw how every invoice is settled."""
    count = len(invoices.customer)
    credit = population.at("credit_score", invoices.customer, invoices.issued_on)
    fin = population.at("financial_condition", invoices.customer, invoices.issued_on)
    owes = ~invoices.unpaid & (invoices.payable > 0)
    settled_on = invoices.due_on + _days_late(rng, credit, fin, invoices.due_on - invoices.issued_on)
    settled_on = np.maximum(settled_on, invoices.issued_on + 1)
    disputes, settled_on = _disputes(rng, credit, invoices, owes, settled_on)
    part, part_on = _first_part(rng, invoices, disputes["amount"], settled_on)
    method = rng.choice(len(METHODS_SHARE), count, p=METHODS_SHARE)

    # After a default that the ledger does not show, what is open is closed by credit note within a month.
    default_on = np.where(history.is_dpd90, NEVER, history.default_on)[invoices.customer]
    closed = settled_on > default_on
    settled_on = np.where(closed, np.minimum(settled_on, default_on + rng.integers(1, 31, count)), settled_on)
    part = np.where(part_on > default_on, 0, part)
    method = np.where(closed, CREDIT_NOTE, method)

    short = (rng.random(count) < SHORT_SHARE) & ~closed & (disputes["amount"] == 0)
    left = np.where(short, np.rint(rng.uniform(0.005, 0.015, count) * invoices.payable).astype(np.int64), 0)
    bounced_on = settled_on - rng.integers(3, 21, count)
    bounces = (rng.random(count) < 0.003 * np.exp(-0.9 * credit)) & (bounced_on > invoices.issued_on)
    return Settlement(
        settled_on=np.where(owes, settled_on, NEVER),
        part=np.where(owes, part, 0),
        part_on=part_on,
        rest=np.where(owes, invoices.payable - part - left, 0),
        method=method,
        bounced_on=np.where(bounces & owes & (bounced_on <= default_on), bounced_on, NEVER),
        disputes=disputes,
    )


def _days_late(rng: np.random.Generator, credit: Floats, fin: Floats, terms_days: Ints) -> Ints:
    """Draw days from due to settled: habit by quality, now and then a long delay, at most 88."""
    count = len(credit)
    late = 6 - 11 * credit - 3 * fin + 22 * rng.standard_normal(count)
    long_delay = rng.random(count) < 1 / (1 + np.exp(3.2 + credit))
    late += np.where(long_delay, rng.exponential(35, count), 0.0)
    late = np.maximum(late, -terms_days / 2)
    # Spread, not piled up on one day: a heap at the bound would be a mark of the simulation.
    late = np.where(late > LATEST_DAYS_LATE, rng.uniform(60, LATEST_DAYS_LATE, count), late)
    return np.floor(late).astype(np.int64)


def _disputes(
    rng: np.random.Generator, credit: Floats, invoices: Invoices, owes: Flags, settled_on: Days
) -> tuple[dict[str, Ints], Days]:
    """Draw disputes; the disputed part is paid once the dispute is closed, still within 88 days of due."""
    count = len(credit)
    disputed = owes & (rng.random(count) < 0.03 * np.exp(-0.2 * credit))
    terms = invoices.due_on - invoices.issued_on
    opened_on = invoices.issued_on + 1 + np.floor(rng.random(count) * (terms + 10)).astype(np.int64)
    opened_on = np.minimum(opened_on, settled_on - 1)
    closed_on = np.minimum(opened_on + rng.integers(10, 61, count), invoices.due_on + LATEST_DAYS_LATE - 3)
    amount = np.rint(rng.uniform(0.1, 0.6, count) * invoices.payable).astype(np.int64)
    columns = {
        "amount": np.where(disputed, amount, 0),
        "opened_on": np.where(disputed, opened_on, NEVER),
        "closed_on": np.where(disputed, closed_on, NEVER),
    }
    return columns, np.where(disputed, np.maximum(settled_on, closed_on), settled_on)


def _first_part(rng: np.random.Generator, invoices: Invoices, disputed: Ints, settled_on: Days) -> tuple[Ints, Days]:
    """Draw the part paid before the last: all that is undisputed, or 30-80% of some invoices."""
    count = len(settled_on)
    share = np.where(rng.random(count) < PARTIAL_SHARE, rng.uniform(0.3, 0.8, count), 0.0)
    part = np.where(disputed > 0, invoices.payable - disputed, np.rint(share * invoices.payable).astype(np.int64))
    part_on = settled_on - rng.integers(1, 31, count)
    return np.where(part_on > invoices.issued_on, part, 0), part_on


def draw_payments(rng: np.random.Generator, invoices: Invoices, settlement: Settlement, last_day: int) -> Payments:
    """Turn settlements into receipts: first parts, bounced attempts and last parts, booked by the last day."""
    rows = np.arange(len(invoices.customer))
    parts, bounces, rests = (
        rows[settlement.part > 0],
        rows[settlement.bounced_on < NEVER],
        rows[settlement.rest > 0],
    )
    transfer = np.full(len(rows), TRANSFER)
    whole = settlement.rest == invoices.payable
    pieces = [
        _receipts(rng, invoices, parts, settlement.part_on, settlement.part, transfer),
        _receipts(rng, invoices, bounces, settlement.bounced_on, settlement.rest, transfer, bounced=True),
        _receipts(rng, invoices, rests, settlement.settled_on, settlement.rest, settlement.method, only=whole),
    ]
    names = vars(pieces[0])
    payments = Payments(**{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names})
    payments = payments.select(payments.booked_at <= last_day)
    return payments.select(np.lexsort((payments.invoice, payments.received_on, invoices.customer[payments.invoice])))


def _receipts(
    rng: np.random.Generator,
    invoices: Invoices,
    rows: Ints,
    day: Days,
    amount: Ints,
    method: Ints,
    *,
    bounced: bool = False,
    only: Flags | None = None,
) -> Payments:
    """Return one receipt for each of the invoice rows, counting from its day."""
    count, day, method = len(rows), day[rows], method[rows]
    days = rng.integers(30, 91, count)
    earlier = np.select(
        [method == COMMERCIAL_DRAFT, method == TRANSFER], [days, days % 2], default=0
    )  # a commercial draft matures, a transfer arrives the next day
    received_on = np.maximum(day - earlier, invoices.issued_on[rows])
    latest = np.maximum(invoices.due_on[rows] + LATEST_DAYS_LATE, day)
    cleared_on = np.where(method == BANK_DRAFT, np.minimum(day + 2 * days, latest), day)
    no_cash_day = bounced | np.isin(method, (CASH, OFFSET, CREDIT_NOTE))
    return Payments(
        invoice=rows,
        received_on=received_on,
        cleared_on=np.where(no_cash_day, NEVER, cleared_on),
        counts_on=np.where(bounced, NEVER, day),
        amount=amount[rows],
        method=method,
        bounced=np.full(count, bounced),
        booked_at=received_on + rng.integers(0, BOOKING_DAYS + 1, count),
        is_only=np.zeros(count, dtype=bool) if only is None else only[rows],
    )


def draw_unallocated(rng: np.random.Generator, history: History, invoices: Invoices, payments: Payments) -> Flags:
    """Choose payments that lose their invoice without changing the ledger.

    First in, first out must find the same invoice, whatever the day it is asked on: so a payment qualifies only if it
    alone settles its invoice, and all earlier due invoices of the customer were settled to the cent, cleared and booked
    before it was received; customers with a ledger default are left alone.
    """
    count = len(invoices.customer)
    finished = np.zeros(count, dtype=np.int64)
    last_seen = np.maximum(payments.booked_at, np.where(payments.cleared_on < NEVER, payments.cleared_on, 0))
    np.maximum.at(finished, payments.invoice, np.where(payments.bounced, 0, last_seen))
    paid = np.bincount(payments.invoice, np.where(payments.bounced, 0, payments.amount), count)
    finished[paid < invoices.payable] = NEVER
    order = np.lexsort((invoices.number, invoices.due_on, invoices.customer))
    # One running maximum over all customers: each customer's days start above everything before.
    floor = invoices.customer[order] * 10 * NEVER
    reached = np.maximum.accumulate(floor + finished[order]) - floor
    before = np.empty(count, dtype=np.int64)
    before[order] = np.where(number_within(invoices.customer[order]) == 0, 0, np.r_[0, reached[:-1]])
    eligible = payments.is_only & ~payments.bounced & (payments.method != CREDIT_NOTE)
    eligible &= before[payments.invoice] + BOOKING_DAYS < payments.received_on
    eligible &= ~history.is_dpd90[invoices.customer[payments.invoice]]
    share = UNALLOCATED_SHARE * len(eligible) / max(eligible.sum(), 1)
    return eligible & (rng.random(len(eligible)) < share)
