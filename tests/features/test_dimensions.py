"""Each feature on a case small enough to calculate by hand."""

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from strategies import portfolios
from tiny import (
    application,
    customer,
    days_before,
    default_event,
    invoice,
    limit,
    payment,
    statement,
)

from features.dimensions import CATALOGUE

SOUND = {
    "revenue": 1000, "cost_of_sales": 700, "depreciation_amortisation": 50, "operating_profit": 120, "interest_expense": 20,
    "net_profit": 75, "operating_cash_flow": 90, "cash": 100, "trade_receivables": 200, "inventories": 140,
    "current_assets": 500, "total_assets": 1000, "short_term_borrowings": 100, "trade_payables": 70,
    "current_liabilities": 250, "long_term_borrowings": 150, "total_liabilities": 400, "retained_earnings": 300,
    "total_equity": 600,
}  # fmt: skip
BEFORE = {**SOUND, "net_profit": 40, "total_assets": 800, "total_liabilities": 400, "operating_profit": 80}


def portfolio(**tables):
    return {"customers": [customer()], "applications": [application()], **tables}


def statements(now=SOUND, before=None):
    rows = [statement("S1", **now)]
    if before:
        rows.append(statement("S0", period_end="2022-12-31", published_at="2023-04-30", **before))
    return portfolio(financial_statements=rows)


def values(engine, tables, **how):
    return engine.features(tables, **how).loc["A1"]


@pytest.fixture(scope="module")
def sound(engine):
    """Features of a sound company, listed, that grew and earned more than the year before."""
    return values(engine, statements({**SOUND, "market_cap": 800}, before={**BEFORE, "market_cap": 400}))


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("pf_roa", 75 / 900),
        ("pf_ebitda_margin", 170 / 1000),
        ("pf_gross_margin", 0.3),
        ("pf_ebit_to_assets", 0.12),
        ("pf_retained_earnings_to_assets", 0.3),
        ("pf_roa_change_1y", 0.075 - 0.05),
        ("pf_ebit_change_1y", 0.12 - 0.10),
        ("pf_loss_years_3y", 0),
        ("sv_liabilities_to_assets", 0.4),
        ("sv_net_debt_to_ebitda", 150 / 170),
        ("sv_current_ratio", 2.0),
        ("sv_quick_ratio", 360 / 250),
        ("sv_working_capital_to_assets", 0.25),
        ("sv_interest_coverage", 6.0),
        ("sv_ocf_to_liabilities", 90 / 400),
        ("sv_ebitda_to_liabilities", 170 / 400),
        ("sv_leverage_change_1y", 0.4 - 0.5),
        ("sv_negative_equity", 0),
        ("fh_receivable_days", 73.0),
        ("fh_payable_days", 36.5),
        ("fh_accruals_to_assets", (75 - 90) / 900),
        ("fh_assets_decline_1y", 0.0),
        ("fh_statement_age_days", 182),
        ("fh_filing_delay_days", 121),
        ("fh_altman_z2", 6.56 * 0.25 + 3.26 * 0.3 + 6.72 * 0.12 + 1.05 * 1.5),
        ("fh_altman_z1", 0.717 * 0.25 + 0.847 * 0.3 + 3.107 * 0.12 + 0.420 * 1.5 + 0.998 * 1.0),
        ("fh_zmijewski", -4.336 - 4.513 * 0.075 + 5.679 * 0.4 + 0.004 * 2.0),
        (
            "fh_ohlson_o",
            -1.32
            - 0.407 * math.log(1000)
            + 6.03 * 0.4
            - 1.43 * 0.25
            + 0.0757 * 0.5
            - 2.37 * 0.075
            - 1.83 * 90 / 400
            - 0.521 * (75 - 40) / (75 + 40),
        ),
        ("sv_market_value_to_liabilities", 2.0),
        ("sv_market_value_change_1y", math.log(2)),
        ("pf_profit_to_market_assets", 75 / 1200),
        ("cx_log_market_value", math.log(800)),
        ("oc_asset_turnover", 1000 / 900),
        ("oc_inventory_days", 73.0),
        ("ds_requested_limit_to_revenue", 5.0),
        ("cx_log_assets", math.log(1000)),
    ],
)
def test_a_ratio_of_the_statements_is_what_a_clerk_would_calculate(sound, feature, expected):
    assert sound[feature] == pytest.approx(expected)


