"""A ready feature matrix: parquet or CSV, one row an application, read in batches of any number of rows.

A CSV file is copied once into parquet of the declared types, so that everything after it sees one kind of file; lines with
another content than their columns are listed, not guessed at.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.catalogue import Catalogue
from features.dimensions import CATALOGUE
from features.tables import Table
from features.tables.contract import Column, day, number, text
from pipelines.errors import InputError
from pipelines.io import Connection, on_account, quoted
from pipelines.raw import copy_csv, no_rows
from pipelines.scoring.rejects import Reject

KEYS = ("application_id", "customer_id", "as_of")
BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What reading a damaged parquet file raises: a name in its footer need not even be text."""

ROWS_A_GROUP = 30_000
"""In the copy of a CSV file: few enough to stay small, since a matrix has a hundred columns and more."""

COPYING = 3 << 29
"""Bytes a thread on which the engine copies 160 columns with all its threads; with fewer it uses one. It takes a tenth."""


def contract(catalogue: Catalogue = CATALOGUE) -> Table:
    """Return what a feature matrix holds, in the words of the raw tables."""
    return Table(
        name="features",
        en="Feature matrix",
        zh="特征矩阵",
        grain="one row an application",
        key=("application_id",),
        availability="as_of",
        columns=(
            text("application_id", "the application", "申请编号", required=True),
            text("customer_id", "the customer", "客户编号", required=True),
            day("as_of", "observation date", "观察日", required=True),
            *(_column(feature.id, feature.en, feature.zh, feature.is_category) for feature in catalogue.features),
        ),
    )


def _column(name: str, en: str, zh: str, is_category: bool) -> Column:
    return text(name, en, zh) if is_category else number(name, en, zh, unit="")


@dataclass(frozen=True)
class Matrix:
    """A feature matrix as one parquet file: its rows, the later rows of repeated ids, and lines that were no rows."""

    path: Path
    delivered: Path
    rows: int
    repeated: NDArray[np.int64]
    """Positions, from 1, of rows whose application_id stands in an earlier row."""
    lines: tuple[Reject, ...] = ()
    evidence: tuple[str, ...] = ()
    """What a policy reads beside the features, as far as the file has it."""

    @property
    def rows_in(self) -> int:
        """Rows delivered: those of the file and the lines that could not be one."""
        return self.rows + len(self.lines)

    def batches(self, columns: Sequence[str], size: int) -> Iterator[tuple[pa.RecordBatch, NDArray[np.int64]]]:
        """Yield batches in the order of the file, each with the positions of its rows."""
        before = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(size, columns=list(columns)):
                    yield batch, np.arange(before + 1, before + batch.num_rows + 1)
                    before += batch.num_rows
        except BROKEN as error:
            raise _unreadable(self.delivered, error) from None
        if before != self.rows:
            raise _unreadable(self.delivered, OSError(f"it states {self.rows} rows and holds {before}"))


def open_matrix(connection: Connection, path: Path, names: Sequence[str], asked: Sequence[str] = ()) -> Matrix:
    """Return the matrix in a file, with what can be told before its rows are read.

    `asked` is what a policy reads beside the features called `names`, as far as it is there, in capitals or not. InputError
    if the file cannot be read, lacks an id or a feature, or has a column twice.
    """
    lines: tuple[Reject, ...] = ()
    readable = path
    if path.suffix.lower() == ".csv":
        readable, lines = _copied(connection, path, {*KEYS, *names, *(name.lower() for name in asked)})
    schema, rows = _footer(readable, path)
    wanted = {name.lower() for name in asked}
    brought = tuple(name for name in schema.names if name.lower() in wanted)
    _refuse_missing(schema.names, names, path)
    _refuse_twice([name.lower() for name in brought], path)
    _refuse_types(schema, (*names, *brought), path)
    if not rows and not lines:
        raise InputError(f"{path} holds no row; expected one an application")
    return Matrix(readable, path, rows, _repeated(connection, readable, path), lines, brought)


