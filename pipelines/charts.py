"""The report's charts as inline SVG: pure functions of numbers and finished words, the same bytes for the same input.

Series are told apart by label, shape or dash as well as by colour, so that every chart reads in grey.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.svg import (
    ACCENT,
    INK,
    MUTED,
    PAPER,
    RULE,
    SMALL,
    Figure,
    element,
    line,
    polyline,
    rectangle,
    text,
    ticks,
    words_width,
)

DIMENSION_COLOURS = {
    "credit_score": "#332288",
    "financial_condition": "#44AA99",
    "business_stability": "#CC6677",
    "legal_compliance": "#882255",
    "industry_reputation": "#DDAA33",
    "operational_capability": "#5599CC",
    "esg": "#117733",
    "context": "#8A929C",
}
"""One colour a dimension, the same on every page. Source: Paul Tol's colour-blind-safe "muted" scheme, slightly adapted."""

WIDTH = 800
LABELS = 244
"""Width of the column of row labels."""

LEAST_SPAN = 40.0
"""Points that the cut axis of a waterfall covers at least, two grades: a few points must not look like a landslide."""

Tick = tuple[float, str]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a bar chart or waterfall. A value of None is not assessed: hatched, never zero."""

    label: str
    value: float | None
    words: str
    colour: str = ACCENT
    low: float | None = None
    high: float | None = None
    total: bool = False
    """In a waterfall: the level itself, not a change of it."""


def bar_chart(figure: Figure, rows: Sequence[Row]) -> Markup:
    """Draw one horizontal bar a row from zero, with whiskers where a row has an interval."""
    pitch, words = 30, max((words_width(r.words) for r in rows), default=0.0)
    top = max((r.high or r.value or 0.0 for r in rows), default=0.0) or 1.0
    place = _linear(0, top, LABELS, WIDTH - words - 16)
    parts = [figure.hatch(), line(LABELS, 0, LABELS, pitch * len(rows), stroke=MUTED)]
    for i, row in enumerate(rows):
        parts += _bar(figure, row, i * pitch + 5, place)
    return figure.draw(WIDTH, pitch * len(rows) + 2, *parts)


def _bar(figure: Figure, row: Row, y: float, place: Callable[[float], float]) -> list[Markup]:
    label = text(LABELS - 10, y + 14, row.label, anchor="end")
    if row.value is None:
        box = rectangle(LABELS, y, 120, 20, figure.hatched, stroke=RULE)
        return [label, box, text(LABELS + 128, y + 14, row.words, fill=MUTED)]
    end = place(row.value)
    parts = [label, rectangle(LABELS, y, end - LABELS, 20, row.colour)]
    if row.low is not None and row.high is not None:
        parts.append(line(place(row.low), y + 10, place(row.high), y + 10, stroke=INK, width=1.5))
        end = place(row.high)
    return [*parts, text(end + 8, y + 14, row.words, fill=INK)]


def waterfall(figure: Figure, rows: Sequence[Row], *, from_zero: bool) -> Markup:
    """Draw how a level becomes another: totals and the changes between them, one row each.

    `from_zero` draws totals as bars from zero (counts); otherwise as marks on an axis cut to what happens (points), because
    a bar on a cut axis would lie about its length.
    """
    pitch, right = 28, max((words_width(r.words) for r in rows), default=0.0) + 24
    steps = _levels(rows)
    levels = [level for step in steps for level in step]
    low, high = (0.0, max(*levels, 1.0)) if from_zero else _cut_axis(levels)
    place = _linear(low, high, LABELS + (0 if from_zero else right), WIDTH - right)
    parts = [figure.hatch()]
    for i, (row, (before, after)) in enumerate(zip(rows, steps, strict=True)):
        start = 0.0 if row.total and from_zero else before
        parts += _step(figure, row, place(start), place(after), i * pitch + 4, last=i == len(rows) - 1)
    return figure.draw(WIDTH, pitch * len(rows) + 4, *parts)


def _cut_axis(levels: Sequence[float]) -> tuple[float, float]:
    middle, half = (max(levels) + min(levels)) / 2, max(max(levels) - min(levels), LEAST_SPAN) / 2
    return middle - half, middle + half


def _levels(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return the level before and after each row; a total is its own level."""
    levels, level = [], 0.0
    for row in rows:
        after = (row.value or 0.0) if row.total else level + (row.value or 0.0)
        levels.append((after if row.total else level, after))
        level = after
    return levels


