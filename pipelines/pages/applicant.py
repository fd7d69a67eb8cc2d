"""What an applicant's page shows: the score taken apart, the indicators, reasons in words and the limits of the data."""

from typing import Any

from markupsafe import Markup

from features.catalogue import Dimension, Indicator
from features.dimensions import CATALOGUE
from features.knock_outs import KNOCK_OUTS
from features.tables import TABLES
from models.grades import GRADE_TEXTS, GRADES
from pipelines.charts import DIMENSION_COLOURS, Row, grade_scale, points_bar, waterfall
from pipelines.pages.change import change_view
from pipelines.pages.policy import decision
from pipelines.pages.portfolio import chip
from pipelines.pages.wording import DASH, Wording
from pipelines.svg import Figure

_INDICATORS = {i.id: i for i in CATALOGUE.indicators}
_RULES = {rule.id: rule for rule in KNOCK_OUTS}


def applicant_view(case: dict[str, Any], w: Wording) -> dict[str, Any]:
    """Return everything the applicant's template names."""
    return {
        "header": header(case, w),
        "grade_text": w.of(GRADE_TEXTS[case["grade"]]),
        "pd_interval": pd_interval(case, w),
        "decision": decision(case, w),
        "scale": scale(case, w),
        "waterfall": contributions(case, w),
        "groups": indicator_groups(case, w),
        "peers": peers(case, w),
        "against": [reason(r, w) for r in case["reasons_against"]],
        "in_favour": [reason(r, w) for r in case["reasons_for"]],
        "scenario": scenario(case, case["decision"]["decision"], w)
        + (w.say("gap") + w.say("scenario.knocked") if _hits(case) else ""),
        "knock_outs": knock_outs(case, w),
        "change": change_view(case, w),
        "evidence": evidence(case, w),
        "limits": limits(case, w),
    }


def header(case: dict[str, Any], w: Wording) -> list[tuple[str, str]]:
    """Return who asks for what, as pairs of name and value."""
    terms, new = case["requested_terms_days"], case["is_new_customer"]
    relation = DASH if new is None else w.say("relation.new" if new else "relation.existing")
    return [
        (w.say("header.customer"), case["customer_id"]),
        (w.say("header.application"), case["application_id"]),
        (w.say("header.as_of"), w.day(case["as_of"])),
        (w.say("header.product"), w.name("product", case["product"])),
        (w.say("header.terms"), DASH if terms is None else w.say("unit.days", x=w.number(terms))),
        (w.say("header.industry"), w.industry(case["industry"])),
        (w.say("header.relation"), relation),
    ]


def pd_interval(case: dict[str, Any], w: Wording) -> str:
    """Return between what PDs models of other samples lie; nothing without refits."""
    found = case["pd_interval"]
    if found is None:
        return ""
    return w.say(
        "result.pd_refits", n=w.number(found["refits"]), interval=w.percent_interval(found["low"], found["high"])
    )


def _hits(case: dict[str, Any]) -> list[str]:
    return [rule["rule"] for rule in case["knock_outs"] or [] if rule["state"] == "hit"]


def scale(case: dict[str, Any], w: Wording) -> Markup:
    """Draw the applicant's place on the master scale."""
    about = w.say("result.scale.about", grade=case["grade"], line=case["cut_off_grade"])
    figure = Figure(id="scale", title=w.say("result.scale"), about=about)
    return grade_scale(figure, GRADES, case["grade"], case["cut_off_grade"], w.say("result.line"))


def contributions(case: dict[str, Any], w: Wording) -> Markup:
    """Draw the way from base points over the seven dimensions and the context to the score."""
    entries = {c["dimension"]: c for c in case["contributions"]}
    base, score = case["base_points"], case["points"]
    rows = [Row(label=w.say("waterfall.base"), value=base, words=w.number(base, 1), total=True)]
    rows += [_step(d, entries[d.id], w) for d in CATALOGUE.dimensions if d.id in entries]
    rows.append(Row(label=w.say("waterfall.score"), value=score, words=w.number(score, 1), total=True))
    about = w.say("waterfall.about", base=w.number(base, 1), sum=w.points(score - base), score=w.number(score, 1))
    return waterfall(Figure(id="waterfall", title=w.say("waterfall.title"), about=about), rows, from_zero=False)


def _step(dimension: Dimension, entry: dict[str, Any], w: Wording) -> Row:
    if not entry["assessed"]:
        return Row(label=w.of(dimension), value=None, words=w.say("not_assessed"))
    colour = DIMENSION_COLOURS[dimension.id]
    return Row(label=w.of(dimension), value=entry["points"], words=w.points(entry["points"]), colour=colour)


def indicator_groups(case: dict[str, Any], w: Wording) -> list[dict[str, Any]]:
    """Return the dimensions, each with its indicators' rows, the context last."""
    entries = {i["id"]: i for i in case["indicators"]}
    largest = max((abs(i["points"]) for i in entries.values() if i["assessed"]), default=0.0)
    return [
        {
            "name": w.of(dimension),
            "chip": chip(DIMENSION_COLOURS[dimension.id]),
            "rows": [_row(i, entries[i.id], largest, w) for i in dimension.indicators if i.id in entries],
        }
        for dimension in CATALOGUE.dimensions
    ]


def _row(indicator: Indicator, entry: dict[str, Any], largest: float, w: Wording) -> dict[str, Any]:
    if not entry["assessed"]:
        return {"name": w.of(indicator), "assessed": False}
    return {
        "name": w.of(indicator),
        "assessed": True,
        "bar": points_bar(entry["points"], largest, DIMENSION_COLOURS[entry["dimension"]]),
        "points": w.points(entry["points"]),
        "percentile": DASH if entry["percentile"] is None else w.number(100 * entry["percentile"]),
        **_leading(entry["leading"], w),
    }


