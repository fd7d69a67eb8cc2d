import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics.calibration import brier
from models.metrics.checks import NotEstimable
from models.metrics.murphy import brier_parts, relative_reliability

ROWS = st.lists(st.tuples(st.sampled_from("甲乙丙"), st.integers(0, 1), st.integers(1, 99)), min_size=1, max_size=30)


@given(ROWS)
def test_the_parts_add_up_to_the_brier_score(rows: list[tuple[str, int, int]]) -> None:
    grade, defaulted, percent = (np.array(column) for column in zip(*rows, strict=True))

    parts = brier_parts(grade, defaulted, percent / 100)

    total = parts.reliability - parts.resolution + parts.uncertainty + parts.remainder
    assert total == pytest.approx(brier(defaulted, percent / 100), abs=1e-12)
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0
    assert parts.resolution <= parts.uncertainty + 1e-12


@given(ROWS)
def test_one_pd_a_grade_leaves_no_remainder(rows: list[tuple[str, int, int]]) -> None:
    grade, defaulted, _ = (np.array(column) for column in zip(*rows, strict=True))
    pd_of = {"甲": 0.02, "乙": 0.1, "丙": 0.4}

    parts = brier_parts(grade, defaulted, [pd_of[g] for g in grade])

    assert parts.remainder == pytest.approx(0, abs=1e-12)


def test_the_parts_of_two_grades_by_hand() -> None:
    # R1: 4 rows, 1 bad, PD 0.15. R2: 4 rows, 3 bads, PD 0.75. Overall rate 0.5.
    parts = brier_parts(["R1"] * 4 + ["R2"] * 4, [1, 0, 0, 0, 1, 1, 1, 0], [0.15] * 4 + [0.75] * 4)

    assert parts.reliability == pytest.approx((4 * 0.1**2 + 0) / 8)
    assert parts.resolution == pytest.approx(0.25**2)
    assert parts.uncertainty == 0.25
    assert relative_reliability(["R1"] * 4 + ["R2"] * 4, [1, 0, 0, 0, 1, 1, 1, 0], [0.15] * 4 + [0.75] * 4) == (
        pytest.approx(parts.reliability / 0.25)
    )


def test_a_portfolio_without_bads_has_no_uncertainty_to_compare_with() -> None:
    with pytest.raises(NotEstimable, match="relative reliability needs goods and bads; got 2 goods and 0 bads"):
        relative_reliability(["R1", "R2"], [0, 0], [0.1, 0.2])


@pytest.mark.parametrize(
    ("grade", "count"), [(["R1", None], "got 2 grades, 1 of them missing, for 2"), (["R1"], "got 1 ")]
)
def test_a_customer_without_a_grade_is_refused(grade: list[str], count: str) -> None:
    with pytest.raises(ValueError, match=count):
        brier_parts(grade, [0, 1], [0.1, 0.2])