def _step(figure: Figure, row: Row, start: float, end: float, y: float, *, last: bool) -> list[Markup]:
    weight = 600 if row.total else 400
    parts = [text(LABELS - 10, y + 14, row.label, anchor="end", weight=weight)]
    if not last:
        parts.append(line(end, y + 20, end, y + 28, stroke=MUTED, dash="2 2"))
    if row.value is None:
        box = rectangle(end - 9, y, 18, 20, figure.hatched, stroke=RULE)
        return [*parts, box, text(end + 16, y + 14, row.words, fill=MUTED, size=SMALL)]
    left, right = min(start, end), max(start, end)
    if row.total and start == end:
        mark = line(end, y - 2, end, y + 22, stroke=row.colour, width=4)
        return [*parts, mark, text(end + 10, y + 14, row.words, weight=600)]
    parts.append(rectangle(left, y, max(right - left, 1.0), 20, row.colour))
    negative = end < start and not row.total
    words = text(left - 6, y + 14, row.words, anchor="end") if negative else text(right + 6, y + 14, row.words)
    return [*parts, words]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis with its name, its ends and its marked values; `log` spaces powers of ten evenly."""

    name: str
    low: float
    high: float
    marks: Sequence[Tick]
    log: bool = False

    def place(self, start: float, end: float) -> Callable[[float], float]:
        """Return the function from a value to its position between two positions; values beyond stay on the edge."""
        if not self.log:
            return _linear(self.low, self.high, start, end)
        even = _linear(math.log(self.low), math.log(self.high), start, end)
        return lambda value: even(math.log(min(max(value, self.low), self.high)))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line through points, with its words in the legend; no label, no legend."""

    label: str
    xy: Sequence[tuple[float, float]]
    colour: str
    dash: str = ""
    width: float = 2


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point with a vertical interval."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


def xy_chart(
    figure: Figure,
    x: Axis,
    y: Axis,
    curves: Sequence[Curve],
    marks: Sequence[Mark] = (),
    *,
    marked: str = "",
    width: float = WIDTH,
    height: float = 340,
) -> Markup:
    """Draw curves, the first on top, and marks over two axes; the legend stands to the right, never over a curve.

    `marked` is what the marks are, for the legend; nothing if a curve runs through them.
    """
    labelled = [c for c in curves if c.label]
    names = [c.label for c in labelled] + ([marked] if marked else [])
    last_mark = words_width(x.marks[-1][1], SMALL) / 2 if x.marks else 0.0
    right = width - max([46 + words_width(name, SMALL) for name in names] + [18.0, last_mark + 2])
    left = 14 + max((words_width(word, SMALL) for _, word in y.marks), default=0.0)
    top, bottom = (22.0 if y.name else 10.0), height - (40.0 if x.name else 22.0)
    to_x, to_y = x.place(left, right), y.place(bottom, top)
    parts = _grid(x, y, to_x, to_y, (left, right, bottom))
    parts += [_curve(c, to_x, to_y) for c in reversed(curves)]
    for mark in marks:
        parts += _mark(mark, to_x, to_y)
    for i, curve in enumerate(labelled):
        parts += _legend(curve, right + 16, top + 8 + 20 * i)
    if marked:
        parts += _legend_of_marks(marked, right + 16, top + 8 + 20 * len(labelled))
    return figure.draw(width, height, *parts)


def _grid(
    x: Axis,
    y: Axis,
    to_x: Callable[[float], float],
    to_y: Callable[[float], float],
    box: tuple[float, float, float],
) -> list[Markup]:
    left, right, bottom = box
    parts = [line(left, to_y(v), right, to_y(v)) for v, _ in y.marks]
    parts += [text(left - 7, to_y(v) + 4, word, anchor="end", size=SMALL, fill=MUTED) for v, word in y.marks]
    parts += [line(to_x(v), bottom, to_x(v), bottom + 4, stroke=MUTED) for v, _ in x.marks]
    parts += [text(to_x(v), bottom + 17, word, anchor="middle", size=SMALL, fill=MUTED) for v, word in x.marks]
    parts.append(line(left, bottom, right, bottom, stroke=MUTED))
    if x.name:
        parts.append(text((left + right) / 2, bottom + 35, x.name, anchor="middle", size=SMALL))
    if y.name:
        parts.append(text(0, 11, y.name, size=SMALL))
    return parts


