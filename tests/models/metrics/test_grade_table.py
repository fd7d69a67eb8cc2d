from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from models.metrics.checks import NotEstimable
from models.metrics.grades import grade_table, jeffreys_p, rank_inversions, too_high_verdicts, too_low_verdicts
from models.metrics.intervals import jeffreys_interval

SCALE = ["R1", "R2", "R3"]
COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=3, max_size=3)


def table_of(goods_and_bads: list[tuple[int, int]], pds: list[float]) -> pd.DataFrame:
    """The table of a portfolio given by its goods and bads in each grade of SCALE, and each grade's one PD."""
    sizes = [goods + bads for goods, bads in goods_and_bads]
    defaulted = np.concatenate([np.repeat([0, 1], pair) for pair in goods_and_bads])
    return grade_table(np.repeat(SCALE, sizes), defaulted, np.repeat(pds, sizes), SCALE)


def test_the_table_has_a_row_a_grade_from_safest_to_riskiest() -> None:
    grade = ["R3", "R1", "R3", "R1", "R1"]

    table = grade_table(grade, [1, 0, 0, 0, 0], [0.3, 0.01, 0.2, 0.02, 0.03], SCALE)

    assert table.columns.tolist() == (
        ["grade", "n", "share", "bads", "mean_pd", "default_rate", "low", "high", "jeffreys_p", "verdict"]
    )
    assert table["grade"].tolist() == SCALE
    assert table["n"].tolist() == [3, 0, 2]
    assert table["share"].tolist() == [0.6, 0, 0.4]
    assert table["bads"].tolist() == [0, 0, 1]
    assert table["mean_pd"].tolist() == pytest.approx([0.02, np.nan, 0.25], nan_ok=True)
    assert table["default_rate"].tolist() == pytest.approx([0, np.nan, 0.5], nan_ok=True)


def test_an_empty_grade_shows_no_figures_and_no_verdict() -> None:
    empty = table_of([(50, 1), (0, 0), (20, 5)], [0.01, 0.03, 0.2]).iloc[1]

    assert empty["verdict"] == "not enough data"
    assert empty[["mean_pd", "default_rate", "low", "high", "jeffreys_p"]].isna().all()


def test_a_grade_is_judged_by_how_far_its_defaults_exceed_its_pd() -> None:
    # 1000 customers at PD 5%: 50 bads expected, standard deviation about 7.
    verdicts = [table_of([(1000 - bads, bads), (0, 0), (0, 0)], [0.05] * 3)["verdict"][0] for bads in (0, 50, 64, 70)]

    assert verdicts == ["green", "green", "amber", "red"]


def test_a_grade_too_small_to_notice_doubled_odds_is_not_called_green() -> None:
    # At PD 1% the odds double at 1.98%: the test would notice 7.9 bads of 400 (p = 0.035), not 4.0 of 200 (p = 0.091).
    small, large = (table_of([(n, 0), (0, 0), (0, 0)], [0.01] * 3)["verdict"][0] for n in (200, 400))

    assert (small, large) == ("not enough data", "green")


def test_defaults_that_the_pd_all_but_excludes_are_red_however_few_the_customers() -> None:
    assert table_of([(8, 2), (0, 0), (0, 0)], [0.001] * 3)["verdict"][0] == "red"


def test_the_jeffreys_p_is_the_posterior_chance_that_the_pd_is_not_too_low() -> None:
    def density(rate: float) -> float:
        return rate**6.5 * (1 - rate) ** 92.5

    below, total = quad(density, 0, 0.04)[0], quad(density, 0, 1)[0]

    assert jeffreys_p(7, 100, 0.04) == pytest.approx(below / total, rel=1e-6)


@given(st.integers(0, 200), st.integers(1, 200), st.floats(0.001, 0.999))
def test_the_90_percent_interval_and_the_5_percent_test_say_the_same(bads: int, goods: int, pd_12m: float) -> None:
    low, _ = jeffreys_interval(bads, bads + goods)
    p = float(jeffreys_p(bads, bads + goods, pd_12m))

    if bads > 0 and abs(p - 0.05) > 1e-9:
        assert (pd_12m < low) == (p < 0.05)


