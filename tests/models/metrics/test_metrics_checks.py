import numpy as np
import pandas as pd
import pytest

from models.metrics.calibration import brier
from models.metrics.checks import NotEstimable
from models.metrics.discrimination import auc


def test_percentages_passed_as_pds_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"2 of 3 PDs .* the first is 2.5 at row 1\. .*divide by 100"):
        brier([0, 1, 0], [0.5, 2.5, 70])


@pytest.mark.parametrize("certain", [0.0, 1.0, -0.1])
def test_a_pd_that_claims_certainty_is_refused_by_calibration(certain: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        brier([0, 1], [certain, 0.5])


def test_ranking_takes_points_with_their_sign_turned() -> None:
    assert auc([0, 1, 0], [-700, -480.5, -1e308]) == 1


def test_an_outcome_without_a_score_is_refused() -> None:
    with pytest.raises(ValueError, match="got 3 outcomes and 2 scores; pass one score for each outcome"):
        auc([0, 1, 0], [0.1, 0.2])


def test_an_open_performance_window_is_not_a_good() -> None:
    with pytest.raises(
        ValueError, match=r"1 of 3 outcomes are missing; the first is nan at row 2\. Leave out rows whose"
    ):
        auc(pd.Series([0, 1, None], dtype="Int8"), [0.1, 0.2, 0.3])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_customer_who_was_not_scored_is_refused(missing: object) -> None:
    with pytest.raises(ValueError, match=r"1 of 2 scores are missing; the first is nan at row 1\. Score every row"):
        auc([0, 1], pd.Series([0.1, missing], dtype=object))


def test_an_indeterminate_coded_2_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"1 of 3 outcomes are neither 0 nor 1; the first is 2 at row 1.*indeterminates"
    ):
        auc([0, 2, 1], [0.1, 0.2, 0.3])


def test_an_infinite_score_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 scores are infinite; the first is -inf at row 0"):
        auc([0, 1], [-np.inf, 0.3])


def test_outcomes_may_be_booleans_numbers_or_a_frame_column() -> None:
    scores = [0.1, 0.4, 0.3]

    values = {
        auc([False, True, True], scores),
        auc(np.array([0.0, 1.0, 1.0]), scores),
        auc(pd.Series([0, 1, 1], index=[9, 8, 7]), scores),
    }

    assert values == {1.0}


def test_only_a_sound_portfolio_that_is_too_thin_is_called_not_estimable() -> None:
    with pytest.raises(NotEstimable):
        auc([0, 0], [0.1, 0.2])
    with pytest.raises(ValueError, match="missing") as unsound:
        auc([0, 1], [0.1, np.nan])
    assert not isinstance(unsound.value, NotEstimable)
