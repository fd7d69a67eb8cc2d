"""A small simulated portfolio whose true log-odds of default are known, and the model fitted on it."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from models.default_risk import DefaultRiskModel

DIRECTIONS = {"days_beyond_terms": 1, "current_ratio": -1}


class Portfolio(NamedTuple):
    X: pd.DataFrame
    defaulted: NDArray[np.int64]
    customer: NDArray[np.int64]
    true_log_odds: NDArray[np.float64]


def simulate(n: int, seed: int) -> Portfolio:
    random = np.random.default_rng(seed)
    late, liquid, age = random.normal(20, 15, n), random.lognormal(0.3, 0.5, n), random.uniform(0, 30, n)
    industry = random.choice(["制造业", "批发和零售业", "建筑业"], n)
    log_odds = -2.6 + 0.05 * (late - 20) - 1.0 * np.log(liquid) + 0.8 * (industry == "建筑业")
    X = pd.DataFrame({"days_beyond_terms": late, "current_ratio": liquid, "industry": industry, "age_years": age})
    X.loc[random.random(n) < 0.15, "current_ratio"] = np.nan
    X.loc[random.random(n) < 0.05, "industry"] = None
    return Portfolio(X, (random.random(n) < expit(log_odds)).astype(np.int64), np.arange(n) // 2, log_odds)


def small_model(**changed: object) -> DefaultRiskModel:
    """A model that fits in half a second."""
    quick = {
        "n_estimators": 80,
        "early_stopping_rounds": 10,
        "learning_rate": 0.1,
        "n_folds": 3,
        "n_seeds": 1,
        "num_leaves": 15,
        "max_depth": 6,
        "min_child_samples": 20,
        "subsample": 0.8,
        "colsample": 0.8,
    }
    return DefaultRiskModel(**{"directions": DIRECTIONS, **quick, **changed})


@pytest.fixture(scope="session")
def portfolio() -> Portfolio:
    return simulate(3000, seed=1)


@pytest.fixture(scope="session")
def fitted(portfolio: Portfolio) -> DefaultRiskModel:
    return small_model().fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)


@pytest.fixture
def simulated():
    """`simulated(n, seed)`: fresh customers of the same kind."""
    return simulate


@pytest.fixture
def quick_model():
    """`quick_model(**parameters)`: an unfitted model that fits in half a second."""
    return small_model
