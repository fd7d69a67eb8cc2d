"""What a policy asks beyond the features: the request, the accounts and the knock-outs, one row an application."""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from features.frames.statements import beside_accounts
from features.knock_outs import READ, states
from features.tables import MINOR_UNITS

ACCOUNTS = ("total_equity", "cost_of_sales")
EVIDENCE = ("requested_limit", "requested_terms_days", *ACCOUNTS, *(rule.id for rule in READ))
"""The columns, by the names that policies read; a feature matrix may bring them along."""


def evidence(tables: Mapping[str, ir.Table], complete_sources: Collection[str]) -> ir.Table:
    """Return application_id and the columns of EVIDENCE, as known at `as_of`; amounts in currency units."""
    applications = tables["applications"]
    asked = applications.select("application_id", "as_of", "requested_limit", "requested_terms_days")
    known = beside_accounts(asked, applications, dict(tables), *ACCOUNTS)
    rules = states(applications, tables, complete_sources)
    amounts = {
        name: known[name].cast("float64") / ibis.literal(float(MINOR_UNITS)) for name in ("requested_limit", *ACCOUNTS)
    }
    named = known.select("application_id", requested_terms_days=known.requested_terms_days.cast("float64"), **amounts)
    return named.left_join(rules, "application_id").drop("application_id_right").select("application_id", *EVIDENCE)
