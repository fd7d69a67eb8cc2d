"""Rows set aside: written as they were delivered, with place, rule and reason, and counted against what is tolerable."""

import logging
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from features.tables import Table
from pipelines.errors import InputError
from pipelines.io import Connection, write_csv
from pipelines.spreadsheets import plain_cell

log = logging.getLogger(__name__)

FEW = 3
"""So few rows set aside say nothing about a table, however small it is."""

VERDICT = ("table", "row", "key", "rule", "reason")
"""The columns that stand before the delivered ones in the files of rows set aside."""


def set_aside(
    connection: Connection, table: Table, raw: ir.Table, judged: ir.Table, lines: ir.Table, path: Path
) -> None:
    """Write the rows set aside as they were delivered, each with table, row, key, rule and reason; no cell is a formula.

    `row` counts the rows of the file from 1, without its header; it is empty for lines that are no rows, whose reason names
    the line and whose key is its text.
    """
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
    found = whole.union(unread)
    safe = found.mutate(**{name: plain_cell(found[name]) for name in ("key", "reason", *delivered)})
    write_csv(connection, safe, path, ("row", "key", "reason"))


def _line_reason(lines: ir.Table) -> ir.StringValue:
    return ibis.literal("line ") + lines.line.cast("string") + ibis.literal(" of the file: ") + lines.reason


def complain_of_too_many(
    table: Table, path: Path, entry: dict[str, Any], judged: ir.Table, lines: ir.Table, quarantine: Path, most: float
) -> None:
    """Stop on a larger share of rows set aside than `most` (DQ13); warn only, if they are few and others are left.

    `entry` is the table's entry in the quality report, `quarantine` the folder of the files of rows set aside.
    """
    n, rows = entry["quarantined"], entry["rows"]
    if n <= most * rows:
        return
    listed = "\n".join(f"  {example}" for example in examples(judged, lines))
    message = (
        f"{path}: {n} of {rows} rows ({n / rows:.1%}) of table {table.name} were set aside, more than "
        f"ingest.max_quarantined_share = {most:.1%} (rule DQ13). The first by rule:\n{listed}\n"
        f"Every row with the first of its reasons: {quarantine / table.name}.csv. Mend the file"
    )
    if n > FEW or n == rows:
        raise InputError(f"{message}, or raise the share in params.yaml")
    log.warning("%s. The run goes on, because they are few", message)


def examples(judged: ir.Table, lines: ir.Table) -> list[str]:
    """Return what is wrong with the first rows that each rule set aside, and with the first line that is no row."""
    first = ibis.window(group_by="dq_rule", order_by="dq_row")
    bad = judged.filter(judged.dq_rule.notnull()).select("dq_rule", "dq_row", "dq_reason")
    ranked = (
        bad.mutate(place=ibis.row_number().over(first)).filter(lambda t: t["place"] < 3).order_by("dq_rule", "dq_row")
    )
    rows = [f"{r['dq_rule']} row {r['dq_row']}: {r['dq_reason']}" for r in ranked.to_pyarrow().to_pylist()]
    unread = lines.select("line", reason=_line_reason(lines)).order_by("line").limit(1)
    return rows + [f"DQ03 {r['reason']}" for r in unread.to_pyarrow().to_pylist()]
