"""How the business runs: monthly figures, market, supply chain, management and the company register."""

from features.tables.contract import (
    AUDIT,
    CURRENCY,
    CUSTOMER_ID,
    SEGMENT,
    Table,
    day,
    enum,
    integer,
    money,
    number,
    ratio,
    score,
    text,
)

OPERATING_METRICS = Table(
    name="operating_metrics",
    en="Monthly operating figures",
    zh="月度经营数据",
    grain="one row per customer and month",
    key=("customer_id", "month"),
    availability="reported_at",
    references={"customer_id": "customers"},
    happened="month",
    reporting_lag_days=46,
    columns=(
        CUSTOMER_ID,
        day("month", "first day of the month", "月份", required=True),
        money("sales_amount", "sales", "销售额", minimum=0),
        money("vat_invoiced_sales", "sales invoiced for value-added tax", "开票收入", minimum=0),
        money("order_backlog", "orders in hand", "在手订单", minimum=0),
        integer("active_customers", "customers served", "活跃客户数", unit="count", unused=SEGMENT),
        ratio("top1_customer_share", "share of the largest customer", "第一大客户占比"),
        score("customer_satisfaction", "customer satisfaction", "客户满意度"),
        integer("complaints", "complaints received", "投诉数", unit="count"),
        number("units_shipped", "units shipped", "发货量", unit="units", minimum=0),
        number("units_returned", "units returned", "退货量", unit="units", minimum=0),
        ratio("on_time_delivery_rate", "share of deliveries on time", "准时交付率"),
        integer("employees", "number of employees", "员工人数", unit="persons", unused=SEGMENT),
        CURRENCY,
        day("reported_at", "day the figures reached us", "报送日", required=True),
    ),
)

MARKET_SURVEYS = Table(
    name="market_surveys",
    en="Market surveys",
    zh="市场调研",
    grain="one row per customer, survey and provider; usually yearly",
    key=("customer_id", "survey_date", "provider"),
    availability="available_at",
    references={"customer_id": "customers"},
    happened="survey_date",
    columns=(
        CUSTOMER_ID,
        day("survey_date", "day of the survey", "调研日", required=True),
        text("provider", "who made it", "提供方", required=True),
        ratio("market_share", "share of the stated market", "市场占有率"),
        score("brand_score", "strength of the brand", "品牌影响力"),
        score("product_quality_score", "quality of the products", "产品质量评分"),
        day("available_at", "day the survey reached us", "取得日期", required=True),
    ),
)

SUPPLY_CHAIN_METRICS = Table(
    name="supply_chain_metrics",
    en="Capacity and supply chain",
    zh="产能与供应链",
    grain="one row per customer and quarter",
    key=("customer_id", "quarter_end"),
    availability="reported_at",
    references={"customer_id": "customers"},
    happened="quarter_end",
    reporting_lag_days=45,
    columns=(
        CUSTOMER_ID,
        day("quarter_end", "last day of the quarter", "季末", required=True),
        ratio("capacity_utilisation", "output over capacity, up to 1.5", "产能利用率", maximum=1.5),
        ratio("top1_supplier_share", "share of the largest supplier", "第一大供应商占比"),
        number("lead_time_mean_days", "mean lead time", "平均交期", unit="days", minimum=0),
        number("lead_time_sd_days", "standard deviation of lead times", "交期标准差", unit="days", minimum=0),
        ratio("stockout_rate", "share of orders out of stock", "缺货率"),
        day("reported_at", "day the figures reached us", "报送日", required=True),
    ),
)

MANAGEMENT_ASSESSMENTS = Table(
    name="management_assessments",
    en="Assessments of management",
    zh="经营管理评估",
    grain="one row per questionnaire or site visit",
    key=("assessment_id",),
    availability="available_at",
    references={"customer_id": "customers"},
    happened="assessed_on",
    columns=(
        text("assessment_id", "the assessment", "评估编号", required=True),
        CUSTOMER_ID,
        day("assessed_on", "day of the assessment", "评估日", required=True),
        day("available_at", "day the assessment reached us", "取得日期", required=True),
        enum("assessor", "who assessed", "评估方", "internal third_party self_reported", required=True, unused=AUDIT),
        score("team_score", "quality of the management team", "管理团队评分"),
        number(
            "avg_industry_years", "mean years of the managers in the industry", "平均从业年限", unit="years", minimum=0
        ),
        ratio("key_person_dependency", "dependence on one person", "关键人依赖度"),
        score("internal_control_score", "quality of internal control", "内控评分"),
        ratio("policy_completeness", "share of the needed policies in place", "制度健全性"),
        integer(
            "certifications",
            "valid management-system certificates (ISO 9001, 27001, 45001, 22301; 14001 belongs to ESG)",
            "有效管理体系认证数（ISO 9001/27001/45001/22301等）",
            unit="count",
        ),
    ),
)

REGISTRY_CHANGES = Table(
    name="registry_changes",
    en="Changes in the company register",
    zh="工商变更",
    grain="one row per change",
    key=("change_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="changed_on",
    columns=(
        text("change_id", "the change", "变更编号", required=True),
        CUSTOMER_ID,
        enum(
            "change_type",
            "what was changed",
            "变更类型",
            "legal_representative executive shareholder controller capital_increase capital_decrease address "
            "business_scope deregistration",
            required=True,
        ),
        day("changed_on", "day of the change", "变更日", required=True),
        day("known_at", "day we learnt of it", "获知日期", required=True),
    ),
)
