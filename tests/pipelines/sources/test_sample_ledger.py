"""The simulated ledger: it reveals exactly the true defaults, and its corrections come after its rows."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sampled import SETTINGS, Portfolio
from sampled import portfolio as drawn


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return drawn()


def _day(values: pd.Series) -> NDArray[np.int64]:
    return pd.to_datetime(values).to_numpy().astype("datetime64[D]").astype(np.int64)


def _counting_day(payments: pd.DataFrame) -> NDArray[np.int64]:
    """A bank acceptance counts when received, everything else when cleared (or received, if no clearing is known)."""
    cleared = payments["cleared_on"].where(payments["cleared_on"].notna(), payments["received_on"])
    return _day(cleared.where(payments["method"] != "bank_acceptance", payments["received_on"]))


def _allocate(
    paid: NDArray[np.int64], owed: NDArray[np.int64], issued: NDArray[np.int64], amount: int, day: int
) -> None:
    """Give a receipt to the oldest due invoices open on its day; `paid` is (invoices, days) in order of due day."""
    for invoice in range(len(owed)):
        part = min(amount, owed[invoice] - paid[invoice, day]) if issued[invoice] <= day else 0
        paid[invoice, day:] += part
        amount -= part
    assert amount == 0, "an unallocated payment found no open invoice"


def _default_day(invoices: pd.DataFrame, payments: pd.DataFrame, last_day: int) -> int | None:
    """Find, day by day, the first on which what is more than 90 days past due is material."""
    invoices = invoices.sort_values(["due_on", "invoice_id"])
    start = int(_day(invoices["issued_on"]).min())
    issued, due = _day(invoices["issued_on"]) - start, _day(invoices["due_on"]) - start
    owed = np.rint(100 * (invoices["amount"] - invoices["credit_note_amount"])).astype(np.int64).to_numpy()
    opened = _day(invoices["dispute_opened_on"].fillna(date(2200, 1, 1))) - start
    closed = _day(invoices["dispute_closed_on"].fillna(date(2200, 1, 1))) - start
    tolerance = np.maximum(0.02 * 100 * invoices["amount"].to_numpy(), 10_000)
    row = {invoice: number for number, invoice in enumerate(invoices["invoice_id"])}
    days = last_day - start + 1
    paid = np.zeros((len(owed), days), dtype=np.int64)
    receipts = payments[~payments["bounced"].astype(bool)]
    receipts = receipts.assign(day=_counting_day(receipts) - start).sort_values("day")
    for receipt in receipts[receipts["day"] < days].itertuples():
        amount = round(100 * receipt.amount)
        if pd.isna(receipt.invoice_id):
            _allocate(paid, owed, issued, amount, receipt.day)
        else:
            paid[row[receipt.invoice_id], receipt.day :] += amount
    day = np.arange(days)[:, None]
    unpaid = np.where(issued <= day, owed - paid.T, 0)
    late = (unpaid > tolerance) & (day - due > 90) & ~((opened <= day) & (day < closed))
    overdue, balance = np.where(late, unpaid, 0).sum(axis=1), unpaid.sum(axis=1)
    in_default = np.flatnonzero((overdue > 0) & (overdue >= np.maximum(500_000, 0.01 * balance)))
    return int(in_default[0]) + start if len(in_default) else None


def test_the_ledger_reveals_exactly_the_true_defaults(portfolio: Portfolio) -> None:
    expected = portfolio.true("ledger_defaults").set_index("customer_id")["default_date"]
    invoices, payments = portfolio.cleaned("invoices"), portfolio.cleaned("payments")
    without_invoice = payments.loc[payments["invoice_id"].isna(), "customer_id"].unique()
    traders = invoices["customer_id"].unique()
    chosen = sorted({*expected.index, *without_invoice[:40], *traders[:: max(1, len(traders) // 100)]})
    bills, receipts = dict(list(invoices.groupby("customer_id"))), dict(list(payments.groupby("customer_id")))

    last_day = int(_day(pd.Series([SETTINGS.data_until]))[0])
    found = {c: _default_day(bills[c], receipts.get(c, payments.iloc[:0]), last_day) for c in chosen}

    truth = dict(zip(expected.index, _day(expected), strict=True))
    assert len(expected) > 30
    assert len(chosen) > 150
    assert len(without_invoice) > 0
    assert {c: day for c, day in found.items() if day is not None} == truth


def test_every_ledger_default_is_an_event_known_within_ten_days(portfolio: Portfolio) -> None:
    events = portfolio.cleaned("default_events")
    ledger = events[events["event_type"] == "dpd90"].set_index("customer_id")
    expected = portfolio.true("ledger_defaults").set_index("customer_id")["default_date"]

    lag = pd.to_datetime(ledger["known_at"]) - pd.to_datetime(ledger["event_date"])

    assert ledger["event_date"].to_dict() == expected.to_dict()
    assert set(ledger["source"]) == {"own_ledger"}
    assert set(events.loc[events["event_type"] != "dpd90", "source"]) <= {"court", "manual"}
    assert lag.dt.days.between(0, 10).all()
    assert (ledger["amount"] >= 5_000).all()


def test_after_a_default_no_invoice_is_issued(portfolio: Portfolio) -> None:
    events = portfolio.cleaned("default_events")
    defaults = events[events["cured_on"].isna()].set_index("customer_id")["event_date"]
    invoices = portfolio.cleaned("invoices")

    on = invoices["customer_id"].map(defaults)

    assert (on.isna() | (invoices["issued_on"] < on)).all()


def test_better_payers_pay_earlier(portfolio: Portfolio) -> None:
    invoices, payments = portfolio.cleaned("invoices"), portfolio.cleaned("payments")
    paid = payments.merge(invoices, on="invoice_id", suffixes=("", "_billed"))
    late = (pd.to_datetime(paid["received_on"]) - pd.to_datetime(paid["due_on"])).dt.days
    truth = portfolio.cleaned("applications").merge(portfolio.true("applications"), on="application_id")

    habit = truth["customer_id"].map(late.groupby(paid["customer_id"]).mean())

    assert habit.corr(truth["z_credit_score"], method="spearman") < -0.5


def _known_by(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days) <= pd.Timestamp(SETTINGS.data_until)


def test_a_credit_note_or_a_cancellation_is_dated_after_the_booking_and_before_the_due_day(
    portfolio: Portfolio,
) -> None:
    invoices = portfolio.cleaned("invoices")
    cancelled, credited = invoices["cancelled"].astype(bool), invoices["credit_note_amount"] > 0

    assert (invoices["cancelled_on"].notna() == cancelled).all()
    assert (invoices["credited_on"].notna() == credited).all()
    assert 0.003 < cancelled.mean() < 0.007
    for corrected in (invoices[credited]["credited_on"], invoices[cancelled]["cancelled_on"]):
        booked, due = (invoices.loc[corrected.index, name] for name in ("booked_at", "due_on"))
        assert (corrected >= booked).all()
        assert (corrected <= due).all()
        assert _known_by(corrected).all()


def test_a_bounce_comes_back_a_few_days_after_the_payment_was_booked(portfolio: Portfolio) -> None:
    payments = portfolio.cleaned("payments")
    on_time = payments["booked_at"] >= payments["received_on"]
    bounced = payments["bounced"].astype(bool)

    lag = (pd.to_datetime(payments["bounced_on"]) - pd.to_datetime(payments["booked_at"])).dt.days[bounced & on_time]

    assert (payments["bounced_on"].notna() == bounced).all()
    assert bounced.any()
    assert lag.between(0, 5).all()


def test_no_dispute_is_heard_of_after_the_data_end(portfolio: Portfolio) -> None:
    invoices = portfolio.cleaned("invoices")
    opened, closed = invoices["dispute_opened_on"].dropna(), invoices["dispute_closed_on"].dropna()

    assert ((invoices["disputed_amount"] > 0) == invoices["dispute_opened_on"].notna()).all()
    assert _known_by(opened).all()
    assert _known_by(closed).all()
    assert len(closed) > 0
