"""Every simulated table keeps the contract: columns, types, limits, keys, and days in their order."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sampled import DELIVERED, OWN, SETTINGS, Clean, Portfolio, clean
from sampled import portfolio as drawn

from features.tables import TABLES
from pipelines.sources.sample import SampleSettings, produce
from pipelines.sources.sample.arrays import day_number, schema

LAST_DAY = day_number(SETTINGS.data_until)
FUTURE = {"due_on", "valid_to", "expires_on", "cleared_on", "valid_from"}
"""Days that a row may promise beyond the end of the data: dues, maturities, ends of validity."""


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return drawn()


@pytest.fixture(scope="module")
def shard() -> Clean:
    return clean()


def _files(folder: Path, seed: int) -> dict[str, bytes]:
    produce(SampleSettings(customers=200), seed, folder / "raw", folder / "truth")
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    once, again, other = (_files(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))

    assert once == again
    assert all(once[name] != other[name] for name in once)


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Portfolio]:
    """Portfolios of one and of three shards."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.sources.sample.SHARD_CUSTOMERS", 100)
        for shards in (1, 3):
            folder = tmp_path_factory.mktemp("sharded")
            produce(SampleSettings(customers=100 * shards), 3, folder / "raw", folder / "truth")
            found[shards] = Portfolio(folder / "raw", folder / "truth")
    return found


def test_shards_share_one_base_and_never_a_key(sharded: dict[int, Portfolio]) -> None:
    three = sharded[3]
    truth = three.true("applications")
    phi = truth.filter(like="phi_").sum(axis=1)

    assert pq.ParquetFile(three.raw / "customers.parquet").num_row_groups == 3
    assert three.table("customers")["customer_id"].nunique() == 300
    assert truth["application_id"].is_unique
    assert truth["base"].nunique() == 1
    np.testing.assert_allclose(phi + truth["base"], truth["eta"], atol=1e-12)


@pytest.mark.parametrize("name", DELIVERED)
def test_a_shard_is_the_same_in_a_portfolio_of_any_size(sharded: dict[int, Portfolio], name: str) -> None:
    small, large = (pq.ParquetFile(portfolio.raw / f"{name}.parquet") for portfolio in sharded.values())

    assert small.read_row_group(0).equals(large.read_row_group(0))


def test_the_economy_is_written_once_however_many_shards_there_are(sharded: dict[int, Portfolio]) -> None:
    one, three = (pq.read_table(portfolio.raw / "macro_series.parquet") for portfolio in sharded.values())

    assert one.equals(three)


def test_a_cut_off_inside_the_last_performance_window_is_refused() -> None:
    with pytest.raises(ValueError, match="no full performance window; set it to 2025-12-31 or later"):
        SampleSettings(data_until=date(2025, 6, 30))


def test_a_portfolio_without_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        SampleSettings(customers=0)


@pytest.mark.parametrize(
    ("profile", "customers", "size"),
    [
        ("test", None, (5_000, 24)),
        ("default", None, (20_000, 36)),
        ("bench", None, (1_000_000, 8)),
        ("bench", 70, (70, 8)),
    ],
)
def test_a_profile_sets_the_size_of_the_portfolio_unless_customers_are_given(
    profile: str, customers: int | None, size: tuple[int, float]
) -> None:
    settings = SampleSettings.of(profile, customers, date(2025, 12, 31))

    assert (settings.customers, settings.mean_invoices) == size


@pytest.mark.parametrize("name", DELIVERED)
def test_every_table_has_the_columns_and_types_of_the_contract(portfolio: Portfolio, name: str) -> None:
    assert pq.read_schema(portfolio.raw / f"{name}.parquet").equals(schema(TABLES[name]))


@pytest.mark.parametrize("name", OWN)
def test_a_clean_key_is_unique_and_rows_are_in_its_order(shard: Clean, name: str) -> None:
    rows = shard.table(name)[list(TABLES[name].key)]

    assert len(rows) > 0
    assert not rows.duplicated().any()
    pd.testing.assert_frame_equal(rows, rows.sort_values(list(rows), kind="stable"))


