import time

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from models.metrics import METRICS
from models.metrics.calibration import brier, calibration_slope
from models.metrics.checks import NotEstimable
from models.metrics.discrimination import auc, delong_interval
from models.metrics.intervals import Estimate, cluster_bootstrap, jeffreys_interval

Sample = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]


def portfolio(n_customers: int, applications_each: int, seed: int) -> Sample:
    """Customers whose applications share one PD and one outcome."""
    random = np.random.default_rng(seed)
    p_default = random.beta(1, 6, n_customers).clip(0.001, 0.999)
    defaulted = random.random(n_customers) < p_default
    customers = np.arange(n_customers)
    return tuple(np.repeat(column, applications_each) for column in (defaulted, p_default, customers))  # type: ignore[return-value]


def default_rate(defaulted: ArrayLike, _: ArrayLike) -> float:
    return float(np.mean(defaulted))


def width(estimate: Estimate) -> float:
    return estimate.high - estimate.low


def test_without_repeat_customers_the_bootstrap_agrees_with_delong() -> None:
    defaulted, p_default, customers = portfolio(3000, 1, seed=1)

    bootstrap = cluster_bootstrap(defaulted, p_default, customers, {"auc": auc}, seed=2)["auc"]

    delong = delong_interval(defaulted, p_default)
    assert bootstrap.value == delong.value
    assert (bootstrap.low, bootstrap.high) == pytest.approx((delong.low, delong.high), abs=0.005)


def test_a_customer_who_applies_four_times_is_one_witness_not_four() -> None:
    defaulted, p_default, customers = portfolio(500, 4, seed=3)
    statistics = {"auc": auc}

    by_customer = cluster_bootstrap(defaulted, p_default, customers, statistics, seed=4)["auc"]
    by_row = cluster_bootstrap(defaulted, p_default, np.arange(2000), statistics, seed=4)["auc"]

    assert width(by_customer) / width(by_row) == pytest.approx(2, rel=0.15)


def test_the_bootstrap_interval_covers_the_true_default_rate_as_often_as_it_says() -> None:
    random = np.random.default_rng(6)
    covered = []
    for seed in range(300):
        defaulted = np.repeat(random.random(150) < 0.3, 2)
        drawn = cluster_bootstrap(
            defaulted,
            np.full(300, 0.3),
            np.repeat(np.arange(150), 2),
            {"rate": default_rate},
            repetitions=200,
            level=0.9,
            seed=seed,
        )
        covered.append(drawn["rate"].low <= 0.3 <= drawn["rate"].high)

    assert np.mean(covered) == pytest.approx(0.9, abs=0.05)


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_the_rows() -> None:
    defaulted, p_default, customers = portfolio(200, 2, seed=7)
    names = np.array([f"客户{i}" for i in customers])
    tied = p_default.round(1).clip(0.05, 0.95)
    shuffled = np.random.default_rng(0).permutation(400)

    first, again, reordered, other_seed = (
        cluster_bootstrap(
            defaulted[rows], tied[rows], names[rows], {"auc": auc, "brier": brier}, repetitions=50, seed=seed
        )
        for rows, seed in ((slice(None), 8), (slice(None), 8), (shuffled, 8), (slice(None), 9))
    )

    assert first == again == reordered
    assert first != other_seed


def test_all_registered_metrics_come_from_one_set_of_resamples() -> None:
    defaulted, p_default, customers = portfolio(800, 2, seed=10)
    statistics = {name: metric.compute for name, metric in METRICS.items()}

    estimates = cluster_bootstrap(defaulted, p_default, customers, statistics, repetitions=100, seed=11)

    assert list(estimates) == list(METRICS)
    assert estimates["gini"].low == pytest.approx(2 * estimates["auc"].low - 1)
    for name, estimate in estimates.items():
        assert estimate.value == pytest.approx(statistics[name](defaulted, p_default))
        assert estimate.low < estimate.high


def test_too_few_bad_customers_give_a_value_without_an_interval() -> None:
    defaulted, p_default = [0, 0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.35]

    estimates = cluster_bootstrap(defaulted, p_default, range(5), {"auc": auc, "brier": brier}, seed=1)

    assert estimates["auc"].value == 0.75
    assert np.isnan([estimates["auc"].low, estimates["auc"].high]).all()
    assert estimates["brier"].low < estimates["brier"].value < estimates["brier"].high


def test_a_statistic_that_does_not_exist_on_the_sample_itself_is_an_error() -> None:
    with pytest.raises(ValueError, match="one PD separates"):
        cluster_bootstrap([0, 0, 1], [0.1, 0.2, 0.3], range(3), {"slope": calibration_slope}, seed=1)


def test_a_row_without_its_customer_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 3 rows have no customer; the first is row 1"):
        cluster_bootstrap([0, 1, 0], [0.1, 0.2, 0.3], ["甲公司", None, "乙公司"], {"auc": auc}, seed=1)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="got 3 outcomes, 3 scores and 2 customers"):
        cluster_bootstrap([0, 1, 0], [0.1, 0.2, 0.3], ["甲公司", "乙公司"], {"auc": auc}, seed=1)


def test_a_large_portfolio_is_resampled_in_seconds() -> None:
    defaulted, p_default, customers = portfolio(30_000, 2, seed=12)

    started = time.perf_counter()
    cluster_bootstrap(defaulted, p_default, customers, {"auc": auc}, repetitions=50, seed=13)

    assert time.perf_counter() - started < 5


def test_jeffreys_bounds_are_the_published_ones() -> None:
    # Brown, Cai and DasGupta (2001), table 5: limits of the 95% Jeffreys interval for n = 10.
    low, high = jeffreys_interval([0, 1, 2, 5], [10, 10, 10, 10], level=0.95)

    assert low == pytest.approx([0, 0.011, 0.044, 0.224], abs=5e-4)
    assert high[1:] == pytest.approx([0.381, 0.503, 0.776], abs=5e-4)
    assert high[0] == pytest.approx(beta.ppf(0.975, 0.5, 10.5))


def test_a_grade_without_goods_may_always_default() -> None:
    low, high = jeffreys_interval(3, 3)

    assert 0 < low < 1
    assert high == 1


def test_an_empty_grade_may_have_any_default_rate() -> None:
    assert jeffreys_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("refused", "has_interval"), [(5, True), (6, False)])
def test_an_interval_needs_the_statistic_on_nineteen_of_twenty_resamples(refused: int, has_interval: bool) -> None:
    calls = iter(range(-1, 100))  # the first is of the rows as they are

    def sometimes(_: ArrayLike, values: ArrayLike) -> float:
        if 0 <= next(calls) < refused:
            raise NotEstimable("no bads were drawn")
        return float(np.mean(values))

    found = cluster_bootstrap(*portfolio(50, 1, seed=3), {"mean": sometimes}, repetitions=100, seed=1)["mean"]

    assert np.isfinite(found.low) == np.isfinite(found.high) == has_interval
    assert np.isfinite(found.value)
