"""One shard of the portfolio: clean tables and their truth, each topic from its own random stream."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.tables import TABLES
from pipelines.sources.sample.applications import draw_arrivals, draw_prospects
from pipelines.sources.sample.arrays import NEVER, Days, Ints, customer_key, day_number, numbered_key
from pipelines.sources.sample.bureau import bill_table, bureau_table
from pipelines.sources.sample.checks import check_table
from pipelines.sources.sample.climate import Climate
from pipelines.sources.sample.compliance import compliance_table, licence_table, tax_table
from pipelines.sources.sample.corrections import draw_corrections
from pipelines.sources.sample.courts import case_table, draw_cases, enforcement_table
from pipelines.sources.sample.esg import esg_assessment_table, esg_event_table
from pipelines.sources.sample.events import draw_restructurings, event_table, exposure_at_default
from pipelines.sources.sample.history import History, live_through
from pipelines.sources.sample.latents import Population, draw_population
from pipelines.sources.sample.ledger import Invoices, dormancy, draw_invoices, draw_trade
from pipelines.sources.sample.ledger_tables import invoice_table, payment_table
from pipelines.sources.sample.management import assessment_table, registry_table
from pipelines.sources.sample.market import survey_table
from pipelines.sources.sample.masters import application_table, customer_table, limit_table
from pipelines.sources.sample.operations import operating_table, supply_table
from pipelines.sources.sample.reputation import reference_table, reputation_table, review_table
from pipelines.sources.sample.scene import Scene
from pipelines.sources.sample.settings import PERFORMANCE_DAYS, SampleSettings
from pipelines.sources.sample.settlement import draw_payments, draw_settlement, draw_unallocated
from pipelines.sources.sample.statements import statement_table
from pipelines.sources.sample.truth import Background, TrueRisk, attribution

TOPICS = (
    "arrivals", "population", "prospects", "history", "ledger", "settlement", "masters", "statements", "dirt", "corrections",
    "bureau", "operations", "market", "courts", "compliance", "reputation", "management", "esg", "checks",
)  # fmt: skip
"""Each has its own random stream; append new ones at the end, so that the old ones stay as they are."""

Streams = dict[str, np.random.Generator]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Clean tables of the contract by name, and what only the simulation knows."""

    tables: dict[str, pa.Table]
    ledger_defaults: pa.Table
    population: Population
    history: History
    risk: TrueRisk
    """True risk of every drawn application, also of those that were not made because of a default."""


def draw_shard(streams: Streams, number: Ints, climate: Climate, settings: SampleSettings) -> Shard:
    """Draw the customers with the given numbers and everything that happens to them."""
    arrivals = draw_arrivals(streams["arrivals"], len(number), settings)
    population = draw_population(streams["population"], number, arrivals[:, 0], settings)
    drawn = draw_prospects(streams["prospects"], population, arrivals, climate)
    history = live_through(streams["history"], population, drawn, settings)
    scene = Scene(
        population=population,
        arrivals=arrivals,
        default_on=history.default_on,
        climate=climate,
        last_day=day_number(settings.data_until),
    )
    tables = _own_tables(streams, scene, history, settings) | _outside_tables(streams, scene)
    tables["source_checks"] = check_table(streams["checks"], scene, history, tables)
    return Shard(
        tables={name: tables[name] for name in TABLES if name in tables},
        ledger_defaults=_ledger_defaults(population, history),
        population=population,
        history=history,
        risk=drawn.risk,
    )


def _own_tables(streams: Streams, scene: Scene, history: History, settings: SampleSettings) -> dict[str, pa.Table]:
    """Return what our own books hold: masters, applications, ledger, limits, defaults, and the statements filed with us."""
    population, last_day = scene.population, scene.last_day
    trade = draw_trade(streams["ledger"], population, settings)
    restructurings = draw_restructurings(streams["ledger"], population, scene.first_as_of)
    pauses = [dormancy(history), restructurings.pauses]
    invoices = draw_invoices(streams["ledger"], population, trade, history, pauses)
    settlement = draw_settlement(streams["settlement"], population, history, invoices)
    payments = draw_payments(streams["settlement"], invoices, settlement, last_day)
    unallocated = draw_unallocated(streams["settlement"], history, invoices, payments)
    corrections = draw_corrections(streams["corrections"], invoices, payments, last_day)

    masters = streams["masters"]
    first_booked = _first_booked(invoices, len(population.number))
    applications = application_table(masters, population, history, trade, first_booked)
    exposure = exposure_at_default(history, invoices, payments)
    return {
        "customers": customer_table(masters, population, scene.first_as_of, settings),
        "applications": applications,
        "default_events": event_table(masters, population, history, restructurings, trade, exposure, last_day),
        "invoices": invoice_table(population, invoices, settlement.disputes, corrections, last_day),
        "payments": payment_table(population, invoices, payments, unallocated, corrections.bounced_on),
        "credit_limits": limit_table(masters, population, history, trade, applications["approved_limit"].to_numpy()),
        "financial_statements": statement_table(
            streams["statements"], population, scene.first_as_of, history.default_on, settings
        ),
    }


def _outside_tables(streams: Streams, scene: Scene) -> dict[str, pa.Table]:
    """Return what others tell of the customers, and what these hand in about themselves."""
    cases = draw_cases(streams["courts"], scene)
    return {
        "bureau_reports": bureau_table(streams["bureau"], scene),
        "bill_overdue": bill_table(streams["bureau"], scene),
        "operating_metrics": operating_table(streams["operations"], scene),
        "supply_chain_metrics": supply_table(streams["operations"], scene),
        "market_surveys": survey_table(streams["market"], scene),
        "legal_cases": case_table(streams["courts"], scene, cases),
        "enforcement_records": enforcement_table(streams["courts"], scene, cases),
        "compliance_events": compliance_table(streams["compliance"], scene),
        "tax_ratings": tax_table(streams["compliance"], scene),
        "licences": licence_table(streams["compliance"], scene),
        "reputation_events": reputation_table(streams["reputation"], scene),
        "reviews": review_table(streams["reputation"], scene),
        "trade_references": reference_table(streams["reputation"], scene),
        "management_assessments": assessment_table(streams["management"], scene),
        "registry_changes": registry_table(streams["management"], scene),
        "esg_assessments": esg_assessment_table(streams["esg"], scene),
        "esg_events": esg_event_table(streams["esg"], scene),
    }


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
