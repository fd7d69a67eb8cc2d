"""Every word of the report once, in both languages: key -> (English, Chinese). Templates hold keys, never sentences.

Names of dimensions, indicators, features, tables, grades and rules come from their own declarations. Placeholders in braces
are filled by `say`; both languages use the same ones.
"""

from typing import Literal, get_args

from pipelines.pages.words_applicant import APPLICANT
from pipelines.pages.words_audit import AUDIT
from pipelines.pages.words_explorer import EXPLORER
from pipelines.pages.words_policy import POLICY
from pipelines.pages.words_portfolio import PORTFOLIO
from pipelines.pages.words_values import VALUES

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
"""In the order of each term's two texts."""

TERMS: dict[str, tuple[str, str]] = {**AUDIT, **PORTFOLIO, **POLICY, **APPLICANT, **EXPLORER, **VALUES}


def say(key: str, lang: Language, **values: str) -> str:
    """Return a term or sentence with its placeholders filled; KeyError names a key or placeholder that is not there."""
    if key not in TERMS:
        raise KeyError(f"no words for {key!r}; add the key with both languages to the words of pipelines/pages")
    try:
        return TERMS[key][LANGUAGES.index(lang)].format(**values)
    except KeyError as missing:
        raise KeyError(f"words for {key!r} need the value {missing}; got {', '.join(values) or 'none'}") from None
