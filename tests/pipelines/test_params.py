"""params.yaml is refused in words before anything runs, and its fingerprint tells runs apart exactly when they differ."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from trial import ROOT, committed

from pipelines.errors import InputError
from pipelines.params import load, resolve
from pipelines.sources import SOURCES


def refusal(**changes: Any) -> str:
    with pytest.raises(InputError) as refused:
        resolve(committed(**changes))
    return str(refused.value)


def unreadable(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as refused:
        load(path)
    return str(refused.value)


def test_the_committed_file_is_complete_and_typed() -> None:
    params = load(ROOT / "params.yaml")

    assert params.source == "sample"
    assert params.data_until == date(2025, 12, 31)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_can_be_chosen_by_its_name_alone(source: str) -> None:
    assert resolve(committed(source=source)).source == source


def test_overrides_belong_to_sources_that_exist() -> None:
    assert set(committed()["sources"]) <= set(SOURCES)


def test_a_mistyped_key_is_refused_with_the_nearest_known_one() -> None:
    assert refusal(train__num_leafs=31) == "params.yaml: unknown key train.num_leafs. Did you mean 'num_leaves'?"


def test_a_mistyped_section_is_refused_with_the_nearest_known_one() -> None:
    assert refusal(trian={}) == "params.yaml: unknown key trian. Did you mean 'train'?"


def test_a_key_like_no_other_is_refused_with_all_known_ones() -> None:
    assert "unknown key engine.zzz. Known: kind, memory_limit, threads, spark_master." in refusal(engine__zzz=1)


def test_a_mistyped_key_among_a_sources_overrides_is_refused_when_the_source_is_chosen() -> None:
    values = committed(source="uci_credit_card")
    values["sources"]["uci_credit_card"]["split"] = {"sceme": "random"}

    with pytest.raises(InputError, match=r"unknown key split.sceme. Did you mean 'scheme'\?"):
        resolve(values)


def test_a_missing_key_is_refused_with_where_to_find_it() -> None:
    values = committed()
    del values["split"]["thin_days"]

    with pytest.raises(InputError, match=r"split.thin_days is missing; the committed params.yaml shows every key"):
        resolve(values)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("sample__customers", "many", "sample.customers is 'many'. Input should be a valid integer"),
        ("sample__customers", 0, "sample.customers is 0. Input should be greater than or equal to 1"),
        (
            "ingest__max_quarantined_share",
            2,
            "ingest.max_quarantined_share is 2. Input should be less than or equal to 1",
        ),
        ("split__scheme", "rndom", "split.scheme is 'rndom'. Input should be 'out_of_time' or 'random'"),
        ("split__gap_days", -1, "split.gap_days is -1. Input should be greater than or equal to 0"),
        ("train__central_tendency", 3, "train.central_tendency is 3. Input should be less than 1"),
        ("data_until", "31.12.2025", "data_until is '31.12.2025'. Input should be a valid date"),
        ("featurize__exclude", "cx_region", "featurize.exclude is 'cx_region'. Input should be a valid list"),
        ("label", 5, "label is 5. Input should be a valid dictionary"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_place_and_what_was_expected(
    key: str, value: object, words: str
) -> None:
    assert f"params.yaml: {words}" in refusal(**{key: value})


def test_everything_wrong_is_said_at_once() -> None:
    assert len(refusal(seed="x", split__thin_days="y", train__num_leafs=3).splitlines()) == 3


def test_a_source_changes_the_sections_it_overrides_and_nothing_else() -> None:
    plain, chosen = resolve(committed()), resolve(committed(source="uci_credit_card"))

    assert chosen.label.performance_days == 31
    assert chosen.data_until == date(2005, 12, 31)
    assert chosen.label.default_dpd_days == plain.label.default_dpd_days
    assert (chosen.engine, chosen.seed, chosen.evaluate) == (plain.engine, plain.seed, plain.evaluate)


def test_a_missing_file_is_refused_with_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found; run from the project's top folder"):
        load(tmp_path / "params.yaml")


@pytest.mark.parametrize("content", ["a: [1, 2", "data_until: 2025-13-01", "城市: 上海".encode("gb18030"), "\x00"])
def test_what_is_not_yaml_in_utf_8_is_refused(tmp_path: Path, content: str | bytes) -> None:
    assert "params.yaml is not valid YAML in UTF-8" in unreadable(tmp_path / "params.yaml", content)


@pytest.mark.parametrize("content", ["", "- a\n- b", "just words"])
def test_yaml_without_keys_is_refused(tmp_path: Path, content: str) -> None:
    assert "holds no `key: value` lines" in unreadable(tmp_path / "params.yaml", content)


def test_comments_and_the_order_of_keys_do_not_change_the_fingerprint() -> None:
    values = committed()
    turned = {key: values[key] for key in reversed(values)}
    turned["train"] = {key: values["train"][key] for key in reversed(values["train"])}

    assert resolve(turned).fingerprint() == load(ROOT / "params.yaml").fingerprint()


def test_overrides_of_a_source_that_is_not_chosen_do_not_change_the_fingerprint() -> None:
    assert resolve(committed(sources={})).fingerprint() == resolve(committed()).fingerprint()


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value * 0.9 + 0.001
        case date():
            return value.replace(day=1)
        case list():
            return [*value, "one more"]
        case Path():
            return value / "below"
        case "out_of_time":
            return "random"
        case _:
            return f"{value}x"


def every_place() -> list[tuple[str, str]]:
    values = resolve(committed()).model_dump()
    return [
        (section, key)
        for section, inside in values.items()
        for key, value in (inside if isinstance(inside, dict) else {"": inside}).items()
        if value is not None
    ]


@pytest.mark.parametrize(("section", "key"), every_place())
def test_the_fingerprint_changes_with_every_value(section: str, key: str) -> None:
    params = resolve(committed())
    inside = getattr(params, section)
    other = inside.model_copy(update={key: changed(getattr(inside, key))}) if key else changed(inside)

    moved = params.model_copy(update={section: other})

    assert moved.fingerprint() != params.fingerprint()
    assert params.model_copy(update={section: inside}).fingerprint() == params.fingerprint()