def test_a_company_that_files_nothing_has_no_ratios_rather_than_zeros(engine):
    found = values(engine, portfolio())

    financial = [f.id for f in CATALOGUE.features if f.frame.name == "statements"]
    assert found[financial].isna().all()


def test_a_zero_denominator_is_missing_and_not_infinite(engine):
    found = values(engine, statements({**SOUND, "current_liabilities": 0, "total_liabilities": 0, "revenue": 0}))

    assert np.isnan(found["sv_current_ratio"])
    assert np.isnan(found["sv_ocf_to_liabilities"])
    assert np.isnan(found["pf_gross_margin"])


def test_without_interest_the_sign_of_ebit_decides_the_coverage(engine):
    assert values(engine, statements({**SOUND, "interest_expense": 0}))["sv_interest_coverage"] == 50
    loss = {**SOUND, "interest_expense": 0, "operating_profit": -1}
    assert values(engine, statements(loss))["sv_interest_coverage"] == -50


def test_without_interest_and_without_ebit_the_coverage_is_missing(engine):
    unknown = {**SOUND, "interest_expense": 0, "operating_profit": None}

    assert np.isnan(values(engine, statements(unknown))["sv_interest_coverage"])


def test_net_debt_that_ebitda_cannot_carry_is_the_worst_multiple(engine):
    sunk = {**SOUND, "operating_profit": -60}

    assert values(engine, statements(sunk))["sv_net_debt_to_ebitda"] == 20
    assert values(engine, statements({**sunk, "cash": 400}))["sv_net_debt_to_ebitda"] == 0


def test_negative_equity_is_found_from_liabilities_where_equity_is_missing(engine):
    found = values(engine, statements({**SOUND, "total_equity": None, "total_liabilities": 1001}))

    assert found["sv_negative_equity"] == 1


def test_loss_years_count_the_years_that_are_known(engine):
    loss = {**SOUND, "net_profit": -1}

    assert values(engine, statements(loss, before=loss))["pf_loss_years_3y"] == 2
    assert values(engine, statements(SOUND, before=loss))["pf_loss_years_3y"] == 1


def test_a_statement_two_years_back_is_no_previous_year(engine):
    tables = portfolio(
        financial_statements=[
            statement("S1", **SOUND),
            statement("S0", period_end="2021-12-31", published_at="2022-04-30", **BEFORE),
        ]
    )

    assert np.isnan(values(engine, tables)["pf_roa_change_1y"])


def test_a_statement_older_than_two_years_says_nothing(engine):
    old = portfolio(financial_statements=[statement(period_end="2021-12-31", published_at="2022-04-30", **SOUND)])

    assert np.isnan(values(engine, old)["sv_current_ratio"])


@pytest.mark.parametrize(
    ("opinion", "severity"), [("unqualified", 0), ("unaudited", 1), ("qualified", 2), ("adverse", 3), (None, None)]
)
def test_the_audit_opinion_is_ranked_by_severity(engine, opinion, severity):
    found = values(engine, statements({**SOUND, "audit_opinion": opinion}))["fh_audit_opinion_severity"]

    assert np.isnan(found) if severity is None else found == severity


def test_market_value_is_missing_for_a_company_that_is_not_listed(engine):
    found = values(engine, statements(before=BEFORE))

    market = [f.id for f in CATALOGUE.features if "listed companies" in f.formula]
    assert len(market) == 4
    assert found[market].isna().all()


