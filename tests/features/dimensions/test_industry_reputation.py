"""Industry standing and trustworthiness, each feature on companies small enough to calculate by hand."""

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from companies import Company, features_of
from tiny import Engine, days_before

from features.dimensions.industry_reputation import INDUSTRY_REPUTATION

Value = Callable[[str, str], float]
Rows = list[dict[str, Any]]

SEARCHED = {"source_checks": [{"source": "reputation"}]}
FROM_EVENTS = ("is_award_score_3y", "is_association_role", "tr_negative_news_decay", "tr_blacklist_3y")
FROM_OTHERS = ("is_customer_review_mean_1y", "is_customer_review_neg_share_1y", "is_partner_rating_mean_1y",
               "tr_reference_positive_share_2y", "tr_reference_dbt_2y", "tr_complaint_rate_12m")  # fmt: skip
ROLES = {"international": 5, "national": 4, "provincial": 2, "municipal": 1, "industry": 1}


def events(kind: str, *days: int, **values: Any) -> Rows:
    return [{"event_type": kind, "occurred_on": days_before(d), **values} for d in days]


def news(days: int, sentiment: float | None, weight: float | None) -> Rows:
    return events("news", days, sentiment=sentiment, weight=weight, level=None)


def seen(*kinds: Rows, **more: Any) -> Company:
    return {"reputation_events": [event for some in kinds for event in some], **SEARCHED, **more}


def reviews(*scores: float, days: int = 10, **values: Any) -> Rows:
    return [{"score": score, "reviewed_on": days_before(days), **values} for score in scores]


def reviewed(*some: Rows) -> Company:
    return {"reviews": [review for each in some for review in each]}


def answers(*told: tuple[float | None, float | None], days: int = 10, **values: Any) -> Rows:
    """Answers of other suppliers: days beyond terms and the highest credit given."""
    return [
        {"avg_days_beyond_terms": late, "high_credit": credit, "given_on": days_before(days), **values}
        for late, credit in told
    ]


def asked(*some: Rows) -> Company:
    return {"trade_references": [answer for each in some for answer in each]}


