"""Files in and out: the engine, canonical parquet, CSV, JSON, fingerprints."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
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
def engine(settings: Engine, beside: Path = Path("data")) -> Iterator[Connection]:
    """Open an embedded engine bounded by the settings; it never reaches for the network and spills into the folder `beside`.

    InputError if the settings are none that the engine knows.
    """
    limits = {"threads": settings.threads, "memory_limit": settings.memory_limit}
    beside.mkdir(exist_ok=True)
    # A folder of its own, so that two engines at work do not clear away each other's files.
    with TemporaryDirectory(prefix=".spill-", dir=beside.resolve(), ignore_cleanup_errors=True) as folder:
        try:
            connection = ibis.duckdb.connect(**limits, temp_directory=folder, autoinstall_known_extensions=False)
        except duckdb.Error as error:
            raise InputError(
                f"params.yaml: section engine is {limits}: {error}. Expected for example 4GB and 2"
            ) from None
        try:
            yield connection
        finally:
            connection.disconnect()


def fresh_folder(folder: Path) -> Path:
    """Return the folder, emptied: a stage never mixes with what an earlier run left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def quoted(path: Path | str) -> str:
    """Return a path or name as it stands inside single quotes of SQL."""
    return str(path).replace("'", "''")


def hold(connection: Connection, rows: ir.Table, name: str) -> ir.Table:
    """Compute rows once; later steps read the result."""
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {connection.compile(rows)}")
    return connection.table(name)


@contextmanager
def on_account(connection: Connection, a_thread: int) -> Iterator[None]:
    """Let the engine plan with so many bytes a thread for a while: it plans for far more than it then takes."""
    limit, threads = connection.raw_sql("SELECT current_setting('memory_limit'), current_setting('threads')").fetchone()
    connection.raw_sql(f"SET memory_limit='{threads * a_thread}B'")
    try:
        yield
    finally:
        connection.raw_sql(f"SET memory_limit='{limit}'")


def spill_folder(connection: Connection) -> Path:
    """Return the engine's own folder, gone with the engine, for what does not fit into memory."""
    (folder,) = connection.raw_sql("SELECT current_setting('temp_directory')").fetchone()
    return Path(folder)


def spill(connection: Connection, sql: str, name: str, rows_a_group: int = 122_880) -> Path:
    """Write the rows of a query, however many, into a file of the engine's own folder and return its path."""
    path = spill_folder(connection) / f"{name}.parquet"
    options = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {rows_a_group}"
    connection.raw_sql(f"COPY ({sql}) TO '{quoted(path)}' ({options})")
    return path


def write_parquet(connection: Connection, rows: ir.Table, path: Path, order_by: tuple[str, ...]) -> None:
    """Write rows ordered by a unique key, so that equal data are equal bytes.

    Row groups of 100,000: readers of a range of the leading key skip most of the file.
    """
    sql = connection.compile(rows.order_by(list(order_by)))
    connection.raw_sql(f"COPY ({sql}) TO '{quoted(path)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100_000)")


def write_canonical(connection: Connection, table: Table, rows: ir.Table, path: Path) -> None:
    """Write a canonical table, customer after customer where it has customers: features are computed by ranges of them."""
    customer = ("customer_id",) if "customer_id" in rows.columns else ()
    write_parquet(connection, rows, path, tuple(dict.fromkeys((*customer, *table.key))))


def write_csv(connection: Connection, rows: ir.Table, path: Path, order_by: tuple[str, ...]) -> None:
    """Write rows as CSV with a header."""
    sql = connection.compile(rows.order_by(list(order_by)))
    connection.raw_sql(f"COPY ({sql}) TO '{quoted(path)}' (FORMAT csv, HEADER)")


def read_canonical(connection: Connection, folder: Path) -> dict[str, ir.Table]:
    """Return the canonical tables of a folder by name; absent optional tables are not in the mapping.

    InputError if a required table is absent: then `ingest` has not run, or has refused its input.
    """
    for table in TABLES.values():
        if table.required:
            existing(folder / f"{table.name}.parquet", "ingest")
    return {
        name: connection.read_parquet(folder / f"{name}.parquet", table_name=name)
        for name in TABLES
        if (folder / f"{name}.parquet").exists()
    }


def existing(path: Path, stage: str) -> Path:
    """Return the path of a file that an earlier stage wrote; InputError names the stage if it is not there."""
    if not path.exists():
        raise InputError(not_yet(path, stage))
    return path


def not_yet(path: Path | str, stage: str) -> str:
    """Return in words that a stage has not written its file yet, and what to do."""
    return f"{path} not found; run stage {stage} first (`admission {stage}`, or `admission repro` for all)"


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
        with path.open("rb") as file:
            digest.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
