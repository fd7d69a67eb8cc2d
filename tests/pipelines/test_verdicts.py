"""When a traffic light is green, amber, red, or out for lack of data."""

from typing import Any

import pytest

from pipelines.pages import verdicts


def indicator(verdict: str, data_verdict: str, *, stance: str = "explicit", assessed: bool = True) -> dict[str, Any]:
    return {"assessed": assessed, "direction_article": stance, "verdict": verdict, "data_verdict": data_verdict}


@pytest.mark.parametrize(
    ("gini", "colour"),
    [(0.5, "green"), (0.499, "amber"), (0.35, "amber"), (0.349, "red"), (-0.2, "red"), (None, "not enough data")],
)
def test_discrimination_is_judged_by_its_gini(gini: float | None, colour: str):
    assert verdicts.discrimination(gini) == colour


@pytest.mark.parametrize(
    ("slope", "p", "colour"),
    [
        (1.0, 0.5, "green"),
        (0.8, 0.05, "green"),
        (1.2, None, "green"),
        (1.3, 0.5, "amber"),
        (1.0, 0.049, "amber"),
        (1.0, 0.009, "red"),
        (1.5, 0.5, "red"),
        (0.59, 0.04, "red"),
        (None, 0.04, "amber"),
        (None, None, "not enough data"),
    ],
)
def test_calibration_is_as_bad_as_its_worse_test(slope: float | None, p: float | None, colour: str):
    assert verdicts.calibration(slope, p) == colour


def test_one_weak_grade_of_ten_is_no_alarm_but_a_very_weak_one_is():
    honest = [{"n": 100, "jeffreys_p": p} for p in (0.04, *[0.5] * 9)]
    failing = [{"n": 100, "jeffreys_p": p} for p in (0.0004, *[0.5] * 9)]

    assert verdicts.calibration(1.0, verdicts.lowest_adjusted_p(honest)) == "green"
    assert verdicts.calibration(1.0, verdicts.lowest_adjusted_p(failing)) == "red"


def test_empty_grades_are_not_tested_and_a_p_never_exceeds_one():
    assert verdicts.lowest_adjusted_p([{"n": 0, "jeffreys_p": 0.0}, {"n": 9, "jeffreys_p": None}]) is None
    assert verdicts.lowest_adjusted_p([{"n": 9, "jeffreys_p": 0.9}, {"n": 9, "jeffreys_p": 0.8}]) == 1.0


@pytest.mark.parametrize(
    ("pairs", "colour"),
    [
        ([("consistent", "consistent")], "green"),
        ([("consistent", "consistent"), ("consistent", "inconsistent")], "amber"),
        ([("consistent", "consistent"), ("not used", "consistent")], "amber"),
        ([("consistent", "no clear direction")], "amber"),
        ([("consistent", "consistent"), ("inconsistent", "consistent")], "red"),
        ([], "not enough data"),
    ],
)
def test_the_direction_audit_hears_the_model_and_the_data(pairs: list[tuple[str, str]], colour: str):
    assert verdicts.audit([indicator(*pair) for pair in pairs]) == colour


def test_the_audit_leaves_out_the_context_and_what_was_not_assessed():
    rows = [
        indicator("consistent", "consistent"),
        indicator("inconsistent", "inconsistent", stance="context"),
        indicator("not assessed", "not assessed", assessed=False),
    ]

    assert verdicts.audit(rows) == "green"
    assert verdicts.count_directions(rows) == (1, 1, 0)
