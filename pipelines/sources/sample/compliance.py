"""Authorities: penalties, lists and arrears with their removal, tax credit ratings, and operating licences.

For the reason given in `courts` three loadings are above the specification's: penalties come at 0.08 exp(1.5 weakness) a
year (0.12 exp(0.8 weakness)), entries in the abnormal list with exp(1.4 weakness) (1.1), and the tax grade follows
1.4 weakness + 0.35 e (0.9 and 0.6).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.tables import COMPLIANCE_EVENTS, LICENCES, TAX_RATINGS
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    days_later,
    last_day_of,
    logistic,
    number_within,
    pick,
    year_of,
)
from pipelines.sources.sample.latents import DAYS_PER_YEAR
from pipelines.sources.sample.scene import Rate, Scene, draw_events, event_key, together


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One kind of measure: how often an ordinary company meets it, and how fast that grows with weakness."""

    name: str
    yearly: float
    weakness: float
    """Factor of the legal weakness in the exponent of the rate."""
    fin: float = 0.0
    """Factor of the financial condition, z, in the exponent of the rate."""
    listed_days: float
    """Mean days until removal."""
    removed_share: float = 1.0
    """Share that is ever removed or repaired."""


MEASURES = (
    Measure(name="admin_penalty", yearly=0.08, weakness=1.5, listed_days=400, removed_share=0.4),
    Measure(name="abnormal_list", yearly=0.02, weakness=1.4, listed_days=250),
    Measure(name="serious_violation", yearly=0.001, weakness=1.6, listed_days=1095),
    Measure(name="tax_arrears", yearly=0.015, weakness=0.8, fin=-0.4, listed_days=300),
    Measure(name="tax_abnormal", yearly=0.003, weakness=1.0, listed_days=300),
    Measure(name="major_tax_violation", yearly=0.0005, weakness=1.6, listed_days=1095),
    Measure(name="customs_downgrade", yearly=0.003, weakness=0.5, listed_days=500),
    Measure(name="product_recall", yearly=0.004, weakness=0.4, listed_days=200, removed_share=0.0),
    Measure(name="licence_revoked", yearly=0.0005, weakness=1.2, listed_days=400, removed_share=0.0),
    Measure(name="other", yearly=0.010, weakness=0.5, listed_days=300, removed_share=0.2),
)
NAMES = tuple(measure.name for measure in MEASURES)
"""The first four by the specification of the portfolio; the others are rarer and of the same shape."""
GRADES = ("a", "b", "m", "c", "d")
B, M = 1, 2
GRADE_ABOVE = (1.0, 1.7, 2.6)
"""Bounds of A, B, C and D on 1.2 + 1.4 weakness + 0.35 e; companies younger than three years get M instead of B."""
RATED_SHARE = 0.92
RATING_YEARS_BACK = 4
LICENSED_SHARE = 0.60
LICENCE_YEARS = 10


