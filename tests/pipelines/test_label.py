"""From canonical tables to one outcome per application, and refusal where there is nothing to learn."""

import contextlib
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Portfolio
from trial import APPLICATION, CUSTOMER, own_tables, params

from pipelines import ingest, label
from pipelines.errors import InputError

OUTCOMES, SUMMARY = Path("data/label/outcomes.parquet"), Path("data/label/summary.json")

CUSTOMERS = [{**CUSTOMER, "customer_id": name} for name in ("C1", "C2")]
APPLICATIONS = [{**APPLICATION, "application_id": f"A{n}", "customer_id": f"C{n}"} for n in (1, 2)]
INSOLVENT = {
    "event_id": "E1",
    "customer_id": "C1",
    "event_type": "insolvency",
    "event_date": "2022-09-01",
    "source": "court",
    "known_at": "2022-09-15",
}
A_YEAR_LATER = {
    **INSOLVENT,
    "event_id": "E2",
    "customer_id": "C2",
    "event_date": "2023-09-01",
    "known_at": "2023-09-15",
}


@pytest.fixture(scope="module")
def canonical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The canonical tables of two customers that applied on one day and failed half a year and one and a half years later."""
    folder = tmp_path_factory.mktemp("label")
    events = [INSOLVENT, A_YEAR_LATER]
    with contextlib.chdir(folder):
        own_tables(Path("own"), customers=CUSTOMERS, applications=APPLICATIONS, default_events=events)
        ingest.run(params(source="tables", input="own"))
    return folder / "data/canonical"


@pytest.fixture
def _delivered(canonical: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(canonical, tmp_path / "data/canonical")
    monkeypatch.chdir(tmp_path)


def status_of(**changes: Any) -> dict[str, str]:
    """Label the applications and return their status."""
    label.run(params(label__require_exposure=False, **changes))
    found: dict[str, str] = pd.read_parquet(OUTCOMES).set_index("application_id")["label_status"].to_dict()
    return found


def test_without_canonical_tables_the_stage_to_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match=r"data/canonical/customers\.parquet not found; run stage ingest first"):
        label.run(params())


@pytest.mark.usefixtures("_delivered")
def test_reported_defaults_are_enough_to_label_without_a_ledger() -> None:
    assert status_of() == {"A1": "bad", "A2": "good"}


@pytest.mark.usefixtures("_delivered")
def test_goods_without_bads_are_refused_with_the_count_of_each() -> None:
    with pytest.raises(InputError, match="hold 0 bads and 2 goods") as refused:
        status_of(label__performance_days=90)

    assert "(applications by status: 2 good)" in str(refused.value)
    assert "section `label` of params.yaml" in str(refused.value)
    assert not SUMMARY.exists()


@pytest.mark.usefixtures("_delivered")
def test_bads_without_goods_are_refused_too() -> None:
    with pytest.raises(InputError, match="hold 2 bads and 0 goods"):
        status_of(label__performance_days=600)


@pytest.mark.usefixtures("_delivered")
def test_applications_whose_window_is_not_over_are_refused_as_immature() -> None:
    with pytest.raises(InputError, match=r"hold 0 bads and 0 goods \(applications by status: 2 immature\)"):
        status_of(data_until=date(2023, 3, 2))


@pytest.mark.usefixtures("_delivered")
def test_neither_events_nor_a_ledger_is_refused_with_what_is_missing() -> None:
    Path("data/canonical/default_events.parquet").unlink()

    with pytest.raises(InputError, match="neither table default_events nor a ledger"):
        status_of()


def test_every_application_of_the_portfolio_has_one_outcome(portfolio: Portfolio) -> None:
    outcomes = pd.read_parquet(portfolio.folder / OUTCOMES)
    applications = pd.read_parquet(portfolio.folder / "data/canonical/applications.parquet")

    assert sorted(outcomes["application_id"]) == sorted(applications["application_id"])
    assert outcomes["label"].notna().equals(outcomes["label_status"].isin(("good", "bad", "indeterminate")))
    assert set(outcomes.loc[outcomes["label_status"] == "bad", "label"]) == {1}


def test_the_summary_counts_every_application_and_every_bad(portfolio: Portfolio) -> None:
    summary = json.loads((portfolio.folder / SUMMARY).read_text(encoding="utf-8"))
    outcomes = pd.read_parquet(portfolio.folder / OUTCOMES)

    assert sum(row["n"] for row in summary["status"]) == len(outcomes)
    assert sum(row["bads"] for row in summary["status"]) == outcomes["label"].sum()
    assert summary["performance_days"] == 365


def test_the_ledger_shows_the_defaults_that_were_drawn(portfolio: Portfolio) -> None:
    found = pd.read_parquet(portfolio.folder / "data/label/ledger_defaults.parquet")
    drawn = pd.read_parquet(portfolio.raw.parent / "truth/ledger_defaults.parquet")

    until = pd.Timestamp(portfolio.params.data_until)
    dates = [
        set(zip(rows["customer_id"], pd.to_datetime(rows[day]), strict=True))
        for rows, day in ((found, "event_date"), (drawn, "default_date"))
    ]
    assert dates[0] == {(customer, day) for customer, day in dates[1] if day <= until}
    assert len(dates[0]) > 5
