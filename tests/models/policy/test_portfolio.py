"""What a policy makes of a population: sums that add up, rules counted, and cut-offs that let in more and more."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_decision import BALANCED, SCALE, applicants

from models.policy.cut_off_curve import cut_off_curve
from models.policy.cut_offs import break_even_pd, expected_profit
from models.policy.decision import decide
from models.policy.portfolio import binding_caps, by_decision, knock_out_hits, path_counts

FOUR: tuple[dict[str, Any], ...] = (
    {"customer_id": "good", "pd_12m": 0.003, "label": 0.0},
    {"customer_id": "listed", "pd_12m": 0.003, "label": 1.0, "KO1": "hit"},
    {"customer_id": "unsearched", "pd_12m": 0.01, "label": np.nan, "KO1": "unknown", "KO6": "unknown"},
    {"customer_id": "risky", "pd_12m": 0.5, "label": 1.0},
)


@pytest.fixture
def people() -> pd.DataFrame:
    return applicants(*FOUR)


def test_every_applicant_stands_under_one_decision_and_only_the_admitted_are_granted_limits(
    people: pd.DataFrame,
) -> None:
    found = by_decision(people, decide(people, BALANCED, SCALE), BALANCED).set_index("decision")

    assert found["n"].to_dict() == {"admit": 1, "conditional": 0, "manual_review": 1, "decline": 2}
    assert found["bads"].to_dict() == {"admit": 0, "conditional": 0, "manual_review": 0, "decline": 2}
    assert found["outcomes"].to_dict() == {"admit": 1, "conditional": 0, "manual_review": 0, "decline": 2}
    assert found["limit"].to_dict() == {"admit": 100_000, "conditional": 0, "manual_review": 0, "decline": 0}
    assert found.loc["admit", "expected_loss"] == pytest.approx(0.003 * 0.45 * 0.9 * 100_000)
    assert found.loc["decline", "expected_defaults"] == pytest.approx(0.503)


def test_of_each_knock_out_hits_unknowns_and_the_outcomes_of_those_hit_are_counted(people: pd.DataFrame) -> None:
    found = knock_out_hits(people, BALANCED).set_index("rule")

    assert found.loc["KO1"].to_dict() == {"hit": 1, "clear": 2, "unknown": 1, "outcomes": 1, "bads": 1}
    assert found.loc["KO6"].to_dict() == {"hit": 0, "clear": 3, "unknown": 1, "outcomes": 0, "bads": 0}
    assert found.loc["KO8", "clear"] == 4


def test_steps_of_the_path_and_binding_caps_are_counted_where_they_decide(people: pd.DataFrame) -> None:
    said = decide(people, BALANCED, SCALE)

    assert path_counts(said)["CUT_OFF"] == 1
    assert path_counts(said)["MR2"] == 0
    assert binding_caps(said) == {**dict.fromkeys(binding_caps(said), 0), "requested": 1}


def test_the_profit_is_nothing_at_the_break_even_pd_and_falls_with_it() -> None:
    economics = BALANCED.economics
    pd_at = break_even_pd(12e6, 2.4e6, economics)

    assert expected_profit(pd_at, 12e6, 2.4e6, economics) == pytest.approx(0, abs=1e-6)
    assert expected_profit(0.01, 12e6, 2.4e6, economics) > expected_profit(0.02, 12e6, 2.4e6, economics)
    assert expected_profit(0.0, 12e6, 2.4e6, economics) == pytest.approx(12e6 * (0.08 - 0.055 * 60 / 365) - 20_000)


def test_the_curve_lets_in_everybody_whose_pd_reaches_the_bound_and_no_other() -> None:
    bound = SCALE.bounds[5]
    rows = cut_off_curve(
        applicants(*({"pd_12m": p, "label": 0.0} for p in (bound, np.nextafter(bound, 1)))), BALANCED, SCALE
    )

    n = rows.set_index("grade")["n"]
    assert n["R5"] == 0
    assert n["R6"] == 1
    assert n["R10"] == 2


def test_half_grades_lie_between_the_grades_in_log_odds() -> None:
    rows = cut_off_curve(applicants({"label": 0.0}), BALANCED, SCALE)

    odds = np.log(rows["pd_up_to"][:-1] / (1 - rows["pd_up_to"][:-1]))
    assert rows["grade"].dropna().tolist() == [f"R{k}" for k in range(1, 11)]
    assert np.diff(odds) == pytest.approx(np.log(2) / 2)


def test_nobody_at_all_gives_a_curve_of_nothing() -> None:
    rows = cut_off_curve(applicants({"label": 0.0}).head(0), BALANCED, SCALE)

    assert rows["n"].sum() == 0
    assert rows["approval_rate"].sum() == 0
    assert rows["mean_pd"].isna().all()


def test_a_request_without_an_amount_is_counted_but_adds_no_money() -> None:
    rows = cut_off_curve(
        applicants({"requested_limit": np.nan, "annual_sales": np.nan, "label": 1.0}), BALANCED, SCALE
    ).iloc[-1]

    assert (rows["n"], rows["bads"], rows["expected_loss"], rows["expected_profit"]) == (1, 1, 0, 0)


@given(st.lists(st.tuples(st.floats(1e-6, 0.999), st.sampled_from([0.0, 1.0, np.nan])), min_size=1, max_size=30))
def test_a_more_lenient_cut_off_never_lets_in_fewer_nor_loses_less(people: list[tuple[float, float]]) -> None:
    rows = cut_off_curve(applicants(*({"pd_12m": p, "label": y} for p, y in people)), BALANCED, SCALE)

    for column in ("pd_up_to", "n", "outcomes", "bads", "expected_loss"):
        assert rows[column].is_monotonic_increasing
    assert rows["n"].iloc[-1] == len(people)
    assert rows["mean_pd"].dropna().le(rows["pd_up_to"][rows["mean_pd"].notna()]).all()
    assert rows["mean_pd"].iloc[-1] == pytest.approx(np.mean([p for p, _ in people]))
