"""LightGBM's own `pred_contrib` in the place of tables, for models that tables don't serve: slow, and of features only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import lightgbm
import numpy as np
from numpy.typing import ArrayLike

from models.shapley.matrix import Explained, as_matrix, player_of
from models.shapley.trees import Floats, Ints


@dataclass(frozen=True)
class Contributions:
    """Path-dependent Shapley values of features, summed by player: not the exact value of a player of several features."""

    booster: lightgbm.Booster
    player: Ints
    method: Literal["pred_contrib"] = "pred_contrib"

    @classmethod
    def of(cls, booster: lightgbm.Booster, groups: Sequence[int] | None = None) -> "Contributions":
        """Return the contributions of a model's features by the player that each belongs to."""
        return cls(booster, player_of(groups, booster.num_feature()))

    @property
    def base(self) -> float:
        """The margin when nothing is known; the same for every row."""
        return float(self._contributions(np.full((1, self.booster.num_feature()), np.nan), 1)[0, -1])

    def values(self, matrix: ArrayLike, threads: int = 1) -> Floats:
        """Return the value of every player for every row, shape (n_rows, n_players), in units of the margin."""
        return self.explain(matrix, threads).players

    def explain(self, matrix: ArrayLike, threads: int = 1) -> Explained:
        """Return margins and values of rows."""
        numbers = as_matrix(matrix, self.booster.num_feature())
        features = self._contributions(numbers, threads)[:, :-1]
        players = np.zeros((int(self.player.max(initial=-1)) + 1, len(numbers)))
        np.add.at(players, self.player, features.T)
        return Explained(self.margins(numbers, threads), players.T, features)

    def margins(self, matrix: ArrayLike, threads: int = 1) -> Floats:
        """Return what `predict` with `raw_score` returns, shape (n_rows,)."""
        numbers = as_matrix(matrix, self.booster.num_feature())
        return self._predicted(numbers, threads, raw_score=True) if len(numbers) else np.empty(0)

    def _contributions(self, matrix: Floats, threads: int) -> Floats:
        if not len(matrix):
            return np.empty((0, self.booster.num_feature() + 1))
        return self._predicted(matrix, threads, pred_contrib=True)

    def _predicted(self, matrix: Floats, threads: int, **what: bool) -> Floats:
        return np.asarray(self.booster.predict(matrix, num_threads=threads, **what))
