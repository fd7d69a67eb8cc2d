"""Policies as files: what is refused, in which words, and what changes between two."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from features.knock_outs import READ
from pipelines import policy
from pipelines.cli import app
from pipelines.errors import InputError


def changed(tmp_path: Path, **changes: Any) -> str:
    """Write the balanced policy with changes such as `limits__extra_days=20`; None as text removes a key."""
    values = yaml.safe_load((policy.FOLDER / "balanced.yaml").read_text(encoding="utf-8"))
    for name, value in changes.items():
        *sections, key = name.split("__")
        target = values
        for section in sections:
            target = target[section]
        if value == "absent":
            del target[key]
        else:
            target[key] = value
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return str(path)


def applicants(n: int = 6) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "application_id": [f"A{k}" for k in range(n)],
            "customer_id": [f"C{k}" for k in range(n)],
            "pd_12m": [0.004, 0.012, 0.03, 0.05, 0.10, 0.30][:n],
            "points": 600.0,
            "challenger_points": None,
            "explained_coverage": 0.9,
            "out_of_support": False,
            "is_new_customer": False,
            "industry": "C",
            "region": "31",
            "requested_limit": 100_000.0,
            "requested_terms_days": 30,
            "annual_sales": 1_500_000.0,
            "total_equity": 5_000_000.0,
            "cost_of_sales": 20_000_000.0,
        }
    )
    return rows.assign(**{rule.id: "clear" for rule in READ})


@pytest.mark.parametrize("name", policy.names())
def test_every_policy_that_comes_with_the_project_is_valid_and_named_as_its_file(name: str) -> None:
    loaded = policy.load(name)

    assert loaded.policy.name == name
    assert loaded.policy.zh
    assert len(loaded.sha256) == 64


def test_the_three_profiles_differ_in_appetite_in_their_order() -> None:
    budgets = [policy.load(n).policy.economics.expected_loss_budget for n in ("conservative", "balanced", "growth")]

    assert budgets == [0.0015, 0.0030, 0.0060]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limits__extra_day": 5}, r"unknown key limits\.extra_day\. Did you mean 'extra_days'\?"),
        ({"colour": "red"}, "unknown key colour"),
        ({"bands__admit_up_to": "R12"}, "admit_up_to is 'R12'; expected one of R1"),
        ({"bands__admit_up_to": "R9"}, "bands must not go back from risky to safe"),
        ({"economics__loss_given_default": 45}, r"loss_given_default is 45.*share from 0 to 1 \(5 % is 0.05\)"),
        ({"economics__loss_given_default": "absent"}, "economics.loss_given_default is missing"),
        ({"pd_cap": 1.5}, "pd_cap is 1.5; expected a PD between 0 and 1"),
        ({"limits__equity_share": {"R1": 0.1}}, "equity_share must name every grade once"),
        ({"terms_days__R9": 120}, "terms_days gives R9 better terms than R8"),
        ({"prepayment__R10": 0}, "prepayment gives R10 better terms than R9"),
        ({"conditions": {"R7": ["dinner"]}}, "unknown conditions dinner; known: shorter_terms"),
        ({"segments": [{"industry": "E"}]}, "a segment must set bands, a pd_cap or terms_days"),
        ({"segments": [{"industry": "E", "terms_days": {"R1": 30}}]}, "terms_days must name every grade once"),
        ({"limits__safety_factor": -1}, "safety_factor is -1.0; expected a number of at least 0"),
        ({"limits__safety_factor": float("nan")}, "safety_factor is nan"),
        ({"limits__credit_book": float("inf")}, "credit_book is inf"),
        ({"limits__desk_authority": -1}, "desk_authority is -1"),
        ({"limits__cost_of_sales_share": 15}, r"cost_of_sales_share is 15.*share from 0 to 1 \(5 % is 0.05\)"),
        ({"limits__equity_share__R10": -3}, r"equity_share\.R10 is -3"),
        ({"limits__equity_share__R10": float("nan")}, r"equity_share\.R10 is nan"),
        ({"limits__without_statements__R10": -1}, r"without_statements\.R10 is -1"),
        ({"terms_days__R8": 7.5}, r"terms_days\.R8 is 7.5; expected whole days"),
        ({"terms_days__R10": -1}, r"terms_days\.R10 is -1"),
        ({"prepayment__R10": 30}, r"prepayment\.R10 is 30"),
        ({"review__explained_coverage_at_least": 60}, "explained_coverage_at_least is 60"),
        ({"review__explained_coverage_at_least": float("nan")}, "explained_coverage_at_least is nan"),
        ({"review__challenger_gap_points": -1}, "challenger_gap_points is -1"),
        ({"worst_exposure_share": 10}, "worst_exposure_share is 10"),
        ({"valid_from": "soon"}, "valid_from is 'soon'; expected a day in quotes"),
        ({"version": " "}, "version is empty"),
        ({"conditions": {"R8": ["guarantee"]}}, "conditions names none for R7, which is admitted conditionally"),
        ({"economics__handling_cost": True}, "economics.handling_cost is true; expected a number"),
        ({"segments": [{"pd_cap": 0.02}]}, "a segment must name an industry"),
        ({"segments": [{"industri": "E"}]}, r"unknown key segments\[0\]\.industri\. Did you mean 'industry'"),
        ({"new_customer_notches": -1}, "new_customer_notches is -1; expected 0 to 9"),
        ({"new_customer_notches": 10}, "new_customer_notches is 10; expected 0 to 9"),
        ({"new_customer_notches": 10**20 - 1}, "new_customer_notches is 99999999999999999999"),
        ({"name": "balanced\nname"}, r"name is 'balanced\\nname'; expected one line without control characters"),
        ({"version": "1\x1b[31m"}, r"version is '1\\x1b\[31m'; expected one line"),
        ({"owner": "credit\u2028risk"}, r"owner is 'credit\\u2028risk'; expected one line"),
        ({"exclusions": ["C1", " C2"]}, "exclusions names ' C2'; expected a customer_id without blanks at its ends"),
        ({"exclusions": [""]}, "exclusions names ''"),
        ({"segments": [{"industry": "C26", "pd_cap": 0.02}]}, "industry is 'C26'; expected the letter of a section"),
        ({"segments": [{"industry": "e", "pd_cap": 0.02}]}, "industry is 'e'"),
        ({"segments": [{"region": "3101", "pd_cap": 0.02}]}, "region is '3101'; expected two digits of GB/T 2260"),
        ({"segments": [{"region": "３１", "pd_cap": 0.02}]}, "region is '３１'"),
        ({"new_customer_notches": "many"}, "new_customer_notches is 'many'"),
    ],
)
def test_a_contradiction_is_refused_with_file_key_and_what_was_expected(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = changed(tmp_path, **changes)

    with pytest.raises(InputError, match=words) as refused:
        policy.load(path)
    assert str(refused.value).startswith(path)


@pytest.mark.parametrize("name", policy.names())
def test_the_segments_that_a_policy_shows_as_examples_are_valid(tmp_path: Path, name: str) -> None:
    text = (policy.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    examples = "\n".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# - {"))
    path = tmp_path / "segmented.yaml"
    path.write_text(text.replace("segments: []", f"segments:\n{examples}"), encoding="utf-8")

    assert len(policy.load(str(path)).policy.segments) == 2


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    text = (policy.FOLDER / "balanced.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("pd_cap: null", "pd_cap: null\npd_cap: 0.5"), encoding="utf-8")

    with pytest.raises(InputError, match=r"(?s)twice\.yaml cannot be read.*the key pd_cap stands twice.*line 14"):
        policy.load(str(path))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("[" * 5000 + "]" * 5000, "nested hundreds deep; a policy has four levels"),
        ("&a [*a]", r"(?s)\*a stands for a value elsewhere; write the value itself.*line 57"),
        ("9" * 5000, "(?s)cannot be read as int.*line 57"),
        ("0x" + "f" * 5000, "Exceeds the limit"),
        ("2026-13-45", "(?s)cannot be read as timestamp.*line 57"),
        ("!!bool perhaps", "(?s)cannot be read as bool.*line 57"),
    ],
)
def test_what_yaml_lets_pass_but_no_policy_holds_is_refused_by_every_command_that_reads_one(
    tmp_path: Path, value: str, words: str
) -> None:
    path = tmp_path / "odd.yaml"
    text = (policy.FOLDER / "balanced.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("segments: []", f"segments: {value}"), encoding="utf-8")
    applicants().to_parquet(tmp_path / "people.parquet")

    with pytest.raises(InputError, match=words):
        policy.load(str(path))
    for asked in (["show", str(path)], ["compare", "balanced", str(path), "--on", str(tmp_path)]):
        done = CliRunner().invoke(app, ["policy", *asked])
        assert done.exit_code == 2
        assert done.stderr.startswith(f"error: {path}")


def test_a_number_too_large_for_any_amount_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"handling_cost"):
        policy.load(changed(tmp_path, economics__handling_cost=10**400))


def test_a_file_that_is_none_names_the_policies_there_are() -> None:
    with pytest.raises(
        InputError, match="no policy 'bold': expected a YAML file, or one of balanced, conservative, growth"
    ):
        policy.load("bold")


@pytest.mark.parametrize("content", [b"just words", b"", b"\xff\xfe", b"a: [1"])
def test_a_file_that_holds_no_policy_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"x\.yaml (holds no|cannot be read)"):
        policy.load(str(path))


def test_equal_versions_of_other_bytes_are_told_apart(tmp_path: Path) -> None:
    assert policy.load("balanced").sha256 != policy.load(changed(tmp_path)).sha256


def test_the_swap_set_of_a_policy_with_itself_is_empty(tmp_path: Path) -> None:
    applicants().to_parquet(tmp_path / "people.parquet")

    found = policy.compare("balanced", "balanced", tmp_path)

    assert (found.swaps["decision_first"] == found.swaps["decision_second"]).all()
    assert "0 of 6 applicants change decision; limits +0, expected loss +0" in policy.in_words(found)


def test_growth_admits_what_conservative_reviews_and_the_sums_say_what_it_is_worth(tmp_path: Path) -> None:
    applicants().to_parquet(tmp_path / "people.parquet")

    swaps = policy.compare("conservative", "growth", tmp_path / "people.parquet").swaps

    pairs = set(zip(swaps["decision_first"], swaps["decision_second"], strict=True))
    assert ("conditional", "admit") in pairs
    assert swaps["n"].sum() == 6
    assert swaps["expected_loss_second"].sum() > swaps["expected_loss_first"].sum()


def test_the_command_prints_the_swap_set_and_its_json(tmp_path: Path) -> None:
    applicants().to_parquet(tmp_path / "people.parquet")
    asked = ["policy", "compare", "balanced", "growth", "--on", str(tmp_path)]

    table, as_json = CliRunner().invoke(app, asked), CliRunner().invoke(app, [*asked, "--json"])

    assert table.exit_code == as_json.exit_code == 0
    assert "applicants change decision" in table.stdout
    told = json.loads(as_json.stdout)
    assert sum(row["n"] for row in told["swaps"]) == 6
    assert [told[side]["version"] for side in ("first", "second")] == [
        policy.load(name).version for name in ("balanced", "growth")
    ]
    assert all(told[side]["version"] in table.stdout for side in ("first", "second"))


def test_the_share_of_limits_in_the_worst_grades_is_held_against_what_the_policy_allows(tmp_path: Path) -> None:
    safe, risky = {"pd_12m": 0.004, "requested_limit": 900_000.0}, {"pd_12m": 0.05, "requested_limit": 100_000.0}
    rich = {"annual_sales": 1e9, "total_equity": 1e9, "cost_of_sales": 1e9}
    owns = [safe, risky, {**risky, "KO1": "hit"}]
    people = pd.DataFrame(
        [{**applicants(1).iloc[0], **rich, **own, "application_id": f"A{k}"} for k, own in enumerate(owns)]
    )
    people.to_parquet(tmp_path / "people.parquet")

    found = policy.compare("conservative", "balanced", tmp_path)

    assert (found.first.worst_exposure, found.second.worst_exposure) == (0, pytest.approx(0.1))
    assert "10.0% of the limits in R8 or worse, within its 10%" in policy.in_words(found)


def test_show_prints_the_file_with_its_meanings() -> None:
    shown = CliRunner().invoke(app, ["policy", "show", "balanced"])

    assert shown.exit_code == 0
    assert "PD up to 1.96 %" in shown.stdout
