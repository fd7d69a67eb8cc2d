"""Stage `explain`: why each applicant has the points it has, in indicators; and the cases the committee sees."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.explanation import (
    Explanation,
    explain,
    feature_directions,
    importance,
    indicator_directions,
)
from models.fidelity import by_dimension, share_distance, upper_bound, worst_found
from models.splits import DEVELOPMENT, TEST
from pipelines.audit import INTERVALS
from pipelines.cases import Applicants, add_evidence, add_knock_outs, select_cases
from pipelines.change import add_changes, previous_bundle
from pipelines.decide import read_answers
from pipelines.errors import InputError
from pipelines.featurize import FEATURES
from pipelines.ingest import CANONICAL, TRUTH
from pipelines.io import engine, fresh_folder, read_canonical, read_json, write_json
from pipelines.params import Params
from pipelines.split import SAMPLES
from pipelines.train import BUNDLE
from pipelines.train import SUMMARY as MODEL

log = logging.getLogger(__name__)

FOLDER = Path("data/explain")
CONTRIBUTIONS, EXPLANATION, CASES = FOLDER / "contributions.parquet", FOLDER / "explanation.json", FOLDER / "cases.json"
APPLICANTS = FOLDER / "applicants.json"
FIDELITY = FOLDER / "fidelity.json"

PANELS = 12
"""Features whose effect is drawn in natural units."""

PANEL_ROWS, PANEL_STEPS = 400, 21


class Portfolio(NamedTuple):
    """The test sample explained, and what it is compared with."""

    bundle: Bundle
    previous: Bundle
    """What earlier applications were scored with: the bundle itself unless the parameters name another."""
    features: pd.DataFrame
    """Of every application of the run, whatever its sample."""
    rows: pd.DataFrame
    test: pd.DataFrame
    explanation: Explanation
    """What the committee reads: interventional, against the bundle's background where it has one."""
    by_path: Explanation
    """What batches are scored with: path-dependent."""
    applicants: Applicants
    """Everybody who asked since the test began, of known outcome or not."""

    @property
    def interventional(self) -> bool:
        """Whether the committee reads interventional values."""
        return self.explanation is not self.by_path


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    found = explained(params)
    # Not before: a model misspelt shall not cost the last good explanations.
    fresh_folder(FOLDER)
    bundle, rows, explanation = found.bundle, found.rows, found.explanation
    _write_contributions(found)
    fidelity, metrics = _fidelity(explanation, rows, bundle)
    write_json(EXPLANATION, {**_global(found), "fidelity": fidelity})
    write_json(FIDELITY, metrics)
    write_json(APPLICANTS, found.applicants.listed())
    write_json(CASES, with_evidence(select_cases(found.applicants), found, params))
    log.info("base plus contributions meet the prediction within %.1g log-odds", explanation.gap)


def explained(params: Params) -> Portfolio:
    """Return the test sample of the run in the project's folders, explained; InputError if it cannot be."""
    bundle = Bundle.read(BUNDLE, read_json(MODEL)["bundle_sha256"])
    features = pd.read_parquet(FEATURES)
    previous = previous_bundle(params.explain.previous_model, bundle, features)
    rows = pd.read_parquet(SAMPLES).merge(features.drop(columns=["customer_id", "as_of"]), on="application_id")
    test = rows[rows["sample"].isin(TEST)].reset_index(drop=True)
    answers = read_answers(params)
    people = _applicants(features[features["application_id"].isin(answers.rows["application_id"])], test)
    log.info("explaining %d applicants ...", len(people))
    try:
        by_path = explain(bundle, test, CATALOGUE)
        everybody = explain(bundle, people, CATALOGUE, interventional=bundle.background is not None)
    except ValueError as error:
        raise InputError(str(error)) from None
    tested = pd.Index(people["application_id"]).get_indexer(test["application_id"])
    explanation = by_path if bundle.background is None else everybody.of_rows(tested)
    development = rows[rows["sample"] == DEVELOPMENT]
    intervals = pd.read_parquet(INTERVALS).set_index("application_id")
    applicants = Applicants(people, everybody, bundle, development, params.explain, answers, intervals)
    return Portfolio(bundle, previous, features, rows, test, explanation, by_path, applicants)


def with_evidence(cases: list[dict[str, Any]], found: Portfolio, params: Params) -> list[dict[str, Any]]:
    """Return cases with why their points changed, the source rows behind the features named, and knock-outs checked."""
    add_changes(cases, found.previous, found.bundle, found.features, interventional=found.interventional)
    with engine(params.engine) as connection:
        tables = read_canonical(connection, CANONICAL)
        add_evidence(cases, tables, connection)
        add_knock_outs(cases, tables, connection, params.featurize.complete_sources)
    return cases


def _write_contributions(found: Portfolio) -> None:
    """One row an applicant: score, and the points of every dimension, indicator and feature."""
    test, explanation, bundle = found.test, found.explanation, found.bundle
    pd_12m = bundle.scale.pd(explanation.points)
    head = test[["application_id", "customer_id", "as_of", "sample"]].assign(
        pd_12m=pd_12m, points=explanation.points, grade=bundle.grades.grade(pd_12m), base_points=explanation.base_points
    )
    parts = [
        part.add_prefix(prefix)
        for prefix, part in (
            ("dimension_", explanation.dimensions),
            ("indicator_", explanation.indicators),
            ("feature_", explanation.features),
        )
    ]
    pd.concat([head, *parts], axis=1).sort_values("application_id").to_parquet(CONTRIBUTIONS, index=False)


