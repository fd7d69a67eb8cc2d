import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from models.challengers import COMPOSITES, composite_risk, logistic_regression


def test_the_logistic_challenger_ranks_with_missing_values_and_unseen_categories():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"dpd": rng.gamma(1, 20, 2000), "industry": rng.choice(["C", "E"], 2000), "empty": np.nan})
    defaulted = rng.random(2000) < 1 / (1 + np.exp(3 - X["dpd"] / 20))
    X.loc[::7, "dpd"] = np.nan

    model = logistic_regression(X).fit(X, defaulted)
    risk = model.predict_proba(X.assign(industry="从未见过"))[:, 1]

    assert roc_auc_score(defaulted, risk) > 0.6


@pytest.mark.parametrize("name", COMPOSITES)
def test_a_composite_is_turned_so_that_higher_is_riskier(name):
    feature, sign = COMPOSITES[name]

    risk = composite_risk(pd.DataFrame({feature: [1.0, 2.0, np.nan]}), name)

    assert risk[:2].tolist() == [sign * 1.0, sign * 2.0]
    assert np.isnan(risk[2])


def test_a_composite_that_nobody_has_is_no_challenger():
    assert composite_risk(pd.DataFrame({"pf_roa": [0.1]}), "altman_z2") is None
