"""Courts: cases against and of the customer, and what follows a lost one in the enforcement registers.

A case has a second life (closure, judgment), a register entry too (removal); each has its own day of publication. Of the
specification's loadings one is raised: cases against the customer come at 0.15 exp(1.6 weakness) a year and not at
0.20 exp(weakness). The legal quality shows only in rare events, and contributions of a model of 20,000 customers traced the
true ones with a rank correlation of 0.27, where 0.35 is asked for; with this and the loadings of `compliance` it is 0.4.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.tables import ENFORCEMENT_RECORDS, LEGAL_CASES
from pipelines.sources.sample.arrays import (
    NEVER,
    Days,
    Flags,
    Floats,
    Ints,
    arrow_table,
    customer_key,
    days_later,
    logistic,
    pick,
)
from pipelines.sources.sample.scene import Scene, draw_events, event_key, together

ROLES = ("defendant", "plaintiff", "third_party")
DEFENDANT = 0
CAUSES = (
    "loan_contract", "sale_contract", "construction", "labour", "ip", "tort", "administrative", "criminal", "other",
)  # fmt: skip
CAUSES_SHARE = (0.20, 0.25, 0.10, 0.15, 0.05, 0.10, 0.05, 0.01, 0.09)
"""Debt disputes, the first two, are 45%."""
OUTCOMES = ("lost", "partly_lost", "won", "settled", "withdrawn")
OUTCOMES_SHARE = (0.35, 0.20, 0.15, 0.20, 0.10)
LISTED_DAYS = 730
"""A dishonest debtor is listed for two years (SPC rules on the list of dishonest persons subject to enforcement, Art. 2)."""

RECORDS = ("enforcement", "dishonest", "consumption_restriction", "terminated_enforcement", "asset_freeze")
FOLLOWING = ((1, 0.25, 120, LISTED_DAYS), (2, 0.40, 60, None), (3, 0.20, 300, None), (4, 0.15, 45, None))
"""What may follow an enforcement: index into RECORDS, share, mean days until, days listed (None: as long as it)."""


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The court cases of one shard, by customer and day of filing; amounts in yuan, NEVER for what does not come."""

    customer: Ints
    filed_on: Days
    role: Ints
    claim: Floats
    outcome: Ints
    awarded: Floats
    closed_on: Days


def draw_cases(rng: np.random.Generator, scene: Scene) -> Cases:
    """Draw all cases; only those against the customer follow its legal quality."""
    size = scene.population.size
    customer, filed_on, role = together(
        [
            draw_events(rng, scene, lambda c, day: 0.15 * np.exp(1.6 * scene.weakness(c, day) + 0.15 * size[c])),
            draw_events(rng, scene, lambda c, _day: 0.15 * np.exp(0.3 * size[c])),
            draw_events(rng, scene, lambda c, _day: 0.03 * np.exp(0.3 * size[c])),
        ]
    )
    count = len(customer)
    weak = scene.weakness(customer, filed_on)
    claim = 12 * scene.population.monthly_revenue[customer] * np.exp(-4 + 0.5 * weak + rng.standard_normal(count))
    outcome = rng.choice(len(OUTCOMES), count, p=OUTCOMES_SHARE)
    part = np.select([outcome == 0, outcome == 1], [1.0, rng.uniform(0.3, 0.8, count)], default=0.0)
    return Cases(
        customer=customer,
        filed_on=filed_on,
        role=role,
        claim=claim,
        outcome=outcome,
        awarded=np.where(role == DEFENDANT, part * claim, 0.0),
        closed_on=days_later(rng, filed_on + 45, 180),
    )


