"""Stage `ingest`: raw tables of any source in, canonical tables out; bad rows set aside with a reason."""

import logging
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from features import quality
from features.quality import RULES
from features.tables import TABLES, Table
from pipelines.errors import InputError
from pipelines.io import Connection, engine, fresh_folder, hold, release, write_csv, write_json, write_parquet
from pipelines.params import Params
from pipelines.raw import find_table, read_raw
from pipelines.sources import produce

log = logging.getLogger(__name__)

RAW, TRUTH, CANONICAL, QUARANTINE = (
    Path("data/raw"),
    Path("data/truth"),
    Path("data/canonical"),
    Path("data/quarantine"),
)
REPORT = Path("data/ingest/quality.json")

FEW = 3
"""So few rows set aside say nothing about a table, however small it is."""

VERDICT = ("table", "row", "key", "rule", "reason")
"""The columns that stand before the delivered ones in the files of rows set aside."""


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


def ingest(connection: Connection, raw: Path, canonical: Path, quarantine: Path, report: Path, params: Params) -> None:
    """Check every raw table against the contract and write canonical tables, set-aside rows and the quality report.

    InputError if tables cannot be used at all, with what is wrong with each: unreadable, without required columns, empty though
    required, more than one currency, or a larger share than `ingest.max_quarantined_share` (and more than `FEW` rows) set
    aside. Then no canonical table is written, so that no later stage mistakes a part for the whole.
    """
    accepted: dict[str, ir.Table] = {}
    entries: list[dict[str, Any]] = []
    problems: list[str] = []
    for table in TABLES.values():
        try:
            entries += _ingest_table(connection, table, raw, accepted, quarantine, params)
        except InputError as error:
            problems.append(str(error))
    problems += _mixed_currencies(accepted)
    if problems:
        raise InputError("\n\n".join(problems))
    _flag_overpaid(accepted, entries)
    for name, rows in accepted.items():
        write_parquet(connection, rows, canonical / f"{name}.parquet", TABLES[name].key)
    write_json(report, {"source": params.source, "tables": entries})


def _ingest_table(
    connection: Connection, table: Table, raw: Path, accepted: dict[str, ir.Table], quarantine: Path, params: Params
) -> list[dict[str, Any]]:
    """Add the table's good rows to `accepted` and return its entry in the quality report; no entry if there is no file."""
    path = find_table(raw, table)
    if path is None:
        log.info("%s: no file, table is absent", table.name)
        return []
    delivered, lines = read_raw(connection, table, path)
    judged = _judge(connection, table, delivered, accepted, params.data_until)
    entry = _count(table, judged, lines)
    kept = entry["ok"] + entry["repaired"]
    _set_aside(connection, table, delivered, judged, lines, entry, quarantine / f"{table.name}.csv")
    fates = entry["rows"], kept, entry["repaired"], entry["quarantined"]
    log.info("%s: read %d, kept %d (%d repaired), set aside %d", path, *fates)
    if entry["quarantined"] > params.ingest.max_quarantined_share * entry["rows"]:
        _complain(table, path, entry, _examples(judged, lines), quarantine, params.ingest.max_quarantined_share)
    release(connection, delivered)
    if kept:
        accepted[table.name] = judged.filter(judged.dq_rule.isnull() & ~judged.dq_fixed_DQ01).select(
            *(c.name for c in table)
        )
    elif table.required:
        raise InputError(
            f"{path}: table {table.name} is required but the file holds no usable row. Expected {table.grain}"
        )
    else:
        log.warning("%s has no usable row: table %s counts as absent", path, table.name)
    return [entry]


def _judge(
    connection: Connection, table: Table, delivered: ir.Table, accepted: dict[str, ir.Table], data_until: date
) -> ir.Table:
    parsed = hold(connection, quality.parse(table, delivered), f"parsed_{table.name}")
    rows = quality.judge_keys(table, quality.judge(table, parsed, accepted, data_until))
    if table.name == "financial_statements":
        rows = quality.judge_statements(rows)
    judged = hold(connection, rows, f"judged_{table.name}")
    release(connection, parsed)
    return judged


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
    rules += [_rule(c.removeprefix("dq_fixed_"), "repaired", counts[c]) for c in fixes if counts[c]]
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


def _rule(rule: str, action: str, n: int) -> dict[str, Any]:
    return {"rule": rule, "action": action, "n": n, "meaning_en": RULES[rule].en, "meaning_zh": RULES[rule].zh}


