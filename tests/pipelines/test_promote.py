"""Promotion on a real local registry: what the gates let through, what they refuse, and what the log remembers."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import numpy as np
import pandas as pd
import pytest
from main_job import copy_of_run, params

from pipelines import evaluate, explain, featurize, promote, track, train
from pipelines.errors import InputError
from pipelines.promotion import approvals, evidence
from pipelines.promotion.gates import gates
from pipelines.scoring.model import BUNDLE_HASH, read_model

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PARAMS = params()
MODEL = PARAMS.promote.model
ME = promote.Signature("analyst 7", "head of credit", "季度重训")


class Store(NamedTuple):
    """A registry with two recorded runs, of which `good` ranks the test rows better than `weak`.

    With a handful of bads three stumps happen to rank them better than the job's own model; a gate cannot know.
    """

    folder: Path
    client: Any
    good: str
    weak: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("promoted")
    with copy_of_run(folder), pytest.MonkeyPatch.context() as patch:
        _local(patch)
        (folder / "data/audit").mkdir(exist_ok=True)
        told = {"verdicts": {"auc": "green", "calibration_slope": "amber"}}
        (folder / "data/audit/audit.json").write_text(json.dumps(told))
        track.run(PARAMS)
        weak = _newest()
        stumps = params(train={"n_estimators": 3, "num_leaves": 2, "learning_rate": 0.01})
        for stage in (train, evaluate, explain):
            stage.run(stumps)
        _local(patch)
        track.run(stumps)
        yield Store(folder, mlflow.MlflowClient(), _newest(), weak)


def _local(patch: pytest.MonkeyPatch) -> None:
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    patch.delenv("DVC_ROOT", raising=False)


def _newest() -> str:
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(PARAMS.track.experiment)
    return str(client.search_runs([experiment.experiment_id], max_results=1)[0].info.run_id)


@pytest.fixture
def store(recorded: Store, monkeypatch: pytest.MonkeyPatch):
    """The store as it was after recording: what a test promotes is gone afterwards."""
    _local(monkeypatch)
    with contextlib.chdir(recorded.folder):
        yield recorded
    with contextlib.suppress(mlflow.exceptions.MlflowException):
        recorded.client.delete_registered_model(MODEL)


def version_at(store: Store, alias: str) -> str:
    return str(store.client.get_registered_model(MODEL).aliases.get(alias))


def test_the_first_run_becomes_champion_and_scores_as_recorded(store: Store) -> None:
    entry = promote.promote(PARAMS, store.good, "champion", ME)

    assert version_at(store, "champion") == entry["version"] == "1"
    assert entry["champion_before"] is None
    assert read_model(f"models:/{MODEL}@champion").sha256 == store.client.get_run(store.good).data.tags[BUNDLE_HASH]


def test_the_champion_scores_through_mlflows_own_prediction_as_the_bundle_does(store: Store) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)
    bundle = read_model(f"models:/{MODEL}@champion")
    rows = pd.read_parquet(featurize.FEATURES).head(50)[list(bundle.encoder.names)]

    scored = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion").predict(rows)

    assert np.array_equal(scored["pd_12m"], bundle.pd(rows))
    assert set(scored["grade"]) <= {f"R{i}" for i in range(1, 11)}


def test_a_trial_of_a_search_is_not_taken_for_the_newest_run(store: Store) -> None:
    experiment = store.client.get_experiment_by_name(PARAMS.track.experiment).experiment_id
    trial = store.client.create_run(experiment, run_name="trial 1")
    store.client.set_terminated(trial.info.run_id)
    try:
        assert promote.promote(PARAMS, None, "challenger", ME, override=True)["run_id"] == store.good
        with pytest.raises(InputError, match=r"was not recorded by `admission track`"):
            promote.promote(PARAMS, trial.info.run_id, "champion", ME)
    finally:
        store.client.delete_run(trial.info.run_id)


def test_a_look_at_the_gates_registers_nothing(store: Store) -> None:
    found = promote.examine(PARAMS, store.good)

    assert "pass  champion: there is no champion yet" in promote.in_words(found)
    assert promote.history(PARAMS) == []
    assert not store.client.search_registered_models(f"name = '{MODEL}'")


@pytest.mark.usefixtures("store")
def test_a_server_that_is_away_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(InputError, match=r"MLflow at http://127\.0\.0\.1:9 cannot be used"):
        promote.history(PARAMS)


def test_the_log_says_who_when_why_and_on_what_evidence(store: Store) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)

    (entry,) = promote.history(PARAMS)

    assert (entry["by"], entry["role"], entry["reason"]) == ("analyst 7", "head of credit", "季度重训")
    assert entry["at"].endswith("+00:00")
    assert [gate["name"] for gate in entry["gates"]] == ["certificate", "audit", "directions", "champion"]
    assert 0.5 < entry["auc"] < 1
    assert "季度重训" in promote.told(entry)


def test_a_run_behind_the_champion_on_the_same_rows_is_refused_and_nothing_moves(store: Store) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)

    with pytest.raises(promote.ClosedGatesError, match=r"NO    champion: AUC -0\.\d+ against the champion on .* rows"):
        promote.promote(PARAMS, store.weak, "champion", ME)
    assert version_at(store, "champion") == "1"
    assert len(promote.history(PARAMS)) == 1


def test_an_override_is_logged_as_such_and_can_be_rolled_back(store: Store) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)
    forced = promote.promote(PARAMS, store.weak, "champion", ME, override=True)
    assert (version_at(store, "champion"), forced["overridden"]) == ("2", ["champion"])

    back = promote.rollback(PARAMS, replace(ME, reason="misjudged"))

    assert (version_at(store, "champion"), back["champion_before"]) == ("1", "2")
    assert [entry["action"] for entry in promote.history(PARAMS)] == ["promote", "promote", "rollback"]
    with pytest.raises(InputError, match="nothing to go back to"):
        promote.rollback(PARAMS, ME)


def test_a_challenger_leaves_the_champion_where_it_is(store: Store) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)
    promote.promote(PARAMS, store.weak, "challenger", ME, override=True)

    assert (version_at(store, "champion"), version_at(store, "challenger")) == ("1", "2")


def test_the_champion_promoted_again_keeps_its_version(store: Store) -> None:
    promote.promote(PARAMS, store.good, "challenger", ME)
    entry = promote.promote(PARAMS, store.good, "champion", ME)

    assert entry["version"] == "1"
    assert len(store.client.search_model_versions(f"name = '{MODEL}'")) == 1


@pytest.mark.parametrize("field", ["by", "role", "reason"])
def test_nobody_promotes_without_saying_who_and_why(field: str) -> None:
    with pytest.raises(InputError, match=f"--{field} is empty"):
        replace(ME, **{field: "  "})


@pytest.mark.usefixtures("store")
def test_a_run_nobody_recorded_is_named() -> None:
    with pytest.raises(InputError, match=r"run 0123: .*`mlflow ui` lists the runs"):
        promote.promote(PARAMS, "0123", "champion", ME)


@pytest.fixture(scope="module")
def candidate(recorded: Store) -> evidence.Evidence:
    return evidence.read(recorded.client, recorded.good, recorded.client.get_run(recorded.good).data.tags[BUNDLE_HASH])


def test_a_red_verdict_closes_the_gate_unless_it_is_accepted_by_name(candidate: evidence.Evidence) -> None:
    red = replace(candidate, audit={"verdicts": {"auc": "green", "psi": "red"}})
    accepted = PARAMS.promote.model_copy(update={"accepted_red": ["psi"]})

    assert gates(red, None, PARAMS.promote)[1].words.endswith("accepted_red: psi")
    assert not gates(red, None, PARAMS.promote)[1].passed
    assert gates(red, None, accepted)[1].passed
    assert "psi" in gates(red, None, accepted)[1].words


def test_a_run_without_audit_does_not_pass(candidate: evidence.Evidence) -> None:
    gate = gates(replace(candidate, audit=None), None, PARAMS.promote)[1]

    assert (gate.passed, "run stage audit" in gate.words) == (False, True)


def test_an_indicator_against_the_articles_direction_closes_the_gate(candidate: evidence.Evidence) -> None:
    wrong = {"indicators": [{"id": "litigation", "verdict": "inconsistent"}]}

    gate = gates(replace(candidate, explanation=wrong), None, PARAMS.promote)[2]

    assert not gate.passed
    assert "litigation (legal_compliance)" in gate.words


def test_trees_that_break_a_direction_close_the_gate_whatever_the_bundle_says(candidate: evidence.Evidence) -> None:
    turned = {name: -sign for name, sign in candidate.bundle.directions.items()}

    gate = gates(replace(candidate, bundle=replace(candidate.bundle, directions=turned)), None, PARAMS.promote)[0]

    assert not gate.passed
    assert "the trees break the direction of" in gate.words


def test_a_champion_with_a_feature_that_the_rows_lack_is_compared_all_the_same(candidate: evidence.Evidence) -> None:
    some = [name for name in candidate.bundle.encoder.names if name not in ("cx_industry", "rr_dbt_wavg_180d")]
    fewer = replace(candidate, test=candidate.test[[*some, "label", "group"]])
    whole = replace(candidate, test=candidate.test, bundle=candidate.bundle)

    assert gates(whole, candidate.bundle, PARAMS.promote)[3].passed
    with pytest.raises(ValueError, match="cx_industry"):
        gates(fewer, candidate.bundle, PARAMS.promote)


@pytest.mark.parametrize(
    "edit",
    [
        lambda tags: {"approval.000001": tags["approval.000001"].replace("analyst 7", "analyst 8")},
        lambda _: {"approval.000001": "approved, trust me"},
        lambda _: {"approval.000001": "[]"},
        lambda _: {"approval.000001": None},
    ],
)
def test_an_edited_or_removed_entry_stops_every_further_promotion(store: Store, edit: Any) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)
    promote.promote(PARAMS, store.good, "challenger", ME)
    for key, value in edit(store.client.get_registered_model(MODEL).tags).items():
        if value is None:
            store.client.delete_registered_model_tag(MODEL, key)
        else:
            store.client.set_registered_model_tag(MODEL, key, value)

    with pytest.raises(InputError, match="entry 1 was changed, or one before it is gone"):
        promote.promote(PARAMS, store.good, "champion", ME)


def test_a_log_cut_off_at_its_end_stops_every_further_promotion(store: Store) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)
    promote.promote(PARAMS, store.good, "challenger", ME)
    store.client.delete_registered_model_tag(MODEL, "approval.000002")

    with pytest.raises(InputError, match="the entries after number 1 are gone"):
        promote.promote(PARAMS, store.good, "champion", ME)


def test_of_two_who_write_one_entry_the_earlier_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    promote.promote(PARAMS, store.good, "champion", ME)
    write = store.client.set_registered_model_tag

    def and_somebody_else(model: str, key: str, value: str) -> None:
        write(model, key, value)
        write(model, key, json.dumps({**json.loads(value), "hash": "theirs"}))

    monkeypatch.setattr(store.client, "set_registered_model_tag", and_somebody_else)
    with pytest.raises(InputError, match="somebody else promoted"):
        approvals.append(store.client, MODEL, {"action": "promote"})


def test_a_bundle_edited_in_the_store_is_refused(store: Store) -> None:
    stated = store.client.get_run(store.good).data.tags[BUNDLE_HASH]
    found = (store.folder / ".mlflow/artifacts").rglob("manifest.json")
    manifest = next(path for path in found if stated in path.read_text(encoding="utf-8"))
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"slope": ', '"slope": 1'), encoding="utf-8")
    try:
        with pytest.raises(InputError, match="its bundle is refused"):
            promote.promote(PARAMS, store.good, "champion", ME)
    finally:
        manifest.write_text(text, encoding="utf-8")
