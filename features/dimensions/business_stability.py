"""Dimension 3, business stability (业务稳定性): business operations and market performance."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Dimension, Feature, Indicator
from features.frames.business import MARKET, OPERATIONS, SURVEY_DAYS, in_last_months
from features.frames.verbs import first_known, mean, ratio
from features.point_in_time import days_between, within
from features.tables import MINOR_UNITS

_MILLIONTHS = 1_000_000
_THOUSANDTHS = 1_000
_ENOUGH_OF_YEAR = 10
"""Months that must be known of twelve for a sum to be scaled to the year."""
_FASTEST_INDUSTRY = 10.0
"""No industry sells eleven times what it sold a year before; a larger figure is an error and must not rule the mean."""


def _enough(value: ir.NumericValue, known: ir.IntegerValue, months: int) -> ir.NumericValue:
    return ibis.ifelse(known >= months, value, ibis.null("float64"))


def _monthly_sales(view: ir.Table, ending: int = 0) -> ir.FloatingValue:
    """Return the mean monthly sales, in minor units, of the twelve months that end `ending` months before the newest."""
    rows = in_last_months(view, 12, ending)
    known = view.sales_amount.count(where=rows)
    return _enough(ratio(view.sales_amount.sum(where=rows), known), known, _ENOUGH_OF_YEAR)


def _growth(view: ir.Table) -> ir.FloatingValue:
    """Return S12/S12prev; the mean of the months known stands for each of them, which scales the sums to twelve."""
    return ratio(_monthly_sales(view), _monthly_sales(view, ending=12))


def _sales_variation(view: ir.Table) -> ir.FloatingValue:
    """Return sd/mean of monthly sales, sd of a sample.

    Sales are taken as whole millionths of their peak: squares of minor units do not fit 64 bits, squares of these do, and
    integer sums are exact.
    """
    parts = (view.of_peak * _MILLIONTHS).round().cast("int64")
    known, total, squares = parts.count(), parts.sum(), (parts * parts).sum()
    spread = ratio((known * squares - total * total) * known, known - 1).sqrt()
    return _enough(ratio(spread, total), known, 9)


def _sales_slope(view: ir.Table) -> ir.FloatingValue:
    """Return the least-squares slope of ln(sales + 1) by month, from integer sums of whole millionths."""
    rows = in_last_months(view, 6) & view.sales_amount.notnull()
    month = -view.months_back
    sales = ((view.sales_amount.cast("float64") / MINOR_UNITS + 1).ln() * _MILLIONTHS).round().cast("int64")
    known, x, y = rows.sum(), month.sum(where=rows), sales.sum(where=rows)
    together, squares = (month * sales).sum(where=rows), (month * month).sum(where=rows)
    slope = ratio(known * together - x * y, known * squares - x * x) / _MILLIONTHS
    return _enough(slope, known, 5)


def _invoicing_gap(view: ir.Table) -> ir.FloatingValue:
    both = in_last_months(view, 12) & view.sales_amount.notnull() & view.vat_invoiced_sales.notnull()
    sales, invoiced = view.sales_amount.sum(where=both), view.vat_invoiced_sales.sum(where=both)
    return ratio((sales - invoiced).abs(), sales)


def _return_rate(view: ir.Table) -> ir.FloatingValue:
    both = in_last_months(view, 12) & view.units_shipped.notnull() & view.units_returned.notnull()
    shipped, returned = (
        (units * _THOUSANDTHS).round().cast("int64").sum(where=both)
        for units in (view.units_shipped, view.units_returned)
    )
    return ratio(returned, shipped)


def _growth_against_industry(view: ir.Table) -> ir.FloatingValue:
    rows = in_last_months(view, 12)
    believable = view.industry_yoy.clip(-1.0, _FASTEST_INDUSTRY)
    industry = _enough(mean(believable, rows), believable.count(where=rows), _ENOUGH_OF_YEAR)
    return _log(_growth(view)) - _log(1 + industry)


def _log(factor: ir.FloatingValue) -> ir.FloatingValue:
    return ibis.ifelse(factor > 0, factor, ibis.null("float64")).ln()


def _newest_survey(view: ir.Table, value: ir.NumericValue) -> ir.NumericValue:
    return first_known(value, view.place, within(view, "survey_date", SURVEY_DAYS))


def _share_change(view: ir.Table) -> ir.FloatingValue:
    """Return the newest market share minus the share a year before it, as the same provider saw it."""
    gap = days_between(view.survey_date, view.newest_date)
    comparable = (view.provider == view.newest_provider) & gap.between(365 - 120, 365 + 120)
    # Of two surveys equally far from a year the later counts, so that no two share a place.
    distance = 2 * (gap - 365).abs() + (gap > 365).cast("int64")
    return view.newest_share.max() - first_known(view.market_share, distance, comparable)


BUSINESS_OPERATIONS = Indicator(
    id="business_operations",
    code="BS01",
    en="Business operations",
    zh="业务运营情况",
    stance="explicit",
    good_en="Healthy business operations",
    good_zh="业务运营情况良好",
    bad_en="Weak business operations",
    bad_zh="业务运营情况不佳",
    features=(
        Feature(
            id="bo_sales_decline_yoy",
            en="Sales decline, year on year",
            zh="销售额同比下滑",
            # Not the last calendar months: reports lag, so a month or two of those are never known.
            formula="max(0, 1 - S12/S12prev): 12 months up to the newest known month, at most 183 days old, against the 12 "
            "before, each scaled from the months known; null with fewer than 10 of either",
            frame=OPERATIONS,
            expression=lambda v: (1 - _growth(v)).clip(lower=0.0),
            window="24m",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="source article §3; RiskCalc growth is U-shaped, so decline and excess apart",
        ),
        Feature(
            id="bo_sales_excess_growth",
            en="Excess sales growth",
            zh="销售额过快增长",
            formula="max(0, S12/S12prev - 1.30), S12 and S12prev as in the sales decline",
            frame=OPERATIONS,
            expression=lambda v: (_growth(v) - 1.30).clip(lower=0.0),
            window="24m",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 3),
            source="RiskCalc growth is U-shaped, so decline and excess apart",
        ),
        Feature(
            id="bo_sales_cv_12m",
            en="Sales volatility",
            zh="销售额波动系数",
            formula="sample sd / mean of monthly sales over the 12 months up to the newest known; null with fewer than 9",
            frame=OPERATIONS,
            expression=_sales_variation,
            window="12m",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 3),
            source="EBA/GL/2020/06 5.2 (business stability)",
        ),
        Feature(
            id="bo_sales_slope_6m",
            en="Sales trend, 6 months",
            zh="销售额月趋势",
            formula="least-squares slope of ln(sales + 1) by month over the 6 months up to the newest known; null with fewer "
            "than 5",
            frame=OPERATIONS,
            expression=_sales_slope,
            window="6m",
            unit="log/month",
            direction=-1,
            missing="random",
            clip=(-0.5, 0.5),
            source="source article §3",
        ),
        Feature(
            id="bo_backlog_months",
            en="Order backlog cover",
            zh="在手订单覆盖月数",
            formula="newest order backlog told in the 12 months / (S12/12)",
            frame=OPERATIONS,
            expression=lambda v: ratio(
                first_known(v.order_backlog, v.months_back, in_last_months(v, 12)), _monthly_sales(v)
            ),
            window="12m",
            unit="months",
            direction=-1,
            missing="random",
            clip=(0, 24),
            source="source article §3; EBA/GL/2020/06",
        ),
        Feature(
            id="bo_top1_customer_share",
            en="Share of the largest customer",
            zh="第一大客户占比",
            formula="newest share of the largest customer told in the last 6 months",
            frame=OPERATIONS,
            expression=lambda v: first_known(v.top1_customer_share, v.months_back, in_last_months(v, 6)),
            window="6m",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="customer concentration (SEC and CSRC disclosure rules)",
        ),
        Feature(
            id="bo_customer_satisfaction_12m",
            en="Customer satisfaction",
            zh="客户满意度",
            formula="mean of customer satisfaction over the 12 months up to the newest known",
            frame=OPERATIONS,
            expression=lambda v: mean(v.customer_satisfaction, in_last_months(v, 12)),
            window="12m",
            unit="score",
            direction=-1,
            missing="random",
            clip=(0, 100),
            source="source article §3.1",
        ),
        Feature(
            id="bo_vat_gap_12m",
            en="Gap between reported and invoiced sales",
            zh="开票收入差异率",
            formula="|sum of sales - sum of sales invoiced for VAT| / sum of sales, over those of the 12 months with both",
            frame=OPERATIONS,
            expression=_invoicing_gap,
            window="12m",
            unit="ratio",
            direction=1,
            missing="informative",
            clip=(0, 1),
            source="check against tax invoices (税票数据核验)",
            actionable=True,
        ),
    ),
)

MARKET_PERFORMANCE = Indicator(
    id="market_performance",
    code="BS02",
    en="Market performance",
    zh="市场表现",
    stance="explicit",
    good_en="Good market performance",
    good_zh="市场表现良好",
    bad_en="Weak market performance",
    bad_zh="市场表现不佳",
    features=(
        Feature(
            id="mp_market_share",
            en="Market share",
            zh="市场占有率",
            formula="market share in the newest survey that tells it",
            frame=MARKET,
            expression=lambda v: _newest_survey(v, v.market_share),
            window="latest<=730d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="source article §3.2",
        ),
        Feature(
            id="mp_market_share_change_1y",
            en="Change in market share, 1 year",
            zh="市场占有率变动",
            formula="newest market share minus that of the same provider's survey nearest to 365 days before it (245 to 485; "
            "of two equally near the later)",
            frame=MARKET,
            expression=_share_change,
            window="850d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(-1, 1),
            source="source article §3.1",
        ),
        Feature(
            id="mp_brand_score",
            en="Strength of the brand",
            zh="品牌影响力",
            formula="brand score in the newest survey that tells it",
            frame=MARKET,
            expression=lambda v: _newest_survey(v, v.brand_score),
            window="latest<=730d",
            unit="score",
            direction=-1,
            missing="random",
            clip=(0, 100),
            source="source article §3.2",
        ),
        Feature(
            id="mp_product_quality_score",
            en="Product quality",
            zh="产品质量评分",
            formula="product quality score in the newest survey that tells it",
            frame=MARKET,
            expression=lambda v: _newest_survey(v, v.product_quality_score),
            window="latest<=730d",
            unit="score",
            direction=-1,
            missing="random",
            clip=(0, 100),
            source="source article §3.2",
        ),
        Feature(
            id="mp_return_rate_12m",
            en="Return rate",
            zh="退货率",
            formula="units returned / units shipped, over those of the 12 months up to the newest known that tell both",
            frame=OPERATIONS,
            expression=_return_rate,
            window="12m",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="source article §3.2 (product quality)",
        ),
        Feature(
            id="mp_growth_vs_industry",
            en="Growth against the industry",
            zh="相对行业增速",
            # Both sides as logs: a company that grows with its industry is at 0 whatever the growth.
            formula="ln(S12/S12prev) - ln(1 + mean sales growth of the industry section in the same 12 months as released "
            "by as_of); null with fewer than 10 released",
            frame=OPERATIONS,
            expression=_growth_against_industry,
            window="24m",
            unit="log-ratio",
            direction=-1,
            missing="random",
            clip=(-2, 2),
            source="RiskCalc; source article §3.2",
        ),
    ),
)

BUSINESS_STABILITY = Dimension(
    id="business_stability",
    en="Business stability",
    zh="业务稳定性",
    indicators=(
        BUSINESS_OPERATIONS,
        MARKET_PERFORMANCE,
    ),
)
