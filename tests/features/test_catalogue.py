import re
from dataclasses import replace

import pytest

from features.catalogue import Catalogue, Dimension, Indicator
from features.dimensions import CATALOGUE
from features.tables import TABLES

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ADMISSION = [d for d in CATALOGUE.dimensions if d.id != "context"]


def test_there_are_seven_dimensions_with_eighteen_indicators_and_the_context():
    assert len(ADMISSION) == 7
    assert sum(len(d.indicators) for d in ADMISSION) == 18
    assert len({i.code for i in CATALOGUE.indicators}) == 19


def test_every_feature_belongs_to_exactly_one_indicator_and_every_indicator_to_one_dimension():
    owners = [f.id for i in CATALOGUE.indicators for f in i.features]

    assert sorted(owners) == sorted({f.id for f in CATALOGUE.features})
    for indicator in CATALOGUE.indicators:
        assert indicator in CATALOGUE.dimension_of(indicator.id).indicators


@pytest.mark.parametrize(
    "thing", [*CATALOGUE.dimensions, *CATALOGUE.indicators, *CATALOGUE.features], ids=lambda t: t.id
)
def test_everything_has_a_name_in_both_languages(thing):
    assert thing.en
    assert not CHINESE.search(thing.en)
    assert CHINESE.search(thing.zh) or thing.id in {"esg"}


@pytest.mark.parametrize("feature", CATALOGUE.features, ids=lambda f: f.id)
def test_a_feature_declares_what_its_readers_need(feature):
    assert feature.formula
    assert feature.source
    assert feature.direction in (-1, 0, 1)
    assert feature.is_category == (feature.unit == "category")
    assert feature.clip is None or feature.clip[0] < feature.clip[1]
    assert (feature.missing == "zero") == bool(feature.zero_if_checked)
    assert {*feature.frame.reads, *feature.frame.may_read} <= TABLES.keys()


def test_a_category_has_no_direction():
    assert all(f.direction == 0 for f in CATALOGUE.features if f.is_category)


def test_composite_scores_are_compared_with_the_model_and_never_part_of_it():
    benchmarks = {f.id for f in CATALOGUE.of_role("benchmark")}

    assert {"fh_altman_z2", "fh_zmijewski"} <= benchmarks
    assert not benchmarks & {f.id for f in CATALOGUE.of_role("model")}


def test_directions_are_the_declared_ones_in_the_order_asked():
    asked = ["sv_current_ratio", "cx_industry", "rr_max_dpd_365d"]

    assert list(CATALOGUE.directions(asked).items()) == [
        ("sv_current_ratio", -1),
        ("cx_industry", 0),
        ("rr_max_dpd_365d", 1),
    ]


def test_a_feature_declared_twice_is_refused_by_name():
    first, second = CATALOGUE.indicators[0], replace(CATALOGUE.indicators[1], features=CATALOGUE.indicators[0].features)
    names = ", ".join(sorted(f.id for f in first.features))

    with pytest.raises(ValueError, match=f"feature declared more than once: {names}; give each its own id"):
        Catalogue((Dimension(id="d", en="d", zh="维", indicators=(first, second)),))


def test_an_unknown_feature_is_a_key_error():
    with pytest.raises(KeyError, match="no_such_feature"):
        CATALOGUE.directions(["no_such_feature"])


def test_an_indicator_declared_twice_is_refused_by_name():
    twice = Indicator(
        id="x", code="X1", en="x", zh="某", stance="implied", good_en="", good_zh="", bad_en="", bad_zh=""
    )

    with pytest.raises(ValueError, match="indicator declared more than once: x"):
        Catalogue((Dimension(id="d", en="d", zh="维", indicators=(twice, twice)),))
