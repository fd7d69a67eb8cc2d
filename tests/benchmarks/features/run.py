"""How fast and how lean the ledger features are: `python -m tests.benchmarks.features.run [MILLIONS ...]` prints the table.

Beside the product: the same features in pandas, in one hand-written DuckDB query, and the bare scan-and-aggregate of the
same columns. Each contestant is a process of its own with two threads; its clock starts after its imports and stops when the
features lie in a file, its peak is that of the whole process. What is fixed shows in the first row, a ledger of one customer.
"""

import argparse
import dataclasses
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq

from features.catalogue import Catalogue, Indicator
from tests.benchmarks.features.generated import TABLES, generate

THREADS = 2
MEMORY_LIMIT = "700MB"
"""What the product's engine may take; the process itself comes on top."""

WHOLE = ("pandas", "sql")
WHOLE_UPTO = 20
"""Contestants that hold everything in memory, and the millions of rows they are asked to hold."""

REPEATS = 1
"""Runs of each, of which the one with the fewest CPU seconds counts."""

ONE_CUSTOMER = 1e-4
SAME = 1e-9


def product(folder: Path, target: Path) -> None:
    """Compute the catalogue's ledger features, a range of customers at a time."""
    from features.dimensions import CATALOGUE
    from pipelines.featurize import evaluate
    from pipelines.io import engine
    from pipelines.params import Engine
    from pipelines.ranges import rows_at_once

    settings = Engine(kind="duckdb", memory_limit=MEMORY_LIMIT, threads=THREADS, spark_master=None)
    with engine(settings) as connection:
        tables = {name: connection.read_parquet(folder / f"{name}.parquet", table_name=name) for name in TABLES}
        evaluate(connection, folder, tables, of_ledger(CATALOGUE), [], target, rows_at_once(connection))


def of_ledger(catalogue: Catalogue) -> Catalogue:
    """Return the catalogue's features that need nothing but the ledger."""

    def only(indicator: Indicator) -> Indicator:
        own = (f for f in indicator.features if f.frame.name in ("ledger", "receipts", "exposure"))
        return dataclasses.replace(indicator, features=tuple(own))

    return Catalogue(
        tuple(dataclasses.replace(d, indicators=tuple(map(only, d.indicators))) for d in catalogue.dimensions)
    )


def pandas(folder: Path, target: Path) -> None:
    """Compute the same in pandas."""
    from tests.benchmarks.features.in_pandas import features

    features(folder).reset_index().to_parquet(target)


def sql(folder: Path, target: Path) -> None:
    """Compute the same in one query, with all the memory there is."""
    from tests.benchmarks.features.in_sql import compute

    compute(folder, target, THREADS)


def scan(folder: Path, target: Path) -> None:
    """Read the columns that the features read and aggregate each once by customer."""
    from tests.benchmarks.features.in_sql import scan_and_aggregate

    scan_and_aggregate(folder, target, THREADS)


CONTESTANTS: dict[str, Callable[[Path, Path], None]] = {"product": product, "pandas": pandas, "sql": sql, "scan": scan}


def measured(name: str, folder: Path, work: Path) -> dict[str, float]:
    """Run a contestant in a process of its own; return its seconds, CPU seconds and peak memory (MB)."""
    module = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.features.run"]
    done = subprocess.run(
        [*module, "--only", name, str(folder), str(work)], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def alone(name: str, folder: Path, work: Path) -> dict[str, float]:
    """Run a contestant in this process; imports are no part of the race."""
    for library in ("duckdb", "ibis", "pandas", "pyarrow.parquet", "pipelines.featurize"):
        importlib.import_module(library)
    os.chdir(work)
    started, used = time.perf_counter(), time.process_time()
    CONTESTANTS[name](folder, work / f"{name}.parquet")
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    # The high-water mark of this process alone: that of rusage begins with the parent's.
    (peak,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return {"seconds": seconds, "cpu": cpu, "peak": int(peak) / 1024}


def differences(work: Path, name: str) -> list[str]:
    """Return the features in which a contestant differs from the product by more than 1e-9, clipped as declared."""
    import pandas

    from features.dimensions import CATALOGUE

    ours, theirs = (pandas.read_parquet(work / f"{n}.parquet").set_index("application_id") for n in ("product", name))
    theirs = theirs.reindex(ours.index)
    wrong = []
    for feature in of_ledger(CATALOGUE).features:
        theirs_clipped = theirs[feature.id].astype("float64").clip(*feature.clip)
        if not np.allclose(ours[feature.id], theirs_clipped, rtol=0, atol=SAME, equal_nan=True):
            wrong.append(feature.id)
    return wrong


def race(millions: float, ledgers: Path) -> None:
    """Print a line for each contestant on a generated ledger; SystemExit if two of them do not compute the same."""
    folder, work = generate(ledgers / f"{millions:g}", round(millions * 1_000_000)), ledgers / "work"
    work.mkdir(exist_ok=True)
    rows = sum(pq.read_metadata(folder / f"{table}.parquet").num_rows for table in ("invoices", "payments"))
    for name in CONTESTANTS:
        if name in WHOLE and millions > WHOLE_UPTO:
            continue
        run = min((measured(name, folder, work) for _ in range(REPEATS)), key=lambda run: run["cpu"])
        print(
            f"| {rows:,} | {name} | {run['seconds']:.1f} | {run['cpu']:.1f} | {rows / run['seconds']:,.0f} "
            f"| {rows / run['cpu']:,.0f} | {run['peak']:,.0f} |",
            flush=True,
        )
        if name in WHOLE and (wrong := differences(work, name)):
            raise SystemExit(f"{name} and the product differ on {rows:,} rows in {', '.join(wrong)}")
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "millions", nargs="*", type=float, default=[0, 2, 20, 60], help="rows of the ledgers, in millions"
    )
    args = parser.parse_args()
    print("| rows | contestant | seconds | CPU seconds | rows a second | rows a CPU second | peak MB |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    with TemporaryDirectory(prefix="ledgers-") as folder:
        for millions in args.millions:
            race(max(millions, ONE_CUSTOMER), Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--only"]:
        print(json.dumps(alone(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
    else:
        main()
