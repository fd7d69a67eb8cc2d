"""The main job as a user runs it: DVC, twice, in a copy of the project's tracked files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = {"customers: null": "customers: 800", "bootstrap_repetitions: 500": "bootstrap_repetitions: 20"}
SMALL |= {"refits: 8": "refits: 1"}


def _run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "GIT_", "MLFLOW_TRACKING"))}
    quiet = {**inherited, "PATH": paths, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, timeout=500, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The files git tracks, with a small portfolio, committed in a repository of their own, after one `admission repro`."""
    folder = tmp_path_factory.mktemp("clone")
    for name in _run("git", "ls-files", "-co", "--exclude-standard", folder=ROOT).stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "dvc.lock").unlink(missing_ok=True)
    params = folder / "params.yaml"
    text = params.read_text()
    for old, new in SMALL.items():
        assert old in text
        text = text.replace(old, new)
    params.write_text(text)
    _run("git", "init", "-q", folder=folder)
    _run("git", "add", "-A", folder=folder)
    _run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "start", folder=folder)
    first = _run("admission", "repro", folder=folder)
    assert first.returncode == 0, first.stderr[-3000:]
    assert "AUC" in first.stdout
    assert str(folder / "data/report/index.html") in first.stdout
    return folder


def test_a_second_run_does_no_stage_again_and_says_the_same(project):
    status = _run("dvc", "status", folder=project)
    second = _run("admission", "repro", folder=project)

    assert "up to date" in status.stdout
    assert second.returncode == 0
    assert "Test sample" in second.stdout
    assert "pipelines.train" not in second.stderr


def test_every_stage_gives_the_same_bytes_when_it_is_run_afresh(project):
    before = (project / "dvc.lock").read_bytes()

    again = _run("dvc", "repro", "--force", "--no-run-cache", folder=project)

    assert again.returncode == 0, again.stderr[-3000:]
    assert (project / "dvc.lock").read_bytes() == before


def test_a_changed_parameter_redoes_what_depends_on_it_and_nothing_else(project):
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("peers_at_least: 30", "peers_at_least: 31"))

    status = _run("dvc", "status", folder=project).stdout

    assert "explain" in status
    assert "train:" not in status
    params.write_text(params.read_text().replace("peers_at_least: 31", "peers_at_least: 30"))


def test_a_stage_that_fails_stops_the_job_with_its_message_and_exit_code_two(project):
    params = project / "params.yaml"
    good = params.read_text()
    params.write_text(
        good.replace("source: sample", "source: tables", 1).replace("input: data/external", "input: nowhere")
    )

    failed = _run("admission", "repro", folder=project)

    params.write_text(good)
    assert failed.returncode == 2
    assert "nowhere" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_policy_file_of_ones_own_that_has_changed_decides_anew(project):
    """DVC does not know the file; a report of the policy before would pass for today's."""
    own, params, answers = project / "own.yaml", project / "params.yaml", project / "data/decide/policy.json"
    shutil.copy(ROOT / "pipelines/policies/balanced.yaml", own)
    params.write_text(params.read_text().replace("  policy: balanced\n", "  policy: own.yaml\n"))
    first = _run("admission", "repro", folder=project)
    before = json.loads(answers.read_text())["in_force"]
    own.write_text(own.read_text().replace("owner: credit risk 信用风险部", "owner: sales"))

    second = _run("admission", "repro", folder=project)

    assert (first.returncode, second.returncode) == (0, 0), second.stderr[-3000:]
    after = json.loads(answers.read_text())["in_force"]
    assert (before["owner"], after["owner"]) == ("credit risk 信用风险部", "sales")
    assert "owned by sales" in (project / "data/report/portfolio.en.html").read_text()
