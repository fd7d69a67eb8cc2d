"""Columns as arrays: day numbers, cents and keys on the way to Arrow tables of the contract's types."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.tables import MINOR_UNITS, Table

ARROW_TYPE = {"text": pa.string(), "enum": pa.string(), "integer": pa.int64(), "number": pa.float64()}
ARROW_TYPE |= {"money": pa.float64(), "ratio": pa.float64(), "date": pa.date32(), "flag": pa.bool_()}

Days = NDArray[np.int64]
"""Days since 1970-01-01."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER = 10**6
"""The day that does not come: later than every date of the portfolio, written as null."""


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def year_of(day: Days) -> Ints:
    """Return the calendar year of each day."""
    return day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def last_day_of(year: Ints) -> Days:
    """Return 31 December of each year."""
    return (year - 1969).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) - 1


def month_of(day: Days) -> Ints:
    """Return months since January 1970."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def month_start(month: Ints) -> Days:
    """Return the first day of each month, months counted since January 1970."""
    return month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def days_later(rng: np.random.Generator, day: Days, mean: float) -> Days:
    """Return days that follow after an exponentially distributed while."""
    return day + np.floor(rng.exponential(mean, len(day))).astype(np.int64)


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)), in (0, 1)."""
    return 1 / (1 + np.exp(-x))


def within(values: Floats, low: float, high: float) -> Floats:
    """Return the values cut to their possible range."""
    return np.minimum(np.maximum(values, low), high)


def score(values: Floats) -> Floats:
    """Return scores from 0 to 100 with one decimal."""
    return np.round(within(values, 0, 100), 1)


def known_by(last_day: int, day: Days) -> Days:
    """Return the days, NEVER for those after the last day of the data."""
    return np.where(day <= last_day, day, NEVER)


def yuan(cents: Ints) -> Floats:
    """Return an amount in whole cents as decimal yuan."""
    return cents / MINOR_UNITS


def cents(amount: Floats) -> Ints:
    """Return an amount in yuan as whole cents."""
    return np.rint(amount * MINOR_UNITS).astype(np.int64)


def key(prefix: str, number: Ints, width: int) -> pa.Array:
    """Return keys such as C0000042: a prefix and a number padded with zeros, so that text order is number order."""
    return pc.binary_join_element_wise(prefix, _padded(number, width), "")


def numbered_key(prefix: str, customer: Ints, number: Ints, width: int) -> pa.Array:
    """Return keys such as I0000042-0007: the seventh invoice of customer 42."""
    return pc.binary_join_element_wise(key(prefix, customer, 7), _padded(number, width), "-")


def customer_key(customer: Ints) -> pa.Array:
    """Return the customer_id of each customer number."""
    return key("C", customer, 7)


def _padded(number: Ints, width: int) -> pa.Array:
    return pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), width, "0")


def pick(values: tuple[str, ...], index: Ints) -> pa.Array:
    """Return the value at each index as text; a negative index gives null."""
    return pa.array(values, pa.string()).take(pa.array(index, mask=index < 0))


def number_within(group: Ints) -> Ints:
    """Return 0, 1, 2 ... within each run of equal values."""
    position = np.arange(len(group))
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else position
    return position - np.repeat(starts, np.diff(np.r_[starts, len(group)]))


def arrow_table(table: Table, columns: Mapping[str, Any]) -> pa.Table:
    """Return the columns as an Arrow table of the contract's columns, order and types.

    Days at or after NEVER and NaN become null; a single value is repeated.
    """
    rows = next(len(value) for value in columns.values() if not np.isscalar(value))
    arrays = [_arrow_column(columns[column.name], ARROW_TYPE[column.kind], rows) for column in table]
    return pa.table(arrays, schema=schema(table))


def schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of one table of the contract."""
    return pa.schema([(column.name, ARROW_TYPE[column.kind]) for column in table])


def _arrow_column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if np.isscalar(values):
        return pa.repeat(pa.scalar(values, kind), rows)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if kind == pa.date32():
        return pa.array(values.astype(np.int32), kind, mask=values >= NEVER)
    return pa.array(values, from_pandas=True).cast(kind)
