"""Litigation and compliance, each feature on companies small enough to calculate by hand."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from companies import Company, features_of
from tiny import Engine, days_before

from features.dimensions.legal_compliance import LEGAL_COMPLIANCE
from features.tables import TABLES

Value = Callable[[str, str], float]
Rows = list[dict[str, Any]]

ACCOUNTS = {"financial_statements": [{"revenue": 1_000_000, "total_assets": 2_000_000}]}
NO_SIZE = {"financial_statements": [{"revenue": 0, "total_assets": -5}]}
SEARCHED = {"source_checks": [{"source": s} for s in TABLES["source_checks"]["source"].allowed]}
NEVER: Company = {"source_checks": []}
BY_SOURCE = {
    "court": ("lt_defendant_cnt_1y", "lt_defendant_cnt_3y", "lt_debt_dispute_cnt_1y", "lt_open_claims_to_assets",
              "lt_lost_amount_to_revenue_3y"),
    "enforcement": ("lt_enforcement_open_to_assets", "lt_dishonest_5y", "lt_consumption_restricted"),
    "compliance": ("cp_penalty_cnt_3y", "cp_penalty_severity_decay", "cp_abnormal_list_days_3y",
                   "cp_serious_violation_5y"),
    "tax": ("cp_tax_arrears_to_revenue",),
}  # fmt: skip
SEARCHES = [(source, feature) for source, features in BY_SOURCE.items() for feature in features]


def published(*days: int, **values: Any) -> Rows:
    """Court cases by the days from the public notice to as_of."""
    return [{"known_at": days_before(d), **values} for d in days]


def judged(outcome: str, days: int, amount: float | None, **values: Any) -> Rows:
    judgment = {"outcome": outcome, "awarded_amount": amount, "judgment_known_at": days_before(days)}
    return published(1500, closed_on=days_before(days), closure_known_at=days_before(days), **judgment, **values)


def sued(*cases: Rows, **more: Any) -> Company:
    return {"legal_cases": [case for some in cases for case in some], **SEARCHED, **ACCOUNTS, **more}


def recorded(kind: str, *days: int, **values: Any) -> Rows:
    return [{"record_type": kind, "started_on": days_before(d), **values} for d in days]


def enforced(*records: Rows, **more: Any) -> Company:
    return {"enforcement_records": [record for some in records for record in some], **SEARCHED, **ACCOUNTS, **more}


def measured(kind: str, *days: int, **values: Any) -> Rows:
    return [{"event_type": kind, "occurred_on": days_before(d), **values} for d in days]


def listed(since: int, until: int | None = None, told: int | None = None) -> Rows:
    """A stay on the list of abnormal operation, in days before as_of; `told` when the removal became known."""
    if until is None:
        return measured("abnormal_list", since)
    known = days_before(until if told is None else told)
    return measured("abnormal_list", since, removed_on=days_before(until), removal_known_at=known)


def disciplined(*measures: Rows, **more: Any) -> Company:
    return {"compliance_events": [measure for some in measures for measure in some], **SEARCHED, **ACCOUNTS, **more}


def graded(*ratings: tuple[int, int, str]) -> Company:
    """Ratings by year, days from publication to as_of, and grade."""
    return {
        "tax_ratings": [
            {"rating_year": year, "published_at": days_before(days), "grade": grade} for year, days, grade in ratings
        ]
    }


def licensed(*licences: tuple[int, int | None], **values: Any) -> Company:
    """Licences by first and last day of validity, in days before as_of; None: no end."""
    rows = [
        {"valid_from": days_before(first), "valid_to": None if last is None else days_before(last), **values}
        for first, last in licences
    ]
    return {"licences": rows}


SETTLED = {"removed_on": days_before(5), "removal_known_at": days_before(5)}
SETTLED_UNKNOWN = {"removed_on": days_before(5), "removal_known_at": days_before(-1)}
SETTLED_LATER = {"removed_on": days_before(-5), "removal_known_at": days_before(5)}
SETTLED_SOME_DAY = {"removal_known_at": days_before(5)}

CASES: dict[str, Company] = {
    "cases": sued(published(10, 364), published(20, cause_group="labour"), published(30, cause_group="loan_contract")),
    "cases on both sides of a year": sued(published(364, 365)),
    "cases on both sides of three years": sued(published(1094, 1095)),
    "case noticed tomorrow": sued(published(-1, filed_on=days_before(50))),
    "case noticed long after filing": sued(published(10, filed_on=days_before(2000))),
    "plaintiff": sued(published(10, role="plaintiff", claim_amount=900_000)),
    "third party": sued(published(10, role="third_party", claim_amount=900_000)),
    "cases never searched": sued(published(10, claim_amount=500_000), **NEVER),
    "many cases": sued(published(*range(101))),
    "open claims": sued(published(10, 2000, claim_amount=250_000), published(20)),
    "claim closed": sued(
        published(10, claim_amount=500_000, closed_on=days_before(1), closure_known_at=days_before(0))
    ),
    "claim closed but not known": sued(
        published(10, claim_amount=500_000, closed_on=days_before(1), closure_known_at=days_before(-1))
    ),
    "claim closed on a day nobody told": sued(published(10, claim_amount=500_000, closed_on=days_before(1))),
    "claim of unknown amount": sued(published(10)),
    "claim without accounts": sued(published(10, claim_amount=500_000), financial_statements=[]),
    "claim without size": sued(published(10, claim_amount=500_000), **NO_SIZE),
    "claim beyond size": sued(published(10, claim_amount=10**13)),
    "lost": sued(judged("lost", 10, 100_000), judged("partly_lost", 1094, 50_000)),
    "lost too long ago": sued(judged("lost", 1095, 100_000)),
    "lost as plaintiff": sued(judged("lost", 10, 100_000, role="plaintiff")),
    "lost but not known": sued(
        published(10, outcome="lost", awarded_amount=100_000, judgment_known_at=days_before(-1))
    ),
    "won": sued(judged("won", 10, 100_000), judged("settled", 10, 100_000), judged("withdrawn", 10, 100_000)),
    "lost unknown amount": sued(judged("lost", 10, None)),
    "lost without size": sued(judged("lost", 10, 100_000), **NO_SIZE),
}
RECORDS: dict[str, Company] = {
    "enforcement": enforced(recorded("enforcement", 10, 3000, amount=100_000), recorded("asset_freeze", 10, amount=7)),
    "enforcement met": enforced(recorded("enforcement", 10, amount=100_000, **SETTLED)),
    "enforcement met but not known": enforced(recorded("enforcement", 10, amount=100_000, **SETTLED_UNKNOWN)),
    "enforcement to be met": enforced(recorded("enforcement", 10, amount=100_000, **SETTLED_LATER)),
    "enforcement met some day": enforced(recorded("enforcement", 10, amount=100_000, **SETTLED_SOME_DAY)),
    "enforcement of unknown amount": enforced(recorded("enforcement", 10)),
    "enforcement without accounts": enforced(recorded("enforcement", 10, amount=1), financial_statements=[]),
    "enforcement never searched": enforced(recorded("enforcement", 10, amount=200_000), **NEVER),
    "dishonest": enforced(recorded("dishonest", 1824)),
    "dishonest too long ago": enforced(recorded("dishonest", 1825)),
    "dishonest once": enforced(recorded("dishonest", 500, **SETTLED)),
    "dishonest long ago, learnt of today": enforced(recorded("dishonest", 3000, known_at=days_before(0))),
    "dishonest, learnt of tomorrow": enforced(recorded("dishonest", 30, known_at=days_before(-1))),
    "restricted": enforced(recorded("consumption_restriction", 2500)),
    "no longer restricted": enforced(recorded("consumption_restriction", 500, **SETTLED)),
    "restriction lifted but not known": enforced(recorded("consumption_restriction", 500, **SETTLED_UNKNOWN)),
}
MEASURES: dict[str, Company] = {
    "penalties": disciplined(measured("admin_penalty", 0, 365, severity=2), measured("product_recall", 0, severity=5)),
    "penalties on both sides of the window": disciplined(measured("admin_penalty", 1094, 1095, severity=3)),
    "penalty of long ago learnt of today": disciplined(measured("admin_penalty", 1500, known_at=days_before(0))),
    "penalty learnt of tomorrow": disciplined(measured("admin_penalty", 10, known_at=days_before(-1))),
    "penalty of unknown severity": disciplined(measured("admin_penalty", 10, severity=None)),
    "penalty never searched": disciplined(measured("admin_penalty", 0, severity=4), **NEVER),
    "arrears": disciplined(
        measured("tax_arrears", 10, 3000, amount=20_000), measured("tax_arrears", 10, amount=70_000, **SETTLED)
    ),
    "arrears paid but not known": disciplined(measured("tax_arrears", 10, amount=20_000, **SETTLED_UNKNOWN)),
    "arrears of unknown amount": disciplined(measured("tax_arrears", 10)),
    "arrears without size": disciplined(measured("tax_arrears", 10, amount=20_000), **NO_SIZE),
    "arrears never searched": disciplined(measured("tax_arrears", 10, amount=20_000), **NEVER),
    "serious": disciplined(measured("serious_violation", 1824)),
    "serious tax": disciplined(measured("major_tax_violation", 10, **SETTLED)),
    "serious too long ago": disciplined(measured("serious_violation", 1825)),
    "listed today": disciplined(listed(0)),
    "listed and open": disciplined(listed(99)),
    "listed and removed": disciplined(listed(99, 50)),
    "listed and removed the same day": disciplined(listed(99, 99)),
    "removed but not known": disciplined(listed(99, 50, told=-1)),
    "removal known but still to come": disciplined(listed(99, -30, told=10)),
    "removed on a day nobody told": disciplined(measured("abnormal_list", 99, removal_known_at=days_before(50))),
    "removed before listed": disciplined(listed(50, 99)),
    "listed since long": disciplined(listed(4000)),
    "listed into the window": disciplined(listed(4000, 1090)),
    "listed before the window": disciplined(listed(4000, 1094)),
    "listed twice": disciplined(listed(99, 90), listed(20, 10)),
    "listed twice at once": disciplined(listed(99, 50), listed(80, 40), listed(70, 60)),
    "listed twice on one day": disciplined(listed(99, 50), listed(99, 60)),
    "listed twice, the first open": disciplined(listed(99), listed(20, 10)),
    "listed and penalised": disciplined(listed(99, 90), measured("serious_violation", 200)),
    "listed and never searched": disciplined(listed(99, 90), **NEVER),
    "listed long ago and never searched": disciplined(listed(4000, 3000), **NEVER),
}
OTHERS: dict[str, Company] = {
    "unknown": {},
    "nothing found": {**SEARCHED, **ACCOUNTS},
    "nothing found 365 days ago": {
        "source_checks": [{**check, "checked_at": days_before(365)} for check in SEARCHED["source_checks"]]
    },
    "searches failed": {"source_checks": [{**check, "status": "failed"} for check in SEARCHED["source_checks"]]},
    **{f"searched {source}": {"source_checks": [{"source": source}]} for source in BY_SOURCE},
    **{f"tax grade {grade}": graded((2023, 60, grade)) for grade in TABLES["tax_ratings"]["grade"].allowed},
    "tax graded twice": graded((2022, 420, "d"), (2023, 60, "a")),
    "tax graded for two years on a day": graded((2022, 60, "d"), (2023, 60, "b")),
    "tax graded 729 days ago": graded((2021, 729, "c")),
    "tax graded 730 days ago": graded((2021, 730, "c")),
    "tax graded tomorrow": graded((2022, 420, "c"), (2023, -1, "a")),
    "licences": licensed((1000, -1000), (1000, None), (1000, -180), (1000, 30)),
    "licence that holds 181 days": licensed((1000, -181)),
    "licence nobody needs": licensed((1000, 30), is_mandatory=False),
    "licence lapsed long ago": licensed((3000, 1200)),
    "licence learnt of tomorrow": licensed((1000, 30), known_at=days_before(-1)),
    "licence renewed": licensed((1000, 30), (29, -1000)),
    "licence renewed again and again": licensed((3000, 2001), (2000, 1001), (1000, -1000)),
    "licence renewed ahead": licensed((1000, -30), (-31, -1000)),
    "licence renewed 90 days late": licensed((1000, 100), (10, -1000)),
    "another licence 91 days later": licensed((1000, 101), (10, -1000)),
    "renewal lapses too": licensed((1000, 300), (299, -100)),
    "renewal not known": {
        "licences": [
            {"valid_from": days_before(1000), "valid_to": days_before(30)},
            {"valid_from": days_before(29), "valid_to": None, "known_at": days_before(-1)},
        ]
    },
    "two licences of one day": licensed((40, 30), (40, 30)),
}
COMPANIES = {**CASES, **RECORDS, **MEASURES, **OTHERS}


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    found = features_of(engine, LEGAL_COMPLIANCE, COMPANIES)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize(("source", "feature"), SEARCHES)
def test_a_search_that_found_nothing_is_zero_and_no_search_is_missing(value: Value, source: str, feature: str) -> None:
    others = [f"searched {other}" for other in BY_SOURCE if other != source]

    assert value("nothing found", feature) == value(f"searched {source}", feature) == 0
    for company in ("unknown", "nothing found 365 days ago", "searches failed", *others):
        assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("cases", "lt_defendant_cnt_1y", 4),
        ("cases", "lt_debt_dispute_cnt_1y", 3),
        ("cases on both sides of a year", "lt_defendant_cnt_1y", 1),
        ("cases on both sides of a year", "lt_debt_dispute_cnt_1y", 1),
        ("cases on both sides of a year", "lt_defendant_cnt_3y", 2),
        ("cases on both sides of three years", "lt_defendant_cnt_3y", 1),
        ("case noticed tomorrow", "lt_defendant_cnt_3y", 0),
        ("case noticed long after filing", "lt_defendant_cnt_1y", 1),
        ("plaintiff", "lt_defendant_cnt_1y", 0),
        ("plaintiff", "lt_open_claims_to_assets", 0),
        ("third party", "lt_defendant_cnt_1y", 0),
        ("third party", "lt_open_claims_to_assets", 0),
        ("many cases", "lt_defendant_cnt_1y", 50),
        ("many cases", "lt_defendant_cnt_3y", 100),
        ("cases never searched", "lt_defendant_cnt_1y", 1),
        ("cases never searched", "lt_open_claims_to_assets", 0.25),
        ("open claims", "lt_open_claims_to_assets", 0.25),
        ("claim closed", "lt_open_claims_to_assets", 0),
        ("claim closed", "lt_defendant_cnt_1y", 1),
        ("claim closed but not known", "lt_open_claims_to_assets", 0.25),
        ("claim closed on a day nobody told", "lt_open_claims_to_assets", 0.25),
        ("claim beyond size", "lt_open_claims_to_assets", 5),
        ("lost", "lt_lost_amount_to_revenue_3y", 0.15),
        ("lost", "lt_open_claims_to_assets", 0),
        ("lost too long ago", "lt_lost_amount_to_revenue_3y", 0),
        ("lost as plaintiff", "lt_lost_amount_to_revenue_3y", 0.1),
        ("lost but not known", "lt_lost_amount_to_revenue_3y", 0),
        ("won", "lt_lost_amount_to_revenue_3y", 0),
    ],
)
def test_cases_count_as_they_were_known_at_as_of(value: Value, company: str, feature: str, expected: float) -> None:
    assert value(company, feature) == expected


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("enforcement", "lt_enforcement_open_to_assets", 0.1),
        ("enforcement", "lt_dishonest_5y", 0),
        ("enforcement", "lt_consumption_restricted", 0),
        ("enforcement met", "lt_enforcement_open_to_assets", 0),
        ("enforcement met but not known", "lt_enforcement_open_to_assets", 0.05),
        ("enforcement to be met", "lt_enforcement_open_to_assets", 0.05),
        ("enforcement met some day", "lt_enforcement_open_to_assets", 0),
        ("enforcement never searched", "lt_enforcement_open_to_assets", 0.1),
        ("dishonest", "lt_dishonest_5y", 1),
        ("dishonest", "lt_enforcement_open_to_assets", 0),
        ("dishonest too long ago", "lt_dishonest_5y", 0),
        ("dishonest once", "lt_dishonest_5y", 1),
        ("dishonest long ago, learnt of today", "lt_dishonest_5y", 0),
        ("dishonest, learnt of tomorrow", "lt_dishonest_5y", 0),
        ("restricted", "lt_consumption_restricted", 1),
        ("no longer restricted", "lt_consumption_restricted", 0),
        ("restriction lifted but not known", "lt_consumption_restricted", 1),
    ],
)
def test_an_entry_of_an_enforcement_register_stands_until_its_removal_is_known(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == expected


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("penalties", "cp_penalty_cnt_3y", 2),
        ("penalties", "cp_penalty_severity_decay", 2 + 2 / math.e + 5),
        ("penalties", "cp_tax_arrears_to_revenue", 0),
        ("penalties", "cp_abnormal_list_days_3y", 0),
        ("penalties on both sides of the window", "cp_penalty_cnt_3y", 1),
        ("penalties on both sides of the window", "cp_penalty_severity_decay", 3 * math.exp(-1094 / 365)),
        ("penalty of long ago learnt of today", "cp_penalty_cnt_3y", 0),
        ("penalty learnt of tomorrow", "cp_penalty_cnt_3y", 0),
        ("penalty of unknown severity", "cp_penalty_cnt_3y", 1),
        ("penalty never searched", "cp_penalty_cnt_3y", 1),
        ("penalty never searched", "cp_penalty_severity_decay", 4),
        ("arrears", "cp_tax_arrears_to_revenue", 0.04),
        ("arrears", "cp_penalty_cnt_3y", 0),
        ("arrears", "cp_penalty_severity_decay", 0),
        ("arrears paid but not known", "cp_tax_arrears_to_revenue", 0.02),
        ("arrears never searched", "cp_tax_arrears_to_revenue", 0.02),
        ("serious", "cp_serious_violation_5y", 1),
        ("serious", "cp_penalty_severity_decay", 0),
        ("serious tax", "cp_serious_violation_5y", 1),
        ("serious too long ago", "cp_serious_violation_5y", 0),
        ("listed and penalised", "cp_serious_violation_5y", 1),
    ],
)
def test_measures_of_the_authorities_count_as_a_clerk_would(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    ("company", "days"),
    [
        ("listed today", 1),
        ("listed and open", 100),
        ("listed and removed", 49),
        ("listed and removed the same day", 0),
        ("removed but not known", 100),
        ("removal known but still to come", 100),
        ("removed on a day nobody told", 49),
        ("removed before listed", 0),
        ("listed since long", 1095),
        ("listed into the window", 4),
        ("listed before the window", 0),
        ("listed twice", 9 + 10),
        ("listed twice at once", 99 - 40),
        ("listed twice on one day", 49),
        ("listed twice, the first open", 100),
        ("listed and penalised", 9),
        ("listed and never searched", 9),
    ],
)
def test_days_on_the_list_of_abnormal_operation_count_once_and_only_in_the_window(
    value: Value, company: str, days: int
) -> None:
    assert value(company, "cp_abnormal_list_days_3y") == days


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("claim of unknown amount", "lt_open_claims_to_assets"),
        ("claim without accounts", "lt_open_claims_to_assets"),
        ("claim without size", "lt_open_claims_to_assets"),
        ("lost unknown amount", "lt_lost_amount_to_revenue_3y"),
        ("lost without size", "lt_lost_amount_to_revenue_3y"),
        ("enforcement of unknown amount", "lt_enforcement_open_to_assets"),
        ("enforcement without accounts", "lt_enforcement_open_to_assets"),
        ("penalty of unknown severity", "cp_penalty_severity_decay"),
        ("arrears of unknown amount", "cp_tax_arrears_to_revenue"),
        ("arrears without size", "cp_tax_arrears_to_revenue"),
    ],
)
def test_what_was_found_but_cannot_be_measured_is_missing_and_not_zero(
    value: Value, company: str, feature: str
) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("cases never searched", "lt_lost_amount_to_revenue_3y"),
        ("enforcement never searched", "lt_dishonest_5y"),
        ("penalty never searched", "cp_abnormal_list_days_3y"),
        ("listed long ago and never searched", "cp_abnormal_list_days_3y"),
    ],
)
def test_records_of_another_kind_or_time_do_not_stand_for_a_search(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("tax grade a", 0), ("tax grade b", 1), ("tax grade m", 1), ("tax grade c", 2), ("tax grade d", 3),
        ("tax graded twice", 0), ("tax graded for two years on a day", 1), ("tax graded 729 days ago", 2),
        ("tax graded tomorrow", 2),
    ],
)  # fmt: skip
def test_the_newest_tax_grade_counts(value: Value, company: str, expected: float) -> None:
    assert value(company, "cp_tax_grade_ord") == expected


@pytest.mark.parametrize("company", ["unknown", "tax graded 730 days ago", "nothing found"])
def test_a_company_without_a_tax_grade_of_two_years_is_not_known(value: Value, company: str) -> None:
    assert math.isnan(value(company, "cp_tax_grade_ord"))


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("licences", 0.5),
        ("licence that holds 181 days", 0),
        ("licence lapsed long ago", 1),
        ("licence renewed", 0),
        ("licence renewed again and again", 0),
        ("licence renewed ahead", 0),
        ("licence renewed 90 days late", 0),
        ("another licence 91 days later", 0.5),
        ("renewal lapses too", 1),
        ("renewal not known", 1),
        ("two licences of one day", 1),
    ],
)
def test_a_licence_is_a_gap_if_it_lapses_within_half_a_year_and_is_not_renewed(
    value: Value, company: str, expected: float
) -> None:
    assert value(company, "cp_licence_gap_180d") == expected


@pytest.mark.parametrize("company", ["unknown", "licence nobody needs", "licence learnt of tomorrow"])
def test_without_a_mandatory_licence_there_is_no_share_of_them(value: Value, company: str) -> None:
    assert math.isnan(value(company, "cp_licence_gap_180d"))


def test_a_table_nobody_handed_in_is_not_assessed_however_much_was_searched(engine: Engine) -> None:
    found = features_of(engine, LEGAL_COMPLIANCE, COMPANIES, absent="legal_cases")

    assert found[list(BY_SOURCE["court"])].isna().all(axis=None)
    assert found.loc["dishonest", "lt_dishonest_5y"] == 1
