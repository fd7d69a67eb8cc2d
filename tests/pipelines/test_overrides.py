"""The log of overrides: appended, never changed, and every change noticed."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.policy.overrides import Override
from pipelines import overrides
from pipelines.cli import app
from pipelines.errors import InputError
from pipelines.policy import load

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
        (lambda lines: [lines[2]], 1),
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


def test_a_log_cut_off_at_its_end_is_noticed_by_the_hash_noted_elsewhere(log: Path) -> None:
    noted = overrides.head_of(log)
    assert len(overrides.read(log, noted[:12])) == 3

    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))

    with pytest.raises(InputError, match="its end was cut off, or it was written anew"):
        overrides.read(log, noted)
    with pytest.raises(InputError, match="12 digits or more"):
        overrides.read(log, "a")


def test_a_line_that_does_not_end_takes_no_other_onto_itself(log: Path) -> None:
    log.write_bytes(log.read_bytes().removesuffix(b"\n"))
    before = log.read_bytes()

    with pytest.raises(InputError, match=r"line 3: the line does not end"):
        overrides.add(STRICT, None, log)
    assert log.read_bytes() == before


def test_bytes_that_are_no_text_are_named_and_not_written(log: Path) -> None:
    with pytest.raises(InputError, match="text holds bytes that are no text"):
        overrides.add(replace(STRICT, text="a\udcff"), None, log)
    assert len(overrides.read(log)) == 3

    log.write_bytes(log.read_bytes().replace("实".encode(), b"\xff", 1))
    with pytest.raises(InputError, match="line 1: the line was changed"):
        overrides.read(log)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    st.floats(0, 1e12),
)
def test_whatever_a_person_writes_is_read_back(text: str, limit: float) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "log.jsonl")
        written = replace(STRICT, text=text, final_decision="conditional", original_limit=limit, final_limit=limit)
        overrides.add(written, None, path)
        overrides.add(STRICT, None, path)

        assert overrides.read(path) == [written, STRICT]


def test_two_people_at_once_both_stand_in_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda n: overrides.add(replace(STRICT, application_id=f"A{n}"), None, path), range(40)))

    assert sorted(o.application_id for o in overrides.read(path)) == sorted(f"A{n}" for n in range(40))


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    rows = {
        "application_id": ["A1", "A2", "A3"],
        "as_of": [date(2026, 2, 1)] * 3,
        "decision": ["admit", "decline", "decline"],
        "decision_path": ["BAND:R4", "KO1", "BAND:R10"],
        "limit": [100_000.0, 0.0, 0.0],
        "policy_version": load("balanced").version,
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
        "--text",
        "停产",
    ]

    done = CliRunner().invoke(app, [*asked, *TOLD])
    review = CliRunner().invoke(app, ["override", "report", "--scores", str(scores)])

    assert done.exit_code == 0, done.output
    assert (overrides.read()[0].original_limit, overrides.read()[0].final_limit) == (100_000, 0)
    assert json.loads(review.stdout)["strict"] == 1
    assert json.loads(review.stdout)["verdict"] == "red"
    assert json.loads(review.stdout)["head"].startswith(done.stdout.split()[-1])


def test_the_review_holds_the_grants_against_later_outcomes(scores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scores.parent)
    overrides.add(replace(STRICT, application_id="A1"), None)
    rows = pd.DataFrame({"application_id": ["A1", "A2"], "label": pd.array([1, None], dtype="Int64")})
    rows.to_parquet("outcomes.parquet")
    asked = ["override", "report", "--scores", str(scores), "--outcomes", "outcomes.parquet"]

    done = CliRunner().invoke(app, [*asked, "--on", "2027-01-01"])
    cut = CliRunner().invoke(app, [*asked, "--head", "f" * 64])

    assert json.loads(done.stdout)["expired"] == 1
    assert json.loads(done.stdout)["default_rate_policy"] is None
    assert cut.exit_code == 2
    assert "its end was cut off" in cut.output


@pytest.mark.parametrize(
    ("application", "more", "words"),
    [
        ("A9", [], "0 decisions about application 'A9'; expected one"),
        ("A1", ["--policy", "growth"], "was decided by the policy 'balanced 2026-01"),
        (
            "A2",
            ["--decision", "admit", "--limit", "5e4", "--second-approver", "b"],
            "KO1 may be overridden by nobody",
        ),
        (
            "A3",
            ["--decision", "admit", "--second-approver", "b"],
            "admit of 0 grants nothing; name the limit with --limit",
        ),
        (
            "A3",
            ["--decision", "conditional", "--second-approver", "b"],
            "conditional of 0 grants nothing; name the limit with --limit",
        ),
        (
            "A3",
            ["--decision", "admit", "--limit", "5e4", "--second-approver", " A "],
            "the second approver must be another person",
        ),
        ("A1", ["--decided-on", "2999-01-01"], "--decided-on 2999-01-01: expected a day from the application's as_of"),
        ("A1", ["--decided-on", "2026-01-31"], "as_of 2026-02-01 to today"),
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
