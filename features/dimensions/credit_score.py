"""Dimension 1, credit score (信用评分): credit history, repayment record, debt situation, cooperation history."""

import itertools

import ibis
import ibis.expr.types as ir

from features.catalogue import Dimension, Feature, Indicator
from features.frames.bureau import BILL_LISTS, REPORT_DAYS, REPORTS, YEAR_APART_DAYS
from features.frames.defaults import DEFAULTS, GROUP_DEFAULTS
from features.frames.ledger import EXPOSURE, LEDGER, RECEIPTS, due_within
from features.frames.statements import STATEMENTS
from features.frames.verbs import decayed, first_known, ratio, total, weighted
from features.point_in_time import age_days, days_between, month_number, months_since, within
from features.tables import MINOR_UNITS

_LOAN_CLASSES = {"normal": 1, "special_mention": 2, "substandard": 3, "doubtful": 4, "loss": 5}
_BILL_LISTS = {"overdue": 1, "persistent": 3}
_MORE_REPORTS_THAN_ANY = 1_000_000
"""More reports than any customer has in two years, so that a place never outweighs a day."""


def _reported(view: ir.Table, value: ir.Value, days: int = REPORT_DAYS) -> ir.Value:
    """Return a value of the newest report of the last `days` that tells it: no provider tells all of them."""
    return first_known(value, view.place, within(view, "report_date", days))


def _score_on_scale(view: ir.Table) -> ir.FloatingValue:
    scale = view.scale_max - view.scale_min
    return ratio(view.score - view.scale_min, ibis.ifelse(scale > 0, scale, ibis.null("float64")))


def _rank(column: ir.Value, ranks: dict[str, int]) -> ir.IntegerValue:
    return ibis.cases(*((column == word, rank) for word, rank in ranks.items()))


def _share_of(amount: ir.IntegerValue, size: ir.IntegerValue) -> ir.FloatingValue:
    """Return an amount to the size it is a burden on: none is 0 whatever the size, else null where that is not positive."""
    return ibis.ifelse(amount == 0, 0.0, ratio(amount, ibis.ifelse(size > 0, size, ibis.null("int64"))))


def _log_debt(debt: ir.IntegerValue) -> ir.FloatingValue:
    return (debt.cast("float64") / MINOR_UNITS + 1).ln()


def _debt_growth(view: ir.Table) -> ir.FloatingValue:
    """Return the log growth from the same provider's report nearest to a year before the newest; of two the later."""
    gap = days_between(view.report_date, view.newest_date)
    comparable = (view.provider == view.newest_provider) & gap.between(*YEAR_APART_DAYS)
    distance = (gap - 365).abs() * _MORE_REPORTS_THAN_ANY + view.place
    return _log_debt(view.newest_debt.max()) - _log_debt(first_known(view.total_balance, distance, comparable))


def _weighted_dbt(view: ir.Table, rows: ir.BooleanValue) -> ir.FloatingValue:
    return ratio(weighted(view.due, view.dbt).sum(where=rows), view.due.sum(where=rows))


def _amount_share(view: ir.Table, part: ir.BooleanValue, whole: ir.BooleanValue) -> ir.FloatingValue:
    return ratio(view.due.sum(where=part & whole).coalesce(0), view.due.sum(where=whole))


def _open_share(view: ir.Table, part: ir.BooleanValue) -> ir.FloatingValue:
    """Return the share of the open balance on some invoices; 0 where nothing is open."""
    balance = view.open.sum()
    return ibis.ifelse(balance > 0, ratio(view.open.sum(where=part).coalesce(0), balance), 0.0)


def _collection_rate(view: ir.Table) -> ir.FloatingValue:
    paid = view.paid.sum(where=within(view, "day", 90)).coalesce(0)
    return ratio(paid, paid + view.change.sum())


def _worst_dpd(view: ir.Table) -> ir.IntegerValue:
    """Return the longest delay of material invoices that were unpaid at some day of the last year; 0 if none was late."""
    ended_within_year = view.settled_on.isnull() | within(view, "settled_on", 365)
    return ibis.greatest(view.dbt.max(where=view.material & ended_within_year).coalesce(0), 0)


