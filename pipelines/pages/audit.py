"""The documents about stage `audit`: the validation report and the model card, each in both languages from one template."""

import re
from collections.abc import Callable
from typing import Any

from features.dimensions import CATALOGUE
from pipelines.glossary import LANGUAGES
from pipelines.pages.wording import DASH, MINUS, Wording

COUNTS = (("green", "green"), ("amber", "amber"), ("red", "red"), ("no_data", "not enough data"))


def documents(audit: dict[str, Any], details: dict[str, Any], render: Callable[..., str]) -> dict[str, str]:
    """Return every document by file name; `render` fills a template, as in `report`."""
    pages = {}
    for lang in LANGUAGES:
        w = Wording(lang)
        for file, title in (("validation", "title.validation"), ("card", "title.card")):
            page = {"kind": "portfolio", "file": file, "title": w.say(title), **_view(audit, details, w)}
            pages[f"{file}.{lang}.html"] = render(f"{file}.html.j2", w, page)
    return pages


def _view(audit: dict[str, Any], details: dict[str, Any], w: Wording) -> dict[str, Any]:
    names = check_names(details, w)
    verdicts = audit["verdicts"]
    return {
        "audit": audit,
        "details": details,
        "counts": [(colour, w.say(f"light.{colour}"), audit[key]) for key, colour in COUNTS],
        "red": [names.get(key, key) for key, verdict in verdicts.items() if verdict == "red"],
        "no_data": [names.get(key, key) for key, verdict in verdicts.items() if verdict == "not enough data"],
        "checks_note": w.say("checks.note", level=f"{100 * details['interval_level']:g}%"),
        "checks": [_check(row, w) for row in sorted(details["checks"], key=lambda row: row["battery"])],
        "challengers": [_challenger(row, w) for row in details["challengers"]],
        "certificate": _certificate(details["certificate"], w),
        "directions": [_direction(row, w) for row in details["directions"]],
        "missing": _missing(details["missing"], w),
        "segments": [_segment(row, w) for table in details["segments"].values() for row in table],
        "vintages": [_vintage(row, w) for row in details["vintages"]],
        "characteristics": [_characteristic(row, w) for row in details["characteristics"]],
        "selection": _selection(details["selection"], w),
        "declined_shift": [_characteristic(row, w) for row in details["selection"].get("shift", [])],
        "stability": _stability(details["stability"], w),
        "shares": [_share(row, w) for row in details["stability"]["dimension_shares"]],
        "limits": _limits(audit, details, w),
        "facts": _facts(details["model"], w),
        "origin": w.say(
            "card.fingerprint",
            data=details["model"]["data_fingerprint"][:12],
            bundle=details["model"]["bundle_sha256"][:12],
        ),
    }


def check_names(details: dict[str, Any], w: Wording) -> dict[str, str]:
    """Return the name of every verdict's key."""
    return {row["id"]: f"{row['battery']} {row[w.lang]}" for row in details["checks"]}


def _check(row: dict[str, Any], w: Wording) -> dict[str, str]:
    verdict = row["verdict"]
    _, interval = _score({**row, "value": row["figure"]}, FIGURE_DIGITS, w)
    return {
        "battery": row["battery"],
        "name": row[w.lang],
        "figure": _figure(row, w),
        "interval": interval,
        "n": w.number(row["n"]),
        "colour": verdict,
        "verdict": w.say("check.reported") if verdict == "reported" else w.say(f"light.{verdict}"),
        "reason": row["reason"] or "",
        "bounds": _bounds(row),
        "thresholds": w.name("threshold", row["thresholds"]),
        "source": row["source"],
    }


FIGURE_DIGITS = 4


def _bounds(row: dict[str, Any]) -> str:
    """Return where a check is green, and where still amber if it can be: "≥ 0.5 · ≥ 0.35"."""
    bands = [_band(row[colour], row["range"]) for colour in ("green", "amber") if row[colour]]
    return " · ".join(dict.fromkeys(band for band in bands if band)).replace("-", MINUS)


