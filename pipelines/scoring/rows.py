"""From an Arrow batch to rows that the model can score, and the rows that it cannot, each with a reason.

A matrix comes from anywhere: a number may be text, a share may be a percentage, a ratio infinite. Each row is judged as a
whole, because a wrong number would move its score without a sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.catalogue import Catalogue, Feature
from features.dimensions import CATALOGUE
from features.knock_outs import READ
from features.tables import APPLICATIONS
from pipelines.errors import InputError
from pipelines.scoring.evidence import BOUNDS, EVIDENCE
from pipelines.scoring.rejects import Reject

Bools = NDArray[np.bool_]
TABLE = "features"
RULES = {rule.id for rule in READ}

DAYS = (APPLICATIONS["as_of"].earliest, "2099-12-31")
"""Between which an application can have been made; raw tables know the day up to which their data reach, a matrix does not."""


@dataclass(frozen=True)
class Rows:
    """The rows of a batch that can be scored: ids as they are written, and the model's features as columns."""

    application_id: pa.Array
    customer_id: pa.Array
    as_of: pa.Array
    frame: pd.DataFrame
    evidence: dict[str, pa.Array]
    """What a policy reads beside the features, as far as the matrix has it."""


class _Judge:
    """Collects the first reason against each row of a batch."""

    def __init__(self, rows: int):
        self.rule = np.full(rows, "", dtype=object)
        self.reason = np.full(rows, "", dtype=object)

    def against(self, bad: Bools, rule: str, reasons: Sequence[str] | str) -> None:
        """Note a reason against the rows where `bad`, unless they have one: the same for all, or one for each such row."""
        fresh = bad & (self.rule == "")
        if not fresh.any():
            return
        self.rule[fresh] = rule
        self.reason[fresh] = reasons if isinstance(reasons, str) else np.asarray(reasons, dtype=object)[fresh[bad]]

    @property
    def good(self) -> Bools:
        """The rows without a reason against them."""
        return np.asarray(self.rule == "", dtype=np.bool_)


def read_rows(
    batch: pa.RecordBatch,
    position: NDArray[np.int64],
    names: Sequence[str],
    repeated: NDArray[np.int64],
    catalogue: Catalogue = CATALOGUE,
) -> tuple[Rows, list[Reject]]:
    """Return the rows of a batch that can be scored, and the others.

    `position` is each row's place in the file, from 1; `repeated` the positions of rows whose id stands earlier.
    """
    judge = _Judge(batch.num_rows)
    ids = {name: _text(batch.column(name)) for name in ("application_id", "customer_id")}
    for name, values in ids.items():
        judge.against(_blank(values), "DQ03", f"{name} is empty")
    judge.against(np.isin(position, repeated), "DQ01", "an earlier row has the same application_id")
    as_of = _days(batch.column("as_of"), judge)
    features = [catalogue.feature(name) for name in names]
    frame = pd.DataFrame({f.id: _column(f, batch.column(f.id), judge) for f in features}, copy=False)
    _refuse_outside(frame, features, judge)
    brought = {column.lower(): column for column in batch.schema.names}
    evidence = {
        name: _evidence(name, batch.column(brought[name.lower()]), judge)
        for name in EVIDENCE
        if name.lower() in brought
    }
    good = judge.good
    bad = np.flatnonzero(~good)
    keys = ids["application_id"].take(pa.array(bad)).to_pylist()
    rejects = [
        Reject(TABLE, int(position[at]), key or "", str(judge.rule[at]), str(judge.reason[at]))
        for at, key in zip(bad, keys, strict=True)
    ]
    if rejects:
        mask = pa.array(good)
        ids = {name: values.filter(mask) for name, values in ids.items()}
        evidence = {name: values.filter(mask) for name, values in evidence.items()}
        as_of, frame = as_of.filter(mask), frame[good].reset_index(drop=True)
    return Rows(ids["application_id"], ids["customer_id"], as_of, frame, evidence), rejects


