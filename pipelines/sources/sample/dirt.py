"""Dirty rows woven into a clean table, and the list of them by which recall and precision of the rules are measured.

Extra rows stand behind the row they were copied from. Of two versions of one key the original is the later, so it is the
one kept.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.tables import Table
from pipelines.sources.sample.arrays import Flags, Ints, schema
from pipelines.sources.sample.defects import Defect

DIRTY_ROWS = pa.schema([(name, pa.string()) for name in ("table", "key", "defect", "rule", "fate")])
LEAST_ROWS = 500
"""A table of at least so many rows gets at least one row of every defect; fewer bad ones would spoil a smaller table."""


def make_dirty(
    rng: np.random.Generator, clean: pa.Table, table: Table, defects: tuple[Defect, ...]
) -> tuple[pa.Table, pa.Table]:
    """Return the table with its dirt, in key order, and the list of dirty rows.

    The list has the columns table, key (its columns joined by `|`), defect, rule (the data-quality rule that must see it;
    null: none can) and fate (copy, aside, repaired, flag, unseen).
    """
    rows = clean.num_rows
    replaced = np.arange(rows)
    place, source, bad, listed = [np.arange(rows)], [replaced], [], [DIRTY_ROWS.empty_table()]
    taken = np.zeros(rows, dtype=bool)
    added = rows
    for defect in defects:
        chosen = _choose(rng, clean, table, defect, taken)
        if not len(chosen):
            continue
        taken[chosen] = True
        made = _bad_rows(rng, clean, table, defect, chosen)
        positions = np.arange(added, added + len(chosen))
        added += len(chosen)
        bad.append(made)
        listed.append(_listing(made, table, defect))
        if defect.is_extra:
            place.append(chosen)
            source.append(positions)
        else:
            replaced[chosen] = positions
    order = np.argsort(np.concatenate(place), kind="stable")
    woven = pa.concat_tables([clean, *bad]).take(pa.array(np.concatenate(source)[order]))
    return woven, pa.concat_tables(listed)


def _choose(rng: np.random.Generator, clean: pa.Table, table: Table, defect: Defect, taken: Flags) -> Ints:
    """Choose the rows to copy or to spoil, none twice."""
    candidates = np.flatnonzero(~taken & defect.eligible(clean, table))
    least = 1 if len(taken) >= LEAST_ROWS else 0
    wanted = min(max(least, round(defect.share * len(taken))), len(candidates))
    return np.sort(rng.choice(candidates, wanted, replace=False))


def _bad_rows(rng: np.random.Generator, clean: pa.Table, table: Table, defect: Defect, chosen: Ints) -> pa.Table:
    """Return the chosen rows with their defect."""
    rows = clean.take(pa.array(chosen)).to_pandas(types_mapper=_nullable, date_as_object=False)
    if defect.is_extra and not defect.keeps_key:
        rows[table.key[0]] = rows[table.key[0]] + "X"
    rows = defect.edit(rows, table, rng)
    return pa.Table.from_pandas(rows, schema=schema(table), preserve_index=False).replace_schema_metadata(None)


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    """Keep whole numbers and flags nullable on the way through pandas."""
    return {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)


def _listing(bad: pa.Table, table: Table, defect: Defect) -> pa.Table:
    """Return the entries of the bad rows in the list."""
    parts = [pc.cast(bad[column], pa.string()) for column in table.key]
    keys = pc.binary_join_element_wise(*parts, "|")
    same = [pa.repeat(pa.scalar(text, pa.string()), bad.num_rows) for text in (defect.name, defect.rule, defect.fate)]
    return pa.table([pa.repeat(pa.scalar(table.name), bad.num_rows), keys, *same], schema=DIRTY_ROWS)
