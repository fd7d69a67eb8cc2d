"""Own tables come in as they are: what is usable is kept, the rest is set aside with a reason, and refusals say what to do."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from deliveries import OWN, canonical, ingest, refusal, report, set_aside
from trial import APPLICATION, CUSTOMER, INVOICE, STATEMENT, committed, csv, fingerprints, own_tables
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.ingest import CANONICAL, QUARANTINE, REPORT


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def many(row: Mapping[str, str], key: str, n: int) -> list[dict[str, str]]:
    return [{**row, key: f"{row[key][0]}{place}"} for place in range(1, n + 1)]


def test_a_company_with_only_customers_and_applications_can_start() -> None:
    own_tables(OWN)

    ingest()

    assert sorted(path.name for path in CANONICAL.iterdir()) == ["applications.parquet", "customers.parquet"]
    assert canonical("applications")[0]["requested_limit"] == 5_000_000


def test_a_required_table_with_a_header_and_no_rows_is_refused() -> None:
    own_tables(OWN, customers=[])

    message = refusal()

    assert "own/customers.csv: table customers is required but the file holds no usable row" in message
    assert "Expected one row per version of a customer's master record" in message


def test_an_optional_table_with_a_header_and_no_rows_counts_as_absent(caplog: pytest.LogCaptureFixture) -> None:
    own_tables(OWN, invoices=[])

    ingest()

    assert not (CANONICAL / "invoices.parquet").exists()
    assert "table invoices counts as absent" in caplog.text


def test_a_table_whose_every_row_is_set_aside_is_refused_with_why() -> None:
    own_tables(OWN, customers=[{**CUSTOMER, "known_at": ""}])

    message = refusal()

    assert "own/customers.csv: 1 of 1 rows (100.0%) of table customers were set aside" in message
    assert "DQ05 row 1: known_at is missing; a value is required" in message


CLEAN = many(APPLICATION, "application_id", 9)
MESSY = [
    *CLEAN,
    CLEAN[0],
    {**CLEAN[1], "as_of": "2022-02-01", "requested_limit": "1"},
    {**APPLICATION, "application_id": "A97", "requested_limit": "三万", "decision_reason": "老客户 推荐"},
    {**APPLICATION, "application_id": "A98", "as_of": "1 March '22"},
    {**APPLICATION, "application_id": "A99", "customer_id": "C9"},
]
UNSPLIT = ("A2,C1,2022-03-05,open_account", "1," * 40)
IN_YUAN = {**STATEMENT, "revenue": "12345670", "total_assets": "9000000.5"}
IN_THOUSANDS = {
    **STATEMENT,
    "statement_id": "S2",
    "unit_scale": "1000",
    "revenue": "12345.67",
    "total_assets": "9000.0005",
}


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which messy tables were ingested once."""
    folder = tmp_path_factory.mktemp("messy")
    with contextlib.chdir(folder):
        own_tables(OWN, applications=MESSY, financial_statements=[IN_YUAN, IN_THOUSANDS])
        with (OWN / "applications.csv").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in UNSPLIT)
        ingest(ingest__max_quarantined_share=0.5)
    return folder


