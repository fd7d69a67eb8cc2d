r"""The Spark engine: the same features by the same expressions, for tables that outgrow one machine.

The only module that knows PySpark. On a cluster every node must see the project's folder under one path; what else it needs
(executors, memory, queues) stands in Spark's own spark-defaults.conf, or on the line of `spark-submit`:

    PYSPARK_PYTHON=$PWD/.venv/bin/python spark-submit --master spark://HOST:7077 --executor-memory 2g pipelines/cli.py \
        score --model data/train/bundle --input FOLDER_OR_MATRIX --output scores --policy balanced --engine spark

Features never pass through Python; the model does, in Arrow batches.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.build import build
from features.catalogue import Catalogue
from pipelines.errors import InputError
from pipelines.io import Connection, spill_folder, write_parquet
from pipelines.params import Engine

log = logging.getLogger(__name__)

Session = Any
"""A SparkSession; PySpark need not be installed."""

Mapper = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

SUBMITTED = "PYSPARK_GATEWAY_PORT"
"""Set by `spark-submit`, which says itself where Spark runs."""

LOCAL = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
"""On this machine alone nothing listens to the network."""

QUIET = {"spark.app.name": "customer admission", "spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false"}


def evaluate(
    connection: Connection,
    folder: Path,
    tables: Collection[str],
    catalogue: Catalogue,
    complete: Collection[str],
    path: Path,
    settings: Engine,
) -> None:
    """Write the features of every application in the order of its id, computed by Spark from the canonical tables in `folder`.

    The embedded engine of `connection` brings Spark's parts into one file, so that equal features are equal bytes on either
    engine. InputError if PySpark or Java is missing, or nothing answers at the master.
    """
    parts = spill_folder(connection) / "features"
    with session(settings, connection) as spark:
        _write_parts(spark, folder, tables, catalogue, complete, parts)
    rows = connection.read_parquet(f"{parts}/*.parquet", table_name="all_features")
    write_parquet(connection, rows, path, ("application_id",))


def _write_parts(
    spark: Session, folder: Path, tables: Collection[str], catalogue: Catalogue, complete: Collection[str], parts: Path
) -> None:
    backend = ibis.pyspark.connect(spark)

    def hold(rows: ir.Table, name: str) -> ir.Table:
        # Spark inlines every use of a subquery and plans anew after each stage: one frame at a time stays short.
        spark.sql(backend.compile(rows)).localCheckpoint().createOrReplaceTempView(f"held_{name}")
        log.info("%s: features computed", name)
        return backend.table(f"held_{name}")

    known = {name: _table(spark, backend, folder / f"{name}.parquet") for name in tables}
    features = build(known["applications"], known, catalogue, complete, hold)
    spark.sql(backend.compile(features)).write.parquet(parts.resolve().as_uri())


def _table(spark: Session, backend: Connection, path: Path) -> ir.Table:
    # The address in full: a cluster's own default may be another file system.
    spark.read.parquet(path.resolve().as_uri()).createOrReplaceTempView(path.stem)
    return backend.table(path.stem)


def map_batches(
    connection: Connection,
    matrix: Path,
    columns: Sequence[str],
    build: Callable[[Any], Mapper],
    shared: Any,
    schema: pa.Schema,
    path: Path,
    settings: Engine,
) -> None:
    """Write into the folder `path` what a mapper makes of the rows of a parquet file, partition by partition.

    `shared` is sent to every executor once, and `build` makes the mapper of it. Its batches hold the columns and, last, each
    row's place in the file, from 0; what it yields has the schema.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    with session(settings, connection) as spark:
        sent = spark.sparkContext.broadcast(shared)
        rows = spark.read.parquet(matrix.resolve().as_uri()).select(*columns, "_metadata.row_index")
        mapped = rows.mapInArrow(lambda batches: build(sent.value)(batches), from_arrow_schema(schema))
        mapped.write.parquet(path.resolve().as_uri())


@contextmanager
def session(settings: Engine, connection: Connection) -> Iterator[Session]:
    """Open a quiet Spark session at the master of the settings, or on this machine with the embedded engine's limits.

    InputError if PySpark or Java is missing, or nothing answers at the master.
    """
    spark = _start(QUIET if SUBMITTED in os.environ else QUIET | _where(settings, connection))
    try:
        yield spark
    finally:
        spark.stop()


def _where(settings: Engine, connection: Connection) -> dict[str, str]:
    master = settings.spark_master or f"local[{settings.threads}]"
    return {"spark.master": master, **(LOCAL | _limits(connection) if master.startswith("local") else {})}


def _limits(connection: Connection) -> dict[str, str]:
    (memory,) = connection.raw_sql("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchone()
    return {"spark.driver.memory": f"{memory // 2**20}m", "spark.local.dir": str(spill_folder(connection))}


def _start(options: dict[str, str]) -> Session:
    # Spark would take the first python3 of the path, which need not have our libraries.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "params.yaml: engine.kind is spark, but PySpark is not installed. "
            "Run `make spark` (or `pip install 'customer-admission[spark]'`), or set engine.kind to duckdb"
        ) from None
    try:
        return SparkSession.builder.config(map=options).getOrCreate()
    except PySparkException as error:
        raise InputError(
            f"Spark did not start: {error}. It needs Java 17 or newer: see `java -version`, install it "
            "(`apt-get install openjdk-17-jre-headless`) or let JAVA_HOME name its folder"
        ) from None
    except Py4JJavaError as error:
        raise InputError(
            f"params.yaml: engine.spark_master: Spark did not start at {options.get('spark.master')}: "
            f"{error.java_exception.getMessage()}. Expected null for this machine, or for example spark://host:7077 or yarn"
        ) from None
