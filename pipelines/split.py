"""Stage `split`: which applications develop the model and which test it, with groups and weights."""

import logging
from pathlib import Path

import pandas as pd

from models.splits import (
    DEVELOPMENT,
    SplitDates,
    choose_dates,
    out_of_sample,
    out_of_time,
    sample_weights,
    seen_in_development,
    thin_applications,
)
from pipelines.errors import InputError
from pipelines.ingest import CANONICAL
from pipelines.io import fresh_folder, write_json
from pipelines.label import OUTCOMES
from pipelines.params import Params, Split

log = logging.getLogger(__name__)

FOLDER = Path("data/split")
SAMPLES, SUMMARY = FOLDER / "samples.parquet", FOLDER / "summary.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    outcomes = pd.read_parquet(OUTCOMES, columns=["application_id", "customer_id", "as_of", "label", "default_date"])
    groups = _groups(pd.read_parquet(CANONICAL / "customers.parquet", columns=["customer_id", "group_id", "known_at"]))
    samples, overlap = split(outcomes, groups, params.split, params.label.performance_days, params.label.knowledge_lag_days, params.seed)  # fmt: skip
    samples.to_parquet(SAMPLES, index=False)
    summary = [_summary(name, part) for name, part in samples.groupby("sample", sort=True)]
    write_json(SUMMARY, {"scheme": params.split.scheme, "labels_overlap": overlap, "samples": summary})
    for entry in summary:
        log.info("%s: %d applications, %d bads, %s to %s", entry["sample"], entry["n"], entry["bads"], entry["from"], entry["to"])  # fmt: skip


def _groups(customers: pd.DataFrame) -> pd.Series:
    """Return who stays together in one fold: the connected group of the latest master record, else the customer."""
    latest = customers.sort_values(["customer_id", "known_at"]).drop_duplicates("customer_id", keep="last")
    return latest.set_index("customer_id")["group_id"].fillna(
        pd.Series(latest["customer_id"].to_numpy(), index=latest["customer_id"])
    )


def split(
    outcomes: pd.DataFrame,
    groups: pd.Series,
    settings: Split,
    performance_days: int,
    knowledge_lag_days: int,
    seed: int,
) -> tuple[pd.DataFrame, bool]:
    """Return the labelled applications with sample, group and weight, and whether labels overlap the test period.

    Columns: application_id, customer_id, as_of, label, group, sample, weight, seen_in_development. Development
    applications soon after another of the same customer are dropped.
    """
    rows = outcomes[outcomes["label"].notna()].reset_index(drop=True)
    rows["as_of"], rows["default_date"] = pd.to_datetime(rows["as_of"]), pd.to_datetime(rows["default_date"])
    rows["group"] = rows["customer_id"].map(groups).astype(str)
    overlap = False
    try:
        if settings.scheme == "random":
            rows["sample"] = out_of_sample(rows["group"], share=settings.out_of_time_share, seed=seed)
        else:
            dates = _dates(rows["as_of"], settings, performance_days, knowledge_lag_days)
            rows["sample"], overlap = out_of_time(rows["as_of"], dates), dates.labels_overlap
    except ValueError as error:
        raise InputError(f"cannot split the applications: {error}. Section `split` of params.yaml") from None
    rows["seen_in_development"] = seen_in_development(rows["sample"], rows["group"])
    develops = rows["sample"] == DEVELOPMENT
    keep = (
        thin_applications(rows["as_of"], rows["customer_id"], days=settings.thin_days)
        if settings.thin_days
        else develops
    )
    rows = rows[~develops | keep].reset_index(drop=True)
    rows["weight"] = sample_weights(rows["as_of"], rows["customer_id"], rows["default_date"].where(rows["label"] == 1), performance_days=performance_days)  # fmt: skip
    return rows.drop(columns="default_date"), overlap


def _dates(as_of: pd.Series, settings: Split, performance_days: int, knowledge_lag_days: int) -> SplitDates:
    window = {
        "performance_days": performance_days,
        "knowledge_lag_days": knowledge_lag_days,
        "gap_days": settings.gap_days,
    }
    if settings.development_until is None or settings.out_of_time_from is None:
        return choose_dates(as_of, share=settings.out_of_time_share, **window)
    until, start = pd.Timestamp(settings.development_until), pd.Timestamp(settings.out_of_time_from)
    return SplitDates(development_until=until, out_of_time_from=start, **window)


def _summary(name: str, part: pd.DataFrame) -> dict[str, object]:
    return {
        "sample": name,
        "from": f"{part['as_of'].min():%Y-%m-%d}",
        "to": f"{part['as_of'].max():%Y-%m-%d}",
        "n": len(part),
        "bads": int(part["label"].sum()),
        "default_rate": float(part["label"].mean()),
    }
