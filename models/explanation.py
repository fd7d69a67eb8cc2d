"""Shapley values as points: of features, of indicators and of dimensions, exactly additive to the last point.

The calibrated log-odds are affine in the margin, so Shapley values scale by the slope and
`base points + sum of contributions = points` holds for every applicant. An indicator plays as one: its value is that of all
its features together, not the sum of what each would get alone. A dimension's value is the sum of its indicators'.
Source: Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees".
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from features.catalogue import Catalogue
from models.bundle import Bundle
from models.shapley.explainer import Explainer, explainer

Floats = NDArray[np.float64]

LARGEST_GAP = 1e-6
"""Most log-odds that base plus contributions may miss the prediction by; beyond it the explanation is of another model."""

USED_LOG_ODDS = 0.005
"""Mean absolute contribution below which a feature or indicator counts as not used."""

CLEAR_RHO = 0.3
"""Rank correlation from which a direction counts as clear."""

FEWEST_ROWS = 200
"""Rows below which no direction is judged."""


@dataclass(frozen=True)
class Explanation:
    """Contributions in points: positive lowers risk. Rows as in the frame explained.

    `features`, `indicators` and `dimensions` have one column an id, assessed ones only; `log_odds` and `points`
    (unrounded) one value a row. `gap` is the largest miss of additivity in log-odds. `interaction_points` is how far the
    plain sum of an indicator's features lies from the indicator's value, the mean of the absolute differences. `method` is
    "tables", or "pred_contrib" where the model has none: then an indicator is that plain sum.
    """

    base_points: float
    features: pd.DataFrame
    indicators: pd.DataFrame
    dimensions: pd.DataFrame
    log_odds: pd.Series
    points: pd.Series
    gap: float
    interaction_points: float
    method: str

    def of_rows(self, places: NDArray[np.intp]) -> "Explanation":
        """Return the explanation of some of the rows, by their places, numbered anew."""
        frames = ("features", "indicators", "dimensions", "log_odds", "points")
        return replace(self, **{name: getattr(self, name).iloc[places].reset_index(drop=True) for name in frames})


@dataclass(frozen=True)
class Explainers:
    """How a bundle is explained, built once for any number of batches: its indicators as players, and its features beside.

    `indicator_of` holds the indicator of each feature, in the order of the bundle's features.
    """

    indicators: Explainer
    indicator_of: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Bundle, catalogue: Catalogue, *, interventional: bool = False) -> "Explainers":
        """Return the explainers of a bundle: a second or two.

        What is not known takes the shares of the development sample at the nodes or, if `interventional`, the values of the
        bundle's background rows; ValueError if the bundle holds none.
        """
        if interventional and bundle.background is None:
            raise ValueError("the bundle holds no background rows for interventional values; train it anew")
        background = bundle.background if interventional else None
        names = tuple(catalogue.indicator_of(name).id for name in bundle.encoder.names)
        groups = [list(dict.fromkeys(names)).index(name) for name in names]
        return cls(explainer(bundle.booster, groups, background, with_features=True), names)


def explain(
    bundle: Bundle,
    X: pd.DataFrame,
    catalogue: Catalogue,
    *,
    interventional: bool = False,
    explainers: Explainers | None = None,
    threads: int = 1,
) -> Explanation:
    """Return the contribution of every feature, indicator and dimension to every applicant's points.

    X has the bundle's features as columns. `explainers`, if given, are those of the bundle; else they are built. Raises
    ValueError if base and contributions miss the prediction by more than 1e-6 log-odds in any row.
    """
    with_ = explainers or Explainers.of(bundle, catalogue, interventional=interventional)
    matrix, names = bundle.encoder.matrix(X), list(bundle.encoder.names)
    log_odds = pd.Series(bundle.decision_function(X), index=X.index)
    _, *values = with_.indicators.explain(matrix, threads)
    by_indicator, by_feature = (bundle.calibration.slope * each for each in values)
    base = float(bundle.calibration.log_odds(np.array([with_.indicators.base]))[0])
    gap = max(_gap(base, values, log_odds) for values in (by_feature, by_indicator))
    features = _in_points(bundle, by_feature, X.index, names)
    indicators = _in_points(bundle, by_indicator, X.index, list(dict.fromkeys(with_.indicator_of)))
    sums = features.T.groupby(list(with_.indicator_of), sort=False).sum().T
    dimensions = indicators.T.groupby([catalogue.dimension_of(str(i)).id for i in indicators], sort=False).sum().T
    return Explanation(
        base_points=float(bundle.scale.points_from_log_odds(base)),
        features=features,
        indicators=indicators,
        dimensions=dimensions,
        log_odds=log_odds,
        points=pd.Series(bundle.scale.points_from_log_odds(log_odds), index=X.index),
        gap=gap,
        interaction_points=float((sums - indicators).abs().to_numpy().mean()) if len(X) else 0.0,
        method=with_.indicators.method,
    )


def _gap(base: float, values: Floats, log_odds: pd.Series) -> float:
    """Return the largest miss of additivity; ValueError if it is larger than rounding explains."""
    gap = float(np.abs(base + values.sum(axis=1) - log_odds).max()) if len(log_odds) else 0.0
    if not gap <= LARGEST_GAP:
        raise ValueError(
            f"explanations do not add up: base plus contributions miss the prediction by {gap:.3g} log-odds, more than "
            f"{LARGEST_GAP:g}. The bundle and its explainer do not belong together; train anew"
        )
    return gap


def _in_points(bundle: Bundle, values: Floats, index: pd.Index, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(bundle.scale.contribution(values), index=index, columns=names)


def importance(contributions: pd.DataFrame) -> pd.DataFrame:
    """Return mean absolute points and their share of the total per column, index = column."""
    size = contributions.abs().mean()
    return pd.DataFrame({"mean_abs_points": size, "share": size / max(float(size.sum()), 1e-12)})


def importance_of(bundle: Bundle, explainers: Explainers) -> Floats:
    """Return each feature's share of the model's mean absolute points, on the bundle's background rows; shape (n_features,).

    ValueError if the bundle holds no background.
    """
    if bundle.background is None:
        raise ValueError("the bundle holds no background rows to tell what matters to the model; train it anew")
    values = pd.DataFrame(explainers.indicators.explain(bundle.background).features)
    return importance(values)["share"].to_numpy(dtype=np.float64)


def coverage(known: NDArray[np.bool_], weight: Floats) -> Floats:
    """Return by row what known values carry of what matters to the model, 0..1.

    `known` is of shape (n_features, n_rows), `weight` as `importance_of` gives it.
    """
    # Feature after feature, so that a row's sum does not depend on how many rows stand beside it.
    total = np.zeros(known.shape[1])
    for there, share in zip(known, weight, strict=True):
        total += share * there
    return np.round(total, 9)


def feature_directions(explanation: Explanation, X: pd.DataFrame, catalogue: Catalogue, factor: float) -> pd.DataFrame:
    """Return per feature what its values do to risk: rho, verdict and the mean points of applicants without a value.

    rho is Spearman's correlation between value and contribution to risk (not to points) over rows with a value.
    """
    names = [str(name) for name in explanation.features]
    rows = [_feature_direction(name, X[name], explanation.features[name], catalogue, factor) for name in names]
    return pd.DataFrame(rows).set_index("feature")


def _feature_direction(
    name: str, values: pd.Series, points: pd.Series, catalogue: Catalogue, factor: float
) -> dict[str, object]:
    feature, missing = catalogue.feature(name), values.isna()
    number = (
        pd.to_numeric(values, errors="coerce") if not feature.is_category else pd.Series(np.nan, index=values.index)
    )
    rho = _rank_correlation(number, -points)
    used = float(points.abs().mean()) >= USED_LOG_ODDS * factor
    return {
        "feature": name,
        "direction": int(feature.direction),
        "rho": rho,
        "verdict": "not audited" if feature.direction == 0 else direction_verdict(rho, feature.direction, used=used),
        "missing_share": float(missing.mean()),
        "missing_mean_points": float(points[missing].mean()) if missing.any() else None,
    }


def direction_verdict(rho: float | None, direction: int, *, used: bool) -> str:
    """Return "consistent", "inconsistent", "no clear direction", "not used" or "not enough data"."""
    if not used:
        return "not used"
    if rho is None:
        return "not enough data"
    if abs(rho) < CLEAR_RHO:
        return "no clear direction"
    return "consistent" if np.sign(rho) == np.sign(direction) else "inconsistent"


def _rank_correlation(a: pd.Series, b: pd.Series) -> float | None:
    """Return Spearman's rho over rows with both values; None if they are too few or one side is constant."""
    both = a.notna() & b.notna()
    if both.sum() < FEWEST_ROWS or a[both].nunique() < 2 or b[both].nunique() < 2:
        return None
    return float(spearmanr(a[both], b[both]).statistic)


