import itertools
import json
import re
import time
from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.certificate import Certificate, certify

Floats = NDArray[np.float64]

NAMES = ["days_late", "equity", "industry"]
DIRECTIONS = {"days_late": 1, "equity": -1}
CATEGORY, MISSING_LEFT, MISSING_RIGHT, MISSING_AS_ZERO = 1, 10, 8, 0
"""LightGBM's `decision_type` of a node: category; number whose missing values go left, go right, or are read as 0."""


def booster_of(
    split: list[str],
    threshold: list[float],
    children: list[tuple[int, int]],
    output: list[float],
    kind: list[int] | None = None,
    categories: Sequence[set[int]] = (),
) -> lightgbm.Booster:
    """A model of one tree written by hand: nodes from 0, child -1 is leaf 0, child -2 leaf 1, and so on."""
    kinds = kind or [MISSING_RIGHT] * len(split)
    bits = " ".join(str(sum(2**code for code in codes)) for codes in categories)
    sets = f"cat_boundaries={' '.join(map(str, range(len(categories) + 1)))}\ncat_threshold={bits}\n" if bits else ""
    return lightgbm.Booster(
        model_str="\n".join(
            [
                "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2",
                f"objective=binary sigmoid:1\nfeature_names={' '.join(NAMES)}\nfeature_infos=[0:9] [0:9] 0:1:2:3\n",
                f"Tree=0\nnum_leaves={len(output)}\nnum_cat={kinds.count(CATEGORY)}",
                f"split_feature={' '.join(str(NAMES.index(name)) for name in split)}",
                f"split_gain={' '.join('1' for _ in split)}",
                f"threshold={' '.join(map(str, threshold))}",
                f"decision_type={' '.join(map(str, kinds))}",
                f"left_child={' '.join(str(left) for left, _ in children)}",
                f"right_child={' '.join(str(right) for _, right in children)}",
                f"leaf_value={' '.join(map(str, output))}",
                f"leaf_count={' '.join('9' for _ in output)}",
                f"internal_value={' '.join('0' for _ in split)}\ninternal_count={' '.join('9' for _ in split)}",
                f"{sets}is_linear=0\nshrinkage=1\n\nend of trees\n",
            ]
        )
    )


def one(booster: lightgbm.Booster, name: str, direction: int) -> Certificate:
    (certificate,) = certify(booster, {name: direction})
    return certificate


def train(seed: int, leaves: int = 6, trees: int = 4, rows: int = 300, **parameters: Any) -> lightgbm.Booster:
    """Trees of customers with missing values, whose risk depends on the three features together."""
    random = np.random.default_rng(seed)
    late, equity = random.normal(size=(2, rows)).round(1)
    industry = random.integers(0, 4, rows).astype(float)
    risk = late * (1 + (industry > 1)) - equity + 2 * np.sin(3 * late) * equity
    bad = random.random(rows) < 1 / (1 + np.exp(-risk))
    matrix = np.column_stack([late, equity, industry])
    matrix[random.random(matrix.shape) < 0.3] = np.nan
    data = lightgbm.Dataset(matrix, bad.astype(float), feature_name=NAMES, categorical_feature=[2])
    fixed = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "min_data_in_leaf": 5}
    return lightgbm.train(
        {**fixed, "num_leaves": leaves, "cat_smooth": 0, "min_data_per_group": 5, **parameters}, data, trees
    )


def grid_of(booster: lightgbm.Booster) -> list[Floats]:
    """For each feature a value of every kind that the trees can tell apart; missing comes last."""
    rows = booster.trees_to_dataframe()
    axes = []
    for name in NAMES[:2]:
        thresholds = np.unique(rows.loc[rows["split_feature"] == name, "threshold"].astype(float))
        outermost = np.array([thresholds.min(initial=0) - 1, *thresholds, thresholds.max(initial=0) + 1])
        axes.append(np.append((outermost[1:] + outermost[:-1]) / 2, np.nan))
    return [*axes, np.array([0.0, 1, 2, 3, 99, np.nan])]


