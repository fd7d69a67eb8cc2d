"""One shard of the portfolio: clean tables and their truth, each topic from its own random stream."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.sample.applications import draw_arrivals, draw_prospects
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Floats,
    Ints,
    customer_key,
    day_number,
    numbered_key,
)
from pipelines.sources.sample.events import draw_restructurings, event_table, exposure_at_default
from pipelines.sources.sample.history import History, live_through
from pipelines.sources.sample.latents import Population, draw_population
from pipelines.sources.sample.ledger import Invoices, dormancy, draw_invoices, draw_trade, invoice_table
from pipelines.sources.sample.masters import application_table, customer_table, limit_table
from pipelines.sources.sample.settings import PERFORMANCE_DAYS, SampleSettings
from pipelines.sources.sample.settlement import draw_payments, draw_settlement, draw_unallocated, payment_table
from pipelines.sources.sample.statements import statement_table
from pipelines.sources.sample.truth import Background, TrueRisk, attribution

TOPICS = ("arrivals", "population", "prospects", "history", "ledger", "settlement", "masters", "statements", "dirt")
"""Each has its own random stream; append new ones at the end, so that the old ones stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Clean tables of the contract by name, and what only the simulation knows."""

    tables: dict[str, pa.Table]
    ledger_defaults: pa.Table
    population: Population
    history: History
    risk: TrueRisk
    """True risk of every drawn application, also of those that were not made because of a default."""


def draw_shard(
    streams: dict[str, np.random.Generator], number: Ints, climate: Floats, settings: SampleSettings
) -> Shard:
    """Draw the customers with the given numbers and everything that happens to them."""
    arrivals = draw_arrivals(streams["arrivals"], len(number), settings)
    first_as_of, last_day = arrivals[:, 0], day_number(settings.data_until)
    population = draw_population(streams["population"], number, first_as_of, settings)
    drawn = draw_prospects(streams["prospects"], population, arrivals, climate, settings)
    history = live_through(streams["history"], population, drawn, settings)

    trade = draw_trade(streams["ledger"], population, settings)
    restructurings = draw_restructurings(streams["ledger"], population, first_as_of)
    pauses = [dormancy(history), restructurings.pauses]
    invoices = draw_invoices(streams["ledger"], population, trade, history, pauses)
    settlement = draw_settlement(streams["settlement"], population, history, invoices)
    payments = draw_payments(streams["settlement"], invoices, settlement, last_day)
    unallocated = draw_unallocated(streams["settlement"], history, invoices, payments)

    masters = streams["masters"]
    applications = application_table(masters, population, history, trade, _first_booked(invoices, len(number)))
    approved = applications["approved_limit"].to_numpy()
    exposure = exposure_at_default(history, invoices, payments)
    tables = {
        "customers": customer_table(masters, population, first_as_of, settings),
        "applications": applications,
        "default_events": event_table(masters, population, history, restructurings, trade, exposure, last_day),
        "invoices": invoice_table(population, invoices, settlement.disputes),
        "payments": payment_table(population, invoices, payments, unallocated),
        "credit_limits": limit_table(masters, population, history, trade, approved),
        "financial_statements": statement_table(
            streams["statements"], population, first_as_of, history.default_on, settings
        ),
    }
    return Shard(
        tables=tables,
        ledger_defaults=_ledger_defaults(population, history),
        population=population,
        history=history,
        risk=drawn.risk,
    )


def _first_booked(invoices: Invoices, count: int) -> Days:
    """Return the day each customer's first invoice was booked; NEVER without one."""
    first = np.full(count, NEVER)
    np.minimum.at(first, invoices.customer, invoices.booked_at)
    return first


def _ledger_defaults(population: Population, history: History) -> pa.Table:
    """Return the customers whose invoices must reveal a default by days past due, and its day."""
    who = np.flatnonzero(history.is_dpd90)
    days = pa.array(history.default_on[who].astype(np.int32), pa.date32())
    return pa.table({"customer_id": customer_key(population.number[who]), "default_date": days})


def application_truth(shard: Shard, background: Background) -> pa.Table:
    """Return what only the simulation knows of each application: qualities, risk, its attribution and its outcome."""
    made, history = shard.history.prospects, shard.history
    phi, base = attribution(shard.risk, background)
    kept = history.made
    columns = {
        "application_id": numbered_key("A", shard.population.number[made.customer], made.turn + 1, 1),
        **{f"z_{name}": quality for name, quality in made.quality.items()},
        "eta": shard.risk.log_odds[kept],
        "pd_exante": shard.risk.pd[kept],
        "pd_realised": made.pd_realised,
        "label_full": pa.array(_outcome(history).astype(np.int8), mask=history.in_default),
        "p_admit": np.where(history.in_default, 0.0, made.p_admit),
        **{f"phi_{name}": value[kept] for name, value in phi.items()},
        "base": np.full(len(made.customer), base),
    }
    return pa.table(columns)


def _outcome(history: History) -> Ints:
    """Return 1 for a default within the window: the realised one, for the refused also the one they would have had."""
    made = history.prospects
    until_default = history.default_on[made.customer] - made.as_of
    realised = (until_default > 0) & (until_default <= PERFORMANCE_DAYS)
    return (realised | (~history.admitted & (made.default_after > 0))).astype(np.int64)
