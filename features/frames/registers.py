"""Courts, authorities and licences as known at as_of: one row per application and record, beside the company's size."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.statements import beside_accounts
from features.frames.verbs import Tables, newest
from features.point_in_time import age_days, days_between, known
from features.tables import COMPLIANCE_EVENTS, ENFORCEMENT_RECORDS, LEGAL_CASES, LICENCES, TAX_RATINGS

LISTED_WINDOW_DAYS = 1095
RENEWAL_DAYS = 90
"""A licence that starts at most so long before or after the end of another takes over from it."""


def in_force(view: ir.Table, ended: str, told: str) -> ir.BooleanValue:
    """Whether a record is open at as_of: no end was `told` by then, or one that comes later (rule PIT-3)."""
    return view[told].isnull() | (age_days(view, ended) < 0)


def _cases(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and court case, with `revenue` and `total_assets` of the latest accounts."""
    rows = known(applications, LEGAL_CASES, tables["legal_cases"])
    return beside_accounts(rows, applications, tables, "revenue", "total_assets")


def _enforcement(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and entry of an enforcement register, with `total_assets` of the latest accounts."""
    rows = known(applications, ENFORCEMENT_RECORDS, tables["enforcement_records"])
    return beside_accounts(rows, applications, tables, "total_assets")


def _measures(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and measure of an authority, with `days_listed` and `revenue` of the latest accounts."""
    rows = known(applications, COMPLIANCE_EVENTS, tables["compliance_events"])
    return beside_accounts(_with_days_listed(rows), applications, tables, "revenue")


def _with_days_listed(measures: ir.Table) -> ir.Table:
    """Add `days_listed`: days of the last 1,095 that a measure was in force, without those of earlier ones of its kind.

    From its day to the day before its removal, or to as_of. Counted in days of age, so a later day is a smaller number.
    """
    start = ibis.least(age_days(measures, "occurred_on"), LISTED_WINDOW_DAYS - 1)
    end = age_days(measures, measures.removed_on.coalesce(measures.removal_known_at)).coalesce(-1)
    spans = measures.mutate(start=start, end=ibis.greatest(end, -1))
    earlier = ibis.window(
        group_by=["application_id", "event_type"], order_by=["occurred_on", "event_id"], preceding=(None, 1)
    )
    # Nothing is counted before the first of a kind: the least of a number and null is the number.
    counted_to = spans.end.min().over(earlier)
    return spans.mutate(days_listed=ibis.greatest(ibis.least(spans.start, counted_to) - spans.end, 0))


def _mandatory_licences(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and mandatory licence that no other took over from."""
    held = known(applications, LICENCES, tables["licences"]).filter(lambda t: t.is_mandatory)
    successors = held.select("application_id", started="valid_from")
    takes_over = (successors.started > held.valid_from) & (
        days_between(held.valid_to, successors.started).abs() <= RENEWAL_DAYS
    )
    return held.anti_join(successors, [held.application_id == successors.application_id, takes_over])


CASES = Frame(
    name="legal_cases", reads=("legal_cases",), may_read=("financial_statements",), grain="history", view=_cases
)
ENFORCEMENT = Frame(
    name="enforcement_records",
    reads=("enforcement_records",),
    may_read=("financial_statements",),
    grain="history",
    view=_enforcement,
)
MEASURES = Frame(
    name="compliance_events",
    reads=("compliance_events",),
    may_read=("financial_statements",),
    grain="history",
    view=_measures,
)
MANDATORY_LICENCES = Frame(name="licences", reads=("licences",), grain="history", view=_mandatory_licences)
TAX_GRADE = newest(TAX_RATINGS, 730)
