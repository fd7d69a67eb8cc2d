"""Default events: the drawn default of each customer, and earlier restructurings that are long cured."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.tables import DEFAULT_EVENTS
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    number_within,
    numbered_key,
    pick,
    yuan,
)
from pipelines.sources.sample.history import DEFAULT_TYPES, DPD90, History
from pipelines.sources.sample.latents import Population
from pipelines.sources.sample.ledger import Invoices, Pauses, Trade
from pipelines.sources.sample.settlement import Payments

SOURCES = ("own_ledger", "manual", "court")
SOURCE_OF_TYPE = np.array([0, 1, 2, 1])
"""Index into SOURCES, in the order of DEFAULT_TYPES."""
RESTRUCTURED_SHARE = 0.03
"""Existing customers with an earlier, cured default."""
DAYS_BEFORE = (600, 1500)
PROBATION_DAYS = (365, 396)
"""A distressed restructuring is cured after a year without arrears (EBA/GL/2016/07)."""


@dataclass(frozen=True, kw_only=True)
class Restructurings:
    """Earlier defaults, cured before the first application."""

    customer: Ints
    event_on: Days
    cured_on: Days

    @property
    def pauses(self) -> Pauses:
        """The months without new invoices."""
        return Pauses(customer=self.customer, start=self.event_on - 1, end=self.cured_on)


def draw_restructurings(rng: np.random.Generator, population: Population, first_as_of: Days) -> Restructurings:
    """Draw earlier restructurings of existing customers, likelier where credit quality is poor."""
    count = len(first_as_of)
    event_on = first_as_of - rng.integers(*DAYS_BEFORE, count)
    cured_on = event_on + rng.integers(*PROBATION_DAYS, count)
    eligible = population.existing & (population.established_on < first_as_of - DAYS_BEFORE[1] - 90)
    # exp(-0.6 z - 0.18) has mean 1 over z; the early quality is that of the restructuring itself.
    tilt = np.exp(-0.6 * population.at("credit_score", np.arange(count), np.maximum(event_on, population.knots_from)))
    chance = RESTRUCTURED_SHARE * np.exp(-0.18) * tilt * population.existing.sum() / max(eligible.sum(), 1)
    who = np.flatnonzero(eligible & (rng.random(count) < chance))
    return Restructurings(customer=who, event_on=event_on[who], cured_on=cured_on[who])


def exposure_at_default(history: History, invoices: Invoices, payments: Payments) -> Floats:
    """Return what each customer owes on the day of the default, in yuan; 0 without default."""
    count = len(history.default_on)
    issued = invoices.issued_on <= history.default_on[invoices.customer]
    owed = np.bincount(invoices.customer[issued], invoices.payable[issued], count)
    payer = invoices.customer[payments.invoice]
    counted = payments.counts_on <= history.default_on[payer]
    paid = np.bincount(payer[counted], payments.amount[counted], count)
    return np.where(history.default_type >= 0, yuan(np.rint(owed - paid).astype(np.int64)), 0.0)


def event_table(
    rng: np.random.Generator,
    population: Population,
    history: History,
    restructurings: Restructurings,
    trade: Trade,
    exposure: Floats,
    last_day: int,
) -> pa.Table:
    """Return the table `default_events`."""
    who = np.flatnonzero(history.default_type >= 0)
    early = restructurings.customer
    customer = np.r_[early, who]
    event_on = np.r_[restructurings.event_on, history.default_on[who]]
    kind = np.r_[np.full(len(early), DEFAULT_TYPES.index("distressed_restructuring")), history.default_type[who]]
    cured_on = np.r_[restructurings.cured_on, np.full(len(who), NEVER)]
    amount = np.r_[trade.monthly_purchases[early] * rng.uniform(1, 3, len(early)), exposure[who]]
    lag = np.where(kind == DPD90, rng.integers(0, 11, len(kind)), rng.integers(1, 41, len(kind)))
    order = np.lexsort((event_on, customer))
    number = population.number[customer[order]]
    return arrow_table(
        DEFAULT_EVENTS,
        {
            "event_id": numbered_key("E", number, number_within(number) + 1, 1),
            "customer_id": customer_key(number),
            "event_type": pick(DEFAULT_TYPES, kind[order]),
            "event_date": event_on[order],
            "amount": np.round(amount[order], 2),
            "currency": "CNY",
            "source": pick(SOURCES, SOURCE_OF_TYPE[kind[order]]),
            "known_at": np.minimum(event_on + lag, last_day)[order],
            "cured_on": cured_on[order],
        },
    )
