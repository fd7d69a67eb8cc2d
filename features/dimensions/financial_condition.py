"""Dimension 2, financial condition (财务状况): profitability, solvency, financial health, from annual statements."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Dimension, Feature, Indicator
from features.frames.statements import STATEMENTS
from features.frames.verbs import ratio
from features.point_in_time import age_days, days_between
from features.tables import MINOR_UNITS

_SEVERITY = {"unqualified": 0, "unqualified_emphasis": 1, "unaudited": 1, "qualified": 2, "disclaimer": 3, "adverse": 3}


def _positive(amount: ir.NumericValue) -> ir.NumericValue:
    """Return the amount where it can serve as a base of comparison, null where it is zero or negative."""
    return ibis.ifelse(amount > 0, amount, ibis.null("int64"))


def _to_revenue(view: ir.Table, amount: ir.NumericValue) -> ir.FloatingValue:
    return ratio(amount, _positive(view.revenue))


def _to_cost(view: ir.Table, amount: ir.NumericValue) -> ir.FloatingValue:
    return ratio(amount, _positive(view.cost_of_sales))


def _mean_assets(view: ir.Table) -> ir.FloatingValue:
    """Return the mean of total assets at the start and the end of the year; the end alone without a previous statement."""
    return (view.total_assets + view.total_assets_1y.coalesce(view.total_assets)).cast("float64").nullif(0.0) / 2


def _ebitda(view: ir.Table) -> ir.IntegerValue:
    return view.operating_profit + view.depreciation_amortisation


def _roa(view: ir.Table) -> ir.FloatingValue:
    return view.net_profit.cast("float64") / _mean_assets(view)


def _loss_years(view: ir.Table) -> ir.IntegerValue:
    earlier = [(profit < 0).coalesce(False).cast("int64") for profit in (view.net_profit_1y, view.net_profit_2y)]
    return (view.net_profit < 0).cast("int64") + earlier[0] + earlier[1]


def _net_debt_to_ebitda(view: ir.Table) -> ir.FloatingValue:
    net_debt = view.short_term_borrowings.coalesce(0) + view.long_term_borrowings - view.cash
    return ibis.cases(
        (net_debt <= 0, 0.0), ((_ebitda(view) <= 0) & (net_debt > 0), 20.0), else_=ratio(net_debt, _ebitda(view))
    )


def _interest_coverage(view: ir.Table) -> ir.FloatingValue:
    without = ibis.cases((view.operating_profit >= 0, 50.0), (view.operating_profit < 0, -50.0))
    return ibis.ifelse(view.interest_expense == 0, without, ratio(view.operating_profit, view.interest_expense))


def _negative_equity(view: ir.Table) -> ir.IntegerValue:
    return (view.total_equity <= 0).coalesce(view.total_liabilities > view.total_assets).cast("int64")


def _log_change(now: ir.NumericValue, before: ir.NumericValue) -> ir.FloatingValue:
    return ratio(_positive(now), _positive(before)).ln()


def _audit_severity(view: ir.Table) -> ir.IntegerValue:
    return ibis.cases(*((view.audit_opinion == opinion, severity) for opinion, severity in _SEVERITY.items()))


def _working_capital(view: ir.Table) -> ir.FloatingValue:
    return ratio(view.current_assets - view.current_liabilities, view.total_assets)


def _altman_z2(view: ir.Table) -> ir.FloatingValue:
    return (
        6.56 * _working_capital(view)
        + 3.26 * ratio(view.retained_earnings, view.total_assets)
        + 6.72 * ratio(view.operating_profit, view.total_assets)
        + 1.05 * ratio(view.total_equity, view.total_liabilities)
    )


def _altman_z1(view: ir.Table) -> ir.FloatingValue:
    return (
        0.717 * _working_capital(view)
        + 0.847 * ratio(view.retained_earnings, view.total_assets)
        + 3.107 * ratio(view.operating_profit, view.total_assets)
        + 0.420 * ratio(view.total_equity, view.total_liabilities)
        + 0.998 * ratio(view.revenue, view.total_assets)
    )


def _ohlson_o(view: ir.Table) -> ir.FloatingValue:
    size = (_positive(view.total_assets).cast("float64") / MINOR_UNITS).ln()
    two_losses = ((view.net_profit < 0) & (view.net_profit_1y < 0)).coalesce(False).cast("float64")
    funds = view.operating_cash_flow.coalesce(view.net_profit + view.depreciation_amortisation)
    change = ratio(view.net_profit - view.net_profit_1y, view.net_profit.abs() + view.net_profit_1y.abs())
    return (
        -1.32
        - 0.407 * size
        + 6.03 * ratio(view.total_liabilities, view.total_assets)
        - 1.43 * _working_capital(view)
        + 0.0757 * ratio(view.current_liabilities, view.current_assets)
        - 1.72 * (view.total_liabilities > view.total_assets).cast("float64")
        - 2.37 * ratio(view.net_profit, view.total_assets)
        - 1.83 * ratio(funds, view.total_liabilities)
        + 0.285 * two_losses
        - 0.521 * change.coalesce(0.0)
    )


def _zmijewski(view: ir.Table) -> ir.FloatingValue:
    return (
        -4.336
        - 4.513 * ratio(view.net_profit, view.total_assets)
        + 5.679 * ratio(view.total_liabilities, view.total_assets)
        + 0.004 * ratio(view.current_assets, view.current_liabilities)
    )


PROFITABILITY = Indicator(
    id="profitability",
    code="FN01",
    en="Profitability",
    zh="盈利能力",
    stance="explicit",
    good_en="Strong profitability",
    good_zh="盈利能力较强",
    bad_en="Weak profitability",
    bad_zh="盈利能力较差",
    features=(
        Feature(
            id="pf_roa",
            en="Return on assets",
            zh="总资产净利率",
            formula="net profit / mean of total assets of FS0 and FS1; FS0 alone if there is no FS1",
            frame=STATEMENTS,
            expression=_roa,
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-1.5, 1.0),
            source="Zmijewski 1984; Ohlson 1980",
        ),
        Feature(
            id="pf_ebitda_margin",
            en="EBITDA margin",
            zh="EBITDA利润率",
            formula="(operating profit + depreciation and amortisation) / revenue",
            frame=STATEMENTS,
            expression=lambda v: _to_revenue(v, _ebitda(v)),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-2.0, 1.0),
            source="RiskCalc profitability",
        ),
        Feature(
            id="pf_gross_margin",
            en="Gross margin",
            zh="毛利率",
            formula="(revenue - cost of sales) / revenue",
            frame=STATEMENTS,
            expression=lambda v: _to_revenue(v, v.revenue - v.cost_of_sales),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-1.0, 1.0),
            source="RiskCalc profitability",
        ),
        Feature(
            id="pf_ebit_to_assets",
            en="EBIT to total assets",
            zh="EBIT/总资产",
            formula="operating profit / total assets",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.operating_profit, v.total_assets),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-1.5, 1.0),
            source="Altman X3",
        ),
        Feature(
            id="pf_retained_earnings_to_assets",
            en="Retained earnings to total assets",
            zh="留存收益/总资产",
            formula="retained earnings / total assets",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.retained_earnings, v.total_assets),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-10.0, 1.0),
            source="Altman X2",
        ),
        Feature(
            id="pf_roa_change_1y",
            en="Change of return on assets",
            zh="总资产净利率变动",
            formula="net profit / total assets, FS0 minus FS1",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.net_profit, v.total_assets) - ratio(v.net_profit_1y, v.total_assets_1y),
            window="FS0,FS1",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-1.0, 1.0),
            source="Ohlson CHIN (variant)",
        ),
        Feature(
            id="pf_ebit_change_1y",
            en="Change of EBIT to total assets",
            zh="EBIT/总资产变动",
            formula="operating profit / total assets, FS0 minus FS1",
            frame=STATEMENTS,
            expression=lambda v: (
                ratio(v.operating_profit, v.total_assets) - ratio(v.operating_profit_1y, v.total_assets_1y)
            ),
            window="FS0,FS1",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-1.0, 1.0),
            source="RiskCalc profitability, change",
        ),
        Feature(
            id="pf_profit_to_market_assets",
            en="Net profit to market-valued assets",
            zh="净利润/市值口径总资产",
            formula="net profit / (market capitalisation + total liabilities), listed companies",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.net_profit, v.market_cap + v.total_liabilities),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="structural",
            clip=(-1.5, 1.0),
            source="Campbell, Hilscher and Szilagyi 2008 (NIMTA)",
        ),
        Feature(
            id="pf_loss_years_3y",
            en="Loss years, last three",
            zh="近三年亏损年数",
            formula="count of FS0, FS1, FS2 with net profit < 0; needs FS0",
            frame=STATEMENTS,
            expression=_loss_years,
            window="3 FY",
            unit="count",
            direction=1,
            missing="informative",
            clip=(0, 3),
            source="Ohlson INTWO (variant)",
        ),
    ),
)

SOLVENCY = Indicator(
    id="solvency",
    code="FN02",
    en="Solvency",
    zh="偿债能力",
    stance="explicit",
    good_en="Sound debt-paying ability",
    good_zh="偿债能力较强",
    bad_en="Weak debt-paying ability",
    bad_zh="偿债能力较差",
    features=(
        Feature(
            id="sv_liabilities_to_assets",
            en="Liabilities to assets",
            zh="资产负债率",
            formula="total liabilities / total assets",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.total_liabilities, v.total_assets),
            window="FS<=24m",
            unit="ratio",
            direction=1,
            missing="informative",
            clip=(0, 3.0),
            source="Ohlson TLTA; Zmijewski FINL",
        ),
        Feature(
            id="sv_net_debt_to_ebitda",
            en="Net debt to EBITDA",
            zh="净负债/EBITDA",
            formula="net debt / EBITDA; 0 if net debt <= 0, 20 if EBITDA <= 0 < net debt",
            frame=STATEMENTS,
            expression=_net_debt_to_ebitda,
            window="FS<=24m",
            unit="times",
            direction=1,
            missing="informative",
            clip=(0, 20.0),
            source="EBA/GL/2020/06 Annex 3; RiskCalc",
        ),
        Feature(
            id="sv_current_ratio",
            en="Current ratio",
            zh="流动比率",
            formula="current assets / current liabilities",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.current_assets, v.current_liabilities),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(0, 10.0),
            source="Beaver 1966; Ohlson CLCA",
        ),
        Feature(
            id="sv_quick_ratio",
            en="Quick ratio",
            zh="速动比率",
            formula="(current assets - inventories) / current liabilities",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.current_assets - v.inventories, v.current_liabilities),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(0, 10.0),
            source="RiskCalc liquidity",
        ),
        Feature(
            id="sv_working_capital_to_assets",
            en="Working capital to total assets",
            zh="营运资本/总资产",
            formula="(current assets - current liabilities) / total assets",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.current_assets - v.current_liabilities, v.total_assets),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-2.0, 1.0),
            source="Altman X1",
        ),
        Feature(
            id="sv_interest_coverage",
            en="Interest coverage",
            zh="利息保障倍数",
            formula="operating profit / interest expense; without interest 50 if EBIT >= 0, else -50",
            frame=STATEMENTS,
            expression=_interest_coverage,
            window="FS<=24m",
            unit="times",
            direction=-1,
            missing="informative",
            clip=(-50.0, 50.0),
            source="RiskCalc debt coverage; EBA/GL/2020/06 Annex 3",
        ),
        Feature(
            id="sv_ocf_to_liabilities",
            en="Operating cash flow to liabilities",
            zh="经营现金流/总负债",
            formula="operating cash flow / total liabilities",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.operating_cash_flow, v.total_liabilities),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-2.0, 2.0),
            source="Beaver 1966 (cash flow to total debt)",
        ),
        Feature(
            id="sv_ebitda_to_liabilities",
            en="EBITDA to liabilities",
            zh="EBITDA/总负债",
            formula="(operating profit + depreciation and amortisation) / total liabilities",
            frame=STATEMENTS,
            expression=lambda v: ratio(_ebitda(v), v.total_liabilities),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="informative",
            clip=(-3.0, 3.0),
            source="Beaver 1966; RiskCalc debt coverage",
        ),
        Feature(
            id="sv_leverage_change_1y",
            en="Change of liabilities to assets",
            zh="资产负债率变动",
            formula="total liabilities / total assets, FS0 minus FS1",
            frame=STATEMENTS,
            expression=lambda v: (
                ratio(v.total_liabilities, v.total_assets) - ratio(v.total_liabilities_1y, v.total_assets_1y)
            ),
            window="FS0,FS1",
            unit="ratio",
            direction=1,
            missing="informative",
            clip=(-1.0, 1.0),
            source="RiskCalc leverage",
        ),
        Feature(
            id="sv_negative_equity",
            en="Negative equity",
            zh="资不抵债",
            formula="1 if total equity <= 0; by total liabilities > total assets where equity is missing",
            frame=STATEMENTS,
            expression=_negative_equity,
            window="FS<=24m",
            unit="flag",
            direction=1,
            missing="informative",
            clip=(0, 1),
            source="Ohlson OENEG",
        ),
        Feature(
            id="sv_market_value_to_liabilities",
            en="Market value to liabilities",
            zh="总市值/总负债",
            formula="market capitalisation / total liabilities, listed companies",
            frame=STATEMENTS,
            expression=lambda v: ratio(v.market_cap, v.total_liabilities),
            window="FS<=24m",
            unit="ratio",
            direction=-1,
            missing="structural",
            clip=(0, 50.0),
            source="Altman 1968 X4; Merton 1974",
        ),
        Feature(
            id="sv_market_value_change_1y",
            en="Change of market value",
            zh="总市值变动",
            formula="ln(market capitalisation FS0 / FS1), listed companies",
            frame=STATEMENTS,
            expression=lambda v: _log_change(v.market_cap, v.market_cap_1y),
            window="FS0,FS1",
            unit="log-ratio",
            direction=-1,
            missing="structural",
            clip=(-3.0, 3.0),
            source="Campbell, Hilscher and Szilagyi 2008 (EXRETAVG)",
        ),
    ),
)

FINANCIAL_HEALTH = Indicator(
    id="financial_health",
    code="FN03",
    en="Financial health",
    zh="财务健康状况",
    stance="implied",
    good_en="Sound financial health",
    good_zh="财务健康状况良好",
    bad_en="Weak financial health",
    bad_zh="财务健康状况欠佳",
    features=(
        Feature(
            id="fh_receivable_days",
            en="Days of receivables",
            zh="应收账款周转天数",
            formula="365 * trade receivables / revenue",
            frame=STATEMENTS,
            expression=lambda v: 365 * _to_revenue(v, v.trade_receivables),
            window="FS<=24m",
            unit="days",
            direction=1,
            missing="informative",
            clip=(0, 720),
            source="RiskCalc activity",
        ),
        Feature(
            id="fh_payable_days",
            en="Days of payables",
            zh="应付账款周转天数",
            formula="365 * trade payables / cost of sales",
            frame=STATEMENTS,
            expression=lambda v: 365 * _to_cost(v, v.trade_payables),
            window="FS<=24m",
            unit="days",
            direction=1,
            missing="informative",
            clip=(0, 720),
            source="RiskCalc activity",
        ),
        Feature(
            id="fh_accruals_to_assets",
            en="Accruals to total assets",
            zh="应计利润/总资产",
            formula="(net profit - operating cash flow) / mean of total assets of FS0 and FS1",
            frame=STATEMENTS,
            expression=lambda v: (v.net_profit - v.operating_cash_flow).cast("float64") / _mean_assets(v),
            window="FS<=24m",
            unit="ratio",
            direction=1,
            missing="informative",
            clip=(-1.0, 1.0),
            source="Sloan 1996",
        ),
        Feature(
            id="fh_assets_decline_1y",
            en="Shrinking of total assets",
            zh="总资产收缩",
            formula="max(0, ln(total assets FS1 / FS0))",
            frame=STATEMENTS,
            expression=lambda v: (-_log_change(v.total_assets, v.total_assets_1y)).clip(lower=0.0),
            window="FS0,FS1",
            unit="log-ratio",
            direction=1,
            missing="informative",
            clip=(0, 3.0),
            source="RiskCalc growth is U-shaped, so decline alone",
        ),
        Feature(
            id="fh_audit_opinion_severity",
            en="Severity of the audit opinion",
            zh="审计意见严重度",
            formula="unqualified 0; with emphasis or unaudited 1; qualified 2; disclaimer or adverse 3",
            frame=STATEMENTS,
            expression=_audit_severity,
            window="FS<=24m",
            unit="ordinal",
            direction=1,
            missing="informative",
            clip=(0, 3),
            source="Altman, Sabato and Wilson 2010",
            actionable=True,
        ),
        Feature(
            id="fh_statement_age_days",
            en="Age of the latest statement",
            zh="财报距今天数",
            formula="as_of - FS0.period_end",
            frame=STATEMENTS,
            expression=lambda v: age_days(v, "period_end"),
            window="FS<=24m",
            unit="days",
            direction=1,
            missing="informative",
            clip=(0, 760),
            source="Altman, Sabato and Wilson 2010 (filing history)",
            actionable=True,
            moves_by=365,
        ),
        Feature(
            id="fh_filing_delay_days",
            en="Delay of the latest statement",
            zh="财报披露滞后",
            formula="first publication of FS0 - FS0.period_end",
            frame=STATEMENTS,
            expression=lambda v: days_between(v.period_end, v.first_published),
            window="FS<=24m",
            unit="days",
            direction=1,
            missing="informative",
            clip=(0, 400),
            source="Altman, Sabato and Wilson 2010 (filing history)",
        ),
        Feature(
            id="fh_altman_z2",
            en="Altman Z'' score",
            zh="Altman Z''评分",
            formula="6.56 WC/TA + 3.26 RE/TA + 6.72 EBIT/TA + 1.05 E/TL",
            frame=STATEMENTS,
            expression=_altman_z2,
            window="FS<=24m",
            unit="score",
            direction=-1,
            missing="informative",
            clip=(-50.0, 50.0),
            source="Altman Z'' (zones 1.1, 2.6)",
            role="benchmark",
        ),
        Feature(
            id="fh_altman_z1",
            en="Altman Z' score",
            zh="Altman Z'评分",
            formula="0.717 WC/TA + 0.847 RE/TA + 3.107 EBIT/TA + 0.420 E/TL + 0.998 S/TA",
            frame=STATEMENTS,
            expression=_altman_z1,
            window="FS<=24m",
            unit="score",
            direction=-1,
            missing="informative",
            clip=(-50.0, 50.0),
            source="Altman Z' (zones 1.23, 2.9), manufacturers",
            role="benchmark",
        ),
        Feature(
            id="fh_ohlson_o",
            en="Ohlson O score",
            zh="Ohlson O评分",
            formula="Ohlson model 1; level not comparable across currencies",
            frame=STATEMENTS,
            expression=_ohlson_o,
            window="FS0,FS1",
            unit="score",
            direction=1,
            missing="informative",
            clip=(-50.0, 50.0),
            source="Ohlson 1980 model 1",
            role="benchmark",
        ),
        Feature(
            id="fh_zmijewski",
            en="Zmijewski score",
            zh="Zmijewski评分",
            formula="-4.336 - 4.513 NI/TA + 5.679 TL/TA + 0.004 CA/CL",
            frame=STATEMENTS,
            expression=_zmijewski,
            window="FS<=24m",
            unit="score",
            direction=1,
            missing="informative",
            clip=(-50.0, 50.0),
            source="Zmijewski 1984",
            role="benchmark",
        ),
    ),
)

FINANCIAL_CONDITION = Dimension(
    id="financial_condition",
    en="Financial condition",
    zh="财务状况",
    indicators=(
        PROFITABILITY,
        SOLVENCY,
        FINANCIAL_HEALTH,
    ),
)
