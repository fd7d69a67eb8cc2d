"""Environment, social responsibility and governance, each feature on companies small enough to calculate by hand."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from companies import Company, features_of
from tiny import Engine, days_before

from features.dimensions import CATALOGUE
from features.dimensions.esg import ESG

Value = Callable[[str, str], float]

ASSESSED = {"e_score": 55, "s_score": 60, "env_credit_grade": "yellow", "ghg_intensity": math.e,
            "social_insurance_coverage": 0.9, "injury_rate": 2.5, "board_size": 9, "independent_directors": 3,
            "ceo_chair_dual": True, "disclosure_score": 70, "related_party_share": 0.3,
            "share_pledge_ratio": 0.5}  # fmt: skip
FROM_ASSESSMENTS = {
    "en_credit_grade_ord": 2, "en_e_score": 55, "en_ghg_intensity_log": 1, "so_s_score": 60,
    "so_social_insurance_coverage": 0.9, "so_injury_rate": 2.5, "gv_board_independence": 1 / 3, "gv_ceo_chair_dual": 1,
    "gv_disclosure_score": 70, "gv_related_party_share": 0.3, "gv_share_pledge_ratio": 0.5,
}  # fmt: skip
FROM_EVENTS = ("en_penalty_cnt_3y", "en_penalty_amount_to_revenue_3y", "en_suspension_3y", "so_labour_dispute_per100_3y",
               "so_wage_arrears_3y", "gv_event_decay_3y")  # fmt: skip
GRADES = {"green": 0, "blue": 1, "yellow": 2, "red": 3, "black": 4}
REVENUE = {"financial_statements": [{"revenue": 1_000_000}]}
SEARCHED = {"source_checks": [{"source": "esg_events"}]}
STAFF = {"customers": [{"employees": 200}]}


def assessed(*assessments: tuple[int, dict[str, Any]]) -> Company:
    """Assessments by days before as_of and what they tell."""
    return {"esg_assessments": [{"assessed_on": days_before(days), **told} for days, told in assessments]}


def events(kind: str, *days: int, **values: Any) -> list[dict[str, Any]]:
    return [{"event_type": kind, "occurred_on": days_before(d), **values} for d in days]


def seen(*kinds: list[dict[str, Any]], **more: Any) -> Company:
    """Events of a company whose source was searched, with accounts and staff."""
    return {"esg_events": [event for some in kinds for event in some], **SEARCHED, **REVENUE, **STAFF, **more}


def governance(severity: int | None, *days: int) -> list[dict[str, Any]]:
    return events("fraud", *days, pillar="g", severity=severity)


COMPANIES: dict[str, Company] = {
    "unknown": {},
    "assessed": assessed((100, ASSESSED)),
    "assessed 729 days ago": assessed((729, ASSESSED)),
    "assessed 730 days ago": assessed((730, ASSESSED)),
    "assessed twice": assessed((400, {"e_score": 1, "ghg_intensity": 1, "ceo_chair_dual": False}), (100, ASSESSED)),
    "graded by the authority after an agency's scores": assessed((10, {"env_credit_grade": "black"}), (100, ASSESSED)),
    "assessed again tomorrow": assessed((100, ASSESSED), (50, {"e_score": 1, "available_at": days_before(-1)})),
    "no emissions": assessed((100, {"ghg_intensity": 0})),
    "emissions told before": assessed((100, {"ghg_intensity": 0}), (200, {"ghg_intensity": math.e**2})),
    "no board": assessed((100, {"independent_directors": 3}), (90, {"board_size": 5})),
    "more independent directors than directors": assessed((100, {"independent_directors": 7, "board_size": 5})),
    "one chairs, another manages": assessed((100, {"ceo_chair_dual": False})),
    **{f"graded {grade}": assessed((100, {"env_credit_grade": grade})) for grade in GRADES},
    "nothing found": {**SEARCHED},
    "nothing found 364 days ago": {"source_checks": [{"source": "esg_events", "checked_at": days_before(364)}]},
    "nothing found 365 days ago": {"source_checks": [{"source": "esg_events", "checked_at": days_before(365)}]},
    "search failed": {"source_checks": [{"source": "esg_events", "status": "failed"}]},
    "another source searched": {"source_checks": [{"source": "court"}]},
    "penalties": seen(events("env_penalty", 10, 20, amount=30_000), events("env_penalty", 30, amount=None)),
    "penalties on both sides of the window": seen(
        events("env_penalty", 0, 1094, amount=5_000), events("env_penalty", 1095, amount=1_000_000)
    ),
    "penalty of long ago learnt of today": seen(events("env_penalty", 1500, amount=1_000, known_at=days_before(0))),
    "penalty learnt of tomorrow": seen(events("env_penalty", 10, amount=1_000, known_at=days_before(-1))),
    "penalty of unknown amount": seen(events("env_penalty", 10)),
    "penalty without accounts": seen(events("env_penalty", 10, amount=1_000), financial_statements=[]),
    "penalty without revenue": seen(events("env_penalty", 10, amount=1_000), financial_statements=[{"revenue": 0}]),
    "penalty beyond revenue": seen(events("env_penalty", 10, amount=5_000_000)),
    "penalty never searched for": seen(events("env_penalty", 10, amount=30_000), source_checks=[]),
    "other events without accounts": seen(events("labour_dispute", 10), financial_statements=[], source_checks=[]),
    "suspended": seen(events("env_suspension", 1094)),
    "accident": seen(events("env_accident", 10)),
    "suspended too long ago": seen(events("env_suspension", 1095)),
    "disputes": seen(events("labour_dispute", 10, 20, 30, pillar="s")),
    "disputes on both sides of the window": seen(events("labour_dispute", 1094, 1095, pillar="s")),
    "disputes of unknown staff": seen(events("labour_dispute", 10, pillar="s"), customers=[{}]),
    "disputes of no staff": seen(events("labour_dispute", 10, pillar="s"), customers=[{"employees": 0}]),
    "disputes while the staff grew": seen(
        events("labour_dispute", 10, 20, pillar="s"),
        customers=[{"employees": 100}, {"employees": 400, "known_at": days_before(0)},
                   {"employees": 800, "known_at": days_before(-1)}],
    ),
    "disputes in a tiny company": seen(events("labour_dispute", 10, 20, pillar="s"), customers=[{"employees": 2}]),
    "wages in arrears": seen(events("wage_arrears", 1094, pillar="s")),
    "wages in arrears too long ago": seen(events("wage_arrears", 1095, pillar="s")),
    "governance today and a year ago": seen(governance(3, 0), governance(2, 365), events("env_accident", 0, severity=5)),
    "governance on both sides of the window": seen(governance(5, 1094), governance(5, 1095)),
    "governance of unknown severity": seen(governance(None, 10)),
    "governance of a bad company": seen(governance(5, *range(20))),
}  # fmt: skip


@pytest.fixture(scope="module")
def value(engine: Engine) -> Value:
    """The value of a feature by company and feature."""
    found = features_of(engine, ESG, COMPANIES)
    return lambda company, feature: float(found.loc[company, feature])


@pytest.mark.parametrize(("feature", "expected"), FROM_ASSESSMENTS.items())
@pytest.mark.parametrize("company", ["assessed", "assessed 729 days ago", "assessed twice", "assessed again tomorrow"])
def test_the_newest_assessment_that_reached_us_counts(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected)


@pytest.mark.parametrize("feature", FROM_ASSESSMENTS)
@pytest.mark.parametrize("company", ["unknown", "assessed 730 days ago", "nothing found"])
def test_a_company_not_assessed_for_two_years_is_not_known(value: Value, company: str, feature: str) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize(("grade", "expected"), GRADES.items())
def test_the_grades_of_the_authority_run_from_green_to_black(value: Value, grade: str, expected: int) -> None:
    assert value(f"graded {grade}", "en_credit_grade_ord") == expected


def test_a_grade_of_the_authority_does_not_hide_the_scores_of_an_agency(value: Value) -> None:
    company = "graded by the authority after an agency's scores"

    assert value(company, "en_credit_grade_ord") == 4
    assert value(company, "en_e_score") == 55


def test_no_emissions_have_no_logarithm(value: Value) -> None:
    assert math.isnan(value("no emissions", "en_ghg_intensity_log"))
    assert value("emissions told before", "en_ghg_intensity_log") == pytest.approx(2)


def test_carbon_intensity_is_standardised_within_the_industry_by_the_model_alone() -> None:
    standardised = {f.id: f.standardise_within for f in CATALOGUE.features if f.standardise_within}

    assert standardised == {"en_ghg_intensity_log": "cx_industry"}
    assert CATALOGUE.feature("cx_industry").is_category


def test_independence_needs_both_numbers_of_one_board(value: Value) -> None:
    assert math.isnan(value("no board", "gv_board_independence"))
    assert value("more independent directors than directors", "gv_board_independence") == 1


def test_two_persons_at_the_top_are_a_no_and_not_a_gap(value: Value) -> None:
    assert value("one chairs, another manages", "gv_ceo_chair_dual") == 0


@pytest.mark.parametrize("feature", FROM_EVENTS)
@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("nothing found", 0.0),
        ("nothing found 364 days ago", 0.0),
        ("nothing found 365 days ago", math.nan),
        ("search failed", math.nan),
        ("another source searched", math.nan),
        ("unknown", math.nan),
    ],
)
def test_only_a_search_of_the_last_year_makes_nothing_found_a_zero(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected, nan_ok=True)


def test_without_the_table_of_events_a_search_says_nothing(engine: Engine) -> None:
    found = features_of(engine, ESG, {"C": COMPANIES["penalties"]}, absent="esg_events")

    assert found.loc["C", list(FROM_EVENTS)].isna().all()


def test_without_any_accounts_penalties_are_counted_but_fines_have_no_measure(engine: Engine) -> None:
    companies = {"fined": COMPANIES["penalties"], "clean": COMPANIES["nothing found"], "dispute": COMPANIES["disputes"]}

    found = features_of(engine, ESG, companies, absent="financial_statements")

    assert found["en_penalty_cnt_3y"].to_dict() == {"fined": 3, "clean": 0, "dispute": 0}
    assert math.isnan(found.loc["fined", "en_penalty_amount_to_revenue_3y"])
    assert found.loc[["clean", "dispute"], "en_penalty_amount_to_revenue_3y"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("company", "feature", "expected"),
    [
        ("penalties", "en_penalty_cnt_3y", 3),
        ("penalties", "en_penalty_amount_to_revenue_3y", 0.06),
        ("penalties", "en_suspension_3y", 0),
        ("penalties", "so_labour_dispute_per100_3y", 0),
        ("penalties", "gv_event_decay_3y", 0),
        ("penalties on both sides of the window", "en_penalty_cnt_3y", 2),
        ("penalties on both sides of the window", "en_penalty_amount_to_revenue_3y", 0.01),
        ("penalty of long ago learnt of today", "en_penalty_cnt_3y", 0),
        ("penalty learnt of tomorrow", "en_penalty_cnt_3y", 0),
        ("penalty of unknown amount", "en_penalty_cnt_3y", 1),
        ("penalty beyond revenue", "en_penalty_amount_to_revenue_3y", 1),
        ("penalty never searched for", "en_penalty_cnt_3y", 1),
        ("penalty never searched for", "en_penalty_amount_to_revenue_3y", 0.03),
        ("suspended", "en_suspension_3y", 1),
        ("accident", "en_suspension_3y", 1),
        ("suspended too long ago", "en_suspension_3y", 0),
        ("disputes", "so_labour_dispute_per100_3y", 1.5),
        ("disputes", "en_penalty_amount_to_revenue_3y", 0),
        ("disputes on both sides of the window", "so_labour_dispute_per100_3y", 0.5),
        ("disputes while the staff grew", "so_labour_dispute_per100_3y", 0.5),
        ("disputes in a tiny company", "so_labour_dispute_per100_3y", 50),
        ("wages in arrears", "so_wage_arrears_3y", 1),
        ("wages in arrears", "so_labour_dispute_per100_3y", 0),
        ("wages in arrears too long ago", "so_wage_arrears_3y", 0),
        ("governance today and a year ago", "gv_event_decay_3y", 3 + 2 / math.e),
        ("governance on both sides of the window", "gv_event_decay_3y", 5 * math.exp(-1094 / 365)),
        ("governance of a bad company", "gv_event_decay_3y", 50),
    ],
)
def test_events_of_three_years_are_counted_as_a_clerk_would(
    value: Value, company: str, feature: str, expected: float
) -> None:
    assert value(company, feature) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    ("company", "feature"),
    [
        ("penalty of unknown amount", "en_penalty_amount_to_revenue_3y"),
        ("penalty without accounts", "en_penalty_amount_to_revenue_3y"),
        ("penalty without revenue", "en_penalty_amount_to_revenue_3y"),
        ("disputes of unknown staff", "so_labour_dispute_per100_3y"),
        ("disputes of no staff", "so_labour_dispute_per100_3y"),
        ("governance of unknown severity", "gv_event_decay_3y"),
    ],
)
def test_what_was_found_but_cannot_be_measured_is_missing_and_not_zero(
    value: Value, company: str, feature: str
) -> None:
    assert math.isnan(value(company, feature))


@pytest.mark.parametrize("feature", ["en_penalty_cnt_3y", "en_penalty_amount_to_revenue_3y", "so_wage_arrears_3y"])
def test_events_of_another_kind_do_not_stand_for_a_search(value: Value, feature: str) -> None:
    assert math.isnan(value("other events without accounts", feature))
