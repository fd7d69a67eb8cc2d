"""Traffic lights: the bands in which a figure is green, amber or red; without a figure there is not enough data."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["green", "amber", "red", "not enough data"]

_SEVERITY: tuple[Verdict, ...] = ("not enough data", "green", "amber", "red")


@dataclass(frozen=True)
class Bands:
    """Green inside `green`, else amber inside `amber`, else red; the bounds belong to their band.

    Raises ValueError if `green` does not lie within `amber`.
    """

    green: tuple[float, float]
    amber: tuple[float, float]

    def __post_init__(self) -> None:
        """Refuse a green band that reaches out of the amber one."""
        if not self.amber[0] <= self.green[0] <= self.green[1] <= self.amber[1]:
            raise ValueError(f"the green band {self.green} must lie within the amber band {self.amber}")

    def verdict(self, figure: float | None) -> Verdict:
        """Return the verdict on a figure; None and NaN are "not enough data"."""
        if figure is None or math.isnan(figure):
            return "not enough data"
        if self.green[0] <= figure <= self.green[1]:
            return "green"
        return "amber" if self.amber[0] <= figure <= self.amber[1] else "red"


P_VALUE = Bands(green=(0.05, 1), amber=(0.01, 1))
"""Of a test whose null hypothesis is that all is well: amber below 5%, red below 1%."""

AMBER_P_VALUE = Bands(green=(0.05, 1), amber=(0, 1))
"""Of a test that only warns: amber below 5%."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest verdict; "not enough data" only if there is no other."""
    return max(verdicts, key=_SEVERITY.index, default="not enough data")
