"""The batch job against its parts: applicants a second and peak memory of `admission score` on a feature matrix.

    python tests/benchmarks/scoring/job.py [rows ...]

Run it in the project's folder after `admission repro`: applicants are those of data/featurize, repeated under new ids; the
model has 300 trees of 31 leaves, at most 8 deep, grown on the development sample. A job is a process of its own, measured
from its start, imports included; `loop` is its own clock for reading, scoring and writing; CPU seconds count all cores, and
on a busy machine say more. The same job on `pred_contrib` really runs, with the tables refused, on a few thousand rows: what
the later rows cost is multiplied, and its start added.
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import lightgbm
import numpy as np
import pandas as pd
import yaml

from models.bundle import Bundle

ROOT = Path(__file__).parents[3]
FEATURES, SAMPLES, BUNDLE = (
    Path(p) for p in ("data/featurize/features.parquet", "data/split/samples.parquet", "data/train/bundle")
)
TREES, LEAVES, DEPTH = 300, 31, 8
FEW, MORE = 2000, 6000
"""Rows of the jobs on `pred_contrib`."""

JOB = (sys.executable, "-m", "pipelines.cli")
ON_PRED_CONTRIB = (
    sys.executable,
    "-c",
    "from models.shapley import pages; pages.DEEPEST = 0; from pipelines.cli import app; app()",
)


class Slow(NamedTuple):
    """CPU seconds of the job on `pred_contrib`: its start, and every row."""

    start: float
    a_row: float


class Measured(NamedTuple):
    """A job's wall-clock seconds, those of its own loop, its CPU seconds on all cores, and its largest memory in MB."""

    seconds: float
    loop: float
    cpu: float
    megabytes: int


def main(sizes: list[int]) -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bundle = _bundle(folder / "bundle")
        slow = _on_pred_contrib(folder)
        print(
            f"bare Booster.predict {_bare(bundle) * 1e6:.1f} us a row (one core); the job on pred_contrib "
            f"{slow.a_row * 1e6:.0f} CPU us a row"
        )
        for rows in sizes:
            _compare(folder, rows, slow)


def _compare(folder: Path, rows: int, slow: Slow) -> None:
    """Print the jobs on so many rows, and what one costs beside another."""
    parquet = _matrix(folder / f"{rows}.parquet", rows)
    csv = parquet.with_suffix(".csv")
    duckdb.sql(f"COPY (FROM '{parquet}') TO '{csv}' (HEADER)")
    jobs = {
        "parquet, 1 core": (1, parquet, ("--policy", "balanced")),
        "parquet, 2 cores": (2, parquet, ("--policy", "balanced")),
        "--no-reasons, 2 cores": (2, parquet, ("--no-reasons",)),
        "CSV to CSV, 2 cores": (2, csv, ("--policy", "balanced", "--csv")),
    }
    found = {name: _job(folder, source, threads, *more) for name, (threads, source, more) in jobs.items()}
    for name, job in found.items():
        _tell(f"{rows:>9,} {name}", rows, job, slow)
    one, two, _, text = found.values()
    print(
        f"{rows:>9,} 2 cores are {one.seconds / two.seconds:.2f} x 1 core, {one.loop / two.loop:.2f} x in the loop; "
        f"CSV takes {text.cpu / two.cpu:.2f} x the CPU of parquet, {text.seconds / two.seconds:.2f} x the time"
    )
    csv.unlink()
    parquet.unlink()


def _bundle(folder: Path) -> Bundle:
    """Write the project's bundle with other trees and return it."""
    bundle = Bundle.read(BUNDLE)
    rows = (
        pd.read_parquet(SAMPLES).query("sample == 'development'").merge(pd.read_parquet(FEATURES), on="application_id")
    )
    data = lightgbm.Dataset(
        bundle.encoder.matrix(rows),
        rows["label"].to_numpy(float),
        feature_name=list(bundle.encoder.names),
        categorical_feature=bundle.encoder.category_places,
    )
    shape = {"num_leaves": LEAVES, "max_depth": DEPTH, "min_data_in_leaf": 20, "learning_rate": 0.02}
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 2, "seed": 1, "deterministic": True, **shape}
    text = lightgbm.train(settings, data, TREES).model_to_string()
    replace(bundle, model_text=lightgbm.Booster(model_str=text).model_to_string()).write(folder)
    return Bundle.read(folder)


def _bare(bundle: Bundle) -> float:
    """Return seconds a row of the prediction, one core, the best of three."""
    matrix = np.ascontiguousarray(bundle.encoder.matrix(pd.read_parquet(FEATURES)))
    return min(_seconds(lambda: bundle.booster.predict(matrix, raw_score=True, num_threads=1)) for _ in range(3)) / len(
        matrix
    )


def _on_pred_contrib(folder: Path) -> Slow:
    """Return the cost of the job where LightGBM itself explains."""
    few, more = (
        _job(folder, _matrix(folder / f"{n}.parquet", n), 1, "--policy", "balanced", program=ON_PRED_CONTRIB).cpu
        for n in (FEW, MORE)
    )
    a_row = (more - few) / (MORE - FEW)
    return Slow(few - FEW * a_row, a_row)


def _seconds(work: Any) -> float:
    # CPU time: what other programs do meanwhile does not count.
    started = time.process_time()
    work()
    return time.process_time() - started


def _matrix(path: Path, rows: int) -> Path:
    numbered = "printf('A%09d', row_number() OVER ()) AS application_id, f.* EXCLUDE (application_id)"
    times = -(-rows // len(pd.read_parquet(FEATURES, columns=["application_id"])))
    query = f"SELECT {numbered} FROM range({times}), read_parquet('{FEATURES}') f LIMIT {rows}"
    with duckdb.connect(config={"threads": 1, "memory_limit": "1GB"}) as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100_000)")
    return path


def _job(folder: Path, matrix: Path, threads: int, *more: str, program: tuple[str, ...] = JOB) -> Measured:
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["engine"]["threads"] = threads
    (folder / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    arguments = ["--model", "bundle", "--input", str(matrix), "--output", "out", "--json", *more]
    command = [*program, "score", *arguments]
    started = time.perf_counter()
    with (folder / "told.json").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.DEVNULL)
        megabytes = _largest_memory(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the job ended with {os.waitstatus_to_exitcode(status)}")
    laps = json.loads((folder / "told.json").read_text(encoding="utf-8"))["seconds"]
    return Measured(seconds, laps["input"] + laps["scoring"], usage.ru_utime + usage.ru_stime, megabytes)


def _largest_memory(process: int) -> int:
    """Wait until a process has ended and return its largest memory in MB.

    Its `ru_maxrss` would not do: Linux counts in it what the parent held when it started the process.
    """
    largest = 0
    while found := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(encoding="utf-8")):
        largest = int(found[1]) // 1024
        time.sleep(0.05)
    return largest


def _tell(name: str, rows: int, job: Measured, slow: Slow) -> None:
    on_pred_contrib = slow.start + rows * slow.a_row
    print(
        f"{name:32} {job.seconds:6.1f} s, {rows / job.seconds:7,.0f} a second; loop {job.loop:6.1f} s; {job.cpu:6.1f} CPU s, "
        f"{job.megabytes:5,} MB; on pred_contrib {on_pred_contrib:8,.0f} CPU s, {on_pred_contrib / job.cpu:4.1f} x as many",
        flush=True,
    )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
