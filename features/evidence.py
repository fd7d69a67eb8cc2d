"""The source rows behind a feature: what an auditor would look up, as far as it was known at as_of."""

import re

import ibis
import ibis.expr.types as ir

from features.catalogue import Feature
from features.point_in_time import known, with_days, within
from features.tables import INVOICES, TABLES, Table

SHOWN = 2
"""Newest rows named of each table; the number of all is told beside them."""

WHOLE_HISTORY = 36_500

YEAR_AND_LAG = 365 + 180
"""How far back the statements of one more financial year reach, with the time until they are published."""

_WINDOWS = (
    (re.compile(r"(?:latest<=)?(\d+)d"), 1),
    (re.compile(r"(\d+)m"), 31),
    (re.compile(r"4q<=(\d+)m"), 31),
    (re.compile(r"FS<=(\d+)m"), 31),
    (re.compile(r"(\d) FY"), YEAR_AND_LAG),
)


def sources(feature: Feature) -> tuple[Table, ...]:
    """Return the tables of a customer's history that a feature is computed from; none for what the application says."""
    tables = (TABLES[name] for name in feature.frame.reads if name not in ("customers", "applications"))
    return tuple(table for table in tables if any(column.name == "customer_id" for column in table))


def days_of(window: str) -> int:
    """Return how many days before as_of an observation period reaches; all history for those that have no length."""
    for pattern, unit in _WINDOWS:
        if found := pattern.fullmatch(window):
            return int(found[1]) * unit
    return WHOLE_HISTORY


def source_rows(applications: ir.Table, table: Table, rows: ir.Table, days: int) -> ir.Table:
    """Return the newest rows of a table within `days` up to as_of that were known by then, at most two an application.

    Columns: application_id, key (of the row, without the customer), happened_on (the day of the fact; of an invoice, that
    it was due), known_on, n (rows in all), place (0 is the newest).
    """
    view = with_days(known(applications, table, rows), table)
    day = "due_on" if table is INVOICES else "happened_on"
    recent = view.filter(within(view, day, days))
    own = [recent[column].cast("string") for column in table.key if column != "customer_id"]
    key = ibis.literal(" ").join(own)
    told = recent.select("application_id", "known_on", happened_on=recent[day].cast("date"), key=key)
    newest = ibis.window(group_by="application_id", order_by=[ibis.desc("happened_on"), ibis.desc("known_on"), "key"])
    every = ibis.window(group_by="application_id")
    numbered = told.mutate(place=ibis.row_number().over(newest), n=told.key.count().over(every))
    return numbered.filter(numbered.place < SHOWN)
