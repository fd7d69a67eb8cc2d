"""Text in files that people open in a spreadsheet: a cell that would run there as a formula is made plain text."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

FORMULA = "=+-@\t\r"
"""With one of these a formula begins; an apostrophe before it makes it text."""


def plain(text: str) -> str:
    """Return text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(tuple(FORMULA)) else text


def plain_column(texts: pa.Array) -> pa.Array:
    """Return a column of text that no spreadsheet runs; null stays null."""
    begins = pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), pa.array(list(FORMULA)))
    return pc.if_else(begins, pc.binary_join_element_wise("'", texts, ""), texts)


def plain_cell(cell: ir.StringValue) -> ir.StringValue:
    """Return the engine's expression of a delivered cell that no spreadsheet runs; a number with its sign stays one."""
    begins = cell.substr(0, 1).isin(list(FORMULA)) & cell.try_cast("float64").isnull()
    return ibis.ifelse(begins, ibis.literal("'") + cell, cell)
