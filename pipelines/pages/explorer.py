"""What the explorer shows: all applicants as compact columns, and the words and colours to draw them with."""

import json
from typing import Any

from markupsafe import Markup

from features.dimensions import CATALOGUE
from models.grades import GRADES
from models.policy.terms import DECISIONS
from pipelines.charts import DIMENSION_COLOURS
from pipelines.pages.applicant import scenario
from pipelines.pages.wording import Wording

POINT, PD = 100, 1_000_000
"""Points are kept in hundredths and PDs in millionths: whole numbers are short, and rounding is that of the page."""


def explorer_view(run: dict[str, Any], w: Wording) -> dict[str, Any]:
    """Return everything the explorer's template names."""
    dimensions = [d for d in CATALOGUE.dimensions if _assessed(run, d.id)]
    decisions = [w.say(f"decision.{key}") for key in DECISIONS]
    return {
        "columns": [
            ("id", w.say("header.application"), ""),
            ("customer", w.say("header.customer"), ""),
            ("day", w.say("header.as_of"), ""),
            ("industry", w.say("header.industry"), ""),
            ("grade", w.say("col.grade"), ""),
            ("points", w.say("col.points"), "num"),
            ("pd", w.say("col.pd"), "num"),
            ("decision", w.say("explorer.decision"), ""),
            ("weakest", w.say("explorer.weakest"), ""),
        ],
        "filters": [
            ("grade", w.say("col.grade"), GRADES),
            ("decision", w.say("explorer.decision"), decisions),
            ("dimension", w.say("explorer.weakest"), [w.of(d) for d in dimensions]),
        ],
        "payload": _embedded(_payload(run, dimensions, decisions, w)),
    }


def _assessed(run: dict[str, Any], dimension: str) -> bool:
    return any(d["assessed"] for d in run["explanation"]["dimensions"] if d["id"] == dimension)


def _payload(run: dict[str, Any], dimensions: list[Any], decisions: list[str], w: Wording) -> dict[str, Any]:
    indicators = [i for d in dimensions for i in d.indicators if i.id in run["applicants"]["indicators"]]
    place = {d.id: k for k, d in enumerate(dimensions)}
    keys = ("found", "points", "page")
    named = {"base": "waterfall.base", "score": "waterfall.score", "waterfall": "waterfall.title"}
    named |= {"indicators": "rows.title", "scenario": "scenario.title"}
    return {
        "words": {k: _template(f"explorer.{k}", w) for k in keys} | {k: w.say(term) for k, term in named.items()},
        "base": round(run["explanation"]["base_points"], 2),
        "dimensions": [{"name": w.of(d), "colour": DIMENSION_COLOURS[d.id]} for d in dimensions],
        "indicators": [{"name": w.of(i), "dimension": place[CATALOGUE.dimension_of(i.id).id]} for i in indicators],
        "grades": GRADES,
        "decisions": decisions,
        "pages": {c["application_id"]: f"applicant-{c['case']}.{w.lang}.html" for c in run["cases"]},
        **_columns(run["applicants"], [i.id for i in indicators], w),
    }


def _template(key: str, w: Wording) -> str:
    """Return a sentence whose places the page itself fills."""
    return w.say(key, **{"n": "{n}", "all": "{all}"}) if key == "explorer.found" else w.say(key)


def _columns(found: dict[str, Any], indicators: list[str], w: Wording) -> dict[str, Any]:
    """Return one list a column; industries and scenarios are texts told once, and their places."""
    rows = found["rows"]
    industries, industry = _told_once([w.industry(r["industry"]) for r in rows])
    scenarios, scenario_of = _told_once([scenario(r, r["decision"], w) for r in rows])
    columns = {
        "id": [r["application_id"] for r in rows],
        "customer": [r["customer_id"] for r in rows],
        "day": [r["as_of"] for r in rows],
        "industry": industry,
        "grade": [GRADES.index(r["grade"]) for r in rows],
        "points": [round(r["points"] * POINT) for r in rows],
        "pd": [round(r["pd_12m"] * PD) for r in rows],
        "decision": [DECISIONS.index(r["decision"]) for r in rows],
        "indicators": [[round(r["indicators"][i] * POINT) for i in indicators] for r in rows],
        "scenario": scenario_of,
    }
    return {"industries": industries, "scenarios": scenarios, "rows": columns}


def _told_once(texts: list[str]) -> tuple[list[str], list[int]]:
    places = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    return list(places), [places[text] for text in texts]


def _embedded(payload: dict[str, Any]) -> Markup:
    """Return JSON that cannot end the script element it stands in, whatever a customer is called."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