def _text(values: pa.Array) -> pa.Array:
    """Return cells as text without blanks at their ends; whole numbers with gaps between them come as floats: 7.0 is 7."""
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    try:
        plain.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"a column of the feature matrix holds text that is not UTF-8: {error}. Write it anew"
        ) from None
    if pa.types.is_floating(plain.type):
        plain = pc.if_else(pc.is_nan(plain), pa.scalar(None, plain.type), plain)
        whole = pc.equal(plain, pc.round(plain))
        plain = pc.if_else(whole, pc.cast(plain, pa.int64(), safe=False).cast(pa.string()), plain.cast(pa.string()))
    return pc.utf8_trim_whitespace(plain.cast(pa.string()))


def _blank(texts: pa.Array) -> Bools:
    return _bools(pc.equal(pc.fill_null(texts, ""), ""))


def _bools(flags: pa.Array) -> Bools:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _days(values: pa.Array, judge: _Judge) -> pa.Array:
    if not pa.types.is_temporal(values.type):
        texts = _text(values)
        days = texts.to_pandas().str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$", expand=False)
        read = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")
        values = pa.array(read.dt.date, pa.date32(), from_pandas=True)
        unread = _bools(values.is_null()) & ~_blank(texts)
        judge.against(
            unread, "DQ03", [f"as_of {x!r} is not a day; expected YYYY-MM-DD" for x in texts.to_pandas()[unread]]
        )
    judge.against(_bools(values.is_null()), "DQ03", "as_of is empty")
    found = values.cast(pa.date32(), safe=False)
    early, late = (pa.scalar(date.fromisoformat(day), pa.date32()) for day in DAYS)
    outside = _bools(pc.fill_null(pc.or_(pc.less(found, early), pc.greater(found, late)), False))
    judge.against(outside, "DQ06", [f"as_of {x} is outside {DAYS[0]} to {DAYS[1]}" for x in found.to_pandas()[outside]])
    return found


def _column(feature: Feature, values: pa.Array, judge: _Judge) -> NDArray[Any]:
    """Return a feature's values as the model takes them: floats with NaN, or text with None.

    Arrays and not series: a frame of a hundred series would compare their indices first, batch by batch.
    """
    if feature.is_category:
        texts = _text(values)
        known = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        return np.asarray(known.to_numpy(zero_copy_only=False), dtype=object)
    return _numbers(feature.id, values, judge)


def _evidence(name: str, values: pa.Array, judge: _Judge) -> pa.Array:
    """Return what a policy reads as it takes it: the state of a rule as text, an amount as a number."""
    if name in RULES:
        return pc.utf8_lower(_text(values))
    numbers, (low, high) = _numbers(name, values, judge), BOUNDS[name]
    outside = (numbers < low) | (numbers > high)
    reasons = [f"{name} {x:g} is outside of what it can be: {low:g} to {high:g}" for x in numbers[outside]]
    judge.against(outside, "DQ11", reasons)
    return pa.array(numbers, from_pandas=True)


def _numbers(name: str, values: pa.Array, judge: _Judge) -> NDArray[np.float64]:
    """Return cells as numbers, NaN where there is none; rows of cells that are no numbers are noted."""
    if _is_number(values.type):
        return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan)
    return _numbers_in_text(name, _text(values), judge)


def _is_number(kind: pa.DataType) -> bool:
    is_one = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(test(kind) for test in is_one)


def _numbers_in_text(name: str, texts: pa.Array, judge: _Judge) -> NDArray[np.float64]:
    cells = texts.to_pandas()
    numbers = pd.to_numeric(cells.where(cells != ""), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unread = np.isnan(numbers) & ~_blank(texts) & ~cells.str.lower().eq("nan").fillna(False).to_numpy(dtype=np.bool_)
    shown = [f"{name} {cell!r} is not a number; expected digits with a decimal point" for cell in cells[unread]]
    judge.against(unread, "DQ03", shown)
    return numbers


def _refuse_outside(frame: pd.DataFrame, features: Sequence[Feature], judge: _Judge) -> None:
    """Note rows with a value that the feature cannot have: every feature computed here lies within its declared bounds."""
    for feature in features:
        if feature.clip is None:
            continue
        values, (low, high) = frame[feature.id].to_numpy(), feature.clip
        outside = (values < low) | (values > high)
        if outside.any():
            reason = f"is outside of what {feature.id} can be: {low:g} to {high:g} {feature.unit}"
            judge.against(outside, "DQ11", [f"{feature.id} {value:g} {reason}" for value in values[outside]])