@pytest.mark.parametrize("name", OWN)
def test_a_clean_row_has_every_required_value_within_its_limits(shard: Clean, name: str) -> None:
    rows = shard.table(name)

    for column in TABLES[name]:
        values = rows[column.name]
        assert not (column.required and values.isna().any()), column.name
        assert column.minimum is None or (values.dropna() >= column.minimum).all(), column.name
        assert column.maximum is None or (values.dropna() <= column.maximum).all(), column.name
        assert column.kind != "enum" or set(values.dropna()) <= set(column.allowed), column.name


@pytest.mark.parametrize("name", OWN)
def test_money_is_whole_cents(shard: Clean, name: str) -> None:
    rows = shard.table(name)

    for column in (column.name for column in TABLES[name] if column.kind == "money"):
        amount = rows[column].dropna()
        assert (amount == amount.round(2)).all(), column


@pytest.mark.parametrize("name", [name for name in OWN if TABLES[name].happened])
def test_no_clean_row_was_known_before_it_happened(shard: Clean, name: str) -> None:
    rows, table = shard.table(name), TABLES[name]

    assert (rows[table.availability] >= rows[str(table.happened)]).all()


@pytest.mark.parametrize("name", OWN)
def test_a_second_life_becomes_known_after_the_row_and_shows_nothing_before(shard: Clean, name: str) -> None:
    rows, table = shard.table(name), TABLES[name]

    for column in table.second_lives:
        if column.name.startswith("dispute"):
            continue  # a dispute may be opened before the invoice is booked
        revealed = rows[column.revealed_by]
        assert (revealed.isna() | (revealed >= rows[table.availability])).all(), column.name
        if column.undated == "hidden":
            assert rows.loc[revealed.isna(), column.name].isna().all(), column.name


@pytest.mark.parametrize("name", OWN)
def test_no_day_lies_after_the_data_end_unless_a_row_promises_it(shard: Clean, name: str) -> None:
    rows = shard.table(name)

    for column in (c.name for c in TABLES[name] if c.kind == "date" and c.name not in FUTURE):
        assert not (rows[column] > LAST_DAY).any(), column


@pytest.mark.parametrize("name", DELIVERED)
def test_nothing_delivered_is_known_after_the_data_end(portfolio: Portfolio, name: str) -> None:
    known = portfolio.table(name)[TABLES[name].availability].dropna()

    assert known.max() <= SETTINGS.data_until


def test_a_register_knows_nothing_of_a_company_before_it_was_established(shard: Clean) -> None:
    established = shard.shard.population.established_on

    for name in OWN:
        happened = TABLES[name].happened
        if happened and name not in ("bill_overdue", "applications"):
            rows = shard.table(name)
            assert (rows[happened] >= established[rows["row"]]).all(), name


def test_the_truth_is_kept_apart_from_the_raw_tables(portfolio: Portfolio) -> None:
    names = {path.name for path in portfolio.raw.iterdir()}

    assert names == {f"{name}.parquet" for name in DELIVERED}
    assert pa.types.is_date32(pq.read_schema(portfolio.truth / "ledger_defaults.parquet").field("default_date").type)


def test_climate_and_growth_are_published_from_before_the_first_application_twenty_days_after_the_month(
    portfolio: Portfolio,
) -> None:
    series = portfolio.cleaned("macro_series")
    month, released = (pd.to_datetime(series[name]) for name in ("month", "released_at"))
    plain = released >= month

    lag = (released - (month + pd.offsets.MonthEnd(0))).dt.days[plain]

    assert set(series["series"]) == {"business_climate", "industry_sales_yoy", "industry_default_rate"}
    assert series.loc[series["series"] == "business_climate", "scope"].unique().tolist() == ["ALL"]
    assert series["scope"].nunique() == 11
    assert month.min() <= pd.Timestamp("2015-01-01")
    assert set(lag) == {21}
