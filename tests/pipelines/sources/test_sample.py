"""The simulated portfolio: its size and risk, its exact ledger, its dates and its dirt."""

from datetime import date
from functools import cache
from itertools import combinations
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from features.tables import TABLES
from pipelines.sources.sample import SampleSettings, produce
from pipelines.sources.sample.arrays import schema
from pipelines.sources.sample.latents import DIMENSIONS
from pipelines.sources.sample.truth import attribution, true_risk

SETTINGS = SampleSettings(customers=1_200)
ADMITTED = ("admit", "conditional")
REPAIRED_OR_DROPPED = {"exact_duplicate", "conflicting_duplicate"}


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


class Portfolio(NamedTuple):
    raw: Path
    truth: Path

    def table(self, name: str) -> pd.DataFrame:
        return _read(self.raw / f"{name}.parquet")

    def true(self, name: str) -> pd.DataFrame:
        return _read(self.truth / f"{name}.parquet")

    def cleaned(self, name: str) -> pd.DataFrame:
        """What the quality rules leave, by a plain reading of them: latest of each key, known customer, valid values."""
        table = TABLES[name]
        rows = self.table(name).dropna(subset=[table.availability])
        rows = rows[rows["customer_id"].str.startswith("C")]
        rows = rows.sort_values(table.availability, kind="stable").drop_duplicates(list(table.key), keep="last")
        if name == "invoices":
            rows = rows[rows["amount"] > 0]
        if name == "payments":
            rows = rows.assign(method=rows["method"].str.strip().str.lower())
            rows = rows[rows["method"].isin(table["method"].allowed)]
        return rows.sort_values(list(table.key))

    def admitted(self) -> pd.DataFrame:
        applications = self.cleaned("applications").merge(self.true("applications"), on="application_id")
        return applications[applications["decision"].isin(ADMITTED)]


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    folder = tmp_path_factory.mktemp("sample")
    produce(SETTINGS, 7, folder / "raw", folder / "truth")
    return Portfolio(folder / "raw", folder / "truth")


def _files(folder: Path, seed: int) -> dict[str, bytes]:
    produce(SampleSettings(customers=200), seed, folder / "raw", folder / "truth")
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    once, again, other = (_files(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))

    assert once == again
    assert all(once[name] != other[name] for name in once)


def test_shards_share_one_base_and_never_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.sample.SHARD_CUSTOMERS", 150)

    produce(SampleSettings(customers=400), 3, tmp_path / "raw", tmp_path / "truth")

    sharded = Portfolio(tmp_path / "raw", tmp_path / "truth")
    truth = sharded.true("applications")
    phi = truth.filter(like="phi_").sum(axis=1)
    assert pq.ParquetFile(sharded.raw / "customers.parquet").num_row_groups == 3
    assert sharded.table("customers")["customer_id"].nunique() == 400
    assert truth["application_id"].is_unique
    assert truth["base"].nunique() == 1
    np.testing.assert_allclose(phi + truth["base"], truth["eta"], atol=1e-12)


def test_a_cut_off_inside_the_last_performance_window_is_refused() -> None:
    with pytest.raises(ValueError, match="no full performance window; set it to 2025-12-31 or later"):
        SampleSettings(data_until=date(2025, 6, 30))


def test_a_portfolio_without_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        SampleSettings(customers=0)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_the_columns_and_types_of_the_contract(portfolio: Portfolio, name: str) -> None:
    assert pq.read_schema(portfolio.raw / f"{name}.parquet").equals(schema(TABLES[name]))


@pytest.mark.parametrize("name", TABLES)
def test_only_planted_rows_repeat_a_key_and_rows_are_in_key_order(portfolio: Portfolio, name: str) -> None:
    key = list(TABLES[name].key)
    rows = portfolio.table(name)
    dirty = portfolio.true("dirty_rows")
    planted = dirty["defect"].isin(REPAIRED_OR_DROPPED) & (dirty["table"] == name)

    repeated = rows[rows.duplicated(key)]

    assert len(repeated) == planted.sum()
    pd.testing.assert_frame_equal(rows[key], rows[key].sort_values(key, kind="stable"))


@pytest.mark.parametrize("name", TABLES)
def test_a_clean_row_has_every_required_value_within_its_limits(portfolio: Portfolio, name: str) -> None:
    rows = portfolio.cleaned(name)

    for column in TABLES[name]:
        values = rows[column.name]
        assert not (column.required and values.isna().any()), column.name
        if column.minimum is not None:
            assert (values.dropna() >= column.minimum).all(), column.name
        if column.kind == "enum" and column.name not in ("product", "audit_opinion"):
            assert set(values.dropna()) <= set(column.allowed), column.name


