"""The American companies' accounts become a portfolio whose labels do not look into the future."""

import logging
import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.tables import TABLES
from pipelines.errors import InputError
from pipelines.sources.american_bankruptcy import produce

PUBLIC = Path(os.environ.get("ADMISSION_PUBLIC_DATA", Path(__file__).parents[3] / "../shared/data"))
REAL = PUBLIC / "american_bankruptcy" / "american_bankruptcy_1999_2014.parquet"
needs_real = pytest.mark.skipif(
    not REAL.is_file(), reason=f"real accounts not found: {REAL}; set ADMISSION_PUBLIC_DATA"
)

ACCOUNTS = {
    "X1": 50.125, "X2": 60.0, "X3": 5.0, "X4": 15.0, "X5": 20.0, "X6": 7.0, "X7": 12.0, "X8": 80.0, "X9": 100.0,
    "X10": 120.0, "X11": 30.0, "X12": 10.0, "X13": 40.0, "X14": 25.0, "X15": -3.0, "X16": 100.0, "X17": 70.0, "X18": 85.0,
}  # fmt: skip


def firm(name: str, status: str, years: range, **items: float) -> pd.DataFrame:
    rows = [{"company_name": name, "status_label": status, "year": year} | ACCOUNTS | items for year in years]
    return pd.DataFrame(rows)


def three_firms() -> pd.DataFrame:
    """One that fails after 2001, one alive to the end of the file (2003), one alive but gone after 2000."""
    return pd.concat(
        [
            firm("C_1", "failed", range(1999, 2002)),
            firm("C_2", "alive", range(1999, 2004)),
            firm("C_3", "alive", range(1999, 2001)),
        ]
    )


def produced(accounts: pd.DataFrame, folder: Path, line_end: str = "\n") -> dict[str, pd.DataFrame]:
    path, raw = folder / "american_bankruptcy_dataset.csv", folder / "raw"
    accounts.to_csv(path, index=False, lineterminator=line_end)
    raw.mkdir(exist_ok=True)
    produce(path, raw)
    return {file.stem: pd.read_parquet(file) for file in raw.iterdir()}


def refusal(accounts: pd.DataFrame, folder: Path) -> str:
    with pytest.raises(InputError) as refused:
        produced(accounts, folder)
    return str(refused.value)


def test_only_the_last_year_of_a_failed_firm_leads_to_a_default_within_the_year(tmp_path: Path) -> None:
    tables = produced(three_firms(), tmp_path)

    event = tables["default_events"].iloc[0]
    as_of = tables["applications"].set_index("application_id")["as_of"]
    in_window = as_of[as_of.index.str.startswith("C_1")].apply(lambda day: 0 < (event["event_date"] - day).days <= 365)
    assert len(tables["default_events"]) == 1
    assert (event["customer_id"], event["event_type"], event["source"]) == ("C_1", "insolvency", "court")
    assert event["known_at"] == event["event_date"]
    assert in_window.to_dict() == {"C_1-1999": False, "C_1-2000": False, "C_1-2001": True}


def test_a_firm_that_leaves_the_file_alive_does_not_apply_in_its_last_year_but_its_statement_stays(
    tmp_path: Path,
) -> None:
    tables = produced(three_firms(), tmp_path)

    assert "C_3-2000" not in set(tables["applications"]["application_id"])
    assert "C_3-1999" in set(tables["applications"]["application_id"])
    assert "C_3-2000" in set(tables["financial_statements"]["statement_id"])


def test_a_firm_alive_in_the_last_year_of_the_file_still_applies_that_year(tmp_path: Path) -> None:
    tables = produced(three_firms(), tmp_path)

    assert "C_2-2003" in set(tables["applications"]["application_id"])


def test_a_firm_with_a_gap_in_its_years_fails_after_the_last_of_them(tmp_path: Path) -> None:
    accounts = pd.concat([firm("C_1", "failed", range(1999, 2001)), firm("C_1", "failed", range(2004, 2005))])

    tables = produced(accounts, tmp_path)

    assert tables["default_events"]["event_date"].astype("str").tolist() == ["2005-09-27"]


def test_the_application_is_made_on_the_day_the_accounts_are_published(tmp_path: Path) -> None:
    tables = produced(firm("C_2", "alive", range(1999, 2001)), tmp_path)

    statements, applications = tables["financial_statements"], tables["applications"]
    assert statements["period_end"].astype("str").tolist() == ["1999-12-31", "2000-12-31"]
    assert statements["published_at"].astype("str").tolist() == ["2000-03-30", "2001-03-31"]
    assert applications["as_of"].tolist() == statements["published_at"].tolist()
    assert tables["customers"]["known_at"].astype("str").tolist() == ["2000-03-30"]


def test_amounts_keep_all_decimals_of_the_file_and_equity_is_assets_less_liabilities(tmp_path: Path) -> None:
    statement = produced(firm("C_2", "alive", range(1999, 2000)), tmp_path)["financial_statements"].iloc[0]

    assert statement["unit_scale"] == 1_000
    assert statement["current_assets"] == 50_125
    assert statement["total_equity"] == 50_000
    assert statement["retained_earnings"] == -3_000
    assert statement["revenue"] == 100_000
    assert statement["market_cap"] == 80_000


def test_a_firm_without_assets_worth_a_dollar_still_asks_for_a_limit_above_zero(tmp_path: Path) -> None:
    accounts = pd.concat([firm("C_1", "alive", range(1999, 2000), X10=0.0), firm("C_2", "alive", range(1999, 2000))])

    limits = produced(accounts, tmp_path)["applications"]["requested_limit"]

    assert limits.tolist() == [1.0, 1_200_000.0]