def test_a_change_over_a_year_is_missing_without_the_year_before(engine):
    found = values(engine, statements())

    changes = ["pf_roa_change_1y", "pf_ebit_change_1y", "sv_leverage_change_1y", "fh_assets_decline_1y"]
    assert found[changes].isna().all()


LATE = [
    invoice("I1", days_before(100), days_before(40), 10_000),  # paid 20 days late
    invoice("I2", days_before(80), days_before(20), 30_000),  # open, 20 days overdue
    invoice("I3", days_before(10), days_before(-50), 10_000),  # open, not due
]
PAID = [payment("P1", "I1", days_before(20), 10_000)]


def test_days_beyond_terms_are_weighted_by_amount_and_open_invoices_count_to_today(engine):
    found = values(engine, portfolio(invoices=LATE, payments=PAID))

    assert found["rr_dbt_wavg_180d"] == 20
    assert found["rr_max_dpd_365d"] == 20
    assert found["rr_late_cnt_share_365d"] == 1.0
    assert found["rr_late30_amt_share_365d"] == 0.0
    assert found["rr_overdue_ratio_now"] == pytest.approx(0.75)
    assert found["rr_aging60_ratio_now"] == 0.0
    assert found["rr_bounced_cnt_365d"] == 0


def test_a_new_customer_has_no_repayment_record_rather_than_a_perfect_one(engine):
    found = values(engine, portfolio())

    ledger = [f.id for f in CATALOGUE.features if f.frame.name in ("ledger", "receipts", "exposure")]
    assert found[ledger].isna().all()
    assert found["cx_is_new_customer"] == 1


@pytest.mark.parametrize(
    ("days_late", "index"), [(-30, 100), (0, 80), (15, 70), (30, 50), (45, 45), (90, 30), (200, 1)]
)
def test_the_own_payment_index_meets_its_published_knots(engine, days_late, index):
    due = days_before(240)
    paid = payment("P1", "I1", days_before(240 - days_late), 10_000)

    found = values(engine, portfolio(invoices=[invoice("I1", days_before(300), due, 10_000)], payments=[paid]))

    assert found["rr_payment_index_own_365d"] == pytest.approx(index)


def test_use_of_the_limit_and_days_over_it_follow_the_balance(engine):
    tables = portfolio(invoices=LATE, payments=PAID, credit_limits=[limit(days_before(400), 32_000)])

    found = values(engine, tables)

    assert found["co_limit_utilisation_now"] == pytest.approx(40_000 / 32_000)
    # 40,000 are open from the second invoice until the first is paid 60 days later, and from the third on: 11 days with today.
    assert found["co_over_limit_days_365d"] == 60 + 11
    assert found["co_purchases_to_limit_90d"] == pytest.approx(40_000 / 32_000)
    assert found["rr_collection_rate_90d"] == pytest.approx(10_000 / 50_000)


def test_cooperation_counts_from_the_first_invoice(engine):
    found = values(engine, portfolio(invoices=LATE, payments=PAID))

    assert found["co_tenure_months"] == pytest.approx(100 / (365.25 / 12))
    assert found["co_active_months_12m"] == 3
    assert found["co_paid_months_12m"] == 1
    assert np.isnan(found["co_purchase_spike_90d"])


def test_a_surge_of_purchases_needs_a_year_of_history(engine):
    year = [invoice(f"I{m}", days_before(30 * m + 5), days_before(30 * m - 25), 1_000) for m in range(13)]
    surge = [*year, invoice("X", days_before(3), days_before(-27), 20_000)]

    calm, spiked = (values(engine, portfolio(invoices=rows, payments=PAID)) for rows in (year, surge))

    assert calm["co_purchase_spike_90d"] == pytest.approx(0, abs=0.05)
    assert spiked["co_purchase_spike_90d"] > 0.6


