"""Data quality: every raw row is kept, repaired or set aside, each with a rule and a reason. Good rows are never lost.

`parse` gives the raw columns the contract's types, `judge` decides about each row alone, `judge_keys` about rows against
each other, `judge_statements` about statements against their neighbours. All are Ibis expressions: nothing is read here.
A row carries `dq_rule` and `dq_reason` (null: kept) and one flag `dq_fixed_<rule>` per repair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from features.cells import (
    TYPES,
    any_of,
    delivered_cell,
    has_content,
    number,
    read,
    unreadable_reason,
    was_padded,
    was_respelled,
)
from features.point_in_time import days_after, days_between
from features.tables import FINANCIAL_STATEMENTS, MINOR_UNITS, Column, Table


@dataclass(frozen=True)
class Rule:
    """One data-quality rule: what it means in both languages."""

    id: str
    en: str
    zh: str


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "DQ01",
            "key not unique: exact copies dropped, of conflicting rows the latest kept",
            "主键重复:完全相同者去重,冲突者保留最新",
        ),
        Rule("DQ02", "refers to a row that does not exist", "引用的记录不存在"),
        Rule(
            "DQ03",
            "value missing, of the wrong type, or not one of the allowed values",
            "必填缺失、类型错误或取值不在允许范围",
        ),
        Rule(
            "DQ04",
            "known before it happened: availability set to the event plus the usual lag",
            "获知早于发生:按常见滞后修正",
        ),
        Rule(
            "DQ05",
            "availability missing: a fact nobody can date must not enter features",
            "缺少获知日期,不得进入特征",
        ),
        Rule(
            "DQ06",
            "date before 1990 or more than five years after the data end",
            "日期早于1990年或晚于数据截止日五年以上",
        ),
        Rule("DQ07", "due before it was issued", "到期日早于开票日"),
        Rule(
            "DQ08",
            "amount not positive, or paid more than 105 % of the invoice",
            "金额非正,或回款超过发票金额的105%",
        ),
        Rule(
            "DQ09",
            "balance sheet does not add up; missing equity set to assets less liabilities",
            "资产负债表不平;缺失权益按资产减负债补足",
        ),
        Rule(
            "DQ10",
            "unit slip: amounts 1,000 or 10,000 times the company's other statements, divided back",
            "金额单位错位(千/万倍),已还原",
        ),
        Rule("DQ11", "number outside its possible range: value cleared", "数值超出可能范围,已置空"),
        Rule("DQ12", "more than one currency without exchange rates", "存在多币种但无汇率"),
        Rule("DQ13", "too many rows set aside to trust the table", "被隔离行过多,整表不可信"),
    )
}

SLIP_EXPONENTS = (3, 4)
_SLIP_TOLERANCE = 0.35
"""How near log10 of a statement's size over the company's median must be to a whole slip; sales must slip with it."""


def parse(table: Table, raw: ir.Table) -> ir.Table:
    """Return the contract's columns in canonical types, `dq_row`, and `dq_unreadable`: the first cell that has no meaning.

    `raw` has `dq_row` (position in the file, from 1) and columns of any type; missing optional columns become null.
    """
    # One projection for the cells, so that each is trimmed once however often it is looked at.
    padded = any_of([was_padded(c, raw) for c in table if c.kind == "enum"])
    delivered = raw.select("dq_row", dq_padded=padded, **{c.name: delivered_cell(c, raw) for c in table})
    cells = {c.name: delivered[c.name] for c in table}
    # Statements may be in thousands or millions; canonical amounts are in single units everywhere. A row without a usable
    # scale is set aside later.
    scale = number(cells["unit_scale"]).coalesce(1.0) if "unit_scale" in cells else ibis.literal(1.0)
    values = {c.name: read(c, cells[c.name], scale) for c in table}
    respelled = [was_respelled(cells[c.name], values[c.name]) for c in table if c.kind == "enum"]
    unreadable = [
        (has_content(cells[c.name]) & values[c.name].isnull(), unreadable_reason(c, cells[c.name]))
        for c in table
        if c.kind != "text"
    ]
    repaired = any_of([delivered.dq_padded, *respelled])
    return delivered.select("dq_row", **values, dq_unreadable=_first(unreadable), dq_fixed_DQ03=repaired)


def _first(findings: list[tuple[ir.BooleanValue, ir.StringValue]]) -> ir.StringValue:
    if not findings:
        return ibis.null("string")
    return ibis.cases(*findings, else_=ibis.null("string"))


def judge(table: Table, parsed: ir.Table, known: Mapping[str, ir.Table], data_until: date) -> ir.Table:
    """Return the rows with `dq_rule`, `dq_reason`: rules DQ02 to DQ08 and DQ11, each row judged alone.

    `known` gives the accepted rows of the tables that this one refers to. `data_until` is the last day of the data.
    """
    ranged = _clear_impossible(table, parsed)
    referred, dangling = _follow_references(table, ranged, known)
    findings = [
        *_unreadable_or_missing(table, referred),
        *_implausible_dates(table, referred, data_until),
        *_impossible_amounts(table, referred),
        *dangling,
    ]
    rule = ibis.cases(*((when, ibis.literal(rule)) for rule, when, _ in findings), else_=ibis.null("string"))
    reason = ibis.cases(*((when, reason) for _, when, reason in findings), else_=ibis.null("string"))
    judged = referred.mutate(dq_rule=rule, dq_reason=reason)
    judged = judged.drop("dq_unreadable", *(c for c in judged.columns if c.startswith("dq_found_")))
    return _repair_early_availability(table, judged)


Finding = tuple[str, ir.BooleanValue, ir.StringValue]


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


def _impossible_amounts(table: Table, rows: ir.Table) -> list[Finding]:
    findings: list[Finding] = []
    for column in (c for c in table if c.required and c.kind in ("money", "number", "integer")):
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
    unit = MINOR_UNITS if column.kind == "money" else 1
    value, outside = rows[column.name], ibis.literal(False)
    if column.minimum is not None:
        outside = outside | (value < round(column.minimum * unit))
    if column.maximum is not None:
        outside = outside | (value > round(column.maximum * unit))
    return outside.coalesce(False)


def _clear_impossible(table: Table, rows: ir.Table) -> ir.Table:
    """Clear values of optional columns outside their range (DQ11); the row stays."""
    limited = [c for c in table if not c.required and (c.minimum is not None or c.maximum is not None)]
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
    """Set an availability before its event to the event plus the table's median lag (DQ04)."""
    if table.happened is None:
        return rows.mutate(dq_fixed_DQ04=ibis.literal(False))
    happened, available = rows[table.happened], rows[table.availability]
    lag = days_between(happened, available)
    early = ((lag < 0) & rows.dq_rule.isnull()).coalesce(False)
    usual = rows.filter((lag >= 0) & rows.dq_rule.isnull()).agg(usual=lag.median().floor().cast("int64"))
    joined = rows.cross_join(usual)
    later = days_after(joined[table.happened], joined.usual.coalesce(0))
    repaired = ibis.ifelse(early, later, joined[table.availability])
    return joined.mutate(**{table.availability: repaired}, dq_fixed_DQ04=early).drop("usual")