def _payment_index(dbt: ir.IntegerValue) -> ir.FloatingValue:
    """Return the own payment index of one invoice: piecewise linear in days beyond terms, 100 early .. 1 very late.

    Source: knots of the published D&B PAYDEX chart; outputs carry our own name because PAYDEX is D&B's mark.
    """
    knots = ((-30, 100), (-20, 90), (0, 80), (15, 70), (22, 60), (30, 50), (60, 40), (90, 30), (120, 20), (180, 1))
    index = ibis.literal(float(knots[0][1]))
    for (x0, y0), (x1, y1) in itertools.pairwise(knots):
        index = index + (dbt.clip(x0, x1).cast("float64") - x0) * ((y1 - y0) / (x1 - x0))
    return index


def _payment_index_mean(view: ir.Table) -> ir.FloatingValue:
    rows = due_within(view, 365)
    thousandths = (_payment_index(view.dbt) * 1000).round().cast("int64")
    return ratio(weighted(view.due, thousandths).sum(where=rows), view.due.sum(where=rows)) / 1000


def _purchases(view: ir.Table, days: int) -> ir.IntegerValue:
    """Return what the customer bought in the window; a known ledger without a purchase in it is a zero, not a gap."""
    return view.due.sum(where=within(view, "issued_on", days)).coalesce(0)


def _purchase_spike(view: ir.Table) -> ir.FloatingValue:
    """Return ln of 90 days' purchases, annualised, over the year's; 0 if they are lower, null without a year to compare."""
    annualised = ratio(4 * _purchases(view, 90), _purchases(view, 365))
    known_a_year = age_days(view, "issued_on").max() >= 365
    return ibis.ifelse(known_a_year, annualised.clip(lower=1.0).ln(), ibis.null("float64"))


