"""Every fault of the table: a clear message and nothing published, or the row set aside and the good ones scored."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Portfolio
from scoring.jobs import BUNDLE, listing, matrix, records, refusal, rejects, score
from trial import committed

from features.dimensions import CATALOGUE
from features.knock_outs import READ
from models.bundle import Bundle
from pipelines.errors import InputError
from pipelines.scoring.faults import FAULTS, GOES_ON, SETS_ASIDE, STOPS
from pipelines.scoring.output import published

ROWS = 40
SHARE = "rr_overdue_ratio_now"
"""A feature between 0 and 1."""

Case = tuple[Callable[[Portfolio, Path], Path], str]


def parquet(change: Callable[[pd.DataFrame], Any]) -> Callable[[Portfolio, Path], Path]:
    def write(portfolio: Portfolio, folder: Path) -> Path:
        frame = matrix(portfolio, ROWS)
        changed = change(frame)
        (frame if changed is None else changed).to_parquet(folder / "m.parquet", index=False)
        return folder / "m.parquet"

    return write


def text(change: Callable[[str], str | bytes]) -> Callable[[Portfolio, Path], Path]:
    def write(portfolio: Portfolio, folder: Path) -> Path:
        changed = change(matrix(portfolio, ROWS).to_csv(index=False))
        content = changed if isinstance(changed, bytes) else changed.encode()
        (folder / "m.csv").write_bytes(content)
        return folder / "m.csv"

    return write


def raw(change: Callable[[Path], None], name: str) -> Callable[[Portfolio, Path], Path]:
    def write(portfolio: Portfolio, folder: Path) -> Path:
        matrix(portfolio, ROWS).to_parquet(folder / name, index=False)
        change(folder / name)
        return folder / name

    return write


def put(column: str, row: int, value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object)
        values[row] = value
        return frame.assign(**{column: values})

    return change


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{SHARE: frame[SHARE].map(lambda value: "" if np.isnan(value) else repr(value))})


def cell(row: int, column: str, value: str) -> Callable[[str], str]:
    def change(lines: str) -> str:
        table = [line.split(",") for line in lines.splitlines()]
        table[row][table[0].index(column)] = value
        return "\n".join(",".join(cells) for cells in table) + "\n"

    return change


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


STOPPING: dict[str, Case] = {
    "empty_file": (text(lambda _: ""), "is empty: not even a header"),
    "header_only": (text(lambda t: t.splitlines()[0] + "\n"), "holds no row"),
    "cut_off_parquet": (raw(cut, "m.parquet"), "cannot be read as parquet"),
    "text_as_parquet": (raw(lambda p: p.write_text("a,b\n1,2\n") and None, "m.parquet"), "cannot be read as parquet"),
    "missing_column": (
        parquet(lambda f: f.drop(columns=SHARE)),
        f"lacks 1 of the .* columns that the model needs: {SHARE}",
    ),
    "wrong_delimiter": (
        text(lambda t: t.replace(",", ";")),
        "lacks the required columns application_id.*separator a comma",
    ),
    "gb18030": (
        text(lambda t: cell(3, "cx_industry", "制造业")(t).encode("gb18030")),
        "is not UTF-8.*in line 4.*GB18030",
    ),
    "workbook": (text(lambda t: t.encode("utf-16")), "is not text in UTF-8: an Excel workbook, UTF-16"),
    "open_quote": (text(cell(5, "cx_industry", '"C')), "a quotation mark in line 6 is not closed"),
    "emptied_column": (
        parquet(lambda f: f.assign(**dict.fromkeys(f.columns[3:40], np.nan))),
        r"unlike the development sample.*% of the model's importance, limit 10%",
    ),
}

ASIDE: dict[str, tuple[Callable[[Portfolio, Path], Path], str, str]] = {
    "bad_line": (text(lambda t: t + "X" + t.splitlines()[1] + ",9\n"), "DQ03", "more cells than the header"),
    "thousands": (text(cell(7, "cx_log_requested_limit", '"1,234.5"')), "DQ03", "no thousands separators"),
    "words": (parquet(lambda f: put(SHARE, 6, "viel")(as_text(f))), "DQ03", f"{SHARE} 'viel' is not a number"),
    "infinite": (parquet(put(SHARE, 6, np.inf)), "DQ11", f"{SHARE} inf is outside of what {SHARE} can be: 0 to 1"),
    "percent": (parquet(put(SHARE, 6, 45.0)), "DQ11", f"{SHARE} 45 is outside"),
    "no_id": (parquet(put("application_id", 6, "  ")), "DQ03", "application_id is empty"),
    "no_day": (
        parquet(lambda f: put("as_of", 6, "next week")(f.assign(as_of=f["as_of"].astype(str)))),
        "DQ03",
        "not a day",
    ),
    "repeated_id": (
        parquet(lambda f: put("application_id", 6, f["application_id"][2])(f)),
        "DQ01",
        "an earlier row has the same application_id",
    ),
}

GOING_ON: dict[str, Callable[[Portfolio, Path], Path]] = {
    "bom": text(lambda t: b"\xef\xbb\xbf" + t.encode()),
    "other_order": parquet(lambda f: f[f.columns[::-1]].assign(remark="x")),
    "number_in_text": parquet(as_text),
}


@pytest.mark.parametrize("fault", STOPPING)
def test_a_file_that_cannot_be_used_stops_the_job_and_says_why(
    fault: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    write, message = STOPPING[fault]

    said = refusal(portfolio, write(portfolio, tmp_path), tmp_path / "out")

    assert FAULTS[fault].exit_code == STOPS
    assert re.search(message, said), said


@pytest.mark.parametrize("fault", ASIDE)
def test_a_row_that_cannot_be_used_is_set_aside_and_the_others_are_scored(
    fault: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    write, rule, reason = ASIDE[fault]

    told = score(portfolio, write(portfolio, tmp_path), tmp_path / "out")

    (row,) = rejects(tmp_path / "out")
    assert told["exit_code"] == FAULTS[fault].exit_code == SETS_ASIDE
    assert row["rule"] == rule
    assert reason in row["reason"]
    assert told["rows"]["scored"] == told["rows"]["delivered"] - 1 == len(records(tmp_path / "out"))


@pytest.mark.parametrize("fault", GOING_ON)
def test_what_only_looks_different_is_scored_the_same(fault: str, portfolio: Portfolio, tmp_path: Path) -> None:
    score(portfolio, parquet(lambda f: f)(portfolio, tmp_path), tmp_path / "plain")
    other = tmp_path / "other"
    other.mkdir()

    told = score(portfolio, GOING_ON[fault](portfolio, other), tmp_path / "out")

    plain, odd = (records(tmp_path / name).drop(columns="input_fingerprint") for name in ("plain", "out"))
    assert told["exit_code"] == FAULTS[fault].exit_code == GOES_ON
    pd.testing.assert_frame_equal(plain, odd)


def test_thousands_separators_without_quotes_are_too_many_cells(portfolio: Portfolio, tmp_path: Path) -> None:
    score(portfolio, text(cell(7, "cx_log_requested_limit", "1,234.5"))(portfolio, tmp_path), tmp_path / "out")

    (row,) = rejects(tmp_path / "out")
    assert "line 8: more cells than the header" in row["reason"]


def test_a_category_never_seen_is_scored_as_missing_and_flagged(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault unseen_category."""
    never, none = (parquet(put("cx_region", 3, value)) for value in ("99", None))
    for name, write in (("never", never), ("none", none)):
        (tmp_path / f"{name}.d").mkdir()
        score(portfolio, write(portfolio, tmp_path / f"{name}.d"), tmp_path / name)

    seen, unknown = records(tmp_path / "never"), records(tmp_path / "none")
    assert seen["flags"][3] == "unseen:cx_region"
    assert unknown["flags"][3] == ""
    assert seen["pd_12m"].tolist() == unknown["pd_12m"].tolist()


