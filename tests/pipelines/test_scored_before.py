"""Why the score changed since the earlier application: told on the committee's page, to the last point."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from committee_run import case, change, committee_run, part
from hypothesis import given
from hypothesis import strategies as st
from main_job import copy_of_run, finished_run, params
from trial import fingerprints

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from pipelines import applicant, explain, train
from pipelines.change import add_changes, earlier_applications, previous_bundle
from pipelines.errors import InputError
from pipelines.featurize import FEATURES
from pipelines.pages.change import MOST_TOLD, change_view
from pipelines.pages.wording import Wording
from pipelines.report import render_applicant

EN, ZH = Wording("en"), Wording("zh")
INDICATORS = [i.id for i in CATALOGUE.indicators]


def applications(*rows: tuple[str, str, date]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["application_id", "customer_id", "as_of"])


def test_the_newest_earlier_application_of_the_same_customer_counts():
    known = applications(
        ("A1", "C1", date(2020, 1, 1)),
        ("A2", "C1", date(2021, 1, 1)),
        ("A3", "C1", date(2022, 1, 1)),
        ("A4", "C1", date(2023, 1, 1)),
        ("B1", "C2", date(2021, 6, 1)),
    )

    found = earlier_applications(["A3"], known)

    assert found["application_id_before"].to_dict() == {"A3": "A2"}
    assert found["as_of_before"].to_dict() == {"A3": date(2021, 1, 1)}


def test_neither_an_application_of_the_same_day_nor_a_later_one_nor_a_stranger_s_was_scored_before():
    known = applications(
        ("A1", "C1", date(2022, 1, 1)),
        ("A2", "C1", date(2022, 1, 1)),
        ("A3", "C1", date(2022, 1, 2)),
        ("B1", "C2", date(2021, 6, 1)),
    )

    assert earlier_applications(["A1", "A2", "B1"], known).empty


def test_of_two_applications_on_the_newest_earlier_day_the_same_one_counts_in_any_order_of_the_rows():
    known = applications(("A2", "C1", date(2021, 1, 1)), ("A1", "C1", date(2021, 1, 1)), ("A3", "C1", date(2022, 1, 1)))

    for rows in (known, known.iloc[::-1]):
        assert earlier_applications(["A3"], rows)["application_id_before"].to_dict() == {"A3": "A2"}


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return pd.read_parquet(finished_run() / FEATURES)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.read(finished_run() / train.BUNDLE)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle trained on the same run with another seed and fewer trees."""
    with copy_of_run(tmp_path_factory.mktemp("other")) as folder:
        train.run(params(seed=7, train={"n_estimators": 30, "n_folds": 2}))
        return folder / train.BUNDLE


@pytest.fixture(scope="module")
def returning(features: pd.DataFrame) -> list[str]:
    """Applications of the test sample whose customers applied before."""
    tested = pd.read_parquet(finished_run() / explain.CONTRIBUTIONS)["application_id"]
    return list(earlier_applications(tested, features).index[:8])


def told(
    names: list[str], old: Bundle, new: Bundle, features: pd.DataFrame, *, interventional: bool = True
) -> list[dict[str, Any]]:
    cases = [{"application_id": name, "change": None} for name in names]
    add_changes(cases, old, new, features, interventional=interventional)
    return [found["change"] for found in cases]


def test_the_parts_sum_to_the_change_of_the_points_with_the_same_model(bundle, features, returning):
    rows = features.set_index("application_id")

    changes = told(returning, bundle, bundle, features)

    for name, found in zip(returning, changes, strict=True):
        pair = rows.loc[[found["application_id"], name]]
        assert (found["points_before"], found["points_now"]) == pytest.approx(tuple(bundle.points(pair)), abs=1e-9)
        moved = sum(i["data"] for i in found["indicators"])
        assert moved == pytest.approx(found["points_now"] - found["points_before"], abs=1e-9)
        assert not found["has_new_model"]
        assert found["base"] == 0
        assert all(i["model"] == 0 for i in found["indicators"])


@pytest.mark.parametrize("interventional", [True, False])
def test_the_parts_sum_to_the_change_of_the_points_with_another_model(
    bundle, other, features, returning, interventional
):
    old = Bundle.read(other)
    rows = features.set_index("application_id")

    changes = told(returning, old, bundle, features, interventional=interventional)

    for name, found in zip(returning, changes, strict=True):
        assert found["points_before"] == pytest.approx(old.points(rows.loc[[found["application_id"]]])[0], abs=1e-9)
        assert found["points_now"] == pytest.approx(bundle.points(rows.loc[[name]])[0], abs=1e-9)
        parts = sum(i["data"] + i["model"] for i in found["indicators"]) + found["base"]
        assert parts == pytest.approx(found["points_now"] - found["points_before"], abs=1e-9)
        assert found["has_new_model"]
        assert any(abs(i["model"]) > 0.1 for i in found["indicators"])


