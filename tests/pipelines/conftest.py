"""One small portfolio, delivered as CSV files of own tables and taken through the stages up to the model."""

import contextlib
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from trial import params

from pipelines import featurize, ingest, label, split, train
from pipelines.params import Params
from pipelines.sources import sample


class Portfolio(NamedTuple):
    """Where a portfolio lies: `raw` as parquet of the sample, `folder` with `own` tables as CSV and what the stages wrote."""

    raw: Path
    folder: Path
    params: Params


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    folder, raw = tmp_path_factory.mktemp("portfolio"), tmp_path_factory.mktemp("sample") / "raw"
    settings = params(source="tables", input="own", train__n_estimators=40, split__out_of_time_share=0.3)
    sample.produce(sample.SampleSettings(customers=500, data_until=settings.data_until), 1, raw, raw.parent / "truth")
    (folder / "own").mkdir()
    for path in raw.iterdir():
        duckdb.sql(f"COPY (FROM '{path}') TO '{folder / 'own' / path.stem}.csv' (HEADER)")
    with contextlib.chdir(folder):
        for stage in (ingest, label, featurize, split, train):
            stage.run(settings)
    return Portfolio(raw, folder, settings)
