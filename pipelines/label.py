"""Stage `label`: canonical tables in, one outcome per application out."""

import logging
from datetime import date
from pathlib import Path

import ibis.expr.types as ir

from features import ledger
from features.outcome import Definition, default_events, label, ledger_defaults
from pipelines.errors import InputError
from pipelines.ingest import CANONICAL
from pipelines.io import Connection, engine, fresh_folder, hold, read_canonical, spill, write_json, write_parquet
from pipelines.params import Params
from pipelines.ranges import by_range, rows_at_once

log = logging.getLogger(__name__)

FOLDER = Path("data/label")
OUTCOMES, DEFAULTS, SUMMARY = FOLDER / "outcomes.parquet", FOLDER / "ledger_defaults.parquet", FOLDER / "summary.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    definition = Definition(**params.label.model_dump())
    with engine(params.engine) as connection:
        tables = read_canonical(connection, CANONICAL)
        parts = [
            _label_range(connection, tables, definition, params.data_until, number)
            for number in by_range(connection, CANONICAL, tables, rows_at_once(connection))
        ]
        _gather(connection, [outcomes for outcomes, _ in parts], OUTCOMES, ("application_id",))
        if found := [defaults for _, defaults in parts if defaults is not None]:
            _gather(connection, found, DEFAULTS, ("customer_id", "event_date"))
        _summarise(connection, definition)


def _label_range(
    connection: Connection, tables: dict[str, ir.Table], definition: Definition, data_until: date, number: int
) -> tuple[Path, Path | None]:
    """Write the outcomes of a range of customers and the defaults that its ledger shows; None where these are not asked."""
    settlement = _settlement(connection, tables)
    found, defaults = None, None
    if definition.from_ledger and settlement is not None:
        found = hold(connection, ledger_defaults(*settlement, definition, data_until), "found_defaults")
        defaults = spill(connection, "FROM found_defaults", f"defaults_{number}")
    try:
        events = default_events(tables.get("default_events"), found, definition)
    except ValueError as error:
        raise InputError(f"{CANONICAL}: {error}") from None
    settled = None if settlement is None else settlement.invoices
    outcomes = label(tables["applications"], events, settled, definition, data_until)
    return spill(connection, connection.compile(outcomes), f"outcomes_{number}"), defaults


def _settlement(connection: Connection, tables: dict[str, ir.Table]) -> ledger.Settlement | None:
    """Return what became of the customers' invoices, computed once; None where there is no ledger."""
    if "invoices" not in tables or "payments" not in tables:
        return None
    invoices, receipts = ledger.receivables(tables["invoices"]), ledger.receipts(tables["payments"])
    settlement = ledger.settle(invoices, receipts, "customer_id")
    return ledger.Settlement(
        hold(connection, settlement.invoices, "settled"), hold(connection, settlement.part_payments, "parts_paid")
    )


def _gather(connection: Connection, parts: list[Path], path: Path, order_by: tuple[str, ...]) -> None:
    rows = connection.read_parquet(parts, table_name=f"all_{path.stem}")
    write_parquet(connection, rows, path, order_by)
    log.info("%s: %d rows", path, rows.count().to_pyarrow().as_py())


def _summarise(connection: Connection, definition: Definition) -> None:
    outcomes = connection.read_parquet(OUTCOMES, table_name="outcomes")
    counts = outcomes.group_by("label_status").agg(n=lambda t: t.count(), bads=lambda t: t.label.sum().coalesce(0))
    rows = [
        {"status": r["label_status"], "n": r["n"], "bads": int(r["bads"])}
        for r in counts.order_by("label_status").to_pyarrow().to_pylist()
    ]
    bads = sum(r["bads"] for r in rows)
    labelled = sum(r["n"] for r in rows if r["status"] in ("good", "bad", "indeterminate"))
    if not bads or bads == labelled:
        statuses = ", ".join(f"{r['n']} {r['status']}" for r in rows) or "none at all"
        raise InputError(
            f"a model needs goods and bads, but the labelled applications hold {bads} bads and {labelled - bads} goods "
            f"(applications by status: {statuses}). "
            "Check default_events, the ledger, `data_until` and the section `label` of params.yaml"
        )
    write_json(SUMMARY, {"performance_days": definition.performance_days, "status": rows})
    log.info("labelled %d applications: %d bads, default rate %.2f %%", labelled, bads, 100 * bads / labelled)


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("label")
