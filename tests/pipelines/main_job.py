"""The pipeline from ingest to report on a small sample portfolio, run once for all tests that look at its outputs."""

import contextlib
import functools
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from pipelines.params import Params, resolve

ROOT = Path(__file__).parents[2]
SMALL = {
    "sample": {"customers": 1500},
    "train": {"n_estimators": 120, "early_stopping_rounds": 30, "num_threads": 1},
    "evaluate": {"bootstrap_repetitions": 30},
    "audit": {"refits": 2, "threads": 1},
    "engine": {"threads": 1},
}
STAGES = ("ingest", "label", "featurize", "split", "train", "evaluate", "audit", "decide", "explain", "report")


def params(**sections: dict[str, Any]) -> Params:
    """Return the committed parameters with a small portfolio, and whatever a test changes."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for change in (SMALL, sections):
        for key, value in change.items():
            values[key] = {**values[key], **value} if isinstance(value, dict) else value
    return resolve(values)


@functools.cache
def finished_run() -> Path:
    """Return a folder in which every stage up to the report has run."""
    folder = Path(tempfile.mkdtemp(prefix="admission-"))
    with contextlib.chdir(folder):
        for stage in STAGES:
            import_module(f"pipelines.{stage}").run(params())
    return folder


@contextlib.contextmanager
def copy_of_run(target: Path):
    """Work in a copy of the finished run, which a test may break."""
    shutil.copytree(finished_run() / "data", target / "data")
    with contextlib.chdir(target):
        yield target
