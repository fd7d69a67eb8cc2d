"""Environment, social responsibility, governance: yearly assessments of the larger companies, and single events of all."""

import numpy as np
import pyarrow as pa
from scipy.stats import norm

from features.tables import ESG_ASSESSMENTS, ESG_EVENTS
from pipelines.sources.sample.arrays import (
    Days,
    Flags,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    days_later,
    logistic,
    pick,
    score,
    within,
)
from pipelines.sources.sample.scene import Rate, Scene, draw_events, event_key, together, yearly_visits

YEARS_BACK = 2
PROVIDERS = ("esg_rating_a", "esg_rating_b")
GRADES = ("green", "blue", "yellow", "red", "black")
GRADE_ABOVE = np.sqrt(2) * norm.ppf([0.25, 0.75, 0.92, 0.98])
"""Ordered probit: bounds of the grades on -z + e, whose variance is 2."""
EVENTS = (
    "env_penalty", "env_suspension", "env_accident", "labour_dispute", "wage_arrears", "safety_accident",
    "disclosure_violation", "fraud", "exec_investigation", "fund_misuse",
)  # fmt: skip
PILLAR = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
GOVERNANCE_SHARE = (0.45, 0.15, 0.25, 0.15)
SUSPENDED_SHARE = 0.10
"""Of the environmental penalties, how many come with an order to stop and mend."""


def esg_assessment_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `esg_assessments`; the larger a company, the likelier it is assessed."""
    who = scene.share(rng, logistic(-0.9 + 0.8 * scene.population.size))
    customer, day = yearly_visits(rng, scene, who, YEARS_BACK)
    available_at = day + rng.integers(5, 61, len(day))
    known = scene.reaches_us(customer, available_at)
    customer, day, available_at = customer[known], day[known], available_at[known]
    esg = scene.quality("esg", customer, day)
    heavy = scene.population.is_heavy_polluter[customer]
    return arrow_table(
        ESG_ASSESSMENTS,
        {
            "assessment_id": event_key("W", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "provider": pick(PROVIDERS, rng.integers(0, 2, len(scene.default_on))[customer]),
            "assessed_on": day,
            "available_at": available_at,
            **_environment(rng, esg, heavy),
            **_society(rng, esg, heavy),
            **_governance(rng, esg, scene.population.size[customer]),
        },
    )


def _environment(rng: np.random.Generator, esg: Floats, heavy: Flags) -> dict[str, pa.Array | Floats]:
    """Draw the environmental columns; the authority grades heavy polluters and few others."""
    count = len(esg)
    grade = np.searchsorted(GRADE_ABOVE, -esg + rng.standard_normal(count))
    emissions: Floats = np.exp(2.5 + np.where(heavy, 1.8, 0.0) - 0.2 * esg + 0.5 * rng.standard_normal(count))
    graded = heavy | (rng.random(count) < 0.3)
    return {
        "e_score": score(55 + 10 * esg + 11 * rng.standard_normal(count)),
        "env_credit_grade": pick(GRADES, np.where(graded, grade, -1)),
        "ghg_intensity": np.round(emissions, 2),
    }


def _society(rng: np.random.Generator, esg: Floats, heavy: Flags) -> dict[str, Floats]:
    count = len(esg)
    injuries: Floats = np.exp(0.3 + np.where(heavy, 0.6, 0.0) - 0.3 * esg + 0.5 * rng.standard_normal(count))
    return {
        "s_score": score(55 + 10 * esg + 11 * rng.standard_normal(count)),
        "social_insurance_coverage": np.round(logistic(1.5 + 0.6 * esg + 0.5 * rng.standard_normal(count)), 3),
        "injury_rate": np.round(injuries, 2),
    }


def _governance(rng: np.random.Generator, esg: Floats, size: Floats) -> dict[str, Floats | Ints | Flags]:
    count = len(esg)
    board = 3 + 2 * rng.binomial(4, logistic(-0.5 + 0.5 * size))
    independent = within(1 / 3 + 0.05 * esg + 0.08 * rng.standard_normal(count), 0, 0.8)
    return {
        "board_size": board,
        "independent_directors": np.rint(independent * board).astype(np.int64),
        "ceo_chair_dual": rng.random(count) < logistic(-0.8 - 0.2 * esg),
        "disclosure_score": score(50 + 12 * esg + 14 * rng.standard_normal(count)),
        "related_party_share": np.round(within(np.exp(-2.4 - 0.3 * esg + 0.8 * rng.standard_normal(count)), 0, 2), 4),
        "share_pledge_ratio": np.round(logistic(-1.5 - 0.4 * esg + 0.8 * rng.standard_normal(count)), 4),
    }


def esg_event_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `esg_events`."""
    penalty, accident, dispute, arrears, safety, governance = (draw_events(rng, scene, rate) for rate in _rates(scene))
    suspended = rng.random(len(penalty[0])) < SUSPENDED_SHARE
    suspension = penalty[0][suspended], penalty[1][suspended]
    parts = [penalty, suspension, accident, dispute, arrears, safety, governance]
    customer, day, kind = together(parts)
    count, last_kind = len(customer), len(parts) - 1
    kind = np.where(kind == last_kind, last_kind + rng.choice(4, count, p=GOVERNANCE_SHARE), kind)
    esg = scene.quality("esg", customer, day)
    severity = 1 + rng.binomial(4, logistic(-1.2 - 0.4 * esg))
    fine = np.round(np.exp(9.0 + 0.8 * severity + 0.7 * rng.standard_normal(count)), 2)
    known_at = days_later(rng, day, 20)
    rows = arrow_table(
        ESG_EVENTS,
        {
            "event_id": event_key("Z", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "pillar": pick(("e", "s", "g"), PILLAR[kind]),
            "event_type": pick(EVENTS, kind),
            "severity": severity,
            "amount": np.where(np.isin(kind, (0, 2, 4, 6)), fine, np.nan),
            "currency": "CNY",
            "occurred_on": day,
            "known_at": known_at,
        },
    )
    return rows.filter(pa.array(known_at <= scene.last_day))


def _rates(scene: Scene) -> tuple[Rate, ...]:
    """Return the yearly rates of penalties, environmental accidents, disputes, arrears, accidents at work, governance."""
    heavy, staff = scene.population.is_heavy_polluter, np.sqrt(scene.population.employees / 100)

    def quality(customer: Ints, day: Days) -> Floats:
        return scene.quality("esg", customer, day)

    def penalties(customer: Ints, day: Days) -> Floats:
        return np.where(heavy[customer], 0.12, 0.02) * np.exp(0.8 * np.maximum(-quality(customer, day), 0))

    return (
        penalties,
        lambda customer, day: np.where(heavy[customer], 0.010, 0.001) * np.exp(-0.5 * quality(customer, day)),
        lambda customer, day: 0.05 * staff[customer] * np.exp(-0.6 * quality(customer, day)),
        lambda customer, day: 0.006 * np.exp(-0.7 * quality(customer, day)),
        lambda customer, day: np.where(heavy[customer], 0.020, 0.005) * np.exp(-0.5 * quality(customer, day)),
        lambda customer, day: 0.02 * np.exp(-0.7 * quality(customer, day)),
    )
