"""What the model must beat on the same rows: a plain logistic regression and the classical composite scores."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

COMPOSITES: dict[str, tuple[str, int]] = {
    "altman_z2": ("fh_altman_z2", -1),
    "zmijewski": ("fh_zmijewski", 1),
    "ohlson_o": ("fh_ohlson_o", 1),
    "altman_z1": ("fh_altman_z1", -1),
    "days_beyond_terms": ("rr_dbt_wavg_180d", 1),
}
"""Composite scores, and days beyond terms alone, by name: the feature, and the sign that turns it into risk."""


def logistic_regression(X: pd.DataFrame) -> Pipeline:
    """Return an unfitted plain logistic regression for a frame of numbers and categories with missing values.

    Numbers: median, then standard units; categories: one column each. Statistics come from the rows it is fitted on.
    """
    categories = [c for c in X if isinstance(X[c].dtype, pd.StringDtype) or X[c].dtype == object]
    numbers = [c for c in X if c not in categories]
    prepare = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()),
                numbers,
            ),
            ("categories", OneHotEncoder(handle_unknown="ignore", min_frequency=20), categories),
        ]
    )
    return make_pipeline(prepare, LogisticRegression(C=1.0, max_iter=2000))


def composite_risk(X: pd.DataFrame, name: str) -> NDArray[np.float64] | None:
    """Return a composite score turned so that higher is riskier, shape (n,), NaN where unknown; None if nobody has one."""
    feature, sign = COMPOSITES[name]
    values = sign * X[feature].to_numpy(dtype=float) if feature in X else np.full(len(X), np.nan)
    return None if np.isnan(values).all() else values
