"""A check: inputs in, one figure out, and the bands that make a verdict of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from models.metrics.checks import NotEstimable
from models.metrics.verdicts import P_VALUE, Bands, Verdict

ECB = 'ECB (2019), "Instructions for reporting the validation results of internal models"'
PROJECT = "this project's default"
REPORTED = "reported, not judged"

Figure = Literal["value", "count", "z", "p_value"]


@dataclass(frozen=True)
class Judgement:
    """The outcome of one check: its figure and verdict, or the reason why there is none.

    `verdict` is None if the check is only reported.
    """

    check: str
    figure: float | None
    verdict: Verdict | None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of the validation battery, and the facts needed to read its figure."""

    id: str
    battery: str
    """Its place in the battery, "V01" to "V32"."""
    name_en: str
    name_zh: str
    compute: Callable[..., float] = field(repr=False)
    """Of the arguments named in `takes`; raises NotEstimable, with the reason, on rows that do not carry it."""
    takes: tuple[str, ...] = ("defaulted", "pd_12m")
    figure: Figure = "value"
    better: Literal["higher", "lower", "target"]
    range: tuple[float, float]
    bands: Bands | None = None
    thresholds: str = REPORTED
    """Where the bands come from."""
    source: str

    def verdict(self, figure: float | None) -> Verdict | None:
        """Return the verdict on a figure; None if the check is only reported."""
        return self.bands.verdict(figure) if self.bands else None

    def judge(self, **inputs: Any) -> Judgement:
        """Compute the figure from the inputs it takes, others are ignored; without a figure there is not enough data."""
        try:
            figure = float(self.compute(*(inputs[name] for name in self.takes)))
            if math.isnan(figure):
                raise NotEstimable(f"{self.name_en} does not exist on these rows.")
        except NotEstimable as reason:
            return Judgement(self.id, None, self.verdict(None), str(reason))
        return Judgement(self.id, figure, self.verdict(figure))


@dataclass(frozen=True, kw_only=True)
class Significance(Check):
    """A check whose figure is the p-value of "all is well"."""

    figure: Figure = "p_value"
    better: Literal["higher", "lower", "target"] = "higher"
    range: tuple[float, float] = (0, 1)
    bands: Bands | None = P_VALUE
    thresholds: str = PROJECT
