"""How the customer stands in its market: yearly surveys, each customer always by the same provider."""

import numpy as np
import pyarrow as pa

from features.tables import MARKET_SURVEYS
from pipelines.sources.sample.arrays import arrow_table, customer_key, logistic, pick, score
from pipelines.sources.sample.scene import Scene, yearly_visits

SURVEYED_SHARE = 0.45
YEARS_BACK = 2
PROVIDERS = ("market_research_a", "market_research_b")


def survey_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `market_surveys`."""
    customer, day = yearly_visits(rng, scene, scene.share(rng, SURVEYED_SHARE), YEARS_BACK)
    available_at = day + rng.integers(5, 41, len(day))
    known = scene.reaches_us(customer, available_at)
    customer, day, available_at = customer[known], day[known], available_at[known]
    count, everyone = len(day), len(scene.default_on)
    stab = scene.quality("business_stability", customer, day)
    # Of the spread 0.6 of the market share most lasts, so that its change within a year tells of the company.
    lasting = 0.58 * rng.standard_normal(everyone)[customer]
    share = -3 + 0.5 * stab + 0.5 * scene.population.size[customer] + lasting + 0.15 * rng.standard_normal(count)
    return arrow_table(
        MARKET_SURVEYS,
        {
            "customer_id": customer_key(scene.population.number[customer]),
            "survey_date": day,
            "provider": pick(PROVIDERS, rng.integers(0, len(PROVIDERS), everyone)[customer]),
            "market_share": np.round(logistic(share), 4),
            "brand_score": score(50 + 9 * stab + 11 * rng.standard_normal(count)),
            "product_quality_score": score(60 + 8 * stab + 10 * rng.standard_normal(count)),
            "available_at": available_at,
        },
    )
