"""What happened afterwards: the one status of every application."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from simulated import Simulated
from strategies import Row
from tiny import AS_OF, BASEL, DATA_UNTIL, Engine, Portfolio, application, day, default_event, invoice, payment

from features.outcome import default_events

WINDOW_END = AS_OF + timedelta(days=365)


def after(days: int) -> date:
    return AS_OF + timedelta(days=days)


def traded(*more: Row, issued_on: date | None = None, paid_days_late: int = 0) -> dict[str, list[Row]]:
    """A ledger with one invoice inside the window, paid so many days late."""
    issued_on = issued_on or after(10)
    due_on = issued_on + timedelta(days=30)
    return {
        "invoices": [invoice("I1", issued_on, due_on, 10_000), *more],
        "payments": [payment("P1", "I1", due_on + timedelta(days=paid_days_late), 10_000)],
    }


def outcome(engine: Engine, portfolio: Portfolio, until: date = DATA_UNTIL, **asks: object) -> pd.Series:
    return engine.outcomes({"applications": [application(**asks)], **portfolio}, until=until).loc["A1"]


def status(engine: Engine, portfolio: Portfolio, until: date = DATA_UNTIL, **asks: object) -> str:
    found = outcome(engine, portfolio, until, **asks)
    label = None if pd.isna(found["label"]) else int(found["label"])
    assert label == {"bad": 1, "good": 0, "indeterminate": 0}.get(found["label_status"])
    return str(found["label_status"])


def test_a_customer_who_traded_and_paid_is_good(engine: Engine) -> None:
    assert status(engine, traded()) == "good"


@pytest.mark.parametrize(("days", "expected"), [(1, "bad"), (365, "bad"), (366, "good")])
def test_a_default_counts_from_the_day_after_as_of_to_the_last_day_of_the_window(
    engine: Engine, days: int, expected: str
) -> None:
    assert status(engine, {**traded(), "default_events": [default_event("E1", after(days))]}) == expected


def test_a_default_on_as_of_itself_is_a_default_already_there(engine: Engine) -> None:
    assert status(engine, {**traded(), "default_events": [default_event("E1", AS_OF)]}) == "excluded_in_default"


@pytest.mark.parametrize(("cured_on", "expected"), [(AS_OF, "good"), (after(1), "excluded_in_default")])
def test_a_default_is_over_from_the_day_of_its_cure(engine: Engine, cured_on: date, expected: str) -> None:
    past = default_event("E1", after(-300), cured_on=cured_on)

    assert status(engine, {**traded(), "default_events": [past]}) == expected


def test_the_first_default_of_the_window_is_the_one_named(engine: Engine) -> None:
    events = [
        default_event("E1", after(90), event_type="write_off"),
        default_event("E2", after(40), known_at=after(50)),
        default_event("E3", after(40), known_at=after(45)),
    ]

    found = outcome(engine, {**traded(), "default_events": events})

    named = (found["default_date"].date(), found["default_type"], found["label_known_at"].date())
    assert named == (after(40), "insolvency", after(45))


def test_a_default_not_known_by_the_data_end_does_not_count(engine: Engine) -> None:
    unknown = default_event("E1", after(30), known_at=DATA_UNTIL + timedelta(days=1))

    assert status(engine, {**traded(), "default_events": [unknown]}) == "good"


@pytest.mark.parametrize("decision", ["decline", "withdrawn"])
def test_who_was_refused_and_never_invoiced_is_not_observed_even_with_a_default_elsewhere(
    engine: Engine, decision: str
) -> None:
    events = {"default_events": [default_event("E1", after(30), event_type="bureau_default")]}

    assert status(engine, events, decision=decision) == "not_observed"


def test_who_was_refused_but_traded_all_the_same_is_observed(engine: Engine) -> None:
    assert status(engine, traded(), decision="decline") == "good"
    assert status(engine, {**traded(), "default_events": [default_event("E1", after(30))]}, decision="decline") == "bad"


@pytest.mark.parametrize("decision", ["admit", "conditional", "pending", None])
def test_every_other_decision_is_observed(engine: Engine, decision: str | None) -> None:
    assert status(engine, traded(), decision=decision) == "good"


def test_a_window_that_closed_less_than_the_knowledge_lag_ago_has_no_label_even_if_bad(engine: Engine) -> None:
    bad = {**traded(), "default_events": [default_event("E1", after(30))]}
    mature = WINDOW_END + timedelta(days=45)

    assert status(engine, bad, until=mature) == "bad"
    assert status(engine, bad, until=mature - timedelta(days=1)) == "immature"
    assert status(engine, traded(), until=mature - timedelta(days=1)) == "immature"


@pytest.mark.parametrize(
    ("issued_on", "expected"),
    [(AS_OF, "no_exposure"), (after(1), "good"), (WINDOW_END, "good"), (after(366), "no_exposure")],
)
def test_a_customer_never_invoiced_in_the_window_has_no_exposure(
    engine: Engine, issued_on: date, expected: str
) -> None:
    assert status(engine, traded(issued_on=issued_on)) == expected


def test_an_invoice_that_was_cancelled_is_no_exposure(engine: Engine) -> None:
    assert status(engine, {"invoices": [invoice("I1", after(10), after(40), 10_000, cancelled=True)]}) == "no_exposure"


@pytest.mark.parametrize(("days", "expected"), [(60, "good"), (61, "indeterminate"), (91, "indeterminate")])
def test_a_material_delay_beyond_sixty_days_without_default_is_indeterminate_and_counts_as_good(
    engine: Engine, days: int, expected: str
) -> None:
    found = outcome(engine, traded(paid_days_late=days))

    assert (found["label_status"], found["worst_dpd_in_window"], found["label"]) == (expected, days, 0)


def test_a_delay_of_a_small_invoice_is_not_indeterminate(engine: Engine) -> None:
    small = invoice("I2", after(10), after(40), 4_999)

    assert status(engine, traded(small)) == "good"


def test_a_delay_that_ended_before_the_window_is_not_seen(engine: Engine) -> None:
    ledger = traded()
    ledger["invoices"].append(invoice("I0", after(-200), after(-100), 10_000))
    ledger["payments"].append(payment("P0", "I0", AS_OF, 10_000))

    assert outcome(engine, ledger)["worst_dpd_in_window"] == 0


ALL_AT_ONCE = [
    ("excluded_in_default", {}),
    ("not_observed", {"default_events": []}),
    ("immature", {"default_events": [], "decision": "admit"}),
    ("bad", {"default_events": ["in window"], "decision": "admit", "until": DATA_UNTIL}),
    ("no_exposure", {"default_events": [], "decision": "admit", "until": DATA_UNTIL}),
]


@pytest.mark.parametrize(("expected", "unless"), ALL_AT_ONCE)
def test_the_first_status_that_applies_counts(engine: Engine, expected: str, unless: dict[str, object]) -> None:
    """Everything that can be wrong is wrong at once; taking the first away shows the next."""
    events = {"": [default_event("E1", after(-10))], "in window": [default_event("E2", after(10))]}
    kinds = unless.get("default_events", ["", "in window"])
    late_unpaid = invoice("I1", after(-60), after(0), 10_000)  # late by 61 to 90 days for a month of the window
    paid = payment("P1", "I1", after(85), 10_000)
    portfolio = {
        "default_events": [event for kind in kinds for event in events[kind]],  # type: ignore[attr-defined]
        "invoices": [late_unpaid],
        "payments": [paid],
    }
    until = unless.get("until", WINDOW_END)

    found = outcome(engine, portfolio, until=until, decision=unless.get("decision", "decline"))  # type: ignore[arg-type]

    assert found["label_status"] == expected


def test_a_default_found_in_the_ledger_is_known_on_its_day(engine: Engine) -> None:
    unpaid = {"invoices": [invoice("I1", after(1), after(31), 10_000)]}

    found = outcome(engine, unpaid)

    assert (found["label_status"], found["default_type"]) == ("bad", "dpd90")
    assert found["default_date"] == found["label_known_at"] == pd.Timestamp(after(31 + 91))


def test_without_a_ledger_reported_defaults_alone_decide(engine: Engine) -> None:
    people = [application("A1", "C1"), application("A2", "C2"), application("A3", "C3", decision="decline")]
    portfolio = {"applications": people, "default_events": [default_event("E1", after(30), "C2")]}

    found = engine.outcomes(portfolio, replace(BASEL, from_ledger=False), absent=("invoices",))

    assert found["label_status"].to_dict() == {"A1": "good", "A2": "bad", "A3": "not_observed"}
    assert found["invoiced_in_window"].isna().all()


def test_without_reported_defaults_the_ledger_alone_decides(engine: Engine) -> None:
    unpaid = {"applications": [application()], "invoices": [invoice("I1", after(1), after(31), 10_000)]}

    found = engine.outcomes(unpaid, absent=("default_events",))

    assert found["label_status"].to_list() == ["bad"]


def test_a_ledger_default_that_repeats_a_reported_one_is_not_listed_twice(engine: Engine) -> None:
    unpaid = {"applications": [application()], "invoices": [invoice("I1", after(1), after(31), 10_000)]}

    def named(reported_days: int) -> str:
        reported = default_event("E1", after(reported_days), event_type="dpd90", known_at=after(200))
        return str(outcome(engine, {**unpaid, "default_events": [reported]})["label_known_at"].date())

    assert named(122 + 90) == str(after(200))
    assert named(122 + 91) == str(after(122))


def test_nothing_to_learn_from_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="neither table default_events nor a ledger"):
        default_events(None, None, BASEL)


@pytest.mark.parametrize("cured_on", [None, "2024-06-30"])
def test_an_application_without_events_or_invoices_gets_one_row(engine: Engine, cured_on: str | None) -> None:
    old = default_event("E1", "2020-01-01", "C9", cured_on=cured_on and day(cured_on))

    found = engine.outcomes({"applications": [application("A1"), application("A2", "C2")], "default_events": [old]})

    assert found["label_status"].to_dict() == {"A1": "no_exposure", "A2": "no_exposure"}


def test_the_ledger_of_the_sample_reveals_exactly_the_defaults_that_were_drawn(simulated: Simulated) -> None:
    drawn = simulated.truth("ledger_defaults").sort_values("customer_id")

    found = simulated.ledger_defaults().sort_values("customer_id")

    assert found["customer_id"].to_list() == drawn["customer_id"].to_list()
    assert found["event_date"].to_list() == drawn["default_date"].to_list()
    assert len(drawn) > 10
