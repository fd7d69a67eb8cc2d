"""Dirty rows for the quality rules to find: bad copies with keys of their own, and defects that can be repaired.

Dirt never destroys what the ledger needs. A row that the rules set aside is always an extra one, woven in behind the
row it was copied from; an original only gets defects that are repaired or merely flagged. Of two versions of one key the
original is the later, so it is the one kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.tables import TABLES, Table
from pipelines.sources.sample.arrays import Flags, Ints, schema

Edit = Callable[[pd.DataFrame, Table, np.random.Generator], pd.DataFrame]
MONEY_OF_STATEMENT = [column.name for column in TABLES["financial_statements"] if column.kind == "money"]
TYPO_COLUMN = {"payments": "method", "applications": "product", "financial_statements": "audit_opinion"}


@dataclass(frozen=True, kw_only=True)
class Defect:
    """One kind of dirt in one table."""

    name: str
    share: float
    """Of the table's rows."""
    edit: Edit
    is_extra: bool
    """Whether the bad row stands beside the original or in its place."""
    new_key: bool = False
    """Whether an extra row has a key of its own."""


def _same(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    return rows


def _conflicting(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    money = next(column.name for column in table if column.kind == "money" and column.required)
    rows[money] = (rows[money] * 1.1).round(2)
    rows[table.availability] -= pd.Timedelta(days=1)
    return rows


def _negative(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["amount"] = -rows["amount"]
    return rows


def _known_before(rows: pd.DataFrame, table: Table, rng: np.random.Generator) -> pd.DataFrame:
    rows[table.availability] = rows[table.happened] - pd.to_timedelta(rng.integers(1, 11, len(rows)), unit="D")
    return rows


def _unknown_when(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows[table.availability] = pd.NaT
    return rows


def _typo(rows: pd.DataFrame, table: Table, rng: np.random.Generator) -> pd.DataFrame:
    column = TYPO_COLUMN[table.name]
    spellings = [" " + rows[column].str.title(), rows[column].str.upper(), rows[column] + " "]
    rows[column] = np.choose(rng.integers(0, 3, len(rows)), [s.to_numpy(dtype=object) for s in spellings])
    return rows


def _unknown_value(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows[TYPO_COLUMN[table.name]] = "barter"
    return rows


def _unknown_customer(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["customer_id"] = "X" + rows["customer_id"].str[1:]
    return rows


def _unit_slip(rows: pd.DataFrame, _table: Table, rng: np.random.Generator) -> pd.DataFrame:
    factor = rng.choice([1e3, 1e4], len(rows))
    rows[MONEY_OF_STATEMENT] = rows[MONEY_OF_STATEMENT].mul(factor, axis=0).round(2)
    return rows


def _unbalanced(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["total_equity"] = (rows["total_equity"] + 0.05 * rows["total_assets"]).round(2)
    return rows


EXACT = Defect(name="exact_duplicate", share=0.003, edit=_same, is_extra=True)
CONFLICT = Defect(name="conflicting_duplicate", share=0.0005, edit=_conflicting, is_extra=True)
NEGATIVE = Defect(name="negative_amount", share=0.001, edit=_negative, is_extra=True, new_key=True)
BEFORE = Defect(name="known_before_event", share=0.001, edit=_known_before, is_extra=False)
NO_DAY = Defect(name="availability_missing", share=0.002, edit=_unknown_when, is_extra=True, new_key=True)
TYPO = Defect(name="enum_typo", share=0.001, edit=_typo, is_extra=False)
NO_VALUE = Defect(name="enum_unknown", share=0.0005, edit=_unknown_value, is_extra=True, new_key=True)
STRANGER = Defect(name="unknown_customer", share=0.001, edit=_unknown_customer, is_extra=True, new_key=True)
SLIP = Defect(name="unit_slip", share=0.002, edit=_unit_slip, is_extra=False)
UNBALANCED = Defect(name="balance_broken", share=0.005, edit=_unbalanced, is_extra=False)

DIRT: dict[str, tuple[Defect, ...]] = {
    "customers": (EXACT,),
    "applications": (EXACT, CONFLICT, TYPO, STRANGER),
    "default_events": (EXACT, NO_DAY, STRANGER),
    "invoices": (EXACT, CONFLICT, NEGATIVE, BEFORE, NO_DAY, STRANGER),
    "payments": (EXACT, CONFLICT, BEFORE, NO_DAY, TYPO, NO_VALUE, STRANGER),
    "credit_limits": (EXACT, CONFLICT),
    "financial_statements": (SLIP, EXACT, BEFORE, NO_DAY, TYPO, NO_VALUE, STRANGER, UNBALANCED),
}
DIRTY_ROWS = pa.schema([("table", pa.string()), ("key", pa.string()), ("defect", pa.string())])


def make_dirty(rng: np.random.Generator, clean: pa.Table, table: Table) -> tuple[pa.Table, pa.Table]:
    """Return the table with its dirt, in key order, and the list of dirty rows (table, key, defect)."""
    rows = clean.num_rows
    replaced = np.arange(rows)
    place, source, bad, listed = [np.arange(rows)], [replaced], [], []
    taken = np.zeros(rows, dtype=bool)
    added = rows
    for defect in DIRT[table.name]:
        chosen = _choose(rng, clean, table, defect, taken)
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
    """Choose the rows to copy or to spoil: at least one where any qualifies, none twice."""
    eligible = ~taken
    if defect is CONFLICT and table.happened:
        # A copy known a day earlier must not look known before its event.
        late = pc.greater(clean[table.availability], clean[table.happened])
        eligible &= late.to_numpy()
    if defect is SLIP:
        eligible &= _has_plain_neighbours(clean)
    candidates = np.flatnonzero(eligible)
    wanted = min(max(1, round(defect.share * len(taken))), len(candidates))
    chosen = np.sort(rng.choice(candidates, wanted, replace=False))
    if defect is SLIP:
        chosen = chosen[np.r_[True, np.diff(chosen) > 2]]
    return chosen


def _has_plain_neighbours(statements: pa.Table) -> Flags:
    """Whether a statement stands between two others of its customer, none of the three a restatement's pair."""
    customer = statements["customer_id"].to_numpy()
    restated = statements["is_restatement"].to_numpy()
    plain = ~(restated | np.r_[restated[1:], False])
    fine = np.zeros(len(customer), dtype=bool)
    fine[1:-1] = (customer[:-2] == customer[2:]) & plain[:-2] & plain[1:-1] & plain[2:]
    return fine


def _bad_rows(rng: np.random.Generator, clean: pa.Table, table: Table, defect: Defect, chosen: Ints) -> pa.Table:
    """Return the chosen rows with their defect."""
    rows = clean.take(pa.array(chosen)).to_pandas(types_mapper=_nullable, date_as_object=False)
    if defect.new_key:
        rows[table.key[0]] = rows[table.key[0]] + "X"
    rows = defect.edit(rows, table, rng)
    return pa.Table.from_pandas(rows, schema=schema(table), preserve_index=False).replace_schema_metadata(None)


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    """Keep whole numbers and flags nullable on the way through pandas."""
    return {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)


def _listing(bad: pa.Table, table: Table, defect: Defect) -> pa.Table:
    """Return table, key and defect of every bad row; the columns of a key are joined by `|`."""
    parts = [pc.cast(bad[column], pa.string()) for column in table.key]
    keys = pc.binary_join_element_wise(*parts, "|")
    repeated = [pa.repeat(pa.scalar(text), bad.num_rows) for text in (table.name, defect.name)]
    return pa.table([repeated[0], keys, repeated[1]], schema=DIRTY_ROWS)
