"""Stage `tune`: a search for the settings of the trees on the development sample; by default none is made.

With `tune.trials` at 0 the settings of section train stand. A search that was stopped goes on where it was, if data and
parameters are still the same: finished trials lie in a journal beside the results.
"""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from models.tuning import SPACE, Budget, Rows, Trial, fastest_of_the_best, forward_folds, search
from pipelines.development import read_development, unfitted_model
from pipelines.errors import InputError
from pipelines.featurize import FEATURES
from pipelines.io import fingerprint, read_json, write_json
from pipelines.params import Params
from pipelines.split import SAMPLES

log = logging.getLogger(__name__)

FOLDER = Path("data/tune")
TRIALS, SETTINGS = FOLDER / "trials.csv", FOLDER / "settings.json"

RESULTS = ("auc", "auc_error", "log_loss", "trees", "explanation_cost", "pruned", "chosen")


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    trials = _search(params) if params.tune.trials else []
    _write(trials, _chosen(trials, params), params)


def journal() -> Path:
    """Return where finished trials are noted, with what they took: no out of DVC's, which would remove it before a run."""
    return FOLDER / "journal.jsonl"


def found_settings(params: Params) -> dict[str, Any]:
    """Return the settings that the search found, by name, to be taken in place of those of section train; none: empty."""
    if not params.tune.trials:
        return {}
    settings: dict[str, Any] = read_json(SETTINGS)["settings"]
    return settings


def _search(params: Params) -> list[Trial]:
    same = _fingerprint(params)
    development = read_development(params)
    bad = development.rows["label"].to_numpy() == 1
    rows = Rows(development.X, bad, development.rows["weight"].to_numpy())
    model = unfitted_model(params, development.names)
    settings = params.tune
    try:
        folds = forward_folds(development.rows["as_of"], development.rows["group"], bad, settings.n_folds, params.seed)
    except ValueError as error:
        raise InputError(f"cannot search: {error} (tune.n_folds in params.yaml)") from None
    trials, budget = _resumed(same)[: settings.trials], Budget(settings.trials, settings.seconds)
    for trial in search(model, rows, folds, budget, time.perf_counter, trials):
        trials = [*trials, trial]
        _note(trial, same)
        _tell(trial, trials, settings.trials)
    return trials


def _tell(trial: Trial, trials: Sequence[Trial], wanted: int) -> None:
    best = max((t.auc for t in trials if not t.pruned), default=float("nan"))
    verdict = "given up" if trial.pruned else f"AUC {trial.auc:.4f}"
    cost = (trial.explanation_cost, trial.microseconds)
    log.info("trial %d of %d: %s, cost %d, %.1f us a row; best %.4f", trial.number + 1, wanted, verdict, *cost, best)


def _fingerprint(params: Params) -> str:
    """Return what makes two searches the same: data, space, and every parameter but how long to search and how to choose."""
    about = params.model_dump(mode="json", include={"seed", "train", "tune"})
    about["tune"] = {"n_folds": params.tune.n_folds}
    about["train"].pop("num_threads")
    return hashlib.sha256(json.dumps([fingerprint([FEATURES, SAMPLES]), about, str(SPACE)]).encode()).hexdigest()


def _note(trial: Trial, same: str) -> None:
    """Keep a finished trial, so that a stopped search need not repeat it."""
    with journal().open("a", encoding="utf-8") as file:
        file.write(json.dumps({"search": same, **asdict(trial)}) + "\n")


def _resumed(same: str) -> list[Trial]:
    """Return the trials noted of this very search; the journal keeps these alone, so a line cut off midway goes."""
    text = journal().read_text(encoding="utf-8") if journal().exists() else ""
    trials = [
        _trial(line) for line in text.splitlines() if line.startswith(f'{{"search": "{same}"') and line.endswith("}")
    ]
    journal().write_text("", encoding="utf-8")
    for trial in trials:
        _note(trial, same)
    return trials


def _trial(line: str) -> Trial:
    entry = json.loads(line)
    del entry["search"]
    return Trial(**{**entry, "fold_auc": tuple(entry["fold_auc"])})


def _chosen(trials: Sequence[Trial], params: Params) -> Trial | None:
    if not trials:
        return None
    try:
        return fastest_of_the_best(trials, params.tune.within_standard_errors)
    except ValueError as error:
        raise InputError(f"{error}: tune.seconds is {params.tune.seconds}") from None


def _write(trials: Sequence[Trial], chosen: Trial | None, params: Params) -> None:
    """Write the trials, the trade-off among them, and the settings that stage train takes."""
    names = list(SPACE)
    lines = [
        {
            "trial": trial.number,
            **{name: getattr(trial, name) for name in RESULTS if name != "chosen"},
            "chosen": trial is chosen,
            **trial.settings,
        }
        for trial in trials
    ]
    pd.DataFrame(lines, columns=["trial", *RESULTS, *names]).to_csv(TRIALS, index=False)
    own = {name: getattr(params.train, name) for name in names}
    settings = own if chosen is None else dict(chosen.settings)
    write_json(SETTINGS, {"searched": len(trials), "chosen": chosen and chosen.number, "settings": settings})
    if chosen is None:
        log.info("no search: the settings of section train stand (dvc exp run -S tune.trials=40 searches)")
    else:
        log.info(
            "trial %d of %d is chosen: AUC %.4f (error %.4f), %s",
            chosen.number,
            len(trials),
            chosen.auc,
            chosen.auc_error,
            settings,
        )


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("tune")
