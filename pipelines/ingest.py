"""Stage `ingest`: raw tables of any source in, canonical tables out; bad rows set aside with a reason."""

import logging
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import ibis.expr.types as ir

from features import quality
from features.quality import RULES
from features.tables import FINANCIAL_STATEMENTS, TABLES, Table
from pipelines.currency import report_in_one_currency
from pipelines.errors import InputError
from pipelines.io import Connection, engine, fresh_folder, hold, spill, write_canonical, write_json
from pipelines.params import Params
from pipelines.quarantine import complain_of_too_many, examples, set_aside
from pipelines.raw import find_table, read_raw, unread_columns, unread_files
from pipelines.sources import produce

log = logging.getLogger(__name__)

RAW, TRUTH, CANONICAL, QUARANTINE = (
    Path("data/raw"),
    Path("data/truth"),
    Path("data/canonical"),
    Path("data/quarantine"),
)
REPORT = Path("data/ingest/quality.json")


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    _refuse_own_folders(params.input)
    fresh_folder(REPORT.parent)
    canonical, quarantine = fresh_folder(CANONICAL), fresh_folder(QUARANTINE)
    raw = produce(params, fresh_folder(RAW), fresh_folder(TRUTH))
    with engine(params.engine) as connection:
        ingest(connection, raw, canonical, quarantine, REPORT, params)


def _refuse_own_folders(delivered: Path) -> None:
    """Stop before the stage empties a folder that holds the user's only copy."""
    for folder in (RAW, TRUTH, CANONICAL, QUARANTINE):
        if delivered.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                f"input {delivered} lies in {folder}, which this stage empties and fills itself. "
                f"Put the tables into data/external or any other folder, and set `input` to it"
            )


def ingest(
    connection: Connection,
    raw: Path,
    canonical: Path,
    quarantine: Path,
    report: Path,
    params: Params,
    *,
    empty_is_absent: bool = True,
) -> None:
    """Check every raw table against the contract and write canonical tables, set-aside rows and the quality report.

    InputError if tables cannot be used at all, with what is wrong with each: unreadable, without required columns, empty though
    required, in percent instead of fractions, in several currencies without rates, or a larger share than
    `ingest.max_quarantined_share` (and more than a few rows) set aside. Then no canonical table is written, so that no later
    stage mistakes a part for the whole.

    An optional table with a header and no rows counts as absent, because nothing can be learnt from it; where applicants are
    scored, `empty_is_absent` False, it says that none of them has such a row.
    """
    unread = unread_files(raw)
    if unread:
        log.warning("%s holds %s, which no table reads; data/README.md names the tables", raw, ", ".join(unread))
    for name, columns in unread_columns(raw).items():
        log.warning("table %s: nothing reads %s; data/README.md names its columns", name, ", ".join(columns))
    with TemporaryDirectory(prefix=".", dir=canonical) as folder:
        incoming = Path(folder)
        entries = _ingest_tables(connection, raw, incoming, quarantine, params, empty_is_absent=empty_is_absent)
        for path in incoming.iterdir():
            path.replace(canonical / path.name)
    write_json(report, {"source": params.source, "tables": list(entries.values())})


def _ingest_tables(
    connection: Connection, raw: Path, canonical: Path, quarantine: Path, params: Params, *, empty_is_absent: bool
) -> dict[str, dict[str, Any]]:
    """Write all canonical tables and return their entries in the quality report by name; InputError with all problems."""
    accepted: dict[str, ir.Table] = {}
    entries: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for table in TABLES.values():
        try:
            _ingest_table(
                connection,
                table,
                raw,
                accepted,
                entries,
                canonical,
                quarantine,
                params,
                empty_is_absent=empty_is_absent,
            )
        except InputError as error:
            problems.append(str(error))
    try:
        converted = report_in_one_currency(connection, accepted, canonical, params.ingest.currency)
    except InputError as error:
        problems.append(str(error))
    if problems:
        raise InputError("\n\n".join(problems))
    for name, n in converted.items():
        entries[name]["rules"].append(_rule("DQ12", "flagged", n))
    _flag_overpaid(accepted, entries)
    return entries


def _ingest_table(
    connection: Connection,
    table: Table,
    raw: Path,
    accepted: dict[str, ir.Table],
    entries: dict[str, dict[str, Any]],
    canonical: Path,
    quarantine: Path,
    params: Params,
    *,
    empty_is_absent: bool,
) -> None:
    """Write the table's good rows and add them to `accepted`, its entry in the quality report to `entries`.

    Without a file there is neither.
    """
    path = find_table(raw, table)
    if path is None:
        log.info("%s: no file, table is absent", table.name)
        return
    delivered, lines = read_raw(connection, table, path)
    _refuse_percentages(table, delivered, path)
    judged = _judge(connection, table, delivered, accepted, params.data_until)
    entry = _count(table, judged, lines)
    if entry["quarantined"]:
        set_aside(connection, table, delivered, judged, lines, quarantine / f"{table.name}.csv")
    kept = entry["ok"] + entry["repaired"]
    fates = entry["rows"], kept, entry["repaired"], entry["quarantined"]
    log.info("%s: read %d, kept %d (%d repaired), set aside %d", path, *fates)
    complain_of_too_many(table, path, entry, judged, lines, quarantine, params.ingest.max_quarantined_share)
    entries[table.name] = entry
    is_empty = not entry["rows"] and not table.required
    if kept or (is_empty and not empty_is_absent):
        accepted[table.name] = _accept(connection, table, judged, canonical / f"{table.name}.parquet")
    elif table.required:
        raise InputError(
            f"{path}: table {table.name} is required but the file holds no usable row. Expected {table.grain}"
            + "".join(f"\n  {example}" for example in examples(judged, lines))
        )
    else:
        log.warning("%s has no usable row: table %s counts as absent", path, table.name)


