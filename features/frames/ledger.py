"""Our own ledger as known at as_of: invoices with their settlement, receipts, and the balance day by day."""

import ibis
import ibis.expr.types as ir

from features import ledger
from features.catalogue import Frame
from features.frames.verbs import Tables
from features.point_in_time import age_days, known, latest, within
from features.tables import CREDIT_LIMITS, INVOICES, MINOR_UNITS, PAYMENTS

MATERIAL_AMOUNT = 5_000 * MINOR_UNITS
MATERIAL_SHARE = 0.01
"""Overdue amounts below 5,000 currency units or 1 % of the open balance are not material (CRR Art. 178(2)(d))."""


def _known_ledger(applications: ir.Table, tables: Tables) -> tuple[ir.Table, ir.Table]:
    invoices = ledger.receivables(known(applications, INVOICES, tables["invoices"]))
    receipts = ledger.receipts(known(applications, PAYMENTS, tables["payments"]))
    return invoices, receipts.filter(receipts.cash_on <= receipts.as_of)


def _ledger(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and invoice known at `as_of`: `due`, `open`, `settled_on`, `dbt`, `material`, `limit_amount`."""
    invoices, receipts = _known_ledger(applications, tables)
    settled = ledger.settle(invoices, ledger.allocate(invoices, receipts, "application_id"), "application_id")
    rows = settled.mutate(dbt=ledger.days_beyond_terms(settled, "as_of"))
    balance = rows.open.sum().over(ibis.window(group_by="application_id"))
    rows = rows.mutate(material=rows.due >= ibis.greatest(MATERIAL_AMOUNT, balance * MATERIAL_SHARE))
    if "credit_limits" not in tables:
        return rows.mutate(limit_amount=ibis.null("int64"))
    return rows.left_join(_limit_in_force(applications, tables), "application_id").drop("application_id_right")


def _limit_in_force(applications: ir.Table, tables: Tables) -> ir.Table:
    limits = _known_limits(applications, tables)
    newest = ibis.window(group_by="application_id", order_by=ibis.desc("valid_from"))
    ranked = limits.mutate(rank=ibis.row_number().over(newest)).filter(lambda t: t["rank"] == 0)
    return ranked.select("application_id", "limit_amount")


def _known_limits(applications: ir.Table, tables: Tables) -> ir.Table:
    limits = latest(applications, CREDIT_LIMITS, tables["credit_limits"], by=("valid_from",))
    return limits.filter(limits.valid_from <= limits.as_of)


LEDGER = Frame(
    name="ledger", reads=("invoices", "payments"), may_read=("credit_limits",), grain="history", view=_ledger
)


def _payments(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and payment booked by `as_of`, dishonoured ones included."""
    return known(applications, PAYMENTS, tables["payments"])


RECEIPTS = Frame(name="receipts", reads=("payments",), grain="history", view=_payments)


def _exposure(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and stretch of days with one balance and one limit.

    Columns: `day` (its first), `balance`, `limit_amount`, `paid` (on the first day), `days`, `is_last`.
    `days` counts the days of the stretch inside the 365 days up to `as_of`. Invoices, receipts and limits are laid on one
    line of changes; running sums give the state after each.
    """
    invoices, receipts = _known_ledger(applications, tables)
    allocated = ledger.allocate(invoices, receipts, "application_id")
    paid = ledger.reductions(ledger.settle(invoices, allocated, "application_id"), allocated, "application_id")
    limits = _known_limits(applications, tables)
    before = ibis.window(group_by="application_id", order_by="valid_from")
    step = limits.limit_amount - limits.limit_amount.lag().over(before).coalesce(0)
    none = ibis.literal(0, "int64")
    changes = (
        invoices.select("application_id", day="issued_on", balance="due", paid=none, step=none)
        .union(paid.select("application_id", "day", balance=-paid.paid, paid="paid", step=none))
        .union(limits.select("application_id", day="valid_from", balance=none, paid=none, step=step))
    )
    sums = {name: ledger.whole(changes[name].sum()) for name in ("balance", "paid", "step")}
    daily = changes.group_by(["application_id", "day"]).agg(**sums)
    dated = daily.join(applications.select("application_id", "as_of"), "application_id")
    upto = ibis.cumulative_window(group_by="application_id", order_by="day")
    after = ibis.window(group_by="application_id", order_by="day")
    start_age, end_age = age_days(dated, "day"), age_days(dated, "day").lead().over(after).coalesce(-1)
    days = ibis.greatest(0, ibis.least(start_age, 364) - ibis.greatest(end_age, -1))
    balance, limit = dated.balance.sum().over(upto), dated.step.sum().over(upto)
    return dated.mutate(balance=balance, limit_amount=limit, days=days, is_last=end_age == -1)


EXPOSURE = Frame(name="exposure", reads=("invoices", "payments", "credit_limits"), grain="history", view=_exposure)


def due_within(view: ir.Table, days: int) -> ir.BooleanValue:
    """Whether an invoice belongs to INV(days): due in the `days` up to `as_of`."""
    return within(view, "due_on", days)
