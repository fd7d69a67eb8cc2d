"""What the application asks for, and who asks: one row an application."""

import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.verbs import Tables, beside
from features.point_in_time import known, latest
from features.tables import CUSTOMERS, INVOICES

ASKED = ("requested_limit", "requested_terms_days", "is_new_customer")
"""What an application says itself; what was decided about it must never be a feature."""


def _applications(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row an application: what it asks for, and the customer's master record known at `as_of`."""
    master = latest(applications, CUSTOMERS, tables["customers"]).drop("customer_id", "as_of", "known_at")
    joined = beside(applications.select("application_id", "as_of", *ASKED), master)
    if "invoices" not in tables:
        return joined
    invoiced = known(applications, INVOICES, tables["invoices"]).select("application_id").distinct()
    seen = beside(joined, invoiced.mutate(invoiced=True))
    return seen.mutate(is_new_customer=seen.is_new_customer.coalesce(~seen.invoiced.coalesce(False))).drop("invoiced")


APPLICATION = Frame(name="application", reads=("applications", "customers"), may_read=("invoices",), view=_applications)