def _refuse_percentages(table: Table, delivered: ir.Table, path: Path) -> None:
    """Stop on a column of fractions in percent: to clear or to divide its values silently would be a guess."""
    columns = quality.fractions(table, delivered)
    if not columns:
        return
    counts = quality.count_fractions(table, delivered).to_pyarrow().to_pylist()[0]
    found = quality.percentages(columns, counts)
    if found:
        raise InputError(
            f"{path}: column {'; column '.join(found)} (rule DQ11). Divide the column by 100: 5 % is written 0.05"
        )


def _judge(
    connection: Connection, table: Table, delivered: ir.Table, accepted: dict[str, ir.Table], data_until: date
) -> ir.Table:
    """Return every row with what became of it; files beside the data hold what is computed once."""
    alone = quality.judge(table, quality.parse(table, delivered), accepted, data_until)
    alone = _spilled(connection, alone, f"judged_{table.name}")
    repeated = hold(connection, quality.repeats(table, alone), f"repeats_{table.name}")
    judged = quality.with_repeats(alone, repeated)
    if table.name == FINANCIAL_STATEMENTS.name:
        judged = _spilled(connection, quality.judge_statements(judged), f"compared_{table.name}")
    return judged


def judged_rows(connection: Connection, table: Table) -> ir.Table:
    """Return every row of a table that was ingested over this connection, with what became of it."""
    repeated = connection.table(f"repeats_{table.name}")
    return quality.with_repeats(connection.table(f"judged_{table.name}"), repeated)


def _spilled(connection: Connection, rows: ir.Table, name: str) -> ir.Table:
    return connection.read_parquet(spill(connection, connection.compile(rows), name), table_name=name)


def _accept(connection: Connection, table: Table, judged: ir.Table, path: Path) -> ir.Table:
    kept = judged.filter(judged.dq_rule.isnull() & ~judged.dq_fixed_DQ01).select(*(c.name for c in table))
    write_canonical(connection, table, kept, path)
    return connection.read_parquet(path, table_name=f"accepted_{table.name}")


def _count(table: Table, judged: ir.Table, lines: ir.Table) -> dict[str, Any]:
    """Return the table's entry in the quality report: rows by fate, and by rule and action."""
    kept = judged.dq_rule.isnull()
    fixes = [c for c in judged.columns if c.startswith("dq_fixed_")]
    flags = [c for c in judged.columns if c.startswith("dq_flag_")]
    any_fix = ibis.or_(*(judged[c] for c in fixes))
    sums = {c: (judged[c] & kept).sum().coalesce(0) for c in (*fixes, *flags)}
    total = judged.agg(
        rows=judged.count(), ok=(kept & ~any_fix).sum(), repaired=(kept & any_fix & ~judged.dq_fixed_DQ01).sum(), **sums
    )
    counts = total.to_pyarrow().to_pylist()[0]
    by_rule = (
        judged.filter(~kept).group_by("dq_rule").agg(n=lambda t: t.count()).order_by("dq_rule").to_pyarrow().to_pylist()
    )
    unread = int(lines.count().to_pyarrow().as_py())
    rules = [_rule(row["dq_rule"], "quarantined", row["n"]) for row in by_rule]
    rules += [_rule("DQ03", "quarantined", unread)] if unread else []
    rules += [
        _rule(rule, _ACTIONS.get(rule, "repaired"), counts[c]) for c in fixes if counts[c] for rule in [_fixed(c)]
    ]
    rules += [_rule(c.removeprefix("dq_flag_"), "flagged", counts[c]) for c in flags if counts[c]]
    return {
        "table": table.name,
        "rows": counts["rows"] + unread,
        "ok": counts["ok"] or 0,
        "repaired": counts["repaired"] or 0,
        "dropped_copies": counts["dq_fixed_DQ01"],
        "quarantined": sum(row["n"] for row in by_rule) + unread,
        "rules": rules,
    }


_ACTIONS = {"DQ01": "dropped"}
"""What is done to rows that a rule mends, where that is no repair: an exact copy is left out."""


def _fixed(column: str) -> str:
    return column.removeprefix("dq_fixed_")


def _rule(rule: str, action: str, n: int) -> dict[str, Any]:
    return {"rule": rule, "action": action, "n": n, "meaning_en": RULES[rule].en, "meaning_zh": RULES[rule].zh}


def _flag_overpaid(accepted: dict[str, ir.Table], entries: dict[str, dict[str, Any]]) -> None:
    if "invoices" not in accepted or "payments" not in accepted:
        return
    n = int(quality.overpaid(accepted["invoices"], accepted["payments"]).count().to_pyarrow().as_py())
    if n:
        entries["invoices"]["rules"].append(_rule("DQ08", "flagged", n))


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("ingest")
