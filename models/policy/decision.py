"""The decision: knock-outs, reviews, cut-offs and bands, the worst of them; then limit, terms and conditions.

An applicant whose PD is higher, other things equal, never gets a better decision, a larger limit or longer terms.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.knock_outs import KNOCK_OUTS, READ
from models.grades import GRADES, MasterScale
from models.policy.cut_offs import appetite_pd, break_even_pd
from models.policy.limits import annual_sales, by_grade, caps, notched, two_digits
from models.policy.terms import DECISIONS, Bands, Policy, Segment

Places = NDArray[np.int64]

INPUTS: Mapping[str, str] = {
    "application_id": "the application",
    "customer_id": "the customer",
    "pd_12m": "calibrated PD, strictly between 0 and 1",
    "points": "unrounded points",
    "challenger_points": "points of the challenger scorecard, missing without one",
    "explained_coverage": "share of the model's importance carried by known values, 0 to 1",
    "out_of_support": "whether the applicant is unlike all that were admitted before; missing counts as unlike",
    "is_new_customer": "whether we have no ledger of it; missing counts as new",
    "industry": "section letter of GB/T 4754",
    "region": "two digits of GB/T 2260",
    "requested_limit": "currency units; missing or not above 0: nobody knows what was asked for, and a person must look",
    "requested_terms_days": "days, missing if not asked for",
    "annual_sales": "a year's expected credit sales in currency units, missing: from the request",
    "total_equity": "of the latest statement in currency units, missing without one",
    "cost_of_sales": "of the latest statement in currency units, missing without one",
    **{rule.id: "hit, clear or unknown; anything else counts as unknown" for rule in READ},
}
"""The columns that `decide` reads."""

PATH = {
    "MR1": ("too little is known, or unlike all admitted before", "资料覆盖不足或超出样本范围"),
    "MR2": ("model and challenger scorecard disagree", "模型与对照评分卡分歧较大"),
    "MR3": ("the requested limit exceeds the desk's authority", "申请额度超出审批权限"),
    "REQUEST": ("no amount above 0 was asked for", "未提出大于零的申请额度"),
    "CUT_OFF": ("PD above the cut-off for what was asked for", "违约概率高于申请额度对应的准入线"),
    "LIMIT": ("the caps leave no limit to grant", "各项约束之下无可授额度"),
    "BAND": ("the grade's band", "等级区间"),
}
"""The steps of a decision's path beside the knock-outs, in both languages."""

UNKNOWN = ":unknown"
"""Follows the number of a knock-out in the path where nobody searched: what is not known is not a hit."""

ADMIT, CONDITIONAL, REVIEW, DECLINE = range(len(DECISIONS))
SEPARATOR = ";"


def decide(applicants: pd.DataFrame, policy: Policy, scale: MasterScale) -> pd.DataFrame:
    """Return the policy's answer for every applicant, rows as given.

    Columns: `grade` (of the PD), `decision`, `decision_path` (what led to it, most severe first, separated by ";"),
    `cut_off_pd`, `limit` (currency units, 0 if declined), `terms_days`, `prepayment` (share of the invoice), `conditions`
    (keys separated by ";"), `binding_cap` (of the limit). Raises ValueError for missing columns or PDs outside (0, 1).
    """
    absent = [name for name in INPUTS if name not in applicants]
    if absent:
        raise ValueError(f"decide needs the columns {', '.join(absent)}; see models.policy.decision.INPUTS")
    grade = pd.Series(scale.grade(applicants["pd_12m"]), index=applicants.index)
    new = applicants["is_new_customer"].astype("boolean").fillna(True).to_numpy(bool)
    judged = notched(grade, pd.Series(np.where(new, policy.new_customer_notches, 0), index=applicants.index))
    asked = _is_amount(applicants["requested_limit"])
    cut_off = np.where(asked, _cut_off(applicants, policy), 0.0)
    steps = {**_knock_outs(applicants, policy), **_reviews(applicants, policy)}
    steps["REQUEST"] = np.where(asked, ADMIT, REVIEW)
    steps["CUT_OFF"] = np.where(applicants["pd_12m"] > cut_off, REVIEW, ADMIT)
    terms = _terms_days(judged, applicants, policy)
    amounts = caps(applicants, judged, terms, policy)
    binding = amounts.to_numpy().argmin(axis=1) if len(amounts) else np.empty(0, dtype=int)
    limit = np.where(asked, two_digits(amounts.min(axis=1).to_numpy(float)), 0.0)
    steps["LIMIT"] = np.where(asked & (limit == 0), REVIEW, ADMIT)
    steps["BAND"] = _band(judged, applicants, policy)
    worst = np.max(list(steps.values()), axis=0, initial=ADMIT)
    is_shorter = ~(applicants["requested_terms_days"].astype(float) <= terms)
    return pd.DataFrame(
        {
            "grade": grade,
            "decision": np.array(DECISIONS, dtype=object)[worst],
            "decision_path": _path(steps, judged),
            "cut_off_pd": cut_off,
            "limit": np.where(worst != DECLINE, limit, 0.0),
            "terms_days": terms.astype("int64"),
            "prepayment": by_grade(policy.prepayment, judged),
            "conditions": np.where(worst == CONDITIONAL, _conditions(judged, is_shorter.to_numpy(bool), policy), ""),
            "binding_cap": amounts.columns.to_numpy(object)[binding],
        },
        index=applicants.index,
    )


def knock_out_states(applicants: pd.DataFrame, policy: Policy) -> dict[str, pd.Series]:
    """Return the state of each rule by its number: those that tables decide as given, the policy's own list looked up."""
    excluded = applicants["customer_id"].isin(policy.exclusions).map({True: "hit", False: "clear"})
    return {rule.id: applicants[rule.id] if rule.evidence else excluded for rule in KNOCK_OUTS}


