"""Traffic lights of the summary: when a result is green, amber or red, and which figures say so.

Thresholds of discrimination and calibration are this project's defaults, not a regulator's; grades follow the Jeffreys test
(ECB 2019, "Instructions for reporting the validation results of internal models", 2.5.3) at 5 % and 1 %.
"""

from typing import Any, Literal, NamedTuple

Colour = Literal["green", "amber", "red", "not enough data"]

GINI_GREEN, GINI_AMBER = 0.50, 0.35
SLOPE_GREEN, SLOPE_AMBER = (0.8, 1.2), (0.6, 1.4)
P_AMBER, P_RED = 0.05, 0.01

_SEVERITY: tuple[Colour, ...] = ("green", "amber", "red")


class Audit(NamedTuple):
    """How many indicators run as the article says."""

    assessed: int
    consistent: int
    against: int


def discrimination(gini: float | None) -> Colour:
    """Judge a Gini: green from 0.50, amber from 0.35."""
    if gini is None:
        return "not enough data"
    return "green" if gini >= GINI_GREEN else "amber" if gini >= GINI_AMBER else "red"


def calibration(slope: float | None, p: float | None) -> Colour:
    """Judge the calibration slope and the lowest Holm-adjusted p of the grades: the worse of the two counts."""
    found: list[Colour] = []
    if slope is not None:
        found.append(_slope(slope))
    if p is not None:
        found.append("red" if p < P_RED else "amber" if p < P_AMBER else "green")
    return max(found, key=_SEVERITY.index, default="not enough data")


def _slope(slope: float) -> Colour:
    for colour, (low, high) in (("green", SLOPE_GREEN), ("amber", SLOPE_AMBER)):
        if low <= slope <= high:
            return "green" if colour == "green" else "amber"
    return "red"


def lowest_adjusted_p(grades: list[dict[str, Any]]) -> float | None:
    """Return the smallest Jeffreys p of the filled grades times their number (Holm's first step); None without grades.

    Among ten honest grades the smallest p is below 0.05 four times in ten: unadjusted, the light would cry wolf.
    """
    known = [g["jeffreys_p"] for g in grades if g["n"] and g["jeffreys_p"] is not None]
    return min(1.0, min(known) * len(known)) if known else None


def count_directions(indicators: list[dict[str, Any]]) -> Audit:
    """Count the indicators that the article gives a direction: assessed, consistent in model and data, against in either."""
    judged = [i for i in indicators if i["assessed"] and i["direction_article"] != "context"]
    pairs = [(i["verdict"], i["data_verdict"]) for i in judged]
    return Audit(
        len(pairs), sum(p == ("consistent", "consistent") for p in pairs), sum("inconsistent" in p for p in pairs)
    )


def audit(indicators: list[dict[str, Any]]) -> Colour:
    """Judge directions: red if the model runs against the article, amber if the data do or all is not clear, else green."""
    found = count_directions(indicators)
    if not found.assessed:
        return "not enough data"
    in_model = [i["verdict"] for i in indicators if i["assessed"] and i["direction_article"] != "context"]
    if "inconsistent" in in_model:
        return "red"
    return "green" if found.consistent == found.assessed else "amber"
