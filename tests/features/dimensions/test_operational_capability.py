"""Management and operations, each feature on companies small enough to calculate by hand."""

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from companies import Company, features_of
from tiny import Engine, days_before

from features.dimensions.operational_capability import OPERATIONAL_CAPABILITY

Value = Callable[[str, str], float]

ASSESSED = {"team_score": 80, "avg_industry_years": 12.5, "internal_control_score": 65, "policy_completeness": 0.75,
            "certifications": 3, "key_person_dependency": 0.4}  # fmt: skip
MANAGEMENT = {
    "team_score": "mg_team_score", "avg_industry_years": "mg_industry_years",
    "internal_control_score": "mg_internal_control_score", "policy_completeness": "mg_policy_completeness",
    "certifications": "mg_certification_cnt", "key_person_dependency": "mg_key_person_dependency",
}  # fmt: skip
"""Features by the column of the assessment that they read."""
SUPPLY = ("oc_capacity_shortfall_4q", "oc_top1_supplier_share", "oc_lead_time_cv", "oc_stockout_rate_4q")
QUARTERS = [date(2024, 3, 31), date(2023, 12, 31), date(2023, 9, 30), date(2023, 6, 30), date(2023, 3, 31)]


def assessed(*assessments: tuple[int, dict[str, Any]]) -> Company:
    """Assessments by days before as_of and what they tell."""
    return {"management_assessments": [{"assessed_on": days_before(days), **told} for days, told in assessments]}


def changed(*changes: tuple[str, int], searched: bool = True, **more: Any) -> Company:
    """Changes in the register by kind and days before as_of."""
    rows = [{"change_type": kind, "changed_on": days_before(days), **more} for kind, days in changes]
    return {"registry_changes": rows, "source_checks": [{"source": "registry"}] if searched else []}


def quarterly(*told: dict[str, Any], **more: Any) -> Company:
    """Figures of one quarter after another, back in time from the newest."""
    rows = [{"quarter_end": end, **values} for end, values in zip(QUARTERS, told, strict=False)]
    return {"supply_chain_metrics": rows, **more}


def used(*shares: float, **more: Any) -> Company:
    return quarterly(*({"capacity_utilisation": share} for share in shares), **more)


COMPANIES: dict[str, Company] = {
    "unknown": {},
    "assessed": assessed((100, ASSESSED)),
    "assessed 729 days ago": assessed((729, ASSESSED)),
    "assessed 730 days ago": assessed((730, ASSESSED)),
    "assessed twice": assessed((400, dict.fromkeys(ASSESSED, 0)), (100, ASSESSED)),
    "assessed by a site visit that tells little": assessed((50, {"team_score": 20}), (100, ASSESSED)),
    "two assessments of one day": assessed((100, {"team_score": 10}), (100, {"team_score": 90})),
    "assessment known tomorrow": assessed((100, ASSESSED), (50, {"team_score": 20, "available_at": days_before(-1)})),
    "old assessment known late": assessed((100, {"team_score": 80}), (300, {"team_score": 20, "available_at": days_before(1)})),
    "far too many certificates": assessed((100, {"certifications": 99})),
    "register searched, nothing found": changed(),
    "register never searched": changed(searched=False),
    "three changes of leaders": changed(("legal_representative", 10), ("executive", 20), ("controller", 30)),
    "two changes of leaders on one day": changed(("executive", 20), ("executive", 20)),
    "changes of other things": changed(("address", 10), ("shareholder", 20), ("capital_increase", 30), ("business_scope", 1)),
    "changes of other things, never searched": changed(("address", 10), searched=False),
    "a change found without a search": changed(("executive", 20), searched=False),
    "changes on both sides of the window": changed(("executive", 0), ("executive", 729), ("executive", 730)),
    "a change of long ago learnt of today": changed(("executive", 900), known_at=days_before(0)),
    "a change learnt of tomorrow": changed(("executive", 10), known_at=days_before(-1)),
    "half idle": used(0.5, 0.6, 0.4, 0.5),
    "fully used": used(0.9, 0.8, 1.2, 0.9),
    "half idle, busy a year ago": used(0.5, 0.6, 0.4, 0.5, 1.5, applications=[{"as_of": "2024-04-15"}]),
    "a quarter not told": quarterly({"capacity_utilisation": 0.5}, {}, {"capacity_utilisation": 0.7}),
    "last quarters told are old": quarterly(*[{"capacity_utilisation": 0.5, "top1_supplier_share": 0.3}] * 5,
                                            applications=[{"as_of": "2025-06-30"}]),
    "newest quarter 456 days old": quarterly({"capacity_utilisation": 0.5}, applications=[{"as_of": "2025-06-30"}]),
    "newest quarter 457 days old": quarterly({"capacity_utilisation": 0.5}, applications=[{"as_of": "2025-07-01"}]),
    "one supplier": quarterly({"stockout_rate": 0.1}, {"top1_supplier_share": 0.7}, {"top1_supplier_share": 0.2}),
    "supplier told 364 days ago": quarterly({"top1_supplier_share": 0.7}, applications=[{"as_of": "2025-03-30"}]),
    "supplier told 365 days ago": quarterly({"top1_supplier_share": 0.7}, applications=[{"as_of": "2025-03-31"}]),
    "lead times": quarterly(
        {"lead_time_mean_days": 20, "lead_time_sd_days": 5}, {"lead_time_mean_days": 10, "lead_time_sd_days": 5},
        {"lead_time_mean_days": 0, "lead_time_sd_days": 5}, {"lead_time_mean_days": 10},
    ),
    "hardly any lead time": quarterly(
        {"lead_time_mean_days": 1e-9, "lead_time_sd_days": 1e15}, {"lead_time_mean_days": 10, "lead_time_sd_days": 5}
    ),
    "no lead times at all": quarterly({"lead_time_mean_days": 0, "lead_time_sd_days": 0}),
    "out of stock": quarterly({"stockout_rate": 0.2}, {"stockout_rate": 0.1}, {"stockout_rate": 0.0}),
    "quarter known tomorrow": {"supply_chain_metrics": [
        {"quarter_end": QUARTERS[0], "stockout_rate": 0.9, "reported_at": days_before(-1)},
        {"quarter_end": QUARTERS[1], "stockout_rate": 0.1},
    ]},
    "punctual": {"operating_metrics": [
        {"month": "2024-05-01", "on_time_delivery_rate": 0.9}, {"month": "2024-04-01"},
        {"month": "2023-06-01", "on_time_delivery_rate": 0.8}, {"month": "2023-05-01", "on_time_delivery_rate": 0.1},
    ]},
}  # fmt: skip


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    found = features_of(engine, OPERATIONAL_CAPABILITY, COMPANIES)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize(("column", "feature"), MANAGEMENT.items())
@pytest.mark.parametrize("company", ["assessed", "assessed 729 days ago", "assessed twice"])
def test_the_newest_assessment_of_management_counts(value: Value, company: str, column: str, feature: str) -> None:
    assert value(company, feature) == ASSESSED[column]


