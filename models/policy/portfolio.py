"""What a policy makes of a population: decisions, the rules behind them, and what binds the limits."""

from collections import Counter

import pandas as pd

from models.policy.decision import PATH, SEPARATOR, knock_out_states
from models.policy.limits import CAPS, annual_sales
from models.policy.swap_set import GRANTED
from models.policy.terms import DECISIONS, Policy


def by_decision(applicants: pd.DataFrame, decided: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return one row a decision, from admit to decline: how many, how risky, and what is granted.

    `applicants` as in `decide`, and `label`: 1 default, 0 none, missing where the outcome is not known; `decided` is what
    `decide` said of them. Columns: decision, n, expected_defaults, outcomes (known), bads, requested, annual_sales, limit and
    expected_loss (currency units, 0 where nothing is granted).
    """
    granted = decided["limit"].where(decided["decision"].isin(GRANTED), 0.0).astype(float)
    loss = policy.economics.loss_given_default * policy.economics.exposure_share
    rows = pd.DataFrame(
        {
            "decision": pd.Categorical(decided["decision"], DECISIONS),
            "n": 1,
            "expected_defaults": applicants["pd_12m"],
            "outcomes": applicants["label"].notna().astype(int),
            "bads": applicants["label"].fillna(0).astype(int),
            "requested": applicants["requested_limit"].astype(float).fillna(0),
            "annual_sales": annual_sales(applicants).astype(float).fillna(0),
            "limit": granted,
            "expected_loss": applicants["pd_12m"] * loss * granted,
        }
    )
    return rows.groupby("decision", observed=False).sum().reset_index().astype({"decision": "str"})


def knock_out_hits(applicants: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return one row a knock-out rule: rule, hit, clear, unknown, and of those hit the known outcomes and the bads."""
    states = knock_out_states(applicants, policy)
    return pd.DataFrame([{"rule": rule, **_hits(state, applicants["label"])} for rule, state in states.items()])


def _hits(state: pd.Series, label: pd.Series) -> dict[str, int]:
    hit, clear = state == "hit", state == "clear"
    known = label[hit].dropna()
    unknown = int((~hit & ~clear).sum())
    return {
        "hit": int(hit.sum()),
        "clear": int(clear.sum()),
        "unknown": unknown,
        "outcomes": len(known),
        "bads": int(known.sum()),
    }


def path_counts(decided: pd.DataFrame) -> dict[str, int]:
    """Return in how many decisions each step other than a knock-out stands, those of PATH in its order."""
    found = Counter(step.split(":")[0] for path in decided["decision_path"] for step in path.split(SEPARATOR))
    return {step: found[step] for step in PATH}


def binding_caps(decided: pd.DataFrame) -> dict[str, int]:
    """Return how many of the limits granted each cap sets, those of CAPS in their order."""
    granted = decided.loc[decided["decision"].isin(GRANTED) & (decided["limit"] > 0), "binding_cap"]
    counts = granted.value_counts().to_dict()
    return {cap: int(counts.get(cap, 0)) for cap in CAPS}
