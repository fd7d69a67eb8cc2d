import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.metrics.calibration import calibration_in_the_large, calibration_slope
from models.metrics.checks import NotEstimable
from models.metrics.discrimination import gini
from models.metrics.families import holm
from models.metrics.grades import jeffreys_p
from models.metrics.segments import GINI_DROP, largest_gini_drop, segment_table


def portfolio(seed: int = 0, n: int = 6000) -> pd.DataFrame:
    """Three industries; the PDs of construction are half the true odds, those of transport know nothing; 20 farms."""
    random = np.random.default_rng(seed)
    industry = random.choice(["制造业", "建筑业", "运输业"], n).astype(object)
    industry[:20] = "农业"
    log_odds = random.normal(-2, 1.2, n)
    known = np.where(industry == "运输业", -2, log_odds) - np.log(2) * (industry == "建筑业")
    guess = known + 0.01 * random.normal(size=n)
    return pd.DataFrame({"industry": industry, "bad": random.random(n) < expit(log_odds), "pd_12m": expit(guess)})


def test_each_segment_has_the_figures_of_its_own_rows() -> None:
    rows = portfolio()
    table = segment_table(rows["industry"], rows["bad"], rows["pd_12m"]).set_index("segment")

    own = rows[rows["industry"] == "建筑业"]
    found = table.loc["建筑业"]
    assert (found["n"], found["bads"]) == (len(own), own["bad"].sum())
    assert found["gini"] == gini(own["bad"], own["pd_12m"])
    assert found["gini_drop"] == pytest.approx(gini(rows["bad"], rows["pd_12m"]) - found["gini"])
    assert found["calibration_slope"] == pytest.approx(calibration_slope(own["bad"], own["pd_12m"]))
    assert found["calibration_in_the_large"] == pytest.approx(calibration_in_the_large(own["bad"], own["pd_12m"]))
    assert found["jeffreys_p"] == pytest.approx(float(jeffreys_p(own["bad"].sum(), len(own), own["pd_12m"].mean())))
    assert table["n"].sum() == len(rows)


def test_a_segment_in_which_the_model_is_blind_or_too_kind_stands_out() -> None:
    rows = portfolio()

    table = segment_table(rows["industry"], rows["bad"], rows["pd_12m"]).set_index("segment")

    assert table.loc["制造业", "verdict"] == "green"
    assert table.loc["建筑业", "verdict"] == "red"
    assert table.loc["运输业", "gini_drop"] > 0.15
    assert table["jeffreys_holm"].tolist() == pytest.approx(holm(table["jeffreys_p"]), nan_ok=True)
    assert largest_gini_drop(table) == table.loc["运输业", "gini_drop"]


def test_a_segment_of_few_bads_is_counted_but_not_judged() -> None:
    rows = portfolio()

    farms = segment_table(rows["industry"], rows["bad"], rows["pd_12m"]).set_index("segment").loc["农业"]

    assert farms["n"] == 20
    assert farms[["gini", "gini_drop", "calibration_slope", "jeffreys_p", "jeffreys_holm"]].isna().all()
    assert farms["verdict"] == "not enough data"


def test_customers_of_unknown_segment_are_a_segment() -> None:
    table = segment_table(["B", None, "A", None], [0, 1, 0, 0], [0.1, 0.2, 0.3, 0.4])

    assert table["segment"].isna().tolist() == [False, False, True]
    assert table["n"].tolist() == [1, 1, 2]
    assert table["bads"].tolist() == [0, 0, 1]


def test_a_segment_of_equal_pds_has_no_slope_but_everything_else() -> None:
    bad = np.arange(200) % 4 == 0

    row = segment_table(["A"] * 200, bad, np.full(200, 0.25)).iloc[0]

    assert np.isnan(row["calibration_slope"])
    assert row["gini"] == pytest.approx(0)
    assert row["verdict"] == "green"


def test_a_portfolio_of_small_segments_has_no_largest_drop() -> None:
    table = segment_table(["A", "B"], [0, 1], [0.1, 0.2])

    with pytest.raises(NotEstimable, match="no segment has 20 goods and 20 bads; pool segments"):
        largest_gini_drop(table)


def test_one_segment_for_two_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="got 1 segments and 2 outcomes"):
        segment_table(["A"], [0, 1], [0.1, 0.2])


def test_no_rows_are_not_enough_data() -> None:
    with pytest.raises(NotEstimable, match="segment table needs at least one row"):
        segment_table([], [], [])


@pytest.mark.parametrize(("bads", "judged"), [(19, False), (20, True)])
def test_a_segment_is_judged_from_its_twentieth_bad(bads: int, judged: bool) -> None:
    bad = np.arange(200) < bads

    row = segment_table(["A"] * 200, bad, np.linspace(0.3, 0.1, 200)).iloc[0]

    assert np.isfinite(row["gini"]) == judged
    assert (row["verdict"] != "not enough data") == judged


@pytest.mark.parametrize(("drop", "verdict"), [(0.15, "green"), (0.16, "amber"), (2.0, "amber")])
def test_a_gini_is_allowed_to_drop_by_15_points(drop: float, verdict: str) -> None:
    assert GINI_DROP.verdict(drop) == verdict
