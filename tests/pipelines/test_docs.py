"""The data dictionary says what the declarations say, and the empty tables are what the contract wants."""

import re
from pathlib import Path

import pytest
from trial import ROOT, dvc_stages, params

from features.dimensions import CATALOGUE
from features.quality import RULES
from features.tables import TABLES, Column
from pipelines import docs
from pipelines.errors import InputError
from pipelines.io import engine
from pipelines.markdown import line
from pipelines.raw import find_table, read_raw


def test_the_committed_dictionary_is_current() -> None:
    committed = (ROOT / docs.DICTIONARY).read_text(encoding="utf-8")

    assert committed == docs.dictionary(), "data/README.md is out of date: run `admission docs`"


def test_every_column_stands_in_its_table_with_its_meaning_in_both_languages() -> None:
    for table in TABLES.values():
        section = docs.dictionary().split(f"### `{table.name}` ·")[1].split("\n##")[0]
        for column in table:
            (row,) = [line for line in section.splitlines() if line.startswith(f"| `{column.name}` |")]
            assert column.en in row
            assert column.zh in row
            assert f"| {column.kind} |" in row


def test_every_feature_indicator_and_rule_is_listed() -> None:
    text = docs.dictionary()

    for feature in CATALOGUE.features:
        assert re.search(rf"^\| `{feature.id}` \|.*\| {feature.role} \|$", text, re.MULTILINE), feature.id
    for indicator in CATALOGUE.indicators:
        assert f"#### {indicator.code} {indicator.en} · {indicator.zh}" in text
    for rule in RULES.values():
        assert f"| {rule.id} | {rule.en} | {rule.zh} |" in text


def test_every_row_of_a_grid_has_as_many_cells_as_its_header() -> None:
    for grid in re.findall(r"(?:^\|.*\n)+", docs.dictionary(), re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in grid.splitlines()}
        assert len(cells) == 1, grid


def test_a_bar_or_a_line_break_in_a_meaning_does_not_break_the_grid() -> None:
    column = Column(name="odd", kind="text", en="this | that\nand more", zh="甲|乙")

    assert line(docs._column(column)).endswith(r"| this \| that and more | 甲\|乙 |  |")


def test_limits_and_defaults_are_stated() -> None:
    text = docs.dictionary()

    assert re.search(r"`requested_terms_days` \| integer \| days \|  \|  \| at least 0, at most 360 \|", text)
    assert re.search(r"`cancelled` \| flag \|  \|  \| empty means `false` \|", text)
    assert "`approved` is read as `admit`" in text


def test_a_value_of_a_rows_second_life_says_from_when_on_it_is_seen() -> None:
    text = docs.dictionary()

    assert re.search(
        r"^\| `outcome` .* seen from `judgment_known_at` on; without that day never \|$", text, re.MULTILINE
    )
    assert re.search(
        r"^\| `cancelled` .* seen from `cancelled_on` on; without that day with its row \|$", text, re.MULTILINE
    )
    assert re.search(r"^\| `judgment_known_at` .* \|  \|$", text, re.MULTILINE)


def test_a_column_that_nothing_reads_says_why() -> None:
    for table in TABLES.values():
        section = docs.dictionary().split(f"### `{table.name}` ·")[1].split("\n##")[0]
        for column in (column for column in table if column.unused):
            (row,) = [line for line in section.splitlines() if line.startswith(f"| `{column.name}` |")]
            assert row.endswith(f"{column.unused} |")


def test_a_table_says_what_becomes_of_a_row_without_the_day_it_became_known() -> None:
    text = docs.dictionary()

    assert "`published_at`; where it is missing, `period_end` plus 120 days" in text
    assert "`booked_at`; a row without it is set aside" in text


def test_every_folder_that_a_stage_writes_is_described() -> None:
    described = {name: stage for name, stage, _ in docs.FOLDERS}

    for name, stage in dvc_stages().items():
        for written in stage["writes"]:
            assert described[written.split("/")[1]] == name


def test_the_dictionary_is_written_where_it_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    message = docs.write_dictionary()

    assert message.startswith(f"wrote data/README.md: {len(TABLES)} tables")
    assert (tmp_path / "data/README.md").read_text(encoding="utf-8") == docs.dictionary()


def test_every_empty_table_has_the_header_that_the_contract_wants(tmp_path: Path) -> None:

    message = docs.write_templates(tmp_path / "mine")

    assert f"set `source: tables` and `input: {tmp_path / 'mine'}`" in message
    with engine(params().engine) as connection:
        for table in TABLES.values():
            path = find_table(tmp_path / "mine", table)
            assert path is not None
            rows, _ = read_raw(connection, table, path)
            assert list(rows.columns) == ["dq_row", *(column.name for column in table)]


def test_empty_tables_never_replace_what_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text("filled in", encoding="utf-8")

    with pytest.raises(InputError, match=r"already holds invoices\.csv, perhaps filled in; name an empty folder"):
        docs.write_templates(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["invoices.csv"]
    assert (tmp_path / "invoices.csv").read_text(encoding="utf-8") == "filled in"
