"""Stage `featurize`: canonical tables in, one row of point-in-time features per application out."""

import difflib
import logging
from pathlib import Path

import ibis.expr.types as ir

from features.build import build, is_assessed
from features.catalogue import Catalogue
from features.dimensions import CATALOGUE
from features.searches import searched, sources
from pipelines import spark
from pipelines.errors import InputError
from pipelines.ingest import CANONICAL
from pipelines.io import Connection, engine, fresh_folder, read_canonical, spill, write_json, write_parquet
from pipelines.params import Params
from pipelines.ranges import by_range, rows_at_once

log = logging.getLogger(__name__)

READ_ACROSS = {"customers", "default_events"}
"""Tables in which the features of one customer look up others, the members of its group."""

FOLDER = Path("data/featurize")
FEATURES, MANIFEST = FOLDER / "features.parquet", FOLDER / "manifest.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    _refuse_unknown("exclude", params.featurize.exclude, {f.id for f in CATALOGUE.features})
    _refuse_unknown("complete_sources", params.featurize.complete_sources, set(sources(CATALOGUE)))
    with engine(params.engine) as connection:
        tables = read_canonical(connection, CANONICAL)
        complete = params.featurize.complete_sources
        if params.engine.kind == "spark":
            spark.evaluate(connection, CANONICAL, tables, CATALOGUE, complete, FEATURES, params.engine)
        else:
            evaluate(connection, CANONICAL, tables, CATALOGUE, complete, FEATURES, rows_at_once(connection))
        searches, currency = _searches(tables, complete), _currency(tables)
    assessed = [f.id for f in CATALOGUE.features if is_assessed(f.frame, tables)]
    model = [f.id for f in CATALOGUE.of_role("model") if f.id in assessed and f.id not in params.featurize.exclude]
    manifest = {"tables": sorted(tables), "assessed": assessed, "model": model, "searches": searches}
    write_json(MANIFEST, manifest | {"currency": currency})
    log.info("%d features, %d of them for the model", len(assessed), len(model))


def _currency(tables: dict[str, ir.Table]) -> str | None:
    """Return the currency of all amounts: the one that `ingest` reports in."""
    found = tables["applications"].select("currency").distinct().to_pyarrow()["currency"].to_pylist()
    return found[0] if found else None


def _searches(tables: dict[str, ir.Table], complete: list[str]) -> dict[str, float]:
    """Return by source the share of applications for which it was searched in the year before."""
    names = sources(CATALOGUE)
    if "source_checks" not in tables and not complete:
        log.warning(
            "no table source_checks: where nothing is found, nobody knows whether anybody searched (%s)",
            ", ".join(names),
        )
    flags = searched(tables["applications"], tables, names, complete)
    shares = flags.agg(**{name: flags[name].cast("int64").mean() for name in names}).to_pyarrow().to_pylist()[0]
    return {name: round(share or 0.0, 6) for name, share in shares.items()}


def evaluate(
    connection: Connection,
    folder: Path,
    tables: dict[str, ir.Table],
    catalogue: Catalogue,
    complete: list[str],
    path: Path,
    rows: int,
) -> None:
    """Write the features of every application in the order of its id, computed for about `rows` rows of history at once.

    `tables` are those of `read_canonical` in `folder`. The same data give the same bytes, whatever `rows` is.
    """
    sql = connection.compile(build(tables["applications"], tables, catalogue, complete))
    own = tables.keys() - READ_ACROSS
    parts = [spill(connection, sql, f"features_{number}") for number in by_range(connection, folder, own, rows)]
    write_parquet(connection, connection.read_parquet(parts, table_name="all_features"), path, ("application_id",))


def _refuse_unknown(key: str, names: list[str], known: set[str]) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=1)
        raise InputError(
            f"params.yaml: featurize.{key} names what the catalogue does not know: {', '.join(unknown)}. "
            + (f"Did you mean {near[0]!r}?" if near else "data/README.md lists every name")
        )


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("featurize")
