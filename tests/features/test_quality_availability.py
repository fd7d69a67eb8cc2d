"""The day a row became known: repaired where it lies before the event, imputed where the table has a lag, never guessed."""

from datetime import timedelta

import pandas as pd
import pytest
from judging import GOOD, Cells, Judge, fate

from features.tables import TABLES

LAGGED = [name for name, table in TABLES.items() if table.reporting_lag_days is not None]


def test_known_before_it_happened_becomes_the_event_plus_the_usual_lag(judge: Judge) -> None:
    lags = [{"invoice_id": f"I{n}", "booked_at": f"2024-01-0{1 + n}"} for n in (1, 3, 4)]
    early = {"invoice_id": "I9", "issued_on": "2024-02-01", "booked_at": "2024-01-31"}

    judged = judge("invoices", [*lags, early])

    assert fate(judged) == ["kept", "kept", "kept", "repaired DQ04"]
    assert judged["booked_at"].iloc[3] == pd.Timestamp("2024-02-04")


def test_a_row_known_too_early_with_no_other_to_compare_is_known_on_its_day(judge: Judge) -> None:
    judged = judge("invoices", [{"booked_at": "2023-12-31"}])

    assert fate(judged) == ["repaired DQ04"]
    assert judged["booked_at"].iloc[0] == pd.Timestamp("2024-01-01")


@pytest.mark.parametrize("name", LAGGED)
def test_a_report_without_the_day_it_reached_us_counts_from_its_reporting_lag_on(judge: Judge, name: str) -> None:
    table = TABLES[name]
    assert table.happened is not None

    judged = judge(name, [{table.availability: None}])

    lag = judged[table.availability].iloc[0] - pd.Timestamp(GOOD[name][table.happened])
    assert fate(judged) == ["repaired DQ05"]
    assert lag == timedelta(days=table.reporting_lag_days)


@pytest.mark.parametrize("name", LAGGED)
def test_a_report_without_any_day_is_set_aside(judge: Judge, name: str) -> None:
    table = TABLES[name]
    assert table.happened is not None

    judged = judge(name, [{table.availability: None, table.happened: None}])

    assert judged["dq_rule"].notna().all()
    assert not judged["dq_fixed_DQ05"].any()


def test_a_tax_grade_without_its_day_of_publication_is_set_aside(judge: Judge) -> None:
    assert fate(judge("tax_ratings", [{"published_at": None}])) == ["aside DQ05"]


def test_imputed_days_have_no_say_in_the_usual_lag(judge: Judge) -> None:
    rows = [{"statement_id": f"S{n}", "published_at": None} for n in range(3)]
    known = {"statement_id": "S7", "published_at": "2024-01-10"}
    early = {"statement_id": "S8", "published_at": "2023-12-01"}

    judged = judge("financial_statements", [*rows, known, early])

    assert fate(judged) == ["repaired DQ05"] * 3 + ["kept", "repaired DQ04"]
    assert judged["published_at"].iloc[4] == pd.Timestamp("2024-01-10")


UNDATED: list[tuple[str, Cells, bool]] = [
    ("legal_cases", {}, False),
    ("legal_cases", {"judgment_known_at": None}, True),
    ("legal_cases", {"judgment_known_at": None, "outcome": None, "awarded_amount": None}, False),
    ("legal_cases", {"closed_on": "2024-06-01"}, True),
    ("legal_cases", {"closed_on": "2024-06-01", "closure_known_at": "2024-06-02"}, False),
    ("legal_cases", {"judgment_known_at": "2024-01-02"}, False),  # before the case itself was known: possible
    ("enforcement_records", {"removed_on": "2024-06-01"}, True),
    ("compliance_events", {"removed_on": "2024-06-01"}, True),
    ("compliance_events", {"removal_known_at": "2024-06-01"}, False),
    ("default_events", {"cured_on": "2024-06-01"}, False),  # its own day
    ("invoices", {"cancelled": "true"}, False),  # known with the invoice
    ("payments", {"bounced": "true"}, False),
]


@pytest.mark.parametrize(("name", "changes", "flagged"), UNDATED, ids=[f"{n}: {changes}" for n, changes, _ in UNDATED])
def test_a_later_fact_without_the_day_it_became_known_is_flagged_and_its_row_kept(
    judge: Judge, name: str, changes: Cells, flagged: bool
) -> None:
    judged = judge(name, [changes])

    assert fate(judged) == ["kept"]
    assert judged["dq_flag_DQ05"].to_list() == [flagged]
