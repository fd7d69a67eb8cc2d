"""The monotonicity certificate: a proof, read from the trees themselves, that a model keeps the directions it promises.

The statement about a feature of direction +1: of two customers who differ in nothing but this feature, both with a known
value of it, no tree gives less to the one with the higher value. It is checked over every pair of leaves that two such
customers can reach, so about one tree it is exact: if it fails, two such customers exist. Trees in order add up to a model
in order, in floating point too (rounding keeps order, and the trees are added in one sequence), and so do PD and points
after an affine calibration with a positive slope. The reverse does not follow: where one tree breaks the order the others
may mend it, and the model is then not certified rather than surely wrong.

Covered: every number as the feature's value, every combination of the others' numbers and categories, and in `holds` (not
in `holds_if_known`) every pattern of missing values among the others. Not covered: the step from a known value of the
feature to a missing one or back. Where a missing value goes is learnt from the data under no constraint, so a customer of
whom the feature is not known may score anywhere between, above or below those of whom it is. Categories have no order;
they are circumstances, and one never seen goes where a missing one goes.

References: LightGBM's `Tree::NumericalDecision` and `Tree::CategoricalDecision` for where a value goes; Auguste, Malory and
Smirnov (2020), "A better method to enforce monotonic constraints in regression and classification trees", arXiv 2011.00986,
for how the constraints are meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Node = dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """Two leaves of one tree in the wrong order, reached by two customers who differ in the feature alone.

    `tree` counts from 0, leaves as in LightGBM's own dump; `lower_leaf` is reached with the lower value of the feature.
    Outputs are margins (log-odds before calibration). `if_missing` names the other features that both customers must lack;
    none: it can happen to customers of whom every number is known.
    """

    tree: int
    lower_leaf: int
    higher_leaf: int
    lower_output: float
    higher_output: float
    if_missing: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """What the trees prove about one feature.

    `holds`: no tree breaks the order, whatever is known or missing of the customers. `holds_if_known`: none does between
    customers of whom every other number is known. `trees` were checked; `trees_splitting` of them split on the feature,
    `trees_violating` of them break the order. `violation` is the widest break, one without missing values if there is any.
    """

    feature: str
    direction: int
    holds: bool
    holds_if_known: bool
    trees: int
    trees_splitting: int
    trees_violating: int
    violation: Violation | None

    def as_json(self) -> dict[str, Any]:
        """Return the certificate in plain values that JSON can hold."""
        return asdict(self)


def certify(booster: lightgbm.Booster, directions: Mapping[str, int]) -> tuple[Certificate, ...]:
    """Return a certificate for every feature with a direction, in the model's order of features.

    Parameters
    ----------
    booster : a model of one output; the trees checked are those that its `predict` adds up.
    directions : by feature, +1 if a higher value must not lower the output, -1 if it must not raise it, 0 for none.

    Raises
    ------
    ValueError : if a direction is none of these, or names a feature the model does not have or a category, and for models
    of several classes, with linear leaves or with zero taken as missing, about which nothing is proven here.
    """
    model = booster.dump_model()
    names = model["feature_names"]
    _refuse_directions(directions, names)
    _refuse_other_models(model)
    trees = [_Tree.of(tree["tree_structure"], names) for tree in model["tree_info"]]
    _refuse_ordered_categories(trees, directions)
    return tuple(_certificate(trees, name, directions[name]) for name in names if directions.get(name, 0))


def _certificate(trees: Sequence["_Tree"], name: str, direction: int) -> Certificate:
    splitting = [(number, tree) for number, tree in enumerate(trees) if name in tree.axes]
    found = [_widest(number, tree, name, direction) for number, tree in splitting]
    violations = [violation for violation in found if violation is not None]
    return Certificate(
        feature=name,
        direction=direction,
        holds=not violations,
        holds_if_known=all(violation.if_missing for violation in violations),
        trees=len(trees),
        trees_splitting=len(splitting),
        trees_violating=len(violations),
        violation=min(violations, key=_gravest_first, default=None),
    )


def _widest(number: int, tree: "_Tree", name: str, direction: int) -> Violation | None:
    """The widest break of the order in a tree, one without missing values if there is any."""
    fall = tree.fall(name, direction)
    if not (fall > 0).any():
        return None
    among_known = np.where(tree.missing_needed(name) == 0, fall, 0)
    chosen = among_known if (among_known > 0).any() else fall
    lower, higher = (int(place) for place in np.unravel_index(chosen.argmax(), chosen.shape))
    return Violation(
        tree=number,
        lower_leaf=int(tree.leaf[lower]),
        higher_leaf=int(tree.leaf[higher]),
        lower_output=float(tree.output[lower]),
        higher_output=float(tree.output[higher]),
        if_missing=tree.shared_only_if_missing(lower, higher, name),
    )


def _gravest_first(violation: Violation) -> tuple[bool, float, int]:
    width = abs(violation.higher_output - violation.lower_output)
    return bool(violation.if_missing), -width, violation.tree


@dataclass(frozen=True)
class _Axis:
    """One feature as one tree sees it, cut into cells at its `marks`: the tree's thresholds, or the categories it names.

    A number has the intervals between thresholds, in order, and a last cell for missing. A category has a cell for each
    named value and a last one for all others, missing among them.
    """

    marks: Floats
    categorical: bool

    @property
    def cells(self) -> int:
        return len(self.marks) + (1 if self.categorical else 2)

    @property
    def known(self) -> Bools:
        """Whether a cell holds customers of whom the number is known; categories count as known."""
        return (np.arange(self.cells) < self.cells - 1) | self.categorical

    def goes_left(self, split: Node) -> Bools:
        """Which cells a split sends left."""
        if self.categorical:
            return np.append(np.isin(self.marks, _named(split)), False)
        # LightGBM reads a missing value as 0 where it met none when fitting.
        missing = split["default_left"] if split["missing_type"] == "NaN" else split["threshold"] >= 0
        return np.append(self.marks <= split["threshold"], [False, missing])


@dataclass(frozen=True)
class _Tree:
    """The leaves of a tree as sets of customers.

    `leads` tells by feature which cells (columns) lead to which leaves (rows); `leaf` and `output` are the leaves' numbers
    and margins. Two leaves are open to one value of a feature if they share a cell of it.
    """

    axes: Mapping[str, _Axis]
    leads: Mapping[str, Bools]
    leaf: NDArray[np.int64]
    output: Floats

    @classmethod
    def of(cls, root: Node, names: Sequence[str]) -> "_Tree":
        """Read the tree below a node of LightGBM's dump."""
        axes = _axes([node for node in _nodes(root) if "split_feature" in node], names)
        leaves = list(_leaves(root, names, axes))
        return cls(
            axes=axes,
            leads={name: np.array([leads[name] for _, leads in leaves]) for name in axes},
            leaf=np.array([node.get("leaf_index", 0) for node, _ in leaves], dtype=np.int64),
            output=np.array([node["leaf_value"] for node, _ in leaves], dtype=np.float64),
        )

    def fall(self, name: str, direction: int) -> Floats:
        """How far the order breaks from a leaf reached with a lower value (row) to one with a higher (column), 0 if not.

        Leaves that no two customers reach who differ in `name` alone have nothing to break.
        """
        leads = self.leads[name] & self.axes[name].known
        last = leads.shape[1] - 1 - leads[:, ::-1].argmax(axis=1)
        below = last[:, np.newaxis] < leads.argmax(axis=1)
        reached = leads.any(axis=1)
        apart_elsewhere = self._apart - ~self._shared[name]
        comparable = below & np.outer(reached, reached) & (apart_elsewhere == 0)
        return np.where(comparable, np.maximum(direction * np.subtract.outer(self.output, self.output), 0), 0)

    def missing_needed(self, name: str) -> NDArray[np.int64]:
        """How many features other than `name` two leaves share only as missing, shape (n_leaves, n_leaves)."""
        return self._needed - self._only_if_missing[name]

    def shared_only_if_missing(self, lower: int, higher: int, name: str) -> tuple[str, ...]:
        """The features other than `name` that two leaves share only as missing."""
        return tuple(f for f, only in self._only_if_missing.items() if f != name and only[lower, higher])

    @cached_property
    def _shared(self) -> dict[str, Bools]:
        """By feature, whether two leaves share a cell."""
        return {name: leads @ leads.T for name, leads in self.leads.items()}

    @cached_property
    def _only_if_missing(self) -> dict[str, Bools]:
        """By feature, whether the only cell that two leaves share is that of missing."""
        known = {name: leads & self.axes[name].known for name, leads in self.leads.items()}
        return {name: shared & ~(known[name] @ known[name].T) for name, shared in self._shared.items()}

    @cached_property
    def _apart(self) -> NDArray[np.int64]:
        """In how many features two leaves share no cell."""
        return np.sum([~shared for shared in self._shared.values()], axis=0, dtype=np.int64)

    @cached_property
    def _needed(self) -> NDArray[np.int64]:
        """In how many features two leaves share the cell of missing alone."""
        return np.sum(list(self._only_if_missing.values()), axis=0, dtype=np.int64)


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [node[side] for side in ("right_child", "left_child") if side in node]


