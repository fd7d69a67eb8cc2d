"""How well a score ranks bads above goods: AUC, Gini, KS, average precision, ROC and CAP curves, and DeLong's inference.

Every function takes `defaulted` (1 for a bad, 0 for a good) and any finite `score` that rises with risk: a PD, log-odds of
default, or points with their sign turned. Only the order of the scores matters.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import rankdata

from models.metrics.checks import Floats, Outcomes, ranking_inputs, require_both_classes
from models.metrics.intervals import Estimate, tails


@dataclass(frozen=True)
class KsPoint:
    """The largest gap between the two distributions, in [0, 1], and the lowest score at which it is reached."""

    value: float
    score: float


@dataclass(frozen=True)
class Comparison:
    """Two AUCs on the same rows: `difference` is the first minus the second, `p_value` of the two-sided test of none."""

    difference: float
    z: float
    p_value: float


@dataclass(frozen=True)
class Decline:
    """An AUC that fell: `loss` is the AUC at development minus the AUC now, `p_value` of the one-sided test of no loss."""

    loss: float
    z: float
    p_value: float


class _Tally(NamedTuple):
    """Goods and bads at or below each distinct score, scores rising."""

    score: Floats
    goods_up_to: NDArray[np.int64]
    bads_up_to: NDArray[np.int64]

    @property
    def goods(self) -> NDArray[np.int64]:
        return np.diff(self.goods_up_to, prepend=0)

    @property
    def bads(self) -> NDArray[np.int64]:
        return np.diff(self.bads_up_to, prepend=0)


def auc(defaulted: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a random bad has a higher score than a random good; ties count half.

    Parameters
    ----------
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    score : shape (n_rows,), finite, rising with risk.

    Returns
    -------
    float in [0, 1] : 1 ranks perfectly, 0.5 no better than chance, below 0.5 the sign is reversed.

    Raises
    ------
    NotEstimable : if all rows are goods or all are bads. ValueError : for unpaired, missing or infinite values.

    References: Mann-Whitney U with mid-ranks; Bamber (1975), J. Mathematical Psychology 12(4).
    """
    return _auc(_tally(*ranking_inputs(defaulted, score, "AUC")))


def gini(defaulted: ArrayLike, score: ArrayLike) -> float:
    """Gini (accuracy ratio, Somers' D): 2 AUC - 1, also the area under the CAP curve as a share of the perfect one.

    Inputs and errors as in `auc`. Returns a float in [-1, 1]: 1 ranks perfectly, 0 no better than chance.

    References: Engelmann, Hayden and Tasche (2003), "Testing rating accuracy", Risk 16(1).
    """
    return 2 * _auc(_tally(*ranking_inputs(defaulted, score, "Gini"))) - 1


def ks(defaulted: ArrayLike, score: ArrayLike) -> float:
    """Kolmogorov-Smirnov: the largest absolute gap between the cumulative distributions of bads and goods.

    Inputs and errors as in `auc`. Returns a float in [0, 1]: 1 separates perfectly, 0 not at all. It does not tell a score
    from its reverse.

    References: Smirnov (1948), Annals of Mathematical Statistics 19(2).
    """
    return ks_point(defaulted, score).value


def ks_point(defaulted: ArrayLike, score: ArrayLike) -> KsPoint:
    """KS as in `ks`, together with the score at which the gap is largest: the cut-off that separates best."""
    tally = _tally(*ranking_inputs(defaulted, score, "KS"))
    gap = np.abs(tally.bads_up_to / tally.bads_up_to[-1] - tally.goods_up_to / tally.goods_up_to[-1])
    widest = int(gap.argmax())
    return KsPoint(float(gap[widest]), float(tally.score[widest]))


def average_precision(defaulted: ArrayLike, score: ArrayLike) -> float:
    """Average precision: the share of bads among the rows scored at least as high, averaged over the bads.

    Inputs and errors as in `auc`. Returns a float in (0, 1]: 1 ranks perfectly; a score that ranks by chance gets about the
    default rate, so values compare only between models on the same rows. Ties are one threshold; nothing is interpolated.

    References: Buckley and Voorhees (2000), SIGIR; Davis and Goadrich (2006), ICML, on why interpolation misleads.
    """
    tally = _tally(*ranking_inputs(defaulted, score, "average precision"))
    bads, goods = tally.bads, tally.goods
    bads_from = bads[::-1].cumsum()[::-1]
    goods_from = goods[::-1].cumsum()[::-1]
    return float((bads * (bads_from / (bads_from + goods_from))).sum() / bads.sum())


