"""Whom the old policy let in: how far declined applicants differ from admitted ones, and who is unlike all that were admitted.

Labels exist only for the admitted. Where the two hardly overlap nothing in the data says how declined ones would have paid.
Source: Crook and Banasik (2004), "Does reject inference really improve the performance of application scoring models?";
Tasche (2012) on the supports.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from models.encoding import FeatureEncoder

Floats = NDArray[np.float64]

SURELY_DECLINED = 0.95
OUTSIDE_MORE_THAN = 3
WATCHED = 20
"""An applicant whose propensity to be declined exceeds the first, or with more than three of the twenty most important
features outside the admitted range, is out of support."""

ADMITTED_RANGE = (0.005, 0.995)
"""Quantiles of the admitted between which a value is nothing new."""

HARDLY_OVERLAP = 0.9
"""A propensity AUC above it says that admitted and declined hardly overlap."""

MOST_WEIGHT = 10.0
"""Inverse-propensity weights are cut here: a few rows must not carry the sample."""

FOLDS = 5


Ranges = Mapping[str, tuple[float, float]]
"""Low and high by feature."""


def admitted_ranges(admitted: pd.DataFrame) -> Ranges:
    """Return the range that holds 99 % of the admitted, of every number that any of them has; categories have no range."""
    edges = admitted.select_dtypes("number").quantile(list(ADMITTED_RANGE)).dropna(axis=1)
    return {str(name): (float(low), float(high)) for name, (low, high) in edges.items()}


@dataclass(frozen=True)
class Support:
    """The admitted range of the most important features."""

    ranges: Ranges

    @classmethod
    def of(cls, ranges: Ranges, importance: pd.Series) -> "Support":
        """Return the ranges of the twenty features that matter most; `importance` is by feature, higher matters more."""
        numbers = importance[[name for name in importance.index if name in ranges]]
        watched = numbers.sort_values(ascending=False, kind="stable").index[:WATCHED]
        return cls({str(name): ranges[name] for name in watched})

    def outside(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Return in how many of its features each row lies outside; a missing value lies nowhere."""
        found = np.zeros(len(X), dtype=np.int64)
        for name, (low, high) in self.ranges.items():
            values = X[name].to_numpy(np.float64, na_value=np.nan)
            found += (values < low) | (values > high)
        return found

    def is_unlike(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows lie outside in more than three features."""
        return self.outside(X) > OUTSIDE_MORE_THAN


def propensity(X: pd.DataFrame, declined: ArrayLike, groups: ArrayLike, *, seed: int, num_threads: int = 1) -> Floats:
    """Return each row's probability of having been declined, by trees that never saw its group, shape (n_rows,)."""
    matrix = FeatureEncoder.learn(X).matrix(X)
    trees = lightgbm.LGBMClassifier(
        n_estimators=150, num_leaves=15, learning_rate=0.05, min_child_samples=50, subsample=0.8, subsample_freq=1,
        colsample_bytree=0.6, random_state=seed, deterministic=True, force_col_wise=True, verbosity=-1, n_jobs=num_threads,
    )  # fmt: skip
    target = np.asarray(declined, dtype=int)
    found = cross_val_predict(trees, matrix, target, cv=PredefinedSplit(_folds(groups, seed)), method="predict_proba")
    return np.asarray(found[:, 1])


def _folds(groups: ArrayLike, seed: int) -> NDArray[np.int64]:
    """Return each row's fold, a group's rows in one; groups are dealt out in turn, after shuffling."""
    names, of_row = np.unique(np.asarray(groups), return_inverse=True)
    dealt = np.arange(len(names)) % FOLDS
    return np.random.default_rng(seed).permutation(dealt)[of_row]


def out_of_support(X: pd.DataFrame, declined_propensity: Floats, support: Support) -> NDArray[np.bool_]:
    """Return which rows are unlike all that were admitted."""
    return (declined_propensity > SURELY_DECLINED) | support.is_unlike(X)


def inverse_weights(declined_propensity: Floats) -> Floats:
    """Return the weights that make the admitted look like all applicants: 1 / (1 - propensity), at most 10, mean 1."""
    weights = np.minimum(1 / np.maximum(1 - declined_propensity, 1e-9), MOST_WEIGHT)
    return weights / weights.mean()
