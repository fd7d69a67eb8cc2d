"""Which sources were searched for whom: it tells 'searched, nothing found' from 'never searched'."""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from features.catalogue import Catalogue
from features.point_in_time import known, within
from features.tables import SOURCE_CHECKS

HOLDS_DAYS = 365
"""A search older than this says nothing about today."""


def sources(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the sources whose search makes 'no row' mean zero for some feature, by name."""
    return tuple(sorted({f.zero_if_checked for f in catalogue.features if f.zero_if_checked}))


def searched(
    applications: ir.Table, tables: Mapping[str, ir.Table], names: Collection[str], complete: Collection[str] = ()
) -> ir.Table:
    """Return application_id and one flag a source: searched without failure in the year up to `as_of`, as then known.

    `complete` names sources that were searched for everybody, beyond what `source_checks` tells; without that table only they
    count as searched.
    """
    asked = applications.select("application_id")
    if "source_checks" not in tables or not names:
        return asked.mutate(**{name: ibis.literal(name in complete) for name in names})
    checks = known(applications, SOURCE_CHECKS, tables["source_checks"])
    useful = checks.filter(within(checks, "checked_at", HOLDS_DAYS), checks.status != "failed")
    flags = useful.group_by("application_id").agg(**{name: (useful.source == name).any() for name in names})
    joined = asked.left_join(flags, "application_id").drop("application_id_right")
    return joined.mutate(**{name: joined[name].coalesce(False) | (name in complete) for name in names})
