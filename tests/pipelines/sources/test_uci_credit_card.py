"""The Taiwanese card clients become a ledger that says of each what the file's repayment status says."""

import os
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features import ledger
from features.tables import TABLES
from pipelines.errors import InputError
from pipelines.sources import uci_credit_card as source

PUBLIC = Path(os.environ.get("ADMISSION_PUBLIC_DATA", Path(__file__).parents[3] / "../shared/data"))
REAL = PUBLIC / "uci_credit_card_default" / "uci_credit_card.parquet"
needs_real = pytest.mark.skipif(not REAL.is_file(), reason=f"real clients not found: {REAL}; set ADMISSION_PUBLIC_DATA")

PERSONAL = {"SEX": 2, "EDUCATION": 1, "MARRIAGE": 1, "AGE": 30}
Six = tuple[int, int, int, int, int, int]


def client(number: int, status: Six, bills: Six, paid: Six, defaulted: int = 0, limit: int = 50_000) -> dict[str, int]:
    """One row of the file; the six months in the order of time, April first."""
    months = zip(source.STATUS + source.STATEMENT + source.PAID, status + bills + paid, strict=True)
    return {"ID": number, "LIMIT_BAL": limit, **PERSONAL, **dict(months), source.LABEL: defaulted}


PUNCTUAL = client(1, (-1,) * 6, (900, 900, 900, 900, 900, 900), (900, 900, 900, 900, 900, 900))
REVOLVING = client(2, (0,) * 6, (9_000, 8_500, 8_000, 7_500, 7_000, 6_500), (500,) * 6)
TWO_MONTHS_LATE = client(3, (-1, -1, 0, 1, 2, 2), (500, 500, 500, 900, 1_300, 1_600), (500, 500, 500, 0, 0, 100), 1)
WITHOUT_DEBT = client(4, (-2, -2, -2, -2, -2, 1), (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0))


def produced(clients: list[dict[str, int]], folder: Path, line_end: str = "\n") -> dict[str, pd.DataFrame]:
    return produced_from(pd.DataFrame(clients), folder, line_end)


def produced_from(clients: pd.DataFrame, folder: Path, line_end: str = "\n") -> dict[str, pd.DataFrame]:
    path, raw = folder / "UCI_Credit_Card.csv", folder / "raw"
    clients.to_csv(path, index=False, lineterminator=line_end)
    raw.mkdir(exist_ok=True)
    source.produce(path, raw)
    return {file.stem: pd.read_parquet(file) for file in raw.iterdir()}


def settled(tables: dict[str, pd.DataFrame], day: pd.Timestamp) -> pd.DataFrame:
    """The ledger as the features see it, from the rows booked by a day: `open` and `settled_on` of each invoice."""
    invoices, payments = tables["invoices"], tables["payments"]
    invoices = invoices.assign(amount=(100 * invoices["amount"]).astype("int64"), credit_note_amount=0, cancelled=False)
    payments = payments.assign(amount=(100 * payments["amount"]).astype("int64"), bounced=False)
    connection = ibis.duckdb.connect(threads=1)
    booked = [rows[pd.to_datetime(rows["booked_at"]) <= day] for rows in (invoices, payments)]
    issued, received = (
        connection.create_table(f"t{i}", pa.Table.from_pandas(rows, preserve_index=False))
        for i, rows in enumerate(booked)
    )
    received = received.mutate(cleared_on=ibis.null("date"), invoice_id=ibis.null("string"))
    owed, paid = ledger.receivables(issued), ledger.receipts(received)
    rows = ledger.settle(owed, paid, "customer_id").invoices.to_pyarrow().to_pandas()
    connection.disconnect()
    return rows.assign(open=rows["open"] / 100, due_on=pd.to_datetime(rows["due_on"]))


def days_past_due(tables: dict[str, pd.DataFrame]) -> dict[str, int]:
    """Days since the oldest open amount of each customer fell due on the observation date, 0 if nothing is late."""
    rows = settled(tables, source.AS_OF)
    late = (source.AS_OF - rows["due_on"][rows["open"] > 0]).dt.days.clip(lower=0)
    worst = late.groupby(rows["customer_id"]).max()
    return worst.reindex(tables["customers"]["customer_id"]).fillna(0).astype("int64").to_dict()