def _band(band: list[float | None], range_: list[float | None]) -> str:
    """Return a band in signs; empty if it is the whole range, where nothing is worse."""
    low, high = band
    if low == high:
        return f"= {low:g}"
    if low in (None, range_[0]):
        return "" if high in (None, range_[1]) else f"≤ {high:g}"
    if high not in (None, range_[1]):
        return f"{low:g} … {high:g}"
    return "> 0" if low is not None and 0 < low < SMALLEST_BOUND else f"≥ {low:g}"


SMALLEST_BOUND = 1e-300
"""A band that begins at the number next to 0 leaves out 0 alone."""


def _figure(row: dict[str, Any], w: Wording) -> str:
    """Return a check's figure with what it is; one too small for its digits as such."""
    figure, kind = row["figure"], row["kind"]
    if kind == "p_value":
        return w.name("check.kind", kind) + " " + w.p_value(figure)
    if kind == "value" and figure is not None and 0 < abs(figure) < 0.5 * 10**-FIGURE_DIGITS:
        return f"< {10**-FIGURE_DIGITS:.{FIGURE_DIGITS}f}"
    told = w.number(figure, 0 if kind == "count" else FIGURE_DIGITS)
    return w.name("check.kind", kind) + " " + told if kind == "z" else told


def _challenger(row: dict[str, Any], w: Wording) -> dict[str, Any]:
    is_model = row["name"] == "model"
    name = w.say("challenger.model") if is_model else w.name("benchmark", row["name"])
    scores = [_score(row[metric], digits, w) for metric, digits in SCORE_DIGITS.items()]
    lead = [DASH, DASH] if is_model else [w.number(row["difference"], 3), w.p_value(row["p_value"])]
    return {"name": name, "n": w.number(row["n"]), "bads": w.number(row["bads"]), "scores": scores, "lead": lead}


def _score(entry: dict[str, float | None] | None, digits: int, w: Wording) -> tuple[str, str]:
    """Return a value and its interval; empty if there is none."""
    if entry is None:
        return DASH, ""
    interval = w.interval(entry["low"], entry["high"], digits)
    return w.number(entry["value"], digits), "" if interval == DASH else interval


SCORE_DIGITS = {"auc": 3, "ks": 3, "brier": 4, "log_loss": 4}


def _certificate(found: list[dict[str, Any]], w: Wording) -> str:
    held = {key: str(sum(c[key] for c in found)) for key in ("holds", "holds_if_known")}
    return w.say("certificate.words", n=str(len(found)), holds=held["holds"], known=held["holds_if_known"])


def _direction(row: dict[str, Any], w: Wording) -> list[str]:
    indicator = next(i for i in CATALOGUE.indicators if i.id == row["indicator"])
    said = []
    for key in ("data", "model", "unconstrained"):
        rho = row[f"{key}_rho"]
        said.append(w.say(f"verdict.{row[key]}") + ("" if rho is None else f" ({w.number(rho, 2)})"))
    return [f"{indicator.code} {w.of(indicator)}", w.say(f"stance.{row['article']}"), *said]


def _missing(found: list[dict[str, Any]], w: Wording) -> list[tuple[str, list[str]]]:
    """Return what each of the two tree models makes of missing values: its name, and a line a feature."""
    names = {"model": w.say("challenger.model"), "unconstrained": w.name("benchmark", "unconstrained")}
    return [(name, [_withheld(row, w) for row in found if row["model"] == key]) for key, name in names.items()]


def _withheld(row: dict[str, Any], w: Wording) -> str:
    feature = CATALOGUE.feature(row["feature"])
    share, points = w.percent(row["missing_share"]), w.points(row["missing_mean_points"])
    return w.say("missing.words", feature=w.feature(feature), share=share, points=points)


def _segment(row: dict[str, Any], w: Wording) -> dict[str, Any]:
    cells = [
        _segment_name(row["segment"], w),
        w.number(row["n"]),
        w.number(row["bads"]),
        w.percent(row["mean_pd"]),
        w.percent(row["default_rate"]),
        w.number(row["gini"], 3),
        w.number(row["calibration_slope"], 2),
        w.p_value(row["jeffreys_holm"]),
    ]
    return {"cells": cells, "colour": row["verdict"], "verdict": w.say(f"light.{row['verdict']}")}