CREDIT_HISTORY = Indicator(
    id="credit_history",
    code="CR01",
    en="Credit history",
    zh="信用历史",
    stance="explicit",
    good_en="Sound credit history",
    good_zh="信用历史良好",
    bad_en="Weak credit history",
    bad_zh="信用历史较差",
    features=(
        Feature(
            id="ch_bureau_score",
            en="External bureau score",
            zh="外部征信评分",
            formula="(score - lowest)/(highest - lowest of the scale) of the newest report that tells it",
            frame=REPORTS,
            expression=lambda v: _reported(v, _score_on_scale(v)),
            window="latest<=365d",
            unit="ratio",
            direction=-1,
            missing="random",
            clip=(0, 1),
            source="PBOC enterprise report; EBA/GL/2020/06 5.2",
        ),
        Feature(
            id="ch_bureau_payment_index",
            en="External payment index",
            zh="外部付款指数",
            formula="payment index of the newest report that tells it; 80 is prompt",
            frame=REPORTS,
            expression=lambda v: _reported(v, v.payment_index),
            window="latest<=365d",
            unit="index",
            direction=-1,
            missing="random",
            clip=(1, 100),
            source="D&B PAYDEX",
        ),
        Feature(
            id="ch_oldest_account_months",
            en="Age of the oldest credit account",
            zh="最早信贷账户开立月数",
            formula="months from the opening of the oldest account to as_of, by the newest report that tells it",
            frame=REPORTS,
            expression=lambda v: _reported(v, months_since(v, "oldest_account_on")),
            window="latest<=365d",
            unit="months",
            direction=-1,
            missing="random",
            clip=(0, 360),
            source="length of history in credit scoring (Lessmann et al. 2015)",
        ),
        Feature(
            id="ch_loan_class_worst",
            en="Worst class of loans",
            zh="最差贷款五级分类",
            formula="normal 1, special mention 2, substandard 3, doubtful 4, loss 5 in the newest report that tells it",
            frame=REPORTS,
            expression=lambda v: _reported(v, _rank(v.worst_loan_class, _LOAN_CLASSES)),
            window="latest<=365d",
            unit="ordinal",
            direction=1,
            missing="random",
            clip=(1, 5),
            source="商业银行金融资产风险分类办法 (NFRA)",
        ),
        Feature(
            id="ch_prior_default_decay",
            en="Past defaults, time-decayed",
            zh="历史违约衰减指数",
            formula="sum of exp(-(as_of - event_date)/730) over own events known at as_of",
            frame=DEFAULTS,
            expression=lambda v: decayed(1, v, "event_date", 730, within(v, "event_date", 1825)),
            window="1825d",
            unit="index",
            direction=1,
            missing="zero",
            zero_if_checked="default_history",
            clip=(0, 5),
            source="Basel CRE36, 90-DPD definition",
        ),
        Feature(
            id="ch_group_default_3y",
            en="Default in the connected group, 3 years",
            zh="关联方违约（3年）",
            formula="1 if another customer of the same group had a default event known at as_of",
            frame=GROUP_DEFAULTS,
            expression=lambda v: within(v, "event_date", 1095).any().coalesce(False).cast("int64"),
            window="1095d",
            unit="flag",
            direction=1,
            missing="structural",
            clip=(0, 1),
            source="EBA/GL/2017/15 connected clients",
        ),
        Feature(
            id="ch_bill_overdue_months_12m",
            en="Months on the list of overdue bill acceptors, 12 months",
            zh="票据逾期名单月数（近12月）",
            formula="sum over the months listed in the window, known at as_of: overdue 1, persistent 3",
            frame=BILL_LISTS,
            expression=lambda v: total(_rank(v.list_type, _BILL_LISTS), within(v, "list_month", 365)),
            window="365d",
            unit="count",
            direction=1,
            missing="zero",
            zero_if_checked="bill_overdue",
            clip=(0, 36),
            source="SHCPE lists of overdue acceptors (three bills in six months)",
        ),
        Feature(
            id="ch_bureau_inquiries_90d",
            en="Inquiries by lenders, 90 days",
            zh="近三月征信查询次数",
            formula="inquiries of three months in the newest report that tells them",
            frame=REPORTS,
            expression=lambda v: _reported(v, v.inquiries_3m, 90),
            window="latest<=90d",
            unit="count",
            direction=1,
            missing="random",
            clip=(0, 60),
            source="credit bureau practice",
        ),
    ),
)

