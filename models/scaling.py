"""PD, log-odds and points: one linear scale, so that contributions in log-odds are contributions in points."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

Floats = NDArray[np.float64]

REPORTED_LOW, REPORTED_HIGH = 300, 900
"""Points shown to people stay in this range, bounds included; the unrounded points stay free."""


@dataclass(frozen=True)
class PointsScale:
    """Points of a scorecard: `points_to_double_odds` more points double the odds of being good.

    `anchor_points` stand for `anchor_odds` good:bad, so `points = anchor_points + factor * (ln odds - ln anchor_odds)` with
    `odds = (1 - PD) / PD`. Higher points are safer. Source: Siddiqi (2017), "Intelligent Credit Scoring", scaling.

    Raises ValueError if `points_to_double_odds` or `anchor_odds` is not positive and finite.
    """

    points_to_double_odds: float = 20.0
    anchor_points: float = 600.0
    anchor_odds: float = 50.0

    def __post_init__(self) -> None:
        """Refuse a scale that does not rise."""
        for name in ("points_to_double_odds", "anchor_odds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, got {value}; the usual scale is 20 and 50")

    @property
    def factor(self) -> float:
        """Points per unit of log-odds of being good: `points_to_double_odds / ln 2`."""
        return self.points_to_double_odds / math.log(2)

    def points_from_log_odds(self, log_odds: ArrayLike) -> Floats:
        """Return the unrounded points of calibrated log-odds of *default*, any shape."""
        return self.anchor_points - self.factor * (np.asarray(log_odds, dtype=np.float64) + math.log(self.anchor_odds))

    def points(self, pd_12m: ArrayLike) -> Floats:
        """Return the unrounded points of PDs, any shape; ValueError if one is not strictly between 0 and 1."""
        return self.points_from_log_odds(logit(check_pd(pd_12m)))

    def pd(self, points: ArrayLike) -> Floats:
        """Return the PD of points, any shape: `1 / (1 + anchor_odds * 2^((points - anchor_points) / points_to_double_odds))`.

        This form meets the bounds of the master scale exactly: the anchor's PD is the double nearest to `1 / (1 + odds)`.
        """
        doublings = (np.asarray(points, dtype=np.float64) - self.anchor_points) / self.points_to_double_odds
        return 1 / (1 + self.anchor_odds * np.exp2(doublings))

    def contribution(self, log_odds_contribution: ArrayLike) -> Floats:
        """Return points gained (+) or lost (-) by a contribution to the calibrated log-odds of default, any shape."""
        return -self.factor * np.asarray(log_odds_contribution, dtype=np.float64)

    def reported(self, points: ArrayLike) -> NDArray[np.int64]:
        """Return whole points in 300..900 for people to read; decide and grade on the unrounded ones."""
        rounded = np.rint(np.asarray(points, dtype=np.float64))
        return np.clip(rounded, REPORTED_LOW, REPORTED_HIGH).astype(np.int64)


def check_pd(pd_12m: ArrayLike) -> Floats:
    """Return PDs as floats; ValueError, with the first offender, if one is not strictly between 0 and 1 (or is missing)."""
    values = np.asarray(pd_12m, dtype=np.float64)
    outside = ~((values > 0) & (values < 1))
    if outside.any():
        row = int(outside.ravel().argmax())
        raise ValueError(
            f"{outside.sum()} of {values.size} PDs are not strictly between 0 and 1; the first is {values.ravel()[row]:g} "
            f"at row {row}. If these are percentages, divide by 100."
        )
    return values
