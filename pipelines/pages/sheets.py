"""The tables of the workbook: a run's figures unrounded, one labelled sheet a table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from features.catalogue import Feature
from features.dimensions import CATALOGUE
from features.knock_outs import KNOCK_OUTS
from models.metrics import METRICS
from pipelines.pages.wording import Wording


class Sheet(NamedTuple):
    """A table: its title, the names of its columns, and its rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def sheets(run: dict[str, Any], w: Wording) -> list[Sheet]:
    """Return every table of the workbook, figures unrounded."""
    of_model = (_about, _samples, _metrics, _grades, _dimensions, _indicators, _features)
    of_policy = (_decisions, _cut_offs, _knock_outs, _swaps)
    return [table(run, w) for table in (*of_model, *of_policy, _applicants, _dictionary)]


def _about(run: dict[str, Any], w: Wording) -> Sheet:
    details = run["details"]
    prints = [(w.say(f"print.{key}"), value) for key, value in details["created_from"].items()]
    rows = [
        (w.say("summary.source"), details["source_name"][w.lang]),
        (w.say("summary.until"), details["data_until"]),
        *prints,
        (w.say("disclaimer"), ""),
        (w.say("association"), ""),
    ]
    return Sheet(w.say("section.summary"), ("", ""), rows)


def _samples(run: dict[str, Any], w: Wording) -> Sheet:
    names = ("sample.name", "sample.from", "sample.to", "col.n", "col.bads", "col.rate")
    keys = ("from", "to", "n", "bads", "default_rate")
    rows = [(w.name("sample", s["sample"]), *(s[key] for key in keys)) for s in run["details"]["samples"]]
    return Sheet(w.say("sample.table"), [w.say(n) for n in names], rows)


def _metrics(run: dict[str, Any], w: Wording) -> Sheet:
    columns = [w.say(n) for n in ("col.metric", "col.value", "sample.from", "sample.to")]
    found = run["metrics"]["out_of_time"]
    rows = [
        (m.name_zh if w.lang == "zh" else m.name_en, *(found[m.id][key] for key in ("value", "low", "high")))
        for m in METRICS.values()
        if m.id in found
    ]
    return Sheet(w.say("metrics.table"), columns, rows)


def _grades(run: dict[str, Any], w: Wording) -> Sheet:
    names = (
        "col.grade",
        "col.n",
        "col.share",
        "col.bads",
        "col.mean_pd",
        "col.rate",
        "sample.from",
        "sample.to",
        "col.p",
    )
    keys = ("grade", "n", "share", "bads", "mean_pd", "default_rate", "low", "high", "jeffreys_p")
    rows = [tuple(g[key] for key in keys) for g in run["details"]["grades"]]
    return Sheet(w.say("grades.table"), [w.say(n) for n in names], rows)


def _dimensions(run: dict[str, Any], w: Wording) -> Sheet:
    names = {d.id: w.of(d) for d in CATALOGUE.dimensions}
    rows = [(names[d["id"]], d["mean_abs_points"], d["share"]) for d in run["explanation"]["dimensions"]]
    return Sheet(w.say("dimensions.chart"), [w.say(n) for n in ("col.dimension", "col.mean_points", "col.share")], rows)


def _indicators(run: dict[str, Any], w: Wording) -> Sheet:
    names = {i.id: w.of(i) for i in CATALOGUE.indicators}
    rows = [
        (
            names[i["id"]],
            i["mean_abs_points"],
            i["share"],
            *(_verdict(i[key], w) for key in ("verdict", "data_verdict")),
        )
        for i in run["explanation"]["indicators"]
    ]
    columns = ("col.indicator", "col.mean_points", "col.share", "col.model", "col.data")
    return Sheet(w.say("rows.title"), [w.say(n) for n in columns], rows)


def _verdict(verdict: str, w: Wording) -> str:
    return w.say("not_assessed") if verdict == "not assessed" else w.say(f"verdict.{verdict}")


def _features(run: dict[str, Any], w: Wording) -> Sheet:
    rows = [
        (f["id"], w.feature(CATALOGUE.feature(f["id"])), f["mean_abs_points"], f["share"], f["rho"], f["missing_share"])
        for f in run["explanation"]["features"]
    ]
    columns = [
        w.say("col.feature"),
        "",
        *(w.say(n) for n in ("col.mean_points", "col.share")),
        "ρ",
        w.say("col.missing_share"),
    ]
    return Sheet(w.say("col.feature"), columns, rows)