def badness(X: pd.DataFrame, indicator_id: str, catalogue: Catalogue) -> pd.Series:
    """Return the mean percentile rank of an indicator's features, turned so that higher is worse; NaN without any value."""
    features = [f for f in catalogue.features if catalogue.indicator_of(f.id).id == indicator_id]
    directed = [f for f in features if f.direction and not f.is_category and f.id in X]
    ranks = pd.DataFrame({f.id: X[f.id].rank(pct=True) * f.direction for f in directed}, index=X.index)
    return ranks.mean(axis=1) if directed else pd.Series(np.nan, index=X.index)


def indicator_directions(
    explanation: Explanation, X: pd.DataFrame, defaulted: pd.Series, catalogue: Catalogue, factor: float
) -> pd.DataFrame:
    """Return per indicator what the model does with it and what the data say, in separate columns.

    `rho` correlates the badness index with the contribution to risk; `data_rho` correlates the index with defaults.
    """
    rows = []
    for name in map(str, explanation.indicators):
        index, points = badness(X, name, catalogue), explanation.indicators[name]
        rho, data_rho = _rank_correlation(index, -points), _rank_correlation(index, defaulted.astype(float))
        used = float(points.abs().mean()) >= USED_LOG_ODDS * factor
        data_verdict = _data_verdict(data_rho, int((index.notna() & defaulted.notna()).sum()))
        verdict = direction_verdict(rho, 1, used=used)
        rows.append(
            {"indicator": name, "rho": rho, "verdict": verdict, "data_rho": data_rho, "data_verdict": data_verdict}
        )
    return pd.DataFrame(rows).set_index("indicator")


def _data_verdict(rho: float | None, n: int) -> str:
    """Judge a rank correlation with a rare event by its standard error 1/sqrt(n - 1): two of them make a direction."""
    if rho is None:
        return "not enough data"
    if abs(rho) < 2 / np.sqrt(n - 1):
        return "no clear direction"
    return "consistent" if rho > 0 else "inconsistent"


def percentiles(contributions: pd.DataFrame, peers: pd.Series) -> pd.DataFrame:
    """Return for each contribution the share of peers (rows with the same `peers` key) that do no better, in (0, 1]."""
    return contributions.groupby(peers.to_numpy()).rank(pct=True)


def median_case(points: pd.Series) -> int:
    """Return the position of the applicant in the middle of the ranking (the lower of two)."""
    return int(np.argsort(rankdata(points, method="ordinal"))[(len(points) - 1) // 2])
