"""What others say: awards and news, reviews, answers of other suppliers."""

from features.tables.contract import CUSTOMER_ID, Table, day, enum, flag, money, number, text

REPUTATION_EVENTS = Table(
    name="reputation_events",
    en="Awards, roles, news and blacklists",
    zh="声誉事件",
    grain="one row per event",
    key=("event_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="occurred_on",
    columns=(
        text("event_id", "the event", "事件编号", required=True),
        CUSTOMER_ID,
        enum("event_type", "kind of event", "事件类型", "award association_role news blacklist", required=True),
        enum("level", "level of an award or role", "级别", "international national provincial municipal industry"),
        number(
            "sentiment", "tone of a news item, -1 is worst", "情感倾向（新闻）", unit="-1..1", minimum=-1, maximum=1
        ),
        number("weight", "reach of a news item", "影响力（新闻）", unit="0..1", minimum=0, maximum=1),
        day("occurred_on", "day of the event", "发生日", required=True),
        day("expires_on", "last day of a role", "到期日"),
        day("known_at", "day we learnt of it", "获知日期", required=True),
    ),
)

REVIEWS = Table(
    name="reviews",
    en="Reviews by customers and partners",
    zh="评价",
    grain="one row per review of the applicant",
    key=("review_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="reviewed_on",
    columns=(
        text("review_id", "the review", "评价编号", required=True),
        CUSTOMER_ID,
        enum("reviewer_type", "who reviewed", "评价方", "end_customer supplier distributor bank peer", required=True),
        number("score", "the score given", "评分", unit="reviewer's scale", required=True, minimum=0),
        number("scale_max", "highest score of the scale", "满分", unit="reviewer's scale", required=True, minimum=0.01),
        day("reviewed_on", "day of the review", "评价日", required=True),
        day("known_at", "day we learnt of it", "获知日期", required=True),
    ),
)

TRADE_REFERENCES = Table(
    name="trade_references",
    en="Trade references",
    zh="商业资信函证",
    grain="one row per answer of another supplier",
    key=("reference_id",),
    availability="known_at",
    references={"customer_id": "customers"},
    happened="given_on",
    columns=(
        text("reference_id", "the answer", "函证编号", required=True),
        CUSTOMER_ID,
        flag("recommended", "whether the supplier recommends the customer", "是否推荐"),
        number("avg_days_beyond_terms", "mean days beyond terms at the supplier", "平均逾期天数", unit="days"),
        money("high_credit", "highest credit given by the supplier", "最高赊销额", minimum=0),
        day("given_on", "day of the answer", "回函日", required=True),
        day("known_at", "day the answer reached us", "获知日期", required=True),
    ),
)
