"""Whether PDs mean what they say: Brier, log-loss, calibration error, slope and intercept, the reliability table.

Every function takes `defaulted` (1 for a bad, 0 for a good) and `pd_12m`, PDs strictly between 0 and 1. Nothing is clipped:
a PD of 0 or 1 claims certainty, and is refused.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import rankdata

from models.metrics.checks import Floats, NotEstimable, Outcomes, calibration_inputs, require_both_classes
from models.metrics.intervals import Estimate, jeffreys_interval, tails

ECE_BINS = 15
NEWTON_STEPS = 100


def brier(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Brier score: the mean squared difference of PD and outcome.

    Parameters
    ----------
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), in (0, 1).

    Returns
    -------
    float in (0, 1) : lower is better. It scales with the default rate, so compare it only on the same rows.

    Raises
    ------
    NotEstimable : without rows. ValueError : for unpaired or missing values, or PDs outside (0, 1).

    References: Brier (1950), Monthly Weather Review 78(1).
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "Brier score")
    return _brier(outcomes, pds)


def brier_skill(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Brier skill: the share of the Brier score saved against giving every row the observed default rate.

    Inputs and errors as in `brier`, and NotEstimable if all rows are goods or all are bads. Returns a float below 1: 0 is no
    better than one rate for all, negative is worse.

    References: Murphy (1973), J. Applied Meteorology 12(4).
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "Brier skill")
    require_both_classes(outcomes, "Brier skill")
    rate = outcomes.mean()
    return float(1 - _brier(outcomes, pds) / (rate * (1 - rate)))


def log_loss(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Log-loss: the mean of -ln(probability given to what happened), in nats.

    Inputs and errors as in `brier`. Returns a float above 0, without upper limit: lower is better.

    References: Good (1952), "Rational decisions", JRSS B 14(1).
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "log-loss")
    return float(-np.where(outcomes, np.log(pds), np.log1p(-pds)).mean())


def ece(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Expected calibration error: the mean absolute gap of default rate and mean PD over 15 bins of equal count by PD.

    Inputs and errors as in `brier`. Returns a float in [0, 1), in units of PD: lower is better. Equal PDs share a bin. Noise
    alone keeps it above 0: with few bads a bin, a perfect model shows some error.

    References: Naeini, Cooper and Hauskrecht (2015), AAAI; bins of equal count as in Nixon et al. (2019), CVPR workshops.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "ECE")
    surplus = np.bincount(equal_count_bins(pds, ECE_BINS), weights=outcomes - pds)
    return float(np.abs(surplus).sum() / outcomes.size)


def mce(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Maximum calibration error: the largest gap of default rate and mean PD over the bins of `ece`.

    Inputs, errors and range as in `ece`, which it is at least as large as; one thin bin of heavy ties can fill it with noise.

    References: Naeini, Cooper and Hauskrecht (2015), AAAI.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "MCE")
    bins = equal_count_bins(pds, ECE_BINS)
    sizes = np.bincount(bins)
    surplus = np.bincount(bins, weights=outcomes - pds)[sizes > 0]
    return float((np.abs(surplus) / sizes[sizes > 0]).max())


def calibration_slope(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Slope b of the logistic regression `logit P(default) = a + b logit(PD)`.

    Inputs and errors as in `brier`. Returns a float, 1 if calibrated: below 1 the PDs are spread too far (overfitting), above
    1 too little, below 0 they rank backwards.

    Raises NotEstimable if there are no goods or no bads, if all PDs are equal, or if one PD separates goods from bads (then
    no finite slope is best).

    References: Cox (1958), Biometrika 45; Van Calster et al. (2019), "Calibration: the Achilles heel", BMC Medicine 17.
    """
    return _slope(defaulted, pd_12m)[0]


def calibration_slope_interval(defaulted: ArrayLike, pd_12m: ArrayLike, level: float = 0.95) -> Estimate:
    """The calibration slope with its Wald interval, from the curvature of the likelihood; rows count as independent.

    Inputs and errors as in `calibration_slope`; `level` in (0, 1). References: Cox (1958), Biometrika 45.
    """
    return _wald(*_slope(defaulted, pd_12m), level)


