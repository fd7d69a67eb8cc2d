"""Who the customers truly are: seven latent qualities that move slowly, size, age, industry, region and the climate."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.sources.sample.arrays import Days, Flags, Floats, Ints, day_number
from pipelines.sources.sample.settings import SampleSettings

LOADING = {
    "credit_score": 0.35,
    "financial_condition": 0.45,
    "business_stability": 0.40,
    "legal_compliance": 0.25,
    "industry_reputation": 0.30,
    "operational_capability": 0.40,
    "esg": 0.25,
}
"""Share of each quality's variance that comes from the customer's general quality G."""
DIMENSIONS = tuple(LOADING)
PERSISTENCE = 0.85
"""Correlation of a quality with itself one year earlier."""
QUALITY_LIMIT = 3.5
YEARS_BEFORE = 6
"""Years of history before the first application: five statements and the year they start from."""
DAYS_PER_YEAR = 365.25

INDUSTRIES = (
    ("C26", "C31", "C30"),
    ("F51", "F52"),
    ("E47", "E48"),
    ("B06", "B08"),
    ("I64", "I65"),
    ("M73", "M74"),
    ("G54", "G59"),
    ("D44", "D45"),
    ("Q84", "Q85"),
    ("K70",),
)
"""Divisions of GB/T 4754 within the ten sections of the portfolio."""
INDUSTRY_SHARE = np.array([0.22, 0.14, 0.12, 0.10, 0.10, 0.09, 0.08, 0.06, 0.05, 0.04])
HEAVY_POLLUTERS = (0, 3, 7)
REGIONS = ("44", "33", "32", "51", "41", "21")
GROUPED_SHARE = 0.08
GROUP_CORRELATION = 0.6
NEW_SHARE = 0.55
TENURE_MONTHS = (6, 60)


@dataclass(frozen=True, kw_only=True)
class Population:
    """The true state of one shard of customers; arrays have one entry per customer unless said otherwise."""

    number: Ints
    """Customer number in the whole portfolio."""
    knots: Floats
    """Qualities, (7, customers, years), on the yearly knots; higher is better."""
    knots_from: int
    """Day of the first knot."""
    size: Floats
    """Log size, N(0, 1)."""
    established_on: Days
    industry: Ints
    region: Ints
    group: Ints
    """Number of the group of connected clients, -1 for none."""
    existing: Flags
    tenure_from: Days
    """First day of trade of an existing customer."""
    revenue_effect: Floats
    """Lasting part of the ratio of revenue to assets, in logs."""
    is_listed: Flags
    employees: Floats
    """Staff at the first application."""

    def at(self, dimension: str, customer: Ints, day: Days) -> Floats:
        """Return one quality of the customers on the given days, linear between the yearly knots."""
        years = (day - self.knots_from) / DAYS_PER_YEAR
        before = np.floor(years).astype(np.int64)
        weight = years - before
        path = self.knots[DIMENSIONS.index(dimension)]
        return (1 - weight) * path[customer, before] + weight * path[customer, before + 1]

    @property
    def is_heavy_polluter(self) -> Flags:
        """Whether the industry counts as a heavy polluter."""
        return np.isin(self.industry, HEAVY_POLLUTERS)

    @property
    def assets(self) -> Floats:
        """Typical total assets in yuan."""
        return np.exp(17.5 + 1.2 * self.size)

    @property
    def monthly_revenue(self) -> Floats:
        """Typical monthly revenue in yuan."""
        return np.exp(17.6 + 1.2 * self.size + self.revenue_effect) / 12


def draw_population(rng: np.random.Generator, number: Ints, first_as_of: Days, settings: SampleSettings) -> Population:
    """Draw the true state of customers whose first application is on `first_as_of`."""
    count = len(number)
    size = rng.standard_normal(count)
    group = _groups(rng, number)
    years = settings.data_until.year - settings.first_as_of.year + YEARS_BEFORE + 2
    age_days = np.maximum(rng.gamma(2.2, 4.5, count), 0.5) * DAYS_PER_YEAR
    tenure_days = rng.uniform(*TENURE_MONTHS, count) * DAYS_PER_YEAR / 12
    shortest = TENURE_MONTHS[0] * DAYS_PER_YEAR / 12
    tenure_days = np.clip(tenure_days, shortest, np.maximum(age_days - 30, shortest))
    return Population(
        number=number,
        knots=_qualities(rng, group, years),
        knots_from=day_number(date(settings.first_as_of.year - YEARS_BEFORE, 1, 1)),
        size=size,
        established_on=first_as_of - age_days.astype(np.int64),
        industry=rng.choice(len(INDUSTRY_SHARE), count, p=INDUSTRY_SHARE),
        region=rng.integers(0, len(REGIONS), count),
        group=group,
        # A company younger than the shortest tenure cannot be an existing customer.
        existing=(rng.random(count) >= NEW_SHARE) & (age_days > shortest + 30),
        tenure_from=first_as_of - np.ceil(tenure_days).astype(np.int64),
        revenue_effect=0.40 * rng.standard_normal(count),
        is_listed=rng.random(count) < 0.03 * np.exp(size - 0.5),
        employees=np.exp(4 + 0.9 * size + 0.5 * rng.standard_normal(count)),
    )


def _groups(rng: np.random.Generator, number: Ints) -> Ints:
    """Put 8% of the customers into groups of two to four; the group carries its first member's number."""
    count = len(number)
    group = np.full(count, -1)
    members = rng.permutation(count)[: int(GROUPED_SHARE * count)]
    ends = np.cumsum(rng.integers(2, 5, len(members)))
    label = np.searchsorted(ends, np.arange(len(members)), side="right")
    _, first, members_in_group = np.unique(label, return_index=True, return_counts=True)
    connected = members_in_group[label] > 1
    group[members[connected]] = number[members[first[label]]][connected]
    return group


def _qualities(rng: np.random.Generator, group: Ints, years: int) -> Floats:
    """Draw stationary AR(1) paths of the seven qualities that share the customer's general quality."""
    count = len(group)
    shared = _paths(rng, count, years)
    _, index = np.unique(group, return_inverse=True)
    of_group = _paths(rng, int(index.max()) + 1, years)[index]
    mixed = np.sqrt(GROUP_CORRELATION) * of_group + np.sqrt(1 - GROUP_CORRELATION) * shared
    general = np.where((group >= 0)[:, None], mixed, shared)
    own = (_paths(rng, count, years) for _ in DIMENSIONS)
    paths = [np.sqrt(x) * general + np.sqrt(1 - x) * e for x, e in zip(LOADING.values(), own, strict=True)]
    return np.clip(np.stack(paths), -QUALITY_LIMIT, QUALITY_LIMIT)


def _paths(rng: np.random.Generator, count: int, years: int) -> Floats:
    """Draw standard normal AR(1) paths, (count, years)."""
    path = rng.standard_normal((count, years))
    for year in range(1, years):
        path[:, year] = PERSISTENCE * path[:, year - 1] + np.sqrt(1 - PERSISTENCE**2) * path[:, year]
    return path
