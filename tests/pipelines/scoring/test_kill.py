"""A job killed at any moment leaves the earlier output or none, and the next run gives the same bytes."""

import multiprocessing
import random
import time
from pathlib import Path

import pandas as pd
from conftest import Portfolio
from scoring.jobs import BUNDLE, FEATURES
from trial import fingerprints, params

from pipelines.score import Job, run

KILLS = 20


def _work(job: Job) -> None:
    run(job, params())


def test_twenty_jobs_killed_at_random_moments_and_resumed_give_the_same_bytes(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    frame = pd.read_parquet(portfolio.folder / FEATURES)
    many = pd.concat([frame.assign(application_id=frame["application_id"] + f"-{n}") for n in range(20)])
    many.to_parquet(tmp_path / "m.parquet", index=False)
    model, (whole, out) = str(portfolio.folder / BUNDLE), (tmp_path / name for name in ("a", "b"))
    started = time.perf_counter()
    run(Job(model=model, input=tmp_path / "m.parquet", output=whole), params())
    usual = time.perf_counter() - started
    expected, chance, states = fingerprints(whole), random.Random(7), set()
    # Forked from a process that has imported everything and started no thread: a start costs nothing.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.score", "trial"])

    for _ in range(KILLS):
        process = context.Process(target=_work, args=(Job(model=model, input=tmp_path / "m.parquet", output=out),))
        process.start()
        process.join(chance.uniform(0, 1.3 * usual))
        states.add("ended" if process.exitcode == 0 else "killed")
        process.kill()
        process.join()
        assert not out.exists() or fingerprints(out) == expected

    run(Job(model=model, input=tmp_path / "m.parquet", output=out), params())
    assert "killed" in states
    assert fingerprints(out) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "m.parquet"]
