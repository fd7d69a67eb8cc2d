"""The simulated portfolio for tests: once as delivered, with its dirt and its truth, and once clean, in memory."""

import tempfile
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.tables import TABLES
from pipelines.sources.sample import SampleSettings, produce
from pipelines.sources.sample.climate import Climate, draw_climate
from pipelines.sources.sample.portfolio import TOPICS, Shard, draw_shard

SETTINGS = SampleSettings(customers=1_200)
DELIVERED = tuple(name for name in TABLES if name != "fx_rates")
"""One currency needs no exchange rates."""
OWN = tuple(name for name in DELIVERED if name != "macro_series")
"""The tables that are about customers."""
ADMITTED = ("admit", "conditional")


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


class Portfolio(NamedTuple):
    """A portfolio as it is delivered, and its truth."""

    raw: Path
    truth: Path

    def table(self, name: str) -> pd.DataFrame:
        return _read(self.raw / f"{name}.parquet")

    def true(self, name: str) -> pd.DataFrame:
        return _read(self.truth / f"{name}.parquet")

    def keys(self, name: str) -> pd.Series:
        """The key of every row as the list of dirty rows spells it."""
        rows = self.table(name)
        parts = [rows[column].astype(str) for column in TABLES[name].key]
        return reduce(lambda left, right: left + "|" + right, parts)

    def dirty(self, name: str, *fates: str) -> set[str]:
        """The keys of a table's dirty rows of some fates."""
        dirty = self.true("dirty_rows")
        return set(dirty.loc[(dirty["table"] == name) & dirty["fate"].isin(fates), "key"])

    def cleaned(self, name: str) -> pd.DataFrame:
        """What the quality rules leave, by a plain reading of them: no bad extra row, the latest of each key."""
        table = TABLES[name]
        dirty = self.true("dirty_rows")
        conflicts = set(dirty.loc[dirty["defect"] == "conflicting_duplicate", "key"])
        rows = self.table(name)[~self.keys(name).isin(self.dirty(name, "aside") - conflicts)]
        rows = rows.sort_values(table.availability, kind="stable", na_position="first")
        rows = rows.drop_duplicates(list(table.key), keep="last").sort_values(list(table.key))
        words = {c.name: rows[c.name].str.strip().str.lower() for c in table if c.kind == "enum"}
        return rows.assign(**words)

    def admitted(self) -> pd.DataFrame:
        applications = self.cleaned("applications").merge(self.true("applications"), on="application_id")
        return applications[applications["decision"].isin(ADMITTED)]


@cache
def portfolio() -> Portfolio:
    """A small portfolio, drawn once for all tests."""
    folder = Path(tempfile.mkdtemp(prefix="sample-"))
    produce(SETTINGS, 7, folder / "raw", folder / "truth")
    return Portfolio(folder / "raw", folder / "truth")


@dataclass(frozen=True, eq=False)
class Clean:
    """One clean shard with all that only the simulation knows."""

    shard: Shard
    climate: Climate

    @cache  # noqa: B019
    def table(self, name: str) -> pd.DataFrame:
        """A table as a frame, its days as numbers since 1970 (NaN: none) and `row`, the customer's place in the shard."""
        rows = self.shard.tables[name].to_pandas(date_as_object=False)
        days = {c.name: day_of(rows[c.name]) for c in TABLES[name] if c.kind == "date"}
        place = {"row": rows["customer_id"].str[1:].astype(int) - 1} if "customer_id" in rows else {}
        return rows.assign(**days, **place)

    def quality(self, dimension: str, rows: pd.DataFrame, day: str) -> NDArray[np.float64]:
        """The true quality of each row's customer on the row's own day."""
        return self.shard.population.at(dimension, rows["row"].to_numpy(), rows[day].to_numpy().astype(np.int64))


def day_of(values: pd.Series) -> NDArray[np.float64]:
    """Days since 1970; NaN where there is none."""
    days = pd.to_datetime(values).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


@cache
def clean(customers: int = 3_000, seed: int = 5, mean_invoices: float = 6.0) -> Clean:
    """One shard without dirt, drawn once for all tests that ask for the same."""
    settings = SampleSettings(customers=customers, mean_invoices=mean_invoices)
    economy, *seeds = np.random.SeedSequence(seed).spawn(1 + len(TOPICS))
    climate = draw_climate(np.random.default_rng(economy), settings)
    streams = {topic: np.random.default_rng(s) for topic, s in zip(TOPICS, seeds, strict=True)}
    return Clean(draw_shard(streams, np.arange(customers) + 1, climate, settings), climate)
