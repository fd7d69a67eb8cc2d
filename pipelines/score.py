"""Batch job `score`: a model and new applicants in; a record of decision and reasons for each out, or why there is none.

Not a stage: it is called every night with files from anywhere. Either the whole output appears or none of it; equal inputs
give equal bytes; every row delivered is in the records or among the rejects.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from features.dimensions import CATALOGUE
from features.tables import APPLICATIONS
from features.version import read_tables
from models.bundle import Bundle
from pipelines import policy
from pipelines.errors import InputError
from pipelines.io import Connection, engine, fingerprint, write_json
from pipelines.params import Engine, Params
from pipelines.raw import unread_columns, unread_files
from pipelines.scoring.batches import side_by_side
from pipelines.scoring.decisions import Decider
from pipelines.scoring.drift import drift, refuse_absent, refuse_drift, table_shares
from pipelines.scoring.evidence import EVIDENCE
from pipelines.scoring.matrix import KEYS, Matrix, open_matrix
from pipelines.scoring.model import read_model
from pipelines.scoring.on_spark import score_on_spark
from pipelines.scoring.output import SUMMARY, Records, published
from pipelines.scoring.record import json_schema
from pipelines.scoring.rejects import Rejects
from pipelines.scoring.tables import Delivery, Tables, is_delivery, open_delivery
from pipelines.scoring.worker import SCHEMA, Scored, Stamp, Tally, Worker

Floats = NDArray[np.float64]

log = logging.getLogger(__name__)

ALL_SCORED, SOME_SET_ASIDE = 0, 3
"""Exit codes of a job that ran; the command's own are 2 for unusable input and 1 for a fault of ours."""

READER_MEMORY = "256MB"
"""Limit of the engine where it reads a feature matrix: it works in a stream and needs no more."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to score, with what, and where to."""

    model: str
    input: Path
    output: Path
    policy: str | None = None
    engine: Literal["duckdb", "spark"] = "duckdb"
    with_csv: bool = False
    with_reasons: bool = True
    allow_missing: tuple[str, ...] = ()
    expected_sha256: str | None = None


class FaultError(Exception):
    """Something that must not happen whatever the input is: a fault of this program."""


def run(job: Job, params: Params) -> dict[str, Any]:
    """Run a job and return its summary, `exit_code` and `seconds` among it.

    InputError if the model or the input cannot be used, or the output cannot be written; then nothing is published.
    """
    try:
        return _run(job, params)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        first = str(error).splitlines()[0][:300]
        raise InputError(
            f"files cannot be read or written: {first}. Nothing was published to {job.output}; is the disk full, or may the "
            "folder not be written?"
        ) from None


def _run(job: Job, params: Params) -> dict[str, Any]:
    _refuse_paths(job)
    stated, params = params.fingerprint(), params.model_copy(update={"engine": _engine(job, params)})
    clock = _Clock()
    bundle = read_model(job.model, job.expected_sha256)
    decider = Decider(policy.load(job.policy), bundle.grades) if job.policy else None
    version = decider.version if decider else None
    stamp = Stamp(bundle.sha256, str(bundle.fingerprints["feature_set"]), version, _input_fingerprint(job.input))
    worker = _worker(bundle, stamp, decider, job)
    clock.lap("model")
    with published(job.output) as folder, TemporaryDirectory(prefix=".work-", dir=folder) as scratch:
        with engine(params.engine, Path(scratch)) as connection:
            summary = _score(job, params, worker, connection, folder, Path(scratch), clock)
        summary["fingerprints"]["params"] = stated
        write_json(folder / "schema.json", json_schema())
        write_json(folder / SUMMARY, summary)
    clock.lap("publishing")
    return {**summary, "output": str(job.output), "exit_code": exit_code(summary), "seconds": clock.laps}


def exit_code(summary: dict[str, Any]) -> int:
    """Return 0 if every row delivered counted, 3 if some were set aside."""
    counts = summary["rows"]
    return SOME_SET_ASIDE if counts["rejected"] + counts["history_set_aside"] else ALL_SCORED


