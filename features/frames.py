"""What each family of features looks at: one frame a family, all made from the verbs of `features.point_in_time`.

A frame of grain `application` has one row an application; one of grain `history` has one row per application and piece of
history, and its features are aggregates. Every frame has `application_id` and `as_of`.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features import ledger
from features.catalogue import Frame
from features.point_in_time import age_days, connected, known, latest, month_number, within
from features.tables import (
    CREDIT_LIMITS,
    CUSTOMERS,
    DEFAULT_EVENTS,
    FINANCIAL_STATEMENTS,
    INVOICES,
    MINOR_UNITS,
    PAYMENTS,
)

Tables = Mapping[str, ir.Table]

MATERIAL_AMOUNT = 5_000 * MINOR_UNITS
MATERIAL_SHARE = 0.01
"""Overdue amounts below 5,000 currency units or 1 % of the open balance are not material (CRR Art. 178(2)(d))."""

STATEMENT_AGE_MONTHS = 24
"""A statement whose period ended earlier than this before `as_of` says nothing about today."""

STATEMENT_LAGS = (0, 1, 2)
STATEMENT_ITEMS = tuple(c.name for c in FINANCIAL_STATEMENTS if c.kind == "money")


def _applications(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row an application: what it asks for, and the customer's master record known at `as_of`."""
    master = latest(applications, CUSTOMERS, tables["customers"]).drop("customer_id", "as_of", "currency", "known_at")
    joined = applications.left_join(master, "application_id").drop("application_id_right")
    if "invoices" not in tables:
        return joined
    invoiced = known(applications, INVOICES, tables["invoices"]).select("application_id").distinct()
    seen = joined.left_join(invoiced.mutate(invoiced=True), "application_id").drop("application_id_right")
    return seen.mutate(is_new_customer=seen.is_new_customer.coalesce(~seen.invoiced.coalesce(False))).drop("invoiced")


APPLICATION = Frame(name="application", reads=("applications", "customers"), may_read=("invoices",), view=_applications)


def _statements(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row an application: the latest annual statement (`revenue`) and those one and two years before (`revenue_1y`).

    Each period, told by the month it ends in, in its latest version known at `as_of`; statements of part of a year are
    ignored. A previous statement counts only if it ended 12 (24) months earlier: a change over an unknown number of years
    is no change over one.
    """
    annual = _annual(tables["financial_statements"])
    view = latest(applications, FINANCIAL_STATEMENTS, annual, by=("period_month",))
    ended = view.filter(view.period_end <= view.as_of)
    newest = ended.period_month.max().over(ibis.window(group_by="application_id"))
    lagged = ended.mutate(years_back=(newest - ended.period_month) / 12, newest_age=month_number(ended.as_of) - newest)
    recent = lagged.filter(lagged.newest_age <= STATEMENT_AGE_MONTHS, lagged.years_back.isin(STATEMENT_LAGS))
    items = {
        f"{item}{_lag_suffix(lag)}": recent[item].max(where=recent.years_back == lag)
        for item in STATEMENT_ITEMS
        for lag in STATEMENT_LAGS
    }
    of_newest = ("period_month", "period_end", "audit_opinion")
    newest_only = {name: recent[name].max(where=recent.years_back == 0) for name in of_newest}
    wide = recent.group_by("application_id").agg(**items, **newest_only)
    delay = _first_publication(applications, annual)
    asked = applications.select("application_id", "as_of", "requested_limit")
    joined = asked.inner_join(wide, "application_id").left_join(delay, ["application_id", "period_month"])
    return joined.drop("application_id_right", "period_month_right")


def _annual(statements: ir.Table) -> ir.Table:
    year = statements.filter(statements.period_months == 12)
    return year.mutate(period_month=month_number(year.period_end))


def _lag_suffix(lag: int) -> str:
    return f"_{lag}y" if lag else ""


def _first_publication(applications: ir.Table, annual: ir.Table) -> ir.Table:
    view = known(applications, FINANCIAL_STATEMENTS, annual)
    return view.group_by(["application_id", "period_month"]).agg(first_published=view.published_at.min())


STATEMENTS = Frame(name="statements", reads=("financial_statements",), view=_statements)


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


def _defaults(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and default event of the customer known at `as_of`."""
    return known(applications, DEFAULT_EVENTS, tables["default_events"])


DEFAULTS = Frame(name="defaults", reads=("default_events",), grain="history", view=_defaults)


def _group_defaults(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application in a group and known default event of another member; nulls where there is none."""
    members = connected(applications, tables["customers"])
    events = known(members, DEFAULT_EVENTS, tables["default_events"]).select("application_id", "event_date")
    grouped = members.select("application_id", "as_of").distinct()
    return grouped.left_join(events, "application_id").drop("application_id_right")


GROUP_DEFAULTS = Frame(
    name="group_defaults", reads=("customers", "default_events"), grain="history", view=_group_defaults
)


def due_within(view: ir.Table, days: int) -> ir.BooleanValue:
    """Whether an invoice belongs to INV(days): due in the `days` up to `as_of`."""
    return within(view, "due_on", days)


def ratio(numerator: ir.NumericValue, denominator: ir.NumericValue) -> ir.FloatingValue:
    """Return numerator / denominator as a float, null where the denominator is zero or anything is missing."""
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def weighted(amount: ir.IntegerValue, weight: ir.IntegerValue) -> ir.DecimalValue:
    """Return amount x weight exactly; a large invoice times days late does not fit 64 bits, its decimal does."""
    # The full width on one side: of two narrow decimals DuckDB makes a narrow product.
    return amount.cast("decimal(38, 0)") * weight.cast("decimal(9, 0)")
