"""A leaf as a box: it is reached by the rows whose code of every feature on its path lies in a set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from models.shapley.trees import Bools, Floats, Tree


@dataclass(frozen=True)
class Leaf:
    """A leaf's output and, by feature met on its path, the codes that satisfy all of the path's conditions on it.

    A feature met twice has the intersection, which may be empty. `cover` is the product of the shares of the training rows
    that took the path's turns at the nodes of that feature.
    """

    value: float
    holds: Mapping[int, Bools]
    cover: Mapping[int, float]


def leaves(tree: Tree, representatives: Mapping[int, Floats]) -> Iterator[Leaf]:
    """Yield the leaves of a tree from left to right; a tree of one leaf has a box without sides."""
    waiting = [(0 if len(tree.feature) else ~0, Leaf(0.0, {}, {}))]
    while waiting:
        node, path = waiting.pop()
        if node < 0:
            yield Leaf(float(tree.leaf_value[~node]), path.holds, path.cover)
            continue
        left = tree.goes_left(node, representatives[int(tree.feature[node])])
        waiting.append((int(tree.right[node]), _step(path, tree, node, int(tree.right[node]), ~left)))
        waiting.append((int(tree.left[node]), _step(path, tree, node, int(tree.left[node]), left)))


def _step(path: Leaf, tree: Tree, node: int, child: int, goes: Bools) -> Leaf:
    feature, all_rows = int(tree.feature[node]), int(tree.count[node])
    share = tree.cover(child) / all_rows if all_rows else 0.0
    holds = path.holds[feature] & goes if feature in path.holds else goes
    return Leaf(0.0, {**path.holds, feature: holds}, {**path.cover, feature: path.cover.get(feature, 1.0) * share})
