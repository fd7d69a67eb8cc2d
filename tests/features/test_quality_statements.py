"""Statements against their neighbours: units, unit slips, and balance sheets that add up."""

import pandas as pd
import pytest
from judging import Cells, Judge, fate


def test_a_missing_equity_is_assets_less_liabilities(judge: Judge) -> None:
    judged = judge("financial_statements", [{"total_equity": None}])

    assert (fate(judged), judged["total_equity"].to_list()) == (["repaired DQ09"], [40_000])


@pytest.mark.parametrize(
    ("changes", "flagged"),
    [
        ({"total_equity": "410"}, False),  # one per cent of assets
        ({"total_equity": "410.01"}, True),
        ({"current_assets": "1010"}, False),
        ({"current_assets": "1010.01"}, True),
        ({"current_liabilities": "606"}, False),
        ({"current_liabilities": "606.01"}, True),
        ({"total_assets": None, "total_equity": None}, False),
    ],
)
def test_a_sheet_that_does_not_add_up_is_flagged_and_kept(judge: Judge, changes: Cells, flagged: bool) -> None:
    row = judge.one("financial_statements", **changes)

    assert (bool(row["dq_flag_DQ09"]), pd.isna(row["dq_rule"])) == (flagged, True)


IN_UNITS = [("1", "1234567.89"), ("1000", "1234.56789"), ("10000", "123.456789"), ("1000000", "1.23456789")]


@pytest.mark.parametrize(("scale", "figure"), IN_UNITS)
def test_a_statement_in_thousands_or_millions_has_the_same_canonical_amounts_as_one_in_yuan(
    judge: Judge, scale: str, figure: str
) -> None:
    row = judge.one("financial_statements", unit_scale=scale, revenue=figure)

    assert row["revenue"] == 123_456_789


def test_a_statement_beyond_any_company_in_its_unit_is_set_aside(judge: Judge) -> None:
    row = judge.one("financial_statements", unit_scale="1000000", revenue="1e12")

    assert row["dq_rule"] == "DQ03"


def sized(factors: list[float], revenue: list[float] | None = None) -> list[Cells]:
    """Statements of one company, each so many times as large as usual."""
    return [
        {
            "statement_id": f"S{n}", "period_end": f"{2018 + n}-12-31", "published_at": f"{2019 + n}-04-30",
            "total_assets": str(1000 * factor), "total_liabilities": str(600 * factor), "total_equity": str(400 * factor),
            "revenue": str(900 * (revenue or factors)[n]), "net_profit": str(-7.77 * factor),
        }
        for n, factor in enumerate(factors)
    ]  # fmt: skip


@pytest.mark.parametrize("factor", [1_000, 10_000, 0.001, 0.0001])
def test_one_statement_of_three_in_the_wrong_unit_is_divided_back_and_counted(judge: Judge, factor: float) -> None:
    judged = judge("financial_statements", sized([1.2, factor, 0.9]))

    assert fate(judged) == ["kept", "repaired DQ10", "kept"]
    assert judged["total_assets"].to_list() == [120_000, 100_000, 90_000]


@pytest.mark.parametrize(
    ("factors", "revenue"),
    [
        ([1, 1_000], None),  # nobody can tell which of two slipped
        ([1, 1_000, 1], [1, 1, 1]),  # the company bought assets, its sales are as before
        ([1, 100, 1], None),  # no unit is a hundred times another
        ([1, 3, 9], None),  # it grew
        ([1, 1_000, 1_000], [1, 1, 1]),
    ],
)
def test_a_company_whose_size_changed_for_other_reasons_is_left_alone(
    judge: Judge, factors: list[float], revenue: list[float] | None
) -> None:
    assert fate(judge("financial_statements", sized(factors, revenue))) == ["kept"] * len(factors)


def test_copies_of_a_statement_have_no_say_in_which_one_slipped(judge: Judge) -> None:
    one, other = sized([1, 1_000])

    assert sorted(fate(judge("financial_statements", [one, one, other]))) == ["copy", "kept", "kept"]
