"""The business climate, one monthly path for the whole portfolio, and the economic series published of it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from features.tables import MACRO_SERIES
from pipelines.sources.sample.arrays import Days, Floats, Ints, arrow_table, day_number, month_of, month_start
from pipelines.sources.sample.latents import INDUSTRIES, YEARS_BEFORE
from pipelines.sources.sample.settings import SampleSettings
from pipelines.sources.sample.truth import INDUSTRY_EFFECT

NOISE_SPREAD = 0.18
NOISE_PERSISTENCE = 0.9
RELEASE_DAYS = 20
"""From the end of the month to the release of its series."""


@dataclass(frozen=True, kw_only=True)
class Climate:
    """The monthly business climate; higher is better, about -1 to 1."""

    first_month: int
    """Months since January 1970 of the first entry."""
    path: Floats

    def index(self, day: Days) -> Ints:
        """Return the position of each day's month in the path."""
        return month_of(day) - self.first_month

    def at(self, day: Days) -> Floats:
        """Return the climate of each day's month."""
        return self.path[self.index(day)]


def draw_climate(rng: np.random.Generator, settings: SampleSettings) -> Climate:
    """Draw the climate: a five-year cycle plus AR(1) noise, from the first history to the end of the data.

    The path from the first application on is drawn first, so that more history before it changes nothing after it.
    """
    start = _month(settings.first_as_of)
    end = max(_month(settings.last_as_of) + 12, _month(settings.data_until))
    noise = rng.standard_normal(end - start + 1) * NOISE_SPREAD
    noise = _persistent(noise)
    back = YEARS_BEFORE * 12 + settings.first_as_of.month - 1
    # An AR(1) path looks the same backwards.
    before = _persistent(np.r_[noise[0], rng.standard_normal(back) * NOISE_SPREAD])[:0:-1]
    phase = np.arange(-back, end - start + 1)
    return Climate(first_month=start - back, path=0.8 * np.sin(2 * np.pi * (phase - 6) / 60) + np.r_[before, noise])


def _month(day: date) -> int:
    return int(month_of(np.array([day_number(day)]))[0])


def _persistent(shocks: Floats) -> Floats:
    """Return the AR(1) path that starts at the first shock and keeps the shocks' spread."""
    path = shocks.copy()
    for month in range(1, len(path)):
        path[month] = NOISE_PERSISTENCE * path[month - 1] + np.sqrt(1 - NOISE_PERSISTENCE**2) * shocks[month]
    return path


def macro_table(rng: np.random.Generator, climate: Climate, last_day: int) -> pa.Table:
    """Return the table `macro_series`: the climate, and growth and default rate of every industry section."""
    months = np.arange(len(climate.path))
    sections = sorted(codes[0][0] for codes in INDUSTRIES)
    effect = {codes[0][0]: effect for codes, effect in zip(INDUSTRIES, INDUSTRY_EFFECT, strict=True)}
    series = [("business_climate", "ALL", climate.path)]
    for section in sections:
        log_rate = np.log(0.04) + effect[section] - 0.30 * climate.path + 0.10 * rng.standard_normal(len(months))
        series.append(("industry_default_rate", section, np.exp(log_rate)))
    for section in sections:
        noise = _persistent(0.02 * rng.standard_normal(len(months)))
        series.append(("industry_sales_yoy", section, 0.05 + 0.03 * climate.path + noise))
    month = month_start(climate.first_month + np.tile(months, len(series)))
    released_at = month_start(month_of(month) + 1) + RELEASE_DAYS
    rows = arrow_table(
        MACRO_SERIES,
        {
            "series": pa.array(np.repeat([name for name, _, _ in series], len(months)).tolist()),
            "scope": pa.array(np.repeat([scope for _, scope, _ in series], len(months)).tolist()),
            "month": month,
            "value": np.round(np.concatenate([values for _, _, values in series]), 4),
            "released_at": released_at,
        },
    )
    return rows.filter(pa.array(released_at <= last_day))
