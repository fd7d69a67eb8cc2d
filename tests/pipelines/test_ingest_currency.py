"""Amounts of several currencies are never added: they are converted by the rates delivered, or the run stops and says how."""

from pathlib import Path

import pytest
from deliveries import OWN, canonical, counted, ingest, refusal
from trial import APPLICATION, CUSTOMER, INVOICE, STATEMENT, own_tables

from pipelines.errors import InputError
from pipelines.ingest import CANONICAL

IN_DOLLARS = {**INVOICE, "currency": "USD"}
PAYMENT = {
    "payment_id": "P1",
    "customer_id": "C1",
    "invoice_id": "I1",
    "received_on": "2022-03-01",
    "amount": "10000",
    "method": "transfer",
    "currency": "USD",
    "booked_at": "2022-03-02",
}
RATES = [
    {"currency": "USD", "rate_date": "2021-12-31", "rate_to_reporting": "6.5"},
    {"currency": "USD", "rate_date": "2022-02-01", "rate_to_reporting": "7"},
]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_two_currencies_are_refused_with_where_each_was_found() -> None:
    own_tables(OWN, invoices=[IN_DOLLARS])

    message = refusal()

    assert "more than one currency (rule DQ12): CNY in applications, customers; USD in invoices" in message
    assert "Set ingest.currency in params.yaml to the one to report in and deliver table fx_rates" in message
    assert list(CANONICAL.iterdir()) == []


def test_a_currency_without_rates_is_refused_with_what_to_deliver() -> None:
    own_tables(OWN, invoices=[IN_DOLLARS])

    message = refusal(ingest__currency="CNY")

    assert "other currencies than CNY, the one reported in (rule DQ12): USD in invoices" in message
    assert "Deliver table fx_rates with the rates to CNY" in message


def test_a_row_before_the_first_rate_of_its_currency_is_refused_with_the_day_needed() -> None:
    own_tables(OWN, invoices=[IN_DOLLARS], fx_rates=RATES[1:])

    message = refusal(ingest__currency="CNY")

    assert "table invoices: 1 rows in USD have no exchange rate on or before the day they became known" in message
    assert "Deliver in fx_rates the rates of USD to CNY from 2022-01-01 or earlier" in message


def test_amounts_are_converted_to_the_reporting_currency_and_counted() -> None:
    statement = {**STATEMENT, "currency": "USD", "unit_scale": "1000", "revenue": "12.5", "net_profit": "-1"}
    own_tables(OWN, invoices=[IN_DOLLARS], payments=[PAYMENT], financial_statements=[statement], fx_rates=RATES)

    ingest(ingest__currency="CNY")

    (invoice,), (payment,), (accounts,) = (canonical(t) for t in ("invoices", "payments", "financial_statements"))
    assert (invoice["amount"], invoice["currency"]) == (6_500_000, "CNY")
    assert (payment["amount"], payment["currency"]) == (6_500_000, "CNY")
    assert (accounts["revenue"], accounts["net_profit"]) == (8_750_000, -700_000)
    assert counted("invoices")["DQ12", "flagged"] == 1
    assert counted("customers") == {}
    assert sorted(path.name for path in CANONICAL.iterdir()) == [
        f"{name}.parquet"
        for name in ("applications", "customers", "financial_statements", "fx_rates", "invoices", "payments")
    ]


def test_one_currency_needs_neither_rates_nor_a_parameter() -> None:
    own_tables(
        OWN,
        customers=[{**CUSTOMER, "currency": "USD"}],
        applications=[{**APPLICATION, "currency": "USD"}],
        invoices=[IN_DOLLARS],
    )

    ingest()

    assert canonical("invoices")[0]["currency"] == "USD"


def test_a_parameter_that_is_no_currency_is_refused() -> None:
    with pytest.raises(InputError, match=r"ingest\.currency is 'RMB yuan'"):
        ingest(ingest__currency="RMB yuan")
