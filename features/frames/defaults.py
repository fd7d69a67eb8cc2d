"""Defaults of the customer and of its group, known at as_of; one row per application and event."""

import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.verbs import Tables, events
from features.point_in_time import connected, known
from features.tables import DEFAULT_EVENTS

DEFAULTS = events(DEFAULT_EVENTS)


def _group_defaults(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application in a group and known default event of another member; nulls where there is none."""
    members = connected(applications, tables["customers"])
    events = known(members, DEFAULT_EVENTS, tables["default_events"]).select("application_id", "event_date")
    grouped = members.select("application_id", "as_of").distinct()
    return grouped.left_join(events, "application_id").drop("application_id_right")


GROUP_DEFAULTS = Frame(
    name="group_defaults", reads=("customers", "default_events"), grain="history", view=_group_defaults
)