def test_a_client_is_as_many_months_past_due_as_the_status_of_september_says(tmp_path: Path) -> None:
    tables = produced([PUNCTUAL, REVOLVING, TWO_MONTHS_LATE, WITHOUT_DEBT], tmp_path)

    # Two months before 30 September is 31 July: 61 days.
    assert days_past_due(tables) == {"1": 0, "2": 0, "3": 61, "4": 0}


def test_a_client_who_pays_each_bill_in_full_pays_every_invoice_on_its_due_day(tmp_path: Path) -> None:
    rows = settled(produced([PUNCTUAL], tmp_path), source.AS_OF)

    paid = rows.dropna(subset=["settled_on"])
    assert len(paid) == 6
    assert (pd.to_datetime(paid["settled_on"]) == paid["due_on"]).all()
    assert rows["open"].sum() == 900


def test_what_a_revolving_client_leaves_unpaid_is_rolled_over_and_not_late(tmp_path: Path) -> None:
    tables = produced([REVOLVING], tmp_path)

    invoices = tables["invoices"].astype({"due_on": "str"})
    first_bill = invoices[invoices["booked_at"].astype("str") == "2005-04-30"]
    assert first_bill["amount"].tolist() == [500, 500, 500, 500, 500, 6_500]
    assert first_bill["due_on"].tolist() == [
        f"2005-{day}" for day in ("05-31", "06-30", "07-31", "08-31", "09-30", "10-31")
    ]


def test_a_delay_reported_for_a_bill_just_made_is_dated_back_but_booked_when_billed(tmp_path: Path) -> None:
    sudden = client(5, (-2, -2, -2, -2, -2, 2), (0, 0, 0, 0, 0, 700), (0, 0, 0, 0, 0, 0))

    invoice = produced([sudden], tmp_path)["invoices"].astype("str").iloc[0]

    assert (invoice["issued_on"], invoice["due_on"], invoice["booked_at"]) == ("2005-06-30", "2005-07-31", "2005-09-30")


def test_a_client_late_in_the_first_month_owes_since_before_the_file_begins(tmp_path: Path) -> None:
    late = client(6, (8, 8, 8, 8, 8, 8), (300, 300, 300, 300, 300, 300), (0, 0, 0, 0, 0, 0))

    tables = produced([late, PUNCTUAL], tmp_path)

    # Eight months before 30 September is 31 January: 242 days.
    assert days_past_due(tables) == {"1": 0, "6": 242}
    assert tables["invoices"].set_index("customer_id").loc[["6"], "amount"].tolist() == [300]


def test_a_delay_that_ended_shows_in_the_day_of_settlement(tmp_path: Path) -> None:
    recovered = client(7, (0, 0, 1, 2, 0, -1), (800, 800, 800, 800, 800, 0), (100, 0, 0, 0, 0, 800))
    paid_late = client(8, (0, 0, 1, 2, 0, -2), (800, 800, 800, 800, 0, 0), (100, 0, 0, 0, 800, 0))

    rows = settled(produced([recovered, paid_late], tmp_path), source.AS_OF)

    dbt = (pd.to_datetime(rows["settled_on"]) - rows["due_on"]).dt.days
    assert dbt[(rows["customer_id"] == "8") & (rows["amount"] == 80_000)].tolist() == [92]
    # Status 0 at the last month's end before payment: the debt had been rolled over.
    assert dbt[(rows["customer_id"] == "7") & (rows["amount"] == 80_000)].tolist() == [0]


def test_a_credit_is_booked_as_a_credit_note_and_leaves_no_open_balance(tmp_path: Path) -> None:
    credited = client(9, (-1,) * 6, (400, -150, 0, 0, 0, 0), (0, 100, 0, 0, 0, 0))

    tables = produced([credited], tmp_path)

    notes = tables["payments"][tables["payments"]["method"] == "credit_note"]
    assert notes["amount"].tolist() == [450]
    assert settled(tables, source.AS_OF)["open"].sum() == 0


