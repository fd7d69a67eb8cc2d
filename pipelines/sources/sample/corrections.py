"""When the ledger is corrected: the days of credit notes, cancellations and dishonoured payments, all after booking."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import NEVER, Days
from pipelines.sources.sample.ledger import Invoices
from pipelines.sources.sample.settlement import Payments

LONGEST_CORRECTION_DAYS = 25
"""With terms of at least 30 days and three days for booking, every correction comes before the invoice is due."""
BOUNCE_DAYS = (2, 6)
"""A bank returns a dishonoured payment within a few days."""


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """Days of the second lives of the ledger, none after the data end; NEVER where nothing is corrected."""

    credited_on: Days
    """One entry per invoice."""
    cancelled_on: Days
    """One entry per invoice; its full credit note is of the same day."""
    bounced_on: Days
    """One entry per payment."""


def draw_corrections(rng: np.random.Generator, invoices: Invoices, payments: Payments, last_day: int) -> Corrections:
    """Draw when each credit note, cancellation and bounce became known."""
    corrected_on = invoices.booked_at + rng.integers(0, LONGEST_CORRECTION_DAYS + 1, len(invoices.booked_at))
    corrected_on = np.minimum(corrected_on, last_day)
    returned_on = payments.booked_at + rng.integers(*BOUNCE_DAYS, len(payments.booked_at))
    return Corrections(
        credited_on=np.where(invoices.credited > 0, corrected_on, NEVER),
        cancelled_on=np.where(invoices.cancelled, corrected_on, NEVER),
        bounced_on=np.where(payments.bounced, np.minimum(returned_on, last_day), NEVER),
    )