def test_an_absent_table_that_carries_much_stops_unless_allowed(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault heavy_table_absent."""
    own = shutil.copytree(portfolio.folder / "own", tmp_path / "own")
    (own / "bureau_reports.csv").unlink()
    (own / "invoices.csv").unlink()
    (own / "payments.csv").unlink()
    (tmp_path / "job").mkdir()

    said = refusal(portfolio, own, tmp_path / "job/out")
    told = score(portfolio, own, tmp_path / "job/out", allow_missing=("bureau_reports", "invoices", "payments"))

    assert "the input lacks tables that the model was trained with: " in said
    assert "--allow-missing-table NAME: then every applicant goes to manual review" in said
    assert set(told["absent_tables"]) >= {"bureau_reports", "invoices"}
    assert records(tmp_path / "job/out")["flags"].str.contains("absent:invoices").all()


def test_a_table_that_cannot_be_read_stops_the_job(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault broken_table."""
    own = shutil.copytree(portfolio.raw, tmp_path / "own")
    cut(own / "customers.parquet")
    (tmp_path / "job").mkdir()

    assert "customers.parquet cannot be read as parquet" in refusal(portfolio, own, tmp_path / "job/out")


def test_an_amount_that_the_policy_cannot_read_sets_its_row_aside_but_without_policy_harms_nobody(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    """Fault evidence."""
    amounts = ["1,000", "inf", "abc", "1e5", "", "-5", "1e300"] + ["250000"] * (ROWS - 7)
    frame = matrix(portfolio, ROWS).assign(requested_limit=amounts, KO1=" CLEAR", KO2=0)
    frame.to_parquet(tmp_path / "m.parquet", index=False)

    loose = {"score__max_lost_importance": 1.0}
    told = score(portfolio, tmp_path / "m.parquet", tmp_path / "decided", changes=loose, policy="balanced")
    bare = score(portfolio, tmp_path / "m.parquet", tmp_path / "bare", changes=loose)

    aside = {row["row"]: row["rule"] for row in rejects(tmp_path / "decided")}
    assert aside == {"1": "DQ03", "2": "DQ11", "3": "DQ03", "6": "DQ11", "7": "DQ11"}
    assert told["exit_code"] == SETS_ASIDE
    read = pd.read_parquet(tmp_path / "decided/decision_inputs.parquet")
    assert read["requested_limit"].iloc[0] == 100_000
    assert set(read["KO1"]) == {"clear"}
    assert records(tmp_path / "decided")["decision_path"].str.contains("KO2:unknown").all()
    assert (bare["exit_code"], bare["rows"]["scored"]) == (GOES_ON, ROWS)


def test_an_amount_that_a_raw_table_may_hold_is_scored_from_a_matrix_too(portfolio: Portfolio, tmp_path: Path) -> None:
    """Real accounts state a negative cost of sales now and then; the contract lets them, so must the matrix."""
    frame = matrix(portfolio, ROWS).assign(cost_of_sales=-666_000.0, total_equity=-1e9, requested_limit=0.01)
    frame.to_parquet(tmp_path / "m.parquet", index=False)

    told = score(portfolio, tmp_path / "m.parquet", tmp_path / "out", policy="balanced")

    assert (told["exit_code"], told["rows"]["scored"]) == (GOES_ON, ROWS)


def test_a_matrix_as_csv_is_decided_as_the_same_matrix_as_parquet(portfolio: Portfolio, tmp_path: Path) -> None:
    frame = matrix(portfolio, ROWS).assign(**{rule.id: "clear" for rule in READ}, requested_limit=250_000.0)
    frame = frame.assign(KO1=["hit", "clear", "unknown", "clear"] * (ROWS // 4))
    frame.to_parquet(tmp_path / "m.parquet", index=False)
    frame.to_csv(tmp_path / "m.csv", index=False)

    for kind in ("parquet", "csv"):
        loose = {"score__max_lost_importance": 1.0}
        score(portfolio, tmp_path / f"m.{kind}", tmp_path / kind, changes=loose, policy="balanced")

    parquet, csv = (records(tmp_path / kind) for kind in ("parquet", "csv"))
    assert parquet["decision_path"].tolist() == csv["decision_path"].tolist()
    assert parquet["decision_path"].str.startswith("KO1").sum() >= ROWS // 4


def test_a_cell_that_the_model_does_not_read_sets_no_row_aside(portfolio: Portfolio, tmp_path: Path) -> None:
    read = Bundle.read(portfolio.folder / BUNDLE).encoder.names
    unread = next(f.id for f in CATALOGUE.features if f.id not in read and not f.is_category)
    frame = matrix(portfolio, ROWS).assign(**{unread: "1,234 (estimated)"}, remark="a, b")
    frame.to_csv(tmp_path / "m.csv", index=False)

    told = score(portfolio, tmp_path / "m.csv", tmp_path / "out")

    assert (told["exit_code"], told["rows"]["scored"]) == (GOES_ON, ROWS)


def test_what_a_policy_reads_may_stand_only_once_and_must_be_readable(portfolio: Portfolio, tmp_path: Path) -> None:
    frame = matrix(portfolio, ROWS)
    table = pa.Table.from_pandas(frame.assign(KO1="hit", ko1="clear"), preserve_index=False)
    pq.write_table(table, tmp_path / "twice.parquet")
    frame.assign(KO1=[["hit"]] * ROWS).to_parquet(tmp_path / "list.parquet", index=False)
    (tmp_path / "job").mkdir()

    twice, listed = (
        refusal(portfolio, tmp_path / f"{name}.parquet", tmp_path / "job/out", policy="balanced")
        for name in ("twice", "list")
    )

    assert "has the column ko1 more than once" in twice
    assert "columns of types that cannot be read: KO1 (list" in listed


def in_dollars(raw: Path, folder: Path, rate: float) -> Path:
    """Return a delivery whose applications ask for dollars, each worth `rate` of the model's currency."""
    own = shutil.copytree(raw, folder)
    asked = pd.read_parquet(own / "applications.parquet")
    amount = asked["requested_limit"].astype(float) / rate
    asked.assign(currency="USD", requested_limit=amount.round(2)).to_parquet(own / "applications.parquet", index=False)
    return own


def test_amounts_in_another_currency_than_the_models_stop_the_job_unless_their_rates_are_there(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    """Fault foreign_currency."""
    own = in_dollars(portfolio.raw, tmp_path / "own", rate=8.0)
    (tmp_path / "job").mkdir()

    message = refusal(portfolio, own, tmp_path / "job/out")
    rates = pd.DataFrame({"currency": ["USD"], "rate_date": ["2010-01-01"], "rate_to_reporting": [8.0]})
    rates.to_parquet(own / "fx_rates.parquet", index=False)
    score(portfolio, own, tmp_path / "job/out", policy="balanced")
    score(portfolio, portfolio.raw, tmp_path / "home", policy="balanced")

    assert "other currencies than CNY, the one reported in (rule DQ12): USD in applications" in message
    here, there = (
        pd.read_parquet(folder / "decision_inputs.parquet").set_index("application_id")["requested_limit"]
        for folder in (tmp_path / "home", tmp_path / "job/out")
    )
    assert there.loc[here.index].to_numpy() == pytest.approx(here.to_numpy(), abs=0.1)


def test_a_bundle_that_was_edited_is_refused(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault edited_model."""
    model = shutil.copytree(portfolio.folder / BUNDLE, tmp_path / "bundle")
    with (model / "model.txt").open("a") as file:
        file.write("\n")

    said = refusal(portfolio, parquet(lambda f: f)(portfolio, tmp_path), tmp_path / "out", model=str(model))

    assert "model.txt is not the file its manifest was written with" in said


def test_another_bundle_than_expected_is_refused(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault other_model."""
    said = refusal(portfolio, parquet(lambda f: f)(portfolio, tmp_path), tmp_path / "out", expected_sha256="0" * 64)

    assert f"is another bundle: expected {'0' * 64}" in said


@pytest.mark.parametrize("declaration", ["feature_set", "contract"])
def test_a_bundle_of_other_declarations_is_refused(declaration: str, portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault other_features."""
    bundle = Bundle.read(portfolio.folder / BUNDLE)
    replace(bundle, fingerprints={**bundle.fingerprints, declaration: "of yesterday"}).write(tmp_path / "bundle")

    said = refusal(
        portfolio, parquet(lambda f: f)(portfolio, tmp_path), tmp_path / "out", model=str(tmp_path / "bundle")
    )

    assert f"its {declaration.replace('_', ' ')} is of yesterday, here it is " in said


def test_an_output_folder_with_other_files_is_not_touched(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault foreign_output."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("ten years")

    said = refusal(portfolio, parquet(lambda f: f)(portfolio, tmp_path), tmp_path / "out")

    assert "holds files that no job wrote" in said
    assert (tmp_path / "out" / "thesis.doc").read_text() == "ten years"


def test_the_second_of_two_jobs_on_one_output_stops(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault two_jobs."""
    delivered = parquet(lambda f: f)(portfolio, tmp_path)
    with published(tmp_path / "out") as folder:
        (folder / "summary.json").write_text("{}")
        with pytest.raises(InputError, match=r"another job is writing .*out now; wait for it"):
            score(portfolio, delivered, tmp_path / "out")

    assert listing(tmp_path / "out") == ["summary.json"]


def admission(folder: Path, *arguments: str, largest_file: int | None = None) -> subprocess.CompletedProcess[str]:
    (folder / "params.yaml").write_text(yaml.safe_dump(committed()), encoding="utf-8")

    def limited() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "score", *arguments],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
    )


def test_a_full_disk_is_said_and_nothing_is_published(portfolio: Portfolio, tmp_path: Path) -> None:
    """Fault disk_full: here a limit on the size of files, which the system reports in the same way."""
    delivered = parquet(lambda f: f)(portfolio, tmp_path)
    common = ("--model", str(portfolio.folder / BUNDLE), "--input", str(delivered), "--output", "out")

    job = admission(tmp_path, *common, largest_file=4096)

    assert job.returncode == STOPS, job.stderr
    assert "error: files cannot be read or written: " in job.stderr
    assert "Nothing was published to out; is the disk full" in job.stderr
    assert "Traceback" not in job.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("write", "code"),
    [(parquet(lambda f: f), 0), (parquet(put("application_id", 1, "")), 3), (parquet(lambda f: f.head(0)), 2)],
    ids=["all scored", "one set aside", "no row"],
)
def test_the_exit_code_of_the_command_tells_what_became_of_the_batch(
    write: Callable[[Portfolio, Path], Path], code: int, portfolio: Portfolio, tmp_path: Path
) -> None:
    common = ("--model", str(portfolio.folder / BUNDLE), "--input", str(write(portfolio, tmp_path)), "--output", "out")

    job = admission(tmp_path, *common, "--json")

    assert job.returncode == code, job.stderr
    assert "Traceback" not in job.stderr
    if code == STOPS:
        assert job.stderr.splitlines()[-1].startswith("error: ")
    else:
        told = json.loads(job.stdout)
        assert told["rows"]["scored"] + told["rows"]["rejected"] == told["rows"]["delivered"] == ROWS
        assert set(told["seconds"]) == {"model", "input", "scoring", "publishing"}


def test_every_fault_of_the_table_has_its_test() -> None:
    named = {name for name in FAULTS if f"Fault {name}" in Path(__file__).read_text(encoding="utf-8")}

    assert {*STOPPING, *ASIDE, *GOING_ON, *named} == set(FAULTS)


def test_a_folder_that_holds_a_model_is_never_taken_for_an_output(portfolio: Portfolio, tmp_path: Path) -> None:
    """Every stage leaves a summary of its own; the name of a file alone does not make a folder a job's."""
    train = shutil.copytree((portfolio.folder / BUNDLE).parent, tmp_path / "train")
    (train / "summary.json").write_text("{}", encoding="utf-8")
    matrix(portfolio, ROWS).to_parquet(tmp_path / "m.parquet", index=False)
    before = listing(train)

    said = refusal(portfolio, tmp_path / "m.parquet", train)

    assert "holds files that no job wrote (" in said
    assert listing(train) == before


def test_an_applicant_alone_is_judged_as_in_a_batch(portfolio: Portfolio, tmp_path: Path) -> None:
    """A table with a header and no rows says that nobody has such a row, not that nobody asked."""
    own = portfolio.folder / "own"
    everybody = pd.read_csv(own / "applications.csv", dtype=str)
    together = score(
        portfolio, own, tmp_path / "together", policy="balanced", changes={"score__max_lost_importance": 1.0}
    )
    one = everybody[everybody["application_id"] == records(tmp_path / "together")["application_id"].iloc[0]]
    alone = tmp_path / "own"
    alone.mkdir()
    for path in own.glob("*.csv"):
        rows = pd.read_csv(path, dtype=str)
        mine = rows[rows["customer_id"].isin(one["customer_id"])] if "customer_id" in rows else rows
        mine.to_csv(alone / path.name, index=False)
    one.to_csv(alone / "applications.csv", index=False)

    told = score(portfolio, alone, tmp_path / "alone", policy="balanced", changes={"score__max_lost_importance": 1.0})

    assert (together["absent_tables"], told["absent_tables"]) == ({}, {})
    found = records(tmp_path / "alone").drop(columns=["input_fingerprint"])
    batch = records(tmp_path / "together").drop(columns=["input_fingerprint"])
    pd.testing.assert_frame_equal(
        found, batch[batch["application_id"].isin(one["application_id"])].reset_index(drop=True)
    )


def test_a_misspelt_optional_column_is_named(portfolio: Portfolio, tmp_path: Path) -> None:
    own = shutil.copytree(portfolio.folder / "own", tmp_path / "own")
    asked = pd.read_csv(own / "applications.csv", dtype=str).rename(columns={"requested_terms_days": "terms"})
    asked.to_csv(own / "applications.csv", index=False)

    told = score(portfolio, own, tmp_path / "out", changes={"score__max_lost_importance": 1.0})

    assert told["ignored_columns"] == {"applications": ["terms"]}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_day_is_one_in_every_kind_of_file_or_in_none(kind: str, portfolio: Portfolio, tmp_path: Path) -> None:
    days = ["2024/1/5", "2024-1-5", "9999-12-31", "1800-01-01", "2024-02-30"] + ["2024-01-05"] * (ROWS - 5)
    frame = matrix(portfolio, ROWS).assign(as_of=days)
    path = tmp_path / f"m.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)

    score(portfolio, path, tmp_path / "out", changes={"score__max_lost_importance": 1.0})

    found = {row["row"]: row["rule"] for row in rejects(tmp_path / "out")}
    assert found == {"1": "DQ03", "2": "DQ03", "3": "DQ06", "4": "DQ06", "5": "DQ03"}
