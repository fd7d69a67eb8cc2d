"""Customers in ranges: what needs one customer at a time runs over any number of them in bounded memory.

Canonical tables lie customer after customer, so that a range of customers is a stretch of every file, and the engine reads
only the row groups of that stretch.
"""

import logging
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from features.tables import TABLES
from pipelines.io import Connection, quoted

log = logging.getLogger(__name__)

BYTES_A_ROW = 700
"""Memory that the features take for each row of history in a range, measured, so that a range stays in the engine's limit."""


class Range(NamedTuple):
    """The customers with `after` < customer_id <= `upto`; None is no bound."""

    after: str | None = None
    upto: str | None = None


EVERYBODY = Range()


def rows_at_once(connection: Connection) -> int:
    """Return how many rows of history the engine's memory takes."""
    (limit,) = connection.raw_sql("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchone()
    return int(limit // BYTES_A_ROW)


def by_range(connection: Connection, folder: Path, tables: Collection[str], rows: int) -> Iterator[int]:
    """Let the tables' names stand for one range of customers after another; yield the number of each, from 0.

    Each range has about `rows` rows. At the end the names stand for the whole tables again.
    """
    every = ranges(connection, folder, tables, rows)
    for number, customers in enumerate(every):
        narrow(connection, folder, tables, customers)
        yield number
        log.info("customers up to %s: range %d of %d", customers.upto or "the last", number + 1, len(every))
    narrow(connection, folder, tables, EVERYBODY)


def ranges(connection: Connection, folder: Path, tables: Collection[str], rows: int) -> list[Range]:
    """Return ranges that hold every customer once, each with about `rows` rows of the tables.

    They end where row groups end, by the statistics in the files: no row is read for it.
    """
    ends = _ends(_row_groups(connection, folder, tables), rows)
    return [Range(after, upto) for after, upto in zip([None, *ends], [*ends, None], strict=True)]


def _row_groups(connection: Connection, folder: Path, tables: Collection[str]) -> list[tuple[str, int]]:
    """Return the last customer and the number of rows of every row group, in the order of customers."""
    paths = ", ".join(f"'{quoted(folder / f'{name}.parquet')}'" for name in _with_customers(tables))
    groups = connection.raw_sql(
        f"SELECT stats_max_value AS last, row_group_num_rows FROM parquet_metadata([{paths}]) "
        "WHERE path_in_schema = 'customer_id' AND last IS NOT NULL ORDER BY last"
    )
    return list(groups.fetchall())


def _ends(row_groups: list[tuple[str, int]], rows: int) -> list[str]:
    """Return the last customers of ranges with about `rows` rows; the range after the last of them has the rest."""
    ends, held = [], 0
    for last, number in row_groups:
        held += number
        if held >= rows:
            ends.append(last)
            held = 0
    # Row groups of several tables, or of one large customer, may end with the same customer.
    return [last for last in dict.fromkeys(ends) if last < row_groups[-1][0]]


def narrow(connection: Connection, folder: Path, tables: Collection[str], customers: Range) -> None:
    """Let the tables' names stand for the rows of some customers, in every query until the next call."""
    after = [] if customers.after is None else [f"customer_id > '{quoted(customers.after)}'"]
    upto = [] if customers.upto is None else [f"customer_id <= '{quoted(customers.upto)}'"]
    condition = " AND ".join([*after, *upto]) or "TRUE"
    for name in _with_customers(tables):
        file = quoted(folder / f"{name}.parquet")
        connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet('{file}') WHERE {condition}")


def _with_customers(tables: Collection[str]) -> list[str]:
    return [name for name in tables if any(column.name == "customer_id" for column in TABLES[name])]
