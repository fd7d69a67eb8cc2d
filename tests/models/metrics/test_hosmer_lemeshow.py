import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2, kstest
from sklearn.linear_model import LogisticRegression

from models.metrics.checks import NotEstimable
from models.metrics.hosmer_lemeshow import hosmer_lemeshow, hosmer_lemeshow_p


def test_the_statistic_by_hand() -> None:
    # Three PDs of ten customers each; expected 1, 2, 5 bads, observed 2, 2, 4.
    defaulted = np.concatenate([np.arange(10) < bads for bads in (2, 2, 4)])

    found = hosmer_lemeshow(defaulted, np.repeat([0.1, 0.2, 0.5], 10), groups=3)

    assert found.statistic == pytest.approx(1 / (10 * 0.1 * 0.9) + 0 + 1 / (10 * 0.5 * 0.5))
    assert found.degrees_of_freedom == 3
    assert found.p_value == pytest.approx(chi2.sf(found.statistic, 3))


def test_calibrated_pds_of_fresh_rows_follow_chi_square_with_ten_degrees() -> None:
    random = np.random.default_rng(1)
    p_values = []
    for _ in range(400):
        p_default = random.uniform(0.05, 0.5, 600)
        p_values.append(hosmer_lemeshow_p(random.random(600) < p_default, p_default))

    assert kstest(p_values, "uniform").pvalue > 0.01


def test_pds_fitted_on_the_same_rows_leave_eight_degrees() -> None:
    random = np.random.default_rng(2)
    statistics = []
    for _ in range(80):
        x = random.normal(size=(500, 1))
        defaulted = random.random(500) < expit(x[:, 0] - 1)
        fitted = LogisticRegression(C=np.inf).fit(x, defaulted).predict_proba(x)[:, 1]
        found = hosmer_lemeshow(defaulted, fitted, fitted_on_these_rows=True)
        assert found.degrees_of_freedom == 8
        statistics.append(found.statistic)

    assert np.mean(statistics) == pytest.approx(8, abs=1.1)


def test_pds_at_half_the_true_odds_are_rejected() -> None:
    random = np.random.default_rng(3)
    p_default = random.uniform(0.02, 0.3, 3000)

    assert hosmer_lemeshow_p(random.random(3000) < 2 * p_default, p_default) < 1e-6


def test_one_pd_for_all_is_one_group() -> None:
    assert hosmer_lemeshow([0, 0, 0, 1], [0.25] * 4).degrees_of_freedom == 1
    with pytest.raises(NotEstimable, match="needs at least 3 different PDs on the rows fitted on; got 1 groups"):
        hosmer_lemeshow([0, 0, 0, 1], [0.25] * 4, fitted_on_these_rows=True)


def test_two_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 groups, usually 10; got 2"):
        hosmer_lemeshow([0, 1], [0.1, 0.2], groups=2)
