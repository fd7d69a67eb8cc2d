"""Files in and out: the engine, raw tables of any kind, canonical parquet, JSON. The only module that knows formats."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from features.tables import TABLES, Table
from pipelines.errors import InputError
from pipelines.params import Engine

Connection = Any
"""An ibis DuckDB backend; ibis gives it no public type."""


@contextmanager
def engine(settings: Engine) -> Iterator[Connection]:
    """Open an embedded engine bounded by the settings; it never reaches for the network and spills beside the data."""
    spill = Path("data/.spill")
    connection = ibis.duckdb.connect(
        threads=settings.threads,
        memory_limit=settings.memory_limit,
        temp_directory=str(spill),
        autoinstall_known_extensions=False,
    )
    try:
        yield connection
    finally:
        connection.disconnect()
        shutil.rmtree(spill, ignore_errors=True)


def fresh_folder(folder: Path) -> Path:
    """Return the folder, emptied: a stage never mixes with what an earlier run left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def find_table(folder: Path, table: Table) -> Path | None:
    """Return the one file (or folder of parquet files) of a raw table; None if it is not there."""
    found = [p for p in (folder / f"{table.name}{end}" for end in (".parquet", ".csv", "")) if p.exists()]
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


def read_raw(connection: Connection, table: Table, path: Path) -> tuple[ir.Table, ir.Table]:
    """Return the rows of a raw file with their position `dq_row`, and the lines that are no rows (line, text, reason).

    CSV cells stay text, so that the contract decides what they mean. InputError says what makes a file unreadable.
    """
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} is empty: not even a header. Expected the columns {', '.join(c.name for c in table)}")
    name = f"raw_{table.name}"
    try:
        connection.raw_sql(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT row_number() OVER () AS dq_row, * FROM {_scan(path)}"
        )
    except duckdb.Error as error:
        raise InputError(f"{path} cannot be read as {_format(path)}: {_first_line(error)}. {_advice(path)}") from None
    raw = connection.table(name)
    _check_header(table, raw, path)
    return raw, _rejected_lines(connection, table, path)


def _format(path: Path) -> str:
    return "CSV" if path.suffix == ".csv" else "parquet"


def _advice(path: Path) -> str:
    if path.suffix == ".csv":
        return "Save it as CSV in UTF-8, separated by commas, with one header line"
    return "It may be cut short or still being written: copy it again"


def _scan(path: Path) -> str:
    if path.suffix != ".csv":
        return f"read_parquet('{_quoted(path / '*.parquet' if path.is_dir() else path)}')"
    options = "header=true, all_varchar=true, delim=',', quote='\"', escape='\"', nullstr='', store_rejects=true"
    return f"read_csv('{_quoted(path)}', {options})"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _rejected_lines(connection: Connection, table: Table, path: Path) -> ir.Table:
    """Return the lines that the CSV reader set aside, and forget them for the next file."""
    name = f"rejected_{table.name}"
    empty = "SELECT 0::BIGINT AS line, '' AS text, '' AS reason WHERE false"
    rejects = "SELECT line, csv_line AS text, error_message AS reason FROM reject_errors ORDER BY line"
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {rejects if path.suffix == '.csv' else empty}")
    if path.suffix == ".csv":
        connection.raw_sql("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return connection.table(name)


def _check_header(table: Table, raw: ir.Table, path: Path) -> None:
    missing = [c.name for c in table if c.required and c.name not in raw.columns]
    if missing:
        found = [c for c in raw.columns if c != "dq_row"]
        raise InputError(
            f"{path} lacks the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
            f"Found: {', '.join(found[:12])}{' ...' if len(found) > 12 else ''}. "
            f"Expected: {', '.join(c.name for c in table)}. Is the separator a comma, and is the first line the header?"
        )


def hold(connection: Connection, rows: ir.Table, name: str) -> ir.Table:
    """Compute rows once; later steps read the result."""
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {ibis.to_sql(rows, dialect='duckdb')}")
    return connection.table(name)


def write_parquet(connection: Connection, rows: ir.Table, path: Path, order_by: tuple[str, ...]) -> None:
    """Write rows ordered by a unique key, so that equal data are equal bytes."""
    sql = ibis.to_sql(rows.order_by(list(order_by)), dialect="duckdb")
    connection.raw_sql(f"COPY ({sql}) TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")


def write_csv(connection: Connection, rows: ir.Table, path: Path, order_by: tuple[str, ...]) -> None:
    """Write rows as CSV with a header."""
    sql = ibis.to_sql(rows.order_by(list(order_by)), dialect="duckdb")
    connection.raw_sql(f"COPY ({sql}) TO '{_quoted(path)}' (FORMAT csv, HEADER)")


def read_canonical(connection: Connection, folder: Path) -> dict[str, ir.Table]:
    """Return the canonical tables of a folder by name; absent tables are not in the mapping."""
    return {
        name: connection.read_parquet(folder / f"{name}.parquet", table_name=name)
        for name in TABLES
        if (folder / f"{name}.parquet").exists()
    }


def write_json(path: Path, value: Any) -> None:
    """Write JSON that is the same bytes for the same value, Chinese as it is; NaN is refused."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote; InputError names the stage to run if it is not there."""
    if not path.exists():
        raise InputError(f"{path} not found; run `dvc repro` (or `make run`) first")
    return json.loads(path.read_text(encoding="utf-8"))


def fingerprint(paths: list[Path]) -> str:
    """Return one sha256 over the names and bytes of files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
