"""The ledger as a whole: invoices paid more than they ask for (flag of DQ08)."""

import ibis.expr.types as ir


def overpaid(invoices: ir.Table, payments: ir.Table) -> ir.Table:
    """Return the invoices whose payments exceed 105 % of the amount (flag of DQ08): invoice_id, amount, paid."""
    paid = payments.filter(~payments.bounced.coalesce(False)).group_by("invoice_id").agg(paid=payments.amount.sum())
    joined = invoices.select("invoice_id", "amount").join(paid, "invoice_id")
    return joined.filter(joined.paid > 1.05 * joined.amount)
