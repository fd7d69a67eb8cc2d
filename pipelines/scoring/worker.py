"""The work on one batch, the same wherever it is done: rows in, records and rows set aside out.

A worker is built once a process from the bundle and holds everything that all batches share; it opens no file. What it gives
for a row does not depend on the other rows of the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.explanation import LARGEST_GAP, Explainers, coverage, importance_of
from models.reasons import MOST_AGAINST, MOST_FOR, NAMED_FROM_POINTS, NONE, Reasons, reasons
from models.selection import Support
from models.shapley.matrix import Explained
from pipelines.scoring.decisions import Decider
from pipelines.scoring.record import SEPARATOR, arrow_schema
from pipelines.scoring.rejects import Reject
from pipelines.scoring.rows import read_rows

Floats = NDArray[np.float64]
NOBODY = np.empty(0, dtype=np.int64)

SCHEMA = arrow_schema()
CODES = {indicator.id: indicator.code for indicator in CATALOGUE.admission_indicators}
"""Of the indicators that can be a reason: all but the context."""


@dataclass(frozen=True)
class Tally:
    """What drift is judged by: rows, and of each feature how many are missing (or hold a category never seen)."""

    rows: int
    missing: NDArray[np.int64]
    unseen: NDArray[np.int64]

    @classmethod
    def none(cls, features: int) -> "Tally":
        """Return the tally of no rows."""
        return cls(0, np.zeros(features, dtype=np.int64), np.zeros(features, dtype=np.int64))

    def __add__(self, other: "Tally") -> "Tally":
        """Return the tally of both."""
        return Tally(self.rows + other.rows, self.missing + other.missing, self.unseen + other.unseen)


@dataclass(frozen=True)
class Scored:
    """What became of one batch."""

    records: pa.RecordBatch
    rejects: list[Reject]
    tally: Tally
    inputs: pd.DataFrame | None
    """What the policy read, for comparing it with others; None without one."""


@dataclass(frozen=True)
class Stamp:
    """What is the same in every record of a batch job."""

    model_version: str
    feature_set: str
    policy_version: str | None
    input_fingerprint: str
    absent: tuple[str, ...] = ()
    """Tables allowed to be missing."""


class Worker:
    """Scores batches with one bundle. `with_reasons` False leaves contributions and reasons null."""

    def __init__(
        self,
        bundle: Bundle,
        stamp: Stamp,
        *,
        with_reasons: bool = True,
        decider: Decider | None = None,
        threads: int = 1,
    ):
        self.bundle, self.stamp, self.decider, self.threads = bundle, stamp, decider, threads
        self.names = bundle.encoder.names
        explainers = Explainers.of(bundle, CATALOGUE)
        _refuse_other_margins(bundle, explainers)
        self.weight = importance_of(bundle, explainers)
        self.support = _support(bundle, self.weight)
        self.with_reasons = with_reasons
        self._explainers = explainers
        self.assessed = tuple(dict.fromkeys(explainers.indicator_of))
        self._indicator_of = [self.assessed.index(name) for name in explainers.indicator_of]

    def score(self, batch: pa.RecordBatch, position: NDArray[np.int64], repeated: NDArray[np.int64] = NOBODY) -> Scored:
        """Return the records of a batch's rows in their order, and the rows set aside; arguments as in `read_rows`."""
        rows, rejects = read_rows(batch, position, self.names, repeated)
        matrix = self.bundle.encoder.matrix(rows.frame)
        known = ~np.isnan(matrix.T)
        unseen = self._unseen(rows.frame, known)
        columns = {"application_id": rows.application_id, "customer_id": rows.customer_id, "as_of": rows.as_of}
        explained = self._explainers.indicators.explain(matrix, self.threads) if self.with_reasons else None
        columns |= self._risk(explained.margin if explained else self._margins(matrix))
        columns["explained_coverage"] = pa.array(coverage(known, self.weight))
        columns["flags"] = self._flags(len(rows.frame), unseen)
        if explained is not None:
            columns |= self._why(explained, known, columns["points"].to_numpy())
        columns |= self._whence(len(rows.frame))
        inputs = None
        if self.decider is not None:
            inputs = self.decider.inputs(rows, columns | self._doubts(rows.frame))
            columns |= self.decider.answers(inputs)
        tally = Tally(len(rows.frame), (~known).sum(axis=1), unseen.sum(axis=1))
        return Scored(_record(columns, len(rows.frame)), rejects, tally, inputs)

    def _margins(self, matrix: Floats) -> Floats:
        return self._explainers.indicators.margins(matrix, self.threads)

    def _risk(self, margin: Floats) -> dict[str, pa.Array]:
        bundle = self.bundle
        log_odds = bundle.calibration.log_odds(margin)
        pd_12m, points = expit(log_odds), bundle.scale.points_from_log_odds(log_odds)
        return {
            "pd_12m": pa.array(pd_12m),
            "points": pa.array(points),
            "score": pa.array(bundle.scale.reported(points)),
            "grade": pa.array(bundle.grades.grade(pd_12m), pa.string()),
        }

    def _doubts(self, frame: pd.DataFrame) -> dict[str, pa.Array]:
        """Return what sends an applicant to a person although its PD is good: another view of it, and being like nobody."""
        return {
            "challenger_points": pa.array(self.bundle.challenger_points(frame)),
            "out_of_support": pa.array(self.support.is_unlike(frame)),
        }

    def _unseen(self, frame: pd.DataFrame, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where a category was never seen in development, shape (n_features, n_rows); the model reads it as missing."""
        unseen = np.zeros_like(known)
        for place in self.bundle.encoder.category_places:
            unseen[place] = ~known[place] & frame[self.names[place]].notna().to_numpy()
        return unseen

    def _flags(self, rows: int, unseen: NDArray[np.bool_]) -> pa.Array:
        always = SEPARATOR.join(f"absent:{table}" for table in self.stamp.absent)
        flags = np.full(rows, always, dtype=object)
        for place in np.flatnonzero(unseen.any(axis=1)):
            word = f"unseen:{self.names[place]}"
            flags[unseen[place]] = [f"{flag}{SEPARATOR}{word}" if flag else word for flag in flags[unseen[place]]]
        return pa.array(flags, pa.string())

    def _why(self, explained: Explained, known: NDArray[np.bool_], points: Floats) -> dict[str, pa.Array]:
        bundle, explainers = self.bundle, self._explainers
        to_points = bundle.scale.contribution(bundle.calibration.slope)
        indicators, features = explained.players.T, explained.features.T
        # In place: they are the largest arrays of a batch.
        indicators *= to_points
        features *= to_points
        base = float(
            bundle.scale.points_from_log_odds(bundle.calibration.log_odds(np.array([explainers.indicators.base])))[0]
        )
        gap = float(np.abs(base + indicators.sum(axis=0) - points).max(initial=0.0)) / bundle.scale.factor
        if not gap <= LARGEST_GAP:
            raise ValueError(
                f"base and contributions miss the prediction by {gap:.3g} log-odds, more than {LARGEST_GAP:g}"
            )
        columns = {f"points_{name}": pa.array(values) for name, values in zip(self.assessed, indicators, strict=True)}
        columns["base_points"] = pa.array(np.full(len(points), base))
        return columns | self._reasons(indicators, features, known)

    def _reasons(self, indicators: Floats, features: Floats, known: NDArray[np.bool_]) -> dict[str, pa.Array]:
        named = [place for place, name in enumerate(self.assessed) if name in CODES]
        owner = [named.index(place) if place in named else NONE for place in self._indicator_of]
        codes = [CODES[self.assessed[place]] for place in named]
        columns: dict[str, pa.Array] = {}
        for side, sign, most in (("against", -1, MOST_AGAINST), ("in_favour", 1, MOST_FOR)):
            found = reasons(indicators[named], features, owner, sign=sign, most=most, from_points=NAMED_FROM_POINTS)
            columns |= _in_words(side, found, codes, self.names, known)
        return columns

    def _whence(self, rows: int) -> dict[str, pa.Array]:
        stamp = self.stamp
        once = {
            "model_version": stamp.model_version,
            "feature_set": stamp.feature_set,
            "policy_version": stamp.policy_version,
            "input_fingerprint": stamp.input_fingerprint,
        }
        return {name: pa.repeat(pa.scalar(value, pa.string()), rows) for name, value in once.items()}


def _refuse_other_margins(bundle: Bundle, explainers: Explainers) -> None:
    """Stop unless what the explainers predict is what LightGBM predicts, to the last bit, on the bundle's background rows."""
    if bundle.background is None:
        return
    expected = bundle.booster.predict(bundle.background, raw_score=True, num_threads=1)
    if not np.array_equal(explainers.indicators.margins(bundle.background), expected):
        raise ValueError("the model's tables and LightGBM predict different margins; install the locked versions anew")


def _support(bundle: Bundle, weight: Floats) -> Support:
    ranges = {
        name: (told["low"], told["high"]) for name, told in bundle.reference.items() if told.get("low") is not None
    }
    return Support.of(ranges, pd.Series(weight, index=list(bundle.encoder.names)))


def _in_words(
    side: str, found: Reasons, codes: Sequence[str], names: Sequence[str], known: NDArray[np.bool_]
) -> dict[str, pa.Array]:
    """Return the columns of the reasons of one side: code, feature and the key of the sentence."""
    sign, text = {"against": ("-", "reason.against"), "in_favour": ("+", "reason.for")}[side]
    columns: dict[str, pa.Array] = {}
    for number, (indicator, feature) in enumerate(zip(found.indicator, found.feature, strict=True), start=1):
        there = indicator != NONE
        is_known = known[np.where(there, feature, 0), np.arange(len(feature))]
        columns |= {
            f"{side}_{number}_code": _named(indicator, [f"{code}{sign}" for code in codes]),
            f"{side}_{number}_feature": _named(np.where(there, feature, NONE), names),
            f"{side}_{number}_text": _named(np.where(there, is_known.astype(np.intp), NONE), ["reason.missing", text]),
        }
    return columns


def _named(places: NDArray[np.intp], names: Sequence[str]) -> pa.Array:
    """Return the name at each place, null where there is none."""
    indices = pa.array(places, pa.int32(), mask=places == NONE)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).dictionary_decode()


def _record(columns: dict[str, pa.Array], rows: int) -> pa.RecordBatch:
    """Return the columns in the order of the schema; indicators that the model does not assess contribute nothing."""
    is_explained = "base_points" in columns
    arrays = []
    for field in SCHEMA:
        if field.name in columns:
            arrays.append(columns[field.name].cast(field.type))
        elif field.name.startswith("points_") and is_explained:
            arrays.append(pa.array(np.zeros(rows)))
        else:
            arrays.append(pa.nulls(rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
