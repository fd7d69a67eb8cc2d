import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from main_job import copy_of_run, finished_run, params

from models.bundle import Bundle
from pipelines import track, train, tune
from pipelines.errors import InputError
from pipelines.scoring.model import read_model

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """A finished run recorded twice in a store of its own; the store's address stays set for the module."""
    patch = pytest.MonkeyPatch()
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    patch.delenv("DVC_ROOT", raising=False)
    folder = tmp_path_factory.mktemp("tracked")
    with copy_of_run(folder):
        track.run(params())
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        track.run(params())
        client = mlflow.MlflowClient(f"sqlite:///{folder}/.mlflow/mlflow.db")
        mlflow.set_tracking_uri(f"sqlite:///{folder}/.mlflow/mlflow.db")
        experiment = client.get_experiment_by_name("customer-admission")
        yield folder, client.search_runs([experiment.experiment_id])
    patch.undo()


@pytest.fixture
def registry(tracked):
    """The tracked run with MLflow pointed at its store, wherever another test pointed it."""
    mlflow.set_tracking_uri(f"sqlite:///{tracked[0]}/.mlflow/mlflow.db")
    return tracked


def test_the_same_run_is_recorded_once_however_often_it_is_tracked(tracked):
    _, runs = tracked

    assert len(runs) == 1
    assert runs[0].info.status == "FINISHED"


def test_the_record_holds_metrics_by_sample_params_and_fingerprints(tracked):
    run = tracked[1][0]

    assert 0.5 < run.data.metrics["out_of_time.auc"] < 1
    assert run.data.metrics["auc"] == run.data.metrics["out_of_time.auc"]
    assert run.data.metrics["audit.red"] + run.data.metrics["audit.green"] > 0
    assert run.data.metrics["out_of_time.auc_low"] < run.data.metrics["out_of_time.auc_high"]
    assert run.data.params["train.num_leaves"] == "15"
    assert {"admission.data", "admission.params", "admission.bundle_sha256"} <= run.data.tags.keys()


def test_the_logged_model_scores_feature_columns_as_the_bundle_does(tracked):
    folder, runs = tracked
    rows = pd.read_parquet(folder / train.FEATURES).head(200)
    bundle = Bundle.read(folder / train.BUNDLE)

    scored = mlflow.pyfunc.load_model(f"runs:/{runs[0].info.run_id}/model").predict(rows[list(bundle.encoder.names)])

    reasons = ["reasons_against", "reasons_in_favour"]
    assert list(scored.columns) == ["pd_12m", "points", "grade", "explained_coverage", *reasons]
    assert scored["explained_coverage"].between(0, 1).all()
    assert np.array_equal(scored["pd_12m"], bundle.pd(rows))
    assert scored["grade"].tolist() == bundle.grade(rows).tolist()


def test_the_signature_takes_numbers_as_double_and_categories_as_text(tracked):
    signature = mlflow.models.get_model_info(f"runs:/{tracked[1][0].info.run_id}/model").signature
    kinds = {column.name: column.type.name for column in signature.inputs}

    assert kinds["cx_industry"] == "string"
    assert kinds["sv_current_ratio"] == "double"


def test_nothing_in_the_logged_model_is_pickled(tracked):
    folder, _ = tracked

    assert not [
        p for p in (folder / ".mlflow").rglob("*") if p.suffix in {".pkl", ".pickle", ".joblib", ".cloudpickle"}
    ]


def test_other_parameters_are_another_run(tracked):
    folder, runs = tracked
    with pytest.MonkeyPatch().context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        track.run(params(evaluate={"level": 0.9}))

    client = mlflow.MlflowClient(f"sqlite:///{folder}/.mlflow/mlflow.db")
    assert len(client.search_runs([runs[0].info.experiment_id])) == 2


def test_a_server_that_is_away_is_said_in_words(tmp_path, monkeypatch):
    with copy_of_run(tmp_path):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        logging.getLogger("urllib3").setLevel("ERROR")

        with pytest.raises(
            InputError, match=r"MLflow at http://127\.0\.0\.1:9 cannot be used.*unset it to record locally"
        ):
            track.run(params())


def test_tracking_leaves_the_run_itself_untouched(tracked):
    folder, _ = tracked

    for file in (train.BUNDLE / "model.txt", train.BUNDLE / "manifest.json"):
        assert (folder / file).read_bytes() == (finished_run() / file).read_bytes()


