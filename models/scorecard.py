"""The WoE scorecard: what a bank would build by hand, and what the trees must beat.

Each feature is cut into a few bins of monotone risk, each bin is given its weight of evidence (WoE), and a logistic regression
adds the WoEs up. Weight of evidence is ln(share of all goods in the bin / share of all bads in it): positive is safer.

References: Siddiqi (2017), "Intelligent Credit Scoring"; Lessmann et al. (2015), "Benchmarking state-of-the-art classification
algorithms for credit scoring", EJOR 247(1), for the logistic scorecard as the yardstick.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
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

from models.encoding import FeatureEncoder

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

PSEUDO_ROWS = 0.5
"""Half an average customer in every bin keeps the WoE of a bin without goods or bads finite, and that of an empty one 0."""

MISSING, OTHER = "missing", "other"


@dataclass(frozen=True)
class FeatureBins:
    """The bins of one feature, and the goods and bads that they held when fitting; the last bin is for missing values.

    A number has rising inner `edges` (a bin holds `edge before < value <= edge`); a category has `bin_of_code`, the bin of
    each of its codes. `labels`, `goods` and `bads` (sums of weights) have one entry a bin.
    """

    labels: tuple[str, ...]
    edges: Floats
    bin_of_code: Places | None
    goods: Floats
    bads: Floats

    @property
    def woe(self) -> Floats:
        """Weight of evidence of each bin: positive is safer, 0 for a bin that held nobody."""
        return _woe(self.goods, self.bads, self.goods.sum(), self.bads.sum())

    @property
    def information_value(self) -> float:
        """Sum over bins of (share of goods - share of bads) x WoE, at least 0; below 0.02 a feature tells next to nothing."""
        gap = self.goods / self.goods.sum() - self.bads / self.bads.sum()
        return float((gap * self.woe).sum())

    def place(self, values: Floats) -> Places:
        """Return the bin of each value (a category's code), shape (n_rows,)."""
        missing = np.isnan(values)
        if self.bin_of_code is None:
            places = np.searchsorted(self.edges, values)
        else:
            places = self.bin_of_code[np.where(missing, 0, values).astype(np.intp)]
        return np.where(missing, len(self.labels) - 1, places)


class _Rows(NamedTuple):
    """Rows to learn from: matrix (n_rows, n_features) or one column of it, bad and weight (n_rows,)."""

    values: Floats
    bad: Bools
    weight: Floats

    def column(self, place: int) -> "_Rows":
        return _Rows(self.values[:, place], self.bad, self.weight)

    def where(self, chosen: Bools) -> "_Rows":
        return _Rows(self.values[chosen], self.bad[chosen], self.weight[chosen])

    def counted(self, place: Places, bins: int) -> Floats:
        """Weight of goods and of bads in each bin, shape (2, bins)."""
        return np.stack(
            [np.bincount(place, weights=self.weight * (self.bad == is_bad), minlength=bins) for is_bad in (False, True)]
        )


class WoeScorecard(ClassifierMixin, BaseEstimator):
    """Probability of default from monotone WoE bins and a logistic regression whose coefficients cannot turn a sign.

    `log-odds of default = intercept_ - sum of coef_ * WoE`, coefficients at least 0: a riskier bin never scores better,
    whatever the features share. No sampling and no seed: the same data give the same scorecard, in any order of rows.

    Parameters
    ----------
    directions : by column, +1 if a higher value is riskier, -1 if it is safer, 0 or absent if the data may choose.
    fine_bins : quantile bins of the known values to begin with; they are merged until risk is monotone.
    smallest_share : share of all rows, in (0, 0.5], that a bin of known values must hold; rarer categories become "other".
    ridge : penalty on half the squared coefficients, at least 0, against columns that say the same.

    Attributes
    ----------
    bins_ : FeatureBins by feature. coef_ : shape (n_features,), at least 0. intercept_ : log-odds of default at WoE 0.
    encoder_, classes_, n_features_in_, feature_names_in_ : as in `DefaultRiskModel`; the second class is default.
    """

    def __init__(
        self,
        *,
        directions: Mapping[str, int] | None = None,
        fine_bins: int = 20,
        smallest_share: float = 0.05,
        ridge: float = 1.0,
    ):
        self.directions = directions
        self.fine_bins = fine_bins
        self.smallest_share = smallest_share
        self.ridge = ridge

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn: missing values are welcome, more than two classes are not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: pd.DataFrame | ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> "WoeScorecard":
        """Cut the bins and fit the coefficients; y has two values, the greater is default.

        X is a frame of numbers and text with NaN, or a plain array of numbers; a row of weight 2 counts as two rows. Raises
        ValueError for one class, infinite values, columns of neither numbers nor text, and directions that name no column
        or a category.
        """
        check_scalar(self.fine_bins, "fine_bins", int, min_val=2)
        check_scalar(self.smallest_share, "smallest_share", (int, float), min_val=0, max_val=0.5)
        check_scalar(self.ridge, "ridge", (int, float), min_val=0)
        frame = self._frame(X, reset=True)
        bad = self._outcome(y)
        check_consistent_length(frame, bad)
        self.encoder_ = FeatureEncoder.learn(frame)
        directions = self._directions()
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        rows = _Rows(self.encoder_.matrix(frame), bad, weight).where(weight > 0)
        _refuse_one_class(rows.bad)
        self.bins_ = {
            name: self._cut(name, rows.column(place), directions.get(name, 0))
            for place, name in enumerate(self.encoder_.names)
        }
        self.intercept_, self.coef_ = _fit_non_negative(rows._replace(values=self._risk(rows.values)), self.ridge)
        return self

    def decision_function(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Return the log-odds of default, shape (n_rows,)."""
        check_is_fitted(self)
        return self.intercept_ + self._risk(self.encoder_.matrix(self._frame(X, reset=False))) @ self.coef_

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Return the probabilities of good and of default, shape (n_rows, 2)."""
        log_odds = self.decision_function(X)
        return np.column_stack([expit(-log_odds), expit(log_odds)])

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[Any]:
        """Return the likelier class, shape (n_rows,). For lending use a cut-off on PD or points instead."""
        likely_bad = self.decision_function(X) > 0
        return self.classes_[likely_bad.astype(np.intp)]

    def table(self) -> pd.DataFrame:
        """Return the scorecard, one row a bin: feature, bin, n, share, bads, bad_rate, woe, log_odds, information_value.

        n and bads are sums of weights. `log_odds` is what the bin adds to the log-odds of default, `information_value` is the
        feature's. A missing bin that held nobody is listed with a bad rate of NaN.
        """
        check_is_fitted(self)
        tables = [_table(name, bins, coef) for (name, bins), coef in zip(self.bins_.items(), self.coef_, strict=True)]
        return pd.concat(tables, ignore_index=True)

    def _cut(self, name: str, rows: _Rows, direction: int) -> FeatureBins:
        at_least = self.smallest_share * rows.weight.sum()
        if name in self.encoder_.categories:
            return _category_bins(rows, self.encoder_.categories[name], at_least)
        return _number_bins(rows, direction, self.fine_bins, at_least)

    def _risk(self, matrix: Floats) -> Floats:
        """WoE with its sign turned, so that it rises with risk, of every value, shape (n_rows, n_features)."""
        columns = [-bins.woe[bins.place(matrix[:, place])] for place, bins in enumerate(self.bins_.values())]
        return np.column_stack(columns)

    def _directions(self) -> dict[str, int]:
        directions = dict(self.directions or {})
        unknown = sorted(directions.keys() - set(self.encoder_.names))
        if unknown:
            raise ValueError(f"directions name columns that X does not have: {', '.join(unknown)}")
        for name, sign in directions.items():
            if sign not in (-1, 0, 1):
                raise ValueError(f"direction of {name!r} must be -1, 0 or 1, got {sign!r}")
            if sign and name in self.encoder_.categories:
                raise ValueError(f"{name!r} is a category and has no order: give it direction 0, not {sign}")
        return directions

    def _frame(self, X: pd.DataFrame | ArrayLike, *, reset: bool) -> pd.DataFrame:
        """X as a frame with the names fitted on; plain arrays are checked as scikit-learn does and named x0, x1, ..."""
        if isinstance(X, pd.DataFrame) and X.size and all(isinstance(name, str) for name in X.columns):
            if reset:
                validate_data(self, X, skip_check_array=True)  # learns feature_names_in_
            return X
        values = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        names = [f"x{place}" for place in range(values.shape[1])] if reset else self.encoder_.names
        return pd.DataFrame(values, columns=pd.Index(names))

    def _outcome(self, y: ArrayLike) -> Bools:
        if y is None:
            raise ValueError("WoeScorecard requires y to be passed, but the target y is None: fit needs outcomes")
        values = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_classification_targets(values)
        self.classes_ = np.unique(values)
        if len(self.classes_) > 2:
            kind = type_of_target(values)
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        return values == self.classes_[-1] if len(self.classes_) > 1 else np.zeros(len(values), dtype=np.bool_)


def _refuse_one_class(bad: Bools) -> None:
    if bad.all() or not bad.any():
        raise ValueError(
            f"a scorecard needs goods and bads; got {bad.size} rows of one class only. "
            "Check the label, or widen the development window."
        )


def _woe(goods: Floats, bads: Floats, all_goods: float, all_bads: float) -> Floats:
    prior = PSEUDO_ROWS / (all_goods + all_bads)
    return np.log((goods / all_goods + prior) / (bads / all_bads + prior))


def _number_bins(rows: _Rows, direction: int, fine_bins: int, at_least: float) -> FeatureBins:
    """Bins of monotone risk in the given direction, or in the one that tells more if it is 0."""
    signs = (direction,) if direction else (1, -1)
    edges = [_monotone_edges(rows, sign, fine_bins, at_least) for sign in signs]
    return max((_filled(_intervals(e), e, None, rows) for e in edges), key=lambda bins: bins.information_value)


def _monotone_edges(rows: _Rows, direction: int, fine_bins: int, at_least: float) -> Floats:
    """Quantiles of the known values, thinned until every bin is large enough and risk runs in the direction."""
    known = rows.where(~np.isnan(rows.values))
    if not known.values.size:
        return np.empty(0)
    shares = np.arange(1, fine_bins) / fine_bins
    quantiles = np.quantile(known.values, shares, method="inverted_cdf", weights=known.weight)
    edges = np.unique(quantiles[quantiles < known.values.max()])
    counts = known.counted(np.searchsorted(edges, known.values), edges.size + 1)
    all_goods, all_bads = rows.weight[~rows.bad].sum(), rows.weight[rows.bad].sum()
    while edges.size:
        merged = _bin_to_merge(counts.sum(axis=0), _woe(counts[0], counts[1], all_goods, all_bads), direction, at_least)
        if merged is None:
            break
        counts[:, merged] += counts[:, merged + 1]
        counts, edges = np.delete(counts, merged + 1, axis=1), np.delete(edges, merged)
    return edges


def _bin_to_merge(sizes: Floats, woe: Floats, direction: int, at_least: float) -> int | None:
    """The bin to merge with the next one: first the smallest of those too small, then the one most out of order."""
    gaps = np.diff(woe)
    if sizes.min() < at_least:
        smallest = int(sizes.argmin())
        neighbours = [pair for pair in (smallest - 1, smallest) if 0 <= pair < gaps.size]
        return min(neighbours, key=lambda pair: float(abs(gaps[pair])))
    # WoE falls as risk rises.
    worsens = -direction * gaps
    return int(worsens.argmin()) if worsens.min() <= 0 else None


def _category_bins(rows: _Rows, categories: tuple[str, ...], at_least: float) -> FeatureBins:
    """One bin a category that is frequent enough, one for all the others."""
    known = rows.where(~np.isnan(rows.values))
    sizes = known.counted(known.values.astype(np.intp), len(categories)).sum(axis=0)
    frequent = np.flatnonzero(sizes >= at_least)
    others = (OTHER,) if len(frequent) < len(categories) else ()
    bin_of_code = np.full(len(categories), len(frequent), dtype=np.intp)
    bin_of_code[frequent] = np.arange(len(frequent))
    labels = (*(categories[code] for code in frequent), *others, MISSING)
    return _filled(labels, np.empty(0), bin_of_code, rows)


def _intervals(edges: Floats) -> tuple[str, ...]:
    bounds = ["-inf", *(f"{edge:.6g}" for edge in edges), "inf"]
    return (*(f"({low}, {high}]" for low, high in pairwise(bounds)), MISSING)


def _filled(labels: tuple[str, ...], edges: Floats, bin_of_code: Places | None, rows: _Rows) -> FeatureBins:
    """The bins with the goods and bads of the rows fitted on."""
    place = FeatureBins(labels, edges, bin_of_code, np.empty(0), np.empty(0)).place(rows.values)
    goods, bads = rows.counted(place, len(labels))
    return FeatureBins(labels, edges, bin_of_code, goods, bads)


def _fit_non_negative(rows: _Rows, ridge: float) -> tuple[float, Floats]:
    """Intercept and coefficients, none below 0, of the logistic regression of bads on risk with a ridge penalty."""
    risk, bad, weight = rows
    total = weight.sum()

    def loss(line: Floats) -> tuple[float, Floats]:
        log_odds = line[0] + risk @ line[1:]
        missed = weight * (expit(log_odds) - bad)
        likelihood = weight @ np.logaddexp(0, np.where(bad, -log_odds, log_odds))
        gradient = np.append(missed.sum(), missed @ risk + ridge * line[1:])
        return float(likelihood + ridge / 2 * (line[1:] @ line[1:])) / total, gradient / total

    start = np.append(logit(weight @ bad / total), np.zeros(risk.shape[1]))
    bounds = [(None, None), *[(0, None)] * risk.shape[1]]
    options = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-9}
    line = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    return float(line[0]), line[1:]


def _table(name: str, bins: FeatureBins, coefficient: float) -> pd.DataFrame:
    n = bins.goods + bins.bads
    return pd.DataFrame(
        {
            "feature": name,
            "bin": bins.labels,
            "n": n,
            "share": n / n.sum(),
            "bads": bins.bads,
            "bad_rate": bins.bads / np.where(n > 0, n, np.nan),
            "woe": bins.woe,
            "log_odds": -coefficient * bins.woe,
            "information_value": bins.information_value,
        }
    )
