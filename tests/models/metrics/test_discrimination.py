import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from models.metrics.checks import NotEstimable
from models.metrics.discrimination import (
    accuracy_ratio,
    auc,
    auc_decline,
    average_precision,
    cap_curve,
    delong_interval,
    delong_paired,
    gini,
    ks,
    ks_point,
    partial_auc,
    roc_curve,
)

Portfolio = tuple[NDArray[np.int64], NDArray[np.float64]]

COARSE = st.integers(-4, 4).map(float)
ANY = st.one_of(COARSE, st.sampled_from([-1e308, -1e-308, -0.0, 0.0, 1e-308, 1e308]), st.floats(-1e9, 1e9))


@st.composite
def portfolios(draw: st.DrawFn, at_least: int = 1) -> Portfolio:
    """Goods and bads in any order, scores coarse enough that ties occur."""
    goods, bads = draw(st.integers(at_least, 15)), draw(st.integers(at_least, 15))
    defaulted = draw(st.permutations([0] * goods + [1] * bads))
    scores = draw(st.lists(draw(st.sampled_from([COARSE, ANY])), min_size=goods + bads, max_size=goods + bads))
    return np.array(defaulted), np.array(scores)


def outranked(defaulted: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row a bad, one column a good: 1 if the bad has the higher score, 1/2 if they tie."""
    bads, goods = score[defaulted == 1][:, np.newaxis], score[defaulted == 0]
    return (bads > goods) + 0.5 * (bads == goods)


def placed(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place of each score among the distinct ones: scikit-learn overflows on the scores themselves at 1e308."""
    return np.searchsorted(np.unique(score), score).astype(float)


@given(portfolios())
def test_auc_is_the_share_of_pairs_in_which_the_bad_ranks_above_the_good(portfolio: Portfolio) -> None:
    defaulted, score = portfolio

    assert auc(defaulted, score) == pytest.approx(outranked(defaulted, score).mean(), abs=1e-12)
    assert auc(defaulted, score) == pytest.approx(roc_auc_score(defaulted, placed(score)), abs=1e-12)


@given(portfolios())
def test_a_score_with_its_sign_turned_ranks_exactly_as_badly_as_it_ranked_well(portfolio: Portfolio) -> None:
    defaulted, score = portfolio

    assert auc(defaulted, -score) == pytest.approx(1 - auc(defaulted, score), abs=1e-12)
    assert gini(defaulted, -score) == pytest.approx(-gini(defaulted, score), abs=1e-12)
    assert ks(defaulted, -score) == pytest.approx(ks(defaulted, score), abs=1e-12)


@given(portfolios())
def test_ks_is_the_widest_gap_between_the_shares_of_bads_and_goods_up_to_a_score(portfolio: Portfolio) -> None:
    defaulted, score = portfolio
    bads, goods = score[defaulted == 1], score[defaulted == 0]

    gaps = [abs((bads <= cut_off).mean() - (goods <= cut_off).mean()) for cut_off in score]

    assert ks(defaulted, score) == pytest.approx(max(gaps), abs=1e-12)


@given(portfolios())
def test_average_precision_agrees_with_scikit_learn(portfolio: Portfolio) -> None:
    defaulted, score = portfolio

    expected = average_precision_score(defaulted, placed(score))

    assert average_precision(defaulted, score) == pytest.approx(expected, abs=1e-12)


@given(portfolios())
def test_gini_is_the_cap_area_as_a_share_of_the_perfect_model(portfolio: Portfolio) -> None:
    defaulted, score = portfolio
    riskiest_first = np.unique(score)[::-1]
    caught = [0.0, *(defaulted[score >= s].sum() / defaulted.sum() for s in riskiest_first)]
    declined = [0.0, *((score >= s).mean() for s in riskiest_first)]

    accuracy_ratio = (np.trapezoid(caught, declined) - 0.5) / (0.5 * (1 - defaulted.mean()))

    assert gini(defaulted, score) == pytest.approx(accuracy_ratio, abs=1e-9)


def test_the_ks_point_is_the_cut_off_that_separates_best() -> None:
    # Up to 0.2 lie 3 of 4 goods and 1 of 3 bads: a gap of 5/12.
    defaulted = [0, 0, 1, 0, 1, 0, 1]
    score = [0.05, 0.1, 0.1, 0.2, 0.3, 0.4, 0.4]

    point = ks_point(defaulted, score)

    assert point.value == pytest.approx(5 / 12)
    assert point.score == 0.2


def test_the_ks_point_of_two_equal_gaps_is_the_lower_score() -> None:
    assert ks_point([0, 1, 1, 0], [1.0, 2.0, 3.0, 4.0]).score == 1.0


@given(portfolios(at_least=2))
def test_delong_variance_is_that_of_the_placement_values(portfolio: Portfolio) -> None:
    wins = outranked(*portfolio)
    value = wins.mean()
    assume(0 < value < 1)
    of_bads, of_goods = wins.mean(axis=1), wins.mean(axis=0)
    variance = of_bads.var(ddof=1) / of_bads.size + of_goods.var(ddof=1) / of_goods.size
    margin = norm.ppf(0.975) * np.sqrt(variance) / (value * (1 - value))

    estimate = delong_interval(*portfolio)

    odds = value / (1 - value)
    low, high = odds * np.exp(-margin), odds * np.exp(margin)
    assert estimate.value == pytest.approx(value)
    assert estimate.low == pytest.approx(low / (1 + low), abs=1e-9)
    assert estimate.high == pytest.approx(high / (1 + high), abs=1e-9)


@given(portfolios(at_least=2), st.randoms(use_true_random=False))
def test_the_paired_test_has_delongs_covariance(portfolio: Portfolio, random: object) -> None:
    defaulted, score_a = portfolio
    score_b = np.array([random.randint(-3, 3) for _ in score_a], dtype=float)  # type: ignore[attr-defined]
    a, b = outranked(defaulted, score_a), outranked(defaulted, score_b)
    between_bads = np.cov(a.mean(axis=1), b.mean(axis=1)) / len(a)
    between_goods = np.cov(a.mean(axis=0), b.mean(axis=0)) / len(a.T)
    contrast = np.array([1, -1])
    variance = contrast @ (between_bads + between_goods) @ contrast
    assume(variance > 1e-9)

    comparison = delong_paired(defaulted, score_a, score_b)

    z = (a.mean() - b.mean()) / np.sqrt(variance)
    assert comparison.difference == pytest.approx(a.mean() - b.mean(), abs=1e-12)
    assert comparison.z == pytest.approx(z, rel=1e-6, abs=1e-9)
    assert comparison.p_value == pytest.approx(2 * norm.sf(abs(z)), rel=1e-5)


@given(portfolios(at_least=2))
def test_two_models_that_rank_alike_do_not_differ(portfolio: Portfolio) -> None:
    defaulted, score = portfolio

    comparison = delong_paired(defaulted, score, placed(score))

    assert (comparison.difference, comparison.z, comparison.p_value) == (0, 0, 1)


def test_a_perfect_model_beats_a_constant_one_beyond_doubt() -> None:
    comparison = delong_paired([0, 0, 1, 1], [1, 2, 3, 4], [1, 1, 1, 1])

    assert (comparison.difference, comparison.z, comparison.p_value) == (0.5, np.inf, 0)


@pytest.mark.parametrize(("score", "value"), [([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], 0.0)])
def test_a_perfect_ranking_of_few_customers_has_no_delong_interval(score: list[int], value: float) -> None:
    estimate = delong_interval([0, 0, 1, 1], score)

    assert estimate.value == value
    assert np.isnan([estimate.low, estimate.high]).all()


def test_delong_needs_two_bads() -> None:
    with pytest.raises(NotEstimable, match="needs at least 2 goods and 2 bads; got 3 goods and 1 bads"):
        delong_interval([0, 0, 1, 0], [1, 2, 3, 4])
    with pytest.raises(NotEstimable, match="needs at least 2 goods and 2 bads"):
        delong_paired([0, 0, 1, 0], [1, 2, 3, 4], [4, 3, 2, 1])


def test_the_delong_interval_covers_the_true_auc_as_often_as_it_says() -> None:
    random = np.random.default_rng(11)
    truth = norm.cdf(1.2 / np.sqrt(2))
    defaulted = np.repeat([0, 1], [300, 40])

    samples = [delong_interval(defaulted, random.normal(1.2 * defaulted)) for _ in range(1000)]

    covered = np.mean([estimate.low <= truth <= estimate.high for estimate in samples])
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_given_in_percent_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=rf"strictly between 0 and 1, such as 0.95; got {level}"):
        delong_interval([0, 0, 1, 1], [1, 3, 2, 4], level=level)


