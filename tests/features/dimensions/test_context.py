"""The economy around the applicant, on releases few enough to follow by hand; the rest of the context has its own tests."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from companies import Company, features_of
from tiny import Engine, Row, days_before, row

from features.dimensions.context import CONTEXT, CONTEXT_FACTORS

Value = Callable[[str, str], float]

CLIMATE, DEFAULT_RATE = "cx_business_climate", "cx_industry_default_rate"
ECONOMY = replace(
    CONTEXT,
    id="economy",
    indicators=(
        replace(
            CONTEXT_FACTORS, features=tuple(f for f in CONTEXT_FACTORS.features if f.id in {CLIMATE, DEFAULT_RATE})
        ),
    ),
)


def release(series: str, scope: str, value: float, days: int, month: str = "2024-05-01") -> Row:
    """A value of a series, by the days from its release to as_of."""
    return row("macro_series", series=series, scope=scope, value=value, month=month, released_at=days_before(days))


SERIES = [
    release("business_climate", "ALL", 0.5, 20),
    release("business_climate", "ALL", -3, 50, month="2024-04-01"),
    release("business_climate", "C", 1.5, 61),
    release("business_climate", "C", -9, -1, month="2024-06-01"),
    release("business_climate", "D", 2, 62),
    release("industry_default_rate", "C", 0.03, 10),
    release("industry_default_rate", "C", 0.09, 5, month="2024-04-01"),
    release("industry_default_rate", "D", 0.04, 91),
    release("industry_default_rate", "E", 0.05, 92),
    release("industry_default_rate", "F", 0.9, 10),
    release("business_climate", "F", -11, 10),
    release("industry_sales_yoy", "G", 7, 10),
    release("industry_default_rate", "H", 0.06, 10),
    release("industry_default_rate", "ALL", 0.02, 92),
]


def of_industry(code: str | None, as_of: date | None = None) -> Company:
    """A company of an industry, that applies on a day (today unless said otherwise)."""
    return {"customers": [{"industry_code": code}], "applications": [{"as_of": as_of} if as_of else {}]}


COMPANIES: dict[str, Company] = {
    "maker": of_industry("C26"),
    "another maker": of_industry("C33"),
    "maker tomorrow": of_industry("C26", days_before(-1)),
    "maker two days ago": of_industry("C26", days_before(2)),
    "maker fifteen days ago": of_industry("C26", days_before(15)),
    "maker seven years ago": of_industry("C26", days_before(2500)),
    "power": of_industry("D44"),
    "builder": of_industry("E47"),
    "shop": of_industry("F51"),
    "carrier": of_industry("G54"),
    "hotel": of_industry("H61"),
    "industry unknown": of_industry(None),
    "customer unknown": {"customers": []},
    "industry known since tomorrow": {
        "customers": [
            {"industry_code": "D44", "known_at": "2020-01-01"},
            {"industry_code": "C26", "known_at": days_before(-1)},
        ]
    },
}


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    found = features_of(engine, ECONOMY, COMPANIES, macro_series=SERIES)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("maker", 1.5),
        ("another maker", 1.5),
        ("maker tomorrow", -4),
        ("maker two days ago", 1.5),
        ("power", 0.5),
        ("builder", 0.5),
        ("shop", -4),
        ("industry unknown", 0.5),
        ("customer unknown", 0.5),
        ("industry known since tomorrow", 0.5),
    ],
)
def test_the_climate_is_that_of_the_section_while_its_release_is_fresh_and_else_of_the_economy(
    value: Value, company: str, expected: float
) -> None:
    assert value(company, CLIMATE) == expected


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("maker", 0.03),
        ("another maker", 0.03),
        ("maker two days ago", 0.03),
        ("power", 0.04),
        ("shop", 0.5),
        ("hotel", 0.06),
        ("industry known since tomorrow", 0.04),
        ("maker fifteen days ago", 0.02),
    ],
)
def test_the_default_rate_is_that_of_the_newest_month_released_of_the_section_and_else_of_the_economy(
    value: Value, company: str, expected: float
) -> None:
    assert value(company, DEFAULT_RATE) == expected


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("maker seven years ago", CLIMATE),
        ("maker seven years ago", DEFAULT_RATE),
        ("builder", DEFAULT_RATE),
        ("carrier", DEFAULT_RATE),
        ("industry unknown", DEFAULT_RATE),
    ],
)
def test_without_a_fresh_release_the_economy_is_not_known(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_a_table_nobody_handed_in_is_not_assessed(engine: Engine) -> None:
    found = features_of(engine, ECONOMY, COMPANIES, absent="macro_series")

    assert found.isna().all(axis=None)


def test_every_application_gets_one_row_however_many_share_their_day_and_section(engine: Engine) -> None:
    companies = {f"maker {n}": COMPANIES["maker"] for n in range(5)} | {"shop": COMPANIES["shop"]}

    found = features_of(engine, ECONOMY, companies, macro_series=SERIES)

    assert sorted(found.index) == sorted(companies)
    assert list(found[CLIMATE].sort_index()) == [1.5] * 5 + [-4]
