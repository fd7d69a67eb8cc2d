"""The page on adding a feature, followed to the letter in a copy of the code: one declaration, and it is everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import lightgbm
import pandas as pd
import pytest
import yaml
from conftest import Portfolio
from trial import ROOT, committed

STEPS = """
from pipelines.cli import docs, run_stage

docs(templates=None)
for stage in ("featurize", "train", "evaluate", "audit", "decide", "explain", "report"):
    run_stage(stage)
"""
"""What `admission docs` and `admission repro` run, in one process; ingest, label and split read no feature."""


def page() -> str:
    text = (ROOT / "data/README.md").read_text(encoding="utf-8")
    return text.split("## A feature of your own")[1].split("\n## ")[0]


def declaration() -> str:
    (block,) = re.findall(r"^```python\n(.*?)^```$", page(), re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture(scope="module")
def followed(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A copy of the code with the declaration where the page wants it, its stages run; and the feature's id."""
    copy = tmp_path_factory.mktemp("copy")
    for package in ("features", "models", "pipelines"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(portfolio.folder / "data", copy / "data")
    (indicator, module) = re.findall(r"of `(\w+)` in\s+`(features/\S+\.py)`", page())[0]
    head, indicator_and_rest = (copy / module).read_text(encoding="utf-8").split(f"{indicator} = Indicator(", 1)
    before, after = indicator_and_rest.split("    features=(\n", 1)
    added = textwrap.indent(declaration().rstrip() + ",\n", " " * 8)
    text = f"{head}{indicator} = Indicator({before}    features=(\n{added}{after}"
    (copy / module).write_text(text, encoding="utf-8")
    quick = committed(
        source="tables", input="own", engine__threads=1, train__num_threads=1, train__n_estimators=40,
        split__out_of_time_share=0.3, evaluate__bootstrap_repetitions=50, audit__refits=1,
    )  # fmt: skip
    (copy / "params.yaml").write_text(yaml.safe_dump(quick, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(
        command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (name,) = re.findall(r'id="(\w+)"', declaration())
    return copy, name


def test_the_page_takes_no_more_than_twenty_lines() -> None:
    assert len([line for line in page().splitlines()[1:] if line.strip()]) <= 20


def test_the_feature_is_in_the_matrix_between_its_bounds(followed: tuple[Path, str]) -> None:
    copy, name = followed

    values = pd.read_parquet(copy / "data/featurize/features.parquet")[name]

    assert values.notna().sum() > 100
    assert values.nunique() > 10
    assert values.dropna().between(0, 1).all()
    assert name in json.loads((copy / "data/featurize/manifest.json").read_text(encoding="utf-8"))["model"]


def test_the_model_is_constrained_to_its_direction(followed: tuple[Path, str]) -> None:
    copy, name = followed
    (path,) = (copy / "data/train/bundle").glob("*.txt")

    model = lightgbm.Booster(model_file=path)
    constraints = re.findall(r"\[monotone_constraints: ([-\d,]+)\]", path.read_text(encoding="utf-8"))[0].split(",")

    assert constraints[model.feature_name().index(name)] == "1"


def test_the_dictionary_has_it_in_both_languages(followed: tuple[Path, str]) -> None:
    copy, name = followed

    (row,) = re.findall(rf"^\| `{name}` \|.*$", (copy / "data/README.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert "Share of amounts paid late, 90 days | 近90天逾期金额占比" in row
    assert "| +1 |" in row


def test_the_report_has_it(followed: tuple[Path, str]) -> None:
    copy, name = followed

    explained = json.loads((copy / "data/explain/explanation.json").read_text(encoding="utf-8"))
    pages = [path for path in (copy / "data/report").glob("*.html") if "近90天逾期金额占比" in path.read_text("utf-8")]

    assert name in {entry["id"] for entry in explained["features"]}
    assert pages
