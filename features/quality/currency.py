"""Amounts of several currencies brought to one, so that they can be added (DQ12)."""

import ibis
import ibis.expr.types as ir

from features.tables import FX_RATES, INVOICES, Table


def has_currency(table: Table) -> bool:
    """Whether the table says in which currency its amounts are; amounts of others are in the reporting currency."""
    kinds = {column.name: column.kind for column in table}
    return "currency" in kinds and "money" in kinds.values()


def price(table: Table, rows: ir.Table, rates: ir.Table, reporting: str, invoices: ir.Table | None = None) -> ir.Table:
    """Return canonical rows with `dq_rate`, units of the reporting currency for one of the row's.

    The rate is the latest on or before the day the row became known; it is 1 for the reporting currency and where no currency
    is given, and null where no rate was known yet. A payment takes the rate of the invoice it pays, if that was known before:
    what pays a debt in full must still pay it in full, whatever the rate did since.
    """
    dated = _priced_on(table, rows, invoices)
    foreign = dated.filter(dated.currency != reporting)
    asked = foreign.select(dq_currency=foreign.currency, dq_asked="dq_day").distinct()
    usable = asked.join(rates, [asked.dq_currency == rates.currency, asked.dq_asked >= rates.rate_date])
    latest = usable.group_by(["dq_currency", "dq_asked"]).agg(
        dq_rate=usable.rate_to_reporting.argmax(usable[FX_RATES.availability])
    )
    priced = dated.left_join(latest, [dated.currency == latest.dq_currency, dated.dq_day == latest.dq_asked])
    is_foreign = (priced.currency != reporting).coalesce(False)
    return priced.mutate(dq_rate=ibis.ifelse(is_foreign, priced.dq_rate, 1.0)).drop("dq_currency", "dq_asked")


def _priced_on(table: Table, rows: ir.Table, invoices: ir.Table | None) -> ir.Table:
    own = rows.mutate(dq_day=rows[table.availability])
    if invoices is None or table.references.get("invoice_id") != INVOICES.name:
        return own
    paid = invoices.select(dq_paid="invoice_id", dq_invoiced=INVOICES.availability)
    joined = own.left_join(paid, own.invoice_id == paid.dq_paid)
    day = ibis.least(joined.dq_day, joined.dq_invoiced.coalesce(joined.dq_day))
    return joined.mutate(dq_day=day).drop("dq_paid", "dq_invoiced")


def convert(table: Table, priced: ir.Table, reporting: str) -> ir.Table:
    """Return canonical rows with all amounts in the reporting currency; `priced` comes from `price`, no rate is null."""
    amounts = {
        column.name: ibis.ifelse(
            priced.dq_rate == 1.0,
            priced[column.name],
            (priced[column.name] * priced.dq_rate).round().cast("int64"),
        )
        for column in table
        if column.kind == "money"
    }
    converted = priced.mutate(**amounts, currency=ibis.ifelse(priced.currency.isnull(), priced.currency, reporting))
    return converted.select(*(column.name for column in table))