class _Clock:
    """Seconds of the parts of a job."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._before = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._before, 3)
        self._before = now


def _refuse_paths(job: Job) -> None:
    if job.engine == "spark" and job.with_csv:
        raise InputError("--csv is one file, --engine spark writes parts: read scores.parquet, or score without Spark")
    if not job.input.exists():
        raise InputError(f"--input {job.input}: no such file or folder")
    here, there = job.input.resolve(), job.output.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise InputError(
            f"--output {job.output} and --input {job.input} lie in each other; a job replaces its output folder"
        )


def _input_fingerprint(path: Path) -> str:
    return fingerprint([p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path])


def _worker(bundle: Bundle, stamp: Stamp, decider: Decider | None, job: Job) -> Worker:
    try:
        return Worker(bundle, stamp, with_reasons=job.with_reasons, decider=decider)
    except ValueError as error:
        raise InputError(f"--model {job.model} is refused: {error}") from None


def _engine(job: Job, params: Params) -> Engine:
    settings = params.engine.model_copy(update={"kind": job.engine})
    is_stream = job.engine == "duckdb" and not is_delivery(job.input)
    return settings.model_copy(update={"memory_limit": READER_MEMORY}) if is_stream else settings


def _score(
    job: Job, params: Params, worker: Worker, connection: Connection, folder: Path, scratch: Path, clock: _Clock
) -> dict[str, Any]:
    """Write records and rejects into the folder and return the summary."""
    matrix, history, absent = _input(job, params, worker, connection, scratch)
    worker.stamp = replace(worker.stamp, absent=tuple(absent))
    if worker.decider is not None:
        worker.decider = replace(worker.decider, absent=bool(absent))
    clock.lap("input")
    if job.engine == "spark":
        records, rejects, tally = _write_on_spark(connection, params, worker, matrix, folder, scratch)
    else:
        records, rejects, tally = _write(job, params, worker, matrix, folder)
    if matrix.rows_in != records + rejects:
        raise FaultError(
            f"{matrix.rows_in} rows came in, {records} were scored and {rejects} set aside: rows were lost"
        )
    clock.lap("scoring")
    found = drift(worker.bundle, _weight_of_present(worker, absent), tally, params.score)
    refuse_drift(found, params.score.max_lost_importance)
    return {
        "rows": {
            "delivered": matrix.rows_in,
            "scored": records,
            "rejected": rejects,
            "history_set_aside": sum(history.values()),
        },
        "history_set_aside": history,
        "absent_tables": absent,
        "ignored_files": unread_files(job.input) if is_delivery(job.input) else [],
        "ignored_columns": unread_columns(job.input) if is_delivery(job.input) else {},
        "drift": found,
        "fingerprints": {
            "model": worker.stamp.model_version,
            "feature_set": worker.stamp.feature_set,
            "policy": worker.stamp.policy_version,
            "input": worker.stamp.input_fingerprint,
        },
    }


def _input(
    job: Job, params: Params, worker: Worker, connection: Connection, scratch: Path
) -> tuple[Matrix, dict[str, int], dict[str, float]]:
    """Return the matrix, the rows of history set aside by table, and the absent tables with the importance they carry."""
    if not is_delivery(job.input):
        if job.allow_missing:
            raise InputError("--allow-missing-table is for a folder of tables; a feature matrix has its columns or not")
        asked = EVIDENCE if worker.decider else ()
        return open_matrix(connection, job.input, worker.names, asked), {}, {}
    absent: dict[str, float] = {}

    def check(tables: Tables) -> None:
        needed = read_tables(CATALOGUE.feature(name) for name in worker.names)
        absent.update(table_shares(worker.names, worker.weight, [name for name in needed if name not in tables]))
        refuse_absent(absent, job.allow_missing, params.score.max_lost_importance)

    currency = worker.bundle.fingerprints.get("currency")
    delivery = open_delivery(connection, job.input, scratch, params, check, currency)
    return delivery.matrix, _history(delivery, scratch.parent), absent


def _history(delivery: Delivery, folder: Path) -> dict[str, int]:
    """Keep the rows of history set aside with the output, and return their numbers by table."""
    write_json(folder / "quality.json", delivery.quality)
    shutil.copytree(delivery.quarantine, folder / "set_aside")
    entries = {entry["table"]: entry["quarantined"] for entry in delivery.quality["tables"]}
    return {name: n for name, n in entries.items() if n and name != APPLICATIONS.name}


def _write(job: Job, params: Params, worker: Worker, matrix: Matrix, folder: Path) -> tuple[int, int, Tally]:
    """Write the records and the rows set aside; return the number of each, and the tally of the rows scored."""
    records = Records(folder, SCHEMA, with_csv=job.with_csv, with_inputs=worker.decider is not None)
    rejects = Rejects(folder / "rejects.csv")
    tally = Tally.none(len(worker.names))
    with closing(records), closing(rejects):
        rejects.add(matrix.lines)
        for scored in _scored(params, worker, matrix):
            records.add(scored.records, scored.inputs)
            rejects.add(scored.rejects)
            tally += scored.tally
    return records.count, rejects.count, tally


def _write_on_spark(
    connection: Connection, params: Params, worker: Worker, matrix: Matrix, folder: Path, scratch: Path
) -> tuple[int, int, Tally]:
    records, found, tally = score_on_spark(connection, matrix, worker, folder, scratch, params.engine)
    with closing(Rejects(folder / "rejects.csv")) as rejects:
        rejects.add([*matrix.lines, *found])
    return records, rejects.count, tally


def _scored(params: Params, worker: Worker, matrix: Matrix) -> Iterator[Scored]:
    batches = matrix.batches((*KEYS, *worker.names, *matrix.evidence), params.score.batch_rows)
    done = 0
    for scored in side_by_side(lambda b: worker.score(*b, matrix.repeated), batches, params.engine.threads):
        yield scored
        done += scored.records.num_rows + len(scored.rejects)
        log.info("%d of %d applicants", done, matrix.rows)


def _weight_of_present(worker: Worker, absent: dict[str, float]) -> Floats:
    """Return the importance of features whose tables are there: what absent ones cost is judged by itself."""
    reads = [CATALOGUE.feature(name).frame.reads for name in worker.names]
    return worker.weight * np.array([not set(tables) & set(absent) for tables in reads])
