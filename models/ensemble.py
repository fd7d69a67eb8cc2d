"""Several boosters as one: their trees in one sequence, every leaf divided by their number, so that their margins average.

The mean of sums of trees is itself a sum of trees. So explanations, the certificate and the bundle see one ordinary model,
and contributions stay exact. Constraints hold, since every booster keeps them.
"""

import re
from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TREE = re.compile(r"^Tree=\d+\n", re.MULTILINE)
END_OF_TREES = "end of trees"

OUTPUTS = re.compile(r"^(leaf_value|internal_value|shrinkage)=(.*)$", re.MULTILINE)
"""The lines of a tree that are in units of the margin."""


def average(boosters: Sequence[lightgbm.Booster]) -> lightgbm.Booster:
    """Return the model whose margin is the mean of the boosters' margins, up to rounding; one booster stays as it is.

    The boosters must be of one output and of the same features; raises ValueError if there is none or they differ. Each
    counts with the trees that its own text holds.
    """
    texts = [booster.model_to_string() for booster in boosters]
    if not texts:
        raise ValueError("no boosters to average")
    if len({_features(text) for text in texts}) > 1:
        raise ValueError("boosters of different features have no average; fit them on the same columns")
    if len(texts) == 1:
        return boosters[0]
    header, tail = TREE.split(texts[0])[0], texts[0][texts[0].index(END_OF_TREES) :]
    trees = [_scaled(tree, 1 / len(texts)) for text in texts for tree in _trees(text)]
    numbered = "".join(f"Tree={number}\n{tree}" for number, tree in enumerate(trees))
    # Without the sizes of the trees LightGBM reads them one after the other, and states new sizes when it writes.
    header = re.sub(r"^tree_sizes=.*\n", "", header, flags=re.MULTILINE)
    return lightgbm.Booster(model_str=header + numbered + tail)


def mean_margin(boosters: Sequence[lightgbm.Booster], matrix: Floats, trees: range, num_threads: int) -> Floats:
    """Return the mean over the boosters of what some of their trees add to the margin, shape (n_rows,)."""
    some: dict[str, Any] = {"start_iteration": trees.start, "num_iteration": len(trees), "num_threads": num_threads}
    return np.asarray(np.mean([booster.predict(matrix, raw_score=True, **some) for booster in boosters], axis=0))


def _features(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("feature_names="))


def _trees(text: str) -> list[str]:
    return TREE.split(text[: text.index(END_OF_TREES)])[1:]


def _scaled(tree: str, factor: float) -> str:
    return OUTPUTS.sub(lambda line: f"{line[1]}={' '.join(repr(float(v) * factor) for v in line[2].split())}", tree)