def test_negative_revenue_is_kept_as_the_source_has_it(tmp_path: Path) -> None:
    accounts = firm("C_1", "alive", range(1999, 2000), X9=-2.0, X16=-2.0, X13=-62.0, X4=-87.0, X12=-92.0)

    statement = produced(accounts, tmp_path)["financial_statements"].iloc[0]

    assert statement["revenue"] == -2_000


def test_a_blank_item_stays_unknown(tmp_path: Path) -> None:
    accounts = three_firms().reset_index(drop=True)
    accounts.loc[0, "X5"] = None

    statements = produced(accounts, tmp_path)["financial_statements"].set_index("statement_id")["inventories"]

    assert statements.isna().sum() == 1
    assert pd.isna(statements["C_1-1999"])


def test_every_table_has_only_columns_of_the_contract_in_its_types(tmp_path: Path) -> None:
    produced(three_firms(), tmp_path)

    for path in (tmp_path / "raw").iterdir():
        table, schema = TABLES[path.stem], pq.read_schema(path)
        dates = [c.name for c in table if c.kind == "date" and c.name in schema.names]
        assert set(schema.names) <= {c.name for c in table}
        assert {c.name for c in table if c.required} <= set(schema.names)
        assert {str(schema.field(name).type) for name in dates} <= {"date32[day]"}


def test_the_order_of_rows_and_line_ends_of_the_file_do_not_change_a_byte(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    produced(three_firms(), tmp_path / "a")
    produced(three_firms().sample(frac=1, random_state=3), tmp_path / "b", line_end="\r")

    for path in (tmp_path / "a" / "raw").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "raw" / path.name).read_bytes(), path.name


def test_a_file_with_broken_decimals_is_refused_with_the_identity_that_fails(tmp_path: Path) -> None:
    accounts = three_firms().reset_index(drop=True)
    accounts.loc[accounts.index % 2 == 1, "X13"] *= 1_000

    words = refusal(accounts, tmp_path)

    assert "X9 - X2 = X13" in words
    assert "holds on 50.0% of the rows only; expected at least 95%" in words
    assert "row 2 (C_1)" in words
    assert "github.com/sowide" in words


def test_a_file_with_other_items_under_the_same_names_is_refused(tmp_path: Path) -> None:
    shuffled = three_firms().rename(columns={"X2": "X10", "X10": "X2"})

    assert "another variant of the file" in refusal(shuffled, tmp_path)


def test_a_few_rows_that_break_an_identity_are_kept_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = firm("C_1", "alive", range(1960, 1999)).assign(year=range(1999, 2038))
    accounts.loc[5, "X12"] = 11.0

    with caplog.at_level(logging.INFO):
        tables = produced(accounts, tmp_path)

    assert len(tables["financial_statements"]) == 39
    assert "X4 - X3 = X12 (EBITDA - depreciation = EBIT) holds on 38 of 39 rows" in caplog.text


def test_items_rounded_to_three_decimals_still_satisfy_the_identities(tmp_path: Path) -> None:
    accounts = firm("C_1", "alive", range(1999, 2000), X13=40.0015)

    assert len(produced(accounts, tmp_path)["financial_statements"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status_label": "bankrupt"}, ["column status_label, row 1: 'bankrupt'", "alive or failed"]),
        ({"year": 19.99}, ["column year, row 1: 19.99", "fiscal year"]),
        ({"X7": "1,024.3"}, ["column X7, row 1: '1,024.3' is not a number", "no thousands separators"]),
        ({"X7": "inf"}, ["column X7, row 1: 'inf' is not a number"]),
    ],
)
def test_a_cell_with_an_impossible_value_is_named(tmp_path: Path, change: dict[str, object], words: list[str]) -> None:
    refused = refusal(three_firms().assign(**change), tmp_path)

    assert all(word in refused for word in words), refused


def test_missing_columns_are_listed_beside_what_was_found(tmp_path: Path) -> None:
    words = refusal(three_firms().drop(columns=["X8", "X17"]), tmp_path)

    assert "lacks the columns X8, X17" in words
    assert "Found: company_name" in words


def test_a_file_that_is_not_there_names_where_to_download_it(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"nowhere\.csv does not exist\. Download .*sowide.* set `input` in params\.yaml"
    ):
        produce(tmp_path / "nowhere.csv", tmp_path)


def test_a_folder_instead_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        produce(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty: not even a header"),
        ("cut.parquet", b"PAR1 and then nothing", "cannot be read as parquet.*cut short"),
        ("latin.csv", b"company_name,\xe9\n1,2\n", "cannot be read as CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError, match=words):
        produce(path, tmp_path)


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    assert "has a header but no rows" in refusal(three_firms().head(0), tmp_path)


@needs_real
def test_on_the_real_accounts_one_firm_year_in_a_hundred_and_thirty_is_a_default(tmp_path: Path) -> None:
    produce(REAL, tmp_path)

    tables = {path.stem: pd.read_parquet(path) for path in tmp_path.iterdir()}
    events, applications = tables["default_events"], tables["applications"]
    assert len(tables["financial_statements"]) == 65_697
    assert len(tables["customers"]) == 8_503
    assert len(applications) == 65_697 - 4_572
    last = applications.sort_values("as_of").groupby("customer_id")["as_of"].max()
    days_to_failure = events.set_index("customer_id")["event_date"] - last.reindex(events["customer_id"])
    assert len(events) == 491
    assert {gap.days for gap in days_to_failure} == {180}
