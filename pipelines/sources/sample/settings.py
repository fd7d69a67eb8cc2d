"""What the simulated portfolio looks like: its size and its calendar."""

from dataclasses import dataclass
from datetime import date, timedelta

PERFORMANCE_DAYS = 365
"""Length of the performance window `(as_of, as_of + 365]`."""


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """Size and calendar of the simulated portfolio."""

    customers: int = 20_000
    """Number of customers; about 1.3 applications each."""
    first_as_of: date = date(2018, 1, 1)
    """Earliest observation date; applications arrive uniformly from here ..."""
    last_as_of: date = date(2024, 12, 31)
    """... to here."""
    data_until: date = date(2025, 12, 31)
    """Cut-off of the data: nothing booked later is written."""
    mean_invoices: float = 36.0
    """Mean invoices of an existing customer before the first application (tenure 6 to 60 months)."""

    def __post_init__(self) -> None:
        """Refuse a portfolio that nobody could label."""
        if self.customers < 1:
            raise ValueError(f"customers is {self.customers}; the portfolio needs at least 1")
        if self.first_as_of > self.last_as_of:
            raise ValueError(f"first_as_of {self.first_as_of} lies after last_as_of {self.last_as_of}; swap them")
        if self.data_until < self.last_as_of + timedelta(days=PERFORMANCE_DAYS):
            raise ValueError(
                f"data_until {self.data_until} leaves the last application ({self.last_as_of}) no full performance "
                f"window; set it to {self.last_as_of + timedelta(days=PERFORMANCE_DAYS)} or later"
            )
