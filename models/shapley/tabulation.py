"""From a LightGBM model to its tables."""

from collections.abc import Sequence

import lightgbm
from numpy.typing import ArrayLike

from models.shapley.codes import Coder
from models.shapley.leaves import leaves
from models.shapley.matrix import as_background, player_of
from models.shapley.pages import Game, pages
from models.shapley.tables import Tables
from models.shapley.trees import read_trees


def tabulate(
    booster: lightgbm.Booster, groups: Sequence[int] | None = None, background: ArrayLike | None = None
) -> Tables:
    """Return the tables of a model.

    Parameters
    ----------
    booster : a model of one output; its trees are those that `predict` with `raw_score` adds up.
    groups : the player that each feature belongs to, numbered from 0; None makes every feature a player of its own.
    background : rows whose values unknown players take (interventional), a matrix as for `predict`; None takes the shares
        of the training rows at the nodes (path-dependent).

    Raises
    ------
    TabulationError : a ValueError, for models whose tables would be too large: very deep or very many trees.
    ValueError : for models of several outputs or with linear leaves, which nothing here explains.
    """
    n_features = booster.num_feature()
    trees = read_trees(booster)
    coder, player = Coder.of(trees), player_of(groups, n_features)
    game = Game(player, None if background is None else coder.by_feature(as_background(background, n_features)))
    values = coder.representatives()
    found = (page for tree in trees for page in pages(list(leaves(tree, values)), game))
    return Tables.bind(found, coder, int(player.max(initial=-1)) + 1, n_features)
