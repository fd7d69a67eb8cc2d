"""Stage `audit`: what an independent validator asks of the model, on rows it never saw.

The whole battery of checks with development as reference, challengers on the same rows, the certificate of the directions,
the direction audit of champion and unconstrained challenger, declined applicants, and refits. No clock and no times: the same
data give the same bytes.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.certificate import certify
from models.challengers import COMPOSITES, composite_risk, logistic_regression
from models.default_risk import DefaultRiskModel
from models.explanation import Explanation, explain, feature_directions, importance, indicator_directions
from models.metrics import METRICS
from models.metrics.battery import CHECKS
from models.metrics.battery_proofs import PROOFS
from models.metrics.characteristics import characteristic_stability
from models.metrics.checks import NotEstimable
from models.metrics.discrimination import auc, delong_interval, delong_paired
from models.refits import agreement, pd_intervals, refit, refits, share_intervals
from models.scaling import PointsScale
from models.scorecard_table import ScorecardTable
from models.selection import HARDLY_OVERLAP, Support, admitted_ranges, inverse_weights, out_of_support, propensity
from models.splits import DEVELOPMENT, TEST
from models.validation import (
    as_record,
    battery_inputs,
    judge_all,
    rows_behind,
    segment_tables,
    vintages,
)
from pipelines.development import Development, read_development, unfitted_model
from pipelines.errors import InputError
from pipelines.estimates import estimate, intervals
from pipelines.evaluate import METRICS_FILE
from pipelines.featurize import FEATURES
from pipelines.ingest import CANONICAL, TRUTH
from pipelines.io import fresh_folder, read_json, write_json
from pipelines.params import Params
from pipelines.split import SAMPLES
from pipelines.split import SUMMARY as SPLIT
from pipelines.train import BUNDLE, OUT_OF_FOLD
from pipelines.train import SUMMARY as MODEL

log = logging.getLogger(__name__)

FOLDER = Path("data/audit")
AUDIT, DETAILS = FOLDER / "audit.json", FOLDER / "details.json"
INTERVALS = FOLDER / "pd_intervals.parquet"

Floats = NDArray[np.float64]

SCORES_OF_PDS = ("brier", "log_loss")
SCORES = ("auc", "ks", *SCORES_OF_PDS)
"""What challengers are compared by; those without PDs have the first two."""

SIGNIFICANT = 0.05
MOST_SHOWN = 15


class Sample(NamedTuple):
    """The rows of the audit, with label, log_odds, group, weight and features: development out of fold, and the test."""

    development: pd.DataFrame
    test: pd.DataFrame
    names: list[str]


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    evaluated = read_json(METRICS_FILE)["out_of_time"]
    bundle = Bundle.read(BUNDLE, read_json(MODEL)["bundle_sha256"])
    developed = read_development(params)
    sample = _sample(bundle, developed.names)
    explained = explain(bundle, sample.test, CATALOGUE, threads=params.audit.threads)
    selection, weights = _selection(params, bundle, sample, explained)
    risks, unconstrained = _challengers(params, developed, sample.test, weights, _scorecard(bundle))
    inputs = battery_inputs(sample.test, sample.development, sample.names, bundle.grades, risks["scorecard"])
    certificate = [certified.as_json() for certified in certify(bundle.booster, bundle.directions)]
    directions = _directions(sample.test, explained, unconstrained)
    others = _refits(params, developed, sample)
    _write_intervals(explained, others, sample.test)
    stability = _stability(others, explained)
    details = {
        "checks": [*_checks(inputs, evaluated), *_proofs(explained, stability, directions, certificate)],
        "challengers": _compared(risks, sample.test, params),
        "certificate": certificate,
        "directions": directions,
        "missing": _missing(sample.test, {"model": explained, "unconstrained": unconstrained}),
        "segments": {kind: _plain(t) for kind, t in segment_tables(sample.test, sample.development).items()},
        "vintages": _plain(vintages(sample.test)),
        "characteristics": _plain(inputs_shift(inputs).head(MOST_SHOWN)),
        "selection": selection,
        "stability": stability,
        "model": _model_card(params, bundle, sample),
        "interval_level": params.evaluate.level,
    }
    audit = _audit(details)
    write_json(AUDIT, audit)
    write_json(DETAILS, details)
    told = ", ".join(f"{audit[colour]} {colour}" for colour in ("green", "amber", "red", "no_data"))
    log.info("%d verdicts: %s", len(audit["verdicts"]), told)


def _scorecard(bundle: Bundle) -> ScorecardTable:
    if bundle.challenger is None:
        raise InputError(f"{BUNDLE} holds no challenger scorecard; train the model anew: `dvc repro`")
    return bundle.challenger


def _checks(inputs: dict[str, Any], evaluated: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every check of the battery; metrics with the intervals that `evaluate` found on the same rows."""
    told = []
    for found in judge_all(CHECKS, inputs):
        check = CHECKS[found.check]
        interval = evaluated.get(check.id) if check.id in METRICS else None
        told.append(as_record(found, check, rows_behind(check, inputs), interval))
    return told


