"""A scorecard as a bank prints it: what each bin of each feature adds to the log-odds of default. Plain values for a bundle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold

from models.calibration import AffineCalibration, fit_calibration
from models.scorecard import FeatureBins, WoeScorecard

Floats = NDArray[np.float64]

AS_FITTED = AffineCalibration(slope=1.0, intercept=0.0)


@dataclass(frozen=True)
class Bins:
    """What one feature adds to the log-odds of default.

    A number has rising inner `edges` and one more `log_odds` than edges (a bin holds `edge before < value <= edge`); a
    category has `by_category`. `missing` is added where the value is missing, or a category never seen when fitting.
    """

    edges: tuple[float, ...]
    log_odds: tuple[float, ...]
    by_category: Mapping[str, float]
    missing: float

    def of(self, values: pd.Series) -> Floats:
        """Return what each value adds, shape (n_rows,)."""
        if self.by_category:
            return np.asarray(values.map(dict(self.by_category)).fillna(self.missing), dtype=np.float64)
        numbers: Floats = values.to_numpy(np.float64, na_value=np.nan)
        # NaN is placed behind every edge, in a bin of its own.
        places = np.where(np.isnan(numbers), len(self.log_odds), np.searchsorted(self.edges, numbers))
        return np.array([*self.log_odds, self.missing], dtype=np.float64)[places]


@dataclass(frozen=True)
class ScorecardTable:
    """`log-odds of default = intercept + sum of what the bins add`; only features that add something stand in `bins`."""

    intercept: float
    bins: Mapping[str, Bins]

    @classmethod
    def of(cls, scorecard: WoeScorecard, calibration: AffineCalibration = AS_FITTED) -> "ScorecardTable":
        """Return the table of a fitted scorecard, its log-odds calibrated."""
        fitted = zip(scorecard.bins_.items(), scorecard.coef_, strict=True)
        tables = {
            name: _bins(bins, scorecard.encoder_.categories.get(name), calibration.slope * float(coefficient))
            for (name, bins), coefficient in fitted
            if coefficient > 0 and bins.woe.any()
        }
        return cls(calibration.slope * scorecard.intercept_ + calibration.intercept + calibration.shift, tables)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ScorecardTable":
        """Return the table that `as_json` was made from."""
        bins = {
            name: Bins(tuple(told["edges"]), tuple(told["log_odds"]), told["by_category"], told["missing"])
            for name, told in content["bins"].items()
        }
        return cls(content["intercept"], bins)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"intercept": self.intercept, "bins": {name: _plain(asdict(bins)) for name, bins in self.bins.items()}}

    def log_odds(self, X: pd.DataFrame) -> Floats:
        """Return the log-odds of default, shape (n_rows,); columns are found by name, KeyError where one is missing."""
        total = np.full(len(X), self.intercept)
        for name, bins in self.bins.items():
            total += bins.of(X[name])
        return total


def calibrated_scorecard(
    X: pd.DataFrame,
    bad: ArrayLike,
    groups: ArrayLike,
    weight: Floats,
    *,
    directions: Mapping[str, int],
    n_folds: int,
    seed: int,
    central_tendency: float | None,
) -> ScorecardTable:
    """Return the scorecard of all rows, calibrated as the model is: on the log-odds of rows whose group it never saw.

    A scorecard of many features is too sure of itself on the rows it was fitted on; uncalibrated it would call the best
    applicants far better than the model does, and the riskiest far worse.
    """
    outcome = np.asarray(bad, dtype=np.int64)
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    out_of_fold = np.empty(len(X))
    for learnt, held_out in folds.split(X, outcome, groups):
        card = WoeScorecard(directions=directions).fit(X.iloc[learnt], outcome[learnt], sample_weight=weight[learnt])
        out_of_fold[held_out] = card.decision_function(X.iloc[held_out])
    calibration = fit_calibration(out_of_fold, outcome == 1, weight, central_tendency)
    return ScorecardTable.of(WoeScorecard(directions=directions).fit(X, outcome, sample_weight=weight), calibration)


def _bins(fitted: FeatureBins, categories: tuple[str, ...] | None, coefficient: float) -> Bins:
    *known, missing = (float(x) for x in -coefficient * fitted.woe)
    if categories is None or fitted.bin_of_code is None:
        return Bins(tuple(float(e) for e in fitted.edges), tuple(known), {}, missing)
    by_category = {name: known[place] for name, place in zip(categories, fitted.bin_of_code, strict=True)}
    return Bins((), (), by_category, missing)


def _plain(bins: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in bins.items()}