def _segment_name(segment: str, w: Wording) -> str:
    """Return a segment such as "size: small" in words."""
    kind, _, value = segment.partition(": ")
    if kind == value:
        return w.name("segment", kind)
    told = w.name(f"segment.{kind}", w.name(kind, value))
    return w.name("segment", kind) + w.say("colon") + w.name("segment", told)


def _vintage(row: dict[str, Any], w: Wording) -> list[str]:
    rate = f"{w.percent(row['default_rate'])} ({w.percent_interval(row['low'], row['high'])})"
    return [
        row["period"],
        w.number(row["n"]),
        w.number(row["bads"]),
        w.percent(row["mean_pd"]),
        rate,
        w.number(row["auc"], 3),
    ]


def _characteristic(row: dict[str, Any], w: Wording) -> dict[str, Any]:
    feature = CATALOGUE.feature(row["feature"])
    figures = [w.number(row[key], 3) for key in ("csi", "critical_value")]
    missing = [w.percent(row[key]) for key in ("missing_before", "missing_now")]
    return {
        "cells": [w.feature(feature), *figures, *missing],
        "colour": row["verdict"],
        "verdict": w.say(f"light.{row['verdict']}"),
    }


def _selection(found: dict[str, Any], w: Wording) -> list[str]:
    if not found["enough"]:
        return [w.say("selection.none")]
    outside, inside = (w.percent(found[f"out_of_support_{who}"]) for who in ("declined", "admitted"))
    auc = w.number(found["propensity_auc"], 3)
    told = [w.say("selection.words", n=w.number(found["declined"]), auc=auc, outside=outside, inside=inside)]
    if found["hardly_overlap"]:
        told.append(w.say("selection.overlap"))
    truth = found["truth"]
    if truth:
        pd_12m, rate = w.percent(truth["mean_pd"]), w.percent(truth["default_rate"])
        told.append(
            w.say("selection.truth", auc=w.number(truth["auc"], 3), n=w.number(truth["n"]), pd=pd_12m, rate=rate)
        )
    return told


def _stability(found: dict[str, Any], w: Wording) -> str:
    if not found["refits"]:
        return w.say("stability.none")
    return w.say(
        "stability.words",
        n=str(found["refits"]),
        tau=w.number(found["share_tau"], 2),
        signs=w.percent(found["sign_agreement"]),
        overlap=w.percent(found["worst_overlap"]),
    )


def _share(row: dict[str, Any], w: Wording) -> list[str]:
    dimension = next(d for d in CATALOGUE.dimensions if d.id == row["dimension"])
    return [w.of(dimension), w.percent_interval(row["low"], row["high"])]


def _limits(audit: dict[str, Any], details: dict[str, Any], w: Wording) -> list[str]:
    level = re.sub(r"[-_]", " ", str(details["model"]["level"]))
    said = [
        w.say("limits.declined"),
        w.say("limits.association"),
        w.say("limits.level", level=w.name("level.model", level)),
    ]
    truth = details["selection"].get("truth")
    if truth:
        rate, mean = w.percent(truth["default_rate"]), w.percent(truth["mean_pd"])
        said.insert(1, w.say("limits.truth", n=w.number(truth["n"]), pd=mean, rate=rate))
    names = check_names(details, w)
    short = [names.get(key, key) for key, verdict in audit["verdicts"].items() if verdict == "not enough data"]
    if short:
        said.append(w.say("limits.no_data", names=w.joined(short)))
    return [*said, w.say("limits.machine")]


def _facts(model: dict[str, Any], w: Wording) -> list[tuple[str, str]]:
    settings = ", ".join(f"{name} {value}" for name, value in model["settings"].items())
    versions = ", ".join(f"{name} {value}" for name, value in model["versions"].items())
    level = re.sub(r"[-_]", " ", str(model["level"]))
    return [
        (w.say("card.bundle"), model["bundle_sha256"]),
        (w.say("card.data"), model["data_fingerprint"]),
        (w.say("card.params"), model["params_fingerprint"]),
        (w.say("card.features"), w.number(model["features"])),
        (w.say("card.trees"), w.number(model["trees"])),
        (w.say("card.slope"), w.number(model["slope"], 3)),
        (w.say("card.level"), w.name("level.model", level)),
        (w.say("card.settings"), settings),
        (w.say("card.versions"), versions),
    ]
