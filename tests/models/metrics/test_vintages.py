import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from models.metrics.checks import NotEstimable
from models.metrics.discrimination import auc
from models.metrics.intervals import jeffreys_interval
from models.metrics.vintages import cusum, cusum_p, vintage_table

ROWS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 1), st.integers(1, 99)), min_size=1, max_size=40)


def strays(distance: float) -> float:
    """Chance that a Brownian motion leaves [-d, d], by reflections: a series other than the one under test."""
    k = np.arange(-50, 51)
    stays = ((-1.0) ** k * (norm.cdf((2 * k + 1) * distance) - norm.cdf((2 * k - 1) * distance))).sum()
    return float(1 - stays)


def test_vintages_come_in_order_of_time_with_the_figures_of_their_rows() -> None:
    quarter = pd.Series(pd.PeriodIndex(["2024Q2", "2023Q4", "2024Q2", "2023Q4", "2024Q2"], freq="Q"))

    table = vintage_table(quarter, [1, 0, 0, 0, 1], [0.3, 0.1, 0.2, 0.3, 0.1])

    assert [str(period) for period in table["period"]] == ["2023Q4", "2024Q2"]
    assert table["n"].tolist() == [2, 3]
    assert table["bads"].tolist() == [0, 2]
    assert table["mean_pd"].tolist() == pytest.approx([0.2, 0.2])
    assert table["default_rate"].tolist() == pytest.approx([0, 2 / 3])
    assert np.isnan(table["auc"][0])
    assert table["auc"][1] == auc([1, 0, 1], [0.3, 0.2, 0.1])
    assert table["low"].tolist() == jeffreys_interval([0, 2], [2, 3])[0].tolist()


@given(ROWS)
def test_the_cusum_is_the_running_surplus_of_bads_after_each_period(rows: list[tuple[int, int, int]]) -> None:
    period, bad, percent = (np.array(column) for column in zip(*rows, strict=True))
    pds = percent / 100
    deviation = np.sqrt((pds * (1 - pds)).sum())

    found = cusum(period, bad, pds)

    assert found.path["period"].tolist() == np.unique(period).tolist()
    for after, value in found.path.itertuples(index=False):
        assert value == pytest.approx((bad - pds)[period <= after].sum() / deviation)
    assert found.largest == pytest.approx(found.path["cusum"].abs().max())
    assert found.p_value == pytest.approx(strays(found.largest) if found.largest > 0.01 else 1, abs=1e-9)
    assert cusum_p(period, bad, pds) == found.p_value


def test_pds_too_low_in_one_year_and_too_high_in_the_next_are_found_although_they_average_out() -> None:
    random = np.random.default_rng(2)
    year = np.repeat(np.arange(8), 500)
    truth = np.where(year < 4, 0.15, 0.05)

    steady, shifting = (
        cusum_p(year, random.random(4000) < 0.1, np.full(4000, 0.1)),
        cusum_p(year, random.random(4000) < truth, np.full(4000, 0.1)),
    )

    assert steady > 0.05
    assert shifting < 1e-6


def test_calibrated_pds_alarm_no_more_often_than_the_test_says() -> None:
    random = np.random.default_rng(3)
    days, pds = np.repeat(np.arange(250), 4), random.uniform(0.02, 0.4, 1000)

    p_values = np.array([cusum_p(days, random.random(1000) < pds, pds) for _ in range(600)])

    # Looked at only after each day the path has less room to stray, so the test is a little shy.
    assert 0.02 < (p_values < 0.05).mean() < 0.07


def test_the_order_of_rows_within_a_day_does_not_matter() -> None:
    first = cusum([1, 1, 2], [1, 0, 0], [0.1, 0.2, 0.3])
    second = cusum([2, 1, 1], [0, 0, 1], [0.3, 0.2, 0.1])

    assert first.path["cusum"].tolist() == pytest.approx(second.path["cusum"].tolist())


def test_a_row_without_its_date_is_refused() -> None:
    with pytest.raises(ValueError, match="got 2 periods, 1 of them missing, for 2 outcomes"):
        vintage_table(pd.to_datetime(["2024-01-01", None]), [0, 1], [0.1, 0.2])


def test_no_rows_have_no_vintages() -> None:
    with pytest.raises(NotEstimable, match="CUSUM needs at least one row"):
        cusum([], [], [])
