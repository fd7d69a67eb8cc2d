"""Nothing is asked of a company for nothing: every column of every table is read, or says why it is not."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from tiny import BASEL, DATA_UNTIL, Engine

from features.build import build
from features.dimensions import CATALOGUE
from features.outcome import default_events, label, ledger_defaults
from features.tables import TABLES

READ_BEFORE = {
    "unit_scale": "canonical amounts are in single units",
    "currency": "canonical amounts are in one currency",
}
"""Columns that ingest uses up before anything else reads the tables."""
HELD = {"settled": "invoices", "part_payments": "payments"}
"""Tables that the outcome is asked of in their settled form."""


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every scan of a table in a query plan."""
    if "Table" in node.get("extra_info", {}):
        yield node["extra_info"]
    for child in node.get("children", []):
        yield from scans(child)


def columns_read(engine: Engine, sql: str) -> dict[str, set[str]]:
    """The columns of each table that the engine's optimiser finds necessary to answer a question."""
    # The tables are empty here; without these two the plan would be, too.
    engine.connection.raw_sql("SET disabled_optimizers = 'statistics_propagation,empty_result_pullup'")
    plan = json.loads(engine.connection.con.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()[0][1])
    engine.connection.raw_sql("SET disabled_optimizers = ''")
    read: dict[str, set[str]] = defaultdict(set)
    for scan in (found for node in plan for found in scans(node)):
        columns, filters = scan.get("Projections", []), str(scan.get("Filters", ""))
        table = scan["Table"].split(".")[-1]
        read[table] |= {columns} if isinstance(columns, str) else set(columns)
        read[table] |= {c.name for c in TABLES.get(table, ()) if c.name in filters}
    return read


@pytest.fixture(scope="module")
def read(engine: Engine) -> dict[str, set[str]]:
    """What features and outcome read of each table."""
    engine.load({})
    settled, part_payments = engine._ledger()
    reported = default_events(engine.tables["default_events"], engine._defaults(BASEL, DATA_UNTIL), BASEL)
    questions = [
        engine._sql(("features", (), ()), lambda: build(engine.tables["applications"], engine.tables, CATALOGUE)),
        engine._sql("defaults", lambda: ledger_defaults(settled, part_payments, BASEL, DATA_UNTIL)),
        engine._sql("outcomes", lambda: label(engine.tables["applications"], reported, settled, BASEL, DATA_UNTIL)),
    ]
    total: dict[str, set[str]] = defaultdict(set)
    for question in questions:
        for table, columns in columns_read(engine, question).items():
            total[HELD.get(table, table)] |= columns
    return total


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_of_a_table_is_read_or_says_why_not(read: dict[str, set[str]], table: Any) -> None:
    if table.name == "fx_rates":
        assert not read[table.name], "exchange rates are used up by ingest"
        return
    used = read[table.name] | {*table.key, table.happened} | READ_BEFORE.keys()
    silent = [c.name for c in table if c.name not in used and not c.unused]
    spoken = [c.name for c in table if c.name in read[table.name] and c.unused]

    assert not silent, "neither read nor declared unused: read it, or give `unused=` in features/tables"
    assert not spoken, "declared unused but read"


def test_every_table_of_the_contract_has_a_feature_that_reads_it(read: dict[str, set[str]]) -> None:
    assert {name for name, columns in read.items() if columns} >= TABLES.keys() - {"fx_rates"}


READ_AGAIN = {
    "applications": "every frame asks about them; a range of them is small",
    "customers": "for an applicant and for the members of its group",
    "default_events": "of the applicant, and of its group",
    "macro_series": "by industry, and for all",
    "operating_metrics": "the months, and which industries on which days to ask the macro series for",
    "market_surveys": "the newest, and the one nearest a year before",
}
"""Tables that are read more than once, and what for."""


def test_a_table_is_read_once_whatever_the_number_of_its_features(engine: Engine) -> None:
    engine.load({})
    sql = engine._sql(("features", (), ()), lambda: build(engine.tables["applications"], engine.tables, CATALOGUE))
    engine.connection.raw_sql("SET disabled_optimizers = 'statistics_propagation,empty_result_pullup'")
    plan = json.loads(engine.connection.con.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()[0][1])
    engine.connection.raw_sql("SET disabled_optimizers = ''")

    passes = Counter(scan["Table"].split(".")[-1] for node in plan for scan in scans(node))

    assert {name for name, n in passes.items() if n > 1} <= READ_AGAIN.keys()
    assert max(n for name, n in passes.items() if name not in ("applications", "customers")) == 2
    assert passes["invoices"] == passes["payments"] == 1
