"""From the trees' margin to the log-odds of default: one straight line, so that contributions stay additive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

Floats = NDArray[np.float64]

POINT_IN_TIME, THROUGH_THE_CYCLE = "point_in_time", "through_the_cycle"
"""What the level of the PDs stands for."""

STEPS = 100
"""Newton needs about six steps; a likelihood without a maximum (separated classes) never settles."""

SETTLED = 1e-10


@dataclass(frozen=True)
class AffineCalibration:
    """`log-odds of default = slope * margin + intercept + shift`.

    Slope and intercept make the PDs true on out-of-fold margins (Platt 1999); the shift moves their mean to the central
    tendency in log-odds (the prior shift of Saerens, Latinne and Decaestecker 2002). `fallback` says that no rising line
    could be fitted, so that the slope is 1 and only the level was learnt. `level` names what the mean PD stands for: the
    default rate of the sample's own time, or the long-run one that was given as central tendency.
    """

    slope: float
    intercept: float
    shift: float = 0.0
    fallback: bool = False
    level: str = POINT_IN_TIME

    def log_odds(self, margin: Floats) -> Floats:
        """Return the calibrated log-odds of default of margins, any shape."""
        return self.slope * margin + (self.intercept + self.shift)


def fit_calibration(
    margin: Floats, bad: NDArray[np.bool_], weight: Floats, central_tendency: float | None = None
) -> AffineCalibration:
    """Fit the line by weighted logistic regression of default on out-of-fold margins, then shift to the central tendency.

    `margin`, `bad` and `weight` have shape (n_rows,), with goods and bads among the rows of positive weight.
    `central_tendency` is the wanted weighted mean PD in (0, 1); None leaves the level as observed.
    """
    line = _logistic_line(margin, bad, weight)
    fallback = line is None
    slope, intercept = line or (1.0, shift_to_mean(margin, np.average(bad, weights=weight), weight))
    if central_tendency is None:
        return AffineCalibration(slope, intercept, fallback=fallback)
    shift = shift_to_mean(slope * margin + intercept, central_tendency, weight)
    return AffineCalibration(slope, intercept, shift, fallback, THROUGH_THE_CYCLE)


def log_loss(log_odds: Floats, bad: NDArray[np.bool_], weight: Floats) -> float:
    """Return the weighted mean log loss of log-odds of default, lower is better; all of shape (n_rows,)."""
    return float(np.average(_surprise(log_odds, bad), weights=weight))


def shift_to_mean(log_odds: Floats, mean_pd: float, weight: Floats) -> float:
    """Return the shift in log-odds after which the weighted mean PD equals `mean_pd`, in (0, 1)."""
    # Were all log-odds equal to the lowest (highest), this end would just reach the mean: the answer lies between.
    low, high = logit(mean_pd) - log_odds.max() - 1, logit(mean_pd) - log_odds.min() + 1
    return float(brentq(lambda s: np.average(expit(log_odds + s), weights=weight) - mean_pd, low, high, xtol=1e-14))


def _logistic_line(margin: Floats, bad: NDArray[np.bool_], weight: Floats) -> tuple[float, float] | None:
    """Slope and intercept by Newton with halved steps; None if there is no maximum or the slope is not positive."""
    line = np.array([1.0, shift_to_mean(margin, np.average(bad, weights=weight), weight)])
    for _ in range(STEPS):
        step = _newton_step(line, margin, bad, weight)
        if step is None:
            return None
        while _loss(line - step, margin, bad, weight) > _loss(line, margin, bad, weight) * (1 + 1e-15):
            step /= 2
        line = line - step
        if np.abs(step).max() < SETTLED:
            return (float(line[0]), float(line[1])) if line[0] > 0 else None
    return None


def _newton_step(line: Floats, margin: Floats, bad: NDArray[np.bool_], weight: Floats) -> Floats | None:
    pd_12m = expit(line[0] * margin + line[1])
    residual, spread = weight * (pd_12m - bad), weight * pd_12m * (1 - pd_12m)
    # Plain sums, not matrix products: BLAS adds in an order that depends on the number of threads.
    slope_slope, slope_level, level = (spread * margin**2).sum(), (spread * margin).sum(), spread.sum()
    determinant = slope_slope * level - slope_level**2
    if not determinant > 1e-12 * slope_slope * level:
        return None  # all margins alike, or classes separated
    g_slope, g_level = (residual * margin).sum(), residual.sum()
    step = [level * g_slope - slope_level * g_level, slope_slope * g_level - slope_level * g_slope]
    return np.array(step) / determinant


def _loss(line: Floats, margin: Floats, bad: NDArray[np.bool_], weight: Floats) -> float:
    return float((weight * _surprise(line[0] * margin + line[1], bad)).sum())


def _surprise(log_odds: Floats, bad: NDArray[np.bool_]) -> Floats:
    """What each outcome costs in log loss."""
    return np.logaddexp(0, np.where(bad, -log_odds, log_odds))
