"""How the business runs as known at as_of: months counted back from the newest, market, supply chain, management, register."""

import ibis
import ibis.expr.types as ir

from features.catalogue import Frame
from features.frames.verbs import Tables, beside, events, ratio, recent
from features.point_in_time import by_recency, known, known_of_scope, latest, month_number, within
from features.tables import (
    CUSTOMERS,
    MACRO_SERIES,
    MANAGEMENT_ASSESSMENTS,
    MARKET_SURVEYS,
    OPERATING_METRICS,
    REGISTRY_CHANGES,
    SUPPLY_CHAIN_METRICS,
)

NEWEST_MONTH_DAYS = 183
"""Figures whose newest month began this many days before `as_of`, or earlier, say nothing about today."""

MONTHS_KEPT = 24
SURVEY_DAYS = 730
COMPARED_SURVEY_DAYS = 850
"""A survey to compare with may be somewhat older than the newest survey itself."""
FOUR_QUARTERS_DAYS = 457
"""Fifteen months: four quarters and the time until the newest of them is reported."""
ASSESSMENT_DAYS = 730


def _operations(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and month of the two years up to the newest month known at `as_of`.

    Columns: all of the table, `months_back` (0 is the newest month known: reports lag, so the last calendar months are not
    there yet), `of_peak` (sales over the highest monthly sales of the last 12 months, null before them) and `industry_yoy`
    (sales growth of the customer's industry section in that month, a fraction).
    """
    history = known(applications, OPERATING_METRICS, tables["operating_metrics"])
    of_application = ibis.window(group_by="application_id")
    dated = history.mutate(newest_month=history.month.max().over(of_application))
    counted = dated.mutate(months_back=month_number(dated.newest_month) - month_number(dated.month))
    kept = counted.filter(within(counted, "newest_month", NEWEST_MONTH_DAYS), counted.months_back < MONTHS_KEPT)
    of_last_year = ibis.ifelse(in_last_months(kept, 12), kept.sales_amount, ibis.null("int64"))
    of_peak = ratio(of_last_year, of_last_year.max().over(of_application))
    return _beside_industry(kept.mutate(of_peak=of_peak), applications, tables)


def in_last_months(view: ir.Table, months: int, ending: int = 0) -> ir.BooleanValue:
    """Whether a row of the frame lies in so many months that end `ending` months before the newest one."""
    return (view.months_back >= ending) & (view.months_back < ending + months)


def _beside_industry(rows: ir.Table, applications: ir.Table, tables: Tables) -> ir.Table:
    if "macro_series" not in tables:
        return rows.mutate(industry_yoy=ibis.null("float64"))
    master = latest(applications, CUSTOMERS, tables["customers"])
    scoped = beside(rows, master.select("application_id", scope=master.industry_code.left(1)))
    numbered = scoped.mutate(month_number=month_number(scoped.month))
    growth = tables["macro_series"].filter(lambda t: t.series == "industry_sales_yoy")
    released = known_of_scope(scoped, MACRO_SERIES, growth)
    keys = ["scope", "as_of", "month_number"]
    by_month = released.select(*keys[:2], month_number=month_number(released.month), industry_yoy=released.value)
    return numbered.left_join(by_month, keys).drop(*(f"{key}_right" for key in keys))


OPERATIONS = Frame(
    name="operations",
    reads=("customers", "operating_metrics"),
    may_read=("macro_series",),
    grain="history",
    view=_operations,
)


def _market(applications: ir.Table, tables: Tables) -> ir.Table:
    """One row per application and survey, with `newest_share`, `newest_provider`, `newest_date` of the last market share."""
    told = tables["market_surveys"].filter(lambda t: t.market_share.notnull())
    shares = by_recency(applications, MARKET_SURVEYS, told, SURVEY_DAYS).filter(lambda t: t.place == 0)
    newest = shares.select(
        "application_id", newest_share="market_share", newest_provider="provider", newest_date="survey_date"
    )
    return beside(by_recency(applications, MARKET_SURVEYS, tables["market_surveys"], COMPARED_SURVEY_DAYS), newest)


MARKET = Frame(name="market", reads=("market_surveys",), grain="history", view=_market)

SUPPLY_CHAIN = recent(SUPPLY_CHAIN_METRICS, FOUR_QUARTERS_DAYS)
MANAGEMENT = recent(MANAGEMENT_ASSESSMENTS, ASSESSMENT_DAYS)
REGISTER = events(REGISTRY_CHANGES)
