"""How customers move between grades from one date to the next: the matrix, its bandwidth, its stability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr

from models.metrics.checks import Floats, NotEstimable
from models.metrics.families import holm, lowest_adjusted_p


@dataclass(frozen=True)
class Bandwidth:
    """How far the movers moved as a share of how far they could have, in [0, 1]; NaN if nobody moved that way.

    `upper` to riskier grades (above the diagonal), `lower` to safer ones.
    """

    upper: float
    lower: float


def migration_matrix(before: ArrayLike, after: ArrayLike, order: Sequence[str]) -> pd.DataFrame:
    """Count customers by grade before (rows) and after (columns), both in `order`, safest first, empty grades included.

    `before` and `after` have shape (n_customers,), one pair a customer; leave out those who defaulted or left in between.
    Raises ValueError for unpaired grades and grades that are not in `order`.
    """
    pairs = [pd.Series(grades).reset_index(drop=True) for grades in (before, after)]
    if len(pairs[0]) != len(pairs[1]):
        raise ValueError(f"got {len(pairs[0])} grades before and {len(pairs[1])} after; pass one pair a customer.")
    for grades in pairs:
        unknown = ~grades.isin(list(order))
        if unknown.any():
            row = int(unknown.argmax())
            raise ValueError(
                f"{unknown.sum()} of {len(grades)} grades are not on the scale; the first is {grades[row]!r} at row {row}. "
                f"Expected one of {', '.join(order)}."
            )
    ordered = [pd.Categorical(grades, categories=list(order)) for grades in pairs]
    counts = np.zeros((len(order), len(order)), dtype=np.int64)
    np.add.at(counts, (ordered[0].codes, ordered[1].codes), 1)
    return pd.DataFrame(counts, index=pd.Index(order, name="before"), columns=pd.Index(order, name="after"))


def matrix_weighted_bandwidth(matrix: ArrayLike) -> Bandwidth:
    """Matrix weighted bandwidth, above and below the diagonal.

    `matrix` has shape (K, K), counts from grade i (row) to grade j (column), safest first. The upper one is the sum over j > i
    of |i - j| N_i p_ij, over the sum over i of max(|i - K|, |i - 1|) N_i times the sum over j > i of p_ij; the lower likewise.

    Raises NotEstimable if nobody moved, ValueError for a matrix that is not square or has negative or missing counts.

    Source: ECB (2019), "Instructions for reporting the validation results of internal models", 2.5.5.1.
    """
    counts = _square(matrix)
    grade = np.arange(len(counts))
    distance = np.abs(np.subtract.outer(grade, grade))
    farthest = np.maximum(grade, len(counts) - 1 - grade)[:, np.newaxis]
    if counts.sum() == counts.trace():
        raise NotEstimable("the bandwidth of a migration matrix needs customers who moved; all kept their grade.")

    def share_of_the_way(movers: Floats) -> float:
        return float((distance * movers).sum() / (farthest * movers).sum()) if movers.any() else float("nan")

    return Bandwidth(share_of_the_way(np.triu(counts, 1)), share_of_the_way(np.tril(counts, -1)))


def upper_bandwidth(matrix: ArrayLike) -> float:
    """`Bandwidth.upper` alone, in [0, 1]: how far those went who moved to riskier grades."""
    return matrix_weighted_bandwidth(matrix).upper


def lower_bandwidth(matrix: ArrayLike) -> float:
    """`Bandwidth.lower` alone, in [0, 1]: how far those went who moved to safer grades."""
    return matrix_weighted_bandwidth(matrix).lower


def migration_stability(matrix: ArrayLike) -> pd.DataFrame:
    """Whether farther moves are rarer than nearer ones, cell by cell away from the diagonal.

    `matrix` and ValueError as in `matrix_weighted_bandwidth`. Columns: from_grade, nearer, farther (places from 0), z of the
    farther cell's share minus the nearer one's, p_value of the one-sided test that the farther move is not the more frequent,
    and p_holm, adjusted for all cells. A row of nobody, or two empty cells, has NaN: there is nothing to test.

    Source: ECB (2019), "Instructions for reporting the validation results of internal models", 2.5.5.2: z = (p_farther -
    p_nearer) / sqrt((p_n (1 - p_n) + p_f (1 - p_f) + 2 p_n p_f) / N), the multinomial variance of the difference.
    """
    counts = _square(matrix)
    k = len(counts)
    above = [(i, j, j + 1) for i in range(k) for j in range(i + 1, k - 1)]
    below = [(i, j, j - 1) for i in range(k) for j in range(i - 1, 0, -1)]
    cells = pd.DataFrame([*above, *below], columns=["from_grade", "nearer", "farther"], dtype=np.int64)
    customers = np.where(counts.any(axis=1), counts.sum(axis=1), np.nan)[cells["from_grade"]]
    nearer, farther = (counts[cells["from_grade"], cells[place]] / customers for place in ("nearer", "farther"))
    variance = (nearer * (1 - nearer) + farther * (1 - farther) + 2 * nearer * farther) / customers
    cells["z"] = (farther - nearer) / np.sqrt(np.where(variance > 0, variance, np.nan))
    cells["p_value"] = ndtr(-cells["z"].to_numpy(dtype=np.float64))
    cells["p_holm"] = holm(cells["p_value"])
    return cells


def migration_stability_p(matrix: ArrayLike) -> float:
    """Return the smallest Holm-adjusted p-value of `migration_stability`, in [0, 1]; NotEstimable if there is none."""
    return lowest_adjusted_p(migration_stability(matrix)["p_value"], "migration stability")


def _square(matrix: ArrayLike) -> Floats:
    counts = np.asarray(matrix, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a migration matrix has one row and one column a grade; got shape {counts.shape}.")
    if not (counts >= 0).all():
        raise ValueError("a migration matrix holds counts; got negative or missing ones.")
    return counts
