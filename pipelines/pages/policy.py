"""What a policy says, in words: an applicant's decision, and the portfolio's section on the policy."""

from typing import Any, NamedTuple

from markupsafe import Markup

from features.knock_outs import KNOCK_OUTS
from models.policy.decision import PATH, UNKNOWN
from models.policy.limits import CAPS
from models.policy.swap_set import GRANTED
from models.policy.terms import CONDITIONS
from pipelines.charts import Curve, Mark, axis_up_to, linear_axis, xy_chart
from pipelines.glossary import LANGUAGES
from pipelines.pages.wording import DASH, Wording
from pipelines.svg import ACCENT, MUTED, Figure

_RULES = {rule.id: rule for rule in KNOCK_OUTS}

AMOUNTS = ("handling_cost",)
DAYS = ("days_sales_outstanding",)
"""Of the economics, those that are not shares."""

FEWEST = 0.02
"""Share of applicants from which the curve of cut-offs is drawn: of fewer the default rate is noise."""


class Decision(NamedTuple):
    """The result strip's lower half: name and value of each fact with a small line below, and sentences."""

    name: str
    kind: str
    facts: list[tuple[str, str, str]]
    sentences: list[str]


def decision(case: dict[str, Any], w: Wording) -> Decision:
    """Return what the policy says of a case."""
    found = case["decision"]
    kind = found["decision"]
    facts = [(_limit(found, case["currency"], w), *_limit_words(found, w)), (*_terms(case, w),)]
    said = [w.say("result.why", steps=w.say("semicolon").join(step(s, found, w) for s in found["path"]))]
    if found["conditions"]:
        said.append(w.say("result.conditions", names=w.joined([_both(CONDITIONS[c], w) for c in found["conditions"]])))
    said.append(w.say("result.policy", version=found["policy"]))
    return Decision(w.say(f"decision.{kind}"), kind, facts, said)


def _limit(found: dict[str, Any], currency: str, w: Wording) -> str:
    return w.money(found["limit"], currency) if found["limit"] > 0 else w.say("result.limit.none")


def _limit_words(found: dict[str, Any], w: Wording) -> tuple[str, str]:
    key = "result.limit.review" if found["decision"] == "manual_review" else "result.limit"
    by = w.say("result.limit_by", cap=_both(CAPS[found["binding_cap"]], w))
    return w.say(key), "" if found["decision"] == "decline" else by


def _terms(case: dict[str, Any], w: Wording) -> tuple[str, str, str]:
    found, asked = case["decision"], case["requested_terms_days"]
    if found["decision"] == "decline":
        return DASH, w.say("result.terms"), ""
    told = []
    if asked is not None and found["terms_days"] < asked:
        told.append(w.say("result.terms.most", grade=case["grade"]))
    if found["prepayment"]:
        told.append(w.say("result.terms.prepaid", share=w.percent(found["prepayment"])))
    return w.say("unit.days", x=w.number(found["terms_days"])), w.say("result.terms"), w.say("semicolon").join(told)


def step(text: str, found: dict[str, Any], w: Wording) -> str:
    """Return one step of a decision's path in words."""
    name, _, rest = text.partition(":")
    if name in _RULES:
        key = "path.unknown" if text.endswith(UNKNOWN) else "path.knock_out"
        what = {} if text.endswith(UNKNOWN) else {"what": w.of(_RULES[name])}
        return w.say(key, rule=name, **what)
    if name == "MR1":
        thin = w.say("path.thin", coverage=w.percent(found["explained_coverage"]))
        return w.say("path.unlike") if found["out_of_support"] else thin
    if name == "CUT_OFF":
        cut_off = found["cut_off_pd"]
        return w.say("path.cut_off", pd=w.percent(cut_off)) if cut_off > 0 else w.say("path.no_cut_off")
    return w.say("path.band", grade=rest) if name == "BAND" else _both(PATH[name], w)


