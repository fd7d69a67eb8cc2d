"""A feature may use only what was known at the end of as_of: nothing known later moves it by one bit."""

from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from strategies import TODAY, cell, portfolios
from tiny import (
    AS_OF,
    Engine,
    Row,
    application,
    customer,
    days_before,
    default_event,
    invoice,
    limit,
    payment,
    statement,
)

from features.tables import TABLES, Table

DECISION = (
    "decision",
    "decided_at",
    "approved_limit",
    "approved_terms_days",
    "decision_reason",
    "policy_version",
    "override_type",
    "admission_arm",
)
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Every example asks for all features twice: a failure is shown as it was found, or it would be minutes in shrinking."""

TOMORROW = AS_OF + timedelta(days=1)


def assert_same_bits(before: pd.DataFrame, after: pd.DataFrame) -> None:
    moved = [name for name in before if not before[name].equals(after[name])]
    assert not moved, before[moved].compare(after[moved]).T.to_string()


def is_known(table: str, row: Row, on: date = TODAY) -> bool:
    return row[TABLES[table].availability] <= on


@st.composite
def corrupted(draw: st.DrawFn, table: Table, row: Row) -> Row:
    """The row with anything in it but its key, and known some day after today."""
    kept = {*table.key, table.availability}
    random = Random(draw(st.integers(0, 2**24)))
    known_later = TODAY + timedelta(days=random.randint(1, 400))
    changed = {c.name: cell(random, c) for c in table if c.name not in kept and random.random() < 0.5}
    if "customer_id" in row and "customer_id" not in kept:
        changed["customer_id"] = random.choice(("C0", "C1", row["customer_id"]))
    return {**row, **changed, table.availability: known_later}


@st.composite
def second_lives(draw: st.DrawFn, table: Table, row: Row) -> Row:
    """The row with another second life: what was to become known after today is something else, or nothing."""
    random = Random(draw(st.integers(0, 2**24)))
    hidden = {c.revealed_by for c in table.second_lives if (row[c.revealed_by] or TODAY) > TODAY}
    days_later = {name: random.choice((row[name], TODAY + timedelta(days=random.randint(1, 400)))) for name in hidden}
    values = {c.name: cell(random, c) for c in table.second_lives if c.revealed_by in hidden and c.name not in hidden}
    return {**row, **values, **days_later}


@st.composite
def other_futures(draw: st.DrawFn, portfolio: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The same past; of what is known later some is gone, some is corrupted, rows of the past come again, changed, and
    what happens to them later is something else."""
    other: dict[str, list[Row]] = {}
    for name, table in TABLES.items():
        past = [row for row in portfolio[name] if is_known(name, row)]
        future = [row for row in portfolio[name] if not is_known(name, row) and draw(st.booleans())]
        again = [_with_a_key_of_its_own(table, row) for row in past if draw(st.booleans())]
        lived_on = [draw(second_lives(table, row)) for row in past]
        other[name] = lived_on + [draw(corrupted(table, row)) for row in future + again]
    return other


def _with_a_key_of_its_own(table: Table, row: Row) -> Row:
    return {**row, **{key: f"{row[key]}-again" for key in table.key if key.endswith("_id") and key != "customer_id"}}


@settings(max_examples=15, phases=UNSHRUNK)
@given(data=st.data())
def test_nothing_known_after_as_of_moves_any_feature_by_one_bit(engine: Engine, data: st.DataObject) -> None:
    portfolio = data.draw(portfolios())
    other = data.draw(other_futures(portfolio))
    decided = [row["application_id"] for row in portfolio["applications"] if is_known("applications", row)]
    assume(decided)

    before, after = engine.features(portfolio), engine.features(other)

    assert_same_bits(before.loc[decided], after.loc[decided])


@settings(max_examples=4, phases=UNSHRUNK)
@given(data=st.data())
def test_the_order_of_the_rows_moves_no_feature_by_one_bit(engine: Engine, data: st.DataObject) -> None:
    portfolio = data.draw(portfolios())
    shuffled = {name: data.draw(st.permutations(rows)) for name, rows in portfolio.items()}

    assert_same_bits(engine.features(portfolio), engine.features(shuffled))


@settings(max_examples=4, phases=UNSHRUNK)
@given(data=st.data())
def test_what_was_decided_moves_no_feature_by_one_bit(engine: Engine, data: st.DataObject) -> None:
    portfolio = data.draw(portfolios())
    table = TABLES["applications"]
    random = Random(data.draw(st.integers(0, 2**24)))
    decided = {name: cell(random, table[name]) for name in DECISION}
    other = {**portfolio, "applications": [{**row, **decided} for row in portfolio["applications"]]}

    assert_same_bits(engine.features(portfolio), engine.features(other))


