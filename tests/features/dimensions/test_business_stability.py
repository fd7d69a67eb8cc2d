"""Business operations and market performance, each feature on companies small enough to calculate by hand."""

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from companies import Company, features_of
from tiny import Engine, Row, days_before, row

from features.dimensions.business_stability import BUSINESS_STABILITY

Values = dict[str, Any]
Value = Callable[[str, str], float]

OPERATIONS = ("bo_sales_decline_yoy", "bo_sales_excess_growth", "bo_sales_cv_12m", "bo_sales_slope_6m",
              "bo_backlog_months", "bo_top1_customer_share", "bo_customer_satisfaction_12m", "bo_vat_gap_12m",
              "mp_return_rate_12m", "mp_growth_vs_industry")  # fmt: skip
MARKET = ("mp_market_share", "mp_market_share_change_1y", "mp_brand_score", "mp_product_quality_score")


def month(back: int) -> date:
    """The first day of the month so many months before May 2024, the newest known at the end of June 2024."""
    years, place = divmod(2024 * 12 + 4 - back, 12)
    return date(years, place + 1, 1)


def monthly(*told: Mapping[str, Any] | None, first: int = 0) -> list[Values]:
    """Figures of one month after another, back in time from `first` months before the newest; None: not reported."""
    return [{"month": month(first + back), **values} for back, values in enumerate(told) if values is not None]


def sales(*amounts: float | None, first: int = 0) -> list[Values]:
    return monthly(*({"sales_amount": amount} for amount in amounts), first=first)


def reporting(*rows: list[Values], **more: Any) -> Company:
    return {"operating_metrics": [values for some in rows for values in some], **more}


def year_on_year(now: float, before: float) -> list[Values]:
    return sales(*[now] * 12, *[before] * 12)


def without(rows: list[Values], *missing: int) -> list[Values]:
    return [values for values in rows if values["month"] not in {month(back) for back in missing}]


def surveyed(*surveys: tuple[int, float | None], **of_all: Any) -> Company:
    """Surveys by days before as_of and market share."""
    return {"market_surveys": [{"survey_date": days_before(d), "market_share": s, **of_all} for d, s in surveys]}