def _both(texts: tuple[str, str], w: Wording) -> str:
    return texts[LANGUAGES.index(w.lang)]


def policy_view(found: dict[str, Any], currency: str, w: Wording) -> dict[str, Any]:
    """Return the portfolio's section on the policy; `found` as stage `decide` tells it."""
    own = found["policies"][0]
    terms = found["in_force"]
    return {
        "lead": _lead(found, w),
        "claim": _claim(own, found["n"], w),
        "decisions": [_decision_row(row, found["n"], w) for row in own["decisions"]],
        "curve": curve(found, w),
        "cut_offs": [_cut_off_row(row, w) for row in found["curve"] if row["grade"] and row["n"]],
        "knock_outs": [_knock_out_row(row, w) for row in found["knock_outs"]],
        "reviews": [(_both(PATH[name], w), w.number(n)) for name, n in found["path"].items() if n and name != "BAND"],
        "caps": [(_both(CAPS[name], w), w.number(n)) for name, n in found["binding_caps"].items() if n],
        "policies": [_policy_row(one, found["n"], w) for one in found["policies"]],
        "swaps": [_swap(one, found["policies"], w) for one in found["swaps"]],
        "bands": w.say("policy.terms.bands", **_bands(terms["bands"])),
        "economics": [(w.say(f"economics.{name}"), _economic(name, x, currency, w)) for name, x in terms["economics"].items()],
    }  # fmt: skip


def _lead(found: dict[str, Any], w: Wording) -> str:
    terms, counts = found["in_force"], {key: w.number(found[key]) for key in ("n", "outcomes")}
    told = {"name": w.of(_Named(terms)), "version": terms["version"], "owner": terms["owner"]}
    return w.say("policy.lead", **told, day=w.day(terms["valid_from"]), **counts)


class _Named:
    """A policy's names in both languages, read from JSON."""

    def __init__(self, found: dict[str, Any]):
        self.en, self.zh = str(found["en"]), str(found["zh"])


def _claim(own: dict[str, Any], n: int, w: Wording) -> str:
    shares = {row["decision"]: w.share(row["n"] / n) for row in own["decisions"]}
    limit, loss = granted(own)
    amounts = {"limit": w.large(limit), "loss": w.large(loss), "rate": w.percent(loss / limit) if limit else DASH}
    return w.say(
        "policy.claim",
        admit=shares["admit"],
        conditional=shares["conditional"],
        review=shares["manual_review"],
        decline=shares["decline"],
        **amounts,
    )


def granted(one: dict[str, Any]) -> tuple[float, float]:
    """Return the limits that a policy grants, and their expected loss."""
    rows = [row for row in one["decisions"] if row["decision"] in GRANTED]
    return sum(row["limit"] for row in rows), sum(row["expected_loss"] for row in rows)


def _decision_row(row: dict[str, Any], n: int, w: Wording) -> list[str]:
    mean = row["expected_defaults"] / row["n"] if row["n"] else None
    rate = row["bads"] / row["outcomes"] if row["outcomes"] else None
    gives = row["decision"] in GRANTED
    return [
        w.say(f"decision.{row['decision']}"),
        w.number(row["n"]),
        w.share(row["n"] / n),
        w.percent(mean),
        w.number(row["outcomes"]),
        w.number(row["bads"]),
        w.percent(rate),
        w.large(row["requested"]),
        w.large(row["limit"]) if gives else DASH,
        w.large(row["expected_loss"]) if gives else DASH,
    ]


