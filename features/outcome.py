"""What happened afterwards: the default definition, the performance window, the label and its status.

Default after Basel CRE36.68 and Art. 178 CRR: more than 90 days past due on a material amount, or unlikely to pay. Days past
due are counted per invoice, so that a customer who is always 20 days late is not "overdue for 300 days".
"""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from features import ledger
from features.point_in_time import days_after, days_between
from features.tables import MINOR_UNITS


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The default definition and the performance window; all days are calendar days, amounts currency units."""

    performance_days: int = 365
    knowledge_lag_days: int = 45
    default_dpd_days: int = 90
    indeterminate_dpd_days: int = 60
    material_amount: float = 5_000
    material_share: float = 0.01
    cure_days: int = 90
    from_ledger: bool = True
    require_exposure: bool = True


TERMS = (
    "customer_id", "invoice_id", "issued_on", "due", "paid", "paid_on", "settled_on", "disputed_amount",
    "dispute_opened_on", "dispute_closed_on",
)  # fmt: skip
"""All of a settled invoice that tells what of it was open and late, and when."""


def ledger_defaults(settled: ir.Table, part_payments: ir.Table, definition: Definition, data_until: date) -> ir.Table:
    """Return the defaults that the ledger shows by `data_until`: customer_id, event_date, cured_on (null while it lasts).

    `settled` and `part_payments` are the customers' `features.ledger.Settlement`. `event_date` is the first day on which the
    amount more than 90 days past due and not under dispute is at least max(material_amount, material_share of the open
    balance). The default is cured after `cure_days` days below that line; a new excess before then belongs to it.
    """
    excess = _excess(_balances(settled, part_payments, definition, data_until), definition)
    by_customer = ibis.window(group_by="customer_id", order_by="day")
    # A stretch above the line starts a new default if none before it ended within the cure period.
    since = days_between(excess.until.lag().over(by_customer), excess.day)
    starts = excess.mutate(starts=(since.isnull() | (since >= definition.cure_days)).cast("int64"))
    numbered = starts.mutate(
        number=starts.starts.sum().over(ibis.cumulative_window(group_by="customer_id", order_by="day"))
    )
    spells = numbered.group_by(["customer_id", "number"]).agg(
        event_date=numbered.day.min(), lasts=numbered.until.isnull().any(), until=numbered.until.max()
    )
    cured = ibis.ifelse(spells.lasts, ibis.null("date"), days_after(spells.until, definition.cure_days))
    return spells.select("customer_id", "event_date", cured_on=cured)


def _balances(settled: ir.Table, part_payments: ir.Table, definition: Definition, data_until: date) -> ir.Table:
    """Return per customer and day of change the open balance and the part of it that is late beyond the definition.

    Only customers with an invoice that was ever so late: nobody else can be in default by the ledger.
    """
    dated = settled.select(*TERMS, late_from=days_after(settled.due_on, definition.default_dpd_days + 1))
    was_late = dated.settled_on.isnull() | (dated.settled_on > dated.late_from)
    suspects = dated.filter(was_late, dated.late_from <= ibis.date(data_until)).select("customer_id").distinct()
    steps = _steps(_states(dated.semi_join(suspects, "customer_id"), part_payments, data_until))
    daily = steps.group_by(["customer_id", "day"]).agg(balance=steps.balance.sum(), late=steps.late.sum())
    upto = ibis.cumulative_window(group_by="customer_id", order_by="day")
    return daily.mutate(
        balance=ledger.whole(daily.balance.sum().over(upto)), late=ledger.whole(daily.late.sum().over(upto))
    )


def _states(terms: ir.Table, part_payments: ir.Table, data_until: date) -> ir.Table:
    """Return per invoice and day of change what is open (`balance`) and how much of it is late and not under dispute."""
    changes = _changes(terms, part_payments)
    changes = changes.filter(changes.day <= ibis.date(data_until))
    invoice = ["customer_id", "invoice_id"]
    daily = changes.group_by([*invoice, "day"]).agg(
        **{name: ledger.whole(changes[name].sum()) for name in ("unpaid", "disputed", "overdue")}
    )
    upto = ibis.cumulative_window(group_by=invoice, order_by="day")
    state = {name: ledger.whole(daily[name].sum().over(upto)) for name in ("unpaid", "disputed", "overdue")}
    dated = daily.mutate(**state).mutate(balance=lambda t: ibis.greatest(t["unpaid"], 0))
    # A dispute excuses no more than the invoice still owes, and never another invoice.
    undisputed = ibis.greatest(dated.balance - ibis.greatest(dated.disputed, 0), 0)
    late = ibis.ifelse(dated.overdue > 0, undisputed, 0)
    return dated.select(*invoice, "day", "balance", late=late)


def _changes(terms: ir.Table, part_payments: ir.Table) -> ir.Table:
    """Return what happens to each invoice: day, and the change of what is unpaid, disputed, and overdue (0 or 1)."""
    none = ibis.literal(0, "int64")
    invoice = ("customer_id", "invoice_id")
    paid = ledger.reductions(terms, part_payments, "customer_id")
    opened = terms.filter(terms.disputed_amount > 0, terms.dispute_opened_on.notnull())
    closed = opened.filter(opened.dispute_closed_on.notnull())
    return ibis.union(
        terms.select(*invoice, day="issued_on", unpaid="due", disputed=none, overdue=none),
        terms.select(*invoice, day="late_from", unpaid=none, disputed=none, overdue=ibis.literal(1, "int64")),
        paid.select(*invoice, "day", unpaid=-paid.paid, disputed=none, overdue=none),
        opened.select(*invoice, day="dispute_opened_on", unpaid=none, disputed=opened.disputed_amount, overdue=none),
        closed.select(*invoice, day="dispute_closed_on", unpaid=none, disputed=-closed.disputed_amount, overdue=none),
    )


def _steps(states: ir.Table) -> ir.Table:
    """Return by how much each change of an invoice's state moves its customer's: customer_id, day, balance, late."""
    before = ibis.window(group_by=["customer_id", "invoice_id"], order_by="day")
    step = {name: states[name] - states[name].lag().over(before).coalesce(0) for name in ("balance", "late")}
    return states.select("customer_id", "day", **step)


def _excess(balances: ir.Table, definition: Definition) -> ir.Table:
    """Return the stretches of days on which the late amount is material: customer_id, day, until (exclusive)."""
    line = ibis.greatest(int(definition.material_amount * MINOR_UNITS), balances.balance * definition.material_share)
    following = ibis.window(group_by="customer_id", order_by="day")
    material = (balances.late >= line) & (balances.late > 0)
    dated = balances.mutate(material=material, until=balances.day.lead().over(following))
    return dated.filter(dated.material).select("customer_id", "day", "until")


def default_events(reported: ir.Table | None, found: ir.Table | None, definition: Definition) -> ir.Table:
    """Return all defaults, reported and found in the ledger: customer_id, event_date, event_type, known_at, cured_on.

    A ledger default that repeats a reported one (same customer, at most 90 days apart) is not listed twice. Raises
    ValueError if there is neither.
    """
    columns = ["customer_id", "event_date", "event_type", "known_at", "cured_on"]
    reported = None if reported is None else reported.select(columns)
    if found is None:
        if reported is None:
            raise ValueError(
                "no defaults to learn from: neither table default_events nor a ledger (invoices and payments)"
            )
        return reported
    # On the day a ledger default starts everybody can see it: the ledger is ours.
    found = found.mutate(event_type=ibis.literal("dpd90"), known_at=found.event_date).select(columns)
    if reported is None:
        return found
    near = days_between(reported.event_date, found.event_date).abs() <= definition.default_dpd_days
    return reported.union(found.anti_join(reported, [found.customer_id == reported.customer_id, near]))


def label(
    applications: ir.Table, events: ir.Table, settled: ir.Table | None, definition: Definition, data_until: date
) -> ir.Table:
    """Return one outcome per application: `label` (1 bad, 0 good, null none), `label_status` and what led to it.

    `events` are those of `default_events`; `settled` the customers' ledgers, None where there are none. Columns:
    application_id, customer_id, as_of, window_end, label, label_status, default_date, default_type, label_known_at,
    worst_dpd_in_window, invoiced_in_window. The first status that applies counts: excluded_in_default,
    not_observed (refused, and not invoiced in the window all the same), immature (also when already bad: else recent
    vintages hold bads without their goods), bad, no_exposure, indeterminate, good. Defaults count if they happen in (as_of,
    as_of + performance_days] and are known by `data_until`.
    """
    rows = applications.mutate(window_end=days_after(applications.as_of, definition.performance_days))
    rows = _with_defaults(rows, events, data_until)
    rows = _with_ledger(rows, settled, definition)
    mature = days_after(rows.window_end, definition.knowledge_lag_days) <= ibis.date(data_until)
    unexposed = ~rows.invoiced_in_window if definition.require_exposure else ibis.literal(False)
    refused = rows.decision.isin(("decline", "withdrawn")).coalesce(False)
    status = ibis.cases(
        (rows.in_default, "excluded_in_default"),
        (refused & ~rows.invoiced_in_window.coalesce(False), "not_observed"),
        (~mature, "immature"),
        (rows.default_date.notnull(), "bad"),
        (unexposed.coalesce(False), "no_exposure"),
        ((rows.worst_dpd_in_window > definition.indeterminate_dpd_days).coalesce(False), "indeterminate"),
        else_="good",
    )
    marked = rows.mutate(label_status=status)
    value = ibis.cases((marked.label_status == "bad", 1), (marked.label_status.isin(("good", "indeterminate")), 0))
    return marked.mutate(label=value.cast("int8")).select(
        "application_id", "customer_id", "as_of", "window_end", "label", "label_status", "default_date", "default_type",
        "label_known_at", "worst_dpd_in_window", "invoiced_in_window",
    )  # fmt: skip


def _with_defaults(rows: ir.Table, events: ir.Table, data_until: date) -> ir.Table:
    """Add the first default of each performance window, and whether the customer was in default at as_of."""
    joined = rows.select("application_id", "customer_id", "as_of", "window_end").join(events, "customer_id")
    before = (joined.event_date <= joined.as_of) & (joined.cured_on.isnull() | (joined.cured_on > joined.as_of))
    inside = (joined.event_date > joined.as_of) & (joined.event_date <= joined.window_end)
    inside = inside & (joined.known_at <= ibis.date(data_until))
    first = ibis.window(group_by=["application_id", inside], order_by=["event_date", "event_type", "known_at"])
    ranked = joined.mutate(before=before, inside=inside, place=ibis.row_number().over(first))
    chosen = ranked.inside & (ranked.place == 0)
    summary = ranked.group_by("application_id").agg(
        in_default=ranked.before.any(),
        default_date=ranked.event_date.min(where=chosen),
        default_type=ranked.event_type.min(where=chosen),
        label_known_at=ranked.known_at.min(where=chosen),
    )
    result = rows.left_join(summary, "application_id").drop("application_id_right")
    return result.mutate(in_default=result.in_default.coalesce(False))


def _with_ledger(rows: ir.Table, settled: ir.Table | None, definition: Definition) -> ir.Table:
    """Add from the ledger: the worst delay of a material invoice inside the window, and whether anything was invoiced."""
    if settled is None:
        return rows.mutate(worst_dpd_in_window=ibis.null("int64"), invoiced_in_window=ibis.null("boolean"))
    windows = rows.select("application_id", "customer_id", "as_of", "window_end")
    view = windows.join(settled, "customer_id")
    late_until = ibis.least(view.settled_on.coalesce(view.window_end), view.window_end)
    material = (view.due >= int(definition.material_amount * MINOR_UNITS)) & (late_until > view.as_of)
    summary = view.group_by("application_id").agg(
        worst_dpd_in_window=days_between(view.due_on, late_until).max(
            where=material & (view.due_on <= view.window_end)
        ),
        invoiced_in_window=((view.issued_on > view.as_of) & (view.issued_on <= view.window_end)).any(),
    )
    result = rows.left_join(summary, "application_id").drop("application_id_right")
    return result.mutate(invoiced_in_window=result.invoiced_in_window.coalesce(False))