@settings(max_examples=4, phases=UNSHRUNK)
@given(data=st.data())
def test_an_application_has_the_same_features_whoever_else_applies(engine: Engine, data: st.DataObject) -> None:
    portfolio = data.draw(portfolios())
    one = data.draw(st.sampled_from(portfolio["applications"]))

    together, alone = engine.features(portfolio), engine.features({**portfolio, "applications": [one]})

    assert_same_bits(together.loc[[one["application_id"]]], alone)


def test_what_the_customer_asks_for_is_a_feature(engine: Engine) -> None:
    asks = {"customers": [customer()], "financial_statements": [statement(revenue=1_000_000)]}

    modest = engine.features({**asks, "applications": [application(requested_limit=100_000, requested_terms_days=30)]})
    bold = engine.features({**asks, "applications": [application(requested_limit=900_000, requested_terms_days=180)]})

    assert (modest["ds_requested_limit_to_revenue"].item(), bold["ds_requested_limit_to_revenue"].item()) == (0.1, 0.9)
    assert (modest["cx_requested_terms_days"].item(), bold["cx_requested_terms_days"].item()) == (30, 180)


KNOWN_ON_A_DAY = {
    "customers": ("cx_industry", lambda c, d: customer(c, industry_code="F51", known_at=d)),
    "default_events": ("ch_prior_default_decay", lambda c, d: default_event(f"E-{c}", days_before(100), c, known_at=d)),
    "invoices": (
        "co_tenure_months",
        lambda c, d: invoice(f"J-{c}", days_before(900), days_before(800), 9, c, booked_at=d),
    ),
    "payments": (
        "rr_overdue_ratio_now",
        lambda c, d: payment(f"P-{c}", f"I-{c}", days_before(200), 99_000, c, booked_at=d),
    ),
    "credit_limits": ("co_limit_utilisation_now", lambda c, d: limit(days_before(300), 200_000, c, recorded_at=d)),
    "financial_statements": (
        "sv_current_ratio",
        lambda c, d: statement(f"S-{c}", c, current_assets=2, current_liabilities=1, published_at=d),
    ),
}
"""Of each table: a feature, and a row of a customer that it must see once it is known."""


@pytest.fixture(scope="module")
def known_on_a_day(engine: Engine) -> pd.DataFrame:
    """Features of three customers a table: without its row, with it known on the day, and known the day after."""
    portfolio: dict[str, list[Row]] = {name: [] for name in TABLES}
    for table, (_, extra) in KNOWN_ON_A_DAY.items():
        for case, known_at in (("without", None), ("today", AS_OF), ("tomorrow", TOMORROW)):
            name = f"{table}/{case}"
            portfolio["customers"].append(customer(name))
            portfolio["applications"].append(application(name, name))
            portfolio["invoices"].append(invoice(f"I-{name}", days_before(300), days_before(240), 100_000, name))
            if known_at:
                portfolio[table].append(extra(name, known_at))
    return engine.features(portfolio)


@pytest.mark.parametrize("table", KNOWN_ON_A_DAY)
def test_a_row_known_on_the_day_is_seen_and_one_known_the_day_after_is_not(
    known_on_a_day: pd.DataFrame, table: str
) -> None:
    values = known_on_a_day[KNOWN_ON_A_DAY[table][0]]
    without, today, tomorrow = (values[f"{table}/{case}"] for case in ("without", "today", "tomorrow"))

    assert tomorrow == without or (pd.isna(tomorrow) and pd.isna(without))
    assert today != without


def test_a_restatement_published_later_is_invisible_and_one_published_in_time_replaces_the_first(
    engine: Engine,
) -> None:
    def current_ratio(as_of: date) -> float:
        first = statement("S1", published_at="2024-04-30", current_assets=300, current_liabilities=100)
        restated = statement(
            "S2", published_at="2024-09-01", current_assets=50, current_liabilities=100, is_restatement=True
        )
        portfolio = {
            "customers": [customer()],
            "applications": [application(as_of=as_of)],
            "financial_statements": [restated, first],
        }
        return engine.features(portfolio)["sv_current_ratio"].item()

    assert current_ratio(date(2024, 8, 31)) == 3.0
    assert current_ratio(date(2024, 9, 1)) == 0.5


def test_of_two_versions_published_on_one_day_the_higher_key_counts(engine: Engine) -> None:
    versions = [statement(name, total_assets=100, total_liabilities=debt) for name, debt in (("S2", 80), ("S1", 40))]

    found = engine.features(
        {"customers": [customer()], "applications": [application()], "financial_statements": versions}
    )

    assert found["sv_liabilities_to_assets"].item() == 0.8


