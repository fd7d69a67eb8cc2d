"""The battery on one model: its inputs put together from development and test rows, and every check judged.

Rows are frames with `label` (0 or 1), `log_odds` (calibrated; of development out of fold), `as_of`, `customer_id`, the
segments and the model's features.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from models.grades import GRADES, MasterScale
from models.metrics.backtests import grade_backtests
from models.metrics.check import Check, Judgement
from models.metrics.discrimination import auc
from models.metrics.grades import grade_table
from models.metrics.migration import migration_matrix
from models.metrics.segments import segment_table
from models.metrics.vintages import vintage_table

Floats = NDArray[np.float64]

RISKIEST = ("R9", "R10")
SIZE_BANDS = ("small", "medium", "large")
UNKNOWN = "unknown"
"""The segment of rows of which a cut is not known."""


def battery_inputs(
    test: pd.DataFrame, development: pd.DataFrame, names: Sequence[str], scale: MasterScale, challenger: Floats
) -> dict[str, Any]:
    """Return what the checks take: `names` are the model's features, `challenger` the log-odds of the scorecard on `test`."""
    bad, pds = test["label"].to_numpy(int), expit(test["log_odds"].to_numpy())
    before = expit(development["log_odds"].to_numpy())
    grade, grade_before = scale.grade(pds), scale.grade(before)
    table = grade_table(grade, bad, pds, GRADES)
    return {
        "defaulted": bad,
        "pd_12m": pds,
        "auc_at_development": auc(development["label"].to_numpy(int), before),
        "challenger": challenger,
        "grade": grade,
        "grade_table": table,
        "grade_tests": grade_backtests(table),
        "n_by_grade": table["n"],
        "n_by_grade_at_development": pd.Series(grade_before).value_counts().reindex(list(GRADES), fill_value=0),
        "migration_matrix": _migrations(pd.concat([development, test]), np.concatenate([grade_before, grade])),
        "score_at_development": -development["log_odds"].to_numpy(),
        "score": -test["log_odds"].to_numpy(),
        "features_at_development": development[list(names)],
        "features": test[list(names)],
        "segment_table": pd.concat(segment_tables(test, development).values(), ignore_index=True),
        "period": quarters(test["as_of"]),
        "riskiest_grades": RISKIEST,
    }


def judge_all(checks: Mapping[str, Check], inputs: Mapping[str, Any]) -> list[Judgement]:
    """Return the judgement of every check, in their order."""
    return [check.judge(**inputs) for check in checks.values()]


def rows_behind(check: Check, inputs: Mapping[str, Any]) -> int:
    """Return on how many applications of the test a check's figure rests; of migrations, on how many moves of a customer."""
    of_moves = "migration_matrix" in check.takes
    return int(inputs["migration_matrix"].to_numpy().sum()) if of_moves else len(inputs["defaulted"])


def as_record(
    judgement: Judgement, check: Check, n: int | None, interval: Mapping[str, float | None] | None = None
) -> dict[str, Any]:
    """Return a judgement with the facts that its reader needs, in plain values.

    `n` are the rows behind it, None of a proof without rows; `interval` holds low and high of figures that have one.
    """
    low, high = (interval["low"], interval["high"]) if interval else (None, None)
    return {
        "id": check.id,
        "battery": check.battery,
        "en": check.name_en,
        "zh": check.name_zh,
        "kind": check.figure,
        "figure": judgement.figure,
        "low": low,
        "high": high,
        "n": n,
        "verdict": judgement.verdict or "reported",
        "reason": judgement.reason,
        "better": check.better,
        "range": _bounds(check.range),
        "green": _bounds(check.bands.green) if check.bands else None,
        "amber": _bounds(check.bands.amber) if check.bands else None,
        "thresholds": check.thresholds,
        "source": check.source,
    }


def _bounds(bounds: tuple[float, float]) -> list[float | None]:
    """Return low and high as JSON has them: what is endless is null."""
    return [None if np.isinf(bound) else float(bound) for bound in bounds]


def segments(rows: pd.DataFrame, development: pd.DataFrame) -> dict[str, pd.Series]:
    """Return each way to cut the rows into segments, as far as it is known of them; size by thirds of development."""
    found = {"industry": rows.get("cx_industry"), "region": rows.get("cx_region"), "size": _size(rows, development)}
    if "cx_is_new_customer" in rows:
        found["customer"] = rows["cx_is_new_customer"].map({1.0: "new", 0.0: "existing"})
    if "ownership" in rows:
        found["ownership"] = rows["ownership"]
    return {name: column for name, column in found.items() if column is not None and column.nunique() > 1}


def segment_tables(test: pd.DataFrame, development: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the segment table of each way to cut the test rows; segments are named by their kind, "region: 31"."""
    bad, pds = test["label"].to_numpy(int), expit(test["log_odds"].to_numpy())
    cuts = segments(test, development) or {"all": pd.Series("all", index=test.index)}
    return {
        kind: segment_table(kind + ": " + column.astype("str").fillna(UNKNOWN), bad, pds)
        for kind, column in cuts.items()
    }


def quarters(as_of: pd.Series) -> list[str]:
    """Return the calendar quarter of each day, "2024Q1"."""
    return [str(period) for period in pd.to_datetime(as_of).dt.to_period("Q")]


def vintages(test: pd.DataFrame) -> pd.DataFrame:
    """Return the vintage table of the test rows by quarter."""
    return vintage_table(quarters(test["as_of"]), test["label"].to_numpy(int), expit(test["log_odds"].to_numpy()))


def _size(rows: pd.DataFrame, development: pd.DataFrame) -> pd.Series | None:
    if "cx_log_assets" not in rows or not development["cx_log_assets"].notna().any():
        return None
    edges = development["cx_log_assets"].quantile([1 / 3, 2 / 3]).to_numpy()
    band = np.searchsorted(edges, rows["cx_log_assets"].to_numpy(float))
    return pd.Series(np.array(SIZE_BANDS)[np.minimum(band, 2)], index=rows.index).where(rows["cx_log_assets"].notna())


def _migrations(rows: pd.DataFrame, grade: NDArray[np.object_]) -> pd.DataFrame:
    """Return the matrix of grades from each application of a customer to its next."""
    known = pd.DataFrame(
        {"customer": rows["customer_id"].to_numpy(), "as_of": rows["as_of"].to_numpy(), "grade": grade}
    ).sort_values(["customer", "as_of"], kind="stable")
    after = known.groupby("customer")["grade"].shift(-1)
    pairs = after.notna()
    return migration_matrix(known.loc[pairs, "grade"], after[pairs], GRADES)
