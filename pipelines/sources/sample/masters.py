"""Customer master data, the applications as the sales office keeps them, and our limits."""

import numpy as np
import pyarrow as pa

from features.tables import APPLICATIONS, CREDIT_LIMITS, CUSTOMERS
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    day_number,
    key,
    number_within,
    numbered_key,
    pick,
    year_of,
)
from pipelines.sources.sample.history import History
from pipelines.sources.sample.latents import INDUSTRIES, REGIONS, Population
from pipelines.sources.sample.ledger import TERMS_DAYS, Trade
from pipelines.sources.sample.settings import SampleSettings

MONTHS_REQUESTED = 2
YEARLY_RAISE = 1.05
UPDATED_SHARE = 0.10
"""Customers whose master record has a second version."""
OWNERSHIPS = ("private", "state", "foreign", "collective", "mixed")
OWNERSHIP_SHARE = (0.75, 0.12, 0.08, 0.02, 0.03)
LEGAL_FORMS = ("llc", "jsc", "soe", "foreign", "partnership", "sole_prop")
PRODUCTS = ("open_account", "instalment", "consignment", "project")
PRODUCTS_SHARE = (0.85, 0.07, 0.05, 0.03)
CHANNELS = ("direct", "distributor", "platform", "other")
CHANNELS_SHARE = (0.55, 0.25, 0.15, 0.05)
DECISIONS = ("admit", "conditional", "decline", "withdrawn")
REASONS = ("score", "low_score", "legal_knock_out", "in_default", "exploration", "withdrawn_by_customer")
POLICY_CHANGE_YEAR = 2021


def customer_table(
    rng: np.random.Generator, population: Population, first_as_of: Days, settings: SampleSettings
) -> pa.Table:
    """Return the table `customers`: one version each, and for some a later one with other staff and more capital."""
    count = len(population.number)
    known_at = np.minimum(first_as_of, np.where(population.existing, population.tenure_from, first_as_of))
    known_at = known_at - rng.integers(0, 30, count)
    capital = np.exp(15.5 + 0.8 * population.size + 0.8 * rng.standard_normal(count))
    paid_in = np.where(rng.random(count) < 0.1, np.nan, rng.uniform(0.3, 1.0, count))
    codes = _codes(rng, population)
    updated = np.flatnonzero(rng.random(count) < UPDATED_SHARE)
    last = day_number(settings.data_until)
    update_at = np.minimum(known_at[updated] + rng.integers(60, 1500, len(updated)), last)
    row = np.sort(np.r_[np.arange(count), updated])
    second = number_within(row) == 1
    known_at = known_at[row]
    known_at[second] = update_at
    headcount = np.ceil(np.where(second, 1.2, 1.0) * population.employees[row])
    headcount[rng.random(len(row)) < 0.03] = np.nan
    capital = np.rint(np.where(second, 1.5, 1.0) * capital[row] / 10_000) * 10_000
    group = population.group[row]
    return arrow_table(
        CUSTOMERS,
        {
            **{name: values.take(pa.array(row)) for name, values in codes.items()},
            "customer_id": customer_key(population.number[row]),
            "group_id": pa.compute.if_else(pa.array(group >= 0), key("G", group, 7), pa.scalar(None, pa.string())),
            "established_on": np.minimum(population.established_on, first_as_of)[row],
            "registered_capital": capital,
            "paid_in_capital": np.round(capital * paid_in[row], 2),
            "employees": headcount,
            "is_listed": population.is_listed[row],
            "currency": "CNY",
            "known_at": known_at,
        },
    )


def _codes(rng: np.random.Generator, population: Population) -> dict[str, pa.Array]:
    """Draw the columns that never change: hash, legal form, ownership, industry and region."""
    count = len(population.number)
    ownership = rng.choice(len(OWNERSHIPS), count, p=OWNERSHIP_SHARE)
    form = np.select(
        [population.is_listed, ownership == 1, ownership == 2, rng.random(count) < 0.06], [1, 2, 3, 4], default=0
    )
    form = np.where((form == 0) & (population.size < -1.5), 5, form)
    division = np.floor(rng.random(count) * np.array([len(each) for each in INDUSTRIES])[population.industry])
    offset = np.cumsum([0, *(len(each) for each in INDUSTRIES)])[population.industry]
    divisions = tuple(code for each in INDUSTRIES for code in each)
    return {
        "uscc_hash": _hashes(rng, count),
        "legal_form": pick(LEGAL_FORMS, form),
        "ownership": pick(OWNERSHIPS, ownership),
        "industry_code": pick(divisions, offset + division.astype(np.int64)),
        "region_code": pick(REGIONS, population.region),
    }


