"""Yearly financial statements drawn from the true financial condition, filed late or not at all by the weak."""

import numpy as np
import pyarrow as pa

from features.tables import FINANCIAL_STATEMENTS
from pipelines.sources.sample.arrays import (
    Days,
    Flags,
    Floats,
    Ints,
    arrow_table,
    cents,
    customer_key,
    day_number,
    last_day_of,
    logistic,
    numbered_key,
    pick,
    year_of,
    yuan,
)
from pipelines.sources.sample.latents import Population
from pipelines.sources.sample.settings import SampleSettings

YEARS_BACK = 5
UNIT_SCALES = (1, 1_000, 10_000)
UNIT_SCALES_SHARE = (0.70, 0.10, 0.20)
RESTATED_SHARE = 0.02
RESTATED_AFTER_DAYS = 200
RESTATED_LOSS = 0.02
"""What a restatement adds to liabilities and takes from profit and equity, as a share of assets."""
OPINIONS = ("unqualified", "unqualified_emphasis", "qualified", "disclaimer", "adverse", "unaudited")
AUDITORS = 40
AUDITOR_CHANGE = 0.10


def statement_table(
    rng: np.random.Generator, population: Population, first_as_of: Days, default_on: Days, settings: SampleSettings
) -> pa.Table:
    """Return the table `financial_statements`: from five years before the first application to the end of the data."""
    customer, year, published_at = _filings(rng, population, first_as_of, default_on, settings)
    period_end = last_day_of(year)
    fin = population.at("financial_condition", customer, period_end)
    accounts = _accounts(rng, population, customer, year, fin)
    restated = rng.random(len(customer)) < RESTATED_SHARE
    restated &= published_at + RESTATED_AFTER_DAYS <= day_number(settings.data_until)
    row, second = _with_restatements(restated)
    accounts = _restate({name: values[row] for name, values in accounts.items()}, second)
    scale = rng.choice(UNIT_SCALES, len(population.number), p=UNIT_SCALES_SHARE)[customer][row]
    opinion = _opinions(rng, fin, population.size[customer])
    number = population.number[customer][row]
    return arrow_table(
        FINANCIAL_STATEMENTS,
        {
            "statement_id": numbered_key("S", number, year[row] * 10 + second, 5),
            "customer_id": customer_key(number),
            "period_end": period_end[row],
            "period_months": np.full(len(row), 12),
            "published_at": published_at[row] + RESTATED_AFTER_DAYS * second,
            "consolidated": (population.size[customer] > 0.5)[row],
            "audit_opinion": pick(OPINIONS, opinion[row]),
            "auditor_id": _auditors(rng, population, customer, year, opinion).take(pa.array(row)),
            "is_restatement": second,
            "currency": "CNY",
            "unit_scale": scale.astype(float),
            **_reported(accounts, scale, population.is_listed[customer][row]),
        },
    )


def _filings(
    rng: np.random.Generator, population: Population, first_as_of: Days, default_on: Days, settings: SampleSettings
) -> tuple[Ints, Ints, Days]:
    """Return customer, year and publication of the statements that reach us; weak and small companies file less."""
    years = np.arange(settings.first_as_of.year - YEARS_BACK, settings.data_until.year)
    customer = np.repeat(np.arange(len(population.number)), len(years))
    year = np.tile(years, len(population.number))
    exists = year >= year_of(first_as_of)[customer] - YEARS_BACK
    exists &= year > year_of(population.established_on)[customer]
    customer, year = customer[exists], year[exists]
    fin = population.at("financial_condition", customer, last_day_of(year))
    missing = 0.12 + 0.08 * (fin < -1) + 0.10 * (population.size[customer] < -1)
    published_at = last_day_of(year) + 95 + _filing_delay(rng, fin)
    filed = rng.random(len(customer)) >= missing
    filed &= (published_at <= day_number(settings.data_until)) & (published_at < default_on[customer])
    return customer[filed], year[filed], published_at[filed]


def _filing_delay(rng: np.random.Generator, fin: Floats) -> Ints:
    """Draw days of publication beyond the first 95; the weak are slower."""
    return np.floor(rng.exponential(25, len(fin)) + 30 * np.log1p(np.exp(-fin))).astype(np.int64)