def outputs(booster: lightgbm.Booster, axes: list[Floats], tree: int | None = None) -> Floats:
    """The output of one tree, or of all, at every point of the grid: one dimension a feature."""
    points = np.array(list(itertools.product(*axes)))
    chosen = {} if tree is None else {"start_iteration": tree, "num_iteration": 1}
    return np.asarray(booster.predict(points, raw_score=True, num_threads=1, **chosen)).reshape([len(a) for a in axes])


def breaks(values: Floats, feature: int, direction: int) -> bool:
    """Whether a step up in a known value of the feature, all else equal, ever moves the output against the direction."""
    known = np.moveaxis(values, feature, 0)[:-1]
    return bool((direction * np.diff(known, axis=0) < 0).any())


def test_a_tree_that_gives_later_payers_more_risk_is_certified_and_one_that_gives_them_less_is_not() -> None:
    rising, falling = (booster_of(["days_late"], [30], [(-1, -2)], output) for output in ([-0.1, 0.2], [0.2, -0.1]))

    assert one(rising, "days_late", 1).holds
    assert one(falling, "days_late", -1).holds
    assert not one(rising, "days_late", -1).holds
    assert not one(falling, "days_late", 1).holds


def test_a_violation_names_the_tree_the_leaves_and_their_outputs() -> None:
    certificate = one(booster_of(["days_late"], [30], [(-1, -2)], [0.2, -0.1]), "days_late", 1)

    assert (certificate.trees, certificate.trees_splitting, certificate.trees_violating) == (1, 1, 1)
    assert certificate.as_json()["violation"] == {
        "tree": 0,
        "lower_leaf": 0,
        "higher_leaf": 1,
        "lower_output": 0.2,
        "higher_output": -0.1,
        "if_missing": (),
    }
    assert json.loads(json.dumps(certificate.as_json()))["holds"] is False


def test_leaves_that_no_two_such_customers_reach_may_be_in_any_order() -> None:
    # Little equity: 0.5 then 0.6. Much equity: 0.1 then 0.2. The left side's greatest exceeds the right side's least.
    booster = booster_of(
        ["days_late", "equity", "equity"], [30, 5, 5], [(1, 2), (-1, -2), (-3, -4)], [0.5, 0.1, 0.6, 0.2]
    )

    certificates = certify(booster, DIRECTIONS)

    assert [c.holds for c in certificates] == [True, True]


def test_the_widest_violation_is_the_one_reported() -> None:
    booster = booster_of(["days_late", "days_late"], [30, 60], [(-1, 1), (-2, -3)], [0.5, 0.4, 0.1])

    violation = one(booster, "days_late", 1).violation

    assert violation is not None
    assert (violation.lower_leaf, violation.higher_leaf) == (0, 2)


def test_an_order_that_breaks_only_for_customers_without_another_value_says_which_value() -> None:
    # Punctual and equity at most 3 (or unknown): 0.5. Late and equity above 7 (or unknown): 0.4. No known equity is both.
    booster = booster_of(
        ["days_late", "equity", "equity"],
        [30, 3, 7],
        [(1, 2), (-1, -2), (-3, -4)],
        [0.5, 0.1, 0.6, 0.4],
        [MISSING_RIGHT, MISSING_LEFT, MISSING_RIGHT],
    )

    certificate = one(booster, "days_late", 1)

    assert not certificate.holds
    assert certificate.holds_if_known
    assert certificate.violation is not None
    assert certificate.violation.if_missing == ("equity",)
    unknown_equity = np.array([[10, np.nan, 0], [40, np.nan, 0]])
    assert np.asarray(booster.predict(unknown_equity, raw_score=True)).tolist() == [0.5, 0.4]