def test_a_page_s_change_is_to_the_points_of_its_own_table_of_indicators(tmp_path, returning):
    with copy_of_run(tmp_path):
        found = explain.explained(params())
        place = {name: at for at, name in enumerate(found.applicants.people["application_id"])}
        cases = [found.applicants.case("asked", place[name]) for name in returning]
        explain.with_evidence(cases, found, params())
        before = pd.read_parquet(explain.CONTRIBUTIONS).set_index("application_id")

    compared = 0
    for page in cases:
        assert page["change"]["points_now"] == page["points"]
        shown = {i["id"]: i["points"] for i in page["indicators"]}
        if page["change"]["application_id"] in before.index:
            earlier = before.loc[page["change"]["application_id"]]
            for i in page["change"]["indicators"]:
                assert i["data"] == pytest.approx(shown[i["id"]] - earlier[f"indicator_{i['id']}"], abs=1e-9)
                compared += 1
    assert compared


def test_the_feature_named_belongs_to_its_indicator_and_has_its_values_of_both_days(bundle, features, returning):
    rows = features.set_index("application_id")

    for name, found in zip(returning, told(returning, bundle, bundle, features), strict=True):
        for i in (i for i in found["indicators"] if i["leading"]):
            feature = i["leading"]["feature"]
            assert CATALOGUE.indicator_of(feature).id == i["id"]
            for key, application in (("before", found["application_id"]), ("now", name)):
                value = rows.loc[application, feature]
                assert i["leading"][key] == (None if pd.isna(value) else value)


def test_a_customer_who_never_applied_before_has_no_change(bundle, features):
    tested = pd.read_parquet(finished_run() / explain.CONTRIBUTIONS)["application_id"]
    new = sorted(set(tested) - set(earlier_applications(tested, features).index))[:2]

    assert told(new, bundle, bundle, features) == [None, None]


def test_the_cases_of_a_run_say_whether_their_customer_was_scored_before(features):
    cases = json.loads((finished_run() / explain.CASES).read_text())
    earlier = earlier_applications([c["application_id"] for c in cases], features)

    assert {c["application_id"] for c in cases if c["change"]} == set(earlier.index)


def test_with_a_previous_model_the_run_tells_its_hash_and_what_it_adds(tmp_path, other, returning):
    with copy_of_run(tmp_path):
        previous = params(explain={"previous_model": str(other)})
        explain.run(previous)
        written = applicant.run(previous, returning[:1])
        stated = json.loads(explain.EXPLANATION.read_text())["previous_model"]
        pages = [page.read_text(encoding="utf-8") for page in written]

    assert stated == Bundle.read(other).sha256
    assert "In the previous model" in pages[0]
    assert "按原模型" in pages[1]


def test_a_previous_model_misspelt_does_not_cost_the_last_good_explanations(tmp_path):
    with copy_of_run(tmp_path):
        before = fingerprints(explain.FOLDER)
        with pytest.raises(InputError):
            explain.run(params(explain={"previous_model": "nowhere"}))

        assert fingerprints(explain.FOLDER) == before


def test_without_a_previous_model_the_run_was_always_the_model(features, bundle):
    explanation = json.loads((finished_run() / explain.EXPLANATION).read_text())

    assert explanation["previous_model"] is None
    assert previous_bundle(None, bundle, features) is bundle
    assert previous_bundle(finished_run() / train.BUNDLE, bundle, features) is bundle


def test_a_previous_model_that_is_not_there_is_named_with_what_was_expected(tmp_path, bundle, features):
    with pytest.raises(InputError, match=r"explain.previous_model: .*/none: no such folder. Expected a bundle"):
        previous_bundle(tmp_path / "none", bundle, features)


@contextmanager
def damaged(other: Path, target: Path) -> Iterator[Path]:
    target.mkdir()
    for path in other.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    yield target


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.txt", "tree", "is not the file its manifest was written with; restore the folder"),
        ("manifest.json", "{", "is not a bundle's manifest"),
        ("manifest.json", None, "manifest.json"),
    ],
)
def test_a_damaged_previous_model_is_refused_with_the_file(tmp_path, other, bundle, features, file, content, message):
    with damaged(other, tmp_path / "old") as folder:
        (folder / file).unlink()
        if content is not None:
            (folder / file).write_text(content)

        with pytest.raises(InputError, match=rf"explain.previous_model: .*/old is refused: .*{re.escape(message)}"):
            previous_bundle(folder, bundle, features)


def test_a_previous_model_of_features_not_computed_here_is_refused_with_their_names(other, bundle, features):
    lacking = features.drop(columns=list(Bundle.read(other).encoder.names)[:1])
    name = Bundle.read(other).encoder.names[0]

    with pytest.raises(InputError, match=rf"needs features that this run does not have: {name}\. Name a bundle"):
        previous_bundle(other, bundle, lacking)


