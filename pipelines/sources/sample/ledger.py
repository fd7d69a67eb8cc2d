"""Our invoices: spells of trade turned into an invoice ledger in which the defaults are exactly the drawn ones."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Flags,
    Floats,
    Ints,
    cents,
    number_within,
)
from pipelines.sources.sample.history import BOOKING_DAYS, History
from pipelines.sources.sample.latents import DAYS_PER_YEAR, TENURE_MONTHS, Population
from pipelines.sources.sample.settings import PERFORMANCE_DAYS, SampleSettings

TERMS_DAYS = (30, 60, 90)
TERMS_SHARE = (0.50, 0.35, 0.15)
SHARE_OF_REVENUE = 0.02
AMOUNT_SPREAD = 0.6
SMALLEST_INVOICE = 500.0
DAYS_LATE_AT_DEFAULT = 91
SHORTEST_TERMS_DAYS = 7
SMALLEST_TRIGGER = 6_000.0
"""Yuan; above the 5,000 of the materiality threshold."""
TRIGGER_SHARE = 0.02
"""Of the customer's unpaid invoices; above the 1% of the materiality threshold."""
CREDIT_NOTE_SHARE = 0.02
CANCELLED_SHARE = 0.005


@dataclass(frozen=True, kw_only=True)
class Trade:
    """How each customer buys: one entry per customer."""

    terms_days: Ints
    invoices_a_month: Floats
    mean_invoice: Floats
    """Typical invoice in yuan."""

    @property
    def monthly_purchases(self) -> Floats:
        """Mean purchases a month in yuan."""
        return self.invoices_a_month * self.mean_invoice * np.exp(AMOUNT_SPREAD**2 / 2)


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """Stretches `(start, end]` without an invoice inside a spell of trade, e.g. a restructuring."""

    customer: Ints
    start: Days
    end: Days


@dataclass(frozen=True, kw_only=True)
class Invoices:
    """The invoice ledger of one shard, sorted by customer and day of issue; amounts in cents."""

    customer: Ints
    number: Ints
    issued_on: Days
    due_on: Days
    amount: Ints
    credited: Ints
    cancelled: Flags
    unpaid: Flags
    """Due in the last 91 days before a default by days past due, or later: never paid."""
    booked_at: Days

    @property
    def payable(self) -> Ints:
        """What is owed, in cents."""
        return self.amount - self.credited


def draw_trade(rng: np.random.Generator, population: Population, settings: SampleSettings) -> Trade:
    """Draw how each customer would buy."""
    count = len(population.size)
    mean_tenure = sum(TENURE_MONTHS) / 2
    return Trade(
        terms_days=rng.choice(TERMS_DAYS, count, p=TERMS_SHARE),
        invoices_a_month=settings.mean_invoices / mean_tenure * np.exp(0.2 * population.size - 0.02),
        mean_invoice=SHARE_OF_REVENUE * population.monthly_revenue,
    )


def dormancy(history: History) -> Pauses:
    """Return the stretches in which an admitted customer never buys: its window, or until the next admission."""
    customer, as_of = history.prospects.customer[history.admitted], history.prospects.as_of[history.admitted]
    dormant = history.dormant[history.admitted]
    following = np.where(customer == np.r_[customer[1:], -1], np.r_[as_of[1:], NEVER], NEVER)
    end = np.minimum(as_of + PERFORMANCE_DAYS, following)
    return Pauses(customer=customer[dormant], start=as_of[dormant], end=end[dormant])


def draw_invoices(
    rng: np.random.Generator, population: Population, trade: Trade, history: History, pauses: list[Pauses]
) -> Invoices:
    """Draw the ledger: ordinary invoices over the spells of trade, plus the one that each ledger default hangs on."""
    customer, issued_on, due_on, amount = _sales(rng, population, trade, history, pauses)
    unpaid = history.is_dpd90[customer] & (due_on >= history.default_on[customer] - DAYS_LATE_AT_DEFAULT)
    cancelled = ~unpaid & (rng.random(len(customer)) < CANCELLED_SHARE)
    return Invoices(
        customer=customer,
        number=number_within(customer) + 1,
        issued_on=issued_on,
        due_on=due_on,
        amount=cents(amount),
        credited=_credit_notes(rng, cents(amount), unpaid, cancelled),
        cancelled=cancelled,
        unpaid=unpaid,
        booked_at=issued_on + rng.integers(0, BOOKING_DAYS + 1, len(customer)),
    )


