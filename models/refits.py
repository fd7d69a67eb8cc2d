"""Would another sample have given other reasons? Models refitted on customers drawn with replacement, and how far they agree.

Source: Nogueira, Sechidis and Brown (2018), "On the stability of feature selection algorithms", for the overlap; Kendall
(1938) for the agreement of rankings.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from features.catalogue import Catalogue
from models.bundle import Bundle
from models.default_risk import DefaultRiskModel
from models.explanation import Explanation, explain, importance
from models.scaling import PointsScale

Found = TypeVar("Found")

CLEAR_POINTS = 5.0
"""Contributions smaller than this may change sign: nobody is told of them."""

WORST = 3


def refit(
    settings: DefaultRiskModel,
    trees: int,
    X: pd.DataFrame,
    rows: pd.DataFrame,
    explained: pd.DataFrame,
    catalogue: Catalogue,
    seed: int,
) -> Explanation:
    """Return `explained` explained by a model refitted on as many groups, drawn with replacement.

    `rows` has label, group and weight of X. The refit grows at most `trees` trees by the settings; two folds calibrate it.
    """
    drawn = _drawn(rows["group"], np.random.default_rng(seed))
    shorter: dict[str, Any] = {"n_estimators": trees, "early_stopping_rounds": trees, "n_folds": 2, "num_threads": 1}
    model = DefaultRiskModel(**{**settings.get_params(), **shorter})
    chosen = rows.iloc[drawn]
    model.fit(X.iloc[drawn], chosen["label"], groups=chosen["group"], sample_weight=chosen["weight"])
    bundle = Bundle.from_model(model, scale=PointsScale(), reference={}, fingerprints={})
    return explain(bundle, explained, catalogue)


def _drawn(group: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Return the positions of the rows of groups drawn with replacement, a group's rows together."""
    places = list(group.reset_index(drop=True).groupby(group.to_numpy(), sort=True).indices.values())
    return np.concatenate([places[k] for k in random.integers(0, len(places), len(places))])


def refits(one: Callable[[int], Found], seeds: list[int], threads: int) -> list[Found]:
    """Return what `one` gives for each seed, several at a time; the order is that of the seeds."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, seeds))


def agreement(reference: pd.DataFrame, others: list[pd.DataFrame]) -> dict[str, float]:
    """Return the medians over refits of three agreements with the reference's indicator points, each in [0, 1] or [-1, 1].

    `share_tau`: Kendall's tau of the indicators' shares. `sign_agreement`: contributions beyond 5 points that keep their sign.
    `worst_overlap`: Jaccard index of an applicant's three worst indicators, averaged over applicants. NaN without refits.
    """
    if not others:
        return dict.fromkeys(("share_tau", "sign_agreement", "worst_overlap"), float("nan"))
    rows = [_agreement(reference, other[list(reference.columns)]) for other in others]
    return {name: float(np.median([row[name] for row in rows])) for name in rows[0]}


def share_intervals(others: list[pd.DataFrame], level: float = 0.95) -> pd.DataFrame:
    """Return low and high of every column's share of mean absolute points over the refits, index = column."""
    shares = pd.DataFrame([importance(other)["share"] for other in others])
    tail = (1 - level) / 2
    return pd.DataFrame({"low": shares.quantile(tail), "high": shares.quantile(1 - tail)})


def pd_intervals(points: pd.Series, others: list[Explanation], scale: PointsScale, level: float = 0.9) -> pd.DataFrame:
    """Return low and high of each applicant's PD: the spread of the refits about their median, set about `points`.

    Rows as explained, none without refits. The spread and not the PDs themselves: a refit sees fewer different customers and
    is calibrated on two folds, which pulls all its PDs towards the mean.
    """
    if not others:
        return pd.DataFrame({"low": [], "high": []}, dtype=np.float64)
    told = np.array([other.points for other in others])
    apart = np.quantile(told - np.median(told, axis=0), [(1 + level) / 2, (1 - level) / 2], axis=0)
    low, high = (scale.pd(points.to_numpy() + gap) for gap in apart)
    return pd.DataFrame({"low": low, "high": high})


def _agreement(reference: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    clear = (reference.abs() >= CLEAR_POINTS).to_numpy()
    same = np.sign(reference.to_numpy()) == np.sign(other.to_numpy())
    worst = [np.argsort(frame.to_numpy(), axis=1, kind="stable")[:, :WORST] for frame in (reference, other)]
    common = (worst[0][:, :, None] == worst[1][:, None, :]).any(axis=2).sum(axis=1)
    return {
        "share_tau": float(kendalltau(importance(reference)["share"], importance(other)["share"]).statistic),
        "sign_agreement": float(same[clear].mean()) if clear.any() else float("nan"),
        "worst_overlap": float((common / (2 * worst[0].shape[1] - common)).mean()),
    }
