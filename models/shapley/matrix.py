"""What every explainer takes and gives: the matrix that the model predicts from, its features' players, and their values."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from models.shapley.trees import Floats, Ints


class Explained(NamedTuple):
    """Of rows: margins (n_rows,), and Shapley values of players and of features by themselves, (n_rows, n) each."""

    margin: Floats
    players: Floats
    features: Floats


def as_matrix(matrix: ArrayLike, n_features: int) -> Floats:
    """Return a matrix as float64, shape (n_rows, n_features); ValueError for another number of columns."""
    numbers = np.asarray(matrix, dtype=np.float64)
    if numbers.ndim != 2 or numbers.shape[1] != n_features:
        raise ValueError(f"expected a matrix with the model's {n_features} columns, got the shape {numbers.shape}")
    return numbers


def as_background(matrix: ArrayLike, n_features: int) -> Floats:
    """Return background rows as a matrix; ValueError as above, or if there are none."""
    rows = as_matrix(matrix, n_features)
    if not len(rows):
        raise ValueError("the background has no rows; pass at least one, or None for path-dependent values")
    return rows


def player_of(groups: Sequence[int] | None, n_features: int) -> Ints:
    """Return the player of each feature; ValueError unless `groups` numbers one from 0 for every feature.

    None makes every feature a player of its own.
    """
    players = np.arange(n_features) if groups is None else np.asarray(groups, dtype=np.int64)
    if players.shape != (n_features,) or players.min(initial=0) < 0:
        raise ValueError(f"groups must give a player, 0 or more, to each of the model's {n_features} features")
    return players
