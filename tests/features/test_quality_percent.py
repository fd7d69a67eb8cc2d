"""A column in percent instead of fractions is a fault of the column: the table is refused, not cleared value by value."""

from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import Judge

from features import quality
from features.tables import TABLES


def found(judge: Judge, name: str, **columns: Any) -> list[str]:
    """What the rule says about a table delivered with these columns only."""
    raw = judge.table("fractions", pa.table(columns))
    fractions = quality.fractions(TABLES[name], raw)
    query = ibis.to_sql(quality.count_fractions(TABLES[name], raw), dialect="duckdb")
    return quality.percentages(fractions, judge.connection.con.execute(query).df().iloc[0].to_dict())


def test_a_column_of_percent_is_named_with_how_many_values_and_the_largest(judge: Judge) -> None:
    (words,) = found(judge, "market_surveys", market_share=[12.5, 35.0, 0.8, None])

    assert words == ("market_share holds percent instead of fractions: 2 of 3 values are above 1, the largest is 35")


def test_each_column_is_judged_by_itself(judge: Judge) -> None:
    words = found(judge, "operating_metrics", top1_customer_share=["0.2", "0.3"], on_time_delivery_rate=["98", "95.5"])

    assert [w.split()[0] for w in words] == ["on_time_delivery_rate"]


SHARES: list[tuple[list[Any], bool]] = [
    ([0.0, 0.5, 1.0], False),
    ([0.2] * 39 + [55.0], False),  # one slip among forty is cleared, not a percent column
    ([0.4, 0.7, 0.9, 1.2, 1.3, 2.0, 3.1, 0.8], True),  # small percentages: the median alone does not tell
    ([0.2] * 97 + [2.0] * 3, False),
    ([0.2] * 90 + [2.0] * 10, False),
    ([0.2] * 89 + [2.0] * 11, True),
    ([1.6], True),
    ([1.5], False),
    ([float("nan"), None], False),
    ([], False),
]


@pytest.mark.parametrize(("shares", "percent"), SHARES)
def test_a_column_is_percent_by_its_median_or_by_many_values_above_its_maximum(
    judge: Judge, shares: list[Any], percent: bool
) -> None:
    assert bool(found(judge, "supply_chain_metrics", stockout_rate=pa.array(shares, pa.float64()))) == percent


def test_a_utilisation_above_one_is_possible(judge: Judge) -> None:
    assert found(judge, "supply_chain_metrics", capacity_utilisation=[1.4, 1.45, 1.5]) == []


def test_what_is_no_number_is_not_counted(judge: Judge) -> None:
    assert found(judge, "market_surveys", market_share=["35%", "约三成", "0.35"]) == []


@settings(max_examples=25)
@given(shares=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_fractions_are_never_taken_for_percent_and_their_percent_always_are(judge: Judge, shares: list[float]) -> None:
    as_percent = [100 * (0.02 + 0.98 * share) for share in shares]

    assert found(judge, "market_surveys", market_share=shares) == []
    assert len(found(judge, "market_surveys", market_share=as_percent)) == 1