def _leaves(root: Node, names: Sequence[str], axes: Mapping[str, _Axis]) -> Iterator[tuple[Node, dict[str, Bools]]]:
    """Yield each leaf with the cells of every feature that lead to it."""
    waiting = [(root, {name: np.ones(axis.cells, dtype=np.bool_) for name, axis in axes.items()})]
    while waiting:
        node, leads = waiting.pop()
        if "split_feature" not in node:
            yield node, leads
            continue
        name = names[node["split_feature"]]
        left = axes[name].goes_left(node)
        waiting.append((node["right_child"], leads | {name: leads[name] & ~left}))
        waiting.append((node["left_child"], leads | {name: leads[name] & left}))


def _axes(splits: Sequence[Node], names: Sequence[str]) -> dict[str, _Axis]:
    marks: dict[str, list[float]] = {}
    categorical = {names[split["split_feature"]]: split["decision_type"] == "==" for split in splits}
    for split in splits:
        named = _named(split) if split["decision_type"] == "==" else [split["threshold"]]
        marks.setdefault(names[split["split_feature"]], []).extend(named)
    return {name: _Axis(np.unique(np.array(found)), categorical[name]) for name, found in marks.items()}


def _named(split: Node) -> list[float]:
    """The categories that a split sends left."""
    return [float(code) for code in str(split["threshold"]).split("||")]


