"""Stage `evaluate`: the bundle on rows it never saw, with intervals, beside challengers on the same rows."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from features.dimensions import CATALOGUE
from features.tables import TABLES
from models.bundle import Bundle
from models.challengers import COMPOSITES, composite_risk, logistic_regression
from models.grades import GRADES
from models.metrics import METRICS
from models.metrics.calibration import reliability
from models.metrics.checks import NotEstimable
from models.metrics.discrimination import auc, average_precision, delong_interval, delong_paired, roc_curve
from models.metrics.grades import grade_table
from models.metrics.intervals import Statistic
from models.splits import DEVELOPMENT, TEST
from pipelines.distribution import distribution
from pipelines.estimates import estimate, intervals
from pipelines.featurize import FEATURES
from pipelines.featurize import MANIFEST as FEATURE_MANIFEST
from pipelines.ingest import CANONICAL, TRUTH
from pipelines.ingest import REPORT as QUALITY
from pipelines.io import fresh_folder, read_json, write_json
from pipelines.label import SUMMARY as LABELS
from pipelines.params import Params
from pipelines.sources import SOURCES
from pipelines.split import SAMPLES
from pipelines.split import SUMMARY as SPLIT
from pipelines.train import BUNDLE, OUT_OF_FOLD
from pipelines.train import SUMMARY as MODEL

log = logging.getLogger(__name__)

FOLDER = Path("data/evaluate")
METRICS_FILE, DETAILS, PLOTS = FOLDER / "metrics.json", FOLDER / "details.json", FOLDER / "plots"
HEADLINE = FOLDER / "headline.json"
"""The few figures that runs are compared by, under short names: one column each of `dvc exp show`."""

Floats = NDArray[np.float64]
SCORE_BAND = 20
"""Width of a band of the score distribution in points: one doubling of the odds."""


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    rows = pd.read_parquet(SAMPLES).merge(
        pd.read_parquet(FEATURES).drop(columns=["customer_id", "as_of"]), on="application_id"
    )
    bundle = Bundle.read(BUNDLE, read_json(MODEL)["bundle_sha256"])
    rows["pd_12m"] = bundle.pd(rows)
    test = rows[rows["sample"].isin(TEST)].reset_index(drop=True)
    development = rows[rows["sample"] == DEVELOPMENT].reset_index(drop=True)
    unseen = bundle.unseen_categories(test)
    for name, n in unseen.items():
        log.warning(
            "%s: %d of %d test rows hold a category never seen in development, scored as missing", name, n, len(test)
        )
    benchmarks, curves = _benchmarks(development, test, list(bundle.encoder.names), params)
    metrics = {
        "out_of_time": _with_intervals(test, params),
        "development": _development(development),
        "benchmarks": benchmarks,
    }
    write_json(METRICS_FILE, metrics)
    write_json(HEADLINE, headline(metrics))
    details = {
        **_details(test, bundle, curves, params),
        "unseen_categories": unseen,
        "distribution": distribution(development, CATALOGUE),
    }
    write_json(DETAILS, details)
    _plots(details)
    found = metrics["out_of_time"]["auc"]
    log.info("AUC %.3f (%.3f to %.3f) on %d applications", found["value"], found["low"], found["high"], len(test))


def headline(metrics: dict[str, Any]) -> dict[str, float | int]:
    """Return what runs are compared by, as far as the samples allow it: the test sample's figures, and two to judge them by.

    `auc_oof` is that of development out of fold, steadier since its rows are many; `over_logistic` the lead in AUC.
    """
    test, development = metrics["out_of_time"], metrics["development"]
    found = {
        "auc": test.get("auc"),
        "auc_oof": development.get("auc"),
        "over_logistic": metrics["benchmarks"].get("logistic", {}).get("difference"),
        "ks": test.get("ks"),
        "log_loss": test.get("log_loss"),
        "brier_skill": test.get("brier_skill"),
        "slope": test.get("calibration_slope"),
        "ece": test.get("ece"),
    }
    known = {name: entry["value"] for name, entry in found.items() if entry and entry["value"] is not None}
    return {**known, "bads": test["bads"]}


def _with_intervals(rows: pd.DataFrame, params: Params) -> dict[str, Any]:
    """Every registered metric with its customer-cluster bootstrap interval, and DeLong's beside the AUC's."""
    bad, pd_12m = rows["label"].to_numpy(int), rows["pd_12m"].to_numpy()
    log.info("bootstrapping %d metrics, %d repetitions ...", len(METRICS), params.evaluate.bootstrap_repetitions)
    result: dict[str, Any] = intervals(pd_12m, rows, _estimable(bad, pd_12m), params)
    delong = delong_interval(bad, pd_12m, params.evaluate.level)
    result["auc_delong"] = estimate(delong.value, delong.low, delong.high)
    return {**result, "n": len(rows), "bads": int(bad.sum())}


def _estimable(bad: Floats, pd_12m: Floats) -> dict[str, Statistic]:
    """The registered metrics that exist on these rows; one that does not is left out and said."""
    possible: dict[str, Statistic] = {}
    for name, metric in METRICS.items():
        try:
            metric.compute(bad, pd_12m)
            possible[name] = metric.compute
        except NotEstimable as reason:
            log.warning("%s: %s", name, reason)
    return possible


def _development(rows: pd.DataFrame) -> dict[str, Any]:
    """The same metrics on out-of-fold PDs of the development sample: no row is judged by trees that saw it."""
    folds = rows.merge(pd.read_parquet(OUT_OF_FOLD), on="application_id")
    bad, pd_12m = folds["label"].to_numpy(int), expit(folds["log_odds"].to_numpy())
    values = {name: estimate(compute(bad, pd_12m)) for name, compute in _estimable(bad, pd_12m).items()}
    return {**values, "n": len(rows), "bads": int(bad.sum())}


def _benchmarks(
    development: pd.DataFrame, test: pd.DataFrame, names: list[str], params: Params
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Challengers on the test rows where they exist, paired with the model on the same rows; and their ROC curves."""
    risks: dict[str, Floats | None] = {"logistic": _logistic_risk(development, test, names)}
    risks |= {name: composite_risk(test, name) for name in COMPOSITES}
    risks |= {"oracle": _oracle_risk(test)}
    results, curves = {}, {}
    for name, risk in risks.items():
        if risk is None:
            continue
        known = ~np.isnan(risk)
        rows, risk = test[known], risk[known]
        results[name] = _against_model(rows, risk, params)
        curves[name] = roc_curve(rows["label"], risk, points=100).round(5).to_dict("records")
        log.info(
            "%s: AUC %.3f on %d rows, the model %.3f",
            name,
            results[name]["auc"]["value"],
            len(rows),
            results[name]["model_auc"],
        )
    return results, curves


