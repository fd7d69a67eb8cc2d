"""What every table about a customer is drawn from, and when its rows happen: events, visits, months of reporting."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Flags,
    Floats,
    Ints,
    month_of,
    month_start,
    number_within,
    numbered_key,
)
from pipelines.sources.sample.climate import Climate
from pipelines.sources.sample.latents import DAYS_PER_YEAR, YEARS_BEFORE, Population

Rate = Callable[[Ints, Days], Floats]
"""Events a year of customers on days; a convex function of the qualities."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who the customers of one shard are, when they apply, and how long they tell us about themselves."""

    population: Population
    arrivals: Days
    """Observation dates, (customers, 3), ascending, NEVER for those that are not; whatever becomes of the applications."""
    default_on: Days
    climate: Climate
    last_day: int

    @property
    def everyone(self) -> Ints:
        """The rows of all customers."""
        return np.arange(len(self.default_on))

    @property
    def first_as_of(self) -> Days:
        """Each customer's first observation date."""
        return self.arrivals[:, 0]

    @property
    def last_as_of(self) -> Days:
        """Each customer's last observation date."""
        return np.where(self.arrivals < NEVER, self.arrivals, 0).max(axis=1)

    @property
    def history_from(self) -> Days:
        """First day of each customer's history in public registers: six years back, or the day it was established."""
        years_back = self.first_as_of - YEARS_BEFORE * 365
        return np.maximum(np.maximum(years_back, self.population.established_on), self.population.knots_from)

    def quality(self, dimension: str, customer: Ints, day: Days) -> Floats:
        """Return one true quality of the customers on the given days; higher is better."""
        return self.population.at(dimension, customer, day)

    def weakness(self, customer: Ints, day: Days) -> Floats:
        """Return how far the legal quality lies below an ordinary company's: max(0, -z - 0.2)."""
        return np.maximum(-self.quality("legal_compliance", customer, day) - 0.2, 0)

    def reaches_us(self, customer: Ints, day: Days) -> Flags:
        """Whether what a customer hands in on a day reaches us: nobody reports after the own default."""
        return (day <= self.last_day) & (day < self.default_on[customer])

    def share(self, rng: np.random.Generator, share: float | Floats) -> Ints:
        """Choose the customers of whom a source knows anything."""
        return np.flatnonzero(rng.random(len(self.default_on)) < share)


def draw_events(
    rng: np.random.Generator, scene: Scene, rate: Rate, since: Days | None = None, until: Days | None = None
) -> tuple[Ints, Days]:
    """Draw customers and days of a Poisson process whose rate follows the qualities, from `since` to `until`.

    Qualities are linear between their yearly knots and the rate convex in them, so the larger of the rates at both ends of
    a year bounds it; of events drawn at that bound as many are kept as the rate of their own day asks for (thinning, Lewis
    and Shedler 1979). By default the whole history known to public registers.
    """
    since = scene.history_from if since is None else since
    until = np.full(len(since), scene.last_day) if until is None else until
    ends = _year_ends(scene)
    at_ends = np.stack([rate(scene.everyone, np.full(len(since), end)) for end in ends], axis=1)
    bound = np.maximum(at_ends[:, :-1], at_ends[:, 1:])
    drawn = rng.poisson(bound * np.diff(ends) / DAYS_PER_YEAR)
    customer, year = (np.repeat(index, drawn[drawn > 0]) for index in np.nonzero(drawn))
    day = ends[year] + np.floor(rng.random(len(year)) * np.diff(ends)[year]).astype(np.int64)
    kept = rng.random(len(year)) * bound[customer, year] < rate(customer, day)
    kept &= (day >= since[customer]) & (day <= until[customer])
    return customer[kept], day[kept]


def _year_ends(scene: Scene) -> Days:
    """Return the days of the yearly knots up to the last day."""
    years = np.arange(scene.population.knots.shape[2])
    days = scene.population.knots_from + np.ceil(years * DAYS_PER_YEAR).astype(np.int64)
    return np.r_[days[days < scene.last_day], scene.last_day]


def together(parts: list[tuple[Ints, Days]]) -> tuple[Ints, Days, Ints]:
    """Return the events of several kinds in one list: customer, day and number of the kind, by customer and day."""
    customer, day = (np.concatenate(values) for values in zip(*parts, strict=True))
    kind = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = np.lexsort((kind, day, customer))
    return customer[order], day[order], kind[order]


def yearly_visits(rng: np.random.Generator, scene: Scene, who: Ints, years_back: int) -> tuple[Ints, Days]:
    """Draw a day about once a year, from `years_back` years before the first application to the last one."""
    anchor = scene.first_as_of[who] - rng.integers(10, 350, len(who))
    visits = years_back + 1 + (scene.last_as_of[who] - anchor) // 365
    customer = np.repeat(who, visits)
    day = np.repeat(anchor, visits) + 365 * (number_within(customer) - years_back)
    day = day + rng.integers(-20, 21, len(day))
    kept = (day >= scene.population.established_on[customer]) & (day <= scene.last_day)
    return customer[kept], day[kept]


def periods(scene: Scene, who: Ints, back: int, months: int) -> tuple[Ints, Ints]:
    """Return customer and number of every period of `months` months, from `back` before the first application to the last.

    Period n starts n * `months` months after January 1970; the period of an application itself is not over and left out.
    """
    first = month_of(scene.first_as_of[who]) // months - back
    counts = month_of(scene.last_as_of[who]) // months - first
    customer = np.repeat(who, counts)
    return customer, np.repeat(first, counts) + number_within(customer)


def existed(scene: Scene, customer: Ints, month: Ints) -> Flags:
    """Whether a customer was established before a month began."""
    return month_start(month) >= scene.population.established_on[customer]


def event_key(prefix: str, scene: Scene, customer: Ints) -> pa.Array:
    """Return keys that number each customer's rows, which come customer by customer."""
    return numbered_key(prefix, scene.population.number[customer], number_within(customer) + 1, 3)
