import numpy as np
import pandas as pd
import pytest

from models.metrics.characteristics import characteristic_stability, largest_csi, largest_missing_rise
from models.metrics.checks import NotEstimable
from models.metrics.stability import category_psi, psi, psi_critical_value

RANDOM = np.random.default_rng(12)
DEVELOPMENT = pd.DataFrame(
    {
        "days_late": RANDOM.normal(20, 10, 2000),
        "equity": RANDOM.normal(0, 1, 2000),
        "industry": RANDOM.choice(["制造业", "建筑业"], 2000),
        "never_seen": np.nan,
    }
)
RECENT = pd.DataFrame(
    {
        "days_late": RANDOM.normal(32, 10, 1000),
        "equity": np.where(RANDOM.random(1000) < 0.15, np.nan, RANDOM.normal(0, 1, 1000)),
        "industry": RANDOM.choice(["制造业", "建筑业"], 1000),
        "never_seen": np.nan,
        "note": "备注",
    }
)


def test_every_feature_is_compared_with_its_development_worst_first() -> None:
    table = characteristic_stability(DEVELOPMENT, RECENT)

    rows = table.set_index("feature")
    assert table["feature"].tolist() == ["days_late", "equity", "industry", "never_seen"]
    assert rows.loc["days_late", "csi"] == psi(DEVELOPMENT["days_late"], RECENT["days_late"])
    assert rows.loc["days_late", "critical_value"] == psi_critical_value(DEVELOPMENT["days_late"], RECENT["days_late"])
    assert rows.loc["industry", "csi"] == category_psi(DEVELOPMENT["industry"], RECENT["industry"])
    assert rows["verdict"].to_dict() == {
        "equity": "red",
        "days_late": "red",
        "industry": "green",
        "never_seen": "green",
    }
    assert largest_csi(DEVELOPMENT, RECENT) == table["csi"].max()


def test_values_that_go_missing_are_red_even_where_the_rest_stays() -> None:
    mostly_known = DEVELOPMENT[["equity"]].mask(RANDOM.random((2000, 1)) < 0.3)
    now = RECENT[["days_late"]].rename(columns={"days_late": "equity"}).assign(equity=RANDOM.normal(0, 1, 1000))
    now = now.mask(RANDOM.random((1000, 1)) < 0.45)

    row = characteristic_stability(mostly_known, now).iloc[0]

    assert row["csi"] < 0.25
    assert row["missing_rise"] == pytest.approx(now["equity"].isna().mean() - mostly_known["equity"].isna().mean())
    assert row["verdict"] == "red"
    assert largest_missing_rise(mostly_known, now) == row["missing_rise"]


def test_values_that_were_missing_and_are_known_now_are_no_alarm_of_their_own() -> None:
    row = characteristic_stability(
        DEVELOPMENT[["never_seen"]], RECENT[["equity"]].set_axis(["never_seen"], axis=1)
    ).iloc[0]

    assert np.isnan(row["csi"])
    assert row["missing_rise"] < -0.8
    assert row["verdict"] == "green"


def test_a_shift_that_chance_explains_is_green_however_large() -> None:
    few = pd.DataFrame({"equity": RANDOM.normal(0, 1, 30)})

    row = characteristic_stability(DEVELOPMENT[["equity"]], few).iloc[0]

    assert 0.10 < row["csi"] < row["critical_value"]
    assert row["verdict"] == "green"


def test_a_feature_that_recent_rows_lack_is_named() -> None:
    with pytest.raises(ValueError, match="recent rows lack 2 columns of development: equity, industry; compute them"):
        characteristic_stability(DEVELOPMENT, RECENT[["days_late", "never_seen"]])


def test_no_recent_rows_are_not_enough_data() -> None:
    with pytest.raises(NotEstimable, match="got 2000 at development and 0 recent ones"):
        characteristic_stability(DEVELOPMENT, RECENT.head(0))
