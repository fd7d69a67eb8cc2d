"""Selection: who is unlike all that were admitted, and how the admitted are weighted to look like all applicants."""

import numpy as np
import pandas as pd
import pytest

from models.selection import Support, inverse_weights, out_of_support

FEATURES = ["days_late", "equity", "sales", "staff"]
SUPPORT = Support(low=dict.fromkeys(FEATURES, 0.0), high=dict.fromkeys(FEATURES, 1.0))


def applicants(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=FEATURES)


def test_an_applicant_is_unlike_the_admitted_with_four_features_outside_their_range_and_not_yet_with_three() -> None:
    X = applicants([-1, 2, -1, 2], [-1, 2, -1, 1], [0, 1, 0, 1])

    assert out_of_support(X, np.zeros(3), SUPPORT).tolist() == [True, False, False]


def test_an_applicant_that_was_surely_declined_is_unlike_the_admitted_wherever_its_features_lie() -> None:
    X = applicants([0.5] * 4, [0.5] * 4)

    assert out_of_support(X, np.array([0.96, 0.95]), SUPPORT).tolist() == [True, False]


def test_a_value_nobody_knows_lies_outside_no_range() -> None:
    assert SUPPORT.outside(applicants([np.nan, np.nan, 2, 0.5])).tolist() == [1]


def test_the_admitted_who_were_nearly_declined_stand_for_more_applicants_but_never_for_more_than_ten() -> None:
    weights = inverse_weights(np.array([0.0, 0.5, 0.8, 0.99, 1.0]))

    assert weights / weights[0] == pytest.approx([1, 2, 5, 10, 10])
    assert weights.mean() == pytest.approx(1)
