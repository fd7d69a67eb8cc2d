"""Which applicants the committee sees, and everything their page needs."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.catalogue import Feature, Indicator
from features.dimensions import CATALOGUE
from features.evidence import days_of, source_rows, sources
from features.knock_outs import READ, proofs, states
from features.tables import MINOR_UNITS, TABLES
from models.bundle import Bundle
from models.counterfactual import REACHED, Counterfactuals, counterfactuals, moves
from models.explanation import Explanation, median_case, percentiles
from models.policy.decision import SEPARATOR, decide
from models.reasons import MOST_AGAINST, MOST_FOR, NAMED_FROM_POINTS
from pipelines.decide import Answers
from pipelines.io import Connection
from pipelines.params import Explain

FEW_DATA = 0.7
"""An applicant whose known values carry less of the model than this is the case of few data."""

REQUESTED: Mapping[str, tuple[str, Callable[[float], float]]] = {
    "cx_log_requested_limit": ("requested_limit", math.exp),
    "cx_requested_terms_days": ("requested_terms_days", float),
}
"""Features that are the request itself: what the policy reads instead of each."""

ALL = "all"
"""The peers of an applicant whose industry is too small in development."""


class Applicants:
    """Everything the pages of a batch of applicants need, worked out once; a page is then a look-up.

    `people` are the applicants explained, with their features and application; `development` gives the peers' medians;
    `answers` what the policy says of them; `intervals` the PDs of refits, by application, if there are any.
    """

    def __init__(
        self,
        people: pd.DataFrame,
        explanation: Explanation,
        bundle: Bundle,
        development: pd.DataFrame,
        settings: Explain,
        answers: Answers,
        intervals: pd.DataFrame,
    ):
        self.people, self.explanation, self.bundle = people, explanation, bundle
        self.loaded, self.intervals = answers.loaded, intervals
        by_application = answers.rows.set_index("application_id", drop=False)
        self.answers = by_application.loc[people["application_id"]].reset_index(drop=True)
        self.peers = _peers(people["industry_code"].str[:1], development, settings.peers_at_least)
        self.ranks = percentiles(explanation.indicators, self.peers)
        self.medians, self.sizes = _medians(explanation, development)
        self.scenarios: Counterfactuals = counterfactuals(bundle, people, moves(bundle, development, CATALOGUE))
        self._changes = dict(list(self.scenarios.changes.groupby("row")))
        self._decisions_after = self._decided_after()

    def selected(self) -> dict[str, int]:
        """Return the row of each case the committee always sees, all of known outcome; a knocked-out one where there is any."""
        up_to = self.bundle.grades.table().set_index("grade")["pd_up_to"].to_dict()
        line = float(self.bundle.scale.points([up_to[self.cut_off_grade]])[0])
        known = np.flatnonzero(self.people["label"].notna())
        answers, points = self.answers.iloc[known], self.explanation.points.iloc[known]
        admitted, hit = answers["decision"] == "admit", (answers[[rule.id for rule in READ]] == "hit").any(axis=1)
        found = _positions(points, answers["explained_coverage"], line, admitted.to_numpy(bool), hit.to_numpy(bool))
        return {name: int(known[place]) for name, place in found.items()}

    @property
    def cut_off_grade(self) -> str:
        """The last grade that the policy admits outright."""
        return self.loaded.policy.bands.admit_up_to

    def _decided_after(self) -> pd.Series:
        """Return what the policy would say of each applicant with the PD of its scenario, and the request that it names."""
        found = self.scenarios.scenarios.reset_index(drop=True)
        pd_after = found["pd_after"].where(found["status"] == REACHED, self.answers["pd_12m"]).astype(float)
        after = self.answers.assign(pd_12m=pd_after, points=self.bundle.scale.points(pd_after))
        changes = self.scenarios.changes
        for feature, (column, read) in REQUESTED.items():
            own = changes[changes["feature"] == feature]
            after.loc[own["row"].to_numpy(), column] = own["after"].map(read).to_numpy(float)
        return decide(after, self.loaded.policy, self.bundle.grades)["decision"]

    def case(self, name: str, at: int) -> dict[str, Any]:
        """Return everything on the page of the applicant in row `at`."""
        points = float(self.explanation.points.to_numpy()[at])
        pd_12m = float(self.bundle.scale.pd([points])[0])
        rows = [self._indicator(i, at) for i in CATALOGUE.indicators]
        assessed = [r for r in rows if r["assessed"]]
        return {
            "case": name,
            **self._header(at),
            "pd_12m": pd_12m,
            "points": points,
            "grade": str(self.bundle.grades.grade([pd_12m])[0]),
            "pd_interval": self._interval(at),
            "cut_off_grade": self.cut_off_grade,
            "decision": self._decision(at),
            "base_points": self.explanation.base_points,
            "contributions": [self._dimension(d.id, at) for d in CATALOGUE.dimensions],
            "indicators": rows,
            "reasons_against": _reasons(sorted(assessed, key=lambda r: r["points"]), -1)[:MOST_AGAINST],
            "reasons_for": _reasons(sorted(assessed, key=lambda r: -r["points"]), 1)[:MOST_FOR],
            "counterfactual": self.counterfactual(at),
            "knock_outs": None,
            "change": None,
            "peers": {"industry": str(self.peers[at]), "n": self.sizes[str(self.peers[at])]},
            "evidence": [],
        }

    def listed(self) -> dict[str, Any]:
        """Return what the explorer shows of every applicant."""
        head = ("application_id", "customer_id", "as_of", "industry")
        pd_12m = self.bundle.scale.pd(self.explanation.points)
        grades = self.bundle.grades.grade(pd_12m)
        points, parts = self.explanation.points.to_numpy(), self.explanation.indicators.round(3).to_dict("records")
        rows = [
            {key: value for key, value in self._header(at).items() if key in head}
            | {"points": round(float(points[at]), 3), "pd_12m": float(pd_12m[at]), "grade": str(grades[at])}
            | {"decision": str(_at(self.answers, "decision", at))}
            | {"indicators": parts[at], "counterfactual": self.counterfactual(at)}
            for at in np.argsort(self.people["application_id"].to_numpy(), kind="stable")
        ]
        names = [str(name) for name in self.explanation.indicators]
        return {"indicators": names, "rows": rows}

    def counterfactual(self, at: int) -> dict[str, Any]:
        """Return what would have to change for a better grade, or why nothing is told."""
        found = {str(key): value for key, value in self.scenarios.scenarios.iloc[at].items()}
        changes = self._changes[at].to_dict("records") if at in self._changes else []
        after = str(self._decisions_after.iloc[at]) if found["status"] == REACHED else None
        return {
            **found,
            "decision_after": after,
            "changes": [{key: c[key] for key in ("feature", "before", "after")} for c in changes],
        }

    def _decision(self, at: int) -> dict[str, Any]:
        """Return the policy's answer: path and conditions as lists, amounts in currency units."""
        row = self.answers.iloc[at].to_dict()
        listed = {name: [x for x in str(row[name]).split(SEPARATOR) if x] for name in ("decision_path", "conditions")}
        return {
            "decision": row["decision"],
            "path": listed["decision_path"],
            "conditions": listed["conditions"],
            "cut_off_pd": float(row["cut_off_pd"]),
            "limit": float(row["limit"]),
            "terms_days": int(row["terms_days"]),
            "prepayment": float(row["prepayment"]),
            "binding_cap": row["binding_cap"],
            "explained_coverage": float(row["explained_coverage"]),
            "out_of_support": bool(row["out_of_support"]),
            "policy": self.loaded.version,
        }

    def _interval(self, at: int) -> dict[str, float] | None:
        """Return between what PDs refits on other samples lie, and their number; None without refits."""
        own = str(_at(self.people, "application_id", at))
        if own not in self.intervals.index:
            return None
        return {str(key): float(x) for key, x in self.intervals.loc[own].to_dict().items()}

    def _header(self, at: int) -> dict[str, Any]:
        person = self.people.iloc[at].to_dict()
        terms, new = person["requested_terms_days"], person["cx_is_new_customer"]
        return {
            "application_id": str(person["application_id"]),
            "customer_id": str(person["customer_id"]),
            "as_of": f"{person['as_of']:%Y-%m-%d}",
            "product": str(person["product"]),
            "requested_limit": float(person["requested_limit"]) / MINOR_UNITS,
            "requested_terms_days": None if pd.isna(terms) else int(terms),
            "currency": str(person["currency"]),
            "industry": str(person["industry_code"]),
            "is_new_customer": None if pd.isna(new) else bool(new),
        }

    def _dimension(self, name: str, at: int) -> dict[str, Any]:
        assessed = name in self.explanation.dimensions
        points = float(_at(self.explanation.dimensions, name, at)) if assessed else 0.0
        return {"dimension": name, "assessed": assessed, "points": points}

    def _indicator(self, indicator: Indicator, at: int) -> dict[str, Any]:
        modelled = indicator.id in self.explanation.indicators
        return {
            "id": indicator.id,
            "dimension": CATALOGUE.dimension_of(indicator.id).id,
            "assessed": modelled,
            "points": float(_at(self.explanation.indicators, indicator.id, at)) if modelled else 0.0,
            "percentile": float(_at(self.ranks, indicator.id, at)) if modelled else None,
            "leading": self._leading(indicator, at) if modelled else None,
        }

    def _leading(self, indicator: Indicator, at: int) -> dict[str, Any]:
        """Return the feature that makes an indicator's points concrete.

        Of the features that pull the indicator's way, the one that carries most; before it, one that carries at least half
        as much and whose value stands on the same side of its peers: a reason against should not name a value better than
        theirs.
        """
        sign = -1 if float(_at(self.explanation.indicators, indicator.id, at)) < 0 else 1
        pull = {
            f.id: sign * float(_at(self.explanation.features, f.id, at))
            for f in indicator.features
            if f.id in self.explanation.features
        }
        most = max(pull.values())
        ranking = sorted((n for n in pull if pull[n] >= most / 2), key=lambda n: -pull[n])
        name = (
            next((n for n in ranking if self._agrees(CATALOGUE.feature(n), sign, at)), ranking[0])
            if most > 0
            else max(pull, key=lambda n: pull[n])
        )
        return self._told(CATALOGUE.feature(name), sign, at)

    def _told(self, feature: Feature, sign: int, at: int) -> dict[str, Any]:
        value, scope = _at(self.people, feature.id, at), self._scope(feature, sign, at)
        return {
            "feature": feature.id,
            "value": None if pd.isna(value) else (str(value) if feature.is_category else float(value)),
            "unit": feature.unit,
            "peer_median": self._median(feature, str(self.peers[at])),
            "compared_with": scope,
            "compared_median": None if scope is None else self._median(feature, scope),
            "window": feature.window,
            "points": float(_at(self.explanation.features, feature.id, at)),
        }

    def _scope(self, feature: Feature, sign: int, at: int) -> str | None:
        """Return whose median a reason names: the industry's, all applicants' where only theirs agrees, or nobody's."""
        own = str(self.peers[at])
        agreeing = (scope for scope in (own, ALL) if self._side(feature, scope, at) * sign >= 0)
        return next(agreeing, None)

    def _agrees(self, feature: Feature, sign: int, at: int) -> bool:
        return self._side(feature, str(self.peers[at]), at) * sign > 0

    def _side(self, feature: Feature, scope: str, at: int) -> int:
        """Return +1 if the value is safer than the peers' median, -1 if riskier, 0 if equal, unknown or without direction."""
        median, value = self._median(feature, scope), _at(self.people, feature.id, at)
        if median is None or pd.isna(value):
            return 0
        return int(np.sign(median - float(value))) * feature.direction

    def _median(self, feature: Feature, scope: str) -> float | None:
        return None if feature.is_category else self.medians[scope].get(feature.id)


