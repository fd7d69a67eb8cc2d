"""The H-measure: the loss that ranking saves when the costs of the two mistakes are uncertain in one way for all models."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from models.metrics.checks import Floats, ranking_inputs
from models.metrics.discrimination import roc_steps


def h_measure(defaulted: ArrayLike, score: ArrayLike) -> float:
    """H-measure: 1 - L / L_max, L the least expected loss over cut-offs, L_max that of declining all or none.

    The cost c of declining a good, as a share of the costs of both mistakes, is drawn from Beta(1 + bad rate, 1 + good rate),
    which peaks where the mistakes weigh as the classes do. AUC instead lets every model choose its own distribution.

    Parameters
    ----------
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    score : shape (n_rows,), finite, rising with risk.

    Returns
    -------
    float in [0, 1] : 1 ranks perfectly; 0 saves nothing, as a constant score or one with its sign turned.

    Raises
    ------
    NotEstimable : if all rows are goods or all are bads. ValueError : for unpaired, missing or infinite values.

    References: Hand (2009), Machine Learning 77; Hand and Anagnostopoulos (2014), "A better Beta for the H measure", Pattern
    Recognition Letters 40, arXiv 1202.2564.
    """
    outcomes, scores = ranking_inputs(defaulted, score, "H-measure")
    bad_rate = float(outcomes.mean())
    fpr, tpr = _upper_hull(*roc_steps(outcomes, scores))
    blind = np.array([0.0, 1.0])
    return 1 - _expected_loss(fpr, tpr, bad_rate) / _expected_loss(blind, blind, bad_rate)


def _upper_hull(fpr: Floats, tpr: Floats) -> tuple[Floats, Floats]:
    """The corners of the ROC curve's convex hull: the cut-offs that are best at some cost."""
    hull: list[tuple[float, float]] = []
    for point in zip(fpr.tolist(), tpr.tolist(), strict=True):
        while len(hull) >= 2 and not _turns_right(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    corners = np.array(hull)
    return corners[:, 0], corners[:, 1]


def _turns_right(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) < (b[1] - a[1]) * (c[0] - a[0])


def _expected_loss(fpr: Floats, tpr: Floats, bad_rate: float) -> float:
    """Loss c * good rate * fpr + (1 - c) * bad rate * (1 - tpr), least over corners, averaged over the cost c."""
    good_rate = 1 - bad_rate
    gained, paid = bad_rate * np.diff(tpr), good_rate * np.diff(fpr)
    # From one corner to the next the loss is equal at this cost; the dearer a declined good, the fewer are declined.
    turning = np.concatenate([[1.0], gained / (gained + paid), [0.0]])
    a, b = 1 + bad_rate, 1 + good_rate
    share = -np.diff(beta.cdf(turning, a + 1, b)) * a / (a + b), -np.diff(beta.cdf(turning, a, b + 1)) * b / (a + b)
    return float((good_rate * fpr * share[0] + bad_rate * (1 - tpr) * share[1]).sum())