def test_the_first_payment_pays_a_bill_from_before_the_file(tmp_path: Path) -> None:
    invoices = produced([client(10, (-1,) * 6, (0,) * 6, (250, 0, 0, 0, 0, 0))], tmp_path)["invoices"].astype("str")

    assert invoices[["issued_on", "due_on", "amount"]].to_numpy().tolist() == [["2005-03-31", "2005-04-30", "250.0"]]


def test_clients_labelled_as_defaulting_next_month_default_within_31_days(tmp_path: Path) -> None:
    events = produced([PUNCTUAL, TWO_MONTHS_LATE], tmp_path)["default_events"].iloc[0]

    assert (events["customer_id"], events["event_type"], events["source"]) == ("3", "other_utp", "bureau")
    assert 0 < (pd.Timestamp(events["event_date"]) - source.AS_OF).days <= 31
    assert events["known_at"] == events["event_date"]


def test_each_client_applies_for_the_limit_it_has_and_nothing_is_booked_after_the_observation(tmp_path: Path) -> None:
    tables = produced([PUNCTUAL, TWO_MONTHS_LATE], tmp_path)

    assert tables["applications"]["requested_limit"].tolist() == [50_000, 50_000]
    assert tables["credit_limits"]["limit_amount"].tolist() == [50_000, 50_000]
    for name in ("invoices", "payments", "customers", "credit_limits"):
        availability = pd.to_datetime(tables[name][TABLES[name].availability])
        assert (availability <= source.AS_OF).all(), name


def test_personal_attributes_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    unknown = pd.DataFrame([PUNCTUAL, TWO_MONTHS_LATE]).assign(SEX="?", EDUCATION="?", MARRIAGE="?", AGE="?")

    produced([PUNCTUAL, TWO_MONTHS_LATE], tmp_path / "a")
    produced_from(unknown, tmp_path / "b", line_end="\r")

    for path in (tmp_path / "a" / "raw").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "raw" / path.name).read_bytes(), path.name


def test_the_file_is_read_alike_under_the_numbered_names_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    named = pd.DataFrame([TWO_MONTHS_LATE, REVOLVING])
    numbered = named.set_axis(["ID", *(f"X{i}" for i in range(1, 24)), "Y"], axis=1)

    # The archive's order: limit, four personal attributes, then status, bills and payments, each from September back.
    order = [
        "ID",
        "LIMIT_BAL",
        *PERSONAL,
        *source.STATUS[::-1],
        *source.STATEMENT[::-1],
        *source.PAID[::-1],
        source.LABEL,
    ]
    numbered[numbered.columns] = named[order].to_numpy()
    produced_from(named, tmp_path / "a")
    produced_from(numbered, tmp_path / "b")

    for path in (tmp_path / "a" / "raw").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "raw" / path.name).read_bytes(), path.name


