import json

import numpy as np
import pandas as pd
import pytest
from main_job import copy_of_run, finished_run, params

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.policy.terms import DECISIONS
from pipelines import explain, featurize, train
from pipelines.ingest import CANONICAL

CASES = ("best", "median", "worst_admitted", "near_cut_off", "few_data", "knocked_out")


@pytest.fixture(scope="module")
def contributions():
    return pd.read_parquet(finished_run() / explain.CONTRIBUTIONS)


@pytest.fixture(scope="module")
def explanation():
    return json.loads((finished_run() / explain.EXPLANATION).read_text())


@pytest.fixture(scope="module")
def cases():
    return json.loads((finished_run() / explain.CASES).read_text())


@pytest.fixture(scope="module")
def applicants():
    return json.loads((finished_run() / explain.APPLICANTS).read_text())


@pytest.mark.parametrize("level", ["feature_", "indicator_", "dimension_"])
def test_base_points_plus_contributions_are_the_points_of_every_applicant(contributions, level):
    total = contributions["base_points"] + contributions.filter(regex=f"^{level}").sum(axis=1)

    assert np.abs(total - contributions["points"]).max() < 1e-6


def test_the_points_are_those_of_the_bundle(contributions):
    folder = finished_run()
    features = (
        pd.read_parquet(folder / explain.FEATURES).set_index("application_id").loc[contributions["application_id"]]
    )

    expected = Bundle.read(folder / train.BUNDLE).points(features.reset_index())

    assert np.array_equal(contributions["points"], expected)


def test_a_dimension_whose_tables_are_absent_is_not_assessed_rather_than_zero(tmp_path):
    courts = next(d for d in CATALOGUE.dimensions if d.id == "legal_compliance")
    quick = params(train={"n_estimators": 20, "n_folds": 2})
    with copy_of_run(tmp_path):
        for table in {table for i in courts.indicators for f in i.features for table in f.frame.reads} - {
            "applications"
        }:
            (CANONICAL / f"{table}.parquet").unlink()
        for stage in (featurize, train, explain):
            stage.run(quick)
        found = {d["id"]: d for d in json.loads(explain.EXPLANATION.read_text())["dimensions"]}

    assert not found["legal_compliance"]["assessed"]
    assert found["legal_compliance"]["share"] is None
    assert found["credit_score"]["assessed"]


def test_shares_of_the_dimensions_add_up_to_one(explanation):
    assert sum(d["share"] for d in explanation["dimensions"] if d["assessed"]) == pytest.approx(1)


def test_fidelity_to_the_simulated_truth_is_reported_beside_its_upper_bound(explanation):
    found = {f["dimension"]: f for f in explanation["fidelity"]}

    assert {"credit_score", "financial_condition", "context"} <= found.keys()
    assert found["financial_condition"]["spearman"] > 0.3
    assert all(-1 <= f["upper_bound"] <= 1 for f in found.values())


def test_fidelity_is_a_metric_that_dvc_can_compare(explanation):
    metrics = json.loads((finished_run() / explain.FIDELITY).read_text())

    assert 0 < metrics["share_distance"] < 1
    assert 0 < metrics["worst_dimension_found"] <= 1
    for row in explanation["fidelity"]:
        assert metrics[row["dimension"]]["spearman"] == row["spearman"]
        assert metrics[row["dimension"]]["upper_bound"] == row["upper_bound"]


def test_the_committee_sees_the_five_cases_in_order(cases):
    assert [c["case"] for c in cases] == list(CASES)


def test_the_best_case_is_the_best_and_the_worst_admitted_is_within_the_line(cases, contributions):
    by_case = {c["case"]: c for c in cases}

    assert by_case["best"]["points"] == contributions["points"].max()
    assert by_case["worst_admitted"]["points"] >= 600 > by_case["near_cut_off"]["points"]


def test_an_applicants_contributions_add_up_on_the_page_too(cases):
    for case in cases:
        total = case["base_points"] + sum(c["points"] for c in case["contributions"])
        assert total == pytest.approx(case["points"], abs=1e-6)


def test_every_reason_moves_the_score_by_five_points_in_the_direction_it_claims(cases):
    for case in cases:
        assert all(r["points"] <= -5 for r in case["reasons_against"])
        assert all(r["points"] >= 5 for r in case["reasons_for"])


def test_the_leading_feature_belongs_to_its_indicator_and_pulls_its_way(cases):
    for case in cases:
        for row in (r for r in case["indicators"] if r["leading"]):
            assert CATALOGUE.indicator_of(row["leading"]["feature"]).id == row["id"]
            assert row["leading"]["points"] * row["points"] >= 0


def test_every_case_says_what_would_have_to_change_or_why_nothing_is_told(cases):
    for case in cases:
        told = case["counterfactual"]
        assert told["status"] in ("reached", "too_many", "unreachable", "best")
        assert bool(told["changes"]) == (told["status"] == "reached")


def test_a_scenario_reaches_the_grade_it_tells_when_the_changed_applicant_is_scored(applicants):
    folder = finished_run()
    bundle = Bundle.read(folder / train.BUNDLE)
    features = pd.read_parquet(folder / explain.FEATURES).set_index("application_id")
    told = {row["application_id"]: row["counterfactual"] for row in applicants["rows"]}
    reached = {name: found for name, found in told.items() if found["status"] == "reached"}

    changed = features.loc[list(reached)].reset_index()
    for row, found in enumerate(reached.values()):
        for change in found["changes"]:
            changed.loc[row, change["feature"]] = change["after"]

    assert list(bundle.grade(changed)) == [found["grade_after"] for found in reached.values()]


def test_a_reason_never_names_a_value_on_the_other_side_of_the_peers_it_compares_with(cases):
    for case in cases:
        for r in case["reasons_against"] + case["reasons_for"]:
            direction = CATALOGUE.feature(r["feature"]).direction
            if r["value"] is not None and r["compared_median"] is not None:
                assert (r["compared_median"] - r["value"]) * direction * r["points"] >= 0


def test_the_decision_after_a_scenario_is_never_worse_and_nothing_is_decided_without_one(applicants):
    by_status = {True: [], False: []}
    for row in applicants["rows"]:
        by_status[row["counterfactual"]["status"] == "reached"].append(row)

    assert by_status[True]
    for row in by_status[True]:
        assert DECISIONS.index(row["counterfactual"]["decision_after"]) <= DECISIONS.index(row["decision"])
    assert {row["counterfactual"]["decision_after"] for row in by_status[False]} == {None}


def test_everybody_decided_is_listed_and_the_cases_are_of_known_outcome(applicants, cases):
    samples = pd.read_parquet(finished_run() / explain.SAMPLES)
    decided = pd.read_parquet(finished_run() / "data/decide/decisions.parquet")

    assert [r["application_id"] for r in applicants["rows"]] == decided["application_id"].tolist()
    known = set(samples.loc[samples["sample"].isin(explain.TEST), "application_id"])
    assert {c["application_id"] for c in cases} <= known < set(decided["application_id"])


def test_a_pd_lies_in_the_spread_of_its_refits(cases):
    assert all(c["pd_interval"]["low"] <= c["pd_12m"] <= c["pd_interval"]["high"] for c in cases)


def test_the_evidence_behind_a_named_feature_was_known_when_the_applicant_asked(cases):
    rows = [(case, row) for case in cases for e in case["evidence"] for row in e["rows"]]

    assert rows
    assert all(row["known_on"] <= case["as_of"] and row["happened"] <= case["as_of"] for case, row in rows)
