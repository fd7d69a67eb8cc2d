"""Neighbouring leaves of a tree share a table; which do is chosen so that a row is explained in the fewest steps.

A table has an entry for every combination of what its leaves can tell apart. Of one feature they tell apart classes of
codes: two codes are of one class if they satisfy the same leaves. A feature thus gives a few classes, and the entries are
the product of them. Large tables serve many leaves in one look-up but soon outgrow the processor's cache.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.shapley.compiled import compiled
from models.shapley.leaves import Leaf
from models.shapley.trees import Ints

Masks = NDArray[np.uint64]
"""Of one code: bit number n is set if the code satisfies leaf number n, or leaf n asks nothing of the feature."""

MOST_LEAVES = 64
"""Leaves considered together: the bits of a mask."""

MOST_ENTRIES = 512
"""Of a table of several leaves."""


def masks(leaves: Sequence[Leaf]) -> dict[int, Masks]:
    """Return by feature that the leaves ask about the mask of each of its codes; at most 64 leaves."""
    everywhere = np.uint64((1 << len(leaves)) - 1)
    found: dict[int, Masks] = {}
    for number, leaf in enumerate(leaves):
        for feature, holds in leaf.holds.items():
            mask = found.setdefault(feature, np.full(len(holds), everywhere))
            mask[~holds] &= ~np.uint64(1 << number)
    return found


def clusters(leaves: Sequence[Leaf], by_feature: dict[int, Masks], players: Ints) -> list[range]:
    """Return the runs of leaves that share a table, left to right, by the least total of features and players.

    `players` holds the player of each feature. A leaf whose own table is larger than allowed stands alone.
    """
    distinct = [np.unique(mask) for mask in by_feature.values()]
    first = np.cumsum([0, *map(len, distinct)], dtype=np.int64)
    flat = np.concatenate([np.empty(0, np.uint64), *distinct])
    own = np.unique(players[np.array(list(by_feature), dtype=np.int64)], return_inverse=True)[1]
    ends = _cheapest(len(leaves), flat, first, own, MOST_ENTRIES).tolist()
    return [range(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


@compiled
def _cheapest(leaves: int, masks: Masks, first: Ints, player: Ints, most_entries: int) -> Ints:
    """Return the ends of the runs: the cheapest cut of the first n leaves, for n = 1 .. all of them."""
    cost, start_of = np.full(leaves + 1, np.inf), np.zeros(leaves + 1, np.int64)
    cost[0] = 0.0
    for start in range(leaves):
        for end in range(start + 1, leaves + 1):
            entries, steps = _size(start, end, masks, first, player)
            if entries > most_entries and end > start + 1:
                break
            if cost[start] + steps < cost[end]:
                cost[end], start_of[end] = cost[start] + steps, start
    ends = np.zeros(leaves, np.int64)
    count, end = 0, leaves
    while end > 0:
        ends[count] = end
        count, end = count + 1, start_of[end]
    return ends[:count][::-1].copy()


@compiled
def _size(start: int, end: int, masks: Masks, first: Ints, player: Ints) -> tuple[float, int]:
    """Return the entries of a table of the leaves from start to end, and its steps: one a feature, one a player."""
    bits = np.uint64(0)
    for leaf in range(start, end):
        bits |= np.uint64(1) << np.uint64(leaf)
    entries, steps = 1.0, 0
    seen = np.zeros(len(player), np.bool_)
    for k in range(len(player)):
        classes = 0
        for a in range(first[k], first[k + 1]):
            new = True
            for b in range(first[k], a):
                new = new and (masks[a] & bits) != (masks[b] & bits)
            classes += new
        if classes > 1:
            entries *= classes
            steps += 1 if seen[player[k]] else 2
            seen[player[k]] = True
    return entries, steps
