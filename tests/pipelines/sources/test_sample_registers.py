"""What others know of a simulated customer: each table shows its quality, at the rate it should, and its searches agree."""

import numpy as np
import pandas as pd
import pytest
from sampled import Clean, clean
from scipy.stats import spearmanr

from features.tables import TABLES
from pipelines.sources.sample.checks import ARCHIVED_FROM, DELETES, SOURCES
from pipelines.sources.sample.latents import DAYS_PER_YEAR

SHOWN = [
    ("bureau_reports", "payment_index", "credit_score", 0.5),
    ("bureau_reports", "worst_dpd_12m", "credit_score", -0.4),
    ("bureau_reports", "inquiries_3m", "credit_score", -0.3),
    ("trade_references", "avg_days_beyond_terms", "credit_score", -0.3),
    ("operating_metrics", "customer_satisfaction", "business_stability", 0.5),
    ("operating_metrics", "top1_customer_share", "business_stability", -0.4),
    ("market_surveys", "brand_score", "business_stability", 0.5),
    ("market_surveys", "product_quality_score", "business_stability", 0.5),
    ("market_surveys", "market_share", "business_stability", 0.3),
    ("reviews", "score", "industry_reputation", 0.1),
    ("trade_references", "avg_days_beyond_terms", "industry_reputation", -0.3),
    ("operating_metrics", "on_time_delivery_rate", "operational_capability", 0.6),
    ("supply_chain_metrics", "capacity_utilisation", "operational_capability", 0.4),
    ("supply_chain_metrics", "stockout_rate", "operational_capability", -0.5),
    ("supply_chain_metrics", "top1_supplier_share", "operational_capability", -0.3),
    ("management_assessments", "team_score", "operational_capability", 0.5),
    ("management_assessments", "key_person_dependency", "operational_capability", -0.4),
    ("management_assessments", "certifications", "operational_capability", 0.1),
    ("esg_assessments", "e_score", "esg", 0.5),
    ("esg_assessments", "social_insurance_coverage", "esg", 0.5),
    ("esg_assessments", "share_pledge_ratio", "esg", -0.3),
    ("esg_assessments", "related_party_share", "esg", -0.2),
]
EVENTS = [
    ("legal_cases", "role", "defendant", "legal_compliance", -0.7),
    ("enforcement_records", "record_type", "dishonest", "legal_compliance", -0.9),
    ("compliance_events", "event_type", "admin_penalty", "legal_compliance", -0.5),
    ("compliance_events", "event_type", "abnormal_list", "legal_compliance", -0.5),
    ("reputation_events", "event_type", "blacklist", "industry_reputation", -0.4),
    ("registry_changes", "change_type", "legal_representative", "operational_capability", -0.2),
    ("esg_events", "event_type", "env_penalty", "esg", -0.2),
    ("esg_events", "event_type", "labour_dispute", "esg", -0.3),
    ("bill_overdue", "list_type", "persistent", "credit_score", -0.6),
]
SHARES = [
    ("bureau_reports", 0.75), ("operating_metrics", 0.65), ("market_surveys", 0.45), ("reviews", 0.60),
    ("management_assessments", 0.55), ("supply_chain_metrics", 0.50), ("esg_assessments", 0.31),
    ("trade_references", 0.60), ("licences", 0.60),
]  # fmt: skip


@pytest.fixture(scope="module")
def shard() -> Clean:
    return clean()


def _day(name: str) -> str:
    return TABLES[name].happened or TABLES[name].availability


@pytest.mark.parametrize(("name", "column", "dimension", "least"), SHOWN)
def test_a_better_quality_shows_in_the_figures_of_its_own_day(
    shard: Clean, name: str, column: str, dimension: str, least: float
) -> None:
    rows = shard.table(name)

    shown = spearmanr(rows[column], shard.quality(dimension, rows, _day(name))).statistic

    assert shown * np.sign(least) > abs(least)


