"""The trees of a LightGBM model, read from its text, and where a value goes at a node.

References: LightGBM's `Tree::ToString` for the text; `Tree::NumericalDecision` and `Tree::CategoricalDecision` for the way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CATEGORICAL, DEFAULT_LEFT = 1, 2
"""Bits of a node's decision type; the two bits above them are what the node takes for missing."""

ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2


class TabulationError(ValueError):
    """The tables do not serve this model; the message says why."""


@dataclass(frozen=True)
class Tree:
    """The nodes and leaves of a tree. A child below zero is a leaf: the complement of its number."""

    feature: Ints
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    count: Ints
    leaf_value: Floats
    leaf_count: Ints
    categories: Mapping[int, Ints]

    def is_categorical(self, node: int) -> bool:
        """Whether a node sends a set of categories left, rather than the values up to a threshold."""
        return bool(self.decision[node] & CATEGORICAL)

    def zero_is_missing(self, node: int) -> bool:
        """Whether a node takes zero (and NaN, which it reads as zero) for a missing value."""
        return not self.is_categorical(node) and self.decision[node] >> 2 == ZERO_IS_MISSING

    def goes_left(self, node: int, values: Floats) -> Bools:
        """Return which values of its feature a node sends left; a category is its code, NaN is none."""
        if self.is_categorical(node):
            return np.isin(values, self.categories[node])
        nan_is_missing = self.decision[node] >> 2 == NAN_IS_MISSING
        known = values if nan_is_missing else np.where(np.isnan(values), 0.0, values)
        missing = known == 0 if self.zero_is_missing(node) else np.isnan(known)
        return np.where(missing, bool(self.decision[node] & DEFAULT_LEFT), known <= self.threshold[node])

    def cover(self, child: int) -> int:
        """Return how many rows of the training sample reached a child."""
        return int(self.count[child] if child >= 0 else self.leaf_count[~child])


def read_trees(booster: lightgbm.Booster) -> list[Tree]:
    """Return the trees that `predict` with `raw_score` adds up.

    Raises ValueError for models of several outputs and for linear leaves, which LightGBM does not explain either.
    """
    outputs = booster.num_model_per_iteration()
    if outputs != 1:
        raise ValueError(f"the model has {outputs} outputs; explain a model of two classes or of one number")
    return [_read(block) for block in booster.model_to_string().split("\nTree=")[1:]]


def _read(block: str) -> Tree:
    number, *lines = block.split("\n\n", 1)[0].splitlines()
    text = dict(line.split("=", 1) for line in lines)
    if text.get("is_linear", "0") != "0":
        raise ValueError(f"tree {number} has linear leaves; to explain a model, train with linear_tree=false")
    decision, threshold = _ints(text, "decision_type"), _floats(text, "threshold")
    return Tree(
        feature=_ints(text, "split_feature"),
        threshold=threshold,
        decision=decision,
        left=_ints(text, "left_child"),
        right=_ints(text, "right_child"),
        count=_ints(text, "internal_count"),
        leaf_value=_floats(text, "leaf_value"),
        leaf_count=_ints(text, "leaf_count"),
        categories={int(node): _set(text, int(threshold[node])) for node in np.flatnonzero(decision & CATEGORICAL)},
    )


def _set(text: Mapping[str, str], number: int) -> Ints:
    """Return the categories of a set, which the text holds as the bits of 32-bit words."""
    first, last = _ints(text, "cat_boundaries")[number : number + 2]
    words = _ints(text, "cat_threshold")[first:last].astype("<u4")
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little")).astype(np.int64)


def _ints(text: Mapping[str, str], key: str) -> Ints:
    return np.array(text.get(key, "").split(), dtype=np.int64)


def _floats(text: Mapping[str, str], key: str) -> Floats:
    return np.array(text.get(key, "").split(), dtype=np.float64)