OPERATING: dict[str, Company] = {
    "nothing reported": {},
    "growing a fifth": reporting(year_on_year(120, 100)),
    "shrinking by 40 %": reporting(year_on_year(60, 100)),
    "doubling": reporting(year_on_year(200, 100)),
    "growing exactly 30 %": reporting(year_on_year(130, 100)),
    "two months missing on either side": reporting(without(year_on_year(90, 100), 3, 7, 14, 20)),
    "three months missing": reporting(without(year_on_year(90, 100), 3, 7, 11)),
    "three months missing the year before": reporting(without(year_on_year(90, 100), 12, 13, 23)),
    "four months missing": reporting(without(year_on_year(90, 100), 3, 7, 10, 11)),
    "sales not told": reporting(sales(*[None] * 24)),
    "no sales": reporting(monthly({"sales_amount": 0, "order_backlog": 5}), sales(*[0] * 23, first=1)),
    "sales after none": reporting(year_on_year(100, 0)),
    "months before two years": reporting(year_on_year(100, 100), sales(*[1e6] * 3, first=24)),
    "up and down": reporting(sales(*[50, 100] * 5)),
    "nine months up and down": reporting(sales(*[50, 100] * 4, 75)),
    "huge and up and down": reporting(sales(*[5e14, 1e15] * 6)),
    "collapsed from billions to cents": reporting(year_on_year(0.01, 1e13)),
    "in an industry of a wrong figure": reporting(year_on_year(120, 100), customers=[{"industry_code": "L71"}]),
    "rising by a tenth a month": reporting(sales(*[1000 * 1.1**-back - 1 for back in range(6)])),
    "rising with a gap": reporting(sales(*[1000 * 1.1**-back - 1 for back in range(6)])[:2],
                                   sales(*[1000 * 1.1**-back - 1 for back in range(3, 6)], first=3)),
    "rising with two gaps": reporting(sales(*[1000 * 1.1**-back - 1 for back in range(4)])),
    "falling to nothing": reporting(sales(0, 0, 0, 0, 0, math.e - 1)),
    "orders told two months ago": reporting(
        year_on_year(100, 100)[:2], monthly({"sales_amount": 100, "order_backlog": 300}, first=2), sales(*[100] * 9, first=3)
    ),
    "orders told a year ago": reporting(sales(*[100] * 12), monthly({"order_backlog": 300}, first=12)),
    "largest customer": reporting(monthly({}, {"top1_customer_share": 0.4}, {"top1_customer_share": 0.9})),
    "largest customer half a year ago": reporting(monthly({}), monthly({"top1_customer_share": 0.4}, first=5)),
    "largest customer longer ago": reporting(monthly({}), monthly({"top1_customer_share": 0.4}, first=6)),
    "satisfied": reporting(
        monthly({"customer_satisfaction": 80}, {}, {"customer_satisfaction": 90}),
        monthly({"customer_satisfaction": 10}, first=12),
    ),
    "invoices and sales": reporting(monthly(
        {"sales_amount": 100, "vat_invoiced_sales": 90}, {"sales_amount": 700}, {"vat_invoiced_sales": 50},
        {"sales_amount": 100, "vat_invoiced_sales": 120},
    )),
    "invoices without sales": reporting(monthly({"sales_amount": 0, "vat_invoiced_sales": 90})),
    "returned": reporting(
        monthly({"units_shipped": 99.5, "units_returned": 5.25}, {"units_shipped": 50}, {"units_returned": 50}),
        monthly({"units_shipped": 0.5, "units_returned": 0.75}, first=11),
        monthly({"units_shipped": 100, "units_returned": 100}, first=12),
    ),
    "nothing shipped": reporting(monthly({"units_shipped": 0, "units_returned": 1})),
    "newest month 182 days old": reporting(year_on_year(60, 100), applications=[{"as_of": "2024-10-30"}]),
    "newest month 183 days old": reporting(year_on_year(60, 100), applications=[{"as_of": "2024-10-31"}]),
    "newest month told tomorrow": reporting(
        sales(*[60] * 11, *[100] * 12, first=1),
        [{"month": month(0), "sales_amount": 1e9, "reported_at": days_before(-1)}],
    ),
    "newest month told today": reporting(
        sales(*[60] * 11, *[100] * 12, first=1),
        [{"month": month(0), "sales_amount": 60, "reported_at": days_before(0)}],
    ),
    "in an industry without figures": reporting(year_on_year(120, 100), customers=[{"industry_code": "F51"}]),
    "in an industry of ten months": reporting(year_on_year(120, 100), customers=[{"industry_code": "G54"}]),
    "in an industry of nine months": reporting(year_on_year(120, 100), customers=[{"industry_code": "I65"}]),
    "in an industry that vanished": reporting(year_on_year(120, 100), customers=[{"industry_code": "K70"}]),
    "moved to another industry": reporting(
        year_on_year(120, 100),
        customers=[{"industry_code": "F51"}, {"industry_code": "C26", "known_at": "2024-06-30"},
                   {"industry_code": "F51", "known_at": "2024-07-01"}],
    ),
}  # fmt: skip

SURVEYED: dict[str, Company] = {
    "never surveyed": {},
    "surveyed once": surveyed((30, 0.25), brand_score=60, product_quality_score=70),
    "surveyed 729 days ago": surveyed((729, 0.25)),
    "surveyed 730 days ago": surveyed((730, 0.25)),
    "newer survey without share": surveyed((30, None), (90, 0.25), (455, 0.20), brand_score=60),
    "surveyed yearly": surveyed((40, 0.30), (40 + 365, 0.20), (40 + 300, 0.90), (40 + 431, 0.90)),
    "two equally near": surveyed((40, 0.30), (40 + 375, 0.90), (40 + 355, 0.20)),
    "245 days apart": surveyed((40, 0.30), (40 + 245, 0.20)),
    "244 days apart": surveyed((40, 0.30), (40 + 244, 0.20)),
    "485 days apart": surveyed((40, 0.30), (40 + 485, 0.20)),
    "486 days apart": surveyed((40, 0.30), (40 + 486, 0.20)),
    "share not told a year ago": surveyed((40, 0.30), (40 + 365, None), (40 + 300, 0.25)),
    "compared with a survey 849 days ago": surveyed((500, 0.30), (849, 0.20)),
    "compared with a survey 850 days ago": surveyed((500, 0.30), (850, 0.20)),
    "another provider a year ago": {"market_surveys": [
        {"survey_date": days_before(40), "market_share": 0.30},
        {"survey_date": days_before(40 + 365), "market_share": 0.10, "provider": "另一家机构"},
        {"survey_date": days_before(40 + 400), "market_share": 0.26},
    ]},
    "two providers on one day": {"market_surveys": [
        {"survey_date": days_before(40), "market_share": 0.30, "provider": "a"},
        {"survey_date": days_before(40), "market_share": 0.40, "provider": "b"},
    ]},
    "survey that reaches us tomorrow": {"market_surveys": [
        {"survey_date": days_before(40), "market_share": 0.30, "available_at": days_before(-1)},
        {"survey_date": days_before(400), "market_share": 0.20},
    ]},
    "old survey that reached us late": {"market_surveys": [
        {"survey_date": days_before(400), "market_share": 0.20, "available_at": days_before(1)},
        {"survey_date": days_before(40), "market_share": 0.30, "available_at": days_before(10)},
    ]},
}  # fmt: skip


