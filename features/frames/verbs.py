"""What frames and features are made with: two kinds of frame for most tables, and arithmetic that knows missing from zero."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.catalogue import Frame
from features.point_in_time import age_days, by_recency, known, latest
from features.tables import Table

Tables = Mapping[str, ir.Table]

_MILLIONTHS = 1_000_000


def events(table: Table) -> Frame:
    """Return the frame of every row of a table known at `as_of`: one row per application and event."""

    def view(applications: ir.Table, tables: Tables) -> ir.Table:
        return known(applications, table, tables[table.name])

    return Frame(name=table.name, reads=(table.name,), grain="history", view=view)


def newest(table: Table, days: int) -> Frame:
    """Return the frame of the newest row of a table that became known in the `days` up to `as_of`: one row an application."""

    def view(applications: ir.Table, tables: Tables) -> ir.Table:
        return latest(applications, table, tables[table.name], days=days)

    return Frame(name=f"newest_{table.name}", reads=(table.name,), view=view)


def recent(table: Table, days: int) -> Frame:
    """Return the frame of the rows that happened in the `days` up to `as_of`, each with its `place` from the newest, 0."""

    def view(applications: ir.Table, tables: Tables) -> ir.Table:
        return by_recency(applications, table, tables[table.name], days)

    return Frame(name=f"recent_{table.name}", reads=(table.name,), grain="history", view=view)


def beside(rows: ir.Table, more: ir.Table) -> ir.Table:
    """Return the rows with the columns of `more` (one row an application) beside them, null where it has none."""
    again = [name for name in more.columns if name in rows.columns and name != "application_id"]
    return rows.left_join(more.drop(*again), "application_id").drop("application_id_right")


def ratio(numerator: ir.NumericValue, denominator: ir.NumericValue) -> ir.FloatingValue:
    """Return numerator / denominator as a float, null where the denominator is zero or anything is missing."""
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def weighted(amount: ir.IntegerValue, weight: ir.IntegerValue) -> ir.DecimalValue:
    """Return amount x weight exactly; a large invoice times days late does not fit 64 bits, its decimal does."""
    # The full width on one side: of two narrow decimals DuckDB makes a narrow product.
    return amount.cast("decimal(38, 0)") * weight.cast("decimal(9, 0)")


def total(amount: ir.NumericValue, rows: ir.BooleanValue) -> ir.NumericValue:
    """Return the sum of an amount over some rows: 0 where there is no such row, null where none of them tells its amount."""
    found = rows.any().coalesce(False)
    return ibis.ifelse(found, amount.sum(where=rows), ibis.literal(0))


def to_size(amount: ir.IntegerValue, rows: ir.BooleanValue, size: ir.IntegerValue) -> ir.FloatingValue:
    """Return the sum of an amount over some rows, as a share of the company's size (the same in every row).

    0 where there is no such row, whatever the size; null where amounts or size are unknown, or the size is not positive.
    """
    found = rows.any().coalesce(False)
    positive = ibis.ifelse(size > 0, size, ibis.null("int64")).max()
    return ibis.ifelse(found, ratio(amount.sum(where=rows), positive), 0.0)


def count(rows: ir.BooleanValue) -> ir.IntegerValue:
    """Return the number of rows for which something holds; null counts as no."""
    return rows.coalesce(False).sum()


def ever(rows: ir.BooleanValue) -> ir.IntegerValue:
    """Return 1 if something holds for any row, else 0."""
    return rows.any().coalesce(False).cast("int64")


def decayed(
    weight: ir.NumericValue | int, view: ir.Table, day: str, scale: int, rows: ir.BooleanValue
) -> ir.FloatingValue:
    """Return sum weight * exp(-age/scale) over some rows, age in days since `day`; 0 where there is none.

    Every term is rounded to whole millionths, so that the sum is exact and the same on every engine.
    """
    fading = (-age_days(view, day).cast("float64") / scale).exp()
    terms = (fading * weight * _MILLIONTHS).round().cast("int64")
    return total(terms, rows).cast("float64") / _MILLIONTHS


def mean(value: ir.NumericValue, rows: ir.BooleanValue, scale: int = _MILLIONTHS) -> ir.FloatingValue:
    """Return the mean of a value over some rows, null without any; exact, because it sums whole parts of one over `scale`."""
    parts = (value.cast("float64") * scale).round().cast("int64")
    return ratio(parts.sum(where=rows), parts.count(where=rows)) / scale


def first_known(value: ir.Value, place: ir.IntegerValue, rows: ir.BooleanValue) -> ir.Value:
    """Return the value in the row of the lowest place among some rows, those that do not tell it left out; null without any.

    No two of the rows of an application may share a place.
    """
    return value.argmin(place, where=rows & value.notnull())


def newest_known(view: ir.Table, value: ir.Value) -> ir.Value:
    """Return the value in the newest row of a frame made by `recent` that tells it.

    One source seldom tells all columns (an authority gives a grade, an agency its scores), so a newer row that is silent
    does not hide the last that spoke.
    """
    return value.argmin(view.place, where=value.notnull())