REPAYMENT_RECORD = Indicator(
    id="repayment_record",
    code="CR02",
    en="Repayment record",
    zh="还款记录",
    stance="explicit",
    good_en="Sound repayment record",
    good_zh="还款记录良好",
    bad_en="Weak repayment record",
    bad_zh="还款记录较差",
    features=(
        Feature(
            id="rr_dbt_wavg_180d",
            en="Average days beyond terms, 180 days",
            zh="加权平均逾期天数（180天）",
            formula="sum(a*DBT)/sum(a) over invoices due in the window",
            frame=LEDGER,
            expression=lambda v: _weighted_dbt(v, due_within(v, 180)),
            window="180d",
            unit="days",
            direction=1,
            missing="structural",
            clip=(-60, 180),
            source="D&B days beyond terms",
        ),
        Feature(
            id="rr_dbt_trend",
            en="Trend of days beyond terms",
            zh="逾期天数趋势",
            formula="DBT of invoices due in the last 90 days minus DBT of those due in the 275 days before",
            frame=LEDGER,
            expression=lambda v: (
                _weighted_dbt(v, due_within(v, 90)) - _weighted_dbt(v, due_within(v, 365) & ~due_within(v, 90))
            ),
            window="365d",
            unit="days",
            direction=1,
            missing="structural",
            clip=(-120, 120),
            source="D&B PAYDEX trend",
        ),
        Feature(
            id="rr_late_cnt_share_365d",
            en="Share of invoices paid late",
            zh="逾期笔数占比",
            formula="share of invoices due in the window with DBT > 5",
            frame=LEDGER,
            expression=lambda v: ratio((v.dbt > 5).sum(where=due_within(v, 365)), due_within(v, 365).sum()),
            window="365d",
            unit="ratio",
            direction=1,
            missing="structural",
            clip=(0, 1),
            source="Back 2005; Ciampi 2018",
        ),
        Feature(
            id="rr_late30_amt_share_365d",
            en="Share of amounts over 30 days late",
            zh="逾期30天以上金额占比",
            formula="sum(a where DBT > 30)/sum(a) over invoices due in the window",
            frame=LEDGER,
            expression=lambda v: _amount_share(v, v.dbt > 30, due_within(v, 365)),
            window="365d",
            unit="ratio",
            direction=1,
            missing="structural",
            clip=(0, 1),
            source="IFRS 9 5.5.11 (30-DPD backstop)",
        ),
        Feature(
            id="rr_max_dpd_365d",
            en="Longest delay, 12 months",
            zh="最长逾期天数（12个月）",
            formula="longest delay of a material invoice unpaid at some day of the window; 0 if none was late",
            frame=LEDGER,
            expression=_worst_dpd,
            window="365d",
            unit="days",
            direction=1,
            missing="structural",
            clip=(0, 365),
            source="Basel CRE36, 90-DPD definition",
        ),
        Feature(
            id="rr_overdue_ratio_now",
            en="Overdue share of open balance",
            zh="当前逾期余额占比",
            formula="open amount past due / open amount; 0 if nothing is open",
            frame=LEDGER,
            expression=lambda v: _open_share(v, age_days(v, "due_on") > 0),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="structural",
            clip=(0, 1),
            source="ageing of receivables (应收账款账龄分析)",
            actionable=True,
        ),
        Feature(
            id="rr_aging60_ratio_now",
            en="Open balance over 60 days overdue",
            zh="逾期60天以上余额占比",
            formula="open amount more than 60 days past due / open amount; 0 if nothing is open",
            frame=LEDGER,
            expression=lambda v: _open_share(v, age_days(v, "due_on") > 60),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="structural",
            clip=(0, 1),
            source="ageing of receivables (应收账款账龄分析)",
            actionable=True,
        ),
        Feature(
            id="rr_collection_rate_90d",
            en="Share of what was owed that was paid, 90 days",
            zh="近90天回款率",
            formula="receipts of 90 days / (receipts of 90 days + open balance)",
            frame=EXPOSURE,
            expression=_collection_rate,
            window="90d",
            unit="ratio",
            direction=-1,
            missing="structural",
            clip=(0, 1),
            source="collection-rate practice (回款率)",
        ),
        Feature(
            id="rr_bounced_cnt_365d",
            en="Bounced payments",
            zh="退票/拒付次数",
            formula="count of dishonoured payments booked in the window",
            frame=RECEIPTS,
            expression=lambda v: (v.bounced.coalesce(False) & within(v, "booked_at", 365)).sum(),
            window="365d",
            unit="count",
            direction=1,
            missing="structural",
            clip=(0, 20),
            source="dishonoured instruments (空头支票, PBOC)",
        ),
        Feature(
            id="rr_bureau_worst_dpd_12m",
            en="Longest delay at other creditors, 12 months",
            zh="外部最长逾期天数（近12月）",
            formula="worst days past due at other creditors in the newest report that tells them",
            frame=REPORTS,
            expression=lambda v: _reported(v, v.worst_dpd_12m),
            window="latest<=365d",
            unit="days",
            direction=1,
            missing="random",
            clip=(0, 365),
            source="PBOC enterprise report",
        ),
        Feature(
            id="rr_payment_index_own_365d",
            en="Own payment index",
            zh="自有付款指数",
            formula="amount-weighted payment index of DBT: (-30,100) (0,80) (30,50) (90,30) (180,1)",
            frame=LEDGER,
            expression=_payment_index_mean,
            window="365d",
            unit="index",
            direction=-1,
            missing="structural",
            clip=(1, 100),
            source="knots of the published D&B PAYDEX chart",
            role="report",
        ),
    ),
)

