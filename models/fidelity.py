"""How well explanations find the true causes: measurable only where the truth was drawn, on the simulated portfolio.

Contributions are in points (positive lowers risk), the truth in log-odds of default (positive raises it); same rows, one column
a dimension. The truth is the exact interventional Shapley value of the true log-odds.
"""

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

Floats = NDArray[np.float64]

MATTERS = 0.2
"""True contributions beyond so many log-odds must at least have the right sign."""

NAMED = 2
"""The true worst dimension counts as found among so many of the model's worst."""


def by_dimension(contributions: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return per dimension `spearman` of explained and true risk, and `sign_agreement` where the truth matters.

    Null where one side is constant, or nothing matters.
    """
    rows = [_one(name, -contributions[name], truth[name]) for name in contributions if name in truth]
    return pd.DataFrame(rows, columns=["dimension", "spearman", "sign_agreement", "n"])


def _one(name: object, risk: pd.Series, true: pd.Series) -> dict[str, object]:
    matters = (true.abs() > MATTERS).to_numpy()
    agree = np.sign(risk.to_numpy()[matters]) == np.sign(true.to_numpy()[matters])
    return {
        "dimension": name,
        "spearman": rank_agreement(risk, true),
        "sign_agreement": float(agree.mean()) if matters.any() else None,
        "n": len(true),
    }


def rank_agreement(a: pd.Series, b: pd.Series) -> float | None:
    """Return Spearman's correlation of two columns by position; None if one is constant."""
    if a.nunique() < 2 or b.nunique() < 2:
        return None
    return float(spearmanr(a.to_numpy(), b.to_numpy()).statistic)


def share_distance(contributions: pd.DataFrame, truth: pd.DataFrame) -> float:
    """Return half the summed difference of the dimensions' shares of mean absolute contribution: 0 equal, 1 disjoint."""
    explained = contributions.reindex(columns=list(truth), fill_value=0.0).abs().mean()
    true = truth.abs().mean()
    return float((explained / explained.sum() - true / true.sum()).abs().sum() / 2)


def worst_found(contributions: pd.DataFrame, truth: pd.DataFrame) -> float:
    """Return the share of rows whose truly worst dimension is among the two that the explanation blames most."""
    names = list(truth)
    blamed = np.argsort(contributions.reindex(columns=names, fill_value=0.0).to_numpy(), axis=1, kind="stable")[
        :, :NAMED
    ]
    worst = truth.to_numpy().argmax(axis=1)
    return float((blamed == worst[:, None]).any(axis=1).mean())


def upper_bound(development: Floats, true_development: pd.Series, test: Floats, true_test: pd.Series) -> float | None:
    """Return the rank agreement of a regression of the true contribution on the features themselves, on rows it never saw.

    Nobody can expect an explanation by these features to find more of the truth than the features hold.
    """
    regressor = lightgbm.LGBMRegressor(
        n_estimators=150, num_leaves=15, learning_rate=0.06, random_state=0, verbosity=-1, deterministic=True, n_jobs=2
    )
    regressor.fit(development, true_development)
    return rank_agreement(pd.Series(np.asarray(regressor.predict(test))), true_test)