@pytest.fixture
def in_messy(messy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(messy)


def of_key(table: str, key: str) -> dict[str, str]:
    (found,) = (row for row in set_aside(table) if row["key"] == key)
    return found


@pytest.mark.usefixtures("in_messy")
def test_a_row_that_cannot_be_read_is_set_aside_as_delivered_with_its_place_rule_and_reason() -> None:
    row = of_key("applications", "A97")

    assert list(row)[:5] == ["table", "row", "key", "rule", "reason"]
    assert [row[name] for name in ("table", "row", "rule")] == ["applications", "12", "DQ03"]
    assert "requested_limit '三万' is not a number" in row["reason"]
    assert (row["requested_limit"], row["decision_reason"]) == ("三万", "老客户 推荐")
    assert "A97" not in [kept["application_id"] for kept in canonical("applications")]


@pytest.mark.usefixtures("in_messy")
def test_a_date_that_nobody_can_read_is_set_aside_with_the_form_expected() -> None:
    assert "as_of '1 March '22' is not a date; expected YYYY-MM-DD" in of_key("applications", "A98")["reason"]


@pytest.mark.usefixtures("in_messy")
def test_an_application_of_an_unknown_customer_is_set_aside() -> None:
    row = of_key("applications", "A99")

    assert (row["rule"], row["reason"]) == ("DQ02", "customer_id 'C9' is not in customers")


@pytest.mark.usefixtures("in_messy")
def test_the_same_row_twice_is_kept_once_and_not_set_aside() -> None:
    assert [row["application_id"] for row in canonical("applications")].count("A1") == 1
    assert report("applications")["dropped_copies"] == 1
    assert "A1" not in [row["key"] for row in set_aside("applications")]


@pytest.mark.usefixtures("in_messy")
def test_of_two_rows_with_one_key_the_later_one_is_kept_and_the_other_set_aside() -> None:
    row = of_key("applications", "A2")

    assert [kept["requested_limit"] for kept in canonical("applications") if kept["application_id"] == "A2"] == [
        5_000_000
    ]
    assert (row["row"], row["rule"]) == ("11", "DQ01")
    assert "another row has the same application_id" in row["reason"]


@pytest.mark.usefixtures("in_messy")
def test_a_statement_in_thousands_is_the_same_as_in_yuan() -> None:
    first, second = canonical("financial_statements")

    assert (first["revenue"], first["total_assets"]) == (1_234_567_000, 900_000_050)
    assert (second["revenue"], second["total_assets"]) == (1_234_567_000, 900_000_050)


@pytest.mark.usefixtures("in_messy")
def test_a_line_that_cannot_be_split_is_set_aside_with_its_line_and_its_text() -> None:
    row = of_key("applications", UNSPLIT[0])

    assert (row["row"], row["rule"]) == ("", "DQ03")
    assert "line 16 of the file: fewer cells than the header" in row["reason"]


@pytest.mark.usefixtures("in_messy")
def test_every_row_delivered_is_kept_or_a_dropped_copy_or_set_aside() -> None:
    entry = report("applications")

    assert entry["rows"] == len(MESSY) + len(UNSPLIT)
    assert entry["rows"] == entry["ok"] + entry["repaired"] + entry["dropped_copies"] + entry["quarantined"]
    assert entry["ok"] + entry["repaired"] == len(canonical("applications")) == len(CLEAN)
    assert entry["quarantined"] == len(set_aside("applications"))
    assert entry["quarantined"] == sum(rule["n"] for rule in entry["rules"] if rule["action"] == "quarantined")


def test_too_many_bad_rows_stop_the_run_with_examples_and_the_file_that_lists_them() -> None:
    rows = many(APPLICATION, "application_id", 10)
    rows[3] = {**rows[3], "as_of": "soon"}
    rows[6:9] = ({**row, "customer_id": "C9"} for row in rows[6:9])
    own_tables(OWN, applications=rows)

    message = refusal()

    assert "own/applications.csv: 4 of 10 rows (40.0%) of table applications were set aside" in message
    assert "more than ingest.max_quarantined_share = 2.0% (rule DQ13)" in message
    assert "DQ02 row 7: customer_id 'C9' is not in customers" in message
    assert "DQ03 row 4: as_of 'soon' is not a date" in message
    assert "data/quarantine/applications.csv" in message
    assert len(set_aside("applications")) == 4


def test_a_few_bad_rows_never_stop_a_small_table_but_are_named(caplog: pytest.LogCaptureFixture) -> None:
    own_tables(OWN, applications=[APPLICATION, {**APPLICATION, "application_id": ""}])

    ingest()

    assert len(set_aside("applications")) == 1
    assert "DQ03 row 2: application_id is missing; a value is required" in caplog.text
    assert "The run goes on, because they are few" in caplog.text


def test_the_same_tables_give_the_same_bytes() -> None:
    rows = [*many(APPLICATION, "application_id", 50), {**APPLICATION, "application_id": "A51", "product": "barter"}]
    own_tables(OWN, applications=rows)

    ingest()
    first = fingerprints(Path("data"))
    ingest()

    assert fingerprints(Path("data")) == first
    assert "canonical/applications.parquet" in first
    assert "quarantine/applications.csv" in first


def test_the_order_of_rows_does_not_change_the_canonical_tables() -> None:
    rows = many(APPLICATION, "application_id", 50)
    own_tables(OWN, applications=rows)
    ingest()
    first = fingerprints(CANONICAL)
    own_tables(OWN, applications=rows[::-1])

    ingest()

    assert fingerprints(CANONICAL) == first


def test_a_refused_table_leaves_no_canonical_tables_and_no_report_of_an_earlier_run() -> None:
    own_tables(OWN)
    ingest()
    own_tables(OWN, applications=[{**APPLICATION, "as_of": ""}] * 2)

    refusal()

    assert list(CANONICAL.iterdir()) == []
    assert not REPORT.exists()


def test_what_is_wrong_with_each_table_is_said_at_once() -> None:
    own_tables(OWN, invoices=[])
    (OWN / "customers.csv").write_bytes("客户\n".encode("gb18030"))
    (OWN / "applications.csv").unlink()
    (OWN / "invoices.csv").write_text("invoice_id\nI1\n", encoding="utf-8")

    message = refusal()

    assert "customers.csv is not UTF-8" in message
    assert "table applications is required" in message
    assert "invoices.csv lacks the required columns customer_id" in message


def test_rows_that_were_set_aside_can_be_mended_and_delivered_again() -> None:
    own_tables(OWN, applications=[APPLICATION, {**APPLICATION, "application_id": "A2", "as_of": "soon"}])
    ingest()
    mended = (QUARANTINE / "applications.csv").read_text(encoding="utf-8").replace(",soon,", ",2022-03-04,")
    again = mended + mended.splitlines()[1].replace("2022-03-04", "later").replace("A2", "A3") + "\n"
    (OWN / "applications.csv").write_text(again, encoding="utf-8")

    ingest()

    assert [row["application_id"] for row in canonical("applications")] == ["A2"]
    assert [row["key"] for row in set_aside("applications")] == ["A3"]


@pytest.mark.parametrize("folder", ["data/raw", "data/canonical/mine", "data/quarantine"])
def test_tables_in_a_folder_that_the_stage_empties_are_refused_and_survive(folder: str) -> None:
    delivered = own_tables(Path(folder))

    message = refusal(input=folder)

    assert f"input {folder} lies in" in message
    assert "which this stage empties" in message
    assert (delivered / "customers.csv").exists()


@pytest.mark.parametrize("name", ["invoice.csv", "Invoices.csv", "invoices.xlsx", "invoices.CSV"])
def test_a_table_under_a_name_that_would_leave_it_unread_is_refused_with_the_right_one(name: str) -> None:
    own_tables(OWN)
    (OWN / name).write_text(csv("invoices", [INVOICE]), encoding="utf-8")

    message = refusal()

    assert f"own/{name} would not be read, but looks like table invoices" in message
    assert "Save it as own/invoices.csv (CSV in UTF-8, separated by commas)" in message


def test_other_files_beside_the_tables_are_left_alone() -> None:
    own_tables(OWN, invoices=[INVOICE])
    for name in ("README.md", "invoices_old.csv", "notes.txt"):
        (OWN / name).write_text("anything", encoding="utf-8")

    ingest()

    assert len(canonical("invoices")) == 1


def test_an_input_that_is_no_folder_is_refused() -> None:
    assert "input own is not a folder" in refusal()


def test_an_unknown_source_is_refused_with_the_known_ones() -> None:
    assert "expected one of sample, american_bankruptcy, " in refusal(source="sampel")


def test_a_trade_credit_clerks_habits_are_read_or_named() -> None:
    """Values as a spreadsheet of a Chinese office shows them: blanks, capitals, 是 and 否, and what no rule can guess."""
    own_tables(OWN)
    (OWN / "customers.csv").write_text(
        "customer_id,legal_form,industry_code,region_code,registered_capital,employees,is_listed,currency,known_at,备注\n"
        'C1 ,LLC,C26,31,5000000.00,120,否,CNY,2021-01-05 00:00:00,"一, 二"\n'
        "C2, Llc ,C13,44,,,是,CNY,2021-02-01,\n"
        ",,,,,,,,,\n"
        "C3,有限责任公司,F51,11,,,,CNY,2021-03-01,\n"
        'C4,llc,F51,11,"5,000,000元",,,CNY,2021-03-01,\n'
        "C5,llc,F51,11,12%,,,CNY,2021-03-01,\n"
        "\n",
        encoding="utf-8-sig",
    )

    ingest(ingest__max_quarantined_share=0.6)

    listed = {row["customer_id"]: (row["legal_form"], row["is_listed"]) for row in canonical("customers")}
    reasons = {row["key"].split("|")[0]: row["reason"] for row in set_aside("customers")}
    assert listed == {"C1": ("llc", False), "C2": ("llc", True)}
    assert "legal_form '有限责任公司' is not one of llc, jsc" in reasons["C3"]
    assert "registered_capital '5,000,000元' is not a number" in reasons["C4"]
    assert "registered_capital '12%' is not a number" in reasons["C5"]


def test_the_command_says_unusable_input_in_words_and_exits_with_2() -> None:
    Path("params.yaml").write_text(yaml.safe_dump(committed(source="tables", input="own")), encoding="utf-8")

    result = CliRunner().invoke(app, ["ingest"])

    assert result.exit_code == 2
    assert "error: input own is not a folder" in result.stderr
    assert "Traceback" not in result.output


def test_the_module_run_by_itself_does_the_same() -> None:
    own_tables(OWN)
    (OWN / "customers.csv").write_bytes(bytes(range(256)))
    Path("params.yaml").write_text(yaml.safe_dump(committed(source="tables", input="own")), encoding="utf-8")

    result = subprocess.run(
        [sys.executable, "-m", "pipelines.ingest"], capture_output=True, text=True, env=os.environ, check=False
    )

    assert result.returncode == 2
    assert "customers.csv is not text in UTF-8" in result.stderr
    assert "Traceback" not in result.stderr