def test_a_violation_among_known_customers_is_reported_before_a_wider_one_among_unknown_ones() -> None:
    booster = booster_of(
        ["days_late", "equity", "equity"],
        [30, 3, 7],
        [(1, 2), (-1, -2), (-3, -4)],
        [0.9, 0.5, 0.9, 0.4],
        [MISSING_RIGHT, MISSING_LEFT, MISSING_RIGHT],
    )

    certificate = one(booster, "days_late", 1)

    assert not certificate.holds_if_known
    assert certificate.violation is not None
    assert (certificate.violation.lower_output, certificate.violation.higher_output) == (0.5, 0.4)


@pytest.mark.parametrize("of_the_unknown", [-9.0, 9.0])
def test_where_an_unknown_value_of_the_feature_itself_goes_is_not_part_of_the_promise(of_the_unknown: float) -> None:
    # Above 10 days, or unknown, and then at most 5, or unknown: only the unknown reach leaf 0.
    booster = booster_of(
        ["days_late", "days_late"],
        [10, 5],
        [(-2, 1), (-1, -3)],
        [of_the_unknown, 0.1, 0.3],
        [MISSING_RIGHT, MISSING_LEFT],
    )

    assert np.asarray(booster.predict([[np.nan, 0, 0]], raw_score=True)).tolist() == [of_the_unknown]
    assert one(booster, "days_late", 1).holds


def test_a_missing_value_that_the_trees_read_as_zero_is_taken_for_zero() -> None:
    # Equity unknown is read as 0: at most 3 in both halves, never above 7.
    apart = booster_of(
        ["days_late", "equity", "equity"],
        [30, 3, 7],
        [(1, 2), (-1, -2), (-3, -4)],
        [0.5, 0.1, 0.6, 0.4],
        [MISSING_RIGHT, MISSING_AS_ZERO, MISSING_AS_ZERO],
    )

    assert one(apart, "days_late", 1).holds


@pytest.mark.parametrize(("late_and_bad", "holds"), [({0, 1}, False), ({1}, True)])
def test_customers_of_different_industries_are_not_compared(late_and_bad: set[int], holds: bool) -> None:
    # Punctual customers of industry 0 have 0.5; late ones of the industries `late_and_bad` have 0.4.
    booster = booster_of(
        ["days_late", "industry", "industry"],
        [30, 0, 1],
        [(1, 2), (-1, -2), (-3, -4)],
        [0.5, 0.1, 0.4, 0.6],
        [MISSING_RIGHT, CATEGORY, CATEGORY],
        [{0}, late_and_bad],
    )

    assert one(booster, "days_late", 1).holds == holds


def test_an_industry_never_seen_is_a_circumstance_like_any_other() -> None:
    # Industries other than 0 and other than 1 meet in industry 2, in those never seen, and in the unknown.
    booster = booster_of(
        ["days_late", "industry", "industry"],
        [30, 0, 1],
        [(1, 2), (-1, -2), (-3, -4)],
        [0.1, 0.5, 0.6, 0.4],
        [MISSING_RIGHT, CATEGORY, CATEGORY],
        [{0}, {1}],
    )

    certificate = one(booster, "days_late", 1)

    assert not certificate.holds_if_known


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    constrained=st.booleans(),
    method=st.sampled_from(["basic", "intermediate", "advanced"]),
    leaves=st.integers(2, 8),
)
def test_a_certificate_says_what_trying_every_customer_says(
    seed: int, constrained: bool, method: str, leaves: int
) -> None:
    promise = {"monotone_constraints": [1, -1, 0], "monotone_constraints_method": method} if constrained else {}
    booster = train(seed, leaves, trees=3, learning_rate=0.5, **promise)
    axes = grid_of(booster)
    trees = [outputs(booster, axes, tree) for tree in range(booster.num_trees())]

    certificates = certify(booster, DIRECTIONS)

    for feature, certificate in enumerate(certificates):
        other = 1 - feature
        known = [np.delete(values, -1, axis=other) for values in trees]
        broken = [breaks(values, feature, certificate.direction) for values in trees]
        assert certificate.trees_violating == sum(broken)
        assert certificate.holds == (not any(broken))
        assert certificate.holds_if_known == (not any(breaks(v, feature, certificate.direction) for v in known))


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_a_certified_model_never_lowers_the_risk_of_a_later_payer_by_a_single_bit(seed: int) -> None:
    booster = train(seed, trees=8, monotone_constraints=[1, -1, 0], monotone_constraints_method="intermediate")
    axes = grid_of(booster)
    certificates = certify(booster, DIRECTIONS)
    assume(all(c.holds for c in certificates))

    margin = outputs(booster, axes)

    assert not breaks(margin, 0, 1)
    assert not breaks(margin, 1, -1)