def judge_keys(table: Table, rows: ir.Table) -> ir.Table:
    """Return the rows with repeats of a key judged (DQ01): exact copies marked dropped, older conflicting rows set aside.

    Of rows with one key the latest available stays; between equals the one that comes last in the file.
    """
    key = list(table.key)
    kept = rows.filter(rows.dq_rule.isnull())
    counted = kept.group_by(key).agg(dq_times=lambda t: t.count()).filter(lambda t: t["dq_times"] > 1)
    marked = rows.left_join(counted, key).drop(*(f"{k}_right" for k in key))
    again = (marked.dq_times.notnull() & marked.dq_rule.isnull()).coalesce(False)
    # Only repeated keys, usually few, are sorted and compared.
    unique = marked.filter(~again).drop("dq_times").mutate(dq_fixed_DQ01=ibis.literal(False))
    return unique.union(_judge_repeats(table, marked.filter(again).drop("dq_times")).select(unique.columns))


def _judge_repeats(table: Table, rows: ir.Table) -> ir.Table:
    content = ibis.literal("|").join([rows[column.name].cast("string").coalesce("∅") for column in table])
    newest = ibis.window(group_by=list(table.key), order_by=[ibis.desc(table.availability), ibis.desc("dq_row")])
    ranked = rows.mutate(content=content, place=ibis.row_number().over(newest))
    ranked = ranked.mutate(winner=ranked.content.first().over(newest))
    conflict = (ranked.place > 0) & (ranked.content != ranked.winner)
    reason = f"another row has the same {', '.join(table.key)} and a later or equal {table.availability}"
    return ranked.mutate(
        dq_rule=ibis.ifelse(conflict, "DQ01", ranked.dq_rule),
        dq_reason=ibis.ifelse(conflict, reason, ranked.dq_reason),
        dq_fixed_DQ01=(ranked.place > 0) & (ranked.content == ranked.winner),
    )


