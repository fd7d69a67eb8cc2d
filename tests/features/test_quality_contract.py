"""Every rule on every table it applies to: the cases are read from the contract itself."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd
import pytest
from judging import GOOD, Cells, Judge, fate, judge_together

from features.tables import TABLES, Column, Table

Case = tuple[str, Cells, str, str]


def cases(table: Table) -> Iterator[Case]:
    """Give changes to the good row of a table, with what must become of it."""
    for column in table:
        yield from ((table.name, {column.name: cell}, what, column.name) for cell, what in spoilt(table, column))
    for column in table.references:
        yield table.name, {column: "nobody"}, "aside DQ02", column


def spoilt(table: Table, column: Column) -> Iterator[tuple[str | None, str]]:
    """Give bad cells of a column, with what must become of their row."""
    if column.required:
        yield None, missing(table, column)
    if column.kind not in ("text", "enum"):
        yield "不详", "aside DQ03"
    if column.kind == "enum":
        yield "barter", "aside DQ03"
        yield f" {column.allowed[0].upper()}", "repaired DQ03"
    if column.kind == "date":
        yield str(date.fromisoformat(column.earliest) - timedelta(days=1)), "aside DQ06"
    beyond = "repaired DQ11" if not column.required else "aside DQ08" if column.kind == "money" else "aside DQ11"
    if column.minimum is not None:
        yield written(column.minimum - 1), beyond
    if column.maximum is not None:
        yield written(column.maximum + 1), beyond


def missing(table: Table, column: Column) -> str:
    if column.name != table.availability:
        return "aside DQ03"
    return "aside DQ05" if table.reporting_lag_days is None else "repaired DQ05"


def written(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


CASES = [case for table in TABLES.values() for case in cases(table)]


@pytest.fixture(scope="module")
def judged(judge: Judge) -> list[pd.DataFrame]:
    return judge_together(judge, CASES)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{name}: {changes}" for name, changes, *_ in CASES])
def test_a_bad_cell_has_the_fate_that_the_contract_gives_it(judged: list[pd.DataFrame], number: int) -> None:
    _, _, expected, column = CASES[number]

    row = judged[number]

    assert fate(row) == [expected]
    assert column in (row["dq_reason"].iloc[0] if expected.startswith("aside") else column)


@pytest.mark.parametrize("name", TABLES)
def test_of_two_versions_of_a_row_the_later_is_kept_and_of_two_copies_one(judge: Judge, name: str) -> None:
    table = TABLES[name]
    known = date.fromisoformat(GOOD[name][table.availability])
    later = {table.availability: str(known + timedelta(days=3))}

    judged = judge(name, [{}, {}, later])

    versions_are_rows = table.availability in table.key
    assert sorted(fate(judged)) == (["copy", "kept", "kept"] if versions_are_rows else ["aside DQ01"] * 2 + ["kept"])
    assert fate(judged)[2] == "kept"


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.happened])
def test_no_row_is_known_before_it_happened(judge: Judge, name: str) -> None:
    table = TABLES[name]
    assert table.happened is not None
    happened = date.fromisoformat(GOOD[name][table.happened])
    early = {table.availability: str(happened - timedelta(days=1))}

    judged = judge(name, [early])

    assert fate(judged) == ["repaired DQ04"]
    assert judged[table.availability].iloc[0].date() == happened
