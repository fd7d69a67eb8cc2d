"""Stage `track`: the record of a run in MLflow. The stages before it are pure; the same run is recorded once.

Where: `MLFLOW_TRACKING_URI` if set, else a SQLite file under `.mlflow/` of the repository (of the main one for DVC's temporary
experiments). DVC calls this stage after restored and experimental runs too, so that both worlds know of each run.
"""

import csv
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.dimensions import CATALOGUE
from models.bundle import MANIFEST, Bundle
from models.tuning import SPACE
from pipelines.audit import AUDIT
from pipelines.errors import InputError
from pipelines.evaluate import HEADLINE, METRICS_FILE
from pipelines.featurize import FEATURES
from pipelines.featurize import MANIFEST as FEATURE_MANIFEST
from pipelines.io import read_json
from pipelines.params import Params
from pipelines.promotion import evidence
from pipelines.report import FOLDER as REPORT
from pipelines.split import SAMPLES
from pipelines.train import BUNDLE
from pipelines.train import SUMMARY as MODEL
from pipelines.tune import TRIALS

log = logging.getLogger(__name__)

FINGERPRINT = "admission.fingerprint"
REQUIREMENTS = ("lightgbm", "scikit-learn", "scipy", "pandas", "numpy", "numba", "ibis-framework")
"""What the logged model needs to score, pinned to what it was trained with."""

TRIAL_METRICS = ("auc", "auc_error", "log_loss", "trees", "explanation_cost")
"""What a trial of the search is compared by."""


def run(params: Params) -> None:
    """Record the run that the project's folders hold; if it is recorded already, say so and stop."""
    # Read before mlflow is told an address: telling it exports this very variable.
    server = os.environ.get("MLFLOW_TRACKING_URI")
    print_ = _fingerprint(params)
    with store_errors_in_words(server):
        client, experiment = open_store(server, params.track.experiment)
        same = f"tags.`{FINGERPRINT}` = '{print_}' and attributes.status = 'FINISHED'"
        known = client.search_runs([experiment], same, max_results=1)
        run_id = known[0].info.run_id if known else _record(experiment, print_, params)
    log.info("run %s is %s in MLflow", run_id, "already recorded" if known else "recorded")


def _store_errors() -> tuple[type[Exception], ...]:
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, RequestException, SQLAlchemyError


@contextmanager
def store_errors_in_words(server: str | None) -> Iterator[None]:
    """Say in one message that the store cannot be used, and what to do."""
    try:
        yield
    except _store_errors() as error:
        where = server or "the local store .mlflow/mlflow.db"
        first = str(error).splitlines()[0][:300]
        raise InputError(
            f"MLflow at {where} cannot be used: {first}. Start the server, mend MLFLOW_TRACKING_URI, or unset it to record "
            "locally; the model and the report are complete without it"
        ) from None


def _fingerprint(params: Params) -> str:
    """Return what makes a run the same: its parameters, its model and its metrics."""
    content = [
        params.fingerprint(),
        (BUNDLE / MANIFEST).read_text(encoding="utf-8"),
        METRICS_FILE.read_text(encoding="utf-8"),
    ]
    return hashlib.sha256("\0".join(content).encode()).hexdigest()


