"""Whether a score or feature is still distributed as in development: the population stability index."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from models.metrics.checks import Floats, numbers

DECILES = np.linspace(0.1, 0.9, 9)
SMALLEST_SHARE = 1e-4
"""Stands for the share of an empty bin, whose logarithm would be infinite."""


def psi(development: ArrayLike, recent: ArrayLike) -> float:
    """Population stability index of `recent` against `development`: sum of (q - p) ln(q / p) over bins.

    Parameters
    ----------
    development, recent : shapes (n,) and (m,), a score or feature; NaN is missing and has a bin of its own.

    Returns
    -------
    float of at least 0 : 0 if the shares agree. By rule of thumb below 0.10 stable, above 0.25 shifted; that rule ignores
    sample size, so read it beside `psi_critical_value`. Bins are deciles of the development values; a value that fills a
    whole decile is a bin of its own.

    Raises
    ------
    ValueError : for infinite values, no recent row, or no development row with a value.

    References: Siddiqi (2017), "Intelligent Credit Scoring"; Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4).
    """
    return _psi(*_bin_counts(development, recent))


def psi_critical_value(development: ArrayLike, recent: ArrayLike, level: float = 0.95) -> float:
    """The PSI that chance alone exceeds with probability 1 - `level` if nothing has shifted.

    It is (1/n + 1/m) times the chi-square quantile with one degree of freedom less than there are filled bins. Inputs and
    errors as in `psi`. References: Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4).
    """
    return _critical_value(*_bin_counts(development, recent), level)


def category_psi(development: ArrayLike, recent: ArrayLike) -> float:
    """PSI of a category: every value of development is a bin, all values unknown to it are one, and missing is one.

    Inputs of text, shapes (n,) and (m,), missing as None or NaN. Returns a float of at least 0, read as `psi`.
    Raises ValueError if a side has no row. References: as `psi`.
    """
    return _psi(*_category_counts(development, recent))


def category_psi_critical_value(development: ArrayLike, recent: ArrayLike, level: float = 0.95) -> float:
    """The category PSI that chance alone exceeds with probability 1 - `level`, as `psi_critical_value`."""
    return _critical_value(*_category_counts(development, recent), level)


def _psi(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    p, q = (np.maximum(counts / counts.sum(), SMALLEST_SHARE) for counts in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def _critical_value(before: NDArray[np.int64], now: NDArray[np.int64], level: float) -> float:
    filled = int(((before + now) > 0).sum())
    # A single bin cannot shift; chi-square with no freedom is 0.
    quantile = chi2.ppf(level, filled - 1) if filled > 1 else 0.0
    return float((1 / before.sum() + 1 / now.sum()) * quantile)


def _category_counts(development: ArrayLike, recent: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    before, now = (pd.Series(values, dtype=object) for values in (development, recent))
    if before.empty or now.empty:
        raise ValueError(f"PSI needs values to compare; got {before.size} development and {now.size} recent rows.")
    known = pd.Index(sorted(before.dropna().unique()))
    unknown, missing = known.size, known.size + 1

    def counts(values: pd.Series) -> NDArray[np.int64]:
        place = known.get_indexer(values)
        bins = np.where(values.isna(), missing, np.where(place < 0, unknown, place))
        return np.bincount(bins, minlength=missing + 1)

    return counts(before), counts(now)


def _bin_counts(development: ArrayLike, recent: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    before, now = _finite_or_missing(development, "development"), _finite_or_missing(recent, "recent")
    if now.size == 0 or np.isnan(before).all():
        raise ValueError(
            f"PSI needs values to compare; got {np.isfinite(before).sum()} development values and {now.size} recent rows."
        )
    edges = _edges(before[~np.isnan(before)])
    # The edges bound one bin more than there are edges; the missing come after these.
    missing_bin = edges.size + 1
    counts = [
        np.bincount(np.where(np.isnan(v), missing_bin, np.searchsorted(edges, v)), minlength=missing_bin + 1)
        for v in (before, now)
    ]
    return counts[0], counts[1]


def _edges(development: Floats) -> Floats:
    deciles = np.quantile(development, DECILES)
    fills_a_decile = deciles[1:][np.diff(deciles) == 0]
    return np.unique(np.concatenate([deciles, np.nextafter(fills_a_decile, -np.inf)]))


def _finite_or_missing(values: ArrayLike, name: str) -> Floats:
    checked = numbers(values)
    if np.isinf(checked).any():
        row = int(np.isinf(checked).argmax())
        raise ValueError(
            f"{np.isinf(checked).sum()} of {checked.size} {name} values are infinite; the first is at row {row}. "
            "Pass NaN for what is missing, and clip the rest."
        )
    return checked