def test_every_trial_of_a_search_is_a_run_below_that_of_the_model(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    asked = params(tune={"trials": 2, "n_folds": 2}, train={"n_estimators": 10, "early_stopping_rounds": 5})
    with copy_of_run(tmp_path):
        tune.run(asked)
        track.run(asked)
        client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/.mlflow/mlflow.db")
        runs = client.search_runs([client.get_experiment_by_name("customer-admission").experiment_id])
        trials = pd.read_csv(tune.TRIALS)

    (model,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    below = {run.info.run_name: run for run in runs if run.data.tags.get("mlflow.parentRunId") == model.info.run_id}
    assert sorted(below) == ["trial 0", "trial 1"]
    assert below["trial 1"].data.metrics["auc"] == pytest.approx(trials["auc"][1])
    assert below["trial 1"].data.params["num_leaves"] == str(trials["num_leaves"][1])
    assert {run.data.tags["chosen"] for run in below.values()} == {"True", "False"}


@contextmanager
def served(model: str, store: str, log: Path) -> Iterator[str]:
    """The address of `mlflow models serve` on this machine, up and ready; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model, "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with log.open("w") as out:
        server = subprocess.Popen(
            command, env={**os.environ, "MLFLOW_TRACKING_URI": store}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield _ready(f"http://127.0.0.1:{port}", server, log)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _ready(address: str, server: subprocess.Popen, log: Path) -> str:
    for _ in range(600):
        with suppress(requests.ConnectionError):
            if requests.get(f"{address}/ping", timeout=10).ok:
                return address
        if server.poll() is not None:
            break
        time.sleep(0.2)
    raise AssertionError(f"no server: {log.read_text()[-2000:]}")


def test_a_server_of_the_registered_model_answers_a_request_in_json_with_pd_points_grade_and_reasons(
    registry, tmp_path
):
    folder, runs = registry
    rows = pd.read_parquet(folder / train.FEATURES).head(5)
    bundle = Bundle.read(folder / train.BUNDLE)
    frame = rows[list(bundle.encoder.names)].astype(object).where(rows[list(bundle.encoder.names)].notna(), None)
    request = {"dataframe_split": json.loads(frame.to_json(orient="split", index=False))}
    version = mlflow.register_model(f"runs:/{runs[0].info.run_id}/model", "customer-pd").version

    with served(f"models:/customer-pd/{version}", mlflow.get_tracking_uri(), tmp_path / "log") as address:
        answer = requests.post(f"{address}/invocations", json=request, timeout=60)
        of_an_industry_alone = {"dataframe_split": {"columns": ["cx_industry"], "data": [["C"]]}}
        little = requests.post(f"{address}/invocations", json=of_an_industry_alone, timeout=60)
        wrong = {"dataframe_split": {"columns": ["cx_industry"], "data": [[5]]}}
        refused = requests.post(f"{address}/invocations", json=wrong, timeout=60)
        percent = {"dataframe_records": [{"sv_liabilities_to_assets": 55.0}]}
        outside = requests.post(f"{address}/invocations", json=percent, timeout=60)
        strangers = {"dataframe_records": [{"application_id": "x"}, {"application_id": "y"}]}
        nobody = requests.post(f"{address}/invocations", json=strangers, timeout=60)

    predictions = pd.DataFrame(answer.json()["predictions"])
    assert predictions["pd_12m"].tolist() == pytest.approx(bundle.pd(rows).tolist(), rel=1e-12)
    assert predictions["points"].tolist() == pytest.approx(bundle.points(rows).tolist(), rel=1e-12)
    assert predictions["grade"].tolist() == bundle.grade(rows).tolist()
    assert predictions["reasons_against"].str.fullmatch(r"([A-Z]{2}\d\d-( [A-Z]{2}\d\d-){0,3})?").all()
    assert 0 < little.json()["predictions"][0]["pd_12m"] < 1
    assert little.json()["predictions"][0]["explained_coverage"] < 0.5
    assert [outside.status_code, nobody.status_code] == [400, 400]
    assert "sv_liabilities_to_assets 55 is outside of what it can be: 0 to 3" in outside.json()["message"]
    assert "no column of the model is there" in nobody.json()["message"]
    assert refused.status_code == 400
    assert "column 'cx_industry' was text when fitting" in refused.json()["message"]
    assert "stack_trace" not in refused.json()


def test_the_batch_job_reads_the_registered_model_by_its_alias_and_checks_the_recorded_hash(registry):
    folder, runs = registry
    version = mlflow.register_model(f"runs:/{runs[0].info.run_id}/model", "customer-pd").version
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("customer-pd", "champion", version)

    with pytest.MonkeyPatch().context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/.mlflow/mlflow.db")
        bundle = read_model("models:/customer-pd@champion")
        client.set_model_version_tag("customer-pd", version, "admission.bundle_sha256", "0" * 64)
        with pytest.raises(InputError, match="is another bundle: expected 0000"):
            read_model("models:/customer-pd@champion")
        with pytest.raises(InputError, match=r"models:/customer-pd@nobody cannot be fetched.*`mlflow ui` shows names"):
            read_model("models:/customer-pd@nobody")

    assert bundle.sha256 == Bundle.read(folder / train.BUNDLE).sha256
