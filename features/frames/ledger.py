"""Our own ledger as known at as_of: invoices with their settlement, receipts, and the balance day by day."""

import ibis
import ibis.expr.types as ir

from features import ledger
from features.catalogue import Frame
from features.frames.verbs import Tables, beside
from features.point_in_time import age_days, days_after, known, latest, within
from features.tables import CREDIT_LIMITS, INVOICES, MINOR_UNITS, PAYMENTS

MATERIAL_AMOUNT = 5_000 * MINOR_UNITS
MATERIAL_SHARE = 0.01
"""Overdue amounts below 5,000 currency units or 1 % of the open balance are not material (CRR Art. 178(2)(d))."""


def _settlement(applications: ir.Table, tables: Tables) -> ledger.Settlement:
    """Return the receivables of each application with what was paid of them, as known at `as_of`."""
    invoices = ledger.receivables(known(applications, INVOICES, tables["invoices"]))
    receipts = ledger.receipts(known(applications, PAYMENTS, tables["payments"]))
    return ledger.settle(invoices, receipts.filter(receipts.cash_on <= receipts.as_of), "application_id")


def _ledger(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and invoice known at `as_of`: `due`, `open`, `settled_on`, `dbt`, `material`, `limit_amount`."""
    settled = _settlement(applications, tables).invoices
    account = settled.group_by("application_id").agg(balance=settled.open.sum())
    if "credit_limits" in tables:
        account = beside(account, _limit_in_force(applications, tables))
    else:
        account = account.mutate(limit_amount=ibis.null("int64"))
    rows = settled.join(account, "application_id")
    material = rows.due >= ibis.greatest(MATERIAL_AMOUNT, rows.balance * MATERIAL_SHARE)
    return rows.mutate(dbt=ledger.days_beyond_terms(rows, "as_of"), material=material)


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
    """One row per application and change of balance or limit, with the stretch of days it begins.

    Columns: `day` (its first), `change` (of the balance on that day), `balance`, `limit_amount`, `paid` (on that day), `days`.
    `days` counts the days of the stretch inside the 365 days up to `as_of`. Running sums over the changes give the state
    after each day; what happened to the balance before those days is changes on the day before them.
    """
    changes = _changes(applications, tables)
    # A range of days, not of rows: every change of a day sees the state at its end, whatever their order.
    upto = ibis.range_window(preceding=None, following=0, group_by="application_id", order_by="day")
    after = ibis.window(group_by="application_id", order_by="day")
    start_age, end_age = age_days(changes, "day"), age_days(changes, "day").lead().over(after).coalesce(-1)
    days = ibis.greatest(0, ibis.least(start_age, 364) - ibis.greatest(end_age, -1))
    balance, limit = changes.balance.sum().over(upto), changes.step.sum().over(upto)
    return changes.mutate(change=changes.balance, balance=balance, limit_amount=limit, days=days)


def _changes(applications: ir.Table, tables: Tables) -> ir.Table:
    """Return what changes the balance (invoices, receipts) or the limit (`step`), and when."""
    settlement = _settlement(applications, tables)
    # An invoice settled before the opening changes nothing after it.
    settled = settlement.invoices.filter(lambda t: t["settled_on"].isnull() | (t["settled_on"] > _opening_day(t)))
    paid = ledger.reductions(settled, settlement.part_payments, "application_id", "as_of")
    limits = _known_limits(applications, tables)
    before = ibis.window(group_by="application_id", order_by="valid_from")
    step = limits.limit_amount - limits.limit_amount.lag().over(before).coalesce(0)
    none = ibis.literal(0, "int64")
    return ibis.union(
        settled.select(
            "application_id",
            "as_of",
            day=ibis.greatest(settled.issued_on, _opening_day(settled)),
            balance="due",
            paid=none,
            step=none,
        ),
        paid.select(
            "application_id",
            "as_of",
            day=ibis.greatest(paid.day, _opening_day(paid)),
            balance=-paid.paid,
            paid="paid",
            step=none,
        ),
        limits.select("application_id", "as_of", day="valid_from", balance=none, paid=none, step=step),
    )


def _opening_day(view: ir.Table) -> ir.DateValue:
    """Return the day before the last 365: all that happened until then is one opening balance."""
    return days_after(view.as_of, -365)


EXPOSURE = Frame(name="exposure", reads=("invoices", "payments", "credit_limits"), grain="history", view=_exposure)


def due_within(view: ir.Table, days: int) -> ir.BooleanValue:
    """Whether an invoice belongs to INV(days): due in the `days` up to `as_of`."""
    return within(view, "due_on", days)