@given(portfolios(), st.integers(2, 12))
def test_the_roc_curve_rises_from_corner_to_corner_within_its_points(portfolio: Portfolio, points: int) -> None:
    curve = roc_curve(*portfolio, points=points)

    assert 2 <= len(curve) <= points
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == [1, 1]
    assert (curve.diff().dropna() >= 0).all(axis=None)


@given(portfolios())
def test_the_area_under_the_full_roc_curve_is_the_auc(portfolio: Portfolio) -> None:
    curve = roc_curve(*portfolio, points=100_000)

    assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(auc(*portfolio), abs=1e-12)


def test_a_thinned_roc_curve_is_still_the_same_picture() -> None:
    random = np.random.default_rng(5)
    defaulted = random.random(50_000) < 0.04
    score = random.normal(2 * defaulted)

    curve = roc_curve(defaulted, score)

    assert len(curve) > 150
    assert np.hypot(*curve.diff().dropna().to_numpy().T).max() < 0.02
    assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(auc(defaulted, score), abs=1e-3)


def test_a_roc_curve_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 points, its two ends; got 1"):
        roc_curve([0, 1], [1, 2], points=1)


@given(portfolios(), st.sampled_from([0.05, 0.2, 0.5, 0.999]))
def test_the_partial_auc_agrees_with_scikit_learn(portfolio: Portfolio, most_fpr: float) -> None:
    defaulted, score = portfolio

    expected = roc_auc_score(defaulted, placed(score), max_fpr=most_fpr)

    assert partial_auc(defaulted, score, most_fpr) == pytest.approx(expected, abs=1e-12)