def test_a_constrained_model_is_certified_and_an_unconstrained_one_is_not() -> None:
    promise = {"monotone_constraints": [1, -1, 0], "monotone_constraints_method": "basic"}

    kept, free = certify(train(1, trees=30, **promise), DIRECTIONS), certify(train(1, trees=30), DIRECTIONS)

    assert all(c.holds and c.trees_splitting > 5 for c in kept)
    assert not any(c.holds_if_known for c in free)


def test_two_leaves_swapped_in_the_models_file_are_found() -> None:
    booster = train(3, leaves=2, trees=5, rows=2000, monotone_constraints=[1, -1, 0], feature_fraction=0.4)
    text = booster.model_to_string()
    tree = next(i for i, t in enumerate(booster.dump_model()["tree_info"]) if t["tree_structure"]["split_feature"] == 0)
    left, right = re.findall(r"leaf_value=(\S+) (\S+)", text)[tree]

    edited = lightgbm.Booster(model_str=text.replace(f"leaf_value={left} {right}", f"leaf_value={right} {left}"))

    assert one(booster, "days_late", 1).holds
    violation = one(edited, "days_late", 1).violation
    assert violation is not None
    assert violation.tree == tree
    assert (violation.lower_output, violation.higher_output) == (float(right), float(left))


def test_a_feature_that_no_tree_splits_on_keeps_every_promise() -> None:
    certificate = one(booster_of(["equity"], [3], [(-1, -2)], [0.1, 0.2]), "days_late", 1)

    assert certificate == Certificate("days_late", 1, True, True, 1, 0, 0, None)


def test_a_model_that_knows_only_the_default_rate_keeps_every_promise() -> None:
    booster = train(1, trees=1, min_data_in_leaf=1000)

    assert all(c.holds for c in certify(booster, DIRECTIONS))


def test_features_come_in_the_models_order_and_those_without_direction_not_at_all() -> None:
    certificates = certify(train(1), {"equity": -1, "industry": 0, "days_late": 1})

    assert [c.feature for c in certificates] == ["days_late", "equity"]


@pytest.mark.parametrize(
    ("directions", "message"),
    [
        ({"days_lat": 1}, "directions name features that the model does not have: days_lat"),
        ({"days_late": 2}, "direction of 'days_late' must be -1, 0 or 1, got 2"),
        ({"industry": 1}, "categories have no order to certify: industry; give them direction 0"),
    ],
)
def test_a_direction_that_means_nothing_is_refused(directions: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certify(train(1, trees=20), directions)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"zero_as_missing": True},
            "tree 0 takes zero for missing; to certify a model, train with zero_as_missing=false",
        ),
        ({"linear_tree": True}, "tree 0 has linear leaves; to certify a model, train with linear_tree=false"),
        ({"objective": "multiclass", "num_class": 2}, "a certificate is of one output, this model has 2"),
    ],
)
def test_a_model_about_which_nothing_is_proven_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certify(train(1, **parameters), DIRECTIONS)


def test_a_model_of_300_trees_with_31_leaves_is_certified_in_seconds() -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(1500, 25))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    bad = random.random(1500) < 0.3
    parameters = {"objective": "binary", "num_leaves": 31, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(matrix, bad.astype(float)), 300)

    started = time.process_time()
    certificates = certify(booster, dict.fromkeys(booster.feature_name(), 1))

    assert time.process_time() - started < 8
    assert [c.trees for c in certificates] == [300] * 25
