"""One table: what its leaves pay and give to each player, for every combination of what the leaves can tell apart."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np
from numpy.typing import NDArray

from models.shapley.clusters import MOST_LEAVES, Masks, clusters, masks
from models.shapley.codes import Codes
from models.shapley.game import interventional, path_dependent
from models.shapley.leaves import Leaf
from models.shapley.trees import Bools, Floats, Ints, TabulationError

Steps = NDArray[np.uint16]
Patterns = NDArray[np.int64]

DEEPEST = 14
"""Features on the path to a leaf beyond which a model is not tabulated: its own table has two to the power of them."""


@dataclass(frozen=True)
class Game:
    """Who plays, and what unknown players let through.

    `player` holds the player of each feature; `background` the codes of the background rows by feature, None for the
    path-dependent game.
    """

    player: Ints
    background: Mapping[int, Codes] | None

    def asked(self, leaf: Leaf) -> dict[int, list[int]]:
        """Return the features that a leaf asks about, by player, players in order."""
        found: dict[int, list[int]] = {}
        for feature in sorted(leaf.holds, key=lambda f: (self.player[f], f)):
            found.setdefault(int(self.player[feature]), []).append(feature)
        return found

    def play(self, leaf: Leaf, asked: Mapping[int, Sequence[int]]) -> tuple[Floats, float]:
        """Return a leaf's values by player and pattern, shape (d, 2^d), and what it pays when nobody is known."""
        if self.background is None:
            unknown = [prod(leaf.cover[f] for f in features) for features in asked.values()]
            return path_dependent(leaf.value, np.array(unknown)), leaf.value * prod(unknown)
        codes = self.background
        seen = np.atleast_1d(_pattern(asked, lambda f: leaf.holds[f][codes[f]]))
        share = np.bincount(seen, minlength=1 << len(asked)) / len(seen)
        return interventional(leaf.value, share), leaf.value * float(share[-1])


@dataclass(frozen=True)
class Page:
    """A table: the steps of its features' codes, what its leaves pay, and a column of entries for each of its players.

    `base` is what its leaves pay when nobody is known, `margin` when everybody is, one number an entry: the output of the
    leaf that the row reaches, or zero.
    """

    base: float
    steps: Mapping[int, Steps]
    margin: Floats
    entries: Mapping[int, Floats]


def pages(tree: Sequence[Leaf], games: Sequence[Game]) -> Iterator[Page]:
    """Yield the tables of a tree's leaves, each for all games; TabulationError if a leaf lies below too many features.

    No player plays in two games. The first game decides which leaves share a table, and the base.
    """
    deepest = max(len(leaf.holds) for leaf in tree)
    if deepest > DEEPEST:
        raise TabulationError(f"a leaf lies below {deepest} features, the tables reach {DEEPEST} deep")
    for start in range(0, len(tree), MOST_LEAVES):
        leaves = tree[start : start + MOST_LEAVES]
        by_feature = masks(leaves)
        for run in clusters(leaves, by_feature, games[0].player):
            yield _page({number: leaves[number] for number in run}, by_feature, games)


def _page(run: Mapping[int, Leaf], by_feature: Mapping[int, Masks], games: Sequence[Game]) -> Page:
    """Fill the table of a run of leaves: an axis a feature, along it the feature's classes."""
    bits = np.uint64(sum(1 << number for number in run))
    features = sorted({feature for leaf in run.values() for feature in leaf.holds})
    classes, class_of = {}, {}
    for feature in features:
        classes[feature], class_of[feature] = np.unique(by_feature[feature] & bits, return_inverse=True)
    shape = [len(classes[f]) for f in features]
    entries = {int(p): np.zeros(shape) for game in games for p in np.unique(game.player[features])}
    axis = {f: [len(classes[f]) if f == other else 1 for other in features] for f in features}
    margin, bases = np.zeros(shape), np.zeros(len(games))
    for number, leaf in run.items():
        bit = np.uint64(1 << number)
        holds = {f: ((classes[f] & bit) > 0).reshape(axis[f]) for f in leaf.holds}
        for at, game in enumerate(games):
            asked = game.asked(leaf)
            values, paid = game.play(leaf, asked)
            pattern = _pattern(asked, holds.__getitem__)
            for player, own in zip(asked, values, strict=True):
                entries[player] += own[pattern]
            bases[at] += paid
        margin += leaf.value * reduce(np.logical_and, holds.values(), np.True_)
    strides = np.cumprod([1, *shape[:0:-1]])[::-1]
    steps = {f: (class_of[f] * stride).astype(np.uint16) for f, stride in zip(features, strides, strict=False)}
    asking = {f: s for f, s in steps.items() if s.any()}
    return Page(float(bases[0]), asking, margin.ravel(), {p: e.ravel() for p, e in entries.items()})


def _pattern(asked: Mapping[int, Sequence[int]], satisfied: Callable[[int], Bools]) -> Patterns:
    """Return the number whose bit j tells whether player j satisfies a leaf in all its features; of any shape."""
    found = np.zeros((), dtype=np.int64)
    for j, features in enumerate(asked.values()):
        found = found + reduce(np.logical_and, map(satisfied, features)) * (1 << j)
    return found