def test_a_customer_who_stopped_buying_shows_no_surge_and_no_gap(engine):
    stopped = [
        invoice("I1", days_before(400), days_before(340), 1_000),
        invoice("I2", days_before(200), days_before(140), 1_000),
    ]

    found = values(engine, portfolio(invoices=stopped, credit_limits=[limit(days_before(400), 32_000)]))
    gone = values(engine, portfolio(invoices=stopped[:1]))

    assert (found["co_purchase_spike_90d"], found["co_purchases_to_limit_90d"]) == (0, 0)
    assert np.isnan(gone["co_purchase_spike_90d"])


def test_amounts_under_dispute_are_a_share_of_what_fell_due(engine):
    disputed = {"disputed_amount": 4_000, "dispute_opened_on": days_before(90)}
    one = invoice("I1", days_before(100), days_before(40), 10_000, **disputed)
    other = invoice("I2", days_before(99), days_before(39), 30_000)

    assert values(engine, portfolio(invoices=[one, other]))["co_dispute_rate_365d"] == pytest.approx(0.1)


def test_the_largest_amounts_the_contract_allows_are_still_added_exactly(engine):
    giant = [invoice(f"I{n}", days_before(400), days_before(300), 1e15) for n in range(3)]

    found = values(
        engine, portfolio(invoices=giant, financial_statements=[statement(**{**SOUND, "trade_receivables": 1e15})])
    )

    assert found["rr_max_dpd_365d"] == 300
    assert found["rr_payment_index_own_365d"] == 1
    assert found["fh_receivable_days"] == 720


def test_a_past_default_fades_and_is_unknown_where_nobody_keeps_records(engine):
    tables = portfolio(default_events=[default_event("E1", days_before(730), cured_on=days_before(300))])

    assert values(engine, tables)["ch_prior_default_decay"] == pytest.approx(math.exp(-1), abs=1e-6)
    assert values(engine, portfolio())["ch_prior_default_decay"] == 0
    assert np.isnan(values(engine, portfolio(), complete_sources=())["ch_prior_default_decay"])


def test_a_default_in_the_group_is_seen_and_a_customer_without_group_has_no_such_feature(engine):
    group = [customer("C1", group_id="集团甲"), customer("C2", group_id="集团甲"), customer("C3")]
    tables = {
        "customers": group,
        "applications": [application("A1", "C1"), application("A3", "C3")],
        "default_events": [default_event("E1", days_before(100), "C2")],
    }

    found = engine.features(tables)["ch_group_default_3y"]

    assert found["A1"] == 1
    assert np.isnan(found["A3"])
    assert engine.features({**tables, "default_events": []})["ch_group_default_3y"]["A1"] == 0


def test_context_is_read_from_the_master_record_known_on_the_day(engine):
    tables = {
        "customers": [
            customer(established_on=days_before(3653), industry_code="C26"),
            customer(industry_code="F51", known_at=days_before(-1)),
        ],
        "applications": [application(requested_terms_days=45)],
    }

    found = values(engine, tables)

    assert found["cx_industry"] == "C"
    assert found["cx_company_age_years"] == pytest.approx(10, abs=0.01)
    assert found["cx_requested_terms_days"] == 45
    assert found["cx_log_requested_limit"] == pytest.approx(math.log(100_000))


@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(tables=portfolios())
def test_every_feature_stays_within_its_declared_bounds_or_is_missing(engine, tables):
    found = engine.features(tables)

    for feature in CATALOGUE.features:
        value = found[feature.id].dropna()
        if feature.is_category:
            assert value.str.len().gt(0).all(), feature.id
        else:
            assert value.between(*feature.clip).all(), feature.id


def test_a_table_that_is_absent_leaves_its_features_unknown_and_the_others_as_they_are(engine):
    tables = portfolio(invoices=LATE, payments=PAID, financial_statements=[statement(**SOUND)])

    found = values(engine, tables, absent=("invoices", "payments", "credit_limits"))

    assert np.isnan(found["rr_dbt_wavg_180d"])
    assert found["sv_current_ratio"] == 2.0
