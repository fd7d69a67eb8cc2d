"""A small but complete run as the stages `evaluate` and `explain` write it: the schema the report is built on."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from features.dimensions import CATALOGUE
from features.knock_outs import READ
from features.tables import TABLES
from models.grades import GRADES, MasterScale
from models.metrics import METRICS
from models.policy.terms import DECISIONS
from models.scaling import PointsScale
from pipelines.decide import judged
from pipelines.policy import load

UNASSESSED = "industry_reputation"
"""The dimension without data in this run."""


def estimate(value: float, half: float | None = None) -> dict[str, float | None]:
    low, high = (None, None) if half is None else (round(value - half, 6), round(value + half, 6))
    return {"value": value, "low": low, "high": high}


def metrics() -> dict[str, Any]:
    values = {
        "auc": 0.802,
        "gini": 0.604,
        "ks": 0.46,
        "average_precision": 0.21,
        "brier": 0.0331,
        "brier_skill": 0.094,
        "log_loss": 0.139,
        "ece": 0.0042,
        "calibration_slope": 0.97,
        "calibration_in_the_large": -0.03,
    }
    assert set(values) == set(METRICS)
    benchmarks = {
        name: {
            "auc": estimate(auc, 0.02),
            "average_precision": estimate(0.15, 0.02),
            "difference": {"value": round(0.802 - auc, 3), "p_value": p},
            "n": 4200,
        }
        for name, auc, p in (
            ("logistic", 0.781, 0.004),
            ("altman_z2", 0.66, 1e-9),
            ("zmijewski", 0.67, 1e-8),
            ("oracle", 0.83, 0.0002),
        )
    }
    return {
        "out_of_time": {name: estimate(v, abs(v) * 0.03) for name, v in values.items()} | {"n": 4210, "bads": 158},
        "development": {name: estimate(v) for name, v in values.items()} | {"n": 12650, "bads": 471},
        "benchmarks": benchmarks,
    }


def grade_rows() -> list[dict[str, Any]]:
    rows = []
    for i, grade in enumerate(GRADES):
        n, mean_pd = (0, None) if i == 0 else (900 - 80 * i, 0.0005 * 2**i)
        bads = 0 if mean_pd is None else round(n * mean_pd)
        rate = bads / n if n else None
        row = {"grade": grade, "n": n, "share": n / 4210, "bads": bads, "mean_pd": mean_pd, "default_rate": rate}
        row |= {"low": None, "high": None} if rate is None else {"low": rate * 0.7, "high": rate * 1.3 + 0.001}
        verdict = "not enough data" if i < 3 else "amber" if i == 6 else "green"
        rows.append(row | {"jeffreys_p": None if rate is None else 0.04 if i == 6 else 0.5, "verdict": verdict})
    return rows


def sample(name: str, start: str, end: str, n: int, bads: int) -> dict[str, Any]:
    return {"sample": name, "from": start, "to": end, "n": n, "bads": bads, "default_rate": bads / n}


def details() -> dict[str, Any]:
    steps = [i / 40 for i in range(41)]
    statuses = {"bad": 629, "excluded_in_default": 214, "good": 16000, "immature": 3120, "indeterminate": 231}
    statuses |= {"no_exposure": 905, "not_observed": 2700}
    rule = {
        "rule": "DQ04",
        "action": "repaired",
        "n": 12,
        "meaning_en": "known before it happened",
        "meaning_zh": "获知早于发生",
    }
    quality = [
        {
            "table": "customers",
            "rows": 20119,
            "ok": 20000,
            "repaired": 80,
            "dropped_copies": 9,
            "quarantined": 30,
            "rules": [rule],
        },
        {
            "table": "invoices",
            "rows": 410000,
            "ok": 409000,
            "repaired": 400,
            "dropped_copies": 0,
            "quarantined": 600,
            "rules": [],
        },
    ]
    return {
        "source": "sample",
        "source_name": {"en": "Simulated sample portfolio", "zh": "模拟样例组合"},
        "created_from": {
            "data_fingerprint": "d" * 64,
            "params_fingerprint": "e" * 64,
            "bundle_sha256": "0123456789abcdef" * 4,
        },
        "currency": "CNY",
        "performance_days": 365,
        "data_until": "2025-12-31",
        "label_status": [{"status": s, "n": n, "bads": n if s == "bad" else 0} for s, n in statuses.items()],
        "samples": [
            sample("development", "2018-01-01", "2022-06-30", 12650, 471),
            sample("gap", "2022-07-01", "2023-08-14", 3105, 120),
            sample("out_of_time", "2023-08-15", "2024-11-15", 4210, 158),
        ],
        "labels_overlap": False,
        "unseen_categories": {},
        "searches": {"court": 0.95, "default_history": 1.0},
        "distribution": {
            "sv_current_ratio": {"missing": 0.184, "low": 0.612, "median": 1.42, "high": 3.1},
            "cx_industry": {"missing": 0.0, "most": "C", "share": 0.22},
        },
        "roc": [{"fpr": x, "tpr": x**0.25} for x in steps],
        "benchmark_roc": {
            name: [{"fpr": x, "tpr": x**power} for x in steps]
            for name, power in (("logistic", 0.29), ("altman_z2", 0.5), ("zmijewski", 0.48), ("oracle", 0.2))
        },
        "reliability": [
            {
                "bin": i + 1,
                "n": 421,
                "mean_pd": 0.002 * 1.7**i,
                "default_rate": 0.0 if i == 0 else 0.0021 * 1.68**i,
                "low": 0.001 * 1.6**i,
                "high": 0.004 * 1.7**i,
            }
            for i in range(10)
        ],
        "grades": grade_rows(),
        "score_distribution": [
            {
                "from": p,
                "to": p + 20,
                "goods": round(600 * math.exp(-(((p - 630) / 45) ** 2))),
                "bads": round(30 * math.exp(-(((p - 570) / 40) ** 2))),
            }
            for p in range(480, 740, 20)
        ],
        "quality": quality,
        "tables": [{"table": name, "present": name != "payments"} for name in TABLES],
        "model": {
            "features": 46,
            "trees": 312,
            "slope": 1.06,
            "intercept": 0.11,
            "shift": -0.04,
            "central_tendency": 0.0372,
        },
    }


def weight(i: int) -> float:
    return 9.0 / (1 + 0.35 * i)


def explanation() -> dict[str, Any]:
    modelled = [i for i in CATALOGUE.indicators if i.features]
    size = {i.id: weight(k) for k, i in enumerate(modelled)}
    total = sum(size.values())
    dimensions = []
    for d in CATALOGUE.dimensions:
        points = sum(size.get(i.id, 0.0) for i in d.indicators)
        assessed = points > 0 and d.id != UNASSESSED
        share = points / total
        interval = {"low": share * 0.9, "high": share * 1.1} if d.id == "credit_score" else {"low": None, "high": None}
        figures = {"mean_abs_points": points, "share": share} if assessed else {"mean_abs_points": None, "share": None}
        dimensions.append({"id": d.id, "assessed": assessed, **figures, **interval})
    return {
        "base_points": 588.4,
        "previous_model": None,
        "additivity_gap": 3e-13,
        "interventional": True,
        "agreement": {"credit_history": 0.998, "governance": 0.971, "environment": None},
        "interaction_points": 0.0138,
        "method": "tables",
        "dimensions": dimensions,
        "indicators": [indicator_entry(i, size.get(i.id), total) for i in CATALOGUE.indicators],
        "features": feature_entries(total),
        "fidelity": [
            {"dimension": d["id"], "spearman": 0.71, "sign_agreement": 0.86, "n": 4210, "upper_bound": 0.78}
            for d in dimensions
            if d["assessed"]
        ],
    }


def indicator_entry(indicator: Any, points: float | None, total: float) -> dict[str, Any]:
    head = {
        "id": indicator.id,
        "dimension": CATALOGUE.dimension_of(indicator.id).id,
        "direction_article": indicator.stance,
    }
    if points is None:
        nothing = {"rho": None, "verdict": "not assessed", "data_rho": None, "data_verdict": "not assessed"}
        return {**head, "assessed": False, "mean_abs_points": None, "share": None, **nothing}
    data = {"data_rho": 0.12, "data_verdict": "consistent"}
    return {
        **head,
        "assessed": True,
        "mean_abs_points": points,
        "share": points / total,
        "rho": 0.83,
        "verdict": "consistent",
        **data,
    }


def feature_entries(total: float) -> list[dict[str, Any]]:
    entries = []
    for k, f in enumerate(CATALOGUE.of_role("model")):
        panel = None
        if k < 12 and f.clip:
            low, high = max(f.clip[0], -0.3 if f.clip[1] <= 5 else 0), min(f.clip[1], 180)
            grid = [low + (high - low) * j / 20 for j in range(21)]
            slope = -f.direction * 18 / (1 + k * 0.4)
            panel = {"value": grid, "points": [600 + slope * math.tanh(3 * (j / 20 - 0.4)) for j in range(21)]}
        verdict = "not audited" if f.direction == 0 else "consistent" if k < 30 else "not used"
        entries.append(
            {
                "id": f.id,
                "indicator": CATALOGUE.indicator_of(f.id).id,
                "mean_abs_points": weight(k),
                "share": weight(k) / total,
            }
            | {"direction": f.direction, "rho": 0.8 * f.direction or None, "verdict": verdict, "missing_share": 0.1}
            | {"missing_mean_points": -0.2, "partial_dependence": panel}
        )
    return entries


def leading(indicator: Any, points: float, value: float | str | None) -> dict[str, Any]:
    feature = indicator.features[0]
    return {
        "feature": feature.id,
        "value": value,
        "unit": feature.unit,
        "peer_median": 0.2,
        "compared_with": "C",
        "compared_median": 0.2,
        "window": feature.window,
        "points": points,
    }


def case(name: str = "median", **changes: Any) -> dict[str, Any]:
    rows = []
    for k, indicator in enumerate(CATALOGUE.indicators):
        dimension = CATALOGUE.dimension_of(indicator.id).id
        assessed = bool(indicator.features) and dimension != UNASSESSED
        points = round((-1) ** (k // 2) * (14.2 - 0.6 * k), 1) if assessed else 0.0
        rows.append(
            {"id": indicator.id, "dimension": dimension, "assessed": assessed, "points": points}
            | {"percentile": 0.62 if assessed else None}
            | {"leading": leading(indicator, points, None if k == 3 else 0.35) if assessed else None}
        )
    contributions = [
        {"dimension": d.id, "assessed": any(r["assessed"] for r in rows if r["dimension"] == d.id)}
        | {"points": sum(r["points"] for r in rows if r["dimension"] == d.id)}
        for d in CATALOGUE.dimensions
    ]
    named = [r for r in rows if r["assessed"] and r["id"] != "context"]
    base = 588.4
    return {
        "case": name,
        "application_id": "A0001234",
        "customer_id": "C000777",
        "as_of": "2024-03-05",
        "product": "open_account",
        "requested_limit": 1200000.0,
        "requested_terms_days": 60,
        "currency": "CNY",
        "industry": "C26",
        "is_new_customer": False,
        "pd_12m": 0.0240,
        "points": base + sum(c["points"] for c in contributions),
        "grade": "R7",
        "cut_off_grade": "R6",
        "pd_interval": {"low": 0.018, "high": 0.031, "refits": 8.0},
        "decision": decision(),
        "base_points": base,
        "contributions": contributions,
        "indicators": rows,
        "reasons_against": [reason_entry(r) for r in named if r["points"] <= -5][:4],
        "reasons_for": [reason_entry(r) for r in named if r["points"] >= 5][:3],
        "counterfactual": scenario(),
        "knock_outs": None,
        "change": None,
        "peers": {"industry": "C", "n": 412},
        "evidence": [
            {
                "feature": "rr_dbt_wavg_180d",
                "table": "invoices",
                "n": 14,
                "rows": [{"key": "I0000777-0014", "happened": "2024-02-27", "known_on": "2024-01-12"}],
            },
            {"feature": "lt_defendant_cnt_1y", "table": "legal_cases", "n": 0, "rows": []},
        ],
        **changes,
    }


def decision(**changes: Any) -> dict[str, Any]:
    said = {
        "decision": "conditional",
        "path": ["CUT_OFF", "BAND:R7"],
        "conditions": ["shorter_terms", "quarterly_review"],
    }
    amounts = {
        "cut_off_pd": 0.0212,
        "limit": 430000.0,
        "terms_days": 30,
        "prepayment": 0.0,
        "binding_cap": "equity_cap",
    }
    known = {"explained_coverage": 0.83, "out_of_support": False}
    return {**said, **amounts, **known, "policy": "balanced 2026-01 0123456789ab", **changes}


def policy() -> dict[str, Any]:
    """Return what stage `decide` tells of 400 applications: PDs over all grades, some without outcome, some knocked out."""
    pds = [0.0004 * 1.018**k for k in range(400)]
    people = pd.DataFrame({"application_id": [f"A{k:07d}" for k in range(400)], "customer_id": "C1", "pd_12m": pds})
    people["points"] = PointsScale().points(people["pd_12m"])
    people["label"] = [None if k % 5 == 0 else float(k % 20 == 7) for k in range(400)]
    people = people.assign(challenger_points=people["points"] + 10, explained_coverage=0.9, out_of_support=False)
    people = people.assign(is_new_customer=False, industry="C", region="31", requested_limit=900_000.0)
    people = people.assign(requested_terms_days=60.0, annual_sales=6e6, total_equity=8e6, cost_of_sales=5e7)
    rules = {
        rule.id: ["hit" if k % 50 == 3 else "unknown" if k % 40 == 9 else "clear" for k in range(400)] for rule in READ
    }
    loaded = [load(name) for name in ("balanced", "conservative", "growth")]
    found = judged(people.assign(**rules), MasterScale.from_points(PointsScale()), loaded[0], loaded[1:])
    return json.loads(json.dumps(found))


def change(parts: list[dict[str, Any]], *, base: float = 0.0, has_new_model: bool = False) -> dict[str, Any]:
    """Return why points moved from 600 by the parts of indicators and the base."""
    moved = sum(i["data"] + i["model"] for i in parts) + base
    told = {"since": "2022-11-08", "application_id": "A0000007", "points_before": 600.0, "grade_before": "R6"}
    return {**told, "points_now": 600.0 + moved, "base": base, "has_new_model": has_new_model, "indicators": parts}


def part(indicator_id: str, data: float, model: float = 0.0, feature: str | None = None) -> dict[str, Any]:
    """Return what new data and a new model change in an indicator; the feature behind new data rose from 3 to 41."""
    leading = None if feature is None else {"feature": feature, "before": 3.0, "now": 41.0}
    return {"id": indicator_id, "data": data, "model": model, "leading": leading}


def scenario(**changes: Any) -> dict[str, Any]:
    moved = [
        {"feature": "rr_overdue_ratio_now", "before": 0.6234, "after": 0.182},
        {"feature": "cp_tax_grade_ord", "before": 3.0, "after": 1.0},
    ]
    told = {"target": "R6", "status": "reached", "pd_before": 0.024, "pd_after": 0.0191, "grade_after": "R6"}
    told |= {"decision_after": "admit"}
    return {**told, "changes": moved, **changes}


def reason_entry(row: dict[str, Any]) -> dict[str, Any]:
    keys = ("feature", "value", "compared_with", "compared_median", "unit", "window")
    return {"indicator": row["id"], "points": row["points"], **{key: row["leading"][key] for key in keys}}


def committee_run() -> dict[str, Any]:
    """Return a fresh run; tests may change it."""
    cases = [case(name) for name in ("best", "median", "worst_admitted", "near_cut_off", "few_data")]
    found = {"metrics": metrics(), "details": details(), "policy": policy(), "explanation": explanation()}
    return {**found, "cases": cases, "applicants": applicants(12)}


def applicants(n: int) -> dict[str, Any]:
    """Return the explorer's applicants: every second reaches a better grade, industries and grades take turns."""
    modelled = [i.id for i in CATALOGUE.indicators if i.features and CATALOGUE.dimension_of(i.id).id != UNASSESSED]
    rows = []
    for k in range(n):
        parts = {name: round(((k * 7 + j * 13) % 41 - 20) * 0.37, 3) for j, name in enumerate(modelled)}
        points = 588.4 + sum(parts.values())
        unreachable = scenario(status="unreachable", changes=[])
        rows.append(
            {"application_id": f"A{k:07d}", "customer_id": f"C{k % 977:06d}", "as_of": f"2024-{k % 12 + 1:02d}-05"}
            | {
                "industry": ("C26", "F51", "E47")[k % 3],
                "points": points,
                "pd_12m": 1 / (1 + 2 ** ((points - 487) / 20)),
            }
            | {"grade": GRADES[min(9, max(0, int((700 - points) // 20)))], "indicators": parts}
            | {"counterfactual": scenario() if k % 2 else unreachable, "decision": DECISIONS[k % 4]}
        )
    return {"indicators": modelled, "rows": rows}


def write(run: dict[str, Any], evaluate: Path, decide: Path, explain: Path) -> None:
    """Write a run into the files the report reads."""
    files = {evaluate / "metrics.json": "metrics", evaluate / "details.json": "details"}
    files |= {explain / "explanation.json": "explanation", explain / "cases.json": "cases"}
    files |= {decide / "policy.json": "policy", explain / "applicants.json": "applicants"}
    for path, key in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(run[key], ensure_ascii=False, allow_nan=False), encoding="utf-8")