@pytest.mark.parametrize("name", ["applications", "invoices", "payments", "credit_limits", "financial_statements"])
def test_money_is_whole_cents(portfolio: Portfolio, name: str) -> None:
    rows = portfolio.table(name)

    for column in (column.name for column in TABLES[name] if column.kind == "money"):
        amount = rows[column].dropna()
        assert (amount == amount.round(2)).all(), column


def test_three_to_six_of_a_hundred_admitted_default_and_about_eighteen_are_declined(portfolio: Portfolio) -> None:
    applications = portfolio.cleaned("applications")
    admitted = portfolio.admitted()

    assert 0.02 < admitted["label_full"].mean() < 0.07  # 1,200 customers; 3-6% is for 20,000
    assert 0.15 < (applications["decision"] == "decline").mean() < 0.22
    assert 0.95 < admitted["pd_realised"].mean() / admitted["pd_exante"].mean() < 1.05
    assert (applications["admission_arm"] == "exploration").any()


def test_the_true_pd_ranks_the_admitted_as_well_as_anyone_could(portfolio: Portfolio) -> None:
    admitted = portfolio.admitted()

    auc = roc_auc_score(admitted["label_full"].astype(int), admitted["pd_exante"])

    assert 0.78 < auc < 0.90


def test_the_attribution_sums_to_the_true_log_odds(portfolio: Portfolio) -> None:
    truth = portfolio.true("applications")

    phi = truth.filter(like="phi_")

    assert phi.shape[1] == 8
    np.testing.assert_allclose(phi.sum(axis=1), truth["eta"] - truth["base"], atol=1e-12)
    np.testing.assert_allclose(phi.mean(), 0, atol=0.05)
    np.testing.assert_allclose(1 / (1 + np.exp(-truth["eta"])), truth["pd_exante"])


def _random_applications(count: int) -> dict[str, NDArray[np.generic]]:
    rng = np.random.default_rng(5)
    return {
        **{name: 1.5 * rng.standard_normal(count) for name in DIMENSIONS},
        "size": rng.standard_normal(count),
        "age_years": rng.uniform(0.5, 12, count),
        "climate": rng.standard_normal(count),
        "industry": rng.integers(0, 10, count),
        "region": rng.integers(0, 6, count),
        "is_heavy_polluter": rng.integers(0, 2, count).astype(float),
    }


def _mean_log_odds(players: tuple[str, ...], applications: dict[str, NDArray[np.generic]]) -> NDArray[np.float64]:
    """Mean log-odds of each application when only the players are its own and the rest comes from the portfolio."""
    count = len(applications["size"])
    own, other = np.repeat(np.arange(count), count), np.tile(np.arange(count), count)
    mixed = {
        name: values[own if (name if name in DIMENSIONS else "context") in players else other]
        for name, values in applications.items()
    }
    context = {name: values for name, values in mixed.items() if name not in DIMENSIONS}
    return true_risk(mixed, **context).log_odds.reshape(count, count).mean(axis=1)


def test_the_attribution_is_the_shapley_value_by_enumeration_of_all_coalitions() -> None:
    applications = _random_applications(12)
    players = (*DIMENSIONS, "context")
    size = len(players)
    coalitions = [c for k in range(size + 1) for c in combinations(players, k)]
    value = {frozenset(c): _mean_log_odds(c, applications) for c in coalitions}
    risk = true_risk(applications, **{k: v for k, v in applications.items() if k not in DIMENSIONS})

    phi, base = attribution(risk, risk.background())

    assert base == pytest.approx(value[frozenset()][0])
    for player in players:
        others = [c for c in value if player not in c]
        gains = [(value[c | {player}] - value[c]) / (size * comb(size - 1, len(c))) for c in others]
        np.testing.assert_allclose(phi[player], np.sum(gains, axis=0), atol=1e-10)


def test_the_true_label_of_the_admitted_is_the_event_that_happened(portfolio: Portfolio) -> None:
    admitted = portfolio.admitted()
    events = portfolio.cleaned("default_events")
    defaults = events[events["cured_on"].isna()].set_index("customer_id")["event_date"]

    on = admitted["customer_id"].map(defaults)
    days = (pd.to_datetime(on) - pd.to_datetime(admitted["as_of"])).dt.days

    assert defaults.index.is_unique
    assert ((days > 0) & (days <= 365)).astype(int).tolist() == admitted["label_full"].tolist()
    assert not (days <= 0).any()