def _refuse_directions(directions: Mapping[str, int], names: Sequence[str]) -> None:
    unknown = sorted(directions.keys() - set(names))
    if unknown:
        raise ValueError(f"directions name features that the model does not have: {', '.join(unknown)}")
    for name, direction in directions.items():
        if direction not in (-1, 0, 1):
            raise ValueError(f"direction of {name!r} must be -1, 0 or 1, got {direction!r}")


def _refuse_ordered_categories(trees: Sequence[_Tree], directions: Mapping[str, int]) -> None:
    categories = {name for tree in trees for name, axis in tree.axes.items() if axis.categorical}
    ordered = sorted(name for name in categories if directions.get(name, 0))
    if ordered:
        raise ValueError(f"categories have no order to certify: {', '.join(ordered)}; give them direction 0")


def _refuse_other_models(model: Mapping[str, Any]) -> None:
    outputs = model["num_tree_per_iteration"]
    if outputs != 1:
        raise ValueError(f"a certificate is of one output, this model has {outputs}; certify a model of two classes")
    for number, tree in enumerate(model["tree_info"]):
        nodes = list(_nodes(tree["tree_structure"]))
        if any(node.get("missing_type") == "Zero" for node in nodes):
            raise ValueError(
                f"tree {number} takes zero for missing; to certify a model, train with zero_as_missing=false"
            )
        if any("leaf_coeff" in node for node in nodes):
            raise ValueError(f"tree {number} has linear leaves; to certify a model, train with linear_tree=false")
