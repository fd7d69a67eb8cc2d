"""Raw tables as they are delivered: finding a table's file, reading it, and saying in words why it cannot be read."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES, Table
from pipelines.errors import InputError
from pipelines.io import Connection, quoted, spill
from pipelines.quarantine import VERDICT

ENDS = (".parquet", ".csv", "")
"""How the name of a table's file may end; without an end it is a folder of parquet files."""

_HEAD_BYTES = 1 << 16
"""Enough for any header; what a file is shows in its first bytes."""

_SAVE_AS = "In Excel, save it as 'CSV UTF-8 (comma delimited)'"


def find_table(folder: Path, table: Table) -> Path | None:
    """Return the one file (or folder of parquet files) of a raw table; None if it is not there."""
    found = [p for p in (folder / f"{table.name}{end}" for end in ENDS) if p.exists()]
    if len(found) > 1:
        raise InputError(
            f"{folder} holds {' and '.join(p.name for p in found)}; keep one of them for table {table.name}"
        )
    if not found and table.required:
        raise InputError(
            f"table {table.name} is required but {folder} holds neither {table.name}.csv nor {table.name}.parquet; "
            f"empty templates: `admission docs --templates FOLDER`"
        )
    return found[0] if found else None


def unread_files(folder: Path) -> list[str]:
    """Return the names in a folder of raw tables that no table reads, hidden ones apart: one may be a table misspelt."""
    known = {f"{name}{end}" for name in TABLES for end in ENDS}
    return sorted(path.name for path in folder.iterdir() if path.name not in known and not path.name.startswith("."))


def unread_columns(folder: Path) -> dict[str, list[str]]:
    """Return by table the columns of its raw file that the contract does not know: one may be misspelt.

    Those of the verdict on a row that was set aside before, and is delivered again, are no news.
    """
    found = {}
    for table in TABLES.values():
        known = {column.name for column in table} | set(VERDICT)
        if unread := [name for name in _columns(table, folder) if name not in known]:
            found[table.name] = unread
    return found


def _columns(table: Table, folder: Path) -> list[str]:
    """Return the columns of a table's file as far as they can be told; what cannot be read is told where it is read."""
    try:
        path = find_table(folder, table)
        if path is None:
            return []
        if path.suffix == ".csv":
            return _header(table, path)
        parts = [path] if path.is_file() else sorted(path.glob("*.parquet"))
        return [name.lower() for part in parts[:1] for name in pq.read_schema(part).names]
    except (InputError, OSError, ValueError, pa.ArrowException):
        return []


def read_raw(connection: Connection, table: Table, path: Path) -> tuple[ir.Table, ir.Table]:
    """Return the rows of a raw file with their position `dq_row`, and the lines that are no rows (line, text, reason).

    Both are views of files: no row is in memory. CSV cells stay text, so that the contract decides what they mean; blank
    lines are skipped, though they count as positions. InputError says what makes a file unreadable.
    """
    if path.suffix == ".csv":
        return _read_csv(connection, table, path)
    with _readable(path):
        rows = _numbered(connection, table, _parts(path) if path.is_dir() else _single(path))
    _check_header(table, rows.columns, path)
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {_no_rows(table)} (line BIGINT, text VARCHAR, reason VARCHAR)")
    return rows, connection.table(_no_rows(table))


def _read_csv(connection: Connection, table: Table, path: Path) -> tuple[ir.Table, ir.Table]:
    copied, header = copy_csv(connection, table, path, {})
    # Spreadsheets leave lines of nothing but commas behind.
    cells = ", ".join(_identifier(name) for name in header)
    rows = _numbered(connection, table, f"{_single(copied)} WHERE coalesce({cells}) IS NOT NULL")
    return rows, no_rows(connection, table)