def roc_curve(defaulted: ArrayLike, score: ArrayLike, points: int = 200) -> pd.DataFrame:
    """The ROC curve for a plot: columns `fpr` and `tpr` in [0, 1], rising from (0, 0) to (1, 1), at most `points` rows.

    Inputs and errors as in `auc`, and ValueError for fewer than two points. Rows kept are spread evenly along the curve, so
    that its steep beginning is as smooth as its flat end.
    """
    if points < 2:
        raise ValueError(f"a ROC curve needs at least 2 points, its two ends; got {points}.")
    fpr, tpr = roc_steps(*ranking_inputs(defaulted, score, "ROC curve"))
    kept = np.unique(np.searchsorted(fpr + tpr, np.linspace(0, 2, points)))
    return pd.DataFrame({"fpr": fpr[kept], "tpr": tpr[kept]})


def roc_steps(outcomes: Outcomes, scores: Floats) -> tuple[Floats, Floats]:
    """Return every corner of the ROC curve as shares of goods and of bads declined, riskiest first, of checked inputs."""
    tally = _tally(outcomes, scores)
    fpr = np.append(0, tally.goods[::-1].cumsum()) / tally.goods_up_to[-1]
    tpr = np.append(0, tally.bads[::-1].cumsum()) / tally.bads_up_to[-1]
    return fpr, tpr


def partial_auc(defaulted: ArrayLike, score: ArrayLike, most_fpr: float = 0.2) -> float:
    """AUC over the cut-offs that decline at most a share `most_fpr` of the goods, in (0, 1], standardised.

    Inputs and errors as in `auc`, and ValueError for a share outside (0, 1]. Returns a float, 1 if perfect and 0.5 by chance
    as the AUC itself, which it equals at a share of 1. Lending declines few goods: the rest of the curve is never used.

    References: McClish (1989), "Analyzing a portion of the ROC curve", Medical Decision Making 9(3).
    """
    if not 0 < most_fpr <= 1:
        raise ValueError(f"the share of goods declined must lie in (0, 1], such as 0.2; got {most_fpr}.")
    fpr, tpr = roc_steps(*ranking_inputs(defaulted, score, "partial AUC"))
    # The first corner at or beyond the limit: a vertical rise at the limit itself adds no area.
    end = int(np.searchsorted(fpr, most_fpr))
    slope = (tpr[end] - tpr[end - 1]) / (fpr[end] - fpr[end - 1])
    reached = tpr[end - 1] + slope * (most_fpr - fpr[end - 1])
    area = np.trapezoid(np.append(tpr[:end], reached), np.append(fpr[:end], most_fpr))
    by_chance = most_fpr**2 / 2
    return float((1 + (area - by_chance) / (most_fpr - by_chance)) / 2)


def cap_curve(defaulted: ArrayLike, score: ArrayLike, points: int = 200) -> pd.DataFrame:
    """The CAP curve for a plot: share of all declined, share of bads caught, riskiest first, from (0, 0) to (1, 1).

    Inputs and errors as in `roc_curve`. Columns `declined` and `caught`, at most `points` rows.

    References: Engelmann, Hayden and Tasche (2003), "Testing rating accuracy", Risk 16(1).
    """
    roc = roc_curve(defaulted, score, points)
    bad_rate = float(np.mean(np.asarray(defaulted, dtype=np.float64)))
    return pd.DataFrame({"declined": (1 - bad_rate) * roc["fpr"] + bad_rate * roc["tpr"], "caught": roc["tpr"]})


def accuracy_ratio(defaulted: ArrayLike, score: ArrayLike) -> float:
    """Accuracy ratio: area between CAP curve and diagonal as a share of the perfect model's; equal to the Gini.

    Inputs and errors as in `auc`. Returns a float in [-1, 1]. It is measured on the CAP curve, so that the two routes to one
    number check each other. References: Engelmann, Hayden and Tasche (2003), "Testing rating accuracy", Risk 16(1).
    """
    outcomes, scores = ranking_inputs(defaulted, score, "accuracy ratio")
    fpr, tpr = roc_steps(outcomes, scores)
    bad_rate = outcomes.mean()
    area = np.trapezoid(tpr, (1 - bad_rate) * fpr + bad_rate * tpr)
    return float((area - 0.5) / ((1 - bad_rate) / 2))