def _proofs(
    explained: Explanation,
    stability: dict[str, Any],
    directions: list[dict[str, Any]],
    certificate: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the checks of the model and its explanations, from what the parts of the audit found."""
    against = [row["model"] == "inconsistent" for row in directions if row["model"] in DIRECTION_KNOWN]
    inputs = {
        "gap": explained.gap,
        **{name: np.nan if stability[name] is None else stability[name] for name in ("share_tau", "worst_overlap")},
        "against_direction": sum(against) if against else np.nan,
        "uncertified": sum(not row["holds_if_known"] for row in certificate),
    }
    rows = len(explained.indicators)
    return [
        as_record(found, PROOFS[found.check], None if found.check == "certificate" else rows)
        for found in judge_all(PROOFS, inputs)
    ]


DIRECTION_KNOWN = ("consistent", "inconsistent", "no clear direction", "not used")
"""Verdicts on indicators that were audited on enough rows."""


def inputs_shift(inputs: dict[str, Any]) -> pd.DataFrame:
    """Return how far each feature has moved from development to the test, worst first."""
    return characteristic_stability(inputs["features_at_development"], inputs["features"])


def _sample(bundle: Bundle, names: list[str]) -> Sample:
    rows = pd.read_parquet(SAMPLES).merge(
        pd.read_parquet(FEATURES).drop(columns=["customer_id", "as_of"]), on="application_id"
    )
    rows = rows.merge(_ownership(), on="customer_id", how="left")
    test = rows[rows["sample"].isin(TEST)].reset_index(drop=True)
    development = rows[rows["sample"] == DEVELOPMENT].merge(pd.read_parquet(OUT_OF_FOLD), on="application_id")
    return Sample(development, test.assign(log_odds=bundle.decision_function(test)), names)


def _ownership() -> pd.DataFrame:
    """Return the newest known ownership of each customer: a cut of the report, not a feature."""
    customers = pd.read_parquet(CANONICAL / "customers.parquet", columns=["customer_id", "known_at", "ownership"])
    newest = customers.sort_values(["customer_id", "known_at"]).drop_duplicates("customer_id", keep="last")
    return newest[["customer_id", "ownership"]]


def _challengers(
    params: Params, developed: Development, test: pd.DataFrame, weights: Floats | None, scorecard: ScorecardTable
) -> tuple[dict[str, Floats], Explanation]:
    """Return the log-odds, or the bare risk, of every challenger on the test rows, and the unconstrained one explained."""
    rows, names = developed
    X, y, weight = developed.X, rows["label"].astype(int), rows["weight"]
    model = _champion_settings(params, names)
    free = model.set_params(directions={}).fit(X, y, groups=rows["group"], sample_weight=weight)
    unconstrained = Bundle.from_model(free, scale=PointsScale(), reference={}, fingerprints={})
    log.info("challengers: the trees without directions are fitted")
    plain = logistic_regression(X).fit(X, y, logisticregression__sample_weight=weight)
    risks: dict[str, Floats | None] = {
        "scorecard": scorecard.log_odds(test),
        "unconstrained": unconstrained.decision_function(test),
        "logistic": logit(plain.predict_proba(test[names])[:, 1]),
        **{name: composite_risk(test, name) for name in COMPOSITES},
    }
    if weights is not None:
        reweighted = _champion_settings(params, names).fit(X, y, groups=rows["group"], sample_weight=weight * weights)
        risks["reweighted"] = reweighted.decision_function(test[names])
        log.info("challengers: the model with inverse propensities as weights is fitted")
    explained = explain(unconstrained, test, CATALOGUE, threads=params.audit.threads)
    return {name: risk for name, risk in risks.items() if risk is not None}, explained


def _champion_settings(params: Params, names: list[str]) -> DefaultRiskModel:
    return unfitted_model(params, names, **read_json(MODEL)["settings"])


def _compared(risks: dict[str, Floats], test: pd.DataFrame, params: Params) -> list[dict[str, Any]]:
    """Return champion and challengers on the rows where each exists; `difference` is the champion's lead in AUC."""
    found = [_scored("model", test["log_odds"].to_numpy(), test, params)]
    for name, risk in risks.items():
        known = ~np.isnan(risk)
        rows = test[known]
        paired = delong_paired(rows["label"].astype(int), rows["log_odds"], risk[known])
        lead = {"difference": _rounded(paired.difference), "p_value": _rounded(paired.p_value)}
        found.append({**_scored(name, risk[known], rows, params), **lead})
    return found


def _scored(name: str, risk: Floats, rows: pd.DataFrame, params: Params) -> dict[str, Any]:
    """Return the figures with intervals: DeLong's of the AUC, of the others by drawing customers."""
    interval = delong_interval(rows["label"].to_numpy(int), risk, params.evaluate.level)
    scores = dict.fromkeys(SCORES) | intervals(risk, rows, {"ks": METRICS["ks"].compute}, params)
    if name not in COMPOSITES:
        of_pds = {metric: METRICS[metric].compute for metric in SCORES_OF_PDS}
        scores |= intervals(expit(risk), rows, of_pds, params)
    told = {"name": name, "n": len(rows), "bads": int(rows["label"].sum())}
    return {**told, **scores, "auc": estimate(interval.value, interval.low, interval.high)}


def _directions(test: pd.DataFrame, explained: Explanation, unconstrained: Explanation) -> list[dict[str, Any]]:
    """Return per indicator what the article says, what the data say, and what champion and free trees make of it."""
    factor = PointsScale().factor
    own, free = (
        indicator_directions(found, test, test["label"], CATALOGUE, factor).astype({"rho": float, "data_rho": float})
        for found in (explained, unconstrained)
    )
    free = free.reindex(own.index).fillna({"verdict": "not assessed"})
    return [
        {
            "indicator": name,
            "article": CATALOGUE_STANCE[name],
            "data": own.loc[name, "data_verdict"],
            "data_rho": _rounded(own.loc[name, "data_rho"]),
            "model": own.loc[name, "verdict"],
            "model_rho": _rounded(own.loc[name, "rho"]),
            "unconstrained": free.loc[name, "verdict"],
            "unconstrained_rho": _rounded(free.loc[name, "rho"]),
        }
        for name in own.index.intersection(list(CATALOGUE_STANCE), sort=False)
    ]


CATALOGUE_STANCE = {indicator.id: indicator.stance for indicator in CATALOGUE.admission_indicators}


def _missing(test: pd.DataFrame, explained: Mapping[str, Explanation]) -> list[dict[str, Any]]:
    """Return the features whose missing values *lower* the risk, by model: applicants can choose to withhold."""
    return [row for model, found in explained.items() for row in _withheld(test, found, model)]


def _withheld(test: pd.DataFrame, explained: Explanation, model: str) -> list[dict[str, Any]]:
    table = feature_directions(explained, test, CATALOGUE, PointsScale().factor)
    flagged = table[(table["missing_mean_points"] > MISSING_POINTS) & (table["missing_share"] > 0)]
    rows = flagged.sort_values("missing_mean_points", ascending=False)[["missing_share", "missing_mean_points"]]
    return [
        {"model": model, "feature": str(name), "missing_class": CATALOGUE.feature(str(name)).missing, **_plain_row(row)}
        for name, row in rows.iterrows()
    ]


MISSING_POINTS = 0.02 * PointsScale().factor
"""A mean of 0.02 log-odds by which a missing value may lower the risk unremarked."""


def _selection(
    params: Params, bundle: Bundle, sample: Sample, explained: Explanation
) -> tuple[dict[str, Any], Floats | None]:
    """Return what can be said of declined applicants, and the weights of the development rows; None if nobody was declined."""
    people = _decided()
    declined = (people["decision"] == "decline").to_numpy()
    if min(declined.sum(), (~declined).sum()) < FEWEST_DECLINED:
        return {"declined": int(declined.sum()), "enough": False}, None
    X = people[sample.names]
    chance = propensity(X, declined, people["customer_id"], seed=params.seed, num_threads=params.audit.threads)
    overlap = auc(declined, chance)
    support = Support.of(
        admitted_ranges(sample.development[sample.names]), importance(explained.features)["mean_abs_points"]
    )
    outside = out_of_support(X, chance, support)
    shift = characteristic_stability(X[~declined], X[declined])
    found = {
        "declined": int(declined.sum()),
        "enough": True,
        "propensity_auc": _rounded(overlap),
        "hardly_overlap": bool(overlap > HARDLY_OVERLAP),
        "out_of_support_declined": _rounded(outside[declined].mean()),
        "out_of_support_admitted": _rounded(outside[~declined].mean()),
        "shift": _plain(shift.head(MOST_SHOWN)),
        "truth": _on_declined(bundle, people[declined], sample.test["as_of"].min()),
    }
    return found, _weights(params, people, sample)


def _decided() -> pd.DataFrame:
    """Return the applications that were admitted or declined, with their features."""
    people = pd.read_parquet(CANONICAL / "applications.parquet", columns=["application_id", "customer_id", "decision"])
    people = people.merge(pd.read_parquet(FEATURES).drop(columns=["customer_id"]), on="application_id")
    return people[people["decision"].isin(["admit", "conditional", "decline"])].reset_index(drop=True)


def _weights(params: Params, people: pd.DataFrame, sample: Sample) -> Floats | None:
    """Return the weights of the development rows, by who was declined up to its last day; None if hardly anybody was."""
    known = pd.to_datetime(people["as_of"]) <= pd.to_datetime(sample.development["as_of"]).max()
    people = people[known].reset_index(drop=True)
    declined = (people["decision"] == "decline").to_numpy()
    if declined.sum() < FEWEST_DECLINED:
        return None
    X, customers = people[sample.names], people["customer_id"]
    chance = propensity(X, declined, customers, seed=params.seed, num_threads=params.audit.threads)
    own = pd.Series(chance, index=people["application_id"]).reindex(sample.development["application_id"]).to_numpy()
    return inverse_weights(np.nan_to_num(own, nan=float(np.nanmean(own))))


FEWEST_DECLINED = 100


def _on_declined(bundle: Bundle, declined: pd.DataFrame, since: Any) -> dict[str, Any] | None:
    """Return how the PDs of declined applicants since the test began compare with what would have happened; sample only."""
    path = TRUTH / "applications.parquet"
    if not path.exists():
        return None
    truth = pd.read_parquet(path, columns=["application_id", "label_full"])
    rows = (
        declined[pd.to_datetime(declined["as_of"]) >= pd.Timestamp(since)]
        .merge(truth, on="application_id")
        .dropna(subset="label_full")
    )
    pds, bad = bundle.pd(rows), rows["label_full"].to_numpy(int)
    try:
        ranked: float | None = _rounded(auc(bad, pds))
    except NotEstimable:
        ranked = None
    rate, mean = (float(x.mean()) if len(rows) else float("nan") for x in (bad, pds))
    return {"n": len(rows), "auc": ranked, "mean_pd": _rounded(mean), "default_rate": _rounded(rate)}


def _refits(params: Params, developed: Development, sample: Sample) -> list[Explanation]:
    rows, names = developed
    settings, trees = _champion_settings(params, names), int(read_json(MODEL)["trees"])

    def told(seed: int) -> Explanation | None:
        number = seed - params.seed
        try:
            found = refit(settings, trees, developed.X, rows, sample.test, CATALOGUE, seed)
        except ValueError as error:
            log.warning("refit %d of %d is left out, its draw cannot be fitted: %s", number, params.audit.refits, error)
            return None
        log.info("refit %d of %d", number, params.audit.refits)
        return found

    drawn = refits(told, [params.seed + k for k in range(1, params.audit.refits + 1)], params.audit.threads)
    return [found for found in drawn if found is not None]


def _write_intervals(explained: Explanation, others: list[Explanation], test: pd.DataFrame) -> None:
    found = pd_intervals(explained.points, others, PointsScale())
    found.insert(0, "application_id", test["application_id"] if others else pd.Series(dtype=str))
    found.assign(refits=len(others)).sort_values("application_id").to_parquet(INTERVALS, index=False)


def _stability(others: list[Explanation], explained: Explanation) -> dict[str, Any]:
    indicators = [other.indicators for other in others]
    agreed = {name: _rounded(value) for name, value in agreement(explained.indicators, indicators).items()}
    by_dimension = [_dimensions(frame) for frame in indicators]
    shares = share_intervals(by_dimension) if others else pd.DataFrame(columns=["low", "high"])
    return {"refits": len(others), **agreed, "dimension_shares": _plain(shares.reset_index(names="dimension"))}


def _dimensions(indicators: pd.DataFrame) -> pd.DataFrame:
    return indicators.T.groupby([CATALOGUE.dimension_of(str(i)).id for i in indicators], sort=False).sum().T


def _model_card(params: Params, bundle: Bundle, sample: Sample) -> dict[str, Any]:
    summary, split = read_json(MODEL), read_json(SPLIT)
    return {
        "source": params.source,
        "bundle_sha256": bundle.sha256,
        "data_fingerprint": bundle.fingerprints["data"],
        "params_fingerprint": bundle.fingerprints["params"],
        "features": len(sample.names),
        "trees": summary["trees"],
        "settings": summary["settings"],
        "slope": summary["slope"],
        "level": summary["level"],
        "central_tendency": summary["central_tendency"],
        "performance_days": params.label.performance_days,
        "default_dpd_days": params.label.default_dpd_days,
        "samples": split["samples"],
        "versions": dict(bundle.versions),
    }


def _audit(details: dict[str, Any]) -> dict[str, Any]:
    """Return the small file that DVC shows and promotion reads: counts, headline figures, and every verdict by its key."""
    by_name = {row["name"]: row for row in details["challengers"]}
    verdicts = {check["id"]: check["verdict"] for check in details["checks"] if check["verdict"] != "reported"}
    stability, selection = details["stability"], details["selection"]
    colours = {"green": "green", "amber": "amber", "red": "red", "no_data": "not enough data"}
    return {
        **{key: sum(verdict == colour for verdict in verdicts.values()) for key, colour in colours.items()},
        "auc": by_name["model"]["auc"]["value"],
        "auc_scorecard": by_name["scorecard"]["auc"]["value"],
        "auc_unconstrained": by_name["unconstrained"]["auc"]["value"],
        "recommended": _recommended(by_name["scorecard"]),
        "share_tau": stability["share_tau"],
        "sign_agreement": stability["sign_agreement"],
        "worst_overlap": stability["worst_overlap"],
        "propensity_auc": selection.get("propensity_auc"),
        "auc_declined": (selection.get("truth") or {}).get("auc"),
        "verdicts": verdicts,
    }


def _recommended(scorecard: dict[str, Any]) -> str:
    """Return which model the evidence recommends: the scorecard, unless the model surely ranks better (V04, V30)."""
    surely = scorecard["difference"] > 0 and scorecard["p_value"] is not None and scorecard["p_value"] < SIGNIFICANT
    return "model" if surely else "scorecard"


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.6g}")


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [_plain_row(row) for _, row in table.iterrows()]


def _plain_row(row: pd.Series) -> dict[str, Any]:
    return {str(key): _plain_value(value) for key, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return _rounded(float(value))
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("audit")
