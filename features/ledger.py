"""The receivables ledger: which payment settles which invoice, when, and how late.

Both users work on rows already restricted to what they may know: the features by application as at `as_of`, the outcome by
customer as at the data cut-off. `owner` names the column that separates ledgers (`application_id` or `customer_id`).
Amounts are whole minor units, so that sums are exact. Source: notation of days beyond terms after D&B; first-in-first-out
allocation of receipts without a reference follows the due days, the fall-back rule of Art. 560 of the PRC Civil Code.

Most invoices are paid on one day, and sums say all about them. Only the others are gone through day by day, in windows,
which cost several times as much.
"""

from typing import NamedTuple

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from features.point_in_time import days_between
from features.tables import MINOR_UNITS

SETTLED_WITHIN_SHARE = 0.02
SETTLED_WITHIN = 100 * MINOR_UNITS
"""An invoice counts as settled when no more than 2 % of it or 100 currency units, whichever is more, is unpaid."""


class Settlement(NamedTuple):
    """What became of the invoices of a ledger."""

    invoices: ir.Table
    """The invoices with `open` (unpaid minor units, 0 once settled), `settled_on` (null while open), `paid` (receipts
    allocated to it) and `paid_on`, the only day of them; null if there are none, or if they are `part_payments`."""

    part_payments: ir.Table
    """Receipts, day by day, of invoices paid on several days or without reference: (owner, invoice_id, due, cash_on, paid)."""


def receivables(invoices: ir.Table) -> ir.Table:
    """Return the invoices that ask for money: not cancelled, `due` = amount less credit notes > 0 (minor units)."""
    due = invoices.amount - invoices.credit_note_amount.coalesce(0)
    return invoices.filter(~invoices.cancelled.coalesce(False)).mutate(due=due).filter(lambda t: t["due"] > 0)


def receipts(payments: ir.Table) -> ir.Table:
    """Return the payments that count, with `cash_on`, the day they count from.

    A bank acceptance counts when received, everything else when cleared; a dishonoured payment never counts.
    """
    at_receipt = payments.method == "bank_acceptance"
    uncleared_draft = (payments.method == "commercial_acceptance") & payments.cleared_on.isnull()
    cash_on = ibis.ifelse(at_receipt, payments.received_on, payments.cleared_on.coalesce(payments.received_on))
    counted = ~payments.bounced.coalesce(False) & ~uncleared_draft
    return payments.mutate(cash_on=cash_on).filter(counted).rename(paid="amount")


def settle(invoices: ir.Table, payments: ir.Table, owner: str) -> Settlement:
    """Return the receivables with what is open of each and when it was settled, and their part payments.

    Receipts with a reference pay that invoice; the others fill what these left unpaid, oldest due first. `settled_on` is the
    first day from which the receipts stay at the amount due less the tolerance: a receipt that a later reversal takes back
    settled nothing.
    """
    payments = payments.select(owner, "invoice_id", "payment_id", "cash_on", "paid")
    named = payments.filter(payments.invoice_id.notnull())
    booked = once(_booked(invoices, named, owner), "booked_invoices")
    pooled = once(_pooled(booked, payments.filter(payments.invoice_id.isnull()), owner), "pooled_receipts")
    part_payments = once(_part_payments(booked, named, pooled, owner), "part_payments")
    joined = booked.left_join(_replayed(part_payments, owner), [owner, "invoice_id"])
    in_parts = joined.in_parts.coalesce(False)
    paid = ibis.ifelse(in_parts, joined.paid_in_parts, joined.paid)
    turned_on = ibis.ifelse(in_parts, joined.turned_on, joined.paid_until)
    is_settled = (paid >= enough(joined.due)) & turned_on.notnull()
    settled = joined.select(
        *(name for name in booked.columns if name not in ("paid", "paid_from", "paid_until")),
        paid=paid,
        paid_on=ibis.ifelse(in_parts, ibis.null("date"), joined.paid_until),
        open=ibis.ifelse(is_settled, 0, ibis.greatest(joined.due - paid, 0)).cast("int64"),
        settled_on=ibis.ifelse(is_settled, turned_on, ibis.null("date")),
    )
    return Settlement(once(settled, "settled_invoices"), part_payments)


def _booked(invoices: ir.Table, named: ir.Table, owner: str) -> ir.Table:
    """Add what the receipts that name an invoice paid of it (`paid`), and their first and last day."""
    sums = named.group_by([owner, "invoice_id"]).agg(
        paid=whole(named.paid.sum()), paid_from=named.cash_on.min(), paid_until=named.cash_on.max()
    )
    joined = invoices.left_join(sums, [owner, "invoice_id"]).drop(f"{owner}_right", "invoice_id_right")
    return joined.mutate(paid=joined.paid.coalesce(0))