def test_the_target_spelled_with_spaces_is_recognised(tmp_path: Path) -> None:
    spaced = pd.DataFrame([TWO_MONTHS_LATE]).rename(columns={source.LABEL: "default payment next month"})

    assert len(produced_from(spaced, tmp_path)["default_events"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PAY_3": 12}, ["column PAY_3, row 1: 12", "Expected -2 to 9", "1 rows differ"]),
        ({"BILL_AMT2": 10.5}, ["column BILL_AMT2, row 1: 10.5", "a whole number in every row"]),
        ({"BILL_AMT2": None}, ["column BILL_AMT2, row 1: nan", "a whole number in every row"]),
        ({source.LABEL: 2}, [f"column {source.LABEL}, row 1: 2", "Expected 0 to 1", "archive.ics.uci.edu/dataset/350"]),
        ({"PAY_AMT1": "一千"}, ["column PAY_AMT1, row 1: '一千' is not a number"]),
    ],
)
def test_a_cell_with_an_impossible_value_is_named(tmp_path: Path, change: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        produced_from(pd.DataFrame([PUNCTUAL]).astype("object").assign(**change), tmp_path)

    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_a_file_with_a_title_line_above_the_header_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "titled.csv"
    path.write_text("Default of credit card clients\n" + pd.DataFrame([PUNCTUAL]).to_csv(index=False), encoding="utf-8")

    with pytest.raises(InputError, match=r"lacks the columns ID, LIMIT_BAL.*its first line the header"):
        source.produce(path, tmp_path)


def test_a_parquet_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clients.parquet"
    pd.DataFrame([PUNCTUAL]).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(InputError, match=r"clients\.parquet cannot be read as parquet.*cut short.*uci\.edu"):
        source.produce(path, tmp_path)


def test_a_file_that_is_not_there_names_where_to_download_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist\. Download .*archive\.ics\.uci\.edu/dataset/350"):
        source.produce(tmp_path / "nowhere.csv", tmp_path)


amounts = arrays(np.int64, (3, source.MONTHS), elements=st.integers(0, 1_000_000))


@given(purchases=amounts, receipts=amounts)
def test_every_purchase_is_split_whole_and_no_month_settles_more_than_was_received(
    purchases: source.Months, receipts: source.Months
) -> None:
    parts = source.settled_parts(purchases, receipts)

    assert (parts >= 0).all()
    assert (parts.sum(axis=2) == purchases).all()
    assert (parts.sum(axis=1)[:, : source.MONTHS] <= receipts).all()
    unpaid = np.maximum(purchases.sum(axis=1) - receipts.sum(axis=1), 0)
    assert (parts[:, :, source.MONTHS].sum(axis=1) == unpaid).all()


@given(purchases=amounts, receipts=amounts, delays=arrays(np.int64, (3, source.MONTHS), elements=st.integers(0, 9)))
@settings(max_examples=200)
def test_whatever_the_statuses_the_oldest_debt_at_the_end_is_as_late_as_the_last_status_says(
    purchases: source.Months, receipts: source.Months, delays: source.Months
) -> None:
    parts = source.settled_parts(purchases, receipts)
    due = source.due_months(parts, delays)

    last = source.MONTHS - 1
    for row in range(len(parts)):
        in_line = due[row][parts[row] > 0]
        assert (np.diff(in_line) >= 0).all()
        still_open = due[row][:, source.MONTHS][parts[row][:, source.MONTHS] > 0]
        if len(still_open) and delays[row, last] > 0:
            assert still_open.min() == last - delays[row, last]
        elif len(still_open):
            assert still_open.min() == last + 1


@needs_real
def test_on_the_real_clients_the_ledger_reproduces_bills_and_september_statuses(tmp_path: Path) -> None:
    clients = pd.read_parquet(REAL).iloc[:3_000]

    tables = produced_from(clients, tmp_path)

    owed = clients["BILL_AMT1"].clip(lower=0).set_axis(clients["ID"].astype("str"))
    months = clients["PAY_0"].clip(lower=0).where(clients["BILL_AMT1"] > 0, 0).set_axis(owed.index)
    rows = settled(tables, source.AS_OF)
    balance = rows.groupby("customer_id")["open"].sum().reindex(owed.index).fillna(0)
    late = pd.Series(days_past_due(tables))[owed.index] / 30.4
    assert (balance - owed).abs().max() == 0
    assert (late.round() == months).all()


@needs_real
@pytest.mark.parametrize("month", range(1, 7))
def test_on_the_real_clients_the_open_balance_is_the_bill_at_every_months_end(tmp_path: Path, month: int) -> None:
    clients = pd.read_parquet(REAL).iloc[:1_000]
    day = pd.Timestamp(source.month_end(np.array([month]))[0])

    rows = settled(produced_from(clients, tmp_path), day)

    bill = clients[source.STATEMENT[month - 1]].clip(lower=0).set_axis(clients["ID"].astype("str"))
    balance = rows.groupby("customer_id")["open"].sum().reindex(bill.index).fillna(0)
    assert (balance - bill).abs().max() == 0


@needs_real
def test_on_the_real_clients_every_labelled_client_defaults(tmp_path: Path) -> None:
    source.produce(REAL, tmp_path)

    tables = {path.stem: pd.read_parquet(path) for path in tmp_path.iterdir()}
    assert len(tables["customers"]) == len(tables["applications"]) == 30_000
    assert len(tables["default_events"]) == 6_636
    assert (tables["invoices"]["issued_on"] <= tables["invoices"]["booked_at"]).all()
    assert (tables["invoices"]["issued_on"] < tables["invoices"]["due_on"]).all()
