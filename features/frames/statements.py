"""The annual accounts known at as_of: the latest and the two before, side by side; one row an application."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.verbs import Tables, beside
from features.point_in_time import known, latest, month_number
from features.tables import FINANCIAL_STATEMENTS

STATEMENT_AGE_MONTHS = 24
"""A statement whose period ended earlier than this before `as_of` says nothing about today."""

STATEMENT_LAGS = (0, 1, 2)
STATEMENT_ITEMS = tuple(c.name for c in FINANCIAL_STATEMENTS if c.kind == "money" and not c.unused)


def _statements(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row an application: the latest annual statement (`revenue`) and those one and two years before (`revenue_1y`).

    Each period, told by the month it ends in, in its latest version known at `as_of`; statements of part of a year are
    ignored. A previous statement counts only if it ended 12 (24) months earlier: a change over an unknown number of years
    is no change over one.
    """
    annual = _annual(tables["financial_statements"])
    view = latest(applications, FINANCIAL_STATEMENTS, annual, by=("period_month",))
    ended = view.filter(view.period_end <= view.as_of)
    newest = ended.period_month.max().over(ibis.window(group_by="application_id"))
    lagged = ended.mutate(years_back=(newest - ended.period_month) / 12, newest_age=month_number(ended.as_of) - newest)
    recent = lagged.filter(lagged.newest_age <= STATEMENT_AGE_MONTHS, lagged.years_back.isin(STATEMENT_LAGS))
    items = {
        f"{item}{_lag_suffix(lag)}": recent[item].max(where=recent.years_back == lag)
        for item in STATEMENT_ITEMS
        for lag in STATEMENT_LAGS
    }
    of_newest = ("period_month", "period_end", "audit_opinion")
    newest_only = {name: recent[name].max(where=recent.years_back == 0) for name in of_newest}
    wide = recent.group_by("application_id").agg(**items, **newest_only)
    delay = _first_publication(applications, annual)
    asked = applications.select("application_id", "as_of", "requested_limit")
    joined = asked.inner_join(wide, "application_id").left_join(delay, ["application_id", "period_month"])
    return joined.drop("application_id_right", "period_month_right")


def _annual(statements: ir.Table) -> ir.Table:
    year = statements.filter(statements.period_months == 12)
    return year.mutate(period_month=month_number(year.period_end))


def _lag_suffix(lag: int) -> str:
    return f"_{lag}y" if lag else ""


def _first_publication(applications: ir.Table, annual: ir.Table) -> ir.Table:
    view = known(applications, FINANCIAL_STATEMENTS, annual)
    return view.group_by(["application_id", "period_month"]).agg(first_published=view.published_at.min())


STATEMENTS = Frame(name="statements", reads=("financial_statements",), view=_statements)


def beside_accounts(rows: ir.Table, applications: ir.Table, tables: Tables, *items: str) -> ir.Table:
    """Return the rows with items of the latest annual accounts beside them; null where there are none."""
    if "financial_statements" not in tables:
        return rows.mutate(**{item: ibis.null("int64") for item in items})
    return beside(rows, _statements(applications, tables).select("application_id", *items))
