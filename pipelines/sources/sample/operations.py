"""How the business runs: monthly operating figures, and quarterly figures of capacity and supply chain.

Both are handed in by the customer, so they end with its default and with its last application. Most of the spread around
what the true quality lets expect lasts with the customer, and returns and complaints have a lasting spread of 0.3 and 0.4 in
logs: noise that is new every month would vanish in a year's mean, and the means would give the qualities away.
"""

import numpy as np
import pyarrow as pa

from features.tables import OPERATING_METRICS, SUPPLY_CHAIN_METRICS
from pipelines.sources.sample.arrays import (
    Floats,
    Ints,
    arrow_table,
    customer_key,
    logistic,
    month_start,
    number_within,
    score,
    within,
)
from pipelines.sources.sample.scene import Scene, existed, periods

OPERATING_SHARE = 0.65
MONTHS_BACK = 36
REPORTED_MONTHS_SHARE = 0.98
SUPPLY_SHARE = 0.50
QUARTERS_BACK = 8


def operating_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `operating_metrics`: 36 months before the first application and all up to the last."""
    customer, month = periods(scene, scene.share(rng, OPERATING_SHARE), MONTHS_BACK, 1)
    sales = np.exp(_log_sales(rng, scene, customer, month))
    reported_at = month_start(month + 1) + rng.integers(4, 26, len(month))
    handed_in = existed(scene, customer, month) & scene.reaches_us(customer, reported_at)
    handed_in &= rng.random(len(month)) < REPORTED_MONTHS_SHARE
    customer, month, reported_at = customer[handed_in], month[handed_in], reported_at[handed_in]
    sales = sales[handed_in]
    return arrow_table(
        OPERATING_METRICS,
        {
            "customer_id": customer_key(scene.population.number[customer]),
            "month": month_start(month),
            "sales_amount": np.round(sales, 2),
            **_trade_figures(rng, scene, customer, month, sales),
            **_service_figures(rng, scene, customer, month, sales),
            "currency": "CNY",
            "reported_at": reported_at,
        },
    )


def _log_sales(rng: np.random.Generator, scene: Scene, customer: Ints, month: Ints) -> Floats:
    """Draw ln of monthly sales in yuan: revenue of the first application's time, grown by stability, season, climate, noise."""
    stab = scene.quality("business_stability", customer, month_start(month))
    place = number_within(customer)
    grown = np.cumsum(0.004 + 0.012 * stab)
    at_application = np.arange(len(customer)) - place + MONTHS_BACK - 1
    season = 0.10 * np.sin(2 * np.pi * (month / 12 + scene.population.industry[customer] / 10))
    noise = np.exp(-1.9 - 0.25 * stab) * rng.standard_normal(len(month))
    climate = 0.01 * scene.climate.at(month_start(month))
    level = np.log(scene.population.monthly_revenue)[customer] + grown - grown[at_application]
    return level + season + climate + noise


def _trade_figures(
    rng: np.random.Generator, scene: Scene, customer: Ints, month: Ints, sales: Floats
) -> dict[str, Floats | Ints]:
    """Draw taxed sales, orders and the customers' customers."""
    count, everyone, day = len(month), len(scene.default_on), month_start(month)
    stab = scene.quality("business_stability", customer, day)
    weak = np.maximum(-scene.quality("legal_compliance", customer, day), 0)
    lasting = 0.52 * rng.standard_normal(everyone)[customer]
    return {
        "vat_invoiced_sales": np.round(sales * (1 - np.minimum(0.03 * rng.random(count) * np.exp(0.8 * weak), 1)), 2),
        "order_backlog": np.round(sales * np.exp(0.5 + 0.25 * stab + 0.35 * rng.standard_normal(count)), 2),
        "active_customers": 1 + rng.poisson(np.exp(3 + 0.5 * scene.population.size[customer])),
        "top1_customer_share": np.round(logistic(-1 - 0.4 * stab + lasting + 0.3 * rng.standard_normal(count)), 4),
    }


def _service_figures(
    rng: np.random.Generator, scene: Scene, customer: Ints, month: Ints, sales: Floats
) -> dict[str, Floats | Ints]:
    """Draw satisfaction, complaints, returns, punctuality and staff."""
    count, everyone, day = len(month), len(scene.default_on), month_start(month)
    stab, rep, ops = (
        scene.quality(name, customer, day)
        for name in ("business_stability", "industry_reputation", "operational_capability")
    )
    lasting = rng.standard_normal((4, everyone))[:, customer]
    price = np.exp(7.3 + 0.6 * scene.population.size + 0.8 * rng.standard_normal(everyone))
    units = np.ceil(sales / price[customer]).astype(np.int64)
    returned = np.minimum(np.exp(-3.5 - 0.3 * stab + 0.3 * lasting[2]), 1.0)
    return {
        "customer_satisfaction": score(76 + 6 * stab + 2 * rep + 4.5 * lasting[0] + 2.2 * rng.standard_normal(count)),
        "complaints": rng.poisson(units * np.exp(-6.5 - 0.4 * rep + 0.4 * lasting[1])),
        "units_shipped": units.astype(float),
        "units_returned": rng.binomial(units, returned).astype(float),
        "on_time_delivery_rate": np.round(
            logistic(2.3 + 0.45 * ops + 0.27 * lasting[3] + 0.13 * rng.standard_normal(count)), 4
        ),
        "employees": np.ceil(scene.population.employees[customer] * np.exp(0.05 * rng.standard_normal(count))),
    }


def supply_table(rng: np.random.Generator, scene: Scene) -> pa.Table:
    """Return the table `supply_chain_metrics`: eight quarters before the first application and all up to the last."""
    customer, quarter = periods(scene, scene.share(rng, SUPPLY_SHARE), QUARTERS_BACK, 3)
    ends_before = month_start(3 * (quarter + 1))
    reported_at = ends_before + rng.integers(14, 60, len(quarter))
    handed_in = existed(scene, customer, 3 * quarter) & scene.reaches_us(customer, reported_at)
    customer, day, reported_at = customer[handed_in], ends_before[handed_in] - 1, reported_at[handed_in]
    count, everyone = len(day), len(scene.default_on)
    ops = scene.quality("operational_capability", customer, day)
    lasting = rng.standard_normal((4, everyone))[:, customer]
    lead_time = np.exp(2.7 + 0.4 * rng.standard_normal(everyone)[customer] + 0.1 * rng.standard_normal(count))
    fresh = rng.standard_normal((4, count))
    used = 0.76 + 0.06 * ops + 0.03 * scene.climate.at(day) + 0.06 * lasting[0] + 0.036 * fresh[0]
    supplier = logistic(-0.8 - 0.3 * ops + 0.52 * lasting[1] + 0.3 * fresh[1])
    spread = np.exp(-1.3 - 0.25 * ops + 0.26 * lasting[2] + 0.15 * fresh[2])
    out_of_stock = logistic(-3.5 - 0.4 * ops + 0.35 * lasting[3] + 0.2 * fresh[3])
    return arrow_table(
        SUPPLY_CHAIN_METRICS,
        {
            "customer_id": customer_key(scene.population.number[customer]),
            "quarter_end": day,
            "capacity_utilisation": np.round(within(used, 0, 1.5), 4),
            "top1_supplier_share": np.round(supplier, 4),
            "lead_time_mean_days": np.round(lead_time, 2),
            "lead_time_sd_days": np.round(lead_time * spread, 2),
            "stockout_rate": np.round(out_of_stock, 4),
            "reported_at": reported_at,
        },
    )
