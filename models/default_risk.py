"""The default-risk model: monotone gradient-boosted trees whose PDs are calibrated out of fold."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    check_scalar,
    column_or_1d,
    validate_data,
)

from models.calibration import fit_calibration, log_loss
from models.encoding import FeatureEncoder
from models.ensemble import average, mean_margin

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
_Fold = tuple[Places, Places]
"""The rows to learn from and the rows held out."""

STOPS = 25
"""Numbers of trees, evenly spaced, at which a model may stop."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldScore:
    """What early stopping found on one held-out fold: its best number of trees and log loss (lower is better)."""

    rounds: int
    log_loss: float


class _Rows(NamedTuple):
    """Aligned rows to learn from: matrix (n_rows, n_features), bad, weight and group (n_rows,)."""

    matrix: Floats
    bad: Bools
    weight: Floats
    group: NDArray[Any] | None

    def take(self, rows: NDArray[np.intp]) -> "_Rows":
        return _Rows(self.matrix[rows], self.bad[rows], self.weight[rows], None)


class _Grown(NamedTuple):
    """The trees of one fold, those after its best number too, and what early stopping found."""

    booster: lightgbm.Booster
    score: FoldScore


class DefaultRiskModel(ClassifierMixin, BaseEstimator):
    """Probability of default from LightGBM trees under monotone constraints, with affine out-of-fold calibration.

    `log-odds of default = slope_ * margin + intercept_ + shift_`, where the margin is the sum of the trees. No class
    weights and no resampling, so that the level of the PDs means something. The same data, parameters and seed give the
    same model text byte for byte, whatever the number of threads.

    Parameters
    ----------
    directions : monotone constraint by column: +1 a higher value raises the PD, -1 lowers it, 0 or absent none.
    standardise_within : numbers that the trees see in standard deviations from the mean of a category: the column of
        categories by column of numbers. The direction of such a number holds among companies of one category.
    learning_rate, num_leaves, max_depth, min_child_samples, min_child_weight, reg_lambda : shape of the trees.
    subsample, colsample : share of the rows and of the columns, in (0, 1], that each tree sees.
    extra_trees : whether thresholds are drawn at random (Geurts, Ernst and Wehenkel 2006).
    n_seeds : models that differ in their random rows, columns and thresholds alone; their margins are averaged into one.
    n_estimators : most trees a fold may grow.
    early_stopping_rounds : a fold stops after so many trees without a better held-out log loss, before calibration.
    n_folds : folds of whole groups; the final number of trees has the lowest log loss over them, after calibration.
    central_tendency : wanted mean PD in (0, 1), for example the default rate over a full cycle; None keeps the observed.
    seed : of the folds and of all that is drawn.
    num_threads : used for fitting and predicting; 0 is LightGBM's default.

    Attributes
    ----------
    booster_ : lightgbm.Booster, the trees: those of every seed, one seed after the other.
    encoder_, categories_ : order and categories of the features; sorted values by categorical column.
    slope_, intercept_, shift_, calibration_ : the calibration; `calibration_.fallback` if no rising line could be fitted.
    out_of_fold_margin_ : shape (n_rows,), margin of each row from trees that never saw its group.
    best_iteration_ : trees of each seed. fold_scores_ : one FoldScore a fold and seed.
    classes_, n_features_in_, feature_names_in_ : as everywhere in scikit-learn; the second class is default.
    """

    def __init__(
        self,
        *,
        directions: Mapping[str, int] | None = None,
        standardise_within: Mapping[str, str] | None = None,
        learning_rate: float = 0.05,
        num_leaves: int = 7,
        max_depth: int = 6,
        min_child_samples: int = 20,
        min_child_weight: float = 1e-3,
        reg_lambda: float = 1.0,
        subsample: float = 0.7,
        colsample: float = 1.0,
        extra_trees: bool = False,
        n_seeds: int = 3,
        n_estimators: int = 1500,
        early_stopping_rounds: int = 200,
        n_folds: int = 5,
        central_tendency: float | None = None,
        seed: int = 0,
        num_threads: int = 1,
    ):
        self.directions = directions
        self.standardise_within = standardise_within
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_child_samples = min_child_samples
        self.min_child_weight = min_child_weight
        self.reg_lambda = reg_lambda
        self.subsample = subsample
        self.colsample = colsample
        self.extra_trees = extra_trees
        self.n_seeds = n_seeds
        self.n_estimators = n_estimators
        self.early_stopping_rounds = early_stopping_rounds
        self.n_folds = n_folds
        self.central_tendency = central_tendency
        self.seed = seed
        self.num_threads = num_threads

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn: missing values are welcome, more than two classes are not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "DefaultRiskModel":
        """Fit trees and calibration; `groups` (customers or connected groups) never straddle a fold.

        X is a frame of numbers and text with NaN, or a plain array of numbers; y has two values, the greater is default.
        Raises ValueError for one class, fewer bads (or groups with bads) than folds, infinite values, and unusable columns.
        """
        self._check_parameters()
        frame = self._frame(X, reset=True)
        bad = self._outcome(y)
        check_consistent_length(frame, bad)
        self.encoder_ = FeatureEncoder.learn(frame, self.standardise_within)
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        group = None if groups is None else column_or_1d(groups)
        check_consistent_length(bad, group)
        self._fit_rows(_Rows(self.encoder_.matrix(frame), bad, weight, group))
        return self

    def _fit_rows(self, rows: _Rows) -> None:
        _refuse_scarce(rows, self.n_folds)
        folds, seeds = list(self._folds(rows)), self._seeds()
        runs = [self._grow_folds(rows, folds, seed) for seed in seeds]
        self.fold_scores_ = tuple(fold.score for run in runs for fold in run)
        self.best_iteration_, self.out_of_fold_margin_ = self._stop(rows, folds, runs)
        data = self._dataset(rows)
        boosters = [lightgbm.train(self._parameters(s), data, self.best_iteration_) for s in seeds]
        self.booster_ = _storable(average(boosters))
        self.calibration_ = fit_calibration(self.out_of_fold_margin_, rows.bad, rows.weight, self.central_tendency)

    def _seeds(self) -> list[int]:
        further = np.random.SeedSequence(self.seed).generate_state(self.n_seeds - 1) >> 1
        return [self.seed, *map(int, further)]

    def _grow_folds(self, rows: _Rows, folds: list[_Fold], seed: int) -> list[_Grown]:
        parameters, grown = self._parameters(seed), []
        for number, fold in enumerate(folds, start=1):
            grown.append(self._grow_fold(rows, *fold, parameters))
            found = (number, len(folds), *astuple(grown[-1].score))
            log.info("fold %d of %d: %d trees, held-out log loss %.5f", *found)
        return grown

    def _stop(self, rows: _Rows, folds: list[_Fold], runs: list[list[_Grown]]) -> tuple[int, Floats]:
        """Return where all folds should have stopped, and the margins out of fold there.

        One number of trees, not each fold's best: that one was chosen on its own rows. What counts is the log loss after
        calibration. It goes on falling when the raw one, which punishes bold margins as well as wrong ones, has long begun
        to rise.
        """
        grown = min(fold.booster.num_trees() for run in runs for fold in run)
        margin, stops, start = np.zeros(len(rows.bad)), [], 0
        for end in np.unique(np.linspace(1, grown, STOPS).round().astype(int)).tolist():
            margin, start = margin + self._out_of_fold(rows, folds, runs, range(start, end)), end
            log_odds = fit_calibration(margin, rows.bad, rows.weight).log_odds(margin)
            stops.append((log_loss(log_odds, rows.bad, rows.weight), end, margin))
        _, trees, margin = min(stops, key=lambda stop: stop[0])
        return trees, margin

    def _out_of_fold(self, rows: _Rows, folds: list[_Fold], runs: list[list[_Grown]], trees: range) -> Floats:
        """What some trees, which never saw a row's fold, add to its margin, in the mean over the runs; shape (n_rows,)."""
        margin = np.empty(len(rows.bad))
        for (_, held_out), fold in zip(folds, zip(*runs, strict=True), strict=True):
            boosters = [of_one_seed.booster for of_one_seed in fold]
            margin[held_out] = mean_margin(boosters, rows.matrix[held_out], trees, self.num_threads)
        return margin

    def grow_held_out(
        self, X: pd.DataFrame, bad: Bools, weight: Floats, train: Places, held_out: Places
    ) -> tuple[lightgbm.Booster, Floats]:
        """Return the trees of one seed, grown on some rows and stopped by others, and the matrix of these.

        For searches: nothing is calibrated, and the model is not fitted afterwards. `bad` and `weight` have shape (n_rows,),
        `train` and `held_out` are places of rows; raises ValueError as `fit` does.
        """
        self.encoder_ = FeatureEncoder.learn(X.iloc[train], self.standardise_within)
        rows = _Rows(self.encoder_.matrix(X), bad, weight, None)
        booster, score = self._grow_fold(rows, train, held_out, self._parameters(self.seed))
        best = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=score.rounds))
        return best, rows.matrix[held_out]

    def decision_function(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Return the calibrated log-odds of default, shape (n_rows,)."""
        check_is_fitted(self)
        matrix = self.encoder_.matrix(self._frame(X, reset=False))
        if not len(matrix):
            return np.empty(0)
        margin = self.booster_.predict(matrix, raw_score=True, num_threads=self.num_threads)
        return self.calibration_.log_odds(np.asarray(margin))

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Return the probabilities of good and of default, shape (n_rows, 2)."""
        log_odds = self.decision_function(X)
        return np.column_stack([expit(-log_odds), expit(log_odds)])

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[Any]:
        """Return the likelier class, shape (n_rows,). For lending use a cut-off on PD or points instead."""
        likely_bad = self.decision_function(X) > 0
        return self.classes_[likely_bad.astype(np.intp)]

    def unseen_categories(self, X: pd.DataFrame) -> dict[str, int]:
        """Return how many rows of each categorical feature hold a value never seen when fitting (treated as missing)."""
        check_is_fitted(self)
        return self.encoder_.unseen_categories(X)

    @property
    def categories_(self) -> Mapping[str, tuple[str, ...]]:
        """Sorted values of each categorical feature; the place of a value is its code."""
        return self.encoder_.categories

    @property
    def slope_(self) -> float:
        """Calibrated log-odds per unit of margin; contributions of the trees scale by it."""
        return self.calibration_.slope

    @property
    def intercept_(self) -> float:
        """Level learnt from the out-of-fold margins, in log-odds."""
        return self.calibration_.intercept

    @property
    def shift_(self) -> float:
        """Shift to the central tendency, in log-odds; 0 without one."""
        return self.calibration_.shift

    def _check_parameters(self) -> None:
        check_scalar(self.n_folds, "n_folds", int, min_val=2)
        check_scalar(self.n_seeds, "n_seeds", int, min_val=1)
        check_scalar(self.n_estimators, "n_estimators", int, min_val=1)
        check_scalar(self.early_stopping_rounds, "early_stopping_rounds", int, min_val=1)
        if self.central_tendency is not None and not 0 < self.central_tendency < 1:
            raise ValueError(
                f"central_tendency must lie between 0 and 1, got {self.central_tendency}. If it is a percentage, divide by 100."
            )

    def _frame(self, X: pd.DataFrame | ArrayLike, *, reset: bool) -> pd.DataFrame:
        """X as a frame with the names fitted on; plain arrays are checked as scikit-learn does and named x0, x1, ..."""
        if isinstance(X, pd.DataFrame) and _is_named(X):
            if reset and X.size:
                validate_data(self, X, skip_check_array=True)  # learns feature_names_in_
                return X
            if not reset and hasattr(self, "feature_names_in_"):
                return X
        if not reset and self.categories_:
            raise ValueError(
                f"the model has categories ({', '.join(self.categories_)}): pass a DataFrame with named columns"
            )
        values = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite=False)
        names = self.encoder_.names if not reset else [f"x{place}" for place in range(values.shape[1])]
        return pd.DataFrame(values, columns=pd.Index(names))

    def _outcome(self, y: ArrayLike) -> Bools:
        if y is None:
            raise ValueError("DefaultRiskModel requires y to be passed, but the target y is None: fit needs outcomes")
        values = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_classification_targets(values)
        self.classes_ = np.unique(values)
        if len(self.classes_) > 2:
            kind = type_of_target(values)
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        if len(self.classes_) < 2:
            raise ValueError(
                f"a default-risk model needs goods and bads; got {len(values)} rows of one class only, {self.classes_[0]!r}. "
                "Check the label, or widen the development window."
            )
        return values == self.classes_[1]

    def _folds(self, rows: _Rows) -> Iterator[_Fold]:
        splitter = StratifiedKFold if rows.group is None else StratifiedGroupKFold
        folds = splitter(self.n_folds, shuffle=True, random_state=self.seed)
        return folds.split(np.empty(len(rows.bad)), rows.bad, rows.group)

    def _grow_fold(self, rows: _Rows, train: Places, held_out: Places, parameters: dict[str, Any]) -> _Grown:
        data = self._dataset(rows.take(train))
        booster = lightgbm.train(
            parameters,
            data,
            self.n_estimators,
            valid_sets=[self._dataset(rows.take(held_out), reference=data)],
            valid_names=["held_out"],
            callbacks=[lightgbm.early_stopping(self.early_stopping_rounds, verbose=False)],
            keep_training_booster=True,  # else the trees after the best number are gone
        )
        score = FoldScore(booster.best_iteration, float(booster.best_score["held_out"]["binary_logloss"]))
        return _Grown(lightgbm.Booster(model_str=booster.model_to_string(num_iteration=-1)), score)

    def _dataset(self, rows: _Rows, reference: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
        return lightgbm.Dataset(
            rows.matrix,
            label=rows.bad.astype(np.float64),
            weight=rows.weight,
            reference=reference,
            feature_name=list(self.encoder_.stored_names),
            categorical_feature=self.encoder_.category_places,
        )

    def _parameters(self, seed: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "metric": "binary_logloss",
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
            "seed": seed,
            "num_threads": self.num_threads,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
            **self._constraints(),
        }

    def _constraints(self) -> dict[str, Any]:
        directions = dict(self.directions or {})
        unknown = sorted(directions.keys() - set(self.encoder_.names))
        if unknown:
            raise ValueError(f"directions name columns that X does not have: {', '.join(unknown)}")
        signs = [directions.get(name, 0) for name in self.encoder_.names]
        for name, sign in zip(self.encoder_.names, signs, strict=True):
            if sign not in (-1, 0, 1):
                raise ValueError(f"direction of {name!r} must be -1, 0 or 1, got {sign!r}")
            if sign and name in self.categories_:
                raise ValueError(f"{name!r} is a category and has no order: give it direction 0, not {sign}")
        return {"monotone_constraints": signs, "monotone_constraints_method": "basic"} if any(signs) else {}


def _is_named(frame: pd.DataFrame) -> bool:
    return all(isinstance(name, str) for name in frame.columns)


def _refuse_scarce(rows: _Rows, n_folds: int) -> None:
    """Every fold needs its own goods and bads, of groups that lie in it alone."""
    unit = "rows" if rows.group is None else "groups"
    members = np.arange(len(rows.bad)) if rows.group is None else rows.group
    for word, chosen in (("bads", rows.bad), ("goods", ~rows.bad)):
        count = len(np.unique(members[chosen & (rows.weight > 0)]))
        if count < n_folds:
            raise ValueError(
                f"{n_folds} folds need at least {n_folds} {unit} with {word} (of both classes); got {count}. "
                f"Lower n_folds, or widen the development window."
            )


def _storable(booster: lightgbm.Booster) -> lightgbm.Booster:
    """The booster as its text will restore it, with the one line that depends on the machine made neutral."""
    text = re.sub(r"\[num_threads: -?\d+\]", "[num_threads: 0]", booster.model_to_string())
    return lightgbm.Booster(model_str=text)