def _decisions(run: dict[str, Any], w: Wording) -> Sheet:
    names = (
        "policy.col.policy",
        "policy.col.decision",
        "col.n",
        "policy.col.expected",
        "policy.col.outcomes",
        "col.bads",
    )
    money = ("policy.col.requested", "policy.col.sales", "policy.col.limit", "policy.col.loss")
    keys = ("n", "expected_defaults", "outcomes", "bads", "requested", "annual_sales", "limit", "expected_loss")
    rows = [
        (one[w.lang], w.say(f"decision.{row['decision']}"), *(row[key] for key in keys))
        for one in run["policy"]["policies"]
        for row in one["decisions"]
    ]
    return Sheet(w.say("policy.decisions"), [w.say(n) for n in (*names, *money)], rows)


def _cut_offs(run: dict[str, Any], w: Wording) -> Sheet:
    names = ("policy.col.pd_up_to", "col.grade", "col.n", "policy.col.approval", "col.mean_pd", "policy.col.outcomes")
    money = ("col.bads", "policy.col.sales", "policy.col.loss", "policy.col.profit")
    keys = ("pd_up_to", "grade", "n", "approval_rate", "mean_pd", "outcomes", "bads")
    amounts = ("annual_sales", "expected_loss", "expected_profit")
    rows = [tuple(row[key] for key in (*keys, *amounts)) for row in run["policy"]["curve"]]
    return Sheet(w.say("policy.cut_offs"), [w.say(n) for n in (*names, *money)], rows)


def _knock_outs(run: dict[str, Any], w: Wording) -> Sheet:
    names = (
        "col.rule",
        "policy.col.finding",
        "policy.col.hit",
        "policy.col.unknown",
        "policy.col.outcomes",
        "col.bads",
    )
    rules = {rule.id: w.of(rule) for rule in KNOCK_OUTS}
    keys = ("hit", "unknown", "outcomes", "bads")
    rows = [(row["rule"], rules[row["rule"]], *(row[key] for key in keys)) for row in run["policy"]["knock_outs"]]
    return Sheet(w.say("knock_outs.title"), [w.say(n) for n in names], rows)


def _swaps(run: dict[str, Any], w: Wording) -> Sheet:
    names = ("policy.col.policy", "policy.col.now", "policy.col.then", "col.n", "col.mean_pd", "policy.col.expected")
    money = ("policy.col.sales", "policy.col.limit_change", "policy.col.loss_change")
    title = {one["name"]: one[w.lang] for one in run["policy"]["policies"]}
    rows = [
        (
            title[swap["with"]],
            *(w.say(f"decision.{row[f'decision_{side}']}") for side in ("first", "second")),
            *(row[key] for key in ("n", "mean_pd", "expected_defaults", "annual_sales")),
            *(row[f"{part}_second"] - row[f"{part}_first"] for part in ("limit", "expected_loss")),
        )
        for swap in run["policy"]["swaps"]
        for row in swap["rows"]
    ]
    return Sheet(w.say("policy.compare"), [w.say(n) for n in (*names, *money)], rows)


def _applicants(run: dict[str, Any], w: Wording) -> Sheet:
    found = run["applicants"]
    names = {i.id: w.of(i) for i in CATALOGUE.indicators}
    head = (
        "header.application",
        "header.customer",
        "header.as_of",
        "header.industry",
        "col.grade",
        "col.points",
        "col.pd",
        "policy.col.decision",
    )
    keys = ("application_id", "customer_id", "as_of", "industry", "grade", "points", "pd_12m")
    rows = [
        (
            *(r[key] for key in keys),
            w.say(f"decision.{r['decision']}"),
            *(r["indicators"][i] for i in found["indicators"]),
        )
        for r in found["rows"]
    ]
    columns = [*(w.say(n) for n in head), *(names[i] for i in found["indicators"])]
    return Sheet(w.say("explorer.list"), columns, rows)


def _dictionary(_run: dict[str, Any], w: Wording) -> Sheet:
    rows = [(f.id, w.of(f), w.of(CATALOGUE.indicator_of(f.id)), f.formula, *_kind(f, w)) for f in CATALOGUE.features]
    columns = ("col.feature", "col.meaning", "col.indicator", "col.formula", "col.window", "col.unit", "col.direction")
    return Sheet(w.say("section.dictionary"), [w.say(n) for n in columns], rows)


def _kind(feature: Feature, w: Wording) -> tuple[str, str, int]:
    return w.window(feature.window), w.name("unitname", feature.unit), feature.direction
