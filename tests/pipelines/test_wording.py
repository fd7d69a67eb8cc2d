"""Values as a lender reads them: money, dates, shares and feature values in both languages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import Feature
from features.dimensions import CATALOGUE
from models.counterfactual import _step
from pipelines.pages.wording import DASH, Wording

EN, ZH = Wording("en"), Wording("zh")


def value(feature_id: str, x: float | str | None, w: Wording) -> str:
    return w.value(CATALOGUE.feature(feature_id), x)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.4567, "45.7%"),
        (0.0234, "2.34%"),
        (0.00083, "0.083%"),
        (0, "0%"),
        (1, "100.0%"),
        (-0.05, "−5.00%"),
        (None, DASH),
    ],
)
def test_a_share_has_the_digits_that_matter(share: float | None, words: str):
    assert EN.percent(share) == words


@pytest.mark.parametrize(
    ("feature", "english", "chinese"),
    [
        ("ch_prior_default_decay", "not searched", "未查询"),
        ("sv_current_ratio", "not provided", "未提供"),
        ("rr_max_dpd_365d", "not applicable", "不适用"),
        ("cx_company_age_years", "no data", "无数据"),
    ],
)
def test_a_missing_value_says_why_it_is_missing(feature: str, english: str, chinese: str):
    assert (EN.known(CATALOGUE.feature(feature), None), ZH.known(CATALOGUE.feature(feature), None)) == (
        english,
        chinese,
    )


def test_a_monthly_trend_in_logs_reads_as_growth_a_month():
    assert value("bo_sales_slope_6m", 0.01, EN) == "1.01% a month"
    assert value("bo_sales_slope_6m", -0.01, ZH) == "每月 −1.00%"


def test_a_search_that_found_nothing_is_no_bare_zero_but_a_settled_delay_of_zero_is():
    assert (value("ch_prior_default_decay", 0.0, EN), value("ch_prior_default_decay", 0.0, ZH)) == (
        "none in period",
        "期内无记录",
    )
    assert value("rr_max_dpd_365d", 0.0, EN) == "0 days"


@pytest.mark.parametrize(
    ("points", "words"), [(12.34, "+12.3"), (-7.25, "−7.2"), (0.0, "0.0"), (0.02, "0.0"), (-0.02, "0.0"), (None, DASH)]
)
def test_points_carry_their_sign_unless_they_round_to_none(points: float | None, words: str):
    assert EN.points(points) == words


def test_money_names_its_currency_and_separates_thousands():
    assert EN.money(1234567.0, "CNY") == "CNY 1,234,567"
    assert ZH.money(1234567.0, "CNY") == "人民币 1,234,567 元"
    assert ZH.money(50.0, "CHF") == "CHF 50"
    assert EN.money(None, "CNY") == DASH


def test_days_are_iso_in_english_and_written_out_in_chinese():
    assert (EN.day("2024-03-05"), ZH.day("2024-03-05")) == ("2024-03-05", "2024年3月5日")
    assert EN.day(None) == DASH


@pytest.mark.parametrize(
    ("window", "english", "chinese"),
    [
        ("365d", "past 365 days", "近365天"),
        ("180d", "past 180 days", "近180天"),
        ("1825d", "past 5 years", "近5年"),
        ("FS<=24m", "latest statement", "最近年报"),
        ("as_of", "application day", "申请日"),
        ("latest<=365d", "latest in 365 days", "365天内最新"),
        ("as_of+180d", "next 180 days", "未来180天"),
        ("a new notation", "a new notation", "a new notation"),
    ],
)
def test_an_observation_period_reads_as_words(window: str, english: str, chinese: str):
    assert (EN.window(window), ZH.window(window)) == (english, chinese)


@pytest.mark.parametrize(
    ("feature", "x", "english", "chinese"),
    [
        ("rr_dbt_wavg_180d", 12.34, "12.3 days", "12.3 天"),
        ("sv_liabilities_to_assets", 0.62, "62.0%", "62.0%"),
        ("sv_current_ratio", 1.5, "1.50", "1.50"),
        ("sv_interest_coverage", 4.0, "4×", "4 倍"),
        ("co_tenure_months", 31.0, "31 months", "31 个月"),
        ("sv_negative_equity", 1.0, "yes", "是"),
        ("sv_negative_equity", 0.5, "0.50", "0.50"),
        ("cx_log_assets", 16.3, "12.0 million", "1,199 万"),
        ("cx_industry", "C", "manufacturing", "制造业"),
        ("cx_region", "31", "31 Shanghai", "31 上海"),
        ("cx_region", "US-TX", "US-TX", "US-TX"),
        ("rr_bounced_cnt_365d", 2.0, "2", "2"),
        ("pf_roa", -0.031, "−3.10%", "−3.10%"),
        ("pf_roa", None, DASH, DASH),
        ("pf_roa", float("nan"), DASH, DASH),
    ],
)
def test_a_feature_value_reads_in_natural_units(feature: str, x: float | str | None, english: str, chinese: str):
    assert (value(feature, x, EN), value(feature, x, ZH)) == (english, chinese)


def test_a_value_shown_as_an_amount_is_not_called_a_logarithm():
    feature = CATALOGUE.feature("cx_log_assets")

    assert (EN.feature(feature), ZH.feature(feature)) == ("Size by total assets", "资产规模")


def test_an_industry_shows_its_code_and_section_and_an_unstated_one_says_so():
    assert ZH.industry("C26") == "C26 制造业"
    assert EN.industry("Z00") == "industry not stated"


def test_an_interval_needs_both_its_ends():
    assert EN.metric({"value": 0.8, "low": 0.78, "high": 0.82}) == "0.800 (0.780 to 0.820)"
    assert EN.metric({"value": 0.8, "low": None, "high": 0.82}) == "0.800"
    assert EN.metric(None) == DASH


@given(x=st.floats(), feature=st.sampled_from([f for f in CATALOGUE.features if f.clip]))
def test_no_number_reads_as_nan_infinity_or_minus_zero(x: float, feature: Feature):
    clipped = min(max(x, feature.clip[0]), feature.clip[1]) if feature.clip and x == x else x

    said = [EN.number(x, 2), EN.percent(x), EN.points(x), ZH.value(feature, clipped)]

    assert not [s for s in said if re.search(r"nan|inf|[-−]0(\.0*)?(?![\d.])", s)]


def test_a_counterfactual_s_steps_survive_their_words():
    """What a scenario tells must be the value that was scored, so the words keep every digit of a step."""
    for feature in (f for f in CATALOGUE.of_role("model") if f.actionable and f.unit == "ratio"):
        step = _step(feature)
        told = [value(feature.id, k * step, EN) for k in range(1, 200)]
        assert len(set(told)) == len(told), feature.id