@given(COUNTS)
def test_every_customer_is_counted_in_one_grade(goods_and_bads: list[tuple[int, int]]) -> None:
    n = int(np.sum(goods_and_bads))
    if n == 0:
        with pytest.raises(NotEstimable, match="grade table needs at least one row"):
            table_of(goods_and_bads, [0.01, 0.05, 0.2])
        return

    table = table_of(goods_and_bads, [0.01, 0.05, 0.2])

    assert table["n"].tolist() == [sum(pair) for pair in goods_and_bads]
    assert table["bads"].tolist() == [bads for _, bads in goods_and_bads]
    assert table["share"].sum() == pytest.approx(1)


def test_a_grade_the_scale_does_not_know_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"1 of 2 grades are not on the scale; the first is 'R9' at row 1\. .*R1, R2, R3"
    ):
        grade_table(["R1", "R9"], [0, 1], [0.1, 0.2], SCALE)


def test_a_customer_without_a_grade_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 of 2 grades are not on the scale; the first is (None|nan) at row 0"):
        grade_table([None, "R1"], [0, 1], [0.1, 0.2], SCALE)


def test_one_grade_for_two_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="got 1 grades and 2 outcomes"):
        grade_table(["R1"], [0, 1], [0.1, 0.2], SCALE)


def test_chinese_grade_names_are_as_good_as_any() -> None:
    table = grade_table(["优", "良", "优"], [0, 1, 0], [0.1, 0.2, 0.1], ["优", "良", "差"])

    assert table.set_index("grade")["n"].to_dict() == {"优": 2, "良": 1, "差": 0}


def test_grades_in_order_have_no_inversion() -> None:
    assert rank_inversions(table_of([(99, 1), (95, 5), (80, 20)], [0.01, 0.05, 0.2])).empty


def test_a_safer_grade_with_more_defaults_is_an_inversion_with_its_significance() -> None:
    # Rates 10% and 4% of 100 each, 7% pooled: z = 0.06 / sqrt(0.07 * 0.93 * 0.02) = 1.66282, p = 0.04817.
    inversions = rank_inversions(table_of([(90, 10), (96, 4), (80, 20)], [0.01, 0.05, 0.2]))

    assert inversions[["safer", "riskier"]].to_numpy().tolist() == [["R1", "R2"]]
    assert inversions[["excess", "z", "p_value"]].iloc[0].tolist() == pytest.approx([0.06, 1.66282, 0.04817], abs=1e-5)


def test_an_empty_grade_between_two_does_not_hide_their_inversion() -> None:
    inversions = rank_inversions(table_of([(90, 10), (0, 0), (96, 4)], [0.01, 0.05, 0.2]))

    assert inversions[["safer", "riskier"]].to_numpy().tolist() == [["R1", "R3"]]


@given(COUNTS.filter(lambda counts: np.sum(counts) > 0))
def test_the_inversions_are_the_neighbours_whose_rates_fall(goods_and_bads: list[tuple[int, int]]) -> None:
    rates = [bads / (goods + bads) for goods, bads in goods_and_bads if goods + bads]

    inversions = rank_inversions(table_of(goods_and_bads, [0.01, 0.05, 0.2]))

    assert len(inversions) == sum(safer > riskier for safer, riskier in pairwise(rates))
    assert inversions["p_value"].between(0, 0.5, inclusive="left").all()


def test_ten_applicants_at_a_fifth_or_a_half_are_too_few_to_notice_odds_off_by_two() -> None:
    # Odds of 1 to 4 doubled are a PD of a third, odds of 1 to 1 halved likewise: 3.3 bads of ten surprise nobody.
    assert too_low_verdicts([0.5], [10], [0.2]) == ["not enough data"]
    assert too_high_verdicts([0.5], [10], [0.5]) == ["not enough data"]
    assert too_low_verdicts([0.5], [100], [0.2]) == too_high_verdicts([0.5], [100], [0.5]) == ["green"]
