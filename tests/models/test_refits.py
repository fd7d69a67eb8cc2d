"""Refits: how far the reasons told agree when another sample of customers had been drawn."""

import numpy as np
import pandas as pd
import pytest

from models.refits import agreement

INDICATORS = ["payment", "liquidity", "profit", "size"]


def points(*applicants: list[float]) -> pd.DataFrame:
    return pd.DataFrame(list(applicants), columns=INDICATORS, dtype=float)


def test_a_refit_that_tells_the_same_reasons_agrees_in_full() -> None:
    told = points([-40, -20, -10, 6], [30, -12, 8, -5])

    assert agreement(told, [told]) == {"share_tau": 1.0, "sign_agreement": 1.0, "worst_overlap": 1.0}


def test_contributions_too_small_to_be_told_may_change_sign_and_five_points_are_told() -> None:
    told, refitted = points([-40, 5, 4.9, -1]), points([-40, -5, -4.9, 1])

    assert agreement(told, [refitted])["sign_agreement"] == 0.5


def test_two_of_three_worst_indicators_in_common_are_half_of_the_four_named() -> None:
    told, refitted = points([-40, -20, -10, 6]), points([-40, -20, 6, -10])

    assert agreement(told, [refitted])["worst_overlap"] == pytest.approx(2 / 4)


def test_without_a_refit_nobody_claims_agreement() -> None:
    assert np.isnan(list(agreement(points([-40, -20, -10, 6]), []).values())).all()
