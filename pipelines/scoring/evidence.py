"""What a policy asks beyond the features: the request, the accounts and the knock-outs, one row an application."""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from features.annual_sales import annual_sales
from features.frames.statements import beside_accounts
from features.knock_outs import READ, states
from features.tables import APPLICATIONS, FINANCIAL_STATEMENTS, MINOR_UNITS, Column

ACCOUNTS = ("total_equity", "cost_of_sales")
AMOUNTS = ("requested_limit", *ACCOUNTS, "annual_sales")
EVIDENCE = ("requested_limit", "requested_terms_days", "annual_sales", *ACCOUNTS, *(rule.id for rule in READ))
"""The columns, by the names that policies read; a feature matrix may bring them along."""

LARGEST = 1e15
"""Amounts beyond it no company has; raw tables know none either."""


def _bounds(column: Column) -> tuple[float, float]:
    """Return what a raw table lets the number be, so that a matrix and raw tables set the same rows aside."""
    low, high = column.minimum, column.maximum
    return (-LARGEST if low is None else low, LARGEST if high is None else high)


BOUNDS = {
    **{name: _bounds(APPLICATIONS[name]) for name in ("requested_limit", "requested_terms_days")},
    **{name: _bounds(FINANCIAL_STATEMENTS[name]) for name in ACCOUNTS},
    "annual_sales": (0.0, LARGEST),
}
"""What the numbers among them can be."""


def evidence(tables: Mapping[str, ir.Table], complete_sources: Collection[str]) -> ir.Table:
    """Return application_id and the columns of EVIDENCE, as known at `as_of`; amounts in currency units."""
    applications = tables["applications"]
    asked = applications.select("application_id", "as_of", "requested_limit", "requested_terms_days")
    told = beside_accounts(asked, applications, dict(tables), *ACCOUNTS)
    told = told.left_join(annual_sales(applications, tables), "application_id").drop("application_id_right")
    rules = states(applications, tables, complete_sources)
    units = {name: told[name].cast("float64") / ibis.literal(float(MINOR_UNITS)) for name in AMOUNTS}
    named = told.select("application_id", requested_terms_days=told.requested_terms_days.cast("float64"), **units)
    return named.left_join(rules, "application_id").drop("application_id_right").select("application_id", *EVIDENCE)
