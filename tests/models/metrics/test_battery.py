import inspect
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.grades import GRADES, MasterScale
from models.metrics import METRICS
from models.metrics.backtests import grade_backtests
from models.metrics.battery import CHECKS
from models.metrics.check import REPORTED, Check, Judgement
from models.metrics.grades import grade_table
from models.metrics.migration import migration_matrix
from models.metrics.segments import segment_table
from models.scaling import PointsScale

ALL = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
JUDGED = pytest.mark.parametrize(
    "check", [c for c in CHECKS.values() if c.bands], ids=[i for i, c in CHECKS.items() if c.bands]
)


def inputs(seed: int, n: int = 12_000, error: float = 0.0, drift: float = 0.0) -> dict[str, Any]:
    """What the checks take, of a portfolio whose PDs are too low by `error` in log-odds, and customers worse by `drift`."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-3.2, 1.4, n)
    before, now = random.normal(0, 1, 4000), random.normal(drift, 1, n)
    defaulted, pd_12m = random.random(n) < expit(log_odds), expit(log_odds - error)
    scale = MasterScale.from_points(PointsScale())
    grade = scale.grade(pd_12m)
    table = grade_table(grade, defaulted, pd_12m, GRADES)
    moved = scale.grade(expit(log_odds + random.normal(0, 0.3, n)))
    return {
        "defaulted": defaulted,
        "pd_12m": pd_12m,
        "auc_at_development": 0.80,
        "challenger": log_odds + random.normal(0, 1, n),
        "grade": grade,
        "grade_table": table,
        "grade_tests": grade_backtests(table),
        "n_by_grade": table["n"],
        "n_by_grade_at_development": table["n"],
        "migration_matrix": migration_matrix(scale.grade(expit(log_odds)), moved, GRADES),
        "score_at_development": before,
        "score": now,
        "features_at_development": pd.DataFrame({"equity": before}),
        "features": pd.DataFrame({"equity": now}),
        "segment_table": segment_table(np.arange(n) % 3, defaulted, pd_12m),
        "period": np.arange(n) // 1000,
        "riskiest_grades": ("R9", "R10"),
    }


SOUND = inputs(1, n=40_000)
"""A portfolio as calibrated as can be."""


def test_the_battery_has_every_statistic_of_scores_and_outcomes() -> None:
    expected = {f"V{number:02d}" for number in [1, *range(3, 26), 32]}

    assert {check.battery for check in CHECKS.values()} == expected
    assert set(METRICS) <= set(CHECKS) | {"calibration_in_the_large"}


@ALL
def test_every_check_says_its_names_its_source_and_where_its_bounds_come_from(check: Check) -> None:
    assert CHECKS[check.id] is check
    assert check.name_en
    assert any("\u4e00" <= character <= "\u9fff" for character in check.name_zh)
    assert "(" in check.source
    assert (check.thresholds == REPORTED) == (check.bands is None)


@ALL
def test_every_check_takes_what_its_function_takes(check: Check) -> None:
    required = [p for p in inspect.signature(check.compute).parameters.values() if p.default is p.empty]

    assert len(check.takes) == len(required)
    assert set(check.takes) <= set(SOUND)


@JUDGED
def test_bands_lie_in_the_range_and_green_at_its_better_end(check: Check) -> None:
    assert check.bands is not None
    (low, high), green, amber = check.range, check.bands.green, check.bands.amber

    assert low <= green[0] <= green[1] <= high or check.figure == "z"
    if check.better == "higher":
        assert green[1] == amber[1] == high
    elif check.better == "lower":
        assert green[0] == amber[0] == low


@JUDGED
def test_without_a_figure_there_is_not_enough_data(check: Check) -> None:
    assert check.verdict(None) == check.verdict(math.nan) == "not enough data"


@ALL
def test_a_sound_portfolio_passes_every_check(check: Check) -> None:
    judgement = check.judge(**SOUND)

    assert judgement.check == check.id
    assert judgement.reason is None
    assert judgement.figure is not None
    assert check.range[0] - 1e-9 <= judgement.figure <= check.range[1] + 1e-9
    assert judgement.verdict == ("green" if check.bands else None)


@pytest.mark.parametrize(
    "check_id",
    [
        "calibration_in_the_large_p",
        "spiegelhalter_z",
        "jeffreys_portfolio",
        "jeffreys_grades",
        "binomial_grades",
        "segment_jeffreys",
    ],
)
def test_pds_at_half_the_true_odds_are_red(check_id: str) -> None:
    assert CHECKS[check_id].judge(**inputs(2, error=math.log(2))).verdict == "red"


@pytest.mark.parametrize("check_id", ["psi", "csi"])
def test_customers_who_have_changed_altogether_are_red(check_id: str) -> None:
    assert CHECKS[check_id].judge(**inputs(3, n=2000, drift=1.0)).verdict == "red"


def test_pds_at_twice_the_true_odds_are_red_the_other_way_round() -> None:
    found = inputs(4, error=-math.log(2))

    assert CHECKS["jeffreys_grades_too_high"].judge(**found).verdict == "red"
    assert CHECKS["jeffreys_grades"].judge(**found).verdict == "green"


def test_a_challenger_that_ranks_better_is_red() -> None:
    found = SOUND | {"challenger": SOUND["pd_12m"], "pd_12m": expit(SOUND["challenger"])}

    assert CHECKS["challenger_lead"].judge(**found).verdict == "red"


def test_rows_that_do_not_carry_a_check_say_why() -> None:
    judgement = CHECKS["gini"].judge(defaulted=[0, 0, 0], pd_12m=[0.1, 0.2, 0.3])

    assert judgement == Judgement(
        "gini",
        None,
        "not enough data",
        "Gini needs goods and bads; got 3 goods and 0 bads. Widen the window or pool the segment.",
    )


def test_a_figure_that_came_out_as_nan_is_not_reported_as_a_number() -> None:
    only_upwards = np.array([[5, 3], [0, 5]])

    judgement = CHECKS["lower_bandwidth"].judge(migration_matrix=only_upwards)

    assert (judgement.figure, judgement.verdict) == (None, None)
    assert judgement.reason == "Migration bandwidth, to safer grades does not exist on these rows."


def test_a_check_only_reported_has_no_verdict() -> None:
    assert CHECKS["h_measure"].judge(defaulted=[0, 1], pd_12m=[0.1, 0.2]) == Judgement("h_measure", 1.0, None)
    assert CHECKS["h_measure"].judge(defaulted=[0], pd_12m=[0.1]).verdict is None


@pytest.mark.parametrize(
    ("z", "verdict"), [(0, "green"), (1.96, "green"), (1.97, "amber"), (2.58, "amber"), (2.59, "red"), (9, "red")]
)
def test_pds_too_high_and_too_low_are_judged_alike_by_spiegelhalter(z: float, verdict: str) -> None:
    assert CHECKS["spiegelhalter_z"].verdict(z) == CHECKS["spiegelhalter_z"].verdict(-z) == verdict
