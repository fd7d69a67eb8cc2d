"""Context (背景变量): size, age, industry, region and the request itself; no admission indicator of the article."""

import ibis

from features.catalogue import Dimension, Feature, Indicator
from features.frames.application import APPLICATION
from features.frames.evidence import EVIDENCE
from features.frames.statements import STATEMENTS
from features.frames.surroundings import ECONOMY
from features.frames.verbs import ratio
from features.point_in_time import age_days
from features.tables import MINOR_UNITS

DAYS_PER_YEAR = 365.25

CONTEXT_FACTORS = Indicator(
    id="context",
    code="CX01",
    en="Context",
    zh="背景变量",
    stance="context",
    good_en="Favourable context",
    good_zh="背景条件有利",
    bad_en="Unfavourable context",
    bad_zh="背景条件不利",
    features=(
        Feature(
            id="cx_log_assets",
            en="Size by total assets (log)",
            zh="资产规模（对数）",
            formula="ln(total assets)",
            frame=STATEMENTS,
            expression=lambda v: (
                ibis.ifelse(v.total_assets > 0, v.total_assets, ibis.null("int64")).cast("float64") / MINOR_UNITS
            ).ln(),
            window="FS<=24m",
            unit="log",
            direction=-1,
            missing="informative",
            clip=(0, 40.0),
            source="Ohlson SIZE; RiskCalc size",
        ),
        Feature(
            id="cx_log_market_value",
            en="Size by market value (log)",
            zh="市值规模（对数）",
            formula="ln(market capitalisation), listed companies",
            frame=STATEMENTS,
            expression=lambda v: (
                ibis.ifelse(v.market_cap > 0, v.market_cap, ibis.null("int64")).cast("float64") / MINOR_UNITS
            ).ln(),
            window="FS<=24m",
            unit="log",
            # Among listed companies small and failing is not one order: on US accounts the constraint costs a quarter of the
            # average precision (development folds), and size is no admission indicator of the article.
            direction=0,
            missing="structural",
            clip=(0, 40.0),
            source="Campbell, Hilscher and Szilagyi 2008 (RSIZE)",
        ),
        Feature(
            id="cx_company_age_years",
            en="Company age",
            zh="企业年龄",
            formula="(as_of - established_on)/365.25",
            frame=APPLICATION,
            expression=lambda v: age_days(v, "established_on").cast("float64") / DAYS_PER_YEAR,
            window="as_of",
            unit="years",
            direction=-1,
            missing="random",
            clip=(0, 100),
            source="Altman, Sabato and Wilson 2010",
        ),
        Feature(
            id="cx_industry",
            en="Industry section",
            zh="行业门类",
            formula="first letter of industry_code",
            frame=APPLICATION,
            expression=lambda v: v.industry_code.left(1),
            window="as_of",
            unit="category",
            direction=0,
            missing="random",
            clip=None,
            source="GB/T 4754",
        ),
        Feature(
            id="cx_region",
            en="Region",
            zh="地区",
            formula="region_code",
            frame=APPLICATION,
            expression=lambda v: v.region_code,
            window="as_of",
            unit="category",
            direction=0,
            missing="random",
            clip=None,
            source="GB/T 2260",
        ),
        Feature(
            id="cx_business_climate",
            en="Business climate",
            zh="行业景气指数",
            formula="newest business climate released by as_of, of the industry section, else of the whole economy",
            frame=ECONOMY,
            expression=lambda v: v.business_climate,
            window="latest<=62d",
            unit="z",
            direction=-1,
            missing="random",
            clip=(-4, 4),
            source="point-in-time rating philosophy",
        ),
        Feature(
            id="cx_industry_default_rate",
            en="Default rate of the industry",
            zh="行业违约率（滞后）",
            formula="newest default rate released by as_of, of the industry section, else of the whole economy",
            frame=ECONOMY,
            expression=lambda v: v.industry_default_rate,
            window="latest<=92d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 0.5),
            source="RiskCalc sector adjustment",
        ),
        Feature(
            id="cx_requested_terms_days",
            en="Requested payment terms",
            zh="申请账期",
            formula="requested_terms_days",
            frame=APPLICATION,
            expression=lambda v: v.requested_terms_days,
            window="as_of",
            unit="days",
            direction=1,
            missing="random",
            clip=(0, 360),
            source="trade-credit practice",
            actionable=True,
        ),
        Feature(
            id="cx_log_requested_limit",
            en="Size of the request (log)",
            zh="申请额度（对数）",
            formula="ln(requested_limit)",
            frame=APPLICATION,
            expression=lambda v: (v.requested_limit.cast("float64") / MINOR_UNITS).ln(),
            window="as_of",
            unit="log",
            # Large requests come from large customers and from desperate ones: no direction is settled.
            direction=0,
            missing="random",
            clip=(-5, 40.0),
            source="trade-credit practice",
        ),
        Feature(
            id="cx_is_new_customer",
            en="New customer",
            zh="新客户",
            formula="is_new_customer; else no invoice booked by as_of",
            frame=APPLICATION,
            expression=lambda v: v.is_new_customer.cast("int64"),
            window="as_of",
            unit="flag",
            direction=0,
            missing="random",
            clip=(0, 1),
            source="separates the structurally missing own ledger",
        ),
        Feature(
            id="cx_evidence_coverage",
            en="Share of admission indicators assessed",
            zh="资料完整度",
            formula="admission indicators with any value / 18",
            frame=EVIDENCE,
            expression=lambda v: ratio(v.assessed, v.assessable),
            window="as_of",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="informative absence in the aggregate (Altman, Sabato and Wilson 2010)",
            actionable=True,
        ),
    ),
)

CONTEXT = Dimension(
    id="context",
    en="Context",
    zh="背景变量",
    indicators=(CONTEXT_FACTORS,),
)
