"""What other creditors say as known at as_of: credit reports by recency beside the company's size, lists of bill acceptors."""

import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.statements import beside_accounts
from features.frames.verbs import Tables, beside, events
from features.point_in_time import by_recency, within
from features.tables import BILL_OVERDUE, BUREAU_REPORTS

REPORT_DAYS = 365
"""A report on a day longer ago says nothing about today."""
YEAR_APART_DAYS = (275, 455)
"""Two reports so many days apart tell what a year changed."""


def _reports(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and credit report, by `place` from the newest, far enough back to compare with a year before.

    Columns: all of the table; `newest_debt`, `newest_provider`, `newest_date` of the last report that tells the debt;
    `revenue`, `total_assets` of the latest accounts.
    """
    days = REPORT_DAYS + max(YEAR_APART_DAYS)
    rows = by_recency(applications, BUREAU_REPORTS, tables["bureau_reports"], days)
    told = rows.filter(rows.total_balance.notnull(), within(rows, "report_date", REPORT_DAYS))
    newest = told.group_by("application_id").agg(
        newest_debt=told.total_balance.argmin(told.place),
        newest_provider=told.provider.argmin(told.place),
        newest_date=told.report_date.argmin(told.place),
    )
    return beside_accounts(beside(rows, newest), applications, tables, "revenue", "total_assets")


REPORTS = Frame(
    name="bureau_reports",
    reads=("bureau_reports",),
    may_read=("financial_statements",),
    grain="history",
    view=_reports,
)

BILL_LISTS = events(BILL_OVERDUE)