def compliance_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `compliance_events`."""
    customer, occurred_on, kind = together([draw_events(rng, scene, _rate(scene, measure)) for measure in MEASURES])
    count, last = len(customer), scene.last_day
    weak = scene.weakness(customer, occurred_on)
    severity = 1 + rng.binomial(4, logistic(-1.5 + 0.5 * weak))
    known_at = days_later(rng, occurred_on, 20)
    mean_days = np.array([measure.listed_days for measure in MEASURES])[kind]
    removed_on = occurred_on + 30 + np.floor(rng.exponential(mean_days)).astype(np.int64)
    removal_known_at = np.maximum(days_later(rng, removed_on, 10), known_at)
    removed = rng.random(count) < np.array([measure.removed_share for measure in MEASURES])[kind]
    removed &= removal_known_at <= last
    rows = arrow_table(
        COMPLIANCE_EVENTS,
        {
            "event_id": event_key("K", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "event_type": pick(NAMES, kind),
            "severity": severity,
            "amount": _amounts(rng, scene, customer, kind, severity, weak),
            "currency": "CNY",
            "occurred_on": occurred_on,
            "known_at": known_at,
            "removed_on": np.where(removed, removed_on, NEVER),
            "removal_known_at": np.where(removed, removal_known_at, NEVER),
        },
    )
    return rows.filter(pa.array(known_at <= last))


def _rate(scene: Scene, measure: Measure) -> Rate:
    def rate(customer: Ints, day: Days) -> Floats:
        exponent = measure.weakness * scene.weakness(customer, day)
        if measure.fin:
            exponent = exponent + measure.fin * scene.quality("financial_condition", customer, day)
        return measure.yearly * np.exp(exponent)

    return rate


def _amounts(
    rng: np.random.Generator, scene: Scene, customer: Ints, kind: Ints, severity: Ints, weak: Floats
) -> Floats:
    """Draw fines by severity, arrears by revenue; mere listings carry none (yuan)."""
    noise = rng.standard_normal(len(customer))
    fine = np.exp(8.5 + 0.9 * severity + 0.7 * noise)
    arrears = 12 * scene.population.monthly_revenue[customer] * np.exp(-5 + 0.5 * weak + 0.7 * noise)
    is_tax = np.isin(kind, [NAMES.index(name) for name in ("tax_arrears", "major_tax_violation")])
    is_list = np.isin(kind, [NAMES.index(name) for name in ("abnormal_list", "tax_abnormal", "customs_downgrade")])
    return np.round(np.select([is_tax, is_list], [arrears, np.nan], default=fine), 2)


def tax_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `tax_ratings`: a grade for every year, published in April of the next."""
    customer, year = _rated_years(rng, scene)
    day = last_day_of(year)
    score = 1.2 + 1.4 * scene.weakness(customer, day) + 0.35 * rng.standard_normal(len(customer))
    grade = np.array([0, B, 3, 4])[np.searchsorted(GRADE_ABOVE, score)]
    young = day - scene.population.established_on[customer] < 3 * DAYS_PER_YEAR
    return arrow_table(
        TAX_RATINGS,
        {
            "customer_id": customer_key(scene.population.number[customer]),
            "rating_year": year,
            "grade": pick(GRADES, np.where((grade == B) & young, M, grade)),
            "published_at": day + rng.integers(100, 121, len(day)),
        },
    )


def _rated_years(rng: np.random.Generator, scene: Scene) -> tuple[Ints, Ints]:
    """Return customer and year of every rating published by the end of the data."""
    first = year_of(scene.first_as_of) - RATING_YEARS_BACK
    years = year_of(np.array([scene.last_day]))[0] - first
    customer = np.repeat(scene.everyone, years)
    year = np.repeat(first, years) + number_within(customer)
    rated = (year > year_of(scene.population.established_on)[customer]) & (rng.random(len(year)) < RATED_SHARE)
    rated &= last_day_of(year) + 121 <= scene.last_day
    return customer[rated], year[rated]


def licence_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `licences`: those in force at the first application; the weak let some run out around one.

    A renewal would be a row of its own beside the expired one, which no column tells apart from a lapse; so licences that
    do not lapse run on beyond the last application, or for ever.
    """
    who = scene.share(rng, LICENSED_SHARE)
    customer = np.repeat(who, 1 + rng.binomial(3, 0.4, len(who)))
    count, established = len(customer), scene.population.established_on[customer]
    forever = rng.random(count) < 0.3
    valid_to = np.minimum(_lapses(rng, scene, customer), scene.last_as_of[customer] + rng.integers(200, 2000, count))
    valid_from = np.maximum(valid_to - round(LICENCE_YEARS * DAYS_PER_YEAR), established)
    valid_from = np.minimum(valid_from, scene.first_as_of[customer] - 30)
    known_at = np.maximum(scene.first_as_of[customer] - rng.integers(0, 90, count), valid_from)
    return arrow_table(
        LICENCES,
        {
            "licence_id": event_key("Q", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "is_mandatory": rng.random(count) < 0.7,
            "valid_from": valid_from,
            "valid_to": np.where(forever, NEVER, valid_to),
            "known_at": known_at,
        },
    )


def _lapses(rng: np.random.Generator, scene: Scene, customer: Ints) -> Days:
    """Draw the day a licence runs out around one of the applications; NEVER for most."""
    arrivals = scene.arrivals[customer]
    day = np.minimum(arrivals, scene.last_day)
    legal = np.stack([scene.quality("legal_compliance", customer, day[:, k]) for k in range(day.shape[1])], axis=1)
    lapses = (rng.random(arrivals.shape) < logistic(-2.8 - 0.9 * legal)) & (arrivals < NEVER)
    around = arrivals + rng.integers(-300, 180, arrivals.shape)
    earliest = scene.population.established_on[customer] + 60
    return np.maximum(np.where(lapses, around, NEVER).min(axis=1), earliest)
