"""What other creditors say: credit reports and the lists of overdue acceptors."""

from features.tables.contract import (
    AUDIT,
    CUSTOMER_ID,
    MAYBE_CURRENCY,
    Table,
    day,
    enum,
    integer,
    money,
    number,
    text,
)

BUREAU_REPORTS = Table(
    name="bureau_reports",
    en="External credit reports",
    zh="征信报告",
    grain="one row per credit report of an external provider (企业信用报告)",
    key=("report_id",),
    availability="available_at",
    references={"customer_id": "customers"},
    happened="report_date",
    columns=(
        text("report_id", "the report", "报告编号", required=True),
        CUSTOMER_ID,
        text("provider", "who issued it", "提供方", required=True),
        day("report_date", "day the report describes", "报告日", required=True),
        day("available_at", "day the report reached us", "取得日期", required=True),
        number("score", "the provider's score, higher is better", "外部评分", unit="provider's scale"),
        number("scale_min", "lowest value of the provider's scale", "评分下限", unit="provider's scale"),
        number("scale_max", "highest value of the provider's scale", "评分上限", unit="provider's scale"),
        number(
            "payment_index",
            "payment index of the provider; 80 means prompt",
            "付款指数（80为按期）",
            unit="1..100",
            minimum=1,
            maximum=100,
        ),
        day(
            "oldest_account_on", "day the oldest credit account was opened", "最早信贷账户开立日", earliest="1949-01-01"
        ),
        enum(
            "worst_loan_class",
            "worst of the five classes of loan quality",
            "最差五级分类",
            "normal special_mention substandard doubtful loss",
        ),
        integer(
            "worst_dpd_12m", "worst days past due at other creditors, 12 months", "近12月最长逾期天数", unit="days"
        ),
        money("lines_total", "credit lines granted by all banks", "授信总额", minimum=0),
        money("lines_used", "credit lines in use", "已用授信", minimum=0),
        money("total_balance", "debt outstanding", "债务余额", minimum=0),
        money("overdue_balance", "debt overdue", "逾期余额", minimum=0),
        money("guarantees_outstanding", "guarantees given for others", "对外担保余额", minimum=0),
        integer("inquiries_3m", "inquiries by lenders, three months", "近三月查询次数", unit="count"),
        MAYBE_CURRENCY,
    ),
)

BILL_OVERDUE = Table(
    name="bill_overdue",
    en="Overdue acceptors of commercial bills",
    zh="票据逾期名单",
    grain="one row per month in which the customer is on the list of the Shanghai Commercial Paper Exchange",
    key=("customer_id", "list_month"),
    availability="published_at",
    references={"customer_id": "customers"},
    happened="list_month",
    reporting_lag_days=62,
    columns=(
        CUSTOMER_ID,
        day("list_month", "first day of the month the list describes", "名单月份", required=True),
        enum("list_type", "overdue, or overdue again and again", "名单类型", "overdue persistent", required=True),
        money("overdue_balance", "bills overdue", "逾期余额", minimum=0, unused=AUDIT),
        day("published_at", "day the list was published", "公布日", required=True),
    ),
)
