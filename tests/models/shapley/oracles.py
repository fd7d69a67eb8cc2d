"""Shapley values by their definition, over all coalitions, from nothing but LightGBM's own predictions and its dump."""

from collections.abc import Callable
from itertools import combinations
from math import factorial

import lightgbm
import numpy as np

Game = Callable[[frozenset[int]], np.ndarray]


def over_all_coalitions(players: int, game: Game) -> np.ndarray:
    """Return the values (n_rows, n_players) of a game that pays an array (n_rows,) to each coalition."""
    pays = {frozenset(s): game(frozenset(s)) for k in range(players + 1) for s in combinations(range(players), k)}
    values = np.zeros((len(pays[frozenset()]), players))
    for coalition, pay in pays.items():
        for j in coalition:
            others = len(coalition) - 1
            weight = factorial(others) * factorial(players - 1 - others) / factorial(players)
            values[:, j] += weight * (pay - pays[coalition - {j}])
    return values


def interventional(booster: lightgbm.Booster, X: np.ndarray, groups: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Players outside the coalition take the values of each background row in turn; the model predicts the mixtures."""

    def pay(coalition: frozenset[int]) -> np.ndarray:
        known = np.isin(groups, list(coalition))
        mixed = np.where(known, X[:, None, :], background[None, :, :])
        margin = booster.predict(mixed.reshape(-1, X.shape[1]), raw_score=True, num_threads=1)
        return np.asarray(margin).reshape(len(X), len(background)).mean(axis=1)

    return over_all_coalitions(groups.max() + 1, pay)


def path_dependent(booster: lightgbm.Booster, X: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """At a node of a player outside the coalition both ways count, by their shares of the training rows."""
    dump = booster.dump_model()
    trees = [tree["tree_structure"] for tree in dump["tree_info"]]

    def pay(coalition: frozenset[int]) -> np.ndarray:
        return np.array([sum(_expected(tree, row, coalition, groups) for tree in trees) for row in X])

    return over_all_coalitions(groups.max() + 1, pay)


def _expected(node: dict, row: np.ndarray, coalition: frozenset[int], groups: np.ndarray) -> float:
    if "split_feature" not in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if groups[node["split_feature"]] in coalition:
        return _expected(left if _goes_left(node, row[node["split_feature"]]) else right, row, coalition, groups)
    share = _count(left) / node["internal_count"]
    return sum(w * _expected(c, row, coalition, groups) for c, w in ((left, share), (right, 1 - share)))


def _goes_left(node: dict, value: float) -> bool:
    if node["decision_type"] == "==":
        named = {int(code) for code in node["threshold"].split("||")}
        return not np.isnan(value) and -1 < value < 2**31 and int(value) in named
    value = 0.0 if np.isnan(value) and node["missing_type"] != "NaN" else value
    if np.isnan(value) or (node["missing_type"] == "Zero" and abs(value) <= 1e-35):
        return node["default_left"]
    return value <= node["threshold"]


def _count(node: dict) -> int:
    return node["internal_count"] if "internal_count" in node else node["leaf_count"]