def _against_model(rows: pd.DataFrame, risk: Floats, params: Params) -> dict[str, Any]:
    bad = rows["label"].to_numpy(int)
    interval = delong_interval(bad, risk, params.evaluate.level)
    paired = delong_paired(bad, rows["pd_12m"], risk)
    p_value = None if np.isnan(paired.p_value) else float(f"{paired.p_value:.3g}")
    return {
        "auc": estimate(interval.value, interval.low, interval.high),
        **intervals(risk, rows, {"average_precision": average_precision}, params),
        "model_auc": round(auc(bad, rows["pd_12m"]), 6),
        "difference": {"value": round(paired.difference, 6), "p_value": p_value},
        "n": len(rows),
    }


def _logistic_risk(development: pd.DataFrame, test: pd.DataFrame, names: list[str]) -> Floats:
    challenger = logistic_regression(development[names])
    challenger.fit(
        development[names], development["label"].astype(int), logisticregression__sample_weight=development["weight"]
    )
    return challenger.predict_proba(test[names])[:, 1]


def _oracle_risk(test: pd.DataFrame) -> Floats | None:
    """The true PD, known on the simulated portfolio only: how well anybody could rank these applicants."""
    path = TRUTH / "applications.parquet"
    if not path.exists():
        return None
    truth = pd.read_parquet(path, columns=["application_id", "pd_exante"])
    return test[["application_id"]].merge(truth, on="application_id", how="left")["pd_exante"].to_numpy()


def _details(test: pd.DataFrame, bundle: Bundle, curves: dict[str, Any], params: Params) -> dict[str, Any]:
    bad, pd_12m = test["label"].to_numpy(int), test["pd_12m"].to_numpy()
    grades = grade_table(bundle.grades.grade(pd_12m), bad, pd_12m, GRADES)
    split, model, source = read_json(SPLIT), read_json(MODEL), SOURCES[params.source]
    manifest = read_json(FEATURE_MANIFEST)
    applications = pd.read_parquet(CANONICAL / "applications.parquet", columns=["currency"])
    return {
        "source": params.source,
        "source_name": {"en": source.en, "zh": source.zh},
        "created_from": {
            "data_fingerprint": model["fingerprints"]["data"],
            "params_fingerprint": model["fingerprints"]["params"],
            "bundle_sha256": model["bundle_sha256"],
        },
        "currency": str(applications["currency"].iloc[0]),
        "performance_days": params.label.performance_days,
        "data_until": params.data_until.isoformat(),
        "label_status": read_json(LABELS)["status"],
        "samples": split["samples"],
        "labels_overlap": split["labels_overlap"],
        "scheme": split["scheme"],
        "roc": roc_curve(bad, pd_12m, points=200).round(5).to_dict("records"),
        "benchmark_roc": curves,
        "reliability": _records(reliability(bad, pd_12m)),
        "grades": _records(grades),
        "score_distribution": _score_distribution(bundle.scale.points(pd_12m), bad),
        "quality": read_json(QUALITY)["tables"],
        "tables": [{"table": name, "present": name in manifest["tables"]} for name in TABLES],
        "searches": manifest["searches"],
        "model": {key: model[key] for key in ("features", "trees", "slope", "intercept", "shift", "central_tendency")},
        "dimensions_without_features": [
            d.id for d in CATALOGUE.dimensions if not any(i.features for i in d.indicators)
        ],
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as plain JSON rows: missing numbers become null."""
    return [
        {str(k): None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
        for row in table.to_dict("records")
    ]


def _score_distribution(points: Floats, bad: Floats) -> list[dict[str, int]]:
    lower = (np.floor(points / SCORE_BAND) * SCORE_BAND).astype(int)
    bands = range(int(lower.min()), int(lower.max()) + SCORE_BAND, SCORE_BAND)
    counts = pd.crosstab(lower, bad).reindex(index=bands, columns=[0, 1], fill_value=0)
    return [
        {"from": b, "to": b + SCORE_BAND, "goods": int(goods), "bads": int(bads)}
        for b, goods, bads in counts.itertuples()
    ]


def _plots(details: dict[str, Any]) -> None:
    """Write what `dvc plots` draws: one JSON list a plot."""
    write_json(PLOTS / "roc.json", details["roc"])
    write_json(PLOTS / "calibration.json", details["reliability"])
    write_json(PLOTS / "score_distribution.json", details["score_distribution"])


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("evaluate")
