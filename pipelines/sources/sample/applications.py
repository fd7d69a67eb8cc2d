"""Who applies when, what the historical policy would say, and what would become of each application."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from pipelines.sources.sample.arrays import NEVER, Days, Flags, Floats, Ints, day_number
from pipelines.sources.sample.climate import Climate
from pipelines.sources.sample.latents import DAYS_PER_YEAR, DIMENSIONS, Population
from pipelines.sources.sample.settings import SampleSettings
from pipelines.sources.sample.truth import TrueRisk, draw_default_after, realised_intensity, true_risk

MOST_APPLICATIONS = 3
APPLICATIONS_SHARE = (0.76, 0.18, 0.06)
"""Share of customers with one, two and three applications: 1.3 on average."""
LEAST_DAYS_APART = 8
"""A decision takes at most five days, so every application finds the one before decided."""
SCORE_NOISE = 0.90
DECLINE_BELOW = -1.19
"""The policy score's 18% quantile: its standard deviation is 1.30 by the loadings of the qualities."""
CONDITIONAL_BELOW = -0.60
KNOCK_OUT_BELOW = -2.2
KNOCK_OUT_SHARE = 0.7
EXPLORATION_SHARE = 0.03
WITHDRAWN_SHARE = 0.015


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """Applications as they arrive, sorted by customer and as_of, with policy and fate each on its own."""

    customer: Ints
    """Row of the customer in its shard."""
    turn: Ints
    """0 for the customer's first application, then 1, 2."""
    as_of: Days
    quality: dict[str, Floats]
    risk: TrueRisk
    pd_realised: Floats
    """Probability of default given the climate that followed."""
    default_after: Ints
    """Days from as_of to the default this application would end in; 0 for none."""
    is_knocked_out: Flags
    is_low_score: Flags
    is_conditional: Flags
    is_explored: Flags
    is_withdrawn: Flags
    p_admit: Floats

    @property
    def is_admissible(self) -> Flags:
        """Whether the historical policy admits the application, unless the customer is in default."""
        by_policy = ~self.is_low_score & ~self.is_withdrawn
        return ~self.is_knocked_out & (by_policy | self.is_explored)

    def select(self, kept: Flags) -> "Prospects":
        """Return the chosen applications; the true risk stays with all and is cut by its readers."""
        values: dict[str, Any] = {
            name: value[kept] if isinstance(value, np.ndarray) else value for name, value in vars(self).items()
        }
        return Prospects(**{**values, "quality": {name: z[kept] for name, z in self.quality.items()}})


def draw_arrivals(rng: np.random.Generator, count: int, settings: SampleSettings) -> Days:
    """Draw each customer's observation dates, (customers, 3), ascending; NEVER fills the rows of those with fewer."""
    first, last = day_number(settings.first_as_of), day_number(settings.last_as_of)
    as_of = rng.integers(first, last + 1, (count, MOST_APPLICATIONS))
    applications = rng.choice(np.arange(1, MOST_APPLICATIONS + 1), count, p=APPLICATIONS_SHARE)
    as_of[np.arange(MOST_APPLICATIONS) >= applications[:, None]] = NEVER
    as_of.sort(axis=1)
    as_of[:, 1:][np.diff(as_of, axis=1) < LEAST_DAYS_APART] = NEVER
    as_of.sort(axis=1)
    return as_of


def draw_prospects(rng: np.random.Generator, population: Population, arrivals: Days, climate: Climate) -> Prospects:
    """Draw policy and fate of every arriving application."""
    customer, turn = np.nonzero(arrivals < NEVER)
    as_of = arrivals[customer, turn]
    quality = {name: population.at(name, customer, as_of) for name in DIMENSIONS}
    risk = true_risk(
        quality,
        size=population.size[customer],
        age_years=(as_of - population.established_on[customer]) / DAYS_PER_YEAR,
        climate=climate.at(as_of),
        industry=population.industry[customer],
        region=population.region[customer],
        is_heavy_polluter=population.is_heavy_polluter[customer].astype(float),
    )
    intensity = realised_intensity(risk.pd, climate.path, climate.index(as_of))
    return Prospects(
        customer=customer,
        turn=turn,
        as_of=as_of,
        quality=quality,
        risk=risk,
        pd_realised=-np.expm1(-intensity.sum(axis=1)),
        default_after=draw_default_after(rng, intensity),
        **_policy(rng, quality, population.size[customer]),
    )


def _policy(rng: np.random.Generator, quality: dict[str, Floats], size: Floats) -> dict[str, Any]:
    """Draw the historical policy's verdicts: a noisy score, a legal knock-out and an exploration slice."""
    legal = quality["legal_compliance"]
    expected = 0.55 * quality["credit_score"] + 0.45 * quality["financial_condition"] + 0.25 * legal + 0.10 * size
    score = expected + SCORE_NOISE * rng.standard_normal(len(size))
    p_pass = norm.cdf((expected - DECLINE_BELOW) / SCORE_NOISE)
    p_knock_out = np.where(legal < KNOCK_OUT_BELOW, KNOCK_OUT_SHARE, 0.0)
    low = score < DECLINE_BELOW
    return {
        "is_knocked_out": rng.random(len(size)) < p_knock_out,
        "is_low_score": low,
        "is_conditional": ~low & (score < CONDITIONAL_BELOW),
        "is_explored": low & (rng.random(len(size)) < EXPLORATION_SHARE),
        "is_withdrawn": ~low & (rng.random(len(size)) < WITHDRAWN_SHARE),
        "p_admit": (1 - p_knock_out) * (p_pass * (1 - WITHDRAWN_SHARE) + (1 - p_pass) * EXPLORATION_SHARE),
    }