def _set_aside(
    connection: Connection,
    table: Table,
    raw: ir.Table,
    judged: ir.Table,
    lines: ir.Table,
    entry: dict[str, Any],
    path: Path,
) -> None:
    """Write the rows set aside as they were delivered, each with table, row, key, rule and reason.

    `row` counts the rows of the file from 1, without its header; it is empty for lines that are no rows, whose reason names
    the line and whose key is its text.
    """
    if not entry["quarantined"]:
        return
    bad = judged.filter(judged.dq_rule.notnull()).select("dq_row", "dq_rule", "dq_reason")
    rows = raw.join(bad, "dq_row")
    key = ibis.literal("|").join([rows[k].cast("string").coalesce("") for k in table.key if k in rows.columns])
    # A file that was set aside before and is delivered again carries the verdict's columns of that time.
    delivered = [c for c in raw.columns if c != "dq_row" and c not in VERDICT]
    whole = rows.select(
        table=ibis.literal(table.name),
        row=rows.dq_row,
        key=key,
        rule=rows.dq_rule,
        reason=rows.dq_reason,
        **{c: rows[c].cast("string") for c in delivered},
    )
    unread = lines.select(
        table=ibis.literal(table.name),
        row=ibis.null("int64"),
        key=lines.text,
        rule=ibis.literal("DQ03"),
        reason=_line_reason(lines),
        **{c: ibis.null("string") for c in delivered},
    )
    write_csv(connection, whole.union(unread), path, ("row", "key", "reason"))


def _line_reason(lines: ir.Table) -> ir.StringValue:
    return ibis.literal("line ") + lines.line.cast("string") + ibis.literal(" of the file: ") + lines.reason


def _examples(judged: ir.Table, lines: ir.Table) -> list[str]:
    """Return what is wrong with the first rows that each rule set aside, and with the first line that is no row."""
    first = ibis.window(group_by="dq_rule", order_by="dq_row")
    bad = judged.filter(judged.dq_rule.notnull()).select("dq_rule", "dq_row", "dq_reason")
    ranked = (
        bad.mutate(place=ibis.row_number().over(first)).filter(lambda t: t["place"] < 3).order_by("dq_rule", "dq_row")
    )
    rows = [f"{r['dq_rule']} row {r['dq_row']}: {r['dq_reason']}" for r in ranked.to_pyarrow().to_pylist()]
    unread = lines.select("line", reason=_line_reason(lines)).order_by("line").limit(1)
    return rows + [f"DQ03 {r['reason']}" for r in unread.to_pyarrow().to_pylist()]


def _complain(
    table: Table, path: Path, entry: dict[str, Any], examples: list[str], quarantine: Path, most: float
) -> None:
    """Stop on a larger share of rows set aside than `most` (DQ13); warn only, if they are few and others are left."""
    n, rows = entry["quarantined"], entry["rows"]
    listed = "\n".join(f"  {example}" for example in examples)
    message = (
        f"{path}: {n} of {rows} rows ({n / rows:.1%}) of table {table.name} were set aside, more than "
        f"ingest.max_quarantined_share = {most:.1%} (rule DQ13). The first by rule:\n{listed}\n"
        f"Every row with the first of its reasons: {quarantine / table.name}.csv. Mend the file"
    )
    if n > FEW or n == rows:
        raise InputError(f"{message}, or raise the share in params.yaml")
    log.warning("%s. The run goes on, because they are few", message)


def _flag_overpaid(accepted: dict[str, ir.Table], entries: list[dict[str, Any]]) -> None:
    if "invoices" not in accepted or "payments" not in accepted:
        return
    n = int(quality.overpaid(accepted["invoices"], accepted["payments"]).count().to_pyarrow().as_py())
    if n:
        next(e for e in entries if e["table"] == "invoices")["rules"].append(_rule("DQ08", "flagged", n))


def _mixed_currencies(accepted: dict[str, ir.Table]) -> list[str]:
    """Return what to do about more than one currency: amounts of different currencies must not be added (DQ12)."""
    found: dict[str | None, list[str]] = {}
    for name, rows in accepted.items():
        if "currency" in rows.columns:
            for currency in rows.select("currency").distinct().to_pyarrow()["currency"].to_pylist():
                found.setdefault(currency, []).append(name)
    found.pop(None, None)
    if len(found) < 2:
        return []
    places = "; ".join(f"{currency} in {', '.join(sorted(tables))}" for currency, tables in sorted(found.items()))
    return [
        f"more than one currency (rule DQ12): {places}. Convert all amounts to one currency and set `currency`; "
        "spell it one way, as in ISO 4217 (CNY, not RMB)"
    ]


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("ingest")
