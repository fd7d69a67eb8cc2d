"""The kinds of dirt, which rule must see each, and what becomes of the row: everything that goes wrong in a delivery.

A row that a rule sets aside is always an extra one with a key of its own, so that dirt never destroys what the ledger
needs; an original only gets defects that are repaired, flagged, or seen by no rule at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.tables import TABLES, Table
from pipelines.sources.sample.arrays import Flags

Edit = Callable[[pd.DataFrame, Table, np.random.Generator], pd.DataFrame]
Eligible = Callable[[pa.Table, Table], Flags]
MONEY_OF_STATEMENT = [column.name for column in TABLES["financial_statements"] if column.kind == "money"]
AMOUNT = {
    "bureau_reports": "lines_total",
    "legal_cases": "claim_amount",
    "enforcement_records": "amount",
    "compliance_events": "amount",
    "operating_metrics": "sales_amount",
    "esg_events": "amount",
}
"""Optional amounts that may come with the wrong sign."""
METRICS = (
    "operating_metrics", "supply_chain_metrics", "market_surveys", "management_assessments", "esg_assessments",
)  # fmt: skip
"""Tables of measured values, in which some are far off."""


@dataclass(frozen=True, kw_only=True)
class Defect:
    """One kind of dirt."""

    name: str
    share: float
    """Of the table's rows."""
    rule: str | None
    """The data-quality rule that must see it; None: no rule can, the features must bear it."""
    fate: Literal["copy", "aside", "repaired", "flag", "unseen"]
    """What becomes of the row: dropped as a copy, set aside, repaired, kept with a flag, kept."""
    edit: Edit
    eligible: Eligible = lambda rows, _table: np.ones(rows.num_rows, dtype=bool)
    """Which clean rows can get it."""
    keeps_key: bool = False
    """Whether an extra row has the key of the row it was copied from."""

    @property
    def is_extra(self) -> bool:
        """Whether the bad row stands beside the original or in its place."""
        return self.fate in ("copy", "aside")


def word_column(table: Table) -> str | None:
    """Return the first column of words that may be mistyped; None if the table has none outside its key."""
    return next((column.name for column in table if column.kind == "enum" and column.name not in table.key), None)


