import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grades import GRADE_TEXTS, GRADES, MasterScale
from models.scaling import PointsScale

USUAL = MasterScale.from_points(PointsScale())


def test_the_usual_bounds_are_those_of_the_published_table():
    percent = 100 * np.array(USUAL.bounds)

    assert percent == pytest.approx([0.0625, 0.125, 0.249, 0.498, 0.990, 1.961, 3.846, 7.407, 13.793], abs=5e-4)


@pytest.mark.parametrize("place", range(9))
def test_a_pd_on_a_bound_belongs_to_the_safer_grade_and_the_next_double_to_the_riskier(place):
    bound = USUAL.bounds[place]

    graded = USUAL.grade([bound, np.nextafter(bound, 1)])

    assert graded.tolist() == [GRADES[place], GRADES[place + 1]]


def test_odds_of_fifty_to_one_are_exactly_the_end_of_r6():
    assert USUAL.grade([1 / 51])[0] == "R6"
    assert USUAL.grade([np.nextafter(1 / 51, 1)])[0] == "R7"


def test_a_customer_is_graded_on_the_unrounded_pd():
    just_too_risky = 1 / 51 + 1e-9
    scale = PointsScale()

    assert scale.reported(scale.points(just_too_risky)) == 600
    assert USUAL.grade([just_too_risky])[0] == "R7"


@given(st.lists(st.floats(1e-6, 1 - 1e-6), min_size=2, max_size=20))
def test_a_riskier_customer_never_gets_a_better_grade(pds):
    ranks = [GRADES.index(grade) for grade in USUAL.grade(sorted(pds))]

    assert ranks == sorted(ranks)


@given(st.floats(1e-6, 1 - 1e-6))
def test_a_grade_holds_the_pds_its_table_states(pd_12m):
    row = USUAL.table().set_index("grade").loc[USUAL.grade(pd_12m)]

    assert row["pd_above"] < pd_12m <= row["pd_up_to"]


def test_the_grades_follow_the_points_scale_they_are_derived_from():
    strict = MasterScale.from_points(PointsScale(anchor_odds=100))

    assert strict.bounds[5] == 1 / 101
    assert strict.grade([1 / 51])[0] == "R7"


def test_the_table_has_a_midpoint_in_every_grade_and_names_in_two_languages():
    table = USUAL.table()

    assert table["grade"].tolist() == list(GRADES)
    assert (table["pd_midpoint"] > table["pd_above"]).all()
    assert (table["pd_midpoint"] < table["pd_up_to"]).all()
    assert table.loc[0, ["en", "zh"]].tolist() == ["Minimal risk", "风险极小"]
    assert len({text.zh for text in GRADE_TEXTS.values()}) == len({text.en for text in GRADE_TEXTS.values()}) == 10


def test_nobody_to_grade_gives_no_grades():
    assert USUAL.grade([]).shape == (0,)


@pytest.mark.parametrize("bounds", [(0.1, 0.2), tuple(np.linspace(0.9, 0.1, 9)), tuple(np.linspace(0.0, 0.9, 9))])
def test_a_scale_whose_bounds_do_not_rise_from_above_nought_is_refused(bounds):
    with pytest.raises(ValueError, match="needs 9 rising PDs"):
        MasterScale(bounds)


def test_an_impossible_pd_gets_no_grade():
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        USUAL.grade([0.02, np.nan])
