"""The only join of history to applications, and the only date arithmetic.

A feature may use only what was *known* at `as_of`, read as the end of that day. Every frame is made from the verbs here:
`known` (every row we had learnt of, second lives hidden until known), `latest` (the newest version of it), and the windows
`(as_of - N days, as_of]`.
Source: point-in-time rules after Basel CRE36.78 and BCBS 239, here as an inner join on the availability column.
"""

import ibis
import ibis.expr.types as ir

from features.tables import CUSTOMERS, Column, Table

DAYS_PER_MONTH = 365.25 / 12


def observations(applications: ir.Table) -> ir.Table:
    """Return who is observed when: application_id, customer_id, as_of; one row an application."""
    return applications.select("application_id", "customer_id", "as_of")


def known(applications: ir.Table, table: Table, rows: ir.Table) -> ir.Table:
    """Return each application with every row of its customer's history that was known by the end of `as_of`.

    Columns: application_id, as_of and the columns of the table but those declared unused; second-life values not yet known
    are null. Grain: application x row of history.
    """
    hidden = {"as_of", *(column.name for column in table if column.unused)}
    history = rows.drop(*(name for name in rows.columns if name in hidden))
    joined = observations(applications).join(history, "customer_id")
    return _masked(table, joined.filter(joined[table.availability] <= joined.as_of))


def known_of_scope(asked: ir.Table, table: Table, rows: ir.Table) -> ir.Table:
    """Return each (scope, as_of) asked for with every row of the scope's series that was known by the end of `as_of`."""
    joined = asked.select("scope", "as_of").distinct().join(rows, "scope")
    return _masked(table, joined.filter(joined[table.availability] <= joined.as_of))


def _masked(table: Table, view: ir.Table) -> ir.Table:
    """Hide what became known later than its row: a judgment, a removal, a cancellation (rule PIT-3)."""
    seen = {
        column.name: ibis.ifelse(_is_revealed(column, view), view[column.name], ibis.null(view[column.name].type()))
        for column in table.second_lives
    }
    return view.mutate(**seen) if seen else view


def _is_revealed(column: Column, view: ir.Table) -> ir.BooleanValue:
    revealed = view[column.revealed_by] <= view.as_of
    return revealed.coalesce(column.undated == "seen")


def latest(
    applications: ir.Table, table: Table, rows: ir.Table, *, by: tuple[str, ...] = (), days: int | None = None
) -> ir.Table:
    """Return for each application (and each value of `by`) the newest version known at `as_of`, at most `days` old.

    Newest by availability, ties by the table's key from high to low, so that the choice never depends on row order.
    """
    view = known(applications, table, rows)
    if days is not None:
        view = view.filter(within(view, table.availability, days))
    order = [ibis.desc(column) for column in dict.fromkeys((table.availability, *table.key))]
    newest_first = ibis.window(group_by=["application_id", *by], order_by=order)
    return (
        view.mutate(_version=ibis.row_number().over(newest_first)).filter(lambda t: t["_version"] == 0).drop("_version")
    )


def by_recency(applications: ir.Table, table: Table, rows: ir.Table, days: int) -> ir.Table:
    """Return what happened in the `days` up to `as_of` and was known by then, numbered from the newest: `place` 0, 1, ...

    Newest by the day it happened (an old fact that reaches us late is not news), then by availability, then by the table's
    key from high to low, so that the order never depends on that of the rows.
    """
    happened = table.happened or table.availability
    view = known(applications, table, rows)
    recent = view.filter(within(view, happened, days))
    order = [ibis.desc(column) for column in dict.fromkeys((happened, table.availability, *table.key))]
    return recent.mutate(place=ibis.row_number().over(ibis.window(group_by="application_id", order_by=order)))


def with_days(view: ir.Table, table: Table) -> ir.Table:
    """Add to the rows of a table when each happened and when we learnt of it: `happened_on` and `known_on`."""
    happened, known_on = view[table.happened or table.availability], view[table.availability]
    return view.mutate(happened_on=happened.cast("date"), known_on=known_on.cast("date"))


def connected(applications: ir.Table, customers: ir.Table) -> ir.Table:
    """Return the other members of each applicant's group by the master records known at `as_of`.

    Columns: application_id, customer_id (the member), as_of. Source: connected clients, EBA/GL/2017/15.
    """
    own = latest(applications, CUSTOMERS, customers).select("application_id", "customer_id", "as_of", "group_id")
    once_members = customers.select(member_id="customer_id", member_group="group_id").distinct()
    pairs = own.join(once_members, own.group_id == once_members.member_group)
    pairs = pairs.filter(pairs.member_id != pairs.customer_id)
    candidates = pairs.select("application_id", "as_of", customer_id="member_id", own_group="group_id")
    newest = latest(candidates, CUSTOMERS, customers, by=("customer_id",))
    still = newest.join(candidates, ["application_id", "customer_id"])
    return still.filter(still.group_id == still.own_group).select("application_id", "customer_id", "as_of")


def age_days(view: ir.Table, column: str | ir.Value) -> ir.IntegerValue:
    """Return whole days from a date to `as_of`; positive in the past."""
    day = view[column] if isinstance(column, str) else column
    return days_between(day, view.as_of)


def days_between(start: ir.Value, end: ir.Value) -> ir.IntegerValue:
    """Return whole days from `start` to `end`, negative if `end` comes first."""
    return end.delta(start, unit="day")


def within(view: ir.Table, column: str, days: int) -> ir.BooleanValue:
    """Whether a date lies in the window `(as_of - days, as_of]`."""
    age = age_days(view, column)
    return (age >= 0) & (age < days)


def month_number(day: ir.Value) -> ir.IntegerValue:
    """Return a running number of calendar months, so that a difference of 12 is a year on every engine."""
    return day.year().cast("int64") * 12 + day.month().cast("int64")


def months_since(view: ir.Table, column: str | ir.Value) -> ir.FloatingValue:
    """Return months, with fractions of 30.4375 days, from a date to `as_of`."""
    return age_days(view, column).cast("float64") / DAYS_PER_MONTH


def days_after(day: ir.Value, days: int | ir.IntegerValue) -> ir.DateValue:
    """Return the calendar day `days` days after a day."""
    step = ibis.interval(days=days) if isinstance(days, int) else days.as_interval("D")
    # Through a timestamp: engines disagree whether a date plus an interval is still a date.
    return (day.cast("timestamp") + step).date()
