"""How trees grow: the settings of one fit, and the few among which the model chooses where nobody has."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Growth:
    """Settings of the trees of one fit; the names are those of `DefaultRiskModel`."""

    learning_rate: float
    num_leaves: int
    max_depth: int
    min_child_samples: int
    min_child_weight: float
    reg_lambda: float
    subsample: float
    colsample: float
    extra_trees: bool

    def parameters(self) -> dict[str, Any]:
        """Return the settings by LightGBM's names."""
        return {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "max_depth": self.max_depth,
            "min_data_in_leaf": self.min_child_samples,
            "min_sum_hessian_in_leaf": self.min_child_weight,
            "lambda_l2": self.reg_lambda,
            "bagging_fraction": self.subsample,
            "bagging_freq": 1,
            "feature_fraction": self.colsample,
            "extra_trees": self.extra_trees,
        }


SETTINGS = tuple(field.name for field in fields(Growth))
"""The names of the settings."""

SMALL = Growth(
    learning_rate=0.05,
    num_leaves=7,
    max_depth=6,
    min_child_samples=20,
    min_child_weight=1e-3,
    reg_lambda=1.0,
    subsample=0.7,
    colsample=1.0,
    extra_trees=False,
)
"""Small trees that see every column: in tables of ratios a few of them, together, tell most."""

LARGE = replace(SMALL, num_leaves=15)
"""The same where more columns act together."""

POLICY = (SMALL, LARGE)
"""What is tried where no setting is given. See the benchmark of plain tables."""


def candidates(given: Mapping[str, Any]) -> tuple[Growth, ...]:
    """Return what is to be tried: the policy with the settings given in place of its own, each once.

    If every setting is given, that is one candidate and nothing is chosen.
    """
    return tuple(dict.fromkeys(replace(growth, **given) for growth in POLICY))
