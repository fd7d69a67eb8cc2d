"""From a LightGBM model to its tables."""

from collections.abc import Sequence

import lightgbm
import numpy as np
from numpy.typing import ArrayLike

from models.shapley.codes import Coder
from models.shapley.leaves import leaves
from models.shapley.matrix import as_background, player_of
from models.shapley.pages import Game, pages
from models.shapley.tables import Tables
from models.shapley.trees import read_trees


def tabulate(
    booster: lightgbm.Booster,
    groups: Sequence[int] | None = None,
    background: ArrayLike | None = None,
    *,
    with_features: bool = False,
) -> Tables:
    """Return the tables of a model.

    Parameters
    ----------
    booster : a model of one output; its trees are those that `predict` with `raw_score` adds up.
    groups : the player that each feature belongs to, numbered from 0; None makes every feature a player of its own.
    background : rows whose values unknown players take (interventional), a matrix as for `predict`; None takes the shares
        of the training rows at the nodes (path-dependent).
    with_features : tabulate beside the groups every feature as a player of its own, to be looked up in the same pass.

    Raises
    ------
    TabulationError : a ValueError, for models whose tables would be too large: very deep or very many trees.
    ValueError : for models of several outputs or with linear leaves, which nothing here explains.
    """
    n_features = booster.num_feature()
    trees = read_trees(booster)
    coder, player = Coder.of(trees), player_of(groups, n_features)
    n_players = int(player.max(initial=-1)) + 1
    codes = None if background is None else coder.by_feature(as_background(background, n_features))
    alone = [n_players + np.arange(n_features)] if with_features else []
    games = [Game(players, codes) for players in (player, *alone)]
    values = coder.representatives()
    found = (page for tree in trees for page in pages(list(leaves(tree, values)), games))
    return Tables.bind(found, coder, n_players, n_features, with_features=with_features)
