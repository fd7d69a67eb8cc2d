"""What other creditors say: yearly credit reports, and the lists of overdue acceptors.

Lines granted last with the customer, so that debt grows by what is drawn of them. The provider's scale differs.
"""

from datetime import date

import numpy as np
import pyarrow as pa
from scipy.stats import norm

from features.tables import BILL_OVERDUE, BUREAU_REPORTS
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    day_number,
    logistic,
    month_of,
    month_start,
    number_within,
    pick,
    within,
)
from pipelines.sources.sample.scene import Scene, draw_events, event_key

REPORTED_SHARE = 0.75
PROVIDERS = ("bureau_a", "bureau_b")
SCALES = np.array([[0.0, 100.0], [300.0, 850.0]])
"""Lowest and highest score of each provider."""
LOAN_CLASSES = ("normal", "special_mention", "substandard", "doubtful", "loss")
CLASS_ABOVE = np.sqrt(2) * norm.ppf([0.88, 0.95, 0.98, 0.994])
"""Ordered probit: bounds of the classes on -z + e, whose variance is 2."""
FIRST_ACCOUNT = date(1949, 10, 1)
GUARANTORS_SHARE = 0.40
PERSISTENT_FROM = 2
"""The third month in a row on the list makes a persistent offender."""


def bureau_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `bureau_reports`: one report shortly before each application and one a year earlier."""
    customer, day = _report_days(rng, scene)
    count, population = len(customer), scene.population
    credit, fin = (scene.quality(name, customer, day) for name in ("credit_score", "financial_condition"))
    stab = scene.quality("business_stability", customer, day)
    provider = rng.integers(0, len(PROVIDERS), len(population.number))[customer]
    low, high = SCALES[provider].T
    points = within(60 + 11 * credit + 3 * fin + 9 * rng.standard_normal(count), 0, 100)
    index = within(70 + 8 * credit + 8 * rng.standard_normal(count), 1, 100)
    worst_days = 30 * rng.poisson(np.exp(-0.6 - 0.8 * credit))
    return arrow_table(
        BUREAU_REPORTS,
        {
            "report_id": event_key("B", scene, customer),
            "customer_id": customer_key(population.number[customer]),
            "provider": pick(PROVIDERS, provider),
            "report_date": day,
            "available_at": day + rng.integers(0, 3, count),
            "score": np.round(low + points / 100 * (high - low), 1),
            "scale_min": low,
            "scale_max": high,
            "payment_index": np.round(index),
            "oldest_account_on": _oldest_account(rng, scene)[customer],
            "worst_loan_class": pick(LOAN_CLASSES, _loan_class(rng, credit)),
            "worst_dpd_12m": worst_days,
            **_debts(rng, scene, customer, credit, fin, worst_days),
            "inquiries_3m": rng.poisson(np.exp(0.6 - 0.45 * credit - 0.1 * stab)),
            "currency": "CNY",
        },
    )


def _report_days(rng: np.random.Generator, scene: Scene) -> tuple[Ints, Days]:
    """Draw who is reported on, and when, in order of customer and day."""
    who = scene.share(rng, REPORTED_SHARE)
    before = scene.arrivals[who] - rng.integers(3, 80, scene.arrivals[who].shape)
    earlier = before - 365 + rng.integers(-45, 46, before.shape)
    days = np.sort(np.concatenate([earlier, before], axis=1), axis=1)
    row, column = np.nonzero(days < NEVER - 1000)
    customer, day = who[row], days[row, column]
    known = (day >= scene.population.established_on[customer]) & scene.reaches_us(customer, day + 2)
    return customer[known], day[known]


def _oldest_account(rng: np.random.Generator, scene: Scene) -> Days:
    """Draw the day of each customer's first credit account, in the first half of its life."""
    established = scene.population.established_on
    opened = established + np.floor(0.5 * rng.random(len(established)) * (scene.first_as_of - established))
    return np.maximum(opened.astype(np.int64), day_number(FIRST_ACCOUNT))


def _loan_class(rng: np.random.Generator, credit: Floats) -> Ints:
    return np.searchsorted(CLASS_ABOVE, -credit + rng.standard_normal(len(credit)))


def _debts(
    rng: np.random.Generator, scene: Scene, customer: Ints, credit: Floats, fin: Floats, worst_days: Ints
) -> dict[str, Floats]:
    """Draw lines, debt, what of it is overdue, and guarantees, in yuan."""
    everyone, count = len(scene.default_on), len(customer)
    lines = 4 * scene.population.monthly_revenue * np.exp(0.5 * rng.standard_normal(everyone))
    used = lines[customer] * logistic(0.1 - 0.6 * credit - 0.35 * fin + 0.6 * rng.standard_normal(count))
    balance: Floats = used * (1 + 0.2 * rng.random(count))
    is_overdue = (worst_days > 0) & (rng.random(count) < 0.4)
    overdue: Floats = np.where(is_overdue, rng.beta(1, 8, count) * balance, 0.0)
    gives = (rng.random(everyone) < GUARANTORS_SHARE)[customer]
    given = scene.population.assets[customer] * np.exp(-2.2 - 0.4 * credit + 0.8 * rng.standard_normal(count))
    guarantees: Floats = np.where(gives, given, 0.0)
    return {
        "lines_total": np.round(lines[customer], 2),
        "lines_used": np.round(used, 2),
        "total_balance": np.round(balance, 2),
        "overdue_balance": np.round(overdue, 2),
        "guarantees_outstanding": np.round(guarantees, 2),
    }


def bill_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `bill_overdue`: spells of months on the list, persistent from the third month on."""
    customer, month, turn = _months_listed(rng, scene)
    published_at = month_start(month + 1) + rng.integers(3, 10, len(month))
    amount = 0.3 * scene.population.monthly_revenue[customer] * np.exp(0.8 * rng.standard_normal(len(month)))
    rows = arrow_table(
        BILL_OVERDUE,
        {
            "customer_id": customer_key(scene.population.number[customer]),
            "list_month": month_start(month),
            "list_type": pick(("overdue", "persistent"), (turn >= PERSISTENT_FROM).astype(np.int64)),
            "overdue_balance": np.round(amount, 2),
            "published_at": published_at,
        },
    )
    return rows.filter(pa.array(published_at <= scene.last_day))


def _months_listed(rng: np.random.Generator, scene: Scene) -> tuple[Ints, Ints, Ints]:
    """Draw customer, month and place in its spell of every month on the list; of months in two spells the later place."""

    def rate(customer: Ints, day: Days) -> Floats:
        credit, fin = (scene.quality(name, customer, day) for name in ("credit_score", "financial_condition"))
        return 12 * 0.003 * np.exp(-1.0 * credit - 0.3 * fin)

    customer, day = draw_events(rng, scene, rate)
    length = rng.geometric(0.5, len(customer))
    spell = np.repeat(np.arange(len(customer)), length)
    turn = number_within(spell)
    customer, month = customer[spell], month_of(day)[spell] + turn
    order = np.lexsort((-turn, month, customer))
    customer, month, turn = customer[order], month[order], turn[order]
    first = np.r_[True, (np.diff(customer) != 0) | (np.diff(month) != 0)][: len(customer)]
    return customer[first], month[first], turn[first]
