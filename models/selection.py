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

RANGE = (0.005, 0.995)
HARDLY_OVERLAP = 0.9
"""A propensity AUC above it says that admitted and declined hardly overlap."""

MOST_WEIGHT = 10.0
"""Inverse-propensity weights are cut here: a few rows must not carry the sample."""

FOLDS = 5


@dataclass(frozen=True)
class Support:
    """The admitted range of the most important features."""

    low: Mapping[str, float]
    high: Mapping[str, float]

    @classmethod
    def of(cls, admitted: pd.DataFrame, importance: pd.Series) -> "Support":
        """Return the range that holds 99 % of the admitted, of the twenty numbers that matter most.

        `importance` is by feature, higher matters more; categories have no range.
        """
        numbers = [n for n in importance.index if pd.api.types.is_numeric_dtype(admitted[n])]
        watched = importance[numbers].sort_values(ascending=False, kind="stable").index[:WATCHED]
        edges = admitted[watched].quantile(list(RANGE))
        low, high = (dict(zip(map(str, watched), edges.iloc[k], strict=True)) for k in (0, 1))
        return cls(
            {n: x for n, x in low.items() if not np.isnan(x)}, {n: x for n, x in high.items() if not np.isnan(x)}
        )

    def outside(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Return in how many of its features each row lies outside; a missing value lies nowhere."""
        names = list(self.low)
        low, high = (pd.Series(bound)[names] for bound in (self.low, self.high))
        return ((X[names] < low) | (X[names] > high)).sum(axis=1).to_numpy(np.int64)


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
    return (declined_propensity > SURELY_DECLINED) | (support.outside(X) > OUTSIDE_MORE_THAN)


def inverse_weights(declined_propensity: Floats) -> Floats:
    """Return the weights that make the admitted look like all applicants: 1 / (1 - propensity), at most 10, mean 1."""
    weights = np.minimum(1 / np.maximum(1 - declined_propensity, 1e-9), MOST_WEIGHT)
    return weights / weights.mean()
