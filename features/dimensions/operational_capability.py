"""Dimension 6, operating capability (运营能力): management level and operating capability."""

import ibis

from features.catalogue import Dimension, Feature, Indicator
from features.frames.statements import STATEMENTS
from features.frames.verbs import ratio

MANAGEMENT_LEVEL = Indicator(
    id="management_level",
    code="OC01",
    en="Management level",
    zh="经营管理水平",
    stance="explicit",
    good_en="High management level",
    good_zh="经营管理水平较高",
    bad_en="Weak management level",
    bad_zh="经营管理水平较差",
)

OPERATING_CAPABILITY = Indicator(
    id="operating_capability",
    code="OC02",
    en="Operating capability",
    zh="业务运营能力",
    stance="explicit",
    good_en="Strong operating capability",
    good_zh="业务运营能力较强",
    bad_en="Weak operating capability",
    bad_zh="业务运营能力较差",
    features=(
        Feature(
            id="oc_asset_turnover",
            en="Asset turnover",
            zh="总资产周转率",
            formula="revenue / mean of total assets of FS0 and FS1",
            frame=STATEMENTS,
            expression=lambda v: ratio(2 * v.revenue, v.total_assets + v.total_assets_1y.coalesce(v.total_assets)),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(0, 10.0),
            source="Altman X5; RiskCalc activity",
        ),
        Feature(
            id="oc_inventory_days",
            en="Days of inventory",
            zh="存货周转天数",
            formula="365 * inventories / cost of sales",
            frame=STATEMENTS,
            expression=lambda v: (
                365 * ratio(v.inventories, ibis.ifelse(v.cost_of_sales > 0, v.cost_of_sales, ibis.null("int64")))
            ),
            window="FS<=24m",
            unit="days",
            direction=1,
            missing="informative",
            clip=(0, 1000),
            source="RiskCalc activity (inventories/COGS)",
        ),
    ),
)

OPERATIONAL_CAPABILITY = Dimension(
    id="operational_capability",
    en="Operating capability",
    zh="运营能力",
    indicators=(
        MANAGEMENT_LEVEL,
        OPERATING_CAPABILITY,
    ),
)
