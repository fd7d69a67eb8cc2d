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
        ({"segments": [{"industry": "E"}]}, "a segment must set bands or a pd_cap"),
        ({"segments": [{"pd_cap": 0.02}]}, "a segment must name an industry"),
        ({"segments": [{"industri": "E"}]}, r"unknown key segments\[0\]\.industri\. Did you mean 'industry'"),
        ({"new_customer_notches": -1}, "new_customer_notches is -1; expected 0 or more"),
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

    swaps = policy.compare("balanced", "balanced", tmp_path)

    assert (swaps["decision_first"] == swaps["decision_second"]).all()
    assert "0 of 6 applicants change decision; limits +0, expected loss +0" in policy.in_words(swaps, "a", "b")


def test_growth_admits_what_conservative_reviews_and_the_sums_say_what_it_is_worth(tmp_path: Path) -> None:
    applicants().to_parquet(tmp_path / "people.parquet")

    swaps = policy.compare("conservative", "growth", tmp_path / "people.parquet")

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
    assert sum(row["n"] for row in json.loads(as_json.stdout)) == 6


def test_the_command_refuses_a_population_without_what_policies_read(tmp_path: Path) -> None:
    applicants().drop(columns=["KO1", "points"]).to_parquet(tmp_path / "people.parquet")

    with pytest.raises(InputError, match="lacks the columns points, KO1; expected the decision_inputs"):
        policy.population(tmp_path)
    with pytest.raises(InputError, match="holds no parquet file"):
        policy.population(tmp_path / "nowhere")


def test_show_prints_the_file_with_its_meanings() -> None:
    shown = CliRunner().invoke(app, ["policy", "show", "balanced"])

    assert shown.exit_code == 0
    assert "PD up to 1.96 %" in shown.stdout
