"""Overrides: what a person may decide against the policy, who must agree, and how it turned out.

Overrides never enter training labels. They are watched: too many of them, or a default rate among the granted ones above
that of the customers the policy admitted, say that the policy or the judgement is wrong (EBA/GL/2020/06, 4.3.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from features.knock_outs import KNOCK_OUTS, Authority
from models.metrics.intervals import jeffreys_interval
from models.policy.decision import SEPARATOR, UNKNOWN
from models.policy.swap_set import GRANTED
from models.policy.terms import DECISIONS

REASONS: Mapping[str, tuple[str, str]] = {
    "new_information": ("information that the model did not have", "模型未掌握的新信息"),
    "group_support": ("support of the group", "集团支持"),
    "collateral": ("collateral or guarantee", "抵押或担保"),
    "strategic_customer": ("strategic customer", "战略客户"),
    "data_error": ("error in the data", "数据错误"),
    "other": ("other, told in the text", "其他（见说明）"),
}
"""Reason codes with their meaning in both languages."""

ROLES: tuple[str, ...] = ("analyst", "head_of_credit", "risk_committee")
"""Who decides, from least to most authority."""

AMBER_RATE, RED_RATE = 0.10, 0.20
"""Share of decisions overridden from which the policy itself is in question."""

LEVEL = 0.95

LARGEST_LIMIT = 1e15
"""Currency units; a limit beyond it is a slip of the keyboard."""


@dataclass(frozen=True, kw_only=True)
class Override:
    """One decision against the policy, as written in the log; dates are ISO days, amounts currency units."""

    application_id: str
    original_decision: str
    final_decision: str
    original_limit: float
    final_limit: float
    decision_path: str
    reason: str
    text: str
    author: str
    role: str
    second_approver: str | None
    decided_on: str
    expires_on: str
    policy_version: str

    @property
    def is_lenient(self) -> bool:
        """Whether the person grants more than the policy: a better decision, or a larger limit."""
        better = DECISIONS.index(self.final_decision) < DECISIONS.index(self.original_decision)
        return better or self.final_limit > self.original_limit


def objections(override: Override, desk_authority: float | None) -> list[str]:
    """Return why an override may not stand, in sentences; nothing if it may.

    More than the policy grants needs a second person, and so does a limit above the desk's authority. A knock-out may be
    lifted only by who the rule names, and so may one that nobody searched for: else not looking would be a way round it.
    """
    found = [*_wrong_words(override)]
    if found:
        return found
    beyond = desk_authority is not None and override.final_limit > desk_authority
    if (override.is_lenient or beyond) and not override.second_approver:
        found.append("it grants more than the policy and needs a second approver")
    if override.second_approver and _person(override.second_approver) == _person(override.author):
        found.append("the second approver must be another person than the author")
    if override.is_lenient:
        found += [_lifted(step, needed, override.role) for step, needed in _authorities(override.decision_path)]
    return [sentence for sentence in found if sentence]


def _person(name: str) -> str:
    """Return a name as it is compared: blanks at its ends and capitals make nobody another person."""
    return name.strip().casefold()


def _wrong_words(override: Override) -> list[str]:
    named = {
        "original_decision": DECISIONS,
        "final_decision": DECISIONS,
        "reason": tuple(REASONS),
        "role": ROLES,
    }
    wrong = [
        f"{field} is {getattr(override, field)!r}; expected one of {', '.join(allowed)}"
        for field, allowed in named.items()
        if getattr(override, field) not in allowed
    ]
    blank = [
        f"{field} is empty" for field in ("application_id", "author", "text") if not getattr(override, field).strip()
    ]
    order = [] if override.expires_on > override.decided_on else ["it expires on or before the day it was decided"]
    limits = [
        f"{field} is {getattr(override, field)}; expected an amount from 0 to {LARGEST_LIMIT:g}"
        for field in ("original_limit", "final_limit")
        if not 0 <= getattr(override, field) <= LARGEST_LIMIT
    ]
    if override.final_decision == "decline" and override.final_limit > 0:
        limits.append(f"final_limit is {override.final_limit}; whoever is declined gets 0")
    same = override.original_decision == override.final_decision and override.original_limit == override.final_limit
    return [*wrong, *blank, *order, *limits, *(["it changes neither decision nor limit"] if same else [])]


def _authorities(decision_path: str) -> list[tuple[str, Authority]]:
    authority = {rule.id: rule.overridden_by for rule in KNOCK_OUTS}
    steps = decision_path.split(SEPARATOR)
    return [(step, authority[rule]) for step in steps if (rule := step.removesuffix(UNKNOWN)) in authority]


def _lifted(step: str, needed: Authority, role: str) -> str:
    if needed == "nobody":
        searched = "; have its source searched, enter it in source_checks and score again"
        return f"{step} may be overridden by nobody" + (searched if step.endswith(UNKNOWN) else "")
    if ROLES.index(role) < ROLES.index(needed):
        return (
            f"{step} may be overridden by the {needed.replace('_', ' ')} only, the author is {role.replace('_', ' ')}"
        )
    return ""


def review(overrides: Sequence[Override], decided: pd.DataFrame, on: str) -> dict[str, object]:
    """Return what the log says, on an ISO day, of the policy and of the judgement.

    `decided` has one row for each application that the policy decided: application_id, decision (the policy's) and defaulted
    (0, 1, or missing while unknown). Of several overrides of one application the last counts, and those of applications
    decided elsewhere do not enter a rate. Rates are shares, those of defaults with their 95 % Jeffreys interval, None where
    nobody's outcome is known. `verdict` is that of the override rate; `without_second_approver` counts the whole log and must
    be 0.
    """
    here = set(decided["application_id"])
    last = {o.application_id: o for o in overrides if o.application_id in here}
    lenient = [o for o in last.values() if o.is_lenient]
    rate = len(last) / len(here) if here else 0.0
    granted = decided["application_id"].isin({o.application_id for o in lenient if o.final_decision in GRANTED})
    by_policy = decided["decision"].isin(GRANTED) & ~decided["application_id"].isin(set(last))
    return {
        "decisions": len(here),
        "overrides": len(last),
        "lenient": len(lenient),
        "strict": len(last) - len(lenient),
        "rate": rate,
        "verdict": "red" if rate > RED_RATE else "amber" if rate > AMBER_RATE else "green",
        "expired": sum(o.expires_on < on for o in last.values()),
        "superseded": sum(o.application_id in here for o in overrides) - len(last),
        "of_other_applications": sum(o.application_id not in here for o in overrides),
        "without_second_approver": sum(o.is_lenient and not o.second_approver for o in overrides),
        "by_reason": {reason: sum(o.reason == reason for o in last.values()) for reason in REASONS},
        "default_rate_granted": _rate(decided[granted]),
        "default_rate_policy": _rate(decided[by_policy]),
    }


def _rate(outcomes: pd.DataFrame) -> dict[str, float | int] | None:
    known = outcomes["defaulted"].dropna()
    if not len(known):
        return None
    bads = int(known.sum())
    low, high = jeffreys_interval([bads], [len(known)], LEVEL)
    return {"n": len(known), "defaults": bads, "rate": bads / len(known), "low": float(low[0]), "high": float(high[0])}