@pytest.mark.parametrize(("name", "column", "kind", "dimension", "most"), EVENTS)
def test_bad_events_happen_to_customers_of_poor_quality(
    shard: Clean, name: str, column: str, kind: str, dimension: str, most: float
) -> None:
    rows = shard.table(name)
    rows = rows[rows[column] == kind]

    assert len(rows) > 20
    assert shard.quality(dimension, rows, _day(name)).mean() < most


def test_awards_go_to_the_reputable_and_bad_news_to_the_others(shard: Clean) -> None:
    events = shard.table("reputation_events")
    awards, bad = events[events["event_type"] == "award"], events[events["sentiment"] < 0]

    quality = [shard.quality("industry_reputation", rows, "occurred_on").mean() for rows in (awards, bad)]

    assert quality[0] > 0.3
    assert quality[1] < -0.3


@pytest.mark.parametrize(("name", "share"), SHARES)
def test_a_source_knows_its_share_of_the_customers(shard: Clean, name: str, share: float) -> None:
    known = shard.table(name)["row"].nunique() / len(shard.shard.population.number)

    assert known == pytest.approx(share, abs=0.05)


def _years(shard: Clean) -> float:
    """Years of register history of all customers together."""
    population = shard.shard.population
    first = shard.table("applications").groupby("row")["as_of"].min()
    rows = first.index.to_numpy()
    since = np.maximum(first.to_numpy() - 6 * 365, population.established_on[rows])
    return float((np.datetime64("2025-12-31").astype(int) - since).sum() / DAYS_PER_YEAR)


@pytest.mark.parametrize(
    ("name", "column", "kind", "yearly"),
    [
        ("legal_cases", "role", "plaintiff", 0.15 * np.exp(0.3**2 / 2)),
        ("registry_changes", "change_type", "address", 0.15 * 0.35),
        ("reputation_events", "event_type", "award", np.exp(-1.6 + 0.45**2 / 2)),
        ("registry_changes", "change_type", "executive", 0.40 * np.exp(-1.6 + 0.4**2 / 2)),
    ],
)
def test_events_come_at_the_yearly_rate_that_the_qualities_of_all_customers_imply(
    shard: Clean, name: str, column: str, kind: str, yearly: float
) -> None:
    happened = (shard.table(name)[column] == kind).sum() / _years(shard)

    assert happened == pytest.approx(yearly, rel=0.12)


def test_an_ordinary_company_is_sued_rarely_and_a_weak_one_again_and_again(shard: Clean) -> None:
    cases = shard.table("legal_cases")
    cases = cases[cases["role"] == "defendant"]
    now = shard.quality("legal_compliance", cases, "filed_on")
    days = pd.DataFrame({"row": np.arange(3_000).repeat(5), "day": np.tile(17_900 + 365 * np.arange(5), 3_000)})
    all_days = shard.quality("legal_compliance", days, "day")

    weak, ordinary = ((now < -1.5).mean() / (all_days < -1.5).mean(), (now > 0).mean() / (all_days > 0).mean())

    assert weak > 5 * ordinary


def test_a_loss_in_court_comes_before_the_enforcement_that_follows_it(shard: Clean) -> None:
    records = shard.table("enforcement_records")
    cases = shard.table("legal_cases")
    first_loss = cases[cases["outcome"].isin(["lost", "partly_lost"])].groupby("row")["closed_on"].min()

    after = records["started_on"] - records["row"].map(first_loss)

    assert set(records["record_type"]) >= {"enforcement", "dishonest", "consumption_restriction"}
    assert (after.dropna() > 0).all()
    assert after.notna().mean() > 0.95  # else its judgment is not published yet


def test_a_dishonest_debtor_is_listed_for_two_years(shard: Clean) -> None:
    records = shard.table("enforcement_records")
    listed = records[(records["record_type"] == "dishonest") & records["removed_on"].notna()]

    assert len(listed) > 20
    assert set(listed["removed_on"] - listed["started_on"]) == {730}


