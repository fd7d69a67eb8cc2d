"""The `admission` command: every stage by name, quick to answer, and errors in words."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trial import dvc_stages
from typer.testing import CliRunner

from pipelines.cli import _stage_to_run, app, run_stage
from pipelines.sources import SOURCES

ROOT = Path(__file__).parents[2]
HEAVY = {
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "lightgbm",
    "shap",
    "mlflow",
    "ibis",
    "duckdb",
    "dvc",
    "jinja2",
}


def admission(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=os.environ, check=False)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_lists_every_stage_and_job() -> None:
    text = admission("--help")

    assert {*dvc_stages(), "repro", "sources", "docs"} <= set(text.split())


def test_help_and_the_list_of_sources_load_no_heavy_library() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from pipelines.cli import app\n"
        "[CliRunner().invoke(app, [word], catch_exceptions=False) for word in ('--help', 'sources')]\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )

    loaded = set(python("-c", program).stdout.split())

    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_every_source_is_listed_with_what_it_reads() -> None:
    lines = admission("sources").splitlines()

    for name, source in SOURCES.items():
        assert any(line.startswith(f"{name} ") and source.zh in line and source.reads in line for line in lines)


def test_the_dictionary_and_the_empty_tables_are_written_by_docs() -> None:
    assert "wrote data/README.md" in admission("docs")
    assert "wrote 27 empty tables into mine" in admission("docs", "--templates", "mine")

    assert Path("data/README.md").exists()
    assert len(list(Path("mine").iterdir())) == 27


def test_empty_tables_that_would_replace_files_are_refused_with_2() -> None:
    admission("docs", "--templates", "mine")

    result = CliRunner().invoke(app, ["docs", "--templates", "mine"])

    assert result.exit_code == 2
    assert result.stderr.startswith("error: mine already holds customers.csv")


def test_an_unknown_command_is_refused_with_the_nearest() -> None:
    result = CliRunner().invoke(app, ["ingset"])

    assert result.exit_code == 2
    assert "ingest" in result.stderr


@pytest.mark.parametrize("stage", ["label", "split"])
def test_a_stage_runs_as_a_module_and_says_what_it_lacks_in_words(stage: str) -> None:
    result = python("-m", f"pipelines.{stage}")

    assert result.returncode == 2
    assert result.stderr == "error: params.yaml not found; run from the project's top folder\n"


def test_a_scoring_job_that_cannot_run_answers_in_json_on_stdout_and_in_words_on_stderr() -> None:
    asked = ["score", "--model", "bundle", "--input", "m.parquet", "--output", "out"]

    with_json, without = CliRunner().invoke(app, [*asked, "--json"]), CliRunner().invoke(app, asked)

    error = "params.yaml not found; run from the project's top folder"
    assert json.loads(with_json.stdout) == {"error": error, "exit_code": 2}
    assert with_json.stderr == without.stderr == f"error: {error}\n"
    assert (without.stdout, with_json.exit_code, without.exit_code) == ("", 2, 2)


def test_a_stage_whose_input_is_not_there_names_the_stage_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)

    with pytest.raises(SystemExit) as stopped:
        run_stage("evaluate")

    assert stopped.value.code == 2
    assert "data/split/samples.parquet not found; run stage split first (`admission split`" in capsys.readouterr().err


def test_a_file_of_no_stage_that_is_not_there_is_no_stage_s_fault() -> None:
    assert _stage_to_run(FileNotFoundError("data/external/mine.csv")) is None
    assert "run stage ingest first" in str(_stage_to_run(FileNotFoundError("data/canonical/customers.parquet")))
