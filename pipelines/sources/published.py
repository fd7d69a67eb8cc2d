"""Published data files in, raw tables of the contract out: what the sources of public data have in common."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import Kind, Table
from pipelines.errors import InputError

_PARQUET_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "enum": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "ratio": pa.float64(),
    "money": pa.float64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
}


def header(path: Path, download: str) -> list[str]:
    """Return the column names of a CSV, ARFF or parquet file; InputError if there is no such file or it cannot be read.

    `download` says where the user gets the file.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}. Download the file from {download} and set `input` in params.yaml to it")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: not even a header. Download it again from {download}")
    try:
        return _names(path)
    except (pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise _unreadable(path, download, error) from None


def read(path: Path, columns: dict[str, str], text: tuple[str, ...], download: str) -> pd.DataFrame:
    """Return the columns of a file whose header is known, renamed from the file's names to ours; no other is read.

    Columns named in `text` are strings, all others float64 with NaN for blank cells. InputError names file, column, row
    and cell of the first value that is no finite number, and what to do about a file without rows or cut short.
    """
    try:
        cells = _cells(path, list(columns))
    except (pa.ArrowException, pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise _unreadable(path, download, error) from None
    if cells.empty:
        raise InputError(f"{path} has a header but no rows. Download it again from {download}")
    named = {ours: cells[name] for name, ours in columns.items()}
    return pd.DataFrame({n: c.astype("str") if n in text else _numbers(path, c) for n, c in named.items()})


def require(path: Path, columns: list[str], expected: list[str], download: str) -> None:
    """Refuse a file that lacks some of the expected columns; InputError lists them beside what was found."""
    missing = [name for name in expected if name not in columns]
    if missing:
        found = ", ".join(columns[:12]) + (" ..." if len(columns) > 12 else "")
        raise InputError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. Found: {found}. "
            f"Expected the file as published at {download}: separated by commas, its first line the header"
        )


def write(rows: pd.DataFrame, table: Table, raw: Path) -> None:
    """Write `raw/<table>.parquet`: the contract's columns that `rows` has, in its order and types, sorted by its key."""
    columns = [c for c in table if c.name in rows.columns]
    schema = pa.schema([(c.name, _PARQUET_TYPES[c.kind]) for c in columns])
    ordered = rows.sort_values(list(table.key), kind="stable")
    arrays = [pa.array(ordered[c.name], type=_PARQUET_TYPES[c.kind], from_pandas=True) for c in columns]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), raw / f"{table.name}.parquet", compression="zstd")


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _is_arff(path: Path) -> bool:
    return path.suffix.lower() == ".arff"


def _names(path: Path) -> list[str]:
    if _is_parquet(path):
        return list(pq.read_schema(path).names)
    if _is_arff(path):
        return _arff_header(path)[0]
    return list(pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns)


def _cells(path: Path, columns: list[str]) -> pd.DataFrame:
    if _is_parquet(path):
        return pq.read_table(path, columns=columns).to_pandas()
    if _is_arff(path):
        names, lines = _arff_header(path)
        return pd.read_csv(
            path, skiprows=lines, names=names, usecols=columns, dtype="str", keep_default_na=False, na_values=["?"]
        )
    # Text first, so that a cell that is no number is found and named instead of silently turning its column to text.
    return pd.read_csv(path, usecols=columns, dtype="str", encoding="utf-8-sig", keep_default_na=False)


def _arff_header(path: Path) -> tuple[list[str], int]:
    """Return the attributes' names and the number of lines up to @data, after which follows CSV with "?" for blanks."""
    names: list[str] = []
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            match line.split():
                case [tag, name, *_] if tag.lower() == "@attribute":
                    names.append(name.strip("'\""))
                case [tag] if tag.lower() == "@data":
                    return names, number
    raise pd.errors.ParserError("no line @data")


def _numbers(path: Path, cells: pd.Series) -> pd.Series:
    blank = cells.isna() | (cells.astype("str").str.strip() == "")
    values = pd.to_numeric(cells.where(~blank), errors="coerce").astype("float64")
    wrong = ~blank & ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{path}: column {cells.name}, row {row + 1}: {str(cells.iloc[row])!r} is not a number. Expected digits with a "
            f"decimal point and no thousands separators ({int(wrong.sum())} such cells). Use the file as published"
        )
    return values


def _unreadable(path: Path, download: str, error: Exception) -> InputError:
    kind = "parquet" if _is_parquet(path) else "ARFF" if _is_arff(path) else "CSV in UTF-8"
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(
        f"{path} cannot be read as {kind}: {reason}. It may be cut short: download it again from {download}"
    )