@pytest.mark.parametrize("feature", MANAGEMENT.values())
@pytest.mark.parametrize("company", ["unknown", "assessed 730 days ago"])
def test_management_not_assessed_for_two_years_is_not_known(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_an_assessment_that_is_silent_does_not_hide_the_last_that_spoke(value: Value) -> None:
    company = "assessed by a site visit that tells little"

    assert value(company, "mg_team_score") == 20
    assert value(company, "mg_industry_years") == 12.5


def test_of_two_assessments_of_one_day_the_higher_key_counts(value: Value) -> None:
    assert value("two assessments of one day", "mg_team_score") == 90


def test_an_assessment_counts_once_it_reached_us_and_by_its_own_day(value: Value) -> None:
    assert value("assessment known tomorrow", "mg_team_score") == 80
    assert value("old assessment known late", "mg_team_score") == 80


def test_certificates_are_counted_up_to_ten(value: Value) -> None:
    assert value("far too many certificates", "mg_certification_cnt") == 10


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("register searched, nothing found", 0),
        ("three changes of leaders", 3),
        ("two changes of leaders on one day", 2),
        ("changes of other things", 0),
        ("a change found without a search", 1),
        ("changes on both sides of the window", 2),
        ("a change of long ago learnt of today", 0),
        ("a change learnt of tomorrow", 0),
    ],
)
def test_changes_of_leaders_within_two_years_are_counted(value: Value, company: str, expected: int) -> None:
    assert value(company, "mg_exec_changes_2y") == expected


@pytest.mark.parametrize("company", ["register never searched", "changes of other things, never searched"])
def test_a_register_never_searched_does_not_say_that_leaders_stayed(value: Value, company: str) -> None:
    assert math.isnan(value(company, "mg_exec_changes_2y"))


def test_without_the_table_of_changes_a_search_says_nothing(engine: Engine) -> None:
    searched = {"C": changed(("executive", 20))}

    found = features_of(engine, OPERATIONAL_CAPABILITY, searched, absent="registry_changes")

    assert math.isnan(found.loc["C", "mg_exec_changes_2y"])


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("half idle", "oc_capacity_shortfall_4q", 0.25),
        ("fully used", "oc_capacity_shortfall_4q", 0.0),
        ("half idle, busy a year ago", "oc_capacity_shortfall_4q", 0.25),
        ("a quarter not told", "oc_capacity_shortfall_4q", 0.15),
        ("newest quarter 456 days old", "oc_capacity_shortfall_4q", 0.25),
        ("one supplier", "oc_top1_supplier_share", 0.7),
        ("supplier told 364 days ago", "oc_top1_supplier_share", 0.7),
        ("lead times", "oc_lead_time_cv", 0.375),
        ("hardly any lead time", "oc_lead_time_cv", 1.75),
        ("out of stock", "oc_stockout_rate_4q", 0.1),
        ("one supplier", "oc_stockout_rate_4q", 0.1),
        ("quarter known tomorrow", "oc_stockout_rate_4q", 0.1),
        ("punctual", "oc_on_time_delivery_12m", 0.85),
    ],
)
def test_an_operating_figure_is_what_a_clerk_would_calculate(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("newest quarter 457 days old", "oc_capacity_shortfall_4q"),
        ("last quarters told are old", "oc_top1_supplier_share"),
        ("supplier told 365 days ago", "oc_top1_supplier_share"),
        ("no lead times at all", "oc_lead_time_cv"),
        ("half idle", "oc_stockout_rate_4q"),
        ("unknown", "oc_on_time_delivery_12m"),
        *(("unknown", feature) for feature in SUPPLY),
    ],
)
def test_what_is_not_told_or_too_old_is_missing(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))
