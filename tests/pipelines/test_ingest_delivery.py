"""Whole deliveries: all tables at once, in any file type, in the order that later stages read them."""

import contextlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from deliveries import OWN, canonical, counted, ingest, refusal, report, set_aside
from trial import CUSTOMER, INVOICE, fingerprints, own_tables

from features.tables import TABLES
from pipelines.ingest import CANONICAL, QUARANTINE
from pipelines.sources import sample


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


LENIENT = {"ingest__max_quarantined_share": 0.2}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw tables of a small portfolio."""
    folder = tmp_path_factory.mktemp("delivered")
    sample.produce(sample.SampleSettings(customers=150), 3, folder / "raw", folder / "truth")
    return folder / "raw"


@pytest.fixture
def ingested(delivered: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder in which these tables were ingested once."""
    folder = delivered.parent / "work"
    if not folder.exists():
        folder.mkdir()
        with contextlib.chdir(folder):
            ingest(input=str(delivered), **LENIENT)
    monkeypatch.chdir(folder)
    return folder


SHARE = {"customer_id": "C1", "month": "2022-01-01", "currency": "CNY", "reported_at": "2022-10-16"}


@pytest.mark.usefixtures("ingested")
def test_every_row_of_every_table_is_kept_or_a_dropped_copy_or_set_aside(delivered: Path) -> None:
    for path in delivered.iterdir():
        entry = report(path.stem)
        kept = pq.read_metadata(CANONICAL / path.name).num_rows
        aside = len(set_aside(path.stem)) if (QUARANTINE / f"{path.stem}.csv").exists() else 0
        assert entry["rows"] == pq.read_metadata(path).num_rows == kept + entry["dropped_copies"] + aside, path.stem
        assert kept == entry["ok"] + entry["repaired"], path.stem


@pytest.mark.usefixtures("ingested")
def test_a_table_is_written_customer_after_customer() -> None:
    for path in CANONICAL.iterdir():
        table = TABLES[path.stem]
        rows = pd.read_parquet(path)
        order = [*(["customer_id"] if "customer_id" in rows else []), *table.key]
        assert rows.equals(rows.sort_values(list(dict.fromkeys(order)), ignore_index=True)), path.stem


def test_neither_the_file_type_nor_the_number_of_threads_changes_the_canonical_bytes(delivered: Path) -> None:
    tables = [table for table in TABLES.values() if table.name in ("customers", "applications", "invoices", "reviews")]
    for table in tables:
        rows = pd.read_parquet(delivered / f"{table.name}.parquet")
        halves = rows.iloc[: len(rows) // 2], rows.iloc[len(rows) // 2 :]
        for name, part in zip("ab", halves, strict=True):
            (Path("parts") / table.name).mkdir(parents=True, exist_ok=True)
            part.to_parquet(Path("parts") / table.name / f"{name}.parquet")
        OWN.mkdir(exist_ok=True)
        rows.to_csv(OWN / f"{table.name}.csv", index=False)

    ingest(**LENIENT)
    of_text = fingerprints(CANONICAL)
    ingest(input="parts", engine__threads=2, **LENIENT)

    assert sorted(of_text) == sorted(f"{table.name}.parquet" for table in tables)
    assert fingerprints(CANONICAL) == of_text


def test_a_row_set_aside_from_a_folder_of_files_is_counted_on_from_file_to_file() -> None:
    own_tables(OWN)
    (OWN / "invoices").mkdir()
    for name, keys in (("b", ["I3", "I4"]), ("a", ["I1", "I2"])):
        rows = [{**INVOICE, "invoice_id": key, "amount": "-1" if key == "I4" else "1"} for key in keys]
        pd.DataFrame(rows).to_parquet(OWN / "invoices" / f"{name}.parquet")

    ingest()

    assert [(row["row"], row["key"]) for row in set_aside("invoices")] == [("4", "I4")]


def test_a_row_set_aside_holds_no_cell_that_a_spreadsheet_would_run() -> None:
    rows = [{**INVOICE, "invoice_id": key, "amount": "-5"} for key in ("=cmd()", "@SUM(A1)", "客户=1", "-7")]
    own_tables(OWN, invoices=[INVOICE, *rows])

    ingest(ingest__max_quarantined_share=0.9)

    found = {(row["key"], row["invoice_id"], row["amount"]) for row in set_aside("invoices")}
    safe = ("'=cmd()", "'@SUM(A1)", "客户=1", "-7")
    assert found == {(key, key, "-5") for key in safe}


def test_percent_instead_of_fractions_stops_the_run_with_the_column_and_what_to_do() -> None:
    rows = [{**SHARE, "month": f"2022-0{n}-01", "top1_customer_share": str(30 + n)} for n in range(1, 4)]
    own_tables(OWN, operating_metrics=rows)

    message = refusal()

    assert "own/operating_metrics.csv: column top1_customer_share holds percent instead of fractions" in message
    assert "3 of 3 values are above 1, the largest is 33 (rule DQ11)" in message
    assert "Divide the column by 100: 5 % is written 0.05" in message


def test_a_single_share_above_one_is_cleared_and_counted() -> None:
    rows = [{**SHARE, "month": f"2022-0{n}-01", "top1_customer_share": "0.3"} for n in range(1, 9)]
    own_tables(OWN, operating_metrics=[{**rows[0], "top1_customer_share": "30"}, *rows[1:]])

    ingest()

    assert [row["top1_customer_share"] for row in canonical("operating_metrics")] == [None] + [0.3] * 7
    assert counted("operating_metrics") == {("DQ11", "repaired"): 1}


def test_a_report_without_its_day_and_a_judgment_without_its_own_are_counted() -> None:
    case = {
        "case_id": "L1", "customer_id": "C1", "role": "defendant", "cause_group": "labour", "known_at": "2022-01-01",
        "outcome": "lost",
    }  # fmt: skip
    own_tables(OWN, operating_metrics=[{**SHARE, "reported_at": ""}], legal_cases=[case])

    ingest()

    assert counted("operating_metrics") == {("DQ05", "repaired"): 1}
    assert counted("legal_cases") == {("DQ05", "flagged"): 1}
    assert report("legal_cases")["ok"] == 1


def test_an_overpaid_invoice_is_flagged_and_its_payments_kept() -> None:
    payment = {
        "payment_id": "P1", "customer_id": "C1", "invoice_id": "I1", "received_on": "2022-03-01", "amount": "10600",
        "method": "transfer", "currency": "CNY", "booked_at": "2022-03-02",
    }  # fmt: skip
    own_tables(OWN, invoices=[INVOICE], payments=[payment])

    ingest()

    assert counted("invoices") == {("DQ08", "flagged"): 1}
    assert canonical("payments")[0]["amount"] == 1_060_000


def test_nothing_is_left_of_what_was_spilled_beside_the_data() -> None:
    own_tables(OWN, customers=[CUSTOMER])

    ingest()

    assert [path.name for path in Path("data").iterdir() if path.name.startswith(".")] == []


def test_a_run_that_breaks_off_leaves_no_part_of_the_canonical_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.ingest.report_in_one_currency", broken_off)

    with pytest.raises(KeyboardInterrupt):
        ingest(input=str(own_tables(OWN)))

    assert list(CANONICAL.iterdir()) == []