DEBT_SITUATION = Indicator(
    id="debt_situation",
    code="CR03",
    en="Debt situation",
    zh="负债情况",
    stance="implied",
    good_en="Light debt",
    good_zh="负债水平较低",
    bad_en="Heavy debt",
    bad_zh="负债水平较高",
    features=(
        Feature(
            id="ds_line_utilisation",
            en="Use of credit lines",
            zh="授信使用率",
            formula="lines in use / lines granted in the newest report that tells both",
            frame=REPORTS,
            expression=lambda v: _reported(v, ratio(v.lines_used, v.lines_total)),
            window="latest<=365d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1.5),
            source="RiskCalc debt coverage; credit bureau practice",
            actionable=True,
        ),
        Feature(
            id="ds_debt_to_revenue",
            en="Debt to annual revenue",
            zh="有息负债/年收入",
            formula="debt of the newest report that tells it / FS0.revenue; 0 without debt",
            frame=REPORTS,
            expression=lambda v: _reported(v, _share_of(v.total_balance, v.revenue)),
            window="latest<=365d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 10),
            source="EBA/GL/2020/06 Annex 3",
            actionable=True,
        ),
        Feature(
            id="ds_overdue_debt_ratio",
            en="Overdue share of external debt",
            zh="外部逾期负债占比",
            formula="overdue debt / debt in the newest report that tells both; 0 if nothing is overdue",
            frame=REPORTS,
            expression=lambda v: _reported(v, _share_of(v.overdue_balance, v.total_balance)),
            window="latest<=365d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 1),
            source="PBOC enterprise report",
            actionable=True,
        ),
        Feature(
            id="ds_guarantee_to_assets",
            en="Guarantees for others to assets",
            zh="对外担保/总资产",
            formula="guarantees given for others in the newest report that tells them / FS0.total_assets; 0 without any",
            frame=REPORTS,
            expression=lambda v: _reported(v, _share_of(v.guarantees_outstanding, v.total_assets)),
            window="latest<=365d",
            unit="ratio",
            direction=1,
            missing="random",
            clip=(0, 5),
            source="guarantee circles (担保圈), PBOC",
        ),
        Feature(
            id="ds_debt_growth_1y",
            en="Growth of debt, 1 year",
            zh="负债增长率（1年）",
            # A year before the newest report, not before as_of, or half a year's growth passes for a year's. One unit of
            # currency more keeps debt that begins or ends at nothing on the scale.
            formula="ln((debt + 1)/(debt a year before + 1)): the newest report that tells it, and the same provider's nearest "
            "to 365 days before that (275 to 455)",
            frame=REPORTS,
            expression=_debt_growth,
            window="820d",
            unit="log-ratio",
            direction=1,
            missing="random",
            clip=(-2, 2),
            source="RiskCalc growth",
        ),
        Feature(
            id="ds_requested_limit_to_revenue",
            en="Requested limit to annual revenue",
            zh="申请额度/年收入",
            formula="requested_limit/FS0.revenue",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.requested_limit, ibis.ifelse(v.revenue > 0, v.revenue, ibis.null("int64"))),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="informative",
            clip=(0, 5),
            source="EBA/GL/2020/06 Annex 3",
            actionable=True,
        ),
    ),
)

