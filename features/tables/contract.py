"""The words of the contract: a table, its columns, and the day its rows became known.

Conventions: dates are local calendar days; `money` is a decimal in the row's currency (yuan, not thousands), kept inside the
pipeline as whole minor units (分, cents), because integer sums are exact on every engine; `ratio` is a fraction, not
percent. Every table names the one column that says when its fact could first be known to us: its availability. Facts with a
second life (a judgment, a removal) name the column of the day that became known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "money", "ratio", "date", "flag", "enum"]

MINOR_UNITS = 100
"""Minor units (分, cents) in one unit of currency: canonical money is `round(value * MINOR_UNITS)`."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a raw table: its type, its limits and its meaning in both languages."""

    name: str
    kind: Kind
    en: str
    zh: str
    required: bool = False
    """Whether a row without a value is set aside."""
    allowed: tuple[str, ...] = ()
    """The values of an `enum`, lower case."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Known other spellings of an enum's values, repaired silently but counted."""
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    earliest: str = "1990-01-01"
    """Dates before this day are taken for typing errors (rule DQ06)."""
    default: str | None = None
    """What a missing value means, where that is certain."""
    revealed_by: str = ""
    """The column of the day a second-life value (a judgment, a removal) became known; before it the value is not seen."""
    undated: Literal["hidden", "seen"] = "hidden"
    """What a second-life value without that day is: not known yet, or known with its row."""
    unused: str = ""
    """Why neither a feature nor the outcome reads the column; empty if one does."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One raw table: its grain, its key, the day its rows became known, and its columns."""

    name: str
    en: str
    zh: str
    grain: str
    key: tuple[str, ...]
    availability: str
    columns: tuple[Column, ...]
    required: bool = False
    """Whether the pipeline can run without the table at all."""
    references: dict[str, str] = field(default_factory=dict)
    """Foreign keys: own column -> the table whose first key column it must be found in."""
    happened: str | None = None
    """The column of the day the fact happened; availability before it is impossible (rule DQ04)."""
    reporting_lag_days: int | None = None
    """Days after `happened` from which a row without availability counts as known (rule DQ05); None: it is set aside."""

    @property
    def second_lives(self) -> tuple[Column, ...]:
        """Columns whose value becomes known later than the row."""
        return tuple(column for column in self.columns if column.revealed_by)

    def __iter__(self) -> Iterator[Column]:
        """Iterate over the columns, in the order of the file."""
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        """Return the column called `name`; KeyError names the table and its columns."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}; its columns are {', '.join(c.name for c in self)}")


def text(name: str, en: str, zh: str, **more: Any) -> Column:
    """Declare a text: a key, a code or words."""
    return Column(name=name, kind="text", en=en, zh=zh, **more)


def day(name: str, en: str, zh: str, **more: Any) -> Column:
    """Declare a local calendar day."""
    return Column(name=name, kind="date", en=en, zh=zh, unit="YYYY-MM-DD", **more)


def money(name: str, en: str, zh: str, **more: Any) -> Column:
    """Declare an amount in the row's currency."""
    return Column(name=name, kind="money", en=en, zh=zh, unit="currency unit", **more)


def integer(name: str, en: str, zh: str, *, unit: str, **more: Any) -> Column:
    """Declare a whole number, not negative unless said otherwise."""
    return Column(name=name, kind="integer", en=en, zh=zh, unit=unit, **{"minimum": 0, **more})


def number(name: str, en: str, zh: str, *, unit: str, **more: Any) -> Column:
    """Declare a number."""
    return Column(name=name, kind="number", en=en, zh=zh, unit=unit, **more)


def score(name: str, en: str, zh: str, **more: Any) -> Column:
    """Declare a score from 0 to 100."""
    return number(name, en, zh, unit="0..100", minimum=0, maximum=100, **more)


def ratio(name: str, en: str, zh: str, **more: Any) -> Column:
    """Declare a fraction (not percent) from 0 to 1, unless said otherwise."""
    return Column(name=name, kind="ratio", en=en, zh=zh, unit="fraction", **{"minimum": 0, "maximum": 1, **more})


def flag(name: str, en: str, zh: str, **more: Any) -> Column:
    """Declare a yes or no."""
    return Column(name=name, kind="flag", en=en, zh=zh, **more)


def enum(name: str, en: str, zh: str, allowed: str, **more: Any) -> Column:
    """Declare one of a few words, given in one string."""
    return Column(name=name, kind="enum", en=en, zh=zh, allowed=tuple(allowed.split()), **more)


IDENTIFIES = "identifies the row"
AUDIT = "kept for the auditor; no feature needs it"
SEGMENT = "for segments of reports; not a feature"
DECISION = "a decision and what follows from it must never be a feature"
ONE_CURRENCY = "read when amounts are converted to one currency at ingest"
"""Why a column is not read by any feature."""

CUSTOMER_ID = text("customer_id", "the customer", "客户编号", required=True)
CURRENCY = text(
    "currency", "currency of the row's amounts, ISO 4217", "币种（ISO 4217）", required=True, unused=ONE_CURRENCY
)
MAYBE_CURRENCY = text("currency", "currency of the row's amounts, ISO 4217", "币种（ISO 4217）", unused=ONE_CURRENCY)
