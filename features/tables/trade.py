"""Our own ledger: invoices, payments, credit limits."""

from features.tables.contract import AUDIT, CURRENCY, CUSTOMER_ID, Table, day, enum, flag, integer, money, text

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
        text("invoice_id", "the invoice", "发票编号", required=True),
        CUSTOMER_ID,
        day("issued_on", "day of issue", "开票日", required=True),
        day("due_on", "contractual due day", "到期日", required=True),
        money("amount", "amount, tax included", "含税金额", required=True, minimum=0.01),
        money(
            "credit_note_amount",
            "credit notes already netted in this row",
            "红字冲减金额",
            minimum=0,
            revealed_by="credited_on",
            undated="seen",
        ),
        day(
            "credited_on", "day of those credit notes; empty: with the invoice", "红字冲减日", revealed_by="credited_on"
        ),
        money(
            "disputed_amount",
            "amount under dispute",
            "争议金额",
            minimum=0,
            revealed_by="dispute_opened_on",
            undated="seen",
        ),
        day("dispute_opened_on", "day the dispute was opened", "争议发起日", revealed_by="dispute_opened_on"),
        day("dispute_closed_on", "day the dispute was closed", "争议解决日", revealed_by="dispute_closed_on"),
        CURRENCY,
        flag(
            "cancelled",
            "whether the invoice was cancelled",
            "是否作废",
            default="false",
            revealed_by="cancelled_on",
            undated="seen",
        ),
        day("cancelled_on", "day of the cancellation; empty: with the invoice", "作废日", revealed_by="cancelled_on"),
        day("booked_at", "day the invoice was booked", "入账日", required=True),
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
        text("payment_id", "the payment", "回款编号", required=True),
        CUSTOMER_ID,
        text("invoice_id", "the invoice it pays; empty: first in, first out by due day", "核销发票编号"),
        day("received_on", "day of receipt", "收款日", required=True),
        day("cleared_on", "cash day; the maturity of an acceptance draft", "到账日"),
        money("amount", "amount; a negative amount reverses a receipt", "金额", required=True),
        enum(
            "method",
            "means of payment",
            "回款方式",
            "transfer bank_acceptance commercial_acceptance cash offset credit_note other",
            required=True,
        ),
        flag(
            "bounced",
            "whether the payment was dishonoured",
            "是否退票/拒付",
            default="false",
            revealed_by="bounced_on",
            undated="seen",
        ),
        day("bounced_on", "day of the dishonour; empty: with the payment", "退票/拒付日", revealed_by="bounced_on"),
        CURRENCY,
        day("booked_at", "day the payment was booked", "入账日", required=True),
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
        CUSTOMER_ID,
        day("valid_from", "first day the limit holds", "生效日", required=True),
        money("limit_amount", "the limit", "额度", required=True, minimum=0),
        integer("terms_days", "payment terms", "账期", unit="days", maximum=360, unused=AUDIT),
        CURRENCY,
        day("recorded_at", "day the limit was recorded", "登记日", required=True),
    ),
)
