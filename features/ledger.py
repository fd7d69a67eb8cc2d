"""The receivables ledger: which payment settles which invoice, when, and how late.

Both users work on rows already restricted to what they may know: the features by application as at `as_of`, the outcome by
customer as at the data cut-off. `owner` names the column that separates ledgers (`application_id` or `customer_id`).
Amounts are whole minor units, so that sums are exact. Source: notation of days beyond terms after D&B; first-in-first-out
allocation of receipts without a reference follows the due days, the fall-back rule of Art. 560 of the PRC Civil Code.
"""

import ibis
import ibis.expr.types as ir

from features.point_in_time import days_between
from features.tables import MINOR_UNITS

SETTLED_WITHIN_SHARE = 0.02
SETTLED_WITHIN = 100 * MINOR_UNITS
"""An invoice counts as settled when no more than 2 % of it or 100 currency units, whichever is more, is unpaid."""


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


def allocate(invoices: ir.Table, payments: ir.Table, owner: str) -> ir.Table:
    """Return every receipt with the invoice it pays: (owner, invoice_id, payment_id, cash_on, paid).

    Receipts with a reference keep it. The others form a pool per owner that fills the unpaid rest of the invoices in the
    order of `due_on`, then `invoice_id`: both sides are laid on one line of cumulative amounts, and each overlap of an
    invoice's stretch with a payment's stretch is one allocation.
    """
    columns = [owner, "invoice_id", "payment_id", "cash_on", "paid"]
    direct = payments.filter(payments.invoice_id.notnull()).select(columns)
    pool = _stretches(payments.filter(payments.invoice_id.isnull()), owner, "paid", ["cash_on", "payment_id"])
    pool = pool.select(owner, "payment_id", "cash_on", paid_from="stretch_from", paid_to="stretch_to")
    rests = _stretches(_unpaid_rest(invoices, direct, owner), owner, "rest", ["due_on", "invoice_id"])
    low, high = ibis.least(pool.paid_from, pool.paid_to), ibis.greatest(pool.paid_from, pool.paid_to)
    pairs = pool.mutate(low=low, high=high).join(rests, owner)
    pairs = pairs.filter(pairs.low < pairs.stretch_to, pairs.high > pairs.stretch_from)
    overlap = ibis.least(pairs.high, pairs.stretch_to) - ibis.greatest(pairs.low, pairs.stretch_from)
    # A reversal walks back over the line and gives back what the receipts before it had reached.
    signed = ibis.ifelse(pairs.paid_to < pairs.paid_from, -overlap, overlap)
    return direct.union(pairs.mutate(paid=whole(signed)).select(columns))


def _unpaid_rest(invoices: ir.Table, direct: ir.Table, owner: str) -> ir.Table:
    paid = direct.group_by([owner, "invoice_id"]).agg(paid=whole(direct.paid.sum()))
    joined = invoices.left_join(paid, [owner, "invoice_id"])
    rest = ibis.greatest(joined.due - joined.paid.coalesce(0), 0)
    return joined.select(owner, "invoice_id", "due_on", rest=rest).filter(lambda t: t["rest"] > 0)


def _stretches(rows: ir.Table, owner: str, amount: str, order: list[str]) -> ir.Table:
    upto = ibis.cumulative_window(group_by=owner, order_by=order)
    end = whole(rows[amount].sum().over(upto))
    return rows.mutate(stretch_to=end).mutate(stretch_from=lambda t: t["stretch_to"] - t[amount])


def settle(invoices: ir.Table, allocated: ir.Table, owner: str) -> ir.Table:
    """Return the invoices with `open` (unpaid minor units, 0 once settled) and `settled_on` (null while open).

    `allocated` are the receipts by invoice, from `allocate`. `settled_on` is the first day from which the receipts stay at
    the amount due less the tolerance: a receipt that a later reversal takes back settled nothing.
    """
    daily = allocated.group_by([owner, "invoice_id", "cash_on"]).agg(paid=whole(allocated.paid.sum()))
    upto = ibis.cumulative_window(group_by=[owner, "invoice_id"], order_by="cash_on")
    terms = invoices.select(owner, "invoice_id", "due")
    steps = daily.mutate(reached=whole(daily.paid.sum().over(upto))).join(terms, [owner, "invoice_id"])
    short = steps.reached < enough(steps.due)
    after = ibis.window(group_by=[owner, "invoice_id"], order_by="cash_on")
    steps = steps.mutate(short=short, turns=~short & short.lag().over(after).coalesce(True))
    paid = steps.group_by([owner, "invoice_id"]).agg(
        paid=whole(steps.paid.sum()), turned_on=steps.cash_on.max(where=steps.turns)
    )
    joined = invoices.left_join(paid, [owner, "invoice_id"]).drop(f"{owner}_right", "invoice_id_right")
    rest = joined.due - joined.paid.coalesce(0)
    settled = (joined.paid.coalesce(0) >= enough(joined.due)) & joined.turned_on.notnull()
    return joined.mutate(
        open=whole(ibis.ifelse(settled, 0, ibis.greatest(rest, 0))),
        settled_on=ibis.ifelse(settled, joined.turned_on, ibis.null("date")),
    ).drop("paid", "turned_on")


def reductions(settled: ir.Table, allocated: ir.Table, owner: str) -> ir.Table:
    """Return what takes each invoice down, day by day: (owner, invoice_id, day, paid), whole minor units.

    Receipts up to settlement, and on that day whatever is then left: of a settled invoice nothing stays open.
    """
    terms = settled.select(owner, "invoice_id", "due", "settled_on")
    dated = allocated.join(terms, [owner, "invoice_id"])
    before = dated.filter(dated.settled_on.isnull() | (dated.cash_on < dated.settled_on))
    paid = before.group_by([owner, "invoice_id"]).agg(paid=whole(before.paid.sum()))
    closed = terms.filter(terms.settled_on.notnull()).left_join(paid, [owner, "invoice_id"])
    rest = closed.select(owner, "invoice_id", day="settled_on", paid=(closed.due - closed.paid.coalesce(0)))
    return (
        before.select(owner, "invoice_id", "paid", day="cash_on").select(owner, "invoice_id", "day", "paid").union(rest)
    )


def whole(amount: ir.NumericValue) -> ir.IntegerValue:
    """Return a sum of whole amounts as int64; engines widen sums, and ibis drops a cast it takes for needless."""
    return amount.cast("decimal(38, 0)").cast("int64")


def enough(due: ir.IntegerValue) -> ir.IntegerValue:
    """Return the receipts (minor units) that settle an amount due: all but 2 % or 100 currency units, at least one unit."""
    # Whole minor units in and out: the two per cent are cut to a whole number by integer division.
    return ibis.greatest(due - ibis.greatest(due // int(1 / SETTLED_WITHIN_SHARE), SETTLED_WITHIN), 1)


def days_beyond_terms(invoices: ir.Table, today: str) -> ir.IntegerValue:
    """Return days from the due day to settlement, or to `today` while open; negative if paid early."""
    return days_between(invoices.due_on, ibis.least(invoices.settled_on.coalesce(invoices[today]), invoices[today]))
