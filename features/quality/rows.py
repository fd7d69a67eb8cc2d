"""Each row by itself: its cells in the contract's types, and the rules that need no other row (DQ02 to DQ08, DQ11)."""

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir

from features.cells import (
    TYPES,
    any_of,
    delivered_cell,
    has_content,
    missing_cell,
    needs_reading,
    number,
    read,
    unreadable_reason,
    was_padded,
    was_respelled,
)
from features.point_in_time import days_after, days_between
from features.tables import MINOR_UNITS, Column, Table

Finding = tuple[str, ir.BooleanValue, ir.StringValue]
"""A rule, the rows that break it, and the reason in words."""


def parse(table: Table, raw: ir.Table) -> ir.Table:
    """Return the contract's columns in canonical types, `dq_row`, and `dq_unreadable`: the first cell that has no meaning.

    `raw` has `dq_row` (position in the file, from 1) and columns of any type; missing optional columns become null. Also
    `dq_usual_lag`: the table's median days from event to availability, 0 where it has none.
    """
    there = [c for c in table if c.name in raw.columns]
    enums = [c for c in there if c.kind == "enum"]
    # One projection a step, so that each cell is trimmed and read once, however often it is looked at.
    cells = raw.select(
        "dq_row",
        dq_padded=any_of([was_padded(c, raw) for c in enums]),
        **{_cell(c): delivered_cell(c, raw) for c in there},
    )
    # Statements may be in thousands or millions; canonical amounts are in single units everywhere. A row without a usable
    # scale is set aside later.
    scale = number(cells[_cell(table["unit_scale"])]).coalesce(1.0) if _is_scaled(table, there) else None
    values = cells.mutate(**{c.name: read(c, cells[_cell(c)], scale) if c in there else missing_cell(c) for c in table})
    unreadable = [
        (has_content(values[_cell(c)]) & values[c.name].isnull(), unreadable_reason(c, values[_cell(c)]))
        for c in there
        if needs_reading(c, raw)
    ]
    repaired = any_of([values.dq_padded, *(was_respelled(values[_cell(c)], values[c.name]) for c in enums)])
    parsed = values.select("dq_row", *(c.name for c in table), dq_unreadable=_first(unreadable), dq_fixed_DQ03=repaired)
    return _with_usual_lag(table, raw, parsed)


def _cell(column: Column) -> str:
    return f"cell_{column.name}"


def _is_scaled(table: Table, there: list[Column]) -> bool:
    return any(column.name == "unit_scale" for column in table) and table["unit_scale"] in there


def _first(findings: list[tuple[ir.BooleanValue, ir.StringValue]]) -> ir.StringValue:
    if not findings:
        return ibis.null("string")
    return ibis.cases(*findings, else_=ibis.null("string"))


def _with_usual_lag(table: Table, raw: ir.Table, parsed: ir.Table) -> ir.Table:
    if table.happened is None or not {table.happened, table.availability} <= set(raw.columns):
        return parsed.mutate(dq_usual_lag=ibis.literal(0, "int64"))
    days = (table[table.happened], table[table.availability])
    happened, available = (read(column, delivered_cell(column, raw), None) for column in days)
    lags = raw.select(lag=days_between(happened, available)).filter(lambda t: t["lag"] >= 0)
    return parsed.cross_join(lags.agg(dq_usual_lag=lags.lag.median().floor().cast("int64").coalesce(0)))


def judge(table: Table, parsed: ir.Table, known: Mapping[str, ir.Table], data_until: date) -> ir.Table:
    """Return the rows with `dq_rule`, `dq_reason` (null: kept), `dq_fixed_<rule>` per repair and `dq_flag_<rule>` per doubt.

    `known` gives the accepted rows of the tables that this one refers to. `data_until` is the last day of the data.
    """
    ranged = _clear_impossible(table, _impute_availability(table, parsed))
    referred, dangling = _follow_references(table, ranged, known)
    findings = [
        *_unreadable_or_missing(table, referred),
        *_implausible_dates(table, referred, data_until),
        *_impossible_amounts(table, referred),
        *dangling,
    ]
    rule = ibis.cases(*((when, ibis.literal(rule)) for rule, when, _ in findings), else_=ibis.null("string"))
    reason = ibis.cases(*((when, reason) for _, when, reason in findings), else_=ibis.null("string"))
    judged = referred.mutate(dq_rule=rule, dq_reason=reason, dq_flag_DQ05=_has_undated_second_life(table, referred))
    repaired = _repair_early_availability(table, judged)
    return repaired.drop("dq_unreadable", "dq_usual_lag", *(c for c in repaired.columns if c.startswith("dq_found_")))


def _impute_availability(table: Table, rows: ir.Table) -> ir.Table:
    """Set a missing availability to the event plus the table's reporting lag (DQ05), where the contract knows one.

    Source: filing deadlines, see the tables' `reporting_lag_days`.
    """
    if table.happened is None or table.reporting_lag_days is None:
        return rows.mutate(dq_fixed_DQ05=ibis.literal(False))
    available = rows[table.availability]
    due = days_after(rows[table.happened], table.reporting_lag_days)
    return rows.mutate(
        **{table.availability: available.coalesce(due)}, dq_fixed_DQ05=available.isnull() & due.notnull()
    )