COOPERATION_HISTORY = Indicator(
    id="cooperation_history",
    code="CR04",
    en="Cooperation history",
    zh="合作历史",
    stance="implied",
    good_en="Long and steady cooperation",
    good_zh="合作历史良好",
    bad_en="Short or strained cooperation",
    bad_zh="合作历史较短或欠佳",
    features=(
        Feature(
            id="co_tenure_months",
            en="Length of cooperation",
            zh="合作时长",
            formula="months from the first invoice to as_of",
            frame=LEDGER,
            expression=lambda v: months_since(v, "issued_on").max(),
            window="all",
            unit="months",
            direction=-1,
            missing="structural",
            clip=(0, 240),
            source="relationship-length literature",
        ),
        Feature(
            id="co_active_months_12m",
            en="Active months, last 12",
            zh="近12月活跃月数",
            formula="distinct calendar months with an invoice issued in the window",
            frame=LEDGER,
            expression=lambda v: month_number(v.issued_on).nunique(where=within(v, "issued_on", 365)),
            window="365d",
            unit="count",
            direction=-1,
            missing="structural",
            clip=(0, 13),
            source="behavioural scoring practice",
        ),
        Feature(
            id="co_limit_utilisation_now",
            en="Use of our own limit",
            zh="自有额度使用率",
            formula="open balance / limit in force at as_of",
            frame=LEDGER,
            expression=lambda v: ratio(v.open.sum(), v.limit_amount.max()),
            window="as_of",
            unit="ratio",
            direction=1,
            missing="structural",
            clip=(0, 5),
            source="behavioural scoring practice",
        ),
        Feature(
            id="co_paid_months_12m",
            en="Months with a payment, last 12",
            zh="近12月回款月数",
            formula="distinct calendar months with a payment received in the window",
            frame=RECEIPTS,
            expression=lambda v: month_number(v.received_on).nunique(where=within(v, "received_on", 365) & ~v.bounced),
            window="365d",
            unit="count",
            direction=-1,
            missing="structural",
            clip=(0, 13),
            source="behavioural scoring practice",
        ),
        Feature(
            id="co_purchases_to_limit_90d",
            en="Purchases to our limit, 90 days",
            zh="近90天采购额/自有额度",
            formula="purchases of 90 days / limit in force at as_of",
            frame=LEDGER,
            expression=lambda v: ratio(_purchases(v, 90), v.limit_amount.max()),
            window="90d",
            unit="ratio",
            # Busy with us can mean healthy or stretched: the evidence does not settle it.
            direction=0,
            missing="structural",
            clip=(0, 5),
            source="behavioural scoring practice",
        ),
        Feature(
            id="co_over_limit_days_365d",
            en="Days over the limit",
            zh="超限天数",
            formula="days of the window with open balance above the limit",
            frame=EXPOSURE,
            expression=lambda v: ibis.ifelse(
                v.limit_amount.max() > 0,
                v.days.sum(where=(v.limit_amount > 0) & (v.balance > v.limit_amount)).coalesce(0),
                ibis.null("int64"),
            ),
            window="365d",
            unit="days",
            direction=1,
            missing="structural",
            clip=(0, 365),
            source="behavioural scoring practice",
            actionable=True,
        ),
        Feature(
            id="co_dispute_rate_365d",
            en="Share of amounts disputed",
            zh="争议金额占比",
            formula="sum(disputed)/sum(amount) over invoices due in the window, disputes opened by as_of",
            frame=LEDGER,
            expression=lambda v: ratio(
                v.disputed_amount.sum(where=due_within(v, 365) & (age_days(v, "dispute_opened_on") >= 0)).coalesce(0),
                v.amount.sum(where=due_within(v, 365)),
            ),
            window="365d",
            unit="ratio",
            direction=1,
            missing="structural",
            clip=(0, 1),
            source="trade-dispute practice (贸易纠纷)",
        ),
        Feature(
            id="co_purchase_spike_90d",
            en="Surge of purchases",
            zh="采购突增",
            formula="max(0, ln(4*purchases 90d / purchases 365d)); needs 12 months of history",
            frame=LEDGER,
            expression=_purchase_spike,
            window="365d",
            unit="log-ratio",
            direction=1,
            missing="structural",
            clip=(0, 1.4),
            source="bust-out (planned default) pattern",
        ),
    ),
)

CREDIT_SCORE = Dimension(
    id="credit_score",
    en="Credit score (bureau and repayment)",
    zh="信用评分（征信与还款）",
    indicators=(CREDIT_HISTORY, REPAYMENT_RECORD, DEBT_SITUATION, COOPERATION_HISTORY),
)
