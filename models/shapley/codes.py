"""From a value to a small whole number that says everything the model asks about it.

All values between two neighbouring thresholds of a feature go the same way at every node, so the model sees no more of a
number than between which of its thresholds it lies. That is its code: 0 for NaN, else one more than the number of
thresholds below it. The code of a category is 0 for none and for those that no node names, else its place among the named.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.shapley.compiled import compiled
from models.shapley.trees import Bools, Floats, Ints, TabulationError, Tree

Codes = NDArray[np.uint16]

MOST_CODES = 1 << 16
"""Of one feature: a code has two bytes."""

ZERO = float(np.float32(1e-35))
"""LightGBM reads what is no larger than this as zero."""


@dataclass(frozen=True)
class Coder:
    """The features that the trees ask about, shape (n_asked,), and the `marks` between whose codes they tell.

    The marks of feature number k are `marks[first[k]:first[k + 1]]`, in order: thresholds or categories.
    """

    features: Ints
    categorical: Bools
    marks: Floats
    first: Ints

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> "Coder":
        """Return the coder for everything that the trees ask; TabulationError if a feature has too many thresholds."""
        found: dict[tuple[int, bool], set[float]] = {}
        for tree in trees:
            for node, feature in enumerate(tree.feature.tolist()):
                found.setdefault((feature, tree.is_categorical(node)), set()).update(_marks(tree, node))
        order = sorted(found)
        sizes = [len(found[key]) for key in order]
        if len({feature for feature, _ in order}) < len(order):
            raise TabulationError("a feature is a number in one tree and a category in another")
        if max(sizes, default=0) + 2 > MOST_CODES:
            raise TabulationError(f"a feature has {max(sizes)} thresholds, the tables hold {MOST_CODES - 2}")
        return cls(
            features=np.array([feature for feature, _ in order], dtype=np.int64),
            categorical=np.array([categorical for _, categorical in order], dtype=np.bool_),
            marks=np.array([mark for key in order for mark in sorted(found[key])], dtype=np.float64),
            first=np.cumsum([0, *sizes], dtype=np.int64),
        )

    def representatives(self) -> dict[int, Floats]:
        """Return by feature one value of each code, in the order of the codes."""
        ends = [self.marks[a:b] for a, b in zip(self.first[:-1], self.first[1:], strict=True)]
        rows = zip(self.features.tolist(), ends, self.categorical, strict=True)
        return {feature: np.array([np.nan, *marks, *([] if c else [np.inf])]) for feature, marks, c in rows}

    def codes(self, matrix: Floats) -> Codes:
        """Return the codes of a matrix (n_rows, n_features), shape (n_asked, n_rows)."""
        codes = np.empty((len(self.features), len(matrix)), dtype=np.uint16)
        _encode(matrix, self.features, self.categorical, self.marks, self.first, codes)
        return codes

    def by_feature(self, matrix: Floats) -> dict[int, Codes]:
        """Return the codes of a matrix by feature asked about, each of shape (n_rows,)."""
        return dict(zip(self.features.tolist(), self.codes(matrix), strict=True))


def _marks(tree: Tree, node: int) -> list[float]:
    if tree.is_categorical(node):
        return [float(category) for category in tree.categories[node]]
    # Where zero is missing it has a code of its own: nothing else is left between these two.
    around_zero = [-ZERO, 0.0] if tree.zero_is_missing(node) else []
    return [float(tree.threshold[node]), *around_zero]


@compiled
def _encode(matrix: Floats, features: Ints, categorical: Bools, marks: Floats, first: Ints, codes: Codes) -> None:
    value = np.empty(matrix.shape[0])
    for k in range(len(features)):
        own, code = marks[first[k] : first[k + 1]], codes[k]
        for row in range(len(value)):
            number = matrix[row, features[k]]
            value[row] = 0.0 if abs(number) <= ZERO else number
        if categorical[k]:
            np.trunc(value, value)  # as LightGBM cuts a category to a whole number
        _rank(value, own, code)
        for row in range(len(value)):
            known = not np.isnan(value[row])
            if categorical[k]:
                known = code[row] < len(own) and own[code[row]] == value[row]
            code[row] = code[row] + 1 if known else 0


@compiled
def _rank(values: Floats, marks: Floats, rank: Codes) -> None:
    """Count the sorted marks below each value, none below NaN: a binary search of all values at once.

    The choice is written as a value, not as a jump: jumps that go either way half of the time cost ten times as much.
    """
    rank[:] = 0
    left = len(marks)
    while left > 0:
        half = (left + 1) >> 1
        for row in range(len(values)):
            below = np.intp(rank[row])
            rank[row] = below + half if marks[below + half - 1] < values[row] else below
        left -= half
