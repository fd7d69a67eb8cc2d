from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, kendalltau
from sklearn.isotonic import IsotonicRegression

from models.metrics.checks import NotEstimable
from models.metrics.rank_order import heterogeneity, least_distinct_p, rank_order, rank_order_p

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(any), min_size=2, max_size=6)


def table_of(goods_and_bads: list[tuple[int, int]]) -> pd.DataFrame:
    table = pd.DataFrame(goods_and_bads, columns=["goods", "bads"])
    table["n"] = table["goods"] + table["bads"]
    table["grade"] = [f"R{i + 1}" for i in range(len(table))]
    table["mean_pd"] = 0.02 * 2.0 ** np.arange(len(table))
    table["default_rate"] = table["bads"] / table["n"].where(table["n"] > 0)
    return table


def test_grades_in_order_pass_without_a_doubt() -> None:
    order = rank_order(table_of([(99, 1), (95, 5), (80, 20)]))

    assert (order.pairs, order.inversions, order.p_value, order.pooled, order.kendall_tau) == (2, 0, 1, 0, 1)


def test_grades_in_reversed_order_fail() -> None:
    order = rank_order(table_of([(80, 20), (95, 5), (99, 1)]))

    assert order.inversions == 2
    assert order.p_value < 0.01
    assert order.pooled == 3
    assert order.kendall_tau == -1


def test_one_inversion_is_judged_for_all_the_pairs_there_are() -> None:
    # Rates 10% and 4% of 100 each: z = 1.66282, p = 0.04817 alone, twice that among two pairs.
    order = rank_order(table_of([(90, 10), (96, 4), (80, 20)]))

    assert order.p_value == pytest.approx(0.09634, abs=2e-5)
    assert order.pooled == 2


def test_grades_that_all_default_alike_have_no_order_to_measure() -> None:
    order = rank_order(table_of([(90, 10), (90, 10), (90, 10)]))

    assert (order.inversions, order.p_value, order.pooled) == (0, 1, 0)
    assert np.isnan(order.kendall_tau)


@given(COUNTS)
def test_the_order_agrees_with_counting_isotonic_regression_and_kendall(counts: list[tuple[int, int]]) -> None:
    table = table_of(counts)
    rates = table["default_rate"].to_numpy()
    fitted = IsotonicRegression().fit_transform(np.arange(len(rates)), rates, sample_weight=table["n"])

    order = rank_order(table)

    assert order.inversions == sum(a > b for a, b in pairwise(rates))
    assert order.pooled == (np.abs(fitted - rates) > 1e-9).sum()
    if np.ptp(rates) > 0:
        assert order.kendall_tau == pytest.approx(kendalltau(np.arange(len(rates)), rates).statistic)
    assert order.p_value == rank_order_p(table)


def test_one_grade_has_no_order() -> None:
    with pytest.raises(NotEstimable, match="needs at least two filled grades; got 1"):
        rank_order(table_of([(0, 0), (9, 1)]))


@given(COUNTS)
def test_neighbours_are_distinct_by_the_chi_square_test_of_their_two_by_two_table(
    counts: list[tuple[int, int]],
) -> None:
    pairs = heterogeneity(table_of(counts))

    for (a, b), found in zip(pairwise(counts), pairs.itertuples(), strict=True):
        if a[0] + b[0] == 0 or a[1] + b[1] == 0:
            assert found.verdict == "not enough data"
            assert np.isnan(found.p_value)
        else:
            expected = chi2_contingency([a, b], correction=False).pvalue
            assert found.p_value == pytest.approx(expected, abs=1e-9)
            assert (found.verdict == "green") == (found.p_value <= 0.05)


def test_grades_that_should_differ_and_do_not_are_amber_and_those_too_small_to_tell_are_not_judged() -> None:
    # PDs 2% and 4%: 1000 customers each would tell them apart (z = 2.6), 100 each would not (z = 0.8).
    large, small = table_of([(970, 30), (968, 32)]), table_of([(97, 3), (97, 3)])

    assert heterogeneity(large)["verdict"].tolist() == ["amber"]
    assert heterogeneity(small)["verdict"].tolist() == ["not enough data"]
    with pytest.raises(NotEstimable, match="none of 1 pairs has"):
        least_distinct_p(small)


def test_the_two_neighbours_most_alike_speak_for_the_scale() -> None:
    table = table_of([(990, 10), (900, 100), (0, 0), (890, 110), (89, 11)])

    pairs = heterogeneity(table)

    assert pairs[["safer", "riskier"]].to_numpy().tolist() == [["R1", "R2"], ["R2", "R4"], ["R4", "R5"]]
    assert pairs["verdict"].tolist() == ["green", "amber", "amber"]
    assert pairs["difference"].tolist() == pytest.approx([0.09, 0.01, 0])
    assert least_distinct_p(table) == pairs["p_value"].max() == 1


def test_grades_without_bads_cannot_be_told_apart_or_not() -> None:
    with pytest.raises(NotEstimable, match=r"needs neighbouring grades with enough bads; none of 1 pairs has\. Widen"):
        least_distinct_p(table_of([(9, 0), (8, 0)]))
