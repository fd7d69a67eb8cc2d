"""Decisions: every rule alone, the worst of several, and what must hold for any applicant."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.knock_outs import KNOCK_OUTS, READ
from models.grades import GRADES, MasterScale
from models.policy.decision import INPUTS, decide
from models.policy.limits import CAPS, caps
from models.policy.terms import CONDITIONS, DECISIONS, Bands, Policy, Segment
from models.scaling import PointsScale
from pipelines.policy import load

POINTS = PointsScale()
SCALE = MasterScale.from_points(POINTS)
PROFILES = {name: load(name).policy for name in ("conservative", "balanced", "growth")}
BALANCED = PROFILES["balanced"]

SOUND: dict[str, Any] = {
    "application_id": "A1", "customer_id": "C1", "pd_12m": 0.003, "points": 650.0, "challenger_points": np.nan,
    "explained_coverage": 0.9, "out_of_support": False, "is_new_customer": False, "industry": "C", "region": "31",
    "requested_limit": 100_000.0, "requested_terms_days": 60.0, "annual_sales": 2e6, "total_equity": 1e7,
    "cost_of_sales": 5e7, **{rule.id: "clear" for rule in READ},
}  # fmt: skip
"""An applicant without any fault."""


def applicants(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**SOUND, **change} for change in changes])


def decided(policy: Policy = BALANCED, **change: Any) -> dict[str, Any]:
    return decide(applicants(change), policy, SCALE).iloc[0].to_dict()


def test_a_sound_applicant_is_admitted_with_what_it_asked_for() -> None:
    found = decided()

    assert found["decision"] == "admit"
    assert found["decision_path"] == "BAND:R4"
    assert (found["limit"], found["binding_cap"], found["terms_days"]) == (100_000, "requested", 60)
    assert (found["prepayment"], found["conditions"]) == (0, "")


@pytest.mark.parametrize(
    ("grade", "decision"),
    [
        ("R1", "admit"),
        ("R6", "admit"),
        ("R7", "conditional"),
        ("R8", "conditional"),
        ("R9", "manual_review"),
        ("R10", "decline"),
    ],
)
def test_the_balanced_bands_decide_by_grade(grade: str, decision: str) -> None:
    table = SCALE.table().set_index("grade")
    pd_12m = float(min(table.loc[grade, "pd_up_to"], 0.5))

    found = decided(pd_12m=pd_12m, annual_sales=1e9)

    assert found["grade"] == grade
    assert found["decision"] == decision
    assert f"BAND:{grade}" in found["decision_path"]


def test_a_pd_on_the_line_still_belongs_to_the_better_grade() -> None:
    line = SCALE.bounds[5]

    rows = applicants({"pd_12m": line, "annual_sales": 1e9}, {"pd_12m": np.nextafter(line, 1), "annual_sales": 1e9})

    assert decide(rows, BALANCED, SCALE)["decision"].tolist() == ["admit", "conditional"]


@pytest.mark.parametrize("rule", READ, ids=lambda rule: rule.id)
def test_a_knock_out_decides_whatever_the_pd(rule: Any) -> None:
    found = decided(pd_12m=1e-5, **{rule.id: "hit"})

    assert found["decision"] == rule.action
    assert found["decision_path"].split(";")[0] == rule.id
    assert found["limit"] == (0 if rule.action == "decline" else 100_000)


@pytest.mark.parametrize("rule", READ, ids=lambda rule: rule.id)
def test_what_nobody_looked_for_never_passes(rule: Any) -> None:
    found = decided(**{rule.id: "unknown"})

    assert (found["decision"], found["decision_path"]) == ("manual_review", f"{rule.id}:unknown")


@pytest.mark.parametrize("state", [None, np.nan, pd.NA, "", "Hit"])
def test_a_state_that_is_none_of_the_three_counts_as_unknown(state: Any) -> None:
    found = decided(KO1=state)

    assert (found["decision"], found["decision_path"]) == ("manual_review", "KO1:unknown")


@pytest.mark.parametrize("request_", [np.nan, None, 0.0, -1.0, np.inf])
def test_nobody_is_admitted_who_asked_for_no_amount(request_: Any) -> None:
    found = decided(requested_limit=request_)

    assert found["decision"] == "manual_review"
    assert "REQUEST" in found["decision_path"].split(";")
    assert (found["limit"], found["cut_off_pd"]) == (0, 0)


def test_a_request_of_nothing_does_not_save_whom_a_rule_declines() -> None:
    found = decided(requested_limit=np.nan, KO1="hit", pd_12m=0.5)

    assert (found["decision"], found["limit"]) == ("decline", 0)
    assert found["decision_path"].split(";")[0] == "KO1"


def test_an_excluded_customer_is_declined() -> None:
    policy = replace(BALANCED, exclusions=frozenset({"C1"}))

    assert decided(policy)["decision_path"].split(";")[0] == "KO8"
    assert decided(policy)["decision"] == "decline"
    assert decided(policy, customer_id="C2")["decision"] == "admit"


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"explained_coverage": 0.5999}, "MR1"),
        ({"explained_coverage": np.nan}, "MR1"),
        ({"out_of_support": True}, "MR1"),
        ({"out_of_support": None}, "MR1"),
        ({"challenger_points": 589.9}, "MR2"),
        ({"challenger_points": 710.1}, "MR2"),
    ],
)
def test_a_person_looks_at_what_the_model_should_not_decide(change: dict[str, Any], step: str) -> None:
    found = decided(**change)

    assert (found["decision"], found["decision_path"]) == ("manual_review", step)


@pytest.mark.parametrize(
    "change", [{"explained_coverage": 0.6}, {"challenger_points": 590.0}, {"challenger_points": None}]
)
def test_on_the_line_of_a_review_nobody_need_look(change: dict[str, Any]) -> None:
    assert decided(**change)["decision"] == "admit"


def test_a_request_beyond_the_desks_authority_goes_to_a_person() -> None:
    policy = replace(BALANCED, limits=replace(BALANCED.limits, desk_authority=99_999.0))

    assert decided(policy)["decision_path"] == "MR3"


def test_a_request_of_just_the_desks_authority_stays_with_the_desk() -> None:
    policy = replace(BALANCED, limits=replace(BALANCED.limits, desk_authority=100_000.0))

    assert decided(policy)["decision"] == "admit"


def test_a_pd_above_the_appetite_is_reviewed_though_its_grade_would_pass() -> None:
    found = decided(pd_12m=0.015, requested_limit=1e6, annual_sales=1e6)

    assert found["grade"] == "R6"
    assert found["decision_path"] == "CUT_OFF"
    assert found["cut_off_pd"] < 0.015


def test_of_several_findings_the_worst_comes_first() -> None:
    found = decided(pd_12m=0.05, KO1="hit", KO7="hit", explained_coverage=0.1, annual_sales=1e9)

    assert found["decision"] == "decline"
    assert found["decision_path"] == "KO1;KO7;MR1;BAND:R8"


@pytest.mark.parametrize(("asked", "shortened"), [(60.0, True), (30.0, False), (15.0, False), (np.nan, True)])
def test_shorter_terms_are_a_condition_only_where_fewer_days_are_offered_than_asked_for(
    asked: float, shortened: bool
) -> None:
    found = decided(pd_12m=0.021, requested_terms_days=asked, annual_sales=9e6)

    assert found["decision"] == "conditional"
    assert ("shorter_terms" in found["conditions"]) == shortened
    assert "quarterly_review" in found["conditions"]


def test_nobody_is_admitted_with_a_limit_of_nothing() -> None:
    found = decided(total_equity=-5e6)

    assert (found["decision"], found["limit"], found["binding_cap"]) == ("manual_review", 0, "equity_cap")
    assert found["decision_path"] == "LIMIT"


def test_a_conditional_admission_names_its_conditions_from_the_menu() -> None:
    found = decided(pd_12m=0.05, annual_sales=1e9)

    assert found["decision"] == "conditional"
    assert set(found["conditions"].split(";")) <= set(CONDITIONS)
    assert (found["terms_days"], found["prepayment"]) == (15, 0.3)


def test_the_conservative_profile_judges_a_new_customer_one_grade_worse() -> None:
    old, new, unsaid = (decided(PROFILES["conservative"], pd_12m=0.008, annual_sales=1e8, is_new_customer=is_new)
                        for is_new in (False, True, None))  # fmt: skip

    assert (old["decision"], new["decision"], unsaid["decision"]) == ("admit", "conditional", "conditional")
    assert old["grade"] == new["grade"] == "R5"


def test_a_segment_has_its_own_bands_and_cap() -> None:
    strict = Bands(admit_up_to="R2", conditional_up_to="R2", manual_review_up_to="R8")
    policy = replace(BALANCED, segments=(Segment(industry="E", bands=strict), Segment(region="65", pd_cap=0.001)))

    assert decided(policy)["decision"] == "admit"
    assert decided(policy, industry="E")["decision"] == "manual_review"
    assert decided(policy, region="65")["decision_path"] == "CUT_OFF"
    assert decided(policy, industry=None, region=None)["decision"] == "admit"


def test_a_segment_has_its_own_terms_and_nobody_longer_ones_than_it_asked_for() -> None:
    week = dict.fromkeys(GRADES, 0) | {"R4": 7, "R3": 7, "R2": 7, "R1": 7}
    policy = replace(BALANCED, segments=(Segment(region="65", terms_days=week),))

    assert decided(policy)["terms_days"] == 60
    assert decided(policy, region="65")["terms_days"] == 7
    assert decided(policy, region="65", requested_terms_days=3)["terms_days"] == 3


def test_of_several_segments_the_last_counts() -> None:
    policy = replace(BALANCED, segments=(Segment(industry="C", pd_cap=0.001), Segment(region="31", pd_cap=0.5)))

    assert decided(policy)["decision"] == "admit"
    assert decided(policy, region="44")["decision_path"] == "CUT_OFF"


def test_a_pd_on_the_cut_off_is_still_admitted() -> None:
    policy = replace(BALANCED, pd_cap=0.003)

    assert decided(policy, pd_12m=0.003)["decision"] == "admit"
    assert decided(policy, pd_12m=np.nextafter(0.003, 1))["decision_path"] == "CUT_OFF"


@pytest.mark.parametrize(
    ("change", "cap", "limit"),
    [
        ({}, "requested", 100_000),
        ({"requested_limit": 1e8}, "need", 450_000),
        ({"requested_limit": 1e8, "total_equity": 1e6}, "equity_cap", 80_000),
        ({"requested_limit": 1e8, "total_equity": np.nan, "annual_sales": 1e8}, "no_statements_cap", 500_000),
        ({"requested_limit": 1e8, "cost_of_sales": 1e6}, "sales_cap", 49_000),
        ({"cost_of_sales": -666_000.0}, "sales_cap", 0),
        ({"requested_limit": 1e8, "pd_12m": 0.13, "total_equity": 1e12, "requested_terms_days": 90}, "sales_cap", 0),
    ],
)
def test_the_cap_that_binds_is_named(change: dict[str, Any], cap: str, limit: float) -> None:
    found = decided(**change)

    assert (found["binding_cap"], found["limit"]) == (cap, limit)


def test_whoever_states_a_negative_cost_of_sales_goes_to_a_person_instead_of_being_set_aside() -> None:
    found = decided(cost_of_sales=-666_000.0)

    assert (found["decision"], found["decision_path"], found["limit"]) == ("manual_review", "LIMIT", 0)


def test_the_budget_of_loss_and_the_share_of_one_name_bind_where_they_are_least() -> None:
    tight = replace(BALANCED, economics=replace(BALANCED.economics, expected_loss_budget=0.00003))
    small = replace(BALANCED, limits=replace(BALANCED.limits, credit_book=1e6))

    assert (decided(tight)["binding_cap"], decided(tight)["limit"]) == ("el_cap", 44_000)
    assert (decided(small)["binding_cap"], decided(small)["limit"]) == ("single_name_cap", 50_000)


def test_nobody_gets_an_answer_without_the_columns_it_rests_on() -> None:
    with pytest.raises(ValueError, match="decide needs the columns pd_12m, KO1; see"):
        decide(applicants({}).drop(columns=["pd_12m", "KO1"]), BALANCED, SCALE)
    with pytest.raises(ValueError, match="not strictly between 0 and 1"):
        decided(pd_12m=1.0)


def test_of_nobody_nothing_is_decided() -> None:
    found = decide(applicants({}).head(0), BALANCED, SCALE)

    assert len(found) == 0
    assert "decision" in found


def test_rows_keep_their_order_and_index() -> None:
    rows = applicants({"pd_12m": 0.5}, {}).set_axis([7, 3])

    assert decide(rows, BALANCED, SCALE)["decision"].to_dict() == {7: "decline", 3: "admit"}


def test_every_input_is_documented_and_every_rule_is_an_input() -> None:
    assert set(SOUND) == set(INPUTS)
    assert {rule.id for rule in KNOCK_OUTS} - set(INPUTS) == {"KO8"}


pds = st.floats(1e-6, 0.999)
money = st.one_of(st.floats(0, 1e10), st.just(np.nan))
anyone = st.fixed_dictionaries(
    {
        "pd_12m": pds,
        "explained_coverage": st.floats(0, 1),
        "is_new_customer": st.sampled_from([True, False, None]),
        "requested_limit": st.one_of(st.floats(1, 1e9), st.sampled_from([np.nan, 0.0])),
        "requested_terms_days": st.sampled_from([np.nan, 0.0, 15.0, 30.0, 90.0, 360.0]),
        "annual_sales": st.one_of(st.floats(1, 1e10), st.just(np.nan)),
        "total_equity": st.one_of(st.floats(-1e9, 1e10), st.just(np.nan)),
        "cost_of_sales": money,
        "KO1": st.sampled_from(["hit", "clear", "unknown"]),
        "KO9": st.sampled_from(["hit", "clear", "unknown"]),
    }
)
profiles = st.sampled_from(list(PROFILES.values()))


@given(anyone, pds, profiles)
def test_a_higher_pd_never_gets_a_better_decision_a_larger_limit_or_longer_terms(
    who: dict[str, Any], other_pd: float, policy: Policy
) -> None:
    low, high = sorted([who["pd_12m"], other_pd])

    found = decide(applicants({**who, "pd_12m": low}, {**who, "pd_12m": high}), policy, SCALE)

    places = found["decision"].map(DECISIONS.index)
    assert places[0] <= places[1]
    assert found["limit"][0] >= found["limit"][1]
    assert found["terms_days"][0] >= found["terms_days"][1]
    assert found["prepayment"][0] <= found["prepayment"][1]


@given(anyone, profiles)
def test_a_limit_is_never_above_any_cap_nor_what_was_asked_for(who: dict[str, Any], policy: Policy) -> None:
    rows = applicants(who)

    found = decide(rows, policy, SCALE)

    amounts = caps(rows, found["grade"], found["terms_days"].astype(float), policy)
    assert 0 <= found["limit"][0] <= np.nan_to_num(who["requested_limit"])
    if policy.new_customer_notches == 0 and found["limit"][0] > 0:
        assert found["limit"][0] <= amounts.min(axis=1)[0] * (1 + 1e-9)
    assert found["binding_cap"][0] in CAPS


@given(anyone)
def test_conservative_never_admits_what_growth_declines(who: dict[str, Any]) -> None:
    careful, bold = (
        decide(applicants(who), PROFILES[name], SCALE)["decision"][0] for name in ("conservative", "growth")
    )

    assert DECISIONS.index(careful) >= DECISIONS.index(bold)


@given(anyone, profiles)
def test_a_hit_is_never_admitted_and_an_unknown_never_passes(who: dict[str, Any], policy: Policy) -> None:
    found = decide(applicants(who), policy, SCALE)["decision"][0]

    if who["KO1"] == "hit":
        assert found == "decline"
    elif "unknown" in (who["KO1"], who["KO9"]) or who["KO9"] == "hit":
        assert found in ("manual_review", "decline")


@given(anyone, profiles)
def test_without_a_request_nothing_is_granted(who: dict[str, Any], policy: Policy) -> None:
    found = decide(applicants({**who, "requested_limit": np.nan}), policy, SCALE)

    assert found["decision"][0] in ("manual_review", "decline")
    assert found["limit"][0] == 0