def _same(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    return rows


def _conflicting(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    money = next((column.name for column in table if column.kind == "money" and column.required), None)
    if money:
        rows[money] = (rows[money] * 1.1).round(2)
    rows[table.availability] -= pd.Timedelta(days=1)
    return rows


def _late(rows: pa.Table, table: Table) -> Flags:
    """A copy known a day earlier must not look known before its event."""
    if table.happened is None:
        return np.ones(rows.num_rows, dtype=bool)
    late: Flags = pc.greater(rows[table.availability], rows[table.happened]).to_numpy()
    return late


def _negative(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["amount"] = -rows["amount"]
    return rows


def _negative_value(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows[AMOUNT[table.name]] = -rows[AMOUNT[table.name]]
    return rows


def _positive(rows: pa.Table, table: Table) -> Flags:
    positive: Flags = pc.fill_null(pc.greater(rows[AMOUNT[table.name]], 0), False).to_numpy()
    return positive


def _known_before(rows: pd.DataFrame, table: Table, rng: np.random.Generator) -> pd.DataFrame:
    rows[table.availability] = rows[table.happened] - pd.to_timedelta(rng.integers(1, 11, len(rows)), unit="D")
    return rows


def _unknown_when(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows[table.availability] = pd.NaT
    return rows


def _typo(rows: pd.DataFrame, table: Table, rng: np.random.Generator) -> pd.DataFrame:
    column = word_column(table)
    spellings = [" " + rows[column].str.title(), rows[column].str.upper(), rows[column] + " "]
    rows[column] = np.choose(rng.integers(0, 3, len(rows)), [s.to_numpy(dtype=object) for s in spellings])
    return rows


def _has_word(rows: pa.Table, table: Table) -> Flags:
    has_word: Flags = pc.is_valid(rows[word_column(table)]).to_numpy()
    return has_word


def _unknown_value(rows: pd.DataFrame, table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows[word_column(table)] = "barter"
    return rows


def _unknown_customer(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["customer_id"] = "X" + rows["customer_id"].str[1:]
    return rows


def _unit_slip(rows: pd.DataFrame, _table: Table, rng: np.random.Generator) -> pd.DataFrame:
    factor = rng.choice([1e3, 1e4], len(rows))
    rows[MONEY_OF_STATEMENT] = rows[MONEY_OF_STATEMENT].mul(factor, axis=0).round(2)
    return rows


def _between_plain_neighbours(rows: pa.Table, _table: Table) -> Flags:
    """Every third statement that stands between two others of its customer, none of the three a restatement's pair."""
    customer = rows["customer_id"].to_numpy()
    restated = rows["is_restatement"].to_numpy()
    plain = ~(restated | np.r_[restated[1:], False])
    fine = np.zeros(len(customer), dtype=bool)
    fine[1:-1] = (customer[:-2] == customer[2:]) & plain[:-2] & plain[1:-1] & plain[2:]
    return fine & (np.arange(len(customer)) % 3 == 0)


def _unbalanced(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["total_equity"] = (rows["total_equity"] + 0.05 * rows["total_assets"]).round(2)
    return rows


def _spike(rows: pd.DataFrame, table: Table, rng: np.random.Generator) -> pd.DataFrame:
    """Move one metric of each row by its own size times a draw of Student's t(3), but not out of its possible range."""
    metrics = [c for c in table if c.kind in ("number", "ratio", "money") and c.name not in table.key]
    chosen = rng.integers(0, len(metrics), len(rows))
    factor = 1 + rng.standard_t(3, len(rows))
    for place, column in enumerate(metrics):
        spiked = (rows[column.name] * factor).clip(column.minimum, column.maximum).round(2)
        rows[column.name] = rows[column.name].where(chosen != place, spiked)
    return rows


def _without_invoice(rows: pa.Table, _table: Table) -> Flags:
    without: Flags = pc.is_null(rows["invoice_id"]).to_numpy()
    return without


def _in_percent(rows: pd.DataFrame, _table: Table, _rng: np.random.Generator) -> pd.DataFrame:
    rows["market_share"] = (rows["market_share"] * 100).round(2)
    return rows


EXACT = Defect(name="exact_duplicate", share=0.003, rule="DQ01", fate="copy", edit=_same, keeps_key=True)
CONFLICT = Defect(
    name="conflicting_duplicate", share=0.0005, rule="DQ01", fate="aside", edit=_conflicting, eligible=_late,
    keeps_key=True,
)  # fmt: skip
NEGATIVE = Defect(name="negative_amount", share=0.001, rule="DQ08", fate="aside", edit=_negative)
NEGATIVE_VALUE = Defect(
    name="negative_value", share=0.001, rule="DQ11", fate="repaired", edit=_negative_value, eligible=_positive
)
BEFORE = Defect(name="known_before_event", share=0.001, rule="DQ04", fate="repaired", edit=_known_before)
NO_DAY = Defect(name="availability_missing", share=0.002, rule="DQ05", fate="aside", edit=_unknown_when)
IMPUTED_DAY = Defect(name="availability_imputed", share=0.002, rule="DQ05", fate="repaired", edit=_unknown_when)
TYPO = Defect(name="enum_typo", share=0.001, rule="DQ03", fate="repaired", edit=_typo, eligible=_has_word)
NO_VALUE = Defect(name="enum_unknown", share=0.0005, rule="DQ03", fate="aside", edit=_unknown_value)
STRANGER = Defect(name="unknown_customer", share=0.001, rule="DQ02", fate="aside", edit=_unknown_customer)
SLIP = Defect(
    name="unit_slip", share=0.002, rule="DQ10", fate="repaired", edit=_unit_slip, eligible=_between_plain_neighbours
)
UNBALANCED = Defect(name="balance_broken", share=0.005, rule="DQ09", fate="flag", edit=_unbalanced)
SPIKE = Defect(name="spike", share=0.005, rule=None, fate="unseen", edit=_spike)
UNALLOCATED = Defect(
    name="payment_without_invoice", share=1.0, rule=None, fate="unseen", edit=_same, eligible=_without_invoice
)
"""Drawn with the payments, so that the ledger stays exact; here they are only listed."""
PERCENT = Defect(name="percent_for_fraction", share=1.0, rule="DQ11", fate="repaired", edit=_in_percent)
"""A fault of the whole table; planted only on request."""

OWN = {"invoices": (NEGATIVE,), "payments": (UNALLOCATED,), "financial_statements": (SLIP, UNBALANCED)}
"""Defects of single tables; they come first, because they can take few rows."""


def defects_of(table: Table) -> tuple[Defect, ...]:
    """Return the dirt that a table gets by its contract, in the order of planting."""
    found = [*OWN.get(table.name, ()), EXACT]
    found += [NEGATIVE_VALUE] if table.name in AMOUNT else []
    found += [SPIKE] if table.name in METRICS else []
    found += [BEFORE] if table.happened else []
    found += [TYPO, NO_VALUE] if word_column(table) else []
    # A key that is a word of a list cannot be marked as a copy's.
    if table.availability not in table.key and table[table.key[0]].kind == "text":
        found.append(CONFLICT)
        found.append(NO_DAY if table.reporting_lag_days is None else IMPUTED_DAY)
    found += [STRANGER] if "customer_id" in table.references else []
    return tuple(found)