def test_the_same_month_of_the_overdue_list_names_a_customer_once_and_persistence_grows_from_month_to_month(
    shard: Clean,
) -> None:
    listed = shard.table("bill_overdue")
    persistent = listed[listed["list_type"] == "persistent"]
    named = set(zip(listed["row"], listed["list_month"] // 28, strict=True))

    before = [(row, day // 28 - 1) in named or (row, day // 28 - 2) in named for row, day in zip(
        persistent["row"], persistent["list_month"], strict=True
    )]  # fmt: skip

    assert len(persistent) > 50
    assert all(before)


def test_sales_level_with_the_revenue_of_the_statements(shard: Clean) -> None:
    population = shard.shard.population
    sales = shard.table("operating_metrics")
    first = shard.table("applications").groupby("row")["as_of"].min()
    year = sales[(sales["month"] < sales["row"].map(first)) & (sales["month"] >= sales["row"].map(first) - 365)]

    level = np.log(year.groupby("row")["sales_amount"].mean())
    known = np.log(population.monthly_revenue[level.index.to_numpy()])

    assert np.corrcoef(level, known)[0, 1] > 0.98
    assert abs((level - known).median()) < 0.05


def test_history_reaches_back_as_far_as_the_windows_of_the_features(shard: Clean) -> None:
    established = shard.shard.population.established_on
    first = shard.table("applications").groupby("row")["as_of"].min()
    old = first.index[established[first.index] < first - 6 * 365]

    for name, days, least in (
        ("operating_metrics", 1_000, 0.95), ("supply_chain_metrics", 640, 0.95), ("market_surveys", 500, 0.95),
        ("management_assessments", 500, 0.95), ("reviews", 500, 0.9), ("tax_ratings", 700, 0.95),
        ("bureau_reports", 300, 0.9), ("legal_cases", 1_000, 0.3),
    ):  # fmt: skip
        oldest = shard.table(name).groupby("row")[_day(name)].min()
        reach = (first.loc[old] - oldest.reindex(old)).dropna()
        assert (reach > days).mean() > least, name


def test_ratings_are_lower_the_weaker_the_company(shard: Clean) -> None:
    ratings = shard.table("tax_ratings")
    quality = shard.quality("legal_compliance", ratings, "published_at")

    by_grade = pd.Series(quality).groupby(ratings["grade"]).mean()

    assert by_grade["a"] > by_grade["c"] > by_grade["d"]
    assert by_grade["d"] < -1.2


def test_a_search_says_found_exactly_where_the_table_holds_a_row_by_then(shard: Clean) -> None:
    checks = shard.table("source_checks")

    for source in SOURCES:
        rows = shard.table(source.table)
        rows = rows[rows["event_type"].isin(source.event_types)] if source.event_types else rows
        first = rows.groupby("row")[TABLES[source.table].availability].min()
        searched = checks[(checks["source"] == source.name) & (checks["status"] != "failed")]
        found = searched["row"].map(first).fillna(np.inf) <= searched["checked_at"]
        assert (found == (searched["status"] == "found")).all(), source.name
        assert found.any(), source.name


def test_ninety_five_of_a_hundred_applications_have_every_source_searched_in_the_month_before(shard: Clean) -> None:
    made = shard.table("applications")[["application_id", "row", "as_of"]]
    checks = shard.table("source_checks").merge(made, on="row")
    recent = checks[(checks["checked_at"] <= checks["as_of"]) & (checks["checked_at"] > checks["as_of"] - 30)]

    searched = recent.groupby("application_id")["source"].nunique().reindex(made["application_id"]).fillna(0)

    assert (searched == len(SOURCES)).mean() == pytest.approx(0.95, abs=0.015)
    assert searched.min() >= len(SOURCES) - 2


def test_only_searches_of_deleting_registers_before_the_archive_began_failed(shard: Clean) -> None:
    checks = shard.table("source_checks")
    old = checks["checked_at"] < np.datetime64(ARCHIVED_FROM).astype(int)

    failed = checks["status"] == "failed"

    assert set(checks.loc[failed, "source"]) == set(DELETES)
    assert old[failed].all()
    assert failed[old & checks["source"].isin(DELETES)].mean() == pytest.approx(0.25, abs=0.05)