def select_cases(applicants: Applicants) -> list[dict[str, Any]]:
    """Return the cases the committee always sees, each with all its page needs but the evidence."""
    return [applicants.case(name, position) for name, position in applicants.selected().items()]


def add_evidence(cases: Sequence[dict[str, Any]], tables: Mapping[str, ir.Table], connection: Connection) -> None:
    """Add to each case the source rows behind the features that its reasons and scenario name.

    `tables` are the canonical ones by name. One query a table and period, however many the cases are.
    """
    named = {case["application_id"]: _named_features(case) for case in cases}
    asked = {(t.name, days_of(f.window)) for features in named.values() for f in features for t in sources(f)}
    applications = _applications(cases)
    found = {
        (name, days): _by_application(connection, source_rows(applications, TABLES[name], tables[name], days))
        for name, days in sorted(asked)
        if name in tables
    }
    for case in cases:
        own = case["application_id"]
        case["evidence"] = [
            {"feature": f.id, "table": t.name, **_rows(found.get((t.name, days_of(f.window)), {}).get(own, []))}
            for f in named[own]
            for t in sources(f)
        ]


def add_knock_outs(
    cases: Sequence[dict[str, Any]],
    tables: Mapping[str, ir.Table],
    connection: Connection,
    complete_sources: Sequence[str],
) -> None:
    """Add to each case the state of every knock-out rule that tables decide, with the rows that prove a hit."""
    applications = _applications(cases)
    found = connection.to_pyarrow(states(applications, tables, complete_sources)).to_pylist()
    rows = connection.to_pyarrow(proofs(applications, tables).order_by("application_id", "rule", "since")).to_pylist()
    by_application = {row.pop("application_id"): row for row in found}
    proven: dict[tuple[str, str], list[dict[str, str]]] = {}
    for r in rows:
        proof = {"table": r["table"], "key": r["row_key"], "since": str(r["since"])}
        proven.setdefault((r["application_id"], r["rule"]), []).append(proof)
    for case in cases:
        own = case["application_id"]
        case["knock_outs"] = [
            {"rule": rule, "state": state, "proofs": proven.get((own, rule), [])}
            for rule, state in by_application[own].items()
        ]


