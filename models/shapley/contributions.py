"""LightGBM's own `pred_contrib` in the place of tables, for models that tables don't serve: slow, and of features only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import lightgbm
import numpy as np
from numpy.typing import ArrayLike

from models.shapley.matrix import as_matrix, player_of
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
        numbers = as_matrix(matrix, self.booster.num_feature())
        values = np.zeros((int(self.player.max(initial=-1)) + 1, len(numbers)))
        if len(numbers):
            np.add.at(values, self.player, self._contributions(numbers, threads)[:, :-1].T)
        return values.T

    def _contributions(self, matrix: Floats, threads: int) -> Floats:
        return np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=threads))
