"""The simulated portfolio as a whole: its size, its risk and the truth about it."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sampled import ADMITTED, Portfolio
from sampled import portfolio as drawn
from sklearn.metrics import roc_auc_score

from pipelines.sources.sample.latents import DIMENSIONS
from pipelines.sources.sample.truth import attribution, true_risk


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return drawn()


def test_three_to_six_of_a_hundred_admitted_default_and_about_eighteen_are_declined(portfolio: Portfolio) -> None:
    applications = portfolio.cleaned("applications")
    admitted = portfolio.admitted()

    assert 0.02 < admitted["label_full"].mean() < 0.07  # 1,200 customers; 3-6% is for 20,000
    assert 0.15 < (applications["decision"] == "decline").mean() < 0.22
    assert 0.95 < admitted["pd_realised"].mean() / admitted["pd_exante"].mean() < 1.05
    assert (applications["admission_arm"] == "exploration").any()


def test_the_true_pd_ranks_the_admitted_as_well_as_anyone_could(portfolio: Portfolio) -> None:
    admitted = portfolio.admitted()

    auc = roc_auc_score(admitted["label_full"].astype(int), admitted["pd_exante"])

    assert 0.78 < auc < 0.90


def test_the_attribution_sums_to_the_true_log_odds(portfolio: Portfolio) -> None:
    truth = portfolio.true("applications")

    phi = truth.filter(like="phi_")

    assert phi.shape[1] == 8
    np.testing.assert_allclose(phi.sum(axis=1), truth["eta"] - truth["base"], atol=1e-12)
    np.testing.assert_allclose(phi.mean(), 0, atol=0.05)
    np.testing.assert_allclose(1 / (1 + np.exp(-truth["eta"])), truth["pd_exante"])


def _random_applications(count: int) -> dict[str, NDArray[np.generic]]:
    rng = np.random.default_rng(5)
    return {
        **{name: 1.5 * rng.standard_normal(count) for name in DIMENSIONS},
        "size": rng.standard_normal(count),
        "age_years": rng.uniform(0.5, 12, count),
        "climate": rng.standard_normal(count),
        "industry": rng.integers(0, 10, count),
        "region": rng.integers(0, 6, count),
        "is_heavy_polluter": rng.integers(0, 2, count).astype(float),
    }


def _mean_log_odds(players: tuple[str, ...], applications: dict[str, NDArray[np.generic]]) -> NDArray[np.float64]:
    """Mean log-odds of each application when only the players are its own and the rest comes from the portfolio."""
    count = len(applications["size"])
    own, other = np.repeat(np.arange(count), count), np.tile(np.arange(count), count)
    mixed = {
        name: values[own if (name if name in DIMENSIONS else "context") in players else other]
        for name, values in applications.items()
    }
    context = {name: values for name, values in mixed.items() if name not in DIMENSIONS}
    return true_risk(mixed, **context).log_odds.reshape(count, count).mean(axis=1)


def test_the_attribution_is_the_shapley_value_by_enumeration_of_all_coalitions() -> None:
    applications = _random_applications(12)
    players = (*DIMENSIONS, "context")
    size = len(players)
    coalitions = [c for k in range(size + 1) for c in combinations(players, k)]
    value = {frozenset(c): _mean_log_odds(c, applications) for c in coalitions}
    risk = true_risk(applications, **{k: v for k, v in applications.items() if k not in DIMENSIONS})

    phi, base = attribution(risk, risk.background())

    assert base == pytest.approx(value[frozenset()][0])
    for player in players:
        others = [c for c in value if player not in c]
        gains = [(value[c | {player}] - value[c]) / (size * comb(size - 1, len(c))) for c in others]
        np.testing.assert_allclose(phi[player], np.sum(gains, axis=0), atol=1e-10)


def test_the_true_label_of_the_admitted_is_the_event_that_happened(portfolio: Portfolio) -> None:
    admitted = portfolio.admitted()
    events = portfolio.cleaned("default_events")
    defaults = events[events["cured_on"].isna()].set_index("customer_id")["event_date"]

    on = admitted["customer_id"].map(defaults)
    days = (pd.to_datetime(on) - pd.to_datetime(admitted["as_of"])).dt.days

    assert defaults.index.is_unique
    assert ((days > 0) & (days <= 365)).astype(int).tolist() == admitted["label_full"].tolist()
    assert not (days <= 0).any()


def test_an_application_of_a_customer_in_default_is_rare_and_declined(portfolio: Portfolio) -> None:
    truth = portfolio.true("applications")
    applications = portfolio.cleaned("applications").set_index("application_id")

    in_default = applications.loc[truth.loc[truth["label_full"].isna(), "application_id"]]

    assert 0 < len(in_default) < 0.01 * len(applications)
    assert set(in_default["decision"]) == {"decline"}
    assert set(in_default["decision_reason"]) == {"in_default"}


def test_a_new_customer_has_no_ledger_before_the_application_and_a_refused_one_never_gets_one(
    portfolio: Portfolio,
) -> None:
    applications = portfolio.cleaned("applications")
    invoices = portfolio.cleaned("invoices")
    first_booked = applications["customer_id"].map(invoices.groupby("customer_id")["booked_at"].min())
    refused = applications.groupby("customer_id")["decision"].agg(lambda d: not set(d) & set(ADMITTED))
    first = applications.drop_duplicates("customer_id").set_index("customer_id")

    new = applications["is_new_customer"].astype(bool)
    refused_new = refused[refused].index.intersection(first.index[first["is_new_customer"]])

    assert (first_booked[new].isna() | (first_booked[new] > applications["as_of"][new])).all()
    assert (first_booked[~new] <= applications["as_of"][~new]).all()
    assert len(refused_new) > 0
    assert not invoices["customer_id"].isin(refused_new).any()


def test_a_refused_old_customer_is_invoiced_no_more(portfolio: Portfolio) -> None:
    applications = portfolio.cleaned("applications")
    once = applications.groupby("customer_id")["application_id"].transform("size") == 1
    refused = applications[once & ~applications["is_new_customer"] & ~applications["decision"].isin(ADMITTED)]

    invoices = portfolio.cleaned("invoices").merge(refused[["customer_id", "as_of"]], on="customer_id")

    assert len(invoices) > 0
    assert (invoices["issued_on"] <= invoices["as_of"]).all()


def test_about_three_of_a_hundred_admitted_never_buy(portfolio: Portfolio) -> None:
    admitted = portfolio.admitted()
    admitted = admitted[admitted["label_full"] == 0]
    bought = admitted[["application_id", "customer_id", "as_of"]].merge(portfolio.cleaned("invoices"), on="customer_id")
    age = (pd.to_datetime(bought["issued_on"]) - pd.to_datetime(bought["as_of"])).dt.days

    with_invoice = set(bought.loc[(age > 0) & (age <= 365), "application_id"])

    assert 0.015 < 1 - len(with_invoice) / len(admitted) < 0.05


def test_an_earlier_default_was_cured_before_the_first_application(portfolio: Portfolio) -> None:
    events = portfolio.cleaned("default_events")
    cured = events[events["cured_on"].notna()]
    first = portfolio.cleaned("applications").groupby("customer_id")["as_of"].min()

    assert len(cured) > 0
    assert set(cured["event_type"]) == {"distressed_restructuring"}
    assert set(cured["source"]) == {"manual"}
    assert (cured["cured_on"] < cured["customer_id"].map(first)).all()
