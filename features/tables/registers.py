"""Courts, enforcement registers, authorities and licences; many of these facts have a second life of their own."""

from features.tables.contract import (
    CUSTOMER_ID,
    MAYBE_CURRENCY,
    Table,
    day,
    enum,
    flag,
    integer,
    money,
    text,
)

LEGAL_CASES = Table(
    name="legal_cases",
    en="Court cases",
    zh="法律诉讼",
    grain="one row per case (裁判文书, 开庭公告)",
    key=("case_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="filed_on",
    columns=(
        text("case_id", "the case", "案件编号", required=True),
        CUSTOMER_ID,
        enum("role", "the customer's part", "诉讼地位", "defendant plaintiff third_party", required=True),
        enum(
            "cause_group",
            "cause of action",
            "案由",
            "loan_contract sale_contract construction labour ip tort administrative criminal bankruptcy other",
            required=True,
        ),
        day("filed_on", "day of filing", "立案日"),
        day("known_at", "day the notice of filing was published", "公告日", required=True),
        money("claim_amount", "amount claimed", "标的金额", minimum=0),
        MAYBE_CURRENCY,
        day("closed_on", "day the case was closed", "结案日", revealed_by="closure_known_at"),
        day("closure_known_at", "day the closure was published", "结案公布日", revealed_by="closure_known_at"),
        enum(
            "outcome",
            "outcome from the customer's side",
            "判决结果（客户立场）",
            "lost partly_lost won settled withdrawn",
            revealed_by="judgment_known_at",
        ),
        money(
            "awarded_amount",
            "amount the customer must pay",
            "判决应付金额",
            minimum=0,
            revealed_by="judgment_known_at",
        ),
        day("judgment_known_at", "day the judgment was published", "判决公布日", revealed_by="judgment_known_at"),
    ),
)

ENFORCEMENT_RECORDS = Table(
    name="enforcement_records",
    en="Enforcement and dishonest debtors",
    zh="执行与失信记录",
    grain="one row per entry in a court's enforcement register",
    key=("record_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="started_on",
    columns=(
        text("record_id", "the entry", "记录编号", required=True),
        CUSTOMER_ID,
        enum(
            "record_type",
            "enforcement 被执行人, dishonest 失信, consumption_restriction 限高, terminated_enforcement 终本, "
            "asset_freeze 冻结, bankruptcy_petition 破产申请",
            "记录类型",
            "enforcement dishonest consumption_restriction terminated_enforcement asset_freeze bankruptcy_petition",
            required=True,
        ),
        day("started_on", "day the measure began", "开始日", required=True),
        money("amount", "amount enforced", "执行标的", minimum=0),
        MAYBE_CURRENCY,
        day("known_at", "day we learnt of it", "获知日期", required=True),
        day("removed_on", "day the entry was removed", "移出日", revealed_by="removal_known_at"),
        day("removal_known_at", "day we learnt of the removal", "移出获知日", revealed_by="removal_known_at"),
    ),
)

COMPLIANCE_EVENTS = Table(
    name="compliance_events",
    en="Compliance events",
    zh="合规事件",
    grain="one row per measure of an authority, environment and labour apart",
    key=("event_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="occurred_on",
    columns=(
        text("event_id", "the event", "事件编号", required=True),
        CUSTOMER_ID,
        enum(
            "event_type",
            "admin_penalty 行政处罚, abnormal_list 经营异常名录, serious_violation 严重违法失信, tax_arrears 欠税公告, "
            "tax_abnormal 非正常户, and others",
            "事件类型",
            "admin_penalty abnormal_list serious_violation tax_arrears tax_abnormal major_tax_violation "
            "customs_downgrade product_recall licence_revoked other",
            required=True,
        ),
        integer("severity", "severity, 5 is worst", "严重程度", unit="1..5", minimum=1, maximum=5),
        money("amount", "fine or arrears", "金额", minimum=0),
        MAYBE_CURRENCY,
        day("occurred_on", "day of the measure", "发生日", required=True),
        day("known_at", "day we learnt of it", "获知日期", required=True),
        day("removed_on", "day of repair or removal (信用修复)", "移出日", revealed_by="removal_known_at"),
        day("removal_known_at", "day we learnt of the removal", "移出获知日", revealed_by="removal_known_at"),
    ),
)

TAX_RATINGS = Table(
    name="tax_ratings",
    en="Tax credit ratings",
    zh="纳税信用等级",
    grain="one row per customer and year, published about April of the following year",
    key=("customer_id", "rating_year"),
    availability="published_at",
    references={"customer_id": "customers"},
    columns=(
        CUSTOMER_ID,
        integer("rating_year", "year rated", "评价年度", unit="year", required=True, minimum=1990, maximum=2100),
        enum("grade", "grade of the tax authority", "等级", "a b m c d", required=True),
        day("published_at", "day of publication", "公布日", required=True),
    ),
)

LICENCES = Table(
    name="licences",
    en="Operating licences",
    zh="资质许可",
    grain="one row per licence",
    key=("licence_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    columns=(
        text("licence_id", "the licence", "许可编号", required=True),
        CUSTOMER_ID,
        flag("is_mandatory", "whether the business may not run without it", "是否必备", required=True),
        day("valid_from", "first day of validity", "生效日", required=True),
        day("valid_to", "last day of validity; empty: no end", "到期日"),
        day("known_at", "day we learnt of it", "获知日期", required=True),
    ),
)
