"""The log of overrides: appended, never changed, and every change noticed."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from models.policy.overrides import Override
from pipelines import overrides
from pipelines.cli import app
from pipelines.errors import InputError

STRICT = Override(
    application_id="A1",
    original_decision="admit",
    final_decision="decline",
    original_limit=100_000,
    final_limit=0,
    decision_path="BAND:R4",
    reason="new_information",
    text="实地走访:已停产",
    author="analyst 7",
    role="analyst",
    second_approver=None,
    decided_on="2026-03-01",
    expires_on="2026-09-01",
    policy_version="2026-01",
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    for number in range(3):
        overrides.add(replace(STRICT, application_id=f"A{number}"), None, path)
    return path


def test_what_was_logged_is_read_back_in_its_order(log: Path) -> None:
    assert [o.application_id for o in overrides.read(log)] == ["A0", "A1", "A2"]
    assert overrides.read(log)[0] == replace(STRICT, application_id="A0")


def test_before_the_first_override_the_log_is_empty(tmp_path: Path) -> None:
    assert overrides.read(tmp_path / "log.jsonl") == []


def test_an_override_that_may_not_stand_is_not_written(log: Path) -> None:
    before = log.read_bytes()

    with pytest.raises(InputError, match=r"override of A1 refused:\n  it grants more"):
        overrides.add(replace(STRICT, original_decision="decline", final_decision="admit"), None, log)
    assert log.read_bytes() == before


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda lines: [lines[0], lines[1].replace("已停产", "正常"), lines[2]], 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [*lines, "not a line"], 4),
        (lambda lines: [*lines, "[]"], 4),
        (lambda lines: [lines[0], lines[1][:40], lines[2]], 2),
    ],
)
def test_a_line_edited_dropped_or_moved_is_named(log: Path, edit, line: int) -> None:
    log.write_text("\n".join(edit(log.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8")

    with pytest.raises(InputError, match=rf"log\.jsonl, line {line}: the line was changed"):
        overrides.read(log)
    with pytest.raises(InputError, match=f"line {line}"):
        overrides.add(STRICT, None, log)


def test_two_people_at_once_both_stand_in_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda n: overrides.add(replace(STRICT, application_id=f"A{n}"), None, path), range(40)))

    assert sorted(o.application_id for o in overrides.read(path)) == sorted(f"A{n}" for n in range(40))


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    rows = {
        "application_id": ["A1", "A2"],
        "decision": ["admit", "decline"],
        "decision_path": ["BAND:R4", "KO1"],
        "limit": [100_000.0, 0.0],
        "policy_version": "2026-01",
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "scores.parquet")
    return tmp_path / "scores.parquet"


TOLD = [
    "--reason",
    "new_information",
    "--author",
    "a",
    "--role",
    "analyst",
    "--expires-on",
    "2026-09-01",
    "--decided-on",
    "2026-03-01",
]


def test_the_command_logs_what_the_policy_said_and_what_the_person_says(
    scores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scores.parent)
    asked = [
        "override",
        "add",
        "A1",
        "--scores",
        str(scores),
        "--decision",
        "decline",
        "--limit",
        "0",
        "--text",
        "停产",
    ]

    done = CliRunner().invoke(app, [*asked, *TOLD])
    review = CliRunner().invoke(app, ["override", "report", "--scores", str(scores)])

    assert done.exit_code == 0, done.output
    assert overrides.read()[0].original_limit == 100_000
    assert json.loads(review.stdout)["strict"] == 1
    assert json.loads(review.stdout)["verdict"] == "red"


@pytest.mark.parametrize(
    ("application", "more", "words"),
    [
        ("A9", [], "0 decisions about application 'A9'; expected one"),
        ("A2", ["--decision", "admit", "--second-approver", "b"], "KO1 may be overridden by nobody"),
        ("A1", ["--expires-on", "soon"], "'soon' is no day; expected YYYY-MM-DD"),
    ],
)
def test_the_command_says_what_it_refuses_and_exits_with_two(
    scores: Path, monkeypatch: pytest.MonkeyPatch, application: str, more: list[str], words: str
) -> None:
    monkeypatch.chdir(scores.parent)
    asked = ["override", "add", application, "--scores", str(scores), "--decision", "decline", "--text", "x", *TOLD]

    done = CliRunner().invoke(app, [*asked, *more])

    assert done.exit_code == 2
    assert words in done.output