def _leading(leading: dict[str, Any] | None, w: Wording) -> dict[str, str]:
    if leading is None:
        return {"feature": DASH, "value": DASH, "peer": DASH, "window": DASH}
    feature = CATALOGUE.feature(leading["feature"])
    return {
        "feature": w.brief(feature),
        "value": w.known(feature, leading["value"]),
        "peer": w.value(feature, leading["peer_median"]),
        "window": w.window(leading["window"]),
    }


def peers(case: dict[str, Any], w: Wording) -> str:
    """Return whom the applicant is compared with."""
    group = case["peers"]["industry"]
    name = w.say("peers.all") if group == "all" else w.name("industry", group)
    return w.say("rows.note", peers=name, n=w.number(case["peers"]["n"]))


def reason(entry: dict[str, Any], w: Wording) -> str:
    """Return one reason as a sentence: what the indicator says, the feature behind it with its peers, the points."""
    indicator, feature = _INDICATORS[entry["indicator"]], CATALOGUE.feature(entry["feature"])
    side = "against" if entry["points"] < 0 else "for"
    known = {"feature": w.brief(feature), "points": w.points(entry["points"])}
    window, peer = w.window(entry["window"]), w.value(feature, entry["compared_median"])
    compared = "reason.all" if entry["compared_with"] == "all" else "reason.peer"
    detail = window if peer == DASH else w.say(compared, window=window, peer=peer)
    if entry["value"] is None:
        why = w.known(feature, None)
        return w.say("reason.missing", indicator=w.of(indicator), detail=detail, why=why, **known)
    phrase = w.of(indicator, "bad_" if side == "against" else "good_")
    return w.say(f"reason.{side}", phrase=phrase, value=w.value(feature, entry["value"]), detail=detail, **known)


def scenario(case: dict[str, Any], decided: str, w: Wording) -> str:
    """Return what would have to change for the next better grade as a sentence, or why nothing is told.

    `decided` is the decision as things stand.
    """
    found = case["counterfactual"]
    if found["status"] != "reached":
        return w.say(f"scenario.{found['status']}", **({"better": found["target"]} if found["target"] else {}))
    moves = w.joined([_move(change, w) for change in found["changes"]])
    pds = {"before": w.percent(found["pd_before"]), "after": w.percent(found["pd_after"])}
    told = w.say("scenario.reached", moves=moves, grade=case["grade"], better=found["grade_after"], **pds)
    after = found["decision_after"]
    key = "scenario.same_decision" if after == decided else "scenario.decision"
    return told + w.say("gap") + w.say(key, decision=w.say(f"decision.{after}"))


def _move(change: dict[str, Any], w: Wording) -> str:
    feature, before, after = CATALOGUE.feature(change["feature"]), change["before"], change["after"]
    way = "step" if feature.unit in ("ordinal", "flag") else "down" if after < before else "up"
    return w.say(f"scenario.{way}", feature=w.within(feature), a=w.value(feature, before), b=w.value(feature, after))


def knock_outs(case: dict[str, Any], w: Wording) -> list[str]:
    """Return each knock-out hit with its proof, then those that nobody searched for; none of them if all are clear."""
    found = case["knock_outs"] or []
    said = [_hit(rule, w) for rule in found if rule["state"] == "hit"]
    unknown = [_named(rule["rule"], w) for rule in found if rule["state"] == "unknown"]
    if found and not said:
        said.append(w.say("knock_outs.none", n=str(len(found) - len(unknown))))
    return [*said, w.say("knock_outs.unknown", names=w.joined(unknown))] if unknown else said


def _named(rule: str, w: Wording) -> str:
    return w.say("with_aside", text=rule, aside=w.of(_RULES[rule]))


def _hit(found: dict[str, Any], w: Wording) -> str:
    rule = _RULES[found["rule"]]
    proofs = w.joined([w.say("with_aside", text=p["key"], aside=w.day(p["since"])) for p in found["proofs"]])
    return w.say("knock_outs.hit", rule=rule.id, what=w.of(rule), proofs=proofs, action=w.say(f"action.{rule.action}"))


def evidence(case: dict[str, Any], w: Wording) -> list[dict[str, Any]]:
    """Return the source rows behind each feature named: feature, table, number of rows, and the newest in words."""
    return [
        {
            "feature": w.feature(CATALOGUE.feature(e["feature"])),
            "table": w.of(TABLES[e["table"]]),
            "n": w.number(e["n"]),
            "rows": [
                w.say("evidence.row", row=r["key"], happened=w.day(r["happened"]), known=w.day(r["known_on"]))
                for r in e["rows"]
            ]
            or [w.say("evidence.none")],
        }
        for e in case["evidence"]
    ]


def limits(case: dict[str, Any], w: Wording) -> list[str]:
    """Return what the page cannot say: coverage, what was not assessed, and what was assessed without a value."""
    entries = case["indicators"]
    missing = [w.of(_INDICATORS[i["id"]]) for i in entries if not i["assessed"]]
    silent = [i for i in entries if i["leading"] and i["leading"]["value"] is None]
    unsearched = [i for i in silent if CATALOGUE.feature(i["leading"]["feature"]).missing == "zero"]
    said = [w.say("limits.coverage", coverage=w.percent(case["decision"]["explained_coverage"]))]
    said.append(w.say("limits.unassessed", names=w.joined(missing)) if missing else w.say("limits.complete"))
    for key, some in (("unsearched", unsearched), ("no_value", [i for i in silent if i not in unsearched])):
        if some:
            said.append(w.say(f"limits.{key}", names=w.joined([w.of(_INDICATORS[i["id"]]) for i in some])))
    return said
