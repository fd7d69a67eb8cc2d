"""Metrics as the JSON files have them: a value with its interval, by drawing customers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.metrics.intervals import Statistic, cluster_bootstrap
from pipelines.params import Params

Estimated = dict[str, float | None]


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimated:
    """Return a value with its interval to six decimals; what is not known is null."""
    numbers = {"value": value, "low": low, "high": high}
    return {key: None if x is None or np.isnan(x) else round(float(x), 6) for key, x in numbers.items()}


def intervals(
    risk: NDArray[np.float64], rows: pd.DataFrame, statistics: Mapping[str, Statistic], params: Params
) -> dict[str, Estimated]:
    """Return each statistic of `risk` and the rows' labels with its interval, connected customers drawn together."""
    found = cluster_bootstrap(
        rows["label"].to_numpy(int),
        risk,
        rows["group"],
        statistics,
        repetitions=params.evaluate.bootstrap_repetitions,
        level=params.evaluate.level,
        seed=params.seed,
    )
    return {name: estimate(x.value, x.low, x.high) for name, x in found.items()}