def industry(scope: str, months: int, growth: float, **values: Any) -> list[Row]:
    return [row("macro_series", scope=scope, month=month(back), value=growth, **values) for back in range(months)]


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    climate = row("macro_series", series="business_climate", scope="C", month=month(1), value=9.0)
    default_rate = row("macro_series", series="industry_default_rate", scope="C", month=month(2), value=9.0)
    of_the_year_before = row("macro_series", scope="C", month=month(12), value=9.0)
    wrong = row("macro_series", scope="L", month=month(11), value=1e15)
    not_released = industry("I", 12, 0.1, released_at=days_before(-1))[:3]
    series = [
        *industry("C", 12, 0.1), *industry("G", 10, 0.1), *industry("I", 12, 0.1)[3:], *not_released,
        *industry("K", 12, -1.0), *industry("L", 11, 0.0), wrong, climate, default_rate, of_the_year_before,
    ]  # fmt: skip
    found = features_of(engine, BUSINESS_STABILITY, OPERATING | SURVEYED, macro_series=series)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("growing a fifth", "bo_sales_decline_yoy", 0.0),
        ("growing a fifth", "bo_sales_excess_growth", 0.0),
        ("shrinking by 40 %", "bo_sales_decline_yoy", 0.4),
        ("shrinking by 40 %", "bo_sales_excess_growth", 0.0),
        ("doubling", "bo_sales_excess_growth", 0.7),
        ("doubling", "bo_sales_decline_yoy", 0.0),
        ("growing exactly 30 %", "bo_sales_excess_growth", 0.0),
        ("growing a fifth", "bo_sales_cv_12m", 0.0),
        ("up and down", "bo_sales_cv_12m", 25 * math.sqrt(10 / 9) / 75),
        ("nine months up and down", "bo_sales_cv_12m", 25 / 75),
        ("collapsed from billions to cents", "bo_sales_cv_12m", 0.0),
        ("collapsed from billions to cents", "bo_sales_decline_yoy", 1.0),
        ("huge and up and down", "bo_sales_cv_12m", 25 * math.sqrt(12 / 11) / 75),
        ("growing a fifth", "bo_sales_slope_6m", 0.0),
        ("no sales", "bo_sales_slope_6m", 0.0),
        ("orders told two months ago", "bo_backlog_months", 3.0),
        ("largest customer", "bo_top1_customer_share", 0.4),
        ("largest customer half a year ago", "bo_top1_customer_share", 0.4),
        ("satisfied", "bo_customer_satisfaction_12m", 85.0),
        ("invoices and sales", "bo_vat_gap_12m", 0.05),
        ("returned", "mp_return_rate_12m", 0.06),
        ("growing a fifth", "mp_growth_vs_industry", math.log(1.2 / 1.1)),
        ("shrinking by 40 %", "mp_growth_vs_industry", math.log(0.6 / 1.1)),
        ("in an industry of a wrong figure", "mp_growth_vs_industry", math.log(1.2 / (1 + 10 / 12))),
        ("in an industry of ten months", "mp_growth_vs_industry", math.log(1.2 / 1.1)),
    ],
)
def test_an_operating_figure_is_what_a_clerk_would_calculate(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("company", ["rising by a tenth a month", "rising with a gap"])
def test_sales_that_rise_by_a_tenth_a_month_have_its_log_as_slope_with_or_without_a_gap(
    value: Value, company: str
) -> None:
    assert value(company, "bo_sales_slope_6m") == pytest.approx(math.log(1.1), abs=1e-5)  # amounts are whole cents


def test_a_slope_needs_five_of_the_six_months(value: Value) -> None:
    assert math.isnan(value("rising with two gaps", "bo_sales_slope_6m"))


def test_a_month_without_sales_has_the_log_of_one_and_pulls_the_slope_down(value: Value) -> None:
    # x = -5..0, y = 1 at -5 (rounded to cents: e - 1 is 1.72), else 0: (6 * -5 - -15) / (6 * 55 - 15**2)
    assert value("falling to nothing", "bo_sales_slope_6m") == pytest.approx(-15 / 105 * math.log(2.72), abs=1e-6)


@pytest.mark.parametrize("feature", OPERATIONS)
@pytest.mark.parametrize("company", ["nothing reported", "newest month 183 days old"])
def test_a_company_that_no_longer_reports_has_no_operating_figures(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_the_newest_month_may_be_182_days_old(value: Value) -> None:
    assert value("newest month 182 days old", "bo_sales_decline_yoy") == pytest.approx(0.4)


def test_months_missing_are_scaled_and_not_taken_for_a_decline(value: Value) -> None:
    assert value("two months missing on either side", "bo_sales_decline_yoy") == pytest.approx(0.1)


@pytest.mark.parametrize("company", ["three months missing", "three months missing the year before", "sales not told"])
@pytest.mark.parametrize("feature", ["bo_sales_decline_yoy", "bo_sales_excess_growth", "mp_growth_vs_industry"])
def test_growth_needs_ten_months_of_either_year(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_volatility_needs_nine_months(value: Value) -> None:
    assert value("three months missing", "bo_sales_cv_12m") == 0.0
    assert math.isnan(value("four months missing", "bo_sales_cv_12m"))


def test_figures_of_more_than_two_years_ago_do_not_matter(value: Value) -> None:
    steady = "months before two years"

    assert value(steady, "bo_sales_decline_yoy") == 0.0
    assert value(steady, "bo_sales_cv_12m") == 0.0


@pytest.mark.parametrize(
    "feature",
    ["bo_sales_decline_yoy", "bo_sales_excess_growth", "bo_sales_cv_12m", "bo_backlog_months", "mp_growth_vs_industry"],
)
def test_a_company_without_sales_has_no_ratio_to_them(value: Value, feature: str) -> None:
    assert math.isnan(value("no sales", feature))


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("sales after none", "bo_sales_excess_growth"),
        ("orders told a year ago", "bo_backlog_months"),
        ("largest customer longer ago", "bo_top1_customer_share"),
        ("invoices without sales", "bo_vat_gap_12m"),
        ("nothing shipped", "mp_return_rate_12m"),
        ("in an industry without figures", "mp_growth_vs_industry"),
        ("in an industry of nine months", "mp_growth_vs_industry"),
        ("in an industry that vanished", "mp_growth_vs_industry"),
    ],
)
def test_what_cannot_be_computed_is_missing(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_a_month_reported_after_as_of_is_not_seen(value: Value) -> None:
    # Without May the year ends in April: eleven months of 60 and one of 100, after eleven of 100.
    assert value("newest month told tomorrow", "bo_sales_decline_yoy") == pytest.approx(1 - (11 * 60 + 100) / 1200)
    assert value("newest month told today", "bo_sales_decline_yoy") == pytest.approx(0.4)


def test_the_industry_is_the_one_known_at_as_of(value: Value) -> None:
    assert value("moved to another industry", "mp_growth_vs_industry") == pytest.approx(math.log(1.2 / 1.1))


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("surveyed once", "mp_market_share", 0.25),
        ("surveyed once", "mp_brand_score", 60),
        ("surveyed once", "mp_product_quality_score", 70),
        ("surveyed 729 days ago", "mp_market_share", 0.25),
        ("newer survey without share", "mp_market_share", 0.25),
        ("newer survey without share", "mp_brand_score", 60),
        ("newer survey without share", "mp_market_share_change_1y", 0.05),
        ("surveyed yearly", "mp_market_share_change_1y", 0.10),
        ("two equally near", "mp_market_share_change_1y", 0.10),
        ("245 days apart", "mp_market_share_change_1y", 0.10),
        ("485 days apart", "mp_market_share_change_1y", 0.10),
        ("share not told a year ago", "mp_market_share_change_1y", 0.05),
        ("compared with a survey 849 days ago", "mp_market_share_change_1y", 0.10),
        ("another provider a year ago", "mp_market_share_change_1y", 0.04),
        ("survey that reaches us tomorrow", "mp_market_share", 0.20),
        ("old survey that reached us late", "mp_market_share", 0.30),
        ("old survey that reached us late", "mp_market_share_change_1y", 0.10),
        ("two providers on one day", "mp_market_share", 0.40),
    ],
)
def test_a_survey_is_read_as_a_clerk_would_read_it(value: Value, company: str, feature: str, expected: float) -> None:
    assert value(company, feature) == pytest.approx(expected)


