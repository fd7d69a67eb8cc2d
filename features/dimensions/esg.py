"""Dimension 7, ESG (环境社会治理): environment, social responsibility, governance."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Dimension, Feature, Indicator
from features.frames.esg import ASSESSMENTS, EVENTS
from features.frames.verbs import count, decayed, ever, newest_known, ratio, to_size
from features.point_in_time import within

_EVENT_DAYS = 1095
"""Counted by the day of the event, as in the decay: a first search tells of many years of events at once."""
_GRADES = {"green": 0, "blue": 1, "yellow": 2, "red": 3, "black": 4}


def _events(view: ir.Table, *kinds: str) -> ir.BooleanValue:
    return view.event_type.isin(kinds) & within(view, "occurred_on", _EVENT_DAYS)


def _grade(view: ir.Table) -> ir.IntegerValue:
    return ibis.cases(*((view.env_credit_grade == grade, worse) for grade, worse in _GRADES.items()))


def _log_intensity(view: ir.Table) -> ir.FloatingValue:
    return ibis.ifelse(view.ghg_intensity > 0, view.ghg_intensity, ibis.null("float64")).ln()


def _per_hundred_staff(view: ir.Table, rows: ir.BooleanValue) -> ir.FloatingValue:
    """Return the number of rows per hundred employees; 0 without such a row, null where the staff is unknown or zero."""
    return ibis.ifelse(count(rows) > 0, ratio(100 * count(rows), view.employees.max()), 0.0)


ENVIRONMENT = Indicator(
    id="environment",
    code="ES01",
    en="Environment",
    zh="环境保护",
    stance="explicit",
    good_en="Good environmental record",
    good_zh="环境保护表现良好",
    bad_en="Weak environmental record",
    bad_zh="环境保护表现较差",
    features=(
        Feature(
            id="en_credit_grade_ord",
            en="Environmental credit grade",
            zh="企业环境信用等级",
            formula="green 0, blue 1, yellow 2, red 3, black 4 of the newest grade",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, _grade(v)),
            window="latest<=730d",
            unit="ordinal",
            direction=1,
            missing="random",
            clip=(0, 4),
            source="企业环境信用评价办法（环发[2013]150号）",
            actionable=True,
        ),
        Feature(
            id="en_penalty_cnt_3y",
            en="Environmental penalties, 3 years",
            zh="环保处罚次数（3年）",
            formula="number of environmental penalties of the window known at as_of",
            frame=EVENTS,
            expression=lambda v: count(_events(v, "env_penalty")),
            window="1095d",
            unit="count",
            direction=1,
            missing="zero",
            clip=(0, 30),
            source="环保处罚（生态环境部门公示）",
            zero_if_checked="esg_events",
        ),
        Feature(
            id="en_penalty_amount_to_revenue_3y",
            en="Environmental fines to revenue, 3 years",
            zh="环保罚款/收入（3年）",
            formula="sum of environmental fines of the window / revenue; null where none tells its amount",
            frame=EVENTS,
            expression=lambda v: to_size(v.amount, _events(v, "env_penalty"), v.revenue),
            window="1095d",
            unit="ratio",
            direction=1,
            missing="zero",
            clip=(0, 1),
            source="环保处罚（生态环境部门公示）",
            zero_if_checked="esg_events",
        ),
        Feature(
            id="en_suspension_3y",
            en="Production suspended or accident, 3 years",
            zh="停产整治或环境事故（3年）",
            formula="1 if production was suspended for the environment, or an accident harmed it, in the window",
            frame=EVENTS,
            expression=lambda v: ever(_events(v, "env_suspension", "env_accident")),
            window="1095d",
            unit="flag",
            direction=1,
            missing="zero",
            clip=(0, 1),
            source="环境保护法 art. 60",
            zero_if_checked="esg_events",
        ),
        Feature(
            id="en_e_score",
            en="Environment score",
            zh="环境评分",
            formula="environment score in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.e_score),
            window="latest<=730d",
            unit="score",
            direction=-1,
            missing="random",
            clip=(0, 100),
            source="literature on ESG and default: mixed for E",
        ),
        Feature(
            id="en_ghg_intensity_log",
            en="Carbon intensity against the industry",
            zh="碳强度（行业标准化）",
            formula="ln(tCO2e per million of revenue) in the newest assessment that tells it; the model takes it as standard "
            "deviations from the mean of the industry section",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, _log_intensity(v)),
            window="latest<=730d",
            unit="log",
            direction=1,
            missing="random",
            clip=(-10, 15),
            source="EBA/GL/2020/06 4.3.5; Capasso 2020",
            standardise_within="cx_industry",
        ),
    ),
)

SOCIAL_RESPONSIBILITY = Indicator(
    id="social_responsibility",
    code="ES02",
    en="Social responsibility",
    zh="社会责任",
    stance="explicit",
    good_en="Good social responsibility",
    good_zh="社会责任表现良好",
    bad_en="Weak social responsibility",
    bad_zh="社会责任表现较差",
    features=(
        Feature(
            id="so_s_score",
            en="Social score",
            zh="社会责任评分",
            formula="social score in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.s_score),
            window="latest<=730d",
            unit="score",
            direction=-1,
            missing="random",
            clip=(0, 100),
            source="Zhang 2025 (S lowers default risk)",
        ),
        Feature(
            id="so_social_insurance_coverage",
            en="Social-insurance coverage",
            zh="社保参保率",
            formula="share of employees with social insurance in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.social_insurance_coverage),
            window="latest<=730d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="source article §7.2 (员工福利); 社会保险法",
            actionable=True,
        ),
        Feature(
            id="so_labour_dispute_per100_3y",
            en="Labour disputes per 100 staff, 3 years",
            zh="每百人劳动仲裁数（3年）",
            formula="100 * labour disputes of the window known at as_of / employees",
            frame=EVENTS,
            expression=lambda v: _per_hundred_staff(v, _events(v, "labour_dispute")),
            window="1095d",
            unit="per 100",
            direction=1,
            missing="zero",
            clip=(0, 50),
            source="劳动仲裁",
            zero_if_checked="esg_events",
        ),
        Feature(
            id="so_wage_arrears_3y",
            en="Wage arrears, 3 years",
            zh="欠薪记录（3年）",
            formula="1 if wages were in arrears in the window",
            frame=EVENTS,
            expression=lambda v: ever(_events(v, "wage_arrears")),
            window="1095d",
            unit="flag",
            direction=1,
            missing="zero",
            clip=(0, 1),
            source="拖欠农民工工资失信名单",
            zero_if_checked="esg_events",
        ),
        Feature(
            id="so_injury_rate",
            en="Injury rate",
            zh="工伤率",
            formula="lost-time injuries per million hours in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.injury_rate),
            window="latest<=730d",
            unit="per 1e6 h",
            direction=1,
            missing="random",
            clip=(0, 50),
            source="GRI 403-9",
        ),
    ),
)

GOVERNANCE = Indicator(
    id="governance",
    code="ES03",
    en="Corporate governance",
    zh="公司治理",
    stance="explicit",
    good_en="Good corporate governance",
    good_zh="公司治理水平较高",
    bad_en="Weak corporate governance",
    bad_zh="公司治理水平较差",
    features=(
        Feature(
            id="gv_board_independence",
            en="Independence of the board",
            zh="董事会独立性",
            formula="independent directors / board size in the newest assessment that tells both",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, ratio(v.independent_directors, v.board_size)),
            window="latest<=730d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="source article §7.3; CSRC one-third rule",
            actionable=True,
        ),
        Feature(
            id="gv_ceo_chair_dual",
            en="Chief executive chairs the board",
            zh="两职合一",
            formula="1 if the chief executive chairs the board, in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.ceo_chair_dual.cast("int64")),
            window="latest<=730d",
            unit="flag",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="governance literature (weak)",
            actionable=True,
        ),
        Feature(
            id="gv_disclosure_score",
            en="Quality of disclosure",
            zh="信息透明度评分",
            formula="disclosure score in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.disclosure_score),
            window="latest<=730d",
            unit="score",
            direction=-1,
            missing="informative",
            clip=(0, 100),
            source="source article §7.3; Atif and Ali 2021",
            actionable=True,
        ),
        Feature(
            id="gv_related_party_share",
            en="Share of related-party trade",
            zh="关联交易占比",
            formula="related-party sales and purchases over revenue in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.related_party_share),
            window="latest<=730d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 2),
            source="CSRC disclosure rules; governance literature",
        ),
        Feature(
            id="gv_share_pledge_ratio",
            en="Pledged share of the controlling holder's stake",
            zh="控股股东质押率",
            formula="pledged share of the controlling holder's stake in the newest assessment that tells it",
            frame=ASSESSMENTS,
            expression=lambda v: newest_known(v, v.share_pledge_ratio),
            window="latest<=730d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="A-share pledge-risk literature",
            actionable=True,
        ),
        Feature(
            id="gv_event_decay_3y",
            en="Governance events, time-decayed",
            zh="治理事件衰减指数",
            formula="sum of severity * exp(-(as_of - occurred_on)/365) over the governance events of the window known at as_of",
            frame=EVENTS,
            expression=lambda v: decayed(
                v.severity, v, "occurred_on", 365, (v.pillar == "g") & within(v, "occurred_on", _EVENT_DAYS)
            ),
            window="1095d",
            unit="index",
            direction=1,
            missing="zero",
            clip=(0, 50),
            source="source article §7.3; Zhang 2025 (G lowers default risk)",
            zero_if_checked="esg_events",
        ),
    ),
)

ESG = Dimension(
    id="esg",
    en="ESG",
    zh="环境社会治理（ESG）",
    indicators=(
        ENVIRONMENT,
        SOCIAL_RESPONSIBILITY,
        GOVERNANCE,
    ),
)
