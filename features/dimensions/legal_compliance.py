"""Dimension 4, legal compliance (法律合规性): litigation and compliance."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Dimension, Feature, Indicator
from features.frames.registers import CASES, ENFORCEMENT, MANDATORY_LICENCES, MEASURES, TAX_GRADE, in_force
from features.frames.verbs import count, decayed, ever, ratio, to_size, total
from features.point_in_time import age_days, within

_DEBT_CAUSES = ("loan_contract", "sale_contract")
_LOST = ("lost", "partly_lost")
_PENALTIES = ("admin_penalty", "product_recall", "licence_revoked", "customs_downgrade", "other")
_SERIOUS = ("serious_violation", "major_tax_violation")
_TAX_GRADES = {"a": 0, "b": 1, "m": 1, "c": 2, "d": 3}
"""M stands for newly established: no better and no worse than B."""
_LICENCE_DAYS_AHEAD = 180


def _sued(view: ir.Table, days: int) -> ir.BooleanValue:
    # By the day of the public notice: the day of filing is often not told.
    return (view.role == "defendant") & within(view, "known_at", days)


def _open_claim(view: ir.Table) -> ir.BooleanValue:
    return (view.role == "defendant") & in_force(view, "closed_on", "closure_known_at")


def _lost_judgment(view: ir.Table) -> ir.BooleanValue:
    return view.outcome.isin(_LOST) & within(view, "judgment_known_at", 1095)


def _open_record(view: ir.Table, kind: str) -> ir.BooleanValue:
    return (view.record_type == kind) & in_force(view, "removed_on", "removal_known_at")


def _open_arrears(view: ir.Table) -> ir.BooleanValue:
    return (view.event_type == "tax_arrears") & in_force(view, "removed_on", "removal_known_at")


def _measured(view: ir.Table, days: int, *kinds: str) -> ir.BooleanValue:
    # By the day of the measure: a first search of the register tells of many years of measures at once.
    return view.event_type.isin(kinds) & within(view, "occurred_on", days)


def _lapsing(view: ir.Table) -> ir.BooleanValue:
    return age_days(view, "valid_to") >= -_LICENCE_DAYS_AHEAD


LITIGATION = Indicator(
    id="litigation",
    code="LC01",
    en="Litigation",
    zh="法律诉讼",
    stance="explicit",
    good_en="Little litigation",
    good_zh="法律诉讼较少",
    bad_en="More litigation",
    bad_zh="法律诉讼较多",
    features=(
        Feature(
            id="lt_defendant_cnt_1y",
            en="Cases as defendant, 1 year",
            zh="被诉案件数（1年）",
            formula="number of cases against the customer published in the window",
            frame=CASES,
            expression=lambda v: count(_sued(v, 365)),
            window="365d",
            unit="count",
            direction=1,
            missing="zero",
            zero_if_checked="court",
            clip=(0, 50),
            source="裁判文书网；Altman, Sabato and Wilson 2010",
        ),
        Feature(
            id="lt_defendant_cnt_3y",
            en="Cases as defendant, 3 years",
            zh="被诉案件数（3年）",
            formula="number of cases against the customer published in the window",
            frame=CASES,
            expression=lambda v: count(_sued(v, 1095)),
            window="1095d",
            unit="count",
            direction=1,
            missing="zero",
            zero_if_checked="court",
            clip=(0, 100),
            source="裁判文书网；source article §4.1",
        ),
        Feature(
            id="lt_debt_dispute_cnt_1y",
            en="Debt disputes as defendant, 1 year",
            zh="债务纠纷被诉数（1年）",
            formula="number of cases on loans and sales against the customer published in the window",
            frame=CASES,
            expression=lambda v: count(_sued(v, 365) & v.cause_group.isin(_DEBT_CAUSES)),
            window="365d",
            unit="count",
            direction=1,
            missing="zero",
            zero_if_checked="court",
            clip=(0, 50),
            source="Altman, Sabato and Wilson 2010 (legal action by creditors)",
        ),
        Feature(
            id="lt_open_claims_to_assets",
            en="Open claims to assets",
            zh="未结被诉标的/总资产",
            formula="sum of the claims against the customer in cases not closed as known at as_of / FS0.total_assets",
            frame=CASES,
            expression=lambda v: to_size(v.claim_amount, _open_claim(v), v.total_assets),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="zero",
            zero_if_checked="court",
            clip=(0, 5),
            source="contingent liabilities (CAS 13, IAS 37)",
        ),
        Feature(
            id="lt_lost_amount_to_revenue_3y",
            en="Lost judgments to revenue, 3 years",
            zh="败诉金额/收入（3年）",
            formula="sum of amounts awarded in judgments lost, wholly or in part, published in the window / FS0.revenue",
            frame=CASES,
            expression=lambda v: to_size(v.awarded_amount, _lost_judgment(v), v.revenue),
            window="1095d",
            unit="ratio",
            direction=1,
            missing="zero",
            zero_if_checked="court",
            clip=(0, 5),
            source="裁判文书网",
        ),
        Feature(
            id="lt_enforcement_open_to_assets",
            en="Open enforcement to assets",
            zh="被执行金额/总资产",
            formula="sum of amounts under enforcement as known at as_of / FS0.total_assets",
            frame=ENFORCEMENT,
            expression=lambda v: to_size(v.amount, _open_record(v, "enforcement"), v.total_assets),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="zero",
            zero_if_checked="enforcement",
            clip=(0, 5),
            source="被执行人（中国执行信息公开网）",
            actionable=True,
        ),
        Feature(
            id="lt_dishonest_5y",
            en="Dishonest-debtor record, 5 years",
            zh="失信被执行记录（5年）",
            # By the day the listing began, as a first search tells of old ones; none that is older can still be in force.
            formula="1 if a listing as dishonest debtor began in the window, removed or not",
            frame=ENFORCEMENT,
            expression=lambda v: ever((v.record_type == "dishonest") & within(v, "started_on", 1825)),
            window="1825d",
            unit="flag",
            direction=1,
            missing="zero",
            zero_if_checked="enforcement",
            clip=(0, 1),
            source="失信被执行人名单 (listed 2 years, up to 3 more)",
        ),
        Feature(
            id="lt_consumption_restricted",
            en="Restriction of consumption in force",
            zh="限制高消费",
            formula="1 if a restriction of consumption is in force as known at as_of",
            frame=ENFORCEMENT,
            expression=lambda v: ever(_open_record(v, "consumption_restriction")),
            window="as_of",
            unit="flag",
            direction=1,
            missing="zero",
            zero_if_checked="enforcement",
            clip=(0, 1),
            source="限制高消费 (SPC rules on restricting high consumption)",
            actionable=True,
        ),
    ),
)

COMPLIANCE = Indicator(
    id="compliance",
    code="LC02",
    en="Compliance",
    zh="合规情况",
    stance="explicit",
    good_en="Good compliance",
    good_zh="合规情况良好",
    bad_en="Weak compliance",
    bad_zh="合规情况较差",
    features=(
        Feature(
            id="cp_penalty_cnt_3y",
            en="Administrative penalties, 3 years",
            zh="行政处罚次数（3年）",
            formula="number of administrative penalties of the window known at as_of",
            frame=MEASURES,
            expression=lambda v: count(_measured(v, 1095, "admin_penalty")),
            window="1095d",
            unit="count",
            direction=1,
            missing="zero",
            zero_if_checked="compliance",
            clip=(0, 50),
            source="行政处罚（信用中国，published 3 months to 3 years）",
        ),
        Feature(
            id="cp_penalty_severity_decay",
            en="Severity of penalties, time-decayed",
            zh="处罚严重度衰减指数",
            formula="sum of severity * exp(-(as_of - occurred_on)/365) over penalties, recalls, "
            "revocations, downgrades and others of the window",
            frame=MEASURES,
            expression=lambda v: decayed(v.severity, v, "occurred_on", 365, _measured(v, 1095, *_PENALTIES)),
            window="1095d",
            unit="index",
            direction=1,
            missing="zero",
            zero_if_checked="compliance",
            clip=(0, 50),
            source="credit repair practice (信用修复)",
        ),
        Feature(
            id="cp_tax_grade_ord",
            en="Tax credit grade",
            zh="纳税信用等级",
            formula="A 0, B 1, M 1, C 2, D 3 of the newest rating",
            frame=TAX_GRADE,
            expression=lambda v: ibis.cases(*((v.grade == grade, worse) for grade, worse in _TAX_GRADES.items())),
            window="latest<=730d",
            unit="ordinal",
            direction=1,
            missing="random",
            clip=(0, 3),
            source="纳税信用管理办法 (A from 90 points, B 70, C 40, D below)",
            actionable=True,
        ),
        Feature(
            id="cp_tax_arrears_to_revenue",
            en="Tax arrears to revenue",
            zh="欠税/收入",
            formula="sum of tax arrears published and not settled as known at as_of / FS0.revenue",
            frame=MEASURES,
            expression=lambda v: to_size(v.amount, _open_arrears(v), v.revenue),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="zero",
            zero_if_checked="tax",
            clip=(0, 2),
            source="欠税公告",
            actionable=True,
        ),
        Feature(
            id="cp_abnormal_list_days_3y",
            en="Days on the list of abnormal operation, 3 years",
            zh="经营异常天数（3年）",
            formula="days of the window on the list as known at as_of, each counted once",
            frame=MEASURES,
            expression=lambda v: total(v.days_listed, v.event_type == "abnormal_list"),
            window="1095d",
            unit="days",
            direction=1,
            missing="zero",
            zero_if_checked="compliance",
            clip=(0, 1095),
            source="经营异常名录",
            actionable=True,
        ),
        Feature(
            id="cp_serious_violation_5y",
            en="Serious violation, 5 years",
            zh="严重违法失信记录（5年）",
            formula="1 if a serious violation of law or tax law of the window is known at as_of",
            frame=MEASURES,
            expression=lambda v: ever(_measured(v, 1825, *_SERIOUS)),
            window="1825d",
            unit="flag",
            direction=1,
            missing="zero",
            zero_if_checked="compliance",
            clip=(0, 1),
            source="严重违法失信名单；重大税收违法",
        ),
        Feature(
            id="cp_licence_gap_180d",
            en="Licences expired or expiring",
            zh="资质到期风险",
            # A renewal is a row of its own: with the renewed ones left in, every licence ever renewed would be a gap.
            formula="share of the mandatory licences, renewed ones left out, expired or expiring within 180 days after as_of",
            frame=MANDATORY_LICENCES,
            expression=lambda v: ratio(count(_lapsing(v)), v.count()),
            window="as_of+180d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="licence review practice (资质许可)",
            actionable=True,
        ),
    ),
)

LEGAL_COMPLIANCE = Dimension(
    id="legal_compliance",
    en="Legal compliance",
    zh="法律合规性",
    indicators=(
        LITIGATION,
        COMPLIANCE,
    ),
)
