"""Environment, social responsibility and governance as known at as_of: assessments by recency, events beside company size."""

import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.statements import beside_accounts
from features.frames.verbs import Tables, beside, recent
from features.point_in_time import known, latest
from features.tables import CUSTOMERS, ESG_ASSESSMENTS, ESG_EVENTS

ASSESSMENTS = recent(ESG_ASSESSMENTS, 730)


def _events(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and event, with the `revenue` of the latest accounts and the `employees` of the master data."""
    rows = known(applications, ESG_EVENTS, tables["esg_events"])
    staff = latest(applications, CUSTOMERS, tables["customers"]).select("application_id", "employees")
    return beside(beside_accounts(rows, applications, tables, "revenue"), staff)


EVENTS = Frame(
    name="esg_events",
    reads=("customers", "esg_events"),
    may_read=("financial_statements",),
    grain="history",
    view=_events,
)