def test_a_previous_model_trained_on_other_declarations_is_told(tmp_path, other, bundle, features, caplog):
    older = Bundle.read(other)
    replace(older, fingerprints={**older.fingerprints, "feature_set": "1"}).write(tmp_path / "old")

    previous_bundle(tmp_path / "old", bundle, features)

    assert "declared otherwise; its points are those of today's" in caplog.text


def test_a_previous_model_without_background_cannot_be_set_beside_one_with(bundle, other, features, returning):
    bare = replace(Bundle.read(other), background_values={})

    with pytest.raises(InputError, match=r"explain.previous_model: the bundle holds no background rows"):
        told(returning, bare, bundle, features)


def changed(parts: list[dict[str, Any]], *, base: float = 0.0, has_new_model: bool = False) -> dict[str, Any]:
    """Return a case whose points moved from 600 by parts and base."""
    found = change(parts, base=base, has_new_model=has_new_model)
    return case(points=found["points_now"], grade="R7", change=found)


DELAY = "rr_dbt_wavg_180d"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_new_data_are_told_with_both_scores_and_the_feature_that_moved():
    page = changed([part("repayment_record", -12.34, feature=DELAY), part("solvency", 0.4)])

    english, chinese = (words(render_applicant(committee_run(), page, lang)) for lang in ("en", "zh"))

    assert "Why it changed since 2022-11-08" in english
    assert (
        "In this model application A0000007 has 600.0 points, grade R6; this one has 588.1, grade R7: −11.9 points, all of it "
        "new data."
    ) in english
    assert re.search(r"Average days beyond terms, 180 days: 3 days → 41 days −12\.3 ", english)
    assert "New model" not in english
    assert "较2022年11月8日申请的变化原因" in chinese
    assert (
        "按同一模型，申请 A0000007 评分 600.0（R6 级），本次 588.1（R7 级），变动 −11.9 分，全部来自新数据。" in chinese
    )
    assert "由 3 天 变为 41 天 −12.3" in chinese


def test_a_new_model_has_its_own_column_with_the_base_points():
    parts = [part("repayment_record", -12.34, 3.0, DELAY), part("solvency", 0.2, -4.0)]
    page = changed(parts, base=1.5, has_new_model=True)

    english, chinese = (words(render_applicant(committee_run(), page, lang)) for lang in ("en", "zh"))

    assert "of which new data −12.1 and the new model +0.5." in english
    assert "New data New model Both" in english
    assert "Base points 0.0 +1.5 +1.5" in english
    assert "Sum −12.1 +0.5 −11.6" in english
    assert "新数据 −12.1 分，新模型 +0.5 分。" in chinese
    assert "基准分 0.0 +1.5 +1.5" in chinese


def test_a_new_customer_gets_one_sentence():
    english, chinese = (words(render_applicant(committee_run(), case(), lang)) for lang in ("en", "zh"))

    assert "Why it changed No earlier application of this customer is in the data" in english
    assert "数据中无该客户更早的申请" in chinese


def tenths(text: str) -> int:
    return round(float(text.replace("−", "-")) * 10)


POINTS = st.floats(-60, 60, allow_nan=False).map(lambda x: round(x, 4))


@given(moved=st.lists(st.tuples(POINTS, POINTS), min_size=1, max_size=len(INDICATORS)), base=POINTS, two=st.booleans())
def test_the_points_shown_add_up_to_the_sum_and_the_sum_to_the_difference_of_the_scores_shown(moved, base, two):
    parts = [part(name, data, model if two else 0.0) for name, (data, model) in zip(INDICATORS, moved, strict=False)]
    page = changed(parts, base=base if two else 0.0, has_new_model=two)

    view = change_view(page, EN)

    assert view is not None
    *rows, total = [[tenths(p) for p in row["points"]] for row in view["rows"]]
    assert [sum(column) for column in zip(*rows, strict=True)] == total
    assert all(row[-1] == sum(row[:-1]) for row in [*rows, total] if two)
    assert total[-1] == tenths(EN.number(page["points"], 1)) - 6000
    assert len(rows) <= MOST_TOLD + 1 + two


def test_only_indicators_moved_by_a_point_or_more_are_told_apart_those_moved_most_first():
    parts = [part("litigation", 0.99), part("solvency", 1.0), part("profitability", -8.0), part("environment", 0.0)]

    view = change_view(changed(parts), ZH)

    assert view is not None
    names = [row["name"] for row in view["rows"]]
    assert names == ["盈利能力", "偿债能力", "其余指标（含尾差）", "合计"]


def test_an_indicator_that_model_and_data_move_against_each_other_is_told():
    view = change_view(changed([part("solvency", 5.0, -5.0)], has_new_model=True), EN)

    assert view is not None
    assert view["rows"][0]["points"] == ["+5.0", "−5.0", "0.0"]


def test_where_no_indicator_moved_by_a_point_all_are_told_in_one_row():
    view = change_view(changed([part("solvency", 0.4), part("litigation", -0.1)]), EN)

    assert view is not None
    assert [row["name"] for row in view["rows"]] == ["All indicators, each by less than a point", "Sum"]