def copy_csv(
    connection: Connection,
    table: Table,
    path: Path,
    types: Mapping[str, str],
    wanted: Collection[str] | None = None,
    rows_a_group: int = 122_880,
) -> tuple[Path, list[str]]:
    """Copy a CSV file into parquet and return the copy and its columns; InputError says what makes a file unreadable.

    Only `wanted` columns are copied, all without it: what nobody reads cannot harm a row. Columns are text unless `types` names
    an SQL type; `no_rows` lists the lines that are no rows, among them those with a cell of another type.
    """
    header = _header(table, path)
    _check_header(table, header, path)
    # The header and the separator are known: nothing is left to guess, and a guess would differ from file to file.
    columns = ", ".join(f"'{quoted(name)}': '{types.get(name, 'VARCHAR')}'" for name in header)
    options = "header=true, auto_detect=false, delim=',', quote='\"', escape='\"', nullstr='', store_rejects=true"
    chosen = [name for name in header if wanted is None or name in wanted]
    cells = ", ".join(_identifier(name) for name in chosen)
    with _readable(path):
        scan = f"SELECT {cells} FROM read_csv('{quoted(path)}', columns={{{columns}}}, {options})"
        copied = spill(connection, scan, f"raw_{table.name}", rows_a_group)
    _keep_rejects(connection, table)
    _refuse_other_encoding(connection, table, path)
    _refuse_open_quote(connection, table, path)
    return copied, chosen


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def no_rows(connection: Connection, table: Table) -> ir.Table:
    """Return the lines of the CSV file read last for a table that are no rows: line, text, reason."""
    return connection.table(_no_rows(table)).select("line", "text", "reason")


def _numbered(connection: Connection, table: Table, query: str) -> ir.Table:
    connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW raw_{table.name} AS {query}")
    return connection.table(f"raw_{table.name}")


def _single(path: Path) -> str:
    """Return the query of a parquet file's rows, numbered from 1."""
    scan = f"read_parquet('{quoted(path)}', file_row_number=true)"
    return f"SELECT file_row_number + 1 AS dq_row, * EXCLUDE (file_row_number) {_local_times(path)} FROM {scan}"


def _local_times(path: Path) -> str:
    """Return the SQL that reads instants of a parquet file in the time zone their column states: a day is a local day."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        return ""  # the engine says better what is wrong with the file
    zoned = {field.name: field.type.tz for field in schema if pa.types.is_timestamp(field.type) and field.type.tz}
    local = ", ".join(f'{_local_time(name, zone)} AS "{name}"' for name, zone in zoned.items())
    return f"REPLACE ({local})" if local else ""


def _local_time(name: str, zone: str) -> str:
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if offset is None:
        return f"\"{name}\" AT TIME ZONE '{quoted(zone)}'"
    sign, hours, minutes = offset.groups()
    return f"(\"{name}\" AT TIME ZONE 'UTC' + INTERVAL ({sign}{60 * int(hours) + int(minutes)}) MINUTE)"


def _parts(folder: Path) -> str:
    """Return the query of the rows of a folder's parquet files, numbered on from file to file in the order of their names."""
    files = f"'{quoted(folder / '*.parquet')}'"
    # Positions from the files' footers: numbering in a window would read the rows one after the other.
    before = f"""
        SELECT file_name, sum(num_rows) OVER (ORDER BY file_name ROWS UNBOUNDED PRECEDING) - num_rows AS rows_before
        FROM parquet_file_metadata({files})"""
    return f"""
        SELECT (rows_before + file_row_number + 1)::BIGINT AS dq_row,
            part.* EXCLUDE (file_row_number, filename) {_local_times(min(folder.glob("*.parquet"), default=folder))}
        FROM read_parquet({files}, file_row_number=true, filename=true) AS part
        JOIN ({before}) ON filename = file_name"""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{path} cannot be read as {_format(path)}: {first_line}. {_advice(path)}") from None


def _format(path: Path) -> str:
    return "CSV" if path.suffix.lower() == ".csv" else "parquet"


