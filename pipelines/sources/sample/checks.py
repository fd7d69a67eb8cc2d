"""Which sources were searched for each application, and whether anything was found there by then.

Registers of enforcement and of authorities delete entries, so what they showed years ago can be told only from archived
pages. Before the archive began, some of their searches count as failed: no row then means unknown, not none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.tables import SOURCE_CHECKS, TABLES
from pipelines.sources.sample.arrays import NEVER, Days, Flags, Ints, arrow_table, customer_key, day_number, pick
from pipelines.sources.sample.history import History
from pipelines.sources.sample.scene import Scene

TAX_MEASURES = ("tax_arrears", "tax_abnormal", "major_tax_violation")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source, the table its findings go to, and of that table the kinds of event it knows (none: all)."""

    name: str
    table: str
    event_types: tuple[str, ...] = ()


SOURCES = (
    Source(name="bill_overdue", table="bill_overdue"),
    Source(name="compliance", table="compliance_events"),
    Source(name="court", table="legal_cases"),
    Source(name="default_history", table="default_events"),
    Source(name="enforcement", table="enforcement_records"),
    Source(name="esg_events", table="esg_events"),
    Source(name="registry", table="registry_changes"),
    Source(name="reputation", table="reputation_events"),
    Source(name="tax", table="compliance_events", event_types=TAX_MEASURES),
)
"""In the order of their names."""
STATUSES = ("found", "none", "failed")
INCOMPLETE_SHARE = 0.05
"""Applications for which one or two sources were not searched."""
LONGEST_DAYS_BEFORE = 30
DELETES = ("compliance", "enforcement")
ARCHIVED_FROM = date(2019, 1, 1)
FAILED_SHARE = 0.25


def check_table(rng: np.random.Generator, scene: Scene, history: History, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Return the table `source_checks`: one row per application made and source searched."""
    made = history.prospects
    count, sources = len(made.customer), len(SOURCES)
    checked_at = made.as_of[:, None] - rng.integers(0, LONGEST_DAYS_BEFORE, (count, sources))
    first_known = np.stack([_first_known(scene, source, tables[source.table]) for source in SOURCES], axis=1)
    status = np.where(first_known[made.customer] <= checked_at, 0, 1)
    deletes = np.isin([source.name for source in SOURCES], DELETES)
    failed = (rng.random((count, sources)) < FAILED_SHARE) & deletes & (checked_at < day_number(ARCHIVED_FROM))
    status = np.where(failed, STATUSES.index("failed"), status)
    row, source = np.nonzero(_searched(rng, count, sources))
    customer, day = made.customer[row], checked_at[row, source]
    # Two applications of a customer may share the day of a search: one search serves both.
    order = np.lexsort((day, source, customer))
    row, source, customer, day = row[order], source[order], customer[order], day[order]
    again = (np.diff(customer) == 0) & (np.diff(source) == 0) & (np.diff(day) == 0)
    kept = ~np.r_[False, again][: len(row)]
    row, source, customer, day = row[kept], source[kept], customer[kept], day[kept]
    return arrow_table(
        SOURCE_CHECKS,
        {
            "customer_id": customer_key(scene.population.number[customer]),
            "source": pick(tuple(each.name for each in SOURCES), source),
            "checked_at": day,
            "status": pick(STATUSES, status[row, source]),
        },
    )


def _searched(rng: np.random.Generator, applications: int, sources: int) -> Flags:
    """Draw which sources were searched: all of them, for 5% of the applications all but one or two."""
    missing = np.where(rng.random(applications) < INCOMPLETE_SHARE, rng.integers(1, 3, applications), 0)
    place = rng.permuted(np.tile(np.arange(sources), (applications, 1)), axis=1)
    return place >= missing[:, None]


def _first_known(scene: Scene, source: Source, rows: pa.Table) -> Days:
    """Return the day from which a search of the source finds each customer; NEVER for most."""
    if source.event_types:
        rows = rows.filter(pc.is_in(rows["event_type"], pa.array(source.event_types)))
    customer = _row_of(scene, rows["customer_id"])
    known = rows[TABLES[source.table].availability].cast(pa.int32()).to_numpy().astype(np.int64)
    first = np.full(len(scene.default_on), NEVER)
    np.minimum.at(first, customer, known)
    return first


def _row_of(scene: Scene, customer_id: pa.ChunkedArray) -> Ints:
    """Return the rows of customers in their shard by their keys."""
    number = pc.cast(pc.utf8_slice_codeunits(customer_id, 1), pa.int64()).to_numpy()
    return np.searchsorted(scene.population.number, number)
