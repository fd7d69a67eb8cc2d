"""Whether each feature is still what it was at development: its shift (CSI) and what has become of its missing values."""

import pandas as pd

from models.metrics.checks import NotEstimable
from models.metrics.stability import category_psi, category_psi_critical_value, psi, psi_critical_value
from models.metrics.verdicts import Bands, Verdict, worst

SHIFT = Bands(green=(0, 0.10), amber=(0, 0.25))
"""Of a PSI or CSI, the trade's rule of thumb; it ignores the number of rows, so it stands beside the critical value."""

MISSING_RISE = Bands(green=(-1, 0.10), amber=(-1, 0.10))
"""Of the rise of the share of missing values: ten percentage points more are red, a default of this project."""


def characteristic_stability(development: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    """One row a feature of `development`, worst shift first.

    Parameters
    ----------
    development, recent : frames of numbers and categories (text) with missing values; `recent` has at least the columns of
        `development`.

    Returns
    -------
    Columns feature, csi (PSI with a bin for missing values), critical_value (at 95%), missing_before, missing_now (shares),
    missing_rise (their difference), verdict: the worse of the shift, judged only where it exceeds the critical value, and of
    the missing rise. A feature that development never had has NaN for the first two, and is judged by the rise alone.

    Raises
    ------
    NotEstimable : without rows on either side. ValueError : for missing columns and infinite values.

    References: Siddiqi (2017), "Intelligent Credit Scoring"; Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4).
    """
    absent = [str(name) for name in development if name not in recent]
    if absent:
        raise ValueError(f"recent rows lack {len(absent)} columns of development: {', '.join(absent)}; compute them.")
    if development.empty or recent.empty:
        raise NotEstimable(
            f"CSI needs rows to compare; got {len(development)} at development and {len(recent)} recent ones."
        )
    rows = [_stability(str(name), development[name], recent[name]) for name in development]
    return pd.DataFrame(rows).sort_values("csi", ascending=False, kind="stable").reset_index(drop=True)


def _stability(name: str, before: pd.Series, now: pd.Series) -> dict[str, float | str]:
    csi, critical_value = _shift(before, now)
    missing_before, missing_now = float(before.isna().mean()), float(now.isna().mean())
    rise = missing_now - missing_before
    shifted: Verdict = SHIFT.verdict(csi) if not csi <= critical_value else "green"
    return {
        "feature": name,
        "csi": csi,
        "critical_value": critical_value,
        "missing_before": missing_before,
        "missing_now": missing_now,
        "missing_rise": rise,
        "verdict": worst([shifted, MISSING_RISE.verdict(rise)]),
    }


def _shift(before: pd.Series, now: pd.Series) -> tuple[float, float]:
    if before.isna().all():
        return float("nan"), float("nan")
    if pd.api.types.is_numeric_dtype(before):
        return psi(before, now), psi_critical_value(before, now)
    return category_psi(before, now), category_psi_critical_value(before, now)


def largest_csi(development: pd.DataFrame, recent: pd.DataFrame) -> float:
    """Return the largest CSI of the features, at least 0; inputs and errors as in `characteristic_stability`."""
    return float(characteristic_stability(development, recent)["csi"].max())


def largest_missing_rise(development: pd.DataFrame, recent: pd.DataFrame) -> float:
    """Return the largest rise of a share of missing values, in [-1, 1]; inputs, errors as in `characteristic_stability`."""
    return float(characteristic_stability(development, recent)["missing_rise"].max())