def _copied(connection: Connection, path: Path, wanted: Collection[str]) -> tuple[Path, tuple[Reject, ...]]:
    table = contract()
    # Days stay text: what one looks like is judged in one place, for CSV and parquet alike.
    types = {column.name: "DOUBLE" for column in table if column.kind == "number"}
    with on_account(connection, COPYING):
        copied, _ = copy_csv(connection, table, path, types, wanted, ROWS_A_GROUP)
    bad = no_rows(connection, table).to_pyarrow().to_pylist()
    lines = tuple(
        Reject(table.name, None, line["text"], "DQ03", f"line {line['line']}: {line['reason']}") for line in bad
    )
    return copied, lines


def _footer(readable: Path, path: Path) -> tuple[pa.Schema, int]:
    try:
        with pq.ParquetFile(readable) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            tuple(schema.names)  # decoded when asked for: one that is no text shall be refused here
            return schema, rows
    except BROKEN as error:
        raise _unreadable(path, error) from None


def _refuse_missing(columns: Sequence[str], names: Sequence[str], path: Path) -> None:
    missing = [name for name in (*KEYS, *names) if name not in columns]
    if missing:
        raise InputError(
            f"{path} lacks {len(missing)} of the {len(names) + len(KEYS)} columns that the model needs: "
            f"{', '.join(missing[:8])}{' ...' if len(missing) > 8 else ''}. `admission featurize` of this version "
            "writes them all; a feature not known for anyone is an empty column"
        )
    _refuse_twice([name for name in columns if name in {*KEYS, *names}], path)


def _refuse_twice(columns: Sequence[str], path: Path) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(f"{path} has the column {', '.join(twice)} more than once; keep one of them")


def _refuse_types(schema: pa.Schema, names: Sequence[str], path: Path) -> None:
    """Stop on columns of a type that holds neither numbers nor text (nor days, for as_of): lists, binary, durations."""
    odd = [f"{n} ({schema.field(n).type})" for n in (*KEYS, *names) if not _is_usable(n, schema.field(n).type)]
    if odd:
        raise InputError(
            f"{path} has columns of types that cannot be read: {', '.join(odd)}. Expected numbers, text, days"
        )


def _is_usable(name: str, kind: pa.DataType) -> bool:
    t = pa.types
    plain = kind.value_type if t.is_dictionary(kind) else kind
    if t.is_string(plain) or t.is_large_string(plain) or t.is_null(plain):
        return True
    if name == "as_of":
        return t.is_date(plain) or t.is_timestamp(plain)
    return t.is_integer(plain) or t.is_floating(plain) or t.is_decimal(plain) or t.is_boolean(plain)


def _repeated(connection: Connection, readable: Path, path: Path) -> NDArray[np.int64]:
    """Return the positions of later rows of an id; ids pass through the engine, so that any number of them fits."""
    file = f"read_parquet('{quoted(readable)}', file_row_number=true)"
    named = f"SELECT trim(application_id::VARCHAR) AS id, file_row_number + 1 AS row FROM {file} WHERE id <> ''"
    later = f"""
        SELECT row FROM ({named}) JOIN (SELECT id, min(row) AS first FROM ({named}) GROUP BY id HAVING count(*) > 1)
        USING (id) WHERE row > first ORDER BY row"""
    try:
        found = connection.raw_sql(later).fetchnumpy()["row"]
    except duckdb.Error as error:
        raise _unreadable(path, error) from None
    return np.asarray(found, dtype=np.int64)


def _unreadable(path: Path, error: Exception) -> InputError:
    first = str(error).splitlines()[0][:300].rstrip(".")
    return InputError(
        f"{path} cannot be read as {'CSV' if path.suffix.lower() == '.csv' else 'parquet'}: {first}. It may be cut short or "
        "still being written: copy it again. Expected a feature matrix (.parquet or .csv), or a folder of tables"
    )