def _applications(cases: Sequence[dict[str, Any]]) -> ir.Table:
    head = [
        {
            "application_id": c["application_id"],
            "customer_id": c["customer_id"],
            "as_of": date.fromisoformat(c["as_of"]),
        }
        for c in cases
    ]
    return ibis.memtable(pa.Table.from_pylist(head))


def _named_features(case: dict[str, Any]) -> list[Feature]:
    names = [r["feature"] for r in case["reasons_against"] + case["reasons_for"]]
    names += [c["feature"] for c in case["counterfactual"]["changes"]]
    return [CATALOGUE.feature(name) for name in dict.fromkeys(names)]


def _by_application(connection: Connection, rows: ir.Table) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.to_pyarrow(rows.order_by("application_id", "place")).to_pylist():
        found.setdefault(row["application_id"], []).append(row)
    return found


def _rows(found: list[dict[str, Any]]) -> dict[str, Any]:
    told = [{"key": r["key"], "happened": str(r["happened_on"]), "known_on": str(r["known_on"])} for r in found]
    return {"n": found[0]["n"] if found else 0, "rows": told}


def _reasons(rows: list[dict[str, Any]], sign: int) -> list[dict[str, Any]]:
    named = [r for r in rows if r["points"] * sign >= NAMED_FROM_POINTS and r["id"] != "context"]
    told = ("feature", "value", "compared_with", "compared_median", "unit", "window")
    return [{"indicator": r["id"], "points": r["points"], **{k: r["leading"][k] for k in told}} for r in named]