def test_an_application_of_a_customer_in_default_is_rare_and_declined(portfolio: Portfolio) -> None:
    truth = portfolio.true("applications")
    applications = portfolio.cleaned("applications").set_index("application_id")

    in_default = applications.loc[truth.loc[truth["label_full"].isna(), "application_id"]]

    assert 0 < len(in_default) < 0.01 * len(applications)
    assert set(in_default["decision"]) == {"decline"}
    assert set(in_default["decision_reason"]) == {"in_default"}


def test_a_new_customer_has_no_ledger_before_the_application_and_a_refused_one_never_gets_one(
    portfolio: Portfolio,
) -> None:
    applications = portfolio.cleaned("applications")
    invoices = portfolio.cleaned("invoices")
    first_booked = applications["customer_id"].map(invoices.groupby("customer_id")["booked_at"].min())
    refused = applications.groupby("customer_id")["decision"].agg(lambda d: not set(d) & set(ADMITTED))
    first = applications.drop_duplicates("customer_id").set_index("customer_id")

    new = applications["is_new_customer"].astype(bool)
    refused_new = refused[refused].index.intersection(first.index[first["is_new_customer"]])

    assert (first_booked[new].isna() | (first_booked[new] > applications["as_of"][new])).all()
    assert (first_booked[~new] <= applications["as_of"][~new]).all()
    assert len(refused_new) > 0
    assert not invoices["customer_id"].isin(refused_new).any()


def test_a_refused_old_customer_is_invoiced_no_more(portfolio: Portfolio) -> None:
    applications = portfolio.cleaned("applications")
    once = applications.groupby("customer_id")["application_id"].transform("size") == 1
    refused = applications[once & ~applications["is_new_customer"] & ~applications["decision"].isin(ADMITTED)]

    invoices = portfolio.cleaned("invoices").merge(refused[["customer_id", "as_of"]], on="customer_id")

    assert len(invoices) > 0
    assert (invoices["issued_on"] <= invoices["as_of"]).all()


def test_about_three_of_a_hundred_admitted_never_buy(portfolio: Portfolio) -> None:
    admitted = portfolio.admitted()
    admitted = admitted[admitted["label_full"] == 0]
    bought = admitted[["application_id", "customer_id", "as_of"]].merge(portfolio.cleaned("invoices"), on="customer_id")
    age = (pd.to_datetime(bought["issued_on"]) - pd.to_datetime(bought["as_of"])).dt.days

    with_invoice = set(bought.loc[(age > 0) & (age <= 365), "application_id"])

    assert 0.015 < 1 - len(with_invoice) / len(admitted) < 0.05


def test_after_a_default_no_invoice_is_issued(portfolio: Portfolio) -> None:
    events = portfolio.cleaned("default_events")
    defaults = events[events["cured_on"].isna()].set_index("customer_id")["event_date"]
    invoices = portfolio.cleaned("invoices")

    on = invoices["customer_id"].map(defaults)

    assert (on.isna() | (invoices["issued_on"] < on)).all()


def test_an_earlier_default_was_cured_before_the_first_application(portfolio: Portfolio) -> None:
    events = portfolio.cleaned("default_events")
    cured = events[events["cured_on"].notna()]
    first = portfolio.cleaned("applications").groupby("customer_id")["as_of"].min()

    assert len(cured) > 0
    assert set(cured["event_type"]) == {"distressed_restructuring"}
    assert set(cured["source"]) == {"manual"}
    assert (cured["cured_on"] < cured["customer_id"].map(first)).all()


def _day(values: pd.Series) -> NDArray[np.int64]:
    return pd.to_datetime(values).to_numpy().astype("datetime64[D]").astype(np.int64)


def _counting_day(payments: pd.DataFrame) -> NDArray[np.int64]:
    """A bank acceptance counts when received, everything else when cleared (or received, if no clearing is known)."""
    cleared = payments["cleared_on"].where(payments["cleared_on"].notna(), payments["received_on"])
    return _day(cleared.where(payments["method"] != "bank_acceptance", payments["received_on"]))


def _allocate(
    paid: NDArray[np.int64], owed: NDArray[np.int64], issued: NDArray[np.int64], amount: int, day: int
) -> None:
    """Give a receipt to the oldest due invoices open on its day; `paid` is (invoices, days) in order of due day."""
    for invoice in range(len(owed)):
        part = min(amount, owed[invoice] - paid[invoice, day]) if issued[invoice] <= day else 0
        paid[invoice, day:] += part
        amount -= part
    assert amount == 0, "an unallocated payment found no open invoice"


