"""What an explanation costs beside a prediction: every way on the same model, rows and cores, in one run.

`python tests/benchmarks/scoring/explanations.py [rows]` prints a table of times a row and of ratios, the least of several
runs each. Slow ways run on fewer rows; the table says on how many.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import lightgbm
import numpy as np
import shap

from models.shapley.tabulation import tabulate

TREES, FEATURES, INDICATORS, BACKGROUND = 300, 100, 32, 1000
SHAPES = {15: 6, 31: 8}
"""Depth by number of leaves."""

FEW, FEWEST, REPEATS, BATCH = 1000, 20, 7, 20_000


def portfolio(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with missing values, some of few values, one category; a matrix as the encoder lays it out."""
    random = np.random.default_rng(1)
    X = random.normal(size=(rows, FEATURES)).astype(np.float64, order="F")
    X[:, 10:30] = X[:, 10:30].round(1)
    X[:, 30:40] = np.where(random.random((rows, 10)) < 0.5, 0.0, X[:, 30:40])
    X[random.random(X.shape) < 0.1] = np.nan
    X[:, 0] = random.integers(0, 20, rows)
    known = np.nan_to_num(X)
    risk = known @ (random.normal(size=FEATURES) / 5) + known[:, 1] * known[:, 2] + np.isin(known[:, 0], [1, 5, 9])
    return X, (risk + random.logistic(size=rows) > 2).astype(int)


def grow(X: np.ndarray, defaulted: np.ndarray, leaves: int) -> lightgbm.Booster:
    parameters = {"objective": "binary", "num_leaves": leaves, "max_depth": SHAPES[leaves], "learning_rate": 0.05}
    parameters |= {"min_data_in_leaf": 50, "feature_fraction": 0.8, "num_threads": 2, "seed": 1, "verbose": -1}
    rows = lightgbm.Dataset(X[:20_000], defaulted[:20_000], categorical_feature=[0])
    return lightgbm.Booster(model_str=lightgbm.train(parameters, rows, TREES).model_to_string())


class Way(NamedTuple):
    """A way to explain (or only to predict), on so many rows, so many times."""

    name: str
    rows: int
    repeats: int
    run: Callable[[], object]
    remark: str = ""


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def microseconds(ways: list[Way]) -> dict[str, float]:
    """Least time a row by name; all take turns, so that a busy moment of the machine falls on all of them."""
    times = {way.name: np.inf for way in ways}
    for turn in range(max(way.repeats for way in ways)):
        for way in (way for way in ways if turn < way.repeats):
            times[way.name] = min(times[way.name], 1e6 * seconds(way.run) / way.rows)
    return times


def reference_ways(booster: lightgbm.Booster, X: np.ndarray, threads: int) -> Iterator[Way]:
    yield Way("predict", len(X), REPEATS, lambda: booster.predict(X, raw_score=True, num_threads=threads))
    yield Way("pred_contrib", FEW, 3, lambda: booster.predict(X[:FEW], pred_contrib=True, num_threads=threads))
    if threads == 1:
        masker = shap.maskers.Independent(X[:BACKGROUND], max_samples=BACKGROUND)
        explains = shap.TreeExplainer(booster, masker).shap_values
        name, remark = f"shap, background of {BACKGROUND}", "wrong where there are categories"
        yield Way(name, FEWEST, 1, lambda: explains(X[:FEWEST], check_additivity=False), remark)


def table_ways(booster: lightgbm.Booster, X: np.ndarray, threads: int) -> Iterator[Way]:
    groups = [place * INDICATORS // FEATURES for place in range(FEATURES)]
    for name, players, background in (
        ("tables by feature", None, None),
        ("tables by indicator", groups, None),
        (f"tables by indicator, background of {BACKGROUND}", groups, X[:BACKGROUND]),
    ):
        build = partial(tabulate, booster, players, background)
        built, tables = min(seconds(build), seconds(build)), build()
        gap = np.abs(tables.base + tables.values(X[:FEW]).sum(axis=1) - booster.predict(X[:FEW], raw_score=True)).max()
        remark = f"built in {built:.2f} s, {tables.nbytes / 1e6:.0f} MB, adds up within {gap:.0e}"
        yield Way(name, len(X), REPEATS, partial(tables.values, X, threads), remark)


def compilation() -> float:
    """Seconds of the first build and first rows in this process: compiling, or reading what was compiled before."""
    X, defaulted = portfolio(2000)
    booster = grow(X, defaulted, 15)
    return seconds(lambda: (tabulate(booster).values(X), tabulate(booster, None, X[:10])))


def memory(booster: lightgbm.Booster, X: np.ndarray) -> float:
    """MB that the process grows by at most while ten times the rows are explained in batches."""
    tables = tabulate(booster)
    tables.values(X[:BATCH])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in [*range(0, len(X), BATCH)] * 10:
        tables.values(X[start : start + BATCH])
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main(rows: int) -> None:
    """Print the table."""
    print(f"first use in this process: {compilation():.1f} s, with building")
    X, defaulted = portfolio(rows)
    for leaves in SHAPES:
        booster = grow(X, defaulted, leaves)
        for threads in (1, 2):
            print(f"\n{TREES} trees of {leaves} leaves, {FEATURES} features, {rows} rows, {threads} thread(s)")
            ways = [*reference_ways(booster, X, threads), *table_ways(booster, X, threads)]
            report(ways, microseconds(ways), rows)
        print(f"memory grows by {memory(booster, X):.0f} MB over {10 * rows} rows in batches of {BATCH}")


def report(ways: list[Way], each: dict[str, float], rows: int) -> None:
    print(f"{'':42}{'us a row':>10}{'x predict':>11}{'pred_contrib / it':>19}  remark")
    for way in ways:
        ratios = f"{each[way.name] / each['predict']:11.2f}{each['pred_contrib'] / each[way.name]:19.1f}"
        remarks = [f"extrapolated from {way.rows} rows"] * (way.rows < rows) + [way.remark] * bool(way.remark)
        print(f"{way.name:42}{each[way.name]:10.2f}{ratios}  {'; '.join(remarks)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)