def _medians(explanation: Explanation, development: pd.DataFrame) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """Return the median of every number of the model, and the number of applicants, in each industry and in all."""
    numbers = [str(n) for n in explanation.features if not CATALOGUE.feature(str(n)).is_category]
    groups = {ALL: development}
    if "cx_industry" in development:
        groups |= {str(name): part for name, part in development.groupby("cx_industry")}
    medians = {name: part[numbers].median().dropna().to_dict() for name, part in groups.items()}
    return {n: {str(k): float(v) for k, v in m.items()} for n, m in medians.items()}, {
        name: len(part) for name, part in groups.items()
    }


def _positions(
    points: pd.Series, coverage: pd.Series, line: float, admitted: NDArray[np.bool_], hit: NDArray[np.bool_]
) -> dict[str, int]:
    """Return the row of each case; `line` are the points of the admission line. Without anybody admitted the best stands in."""
    values, known = points.to_numpy(), coverage.to_numpy()
    few = np.flatnonzero(known <= max(FEW_DATA, float(known.min())))
    found = {
        "best": int(values.argmax()),
        "median": median_case(points),
        "worst_admitted": int(np.where(admitted, values, np.inf).argmin() if admitted.any() else values.argmax()),
        "near_cut_off": int(np.where(values < line, line - values, np.inf).argmin()),
        "few_data": _middle(values, few),
    }
    return {**found, "knocked_out": _middle(values, np.flatnonzero(hit))} if hit.any() else found


def _middle(values: NDArray[np.float64], rows: NDArray[np.intp]) -> int:
    """Return the row, of those given, whose value lies nearest to their median."""
    return int(rows[np.abs(values[rows] - np.median(values[rows])).argmin()])


def _at(frame: pd.DataFrame, column: str, row: int) -> Any:
    return frame[column].to_numpy()[row]


def _peers(section: pd.Series, development: pd.DataFrame, at_least: int) -> pd.Series:
    """Return whom each applicant is compared with: its industry section, or all where development has too few of it."""
    sizes = development["cx_industry"].value_counts() if "cx_industry" in development else pd.Series(dtype=int)
    large = sizes[sizes >= at_least].index
    return section.where(section.isin(large), "all").fillna("all")
