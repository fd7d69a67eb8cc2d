"""The rows an auditor looks up: known at as_of, inside the period, newest first, and never another customer's."""

from datetime import date
from typing import Any

import ibis
import pytest
from tiny import AS_OF, Row, application, arrow, days_before, invoice, row

from features.dimensions import CATALOGUE
from features.evidence import SHOWN, WHOLE_HISTORY, days_of, source_rows, sources
from features.tables import TABLES


def rows_behind(table: str, rows: list[Row], days: int = 365) -> list[dict[str, Any]]:
    contract = TABLES[table]
    applications = ibis.memtable(arrow(TABLES["applications"], [application()]))
    found = source_rows(applications, contract, ibis.memtable(arrow(contract, rows)), days)
    return found.order_by("place").to_pyarrow().to_pylist()


def case(case_id: str, filed_on: date, **values: Any) -> Row:
    return row("legal_cases", case_id=case_id, customer_id="C1", filed_on=filed_on, **values)


def test_the_newest_two_rows_are_named_with_the_day_of_the_fact_and_the_day_it_was_known():
    cases = [case(f"L{k}", days_before(30 * k), known_at=days_before(30 * k - 7)) for k in range(1, 6)]

    found = rows_behind("legal_cases", cases)

    assert [r["key"] for r in found] == ["L1", "L2"]
    assert {r["n"] for r in found} == {5}
    assert len(found) == SHOWN
    assert (found[0]["happened_on"], found[0]["known_on"]) == (days_before(30), days_before(23))


def test_what_became_known_after_as_of_or_lies_before_the_period_is_no_evidence():
    cases = [
        case("LATE", days_before(10), known_at=date(2024, 7, 1)),
        case("LAST-DAY", AS_OF),
        case("OLD", days_before(365)),
    ]

    assert [r["key"] for r in rows_behind("legal_cases", cases)] == ["LAST-DAY"]


def test_another_customer_s_rows_are_not_this_one_s_evidence():
    assert rows_behind("legal_cases", [case("L1", days_before(5)) | {"customer_id": "C2"}]) == []


def test_an_invoice_belongs_to_the_day_it_fell_due():
    invoices = [invoice("I1", days_before(400), days_before(100), 5000), invoice("I2", days_before(100), AS_OF, 5000)]

    assert [r["key"] for r in rows_behind("invoices", invoices, days=180)] == ["I2", "I1"]


def test_a_key_of_several_columns_is_told_whole_but_for_the_customer():
    rating = row("tax_ratings", customer_id="C1", rating_year=2023, grade="D", published_at=days_before(60))

    assert [r["key"] for r in rows_behind("tax_ratings", [rating])] == ["2023"]


def test_an_application_that_asks_for_nothing_of_a_source_has_no_rows():
    assert rows_behind("legal_cases", []) == []


@pytest.mark.parametrize(
    ("window", "days"),
    [("180d", 180), ("latest<=730d", 730), ("12m", 372), ("FS<=24m", 744), ("3 FY", 1635), ("as_of", WHOLE_HISTORY)],
)
def test_an_observation_period_reaches_back_as_far_as_it_says(window: str, days: int):
    assert days_of(window) == days


def test_every_feature_of_the_model_names_sources_with_a_key_or_is_told_by_the_application_itself():
    without = {f.frame.name for f in CATALOGUE.of_role("model") if not sources(f)}

    assert without == {"application", "economy", "evidence"}
    for feature in CATALOGUE.of_role("model"):
        assert all(any(column != "customer_id" for column in table.key) for table in sources(feature))
