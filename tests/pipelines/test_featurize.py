"""From canonical tables to features: what a company did not hand over is unknown, never zero."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Portfolio
from trial import own_tables, params

from features.dimensions import CATALOGUE
from pipelines import featurize, ingest
from pipelines.errors import InputError

FEATURES, MANIFEST = Path("data/featurize/features.parquet"), Path("data/featurize/manifest.json")
KEYS = ["application_id", "customer_id", "as_of"]


@pytest.fixture
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with canonical customers and applications, nothing else."""
    monkeypatch.chdir(tmp_path)
    own_tables(Path("own"))
    ingest.run(params(source="tables", input="own"))


def refusal(**changes: Any) -> str:
    with pytest.raises(InputError) as refused:
        featurize.run(params(**changes))
    return str(refused.value)


@pytest.mark.usefixtures("_own")
def test_features_of_absent_tables_are_null_and_not_for_the_model() -> None:
    featurize.run(params())

    (row,) = pd.read_parquet(FEATURES).to_dict("records")
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    unknown = [f.id for f in CATALOGUE.features if f.id not in manifest["assessed"]]
    assert manifest["tables"] == ["applications", "customers"]
    assert "cx_industry" in manifest["model"]
    assert {"pf_roa", "rr_overdue_ratio_now", "ch_prior_default_decay"} <= set(unknown)
    assert all(pd.isna(row[name]) for name in unknown)
    assert row["cx_industry"] == "C"


@pytest.mark.usefixtures("_own")
def test_an_excluded_feature_is_computed_but_not_for_the_model() -> None:
    featurize.run(params(featurize__exclude=["cx_region"]))

    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    assert "cx_region" in manifest["assessed"]
    assert "cx_region" not in manifest["model"]
    assert "cx_industry" in manifest["model"]


def test_an_excluded_feature_that_does_not_exist_is_refused_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    message = refusal(featurize__exclude=["cx_regon"])

    assert "featurize.exclude names what the catalogue does not know: cx_regon. Did you mean 'cx_region'?" in message


def test_a_source_that_no_feature_asks_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    message = refusal(featurize__complete_sources=["qzx"])

    assert "featurize.complete_sources names what the catalogue does not know: qzx" in message
    assert "data/README.md lists every name" in message


def test_without_canonical_tables_the_stage_to_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert "run stage ingest first" in refusal()


def test_every_application_of_the_portfolio_has_one_row_with_every_feature(portfolio: Portfolio) -> None:
    features = pd.read_parquet(portfolio.folder / FEATURES)
    applications = pd.read_parquet(portfolio.folder / "data/canonical/applications.parquet")

    assert features.columns.tolist() == [*KEYS, *(f.id for f in CATALOGUE.features)]
    assert features["application_id"].is_unique
    assert set(features["application_id"]) == set(applications["application_id"])


def test_the_manifest_of_the_portfolio_lists_what_is_in_the_features(portfolio: Portfolio) -> None:
    features = pd.read_parquet(portfolio.folder / FEATURES)
    manifest = json.loads((portfolio.folder / MANIFEST).read_text(encoding="utf-8"))

    known = features.notna().any()
    assert len(manifest["tables"]) == 26
    assert set(manifest["model"]) <= set(manifest["assessed"])
    assert {f.id for f in CATALOGUE.features if known[f.id]} <= set(manifest["assessed"])
    assert set(manifest["model"]) == {f.id for f in CATALOGUE.of_role("model")} & set(manifest["assessed"])
