"""Values in words: numbers, shares, money, dates, feature values and observation periods as the reader's language has them."""

import math
import re
from datetime import date
from typing import Any, Protocol

from features.catalogue import Feature
from pipelines.glossary import TERMS, Language, say

DASH = "—"
"""Stands for a value that is not available in this run."""

MINUS = "\N{MINUS SIGN}"

PERCENT_UP_TO = 5.0
"""Ratios that cannot exceed this are shares of something and read as percent; larger ones (current ratio) as multiples."""

DAYS_A_YEAR = 365

_PERIOD_IN_NAME = re.compile(r", (?:last )?\d+ (?:days|months|years?)$|（近?\d+(?:天|个月|月|年)）$")
"""The observation period at the end of a feature's name."""

_LARGE = {"en": ((1e9, " billion"), (1e6, " million"), (1e3, " thousand")), "zh": ((1e8, " 亿"), (1e4, " 万"))}

_PERIODS = (
    (re.compile(r"(\d+)d"), "window.past"),
    (re.compile(r"latest<=(\d+)d"), "window.latest"),
    (re.compile(r"(\d+)m"), "window.months"),
    (re.compile(r"as_of\+(\d+)d"), "window.ahead"),
)


class Bilingual(Protocol):
    """Anything declared with a name in both languages."""

    @property
    def en(self) -> str:
        """The English name."""

    @property
    def zh(self) -> str:
        """The Chinese name."""


def reads_as_percent(feature: Feature) -> bool:
    """Whether a feature's values are shares of something rather than multiples."""
    return feature.unit == "ratio" and feature.clip is not None and feature.clip[1] <= PERCENT_UP_TO


