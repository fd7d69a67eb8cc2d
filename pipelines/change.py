"""Why an applicant's points are others than at its earlier application: new data, or a new model."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from features.dimensions import CATALOGUE
from features.tables import TABLES
from features.version import declarations
from models.bundle import Bundle, BundleError
from models.change import Change, explain_change
from pipelines.errors import InputError

log = logging.getLogger(__name__)

KEY = ["application_id", "customer_id", "as_of"]


def previous_bundle(folder: Path | None, current: Bundle, features: pd.DataFrame) -> Bundle:
    """Return the model that earlier applications were scored with: the current one, or the bundle in a folder.

    InputError if the folder holds no bundle as it was written, or one of features that `features` does not have.
    """
    if folder is None:
        return current
    place = f"explain.previous_model: {folder}"
    if not folder.is_dir():
        raise InputError(f"{place}: no such folder. Expected a bundle, as in data/train/bundle, or null")
    try:
        previous = Bundle.read(folder)
    except (BundleError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{place} is refused: {error}") from None
    missing = sorted(set(previous.encoder.names) - set(features.columns))
    if missing:
        raise InputError(
            f"{place} is refused: it needs features that this run does not have: {', '.join(missing)}. Name a bundle of the "
            "features computed here, or null"
        )
    here = declarations(previous.encoder.names, CATALOGUE, TABLES)
    if any(previous.fingerprints.get(key) != value for key, value in here.items()):
        log.warning("%s was trained on features or tables declared otherwise; its points are those of today's", place)
    return current if previous.sha256 == current.sha256 else previous


def add_changes(
    cases: Sequence[dict[str, Any]], old: Bundle, new: Bundle, features: pd.DataFrame, *, interventional: bool
) -> None:
    """Add to each case of a customer who applied before why its points changed since.

    `features` are those of every application of the run. InputError if a model cannot be explained.
    """
    pairs = earlier_applications([case["application_id"] for case in cases], features)
    if pairs.empty:
        return
    rows = features.set_index("application_id")
    now, before = rows.loc[pairs.index], rows.loc[pairs["application_id_before"]].set_axis(pairs.index)
    try:
        change = explain_change(old, new, before, now, CATALOGUE, interventional=interventional)
    except ValueError as error:
        raise InputError(f"why points changed cannot be told with explain.previous_model: {error}") from None
    points_before, points_now = old.points(before), new.points(now)
    grades_before = old.grades.grade(old.scale.pd(points_before))
    indicators = _indicators(change, before, now)
    told = {
        str(own): {
            "since": f"{since:%Y-%m-%d}",
            "application_id": str(earlier),
            "points_before": float(points_before[at]),
            "grade_before": str(grades_before[at]),
            "points_now": float(points_now[at]),
            "base": change.base,
            "has_new_model": old is not new,
            "indicators": indicators[at],
        }
        for at, (own, earlier, since) in enumerate(
            zip(pairs.index, pairs["application_id_before"], pairs["as_of_before"], strict=True)
        )
    }
    for case in cases:
        case["change"] = told.get(case["application_id"])


def earlier_applications(application_ids: Iterable[str], features: pd.DataFrame) -> pd.DataFrame:
    """Return the newest application on an earlier day of the customer of each application that has one.

    Index = application_id, columns `application_id_before` and `as_of_before` among others.
    """
    known = features[KEY]
    asked = known[known["application_id"].isin(list(application_ids))]
    pairs = asked.merge(known, on="customer_id", suffixes=("", "_before"))
    pairs = pairs[pairs["as_of_before"] < pairs["as_of"]]
    newest = pairs.sort_values(["as_of_before", "application_id_before"]).drop_duplicates("application_id", keep="last")
    return newest.set_index("application_id").sort_index()


def _indicators(change: Change, before: pd.DataFrame, now: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """Return for each applicant, row by row, the parts of every indicator and the feature behind its new data."""
    frames = (change.data, change.model, change.features, before, now)
    return [
        [
            {
                "id": name,
                "data": data[name],
                "model": model[name],
                "leading": _leading(name, data[name], moved, then, later),
            }
            for name in data
        ]
        for data, model, moved, then, later in zip(*(frame.to_dict("records") for frame in frames), strict=True)
    ]


def _leading(
    name: Any, data: float, moved: Mapping[Any, float], then: Mapping[Any, Any], later: Mapping[Any, Any]
) -> dict[str, Any] | None:
    """Return the feature that carries most of what new data change in an indicator, then and now; None if none does."""
    sign = -1 if data < 0 else 1
    pull = {feature: sign * points for feature, points in moved.items() if CATALOGUE.indicator_of(feature).id == name}
    feature = max(pull, key=lambda f: pull[f])
    if pull[feature] <= 0:
        return None
    return {"feature": feature, "before": _plain(then[feature]), "now": _plain(later[feature])}


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value if isinstance(value, str) else float(value)
