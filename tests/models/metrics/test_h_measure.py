import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import beta

from models.metrics.checks import NotEstimable
from models.metrics.h_measure import h_measure

Portfolio = tuple[NDArray[np.int64], NDArray[np.float64]]


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    goods, bads = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    scores = draw(st.lists(st.integers(-5, 5).map(float), min_size=goods + bads, max_size=goods + bads))
    return np.array(draw(st.permutations([0] * goods + [1] * bads))), np.array(scores)


def by_integration(defaulted: NDArray[np.int64], score: NDArray[np.float64]) -> float:
    """Hand's definition: at each cost the best of all cut-offs, averaged over the costs; no hull, no closed form."""
    bad_rate = defaulted.mean()
    cost = (np.arange(40_000) + 0.5) / 40_000
    weight = beta.pdf(cost, 1 + bad_rate, 2 - bad_rate)
    goods_declined = np.array([np.mean(score[defaulted == 0] >= t) for t in [*np.unique(score), np.inf]])
    bads_approved = np.array([np.mean(score[defaulted == 1] < t) for t in [*np.unique(score), np.inf]])
    loss = np.outer(cost * (1 - bad_rate), goods_declined) + np.outer((1 - cost) * bad_rate, bads_approved)
    blind = np.minimum(cost * (1 - bad_rate), (1 - cost) * bad_rate)
    return float(1 - (loss.min(axis=1) * weight).sum() / (blind * weight).sum())


@settings(max_examples=50)
@given(portfolios())
def test_the_h_measure_is_the_expected_loss_saved_over_all_costs(portfolio: Portfolio) -> None:
    assert h_measure(*portfolio) == pytest.approx(by_integration(*portfolio), abs=2e-4)


def test_a_perfect_ranking_saves_all_loss_and_a_constant_or_reversed_one_none() -> None:
    defaulted = np.array([0, 0, 0, 1, 1])

    assert h_measure(defaulted, [1, 2, 3, 4, 5]) == pytest.approx(1)
    assert h_measure(defaulted, [1, 1, 1, 1, 1]) == pytest.approx(0)
    assert h_measure(defaulted, [5, 4, 3, 2, 1]) == pytest.approx(0)


@given(portfolios())
def test_the_h_measure_lies_between_nothing_and_everything_and_sees_only_the_order(portfolio: Portfolio) -> None:
    defaulted, score = portfolio

    value = h_measure(defaulted, score)

    assert -1e-12 <= value <= 1 + 1e-12
    assert h_measure(defaulted, np.exp(score)) == value


def test_a_better_ranking_of_a_rare_default_saves_more() -> None:
    random = np.random.default_rng(2)
    defaulted = random.random(5000) < 0.03

    weak, strong = (h_measure(defaulted, random.normal(gap * defaulted)) for gap in (0.5, 2.0))

    assert 0 < weak < strong < 1


def test_the_h_measure_needs_goods_and_bads() -> None:
    with pytest.raises(NotEstimable, match="H-measure needs goods and bads; got 2 goods and 0 bads"):
        h_measure([0, 0], [1, 2])