def _hashes(rng: np.random.Generator, count: int) -> pa.Array:
    """Draw random identifiers of 32 hexadecimal digits."""
    digits = rng.bytes(16 * count).hex()
    return pa.Array.from_buffers(
        pa.string(),
        count,
        [None, pa.py_buffer(np.arange(0, 32 * count + 1, 32, dtype=np.int32)), pa.py_buffer(digits.encode())],
    )


def application_table(
    rng: np.random.Generator, population: Population, history: History, trade: Trade, first_booked_at: Days
) -> pa.Table:
    """Return the table `applications`; `first_booked_at` is the day of each customer's first booked invoice."""
    made = history.prospects
    count, row = len(made.customer), made.customer
    requested = MONTHS_REQUESTED * trade.monthly_purchases[row] * np.exp(0.25 * rng.standard_normal(count))
    requested = np.maximum(np.rint(requested / 1000), 10) * 1000
    terms = np.where(rng.random(count) < 0.85, trade.terms_days[row], rng.choice(TERMS_DAYS, count))
    reason = _reasons(history)
    explored, conditional = reason == 4, history.admitted & (made.is_conditional | (reason == 4))
    decision = np.select([conditional, history.admitted, reason == 5], [1, 0, 3], default=2)
    share = np.select([explored, conditional], [0.3, 0.5], default=rng.choice([1.0, 0.8], count, p=[0.7, 0.3]))
    approved = np.where(history.admitted, np.maximum(np.rint(share * requested / 1000), 5) * 1000, np.nan)
    customer = population.number[row]
    return arrow_table(
        APPLICATIONS,
        {
            "application_id": numbered_key("A", customer, made.turn + 1, 1),
            "customer_id": customer_key(customer),
            "as_of": made.as_of,
            "product": pick(PRODUCTS, rng.choice(len(PRODUCTS), count, p=PRODUCTS_SHARE)),
            "requested_limit": requested,
            "requested_terms_days": terms,
            "currency": "CNY",
            "is_new_customer": first_booked_at[row] > made.as_of,
            "channel": pick(CHANNELS, rng.choice(len(CHANNELS), count, p=CHANNELS_SHARE)),
            "decision": pick(DECISIONS, decision),
            "decided_at": history.decided_on,
            "approved_limit": approved,
            "approved_terms_days": np.where(history.admitted, trade.terms_days[row], np.nan),
            "decision_reason": pick(REASONS, reason),
            "policy_version": pick(("2018", "2021"), (year_of(made.as_of) >= POLICY_CHANGE_YEAR).astype(np.int64)),
            "override_type": "none",
            "admission_arm": pick(("policy", "exploration"), explored.astype(np.int64)),
        },
    )


def _reasons(history: History) -> Ints:
    """Return why each decision was taken, as an index into REASONS."""
    made = history.prospects
    return np.select(
        [history.in_default, made.is_knocked_out, made.is_low_score & made.is_explored, made.is_low_score],
        [3, 2, 4, 1],
        default=np.where(made.is_withdrawn, 5, 0),
    )


def limit_table(
    rng: np.random.Generator, population: Population, history: History, trade: Trade, approved: Floats
) -> pa.Table:
    """Return the table `credit_limits`: granted at the start of trade and at each admission, raised 5% a year."""
    made = history.prospects
    old = np.flatnonzero(population.existing)
    opening = np.maximum(np.rint(MONTHS_REQUESTED * trade.monthly_purchases[old] / 1000), 10) * 1000
    customer = np.r_[old, made.customer[history.admitted]]
    granted_on = np.r_[population.tenure_from[old], history.decided_on[history.admitted]]
    amount = np.r_[opening, approved[history.admitted]]
    order = np.lexsort((granted_on, customer))
    customer, granted_on, amount = customer[order], granted_on[order], amount[order]
    until = np.zeros(len(population.number), dtype=np.int64)
    np.maximum.at(until, history.spells.customer, history.spells.end)
    last_of_customer = np.r_[customer[1:] != customer[:-1], True]
    until = np.where(last_of_customer, until[customer], np.r_[granted_on[1:], NEVER] - 1)
    rows = np.maximum((until - granted_on) // 365, 0) + 1
    grant = np.repeat(np.arange(len(customer)), rows)
    year = number_within(grant)
    valid_from = granted_on[grant] + 365 * year
    return arrow_table(
        CREDIT_LIMITS,
        {
            "customer_id": customer_key(population.number[customer[grant]]),
            "valid_from": valid_from,
            "limit_amount": np.rint(amount[grant] * YEARLY_RAISE**year / 1000) * 1000,
            "terms_days": trade.terms_days[customer[grant]],
            "currency": "CNY",
            "recorded_at": valid_from + rng.integers(0, 3, len(grant)),
        },
    )
