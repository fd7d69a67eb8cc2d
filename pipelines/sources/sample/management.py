"""Who runs the business: yearly assessments of management, and changes in the company register."""

import numpy as np
import pyarrow as pa

from features.tables import MANAGEMENT_ASSESSMENTS, REGISTRY_CHANGES
from pipelines.sources.sample.arrays import (
    Days,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    days_later,
    logistic,
    pick,
    score,
)
from pipelines.sources.sample.scene import Scene, draw_events, event_key, together, yearly_visits

ASSESSED_SHARE = 0.55
YEARS_BACK = 2
ASSESSORS = ("internal", "third_party", "self_reported")
ASSESSORS_SHARE = (0.5, 0.3, 0.2)
MOST_CERTIFICATES = 6
UNSETTLING = ("legal_representative", "executive", "controller", "shareholder")
UNSETTLING_SHARE = (0.30, 0.40, 0.05, 0.25)
ORDINARY = ("capital_increase", "capital_decrease", "address", "business_scope")
ORDINARY_SHARE = (0.25, 0.05, 0.35, 0.35)


def assessment_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `management_assessments`."""
    customer, day = yearly_visits(rng, scene, scene.share(rng, ASSESSED_SHARE), YEARS_BACK)
    available_at = day + rng.integers(3, 31, len(day))
    known = scene.reaches_us(customer, available_at)
    customer, day, available_at = customer[known], day[known], available_at[known]
    count = len(day)
    ops = scene.quality("operational_capability", customer, day)
    e = iter(rng.standard_normal((5, count)))
    size = scene.population.size[customer]
    return arrow_table(
        MANAGEMENT_ASSESSMENTS,
        {
            "assessment_id": event_key("M", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "assessed_on": day,
            "available_at": available_at,
            "assessor": pick(ASSESSORS, rng.choice(len(ASSESSORS), count, p=ASSESSORS_SHARE)),
            "team_score": score(62 + 9 * ops + 9 * next(e)),
            "avg_industry_years": np.round(np.maximum(12 + 1.5 * ops + 4 * next(e), 0), 1),
            "key_person_dependency": np.round(logistic(-0.3 - 0.4 * ops + 0.6 * next(e)), 3),
            "internal_control_score": score(58 + 10 * ops + 11 * next(e)),
            "policy_completeness": np.round(logistic(0.6 + 0.5 * ops + 0.6 * next(e)), 3),
            "certifications": np.minimum(rng.poisson(np.exp(0.1 + 0.25 * ops + 0.2 * size)), MOST_CERTIFICATES),
        },
    )


def registry_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `registry_changes`: changes of people come with weak operations, others at any time."""

    def unsettling(customer: Ints, day: Days) -> Floats:
        return np.exp(-1.6 - 0.4 * scene.quality("operational_capability", customer, day))

    def ordinary(customer: Ints, _day: Days) -> Floats:
        return np.full(len(customer), 0.15)

    parts = [draw_events(rng, scene, unsettling), draw_events(rng, scene, ordinary)]
    customer, day, part = together(parts)
    count = len(customer)
    people, others = rng.choice(4, count, p=UNSETTLING_SHARE), 4 + rng.choice(4, count, p=ORDINARY_SHARE)
    known_at = days_later(rng, day, 12)
    rows = arrow_table(
        REGISTRY_CHANGES,
        {
            "change_id": event_key("H", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "change_type": pick(UNSETTLING + ORDINARY, np.where(part == 0, people, others)),
            "changed_on": day,
            "known_at": known_at,
        },
    )
    return rows.filter(pa.array(known_at <= scene.last_day))
