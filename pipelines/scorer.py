"""The model as MLflow loads it: feature columns in; PD, points, grade and reasons out. Nothing is pickled.

MLflow runs this file with the packages `models` and `features` alone.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.explanation import Explainers, explain
from models.reasons import coded


class AdmissionScorer(mlflow.pyfunc.PythonModel):
    """Wraps the bundle logged beside it; scores are those of the bundle, bit for bit."""

    def load_context(self, context: Any) -> None:
        """Read the bundle, build its explainers, compile what answers a request; BundleError if it is not what was written."""
        self.bundle = Bundle.read(Path(context.artifacts["bundle"]))
        self.explainers = Explainers.of(self.bundle, CATALOGUE)
        self.predict(context, pd.DataFrame(index=[0]))  # the first applicant shall not wait for the compiler

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Return pd_12m in (0, 1), unrounded points, grade R1..R10 and reasons per row; absent columns count as missing.

        Reasons are codes of indicators, the most important first, such as "CR02- FN02-"; empty if none moves the points much.
        MlflowException, which a server answers with 400, says what is wrong with a column.
        """
        try:
            return self._scored(model_input.reindex(columns=list(self.bundle.encoder.names)))
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def _scored(self, X: pd.DataFrame) -> pd.DataFrame:
        against, in_favour = coded(explain(self.bundle, X, CATALOGUE, explainers=self.explainers), CATALOGUE)
        return pd.DataFrame(
            {
                "pd_12m": self.bundle.pd(X),
                "points": self.bundle.points(X),
                "grade": self.bundle.grade(X),
                "reasons_against": against,
                "reasons_in_favour": in_favour,
            },
            index=X.index,
        )


mlflow.models.set_model(AdmissionScorer())
