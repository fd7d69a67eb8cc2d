"""The simulated portfolio: raw tables whose truth is known, because it was drawn.

Customers carry seven latent qualities, one per dimension of admission. A historical policy admits or declines them on a
noisy view of these; the admitted trade on credit and pay as their quality has it, until some default. The ledger reveals
exactly the defaults that were drawn. What no lender ever knows is written apart, under `truth/`, for measuring only.
"""

import dataclasses
import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES
from pipelines.sources.sample.arrays import Ints, day_number
from pipelines.sources.sample.climate import Climate, draw_climate, macro_table
from pipelines.sources.sample.defects import PERCENT, defects_of
from pipelines.sources.sample.dirt import make_dirty
from pipelines.sources.sample.latents import LOADING
from pipelines.sources.sample.portfolio import TOPICS, application_truth, draw_shard
from pipelines.sources.sample.settings import SampleSettings
from pipelines.sources.sample.truth import BASE_LOG_ODDS, Background

__all__ = ["SampleSettings", "produce"]

SHARD_CUSTOMERS = 50_000
"""Customers drawn at a time, which bounds memory."""


def produce(settings: SampleSettings, seed: int, raw: Path, truth: Path) -> None:
    """Write the simulated portfolio: `raw/<table>.parquet` by the contract, with its dirt, and the truth apart.

    The same settings and seed give the same bytes. `truth` receives applications, ledger_defaults, dirty_rows (parquet)
    and params.json. Shards of 50,000 customers are drawn from spawned seeds and written one after the other; the first
    shard is the background of the attribution, so every shard shares one base.
    """
    raw.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    starts = range(0, settings.customers, SHARD_CUSTOMERS)
    shards = [np.arange(start, min(start + SHARD_CUSTOMERS, settings.customers)) + 1 for start in starts]
    climate_seed, *shard_seeds = np.random.SeedSequence(seed).spawn(1 + len(shards))
    economy = np.random.default_rng(climate_seed)
    climate = draw_climate(economy, settings)
    background = None
    with ExitStack() as stack:
        files = _Files(stack)
        macro = macro_table(economy, climate, day_number(settings.data_until))
        _write_table(files, raw, truth, macro, "macro_series", economy, settings)
        for number, shard_seed in zip(shards, shard_seeds, strict=True):
            background = _write_shard(files, raw, truth, number, shard_seed, climate, settings, background)
    _write_params(truth / "params.json", settings, seed, climate)


class _Files:
    """Parquet files that grow by a row group a shard."""

    def __init__(self, stack: ExitStack):
        self._stack = stack
        self._open: dict[Path, pq.ParquetWriter] = {}

    def append(self, path: Path, table: pa.Table) -> None:
        """Add rows to a file, which the first rows create."""
        if path not in self._open:
            # Amounts hardly repeat: a dictionary of them costs time and space.
            text = [field.name for field in table.schema if field.type == pa.string()]
            writer = pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=text)
            self._open[path] = self._stack.enter_context(writer)
        self._open[path].write_table(table)


def _write_shard(
    files: _Files,
    raw: Path,
    truth: Path,
    number: Ints,
    seed: np.random.SeedSequence,
    climate: Climate,
    settings: SampleSettings,
    background: Background | None,
) -> Background:
    """Draw and write one shard; return the background, taken from this shard if there is none yet."""
    streams = {topic: np.random.default_rng(s) for topic, s in zip(TOPICS, seed.spawn(len(TOPICS)), strict=True)}
    shard = draw_shard(streams, number, climate, settings)
    background = background or shard.risk.background()
    for name, dirt in zip(TABLES, streams["dirt"].spawn(len(TABLES)), strict=True):
        if name in shard.tables:
            # Each table is let go once it is written.
            _write_table(files, raw, truth, shard.tables.pop(name), name, dirt, settings)
    files.append(truth / "applications.parquet", application_truth(shard, background))
    files.append(truth / "ledger_defaults.parquet", shard.ledger_defaults)
    return background


def _write_table(
    files: _Files,
    raw: Path,
    truth: Path,
    clean: pa.Table,
    name: str,
    rng: np.random.Generator,
    settings: SampleSettings,
) -> None:
    """Write a table with its dirt, and the list of its dirty rows."""
    in_percent = settings.market_share_in_percent and name == "market_surveys"
    dirty, listed = make_dirty(rng, clean, TABLES[name], (PERCENT,) if in_percent else defects_of(TABLES[name]))
    files.append(raw / f"{name}.parquet", dirty)
    files.append(truth / "dirty_rows.parquet", listed)


def _write_params(path: Path, settings: SampleSettings, seed: int, climate: Climate) -> None:
    """Write what the portfolio was drawn from."""
    params = {
        "seed": seed,
        "settings": dataclasses.asdict(settings),
        "base_log_odds": BASE_LOG_ODDS,
        "loading": LOADING,
        "climate": [round(float(value), 6) for value in climate.path],
    }
    path.write_text(json.dumps(params, indent=1, default=str) + "\n", encoding="utf-8")
