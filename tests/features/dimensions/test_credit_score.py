"""What other creditors report, on companies small enough to calculate by hand; our own ledger has its own tests."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from companies import Company, features_of
from tiny import Engine, days_before

from features.dimensions.credit_score import CREDIT_SCORE

Value = Callable[[str, str], float]

REPORTED_BY_OTHERS = replace(
    CREDIT_SCORE,
    id="reported_by_others",
    indicators=tuple(
        replace(i, features=tuple(f for f in i.features if {"bureau_reports", "bill_overdue"} & {*f.frame.reads}))
        for i in CREDIT_SCORE.indicators
    ),
)
REPORT = {
    "score": 600, "scale_min": 200, "scale_max": 1000, "payment_index": 74, "oldest_account_on": days_before(487),
    "worst_loan_class": "special_mention", "worst_dpd_12m": 45, "lines_total": 800_000, "lines_used": 200_000,
    "total_balance": 500_000, "overdue_balance": 50_000, "guarantees_outstanding": 400_000, "inquiries_3m": 4,
}  # fmt: skip
FROM_REPORT = {
    "ch_bureau_score": 0.5, "ch_bureau_payment_index": 74, "ch_oldest_account_months": 16, "ch_loan_class_worst": 2,
    "ch_bureau_inquiries_90d": 4, "rr_bureau_worst_dpd_12m": 45, "ds_line_utilisation": 0.25, "ds_debt_to_revenue": 0.5,
    "ds_overdue_debt_ratio": 0.1, "ds_guarantee_to_assets": 0.2,
}  # fmt: skip
CLASSES = {"normal": 1, "special_mention": 2, "substandard": 3, "doubtful": 4, "loss": 5}
ACCOUNTS = {"financial_statements": [{"revenue": 1_000_000, "total_assets": 2_000_000}]}
SEARCHED = {"source_checks": [{"source": "bill_overdue"}]}


def reports(*told: tuple[int, dict[str, Any]], **more: Any) -> Company:
    """Credit reports by days before as_of and what they tell, of a company with accounts."""
    return {"bureau_reports": [{"report_date": days_before(days), **row} for days, row in told], **ACCOUNTS, **more}


def debts(*told: tuple[int, float | None], **report: Any) -> Company:
    return reports(*((days, {"total_balance": balance, **report}) for days, balance in told))


def lists(*told: tuple[int, dict[str, Any]], **more: Any) -> Company:
    """Months on the list of overdue acceptors, by days from the first of the month to as_of."""
    rows = [{"list_month": days_before(days), **row} for days, row in told]
    return {"bill_overdue": rows, **SEARCHED, **more}


COMPANIES: dict[str, Company] = {
    "unknown": {},
    "reported": reports((30, REPORT)),
    "reported today": reports((0, REPORT)),
    "reported again tomorrow": reports((30, REPORT), (10, {**REPORT, "score": 1, "available_at": days_before(-1)})),
    "reported before by another": reports((30, REPORT), (200, {**REPORT, "score": 1, "provider": "rating house"})),
    "two reports of one day": {
        "bureau_reports": [
            {"report_id": "R2", "report_date": days_before(9), "score": 9, "scale_min": 0, "scale_max": 10},
            {"report_id": "R1", "report_date": days_before(9), "score": 1, "scale_min": 0, "scale_max": 10},
        ]
    },
    "reported 364 days ago": reports((364, REPORT)),
    "reported 365 days ago": reports((365, REPORT)),
    "reported 89 days ago": reports((89, REPORT)),
    "reported 90 days ago": reports((90, REPORT)),
    "old report that came today": reports((400, {**REPORT, "available_at": days_before(0)})),
    "a score after lines": reports((10, {"score": 90, "scale_min": 0, "scale_max": 100}), (20, REPORT)),
    "score without a scale": reports((10, {"score": 600})),
    "scale of one value": reports((10, {"score": 600, "scale_min": 600, "scale_max": 600})),
    "scale upside down": reports((10, {"score": 600, "scale_min": 1000, "scale_max": 200})),
    "score above its scale": reports((10, {"score": 1200, "scale_min": 200, "scale_max": 1000})),
    "account opened after as_of": reports((10, {"oldest_account_on": days_before(-5)})),
    "account of an old house": reports((10, {"oldest_account_on": "1950-01-01"})),
    **{f"loans {word}": reports((10, {"worst_loan_class": word})) for word in CLASSES},
    "lines of zero": reports((10, {"lines_total": 0, "lines_used": 0})),
    "lines overdrawn": reports((10, {"lines_total": 100, "lines_used": 300})),
    "no debt": reports((10, {"total_balance": 0, "overdue_balance": 0, "guarantees_outstanding": 0})),
    "overdue without debt": reports((10, {"total_balance": 0, "overdue_balance": 7})),
    "debt without accounts": reports((10, REPORT), financial_statements=[]),
    "no debt without accounts": reports((10, {"total_balance": 0, "guarantees_outstanding": 0}), financial_statements=[]),
    "debt without revenue": reports((10, REPORT), financial_statements=[{"revenue": 0, "total_assets": 0}]),
    "debt and negative revenue": reports((10, REPORT), financial_statements=[{"revenue": -1, "total_assets": -1}]),
    "debt beyond measure": reports((10, {"total_balance": 10**14, "overdue_balance": 10**14})),
    "debt doubled": debts((10, 400_000), (375, 200_000)),
    "debt told once": debts((10, 400_000)),
    "debt repaid": debts((10, 0), (375, 400_000)),
    "debt from nothing": debts((10, 400_000), (375, 0)),
    "never any debt": debts((10, 0), (375, 0)),
    "debt nearest to a year before": debts((0, 100_000), (455, 25_000), (340, 50_000), (280, 75_000)),
    "debt of two equally near days": debts((0, 100_000), (355, 50_000), (375, 25_000)),
    "debt told twice on a day": {
        "bureau_reports": [
            {"report_id": "R0", "report_date": days_before(0), "total_balance": 100_000},
            {"report_id": "R2", "report_date": days_before(365), "total_balance": 50_000},
            {"report_id": "R1", "report_date": days_before(365), "total_balance": 25_000},
        ]
    },
    "debt 455 days apart": debts((300, 100_000), (755, 50_000)),
    "debt 456 days apart": debts((300, 100_000), (756, 50_000)),
    "debt 275 days apart": debts((0, 100_000), (275, 50_000)),
    "debt 274 days apart": debts((0, 100_000), (274, 50_000)),
    "debt of two providers": {
        "bureau_reports": [
            {"report_date": days_before(10), "total_balance": 400_000},
            {"report_date": days_before(375), "total_balance": 200_000, "provider": "rating house"},
        ]
    },
    "debt not in the newest": reports(
        (5, {"score": 1}), (10, {"total_balance": 400_000}), (370, {}), (380, {"total_balance": 200_000})
    ),
    "debt only long ago": debts((365, 400_000), (730, 200_000)),
    "bills overdue": lists((30, {}), (60, {}), (91, {"list_type": "persistent"})),
    "bills on both sides of the window": lists((364, {}), (365, {"list_type": "persistent"})),
    "bills persistent for a year": lists(*((30 * n, {"list_type": "persistent"}) for n in range(1, 13))),
    "bills listed tomorrow": lists((30, {"published_at": days_before(-1)})),
    "bills not searched": lists((30, {}), source_checks=[]),
    "bills long ago not searched": lists((400, {}), source_checks=[]),
    "no bills found": {**SEARCHED},
    "bills searched a year ago": {"source_checks": [{"source": "bill_overdue", "checked_at": days_before(365)}]},
    "search of bills failed": {"source_checks": [{"source": "bill_overdue", "status": "failed"}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    found = features_of(engine, REPORTED_BY_OTHERS, COMPANIES)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize(("feature", "expected"), FROM_REPORT.items())
@pytest.mark.parametrize(
    "company", ["reported", "reported today", "reported again tomorrow", "reported before by another"]
)
def test_the_newest_report_that_reached_us_counts(value: Value, company: str, feature: str, expected: float) -> None:
    assert value(company, feature) == pytest.approx(expected)


def test_of_two_reports_of_one_day_the_higher_key_counts(value: Value) -> None:
    assert value("two reports of one day", "ch_bureau_score") == 0.9


@pytest.mark.parametrize("feature", FROM_REPORT)
@pytest.mark.parametrize("company", ["unknown", "reported 365 days ago", "old report that came today"])
def test_a_company_without_a_report_of_the_last_year_is_not_known(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_a_report_holds_a_year_but_its_inquiries_only_three_months(value: Value) -> None:
    assert value("reported 364 days ago", "ch_bureau_score") == 0.5
    assert value("reported 89 days ago", "ch_bureau_inquiries_90d") == 4
    assert math.isnan(value("reported 90 days ago", "ch_bureau_inquiries_90d"))


def test_a_report_that_tells_only_a_score_does_not_hide_the_lines_told_before(value: Value) -> None:
    assert value("a score after lines", "ch_bureau_score") == 0.9
    assert value("a score after lines", "ds_line_utilisation") == 0.25


@pytest.mark.parametrize("company", ["score without a scale", "scale of one value", "scale upside down"])
def test_a_score_says_nothing_without_its_scale(value: Value, company: str) -> None:
    assert math.isnan(value(company, "ch_bureau_score"))


@pytest.mark.parametrize(("word", "expected"), CLASSES.items())
def test_the_classes_of_loans_run_from_normal_to_loss(value: Value, word: str, expected: int) -> None:
    assert value(f"loans {word}", "ch_loan_class_worst") == expected


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("score above its scale", "ch_bureau_score", 1),
        ("account opened after as_of", "ch_oldest_account_months", 0),
        ("account of an old house", "ch_oldest_account_months", 360),
        ("lines overdrawn", "ds_line_utilisation", 1.5),
        ("debt beyond measure", "ds_debt_to_revenue", 10),
        ("debt beyond measure", "ds_overdue_debt_ratio", 1),
    ],
)
def test_what_is_out_of_bounds_counts_as_the_bound(value: Value, company: str, feature: str, expected: float) -> None:
    assert value(company, feature) == expected


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("no debt", "ds_debt_to_revenue"),
        ("no debt", "ds_overdue_debt_ratio"),
        ("no debt", "ds_guarantee_to_assets"),
        ("no debt without accounts", "ds_debt_to_revenue"),
        ("no debt without accounts", "ds_guarantee_to_assets"),
    ],
)
def test_no_debt_is_no_burden_whatever_the_size(value: Value, company: str, feature: str) -> None:
    assert value(company, feature) == 0


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("lines of zero", "ds_line_utilisation"),
        ("overdue without debt", "ds_overdue_debt_ratio"),
        ("debt without accounts", "ds_debt_to_revenue"),
        ("debt without accounts", "ds_guarantee_to_assets"),
        ("debt without revenue", "ds_debt_to_revenue"),
        ("debt without revenue", "ds_guarantee_to_assets"),
        ("debt and negative revenue", "ds_debt_to_revenue"),
        ("debt and negative revenue", "ds_guarantee_to_assets"),
    ],
)
def test_a_burden_on_nothing_known_is_missing_and_not_zero(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("debt doubled", math.log(400_001 / 200_001)),
        ("debt repaid", -2),
        ("debt from nothing", 2),
        ("never any debt", 0),
        ("debt nearest to a year before", math.log(100_001 / 50_001)),
        ("debt of two equally near days", math.log(100_001 / 50_001)),
        ("debt told twice on a day", math.log(100_001 / 50_001)),
        ("debt 455 days apart", math.log(100_001 / 50_001)),
        ("debt 275 days apart", math.log(100_001 / 50_001)),
        ("debt not in the newest", math.log(400_001 / 200_001)),
    ],
)
def test_debt_grows_against_the_report_nearest_to_a_year_before(value: Value, company: str, expected: float) -> None:
    assert value(company, "ds_debt_growth_1y") == pytest.approx(expected)


@pytest.mark.parametrize(
    "company",
    ["unknown", "debt told once", "debt 456 days apart", "debt 274 days apart", "debt of two providers",
     "debt only long ago"],
)  # fmt: skip
def test_without_two_comparable_reports_the_growth_of_debt_is_missing(value: Value, company: str) -> None:
    assert math.isnan(value(company, "ds_debt_growth_1y"))


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("bills overdue", 5),
        ("bills on both sides of the window", 1),
        ("bills persistent for a year", 36),
        ("bills listed tomorrow", 0),
        ("bills not searched", 1),
        ("no bills found", 0),
    ],
)
def test_months_on_the_list_of_overdue_acceptors_add_up_and_persistent_ones_count_three(
    value: Value, company: str, expected: float
) -> None:
    assert value(company, "ch_bill_overdue_months_12m") == expected


@pytest.mark.parametrize(
    "company", ["unknown", "bills long ago not searched", "bills searched a year ago", "search of bills failed"]
)
def test_a_list_that_was_not_searched_does_not_say_that_no_bill_is_overdue(value: Value, company: str) -> None:
    assert math.isnan(value(company, "ch_bill_overdue_months_12m"))


@pytest.mark.parametrize(
    ("absent", "feature"),
    [("bill_overdue", "ch_bill_overdue_months_12m"), ("bureau_reports", "ch_bureau_score")],
)
def test_a_table_nobody_handed_in_is_not_assessed_however_much_was_searched(
    engine: Engine, absent: str, feature: str
) -> None:
    companies = {name: COMPANIES[name] for name in ("reported", "no bills found", "bills overdue")}

    found = features_of(engine, REPORTED_BY_OTHERS, companies, absent=absent)

    assert found[feature].isna().all()


def test_without_any_accounts_only_what_needs_size_is_missing(engine: Engine) -> None:
    found = features_of(engine, REPORTED_BY_OTHERS, {"reported": COMPANIES["reported"]}, absent="financial_statements")

    missing = {name for name in FROM_REPORT if math.isnan(found.loc["reported", name])}
    assert missing == {"ds_debt_to_revenue", "ds_guarantee_to_assets"}