def _advice(path: Path) -> str:
    if path.suffix.lower() == ".csv":
        return f"Its cells must be separated by commas and all its lines must end alike. {_SAVE_AS}"
    if path.is_dir():
        return f"A folder must hold the table's parquet files; a single file is called {path.name}.csv or {path.name}.parquet"
    return "It may be cut short or still being written: copy it again"


def _header(table: Table, path: Path) -> list[str]:
    """Return the column names of a CSV file, in lower case and without blanks; a nameless column is `column<place>`."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{path} is empty: not even a header. Expected the columns {', '.join(c.name for c in table)}")
    if b"\0" in head:
        raise InputError(f"{path} is not text in UTF-8: an Excel workbook, UTF-16 or another binary file. {_SAVE_AS}")
    try:
        first_line = re.split(rb"[\r\n]", head)[0].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _other_encoding(path, 1) from None
    cells = next(csv.reader([first_line]), [])
    return [cell.strip().lower() or f"column{place}" for place, cell in enumerate(cells, start=1)]


def _check_header(table: Table, found: list[str] | tuple[str, ...], path: Path) -> None:
    found = [name for name in found if name != "dq_row"]
    twice = [name for name, times in Counter(found).items() if times > 1]
    if twice:
        raise InputError(f"{path} has the column {', '.join(twice)} more than once in its header; keep one of them")
    missing = [c.name for c in table if c.required and c.name not in found]
    if missing:
        raise InputError(
            f"{path} lacks the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
            f"Found: {', '.join(found[:12])}{' ...' if len(found) > 12 else ''}. "
            f"Expected: {', '.join(c.name for c in table)}. Is the separator a comma, and is the first line the header?"
        )


def _no_rows(table: Table) -> str:
    return f"rejected_{table.name}"


def _keep_rejects(connection: Connection, table: Table) -> None:
    """Keep each line that the reader could not split once, with a reason in words, and clear its list for the next file."""
    connection.raw_sql(f"""
        CREATE OR REPLACE TEMP TABLE {_no_rows(table)} AS
        SELECT line, any_value(csv_line) AS text, any_value(error_type::VARCHAR) AS kind, any_value(CASE error_type
            WHEN 'TOO MANY COLUMNS' THEN 'more cells than the header; put a cell with a comma in quotation marks'
            WHEN 'MISSING COLUMNS' THEN 'fewer cells than the header; an empty cell still needs its comma'
            WHEN 'CAST' THEN column_name || ' is not what the column holds: digits with a decimal point, no thousands ' ||
                'separators; days as YYYY-MM-DD'
            ELSE error_message END) AS reason
        FROM reject_errors GROUP BY line ORDER BY line
    """)
    connection.raw_sql("DROP TABLE reject_errors; DROP TABLE reject_scans")


def _refuse_other_encoding(connection: Connection, table: Table, path: Path) -> None:
    sql = f"SELECT min(line) FROM {_no_rows(table)} WHERE kind = 'INVALID ENCODING'"
    (line,) = connection.raw_sql(sql).fetchone()
    if line is not None:
        raise _other_encoding(path, line)


def _other_encoding(path: Path, line: int) -> InputError:
    return InputError(
        f"{path} is not UTF-8: the first other bytes are in line {line}. Chinese text may be in GB18030: {_SAVE_AS}, "
        f"or convert it with `iconv -f GB18030 -t UTF-8`"
    )


def _refuse_open_quote(connection: Connection, table: Table, path: Path) -> None:
    """Stop where one quotation mark swallowed the lines after it: they are good rows that would be lost."""
    swallowed = (
        r"kind IN ('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM') AND regexp_matches(trim(text, e'\r\n'), '[\r\n]')"
    )
    (line,) = connection.raw_sql(f"SELECT min(line) FROM {_no_rows(table)} WHERE {swallowed}").fetchone()
    if line is not None:
        raise InputError(
            f"{path}: a quotation mark in line {line} is not closed, so the lines after it cannot be told apart. "
            f'Remove it, or write it twice ("") inside a quoted cell'
        )
