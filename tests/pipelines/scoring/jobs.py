"""Jobs on small matrices of the portfolio, and what they left."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Portfolio
from trial import params

from pipelines.errors import InputError
from pipelines.score import Job, run

BUNDLE, FEATURES = Path("data/train/bundle"), Path("data/featurize/features.parquet")
SMALL = {"score__drift_rows_at_least": 30, "score__batch_rows": 16}


def matrix(portfolio: Portfolio, rows: int = 40) -> pd.DataFrame:
    return pd.read_parquet(portfolio.folder / FEATURES).head(rows)


def score(
    portfolio: Portfolio, delivered: Path, output: Path, changes: dict[str, Any] | None = None, **job: Any
) -> dict[str, Any]:
    """Run a job and return its summary."""
    model = job.pop("model", str(portfolio.folder / BUNDLE))
    settings = params(**{**SMALL, **(changes or {})})
    return run(Job(model=model, input=delivered, output=output, **job), settings)


def refusal(portfolio: Portfolio, delivered: Path, output: Path, **job: Any) -> str:
    """Return why a job stopped; it must have published nothing and left nothing behind."""
    before = listing(output)
    with pytest.raises(InputError) as refused:
        score(portfolio, delivered, output, **job)
    assert listing(output) == before
    assert not list(output.parent.glob(".*"))
    return str(refused.value)


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def records(output: Path) -> pd.DataFrame:
    return pd.read_parquet(output / "scores.parquet")


def rejects(output: Path) -> list[dict[str, str]]:
    with (output / "rejects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def summary(output: Path) -> dict[str, Any]:
    return json.loads((output / "summary.json").read_text(encoding="utf-8"))
