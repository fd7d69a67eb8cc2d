"""Selection: who is unlike all that were admitted, and how the admitted are weighted to look like all applicants."""

import numpy as np
import pandas as pd
import pytest

from models.metrics.discrimination import auc
from models.selection import Support, admitted_ranges, inverse_weights, out_of_support, propensity

FEATURES = ["days_late", "equity", "sales", "staff"]
SUPPORT = Support(dict.fromkeys(FEATURES, (0.0, 1.0)))


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


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    random = np.random.default_rng(3)
    n = 1500
    return pd.DataFrame(
        {
            "bureau_score": random.normal(600, 50, n),
            "revenue": random.lognormal(3, 1, n),
            "industry": random.choice(["制造业", "建筑业"], n),
        }
    )


def test_who_was_declined_by_a_rule_is_told_apart_on_customers_never_seen(people: pd.DataFrame) -> None:
    declined = (people["bureau_score"] < 560).to_numpy()

    chance = propensity(people, declined, np.arange(len(people)), seed=1)

    assert ((chance >= 0) & (chance <= 1)).all()
    assert auc(declined, chance) > 0.95


def test_who_was_declined_by_lot_is_not_told_apart_though_customers_return(people: pd.DataFrame) -> None:
    """Customers who apply three times with the same data and the same fate would give themselves away across folds."""
    once = np.random.default_rng(4).random(500) < 0.3
    rows, customers = people.iloc[np.repeat(np.arange(500), 3)].reset_index(drop=True), np.repeat(np.arange(500), 3)

    chance = propensity(rows, np.repeat(once, 3), customers, seed=1)

    assert 0.4 < auc(np.repeat(once, 3), chance) < 0.6


def test_the_same_seed_gives_the_same_propensity_and_another_one_another(people: pd.DataFrame) -> None:
    declined = (people["bureau_score"] < 560).to_numpy()
    first, again, other = (propensity(people, declined, np.arange(len(people)), seed=s) for s in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


def test_support_is_the_middle_of_the_admitted_in_the_numbers_that_matter_most(people: pd.DataFrame) -> None:
    support = Support.of(admitted_ranges(people), pd.Series({"industry": 9.0, "bureau_score": 2.0, "revenue": 1.0}))

    assert set(support.ranges) == {"bureau_score", "revenue"}
    assert support.ranges["bureau_score"][0] == pytest.approx(people["bureau_score"].quantile(0.005))
    assert support.ranges["revenue"][1] == pytest.approx(people["revenue"].quantile(0.995))


def test_only_the_twenty_most_important_features_are_watched() -> None:
    names = [f"f{k}" for k in range(25)]
    admitted = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 25)), columns=names)

    support = Support.of(admitted_ranges(admitted), pd.Series(np.arange(25.0), index=names))

    assert set(support.ranges) == set(names[5:])


def test_a_feature_that_no_admitted_applicant_has_sets_no_range() -> None:
    admitted = pd.DataFrame({"revenue": [1.0, 2.0], "esg": [np.nan, np.nan]})

    assert set(Support.of(admitted_ranges(admitted), pd.Series({"revenue": 1.0, "esg": 1.0})).ranges) == {"revenue"}
