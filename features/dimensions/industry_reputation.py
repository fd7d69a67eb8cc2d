"""Dimension 5, industry reputation (行业信誉): industry standing and trustworthiness."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Dimension, Feature, Indicator
from features.frames.business import OPERATIONS, in_last_months
from features.frames.reputation import OPINIONS, REFERENCES, STANDING
from features.frames.verbs import count, decayed, ever, mean, ratio, weighted
from features.point_in_time import age_days, within

_LEVELS = {"international": 5, "national": 4, "provincial": 2, "municipal": 1, "industry": 1}
_PARTNERS = ("supplier", "distributor", "bank", "peer")
_BAD_REVIEW = 0.4
_ENOUGH_REVIEWS = 5
_DAYS_LATE = (-30, 180)
"""Bounds of one answer's days beyond terms, so that a wild one does not decide."""
_THOUSANDTHS = 1_000


def _level(view: ir.Table) -> ir.IntegerValue:
    return ibis.cases(*((view.level == level, weight) for level, weight in _LEVELS.items()))


def _happened(view: ir.Table, kind: str, days: int) -> ir.BooleanValue:
    # By the day of the event: a first search tells of many years of events at once.
    return (view.event_type == kind) & within(view, "occurred_on", days)


def _highest_role(view: ir.Table) -> ir.IntegerValue:
    """Return the weight of the highest role in force; 0 without one, null where none of them tells its level."""
    expired = (age_days(view, "expires_on") > 0).coalesce(False)
    rows = (view.event_type == "association_role") & ~expired
    return ibis.ifelse(rows.any().coalesce(False), _level(view).max(where=rows), 0)


def _negative_news(view: ir.Table) -> ir.FloatingValue:
    rows = _happened(view, "news", 365) & (view.sentiment < 0)
    return decayed(view.weight * view.sentiment.abs(), view, "occurred_on", 180, rows)


def _mark(view: ir.Table) -> ir.FloatingValue:
    """Return the score of a review on a scale from 0 to 1."""
    return ratio(view.score, view.scale_max).clip(upper=1.0)


def _reviewed(view: ir.Table, *reviewers: str) -> ir.BooleanValue:
    return view.reviewer_type.isin(reviewers) & within(view, "reviewed_on", 365)


def _shrunk_mark(view: ir.Table, rows: ir.BooleanValue, prior: float, weight: int) -> ir.FloatingValue:
    """Return the mean mark as if `weight` more reviews had given the `prior`; null without any review.

    Source: posterior mean of a normal mean under a conjugate prior. Without a review the prior alone says nothing of this
    customer, so the mark is missing.
    """
    return (weight * prior + count(rows) * mean(_mark(view), rows)) / (weight + count(rows))


def _bad_share(view: ir.Table) -> ir.FloatingValue:
    rows = _reviewed(view, "end_customer")
    share = ratio(count(rows & (_mark(view) <= _BAD_REVIEW)), count(rows))
    return ibis.ifelse(count(rows) >= _ENOUGH_REVIEWS, share, ibis.null("float64"))


def _days_late_elsewhere(view: ir.Table) -> ir.FloatingValue:
    """Return the mean days beyond terms weighted by the highest credit given; the plain mean where no answer tells it."""
    rows = within(view, "given_on", 730) & view.avg_days_beyond_terms.notnull()
    days = view.avg_days_beyond_terms.clip(*_DAYS_LATE)
    parts = (days * _THOUSANDTHS).round().cast("int64")
    told = rows & view.high_credit.notnull()
    by_credit = (
        ratio(weighted(view.high_credit, parts).sum(where=told), view.high_credit.sum(where=told)) / _THOUSANDTHS
    )
    return by_credit.coalesce(mean(days, rows))


def _complaint_rate(view: ir.Table) -> ir.FloatingValue:
    """Return complaints per thousand units: thousandths of a unit are whole numbers, whose sum is exact."""
    both = in_last_months(view, 12) & view.complaints.notnull() & view.units_shipped.notnull()
    shipped = (view.units_shipped * _THOUSANDTHS).round().cast("int64").sum(where=both)
    return ratio(1_000 * _THOUSANDTHS * view.complaints.sum(where=both), shipped)