@given(portfolios())
def test_the_partial_auc_over_all_cut_offs_is_the_auc(portfolio: Portfolio) -> None:
    assert partial_auc(*portfolio, most_fpr=1) == pytest.approx(auc(*portfolio), abs=1e-12)


@pytest.mark.parametrize("most_fpr", [0, -0.1, 1.5, 20])
def test_a_share_of_goods_declined_in_percent_is_refused(most_fpr: float) -> None:
    with pytest.raises(ValueError, match=rf"must lie in \(0, 1\], such as 0.2; got {most_fpr}"):
        partial_auc([0, 1], [1, 2], most_fpr)


@given(portfolios())
def test_the_accuracy_ratio_of_the_cap_curve_is_the_gini(portfolio: Portfolio) -> None:
    assert accuracy_ratio(*portfolio) == pytest.approx(gini(*portfolio), abs=1e-9)


@given(portfolios())
def test_the_cap_curve_shows_which_share_of_bads_the_riskiest_hold(portfolio: Portfolio) -> None:
    defaulted, score = portfolio

    curve = cap_curve(defaulted, score, points=10_000)

    for cut_off in np.unique(score):
        declined, caught = (score >= cut_off).mean(), (score[defaulted == 1] >= cut_off).mean()
        assert np.isclose(curve["declined"], declined).any()
        assert np.isclose(curve["caught"], caught).any()
    assert (curve.iloc[-1] == 1).all()


def test_an_auc_is_tested_against_that_at_development_with_its_own_error() -> None:
    random = np.random.default_rng(8)
    defaulted = np.repeat([0, 1], [400, 60])
    score = random.normal(1.0 * defaulted)
    wins = outranked(defaulted, score)
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / 60 + wins.mean(axis=0).var(ddof=1) / 400)

    decline = auc_decline(defaulted, score, 0.85)

    assert decline.loss == pytest.approx(0.85 - wins.mean())
    assert decline.z == pytest.approx(decline.loss / error)
    assert decline.p_value == pytest.approx(norm.sf(decline.loss / error))


def test_an_auc_that_rose_is_no_decline() -> None:
    assert auc_decline([0, 0, 1, 1, 0, 1], [1, 2, 3, 4, 3.5, 5], 0.6).p_value > 0.5


@pytest.mark.parametrize(("at_development", "p_value"), [(1.0, 0.5), (0.9, 1.0)])
def test_a_perfect_ranking_has_not_declined(at_development: float, p_value: float) -> None:
    assert auc_decline([0, 0, 1, 1], [1, 2, 3, 4], at_development).p_value == p_value


def test_chance_alone_looks_like_a_decline_as_often_as_the_test_says() -> None:
    random = np.random.default_rng(9)
    truth = norm.cdf(1.0 / np.sqrt(2))
    defaulted = np.repeat([0, 1], [300, 60])

    p_values = [auc_decline(defaulted, random.normal(1.0 * defaulted), truth).p_value for _ in range(1000)]

    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.02)
