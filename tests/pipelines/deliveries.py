"""A delivery of own tables taken through the ingest stage in the working folder, and what came of it."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from trial import params

from pipelines.errors import InputError
from pipelines.ingest import CANONICAL, QUARANTINE, REPORT, run

OWN = Path("own")


def ingest(**changes: Any) -> None:
    run(params(**{"source": "tables", "input": str(OWN), **changes}))


def refusal(**changes: Any) -> str:
    with pytest.raises(InputError) as refused:
        ingest(**changes)
    return str(refused.value)


def canonical(table: str) -> list[dict[str, Any]]:
    return pq.read_table(CANONICAL / f"{table}.parquet").to_pylist()


def set_aside(table: str) -> list[dict[str, str]]:
    with (QUARANTINE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def report(table: str) -> dict[str, Any]:
    entries = json.loads(REPORT.read_text(encoding="utf-8"))["tables"]
    return next(entry for entry in entries if entry["table"] == table)


def counted(table: str) -> dict[tuple[str, str], int]:
    """The rows of a table by rule and action."""
    return {(rule["rule"], rule["action"]): rule["n"] for rule in report(table)["rules"]}
