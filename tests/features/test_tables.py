import re

import pytest

from features.tables import TABLES

CHINESE = re.compile(r"[\u4e00-\u9fff]")
COLUMNS = [(table, column) for table in TABLES.values() for column in table]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_key_availability_and_event_day_are_columns_of_the_table(table):
    for name in (*table.key, table.availability, *([table.happened] if table.happened else [])):
        assert table[name].name == name


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_row_without_its_key_or_availability_is_not_accepted(table):
    assert all(table[name].required for name in (*table.key, table.availability))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_refers_only_to_tables_read_before_it(table):
    before = list(TABLES)[: list(TABLES).index(table.name)]

    for column, target in table.references.items():
        assert target in before
        assert column in TABLES[target].key


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda x: x.name)
def test_a_column_has_a_meaning_in_both_languages_and_sensible_limits(table, column):
    assert column.en
    assert CHINESE.search(column.zh), table.name
    assert (column.kind == "enum") == bool(column.allowed)
    assert all(value == value.lower() for value in column.allowed)
    assert column.minimum is None or column.maximum is None or column.minimum < column.maximum


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_reporting_lag_counts_from_an_event_day(table):
    assert table.reporting_lag_days is None or (table.happened and table.reporting_lag_days > 0)


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, c in COLUMNS if c.revealed_by], ids=lambda x: x.name)
def test_a_second_life_begins_on_a_day_that_is_a_column_of_its_table(table, column):
    assert table[column.revealed_by].kind == "date"
    assert table[column.revealed_by].name != table.availability


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, c in COLUMNS if c.default], ids=lambda x: x.name)
def test_only_flags_have_a_meaning_when_they_are_empty(table, column):
    assert (column.kind, column.default in ("true", "false")) == ("flag", True), table.name


def test_no_column_holds_a_natural_persons_data():
    personal = {"name", "sex", "age", "gender", "marriage", "education", "phone", "email", "id_card"}

    assert not personal & {column.name for _, column in COLUMNS}


def test_an_unknown_column_is_said_with_the_known_ones():
    with pytest.raises(KeyError, match="payments has no column 'paid'; its columns are payment_id"):
        TABLES["payments"]["paid"]
