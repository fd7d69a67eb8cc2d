"""Stage `ingest`: raw tables of any source in, canonical tables out; bad rows set aside with a reason."""

import logging
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from features import quality
from features.quality import RULES
from features.tables import TABLES, Table
from pipelines.errors import InputError
from pipelines.io import (
    Connection,
    engine,
    find_table,
    fresh_folder,
    hold,
    read_raw,
    write_csv,
    write_json,
    write_parquet,
)
from pipelines.params import Params
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
    raw = produce(params, fresh_folder(RAW), fresh_folder(TRUTH))
    with engine(params.engine) as connection:
        ingest(connection, raw, fresh_folder(CANONICAL), fresh_folder(QUARANTINE), REPORT, params)


def ingest(connection: Connection, raw: Path, canonical: Path, quarantine: Path, report: Path, params: Params) -> None:
    """Check every raw table against the contract and write canonical tables, set-aside rows and the quality report.

    InputError if a table cannot be used at all: unreadable, without its required columns, empty though required, with more
    than one currency, or with more rows set aside than `ingest.max_quarantined_share`.
    """
    accepted: dict[str, ir.Table] = {}
    entries: list[dict[str, Any]] = []
    for table in TABLES.values():
        path = find_table(raw, table)
        if path is None:
            log.info("%s: no file, table is absent", table.name)
            continue
        entry = _ingest_table(connection, table, path, accepted, quarantine, params)
        entries.append(entry)
        if entry["ok"] + entry["repaired"] == 0:
            _refuse_empty(table, path, entry, quarantine)
            del accepted[table.name]
        else:
            write_parquet(connection, accepted[table.name], canonical / f"{table.name}.parquet", table.key)
    _flag_overpaid(accepted, entries)
    write_json(report, {"source": params.source, "tables": entries})
    _refuse_currencies(accepted)


def _ingest_table(
    connection: Connection, table: Table, path: Path, accepted: dict[str, ir.Table], quarantine: Path, params: Params
) -> dict[str, Any]:
    raw, lines = read_raw(connection, table, path)
    parsed = hold(connection, quality.parse(table, raw), f"parsed_{table.name}")
    judged = quality.judge_keys(table, quality.judge(table, parsed, accepted, params.data_until))
    if table.name == "financial_statements":
        judged = quality.judge_statements(judged)
    judged = hold(connection, judged, f"judged_{table.name}")
    accepted[table.name] = judged.filter(judged.dq_rule.isnull() & ~judged.dq_fixed_DQ01).select(
        *(c.name for c in table)
    )
    entry = _count(table, judged, lines)
    _set_aside(connection, table, raw, judged, lines, entry, quarantine / f"{table.name}.csv")
    log.info("%s: read %d, kept %d (%d repaired), set aside %d", path, entry["rows"], entry["ok"] + entry["repaired"], entry["repaired"], entry["quarantined"])  # fmt: skip
    _refuse_share(table, path, entry, quarantine, params.ingest.max_quarantined_share)
    return entry


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
    """Write the rows set aside as they were delivered, each with table, key, rule and reason."""
    if not entry["quarantined"]:
        return
    bad = judged.filter(judged.dq_rule.notnull()).select("dq_row", "dq_rule", "dq_reason")
    rows = raw.join(bad, "dq_row")
    key = ibis.literal("|").join([rows[k].cast("string").coalesce("") for k in table.key if k in rows.columns])
    delivered = {c: rows[c].cast("string") for c in raw.columns if c != "dq_row"}
    whole = rows.select(table=ibis.literal(table.name), row=rows.dq_row, key=key, rule=rows.dq_rule, reason=rows.dq_reason, **delivered)  # fmt: skip
    blank = {c: ibis.null("string") for c in delivered if c not in ("table", "row", "key", "rule", "reason")}
    unread = lines.select(
        table=ibis.literal(table.name),
        # The reader counts the header as line 1; rows are counted from the first line after it.
        row=(lines.line - 1).cast("int64"),
        key=lines.text,
        rule=ibis.literal("DQ03"),
        reason=ibis.literal("line cannot be split into the header's columns: ") + lines.reason,
        **blank,
    )
    write_csv(connection, whole.union(unread), path, ("row",))


def _refuse_empty(table: Table, path: Path, entry: dict[str, Any], quarantine: Path) -> None:
    if not table.required:
        log.warning("%s has no usable row: table %s counts as absent", path, table.name)
        return
    cause = (
        f"all {entry['rows']} rows were set aside, see {quarantine / table.name}.csv"
        if entry["rows"]
        else "it has a header but no rows"
    )
    raise InputError(f"{path}: table {table.name} is required but {cause}. Expected {table.grain}")


def _refuse_share(table: Table, path: Path, entry: dict[str, Any], quarantine: Path, most: float) -> None:
    share = entry["quarantined"] / max(entry["rows"], 1)
    if share <= most:
        return
    worst = max((r for r in entry["rules"] if r["action"] == "quarantined"), key=lambda r: r["n"])
    raise InputError(
        f"{path}: {entry['quarantined']} of {entry['rows']} rows ({share:.1%}) of table {table.name} were set aside, more than "
        f"ingest.max_quarantined_share = {most:.1%} (rule DQ13). Most by {worst['rule']} ({worst['meaning_en']}). "
        f"Every row with its reason: {quarantine / table.name}.csv. Mend the file, or raise the share in params.yaml"
    )


def _flag_overpaid(accepted: dict[str, ir.Table], entries: list[dict[str, Any]]) -> None:
    if "invoices" not in accepted or "payments" not in accepted:
        return
    n = int(quality.overpaid(accepted["invoices"], accepted["payments"]).count().to_pyarrow().as_py())
    if n:
        next(e for e in entries if e["table"] == "invoices")["rules"].append(_rule("DQ08", "flagged", n))


def _refuse_currencies(accepted: dict[str, ir.Table]) -> None:
    """Stop on more than one currency: amounts of different currencies must not be added (DQ12)."""
    found: dict[str, list[str]] = {}
    for name, rows in accepted.items():
        if "currency" in rows.columns:
            for currency in (
                rows.select("currency").distinct().order_by("currency").to_pyarrow()["currency"].to_pylist()
            ):
                if currency is not None:
                    found.setdefault(currency, []).append(name)
    if len(found) > 1:
        places = "; ".join(f"{currency} in {', '.join(sorted(tables))}" for currency, tables in sorted(found.items()))
        raise InputError(
            f"more than one currency (rule DQ12): {places}. Convert all amounts to one currency and set `currency`"
        )
