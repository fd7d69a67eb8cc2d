"""Whether customers crowd into few grades, and more so than at development."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from models.metrics.checks import Floats, NotEstimable, numbers


@dataclass(frozen=True)
class Concentration:
    """How customers spread over K grades, now against development.

    `index` and `index_at_development` are Herfindahl indices in [0, 1]: 0 spread evenly, 1 all in one grade. `p_value`, in
    [0, 1], of the one-sided test that concentration has not risen. `largest_share` of one grade now, in [1/K, 1].
    """

    index: float
    index_at_development: float
    p_value: float
    largest_share: float


def herfindahl_index(n: ArrayLike) -> float:
    """Herfindahl index of customers per grade: 1 + ln((CV^2 + 1) / K) / ln K, which is 1 + ln(sum of squared shares) / ln K.

    `n` has shape (K,), K of at least 2, counts or exposures of every grade, empty ones as 0. Returns a float in [0, 1]: 0 if
    all are equal, 1 if one holds everything.

    Raises NotEstimable if all are empty, ValueError for one grade or none, and for negative or missing counts.

    Source: ECB (2019), "Instructions for reporting the validation results of internal models", 2.5.5.3.
    """
    shares = _shares(n)
    return float(1 + np.log((shares**2).sum()) / np.log(shares.size))


def concentration(n: ArrayLike, n_at_development: ArrayLike) -> Concentration:
    """Compare the spread over grades with that at development, which counts as known.

    Both of shape (K,), errors as in `herfindahl_index`, and ValueError for different numbers of grades. With CV the coefficient
    of variation of the shares, p = 1 - Phi(sqrt(K - 1) (CV - CV_dev) / sqrt(CV^2 (1/2 + CV^2))); 1 if CV is 0.

    Source: ECB (2019), "Instructions for reporting the validation results of internal models", 2.5.5.3. The test takes the
    shares as a sample of K normal values: with few grades it is a rule of thumb.
    """
    now, before = _shares(n), _shares(n_at_development)
    if now.size != before.size:
        raise ValueError(f"got {now.size} grades now and {before.size} at development; count both on one scale.")
    return Concentration(
        herfindahl_index(n), herfindahl_index(n_at_development), _risen_p(now, before), float(now.max())
    )


def concentration_p(n: ArrayLike, n_at_development: ArrayLike) -> float:
    """`Concentration.p_value` alone, in [0, 1]: small if customers crowd more than at development."""
    return concentration(n, n_at_development).p_value


def largest_share(n: ArrayLike) -> float:
    """Share of the fullest grade, in [1/K, 1]; inputs and errors as in `herfindahl_index`."""
    return float(_shares(n).max())


def _risen_p(now: Floats, before: Floats) -> float:
    cv, cv_before = _variation(now), _variation(before)
    if cv == 0:
        return 1.0
    z = np.sqrt(now.size - 1) * (cv - cv_before) / np.sqrt(cv**2 * (0.5 + cv**2))
    return float(ndtr(-z))


def _variation(shares: Floats) -> float:
    return float(np.sqrt(shares.size * ((shares - 1 / shares.size) ** 2).sum()))


def _shares(n: ArrayLike) -> Floats:
    counts = numbers(n)
    wrong = ~(counts >= 0)
    if counts.size < 2 or wrong.any():
        raise ValueError(
            f"concentration needs counts of at least two grades, none negative or missing; got {counts.tolist()}."
        )
    if counts.sum() == 0:
        raise NotEstimable(f"concentration needs customers; all {counts.size} grades are empty.")
    return counts / counts.sum()
