"""How each feature is distributed: what the dictionary shows beside its declaration."""

from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import Catalogue, Feature

LOW, HIGH = 0.05, 0.95
DIGITS = 4
"""Significant digits: enough to read, few enough that engines and processors agree on them."""


def distribution(rows: pd.DataFrame, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return by feature the share without a value and the 5 %, 50 % and 95 % quantile, or a category's most frequent value."""
    return {f.id: _of(f, rows[f.id]) for f in catalogue.features if f.id in rows and rows[f.id].notna().any()}


def _of(feature: Feature, column: pd.Series) -> dict[str, Any]:
    missing = round(float(column.isna().mean()), DIGITS)
    if feature.is_category:
        counts = column.value_counts(normalize=True).sort_index().sort_values(ascending=False, kind="stable")
        return {"missing": missing, "most": str(counts.index[0]), "share": round(float(counts.iloc[0]), DIGITS)}
    low, median, high = (_rounded(q) for q in np.nanquantile(column.to_numpy(float), (LOW, 0.5, HIGH)))
    return {"missing": missing, "low": low, "median": median, "high": high}


def _rounded(x: float) -> float:
    return float(f"{x:.{DIGITS}g}")