def _is_amount(limit: pd.Series) -> NDArray[np.bool_]:
    amount = limit.to_numpy(np.float64, na_value=np.nan)
    return np.isfinite(amount) & (amount > 0)


def _knock_outs(applicants: pd.DataFrame, policy: Policy) -> dict[str, Places]:
    """Return the decision that each rule leaves, in steps of its own: the rule's on a hit, a review where nobody looked."""
    found = {}
    for rule, state in zip(KNOCK_OUTS, knock_out_states(applicants, policy).values(), strict=True):
        found[rule.id] = np.where(state == "hit", DECLINE if rule.action == "decline" else REVIEW, ADMIT)
        found[rule.id + UNKNOWN] = np.where(state.isin(["hit", "clear"]), ADMIT, REVIEW)
    return found


def _reviews(applicants: pd.DataFrame, policy: Policy) -> dict[str, Places]:
    review = policy.review
    # Not "below": what is not a number is not enough.
    thin = ~(applicants["explained_coverage"] >= review.explained_coverage_at_least)
    gap = (applicants["points"] - applicants["challenger_points"].astype(float)).abs()
    authority = np.inf if policy.limits.desk_authority is None else policy.limits.desk_authority
    flags = {
        "MR1": thin | applicants["out_of_support"].astype("boolean").fillna(True).astype(bool),
        "MR2": gap > review.challenger_gap_points,
        "MR3": applicants["requested_limit"] > authority,
    }
    return {name: np.where(flag, REVIEW, ADMIT) for name, flag in flags.items()}


def _cut_off(applicants: pd.DataFrame, policy: Policy) -> NDArray[np.float64]:
    """Return the highest PD that may be admitted: break-even, appetite or cap, whichever is least."""
    exposure = policy.economics.exposure_share * applicants["requested_limit"].astype(float)
    sales = annual_sales(applicants)
    worth = break_even_pd(sales, exposure, policy.economics)
    bearable = appetite_pd(sales, exposure, policy.economics)
    cap = np.full(len(applicants), 1.0 if policy.pd_cap is None else policy.pd_cap)
    for segment in policy.segments:
        if segment.pd_cap is not None:
            cap[_belongs(applicants, segment)] = segment.pd_cap
    return np.minimum(np.minimum(worth, bearable), cap)


def _band(grade: pd.Series, applicants: pd.DataFrame, policy: Policy) -> Places:
    """Return the decision of each grade's band, a segment's own where there is one; of several the last counts."""
    found = np.array(grade.map(_places(policy.bands)), dtype=np.int64)
    for segment in policy.segments:
        if segment.bands is not None:
            own, here = grade.map(_places(segment.bands)).to_numpy(int), _belongs(applicants, segment)
            found[here] = own[here]
    return found


def _places(bands: Bands) -> dict[str, int]:
    ends = [GRADES.index(g) for g in (bands.admit_up_to, bands.conditional_up_to, bands.manual_review_up_to)]
    return {grade: int(np.searchsorted(ends, place)) for place, grade in enumerate(GRADES)}


def _belongs(applicants: pd.DataFrame, segment: Segment) -> NDArray[np.bool_]:
    """Return which applicants a segment is for; what it does not name may be anything."""
    here = np.ones(len(applicants), dtype=np.bool_)
    for column, wanted in (("industry", segment.industry), ("region", segment.region)):
        if wanted is not None:
            here &= (applicants[column] == wanted).to_numpy(bool)
    return here


def _terms_days(grade: pd.Series, applicants: pd.DataFrame, policy: Policy) -> pd.Series:
    offered = by_grade(policy.terms_days, grade)
    for segment in policy.segments:
        if segment.terms_days is not None:
            offered = offered.mask(_belongs(applicants, segment), by_grade(segment.terms_days, grade))
    asked = applicants["requested_terms_days"].astype(float)
    return offered.where(asked.isna() | (offered <= asked), asked)


def _conditions(grade: pd.Series, is_shorter: NDArray[np.bool_], policy: Policy) -> NDArray[np.object_]:
    """Return the conditions of each grade; shorter terms are one only where fewer days are offered than were asked for."""
    of_grade = [policy.conditions.get(g, ()) for g in GRADES]
    same = [SEPARATOR.join(c for c in conditions if c != "shorter_terms") for conditions in of_grade]
    named = np.array([same, [SEPARATOR.join(conditions) for conditions in of_grade]], dtype=object)
    return named[is_shorter.astype(int), grade.cat.codes]


def _path(steps: Mapping[str, Places], grade: pd.Series) -> NDArray[np.object_]:
    """Return what led away from plain admission, most severe first; the band alone where nothing did.

    Many applicants share few paths: each is written once, found by a number with a digit of base four a step. Sixty-four bits
    hold 29 steps.
    """
    place = grade.cat.codes.to_numpy(np.int64)
    key = place
    for places in steps.values():
        key = key * len(DECISIONS) + places
    _, first, shared = np.unique(key, return_index=True, return_inverse=True)
    of_row = [_one_path({name: places[row] for name, places in steps.items()}, GRADES[place[row]]) for row in first]
    return np.array(of_row, dtype=object)[shared]


def _one_path(steps: Mapping[str, int], grade: str) -> str:
    said = {name: f"{name}:{grade}" if name == "BAND" else name for name in steps}
    order = (DECLINE, REVIEW, CONDITIONAL)
    led = [said[name] for severity in order for name, place in steps.items() if place == severity]
    return SEPARATOR.join(led or [said["BAND"]])
