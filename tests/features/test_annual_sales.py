"""A year's credit sales as our ledger knew them at as_of."""

import pandas as pd
import pytest
from dimensions.companies import Company, portfolio_of
from tiny import AS_OF, Engine, days_before

from features.annual_sales import annual_sales
from features.tables import MINOR_UNITS


def invoice(days: int, amount: float, **more: object) -> dict[str, object]:
    """An invoice issued so many days before the application, due a month later."""
    return {"issued_on": days_before(days), "due_on": days_before(days - 30), "amount": amount, **more}


def sales_of(engine: Engine, companies: dict[str, Company], absent: str = "") -> pd.Series:
    engine.load(portfolio_of(companies))
    tables = {name: table for name, table in engine.tables.items() if name != absent}
    found = engine.ask(("sales", absent), lambda: annual_sales(engine.tables["applications"], tables))
    return found.set_index("application_id")["annual_sales"] / MINOR_UNITS


def test_the_invoices_of_the_last_year_are_its_sales_for_whom_we_have_known_that_long(engine: Engine) -> None:
    found = sales_of(
        engine,
        {
            "old": {"invoices": [invoice(800, 5_000), invoice(364, 300), invoice(0, 20)]},
            "just a year": {"invoices": [invoice(365, 5_000), invoice(10, 400)]},
            "younger": {"invoices": [invoice(364, 5_000), invoice(10, 400)]},
            "dormant": {"invoices": [invoice(900, 5_000)]},
            "new": {},
        },
    )

    assert found.to_dict() == {"old": 320, "just a year": 400}


def test_what_was_cancelled_credited_or_not_yet_known_is_no_sale(engine: Engine) -> None:
    late = invoice(5, 7_000, booked_at=days_before(-1))
    rows = [invoice(500, 1), invoice(50, 900, cancelled=True), invoice(40, 800, credit_note_amount=300), late]

    assert sales_of(engine, {"credited": {"invoices": rows}}).to_dict() == {"credited": 500}


def test_without_a_ledger_nobody_has_known_sales(engine: Engine) -> None:
    assert sales_of(engine, {"old": {"invoices": [invoice(800, 5_000)]}}, absent="invoices").empty


def test_the_sales_of_a_year_are_those_before_the_application(engine: Engine) -> None:
    assert days_before(0) == AS_OF
    assert sales_of(engine, {"old": {"invoices": [invoice(400, 5), invoice(-1, 70)]}}).empty


@pytest.mark.parametrize("amount", [0.01, 123_456_789_012.34])
def test_a_fen_and_a_hundred_billions_are_kept_to_the_fen(engine: Engine, amount: float) -> None:
    assert sales_of(engine, {"any": {"invoices": [invoice(400, 5), invoice(1, amount)]}})["any"] == amount