def _accounts(
    rng: np.random.Generator, population: Population, customer: Ints, year: Ints, fin: Floats
) -> dict[str, Floats]:
    """Draw balance sheet, income and cash flow in yuan, tied together."""
    period_end = last_day_of(year)
    stab = population.at("business_stability", customer, period_end)
    ops = population.at("operational_capability", customer, period_end)
    noise = iter(rng.standard_normal((13, len(customer))))
    size, trend = population.size[customer], 0.03 * (year - 2018)
    assets = np.exp(17.5 + 1.2 * size + trend + 0.05 * next(noise))
    # Of the spread 0.45 of revenue to assets, 0.40 lasts with the customer: growth is then years apart, not noise.
    level = 0.10 + 0.08 * stab + 0.12 * ops + population.revenue_effect[customer] + 0.20 * next(noise)
    revenue = assets * np.exp(level)
    leverage = np.clip(logistic(0.25 - 0.55 * fin + 0.45 * next(noise)) + 0.25 * (fin < -2), 0.05, 1.5)
    liabilities = assets * leverage
    balance = _balance_sheet(rng, assets, liabilities, fin, next(noise))
    margin = 0.06 + 0.035 * fin + 0.01 * ops + 0.04 * next(noise)
    gross = np.maximum(0.24 + 0.04 * fin + 0.05 * next(noise), margin)
    cost = revenue * (1 - gross)
    depreciation = 0.035 * assets * np.exp(0.3 * next(noise))
    debt = balance["short_term_borrowings"] + balance["long_term_borrowings"]
    credit = population.at("credit_score", customer, period_end)
    interest = 0.045 * debt * np.exp(-0.1 * credit)
    pretax = revenue * margin - interest
    net = pretax - 0.25 * np.maximum(pretax, 0)
    receivables = revenue * np.exp(4.2 - 0.15 * fin + 0.35 * next(noise)) / 365
    inventories = cost * np.exp(4.1 - 0.15 * ops + 0.4 * next(noise)) / 365
    fit = np.minimum(1, 0.9 * balance["current_assets"] / (receivables + inventories))
    rest = balance["current_assets"] - (receivables + inventories) * fit
    share_capital = 0.2 * assets * np.exp(0.4 * next(noise))
    payables = cost * np.exp(4.1 - 0.12 * fin + 0.35 * next(noise)) / 365
    value = np.maximum(assets - liabilities, 0.05 * assets) * np.exp(0.6 + 0.3 * fin + 0.3 * next(noise))
    return {
        **balance,
        "revenue": revenue,
        "cost_of_sales": cost,
        "depreciation_amortisation": depreciation,
        "operating_profit": revenue * margin,
        "interest_expense": interest,
        "pretax_profit": pretax,
        "net_profit": net,
        "operating_cash_flow": net + depreciation + 0.05 * assets * (0.4 * fin + rng.standard_normal(len(fin))),
        "cash": rng.uniform(0.4, 0.9, len(fin)) * rest,
        "trade_receivables": receivables * fit,
        "inventories": inventories * fit,
        "trade_payables": np.minimum(payables, 0.95 * balance["current_liabilities"]),
        "share_capital": share_capital,
        "market_cap": value,
    }


def _balance_sheet(
    rng: np.random.Generator, assets: Floats, liabilities: Floats, fin: Floats, noise: Floats
) -> dict[str, Floats]:
    """Split assets and liabilities into current and long-term parts."""
    current_liabilities = liabilities * rng.beta(8, 3, len(fin))
    current_assets = np.minimum(current_liabilities * np.exp(0.35 + 0.25 * fin + 0.35 * noise), 0.98 * assets)
    debt = liabilities * rng.beta(3, 3, len(fin))
    return {
        "total_assets": assets,
        "total_liabilities": liabilities,
        "current_assets": current_assets,
        "fixed_assets": 0.8 * (assets - current_assets),
        "current_liabilities": current_liabilities,
        "short_term_borrowings": 0.6 * debt,
        "long_term_borrowings": 0.4 * debt,
    }


def _with_restatements(restated: Flags) -> tuple[Ints, Flags]:
    """Return the rows with each restated statement twice in a row, and which of them are second versions."""
    row = np.repeat(np.arange(len(restated)), 1 + restated)
    return row, np.r_[False, row[1:] == row[:-1]]


def _restate(accounts: dict[str, Floats], second: Flags) -> dict[str, Floats]:
    """Move a loss of 2% of assets into the second versions."""
    loss = np.where(second, RESTATED_LOSS * accounts["total_assets"], 0.0)
    changed = {"total_liabilities": loss, "operating_profit": -loss, "pretax_profit": -loss, "net_profit": -loss}
    return accounts | {name: accounts[name] + change for name, change in changed.items()}


def _reported(accounts: dict[str, Floats], scale: Ints, is_listed: Flags) -> dict[str, Floats]:
    """Return the amounts in the reporting unit, to two decimals, with equity exactly assets less liabilities."""
    whole = {name: cents(values / scale) for name, values in accounts.items()}
    whole["total_equity"] = whole["total_assets"] - whole["total_liabilities"]
    whole["retained_earnings"] = whole["total_equity"] - whole["share_capital"]
    amounts = {name: yuan(values) for name, values in whole.items()}
    return amounts | {"market_cap": np.where(is_listed, amounts["market_cap"], np.nan)}


def _opinions(rng: np.random.Generator, fin: Floats, size: Floats) -> Ints:
    """Draw audit opinions: qualified or worse for the weak, unaudited for the small; an index into OPINIONS."""
    count = len(fin)
    worse = rng.random(count) < logistic(-4.2 - 0.8 * fin)
    unaudited = rng.random(count) < logistic(-0.5 - 0.9 * size)
    clean = (rng.random(count) < 0.05).astype(np.int64)
    return np.select([worse, unaudited], [rng.choice([2, 3, 4], count, p=[0.7, 0.2, 0.1]), 5], default=clean)


def _auditors(rng: np.random.Generator, population: Population, customer: Ints, year: Ints, opinion: Ints) -> pa.Array:
    """Return each statement's auditor, changed now and then; null if unaudited."""
    first = rng.integers(0, AUDITORS, len(population.number))
    start = year.min(initial=9999)
    span = max(int(year.max(initial=0) - start) + 1, 0)
    changes = np.cumsum(rng.random((len(population.number), span)) < AUDITOR_CHANGE, axis=1)
    auditor = (first[customer] + changes[customer, year - start]) % AUDITORS
    names = tuple(f"AU{n:03d}" for n in range(AUDITORS))
    return pick(names, np.where(opinion == OPINIONS.index("unaudited"), -1, auditor))