INDUSTRY_STANDING = Indicator(
    id="industry_standing",
    code="IR01",
    en="Industry standing",
    zh="行业声誉",
    stance="explicit",
    good_en="Good industry standing",
    good_zh="行业声誉较好",
    bad_en="Weak industry standing",
    bad_zh="行业声誉较差",
    features=(
        Feature(
            id="is_award_score_3y",
            en="Awards, time-decayed",
            zh="行业奖项得分（3年）",
            formula="sum of weight * exp(-(as_of - occurred_on)/730) over awards of the window: international 5, "
            "national 4, provincial 2, municipal and industry 1",
            frame=STANDING,
            expression=lambda v: decayed(_level(v), v, "occurred_on", 730, _happened(v, "award", 1095)),
            window="1095d",
            unit="index",
            direction=-1,
            missing="zero",
            zero_if_checked="reputation",
            clip=(0, 30),
            source="source article §5.1",
        ),
        Feature(
            id="is_association_role",
            en="Role in an association",
            zh="行业协会任职",
            formula="highest weight of a role in force at as_of, weights as for awards",
            frame=STANDING,
            expression=_highest_role,
            window="as_of",
            unit="ordinal",
            direction=-1,
            missing="zero",
            zero_if_checked="reputation",
            clip=(0, 5),
            source="source article §5.1",
        ),
        Feature(
            id="is_customer_review_mean_1y",
            en="Reviews by customers",
            zh="客户评价均值（1年）",
            formula="(10*0.70 + sum of score/highest score)/(10 + n) over reviews by end customers in the "
            "window; null without any",
            frame=OPINIONS,
            expression=lambda v: _shrunk_mark(v, _reviewed(v, "end_customer"), prior=0.70, weight=10),
            window="365d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="source article §5.1; shrinkage to a prior mean",
        ),
        Feature(
            id="is_customer_review_neg_share_1y",
            en="Share of bad reviews",
            zh="差评占比（1年）",
            formula="share of reviews by end customers in the window with score/highest score <= 0.4; null with fewer than 5",
            frame=OPINIONS,
            expression=_bad_share,
            window="365d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="source article §5.1",
        ),
        Feature(
            id="is_partner_rating_mean_1y",
            en="Ratings by partners",
            zh="合作伙伴评价均值（1年）",
            formula="(5*0.75 + sum of score/highest score)/(5 + n) over reviews by suppliers, "
            "distributors, banks and peers in the window; null without any",
            frame=OPINIONS,
            expression=lambda v: _shrunk_mark(v, _reviewed(v, *_PARTNERS), prior=0.75, weight=5),
            window="365d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="source article §5.1; shrinkage to a prior mean",
        ),
    ),
)

TRUSTWORTHINESS = Indicator(
    id="trustworthiness",
    code="IR02",
    en="Trustworthiness",
    zh="信誉情况",
    stance="explicit",
    good_en="Good trustworthiness",
    good_zh="信誉情况较好",
    bad_en="Weak trustworthiness",
    bad_zh="信誉情况较差",
    features=(
        Feature(
            id="tr_reference_positive_share_2y",
            en="Positive trade references",
            zh="资信函证正面比例（2年）",
            formula="share of the suppliers that recommend the customer, of those that say",
            frame=REFERENCES,
            expression=lambda v: mean(v.recommended.cast("int64"), within(v, "given_on", 730)),
            window="730d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="trade-reference practice; source article §5.2",
        ),
        Feature(
            id="tr_reference_dbt_2y",
            en="Days beyond terms at other suppliers",
            zh="函证平均逾期天数（2年）",
            # An answer that does not tell its credit has no weight beside those that do: a weight of 1 would be one cent.
            formula="mean days beyond terms weighted by highest credit, each within -30..180; the plain "
            "mean where no answer tells its credit",
            frame=REFERENCES,
            expression=_days_late_elsewhere,
            window="730d",
            unit="days",
            direction=1,
            missing="random",
            clip=(-30, 180),
            source="D&B trade experiences",
        ),
        Feature(
            id="tr_negative_news_decay",
            en="Negative news, time-decayed",
            zh="负面舆情衰减指数",
            formula="sum of reach * |tone| * exp(-(as_of - occurred_on)/180) over the news of the window with a tone below 0",
            frame=STANDING,
            expression=_negative_news,
            window="365d",
            unit="index",
            direction=1,
            missing="zero",
            zero_if_checked="reputation",
            clip=(0, 50),
            source="source article §5.2; early warning by news",
        ),
        Feature(
            id="tr_complaint_rate_12m",
            en="Complaint rate",
            zh="投诉率（12个月）",
            formula="1000 * complaints / units shipped, over those of the 12 months up to the newest known that tell both",
            frame=OPERATIONS,
            expression=_complaint_rate,
            window="12m",
            unit="per 1000",
            direction=1,
            missing="random",
            clip=(0, 200),
            source="source article §5.2 (客户满意度)",
        ),
        Feature(
            id="tr_blacklist_3y",
            en="On an industry blacklist, 3 years",
            zh="行业黑名单（3年）",
            formula="1 if a blacklisting of the window is known at as_of",
            frame=STANDING,
            expression=lambda v: ever(_happened(v, "blacklist", 1095)),
            window="1095d",
            unit="flag",
            direction=1,
            missing="zero",
            zero_if_checked="reputation",
            clip=(0, 1),
            source="source article §5.2",
        ),
    ),
)

INDUSTRY_REPUTATION = Dimension(
    id="industry_reputation",
    en="Industry reputation",
    zh="行业信誉",
    indicators=(
        INDUSTRY_STANDING,
        TRUSTWORTHINESS,
    ),
)
