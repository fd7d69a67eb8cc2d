"""Stage `featurize`: canonical tables in, one row of point-in-time features per application out."""

import difflib
import logging
from pathlib import Path

from features.build import build, is_assessed
from features.dimensions import CATALOGUE
from pipelines.errors import InputError
from pipelines.ingest import CANONICAL
from pipelines.io import engine, fresh_folder, read_canonical, write_json, write_parquet
from pipelines.params import Params

log = logging.getLogger(__name__)

FOLDER = Path("data/featurize")
FEATURES, MANIFEST = FOLDER / "features.parquet", FOLDER / "manifest.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    fresh_folder(FOLDER)
    _refuse_unknown("exclude", params.featurize.exclude, {f.id for f in CATALOGUE.features})
    searched = {f.zero_if_checked for f in CATALOGUE.features if f.zero_if_checked}
    _refuse_unknown("complete_sources", params.featurize.complete_sources, searched)
    with engine(params.engine) as connection:
        tables = read_canonical(connection, CANONICAL)
        features = build(tables["applications"], tables, CATALOGUE, params.featurize.complete_sources)
        write_parquet(connection, features, FEATURES, ("application_id",))
        rows = int(tables["applications"].count().to_pyarrow().as_py())
    assessed = [f.id for f in CATALOGUE.features if is_assessed(f.frame, tables)]
    model = [f.id for f in CATALOGUE.of_role("model") if f.id in assessed and f.id not in params.featurize.exclude]
    write_json(MANIFEST, {"tables": sorted(tables), "assessed": assessed, "model": model})
    log.info("%d applications, %d features, %d of them for the model", rows, len(assessed), len(model))


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
