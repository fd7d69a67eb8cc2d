"""The model as MLflow loads it: feature columns in; PD, points and grade out. MLflow runs this file; nothing is pickled."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from models.bundle import Bundle


class AdmissionScorer(mlflow.pyfunc.PythonModel):
    """Wraps the bundle logged beside it; scores are those of the bundle, bit for bit."""

    def load_context(self, context: Any) -> None:
        """Read the bundle; BundleError if it is not what was written."""
        self.bundle = Bundle.read(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Return pd_12m in (0, 1), unrounded points and grade R1..R10 per row; absent columns count as missing."""
        absent = {name: np.nan for name in self.bundle.encoder.names if name not in model_input}
        X = model_input.assign(**absent)
        return pd.DataFrame(
            {"pd_12m": self.bundle.pd(X), "points": self.bundle.points(X), "grade": self.bundle.grade(X)}, index=X.index
        )


mlflow.models.set_model(AdmissionScorer())
