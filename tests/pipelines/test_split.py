"""Development and test: never the same customer unnoticed, never a label that was not known in time, never one class."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Portfolio
from trial import params

from models.splits import DEVELOPMENT, GAP, OUT_OF_SAMPLE, OUT_OF_TIME
from pipelines import split
from pipelines.errors import InputError
from pipelines.params import Split

WINDOW = {"performance_days": 365, "knowledge_lag_days": 45}


def settings(**changes: Any) -> Split:
    return params().split.model_copy(update=changes)


def outcomes(days: pd.DatetimeIndex, customers: int = 10) -> pd.DataFrame:
    """One application a day of a few customers in turn; every third is bad, half a year after its day."""
    n = np.arange(len(days))
    label = (n % 3 == 0).astype("int8")
    default = pd.Series(days + pd.Timedelta(days=180)).where(label == 1)
    rows = {"application_id": n.astype(str), "customer_id": [f"C{i % customers}" for i in n], "as_of": days}
    return pd.DataFrame({**rows, "label": label, "default_date": default})


def samples(rows: pd.DataFrame, **changes: Any) -> tuple[pd.DataFrame, bool]:
    groups = pd.Series({name: name for name in rows["customer_id"].unique()})
    return split.split(rows, groups, settings(**{"thin_days": 0, **changes}), seed=1, **WINDOW)


MONTHLY = pd.date_range("2018-01-01", periods=72, freq="MS")


def test_labels_of_development_were_known_before_the_test_period_began() -> None:
    found, overlap = samples(outcomes(MONTHLY))

    last = found.loc[found["sample"] == DEVELOPMENT, "as_of"].max()
    first = found.loc[found["sample"] == OUT_OF_TIME, "as_of"].min()
    assert (first - last).days >= 365 + 45
    assert not overlap
    assert set(found["sample"]) == {DEVELOPMENT, GAP, OUT_OF_TIME}


def test_a_short_history_may_go_without_the_gap_and_says_that_labels_overlap() -> None:
    found, overlap = samples(outcomes(MONTHLY[:20]), gap_days=0)

    assert overlap
    assert GAP not in set(found["sample"])


def test_a_history_shorter_than_the_gap_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        InputError, match=r"cannot split the applications \(section `split` of params.yaml\): .*gap_days=0"
    ):
        samples(outcomes(MONTHLY[:12]))


def test_dates_given_closer_than_the_gap_are_refused() -> None:
    near = {"development_until": date(2020, 1, 1), "out_of_time_from": date(2020, 6, 1)}

    with pytest.raises(InputError, match="410 must lie between, so that the development labels are known"):
        samples(outcomes(MONTHLY), **near)


@pytest.mark.parametrize("only", ["development_until", "out_of_time_from"])
def test_one_date_without_the_other_is_refused_rather_than_ignored(only: str) -> None:
    with pytest.raises(InputError, match="belong together; set both, or neither"):
        samples(outcomes(MONTHLY), **{only: date(2020, 1, 1)})


def test_applications_without_a_label_are_in_no_sample() -> None:
    rows = outcomes(MONTHLY).assign(label=lambda t: t["label"].where(t.index > 5))

    found, _ = samples(rows)

    assert len(found) == len(rows) - 6


def test_customers_that_development_knows_are_flagged_in_the_test_period() -> None:
    found, _ = samples(outcomes(MONTHLY, customers=60))

    developing = set(found.loc[found["sample"] == DEVELOPMENT, "customer_id"])
    test = found[found["sample"] == OUT_OF_TIME]
    assert test["seen_in_development"].equals(test["customer_id"].isin(developing))
    assert set(test["seen_in_development"]) == {True, False}
    assert not found.loc[found["sample"] == DEVELOPMENT, "seen_in_development"].any()


def test_members_of_one_group_count_as_seen_together() -> None:
    rows = outcomes(MONTHLY, customers=72)
    groups = pd.Series("one group", index=rows["customer_id"].unique())

    found, _ = split.split(rows, groups, settings(thin_days=0), seed=1, **WINDOW)

    assert found.loc[found["sample"] == OUT_OF_TIME, "seen_in_development"].all()


def test_without_time_development_and_test_share_no_customer() -> None:
    found, overlap = samples(outcomes(MONTHLY), scheme="random")

    shared = found.groupby("customer_id")["sample"].nunique()
    assert (shared == 1).all()
    assert set(found["sample"]) == {DEVELOPMENT, OUT_OF_SAMPLE}
    assert not overlap


def test_soon_repeated_applications_do_not_train_but_do_test() -> None:
    rows = outcomes(pd.date_range("2018-01-01", "2023-12-31", freq="30D"), customers=1)

    found, _ = samples(rows, thin_days=90)

    develops = found.loc[found["sample"] == DEVELOPMENT, "as_of"].sort_values()
    tests = found.loc[found["sample"] == OUT_OF_TIME, "as_of"].sort_values()
    assert (develops.diff().dropna().dt.days > 90).all()
    assert set(tests.diff().dropna().dt.days) == {30}


def test_what_development_weighs_does_not_depend_on_later_applications() -> None:
    rows = outcomes(MONTHLY, customers=2)
    dates = {"development_until": date(2019, 6, 15), "out_of_time_from": date(2021, 1, 1)}

    found, _ = samples(rows, **dates)
    fewer, _ = samples(rows[(rows["as_of"] < "2019-06-15") | (rows["as_of"] >= "2021-01-01")], **dates)

    weights = [t[t["sample"] == DEVELOPMENT].set_index("application_id")["weight"] for t in (found, fewer)]
    assert (found["sample"] == GAP).any()
    assert weights[0].equals(weights[1])
    assert (weights[0] < 1).any()


def test_connected_customers_share_a_group_by_the_latest_master_record() -> None:
    master = pd.DataFrame(
        {
            "customer_id": ["C1", "C1", "C2", "C3"],
            "group_id": [None, "集团", "集团", None],
            "known_at": pd.to_datetime(["2020-01-01", "2021-01-01", "2020-01-01", "2020-01-01"]),
        }
    )

    assert split._groups(master).to_dict() == {"C1": "集团", "C2": "集团", "C3": "C3"}


def test_without_outcomes_the_stage_to_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match=r"data/label/outcomes\.parquet not found; run stage label first"):
        split.run(params())


def test_a_sample_of_one_class_is_refused_with_its_dates_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = outcomes(MONTHLY).assign(label=lambda t: t["label"].where(t["as_of"] < "2020-01-01", 0))
    rows["default_date"] = rows["default_date"].where(rows["label"] == 1)
    master = pd.DataFrame({"customer_id": rows["customer_id"].unique(), "group_id": None, "known_at": MONTHLY[0]})
    for path, table in (("data/label/outcomes.parquet", rows), ("data/canonical/customers.parquet", master)):
        Path(path).parent.mkdir(parents=True)
        table.to_parquet(path)

    with pytest.raises(InputError, match="sample out_of_time, 2022-07-01 to 2023-12-01, holds 0 bads and 18 goods"):
        split.run(params())

    assert not Path("data/split/samples.parquet").exists()


def test_the_portfolio_is_split_as_its_summary_says(portfolio: Portfolio) -> None:
    found = pd.read_parquet(portfolio.folder / "data/split/samples.parquet")
    summary = json.loads((portfolio.folder / "data/split/summary.json").read_text(encoding="utf-8"))

    for entry in summary["samples"]:
        part = found[found["sample"] == entry["sample"]]
        assert (entry["n"], entry["bads"]) == (len(part), part["label"].sum())
        assert entry["default_rate"] == pytest.approx(entry["bads"] / entry["n"])
        assert (entry["from"], entry["to"]) == (f"{part['as_of'].min():%Y-%m-%d}", f"{part['as_of'].max():%Y-%m-%d}")
    assert found["application_id"].is_unique
    assert found["weight"].between(0, 1, inclusive="right").all()
    assert summary["labels_overlap"] is False
