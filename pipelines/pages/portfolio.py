"""What the portfolio report shows: the run's figures as sentences, rows and charts, ready for the template."""

from collections import Counter
from typing import Any

from markupsafe import Markup

from features.catalogue import Feature
from features.dimensions import CATALOGUE
from features.tables import TABLES
from models.metrics import METRICS
from pipelines.charts import DIMENSION_COLOURS, share_bar
from pipelines.pages import portfolio_charts as charts
from pipelines.pages import verdicts
from pipelines.pages.audit import check_names
from pipelines.pages.policy import policy_view
from pipelines.pages.wording import DASH, Wording

ADMISSION_DIMENSIONS = tuple(d for d in CATALOGUE.dimensions if d.id != "context")
UNTESTED = ("development", "gap")
"""Samples that no figure of the test comes from; the gap keeps outcomes of one out of the other's time."""

FEW_BADS = 100
"""Fewer defaults than this in the test sample: single grades cannot be judged."""

MISSING_RAISES_SCORE_BY = 0.58
"""Mean points of applicants without a value from which the missing audit speaks: 0.02 log-odds on the usual scale."""


AGREEMENT = 0.9
"""Rank correlation of interventional and path-dependent values below which the report warns."""


def tested_sample(details: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of the sample the model was tested on."""
    return next(s for s in details["samples"] if s["sample"] not in UNTESTED)


def left_out(details: dict[str, Any], w: Wording) -> str:
    """Return how many applications of known outcome belong to no sample; nothing if all do."""
    known = sum(s["n"] for s in details["label_status"] if s["status"] in charts.USABLE)
    n = known - sum(s["n"] for s in details["samples"])
    return w.say("sample.left_out", n=w.number(n)) if n > 0 else ""


def lights(run: dict[str, Any], w: Wording) -> list[dict[str, str]]:
    """Return the three traffic lights, each with colour, name, verdict and the figures behind it."""
    found, indicators = run["metrics"]["out_of_time"], run["explanation"]["indicators"]
    gini, slope = _value(found, "gini"), _value(found, "calibration_slope")
    p = verdicts.lowest_adjusted_p(run["details"]["grades"])
    audit = verdicts.count_directions(indicators)
    counts = {key: str(n) for key, n in audit._asdict().items()}
    rows = (
        ("discrimination", verdicts.discrimination(gini), {"gini": w.number(gini, 3)}),
        ("calibration", verdicts.calibration(slope, p), {"slope": w.number(slope, 2), "p": w.p_value(p)}),
        ("audit", verdicts.audit(indicators), counts),
    )
    return [
        {
            "colour": colour,
            "name": w.say(f"light.{key}"),
            "verdict": w.say(f"light.{colour}"),
            "basis": w.say(f"light.{key}.basis", **basis),
        }
        for key, colour, basis in rows
    ]


def _value(metrics: dict[str, Any], name: str) -> float | None:
    return metrics[name]["value"] if name in metrics else None


def sentences(run: dict[str, Any], w: Wording) -> list[str]:
    """Return the summary's three sentences: ranking, level, and what moves the score most."""
    sample = tested_sample(run["details"])
    auc, expected = _value(run["metrics"]["out_of_time"], "auc"), _expected_rate(run["details"]["grades"])
    rank = w.say("words.rank", auc=w.percent(auc)) if auc is not None else w.say("words.none")
    level = w.say("words.none")
    if expected is not None:
        level = w.say("words.level", expected=w.percent(expected), observed=w.percent(sample["default_rate"]))
    return [rank, level, _first_dimension(run["explanation"]["dimensions"], w)]


def _expected_rate(grades: list[dict[str, Any]]) -> float | None:
    filled = [g for g in grades if g["n"]]
    return sum(g["n"] * g["mean_pd"] for g in filled) / sum(g["n"] for g in filled) if filled else None


def _first_dimension(dimensions: list[dict[str, Any]], w: Wording) -> str:
    assessed = [d for d in dimensions if d["assessed"] and d["id"] != "context"]
    if not assessed:
        return w.say("words.none")
    first = max(assessed, key=lambda d: d["share"])
    name = next(w.of(d) for d in CATALOGUE.dimensions if d.id == first["id"])
    key = "words.first_is_credit" if first["id"] == "credit_score" else "words.first_is_other"
    return w.say(key, dimension=name, share=w.share(first["share"]))


def limitations(run: dict[str, Any], w: Wording) -> list[str]:
    """Return what the reader must bear in mind, each only where it holds."""
    details, sample = run["details"], tested_sample(run["details"])
    declined = sum(s["n"] for s in details["label_status"] if s["status"] == "not_observed")
    unseen = [f"{w.of(CATALOGUE.feature(name))} ({w.number(n)})" for name, n in details["unseen_categories"].items()]
    dimensions, indicators = _unassessed_dimensions(run, w), _unassessed_indicators(run)
    absent, lead = absent_tables(details, w), _scorecard(run) or {"difference": None, "p_value": None}
    simpler = "audit" in run and run["audit"]["audit"]["recommended"] == "scorecard"
    said = [
        (details["source"] == "sample", "limit.simulated", {}),
        (details["labels_overlap"], "limit.overlap", {}),
        (sample["sample"] == "out_of_sample", "limit.random", {}),
        (dimensions, "limit.dimensions", {"names": w.joined(dimensions)}),
        (indicators, "limit.indicators", {"n": str(indicators)}),
        (absent, "limit.tables", {"names": w.joined(absent)}),
        (sample["bads"] < FEW_BADS, "limit.few_bads", {"bads": w.number(sample["bads"])}),
        (unseen, "limit.unseen", {"names": w.joined(unseen)}),
        ("audit" in run, "limit.validation", _validation(run, w)),
        (simpler, "limit.scorecard", {"lead": w.number(lead["difference"], 3), "p": w.p_value(lead["p_value"])}),
        (declined, "limit.declined", {"n": w.number(declined)}),
    ]
    return [w.say(key, **values) for holds, key, values in said if holds]


def _validation(run: dict[str, Any], w: Wording) -> dict[str, str]:
    """Return how many checks of the validation came out how, and the name of each that is not up to the standard."""
    if "audit" not in run:
        return {}
    found, names = run["audit"]["audit"], check_names(run["audit"]["details"], w)
    red = [names.get(key, key) for key, verdict in found["verdicts"].items() if verdict == "red"]
    counts = {colour: w.number(found[colour]) for colour in ("green", "amber", "red")}
    return {**counts, "names": w.joined(red) or w.say("nothing")}


def _unassessed_dimensions(run: dict[str, Any], w: Wording) -> list[str]:
    assessed = {d["id"] for d in run["explanation"]["dimensions"] if d["assessed"]}
    return [w.of(d) for d in ADMISSION_DIMENSIONS if d.id not in assessed]


def _unassessed_indicators(run: dict[str, Any]) -> int:
    return sum(not i["assessed"] for i in run["explanation"]["indicators"] if i["dimension"] != "context")


def absent_tables(details: dict[str, Any], w: Wording) -> list[str]:
    """Return the names of the tables that were not delivered, of those that features read or that tell what was searched."""
    read = {name for f in CATALOGUE.features for name in (*f.frame.reads, *f.frame.may_read)} | {"source_checks"}
    return [table_name(t["table"], w) for t in details["tables"] if not t["present"] and t["table"] in read]


def table_name(name: str, w: Wording) -> str:
    """Return the contract's name of a raw table; the name as it is where the contract has none."""
    return w.of(TABLES[name]) if name in TABLES else name


def indicator_rows(run: dict[str, Any], w: Wording) -> list[dict[str, Any]]:
    """Return one row an indicator, context last: names, share with its bar, directions and verdicts."""
    entries = {i["id"]: i for i in run["explanation"]["indicators"]}
    largest = max((i["share"] or 0.0 for i in entries.values()), default=0.0)
    return [_indicator_row(i, entries[i.id], largest, w) for i in CATALOGUE.indicators if i.id in entries]


def _indicator_row(indicator: Any, entry: dict[str, Any], largest: float, w: Wording) -> dict[str, Any]:
    colour = DIMENSION_COLOURS[entry["dimension"]]
    return {
        "code": indicator.code,
        "name": w.of(indicator),
        "chip": chip(colour),
        "assessed": entry["assessed"],
        "bar": share_bar(entry["share"], largest, colour) if entry["assessed"] else "",
        "share": w.share(entry["share"]),
        "points": w.number(entry["mean_abs_points"], 1),
        "article": w.say(f"stance.{entry['direction_article']}"),
        "model": _verdict(entry["verdict"], entry["rho"], w),
        "data": _verdict(entry["data_verdict"], entry["data_rho"], w),
        "against": "inconsistent" in (entry["verdict"], entry["data_verdict"]),
    }


def _verdict(verdict: str, rho: float | None, w: Wording) -> str:
    words = w.say(f"verdict.{verdict}")
    return words if rho is None else f"{words} (ρ {w.number(rho, 2)})"


def chip(colour: str) -> Markup:
    """Return a small square of a dimension's colour."""
    return Markup(
        '<svg viewBox="0 0 10 10" width="9" height="9" aria-hidden="true"><rect width="10" height="10" fill="{}"/></svg>'
    ).format(colour)


def metric_rows(run: dict[str, Any], w: Wording) -> list[tuple[str, str, str]]:
    """Return each registered metric: name, test sample with interval, development sample."""
    test, development = run["metrics"]["out_of_time"], run["metrics"]["development"]
    digits = {"brier": 4, "log_loss": 4, "ece": 4}
    return [
        (
            m.name_zh if w.lang == "zh" else m.name_en,
            w.metric(test.get(m.id), digits.get(m.id, 3)),
            w.metric(development.get(m.id), digits.get(m.id, 3)),
        )
        for m in METRICS.values()
    ]


def benchmark_rows(run: dict[str, Any], w: Wording) -> list[dict[str, str]]:
    """Return the model and each benchmark with AUC, average precision and the model's lead on the same rows."""
    test = run["metrics"]["out_of_time"]
    model = _benchmark_row(w.say("benchmark.model"), test, {}, w)
    entries = run["metrics"]["benchmarks"].items()
    others = [_benchmark_row(w.name("benchmark", key), e, e.get("difference") or {}, w) for key, e in entries]
    card = _scorecard(run)
    if card is None:
        return [model, *others]
    lead = {"value": card["difference"], "p_value": card["p_value"]}
    return [model, _benchmark_row(w.say("benchmark.scorecard"), card, lead, w), *others]


def _scorecard(run: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the audit found of the challenger scorecard; None without an audit."""
    challengers = run["audit"]["details"]["challengers"] if "audit" in run else []
    return next((row for row in challengers if row["name"] == "scorecard"), None)


def _benchmark_row(name: str, entry: dict[str, Any], lead: dict[str, Any], w: Wording) -> dict[str, str]:
    difference = lead.get("value")
    sign = "+" if difference is not None and difference > 0 else ""
    return {
        "name": name,
        "n": w.number(entry.get("n")),
        "auc": w.metric(entry.get("auc")),
        "ap": w.metric(entry.get("average_precision")),
        "difference": sign + w.number(difference, 3),
        "p": w.p_value(lead.get("p_value")),
    }


def audit_counts(run: dict[str, Any], w: Wording) -> list[tuple[str, str]]:
    """Return how many features of the model got which verdict, most frequent first."""
    counts = Counter(f["verdict"] for f in run["explanation"]["features"])
    return [(w.say(f"verdict.{verdict}"), w.number(n)) for verdict, n in counts.most_common()]


def audit_exceptions(run: dict[str, Any], w: Wording) -> list[tuple[str, str]]:
    """Return features that run against their direction, and those whose absence raises the score."""
    found = []
    for entry in run["explanation"]["features"]:
        name = w.feature(CATALOGUE.feature(entry["id"]))
        if entry["verdict"] == "inconsistent":
            found.append((name, w.say("audit.inconsistent", rho=w.number(entry["rho"], 2))))
        missing = entry["missing_mean_points"]
        if missing is not None and missing > MISSING_RAISES_SCORE_BY:
            share = w.percent(entry["missing_share"])
            found.append((name, w.say("audit.missing", points=w.points(missing), share=share)))
    return [*found, *_gains_by_path(run, w)]


def _gains_by_path(run: dict[str, Any], w: Wording) -> list[tuple[str, str]]:
    """Return the features whose absence raises the score by path-dependent values, as the validation report has them."""
    if "audit" not in run:
        return []
    found = []
    for row in (row for row in run["audit"]["details"]["missing"] if row["model"] == "model"):
        points, share = w.points(row["missing_mean_points"]), w.percent(row["missing_share"])
        words = w.say("audit.missing_by_path", points=points, share=share)
        found.append((w.feature(CATALOGUE.feature(row["feature"])), words))
    return found


def no_exceptions(w: Wording) -> str:
    """Return that nothing runs against its direction or gains by a missing value, and how much that would be."""
    return w.say("audit.no_exceptions", points=w.number(MISSING_RAISES_SCORE_BY, 2))


def fidelity_rows(run: dict[str, Any], w: Wording) -> list[tuple[str, str, str, str]]:
    """Return per dimension how well explanations find the simulated truth, and the most that could be found."""
    names = {d.id: w.of(d) for d in CATALOGUE.dimensions}
    return [
        (
            names.get(f["dimension"], f["dimension"]),
            w.number(f["spearman"], 2),
            w.percent(f["sign_agreement"]),
            w.number(f["upper_bound"], 2),
        )
        for f in run["explanation"]["fidelity"]
    ]


def shapley_sentences(run: dict[str, Any], w: Wording) -> list[str]:
    """Return how the contributions come about, how far both kinds of values agree, and what a plain sum would miss."""
    found = run["explanation"]
    kind = "interventional" if found["interventional"] else "by_path"
    known = {name: rho for name, rho in found["agreement"].items() if rho is not None}
    said = [w.say(f"shapley.{kind}")]
    if found["interventional"] and known:
        worst = min(known, key=lambda name: known[name])
        name = next(w.of(i) for i in CATALOGUE.indicators if i.id == worst)
        agreed = "agree" if known[worst] >= AGREEMENT else "disagree"
        said.append(w.say(f"shapley.{agreed}", indicator=name, rho=w.number(known[worst], 3)))
    if found["method"] == "tables":
        return [*said, w.say("shapley.groups", points=w.number(found["interaction_points"], 3))]
    return [*said, w.say("shapley.sums")]


def search_rows(searches: dict[str, float], w: Wording) -> list[dict[str, str]]:
    """Return each source whose search tells 'nothing found' from 'never searched', and the features that ask for it."""
    return [
        {
            "name": w.name("searched", source),
            "searched": w.percent(share),
            "never": w.percent(1 - share),
            "features": w.joined([w.feature(f) for f in CATALOGUE.features if f.zero_if_checked == source]),
        }
        for source, share in searches.items()
    ]


def distribution_cells(feature: Feature, known: dict[str, Any], w: Wording) -> tuple[str, ...]:
    """Return share without a value, 5 % quantile, median and 95 % quantile; of a category its most frequent value."""
    found = known.get(feature.id)
    if found is None:
        return DASH, DASH, DASH, DASH
    if feature.is_category:
        return w.share(found["missing"]), DASH, f"{w.value(feature, found['most'])} {w.share(found['share'])}", DASH
    return w.share(found["missing"]), *(w.plain(found[key]) for key in ("low", "median", "high"))


def portfolio_view(run: dict[str, Any], w: Wording) -> dict[str, Any]:
    """Return everything the portfolio's template names."""
    return {
        "sample": tested_sample(run["details"]),
        "lights": lights(run, w),
        "sentences": sentences(run, w),
        "limitations": limitations(run, w),
        "indicator_rows": indicator_rows(run, w),
        "metric_rows": metric_rows(run, w),
        "benchmark_rows": benchmark_rows(run, w),
        "left_out": left_out(run["details"], w),
        "audit_counts": audit_counts(run, w),
        "audit_exceptions": audit_exceptions(run, w),
        "no_exceptions": no_exceptions(w),
        "fidelity_rows": fidelity_rows(run, w),
        "shapley": shapley_sentences(run, w),
        "search_rows": search_rows(run["details"]["searches"], w),
        "admission": policy_view(run["policy"], run["details"]["currency"], w),
        "charts": charts.all_charts(run, w),
        "catalogue": CATALOGUE,
        "distribution_cells": lambda feature: distribution_cells(feature, run["details"]["distribution"], w),
        "table_name": table_name,
    }
