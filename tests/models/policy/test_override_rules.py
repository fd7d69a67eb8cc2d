"""Who may decide against the policy, and what the log says of it."""

from dataclasses import replace

import pandas as pd
import pytest

from models.policy.overrides import REASONS, Override, objections, review

LENIENT = Override(
    application_id="A1",
    original_decision="manual_review",
    final_decision="admit",
    original_limit=50_000,
    final_limit=50_000,
    decision_path="MR1",
    reason="collateral",
    text="抵押登记已完成",
    author="analyst 7",
    role="analyst",
    second_approver="head 2",
    decided_on="2026-03-01",
    expires_on="2026-09-01",
    policy_version="2026-01",
)


def test_a_reasoned_override_of_two_persons_stands() -> None:
    assert objections(LENIENT, None) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"second_approver": None}, "needs a second approver"),
        ({"second_approver": "analyst 7 "}, "must be another person"),
        ({"second_approver": " ANALYST 7 "}, "must be another person"),
        ({"decision_path": "KO1;MR1"}, "KO1 may be overridden by nobody"),
        ({"decision_path": "KO1:unknown"}, "KO1:unknown may be overridden by nobody; have its source searched"),
        (
            {"decision_path": "KO3:unknown", "role": "head_of_credit"},
            "KO3:unknown may be overridden by the risk committee",
        ),
        ({"final_decision": "decline"}, "final_limit is 50000; whoever is declined gets 0"),
        ({"decision_path": "KO6"}, "KO6 may be overridden by the head of credit only, the author is analyst"),
        ({"decision_path": "KO3", "role": "head_of_credit"}, "KO3 may be overridden by the risk committee only"),
        ({"reason": "friendship"}, "reason is 'friendship'; expected one of new_information"),
        ({"role": "chef"}, "role is 'chef'"),
        ({"final_decision": "yes"}, "final_decision is 'yes'"),
        ({"text": "  "}, "text is empty"),
        ({"expires_on": "2026-03-01"}, "expires on or before"),
        ({"final_limit": -1}, "final_limit is -1"),
        ({"final_limit": float("nan")}, "final_limit is nan"),
        ({"final_limit": float("inf")}, "final_limit is inf"),
        ({"final_limit": 1.1e15}, "final_limit is 1100000000000000.0; expected an amount from 0 to 1e+15"),
        ({"final_decision": "manual_review"}, "changes neither decision nor limit"),
    ],
)
def test_an_override_that_may_not_stand_is_told_why(change: dict[str, object], words: str) -> None:
    assert words in "\n".join(objections(replace(LENIENT, **change), None))


@pytest.mark.parametrize(
    ("rule", "role"),
    [
        ("KO3", "risk_committee"),
        ("KO6", "risk_committee"),
        ("KO7", "head_of_credit"),
        ("KO7:unknown;MR1", "head_of_credit"),
        ("BAND:R9", "analyst"),
    ],
)
def test_a_knock_out_is_lifted_by_whom_the_rule_names_or_above(rule: str, role: str) -> None:
    assert objections(replace(LENIENT, decision_path=rule, role=role), None) == []


def test_being_stricter_needs_no_second_person_and_no_authority() -> None:
    strict = replace(
        LENIENT, original_decision="manual_review", final_decision="decline", final_limit=0, second_approver=None,
        decision_path="KO7",
    )  # fmt: skip

    assert not strict.is_lenient
    assert objections(strict, None) == []


def test_a_larger_limit_is_lenient_though_the_decision_stays() -> None:
    assert replace(LENIENT, final_decision="manual_review", final_limit=50_001).is_lenient


def test_a_limit_beyond_the_desk_needs_a_second_person_even_if_the_policy_gave_it() -> None:
    strict = replace(LENIENT, original_decision="admit", final_decision="conditional", second_approver=None)

    assert objections(strict, 50_000) == []
    assert objections(strict, 49_999) == ["it grants more than the policy and needs a second approver"]


DAY = "2026-08-31"


def outcomes(n: int = 4) -> pd.DataFrame:
    """What the policy decided of A1, A2, ..., and how the first two turned out."""
    rows = {
        "application_id": [f"A{k + 1}" for k in range(n)],
        "decision": ["manual_review", "admit", "admit", "decline", *["admit"] * n][:n],
        "defaulted": [1, 0, *[None] * n][:n],
    }
    return pd.DataFrame(rows)


def test_granted_overrides_are_held_against_what_the_policy_admitted() -> None:
    found = review([LENIENT], outcomes(), DAY)

    assert found["default_rate_granted"]["rate"] == 1
    assert (found["default_rate_policy"]["n"], found["default_rate_policy"]["rate"]) == (1, 0)
    assert found["without_second_approver"] == 0
    assert found["by_reason"] == {reason: int(reason == "collateral") for reason in REASONS}


def test_whom_a_person_declined_is_no_admission_of_the_policy() -> None:
    strict = replace(LENIENT, application_id="A2", original_decision="admit", final_decision="decline", final_limit=0)

    assert review([strict], outcomes(), DAY)["default_rate_policy"] is None


@pytest.mark.parametrize(
    ("decisions", "verdict"), [(4, "red"), (5, "amber"), (9, "amber"), (10, "green"), (11, "green")]
)
def test_too_many_overrides_put_the_policy_in_question(decisions: int, verdict: str) -> None:
    assert review([LENIENT], outcomes(decisions), DAY)["verdict"] == verdict


def test_overrides_of_applications_decided_elsewhere_enter_no_rate() -> None:
    found = review([LENIENT, replace(LENIENT, application_id="Z9")], outcomes(), DAY)

    assert (found["overrides"], found["of_other_applications"], found["rate"]) == (1, 1, 0.25)


def test_of_two_overrides_of_one_application_the_last_counts() -> None:
    back = replace(LENIENT, final_decision="decline", final_limit=0)

    found = review([LENIENT, back], outcomes(), DAY)

    assert (found["overrides"], found["superseded"], found["strict"]) == (1, 1, 1)
    assert found["default_rate_granted"] is None


@pytest.mark.parametrize(("day", "expired"), [("2026-09-01", 0), ("2026-09-02", 1)])
def test_an_override_holds_through_its_last_day(day: str, expired: int) -> None:
    assert review([LENIENT], outcomes(), day)["expired"] == expired


def test_a_log_that_holds_a_grant_of_one_person_says_so() -> None:
    assert review([replace(LENIENT, second_approver=None)], outcomes(), DAY)["without_second_approver"] == 1


def test_without_decisions_nothing_is_in_question() -> None:
    found = review([LENIENT], outcomes().head(0), DAY)

    assert (found["rate"], found["verdict"], found["of_other_applications"]) == (0, "green", 1)


def test_a_log_without_outcomes_has_no_rates() -> None:
    found = review([], outcomes().assign(defaulted=None), DAY)

    assert found["default_rate_granted"] is None
    assert found["default_rate_policy"] is None
