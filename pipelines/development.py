"""What stages `tune` and `train` share: the development sample with its features, and the model of section train."""

import logging
from typing import Any, NamedTuple

import pandas as pd

from features.dimensions import CATALOGUE
from models.default_risk import DefaultRiskModel
from models.leakage import suspects
from models.splits import DEVELOPMENT
from pipelines.errors import InputError
from pipelines.featurize import FEATURES, MANIFEST
from pipelines.io import read_json
from pipelines.params import Params
from pipelines.split import SAMPLES

log = logging.getLogger(__name__)

LEAKS = {
    "ranks": "ranks the defaults alone with an AUC of {:.3f}",
    "marks": "is missing where companies default: {:.0%} of the rows without it are bad",
}
"""What the alarm says of each kind of suspect."""


class Development(NamedTuple):
    """The applications that develop the model, with label, group, weight and features, and the names of these."""

    rows: pd.DataFrame
    names: list[str]

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802
        """The features, in the model's order."""
        return self.rows[self.names]


def read_development(params: Params) -> Development:
    """Return the development sample; InputError if a feature seems to know the future."""
    names = read_json(MANIFEST)["model"]
    samples = pd.read_parquet(SAMPLES)
    development = samples[samples["sample"] == DEVELOPMENT]
    rows = development.merge(pd.read_parquet(FEATURES, columns=["application_id", *names]), on="application_id")
    log.info("development: %d applications, %d bads, %d features", len(rows), int(rows["label"].sum()), len(names))
    _refuse_leaks(rows, names, params)
    return Development(rows, names)


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


def unfitted_model(params: Params, names: list[str], **changed: Any) -> DefaultRiskModel:
    """Return the model of section train with the catalogue's directions, and whatever settings are changed."""
    about_features = {"monotone", "unconstrained", "leak_auc", "trusted"}
    within = {name: CATALOGUE.feature(name).standardise_within for name in names}
    return DefaultRiskModel(
        directions=_directions(params, names),
        standardise_within={name: category for name, category in within.items() if category in names},
        seed=params.seed,
        **{**params.train.model_dump(exclude=about_features), **changed},
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
