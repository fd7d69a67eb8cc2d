"""A company that hands over CSV files gets from raw tables to a model, and the form of its files does not matter."""

from pathlib import Path

import pandas as pd
import pytest
from conftest import Portfolio
from trial import fingerprints, params

from models.bundle import Bundle
from pipelines import ingest


def test_own_csv_files_lead_to_a_model_that_scores_every_application(portfolio: Portfolio) -> None:
    features = pd.read_parquet(portfolio.folder / "data/featurize/features.parquet")

    pd_12m = Bundle.read(portfolio.folder / "data/train/bundle").pd(features)

    assert len(pd_12m) == len(features) > 500
    assert ((pd_12m > 0) & (pd_12m < 1)).all()
    assert len(set(pd_12m)) > 100


def test_the_same_tables_as_csv_and_as_parquet_become_the_same_bytes(
    portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ingest.run(params(source="tables", input=str(portfolio.raw)))

    from_parquet = fingerprints(Path("data/canonical"))
    assert len(from_parquet) == 26
    assert from_parquet == fingerprints(portfolio.folder / "data/canonical")
