"""The portfolio report's charts: from the run's figures to the shapes of `pipelines.charts`."""

from typing import Any

from markupsafe import Markup

from features.catalogue import Feature
from features.dimensions import CATALOGUE
from pipelines.charts import (
    DIMENSION_COLOURS,
    Axis,
    Band,
    Curve,
    Mark,
    Row,
    bar_chart,
    linear_axis,
    log_axis,
    mirrored_histogram,
    waterfall,
    xy_chart,
)
from pipelines.pages.wording import Wording, reads_as_percent
from pipelines.svg import ACCENT, MUTED, Figure

BENCHMARK_LOOKS = (
    ("#c2703d", "6 3"),
    ("#117733", "2 2"),
    ("#882255", "8 2 2 2"),
    ("#5599CC", "10 4"),
    ("#333333", "1 3"),
)
"""Colour and dash of the benchmarks' curves, in their order."""

USABLE = ("good", "indeterminate", "bad")
"""Label statuses with a known outcome."""

PRECEDENCE = ("excluded_in_default", "not_observed", "immature", "no_exposure")
"""Label statuses without one, in the order in which they are decided."""


def all_charts(run: dict[str, Any], w: Wording) -> dict[str, Any]:
    """Return every chart of the portfolio report by name; panels are a list of (title, direction, drawing)."""
    details = run["details"]
    return {
        "labels": labels(details["label_status"], w),
        "dimensions": dimensions(run["explanation"]["dimensions"], w),
        "roc": roc(run, w),
        "reliability": reliability(details["reliability"], w) if details["reliability"] else None,
        "scores": scores(details["score_distribution"], w) if details["score_distribution"] else None,
        "panels": panels(run["explanation"]["features"], w),
    }


def labels(statuses: list[dict[str, Any]], w: Wording) -> Markup:
    """Draw the way from all applications to those with a known outcome."""
    everything = sum(s["n"] for s in statuses)
    usable = [s for s in statuses if s["status"] in USABLE]
    known = sum(s["n"] for s in usable)
    rows = [Row(label=w.say("status.all"), value=everything, words=w.number(everything), total=True)]
    unusable = {s["status"]: s for s in statuses if s["status"] not in USABLE}
    for entry in (unusable[status] for status in PRECEDENCE if status in unusable):
        name = w.name("status", entry["status"])
        rows.append(Row(label=name, value=-entry["n"], words=w.number(-entry["n"]), colour="#9aa4b2"))
    rows.append(Row(label=w.say("status.labelled"), value=known, words=w.number(known), total=True))
    about = w.say("sample.chart.about", all=w.number(everything), labelled=w.number(known))
    return waterfall(Figure(id="labels", title=w.say("sample.chart"), about=about), rows, from_zero=True)


def dimensions(entries: list[dict[str, Any]], w: Wording) -> Markup:
    """Draw each dimension's share, largest first; then the context; the unassessed hatched at the end."""
    names = {d.id: w.of(d) for d in CATALOGUE.dimensions}
    order = sorted(entries, key=lambda d: (not d["assessed"], d["id"] == "context", -(d["share"] or 0.0)))
    rows = [_dimension(d, names[d["id"]], w) for d in order]
    missing = [names[d["id"]] for d in entries if not d["assessed"]]
    about = w.say("dimensions.about", first=rows[0].label, missing=w.joined(missing) or w.say("nothing"))
    return bar_chart(Figure(id="dimensions", title=w.say("dimensions.chart"), about=about), rows)


def _dimension(entry: dict[str, Any], name: str, w: Wording) -> Row:
    if not entry["assessed"]:
        return Row(label=name, value=None, words=w.say("not_assessed"))
    words = w.say("dimensions.bar", share=w.share(entry["share"]), points=w.number(entry["mean_abs_points"], 1))
    colour, (low, high) = DIMENSION_COLOURS[entry["id"]], (entry["low"], entry["high"])
    return Row(label=name, value=entry["share"], words=words, colour=colour, low=low, high=high)


def roc(run: dict[str, Any], w: Wording) -> Markup | None:
    """Draw the ROC curves of the model and its benchmarks, each with its AUC; None without a curve."""
    details, metrics = run["details"], run["metrics"]
    if not details["roc"]:
        return None
    auc = metrics["out_of_time"].get("auc")
    named = [(w.say("benchmark.model"), auc, details["roc"], (ACCENT, ""), 2.6)]
    for (key, curve), look in zip(details["benchmark_roc"].items(), BENCHMARK_LOOKS, strict=False):
        entry = metrics["benchmarks"].get(key) or {}
        named.append((w.name("benchmark", key), entry.get("auc"), curve, look, 1.6))
    curves = []
    for name, found, curve, (colour, dash), width in named:
        label = w.say("roc.curve", name=name, auc=w.number(found["value"] if found else None, 3))
        points = [(p["fpr"], p["tpr"]) for p in curve]
        curves.append(Curve(label=label, xy=points, colour=colour, dash=dash, width=width))
    curves.append(Curve(label=w.say("roc.chance"), xy=[(0, 0), (1, 1)], colour="#aab2bd", dash="3 4", width=1))
    figure = Figure(id="roc", title=w.say("roc.chart"), about=w.say("roc.about", auc=w.metric(auc)))
    whole = [linear_axis(w.say(f"roc.{axis}"), 0, 1, _tick_percent) for axis in "xy"]
    return xy_chart(figure, whole[0], whole[1], curves, height=400)