def _default_day(invoices: pd.DataFrame, payments: pd.DataFrame, last_day: int) -> int | None:
    """Find, day by day, the first on which what is more than 90 days past due is material."""
    invoices = invoices.sort_values(["due_on", "invoice_id"])
    start = int(_day(invoices["issued_on"]).min())
    issued, due = _day(invoices["issued_on"]) - start, _day(invoices["due_on"]) - start
    owed = np.rint(100 * (invoices["amount"] - invoices["credit_note_amount"])).astype(np.int64).to_numpy()
    opened = _day(invoices["dispute_opened_on"].fillna(date(2200, 1, 1))) - start
    closed = _day(invoices["dispute_closed_on"].fillna(date(2200, 1, 1))) - start
    tolerance = np.maximum(0.02 * 100 * invoices["amount"].to_numpy(), 10_000)
    row = {invoice: number for number, invoice in enumerate(invoices["invoice_id"])}
    days = last_day - start + 1
    paid = np.zeros((len(owed), days), dtype=np.int64)
    receipts = payments[~payments["bounced"].astype(bool)]
    receipts = receipts.assign(day=_counting_day(receipts) - start).sort_values("day")
    for receipt in receipts[receipts["day"] < days].itertuples():
        amount = round(100 * receipt.amount)
        if pd.isna(receipt.invoice_id):
            _allocate(paid, owed, issued, amount, receipt.day)
        else:
            paid[row[receipt.invoice_id], receipt.day :] += amount
    day = np.arange(days)[:, None]
    unpaid = np.where(issued <= day, owed - paid.T, 0)
    late = (unpaid > tolerance) & (day - due > 90) & ~((opened <= day) & (day < closed))
    overdue, balance = np.where(late, unpaid, 0).sum(axis=1), unpaid.sum(axis=1)
    in_default = np.flatnonzero((overdue > 0) & (overdue >= np.maximum(500_000, 0.01 * balance)))
    return int(in_default[0]) + start if len(in_default) else None


