"""Stage `train`: features and outcomes of the development sample in, the deployable bundle out."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.dimensions import CATALOGUE
from features.tables import TABLES
from features.version import declarations
from models.bundle import Bundle
from models.certificate import Certificate, certify
from models.default_risk import DefaultRiskModel
from models.scaling import PointsScale
from models.scorecard_table import ScorecardTable, calibrated_scorecard
from models.selection import admitted_ranges
from models.tuning import SPACE
from pipelines.development import Development, read_development, unfitted_model
from pipelines.errors import InputError
from pipelines.featurize import FEATURES, MANIFEST
from pipelines.io import fingerprint, fresh_folder, read_json, write_json
from pipelines.params import Params
from pipelines.split import SAMPLES
from pipelines.tune import found_settings

log = logging.getLogger(__name__)

FOLDER = Path("data/train")
BUNDLE, OUT_OF_FOLD, SUMMARY = FOLDER / "bundle", FOLDER / "out_of_fold.parquet", FOLDER / "summary.json"

BACKGROUND_ROWS = 500
"""Of the development sample, kept in the bundle for interventional explanations."""


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    development = read_development(params)
    rows = development.rows
    model = unfitted_model(params, development.names, **found_settings(params))
    try:
        model.fit(development.X, rows["label"], groups=rows["group"], sample_weight=rows["weight"])
    except ValueError as error:
        raise InputError(f"cannot train: {error}") from None
    _write(model, development, _certified(model), params)


def _certified(model: DefaultRiskModel) -> tuple[Certificate, ...]:
    """Return what the trees prove of each direction; InputError if they break one among customers of known values."""
    certificates = certify(model.booster_, model.directions or {})
    broken = [c.feature for c in certificates if not c.holds_if_known]
    if broken:
        raise InputError(
            f"the trees break the direction of {', '.join(broken)} (see models/certificate.py), which LightGBM's constraint "
            "should have kept; do not use this model. Lift the direction with train.unconstrained, or train with another "
            "version of LightGBM than the lock pins"
        )
    return certificates


def _write(
    model: DefaultRiskModel, development: Development, certificates: tuple[Certificate, ...], params: Params
) -> None:
    rows, names = development
    prints = {"data": fingerprint([FEATURES, SAMPLES]), "params": params.fingerprint()}
    prints |= declarations(names, CATALOGUE, TABLES) | {"currency": read_json(MANIFEST)["currency"]}
    bundle = Bundle.from_model(
        model,
        scale=PointsScale(),
        reference=_reference(development, certificates),
        fingerprints=prints,
        background=development.X.sample(min(BACKGROUND_ROWS, len(rows)), random_state=params.seed),
        challenger=_challenger(model, development),
    )
    bundle.write(BUNDLE)
    out_of_fold = model.calibration_.log_odds(model.out_of_fold_margin_)
    folds = pd.DataFrame({"application_id": rows["application_id"], "log_odds": out_of_fold})
    folds.sort_values("application_id").to_parquet(OUT_OF_FOLD, index=False)
    write_json(SUMMARY, _summary(model, bundle, params) | {"features": len(names)})
    log.info("%d trees, calibration slope %.3f, bundle %s", model.best_iteration_, model.slope_, bundle.sha256[:12])


def _challenger(model: DefaultRiskModel, development: Development) -> ScorecardTable:
    """Return the scorecard grown on the same rows with the same directions, calibrated on folds of the same groups."""
    rows = development.rows
    return calibrated_scorecard(
        development.X,
        rows["label"],
        rows["group"],
        rows["weight"].to_numpy(dtype=np.float64),
        directions=model.directions or {},
        n_folds=model.n_folds,
        seed=model.seed,
        central_tendency=model.central_tendency,
    )


def _summary(model: DefaultRiskModel, bundle: Bundle, params: Params) -> dict[str, Any]:
    return {
        "trees": model.best_iteration_,
        "seeds": model.n_seeds,
        "settings": {name: getattr(model, name) for name in SPACE},
        "slope": model.slope_,
        "intercept": model.intercept_,
        "shift": model.shift_,
        "level": model.calibration_.level,
        "central_tendency": params.train.central_tendency,
        "fold_log_loss": [score.log_loss for score in model.fold_scores_],
        "bundle_sha256": bundle.sha256,
        "fingerprints": bundle.fingerprints,
    }


def _reference(development: Development, certificates: tuple[Certificate, ...]) -> dict[str, dict[str, Any]]:
    """Return by feature what later populations are compared with, and its certificate.

    Median, share of missing values, and `low` and `high`, the range that holds 99 % of the admitted; None if nothing is known.
    """
    numbers = [n for n in development.names if not CATALOGUE.feature(n).is_category]
    known, proven = development.rows[numbers], {c.feature: {"certificate": _proof(c)} for c in certificates}
    medians, missing, ranges = known.median(), known.isna().mean(), admitted_ranges(known)
    return {
        n: {"median": None if np.isnan(medians[n]) else float(medians[n]), "missing": float(missing[n])}
        | dict(zip(("low", "high"), ranges.get(n, (None, None)), strict=True))
        | proven.get(n, {})
        for n in numbers
    }


def _proof(certificate: Certificate) -> dict[str, Any]:
    """Return the certificate without the trees' details, which can be computed anew from the bundle."""
    told = ("direction", "holds", "holds_if_known", "trees", "trees_splitting")
    return {name: value for name, value in certificate.as_json().items() if name in told}


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("train")
