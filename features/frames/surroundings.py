"""The economy around the applicant as released by as_of: one row an application."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.verbs import Tables, beside
from features.point_in_time import known_of_scope, latest, within
from features.tables import CUSTOMERS, MACRO_SERIES

EVERYBODY = "ALL"
"""The scope of a series of the whole economy."""

SERIES_DAYS = {"business_climate": 62, "industry_default_rate": 92}
"""Series that applications are seen beside, and the days that a release of each holds."""


def _economy(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row an application: the newest value of each series in the customer's industry section, else in the economy."""
    master = latest(applications, CUSTOMERS, tables["customers"])
    section = master.select("application_id", scope=master.industry_code.left(1))
    asked = beside(applications.select("application_id", "as_of"), section)
    values = _newest_values(asked.union(asked.mutate(scope=ibis.literal(EVERYBODY))), tables["macro_series"])
    of_all = values.filter(values.scope == EVERYBODY).drop("scope").rename({_of_all(s): s for s in SERIES_DAYS})
    joined = asked.left_join(values, ["scope", "as_of"]).drop("scope_right", "as_of_right")
    joined = joined.left_join(of_all, "as_of").drop("as_of_right")
    either = {series: joined[series].coalesce(joined[_of_all(series)]) for series in SERIES_DAYS}
    return joined.select("application_id", "as_of", **either)


def _newest_values(asked: ir.Table, rows: ir.Table) -> ir.Table:
    """Return one row per (scope, as_of) asked for, with the value of each series in its newest month."""
    view = known_of_scope(asked, MACRO_SERIES, rows)
    holds = [(view.series == series) & within(view, "released_at", days) for series, days in SERIES_DAYS.items()]
    fresh = view.filter(ibis.or_(*holds))
    last_month = fresh.month.max().over(ibis.window(group_by=["scope", "as_of", "series"]))
    newest = fresh.mutate(last_month=last_month).filter(lambda t: t.month == t.last_month)
    values = {series: newest["value"].max(where=newest.series == series) for series in SERIES_DAYS}
    return newest.group_by(["scope", "as_of"]).agg(**values)


def _of_all(series: str) -> str:
    return f"{series}_of_all"


ECONOMY = Frame(name="economy", reads=("customers", "macro_series"), view=_economy)
