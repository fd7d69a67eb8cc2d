"""The raw-table contract: what a company must hand over, column by column, declared once.

The checks of `features.quality`, the data dictionary, the empty templates and the ingest stage all read these
declarations. Conventions: dates are local calendar days; `money` is a decimal in the row's currency (yuan, not
thousands), kept inside the pipeline as whole minor units (分, cents), because integer sums are exact on every engine;
`ratio` is a fraction, not percent. Every table names the one column that says when its fact could first be known to us:
its availability.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "integer", "number", "money", "ratio", "date", "flag", "enum"]

MINOR_UNITS = 100
"""Minor units (分, cents) in one unit of currency: canonical money is `round(value * MINOR_UNITS)`."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a raw table: its type, its limits and its meaning in both languages."""

    name: str
    kind: Kind
    en: str
    zh: str
    required: bool = False
    """Whether a row without a value is set aside."""
    allowed: tuple[str, ...] = ()
    """The values of an `enum`, lower case."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Known other spellings of an enum's values, repaired silently but counted."""
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    earliest: str = "1990-01-01"
    """Dates before this day are taken for typing errors (rule DQ06)."""
    default: str | None = None
    """What a missing value means, where that is certain."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One raw table: its grain, its key, the day its rows became known, and its columns."""

    name: str
    en: str
    zh: str
    grain: str
    key: tuple[str, ...]
    availability: str
    columns: tuple[Column, ...]
    required: bool = False
    """Whether the pipeline can run without the table at all."""
    references: dict[str, str] = field(default_factory=dict)
    """Foreign keys: own column -> the table whose first key column it must be found in."""
    happened: str | None = None
    """The column of the day the fact happened; availability before it is impossible (rule DQ04)."""

    def __iter__(self) -> Iterator[Column]:
        """Iterate over the columns, in the order of the file."""
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        """Return the column called `name`; KeyError names the table and its columns."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}; its columns are {', '.join(c.name for c in self)}")


def _text(name: str, en: str, zh: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="text", en=en, zh=zh, required=required)


def _date(name: str, en: str, zh: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="date", en=en, zh=zh, required=required, unit="YYYY-MM-DD")


def _money(name: str, en: str, zh: str, *, required: bool = False, minimum: float | None = None) -> Column:
    return Column(name=name, kind="money", en=en, zh=zh, required=required, minimum=minimum, unit="currency unit")


def _integer(
    name: str, en: str, zh: str, *, unit: str, minimum: float | None = 0, maximum: float | None = None
) -> Column:
    return Column(name=name, kind="integer", en=en, zh=zh, unit=unit, minimum=minimum, maximum=maximum)


def _flag(name: str, en: str, zh: str, *, default: str | None = None) -> Column:
    return Column(name=name, kind="flag", en=en, zh=zh, default=default)


def _enum(name: str, en: str, zh: str, allowed: str, *, required: bool = False, **aliases: str) -> Column:
    return Column(
        name=name, kind="enum", en=en, zh=zh, allowed=tuple(allowed.split()), required=required, aliases=dict(aliases)
    )


_CUSTOMER = _text("customer_id", "the customer", "客户编号", required=True)
_CURRENCY = _text("currency", "currency of the row's amounts, ISO 4217", "币种(ISO 4217)", required=True)

CUSTOMERS = Table(
    name="customers",
    en="Customer master data",
    zh="客户主数据",
    grain="one row per version of a customer's master record; the latest version known at as_of counts",
    key=("customer_id", "known_at"),
    availability="known_at",
    required=True,
    columns=(
        _CUSTOMER,
        _text("uscc_hash", "salted hash of the unified social credit code", "统一社会信用代码(加盐散列)"),
        _text("group_id", "group of connected clients (same actual controller)", "关联客户群(同一实际控制人)"),
        _enum("legal_form", "legal form", "企业类型", "llc jsc soe foreign partnership sole_prop other"),
        _enum("ownership", "ownership", "所有制", "private state foreign collective mixed"),
        _text(
            "industry_code",
            "industry, GB/T 4754 section letter and division, e.g. C26",
            "行业代码(GB/T 4754)",
            required=True,
        ),
        _text("region_code", "province, GB/T 2260, two digits", "地区代码(GB/T 2260)", required=True),
        Column(
            name="established_on",
            kind="date",
            en="day the company was established",
            zh="成立日期",
            unit="YYYY-MM-DD",
            earliest="1800-01-01",
        ),
        _money("registered_capital", "registered capital", "注册资本", minimum=0),
        _money("paid_in_capital", "paid-in capital", "实缴资本", minimum=0),
        _integer("employees", "number of employees", "员工人数", unit="persons"),
        _flag("is_listed", "whether the shares are listed", "是否上市"),
        _CURRENCY,
        _date("known_at", "day this version became known to us", "获知日期", required=True),
    ),
)

APPLICATIONS = Table(
    name="applications",
    en="Admission applications",
    zh="准入申请",
    grain="one row per application for credit; as_of is the observation date, read as the end of that day",
    key=("application_id",),
    availability="as_of",
    required=True,
    references={"customer_id": "customers"},
    columns=(
        _text("application_id", "the application", "申请编号", required=True),
        _CUSTOMER,
        _date("as_of", "observation date", "观察日", required=True),
        _enum("product", "product", "产品", "open_account instalment consignment project", required=True),
        _money("requested_limit", "credit limit asked for", "申请额度", required=True, minimum=0.01),
        _integer("requested_terms_days", "payment terms asked for", "申请账期", unit="days", maximum=360),
        _CURRENCY,
        _flag(
            "is_new_customer",
            "whether we never invoiced the customer before; empty: derived from the ledger",
            "是否新客户",
        ),
        _enum("channel", "sales channel", "渠道", "direct distributor platform other"),
        _enum(
            "decision",
            "decision taken",
            "审批结论",
            "admit conditional decline withdrawn pending",
            approved="admit",
            rejected="decline",
            declined="decline",
        ),
        _date("decided_at", "day of the decision", "审批日期"),
        _money("approved_limit", "limit granted", "批准额度", minimum=0),
        _integer("approved_terms_days", "terms granted", "批准账期", unit="days", maximum=360),
        _text("decision_reason", "reason of the decision", "审批理由"),
        _text("policy_version", "version of the policy in force", "政策版本"),
        _enum("override_type", "whether a person overrode the policy", "人工调整", "none up down"),
        _enum(
            "admission_arm", "admitted by policy, or by the random low-and-grow slice", "准入方式", "policy exploration"
        ),
    ),
)

DEFAULT_EVENTS = Table(
    name="default_events",
    en="Default events",
    zh="违约事件",
    grain="one row per default on any obligation, to us or seen elsewhere",
    key=("event_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="event_date",
    columns=(
        _text("event_id", "the event", "事件编号", required=True),
        _CUSTOMER,
        _enum(
            "event_type",
            "kind of default",
            "违约类型",
            "dpd90 insolvency write_off distressed_restructuring debt_sale bureau_default other_utp",
            required=True,
        ),
        _date("event_date", "first day the criterion is met", "违约日期", required=True),
        _money("amount", "exposure in default", "违约金额", minimum=0),
        _text("currency", "currency of the amount, ISO 4217", "币种(ISO 4217)"),
        _enum("source", "who reported it", "来源", "own_ledger bureau court manual", required=True),
        _date("known_at", "day we learnt of it", "获知日期", required=True),
        _date("cured_on", "end of the probation period", "违约解除日"),
    ),
)

INVOICES = Table(
    name="invoices",
    en="Invoice ledger",
    zh="应收发票台账",
    grain="one row per invoice issued to the customer",
    key=("invoice_id",),
    availability="booked_at",
    references={"customer_id": "customers"},
    happened="issued_on",
    columns=(
        _text("invoice_id", "the invoice", "发票编号", required=True),
        _CUSTOMER,
        _date("issued_on", "day of issue", "开票日", required=True),
        _date("due_on", "contractual due day", "到期日", required=True),
        _money("amount", "amount, tax included", "含税金额", required=True, minimum=0.01),
        _money("credit_note_amount", "credit notes already netted in this row", "红字冲减金额", minimum=0),
        _money("disputed_amount", "amount under dispute", "争议金额", minimum=0),
        _date("dispute_opened_on", "day the dispute was opened", "争议发起日"),
        _date("dispute_closed_on", "day the dispute was closed", "争议解决日"),
        _CURRENCY,
        _flag("cancelled", "whether the invoice was cancelled", "是否作废", default="false"),
        _date("booked_at", "day the invoice was booked", "入账日", required=True),
    ),
)

PAYMENTS = Table(
    name="payments",
    en="Payments received",
    zh="回款流水",
    grain="one row per allocation of a receipt to an invoice; without invoice_id it is allocated to the oldest due",
    key=("payment_id",),
    availability="booked_at",
    references={"customer_id": "customers", "invoice_id": "invoices"},
    happened="received_on",
    columns=(
        _text("payment_id", "the payment", "回款编号", required=True),
        _CUSTOMER,
        _text("invoice_id", "the invoice it pays; empty: first in, first out by due day", "核销发票编号"),
        _date("received_on", "day of receipt", "收款日", required=True),
        _date("cleared_on", "cash day; the maturity of an acceptance draft", "到账日"),
        _money("amount", "amount; a negative amount reverses a receipt", "金额", required=True),
        _enum(
            "method",
            "means of payment",
            "回款方式",
            "transfer bank_acceptance commercial_acceptance cash offset credit_note other",
            required=True,
        ),
        _flag("bounced", "whether the payment was dishonoured", "是否退票/拒付", default="false"),
        _CURRENCY,
        _date("booked_at", "day the payment was booked", "入账日", required=True),
    ),
)

CREDIT_LIMITS = Table(
    name="credit_limits",
    en="Own credit-limit history",
    zh="授信额度历史",
    grain="one row per limit granted, valid from a day until the next row",
    key=("customer_id", "valid_from"),
    availability="recorded_at",
    references={"customer_id": "customers"},
    columns=(
        _CUSTOMER,
        _date("valid_from", "first day the limit holds", "生效日", required=True),
        _money("limit_amount", "the limit", "额度", required=True, minimum=0),
        _integer("terms_days", "payment terms", "账期", unit="days", maximum=360),
        _CURRENCY,
        _date("recorded_at", "day the limit was recorded", "登记日", required=True),
    ),
)

FINANCIAL_STATEMENTS = Table(
    name="financial_statements",
    en="Financial statements",
    zh="财务报表",
    grain="one row per version of a statement; a restatement is a new row with a later published_at",
    key=("statement_id",),
    availability="published_at",
    references={"customer_id": "customers"},
    happened="period_end",
    columns=(
        _text("statement_id", "the statement", "报表编号", required=True),
        _CUSTOMER,
        _date("period_end", "last day of the reporting period", "报告期末", required=True),
        Column(
            name="period_months",
            kind="integer",
            en="length of the period",
            zh="报告期月数",
            required=True,
            minimum=3,
            maximum=12,
            unit="months",
        ),
        _date("published_at", "day the statement reached us", "取得日期", required=True),
        _flag("consolidated", "whether the accounts are consolidated", "是否合并口径"),
        _enum(
            "audit_opinion",
            "audit opinion",
            "审计意见",
            "unqualified unqualified_emphasis qualified disclaimer adverse unaudited",
        ),
        _text("auditor_id", "the auditor", "会计师事务所编号"),
        _flag("is_restatement", "whether it corrects an earlier version", "是否重述", default="false"),
        _CURRENCY,
        Column(
            name="unit_scale",
            kind="number",
            en="what one unit in the amounts stands for: 1, 1000, 10000 or 1000000",
            zh="金额单位(元1、千元1000、万元10000、百万元1000000)",
            required=True,
            minimum=1,
            maximum=1_000_000,
        ),
        _money("revenue", "revenue", "营业收入"),
        _money("cost_of_sales", "cost of sales", "营业成本"),
        _money("depreciation_amortisation", "depreciation and amortisation", "折旧与摊销"),
        _money("operating_profit", "operating profit (EBIT)", "营业利润(EBIT)"),
        _money("interest_expense", "interest expense", "利息支出"),
        _money("pretax_profit", "profit before tax", "利润总额"),
        _money("net_profit", "net profit", "净利润"),
        _money("operating_cash_flow", "cash flow from operations", "经营活动现金流量净额"),
        _money("cash", "cash and short-term investments", "货币资金及短期投资"),
        _money("trade_receivables", "trade and notes receivable", "应收账款及票据"),
        _money("inventories", "inventories", "存货"),
        _money("current_assets", "current assets", "流动资产"),
        _money("fixed_assets", "fixed assets", "固定资产"),
        _money("total_assets", "total assets", "资产总计", minimum=0),
        _money("short_term_borrowings", "short-term borrowings", "短期借款"),
        _money("trade_payables", "trade and notes payable", "应付账款及票据"),
        _money("current_liabilities", "current liabilities", "流动负债"),
        _money("long_term_borrowings", "long-term borrowings", "长期借款"),
        _money("total_liabilities", "total liabilities", "负债合计"),
        _money("share_capital", "share capital", "股本"),
        _money("retained_earnings", "retained earnings", "留存收益"),
        _money("total_equity", "total equity", "所有者权益合计"),
        _money("market_cap", "market capitalisation, listed companies only", "总市值(仅上市公司)", minimum=0),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (CUSTOMERS, APPLICATIONS, DEFAULT_EVENTS, INVOICES, PAYMENTS, CREDIT_LIMITS, FINANCIAL_STATEMENTS)
}
"""Every table of the contract by name, referenced tables before those that refer to them."""
