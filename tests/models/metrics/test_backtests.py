import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom, binomtest, norm

from models.metrics.backtests import (
    binomial_p,
    conditional_pd,
    correlated_p,
    critical_default_rate,
    grade_backtests,
    lowest_p,
)
from models.metrics.checks import NotEstimable
from models.metrics.grades import jeffreys_p, jeffreys_p_too_high, portfolio_jeffreys_p

COUNTS = st.tuples(st.integers(0, 40), st.integers(1, 200)).map(lambda c: (min(c), c[1]))
PDS = st.sampled_from([0.0005, 0.01, 0.04, 0.3, 0.9])


def table_of(*grades: tuple[int, int, float]) -> pd.DataFrame:
    """Grades R1, R2, ... from (n, bads, mean PD)."""
    table = pd.DataFrame(grades, columns=["n", "bads", "mean_pd"])
    table.insert(0, "grade", [f"R{i + 1}" for i in range(len(table))])
    table["default_rate"] = table["bads"] / table["n"].where(table["n"] > 0)
    return table


@given(COUNTS, PDS)
def test_the_binomial_test_agrees_with_scipys(counts: tuple[int, int], pd_12m: float) -> None:
    bads, n = counts

    assert binomial_p(bads, n, pd_12m) == pytest.approx(binomtest(bads, n, pd_12m, "greater").pvalue, abs=1e-12)


def test_no_bads_are_never_too_many() -> None:
    assert binomial_p(0, 50, 0.01) == 1
    assert correlated_p(0, 50, 0.01) == pytest.approx(1)


@given(COUNTS, PDS)
def test_the_two_jeffreys_tests_are_the_two_sides_of_one_posterior(counts: tuple[int, int], pd_12m: float) -> None:
    bads, n = counts

    assert jeffreys_p_too_high(bads, n, pd_12m) == pytest.approx(1 - float(jeffreys_p(bads, n, pd_12m)), abs=1e-12)


def test_the_portfolio_is_tested_as_one_grade() -> None:
    defaulted, p_default = [1, 0, 0, 1, 0], [0.1, 0.2, 0.05, 0.3, 0.1]

    assert portfolio_jeffreys_p(defaulted, p_default) == pytest.approx(beta.cdf(0.15, 2.5, 3.5))
    with pytest.raises(NotEstimable, match="portfolio's Jeffreys test needs at least one row"):
        portfolio_jeffreys_p([], [])


def test_the_critical_rate_reproduces_a_published_risk_weight() -> None:
    # Basel Committee (2006), "International convergence ...", annex 5: corporate, PD 1%, LGD 45%, 2.5 years: 92.32%.
    correlation = 0.12 * (1 - np.exp(-0.5)) + 0.24 * np.exp(-0.5)
    maturity = (0.11852 - 0.05478 * np.log(0.01)) ** 2

    unexpected_loss = 0.45 * (float(critical_default_rate(0.01, correlation, 0.999)) - 0.01)

    assert 12.5 * unexpected_loss / (1 - 1.5 * maturity) == pytest.approx(0.9232, abs=5e-5)
    assert critical_default_rate(0.01, 0.0) == pytest.approx(0.01)


def test_the_conditional_pds_average_to_the_pd() -> None:
    average, _ = quad(lambda x: norm.pdf(x) * float(conditional_pd(0.03, x, 0.2)), -9, 9)

    assert average == pytest.approx(0.03, abs=1e-8)


@settings(max_examples=40)
@given(COUNTS, PDS, st.sampled_from([0.01, 0.04, 0.24]))
def test_the_correlated_test_is_the_binomial_one_averaged_over_the_economy(
    counts: tuple[int, int], pd_12m: float, correlation: float
) -> None:
    bads, n = counts

    def at(x: float) -> float:
        return float(norm.pdf(x) * binom.sf(bads - 1, n, conditional_pd(pd_12m, x, correlation)))

    expected = quad(at, -9, 0, limit=200)[0] + quad(at, 0, 9, limit=200)[0]

    assert correlated_p(bads, n, pd_12m, correlation) == pytest.approx(expected, abs=1e-6)


@given(COUNTS, PDS)
def test_without_correlation_the_correlated_test_is_the_binomial_one(counts: tuple[int, int], pd_12m: float) -> None:
    assert correlated_p(*counts, pd_12m, 0.0) == pytest.approx(float(binomial_p(*counts, pd_12m)), abs=1e-9)


def test_simulated_economies_default_as_often_as_the_correlated_test_says() -> None:
    random = np.random.default_rng(3)
    factor = random.normal(size=40_000)
    bads = random.binomial(300, norm.cdf((norm.ppf(0.05) - np.sqrt(0.1) * factor) / np.sqrt(0.9)))

    assert correlated_p(30, 300, 0.05, 0.1) == pytest.approx((bads >= 30).mean(), abs=0.006)


def test_a_very_large_grade_fails_just_beyond_the_critical_rate() -> None:
    n, rate = 2_000_000, float(critical_default_rate(0.02))

    below, beyond = correlated_p([n * rate * 0.99, n * rate * 1.01], [n, n], [0.02, 0.02])

    assert below > 0.05 > beyond


def test_defaults_that_come_together_are_less_surprising() -> None:
    assert correlated_p(20, 200, 0.05, 0.1) > correlated_p(20, 200, 0.05, 0.04) > binomial_p(20, 200, 0.05)


@pytest.mark.parametrize("correlation", [-0.1, 1.0, 4])
def test_a_correlation_in_percent_is_refused(correlation: float) -> None:
    with pytest.raises(ValueError, match=rf"must lie in \[0, 1\), such as 0.04; got {correlation}"):
        correlated_p(1, 10, 0.1, correlation)


def test_every_grade_gets_its_tests_and_their_adjusted_p_values() -> None:
    tests = grade_backtests(table_of((500, 5, 0.01), (400, 30, 0.04), (0, 0, np.nan), (100, 2, 0.1)))

    filled = tests[tests["n"] > 0]
    assert filled["jeffreys_p"].tolist() == pytest.approx(jeffreys_p([5, 30, 2], [500, 400, 100], [0.01, 0.04, 0.1]))
    assert filled["binomial_p"].tolist() == pytest.approx(binomial_p([5, 30, 2], [500, 400, 100], [0.01, 0.04, 0.1]))
    assert filled["jeffreys_holm"].min() == pytest.approx(3 * filled["jeffreys_p"].min())
    assert tests.loc[2, tests.columns.difference(["grade", "n", "bads", "too_low", "too_high"])].isna().all()
    assert tests["too_low"].tolist() == ["green", "red", "not enough data", "green"]
    assert tests["too_high"].tolist() == ["not enough data", "green", "not enough data", "red"]
    assert lowest_p(tests, "too_high_p") == pytest.approx(3 * filled["too_high_p"].min())


def test_a_portfolio_without_any_filled_grade_has_nothing_to_test() -> None:
    tests = grade_backtests(table_of((0, 0, np.nan)))

    assert tests["too_low"].tolist() == ["not enough data"]
    with pytest.raises(NotEstimable, match="jeffreys_p could be made nowhere: 1 p-values"):
        lowest_p(tests, "jeffreys_p")


def test_honest_pds_fail_jeffreys_test_about_as_often_as_its_level() -> None:
    random = np.random.default_rng(5)
    bads = random.binomial(1000, 0.05, 4000)

    assert (jeffreys_p(bads, np.full(4000, 1000), np.full(4000, 0.05)) < 0.05).mean() == pytest.approx(0.05, abs=0.015)
