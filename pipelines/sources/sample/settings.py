"""What the simulated portfolio looks like: its size and its calendar."""

from dataclasses import dataclass
from datetime import date, timedelta

PERFORMANCE_DAYS = 365
"""Length of the performance window `(as_of, as_of + 365]`."""


@dataclass(frozen=True)
class Profile:
    """One of the sizes that the portfolio usually has."""

    customers: int
    mean_invoices: float


PROFILES = {
    "test": Profile(customers=5_000, mean_invoices=24.0),
    "default": Profile(customers=20_000, mean_invoices=36.0),
    "bench": Profile(customers=1_000_000, mean_invoices=8.0),
}
"""test: for pipeline tests, about 200 defaults; default: for the documentation's figures; bench: for speed and memory."""


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
    market_share_in_percent: bool = False
    """Whether the market surveys come with percent for fractions: the fault of a whole table that rule DQ11 is for."""

    @classmethod
    def of(cls, profile: str, customers: int | None, data_until: date) -> "SampleSettings":
        """Return the settings of a profile, with another number of customers if one is given."""
        size = PROFILES[profile]
        return cls(customers=customers or size.customers, mean_invoices=size.mean_invoices, data_until=data_until)

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
