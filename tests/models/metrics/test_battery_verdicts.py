import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics.checks import NotEstimable
from models.metrics.families import holm, lowest_adjusted_p
from models.metrics.verdicts import AMBER_P_VALUE, P_VALUE, Bands, worst

P_VALUES = st.lists(
    st.one_of(st.sampled_from([0.0, 0.01, 0.05, 1.0, math.nan]), st.floats(0, 1)), min_size=1, max_size=7
)


def by_closed_testing(p_values: list[float]) -> list[float]:
    """Adjusted p-values from first principles: the largest Bonferroni p of any set of hypotheses that holds this one."""
    known = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    sets = [s for size in range(1, len(known) + 1) for s in itertools.combinations(known, size)]
    bonferroni = {s: min(1.0, len(s) * min(p_values[i] for i in s)) for s in sets}
    return [max((p for s, p in bonferroni.items() if i in s), default=math.nan) for i in range(len(p_values))]


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (1.2, "green"),
        (0.8, "green"),
        (1.3, "amber"),
        (0.6, "amber"),
        (0.59, "red"),
        (9.0, "red"),
        (None, "not enough data"),
    ],
)
def test_a_figure_on_the_bound_gets_the_better_verdict(figure: float | None, verdict: str) -> None:
    assert Bands(green=(0.8, 1.2), amber=(0.6, 1.4)).verdict(figure) == verdict


def test_a_figure_that_does_not_exist_is_no_verdict() -> None:
    assert P_VALUE.verdict(math.nan) == "not enough data"


def test_p_values_are_amber_below_5_percent_and_red_below_1_percent() -> None:
    assert [P_VALUE.verdict(p) for p in (0.05, 0.049, 0.01, 0.009, 0.0)] == ["green", "amber", "amber", "red", "red"]
    assert [AMBER_P_VALUE.verdict(p) for p in (0.05, 0.049, 0.0)] == ["green", "amber", "amber"]


def test_a_green_band_beyond_the_amber_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"green band \(0, 2\) must lie within the amber band \(0, 1\)"):
        Bands(green=(0, 2), amber=(0, 1))


def test_the_gravest_verdict_counts_and_no_data_only_if_there_is_nothing_else() -> None:
    assert worst(["green", "red", "not enough data"]) == "red"
    assert worst(["not enough data", "green"]) == "green"
    assert worst(["not enough data"]) == "not enough data"
    assert worst([]) == "not enough data"


@given(P_VALUES)
def test_holms_adjustment_is_that_of_closed_testing(p_values: list[float]) -> None:
    np.testing.assert_allclose(holm(p_values), by_closed_testing(p_values), atol=1e-12)


def test_ten_honest_grades_raise_a_false_alarm_no_more_often_than_one_test_would() -> None:
    p_values = np.random.default_rng(1).random((4000, 10))

    alarms = [(holm(row) < 0.05).any() for row in p_values]

    assert np.mean(alarms) == pytest.approx(0.05, abs=0.012)
    assert (p_values < 0.05).any(axis=1).mean() > 0.35


def test_a_test_that_could_not_be_made_does_not_make_the_others_harder_to_fail() -> None:
    assert holm([0.02, np.nan, 0.5]).tolist() == pytest.approx([0.04, np.nan, 0.5], nan_ok=True)
    assert holm([]).tolist() == []


def test_the_lowest_adjusted_p_needs_one_test() -> None:
    assert lowest_adjusted_p([0.5, 0.01, np.nan], "anything") == 0.02
    with pytest.raises(NotEstimable, match=r"segments could be made nowhere: 2 p-values, all missing\. Pool"):
        lowest_adjusted_p([np.nan, np.nan], "segments")
