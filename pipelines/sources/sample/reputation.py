"""What others say: awards, roles, news and blacklists, reviews, and the answers of other suppliers."""

import numpy as np
import pyarrow as pa

from features.tables import REPUTATION_EVENTS, REVIEWS, TRADE_REFERENCES
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Ints,
    arrow_table,
    customer_key,
    days_later,
    logistic,
    pick,
    within,
)
from pipelines.sources.sample.scene import Rate, Scene, draw_events, event_key, together

KINDS = ("award", "association_role", "news", "blacklist")
LEVELS = ("industry", "municipal", "provincial", "national", "international")
LEVELS_SHARE = (0.30, 0.35, 0.22, 0.11, 0.02)
ROLE_DAYS = 1095
REVIEWERS = ("end_customer", "supplier", "distributor", "bank", "peer")
REVIEWERS_SHARE = (0.55, 0.15, 0.15, 0.05, 0.10)
REVIEWED_SHARE = 0.60
REVIEWS_A_YEAR = 8.0
SCALES = np.array([5.0, 10.0, 100.0])
STEPS = np.array([0.5, 1.0, 1.0])
"""Highest score of each scale, and the step between two scores."""
REFERENCED_SHARE = 0.80
"""With none to three answers each, 60% of customers have any."""


def reputation_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `reputation_events`."""

    def rate(base: float, slope: float) -> Rate:
        return lambda customer, day: np.exp(base + slope * scene.quality("industry_reputation", customer, day))

    award, role, bad, good, blacklist = (
        draw_events(rng, scene, rate(base, slope))
        for base, slope in ((-1.6, 0.45), (-3.2, 0.45), (-1.2, -0.5), (-0.9, 0.1), (-6.0, -0.9))
    )
    customer, day, part = together([award, role, bad, good, blacklist])
    count = len(customer)
    kind = np.array([0, 1, 2, 2, 3])[part]
    is_news, is_bad = kind == KINDS.index("news"), part == 2
    tone = np.where(is_bad, -rng.uniform(0.2, 1.0, count), rng.uniform(0.0, 0.9, count))
    is_title = kind <= 1
    level = np.where(is_title, rng.choice(len(LEVELS), count, p=LEVELS_SHARE), -1)
    known_at = np.where(is_news, day + rng.integers(0, 3, count), days_later(rng, day, 20))
    rows = arrow_table(
        REPUTATION_EVENTS,
        {
            "event_id": event_key("R", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "event_type": pick(KINDS, kind),
            "level": pick(LEVELS, level),
            "sentiment": np.where(is_news, np.round(tone, 2), np.nan),
            "weight": np.where(is_news, np.round(rng.beta(2, 4, count), 3), np.nan),
            "occurred_on": day,
            "expires_on": np.where(kind == 1, day + ROLE_DAYS, NEVER),
            "known_at": known_at,
        },
    )
    return rows.filter(pa.array(known_at <= scene.last_day))


def review_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `reviews`: of two years before the first application up to the last, on scales of 5, 10 or 100."""
    everyone = len(scene.default_on)
    yearly = np.where(rng.random(everyone) < REVIEWED_SHARE, REVIEWS_A_YEAR, 0.0)
    since = np.maximum(scene.first_as_of - 730, scene.population.established_on)
    customer, day, _ = together([draw_events(rng, scene, lambda c, _day: yearly[c], since, scene.last_as_of)])
    count = len(customer)
    scale = rng.choice(len(SCALES), count, p=(0.6, 0.3, 0.1))
    rep = scene.quality("industry_reputation", customer, day)
    share = within(0.72 + 0.09 * rep + 0.18 * rng.standard_normal(count), 0, 1)
    known_at = day + rng.integers(0, 8, count)
    rows = arrow_table(
        REVIEWS,
        {
            "review_id": event_key("V", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "reviewer_type": pick(REVIEWERS, rng.choice(len(REVIEWERS), count, p=REVIEWERS_SHARE)),
            "score": np.rint(share * SCALES[scale] / STEPS[scale]) * STEPS[scale],
            "scale_max": SCALES[scale],
            "reviewed_on": day,
            "known_at": known_at,
        },
    )
    return rows.filter(pa.array(known_at <= scene.last_day))


def reference_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `trade_references`: none to three answers of other suppliers before each application."""
    customer, day = _answers(rng, scene)
    count = len(customer)
    rep, credit = (scene.quality(name, customer, day) for name in ("industry_reputation", "credit_score"))
    late = 6 - 6 * rep - 5 * credit + 10 * rng.standard_normal(count)
    credit_given = 0.05 * scene.population.monthly_revenue[customer] * np.exp(0.7 * rng.standard_normal(count))
    return arrow_table(
        TRADE_REFERENCES,
        {
            "reference_id": event_key("T", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "recommended": rng.random(count) < logistic(1.5 + 0.6 * rep + 0.3 * credit),
            "avg_days_beyond_terms": np.round(late, 1),
            "high_credit": np.where(rng.random(count) < 0.9, np.round(credit_given, 2), np.nan),
            "given_on": day,
            "known_at": day + rng.integers(0, 5, count),
        },
    )


def _answers(rng: np.random.Generator, scene: Scene) -> tuple[Ints, Days]:
    """Draw customer and day of every answer, in order."""
    who = scene.share(rng, REFERENCED_SHARE)
    row, turn = np.nonzero(scene.arrivals[who] < NEVER)
    answers = rng.integers(0, 4, len(row))
    row, turn = np.repeat(row, answers), np.repeat(turn, answers)
    customer = who[row]
    day = scene.arrivals[customer, turn] - rng.integers(5, 180, len(row))
    kept = (day >= scene.population.established_on[customer]) & scene.reaches_us(customer, day + 4)
    customer, day, _ = together([(customer[kept], day[kept])])
    return customer, day
