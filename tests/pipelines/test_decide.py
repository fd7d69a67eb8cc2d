"""Stage `decide`: everybody who asked since the test began is decided as the batch job would, and policies are compared."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from main_job import copy_of_run, finished_run, params

from models.bundle import Bundle
from models.policy.decision import INPUTS, decide
from models.policy.terms import DECISIONS
from pipelines import decide as stage
from pipelines import score
from pipelines.errors import InputError
from pipelines.policy import load
from pipelines.score import Job


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return pd.read_parquet(finished_run() / stage.DECISIONS)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return json.loads((finished_run() / stage.POLICY).read_text(encoding="utf-8"))


def test_everybody_who_asked_since_the_test_began_is_decided_the_declined_too(answers: pd.DataFrame) -> None:
    folder = finished_run()
    samples = pd.read_parquet(folder / stage.SAMPLES)
    test = samples[samples["sample"] == "out_of_time"]
    asked = pd.read_parquet(folder / stage.CANONICAL / "applications.parquet")
    since = asked[pd.to_datetime(asked["as_of"]) >= test["as_of"].min()]

    assert sorted(since["application_id"]) == answers["application_id"].tolist()
    assert set(test["application_id"]) <= set(answers["application_id"])
    assert (since["decision"] == "decline").any()


def test_the_answers_follow_from_what_the_policy_read(answers: pd.DataFrame) -> None:
    bundle = Bundle.read(finished_run() / stage.BUNDLE)

    again = decide(answers[list(INPUTS)], load("balanced").policy, bundle.grades)

    for column in ("decision", "decision_path", "limit", "terms_days", "conditions", "binding_cap"):
        assert again[column].tolist() == answers[column].tolist()


def test_the_batch_job_on_the_same_tables_gives_the_same_decisions(answers: pd.DataFrame, tmp_path: Path) -> None:
    folder = finished_run()
    job = Job(model=str(folder / stage.BUNDLE), input=folder / "data/raw", output=tmp_path / "out", policy="balanced")
    score.run(job, params())

    same = pd.read_parquet(tmp_path / "out/scores.parquet").set_index("application_id").loc[answers["application_id"]]
    for column in ("pd_12m", "decision", "decision_path", "limit", "cut_off_pd", "binding_cap"):
        assert same[column].tolist() == answers[column].tolist()


def test_model_and_scorecard_are_compared_and_known_sales_are_read(answers: pd.DataFrame) -> None:
    assert answers["challenger_points"].notna().all()
    assert answers["out_of_support"].notna().all()
    assert 0 < answers["annual_sales"].notna().mean() < 1
    bundle, policy = Bundle.read(finished_run() / stage.BUNDLE), load("balanced").policy
    strict = replace(policy, review=replace(policy.review, challenger_gap_points=10.0))
    far = (answers["points"] - answers["challenger_points"]).abs() > 10
    path = decide(answers[list(INPUTS)], strict, bundle.grades)["decision_path"]
    assert 0 < far.mean() < 1
    assert path[far].str.contains("MR2").all()
    assert not path[~far].str.contains("MR2").any()


def test_each_policy_decides_everybody_and_swaps_count_them_again(answers: pd.DataFrame, found: dict[str, Any]) -> None:
    assert [p["name"] for p in found["policies"]] == ["balanced", "conservative", "growth"]
    for one in found["policies"]:
        assert [row["decision"] for row in one["decisions"]] == list(DECISIONS)
        assert sum(row["n"] for row in one["decisions"]) == found["n"] == len(answers)
    for swap, other in zip(found["swaps"], found["policies"][1:], strict=True):
        assert swap["with"] == other["name"]
        for side, policy in (("first", found["policies"][0]), ("second", other)):
            granted = sum(row[f"limit_{side}"] for row in swap["rows"])
            assert granted == pytest.approx(sum(row["limit"] for row in policy["decisions"]))


def test_a_stricter_policy_admits_fewer(found: dict[str, Any]) -> None:
    admitted = {p["name"]: p["decisions"][0]["n"] for p in found["policies"]}

    assert admitted["conservative"] < admitted["balanced"] < admitted["growth"]


def test_the_curve_ends_with_everybody_and_its_rate_lies_in_its_interval(found: dict[str, Any]) -> None:
    last = found["curve"][-1]

    assert (last["n"], last["approval_rate"], last["outcomes"]) == (found["n"], 1.0, found["outcomes"])
    assert all(row["low"] <= row["bads"] / row["outcomes"] <= row["high"] for row in found["curve"] if row["outcomes"])


def test_an_unknown_policy_stops_the_stage_and_names_those_there_are(tmp_path: Path) -> None:
    with copy_of_run(tmp_path), pytest.raises(InputError, match=r"no policy 'lenient'.*balanced, conservative, growth"):
        stage.run(params(decide={"compare_with": ["lenient"]}))


def test_a_policy_misspelt_does_not_cost_the_last_good_answers(tmp_path: Path, answers: pd.DataFrame) -> None:
    with copy_of_run(tmp_path):
        with pytest.raises(InputError, match="no policy 'balancd'"):
            stage.run(params(decide={"policy": "balancd"}))

        pd.testing.assert_frame_equal(pd.read_parquet(stage.DECISIONS), answers)
        assert stage.POLICY.exists()


def test_a_customer_on_the_policys_own_list_is_declined_wherever_it_stands(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    text = (stage.policy.FOLDER / "growth.yaml").read_text(encoding="utf-8")
    excluded = answers.loc[answers["decision"] == "admit", "customer_id"].iloc[0]
    (tmp_path / "own.yaml").write_text(text.replace("exclusions: []", f"exclusions: [{excluded}]"), encoding="utf-8")

    with copy_of_run(tmp_path):
        stage.run(params(decide={"policy": "own.yaml", "compare_with": []}))
        rows = pd.read_parquet(stage.DECISIONS).set_index("customer_id").loc[[excluded]]
        found = json.loads(stage.POLICY.read_text(encoding="utf-8"))

    assert (rows["decision"] == "decline").all()
    assert rows["decision_path"].str.startswith("KO8").all()
    assert next(r["hit"] for r in found["knock_outs"] if r["rule"] == "KO8") == len(rows)
    assert found["swaps"] == []