def _tick_percent(share: float) -> str:
    return f"{100 * share:g}%"


def reliability(bins: list[dict[str, Any]], w: Wording) -> Markup:
    """Draw the default rate against the predicted PD of each bin with its interval, on logarithmic axes."""
    positive = [v for b in bins for v in (b["mean_pd"], b["default_rate"], b["high"]) if v]
    low, high = min([b["mean_pd"] for b in bins if b["mean_pd"]] or positive) / 2, min(max(positive), 1.0)
    x = log_axis(w.say("reliability.x"), low, high, _tick_percent)
    y = log_axis(w.say("reliability.y"), low, high, _tick_percent)
    ideal = Curve(
        label=w.say("reliability.ideal"), xy=[(x.low, x.low), (x.high, x.high)], colour=MUTED, dash="4 3", width=1
    )
    actual = Curve(label=w.say("reliability.bins"), xy=[(b["mean_pd"], b["default_rate"]) for b in bins], colour=ACCENT)
    marks = [Mark(x=b["mean_pd"], y=b["default_rate"], low=b["low"], high=b["high"]) for b in bins]
    inside = sum(b["low"] is not None and b["low"] <= b["mean_pd"] <= b["high"] for b in bins)
    about = w.say("reliability.about", bins=str(len(bins)), inside=str(inside))
    return xy_chart(
        Figure(id="reliability", title=w.say("reliability.chart"), about=about), x, y, [actual, ideal], marks
    )


def scores(bands: list[dict[str, Any]], w: Wording) -> Markup:
    """Draw where goods and defaults lie on the points scale, each in share of its own group."""
    totals = {group: sum(b[group] for b in bands) or 1 for group in ("goods", "bads")}
    shapes = [
        Band(low=b["from"], high=b["to"], above=b["goods"] / totals["goods"], below=b["bads"] / totals["bads"])
        for b in bands
    ]
    medians = {group: w.number(_median_band(bands, group)) for group in ("goods", "bads")}
    figure = Figure(id="scores", title=w.say("scores.chart"), about=w.say("scores.about", **medians))
    return mirrored_histogram(figure, shapes, w.say("scores.goods"), w.say("scores.bads"), w.say("scores.x"))


def _median_band(bands: list[dict[str, Any]], group: str) -> float | None:
    """Return the lower end of the band that holds the group's median; None for an empty group."""
    half, seen = sum(b[group] for b in bands) / 2, 0
    for band in bands:
        seen += band[group]
        if half and seen >= half:
            return float(band["from"])
    return None


def panels(features: list[dict[str, Any]], w: Wording) -> list[dict[str, Any]]:
    """Draw the effect of each feature that has one computed, all over the same span of points."""
    drawn = [f for f in features if f["partial_dependence"]]
    span = max((_span(f["partial_dependence"]["points"]) for f in drawn), default=0.0)
    return [_panel(i, entry, max(span, 1.0), w) for i, entry in enumerate(drawn)]


def _span(values: list[float]) -> float:
    return max(values) - min(values)


def _panel(i: int, entry: dict[str, Any], span: float, w: Wording) -> dict[str, Any]:
    feature, effect = CATALOGUE.feature(entry["id"]), entry["partial_dependence"]
    values, points = effect["value"], effect["points"]
    middle = (max(points) + min(points)) / 2
    x = linear_axis("", values[0], values[-1], lambda v: _tick(feature, v, w), about=3)
    y = linear_axis("", middle - span * 0.55, middle + span * 0.55, w.number, about=5)
    ends = {"low": w.value(feature, values[0]), "high": w.value(feature, values[-1])}
    about = w.say("audit.panel.about", **ends, first=w.number(points[0]), last=w.number(points[-1]))
    dimension = CATALOGUE.dimension_of(CATALOGUE.indicator_of(entry["id"]).id)
    curve = Curve(label="", xy=list(zip(values, points, strict=True)), colour=DIMENSION_COLOURS[dimension.id])
    drawing = xy_chart(
        Figure(id=f"panel-{i}", title=w.feature(feature), about=about), _inside(x), y, [curve], width=250, height=140
    )
    return {"name": w.feature(feature), "arrow": {1: "↘", -1: "↗", 0: "·"}[entry["direction"]], "drawing": drawing}


def _tick(feature: Feature, value: float, w: Wording) -> str:
    if reads_as_percent(feature):
        return _tick_percent(value)
    if feature.unit == "flag" and value not in (0, 1):
        return ""
    return w.value(feature, value)


def _inside(axis: Axis, most: int = 4) -> Axis:
    """Keep at most so many marks, so that their words do not touch in a small panel."""
    every = -(-len(axis.marks) // most)
    return Axis(name=axis.name, low=axis.low, high=axis.high, marks=axis.marks[::every], log=axis.log)