def judge_statements(rows: ir.Table) -> ir.Table:
    """Return statements with unit slips divided back (DQ10), missing equity filled and unbalanced sheets flagged (DQ09).

    A slip is a statement whose total assets and revenue both lie 3 or 4 powers of ten off the median of the company's
    statements; it takes at least three of them to tell which one slipped.
    """
    # Copies that are dropped have no say in what is usual for a company.
    compared = rows.dq_rule.isnull() & ~rows.dq_fixed_DQ01
    per_company = ibis.window(group_by=[compared, rows.customer_id])
    sized = rows.mutate(
        assets_off=_powers_off(rows.total_assets, per_company),
        revenue_off=_powers_off(rows.revenue, per_company),
        tellable=compared & (rows.count().over(per_company) >= 3),
    )
    slip = ibis.cases(*((_slipped(sized, e), e) for k in SLIP_EXPONENTS for e in (k, -k)), else_=0)
    sized = sized.mutate(slip=ibis.ifelse(sized.tellable, slip, 0))
    factor = ibis.literal(10.0) ** sized.slip.cast("float64")
    money = [c.name for c in FINANCIAL_STATEMENTS if c.kind == "money"]
    whole = {c: ibis.ifelse(sized.slip == 0, sized[c], (sized[c] / factor).round().cast("int64")) for c in money}
    judged = sized.mutate(**whole, dq_fixed_DQ10=sized.slip != 0)
    return _judge_balance(judged.drop("assets_off", "revenue_off", "tellable", "slip"))


def _powers_off(amount: ir.IntegerValue, window: object) -> ir.FloatingValue:
    power = ibis.ifelse(amount > 0, amount, ibis.null("int64")).cast("float64").log10()
    return power - power.median().over(window)


def _slipped(rows: ir.Table, exponent: int) -> ir.BooleanValue:
    assets = (rows.assets_off - exponent).abs() < _SLIP_TOLERANCE
    # Sales vary more than assets; a company without sales is judged by its assets alone.
    sales = (rows.revenue_off - exponent).abs() < 2 * _SLIP_TOLERANCE
    return (assets & sales.coalesce(True)).coalesce(False)


def _judge_balance(rows: ir.Table) -> ir.Table:
    by_difference = rows.total_assets - rows.total_liabilities
    filled = rows.total_equity.isnull() & by_difference.notnull()
    assets = rows.total_assets.cast("float64").abs()
    gap = (by_difference - rows.total_equity).abs() > 0.01 * assets
    current = (rows.current_assets > 1.01 * assets) | (rows.current_liabilities > 1.01 * rows.total_liabilities.abs())
    return rows.mutate(
        total_equity=rows.total_equity.coalesce(by_difference),
        dq_fixed_DQ09=filled,
        dq_flag_DQ09=(gap.coalesce(False) | current.coalesce(False)),
    )


def overpaid(invoices: ir.Table, payments: ir.Table) -> ir.Table:
    """Return the invoices whose payments exceed 105 % of the amount (flag of DQ08): invoice_id, amount, paid."""
    paid = payments.filter(~payments.bounced.coalesce(False)).group_by("invoice_id").agg(paid=payments.amount.sum())
    joined = invoices.select("invoice_id", "amount").join(paid, "invoice_id")
    return joined.filter(joined.paid > 1.05 * joined.amount)
