"""The model that a job scores with: from a folder or MLflow's registry, refused unless it fits this code to the letter."""

import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features.dimensions import CATALOGUE
from features.tables import TABLES
from features.version import declarations
from models.bundle import Bundle, BundleError
from pipelines.errors import InputError

log = logging.getLogger(__name__)

REGISTRY = "models:/"
BUNDLE_HASH = "admission.bundle_sha256"
"""The tag of a run, or of a registered version, that says which bundle belongs to it."""


def read_model(place: str, expected_sha256: str | None = None) -> Bundle:
    """Return the bundle in a folder or at an MLflow address such as models:/name@champion.

    InputError if it is not there, is not what was written, is another than expected, or was trained on features or tables
    declared otherwise than here.
    """
    bundle = _registered(place, expected_sha256) if place.startswith(REGISTRY) else _read(Path(place), expected_sha256)
    refuse_other_declarations(bundle, place)
    return bundle


def _read(folder: Path, expected_sha256: str | None) -> Bundle:
    if not folder.is_dir():
        raise InputError(
            f"--model {folder}: no such folder. Expected a bundle (data/train/bundle) or {REGISTRY}name@alias"
        )
    try:
        return Bundle.read(folder, expected_sha256)
    except (BundleError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"--model {folder} is refused: {error}") from None


def _registered(place: str, expected_sha256: str | None) -> Bundle:
    """Return the bundle logged with a registered model, of the hash that its record states."""
    import mlflow
    from mlflow.exceptions import MlflowException

    from pipelines.track import address

    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    mlflow.set_tracking_uri(address(os.environ.get("MLFLOW_TRACKING_URI")))
    with TemporaryDirectory(prefix="admission-model-") as scratch:
        try:
            stated = expected_sha256 or _stated(mlflow.MlflowClient(), place)
            logged = Path(mlflow.artifacts.download_artifacts(place, dst_path=scratch))
        except (MlflowException, OSError, ValueError) as error:
            first = str(error).splitlines()[0][:300]
            raise InputError(
                f"--model {place} cannot be fetched: {first}. `mlflow ui` shows names and aliases; the store is "
                "that of MLFLOW_TRACKING_URI"
            ) from None
        found = sorted(path.parent for path in logged.rglob("manifest.json"))
        if len(found) != 1:
            raise InputError(f"--model {place} holds no bundle; register a run of `admission track`")
        return _read(found[0], stated)


def _stated(client: Any, place: str) -> str | None:
    """Return the bundle's hash in the record of a registered version: there nobody edits it together with the files."""
    name, _, version = place.removeprefix(REGISTRY).partition("@")
    if version:
        known = client.get_model_version_by_alias(name, version)
    else:
        name, _, version = name.partition("/")
        known = client.get_model_version(name, version)
    tags = {**(client.get_run(known.run_id).data.tags if known.run_id else {}), **known.tags}
    if BUNDLE_HASH not in tags:
        log.warning("%s: the record states no %s; the bundle's own hashes are checked alone", place, BUNDLE_HASH)
    return tags.get(BUNDLE_HASH)


def refuse_other_declarations(bundle: Bundle, place: str) -> None:
    """Stop if the model knows features that are not declared here, or declared otherwise; InputError says which."""
    unknown = sorted(set(bundle.encoder.names) - {f.id for f in CATALOGUE.features})
    if unknown:
        raise InputError(
            f"--model {place} is refused: it needs features that this version does not compute: {', '.join(unknown)}. "
            "Score with the version that trained it, or train anew"
        )
    for key, here in declarations(bundle.encoder.names, CATALOGUE, TABLES).items():
        stated = bundle.fingerprints.get(key)
        if stated != here:
            raise InputError(
                f"--model {place} is refused: its {key.replace('_', ' ')} is {stated or 'not stated'}, here it is {here}: "
                "features or tables were declared otherwise when it was trained. Score with that version, or train anew"
            )
