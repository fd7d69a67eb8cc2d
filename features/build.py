"""Catalogue x tables x applications -> one row of features an application.

Missing is never zero. A table that is absent leaves its features null everywhere. Where 'no row' is to mean zero, a search of
the source must say so (`source_checks`, at most a year old): a search that found nothing gives 0, no search gives null.
"""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from features.catalogue import Catalogue, Feature, Frame
from features.frames.verbs import beside
from features.searches import searched, sources

Tables = Mapping[str, ir.Table]

KEYS = ("application_id", "customer_id", "as_of")


def build(
    applications: ir.Table, tables: Tables, catalogue: Catalogue, complete_sources: Collection[str] = ()
) -> ir.Table:
    """Return one row per application with every feature of the catalogue, as known at the end of `as_of`.

    Columns: application_id, customer_id, as_of, then the features in catalogue order (float64, or text for categories).
    A feature whose frame reads an absent table is null everywhere. `complete_sources` names sources known to be searched
    in full, beyond what the table `source_checks` tells.
    """
    searches = searched(applications, tables, sources(catalogue), complete_sources)
    result = beside(applications.select(*KEYS), searches.rename({_searched(s): s for s in sources(catalogue)}))
    for frame in _frames(catalogue):
        features = [f for f in catalogue.features if f.frame is frame]
        if not is_assessed(frame, tables):
            result = result.mutate(**{f.id: ibis.null("string" if f.is_category else "float64") for f in features})
        elif frame.grain != "features":
            result = _with_features(result, frame, features, applications, tables)
    return _with_coverage(result, catalogue).select(*KEYS, *(f.id for f in catalogue.features))


def is_assessed(frame: Frame, tables: Collection[str]) -> bool:
    """Whether all tables that a frame cannot do without are there."""
    return all(table in tables for table in frame.reads)


def _frames(catalogue: Catalogue) -> list[Frame]:
    unique = {f.frame.name: f.frame for f in catalogue.features}
    return list(unique.values())


def _with_features(
    result: ir.Table, frame: Frame, features: list[Feature], applications: ir.Table, tables: Tables
) -> ir.Table:
    view = frame.view(applications, dict(tables))
    if frame.grain == "history":
        raw = view.group_by("application_id").agg(**{f.id: f.expression(view) for f in features})
    else:
        raw = view.select("application_id", **{f.id: f.expression(view) for f in features})
    found = f"found_{frame.name}"
    values = raw.select("application_id", **{f.id: _bounded(f, raw[f.id]) for f in features}, **{found: True})
    joined = beside(result, values)
    zeros = {f.id: _zero_if_searched(f, joined, found) for f in features if f.zero_if_checked}
    return (joined.mutate(**zeros) if zeros else joined).drop(found)


def _searched(source: str) -> str:
    return f"searched_{source}"


def _bounded(feature: Feature, value: ir.Value) -> ir.Value:
    """Return the value clipped to the declared bounds; what is not a finite number is missing."""
    if feature.clip is None:
        return value
    number = value.cast("float64")
    finite = ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
    return finite.clip(float(feature.clip[0]), float(feature.clip[1]))


def _zero_if_searched(feature: Feature, rows: ir.Table, found: str) -> ir.FloatingValue:
    """What was found counts, searched or not; nothing found is 0 only where the source was searched."""
    value, was_found = rows[feature.id], rows[found].coalesce(False)
    searched = rows[_searched(feature.zero_if_checked)]
    return ibis.ifelse(searched, ibis.ifelse(was_found, value, 0.0), value.nullif(0.0))


def _with_coverage(result: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Add the features about the features: how many admission indicators have any value at all."""
    own = [f for f in catalogue.features if f.frame.grain == "features"]
    indicators = catalogue.admission_indicators
    assessed = [ibis.or_(*(result[f.id].notnull() for f in i.features)) for i in indicators if i.features]
    counted = result.mutate(
        assessed=sum((flag.cast("int64") for flag in assessed), ibis.literal(0)), assessable=len(indicators)
    )
    return counted.mutate(**{f.id: _bounded(f, f.expression(counted)) for f in own})