def shipped(*months: tuple[int, float | None, int | None]) -> Company:
    """Months before June 2024, units shipped and complaints, each reported ten days after the month began."""
    return {
        "operating_metrics": [
            {"month": date(2024 - (6 + back) // 12, 12 - (6 + back) % 12, 1),
             "reported_at": date(2024 - (6 + back) // 12, 12 - (6 + back) % 12, 11),
             "units_shipped": units, "complaints": complaints}
            for back, units, complaints in months
        ]
    }  # fmt: skip


COMPANIES: dict[str, Company] = {
    "unknown": {},
    "nothing found": {**SEARCHED},
    "nothing found 365 days ago": {"source_checks": [{"source": "reputation", "checked_at": days_before(365)}]},
    "search failed": {"source_checks": [{"source": "reputation", "status": "failed"}]},
    "another source searched": {"source_checks": [{"source": "court"}]},
    "awards": seen(events("award", 0, level="international"), events("award", 730, level="provincial")),
    "awards on both sides of the window": seen(events("award", 1094, 1095, level="national")),
    "award of long ago learnt of today": seen(events("award", 1500, known_at=days_before(0))),
    "award learnt of tomorrow": seen(events("award", 10, known_at=days_before(-1))),
    "award of unknown level": seen(events("award", 10, level=None)),
    "many awards": seen(events("award", *range(20), level="international")),
    "award never searched": seen(events("award", 0, level="municipal"), source_checks=[]),
    **{f"role {level}": seen(events("association_role", 3000, level=level)) for level in ROLES},
    "roles": seen(
        events("association_role", 900, level="municipal"),
        events("association_role", 800, level="national", expires_on=days_before(1)),
        events("association_role", 700, level="provincial", expires_on=days_before(0)),
        events("award", 10, level="international"),
    ),
    "role expired": seen(events("association_role", 700, level="national", expires_on=days_before(1))),
    "role of unknown level": seen(events("association_role", 700, level=None)),
    "bad news": seen(news(0, -1.0, 0.5), news(180, -0.5, 1.0), news(0, 0.9, 1.0), news(0, 0.0, 1.0)),
    "bad news on both sides of the window": seen(news(364, -1.0, 1.0), news(365, -1.0, 1.0)),
    "news of unknown tone": seen(news(10, None, 1.0)),
    "bad news of unknown reach": seen(news(10, -1.0, None)),
    "good news never searched": seen(news(10, 1.0, 1.0), source_checks=[]),
    "blacklisted": seen(events("blacklist", 1094)),
    "blacklisted too long ago": seen(events("blacklist", 1095)),
    "blacklisted, learnt of tomorrow": seen(events("blacklist", 10, known_at=days_before(-1))),
    "reviews": reviewed(reviews(5, 4, 3, 2, 1), reviews(1, 1, reviewer_type="bank")),
    "reviews on several scales": reviewed(reviews(2), reviews(40, scale_max=100), reviews(4, 9, 10, scale_max=10)),
    "reviews on both sides of the window": reviewed(reviews(5, days=364), reviews(1, 1, 1, 1, days=365)),
    "reviews told tomorrow": reviewed(reviews(1, 1, 1, 1, 1, known_at=days_before(-1))),
    "a score above the highest": reviewed(reviews(9)),
    "four bad reviews": reviewed(reviews(1, 1, 1, 1)),
    "five bad reviews": reviewed(reviews(1, 1, 1, 1, 1)),
    "partners": reviewed(*(reviews(5, reviewer_type=who) for who in ("supplier", "distributor", "bank", "peer"))),
    "references": asked(answers((10, 300_000), (40, 100_000)), answers((0, None), (0, 0), recommended=False)),
    "references without credit": asked(answers((10, None), (40, None), (None, 100_000), recommended=None)),
    "references without days": asked(answers((None, 100_000))),
    "references of no credit": asked(answers((10, 0), (40, 0))),
    "wild reference": asked(answers((1e9, 100_000), (0, 100_000))),
    "early payer": asked(answers((-1e9, None))),
    "huge credit": asked(answers((180, 10**12), (0, 10**12))),
    "references on both sides of the window": asked(
        answers((5, None), days=729), answers((90, None), days=730, recommended=False)
    ),
    "reference that came tomorrow": asked(answers((5, None), known_at=days_before(-1))),
    "complaints": shipped((0, 1000.5, 2), (1, 999.5, 4), (2, None, 500), (3, 4000, None), (12, 1, 900)),
    "complaints without shipments": shipped((0, 0, 5)),
    "more complaints than units": shipped((0, 10, 9)),
}


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    found = features_of(engine, INDUSTRY_REPUTATION, COMPANIES)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize("feature", FROM_EVENTS)
def test_a_search_that_found_nothing_is_zero_and_no_search_is_missing(value: Value, feature: str) -> None:
    assert value("nothing found", feature) == 0
    for company in ("unknown", "nothing found 365 days ago", "search failed", "another source searched"):
        assert math.isnan(value(company, feature))


@pytest.mark.parametrize("feature", FROM_OTHERS)
def test_a_company_of_whom_nobody_spoke_is_not_known(value: Value, feature: str) -> None:
    assert math.isnan(value("unknown", feature))
    assert math.isnan(value("nothing found", feature))


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("awards", "is_award_score_3y", 5 + 2 / math.e),
        ("awards", "is_association_role", 0),
        ("awards", "tr_blacklist_3y", 0),
        ("awards on both sides of the window", "is_award_score_3y", 4 * math.exp(-1094 / 730)),
        ("award of long ago learnt of today", "is_award_score_3y", 0),
        ("award learnt of tomorrow", "is_award_score_3y", 0),
        ("many awards", "is_award_score_3y", 30),
        ("award never searched", "is_award_score_3y", 1),
        ("roles", "is_association_role", 2),
        ("roles", "is_award_score_3y", 5 * math.exp(-10 / 730)),
        ("role expired", "is_association_role", 0),
        ("bad news", "tr_negative_news_decay", 0.5 + 0.5 / math.e),
        ("bad news", "is_award_score_3y", 0),
        ("bad news on both sides of the window", "tr_negative_news_decay", math.exp(-364 / 180)),
        ("news of unknown tone", "tr_negative_news_decay", 0),
        ("blacklisted", "tr_blacklist_3y", 1),
        ("blacklisted too long ago", "tr_blacklist_3y", 0),
        ("blacklisted, learnt of tomorrow", "tr_blacklist_3y", 0),
    ],
)
def test_events_count_by_their_level_their_tone_and_their_age(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(("level", "expected"), ROLES.items())
def test_a_role_counts_by_its_level(value: Value, level: str, expected: int) -> None:
    assert value(f"role {level}", "is_association_role") == expected


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("award of unknown level", "is_award_score_3y"),
        ("role of unknown level", "is_association_role"),
        ("bad news of unknown reach", "tr_negative_news_decay"),
        ("good news never searched", "tr_negative_news_decay"),
        ("good news never searched", "tr_blacklist_3y"),
        ("award never searched", "is_association_role"),
    ],
)
def test_what_cannot_be_weighed_or_was_not_searched_is_missing_and_not_zero(
    value: Value, company: str, feature: str
) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("reviews", "is_customer_review_mean_1y", (7 + 3) / 15),
        ("reviews", "is_customer_review_neg_share_1y", 0.4),
        ("reviews", "is_partner_rating_mean_1y", (3.75 + 0.4) / 7),
        ("reviews on several scales", "is_customer_review_mean_1y", (7 + 0.4 * 3 + 0.9 + 1) / 15),
        ("reviews on several scales", "is_customer_review_neg_share_1y", 0.6),
        ("reviews on both sides of the window", "is_customer_review_mean_1y", 8 / 11),
        ("a score above the highest", "is_customer_review_mean_1y", 8 / 11),
        ("five bad reviews", "is_customer_review_neg_share_1y", 1),
        ("partners", "is_partner_rating_mean_1y", (3.75 + 4) / 9),
    ],
)
def test_few_reviews_say_little_and_are_drawn_to_the_usual_mark(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("four bad reviews", "is_customer_review_neg_share_1y"),
        ("four bad reviews", "is_partner_rating_mean_1y"),
        ("reviews on both sides of the window", "is_customer_review_neg_share_1y"),
        ("reviews told tomorrow", "is_customer_review_mean_1y"),
        ("partners", "is_customer_review_mean_1y"),
        ("partners", "is_customer_review_neg_share_1y"),
    ],
)
def test_too_few_reviews_are_no_opinion(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("references", "tr_reference_positive_share_2y", 0.5),
        ("references", "tr_reference_dbt_2y", (10 * 3 + 40) / 4),
        ("references without credit", "tr_reference_dbt_2y", 25),
        ("references of no credit", "tr_reference_dbt_2y", 25),
        ("references without days", "tr_reference_positive_share_2y", 1),
        ("wild reference", "tr_reference_dbt_2y", 90),
        ("early payer", "tr_reference_dbt_2y", -30),
        ("huge credit", "tr_reference_dbt_2y", 90),
        ("references on both sides of the window", "tr_reference_positive_share_2y", 1),
        ("references on both sides of the window", "tr_reference_dbt_2y", 5),
        ("complaints", "tr_complaint_rate_12m", 3),
        ("more complaints than units", "tr_complaint_rate_12m", 200),
    ],
)
def test_suppliers_and_customers_are_heard_by_what_they_lent_and_bought(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("references without credit", "tr_reference_positive_share_2y"),
        ("references without days", "tr_reference_dbt_2y"),
        ("reference that came tomorrow", "tr_reference_positive_share_2y"),
        ("reference that came tomorrow", "tr_reference_dbt_2y"),
        ("complaints without shipments", "tr_complaint_rate_12m"),
    ],
)
def test_an_answer_that_says_nothing_is_missing_and_not_zero(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


def test_a_table_nobody_handed_in_is_not_assessed_however_much_was_searched(engine: Engine) -> None:
    found = features_of(engine, INDUSTRY_REPUTATION, COMPANIES, absent="reputation_events")

    assert found[list(FROM_EVENTS)].isna().all(axis=None)
    assert found.loc["partners", "is_partner_rating_mean_1y"] > 0.75
