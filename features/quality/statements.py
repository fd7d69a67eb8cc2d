"""Statements against their neighbours: unit slips (DQ10), and balance sheets that add up (DQ09)."""

import ibis
import ibis.expr.types as ir

from features.tables import FINANCIAL_STATEMENTS

SLIP_EXPONENTS = (3, 4)
_SLIP_TOLERANCE = 0.35
"""How near log10 of a statement's size over the company's median must be to a whole slip; sales must slip with it."""


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
