import json
from itertools import pairwise

import pandas as pd
import pytest
from main_job import copy_of_run, finished_run, params
from sklearn.metrics import roc_auc_score

from models.bundle import Bundle
from models.metrics import METRICS
from models.splits import TEST
from pipelines import evaluate, train


@pytest.fixture(scope="module")
def metrics():
    return json.loads((finished_run() / evaluate.METRICS_FILE).read_text())


@pytest.fixture(scope="module")
def details():
    return json.loads((finished_run() / evaluate.DETAILS).read_text())


def test_every_registered_metric_is_reported_with_its_interval(metrics):
    for name in METRICS:
        found = metrics["out_of_time"][name]
        assert found["low"] <= found["high"], name


def test_the_reported_auc_is_that_of_the_bundle_on_applications_it_never_saw(metrics):
    folder = finished_run()
    rows = pd.read_parquet(folder / evaluate.SAMPLES).merge(
        pd.read_parquet(folder / evaluate.FEATURES), on="application_id"
    )
    test = rows[rows["sample"].isin(TEST)]

    expected = roc_auc_score(test["label"], Bundle.read(folder / train.BUNDLE).pd(test))

    assert metrics["out_of_time"]["auc"]["value"] == pytest.approx(expected, abs=1e-6)
    assert metrics["out_of_time"]["n"] == len(test)


def test_challengers_stand_beside_the_model_on_the_same_rows(metrics):
    assert {"logistic", "altman_z2", "zmijewski", "oracle"} <= metrics["benchmarks"].keys()
    for entry in metrics["benchmarks"].values():
        gap = entry["model_auc"] - entry["auc"]["value"]
        assert entry["difference"]["value"] == pytest.approx(gap, abs=2e-6)


def test_nobody_ranks_the_sample_better_than_the_oracle_by_more_than_chance(metrics):
    oracle = metrics["benchmarks"]["oracle"]

    assert oracle["model_auc"] < oracle["auc"]["high"]


def test_without_truth_there_is_no_oracle_and_the_rest_stands(tmp_path, metrics):
    with copy_of_run(tmp_path):
        (tmp_path / "data/truth/applications.parquet").unlink()
        evaluate.run(params())
        found = json.loads(evaluate.METRICS_FILE.read_text())

    assert "oracle" not in found["benchmarks"]
    assert found["out_of_time"] == metrics["out_of_time"]


def test_the_score_distribution_counts_every_tested_application_once(metrics, details):
    bands = details["score_distribution"]

    assert sum(b["goods"] + b["bads"] for b in bands) == metrics["out_of_time"]["n"]
    assert sum(b["bads"] for b in bands) == metrics["out_of_time"]["bads"]
    assert all(a["to"] == b["from"] for a, b in pairwise(bands))


def test_the_grades_and_the_reliability_table_count_the_same_applications(metrics, details):
    assert sum(g["n"] for g in details["grades"]) == metrics["out_of_time"]["n"]
    assert sum(b["n"] for b in details["reliability"]) == metrics["out_of_time"]["n"]


def test_a_category_never_seen_in_development_is_counted_and_said(tmp_path, details, caplog):
    with copy_of_run(tmp_path):
        samples = pd.read_parquet(evaluate.SAMPLES)
        tested = samples.loc[samples["sample"].isin(TEST), "application_id"].head(3)
        features = pd.read_parquet(evaluate.FEATURES)
        features.loc[features["application_id"].isin(tested), "cx_industry"] = "从未见过"
        features.to_parquet(evaluate.FEATURES, index=False)
        evaluate.run(params())
        found = json.loads(evaluate.DETAILS.read_text())

    assert details["unseen_categories"] == {}
    assert found["unseen_categories"] == {"cx_industry": 3}
    assert "cx_industry: 3 of" in caplog.text


def test_evaluating_twice_gives_the_same_bytes(tmp_path):
    with copy_of_run(tmp_path):
        evaluate.run(params())
        again = evaluate.METRICS_FILE.read_bytes(), evaluate.DETAILS.read_bytes()

    folder = finished_run()
    assert again == ((folder / evaluate.METRICS_FILE).read_bytes(), (folder / evaluate.DETAILS).read_bytes())


def test_runs_are_compared_by_a_dozen_short_figures_at_most():
    folder = finished_run()
    metrics, headline = (json.loads((folder / path).read_text()) for path in (evaluate.METRICS_FILE, evaluate.HEADLINE))

    assert headline["auc"] == metrics["out_of_time"]["auc"]["value"]
    assert headline["over_logistic"] == metrics["benchmarks"]["logistic"]["difference"]["value"]
    assert headline["bads"] == metrics["out_of_time"]["bads"]
    assert len(headline) <= 12
    assert all(isinstance(value, int | float) for value in headline.values())


def test_a_figure_that_the_samples_cannot_give_is_left_out_of_the_headline():
    bare = {"out_of_time": {"n": 5, "bads": 0, "auc": {"value": None}}, "development": {}, "benchmarks": {}}

    assert evaluate.headline(bare) == {"bads": 0}
