"""Stage `split`: which applications develop the model and which test it, with groups and weights."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from models.splits import (
    DEVELOPMENT,
    GAP,
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
from pipelines.io import existing, fresh_folder, write_json
from pipelines.label import OUTCOMES
from pipelines.params import Params, Split

log = logging.getLogger(__name__)

FOLDER = Path("data/split")
SAMPLES, SUMMARY = FOLDER / "samples.parquet", FOLDER / "summary.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    columns = ["application_id", "customer_id", "as_of", "label", "default_date"]
    outcomes = pd.read_parquet(existing(OUTCOMES, "label"), columns=columns)
    customers = existing(CANONICAL / "customers.parquet", "ingest")
    groups = _groups(pd.read_parquet(customers, columns=["customer_id", "group_id", "known_at"]))
    window = params.label.performance_days, params.label.knowledge_lag_days
    samples, overlap = split(outcomes, groups, params.split, *window, params.seed)
    summary = [_summary(str(name), part) for name, part in samples.groupby("sample", sort=True)]
    _refuse_one_class(summary)
    samples.to_parquet(SAMPLES, index=False)
    write_json(SUMMARY, {"scheme": params.split.scheme, "labels_overlap": overlap, "samples": summary})
    for entry in summary:
        log.info("%(sample)s: %(n)d applications, %(bads)d bads, %(from)s to %(to)s", entry)


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
    applications soon after another of the same customer are dropped. Weights are counted inside each sample: what
    development weighs must not depend on applications that came later.
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
        raise InputError(f"cannot split the applications (section `split` of params.yaml): {error}") from None
    rows["seen_in_development"] = seen_in_development(rows["sample"], rows["group"])
    rows = _thinned(rows, settings.thin_days)
    story, default_date = rows["customer_id"] + "|" + rows["sample"], rows["default_date"].where(rows["label"] == 1)
    rows["weight"] = sample_weights(rows["as_of"], story, default_date, performance_days=performance_days)
    return rows.drop(columns="default_date"), overlap


def _thinned(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Drop development applications within `days` of the previous kept one of their customer; 0 keeps all."""
    if not days:
        return rows
    keep = thin_applications(rows["as_of"], rows["customer_id"], days=days)
    return rows[(rows["sample"] != DEVELOPMENT) | keep].reset_index(drop=True)


def _dates(as_of: pd.Series, settings: Split, performance_days: int, knowledge_lag_days: int) -> SplitDates:
    until, start = settings.development_until, settings.out_of_time_from
    if (until is None) != (start is None):
        raise InputError(
            "params.yaml: split.development_until and split.out_of_time_from belong together; set both, or neither (null)"
        )
    window: dict[str, Any] = {
        "performance_days": performance_days,
        "knowledge_lag_days": knowledge_lag_days,
        "gap_days": settings.gap_days,
    }
    if until is None or start is None:
        return choose_dates(as_of, share=settings.out_of_time_share, **window)
    return SplitDates(development_until=pd.Timestamp(until), out_of_time_from=pd.Timestamp(start), **window)


def _refuse_one_class(summary: list[dict[str, Any]]) -> None:
    """Stop where the model could not be trained, or not be judged."""
    for entry in summary:
        if entry["sample"] != GAP and not 0 < entry["bads"] < entry["n"]:
            raise InputError(
                f"sample {entry['sample']}, {entry['from']} to {entry['to']}, holds {entry['bads']} bads and "
                f"{entry['n'] - entry['bads']} goods; both are needed. Move the dates or the share in section `split` of "
                "params.yaml"
            )


def _summary(name: str, part: pd.DataFrame) -> dict[str, Any]:
    return {
        "sample": name,
        "from": f"{part['as_of'].min():%Y-%m-%d}",
        "to": f"{part['as_of'].max():%Y-%m-%d}",
        "n": len(part),
        "bads": int(part["label"].sum()),
        "default_rate": float(part["label"].mean()),
    }


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("split")
