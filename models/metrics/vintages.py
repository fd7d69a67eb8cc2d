"""Whether the model ages: default rates against PDs vintage by vintage, and the CUSUM of what they missed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.metrics.checks import Floats, NotEstimable, Outcomes, calibration_inputs
from models.metrics.discrimination import auc
from models.metrics.intervals import jeffreys_interval


@dataclass(frozen=True)
class Cusum:
    """The running sum of outcomes minus PDs, in units of its standard deviation over all rows.

    `path` has columns period (rising) and cusum after its last row: rising where more default than promised. `largest` is its
    greatest distance from 0, `p_value` of "the PDs are calibrated throughout", in [0, 1].
    """

    path: pd.DataFrame
    largest: float
    p_value: float


def vintage_table(period: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike) -> pd.DataFrame:
    """One row a vintage (a quarter, say), in order of time.

    Parameters
    ----------
    period : shape (n_rows,), the vintage of each row; any values that can be sorted, none missing.
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), in (0, 1).

    Returns
    -------
    Columns period, n, bads, default_rate, low and high (90% Jeffreys interval of the default rate), mean_pd, auc (NaN where
    all are goods or all are bads).

    Raises
    ------
    NotEstimable : without rows. ValueError : for unpaired or missing values, or PDs outside (0, 1).
    """
    outcomes, pds, order, periods = _in_time(period, defaulted, pd_12m, "vintage table")
    rows = [
        {"period": periods[code], **_figures(outcomes[order == code], pds[order == code])}
        for code in range(len(periods))
    ]
    table = pd.DataFrame(rows)
    table["low"], table["high"] = jeffreys_interval(table["bads"], table["n"])
    return table[["period", "n", "bads", "default_rate", "low", "high", "mean_pd", "auc"]]


def cusum(period: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike) -> Cusum:
    """Cumulate outcome minus PD over time; inputs and errors as in `vintage_table`, a period being a day or a quarter.

    If the PDs are calibrated throughout, the path is a Brownian motion on [0, 1], looked at after each period; its greatest
    distance from 0 has a known distribution. Rows count as independent. A drift that a total over all rows averages out shows
    here: PDs too low in one year and too high in the next.

    References: Page (1954), "Continuous inspection schemes", Biometrika 41; Feller (1971), "An Introduction to Probability
    Theory and its Applications" II, X.5, for the distribution.
    """
    outcomes, pds, order, periods = _in_time(period, defaulted, pd_12m, "CUSUM")
    surplus = np.bincount(order, weights=outcomes - pds).cumsum()
    path = surplus / np.sqrt((pds * (1 - pds)).sum())
    largest = float(np.abs(path).max())
    return Cusum(pd.DataFrame({"period": periods, "cusum": path}), largest, _brownian_exceedance(largest))


def cusum_p(period: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """`Cusum.p_value` alone, in [0, 1]: small if the PDs were too low or too high for a time."""
    return cusum(period, defaulted, pd_12m).p_value


def _in_time(
    period: ArrayLike, defaulted: ArrayLike, pd_12m: ArrayLike, metric: str
) -> tuple[Outcomes, Floats, np.ndarray, pd.Index]:
    outcomes, pds = calibration_inputs(defaulted, pd_12m, metric)
    order, periods = pd.factorize(pd.Series(period), sort=True)
    if order.size != outcomes.size or (order < 0).any():
        raise ValueError(
            f"got {order.size} periods, {(order < 0).sum()} of them missing, for {outcomes.size} outcomes; pass one for each."
        )
    return outcomes, pds, order, pd.Index(periods)


def _figures(outcomes: Outcomes, pds: Floats) -> dict[str, float]:
    n, bads = outcomes.size, int(outcomes.sum())
    try:
        ranking = auc(outcomes, pds)
    except NotEstimable:
        ranking = float("nan")
    return {"n": n, "bads": bads, "default_rate": bads / n, "mean_pd": float(pds.mean()), "auc": ranking}


def _brownian_exceedance(distance: float) -> float:
    """Chance that a Brownian motion on [0, 1] strays farther than `distance` from 0."""
    if distance < 0.2:
        return 1.0  # to within 1e-12, where the series needs ever more terms
    odd = 2 * np.arange(50) + 1
    stays = 4 / np.pi * ((-1.0) ** np.arange(50) / odd * np.exp(-((np.pi * odd) ** 2) / (8 * distance**2))).sum()
    return float(np.clip(1 - stays, 0, 1))
