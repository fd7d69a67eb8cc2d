"""The batch job as a whole: the record adds up, training's numbers come back, equal inputs give equal bytes."""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import Portfolio
from scoring.jobs import BUNDLE, FEATURES, SMALL, matrix, records, rejects, score, summary
from test_spark import _spark  # noqa: F401 - the fixture
from trial import fingerprints, params

from features.dimensions import CATALOGUE
from features.knock_outs import READ
from models.bundle import Bundle
from models.explanation import Explainers
from models.grades import MasterScale
from models.policy.decision import decide
from models.scaling import PointsScale
from pipelines import score as job
from pipelines.errors import InputError
from pipelines.policy import load
from pipelines.scoring.record import fields, json_schema
from pipelines.scoring.worker import Worker


@pytest.fixture(scope="module")
def scored(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portfolio's feature matrix, scored."""
    output = tmp_path_factory.mktemp("scored") / "out"
    score(portfolio, portfolio.folder / FEATURES, output)
    return output


@pytest.fixture(scope="module")
def from_tables(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same applicants from the tables that the portfolio was ingested from."""
    output = tmp_path_factory.mktemp("from_tables") / "out"
    score(portfolio, portfolio.folder / "own", output)
    return output


def test_the_pd_is_the_bundles_own_bit_for_bit_in_the_order_of_the_file(portfolio: Portfolio, scored: Path) -> None:
    bundle, features = Bundle.read(portfolio.folder / BUNDLE), pd.read_parquet(portfolio.folder / FEATURES)

    found = records(scored)

    assert found["application_id"].tolist() == features["application_id"].tolist()
    assert found["pd_12m"].tolist() == bundle.pd(features).tolist()
    assert found["points"].tolist() == bundle.points(features).tolist()
    assert found["grade"].tolist() == bundle.grade(features).tolist()


def test_base_and_contributions_add_up_to_the_points_of_every_applicant(scored: Path) -> None:
    found = records(scored)
    contributions = found[[f"points_{indicator.id}" for indicator in CATALOGUE.indicators]]

    assert contributions.shape[1] == 19
    assert (found["base_points"] + contributions.sum(axis=1) - found["points"]).abs().max() < 1e-9


def test_reasons_are_the_indicators_that_move_the_points_most_each_in_its_own_direction(scored: Path) -> None:
    found = records(scored)
    ids = {i.code: i.id for i in CATALOGUE.admission_indicators}
    columns = found[[f"points_{i}" for i in ids.values()]]

    first = found["against_1_code"]
    named = first.dropna().str.removesuffix("-").map(ids)

    assert first.notna().tolist() == (columns.min(axis=1) <= -5).tolist()
    assert ("points_" + named).tolist() == columns.loc[named.index].idxmin(axis=1).tolist()
    for side, count in (("against", 4), ("in_favour", 3)):
        for code, feature in zip(found[f"{side}_{count}_code"], found[f"{side}_{count}_feature"], strict=True):
            assert pd.isna(code) == pd.isna(feature)
            assert pd.isna(code) or CATALOGUE.indicator_of(feature).code == code[:-1]


def test_a_reason_without_a_value_has_the_text_of_missing_ones(portfolio: Portfolio, scored: Path) -> None:
    features, found = pd.read_parquet(portfolio.folder / FEATURES), records(scored)
    named = found["against_1_feature"].dropna()

    missing = [bool(pd.isna(features.loc[row, name])) for row, name in named.items()]

    assert (found.loc[named.index, "against_1_text"] == "reason.missing").tolist() == missing


def test_training_and_scoring_give_the_same_applicants_the_same_features_and_pd(
    scored: Path, from_tables: Path
) -> None:
    trained, new = (records(folder).set_index("application_id") for folder in (scored, from_tables))

    assert set(trained.index) == set(new.index)
    pd.testing.assert_frame_equal(
        trained.drop(columns="input_fingerprint"), new.loc[trained.index].drop(columns="input_fingerprint")
    )


def test_applications_come_out_in_the_order_of_their_file_and_every_row_is_accounted_for(
    portfolio: Portfolio, from_tables: Path
) -> None:
    delivered = pd.read_csv(portfolio.folder / "own/applications.csv", dtype=str)
    out, aside = records(from_tables), rejects(from_tables)

    place = {application: row for row, application in enumerate(delivered["application_id"].str.strip())}
    order = [place[application] for application in out["application_id"]]

    assert order == sorted(order)
    assert len(out) + len(aside) == len(delivered) == summary(from_tables)["rows"]["delivered"]
    assert aside
    assert all(row["reason"] and row["rule"] for row in aside)


def test_history_set_aside_lies_beside_the_scores_and_makes_the_exit_code_3(from_tables: Path) -> None:
    told = summary(from_tables)

    assert job.exit_code(told) == 3
    for table, n in told["history_set_aside"].items():
        assert len(pd.read_csv(from_tables / "set_aside" / f"{table}.csv", dtype=str)) == n


def test_the_file_has_the_schema_that_the_declaration_says(scored: Path) -> None:
    schema = pq.read_schema(scored / "scores.parquet")
    described = json.loads((scored / "schema.json").read_text(encoding="utf-8"))

    assert schema.names == [field.name for field in fields()] == list(described["properties"])
    assert described == json.loads(json.dumps(json_schema()))
    assert schema.field("limit").metadata[b"zh"].decode() == "建议额度"
    for field in fields():
        assert schema.field(field.name).nullable == field.nullable
        assert field.nullable or records(scored)[field.name].notna().all()


def test_equal_inputs_give_equal_bytes_whatever_the_threads_and_an_earlier_output_is_replaced(
    portfolio: Portfolio, scored: Path, tmp_path: Path
) -> None:
    once = fingerprints(scored)
    settings = params(**SMALL, engine__threads=2)
    request = job.Job(model=str(portfolio.folder / BUNDLE), input=portfolio.folder / FEATURES, output=tmp_path / "out")

    for _ in range(2):
        job.run(request, settings)
        again = fingerprints(tmp_path / "out")
        assert {n for n in once if once[n] != again[n]} <= {"summary.json"}  # the number of threads is a parameter
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_csv_holds_the_same_records(portfolio: Portfolio, tmp_path: Path) -> None:
    matrix(portfolio).to_parquet(tmp_path / "m.parquet")
    score(portfolio, tmp_path / "m.parquet", tmp_path / "out", with_csv=True)

    texts, numbers = pd.read_csv(tmp_path / "out/scores.csv"), records(tmp_path / "out")

    assert texts["application_id"].tolist() == numbers["application_id"].tolist()
    assert texts["points"].tolist() == numbers["points"].tolist()
    assert texts.columns.tolist() == numbers.columns.tolist()


def test_a_matrix_in_csv_scores_as_the_same_matrix_in_parquet(portfolio: Portfolio, tmp_path: Path) -> None:
    frame = matrix(portfolio)
    frame.to_parquet(tmp_path / "m.parquet", index=False)
    frame.to_csv(tmp_path / "m.csv", index=False)
    for kind in ("parquet", "csv"):
        score(portfolio, tmp_path / f"m.{kind}", tmp_path / kind)

    parquet, text = (records(tmp_path / kind).drop(columns="input_fingerprint") for kind in ("parquet", "csv"))
    pd.testing.assert_frame_equal(parquet, text)


def test_a_matrix_named_in_capitals_is_read_by_its_kind_all_the_same(portfolio: Portfolio, tmp_path: Path) -> None:
    matrix(portfolio).to_csv(tmp_path / "M.CSV", index=False)

    assert score(portfolio, tmp_path / "M.CSV", tmp_path / "out")["rows"]["scored"] == 40


def test_an_id_that_a_spreadsheet_would_run_is_plain_text_in_csv_and_as_delivered_in_parquet(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    frame = matrix(portfolio, 20).astype({"application_id": object, "customer_id": object, "as_of": object})
    frame.loc[0, "customer_id"] = "=cmd()"
    frame.loc[[1, 2], "application_id"] = ["@SUM(A1)", "+1"]
    frame.loc[2, "as_of"] = None
    frame.to_parquet(tmp_path / "m.parquet")
    score(portfolio, tmp_path / "m.parquet", tmp_path / "out", with_csv=True)

    texts, whole = pd.read_csv(tmp_path / "out/scores.csv"), records(tmp_path / "out")
    assert (texts["customer_id"][0], whole["customer_id"][0]) == ("'=cmd()", "=cmd()")
    assert (texts["application_id"][1], whole["application_id"][1]) == ("'@SUM(A1)", "@SUM(A1)")
    assert texts["customer_id"][1:].tolist() == whole["customer_id"][1:].tolist()
    assert [row["key"] for row in rejects(tmp_path / "out")] == ["'+1"]


def test_a_table_misspelt_is_named_in_a_warning_and_in_the_summary(
    portfolio: Portfolio, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    delivered = tmp_path / "delivered"
    shutil.copytree(portfolio.folder / "own", delivered)
    (delivered / "invoice.csv").write_text("invoice_id\n")
    score(portfolio, delivered, tmp_path / "out")

    assert summary(tmp_path / "out")["ignored_files"] == ["invoice.csv"]
    assert "holds invoice.csv, which no table reads; data/README.md names the tables" in caplog.text


def test_without_reasons_the_pd_is_the_same_and_the_reasons_are_null(
    portfolio: Portfolio, scored: Path, tmp_path: Path
) -> None:
    score(portfolio, portfolio.folder / FEATURES, tmp_path / "out", with_reasons=False)

    plain, explained = records(tmp_path / "out"), records(scored)
    assert plain["pd_12m"].tolist() == explained["pd_12m"].tolist()
    assert plain[[c for c in plain if c.startswith(("against", "in_favour", "points_", "base"))]].isna().all(axis=None)


def test_lost_rows_are_a_fault_of_ours(portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Worker.score

    def forgetful(self: Worker, batch: object, position: object, repeated: object) -> object:
        return whole(self, batch.slice(1), position[1:], repeated)  # type: ignore[attr-defined,index]

    monkeypatch.setattr(Worker, "score", forgetful)

    matrix(portfolio).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(job.FaultError, match=r"40 rows came in, 37 were scored and 0 set aside: rows were lost"):
        score(portfolio, tmp_path / "m.parquet", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_coverage_is_one_where_everything_is_known_and_less_where_it_is_not(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    frame, names = matrix(portfolio), Bundle.read(portfolio.folder / BUNDLE).encoder.names
    full = frame.assign(**{n: frame[n].ffill().bfill() for n in names})
    known = [n for n in names if full[n].notna().all()]
    full.to_parquet(tmp_path / "full.parquet")
    frame.to_parquet(tmp_path / "m.parquet")
    for name in ("full", "m"):
        score(portfolio, tmp_path / f"{name}.parquet", tmp_path / name)

    more, less = records(tmp_path / "full")["explained_coverage"], records(tmp_path / "m")["explained_coverage"]
    assert len(known) > 100
    assert (more >= less).all()
    assert less.min() < 0.5
    assert more.nunique() == 1


def test_a_drifting_column_is_named_in_the_summary(portfolio: Portfolio, tmp_path: Path) -> None:
    frame = matrix(portfolio, 60)
    light = "cx_business_climate" if frame["cx_business_climate"].notna().any() else "en_compliance_certified"
    name = next(
        n for n in ("mg_auditor_changes_3y", light, "bo_backlog_months") if n in frame and frame[n].notna().mean() > 0.5
    )
    frame.assign(**{name: np.nan}).to_parquet(tmp_path / "m.parquet")

    told = score(portfolio, tmp_path / "m.parquet", tmp_path / "out")

    assert told["drift"]["judged"]
    assert name in {feature["feature"] for feature in told["drift"]["features"]}


def test_a_policy_decides_with_evidence_from_the_tables_and_keeps_what_it_read(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    told = score(portfolio, portfolio.folder / "own", tmp_path / "out", policy="balanced")

    found, read = records(tmp_path / "out"), pd.read_parquet(tmp_path / "out/decision_inputs.parquet")
    policy = load("balanced").policy
    again = decide(read, policy, MasterScale.from_points(PointsScale()))
    assert found["decision"].tolist() == again["decision"].tolist()
    assert found["limit"].tolist() == again["limit"].tolist()
    assert set(found["policy_version"]) == {told["fingerprints"]["policy"]}
    assert read["total_equity"].notna().any()
    assert (read["KO1"] == "clear").any()
    assert found.loc[read["KO1"] == "hit", "decision"].eq("decline").all()
    # Of versions that contradict each other the latest counts; here only what was delivered once is compared.
    asked = pd.read_csv(portfolio.folder / "own/applications.csv").drop_duplicates("application_id", keep=False)
    both = read.merge(asked[["application_id", "requested_limit"]], on="application_id", suffixes=("", "_asked"))
    assert len(both) > 0.9 * len(read)
    assert both["requested_limit"].tolist() == pytest.approx(both["requested_limit_asked"].tolist())


def test_who_is_like_nobody_admitted_before_goes_to_a_person(portfolio: Portfolio, tmp_path: Path) -> None:
    bundle = Bundle.read(portfolio.folder / BUNDLE)
    frame = pd.read_parquet(portfolio.folder / FEATURES).head(40)
    highest = {f.id: f.clip[1] for f in CATALOGUE.features if f.clip and f.id in bundle.reference}
    beyond = {name: pd.Series(high, frame.index) for name, high in highest.items() if np.isfinite(high)}
    extreme = pd.DataFrame({**frame.to_dict("series"), **beyond})
    clear = {rule.id: "clear" for rule in READ}
    for name, rows in (("usual", frame), ("extreme", extreme)):
        rows.assign(**clear).to_parquet(tmp_path / f"{name}.parquet")
        loose = {"score__max_lost_importance": 1.0}
        score(portfolio, tmp_path / f"{name}.parquet", tmp_path / name, changes=loose, policy="growth")

    usual, strange = (pd.read_parquet(tmp_path / name / "decision_inputs.parquet") for name in ("usual", "extreme"))
    assert usual["out_of_support"].mean() < 0.2
    assert strange["out_of_support"].all()
    assert records(tmp_path / "extreme")["decision_path"].str.contains("MR1").all()


def test_the_challengers_points_are_those_of_the_scorecard_in_the_bundle(portfolio: Portfolio, tmp_path: Path) -> None:
    frame = matrix(portfolio)
    frame.to_parquet(tmp_path / "m.parquet")
    score(portfolio, tmp_path / "m.parquet", tmp_path / "out", policy="balanced")

    read = pd.read_parquet(tmp_path / "out/decision_inputs.parquet")
    expected = Bundle.read(portfolio.folder / BUNDLE).challenger_points(frame)
    assert read["challenger_points"].tolist() == pytest.approx(expected.tolist())
    assert np.abs(read["challenger_points"] - read["points"]).max() > 1


def test_a_matrix_without_evidence_lets_nobody_pass_without_a_review(portfolio: Portfolio, tmp_path: Path) -> None:
    matrix(portfolio).to_parquet(tmp_path / "m.parquet")
    score(portfolio, tmp_path / "m.parquet", tmp_path / "out", policy="growth")

    found = records(tmp_path / "out")
    assert set(found["decision"]) <= {"manual_review", "decline"}
    assert found["decision_path"].str.contains("KO1").all()


def test_tables_that_predict_another_margin_than_lightgbm_are_refused_before_anyone_is_scored(
    portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Bundle.read(portfolio.folder / BUNDLE)
    edited = lightgbm.Booster(model_str=bundle.model_text)
    edited.set_leaf_output(0, 0, edited.get_leaf_output(0, 0) + 1e-9)
    of_another = Explainers.of(replace(bundle, model_text=edited.model_to_string()), CATALOGUE)
    monkeypatch.setattr(Explainers, "of", lambda *_: of_another)

    with pytest.raises(InputError, match="the model's tables and LightGBM predict different margins"):
        score(portfolio, portfolio.folder / FEATURES, tmp_path / "out")

    assert not (tmp_path / "out").exists()


@pytest.mark.spark
@pytest.mark.usefixtures("_spark")
def test_spark_scores_every_applicant_as_this_machine_does(portfolio: Portfolio, tmp_path: Path) -> None:
    frame = pd.read_parquet(portfolio.folder / FEATURES)
    frame.loc[3, "application_id"] = frame.loc[1, "application_id"]
    frame.to_parquet(tmp_path / "m.parquet", index=False, row_group_size=100)
    for name, settings in (("duckdb", {}), ("spark", {"engine": "spark"})):
        with contextlib.chdir(tmp_path):
            score(portfolio, tmp_path / "m.parquet", tmp_path / name, policy="balanced", **settings)

    local, spread = (
        records(tmp_path / name).sort_values("application_id", ignore_index=True) for name in ("duckdb", "spark")
    )
    pd.testing.assert_frame_equal(local, spread, check_exact=True)
    read, read_there = (
        pd.read_parquet(tmp_path / name / "decision_inputs.parquet").sort_values("application_id", ignore_index=True)
        for name in ("duckdb", "spark")
    )
    pd.testing.assert_frame_equal(read, read_there, check_exact=True)
    assert rejects(tmp_path / "duckdb") == rejects(tmp_path / "spark")
    assert summary(tmp_path / "duckdb")["drift"] == summary(tmp_path / "spark")["drift"]
    assert [path.name for path in sorted((tmp_path / "spark/scores.parquet").iterdir())] == ["part-00000.parquet"]
