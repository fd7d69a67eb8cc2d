"""What a run leaves in MLflow for whoever must decide on it: metrics, audits, and the rows it was tested on."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from models.bundle import Bundle, BundleError
from models.splits import TEST
from pipelines.errors import InputError

FOLDER = "evidence"
"""Where the artefacts of a run hold it."""

TEST_ROWS = "test_rows.parquet"
FILES = {
    "metrics": Path("data/evaluate/metrics.json"),
    "explanation": Path("data/explain/explanation.json"),
    "audit": Path("data/audit/audit.json"),
    "lock": Path("dvc.lock"),
}
"""What is logged by name, as far as the run has it."""


@dataclass(frozen=True)
class Evidence:
    """A run's bundle and what speaks for it; `test` has the bundle's features, `label` and `group` of every test row."""

    run_id: str
    bundle: Bundle
    test: pd.DataFrame
    metrics: dict[str, Any]
    explanation: dict[str, Any]
    audit: dict[str, Any] | None


def log(client: Any, run_id: str, features: Path, samples: Path, names: list[str]) -> None:
    """Log the evidence of the run that the project's folders hold."""
    rows = pd.read_parquet(samples, columns=["application_id", "sample", "label", "group"])
    rows = rows[rows["sample"].isin(TEST)].drop(columns="sample")
    rows = rows.merge(pd.read_parquet(features, columns=["application_id", *names]), on="application_id")
    with tempfile.TemporaryDirectory() as scratch:
        rows.sort_values("application_id").to_parquet(Path(scratch) / TEST_ROWS, index=False)
        client.log_artifact(run_id, str(Path(scratch) / TEST_ROWS), FOLDER)
    for path in FILES.values():
        if path.exists():
            client.log_artifact(run_id, str(path), FOLDER)


def read(client: Any, run_id: str, expected_sha256: str) -> Evidence:
    """Return the evidence of a recorded run; InputError if it lacks some, or its bundle is not the one recorded."""
    import mlflow

    with tempfile.TemporaryDirectory() as scratch:
        model = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/model", dst_path=f"{scratch}/model"))
        found = [path.parent for path in model.rglob("manifest.json")]
        if len(found) != 1:
            raise InputError(f"run {run_id} holds no bundle; record it anew with `admission track`")
        try:
            bundle = Bundle.read(found[0], expected_sha256)
        except (BundleError, ValueError, OSError) as error:
            raise InputError(f"run {run_id}: its bundle is refused: {error}") from None
        names = {item.path.split("/")[-1] for item in client.list_artifacts(run_id, FOLDER)}
        if not {TEST_ROWS, "metrics.json", "explanation.json"} <= names:
            raise InputError(f"run {run_id} was recorded without its evidence; record it anew with `admission track`")
        folder = Path(client.download_artifacts(run_id, FOLDER, scratch))
        told = {key: folder / path.name for key, path in FILES.items()}
        return Evidence(
            run_id=run_id,
            bundle=bundle,
            test=pd.read_parquet(folder / TEST_ROWS),
            metrics=json.loads(told["metrics"].read_text(encoding="utf-8")),
            explanation=json.loads(told["explanation"].read_text(encoding="utf-8")),
            audit=json.loads(told["audit"].read_text(encoding="utf-8")) if told["audit"].exists() else None,
        )
