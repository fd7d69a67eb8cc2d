"""The two calculations of a policy against worked examples, and what no cap may ever do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grades import GRADES
from models.policy.cut_offs import appetite_pd, break_even_pd
from models.policy.limits import CAPS, annual_sales, caps, notched, two_digits
from models.policy.terms import Economics
from pipelines.policy import load

BALANCED = load("balanced").policy


def economics(margin: float, budget: float = 0.003) -> Economics:
    return Economics(
        contribution_margin=margin,
        days_sales_outstanding=60,
        funding_rate=0.045,
        capital_charge=0.01,
        handling_cost=20_000,
        loss_given_default=0.45,
        exposure_share=0.9,
        sales_before_default=0.5,
        expected_loss_budget=budget,
    )


@pytest.mark.parametrize(("margin", "expected"), [(0.08, 0.53), (0.015, 0.044)])
def test_twelve_millions_of_sales_break_even_at_the_pd_of_the_worked_example(margin: float, expected: float) -> None:
    found = break_even_pd(12e6, 2.4e6, economics(margin))

    assert found == pytest.approx(expected, abs=0.005)


def test_a_budget_of_three_per_mille_of_sales_ends_at_a_pd_of_3_3_percent() -> None:
    assert appetite_pd(12e6, 2.4e6, economics(0.08)) == pytest.approx(0.0333, abs=0.0001)


def test_a_customer_who_costs_more_than_it_earns_is_not_worth_any_risk() -> None:
    assert break_even_pd(100_000, 10_000, economics(0.08)) == 0


def test_nothing_at_stake_bears_any_pd_and_nothing_to_gain_none() -> None:
    assert appetite_pd([1e6, 0], [0, 0], economics(0.08)).tolist() == [1, 0]
    assert break_even_pd(0, 0, economics(0.08)) == 0


def people(**columns: object) -> pd.DataFrame:
    usual = {
        "pd_12m": 0.01, "requested_limit": 1e9, "requested_terms_days": 60.0, "annual_sales": 12e6,
        "total_equity": 20e6, "cost_of_sales": 100e6,
    }  # fmt: skip
    return pd.DataFrame({**usual, **columns}, index=[0])


def capped(grade: str = "R6", terms: float = 45, **columns: object) -> dict[str, float]:
    rows = people(**columns)
    found = caps(rows, pd.Series([grade]), pd.Series([terms]), BALANCED)
    return {str(name): float(found[name].iloc[0]) for name in found}


def test_every_cap_is_what_its_formula_says() -> None:
    found = capped()

    assert found["requested"] == 1e9
    assert found["need"] == pytest.approx(12e6 / 365 * 60 * 1.1)
    assert found["equity_cap"] == pytest.approx(0.05 * 20e6)
    assert found["sales_cap"] == pytest.approx(0.15 * 100e6 * 45 / 365 * 2)
    assert found["el_cap"] == pytest.approx(0.003 * 12e6 / (0.01 * 0.45))
    assert found["no_statements_cap"] == found["single_name_cap"] == np.inf
    assert list(found) == list(CAPS)


def test_without_statements_a_fixed_amount_stands_for_equity() -> None:
    found = capped(total_equity=np.nan, cost_of_sales=np.nan)

    assert found["no_statements_cap"] == 200_000
    assert found["equity_cap"] == found["sales_cap"] == np.inf


def test_a_company_that_owes_more_than_it_owns_gets_no_credit() -> None:
    assert capped(total_equity=-5e6)["equity_cap"] == 0


def test_unknown_purchases_are_what_the_limit_asked_for_turns_over() -> None:
    rows = people(annual_sales=np.nan, requested_limit=100_000.0, requested_terms_days=50.0)

    assert annual_sales(rows).iloc[0] == pytest.approx(730_000)


@pytest.mark.parametrize(
    ("amount", "round_"),
    [(123_456, 120_000), (99.9, 99), (100, 100), (0.29, 0.29), (7, 7), (0, 0), (-5, 0), (1e9, 1e9)],
)
def test_limits_are_rounded_down_to_two_digits(amount: float, round_: float) -> None:
    assert two_digits(np.array([amount]))[0] == pytest.approx(round_)


@given(st.floats(min_value=0, max_value=1e15, allow_subnormal=False))
def test_rounding_never_exceeds_the_amount_and_loses_less_than_a_tenth(amount: float) -> None:
    rounded = two_digits(np.array([amount]))[0]

    assert rounded <= amount + 1e-6
    assert rounded >= 0.9 * amount or amount < 0.01


def test_a_notch_is_one_grade_and_ends_at_the_worst() -> None:
    grades = pd.Series(["R1", "R9", "R10"])

    assert notched(grades, 1).tolist() == ["R2", "R10", "R10"]
    assert notched(grades, 0).tolist() == grades.tolist()
    assert GRADES[-1] == "R10"