def case_table(rng: np.random.Generator, scene: Scene, cases: Cases) -> pa.Table:
    """Return the table `legal_cases`: every case whose notice was published by the end of the data."""
    count, last = len(cases.customer), scene.last_day
    known_at = days_later(rng, cases.filed_on, 30)
    closure_known_at = np.maximum(days_later(rng, cases.closed_on, 20), known_at)
    judgment_known_at = days_later(rng, closure_known_at, 15)
    closed, judged = closure_known_at <= last, judgment_known_at <= last
    rows = arrow_table(
        LEGAL_CASES,
        {
            "case_id": event_key("L", scene, cases.customer),
            "customer_id": customer_key(scene.population.number[cases.customer]),
            "role": pick(ROLES, cases.role),
            "cause_group": pick(CAUSES, rng.choice(len(CAUSES), count, p=CAUSES_SHARE)),
            "filed_on": cases.filed_on,
            "known_at": known_at,
            "claim_amount": np.round(cases.claim, 2),
            "currency": "CNY",
            "closed_on": np.where(closed, cases.closed_on, NEVER),
            "closure_known_at": np.where(closed, closure_known_at, NEVER),
            "outcome": pick(OUTCOMES, np.where(judged, cases.outcome, -1)),
            "awarded_amount": np.where(judged, np.round(cases.awarded, 2), np.nan),
            "judgment_known_at": np.where(judged, judgment_known_at, NEVER),
        },
    )
    return rows.filter(pa.array(known_at <= last))


def enforcement_table(rng: np.random.Generator, scene: Scene, cases: Cases) -> pa.Table:
    """Return the table `enforcement_records`: entries that follow lost cases."""
    case = np.flatnonzero(_enforced(rng, scene, cases))
    started_on = days_later(rng, cases.closed_on[case] + 30, 60)
    removed_on = days_later(rng, started_on + 30, 400)
    entries = [(case, started_on, removed_on, np.zeros(len(case), dtype=np.int64))]
    for kind, share, mean_days, listed_days in FOLLOWING:
        start = days_later(rng, started_on, mean_days)
        end = removed_on if listed_days is None else start + listed_days
        follows = (rng.random(len(case)) < share) & (start < end)
        entries.append((case[follows], start[follows], end[follows], np.full(follows.sum(), kind)))
    return _record_table(rng, scene, cases, [np.concatenate(values) for values in zip(*entries, strict=True)])


def _enforced(rng: np.random.Generator, scene: Scene, cases: Cases) -> Flags:
    """Draw which lost cases end in enforcement, likelier for the weak and the illiquid."""
    day = np.minimum(cases.closed_on, scene.last_day)
    fin = scene.quality("financial_condition", cases.customer, day)
    chance = logistic(-1.5 + 1.0 * scene.weakness(cases.customer, day) - 0.4 * fin)
    lost = (cases.outcome <= 1) & (cases.role == DEFENDANT)
    return lost & (rng.random(len(chance)) < chance)


def _record_table(rng: np.random.Generator, scene: Scene, cases: Cases, entries: list[Ints]) -> pa.Table:
    """Return the entries (case, start, removal, kind) that we knew of by the end of the data, as a table."""
    case, started_on, _, kind = entries
    order = np.lexsort((kind, started_on, cases.customer[case]))
    case, started_on, removed_on, kind = (values[order] for values in entries)
    customer, last = cases.customer[case], scene.last_day
    known_at = days_later(rng, started_on, 15)
    removal_known_at = np.maximum(days_later(rng, removed_on, 10), known_at)
    removed = removal_known_at <= last
    rows = arrow_table(
        ENFORCEMENT_RECORDS,
        {
            "record_id": event_key("N", scene, customer),
            "customer_id": customer_key(scene.population.number[customer]),
            "record_type": pick(RECORDS, kind),
            "started_on": started_on,
            "amount": np.round(cases.awarded[case], 2),
            "currency": "CNY",
            "known_at": known_at,
            "removed_on": np.where(removed, removed_on, NEVER),
            "removal_known_at": np.where(removed, removal_known_at, NEVER),
        },
    )
    return rows.filter(pa.array(known_at <= last))
