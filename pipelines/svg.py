"""Inline SVG, element by element: escaped text, styling as attributes (print engines ignore page CSS inside SVG)."""

import math
from dataclasses import dataclass

from markupsafe import Markup, escape

INK, MUTED, RULE, ACCENT, PAPER = "#1c2430", "#5b6675", "#d5dae1", "#1f3a5f", "#ffffff"
FONT, SMALL = 12, 10.5


def element(tag: str, *children: Markup | str, **attributes: object) -> Markup:
    """Return one SVG element; underscores in attribute names become hyphens, text and attribute values are escaped."""
    written = "".join(f' {key.replace("_", "-")}="{escape(_short(value))}"' for key, value in attributes.items())
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{tag}{written}>{inside}</{tag}>" if children else f"<{tag}{written}/>")


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(
    x: float, y: float, words: str, *, anchor: str = "start", size: float = FONT, fill: str = INK, weight: int = 400
) -> Markup:
    """Return a line of text whose baseline is at y."""
    return element("text", words, x=x, y=y, text_anchor=anchor, font_size=size, fill=fill, font_weight=weight)


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = RULE, width: float = 1, dash: str = "") -> Markup:
    """Return a straight line, dashed if a pattern is given."""
    extra = {"stroke_dasharray": dash} if dash else {}
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, **extra)


def rectangle(x: float, y: float, width: float, height: float, fill: str, *, stroke: str = "none") -> Markup:
    """Return a rectangle with square corners."""
    return element("rect", x=x, y=y, width=width, height=height, fill=fill, stroke=stroke)


def polyline(xy: list[tuple[float, float]], *, stroke: str, width: float = 2, dash: str = "") -> Markup:
    """Return an open path through points."""
    path = " ".join(f"{_short(x)},{_short(y)}" for x, y in xy)
    extra = {"stroke_dasharray": dash} if dash else {}
    return element(
        "polyline", points=path, fill="none", stroke=stroke, stroke_width=width, stroke_linejoin="round", **extra
    )


def words_width(words: str, size: float = FONT) -> float:
    """Return about how wide text will be: Chinese characters are square, others a little over half as wide."""
    return sum(size if ord(letter) > 0x2E7F else 0.56 * size for letter in words)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a chart is called: an id unique on the page, a title and a description for those who cannot see it."""

    id: str
    title: str
    about: str

    def draw(self, width: float, height: float, *parts: Markup) -> Markup:
        """Return the finished drawing with its accessible name and description."""
        named = {"role": "img", "aria_labelledby": f"{self.id}-title {self.id}-about"}
        size = {"viewBox": f"0 0 {_short(float(width))} {_short(float(height))}", "width": width, "height": height}
        head = (
            element("title", self.title, id=f"{self.id}-title"),
            element("desc", self.about, id=f"{self.id}-about"),
        )
        return element("svg", *head, *parts, xmlns="http://www.w3.org/2000/svg", **size, **named)

    def hatch(self) -> Markup:
        """Return the pattern of everything not assessed; fill with `self.hatched`."""
        stripe = line(0, 0, 0, 6, stroke="#aab2bd", width=1.6)
        pattern = element(
            "pattern",
            stripe,
            id=f"{self.id}-hatch",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        )
        return element("defs", pattern)

    @property
    def hatched(self) -> str:
        """The fill of everything not assessed."""
        return f"url(#{self.id}-hatch)"


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return about so many round values (1, 2, 2.5 or 5 times a power of ten) inside [low, high]; one if low == high."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]