def _curve(curve: Curve, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> Markup:
    xy = [(to_x(a), to_y(b)) for a, b in curve.xy]
    return polyline(xy, stroke=curve.colour, width=curve.width, dash=curve.dash)


def _mark(mark: Mark, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> list[Markup]:
    dot = element("circle", cx=to_x(mark.x), cy=to_y(mark.y), r=4, fill=ACCENT, stroke=PAPER, stroke_width=1)
    if mark.low is None or mark.high is None:
        return [dot]
    return [line(to_x(mark.x), to_y(mark.low), to_x(mark.x), to_y(mark.high), stroke=ACCENT, width=1.5), dot]


def _legend(curve: Curve, x: float, y: float) -> list[Markup]:
    swatch = line(x, y, x + 22, y, stroke=curve.colour, width=curve.width, dash=curve.dash)
    return [swatch, text(x + 28, y + 4, curve.label, size=SMALL)]


def _legend_of_marks(name: str, x: float, y: float) -> list[Markup]:
    dot = element("circle", cx=x + 11, cy=y, r=4, fill=ACCENT, stroke=PAPER, stroke_width=1)
    bar = line(x + 11, y - 8, x + 11, y + 8, stroke=ACCENT, width=1.5)
    return [bar, dot, text(x + 28, y + 4, name, size=SMALL)]


@dataclass(frozen=True, kw_only=True)
class Band:
    """A band of the score and the share of each group in it."""

    low: float
    high: float
    above: float
    below: float


def mirrored_histogram(figure: Figure, bands: Sequence[Band], above: str, below: str, name: str) -> Markup:
    """Draw two distributions over the same bands, one upwards and one downwards from a common axis of band limits."""
    height, middle, left = 300.0, 140.0, 12.0
    largest = max((max(b.above, b.below) for b in bands), default=0.0) or 1.0
    edges = sorted({b.low for b in bands} | {b.high for b in bands})
    to_x = _linear(edges[0], edges[-1], left, WIDTH - 12)
    unit = (middle - 16) / largest
    parts = []
    for band in bands:
        x, width = to_x(band.low) + 0.75, to_x(band.high) - to_x(band.low) - 1.5
        parts.append(rectangle(x, middle - band.above * unit, width, band.above * unit, ACCENT))
        parts.append(rectangle(x, middle + 20, width, band.below * unit, "#c2703d"))
    every = max(1, math.ceil(len(edges) / 16))
    parts += [text(to_x(e), middle + 14, f"{e:.0f}", anchor="middle", size=SMALL, fill=MUTED) for e in edges[::every]]
    parts += [
        text(left, 14, above, fill=ACCENT, weight=600),
        text(left, height - 24, below, fill="#a85a2b", weight=600),
    ]
    parts.append(text(WIDTH / 2, height - 2, name, anchor="middle", size=SMALL))
    return figure.draw(WIDTH, height, *parts)


def points_bar(points: float, largest: float, colour: str) -> Markup:
    """Draw a row's points as a small bar left or right of zero; decoration beside the number, so hidden from readers aloud."""
    half, height = 40.0, 10.0
    length = half * min(abs(points) / largest, 1.0) if largest > 0 else 0.0
    bar = rectangle(half - length if points < 0 else half, 1, length, height - 2, colour)
    zero = line(half, 0, half, height, stroke=MUTED)
    return element("svg", bar, zero, viewBox="0 0 80 10", width=80, height=10, aria_hidden="true")


def share_bar(share: float, largest: float, colour: str) -> Markup:
    """Draw a row's share as a small bar from zero; decoration beside the number, so hidden from readers aloud."""
    length = 70.0 * share / largest if largest > 0 else 0.0
    bar = rectangle(0, 1, length, 8, colour)
    return element("svg", bar, viewBox="0 0 70 10", width=70, height=10, aria_hidden="true")


def grade_scale(figure: Figure, grades: Sequence[str], chosen: str, line_after: str, line_name: str) -> Markup:
    """Draw the grades from safest to riskiest, the applicant's filled, and the admission line."""
    cell = (WIDTH - 2) / len(grades)
    parts = []
    for i, grade in enumerate(grades):
        fill, ink = (ACCENT, PAPER) if grade == chosen else ("#eef1f5", MUTED)
        parts.append(rectangle(1 + i * cell, 16, cell - 3, 26, fill))
        parts.append(text(1 + (i + 0.5) * cell - 1.5, 33, grade, anchor="middle", fill=ink, weight=600))
    if line_after in grades:
        x = 1 + (list(grades).index(line_after) + 1) * cell - 1.5
        parts += [line(x, 4, x, 48, stroke=INK, width=2), text(x - 6, 11, line_name, anchor="end", size=SMALL)]
    return figure.draw(WIDTH, 50, *parts)


def linear_axis(name: str, low: float, high: float, words: Callable[[float], str], about: int = 5) -> Axis:
    """Return an axis from low to high with round marks, each in words; an empty range is widened by one."""
    high = high if high > low else low + 1
    return Axis(name=name, low=low, high=high, marks=[(v, words(v)) for v in ticks(low, high, about)])


def axis_up_to(name: str, high: float, words: Callable[[float], str]) -> Axis:
    """Return an axis from zero to the first round mark at or above `high`, so that no curve ends above the marks."""
    inside = ticks(0.0, high)
    step = inside[1] if len(inside) > 1 else 1.0
    return linear_axis(name, 0.0, math.ceil(high / step - 1e-9) * step, words)


def log_axis(name: str, low: float, high: float, words: Callable[[float], str]) -> Axis:
    """Return a logarithmic axis over whole decades' 1, 2, 5 that cover [low, high]; both must be above 0."""
    steps = [
        m * 10.0**e for e in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1) for m in (1, 2, 5)
    ]
    first = max(v for v in steps if v <= low * 1.0001)
    last = min((v for v in steps if v >= high * 0.9999), default=high)
    inside = [v for v in steps if first <= v <= last]
    return Axis(name=name, low=first, high=max(last, first * 2), marks=[(v, words(v)) for v in inside], log=True)


def _linear(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)
