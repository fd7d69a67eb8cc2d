"""Applicants to compare policies on: whatever a file holds, they are read or refused in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_policy import applicants
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.errors import InputError
from pipelines.policy import compare
from pipelines.population import population


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("pd_12m", ["0.01", "0.02"], "column pd_12m holds '0.01' in row 1; expected a number: calibrated PD, strictly"),
        ("pd_12m", [0.01, np.nan], "column pd_12m holds nan in row 2"),
        ("pd_12m", [0.01, 2.0], "column pd_12m holds 2.0 in row 2"),
        ("pd_12m", [0.01, 1.0], "column pd_12m holds 1.0 in row 2"),
        ("pd_12m", [None, None], "column pd_12m holds nan in row 1"),
        ("points", [600.0, np.nan], "column points holds nan in row 2; expected a number: unrounded points"),
        ("explained_coverage", [None, "much"], "column explained_coverage holds 'much' in row 2; expected a number"),
        ("explained_coverage", [0.9, 90.0], "holds 90.0 in row 2; expected a number: share of the model's importance"),
        ("is_new_customer", ["yes", "no"], "column is_new_customer holds 'yes' in row 1; expected true or false"),
        ("requested_limit", ["1e5", "2e5"], "column requested_limit holds '1e5' in row 1; expected a number: currency"),
        ("requested_limit", [[1], [2]], r"column requested_limit holds \[1\] in row 1"),
        ("requested_terms_days", [30, -np.inf], "column requested_terms_days holds -inf in row 2"),
        ("annual_sales", [np.inf, 1.0], "column annual_sales holds inf in row 1"),
        ("KO1", [1, 0], "column KO1 holds 1 in row 1; expected text: hit, clear or unknown"),
        ("customer_id", ["C1", " "], "column customer_id holds ' ' in row 2; expected text: the customer"),
        ("application_id", ["A1", None], "column application_id holds .* in row 2; expected text: the application"),
    ],
)
def test_a_value_that_no_policy_could_read_is_named_with_file_column_and_row(
    tmp_path: Path, column: str, values: list[Any], words: str
) -> None:
    path = tmp_path / "people.parquet"
    applicants(2).assign(**{column: pd.Series(values)}).to_parquet(path)

    with pytest.raises(InputError, match=words) as refused:
        population(path)
    done = CliRunner().invoke(app, ["policy", "compare", "balanced", "growth", "--on", str(path)])

    assert str(refused.value).startswith(f"{path}: ")
    assert (done.exit_code, done.stderr) == (2, f"error: {refused.value}\n")


def test_what_is_missing_or_of_a_narrower_type_is_read_as_the_scoring_job_would_write_it(tmp_path: Path) -> None:
    people = applicants().assign(
        explained_coverage=None,
        is_new_customer=[None, True, False, None, None, None],
        region=None,
        industry=pd.Categorical(["C"] * 6),
        requested_limit=100_000,
        total_equity=np.float32(5e6),
    )
    people.to_parquet(tmp_path / "people.parquet")

    found = compare("balanced", "growth", tmp_path)

    assert found.swaps["n"].sum() == 6
    assert population(tmp_path)["industry"].tolist() == ["C"] * 6


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_pandas(applicants())
    pq.write_table(table.append_column("KO1", table["KO1"]), tmp_path / "people.parquet")

    with pytest.raises(InputError, match=r"people\.parquet has a column more than once"):
        population(tmp_path)


def test_of_nobody_nothing_is_compared(tmp_path: Path) -> None:
    applicants().head(0).to_parquet(tmp_path / "people.parquet")

    with pytest.raises(InputError, match="holds no applicant; nothing can be compared"):
        compare("conservative", "growth", tmp_path)


def test_a_population_without_what_policies_read_is_refused(tmp_path: Path) -> None:
    applicants().drop(columns=["KO1", "points"]).to_parquet(tmp_path / "people.parquet")

    with pytest.raises(InputError, match="lacks the columns points, KO1; expected the decision_inputs"):
        population(tmp_path)
    with pytest.raises(InputError, match="holds no parquet file"):
        population(tmp_path / "nowhere")


def test_of_a_scoring_jobs_folder_each_applicant_counts_once(tmp_path: Path) -> None:
    applicants().to_parquet(tmp_path / "decision_inputs.parquet")
    applicants()[["application_id", "pd_12m"]].to_parquet(tmp_path / "scores.parquet")

    assert len(population(tmp_path)) == 6
    assert compare("balanced", "growth", tmp_path).swaps["n"].sum() == 6


def test_parts_of_a_population_are_read_together_and_each_is_checked(tmp_path: Path) -> None:
    people = applicants()
    people.head(2).to_parquet(tmp_path / "a.parquet")
    people.tail(4).to_parquet(tmp_path / "b.parquet")
    assert population(tmp_path)["application_id"].tolist() == people["application_id"].tolist()

    people.head(1).to_parquet(tmp_path / "c.parquet")
    with pytest.raises(InputError, match="1 applications stand twice, 'A0' among them"):
        population(tmp_path)

    people.head(1).drop(columns="KO1").to_parquet(tmp_path / "c.parquet")
    with pytest.raises(InputError, match=r"c\.parquet lacks the columns KO1"):
        population(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_a_file_that_is_no_parquet_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "people.parquet").write_bytes(content)

    with pytest.raises(InputError, match=r"people\.parquet cannot be read as parquet"):
        population(tmp_path)
