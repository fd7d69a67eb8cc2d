"""A delivery of raw tables, taken to a feature matrix in the order of its applications by the stages that training uses."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from features.dimensions import CATALOGUE
from features.tables import APPLICATIONS
from pipelines import featurize, spark
from pipelines.ingest import ingest, judged_rows
from pipelines.io import Connection, quoted, read_canonical, read_json, spill
from pipelines.params import Params
from pipelines.ranges import rows_at_once
from pipelines.raw import no_rows
from pipelines.scoring.evidence import EVIDENCE, evidence
from pipelines.scoring.matrix import ROWS_A_GROUP, Matrix
from pipelines.scoring.rejects import Reject

log = logging.getLogger(__name__)

Tables = Mapping[str, ir.Table]


@dataclass(frozen=True)
class Delivery:
    """A delivery made ready: its matrix, its canonical tables, the quality report, and the folder of history set aside."""

    matrix: Matrix
    tables: Tables
    canonical: Path
    quality: dict[str, Any]
    quarantine: Path


def is_delivery(path: Path) -> bool:
    """Whether a path is a folder of raw tables rather than a feature matrix."""
    return path.is_dir()


def open_delivery(
    connection: Connection,
    raw: Path,
    scratch: Path,
    params: Params,
    check: Callable[[Tables], None],
    currency: str | None = None,
) -> Delivery:
    """Ingest raw tables and compute their features; `check` sees the tables before the features are computed.

    `currency` is the one that the model was trained in: amounts of others are converted by the delivery's fx_rates.
    InputError as in the stage `ingest`, except that a large share of rows set aside (DQ13) is reported and does not stop a
    batch of which every row set aside is listed.
    """
    canonical, quarantine, report = scratch / "canonical", scratch / "quarantine", scratch / "quality.json"
    for folder in (canonical, quarantine):
        folder.mkdir()
    changes = {"max_quarantined_share": 1.0, "currency": currency or params.ingest.currency}
    tolerant = params.model_copy(
        update={
            "ingest": params.ingest.model_copy(update=changes),
            "source": "tables",
            "input": raw,
        }
    )
    ingest(connection, raw, canonical, quarantine, report, tolerant, empty_is_absent=False)
    tables = read_canonical(connection, canonical)
    check(tables)
    features = scratch / "features.parquet"
    complete = params.featurize.complete_sources
    if params.engine.kind == "spark":
        spark.evaluate(connection, canonical, tables, CATALOGUE, complete, features, params.engine)
    else:
        rows = rows_at_once(connection)
        featurize.evaluate(connection, canonical, tables, CATALOGUE, complete, features, rows)
    asked = spill(connection, connection.compile(evidence(tables, complete)), "evidence")
    matrix = _in_order(connection, raw, features, asked, scratch / "matrix.parquet")
    return Delivery(matrix, tables, canonical, read_json(report), quarantine)


def _in_order(connection: Connection, raw: Path, features: Path, asked: Path, path: Path) -> Matrix:
    """Write the matrix, evidence for policies beside it, in the order of the applications; list those set aside."""
    judged = judged_rows(connection, APPLICATIONS)
    kept = judged.dq_rule.isnull() & ~judged.dq_fixed_DQ01
    order = connection.compile(judged.filter(kept).select("application_id", "dq_row"))
    sql = f"""
        SELECT f.*, e.* EXCLUDE (application_id) FROM read_parquet('{quoted(features)}') f
        JOIN ({order}) o USING (application_id) LEFT JOIN read_parquet('{quoted(asked)}') e USING (application_id)
        ORDER BY o.dq_row"""
    options = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {ROWS_A_GROUP}"
    connection.raw_sql(f"COPY ({sql}) TO '{quoted(path)}' ({options})")
    rows = connection.raw_sql(f"SELECT count(*) FROM read_parquet('{quoted(path)}')").fetchone()[0]
    return Matrix(path, raw, int(rows), np.empty(0, dtype=np.int64), _set_aside(connection, judged), EVIDENCE)


def _set_aside(connection: Connection, judged: ir.Table) -> tuple[Reject, ...]:
    """Return the applications that get no score: set aside, exact copies of another, and lines that are no rows."""
    bad = judged.filter(judged.dq_rule.notnull() | judged.dq_fixed_DQ01)
    reason = bad.dq_reason.coalesce(ibis.literal("an exact copy of another row"))
    listed = bad.select(
        row=bad.dq_row, key=bad.application_id.coalesce(""), rule=bad.dq_rule.coalesce("DQ01"), reason=reason
    )
    rows = listed.order_by("row").to_pyarrow().to_pylist()
    lines = no_rows(connection, APPLICATIONS).order_by("line").to_pyarrow().to_pylist()
    name = APPLICATIONS.name
    return (
        *(Reject(name, r["row"], r["key"], r["rule"], r["reason"]) for r in rows),
        *(Reject(name, None, r["text"], "DQ03", f"line {r['line']}: {r['reason']}") for r in lines),
    )