def _has_undated_second_life(table: Table, rows: ir.Table) -> ir.BooleanValue:
    """Whether a fact of a row's second life lacks the day it became known: it will never be seen."""
    hidden = [c for c in table.second_lives if c.undated == "hidden" and c.name != c.revealed_by]
    return any_of([rows[c.name].notnull() & rows[c.revealed_by].isnull() for c in hidden])


def _unreadable_or_missing(table: Table, rows: ir.Table) -> list[Finding]:
    findings: list[Finding] = [("DQ03", rows.dq_unreadable.notnull(), rows.dq_unreadable)]
    for column in table:
        if column.required:
            rule = "DQ05" if column.name == table.availability else "DQ03"
            findings.append(
                (rule, rows[column.name].isnull(), ibis.literal(f"{column.name} is missing; a value is required"))
            )
    return findings


def _implausible_dates(table: Table, rows: ir.Table, data_until: date) -> list[Finding]:
    last = _years_later(data_until, 5)
    findings: list[Finding] = []
    for column in (c for c in table if c.kind == "date"):
        day = rows[column.name]
        outside = (day < ibis.date(column.earliest)) | (day > ibis.date(last))
        reason = (
            ibis.literal(f"{column.name} ")
            + day.cast("string")
            + ibis.literal(f" is outside {column.earliest} to {last}")
        )
        findings.append(("DQ06", outside.coalesce(False), reason))
    if "due_on" in rows.columns and "issued_on" in rows.columns:
        reason = (
            ibis.literal("due_on ")
            + rows.due_on.cast("string")
            + " is before issued_on "
            + rows.issued_on.cast("string")
        )
        findings.append(("DQ07", (rows.due_on < rows.issued_on).coalesce(False), reason))
    return findings


def _years_later(day: date, years: int) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if leap_day else day.day)


def _is_limited(column: Column) -> bool:
    return column.minimum is not None or column.maximum is not None


def _impossible_amounts(table: Table, rows: ir.Table) -> list[Finding]:
    findings: list[Finding] = []
    for column in (c for c in table if c.required and _is_limited(c)):
        rule = "DQ08" if column.kind == "money" else "DQ11"
        reason = ibis.literal(f"{column.name} ") + _shown(column, rows) + ibis.literal(f" is {_limits(column)}")
        findings.append((rule, _outside(column, rows), reason))
    return findings


def _shown(column: Column, rows: ir.Table) -> ir.StringValue:
    value = rows[column.name].cast("float64")
    return (value / MINOR_UNITS if column.kind == "money" else value).cast("string")


def _limits(column: Column) -> str:
    low = "" if column.minimum is None else f"below {column.minimum:g}"
    high = "" if column.maximum is None else f"above {column.maximum:g}"
    return " or ".join(x for x in (low, high) if x)


def _outside(column: Column, rows: ir.Table) -> ir.BooleanValue:
    value, beyond = rows[column.name], []
    if column.minimum is not None:
        beyond.append((value < _canonical(column, column.minimum)).coalesce(False))
    if column.maximum is not None:
        beyond.append((value > _canonical(column, column.maximum)).coalesce(False))
    return any_of(beyond)


def _canonical(column: Column, limit: float) -> float:
    """Return a limit in the units of canonical values."""
    return round(limit * MINOR_UNITS) if column.kind == "money" else limit


def _clear_impossible(table: Table, rows: ir.Table) -> ir.Table:
    """Clear values of optional columns outside their range (DQ11); the row stays."""
    limited = [c for c in table if not c.required and _is_limited(c)]
    flags = [_outside(column, rows) for column in limited]
    cleared = {
        column.name: ibis.ifelse(flag, ibis.null(TYPES[column.kind]), rows[column.name])
        for column, flag in zip(limited, flags, strict=True)
    }
    return rows.mutate(**cleared, dq_fixed_DQ11=any_of(flags))


def _follow_references(table: Table, rows: ir.Table, known: Mapping[str, ir.Table]) -> tuple[ir.Table, list[Finding]]:
    findings = []
    for column, target in table.references.items():
        if target not in known:
            continue
        found, key = f"dq_found_{column}", "dq_target"
        ids = known[target].select(**{key: known[target][column]}).distinct().mutate(**{found: True})
        rows = rows.left_join(ids, rows[column] == ids[key]).drop(key)
        reason = ibis.literal(f"{column} '") + rows[column] + ibis.literal(f"' is not in {target}")
        findings.append(("DQ02", column, found, reason))
    return rows, [
        (rule, rows[column].notnull() & rows[found].isnull(), reason) for rule, column, found, reason in findings
    ]


def _repair_early_availability(table: Table, rows: ir.Table) -> ir.Table:
    """Set an availability before its event to the event plus the table's usual lag (DQ04)."""
    if table.happened is None:
        return rows.mutate(dq_fixed_DQ04=ibis.literal(False))
    happened, available = rows[table.happened], rows[table.availability]
    early = ((available < happened) & rows.dq_rule.isnull()).coalesce(False)
    later = days_after(happened, rows.dq_usual_lag)
    return rows.mutate(**{table.availability: ibis.ifelse(early, later, available)}, dq_fixed_DQ04=early)