class Wording:
    """Puts values into the words of one language. None and non-finite numbers read as a dash."""

    def __init__(self, lang: Language):
        self.lang: Language = lang

    def say(self, key: str, **values: str) -> str:
        """Return a term or sentence of the glossary in this language."""
        return say(key, self.lang, **values)

    def name(self, kind: str, value: str) -> str:
        """Return the word for one of a kind's values, or the value itself where the data bring their own words."""
        key = f"{kind}.{value}"
        return self.say(key) if key in TERMS else value

    def of(self, item: Bilingual, part: str = "") -> str:
        """Return the name of a dimension, indicator, table ..., or a part such as `good_`."""
        return str(getattr(item, part + self.lang))

    def number(self, x: float | None, digits: int = 0) -> str:
        """Return a number with thousands separators and a true minus sign."""
        if x is None or not math.isfinite(x):
            return DASH
        text = f"{x:,.{digits}f}"
        # A negative number that rounds to zero has no sign.
        return text.replace("-", MINUS if float(text.replace(",", "")) else "")

    def percent(self, x: float | None) -> str:
        """Return a fraction in percent: one decimal from 10 %, two from 0.1 %, three below."""
        if x is None or not math.isfinite(x):
            return DASH
        size = abs(x)
        digits = 0 if size == 0 else 1 if size >= 0.1 else 2 if size >= 0.001 else 3
        return f"{self.number(100 * x, digits)}%"

    def fine_percent(self, x: float | None) -> str:
        """Return a fraction in percent with a decimal more below 10 %, for neighbours on both sides of a bound."""
        return f"{self.number(100 * x, 3)}%" if x is not None and 0.001 <= abs(x) < 0.1 else self.percent(x)

    def share(self, x: float | None) -> str:
        """Return a part of a whole in percent, always with one decimal, so that a column of parts lines up."""
        return DASH if x is None or not math.isfinite(x) else f"{self.number(100 * x, 1)}%"

    def points(self, x: float | None) -> str:
        """Return points with their sign and one decimal."""
        text = self.number(x, 1)
        return f"+{text}" if x is not None and text not in (DASH, "0.0") and x > 0 else text

    def p_value(self, p: float | None) -> str:
        """Return a p-value, those below a thousandth as such."""
        return "< 0.001" if p is not None and p < 0.001 else self.number(p, 3)

    def metric(self, entry: dict[str, float | None] | None, digits: int = 3) -> str:
        """Return a metric with its interval where it has one: `0.802 (0.781 to 0.823)`."""
        if entry is None:
            return DASH
        interval = self.interval(entry["low"], entry["high"], digits)
        return self.number(entry["value"], digits) + (f" ({interval})" if interval != DASH else "")

    def interval(self, low: float | None, high: float | None, digits: int = 3) -> str:
        """Return an interval of numbers."""
        return self._range(self.number(low, digits), self.number(high, digits))

    def percent_interval(self, low: float | None, high: float | None) -> str:
        """Return an interval of shares."""
        return self._range(self.percent(low), self.percent(high))

    def _range(self, low: str, high: str) -> str:
        return DASH if DASH in (low, high) else low + self.say("to") + high

    def day(self, iso: str | None) -> str:
        """Return a day given as YYYY-MM-DD: ISO in English, 2024年3月5日 in Chinese."""
        if iso is None:
            return DASH
        day = date.fromisoformat(iso)
        return f"{day.year}年{day.month}月{day.day}日" if self.lang == "zh" else day.isoformat()

    def money(self, amount: float | None, currency: str) -> str:
        """Return an amount in whole units of its currency."""
        if amount is None:
            return DASH
        key = f"currency.{currency}"
        return self.say(key, x=self.number(amount)) if key in TERMS else f"{currency} {self.number(amount)}"

    def large(self, amount: float) -> str:
        """Return a large amount in short: 12.3 million, 1,230 万."""
        for size, word in _LARGE[self.lang]:
            if abs(amount) >= size:
                return self.plain(amount / size) + word
        return self.plain(amount)

    def plain(self, x: float) -> str:
        """Return a number of any size with about three significant digits, whole ones without decimals."""
        digits = 0 if x == int(x) or abs(x) >= 100 else 1 if abs(x) >= 10 else 2
        return self.number(x, digits)

    def joined(self, names: list[str]) -> str:
        """Return names in one enumeration."""
        return self.say("comma").join(names)

    def feature(self, feature: Feature) -> str:
        """Return a feature's name as shown with its values, which are never logarithms."""
        return re.sub(r" \(log\)$|（对数）$", "", self.of(feature))

    def brief(self, feature: Feature) -> str:
        """Return a feature's name for where its observation period is told beside it."""
        return _PERIOD_IN_NAME.sub("", self.feature(feature))

    def within(self, feature: Feature) -> str:
        """Return a feature's name as it stands inside a sentence: small, unless it begins with an abbreviation."""
        name = self.feature(feature)
        return name[:1].lower() + name[1:] if name[1:2].islower() or name[1:2] == " " else name

    def known(self, feature: Feature, value: Any) -> str:
        """Return a feature's value, or why there is none: never searched, not provided, not applicable, or no data."""
        text = self.value(feature, value)
        return self.say(f"absent.{feature.missing}") if text == DASH else text

    def value(self, feature: Feature, value: Any) -> str:
        """Return a feature's value in natural units; a dash where it is missing, words where a search found nothing."""
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return DASH
        if feature.zero_if_checked and float(value) == 0:
            return self.say("none_found")
        if feature.clip is None:
            return self._category(feature.id, str(value))
        x = float(value)
        if reads_as_percent(feature):
            return self.percent(x)
        match feature.unit:
            case "flag" if x in (0.0, 1.0):
                return self.say("yes" if x else "no")
            case "ordinal" if x == int(x):
                return self.name(f"level.{feature.id}", f"{x:.0f}")
            case "log":
                return self.large(math.exp(x))
            case "log-ratio":
                return self.say("unit.log-ratio", x=self.plain(math.exp(x)))
            case "log/month":
                return self.say("unit.log/month", x=self.percent(math.expm1(x)))
            case unit if f"unit.{unit}" in TERMS:
                return self.say(f"unit.{unit}", x=self.plain(x))
        return self.plain(x)

    def _category(self, feature: str, value: str) -> str:
        """Return a category in words: an industry's section, a province with its code (`32 Jiangsu`), others as they are."""
        if feature == "cx_industry":
            return self.name("industry", value)
        province = self.name("region", value) if feature == "cx_region" else value
        return value if province == value else f"{value} {province}"

    def window(self, window: str) -> str:
        """Return an observation period in words; one that the glossary does not know as it is written."""
        for pattern, key in _PERIODS:
            if found := pattern.fullmatch(window):
                length = int(found[1])
                whole_years = key == "window.past" and length > DAYS_A_YEAR and length % DAYS_A_YEAR == 0
                return (
                    self.say("window.years", n=str(length // DAYS_A_YEAR))
                    if whole_years
                    else self.say(key, n=str(length))
                )
        return self.name("window", window)

    def industry(self, code: str) -> str:
        """Return an industry code with the name of its section: `C26 manufacturing`."""
        section = self.name("industry", code[:1])
        return section if code[:1] == "Z" else f"{code} {section}"