def _sales(
    rng: np.random.Generator, population: Population, trade: Trade, history: History, pauses: list[Pauses]
) -> tuple[Ints, Days, Days, Floats]:
    """Return customer, day of issue, due day and amount of every invoice, in the order of the ledger."""
    customer, issued_on = _issue_days(rng, trade, history)
    running = ~np.logical_or.reduce([_paused(pause, customer, issued_on, len(population.number)) for pause in pauses])
    customer, issued_on = customer[running], issued_on[running]
    due_on = issued_on + trade.terms_days[customer]
    amount = trade.mean_invoice[customer] * np.exp(AMOUNT_SPREAD * rng.standard_normal(len(customer)))
    amount = np.maximum(amount, SMALLEST_INVOICE)
    added = _triggers(history, trade, customer, due_on, amount)
    customer, issued_on = np.r_[customer, added[0]], np.r_[issued_on, added[1]]
    due_on, amount = np.r_[due_on, added[2]], np.r_[amount, added[3]]
    order = np.lexsort((due_on, issued_on, customer))
    return customer[order], issued_on[order], due_on[order], amount[order]


def _issue_days(rng: np.random.Generator, trade: Trade, history: History) -> tuple[Ints, Days]:
    """Draw customers and days of issue: a Poisson stream over every spell of trade."""
    spells = history.spells
    length = spells.end - spells.start + 1
    monthly = trade.invoices_a_month[spells.customer]
    drawn = rng.poisson(monthly * length * 12 / DAYS_PER_YEAR)
    day = np.repeat(spells.start, drawn) + np.floor(rng.random(drawn.sum()) * np.repeat(length, drawn)).astype(np.int64)
    return np.repeat(spells.customer, drawn), day


def _paused(pauses: Pauses, customer: Ints, day: Days, count: int) -> Flags:
    """Whether a customer's day lies in one of the pauses; a later pause of the same customer is looked at by turns."""
    paused = np.zeros(len(customer), dtype=bool)
    turn = number_within(pauses.customer)
    for each in range(int(turn.max(initial=-1)) + 1):
        start, end = np.full(count, NEVER), np.full(count, -1)
        chosen = turn == each
        start[pauses.customer[chosen]] = pauses.start[chosen]
        end[pauses.customer[chosen]] = pauses.end[chosen]
        paused |= (day > start[customer]) & (day <= end[customer])
    return paused


def _triggers(
    history: History, trade: Trade, customer: Ints, due_on: Days, amount: Floats
) -> tuple[Ints, Days, Days, Floats]:
    """Return one material invoice per ledger default, due exactly 91 days before it.

    It is issued after the application that the default belongs to wherever that leaves a week to pay: an invoice more than
    others have before `as_of` would tell of the default to come.
    """
    who = np.flatnonzero(history.is_dpd90)
    due = history.default_on[who] - DAYS_LATE_AT_DEFAULT
    issued = np.maximum(due - trade.terms_days[who], history.trade_from[who] + 1)
    after = np.maximum(issued, history.exposed_from[who] + 1)
    issued = np.where(after <= due - SHORTEST_TERMS_DAYS, after, issued)
    other = due_on >= history.default_on[customer] - DAYS_LATE_AT_DEFAULT
    unpaid = np.bincount(customer[other], amount[other], len(trade.mean_invoice))[who]
    material = np.maximum(SMALLEST_TRIGGER, TRIGGER_SHARE * unpaid)
    return who, issued, due, np.maximum(material, trade.mean_invoice[who])


def _credit_notes(rng: np.random.Generator, amount: Ints, unpaid: Flags, cancelled: Flags) -> Ints:
    """Credit 2 to 20% of some invoices, and cancelled ones in full, so that nothing is ever owed on them."""
    some = ~unpaid & (rng.random(len(amount)) < CREDIT_NOTE_SHARE)
    share = np.where(some, rng.uniform(0.02, 0.20, len(amount)), 0.0)
    return np.where(cancelled, amount, np.rint(share * amount).astype(np.int64))