@pytest.mark.parametrize("feature", MARKET)
@pytest.mark.parametrize("company", ["never surveyed", "surveyed 730 days ago"])
def test_without_a_survey_of_the_last_two_years_nothing_is_known_of_the_market(
    value: Value, company: str, feature: str
) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    "company",
    [
        "surveyed once",
        "244 days apart",
        "486 days apart",
        "compared with a survey 850 days ago",
        "two providers on one day",
    ],
)
def test_a_change_needs_a_survey_of_the_same_provider_about_a_year_before(value: Value, company: str) -> None:
    assert math.isnan(value(company, "mp_market_share_change_1y"))
    assert not math.isnan(value(company, "mp_market_share"))


def assessed_without(engine: Engine, absent: str) -> pd.Series:
    """What is known of a growing, surveyed company where nobody hands in a table."""
    company = {**reporting(year_on_year(120, 100)), **SURVEYED["surveyed once"]}
    found = features_of(engine, BUSINESS_STABILITY, {"C": company}, absent, macro_series=industry("C", 12, 0.1))
    return found.loc["C"].dropna()


def test_without_figures_of_industries_only_the_growth_against_them_is_missing(engine: Engine) -> None:
    complete, without_industries = assessed_without(engine, ""), assessed_without(engine, "macro_series")

    assert complete.drop("mp_growth_vs_industry").equals(without_industries)