def test_a_statement_of_part_of_a_year_never_hides_the_annual_one(engine: Engine) -> None:
    annual = statement("S1", published_at="2024-04-30", current_assets=300, current_liabilities=100)
    quarter = statement("S2", published_at="2024-05-31", period_months=3, current_assets=50, current_liabilities=100)

    found = engine.features(
        {"customers": [customer()], "applications": [application()], "financial_statements": [annual, quarter]}
    )

    assert found["sv_current_ratio"].item() == 3.0


def test_a_version_dated_another_day_of_the_month_replaces_the_first_and_is_not_mixed_with_it(engine: Engine) -> None:
    first = statement(
        "S1", period_end="2023-12-30", published_at="2024-03-01", current_assets=300, current_liabilities=100
    )
    second = statement(
        "S2", period_end="2023-12-31", published_at="2024-04-30", current_assets=90, current_liabilities=200
    )

    found = engine.features(
        {"customers": [customer()], "applications": [application()], "financial_statements": [first, second]}
    )

    assert found["sv_current_ratio"].item() == 0.45
    assert found["fh_filing_delay_days"].item() == (date(2024, 3, 1) - date(2023, 12, 31)).days


def test_a_statement_older_than_two_years_says_nothing(engine: Engine) -> None:
    def age(as_of: date) -> float:
        old = statement(period_end="2022-06-30", published_at="2022-10-31")
        portfolio = {
            "customers": [customer()],
            "applications": [application(as_of=as_of)],
            "financial_statements": [old],
        }
        found = engine.features(portfolio)["fh_statement_age_days"]
        return float(found.item())

    assert age(date(2024, 6, 30)) == 731
    assert pd.isna(age(date(2024, 7, 1)))


def test_a_payment_booked_after_as_of_does_not_settle_even_if_cleared_before(engine: Engine) -> None:
    ledger = {
        "customers": [customer()],
        "invoices": [invoice("I1", days_before(100), days_before(40), 80_000)],
        "payments": [payment("P1", "I1", days_before(45), 80_000, cleared_on=days_before(44), booked_at=TOMORROW)],
    }

    today = engine.features({**ledger, "applications": [application(as_of=AS_OF)]})
    tomorrow = engine.features({**ledger, "applications": [application(as_of=TOMORROW)]})

    assert (today["rr_overdue_ratio_now"].item(), today["rr_dbt_wavg_180d"].item()) == (1.0, 40.0)
    assert (tomorrow["rr_overdue_ratio_now"].item(), tomorrow["rr_dbt_wavg_180d"].item()) == (0.0, -4.0)


def test_a_payment_that_clears_after_as_of_has_not_settled_yet(engine: Engine) -> None:
    ledger = {
        "customers": [customer()],
        "applications": [application()],
        "invoices": [invoice("I1", days_before(100), days_before(40), 80_000)],
        "payments": [payment("P1", "I1", days_before(45), 80_000, cleared_on=TOMORROW)],
    }

    assert engine.features(ledger)["rr_overdue_ratio_now"].item() == 1.0


def test_a_dispute_opened_after_as_of_is_not_seen(engine: Engine) -> None:
    def disputed(opened_on: date) -> float:
        terms = {"disputed_amount": 20_000, "dispute_opened_on": opened_on}
        issued = invoice("I1", days_before(100), days_before(40), 80_000, **terms)
        found = engine.features({"customers": [customer()], "applications": [application()], "invoices": [issued]})
        return float(found["co_dispute_rate_365d"].item())

    assert (disputed(AS_OF), disputed(TOMORROW)) == (0.25, 0.0)


def test_the_group_is_the_one_known_at_as_of(engine: Engine) -> None:
    def default_in_group(*partner: Row) -> float:
        portfolio = {
            "customers": [customer("C1", group_id="集团甲"), *partner],
            "applications": [application(customer_id="C1")],
            "default_events": [default_event("E1", days_before(30), "C2")],
        }
        return float(engine.features(portfolio)["ch_group_default_3y"].item())

    joined, left = customer("C2", group_id="集团甲"), customer("C2", group_id=None, known_at=days_before(10))
    leaves_later = customer("C2", group_id=None, known_at=TOMORROW)
    joins_later = customer("C2", group_id="集团甲", known_at=TOMORROW)

    assert default_in_group(joined) == 1.0
    assert default_in_group(joined, leaves_later) == 1.0
    assert pd.isna(default_in_group(joined, left))
    assert pd.isna(default_in_group(joins_later))
