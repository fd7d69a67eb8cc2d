"""Both languages say everything: no term without its translation, no key without words, no words without use."""

import re
from pathlib import Path
from string import Formatter

import pytest

import pipelines
from features.dimensions import CATALOGUE
from features.knock_outs import KNOCK_OUTS
from features.quality.rules import RULES
from features.tables import TABLES
from models.metrics import METRICS
from models.metrics.battery import CHECKS
from pipelines.glossary import LANGUAGES, TERMS, say
from pipelines.pages.words_applicant import APPLICANT
from pipelines.pages.words_audit import AUDIT
from pipelines.pages.words_explorer import EXPLORER
from pipelines.pages.words_policy import POLICY
from pipelines.pages.words_portfolio import PORTFOLIO
from pipelines.pages.words_values import DEFINITIONS, VALUES

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOME = Path(pipelines.__file__).parent
TEMPLATES = sorted((HOME / "templates").glob("*.j2"))
THE_SAME_IN_BOTH = {
    "benchmark.altman_z2",
    "benchmark.zmijewski",
    "benchmark.ohlson_o",
    "benchmark.altman_z1",
    "col.auc",
    "col.pd",
}
THE_SAME_IN_BOTH |= {"fact.auc", "fact.ks", "roc.curve", "gap"}
USES = "\n".join(
    p.read_text(encoding="utf-8")
    for p in [*TEMPLATES, *HOME.glob("pages/[!w]*.py"), HOME / "report.py", HOME / "workbook.py"]
)
USES += (HOME / "pages/wording.py").read_text(encoding="utf-8")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TERMS)
def test_a_term_is_translated_and_fills_the_same_places_in_both_languages(key: str):
    english, chinese = TERMS[key]

    assert not CHINESE.search(english)
    assert not re.search(r"[\uff00-\uffef]", english)
    assert english or key == "gap"
    assert CHINESE.search(re.sub(r"\{\w+\}", "", chinese)) or key in THE_SAME_IN_BOTH | {
        "colon",
        "comma",
        "semicolon",
        "with_aside",
    }
    assert fields(english) == fields(chinese)


HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,:;(]|[,:;)][\u4e00-\u9fff]")
DECLARED = {
    **{f"dimension {d.id}": d.zh for d in CATALOGUE.dimensions},
    **{f"indicator {i.id}": i.zh for i in CATALOGUE.indicators},
    **{f"feature {f.id}": f.zh for f in CATALOGUE.features},
    **{f"column {t.name}.{c.name}": c.zh for t in TABLES.values() for c in t},
    **{f"rule {rule.id}": rule.zh for rule in (*RULES.values(), *KNOCK_OUTS)},
    **{f"check {name}": check.name_zh for name, check in {**METRICS, **CHECKS}.items()},
    **{f"definition {key}": "：".join(chinese) for key, (_, chinese) in DEFINITIONS.items()},
}


@pytest.mark.parametrize("name", [*TERMS, *DECLARED])
def test_chinese_stands_beside_full_width_punctuation(name: str):
    assert not HALF_WIDTH.search(DECLARED.get(name) or TERMS[name][1])


def test_no_key_is_given_words_twice():
    assert len(TERMS) == len(AUDIT) + len(PORTFOLIO) + len(POLICY) + len(APPLICANT) + len(EXPLORER) + len(VALUES)


@pytest.mark.parametrize("key", DEFINITIONS)
def test_a_definition_of_the_glossary_is_in_both_languages(key: str):
    english, chinese = DEFINITIONS[key]

    assert not CHINESE.search("".join(english))
    assert CHINESE.search(chinese[1])
    assert all(english + chinese)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: p.name)
def test_a_template_holds_keys_and_no_sentences(template: Path):
    source = template.read_text(encoding="utf-8")

    keys = re.findall(r'(?:\bt|\.say)\("([\w. -]+)"(?!\s*~)', source)
    plain = re.sub(r"\{[{%#].*?[}%#]\}", " ", source, flags=re.S)
    visible = re.sub(r"<[^>]+>", " ", plain.replace("<!DOCTYPE html>", ""))

    assert not CHINESE.search(source)
    assert set(keys) <= set(TERMS)
    assert not re.search(r"[a-zA-Z]{3,}", visible)


@pytest.mark.parametrize("key", TERMS)
def test_every_word_is_used(key: str):
    kind = key.rsplit(".", 1)[0] if "." in key else key
    kinds = {kind, key.split(".")[0]}
    ways = [f'"{key}"', f"'{key}'", *(w for k in kinds for w in (f'"{k}." ~', f'f"{k}.{{', f'name("{k}"'))]

    assert any(way in USES for way in ways)


def test_every_unit_period_and_product_of_the_declarations_has_words():
    units = {f"unitname.{f.unit}" for f in CATALOGUE.features}
    products = {f"product.{p}" for p in TABLES["applications"]["product"].allowed}

    assert units | products <= set(TERMS)


def test_words_that_do_not_exist_are_named_with_what_to_do():
    with pytest.raises(KeyError, match=r"no words for 'section.sumary'; add the key with both languages"):
        say("section.sumary", "en")


def test_a_sentence_without_its_number_is_an_error_and_not_a_gap():
    with pytest.raises(KeyError, match=r"words for 'words.level' need the value 'observed'; got expected"):
        say("words.level", "zh", expected="3%")


def test_braces_in_a_value_are_text():
    assert say("limit.tables", "en", names="{x} {0}") == "Tables not delivered: {x} {0}."


def test_reasons_speak_of_association_and_never_of_causes():
    causal = re.compile(r"because|caus|lead to|due to|导致|造成|引起|因为", re.I)

    reasons = [text for key, pair in TERMS.items() if key.startswith("reason") for text in pair]

    assert len(reasons) >= 2 * len(LANGUAGES)
    assert not [text for text in reasons if causal.search(text)]