def test_without_operating_figures_the_market_is_still_assessed(engine: Engine) -> None:
    assert set(assessed_without(engine, "operating_metrics").index) == {
        "mp_market_share", "mp_brand_score", "mp_product_quality_score",
    }  # fmt: skip


def drawn(random: np.random.Generator) -> list[float | None]:
    """Sales of 24 months from the newest back, some not told, some zero."""
    amounts = np.round(random.lognormal(random.uniform(2, 20), 0.5, 24), 2)
    told, zero = random.random(24) < 0.85, random.random(24) < 0.05
    told[0] = True
    return [None if not t else 0.0 if z else float(a) for a, t, z in zip(amounts, told, zero, strict=True)]


def expected_of(amounts: list[float | None]) -> tuple[float, float]:
    """Volatility and slope as numpy has them."""
    year = [a for a in amounts[:12] if a is not None]
    half = [(-back, math.log(a + 1)) for back, a in enumerate(amounts[:6]) if a is not None]
    variation = np.std(year, ddof=1) / np.mean(year) if len(year) >= 9 else math.nan
    slope = np.polyfit(*np.array(half).T, 1)[0] if len(half) >= 5 else math.nan
    return min(variation, 3), float(np.clip(slope, -0.5, 0.5))


def test_volatility_and_slope_of_any_company_are_those_of_numpy(engine: Engine) -> None:
    random = np.random.default_rng(7)
    amounts = {f"C{number:03}": drawn(random) for number in range(150)}

    found = features_of(engine, BUSINESS_STABILITY, {c: reporting(sales(*told)) for c, told in amounts.items()})

    expected = np.array([expected_of(amounts[company]) for company in found.index])
    assert np.isnan(expected).any(axis=0).all()
    np.testing.assert_allclose(found[["bo_sales_cv_12m", "bo_sales_slope_6m"]], expected, atol=3e-6)