def curve(found: dict[str, Any], w: Wording) -> Markup | None:
    """Draw mean PD and default rate of the admitted against the approval rate; None without applicants."""
    rows = [row for row in found["curve"] if row["approval_rate"] >= FEWEST]
    if not rows:
        return None
    expected = [(row["approval_rate"], row["mean_pd"]) for row in rows]
    known = [row for row in rows if row["outcomes"]]
    observed = [Mark(x=r["approval_rate"], y=r["bads"] / r["outcomes"], low=r["low"], high=r["high"]) for r in known]
    top = max([rate for _, rate in expected] + [row["high"] for row in known])
    line = next(r["approval_rate"] for r in found["curve"] if r["grade"] == found["in_force"]["bands"]["admit_up_to"])
    curves = [
        Curve(label=w.say("policy.curve.expected"), xy=expected, colour=ACCENT),
        Curve(label=w.say("policy.curve.line"), xy=[(line, 0.0), (line, top)], colour=MUTED, dash="2 3", width=1.2),
    ]
    about = w.say(
        "policy.curve.about", low=w.percent(rows[0]["approval_rate"]), high=w.percent(rows[-1]["approval_rate"])
    )
    x = linear_axis(w.say("policy.axis.approval"), 0.0, 1.0, w.percent)
    y = axis_up_to(w.say("policy.axis.rate"), top, w.percent)
    figure = Figure(id="cut_off_curve", title=w.say("policy.curve"), about=about)
    return xy_chart(figure, x, y, curves, observed, marked=w.say("policy.curve.observed"), height=300)


def _cut_off_row(row: dict[str, Any], w: Wording) -> list[str]:
    rate = row["bads"] / row["outcomes"] if row["outcomes"] else None
    return [
        row["grade"],
        w.percent(row["pd_up_to"]),
        w.share(row["approval_rate"]),
        w.percent(row["mean_pd"]),
        w.percent(rate),
        w.large(row["annual_sales"]),
        w.large(row["expected_loss"]),
        w.percent(row["expected_loss"] / row["annual_sales"]) if row["annual_sales"] else DASH,
        w.large(row["expected_profit"]),
    ]


def _knock_out_row(row: dict[str, Any], w: Wording) -> list[str]:
    rule = _RULES[row["rule"]]
    rate = f"{w.number(row['bads'])} / {w.number(row['outcomes'])}" if row["outcomes"] else DASH
    names = [rule.id, w.of(rule), w.say("decision.decline" if rule.action == "decline" else "decision.manual_review")]
    return [*names, w.number(row["hit"]), w.number(row["unknown"]), rate]


def _policy_row(one: dict[str, Any], n: int, w: Wording) -> list[str]:
    limit, loss = granted(one)
    worst = {"share": w.percent(one["worst_exposure"]), "allowed": w.percent(one["worst_exposure_allowed"])}
    return [
        w.of(_Named(one)),
        *(w.share(row["n"] / n) for row in one["decisions"]),
        w.large(limit),
        w.large(loss),
        w.percent(loss / limit) if limit else DASH,
        w.say("policy.worst", **worst),
    ]


def _swap(one: dict[str, Any], policies: list[dict[str, Any]], w: Wording) -> dict[str, Any]:
    name = next(w.of(_Named(p)) for p in policies if p["name"] == one["with"])
    moved = [row for row in one["rows"] if row["decision_first"] != row["decision_second"]]
    return {"title": w.say("policy.swap", name=name), "rows": [_swap_row(row, w) for row in moved]}


def _swap_row(row: dict[str, Any], w: Wording) -> list[str]:
    return [
        w.say(f"decision.{row['decision_first']}"),
        w.say(f"decision.{row['decision_second']}"),
        w.number(row["n"]),
        w.percent(row["mean_pd"]),
        w.number(row["expected_defaults"], 1),
        w.large(row["annual_sales"]),
        *(w.large(row[f"{part}_second"] - row[f"{part}_first"]) for part in ("limit", "expected_loss")),
    ]


def _bands(bands: dict[str, str]) -> dict[str, str]:
    keys = {"admit": "admit_up_to", "conditional": "conditional_up_to", "review": "manual_review_up_to"}
    return {name: bands[key] for name, key in keys.items()}


def _economic(name: str, value: float, currency: str, w: Wording) -> str:
    if name in AMOUNTS:
        return w.money(value, currency)
    return w.say("unit.days", x=w.number(value)) if name in DAYS else w.percent(value)
