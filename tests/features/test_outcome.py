"""What happened afterwards: the default definition day by day, and the one status of every application."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from simulated import Simulated
from strategies import Row, ledgers
from test_ledger import allocate_by_hand, settle_by_hand
from tiny import AS_OF, BASEL, DATA_UNTIL, Engine, Portfolio, application, day, default_event, invoice, payment

from features.outcome import default_events

WINDOW_END = AS_OF + timedelta(days=365)
QUICK = replace(BASEL, default_dpd_days=20, cure_days=15, material_amount=100, material_share=0.1)
"""A definition under which small ledgers default, are cured and default again."""


def after(days: int) -> date:
    return AS_OF + timedelta(days=days)


# The default definition, day by day


def late_and_balance(ledger: dict[str, list[Row]], until: date) -> Iterator[tuple[date, int, int]]:
    """Every day: what is late beyond the definition and not disputed, and what is open, by adding up every invoice."""
    state = settle_by_hand(ledger)
    terms = {i["invoice_id"]: i for i in ledger["invoices"] if i["invoice_id"] in state}
    receipts = allocate_by_hand(ledger, {name: due for name, (due, _, _) in state.items()})
    if not terms:
        return
    today = min(i["issued_on"] for i in terms.values())
    while today <= until:
        late = balance = 0
        for name, one in terms.items():
            due, _, settled_on = state[name]
            paid = sum(amount for n, _, on, amount in receipts if n == name and on <= today)
            asked = due if one["issued_on"] <= today else 0
            unpaid = 0 if settled_on and settled_on <= today else max(asked - paid, 0)
            opened_on, closed_on = one["dispute_opened_on"], one["dispute_closed_on"]
            in_dispute = opened_on and opened_on <= today and (closed_on is None or today < closed_on)
            excused = (one["disputed_amount"] or 0) if in_dispute else 0
            balance += unpaid
            if (today - one["due_on"]).days > QUICK.default_dpd_days:
                late += max(unpaid - excused, 0)
        yield today, late, balance
        today += timedelta(days=1)


def defaults_by_hand(ledger: dict[str, list[Row]], until: date) -> list[tuple[date, date | None]]:
    """First day and day of cure of every default, walking through the calendar."""
    events: list[list[date | None]] = []
    well_since: date | None = None
    for today, late, balance in late_and_balance(ledger, until):
        if late > 0 and late >= max(100 * QUICK.material_amount, balance * QUICK.material_share):
            is_new = not events or (well_since and (today - well_since).days >= QUICK.cure_days)
            if is_new:
                events.append([today, None])
            well_since = None
        elif events and well_since is None:
            well_since = today
        if events and well_since:
            events[-1][1] = well_since + timedelta(days=QUICK.cure_days)
        elif events:
            events[-1][1] = None
    return [(started, cured) for started, cured in events]  # type: ignore[misc]


@settings(max_examples=40)
@given(ledger=ledgers(most=4))
def test_the_ledger_shows_the_defaults_that_a_calendar_would_show(engine: Engine, ledger: dict[str, list[Row]]) -> None:
    until = date(2024, 12, 31)
    by_hand = defaults_by_hand(ledger, until)

    found = engine.ledger_defaults(ledger, QUICK, until)

    cured = [None if pd.isna(on) else on.date() for on in found["cured_on"]]
    assert list(zip(found["event_date"].dt.date, cured, strict=True)) == by_hand


def defaults(
    engine: Engine, *payments: Row, amount: float = 10_000, others: tuple[Row, ...] = (), **terms: object
) -> list[tuple[str, str | None]]:
    """The defaults of a customer with an invoice due on the first of March 2024, and others: first day and cure."""
    ledger = {
        "invoices": [invoice("I1", "2024-01-01", "2024-03-01", amount, **terms), *others],
        "payments": list(payments),
    }
    found = engine.ledger_defaults(ledger)
    return [
        (str(started.date()), None if pd.isna(cured) else str(cured.date()))
        for started, cured in zip(found["event_date"], found["cured_on"], strict=True)
    ]


def test_default_starts_on_the_ninety_first_day_past_due(engine: Engine) -> None:
    assert defaults(engine) == [("2024-05-31", None)]
    assert (date(2024, 5, 31) - date(2024, 3, 1)).days == 91


def test_a_customer_who_pays_on_the_ninety_first_day_has_not_defaulted(engine: Engine) -> None:
    assert defaults(engine, payment("P1", "I1", "2024-05-31", 10_000)) == []
    assert len(defaults(engine, payment("P1", "I1", "2024-06-01", 10_000))) == 1


def test_a_customer_always_twenty_days_late_is_never_in_default(engine: Engine) -> None:
    months = [date(2023, month, 1) for month in range(1, 13)]
    invoices = [invoice(f"I{on.month}", on - timedelta(days=30), on, 50_000) for on in months]
    payments = [payment(f"P{on.month}", f"I{on.month}", on + timedelta(days=20), 50_000) for on in months]

    assert engine.ledger_defaults({"invoices": invoices, "payments": payments}).empty


@pytest.mark.parametrize(("amount", "count"), [(4_999.99, 0), (5_000, 1)])
def test_an_amount_below_five_thousand_is_not_material(engine: Engine, amount: float, count: int) -> None:
    assert len(defaults(engine, amount=amount)) == count


@pytest.mark.parametrize(("other", "count"), [(990_000, 1), (990_001, 0)])
def test_an_amount_below_one_per_cent_of_the_open_balance_is_not_material(
    engine: Engine, other: float, count: int
) -> None:
    not_due = invoice("I2", "2024-03-01", "2026-03-01", other)

    assert len(defaults(engine, amount=10_000, others=(not_due,))) == count


def test_an_amount_under_dispute_is_not_late_until_the_dispute_is_closed(engine: Engine) -> None:
    dispute = {"disputed_amount": 8_000, "dispute_opened_on": "2024-03-10"}

    assert defaults(engine, **dispute) == []
    assert defaults(engine, **dispute, dispute_closed_on="2024-09-01") == [("2024-09-01", None)]
    assert defaults(engine, **{**dispute, "disputed_amount": 4_000}) == [("2024-05-31", None)]


def test_a_dispute_about_one_invoice_never_excuses_another(engine: Engine) -> None:
    dispute = {"disputed_amount": 10_000, "dispute_opened_on": "2024-01-10"}
    settled_all_the_same = invoice("I2", "2023-12-01", "2024-01-15", 10_000, **dispute)
    ledger = {
        "invoices": [invoice("I1", "2024-01-01", "2024-03-01", 10_000), settled_all_the_same],
        "payments": [payment("P1", "I2", "2024-02-01", 10_000)],
    }

    found = engine.ledger_defaults(ledger)

    assert [str(on.date()) for on in found["event_date"]] == ["2024-05-31"]


def test_default_is_cured_ninety_days_after_the_arrears_are_paid(engine: Engine) -> None:
    assert defaults(engine, payment("P1", "I1", "2024-07-01", 10_000)) == [("2024-05-31", "2024-09-29")]
    assert date(2024, 7, 1) + timedelta(days=90) == date(2024, 9, 29)


@pytest.mark.parametrize(
    ("due_again", "expected"),
    [
        ("2024-06-29", [("2024-05-31", None)]),  # late from 28 September, one day before the cure
        ("2024-06-30", [("2024-05-31", "2024-09-29"), ("2024-09-29", None)]),
    ],
)
def test_arrears_before_the_cure_belong_to_the_same_default_and_later_ones_are_a_repeat(
    engine: Engine, due_again: str, expected: list[tuple[str, str | None]]
) -> None:
    again = invoice("I2", "2024-05-01", due_again, 10_000)

    assert defaults(engine, payment("P1", "I1", "2024-07-01", 10_000), others=(again,)) == expected


def test_what_happens_after_the_data_end_is_not_seen(engine: Engine) -> None:
    late = {"invoices": [invoice("I1", "2024-01-01", "2024-03-01", 10_000)]}

    assert engine.ledger_defaults(late, until=date(2024, 5, 30)).empty
    assert len(engine.ledger_defaults(late, until=date(2024, 5, 31))) == 1


def test_with_a_materiality_of_nothing_a_paid_invoice_is_still_no_default(engine: Engine) -> None:
    anything = replace(BASEL, material_amount=0)
    invoices = [invoice("I1", "2024-01-01", "2024-03-01", 10_000)]
    paid = {"invoices": invoices, "payments": [payment("P1", "I1", "2024-07-01", 10_000)]}

    found = engine.ledger_defaults(paid, anything)

    assert [str(on.date()) for on in found["cured_on"]] == ["2024-09-29"]


# One status for every application


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
