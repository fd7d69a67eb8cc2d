"""Files that cannot be read are refused with what is wrong, where, and what to do; all others lose no row."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trial import CUSTOMER, csv, params

from features.cells import delivered_cell
from features.tables import TABLES
from pipelines.errors import InputError
from pipelines.io import Connection, engine
from pipelines.raw import find_table, read_raw, unread_files

CUSTOMERS = TABLES["customers"]
KNOWN_AT = next(column for column in CUSTOMERS if column.name == "known_at")
GOOD = csv("customers", [CUSTOMER])


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with engine(params().engine) as opened:
        yield opened


Cells = dict[str, list[object]]


def read(connection: Connection, folder: Path, content: str | bytes) -> tuple[Cells, Cells]:
    path = folder / "customers.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows, lines = read_raw(connection, CUSTOMERS, path)
    return rows.order_by("dq_row").to_pyarrow().to_pydict(), lines.order_by("line").to_pyarrow().to_pydict()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "+08:00", "UTC"])
@pytest.mark.parametrize("in_parts", [False, True])
def test_a_day_in_parquet_is_that_of_the_time_zone_its_column_states(
    connection: Connection, tmp_path: Path, zone: str, in_parts: bool
) -> None:
    local = [datetime(2024, 1, 1), datetime(2024, 6, 30, 23, 59)]
    hours = 0 if zone == "UTC" else 8
    instants = pa.array([day - timedelta(hours=hours) for day in local]).cast(pa.timestamp("us", zone))
    others = {name: ["C1", "C2"] for name in ("customer_id", "industry_code", "region_code", "currency")}
    table = pa.table({**others, "known_at": instants})
    path = tmp_path / "customers.parquet"
    if in_parts:
        path.mkdir()
    pq.write_table(table, path / "part-0.parquet" if in_parts else path)

    rows, _ = read_raw(connection, CUSTOMERS, path)
    days = rows.select("dq_row", day=delivered_cell(KNOWN_AT, rows)).order_by("dq_row").to_pyarrow()["day"]

    assert days.to_pylist() == [date(2024, 1, 1), date(2024, 6, 30)]


def refusal(connection: Connection, folder: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as refused:
        read(connection, folder, content)
    return str(refused.value)


def test_a_required_table_without_a_file_is_named_with_where_to_get_a_template(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        find_table(tmp_path, CUSTOMERS)

    assert "table customers is required" in str(refused.value)
    assert str(tmp_path) in str(refused.value)
    assert "admission docs --templates" in str(refused.value)


def test_an_optional_table_without_a_file_is_absent(tmp_path: Path) -> None:
    assert find_table(tmp_path, TABLES["invoices"]) is None


def test_names_that_no_table_reads_are_listed_hidden_ones_apart(tmp_path: Path) -> None:
    for name in (
        "customers.csv",
        "invoices.parquet",
        "enforcement_record.parquet",
        "LICENCES.CSV",
        "说明.txt",
        ".hidden",
    ):
        (tmp_path / name).touch()
    for name in ("payments", "old"):
        (tmp_path / name).mkdir()

    assert unread_files(tmp_path) == ["LICENCES.CSV", "enforcement_record.parquet", "old", "说明.txt"]


def test_two_files_for_one_table_are_refused_rather_than_one_preferred(tmp_path: Path) -> None:
    for end in ("csv", "parquet"):
        (tmp_path / f"customers.{end}").touch()

    with pytest.raises(InputError, match=r"customers\.parquet and customers\.csv; keep one of them"):
        find_table(tmp_path, CUSTOMERS)


@pytest.mark.parametrize("nothing", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_an_empty_file_is_refused_with_the_columns_it_should_have(
    connection: Connection, tmp_path: Path, nothing: bytes
) -> None:
    message = refusal(connection, tmp_path, nothing)

    assert "customers.csv is empty: not even a header" in message
    assert "customer_id, uscc_hash" in message


def test_a_header_without_a_required_column_is_refused_with_what_was_found_and_expected(
    connection: Connection, tmp_path: Path
) -> None:
    message = refusal(connection, tmp_path, "kunde,industry_code,region_code,currency\nC1,C26,31,CNY\n")

    assert "lacks the required columns customer_id, known_at" in message
    assert "Found: kunde, industry_code" in message
    assert "Expected: customer_id, uscc_hash" in message


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_suspected_when_the_header_is_one_column(
    connection: Connection, tmp_path: Path, separator: str
) -> None:
    message = refusal(connection, tmp_path, GOOD.replace(",", separator))

    assert "Is the separator a comma" in message


def test_a_column_that_stands_twice_is_refused(connection: Connection, tmp_path: Path) -> None:
    message = refusal(connection, tmp_path, GOOD.replace("uscc_hash", "customer_id"))

    assert "column customer_id more than once" in message


def test_a_workbook_named_csv_is_refused_with_how_to_save_it(connection: Connection, tmp_path: Path) -> None:
    workbook = b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(range(256))

    message = refusal(connection, tmp_path, workbook)

    assert "customers.csv is not text in UTF-8" in message
    assert "CSV UTF-8 (comma delimited)" in message


def test_utf_16_is_refused_as_not_utf_8(connection: Connection, tmp_path: Path) -> None:
    assert "UTF-16" in refusal(connection, tmp_path, GOOD.encode("utf-16"))


def test_gb18030_is_refused_with_its_line_and_how_to_convert(connection: Connection, tmp_path: Path) -> None:
    chinese = csv("customers", [CUSTOMER, {**CUSTOMER, "group_id": "浙江集团"}]).encode("gb18030")

    message = refusal(connection, tmp_path, chinese)

    assert "customers.csv is not UTF-8: the first other bytes are in line 3" in message
    assert "iconv -f GB18030 -t UTF-8" in message


def test_a_header_in_gb18030_is_refused_too(connection: Connection, tmp_path: Path) -> None:
    message = refusal(connection, tmp_path, "客户编号,行业\nC1,C26\n".encode("gb18030"))

    assert "is not UTF-8: the first other bytes are in line 1" in message


def test_chinese_text_and_the_mark_at_the_start_of_a_file_are_read_as_they_are(
    connection: Connection, tmp_path: Path
) -> None:
    text = csv("customers", [{**CUSTOMER, "group_id": "浙江集团,“甲”"}]).replace("浙江集团,“甲”", '"浙江集团,“甲”"')

    rows, lines = read(connection, tmp_path, text.encode("utf-8-sig"))

    assert rows["customer_id"] == ["C1"]
    assert rows["group_id"] == ["浙江集团,“甲”"]
    assert lines["line"] == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(connection: Connection, tmp_path: Path, line_end: str) -> None:
    rows, _ = read(connection, tmp_path, csv("customers", [CUSTOMER, CUSTOMER], line_end))

    assert rows["known_at"] == ["2020-01-05", "2020-01-05"]


def test_column_names_may_have_blanks_and_capitals(connection: Connection, tmp_path: Path) -> None:
    rows, _ = read(connection, tmp_path, GOOD.replace("customer_id", " Customer_ID "))

    assert rows["customer_id"] == ["C1"]


def test_blank_lines_and_lines_of_commas_are_no_rows_but_the_others_keep_their_place(
    connection: Connection, tmp_path: Path
) -> None:
    header, row = GOOD.splitlines()

    rows, lines = read(connection, tmp_path, "\n".join([header, row, "," * row.count(","), row, "", row, ""]))

    assert rows["dq_row"] == [1, 3, 4]
    assert lines["line"] == []


def test_a_line_with_too_many_or_too_few_cells_is_listed_once_with_its_line_and_its_text(
    connection: Connection, tmp_path: Path
) -> None:
    header, row = GOOD.splitlines()
    unquoted = row.replace("CNY", "1,234.56,CNY,CNY")

    rows, lines = read(connection, tmp_path, "\n".join([header, row, unquoted, "C2,C26", row]))

    assert rows["customer_id"] == ["C1", "C1"]
    assert lines["line"] == [3, 4]
    assert lines["text"] == [unquoted, "C2,C26"]
    assert lines["reason"] == [
        "more cells than the header; put a cell with a comma in quotation marks",
        "fewer cells than the header; an empty cell still needs its comma",
    ]


def test_a_quotation_mark_that_is_never_closed_is_refused_rather_than_swallow_the_rest_of_the_file(
    connection: Connection, tmp_path: Path
) -> None:
    header, row = GOOD.splitlines()
    opened = row.replace("C1", '"C1')

    message = refusal(connection, tmp_path, "\n".join([header, row, opened, *[row] * 100]))

    assert "a quotation mark in line 3 is not closed" in message
    assert 'write it twice ("")' in message


def test_a_parquet_file_that_is_cut_short_is_refused(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    pd.DataFrame([CUSTOMER]).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(InputError) as refused:
        read_raw(connection, CUSTOMERS, path)

    assert f"{path} cannot be read as parquet" in str(refused.value)
    assert "cut short or still being written: copy it again" in str(refused.value)


def test_a_folder_of_parquet_files_is_one_table_and_an_empty_folder_none(
    connection: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "customers"
    folder.mkdir()
    with pytest.raises(InputError, match="A folder must hold the table's parquet files"):
        read_raw(connection, CUSTOMERS, folder)

    for part in ("C1", "C2"):
        pd.DataFrame([{**CUSTOMER, "customer_id": part}]).to_parquet(folder / f"{part}.parquet")
    rows, lines = read_raw(connection, CUSTOMERS, folder)

    assert sorted(rows.to_pyarrow()["customer_id"].to_pylist()) == ["C1", "C2"]
    assert lines.to_pyarrow().num_rows == 0


def test_a_quotation_mark_in_the_name_of_the_folder_does_not_matter(connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "client's tables"
    folder.mkdir()

    rows, _ = read(connection, folder, GOOD)

    assert rows["customer_id"] == ["C1"]
