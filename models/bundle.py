"""The deployable model: a folder of LightGBM's text and one JSON manifest, hashed; reading it runs no foreign code.

LightGBM's parser is not memory-safe: an edited text can crash the process or print foreign memory. So nothing reaches it before
its sha256 agrees with the manifest, and the manifest's with the hash that the caller expects (from git, dvc.lock or a
registry tag). Without an expected hash only accidents and casual edits are noticed, not a forger who hashes anew.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from models.calibration import AffineCalibration
from models.default_risk import DefaultRiskModel
from models.encoding import Constants, FeatureEncoder, Standard
from models.grades import MasterScale
from models.scaling import PointsScale
from models.scorecard_table import ScorecardTable

Floats = NDArray[np.float64]

MODEL, MANIFEST = "model.txt", "manifest.json"
FORMAT = 4


class BundleError(ValueError):
    """A bundle folder that must not be used; the message names the file and what to do."""


@dataclass(frozen=True)
class Bundle:
    """Everything needed to score: trees, encoding, calibration, points and grades, with where it all comes from.

    `reference`, `fingerprints` (of data, code and params) and `versions` are plain JSON values for monitoring and audit;
    `directions` the monotone constraint by feature; `background_values` the values of the background rows by feature,
    encoded, as text; `challenger` the scorecard grown on the same rows, None without one. Scores equal those of the model
    it was made from, bit for bit.
    """

    model_text: str
    encoder: FeatureEncoder
    calibration: AffineCalibration
    scale: PointsScale
    grades: MasterScale
    directions: Mapping[str, int]
    background_values: Mapping[str, str]
    challenger: ScorecardTable | None
    reference: Mapping[str, Any]
    fingerprints: Mapping[str, Any]
    versions: Mapping[str, Any]

    @classmethod
    def from_model(
        cls,
        model: DefaultRiskModel,
        *,
        scale: PointsScale,
        reference: Mapping[str, Any],
        fingerprints: Mapping[str, Any],
        background: DataFrame | None = None,
        challenger: ScorecardTable | None = None,
    ) -> "Bundle":
        """Return the bundle of a fitted model; its grades follow from the points scale.

        `background` are the rows whose values what is not known takes in interventional explanations; `challenger` the
        scorecard whose points a policy compares with the model's.
        """
        check_is_fitted(model)
        directions = model.directions or {}
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cls(
            model_text=model.booster_.model_to_string(),
            encoder=model.encoder_,
            calibration=model.calibration_,
            scale=scale,
            grades=MasterScale.from_points(scale),
            directions={name: int(directions.get(name, 0)) for name in model.encoder_.names},
            background_values={} if background is None else _texts(model.encoder_, background),
            challenger=challenger,
            reference=dict(reference),
            fingerprints=dict(fingerprints),
            versions={"bundle_format": FORMAT, "lightgbm": lightgbm.__version__, "python": python},
        )

    @cached_property
    def booster(self) -> lightgbm.Booster:
        """The trees, parsed on first use."""
        return lightgbm.Booster(model_str=self.model_text)

    @cached_property
    def background(self) -> Floats | None:
        """The background rows as the trees see them, shape (n_rows, n_features); None if the bundle holds none."""
        if not self.background_values:
            return None
        return np.array([self.background_values[name].split() for name in self.encoder.names], dtype=np.float64).T

    @property
    def sha256(self) -> str:
        """Hash of the whole bundle, for git, dvc.lock or the registry: what `read` takes as `expected_sha256`."""
        return _hash_of(self._content())

    def decision_function(self, X: DataFrame) -> Floats:
        """Return the calibrated log-odds of default, shape (n_rows,); columns are found by name, refused as in the model."""
        matrix = self.encoder.matrix(X)
        margin = np.asarray(self.booster.predict(matrix, raw_score=True)) if len(matrix) else np.empty(0)
        return self.calibration.log_odds(margin)

    def pd(self, X: DataFrame) -> Floats:
        """Return the probability of default over the performance window, shape (n_rows,)."""
        return expit(self.decision_function(X))

    def points(self, X: DataFrame) -> Floats:
        """Return the unrounded points, shape (n_rows,); higher is safer."""
        return self.scale.points_from_log_odds(self.decision_function(X))

    def challenger_points(self, X: DataFrame) -> Floats:
        """Return the unrounded points of the challenger scorecard, shape (n_rows,); NaN without one."""
        if self.challenger is None:
            return np.full(len(X), np.nan)
        return self.scale.points_from_log_odds(self.challenger.log_odds(X))

    def grade(self, X: DataFrame) -> NDArray[np.object_]:
        """Return the grade R1..R10 of the unrounded PD, shape (n_rows,)."""
        return self.grades.grade(self.pd(X))

    def unseen_categories(self, X: DataFrame) -> dict[str, int]:
        """Return how many rows of each categorical feature hold a value never seen when fitting (scored as missing)."""
        return self.encoder.unseen_categories(X)

    def write(self, folder: Path) -> None:
        """Write `model.txt` and `manifest.json` into a folder, made if need be; the same bundle gives the same bytes."""
        manifest = _json({**self._content(), "bundle_sha256": self.sha256})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL).write_bytes(self.model_text.encode())
        (folder / MANIFEST).write_bytes(manifest)

    @classmethod
    def read(cls, folder: Path, expected_sha256: str | None = None) -> "Bundle":
        """Return the bundle in a folder after every hash agrees; BundleError for whatever was lost or changed."""
        manifest = _read_manifest(folder, expected_sha256)
        raw = _bytes_of(folder / MODEL)
        if sha256(raw).hexdigest() != manifest["files"][MODEL]:
            raise BundleError(f"{folder / MODEL} is not the file its manifest was written with; restore the folder")
        bundle = cls._from_manifest(raw.decode(), manifest)
        if tuple(bundle.booster.feature_name()) != bundle.encoder.stored_names:
            raise BundleError(
                f"{folder / MODEL} has other features than {MANIFEST}; write the bundle anew from its model"
            )
        return bundle

    def _content(self) -> dict[str, Any]:
        """The manifest without its own hash."""
        categories = {name: list(values) for name, values in self.encoder.categories.items()}
        kinds = {name: "category" if name in categories else "numeric" for name in self.encoder.names}
        return {
            "files": {MODEL: sha256(self.model_text.encode()).hexdigest()},
            "features": [{"name": name, "kind": kind} for name, kind in kinds.items()],
            "categories": categories,
            "standards": {name: asdict(standard) for name, standard in self.encoder.standards.items()},
            "calibration": asdict(self.calibration),
            "points_scale": asdict(self.scale),
            "grade_bounds": list(self.grades.bounds),
            "directions": dict(self.directions),
            "background": dict(self.background_values),
            "challenger": None if self.challenger is None else self.challenger.as_json(),
            "reference": dict(self.reference),
            "fingerprints": dict(self.fingerprints),
            "versions": dict(self.versions),
        }

    @classmethod
    def _from_manifest(cls, model_text: str, manifest: Mapping[str, Any]) -> "Bundle":
        names = tuple(feature["name"] for feature in manifest["features"])
        categories = {name: tuple(values) for name, values in manifest["categories"].items()}
        standards = {name: _standard(content) for name, content in manifest["standards"].items()}
        return cls(
            model_text=model_text,
            encoder=FeatureEncoder(names, categories, standards),
            calibration=AffineCalibration(**manifest["calibration"]),
            scale=PointsScale(**manifest["points_scale"]),
            grades=MasterScale(tuple(manifest["grade_bounds"])),
            directions=manifest["directions"],
            background_values=manifest["background"],
            challenger=None if manifest["challenger"] is None else ScorecardTable.from_json(manifest["challenger"]),
            reference=manifest["reference"],
            fingerprints=manifest["fingerprints"],
            versions=manifest["versions"],
        )


def _texts(encoder: FeatureEncoder, rows: DataFrame) -> dict[str, str]:
    """Return the values of the rows by feature: six significant digits, which keeps them small, and nan for missing."""
    columns = encoder.matrix(rows).T
    return {name: " ".join(f"{v:.6g}" for v in column) for name, column in zip(encoder.names, columns, strict=True)}


def _standard(content: Mapping[str, Any]) -> Standard:
    by_category = {category: _constants(pair) for category, pair in content["by_category"].items()}
    return Standard(content["within"], _constants(content["overall"]), by_category)


def _constants(pair: list[float]) -> Constants:
    mean, deviation = pair
    return mean, deviation


def _read_manifest(folder: Path, expected_sha256: str | None) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(_bytes_of(path))
        version, stated = manifest["versions"]["bundle_format"], manifest.pop("bundle_sha256")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{path} is not a bundle's manifest ({error}); restore the folder") from error
    if version != FORMAT:
        raise BundleError(
            f"{path} has bundle format {version!r}, this version reads {FORMAT}; train or write the bundle anew"
        )
    if _hash_of(manifest) != stated:
        raise BundleError(f"{path} was edited: its content no longer has the hash it states; restore the folder")
    if expected_sha256 is not None and stated != expected_sha256:
        raise BundleError(
            f"{path} is another bundle: expected {expected_sha256}, found {stated}; restore the one expected"
        )
    if set(manifest["files"]) != {MODEL}:
        raise BundleError(
            f"{path} lists the files {sorted(manifest['files'])}; a bundle has {MODEL} beside it and no other"
        )
    return manifest


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise BundleError(f"{path} is missing; a bundle is {MODEL} and {MANIFEST} in one folder: restore it")
    return path.read_bytes()


def _hash_of(content: Mapping[str, Any]) -> str:
    return sha256(_json(content)).hexdigest()


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
