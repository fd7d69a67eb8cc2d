"""Dimension 3, business stability (业务稳定性): business operations and market performance."""

from features.catalogue import Dimension, Indicator

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