def calibration_in_the_large(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Calibration in the large: the intercept a of `logit P(default) = a + logit(PD)`, the slope held at 1.

    Inputs and errors as in `brier`, and NotEstimable if all rows are goods or all are bads. Returns a float in log-odds, 0 if
    calibrated: positive if the PDs are too low (exp(a) times the odds came true), negative if they are too high.

    References: Van Calster et al. (2016), J. Clinical Epidemiology 74; weak calibration, with the log-odds as offset.
    """
    return _shift(defaulted, pd_12m)[0]


def calibration_in_the_large_interval(defaulted: ArrayLike, pd_12m: ArrayLike, level: float = 0.95) -> Estimate:
    """Calibration in the large with its Wald interval, which covers 0 if the level of the PDs may be right.

    Inputs and errors as in `calibration_in_the_large`; `level` in (0, 1). Rows count as independent.
    References: Van Calster et al. (2016), J. Clinical Epidemiology 74.
    """
    return _wald(*_shift(defaulted, pd_12m), level)


def calibration_in_the_large_p(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """P-value of the two-sided Wald test that the PDs have the right level; below 5% the 95% interval leaves out 0.

    Inputs and errors as in `calibration_in_the_large`. References: Van Calster et al. (2016), J. Clinical Epidemiology 74.
    """
    shift, error = _shift(defaulted, pd_12m)
    return float(2 * ndtr(-abs(shift / error)))


def _shift(defaulted: ArrayLike, pd_12m: ArrayLike) -> tuple[float, float]:
    """Calibration in the large and its standard error."""
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "calibration in the large")
    require_both_classes(outcomes, "calibration in the large")
    log_odds, observed = logit(pds), logit(outcomes.mean())

    def missing_bads(shift: float) -> float:
        return float(expit(log_odds + shift).sum() - outcomes.sum())

    # Moving all PDs below, or all above, the observed rate brackets the only root.
    shift = float(brentq(missing_bads, observed - log_odds.max() - 1, observed - log_odds.min() + 1, xtol=1e-12))
    fitted = expit(log_odds + shift)
    return shift, float((fitted * (1 - fitted)).sum() ** -0.5)


def spiegelhalter_z(defaulted: ArrayLike, pd_12m: ArrayLike) -> float:
    """Spiegelhalter's Z: the Brier score against what the PDs themselves promise, standard normal if they are calibrated.

    Inputs and errors as in `brier`, and NotEstimable if every PD is 0.5. Returns a float: above 1.96 or below -1.96 the PDs
    are off at 5%; positive if the Brier score is higher than promised.

    References: Spiegelhalter (1986), Statistics in Medicine 5(5).
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "Spiegelhalter's Z")
    weight = 1 - 2 * pds
    variance = (weight**2 * pds * (1 - pds)).sum()
    if variance == 0:
        raise NotEstimable("Spiegelhalter's Z needs PDs other than 0.5; at 0.5 every outcome scores the same.")
    return float(((outcomes - pds) * weight).sum() / np.sqrt(variance))


def reliability(defaulted: ArrayLike, pd_12m: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """The reliability table: default rate against mean PD in at most `bins` bins of equal count, PDs rising.

    Inputs and errors as in `brier`. Columns: bin (from 1), n, mean_pd, default_rate, low and high (90% Jeffreys interval of
    the default rate). Equal PDs share a bin, so heavy ties leave fewer and uneven bins.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "reliability table")
    rows = pd.DataFrame({"bin": equal_count_bins(pds, bins), "pd_12m": pds, "bad": outcomes})
    table = rows.groupby("bin").agg(n=("bad", "size"), bads=("bad", "sum"), mean_pd=("pd_12m", "mean"))
    table["default_rate"] = table["bads"] / table["n"]
    table["low"], table["high"] = jeffreys_interval(table["bads"], table["n"])
    table.insert(0, "bin", range(1, len(table) + 1))
    return table.drop(columns="bads").reset_index(drop=True)


def _slope(defaulted: ArrayLike, pd_12m: ArrayLike) -> tuple[float, float]:
    """Calibration slope and its standard error."""
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "calibration slope")
    require_both_classes(outcomes, "calibration slope")
    _require_overlap(outcomes, pds)
    return _logistic_slope(outcomes, logit(pds))


def _wald(value: float, error: float, level: float) -> Estimate:
    half_width = float(ndtri(tails(level)[1])) * error
    return Estimate(value, value - half_width, value + half_width)


def _brier(outcomes: Outcomes, pds: Floats) -> float:
    return float(((pds - outcomes) ** 2).mean())


def equal_count_bins(values: Floats, bins: int) -> NDArray[np.int64]:
    """Return the bin of each value from 0, by mid-rank: ties stay together and the order of the rows does not matter."""
    # Twice the mid-rank is whole, so the division below has no rounding to depend on.
    twice_rank = (2 * rankdata(values)).astype(np.int64)
    return (twice_rank - 1) * bins // (2 * len(values))


def _require_overlap(outcomes: Outcomes, pds: Floats) -> None:
    bad, good = pds[outcomes], pds[~outcomes]
    if pds.min() == pds.max():
        raise NotEstimable(f"calibration slope needs PDs that differ; all {pds.size} are {pds[0]:g}.")
    if bad.min() >= good.max() or good.min() >= bad.max():
        raise NotEstimable(
            f"calibration slope does not exist: one PD separates the {good.size} goods ({good.min():g} to {good.max():g}) from "
            f"the {bad.size} bads ({bad.min():g} to {bad.max():g}). Use more rows; if there are many, look for a leak."
        )


def _logistic_slope(outcomes: Outcomes, log_odds: Floats) -> tuple[float, float]:
    """Slope of the maximum-likelihood line and its error, by Newton's method with halved steps from the line of no slope."""
    centred = (log_odds - log_odds.mean()) / log_odds.std()
    design = np.column_stack([np.ones(centred.size), centred])
    line = np.array([logit(outcomes.mean()), 0.0])
    likelihood = _log_likelihood(design @ line, outcomes)
    for _ in range(NEWTON_STEPS):
        fitted = expit(design @ line)
        gradient = design.T @ (outcomes - fitted)
        information = design.T @ (design * (fitted * (1 - fitted))[:, np.newaxis])
        step = np.linalg.solve(information, gradient)
        # Newton doubles the right digits: a promised gain of 1e-13 a row leaves nothing to see after this last step.
        if gradient @ step < 1e-13 * outcomes.size:
            error = np.sqrt(np.linalg.inv(information)[1, 1])
            return float((line + step)[1] / log_odds.std()), float(error / log_odds.std())
        while (reached := _log_likelihood(design @ (line + step), outcomes)) < likelihood:
            step /= 2
        line, likelihood = line + step, reached
    raise NotEstimable(
        f"calibration slope did not settle in {NEWTON_STEPS} steps; goods and bads hardly overlap in PD."
    )


def _log_likelihood(log_odds: Floats, outcomes: Outcomes) -> float:
    return float(-np.logaddexp(0, np.where(outcomes, -log_odds, log_odds)).sum())