def _root() -> Path:
    """Return the repository that keeps the record: DVC names the main one even inside a temporary experiment."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd())


def address(server: str | None) -> str:
    """Return the address of the store: that of the server, or of the file in the repository."""
    return server or f"sqlite:///{_root() / '.mlflow'}/mlflow.db"


def open_store(server: str | None, name: str) -> tuple[Any, str]:
    """Return a client of the store and the experiment of that name in it, made if need be."""
    import mlflow

    # After the import, which sets levels of its own.
    for noisy in ("alembic", "mlflow", "sqlalchemy"):
        logging.getLogger(noisy).setLevel("WARNING")
    # A server that is away should be said in seconds, not after minutes of retries.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    folder = _root() / ".mlflow"
    if server is None:
        folder.mkdir(exist_ok=True)
    mlflow.set_tracking_uri(address(server))
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return client, experiment.experiment_id
    return client, client.create_experiment(name, artifact_location=None if server else (folder / "artifacts").as_uri())


def _record(experiment: str, fingerprint: str, params: Params) -> str:
    import mlflow

    with mlflow.start_run(
        experiment_id=experiment, run_name=os.environ.get("DVC_EXP_NAME"), tags=_tags(fingerprint)
    ) as active:
        mlflow.log_params(dict(_flat(params.model_dump(mode="json"))))
        mlflow.log_metrics(_metrics())
        mlflow.log_artifacts(str(REPORT), "report")
        _log_model()
        _log_trials(experiment)
        run_id = str(active.info.run_id)
        evidence.log(mlflow.MlflowClient(), run_id, FEATURES, SAMPLES, read_json(FEATURE_MANIFEST)["model"])
        return run_id


def _metrics() -> dict[str, float]:
    """Return the headline under the short names that DVC shows too, then all by sample, such as `out_of_time.auc_low`."""
    flat = {name: float(value) for name, value in read_json(HEADLINE).items()}
    flat |= {
        f"audit.{name}": float(value) for name, value in read_json(AUDIT).items() if isinstance(value, int | float)
    }
    for key, value in _flat(read_json(METRICS_FILE)):
        if isinstance(value, int | float):
            flat[key.replace(".value", "").replace(".low", "_low").replace(".high", "_high")] = float(value)
    return flat


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _tags(fingerprint: str) -> dict[str, str]:
    """Return what leads from the record back to code, data and experiment."""
    prints = read_json(MODEL)["fingerprints"]
    tags = {
        FINGERPRINT: fingerprint,
        "git.commit": _git("rev-parse", "HEAD"),
        "git.dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower(),
        "dvc.lock": _digest(Path("dvc.lock")),
        "dvc.exp": os.environ.get("DVC_EXP_NAME", ""),
        "dvc.exp_baseline": os.environ.get("DVC_EXP_BASELINE_REV", ""),
        "admission.data": prints["data"],
        "admission.params": prints["params"],
        "admission.bundle_sha256": read_json(MODEL)["bundle_sha256"],
    }
    return {key: value for key, value in tags.items() if value}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _git(*arguments: str) -> str:
    result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else ""


def _log_model() -> None:
    """Log the bundle as a model from code: nothing is pickled, and loading it checks the bundle's hashes."""
    import mlflow

    bundle = Bundle.read(BUNDLE, read_json(MODEL)["bundle_sha256"])
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # MLflow would rather guess the signature from an example and from type hints; ours is declared.
        warnings.simplefilter("ignore", UserWarning)
        code = _code_paths(Path(scratch))
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("scorer.py")),
            artifacts={"bundle": str(BUNDLE)},
            code_paths=code,
            signature=_signature(bundle),
            pip_requirements=_pins(),
        )


def _log_trials(experiment: str) -> None:
    """Log every trial of the search, if there was one, as a run below the active one: settings and results."""
    import mlflow
    from mlflow.entities import Metric, Param

    for trial in _trials():
        number = trial.pop("trial")
        with mlflow.start_run(experiment_id=experiment, run_name=f"trial {number}", nested=True) as active:
            at = active.info.start_time
            settings = [Param(name, trial[name]) for name in SPACE]
            results = [Metric(name, float(trial[name]), at, 0) for name in TRIAL_METRICS]
            mlflow.set_tags({name: trial[name] for name in ("pruned", "chosen")})
            mlflow.MlflowClient().log_batch(active.info.run_id, results, settings)


def _trials() -> list[dict[str, str]]:
    text = TRIALS.read_text(encoding="utf-8") if TRIALS.exists() else ""
    return list(csv.DictReader(text.splitlines()))


def _code_paths(scratch: Path) -> list[str]:
    """Return copies of the two pure packages, without byte code: what the logged model imports."""
    for package in ("models", "features"):
        shutil.copytree(
            Path(__file__).parents[1] / package, scratch / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return [str(scratch / "models"), str(scratch / "features")]


def _signature(bundle: Bundle) -> Any:
    """Feature columns in (numbers as double, codes as text, all optional: missing is a value); scores and reasons out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [
        ColSpec("string" if CATALOGUE.feature(name).is_category else "double", name, required=False)
        for name in bundle.encoder.names
    ]
    texts = ("grade", "reasons_against", "reasons_in_favour")
    numbers = ("pd_12m", "points", "explained_coverage")
    outputs = [*(ColSpec("double", name) for name in numbers), *(ColSpec("string", name) for name in texts)]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _pins() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in REQUIREMENTS]


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("track")
