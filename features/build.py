"""Catalogue x tables x applications -> one row of features an application."""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from features.catalogue import Catalogue, Feature, Frame


def build(
    applications: ir.Table,
    tables: Mapping[str, ir.Table],
    catalogue: Catalogue,
    complete_sources: Collection[str] = (),
) -> ir.Table:
    """Return one row per application with every feature of the catalogue, as known at the end of `as_of`.

    Columns: application_id, customer_id, as_of, then the features in catalogue order (float64, or text for categories).
    A feature whose frame reads an absent table is null everywhere. `complete_sources` names the sources known to be
    searched in full: only there does 'no row' mean zero for features of missing class `zero`.
    """
    result = applications.select("application_id", "customer_id", "as_of")
    for frame in _frames(catalogue):
        features = [f for f in catalogue.features if f.frame is frame]
        if is_assessed(frame, tables):
            values = _compute(frame, features, applications, tables)
            result = result.left_join(values, "application_id").drop("application_id_right")
        else:
            result = result.mutate(**{f.id: ibis.null("string" if f.is_category else "float64") for f in features})
    zeros = {
        f.id: result[f.id].coalesce(0.0) for f in catalogue.features if _none_means_zero(f, tables, complete_sources)
    }
    ordered = [f.id for f in catalogue.features]
    return (result.mutate(**zeros) if zeros else result).select("application_id", "customer_id", "as_of", *ordered)


def is_assessed(frame: Frame, tables: Collection[str]) -> bool:
    """Whether all tables that a frame cannot do without are there."""
    return all(table in tables for table in frame.reads)


def _frames(catalogue: Catalogue) -> list[Frame]:
    unique = {f.frame.name: f.frame for f in catalogue.features}
    return list(unique.values())


def _compute(frame: Frame, features: list[Feature], applications: ir.Table, tables: Mapping[str, ir.Table]) -> ir.Table:
    view = frame.view(applications, dict(tables))
    if frame.grain == "history":
        raw = view.group_by("application_id").agg(**{f.id: f.expression(view) for f in features})
    else:
        raw = view.select("application_id", **{f.id: f.expression(view) for f in features})
    return raw.select("application_id", **{f.id: _bounded(f, raw[f.id]) for f in features})


def _bounded(feature: Feature, value: ir.Value) -> ir.Value:
    """Return the value clipped to the declared bounds; what is not a finite number is missing."""
    if feature.clip is None:
        return value
    number = value.cast("float64")
    finite = ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
    return finite.clip(float(feature.clip[0]), float(feature.clip[1]))


def _none_means_zero(feature: Feature, tables: Collection[str], complete_sources: Collection[str]) -> bool:
    searched = feature.missing == "zero" and feature.zero_if_checked in complete_sources
    return searched and is_assessed(feature.frame, tables)
