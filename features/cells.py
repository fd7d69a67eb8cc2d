"""What a delivered cell means: text, number, day or flag, whatever type the file gave it.

A cell that has content but no meaning becomes null, with a reason; an empty one, and NaN in a file of numbers, says nothing.
"""

import ibis
import ibis.expr.types as ir

from features.tables import MINOR_UNITS, Column, Kind

TYPES: dict[Kind, str] = {
    "text": "string",
    "enum": "string",
    "integer": "int64",
    "number": "float64",
    "ratio": "float64",
    "money": "int64",
    "date": "date",
    "flag": "boolean",
}
"""The canonical type of each kind of column."""

_TRUE, _FALSE = ("true", "t", "1", "yes", "y", "是"), ("false", "f", "0", "no", "n", "否")
_LARGEST_AMOUNT = 1e15
"""Amounts beyond this many currency units cannot be whole minor units in 64 bits; no company has them."""
_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９．－", "0123456789.-"
"""Digits as a Chinese input method writes them."""
_FIRST_VISIBLE = "!"
"""The first character after all blanks."""


def delivered_cell(column: Column, raw: ir.Table) -> ir.Value:
    """Return the delivered column: as it is where its type already fits the contract, else as text without blanks."""
    delivered = raw[column.name]
    kind = delivered.type()
    if column.kind == "date" and kind.is_timestamp() and kind.timezone is None:
        return delivered.date()
    fits = {"date": kind.is_date(), "flag": kind.is_boolean(), "text": False, "enum": False}
    return delivered if fits.get(column.kind, kind.is_numeric()) else _trimmed(_as_text(delivered))


def needs_reading(column: Column, raw: ir.Table) -> bool:
    """Whether cells of a delivered column can have content without meaning: not in text, days and flags of that type."""
    kind = raw[column.name].type()
    typed = {"text": True, "date": kind.is_date() or kind.is_timestamp(), "flag": kind.is_boolean()}
    return not typed.get(column.kind, False)


def _as_text(delivered: ir.Value) -> ir.StringValue:
    """Return a cell as text. Whole numbers with gaps between them come as floats: there 1001.0 is 1001, NaN is nothing."""
    if not delivered.type().is_floating():
        return delivered.cast("string")
    whole = ibis.ifelse(delivered == delivered.round(), delivered.try_cast("int64"), ibis.null("int64"))
    return ibis.ifelse(delivered.isnan(), ibis.null("string"), whole.cast("string").coalesce(delivered.cast("string")))


def _trimmed(text: ir.StringValue) -> ir.StringValue:
    """Return text without blanks at its ends, null if nothing is left."""
    # Most cells have none: to look at both ends is several times faster than to trim.
    padded = (text < _FIRST_VISIBLE) | (text.right(1) < _FIRST_VISIBLE)
    return ibis.ifelse(padded, text.strip().nullif(""), text)


def was_padded(column: Column, raw: ir.Table) -> ir.BooleanValue:
    """Whether a cell of text was delivered with blanks around its content."""
    if not raw[column.name].type().is_string():
        return ibis.literal(False)
    text = raw[column.name]
    return (text != _trimmed(text)).coalesce(False)


def has_content(cell: ir.Value) -> ir.BooleanValue:
    """Whether a cell says anything; NaN in a file of numbers is its way to say nothing."""
    return cell.notnull() & ~cell.isnan() if cell.type().is_floating() else cell.notnull()


def missing_cell(column: Column) -> ir.Value:
    """Return the canonical value of a column that the file does not have."""
    if column.default is None:
        return ibis.null(TYPES[column.kind])
    return ibis.literal(column.default == "true")


def read(column: Column, cell: ir.Value, scale: ir.FloatingValue | None) -> ir.Value:
    """Return the canonical value of a cell, null where it has none; `scale` is what one unit of its money stands for."""
    value = _converted(column, cell, scale)
    return value if column.default is None else value.coalesce(_default_if_blank(column, cell))


def _default_if_blank(column: Column, cell: ir.Value) -> ir.Value:
    return ibis.ifelse(has_content(cell), ibis.null("boolean"), ibis.literal(column.default == "true"))


def _converted(column: Column, cell: ir.Value, scale: ir.FloatingValue | None) -> ir.Value:
    match column.kind:
        case "text":
            return cell
        case "enum":
            spelled = cell.lower()
            known = spelled.substitute(column.aliases) if column.aliases else spelled
            return ibis.ifelse(known.isin(column.allowed), known, ibis.null("string"))
        case "flag":
            return cell if cell.type().is_boolean() else _flag_of(cell.lower())
        case "date":
            return cell if cell.type().is_date() else _date_of(cell)
        case "money":
            value = number(cell)
            return _minor_units(value if scale is None else _reasonable(value * scale))
        case "integer":
            value = number(cell)
            return ibis.ifelse(value == value.round(), value, ibis.null("float64")).cast("int64")
        case _:
            return number(cell)


def _flag_of(spelled: ir.StringValue) -> ir.BooleanValue:
    return ibis.cases((spelled.isin(_TRUE), True), (spelled.isin(_FALSE), False), else_=ibis.null("boolean"))


def _date_of(cell: ir.StringValue) -> ir.DateValue:
    """Return the local calendar day that a text begins with; a time and its zone after it do not move the day."""
    iso = cell.re_search(r"^\d{4}-\d{2}-\d{2}([ T].*)?$")
    return ibis.ifelse(iso, cell.left(10), ibis.null("string")).try_cast("date")


def number(cell: ir.Value) -> ir.FloatingValue:
    """Return a finite number of reasonable size, null otherwise: neither NaN nor infinity is data."""
    if cell.type().is_numeric():
        return _reasonable(cell.cast("float64"))
    half_width = cell.translate(_FULL_WIDTH, _HALF_WIDTH)
    return _reasonable(cell.try_cast("float64").coalesce(half_width.try_cast("float64")))


def _reasonable(value: ir.FloatingValue) -> ir.FloatingValue:
    # NaN is larger than any number.
    return ibis.ifelse(value.abs() <= _LARGEST_AMOUNT, value, ibis.null("float64"))


def _minor_units(amount: ir.FloatingValue) -> ir.IntegerValue:
    return (amount * MINOR_UNITS).round().cast("int64")


def was_respelled(cell: ir.StringValue, value: ir.Value) -> ir.BooleanValue:
    """Whether an enum's value was written in another way: in capitals, or by an alias."""
    return (value.notnull() & (cell != value)).coalesce(False)


def unreadable_reason(column: Column, cell: ir.Value) -> ir.StringValue:
    """Return what is wrong with a cell that has content but no meaning, and what was expected."""
    expected = {
        "date": "is not a date; expected YYYY-MM-DD",
        "enum": f"is not one of {', '.join(column.allowed)}",
        "flag": "is neither true nor false",
        "integer": "is not a whole number",
    }.get(column.kind, "is not a number up to 1e15; expected digits with a decimal point and no thousands separators")
    return ibis.literal(f"{column.name} '") + cell.cast("string") + ibis.literal(f"' {expected}")


def any_of(flags: list[ir.BooleanValue]) -> ir.BooleanValue:
    """Whether any of the flags is up; False if there are none."""
    return ibis.or_(*flags) if flags else ibis.literal(False)
