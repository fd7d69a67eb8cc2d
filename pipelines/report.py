"""Stage `report`: the committee's pages in Chinese and English, from the JSON of `evaluate`, `audit`, `decide` and `explain`.

Each page is one file that needs nothing else: no network, styles and charts inside, no script but the explorer's own, and a
content security policy that forbids the rest. Everything shown from data is escaped.
"""

import base64
import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.glossary import LANGUAGES, Language
from pipelines.io import fresh_folder, read_json
from pipelines.pages.applicant import applicant_view
from pipelines.pages.audit import documents
from pipelines.pages.explorer import explorer_view
from pipelines.pages.portfolio import portfolio_view
from pipelines.pages.wording import Wording
from pipelines.pages.words_values import DEFINITIONS
from pipelines.params import Params
from pipelines.workbook import workbook

log = logging.getLogger(__name__)

EVALUATE, AUDIT = Path("data/evaluate"), Path("data/audit")
DECIDE, EXPLAIN, FOLDER = Path("data/decide"), Path("data/explain"), Path("data/report")
TEMPLATES = Path(__file__).parent / "templates"

HTML_LANG = {"zh": "zh-CN", "en": "en"}


def run(_params: Params) -> None:
    """Run the stage in the project's folders."""
    report(EVALUATE, DECIDE, EXPLAIN, FOLDER, AUDIT)


def report(evaluate: Path, decide: Path, explain: Path, out: Path, audit: Path | None = None) -> None:
    """Read what earlier stages found and write every page into `out`; InputError if a file is not there.

    With the folder of an `audit` the validation report and the model card stand among them.
    """
    found = {
        "metrics": read_json(evaluate / "metrics.json"),
        "details": read_json(evaluate / "details.json"),
        "policy": read_json(decide / "policy.json"),
        "explanation": read_json(explain / "explanation.json"),
        "cases": read_json(explain / "cases.json"),
        "applicants": read_json(explain / "applicants.json"),
    }
    if audit is not None:
        found["audit"] = {name: read_json(audit / f"{name}.json") for name in ("audit", "details")}
    fresh_folder(out)
    for name, page in render_all(found).items():
        (out / name).write_text(page, encoding="utf-8")
    for lang in LANGUAGES:
        (out / f"tables.{lang}.xlsx").write_bytes(workbook(found, Wording(lang)))
    log.info("%s and %d pages more", out / "index.html", len(list(out.glob("*.html"))) - 1)


def render_all(run: dict[str, Any]) -> dict[str, str]:
    """Return every page of the report by file name."""
    pages = {"index.html": render_index(run)}
    if "audit" in run:
        pages |= documents(**run["audit"], render=render)
    for lang in LANGUAGES:
        pages[f"portfolio.{lang}.html"] = render_portfolio(run, lang)
        pages[f"explorer.{lang}.html"] = render_explorer(run, lang)
        for case in run["cases"]:
            pages[f"applicant-{case['case']}.{lang}.html"] = render_applicant(run, case, lang)
    return pages


def render_portfolio(run: dict[str, Any], lang: Language) -> str:
    """Return the portfolio report as one HTML page.

    `run` holds `metrics`, `details`, `policy`, `explanation` and `cases` as `evaluate`, `decide` and `explain` write them.
    """
    w = Wording(lang)
    page = {
        "kind": "portfolio",
        "file": "portfolio",
        "title": w.say("title.portfolio"),
        "definitions": DEFINITIONS.values(),
    }
    return render("portfolio.html.j2", w, {**run, **page, **portfolio_view(run, w)})


def render_applicant(
    run: dict[str, Any], case: dict[str, Any], lang: Language, *, file: str = "", root: str = ""
) -> str:
    """Return one applicant's page, a case as the stage `explain` tells it, as one HTML page.

    `file` is its name without language and ending, `root` the way from its folder to that of the report.
    """
    w = Wording(lang)
    name = case["customer_id"] if case["case"] == "asked" else w.name("case", case["case"])
    title = f"{w.say('title.applicant')} · {name}"
    page = {"kind": "applicant", "file": file or f"applicant-{case['case']}", "title": title, "case": case}
    return render("applicant.html.j2", w, {**run, **page, **applicant_view(case, w)}, root=root)


def render_explorer(run: dict[str, Any], lang: Language) -> str:
    """Return the page over all applicants, searched, sorted and opened by its own small script, as one HTML page."""
    w = Wording(lang)
    page = {"kind": "wide", "file": "explorer", "title": w.say("title.explorer")}
    script = (TEMPLATES / "explorer.js").read_text(encoding="utf-8")
    return render("explorer.html.j2", w, {**run, **page, **explorer_view(run, w)}, script)


def render_index(run: dict[str, Any]) -> str:
    """Return the page that links all others, in both languages beside each other."""
    w = Wording("zh")
    words = {lang: Wording(lang) for lang in ("zh", "en")}
    return render("index.html.j2", w, {**run, "file": "index", "title": w.say("title.index"), "words": words})


def render(template: str, w: Wording, values: dict[str, Any], script: str = "", root: str = "") -> str:
    """Return a template as one HTML page: styles and the page's own script inside, everything from data escaped."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    frame = {
        "w": w,
        "t": w.say,
        "other": Wording("en" if w.lang == "zh" else "zh"),
        "html_lang": HTML_LANG[w.lang],
        "style": Markup(style),
        "style_hash": _sha256(style),
        "script": Markup(script),
        "script_hash": _sha256(script),
        "root": root,
    }
    return _environment().get_template(template).render(**frame, **values)


def _sha256(text: str) -> str:
    """Return the hash by which a content security policy lets a text be."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("report")