def delong_interval(defaulted: ArrayLike, score: ArrayLike, level: float = 0.95) -> Estimate:
    """AUC with DeLong's interval, taken on logit(AUC) so that it stays inside (0, 1).

    Inputs as in `auc`; `level` in (0, 1). Rows count as independent: where customers come back, use `cluster_bootstrap`.
    At an AUC of exactly 0 or 1 the variance cannot be estimated, and `low` and `high` are NaN.

    Raises NotEstimable with fewer than two goods or two bads, and ValueError as `auc` does.

    References: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3); Sun and Xu (2014), IEEE Signal Processing
    Letters 21(11), for the mid-ranks; Pepe (2003), "The Statistical Evaluation of Medical Tests", 5.2, for the logit.
    """
    z = ndtri(tails(level)[1])
    outcomes, scores = _delong_inputs(defaulted, score)
    value = _auc(_tally(outcomes, scores))
    if value in (0, 1):
        return Estimate(value, float("nan"), float("nan"))
    half_width = z * np.sqrt(_variance(*_placements(outcomes, scores))) / (value * (1 - value))
    return Estimate(value, float(expit(logit(value) - half_width)), float(expit(logit(value) + half_width)))


def delong_paired(defaulted: ArrayLike, score_a: ArrayLike, score_b: ArrayLike) -> Comparison:
    """Whether two scores of the same rows rank differently well: AUC of `score_a` minus AUC of `score_b`.

    Inputs and errors as in `delong_interval`. Two scores that rank alike differ by 0 with p = 1.

    References: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3).
    """
    outcomes, scores_a = _delong_inputs(defaulted, score_a)
    _, scores_b = _delong_inputs(defaulted, score_b)
    bads_a, goods_a = _placements(outcomes, scores_a)
    bads_b, goods_b = _placements(outcomes, scores_b)
    difference = _auc(_tally(outcomes, scores_a)) - _auc(_tally(outcomes, scores_b))
    # The variance of the differences holds the covariance of the two AUCs, and is exactly 0 for scores that rank alike.
    error = float(np.sqrt(_variance(bads_a - bads_b, goods_a - goods_b)))
    z = _in_errors(difference, error)
    return Comparison(difference, z, float(2 * ndtr(-abs(z))))


def auc_decline(defaulted: ArrayLike, score: ArrayLike, auc_at_development: float) -> Decline:
    """Whether the AUC has fallen below that at development, which counts as known: one-sided, z = loss / DeLong's error.

    Inputs and errors as in `delong_interval`. At an AUC of 0 or 1, which has no error, z is infinite unless the loss is 0.

    References: ECB (2019), "Instructions for reporting the validation results of internal models", annex 1.
    """
    outcomes, scores = _delong_inputs(defaulted, score)
    loss = auc_at_development - _auc(_tally(outcomes, scores))
    z = _in_errors(loss, float(np.sqrt(_variance(*_placements(outcomes, scores)))))
    return Decline(loss, z, float(ndtr(-z)))


def _tally(outcomes: Outcomes, scores: Floats) -> _Tally:
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    bads_up_to = np.cumsum(outcomes[order], dtype=np.int64)[last_of_tie]
    return _Tally(ranked[last_of_tie], last_of_tie + 1 - bads_up_to, bads_up_to)


def _auc(tally: _Tally) -> float:
    goods, bads = tally.goods, tally.bads
    # Twice the goods ranked below, ties as halves: whole numbers, so that the sum is exact.
    twice_outranked = 2 * tally.goods_up_to - goods
    return float((bads * twice_outranked).sum() / (2 * bads.sum() * goods.sum()))


def _delong_inputs(defaulted: ArrayLike, score: ArrayLike) -> tuple[Outcomes, Floats]:
    outcomes, scores = ranking_inputs(defaulted, score, "DeLong's variance")
    require_both_classes(outcomes, "DeLong's variance", at_least=2)
    return outcomes, scores


def _placements(outcomes: Outcomes, scores: Floats) -> tuple[Floats, Floats]:
    """For each bad the share of goods ranked below it, for each good the share of bads above it; ties count half."""
    n_bads, n_goods = outcomes.sum(), (~outcomes).sum()
    ranks = rankdata(scores)
    goods_below = (ranks[outcomes] - rankdata(scores[outcomes])) / n_goods
    bads_above = 1 - (ranks[~outcomes] - rankdata(scores[~outcomes])) / n_bads
    return goods_below, bads_above


def _in_errors(difference: float, error: float) -> float:
    if error > 0:
        return difference / error
    return float(np.copysign(np.inf, difference)) if difference else 0.0


def _variance(of_bads: Floats, of_goods: Floats) -> float:
    return float(of_bads.var(ddof=1) / of_bads.size + of_goods.var(ddof=1) / of_goods.size)
