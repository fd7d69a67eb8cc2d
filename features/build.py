"""Catalogue x tables x applications -> one row of features an application.

Missing is never zero. A table that is absent leaves its features null everywhere. Where 'no row' is to mean zero, a search of
the source must say so (`source_checks`, at most a year old): a search that found nothing gives 0, no search gives null.
"""

import math
from collections.abc import Callable, Collection, Mapping

import ibis
import ibis.expr.types as ir

from features.catalogue import Catalogue, Feature, Frame
from features.searches import searched, sources

Tables = Mapping[str, ir.Table]

Hold = Callable[[ir.Table, str], ir.Table]
"""Takes rows and their name and returns the same rows, computed: for an engine that would rather not plan all at once."""

KEYS = ("application_id", "customer_id", "as_of")


def build(
    applications: ir.Table,
    tables: Tables,
    catalogue: Catalogue,
    complete_sources: Collection[str] = (),
    hold: Hold = lambda rows, _: rows,
) -> ir.Table:
    """Return one row per application with every feature of the catalogue, as known at the end of `as_of`.

    Columns: application_id, customer_id, as_of, then the features in catalogue order (float64, or text for categories).
    A feature whose frame reads an absent table is null everywhere. `complete_sources` names sources known to be searched
    in full, beyond what the table `source_checks` tells. `hold` is handed each part of the joined whole.
    """
    frames = [frame for frame in _frames(catalogue) if frame.grain != "features" and is_assessed(frame, tables)]
    joined = applications.select(*KEYS)
    searches = searched(applications, tables, sources(catalogue), complete_sources)
    joined = _beside(joined, hold(searches, "searches"), "searches")
    # One flat chain of joins: nested ones would be a query too deep to compile.
    for frame in frames:
        own = [f for f in catalogue.features if f.frame is frame]
        joined = _beside(joined, hold(_values(frame, own, applications, tables), frame.name), frame.name)
    values = {f.id: _value(f, joined, f.frame in frames) for f in catalogue.features if f.frame.grain != "features"}
    return _with_coverage(joined.select(*KEYS, **values), catalogue).select(*KEYS, *(f.id for f in catalogue.features))


def _beside(joined: ir.Table, part: ir.Table, name: str) -> ir.Table:
    """Join a part with one row an application; its key keeps the part's name, and is null where it has no row."""
    return joined.left_join(part.rename({_found(name): "application_id"}), [("application_id", _found(name))])


def _found(name: str) -> str:
    return f"found_{name}"


def is_assessed(frame: Frame, tables: Collection[str]) -> bool:
    """Whether all tables that a frame cannot do without are there."""
    return all(table in tables for table in frame.reads)


def _frames(catalogue: Catalogue) -> list[Frame]:
    unique = {f.frame.name: f.frame for f in catalogue.features}
    return list(unique.values())


def _values(frame: Frame, features: list[Feature], applications: ir.Table, tables: Tables) -> ir.Table:
    """Return application_id and the features of one frame, within their bounds."""
    view = frame.view(applications, dict(tables))
    if frame.grain == "history":
        raw = view.group_by("application_id").agg(**{f.id: f.expression(view) for f in features})
    else:
        raw = view.select("application_id", **{f.id: f.expression(view) for f in features})
    return raw.select("application_id", **{f.id: _bounded(f, raw[f.id]) for f in features})


def _value(feature: Feature, joined: ir.Table, is_computed: bool) -> ir.Value:
    """Return a feature of the joined parts: what was found counts, nothing found is 0 only where the source was searched."""
    if not is_computed:
        return ibis.null("string" if feature.is_category else "float64")
    value = joined[feature.id]
    if not feature.zero_if_checked:
        return value
    was_found = joined[_found(feature.frame.name)].notnull()
    return ibis.ifelse(joined[feature.zero_if_checked], ibis.ifelse(was_found, value, 0.0), value.nullif(0.0))


def _bounded(feature: Feature, value: ir.Value) -> ir.Value:
    """Return the value clipped to the declared bounds; what is not a finite number is missing."""
    if feature.clip is None:
        return value
    number, (low, high) = value.cast("float64"), map(float, feature.clip)
    # On both engines NaN is beyond infinity; written this way the query repeats the value's expression only once.
    is_finite = number.abs() < math.inf
    return ibis.ifelse(is_finite, ibis.least(ibis.greatest(number, low), high), ibis.null("float64"))


def _with_coverage(result: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Add the features about the features: how many admission indicators have any value at all."""
    own = [f for f in catalogue.features if f.frame.grain == "features"]
    indicators = catalogue.admission_indicators
    assessed = [ibis.or_(*(result[f.id].notnull() for f in i.features)) for i in indicators if i.features]
    counted = result.mutate(
        assessed=sum((flag.cast("int64") for flag in assessed), ibis.literal(0)), assessable=len(indicators)
    )
    return counted.mutate(**{f.id: _bounded(f, f.expression(counted)) for f in own})
