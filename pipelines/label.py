"""Stage `label`: canonical tables in, one outcome per application out."""

import logging
from datetime import date
from pathlib import Path

import ibis.expr.types as ir

from features import ledger
from features.outcome import Definition, default_events, label, ledger_defaults
from pipelines.errors import InputError
from pipelines.ingest import CANONICAL
from pipelines.io import Connection, engine, fresh_folder, hold, read_canonical, write_json, write_parquet
from pipelines.params import Params

log = logging.getLogger(__name__)

FOLDER = Path("data/label")
OUTCOMES, DEFAULTS, SUMMARY = FOLDER / "outcomes.parquet", FOLDER / "ledger_defaults.parquet", FOLDER / "summary.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    definition = Definition(**params.label.model_dump())
    with engine(params.engine) as connection:
        tables = read_canonical(connection, CANONICAL)
        settled, allocated = _ledgers(connection, tables)
        found = None
        if definition.from_ledger and settled is not None and allocated is not None:
            found = _find_defaults(connection, settled, allocated, definition, params.data_until)
        try:
            events = default_events(tables.get("default_events"), found, definition)
        except ValueError as error:
            raise InputError(f"{CANONICAL}: {error}") from None
        outcomes = label(tables["applications"], events, settled, definition, params.data_until)
        write_parquet(connection, outcomes, OUTCOMES, ("application_id",))
        _summarise(connection, definition)


def _ledgers(connection: Connection, tables: dict[str, ir.Table]) -> tuple[ir.Table | None, ir.Table | None]:
    """Return the customers' settled invoices and allocated receipts, computed once; None where there is no ledger."""
    if "invoices" not in tables or "payments" not in tables:
        return None, None
    invoices, receipts = ledger.receivables(tables["invoices"]), ledger.receipts(tables["payments"])
    allocated = hold(connection, ledger.allocate(invoices, receipts, "customer_id"), "allocated")
    return hold(connection, ledger.settle(invoices, allocated, "customer_id"), "settled"), allocated


def _find_defaults(
    connection: Connection, settled: ir.Table, allocated: ir.Table, definition: Definition, data_until: date
) -> ir.Table:
    """Write and return the defaults that the ledger shows."""
    defaults = ledger_defaults(settled, allocated, definition, data_until)
    write_parquet(connection, defaults, DEFAULTS, ("customer_id", "event_date"))
    found = connection.read_parquet(DEFAULTS, table_name="ledger_defaults")
    log.info("defaults found in the ledger: %d", found.count().to_pyarrow().as_py())
    return found


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
