"""Applicants to compare policies on: what a scoring job wrote of them, or a file of the same columns."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.policy.decision import INPUTS
from pipelines.errors import InputError
from pipelines.scoring.output import DECISION_INPUTS
from pipelines.scoring.output import INPUTS as OF_A_JOB

EXPECTED = "expected the decision_inputs of `admission score`"


def _named(values: pd.Series) -> pd.Series:
    return values.fillna("").str.strip() != ""


def _share(values: pd.Series) -> pd.Series:
    return values.isna() | values.between(0, 1)


def _finite(values: pd.Series) -> pd.Series:
    return ~np.isinf(values)


HOLDS: Mapping[str, Callable[[pd.Series], pd.Series]] = {
    "application_id": _named,
    "customer_id": _named,
    "pd_12m": lambda values: values.between(0, 1, inclusive="neither"),
    "points": lambda values: values.notna() & _finite(values),
    "challenger_points": _finite,
    "explained_coverage": _share,
    "requested_terms_days": lambda values: values.isna() | (_finite(values) & (values >= 0)),
    "annual_sales": _finite,
    "total_equity": _finite,
    "cost_of_sales": _finite,
}
"""Which values a column may hold, where its type alone does not say it; INPUTS says so in words."""


def population(path: Path) -> pd.DataFrame:
    """Return the applicants of a parquet file with the columns that policies read, or of a folder of such files.

    The scoring job writes them as `decision_inputs` beside its scores; of its folder they alone are read. InputError names what
    is absent, the first value that no policy could read, an application that stands twice, and files of nobody.
    """
    applicants = pd.concat([_read(file) for file in _files(path)], ignore_index=True)
    if not len(applicants):
        raise InputError(f"{path} holds no applicant; nothing can be compared")
    twice = applicants["application_id"][applicants["application_id"].duplicated()]
    if len(twice):
        raise InputError(
            f"{path}: {len(twice)} applications stand twice, {twice.iloc[0]!r} among them; expected each once"
        )
    return applicants


def _files(path: Path) -> list[Path]:
    job = path / OF_A_JOB
    files = [job] if job.exists() else sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise InputError(f"{path} holds no parquet file; {EXPECTED}")
    return files


def _read(file: Path) -> pd.DataFrame:
    """Return the applicants of one file in the types that policies read."""
    try:
        with pq.ParquetFile(file) as opened:
            table = opened.read(columns=list(INPUTS))
        table.validate(full=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as parquet: {error}") from None
    absent = [name for name in INPUTS if name not in table.column_names]
    if absent:
        raise InputError(f"{file} lacks the columns {', '.join(absent)}; {EXPECTED}")
    if table.num_columns > len(INPUTS):
        raise InputError(f"{file} has a column more than once; {EXPECTED}")
    applicants = pa.table({field.name: _typed(file, field, table[field.name]) for field in DECISION_INPUTS}).to_pandas()
    for name, holds in HOLDS.items():
        wrong = applicants.loc[~holds(applicants[name]), name]
        if len(wrong):
            raise _unusable(file, name, wrong.index[0], wrong.tolist()[0])
    return applicants


def _typed(file: Path, field: pa.Field, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column in the type that policies read; InputError if it holds another kind of values."""
    plain = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    if plain.null_count < len(plain) and not _is_kind(plain.type, field.type):
        row = pc.index(plain.is_valid(), True).as_py()
        raise _unusable(file, field.name, row, plain[row].as_py())
    return pa.nulls(len(plain), field.type) if plain.null_count == len(plain) else plain.cast(field.type, safe=False)


def _is_kind(given: pa.DataType, wanted: pa.DataType) -> bool:
    t = pa.types
    if t.is_floating(wanted):
        return t.is_integer(given) or t.is_floating(given) or t.is_decimal(given)
    return t.is_boolean(given) if t.is_boolean(wanted) else t.is_string(given) or t.is_large_string(given)


def _unusable(file: Path, name: str, row: int, value: Any) -> InputError:
    return InputError(f"{file}: column {name} holds {value!r} in row {row + 1}; expected {_words(name)}")


def _words(name: str) -> str:
    kind = {pa.bool_(): "true or false", pa.string(): "text"}.get(DECISION_INPUTS.field(name).type, "a number")
    return f"{kind}: {INPUTS[name]}"