def test_the_ledger_reveals_exactly_the_true_defaults(portfolio: Portfolio) -> None:
    expected = portfolio.true("ledger_defaults").set_index("customer_id")["default_date"]
    invoices, payments = portfolio.cleaned("invoices"), portfolio.cleaned("payments")
    without_invoice = payments.loc[payments["invoice_id"].isna(), "customer_id"].unique()
    traders = invoices["customer_id"].unique()
    chosen = sorted({*expected.index, *without_invoice[:60], *traders[:: max(1, len(traders) // 150)]})
    bills, receipts = dict(list(invoices.groupby("customer_id"))), dict(list(payments.groupby("customer_id")))

    last_day = int(_day(pd.Series([SETTINGS.data_until]))[0])
    found = {c: _default_day(bills[c], receipts.get(c, payments.iloc[:0]), last_day) for c in chosen}

    truth = dict(zip(expected.index, _day(expected), strict=True))
    assert len(expected) > 30
    assert len(chosen) > 200
    assert len(without_invoice) > 0
    assert {c: day for c, day in found.items() if day is not None} == truth


def test_every_ledger_default_is_an_event_known_within_ten_days(portfolio: Portfolio) -> None:
    events = portfolio.cleaned("default_events")
    ledger = events[events["event_type"] == "dpd90"].set_index("customer_id")
    expected = portfolio.true("ledger_defaults").set_index("customer_id")["default_date"]

    lag = pd.to_datetime(ledger["known_at"]) - pd.to_datetime(ledger["event_date"])

    assert ledger["event_date"].to_dict() == expected.to_dict()
    assert set(ledger["source"]) == {"own_ledger"}
    assert set(events.loc[events["event_type"] != "dpd90", "source"]) <= {"court", "manual"}
    assert lag.dt.days.between(0, 10).all()
    assert (ledger["amount"] >= 5_000).all()


@pytest.mark.parametrize("name", ["invoices", "payments", "default_events", "financial_statements"])
def test_only_planted_rows_were_known_before_they_happened(portfolio: Portfolio, name: str) -> None:
    table = TABLES[name]
    dirty = portfolio.true("dirty_rows")
    planted = set(dirty.loc[(dirty["table"] == name) & (dirty["defect"] == "known_before_event"), "key"])
    rows = portfolio.table(name)

    early = rows[rows[table.availability] < rows[table.happened]]

    assert set(early[table.key[0]]) == planted


def test_nothing_is_known_after_the_data_end(portfolio: Portfolio) -> None:
    for name, table in TABLES.items():
        known = portfolio.table(name)[table.availability].dropna()

        assert known.max() <= SETTINGS.data_until, name


def test_statements_balance_unless_planted_otherwise(portfolio: Portfolio) -> None:
    rows = portfolio.cleaned("financial_statements")
    dirty = portfolio.true("dirty_rows")
    planted = set(dirty.loc[dirty["defect"] == "balance_broken", "key"])

    gap = (rows["total_assets"] - rows["total_liabilities"] - rows["total_equity"]).abs()

    assert set(rows.loc[gap > 0.01 * rows["total_assets"], "statement_id"]) == planted
    assert (gap[~rows["statement_id"].isin(planted)] < 0.005).all()
    assert (rows["current_assets"] <= 1.01 * rows["total_assets"]).all()
    assert (rows["current_liabilities"] <= 1.01 * rows["total_liabilities"]).all()


def test_a_unit_slip_stands_a_thousandfold_between_two_ordinary_statements(portfolio: Portfolio) -> None:
    rows = portfolio.cleaned("financial_statements").sort_values(["customer_id", "period_end", "published_at"])
    dirty = portfolio.true("dirty_rows")
    slipped = rows["statement_id"].isin(dirty.loc[dirty["defect"] == "unit_slip", "key"])
    jump = np.log10(rows["total_assets"] / rows.groupby("customer_id")["total_assets"].shift())

    assert slipped.any()
    assert jump[slipped].between(2.5, 4.5).all()
    assert jump.shift(-1)[slipped].between(-4.5, -2.5).all()


def test_weak_companies_withhold_their_statements_more_often(portfolio: Portfolio) -> None:
    truth = portfolio.true("applications")
    applications = portfolio.cleaned("applications").merge(truth, on="application_id").drop_duplicates("customer_id")
    filed = applications["customer_id"].map(portfolio.cleaned("financial_statements")["customer_id"].value_counts())

    weak = applications["z_financial_condition"] < -1

    assert filed[weak].fillna(0).mean() < filed[~weak].fillna(0).mean()


def test_better_payers_pay_earlier(portfolio: Portfolio) -> None:
    invoices, payments = portfolio.cleaned("invoices"), portfolio.cleaned("payments")
    paid = payments.merge(invoices, on="invoice_id", suffixes=("", "_billed"))
    late = (pd.to_datetime(paid["received_on"]) - pd.to_datetime(paid["due_on"])).dt.days
    truth = portfolio.cleaned("applications").merge(portfolio.true("applications"), on="application_id")

    habit = truth["customer_id"].map(late.groupby(paid["customer_id"]).mean())

    assert habit.corr(truth["z_credit_score"], method="spearman") < -0.5


def test_every_dirty_row_is_listed_by_a_key_that_exists(portfolio: Portfolio) -> None:
    dirty = portfolio.true("dirty_rows")

    for name, listed in dirty.groupby("table"):
        rows = portfolio.table(str(name))
        parts = [rows[column].astype(str) for column in TABLES[str(name)].key]
        keys = parts[0].str.cat(parts[1:], sep="|")
        assert set(listed["key"]) <= set(keys), name
    assert set(dirty["table"]) == set(TABLES)


def test_of_two_versions_of_a_key_the_later_one_is_the_original(portfolio: Portfolio) -> None:
    dirty = portfolio.true("dirty_rows")
    conflicts = dirty[(dirty["defect"] == "conflicting_duplicate") & (dirty["table"] == "payments")]
    payments = portfolio.table("payments")

    versions = payments[payments["payment_id"].isin(conflicts["key"])].sort_values(["payment_id", "booked_at"])
    pairs = versions.groupby("payment_id").agg(["first", "last"])

    assert len(pairs) == len(conflicts) > 0
    assert (pairs["booked_at"]["first"] < pairs["booked_at"]["last"]).all()
    np.testing.assert_allclose(pairs["amount"]["first"], 1.1 * pairs["amount"]["last"], atol=0.006)


def test_rows_to_be_set_aside_are_extra_ones(portfolio: Portfolio) -> None:
    dirty = portfolio.true("dirty_rows")
    set_aside = dirty["defect"].isin(["negative_amount", "availability_missing", "enum_unknown", "unknown_customer"])

    assert dirty.loc[set_aside, "key"].str.endswith("X").all()
    assert set_aside.sum() > 0


def test_the_truth_is_kept_apart_from_the_raw_tables(portfolio: Portfolio) -> None:
    names = {path.name for path in portfolio.raw.iterdir()}

    assert names == {f"{name}.parquet" for name in TABLES}
    assert pa.types.is_date32(pq.read_schema(portfolio.truth / "ledger_defaults.parquet").field("default_date").type)
