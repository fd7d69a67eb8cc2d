"""Columns of fractions delivered in percent: a fault of the whole column, not of its rows (DQ11)."""

from collections.abc import Mapping

import ibis.expr.types as ir

from features.cells import delivered_cell, number
from features.tables import Column, Table

_HIGH = 1.5
"""A column of fractions whose median lies above is in percent."""
_FEW = 3
_BEYOND_SHARE = 0.1
"""Or one with more than a few values, and more than this share of them, above their maximum: fractions err seldom."""


def fractions(table: Table, raw: ir.Table) -> list[Column]:
    """Return the delivered columns of fractions."""
    return [c for c in table if c.kind == "ratio" and c.name in raw.columns]


def count_fractions(table: Table, raw: ir.Table) -> ir.Table:
    """Return one row: per column of fractions the values given, those above its maximum and above 1.5, and the largest."""
    counts = {}
    for column in fractions(table, raw):
        value = number(delivered_cell(column, raw))
        counts[f"{column.name}_given"] = value.count()
        counts[f"{column.name}_beyond"] = (value > column.maximum).sum().coalesce(0)
        counts[f"{column.name}_high"] = (value > _HIGH).sum().coalesce(0)
        counts[f"{column.name}_largest"] = value.max()
    return raw.agg(**counts)


def percentages(columns: list[Column], counts: Mapping[str, float]) -> list[str]:
    """Return in words which columns hold percent instead of fractions, by the row of `count_fractions`."""
    found = []
    for column in columns:
        given, beyond, high = (int(counts[f"{column.name}_{what}"]) for what in ("given", "beyond", "high"))
        if 2 * high > given or (beyond > _FEW and beyond > _BEYOND_SHARE * given):
            found.append(
                f"{column.name} holds percent instead of fractions: {beyond} of {given} values are above "
                f"{column.maximum:g}, the largest is {counts[f'{column.name}_largest']:g}"
            )
    return found
