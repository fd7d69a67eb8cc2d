"""The batch job against its parts: applicants a second and peak memory of `admission score` on a feature matrix.

    python tests/benchmarks/scoring/job.py [rows ...]

Run it in the project's folder after `admission repro`: applicants are those of data/featurize, repeated under new ids; the
model has 300 trees of 31 leaves, at most 8 deep, grown on the development sample. A job is a process of its own, measured
from its start, imports included; `loop` is its own clock for reading, scoring and writing; CPU seconds count all cores, and
on a busy machine say more. `pred_contrib` is measured on a few hundred rows and multiplied.
"""

import json
import os
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
FEW = 400


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
        bare, slow = _bare(bundle)
        print(
            f"bare Booster.predict {bare * 1e6:.1f} us a row, pred_contrib {slow * 1e6:.0f} us (one core, {FEW} rows)"
        )
        for rows in sizes:
            parquet = _matrix(folder / f"{rows}.parquet", rows)
            csv = parquet.with_suffix(".csv")
            duckdb.sql(f"COPY (FROM '{parquet}') TO '{csv}' (HEADER)")
            jobs = (
                ("parquet, 1 core", 1, parquet, ("--policy", "balanced")),
                ("parquet, 2 cores", 2, parquet, ("--policy", "balanced")),
                ("--no-reasons, 2 cores", 2, parquet, ("--no-reasons",)),
                ("CSV to CSV, 2 cores", 2, csv, ("--policy", "balanced", "--csv")),
            )
            for name, threads, source, more in jobs:
                _tell(f"{rows:>9,} {name}", rows, _job(folder, source, threads, *more), slow)
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


def _bare(bundle: Bundle) -> tuple[float, float]:
    """Return seconds a row of the prediction and of LightGBM's contributions, one core, the best of three."""
    matrix = np.ascontiguousarray(bundle.encoder.matrix(pd.read_parquet(FEATURES)))
    predict = min(_seconds(lambda: bundle.booster.predict(matrix, raw_score=True, num_threads=1)) for _ in range(3))
    few = matrix[:FEW]
    contrib = min(_seconds(lambda: bundle.booster.predict(few, pred_contrib=True, num_threads=1)) for _ in range(3))
    return predict / len(matrix), contrib / FEW


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


def _job(folder: Path, matrix: Path, threads: int, *more: str) -> Measured:
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["engine"]["threads"] = threads
    (folder / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    arguments = ["--model", "bundle", "--input", str(matrix), "--output", "out", "--json", *more]
    command = [sys.executable, "-m", "pipelines.cli", "score", *arguments]
    started = time.perf_counter()
    with (folder / "told.json").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the job ended with {os.waitstatus_to_exitcode(status)}")
    laps = json.loads((folder / "told.json").read_text(encoding="utf-8"))["seconds"]
    return Measured(seconds, laps["input"] + laps["scoring"], usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def _tell(name: str, rows: int, job: Measured, slow: float) -> None:
    print(
        f"{name:32} {job.seconds:6.1f} s, {rows / job.seconds:7,.0f} a second; loop {job.loop:6.1f} s; {job.cpu:6.1f} CPU s, "
        f"{job.megabytes:5,} MB; pred_contrib alone {rows * slow:8,.0f} CPU s, {rows * slow / job.cpu:4.1f} x the job",
        flush=True,
    )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
