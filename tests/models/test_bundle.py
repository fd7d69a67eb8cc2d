import json
from hashlib import sha256

import numpy as np
import pytest

from models.bundle import Bundle, BundleError
from models.scaling import PointsScale
from models.scorecard import WoeScorecard
from models.scorecard_table import ScorecardTable

REFERENCE = {"default_rate": 0.1 + 0.2, "industries": {"制造业": 0.34}}
FINGERPRINTS = {"data": "d41d8cd9"}


@pytest.fixture
def bundle(fitted):
    return Bundle.from_model(fitted, scale=PointsScale(), reference=REFERENCE, fingerprints=FINGERPRINTS)


@pytest.fixture
def folder(bundle, tmp_path):
    bundle.write(tmp_path / "准入模型")
    return tmp_path / "准入模型"


def edit_manifest(folder, change, *, hash_anew=True):
    """Change the manifest as a forger (who states a fresh hash) or as a careless hand would."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    if hash_anew:
        manifest.pop("bundle_sha256", None)
        text = json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
        manifest["bundle_sha256"] = sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False), encoding="utf-8")


def test_a_bundle_reads_back_as_it_was_written(bundle, folder):
    assert Bundle.read(folder, bundle.sha256) == bundle


def test_the_bundle_scores_as_the_model_bit_for_bit(portfolio, fitted, folder):
    read = Bundle.read(folder)

    assert (read.decision_function(portfolio.X) == fitted.decision_function(portfolio.X)).all()
    assert (read.pd(portfolio.X) == fitted.predict_proba(portfolio.X)[:, 1]).all()


def test_points_and_grades_follow_from_the_pd(portfolio, bundle):
    pd_12m = bundle.pd(portfolio.X)

    np.testing.assert_allclose(bundle.points(portfolio.X), PointsScale().points(pd_12m), atol=1e-9)
    assert (bundle.grade(portfolio.X) == bundle.grades.grade(pd_12m)).all()


def test_reordered_columns_and_unseen_industries_score_as_in_the_model(portfolio, fitted, folder):
    odd = portfolio.X[portfolio.X.columns[::-1]].assign(industry="采矿业")

    assert (Bundle.read(folder).pd(odd) == fitted.predict_proba(odd)[:, 1]).all()


def test_two_fits_write_the_same_bytes_whatever_the_number_of_threads(portfolio, quick_model, folder, tmp_path):
    again = quick_model(num_threads=2).fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)

    Bundle.from_model(again, scale=PointsScale(), reference=REFERENCE, fingerprints=FINGERPRINTS).write(
        tmp_path / "again"
    )

    for name in ("model.txt", "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_the_manifest_tells_what_the_model_is_made_of(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    assert manifest["features"][2] == {"name": "industry", "kind": "category"}
    assert manifest["directions"] == {"days_beyond_terms": 1, "current_ratio": -1, "industry": 0, "age_years": 0}
    assert manifest["files"]["model.txt"] == sha256((folder / "model.txt").read_bytes()).hexdigest()
    assert set(manifest["versions"]) == {"bundle_format", "lightgbm", "python"}


def test_the_background_reads_back_as_the_trees_see_it_to_six_digits(portfolio, fitted, tmp_path):
    rows = portfolio.X.sample(50, random_state=1)
    bundle = Bundle.from_model(fitted, scale=PointsScale(), reference={}, fingerprints={}, background=rows)

    bundle.write(tmp_path)
    read = Bundle.read(tmp_path, bundle.sha256)

    np.testing.assert_allclose(read.background, fitted.encoder_.matrix(rows), rtol=1e-5)  # NaN where it was NaN
    assert read == bundle


def test_an_edited_background_is_noticed(portfolio, fitted, tmp_path):
    bundle = Bundle.from_model(
        fitted, scale=PointsScale(), reference={}, fingerprints={}, background=portfolio.X.head(9)
    )
    bundle.write(tmp_path)

    edit_manifest(tmp_path, lambda m: m["background"].update(age_years="1 " * 9), hash_anew=False)

    with pytest.raises(BundleError, match=r"manifest\.json was edited"):
        Bundle.read(tmp_path)


def test_the_challenger_scorecard_reads_back_and_gives_points_beside_the_models(portfolio, fitted, tmp_path):
    card = WoeScorecard().fit(portfolio.X, portfolio.defaulted)
    bundle = Bundle.from_model(
        fitted, scale=PointsScale(), reference={}, fingerprints={}, challenger=ScorecardTable.of(card)
    )

    bundle.write(tmp_path)
    read = Bundle.read(tmp_path, bundle.sha256)

    expected = PointsScale().points_from_log_odds(card.decision_function(portfolio.X))
    assert read.challenger_points(portfolio.X) == pytest.approx(expected, abs=1e-9)
    assert read == bundle


def test_an_edited_scorecard_is_noticed(portfolio, fitted, tmp_path):
    card = ScorecardTable.of(WoeScorecard().fit(portfolio.X, portfolio.defaulted))
    Bundle.from_model(fitted, scale=PointsScale(), reference={}, fingerprints={}, challenger=card).write(tmp_path)

    edit_manifest(tmp_path, lambda m: m["challenger"].update(intercept=-9.0), hash_anew=False)

    with pytest.raises(BundleError, match=r"manifest\.json was edited"):
        Bundle.read(tmp_path)


def test_without_a_challenger_nobody_has_points_of_one(portfolio, bundle):
    assert np.isnan(bundle.challenger_points(portfolio.X.head(3))).tolist() == [True] * 3


def test_a_bundle_without_background_says_so(bundle):
    assert bundle.background is None


def test_nobody_to_score_gives_no_scores(portfolio, bundle):
    assert bundle.grade(portfolio.X.head(0)).shape == (0,)


@pytest.mark.parametrize("name", ["model.txt", "manifest.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()

    with pytest.raises(BundleError, match=rf"{name} is missing; .* restore it"):
        Bundle.read(folder)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda raw: raw.replace(b"leaf_value=", b"leaf_value=9", 1), id="one leaf edited"),
        pytest.param(lambda raw: raw[: len(raw) // 2], id="truncated"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="line ends changed"),
        pytest.param(lambda _: b"", id="emptied"),
        pytest.param(lambda _: b"\xff\xfe", id="not text"),
    ],
)
def test_an_edited_model_never_reaches_the_parser(folder, monkeypatch, damage):
    monkeypatch.setattr("lightgbm.Booster", None)
    path = folder / "model.txt"
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(BundleError, match=r"model\.txt is not the file its manifest was written with; restore"):
        Bundle.read(folder)


@pytest.mark.parametrize("section", ["calibration", "points_scale"])
def test_a_casual_edit_of_the_manifest_is_noticed_without_any_expected_hash(folder, section):
    edit_manifest(folder, lambda m: m[section].update({next(iter(m[section])): 0.5}), hash_anew=False)

    with pytest.raises(BundleError, match=r"manifest\.json was edited"):
        Bundle.read(folder)


def test_a_forged_manifest_is_refused_when_the_expected_hash_is_known(bundle, folder):
    edit_manifest(folder, lambda m: m["calibration"].update(intercept=-9.0))

    assert Bundle.read(folder).calibration.intercept == -9.0  # only the expected hash can tell
    with pytest.raises(BundleError, match=rf"is another bundle: expected {bundle.sha256}, found"):
        Bundle.read(folder, bundle.sha256)


def test_a_model_and_manifest_both_forged_are_refused_by_the_expected_hash_before_parsing(bundle, folder, monkeypatch):
    monkeypatch.setattr("lightgbm.Booster", None)
    (folder / "model.txt").write_bytes(b"tree\n")
    edit_manifest(folder, lambda m: m["files"].update({"model.txt": sha256(b"tree\n").hexdigest()}))

    with pytest.raises(BundleError, match="is another bundle"):
        Bundle.read(folder, bundle.sha256)


@pytest.mark.parametrize("files", [{"../model.txt": "0"}, {"/etc/passwd": "0"}, {"model.txt": "0", "code.py": "0"}, {}])
def test_paths_to_other_files_are_refused(folder, files):
    edit_manifest(folder, lambda m: m.update(files=files))

    with pytest.raises(BundleError, match=r"a bundle has model\.txt beside it and no other"):
        Bundle.read(folder)


def test_a_bundle_of_another_format_is_refused_with_both_versions(folder):
    edit_manifest(folder, lambda m: m["versions"].update(bundle_format=2))

    with pytest.raises(BundleError, match="has bundle format 2, this version reads 4"):
        Bundle.read(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"versions": {"bundle_format": 1}}', "\u0000"])
def test_a_manifest_that_is_none_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)

    with pytest.raises(BundleError, match=r"manifest\.json is not a bundle's manifest"):
        Bundle.read(folder)


def test_a_manifest_of_another_models_features_is_refused(folder):
    edit_manifest(folder, lambda m: m["features"].reverse())

    with pytest.raises(BundleError, match=r"has other features than manifest\.json"):
        Bundle.read(folder)


def test_statistics_that_json_cannot_hold_are_refused_before_anything_is_written(fitted, tmp_path):
    bundle = Bundle.from_model(fitted, scale=PointsScale(), reference={"mean": float("nan")}, fingerprints={})

    with pytest.raises(ValueError, match="not JSON compliant"):
        bundle.write(tmp_path / "new")
    assert not (tmp_path / "new").exists()
