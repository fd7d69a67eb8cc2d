"""The main job: bring every stage up to date, record the run, say how good the model is and where the report lies."""

import os
import subprocess
from pathlib import Path

from pipelines.errors import InputError
from pipelines.io import read_json
from pipelines.params import Params, load

METRICS, INDEX = Path("data/evaluate/metrics.json"), Path("data/report/index.html")
VALIDATION = Path("data/report/validation.en.html")

SHOWN = {
    "auc": "AUC",
    "gini": "Gini",
    "ks": "KS",
    "brier_skill": "Brier skill",
    "calibration_slope": "calibration slope",
}


def run() -> None:
    """Run `dvc repro` in the current folder and print the headline; InputError if a stage failed."""
    if not Path(".git").exists():
        # An unpacked archive has no git; DVC then needs to be told.
        _dvc("config", "--local", "core.no_scm", "true")
    # In a fresh clone dvc.lock may already say that `track` is done; its record is not in git, so it is asked again.
    from pipelines.track import run as track

    params = load()
    if _policy_changed(params):
        _dvc("repro", "--force", "--single-item", "decide")
    _dvc("repro")
    track(params)
    print(headline())


def _policy_changed(params: Params) -> bool:
    """Whether a policy file of the user's own, which is no dep of DVC, has changed since it decided."""
    from pipelines.decide import POLICY, wanted_and_stated

    if not (Path(params.decide.policy).is_file() and POLICY.exists()):
        return False
    wanted, stated = wanted_and_stated(params)
    return wanted.version != stated


def _dvc(*arguments: str) -> None:
    result = subprocess.run(["dvc", *arguments], env=os.environ, check=False)
    if result.returncode:
        raise InputError("a stage failed; its message is above. Nothing after it has run")


def headline() -> str:
    """Return the figures of the run in a few lines, each labelled, and the place of the report."""
    metrics = read_json(METRICS)
    test, benchmarks = metrics["out_of_time"], metrics["benchmarks"]
    lines = [f"Test sample: {test['n']:,} applications, {test['bads']:,} defaults ({test['bads'] / test['n']:.2%})"]
    lines += [f"  {label:20} {_interval(test[key])}" for key, label in SHOWN.items() if key in test]
    lines += [f"  AUC of {name:13} {_interval(entry['auc'])}" for name, entry in benchmarks.items()]
    return "\n".join([*lines, f"Validation: {VALIDATION.resolve()}", f"Report: {INDEX.resolve()}"])


def _interval(metric: dict[str, float | None]) -> str:
    low, high = metric["low"], metric["high"]
    return f"{metric['value']:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else "")
