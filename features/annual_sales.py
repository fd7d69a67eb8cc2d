"""A year's credit sales to a customer, as our own ledger knows them: what a limit and a cut-off are measured by."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features import ledger
from features.point_in_time import age_days, known, within
from features.tables import INVOICES

YEAR = 365


def annual_sales(applications: ir.Table, tables: Mapping[str, ir.Table]) -> ir.Table:
    """Return application_id and `annual_sales`: what was invoiced in the year up to `as_of`, in minor units.

    Only customers first invoiced a whole year ago or longer, and invoiced since, have a row: of others nobody knows a year's
    sales. Cancelled invoices and credit notes do not count.
    """
    if "invoices" not in tables:
        return applications.select("application_id", annual_sales=ibis.literal(0, "int64")).filter(ibis.literal(False))
    rows = ledger.receivables(known(applications, INVOICES, tables["invoices"]))
    year, first = within(rows, "issued_on", YEAR), age_days(rows, "issued_on").max()
    sums = rows.group_by("application_id").agg(annual_sales=rows.due.sum(where=year), first=first)
    return sums.filter((sums["first"] >= YEAR) & (sums["annual_sales"] > 0)).drop("first")
