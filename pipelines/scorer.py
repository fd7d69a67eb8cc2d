"""The model as MLflow loads it: feature columns in; PD, points, grade and reasons out. Nothing is pickled.

MLflow runs this file with the packages `models` and `features` alone.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.explanation import Explainers, coverage, explain, importance_of
from models.reasons import coded


class AdmissionScorer(mlflow.pyfunc.PythonModel):
    """Wraps the bundle logged beside it; scores are those of the bundle, bit for bit."""

    def load_context(self, context: Any) -> None:
        """Read the bundle, build its explainers, compile what answers a request; BundleError if it is not what was written."""
        self.bundle = Bundle.read(Path(context.artifacts["bundle"]))
        self.explainers = Explainers.of(self.bundle, CATALOGUE)
        self.weight = importance_of(self.bundle, self.explainers)
        self._scored(pd.DataFrame(index=[0]))  # the first applicant shall not wait for the compiler

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Return pd_12m in (0, 1), unrounded points, grade R1..R10, coverage and reasons per row; absent columns are missing.

        `explained_coverage` is the share, by what matters to the model, of the features with a value it knows; with little
        of it the PD says little. Reasons are codes of indicators, the most important first, such as "CR02- FN02-"; empty if
        none moves the points much.
        MlflowException, which a server answers with 400, says what is wrong with a column or a value.
        """
        names = [name for name in self.bundle.encoder.names if name in model_input]
        if not names:
            raise MlflowException.invalid_parameter_value(
                f"no column of the model is there; it has {len(self.bundle.encoder.names)}, such as "
                f"{', '.join(self.bundle.encoder.names[:3])}"
            )
        try:
            _refuse_outside(model_input, names)
            return self._scored(model_input)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def _scored(self, given: pd.DataFrame) -> pd.DataFrame:
        X = given.reindex(columns=list(self.bundle.encoder.names))
        known = ~np.isnan(self.bundle.encoder.matrix(X).T)
        against, in_favour = coded(explain(self.bundle, X, CATALOGUE, explainers=self.explainers), CATALOGUE)
        return pd.DataFrame(
            {
                "pd_12m": self.bundle.pd(X),
                "points": self.bundle.points(X),
                "grade": self.bundle.grade(X),
                "explained_coverage": coverage(known, self.weight),
                "reasons_against": against,
                "reasons_in_favour": in_favour,
            },
            index=X.index,
        )


def _refuse_outside(X: pd.DataFrame, names: list[str]) -> None:
    """Stop on a number that its feature cannot be, as the batch job does: ValueError names column, value and bounds."""
    for name in names:
        bounds = CATALOGUE.feature(name).clip
        if bounds is None:
            continue
        values = pd.to_numeric(X[name], errors="coerce")
        outside = values[(values < bounds[0]) | (values > bounds[1])]
        if len(outside):
            raise ValueError(f"{name} {outside.iloc[0]:g} is outside of what it can be: {bounds[0]:g} to {bounds[1]:g}")


mlflow.models.set_model(AdmissionScorer())
