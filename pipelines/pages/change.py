"""Why an applicant's score changed since its earlier application, in words and a small table that adds up."""

from typing import Any

from features.dimensions import CATALOGUE
from pipelines.pages.wording import Wording

TOLD_FROM_POINTS = 1.0
"""Points that new data or the new model must move an indicator by to be told apart from the rest."""

MOST_TOLD = 5
"""Indicators told apart at most: those that moved most, as many as a printed page has room for."""

Parts = tuple[float, float]
"""Points of one decimal that new data and the new model add."""

_INDICATORS = {i.id: i for i in CATALOGUE.indicators}


def change_view(case: dict[str, Any], w: Wording) -> dict[str, Any] | None:
    """Return sentence, columns and rows, the total last, of a case's change; None if it has none.

    The points are those shown, of one decimal: the row of the rest takes up what rounding leaves, so that the rows add up to
    the total, and the total to the difference of the two scores.
    """
    if (change := case["change"]) is None:
        return None
    with_model, total = change["has_new_model"], _total(change)
    told = [(w.of(_INDICATORS[i["id"]]), _moved(i["leading"], w), _shown(i)) for i in _told(change["indicators"])]
    rest = w.say("change.rest" if told else "change.small")
    if with_model:
        told.append((w.say("change.base"), "", (0.0, round(change["base"], 1))))
    told.append((rest, "", _rest(total, [parts for _, _, parts in told])))
    columns = ("data", "model", "both") if with_model else ("data",)
    return {
        "sentence": _sentence(case, total, w),
        "columns": [w.say(f"change.{name}") for name in columns],
        "rows": [
            {"name": name, "moved": moved, "points": [w.points(p) for p in (*parts, sum(parts))[: len(columns)]]}
            for name, moved, parts in [*told, (w.say("change.total"), "", total)]
        ],
    }


def _total(change: dict[str, Any]) -> Parts:
    """Return what new data and the new model add to the score as shown; other base points are the model's."""
    both = round(change["points_now"], 1) - round(change["points_before"], 1)
    data = round(sum(i["data"] for i in change["indicators"]), 1) if change["has_new_model"] else both
    return data, both - data


def _told(indicators: list[dict[str, Any]]) -> list[dict[str, Any]]:
    moved = [i for i in indicators if max(abs(i["data"]), abs(i["model"])) >= TOLD_FROM_POINTS]
    return sorted(moved, key=lambda i: -abs(i["data"] + i["model"]))[:MOST_TOLD]


def _shown(indicator: dict[str, Any]) -> Parts:
    return round(indicator["data"], 1), round(indicator["model"], 1)


def _rest(total: Parts, told: list[Parts]) -> Parts:
    data, model = (whole - sum(parts[k] for parts in told) for k, whole in enumerate(total))
    return data, model


def _moved(leading: dict[str, Any] | None, w: Wording) -> str:
    """Return the feature that carries most of an indicator's new data, with its value then and now."""
    if leading is None:
        return ""
    feature = CATALOGUE.feature(leading["feature"])
    values = {key: w.known(feature, leading[key]) for key in ("before", "now")}
    return w.say("change.moved", feature=w.feature(feature), **values)


def _sentence(case: dict[str, Any], total: Parts, w: Wording) -> str:
    change = case["change"]
    known = {
        "application": change["application_id"],
        "before": w.number(change["points_before"], 1),
        "grade_before": change["grade_before"],
        "now": w.number(change["points_now"], 1),
        "grade_now": case["grade"],
        "change": w.points(sum(total)),
    }
    if not change["has_new_model"]:
        return w.say("change.same_model", **known)
    return w.say("change.other_model", **known, data=w.points(total[0]), model=w.points(total[1]))