def _applicants(asked: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """The features of those who asked, with what application and master record say of each, and the outcome if known."""
    columns = ["application_id", "product", "requested_limit", "requested_terms_days", "currency"]
    request = pd.read_parquet(CANONICAL / "applications.parquet", columns=columns)
    customers = pd.read_parquet(CANONICAL / "customers.parquet", columns=["customer_id", "industry_code", "known_at"])
    latest = customers.sort_values(["customer_id", "known_at"]).drop_duplicates("customer_id", keep="last")
    known = asked.merge(request, on="application_id").merge(test[["application_id", "label"]], how="left")
    return known.merge(latest.drop(columns="known_at"), on="customer_id", how="left")


def _global(found: Portfolio) -> dict[str, Any]:
    explanation, test, bundle = found.explanation, found.test, found.bundle
    return {
        "base_points": explanation.base_points,
        "previous_model": None if found.previous is bundle else found.previous.sha256,
        "additivity_gap": explanation.gap,
        "interventional": found.interventional,
        "agreement": _agreement(explanation, found.by_path),
        "interaction_points": explanation.interaction_points,
        "method": explanation.method,
        "dimensions": _dimensions(explanation),
        "indicators": _indicators(explanation, test, bundle.scale.factor),
        "features": _features(explanation, test, bundle),
    }


def _agreement(explanation: Explanation, by_path: Explanation) -> dict[str, float | None]:
    """Return Spearman's rho of the two kinds of values over all applicants, per indicator; None where one is constant."""
    return {
        str(name): None
        if min(explanation.indicators[name].nunique(), by_path.indicators[name].nunique()) < 2
        else float(spearmanr(explanation.indicators[name], by_path.indicators[name]).statistic)
        for name in explanation.indicators
    }


def _dimensions(explanation: Explanation) -> list[dict[str, Any]]:
    sizes = importance(explanation.dimensions)
    return [{"id": d.id, **_size(sizes, d.id), "low": None, "high": None} for d in CATALOGUE.dimensions]


def _size(sizes: pd.DataFrame, name: str) -> dict[str, Any]:
    if name not in sizes.index:
        return {"assessed": False, "mean_abs_points": None, "share": None}
    return {"assessed": True, **{str(k): float(sizes[k].to_dict()[name]) for k in sizes}}


def _indicators(explanation: Explanation, test: pd.DataFrame, factor: float) -> list[dict[str, Any]]:
    sizes = importance(explanation.indicators)
    audit = indicator_directions(explanation, test, test["label"], CATALOGUE, factor).to_dict("index")
    nothing = {"rho": None, "verdict": "not assessed", "data_rho": None, "data_verdict": "not assessed"}
    return [
        {
            "id": i.id,
            "dimension": CATALOGUE.dimension_of(i.id).id,
            **_size(sizes, i.id),
            "direction_article": i.stance,
            **(_plain(audit[i.id]) if i.id in audit else nothing),
        }
        for i in CATALOGUE.indicators
    ]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(k): None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}


def _features(explanation: Explanation, test: pd.DataFrame, bundle: Bundle) -> list[dict[str, Any]]:
    sizes = importance(explanation.features)
    audit = feature_directions(explanation, test, CATALOGUE, bundle.scale.factor).to_dict("index")
    ranking = sizes.sort_values("share", ascending=False, kind="stable").index
    panels = {name: _partial_dependence(bundle, test, name) for name in ranking[:PANELS]}
    return [
        {
            "id": name,
            "indicator": CATALOGUE.indicator_of(name).id,
            **_size(sizes, name),
            **_plain(audit[name]),
            "partial_dependence": panels.get(name),
        }
        for name in ranking
    ]


def _partial_dependence(bundle: Bundle, test: pd.DataFrame, name: str) -> dict[str, list[float]] | None:
    """Mean points when everybody had the same value: between the 1 % and 99 % quantile, on a fixed part of the rows."""
    values = test[name].dropna()
    if CATALOGUE.feature(name).is_category or values.nunique() < 2:
        return None
    part = test.iloc[:: max(1, len(test) // PANEL_ROWS)]
    low, high = (float(values.quantile(q)) for q in (0.01, 0.99))
    grid = np.unique(np.linspace(low, high, PANEL_STEPS))
    stacked = pd.concat([part.assign(**{name: value}) for value in grid], ignore_index=True)
    points = bundle.points(stacked).reshape(len(grid), len(part)).mean(axis=1)
    return {"value": [float(v) for v in grid], "points": [float(p) for p in points]}


def _fidelity(
    explanation: Explanation, rows: pd.DataFrame, bundle: Bundle
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Against the simulated truth: how well explanations find the true causes, beside the most the features allow.

    Per dimension for the report, and as metrics of DVC; both empty where nobody knows the truth.
    """
    path = TRUTH / "applications.parquet"
    if not path.exists():
        return [], {}
    known = pd.read_parquet(path).set_index("application_id").filter(like="phi_").rename(columns=lambda c: c[4:])
    test, development = (rows[rows["sample"].isin(names)] for names in (TEST, (DEVELOPMENT,)))
    truth = known.loc[test["application_id"]].reset_index(drop=True)
    learnt = known.loc[development["application_id"]]
    matrices = bundle.encoder.matrix(development), bundle.encoder.matrix(test)
    found = [_plain(row) for row in by_dimension(explanation.dimensions, truth).to_dict("records")]
    for row in found:
        name = row["dimension"]
        row["upper_bound"] = upper_bound(matrices[0], learnt[name], matrices[1], truth[name])
    return found, {
        "share_distance": share_distance(explanation.dimensions, truth),
        "worst_dimension_found": worst_found(explanation.dimensions, truth),
        **{row["dimension"]: {key: row[key] for key in ("spearman", "upper_bound", "sign_agreement")} for row in found},
    }


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("explain")
