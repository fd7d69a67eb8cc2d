"""What is not of one customer alone: the economy, exchange rates, and which sources were searched."""

from features.tables.contract import CUSTOMER_ID, Table, day, enum, number, text

MACRO_SERIES = Table(
    name="macro_series",
    en="Economy and industries",
    zh="宏观与行业序列",
    grain="one row per series, scope and month",
    key=("series", "scope", "month"),
    availability="released_at",
    happened="month",
    columns=(
        enum(
            "series",
            "the series",
            "序列",
            "business_climate industry_sales_yoy industry_default_rate",
            required=True,
        ),
        text("scope", "ALL, or the letter of a GB/T 4754 section", "范围（ALL或行业门类）", required=True),
        day("month", "first day of the month", "月份", required=True),
        number("value", "the value", "数值", unit="as the series", required=True),
        day("released_at", "day of release", "发布日", required=True),
    ),
)

FX_RATES = Table(
    name="fx_rates",
    en="Exchange rates",
    zh="汇率",
    grain="one row per currency and day; needed only when more than one currency occurs",
    key=("currency", "rate_date"),
    availability="rate_date",
    columns=(
        text("currency", "the currency, ISO 4217", "币种（ISO 4217）", required=True),
        day("rate_date", "day of the rate", "日期", required=True),
        number(
            "rate_to_reporting",
            "units of the reporting currency for one unit",
            "折算汇率",
            unit="ratio",
            required=True,
            minimum=1e-9,
        ),
    ),
)

SOURCE_CHECKS = Table(
    name="source_checks",
    en="Searches of sources",
    zh="数据源查询记录",
    grain="one row per search: it tells 'nothing found' from 'never searched'",
    key=("customer_id", "source", "checked_at"),
    availability="checked_at",
    references={"customer_id": "customers"},
    columns=(
        CUSTOMER_ID,
        enum(
            "source",
            "the source searched",
            "数据源",
            "court enforcement compliance tax bill_overdue reputation registry esg_events default_history",
            required=True,
        ),
        day("checked_at", "day of the search", "查询日", required=True),
        enum("status", "found, nothing found, or the search failed", "结果", "found none failed", required=True),
    ),
)
