"""The ledger as it is handed over: the tables of invoices and payments."""

import numpy as np
import pyarrow as pa

from features.tables import INVOICES, PAYMENTS
from pipelines.sources.sample.arrays import (
    Days,
    Flags,
    Ints,
    arrow_table,
    customer_key,
    known_by,
    number_within,
    numbered_key,
    pick,
    yuan,
)
from pipelines.sources.sample.corrections import Corrections
from pipelines.sources.sample.latents import Population
from pipelines.sources.sample.ledger import Invoices
from pipelines.sources.sample.settlement import METHODS, Payments


def invoice_table(
    population: Population, invoices: Invoices, disputes: dict[str, Ints], corrections: Corrections, last_day: int
) -> pa.Table:
    """Return the table `invoices`; `disputes` holds amount (cents), opened and closed days of every invoice."""
    customer = population.number[invoices.customer]
    opened = disputes["opened_on"] <= last_day
    return arrow_table(
        INVOICES,
        {
            "invoice_id": numbered_key("I", customer, invoices.number, 4),
            "customer_id": customer_key(customer),
            "issued_on": invoices.issued_on,
            "due_on": invoices.due_on,
            "amount": yuan(invoices.amount),
            "credit_note_amount": yuan(invoices.credited),
            "credited_on": corrections.credited_on,
            "disputed_amount": yuan(np.where(opened, disputes["amount"], 0)),
            "dispute_opened_on": known_by(last_day, disputes["opened_on"]),
            "dispute_closed_on": known_by(last_day, disputes["closed_on"]),
            "currency": "CNY",
            "cancelled": invoices.cancelled,
            "cancelled_on": corrections.cancelled_on,
            "booked_at": invoices.booked_at,
        },
    )


def payment_table(
    population: Population, invoices: Invoices, payments: Payments, unallocated: Flags, bounced_on: Days
) -> pa.Table:
    """Return the table `payments`."""
    row = invoices.customer[payments.invoice]
    customer = population.number[row]
    invoice_id = numbered_key("I", customer, invoices.number[payments.invoice], 4)
    return arrow_table(
        PAYMENTS,
        {
            "payment_id": numbered_key("P", customer, number_within(row) + 1, 4),
            "customer_id": customer_key(customer),
            "invoice_id": pa.compute.if_else(pa.array(unallocated), pa.scalar(None, pa.string()), invoice_id),
            "received_on": payments.received_on,
            "cleared_on": payments.cleared_on,
            "amount": yuan(payments.amount),
            "method": pick(METHODS, payments.method),
            "bounced": payments.bounced,
            "bounced_on": bounced_on,
            "currency": "CNY",
            "booked_at": payments.booked_at,
        },
    )
