import math

import numpy as np
import pytest

from models.metrics import METRICS, Metric
from models.metrics.checks import NotEstimable

ALL = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())

# 200 customers, 15 bins of PDs at which exactly the promised share defaults: who knows each true PD, and nothing more.
CALIBRATED_PD = np.repeat(np.arange(1, 16) / 20, 20)
CALIBRATED_OUTCOMES = np.concatenate([np.arange(20) < round(20 * p) for p in np.arange(1, 16) / 20]).astype(int)

ONE_RATE_FOR_ALL = {
    "auc": 0.5,
    "gini": 0.0,
    "ks": 0.0,
    "average_precision": 0.05,
    "brier": 0.05 * 0.95,
    "brier_skill": 0.0,
    "log_loss": -(0.05 * math.log(0.05) + 0.95 * math.log(0.95)),
    "ece": 0.0,
    "calibration_slope": None,
    "calibration_in_the_large": 0.0,
}


@ALL
def test_a_forecast_as_good_as_can_be_reaches_the_value_declared_perfect(metric: Metric) -> None:
    certain = np.array([1e-12, 1e-12, 1 - 1e-12, 1 - 1e-12])

    if metric.better == "target":
        value = metric.compute(CALIBRATED_OUTCOMES, CALIBRATED_PD)
    else:
        value = metric.compute([0, 0, 1, 1], certain)

    assert value == pytest.approx(metric.perfect, abs=1e-9)


@ALL
def test_a_model_that_gives_everyone_the_default_rate_knows_nothing_but_the_default_rate(metric: Metric) -> None:
    defaulted = np.repeat([1, 0], [5, 95])
    expected = ONE_RATE_FOR_ALL[metric.id]

    if expected is None:
        with pytest.raises(NotEstimable, match=r"needs PDs that differ; all 100 are 0\.05"):
            metric.compute(defaulted, np.full(100, 0.05))
    else:
        assert metric.compute(defaulted, np.full(100, 0.05)) == pytest.approx(expected, abs=1e-12)


@ALL
def test_a_better_forecast_moves_toward_perfect(metric: Metric) -> None:
    random = np.random.default_rng(7)
    true_log_odds = random.normal(-2, 1.5, 20_000)
    defaulted = random.random(20_000) < 1 / (1 + np.exp(-true_log_odds))
    blurred = 1 + 1.5 * true_log_odds + random.normal(0, 2, 20_000)

    informed, misinformed = (metric.compute(defaulted, 1 / (1 + np.exp(-x))) for x in (true_log_odds, blurred))

    assert abs(informed - metric.perfect) < abs(misinformed - metric.perfect)


@ALL
def test_perfect_and_worst_are_the_ends_the_metric_declares(metric: Metric) -> None:
    low, high = metric.range
    ends = {"higher": (low, high), "lower": (high, low)}

    assert low <= metric.perfect <= high
    assert metric.worst in (low, high)
    if metric.better in ends:
        assert (metric.worst, metric.perfect) == ends[metric.better]


@ALL
def test_the_order_of_the_applications_does_not_matter(metric: Metric) -> None:
    random = np.random.default_rng(3)
    p_default = random.integers(1, 20, 500) / 40
    defaulted = random.random(500) < p_default
    shuffled = random.permutation(500)

    in_order, out_of_order = (
        metric.compute(defaulted, p_default),
        metric.compute(defaulted[shuffled], p_default[shuffled]),
    )

    assert in_order == pytest.approx(out_of_order, rel=1e-12, abs=1e-12)


@ALL
def test_every_metric_says_its_names_and_its_source(metric: Metric) -> None:
    assert METRICS[metric.id] is metric
    assert metric.name_en
    assert any("\u4e00" <= character <= "\u9fff" for character in metric.name_zh)
    assert "(" in metric.source


@pytest.mark.parametrize("one_class", [0, 1])
@pytest.mark.parametrize("metric_id", METRICS.keys() - {"brier", "log_loss", "ece"})
def test_a_portfolio_of_one_class_is_refused_with_the_counts(metric_id: str, one_class: int) -> None:
    goods, bads = (0, 12) if one_class else (12, 0)

    with pytest.raises(
        NotEstimable, match=f"needs goods and bads; got {goods} goods and {bads} bads. Widen the window"
    ):
        METRICS[metric_id].compute([one_class] * 12, np.linspace(0.01, 0.2, 12))


@pytest.mark.parametrize("metric_id", ["brier", "log_loss", "ece"])
def test_a_portfolio_without_bads_still_has_a_calibration_error(metric_id: str) -> None:
    value = METRICS[metric_id].compute([0, 0, 0], [0.1, 0.1, 0.1])

    expected = {"brier": 0.01, "log_loss": -math.log(0.9), "ece": 0.1}[metric_id]
    assert value == pytest.approx(expected)


@ALL
def test_an_empty_portfolio_is_refused(metric: Metric) -> None:
    with pytest.raises(
        NotEstimable, match=r"needs (goods and bads; got 0 goods and 0 bads|at least one row; got none)"
    ):
        metric.compute([], [])
