"""Stage `train`: features and outcomes of the development sample in, the deployable bundle out."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from features.dimensions import CATALOGUE
from features.tables import TABLES
from features.version import declarations
from models.bundle import Bundle
from models.default_risk import DefaultRiskModel
from models.leakage import suspects
from models.scaling import PointsScale
from models.splits import DEVELOPMENT
from pipelines.errors import InputError
from pipelines.featurize import FEATURES, MANIFEST
from pipelines.io import fingerprint, fresh_folder, read_json, write_json
from pipelines.params import Params
from pipelines.split import SAMPLES

log = logging.getLogger(__name__)

FOLDER = Path("data/train")
BUNDLE, OUT_OF_FOLD, SUMMARY = FOLDER / "bundle", FOLDER / "out_of_fold.parquet", FOLDER / "summary.json"

BACKGROUND_ROWS = 500
"""Of the development sample, kept in the bundle for interventional explanations."""

LEAKS = {
    "ranks": "ranks the defaults alone with an AUC of {:.3f}",
    "marks": "is missing where companies default: {:.0%} of the rows without it are bad",
}
"""What the alarm says of each kind of suspect."""


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    names = read_json(MANIFEST)["model"]
    samples = pd.read_parquet(SAMPLES)
    development = samples[samples["sample"] == DEVELOPMENT]
    rows = development.merge(pd.read_parquet(FEATURES, columns=["application_id", *names]), on="application_id")
    log.info("training on %d applications, %d bads, %d features", len(rows), int(rows["label"].sum()), len(names))
    _refuse_leaks(rows, names, params)
    try:
        model = _model(params, names).fit(
            rows[names], rows["label"], groups=rows["group"], sample_weight=rows["weight"]
        )
    except ValueError as error:
        raise InputError(f"cannot train: {error}") from None
    _write(model, rows, names, params)


def _refuse_leaks(rows: pd.DataFrame, names: list[str], params: Params) -> None:
    """Stop if a feature knows more of the outcome than anything honest could, unless the parameters trust it."""
    found = suspects(rows[[n for n in names if n not in params.train.trusted]], rows["label"], params.train.leak_auc)
    if not found:
        return
    listed = "\n".join(f"  {s.feature} {LEAKS[s.kind].format(s.value)}" for s in found)
    raise InputError(
        f"leak alarm (train.leak_auc = {params.train.leak_auc}): features seem to hold what became known after as_of:\n"
        f"{listed}\nCheck the availability dates of the tables behind them (data/README.md); leave a feature out with "
        "featurize.exclude, or, if it is honest, name it in train.trusted"
    )


def _model(params: Params, names: list[str]) -> DefaultRiskModel:
    settings = params.train.model_dump(exclude={"monotone", "unconstrained", "leak_auc", "trusted"})
    within = {name: CATALOGUE.feature(name).standardise_within for name in names}
    return DefaultRiskModel(
        directions=_directions(params, names),
        standardise_within={name: category for name, category in within.items() if category in names},
        seed=params.seed,
        **settings,
    )


def _directions(params: Params, names: list[str]) -> dict[str, int]:
    """Return the constraint of each feature: the catalogue's direction, or 0 where the parameters lift it."""
    unknown = sorted(set(params.train.unconstrained) - {f.id for f in CATALOGUE.features})
    if unknown:
        raise InputError(
            f"params.yaml: train.unconstrained names unknown features: {', '.join(unknown)}; see data/README.md"
        )
    constrained = set(names) - set(params.train.unconstrained) if params.train.monotone else set()
    return {name: sign if name in constrained else 0 for name, sign in CATALOGUE.directions(names).items()}


def _write(model: DefaultRiskModel, rows: pd.DataFrame, names: list[str], params: Params) -> None:
    out_of_fold = model.calibration_.log_odds(model.out_of_fold_margin_)
    prints = {"data": fingerprint([FEATURES, SAMPLES]), "params": params.fingerprint()}
    prints |= declarations(names, CATALOGUE, TABLES)
    bundle = Bundle.from_model(
        model,
        scale=PointsScale(),
        reference=_reference(rows, names),
        fingerprints=prints,
        background=rows[names].sample(min(BACKGROUND_ROWS, len(rows)), random_state=params.seed),
    )
    bundle.write(BUNDLE)
    folds = pd.DataFrame({"application_id": rows["application_id"], "log_odds": out_of_fold})
    folds.sort_values("application_id").to_parquet(OUT_OF_FOLD, index=False)
    summary = {
        "features": len(names),
        "trees": model.best_iteration_,
        "slope": model.slope_,
        "intercept": model.intercept_,
        "shift": model.shift_,
        "central_tendency": params.train.central_tendency,
        "fold_log_loss": [score.log_loss for score in model.fold_scores_],
        "bundle_sha256": bundle.sha256,
        "fingerprints": prints,
    }
    write_json(SUMMARY, summary)
    log.info("%d trees, calibration slope %.3f, bundle %s", model.best_iteration_, model.slope_, bundle.sha256[:12])


def _reference(rows: pd.DataFrame, names: list[str]) -> dict[str, dict[str, float | None]]:
    """Return what later populations are compared with: the median and missing share of each feature in development."""
    numbers = [n for n in names if not CATALOGUE.feature(n).is_category]
    medians, missing = rows[numbers].median(), rows[numbers].isna().mean()
    return {
        n: {"median": None if np.isnan(medians[n]) else float(medians[n]), "missing": float(missing[n])}
        for n in numbers
    }


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("train")