def _pooled(booked: ir.Table, pool: ir.Table, owner: str) -> ir.Table:
    """Return which invoice each receipt without a reference pays: (owner, invoice_id, due, cash_on, paid).

    The receipts form a pool per owner that fills the unpaid rest of the invoices in the order of `due_on`, then
    `invoice_id`: both sides are laid on one line of cumulative amounts, and each overlap of an invoice's stretch with a
    payment's stretch is one allocation.
    """
    rests = booked.mutate(rest=booked.due - booked.paid).filter(lambda t: t["rest"] > 0).semi_join(pool, owner)
    rests = _stretches(
        rests.select(owner, "invoice_id", "due_on", "due", "rest"), owner, "rest", ["due_on", "invoice_id"]
    )
    pool = _stretches(pool, owner, "paid", ["cash_on", "payment_id"])
    pool = pool.select(owner, "cash_on", paid_from="stretch_from", paid_to="stretch_to")
    low, high = ibis.least(pool.paid_from, pool.paid_to), ibis.greatest(pool.paid_from, pool.paid_to)
    pairs = pool.mutate(low=low, high=high).join(rests, owner)
    pairs = pairs.filter(pairs.low < pairs.stretch_to, pairs.high > pairs.stretch_from)
    overlap = ibis.least(pairs.high, pairs.stretch_to) - ibis.greatest(pairs.low, pairs.stretch_from)
    # A reversal walks back over the line and gives back what the receipts before it had reached.
    signed = ibis.ifelse(pairs.paid_to < pairs.paid_from, -overlap, overlap)
    return pairs.select(owner, "invoice_id", "due", "cash_on", paid=signed)


def _stretches(rows: ir.Table, owner: str, amount: str, order: list[str]) -> ir.Table:
    upto = ibis.cumulative_window(group_by=owner, order_by=order)
    end = whole(rows[amount].sum().over(upto))
    return rows.mutate(stretch_to=end).mutate(stretch_from=lambda t: t["stretch_to"] - t[amount])


def _part_payments(booked: ir.Table, named: ir.Table, pooled: ir.Table, owner: str) -> ir.Table:
    """Return the receipts, day by day, of invoices that were paid on several days or from the pool, with what was `due`."""
    invoice = [owner, "invoice_id"]
    several_days = booked.filter(booked.paid_from < booked.paid_until)
    in_parts = several_days.select(*invoice, "due").union(pooled.select(*invoice, "due"), distinct=True)
    columns = [*invoice, "due", "cash_on", "paid"]
    allocated = named.join(in_parts, invoice).select(columns).union(pooled.select(columns))
    return allocated.group_by([*invoice, "due", "cash_on"]).agg(paid=whole(allocated.paid.sum()))


def _replayed(part_payments: ir.Table, owner: str) -> ir.Table:
    """Return per invoice with part payments their sum, and the last day that turned it from short to settled."""
    upto = ibis.cumulative_window(group_by=[owner, "invoice_id"], order_by="cash_on")
    days = part_payments.mutate(reached=whole(part_payments.paid.sum().over(upto)), enough=enough(part_payments.due))
    turns = (days.reached >= days.enough) & (days.reached - days.paid < days.enough)
    return days.group_by([owner, "invoice_id"]).agg(
        in_parts=ibis.literal(True), paid_in_parts=whole(days.paid.sum()), turned_on=days.cash_on.max(where=turns)
    )


def reductions(settled: ir.Table, part_payments: ir.Table, owner: str, *beside: str) -> ir.Table:
    """Return what takes each invoice of a settlement down, day by day: (owner, invoice_id, day, paid), whole minor units.

    Receipts up to settlement, and on that day whatever is then left: of a settled invoice nothing stays open. `beside` names
    columns of the invoice to keep.
    """
    columns = [owner, "invoice_id", *beside, "day", "paid"]
    paid = ibis.ifelse(settled.settled_on.notnull(), settled.due, settled.paid)
    at_once = settled.mutate(day=settled.paid_on, paid=paid).filter(settled.paid_on.notnull())
    terms = settled.filter(settled.paid_on.isnull()).select(owner, "invoice_id", *beside, "due", "settled_on")
    dated = terms.join(part_payments.drop("due"), [owner, "invoice_id"])
    before = dated.filter(dated.settled_on.isnull() | (dated.cash_on < dated.settled_on)).rename(day="cash_on")
    sums = before.group_by([owner, "invoice_id"]).agg(before=whole(before.paid.sum()))
    closed = terms.filter(terms.settled_on.notnull()).left_join(sums, [owner, "invoice_id"])
    rest = closed.mutate(day=closed.settled_on, paid=closed.due - closed.before.coalesce(0))
    return ibis.union(*(rows.select(columns) for rows in (at_once, before, rest)))


def once(rows: ir.Table, name: str) -> ir.Table:
    """Return the rows under a name of their own in the query, which the engine then computes once for all their readers.

    Without it ibis writes the whole calculation into every place that reads it.
    """
    return rows.alias(name)


def whole(amount: ir.NumericValue) -> ir.IntegerValue:
    """Return a sum of whole amounts as int64: engines widen sums."""
    # Not amount.cast(): ibis drops a cast that it takes for needless.
    return ops.Cast(amount, "int64").to_expr()


def enough(due: ir.IntegerValue) -> ir.IntegerValue:
    """Return the receipts (minor units) that settle an amount due: all but 2 % or 100 currency units, at least one unit."""
    # Whole minor units in and out: the two per cent are cut to a whole number by integer division.
    return ibis.greatest(due - ibis.greatest(due // int(1 / SETTLED_WITHIN_SHARE), SETTLED_WITHIN), 1)


def days_beyond_terms(invoices: ir.Table, today: str) -> ir.IntegerValue:
    """Return days from the due day to settlement, or to `today` while open; negative if paid early."""
    return days_between(invoices.due_on, ibis.least(invoices.settled_on.coalesce(invoices[today]), invoices[today]))
