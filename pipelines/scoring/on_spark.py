"""Scoring on Spark: the same worker in every executor, its records written by partitions.

The executors send records, rows set aside and tallies through one stream of rows; the driver, which keeps none of the
records, sorts out the rest.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.bundle import Bundle
from pipelines import spark
from pipelines.io import Connection
from pipelines.params import Engine
from pipelines.scoring.decisions import Decider
from pipelines.scoring.matrix import KEYS, Matrix
from pipelines.scoring.output import DECISION_INPUTS, INPUTS
from pipelines.scoring.rejects import Reject
from pipelines.scoring.worker import SCHEMA, Scored, Stamp, Tally, Worker

MESSAGE = pa.schema([("message", pa.string()), ("content", pa.string())])
"""Beside the record's columns: what else a row can be, and its content as JSON; null in a record."""

READ = [field for field in DECISION_INPUTS if field.name not in SCHEMA.names]
"""What the policy read and the record does not hold anyway; null without a policy."""

STREAM = pa.schema([*(field.with_nullable(True).remove_metadata() for field in SCHEMA), *READ, *MESSAGE])

Shared = tuple[Bundle, Stamp, bool, Decider | None, NDArray[np.int64]]

_built: dict[tuple[Stamp, bool], Worker] = {}
"""The worker of this process: partitions come one after the other, and to build it takes a second or two."""


def score_on_spark(
    connection: Connection, matrix: Matrix, worker: Worker, folder: Path, scratch: Path, settings: Engine
) -> tuple[int, list[Reject], Tally]:
    """Write the records as the folder `scores.parquet`; return their number, the rows set aside and the tally.

    With a policy, what it read is written beside them as the folder `decision_inputs.parquet`. InputError if PySpark or Java
    is missing, or nothing answers at the master.
    """
    # A fresh copy, without the parsed trees: what is sent is text and numbers.
    shared: Shared = (replace(worker.bundle), worker.stamp, worker.with_reasons, worker.decider, matrix.repeated)
    stream = scratch / "stream"
    spark.map_batches(
        connection, matrix.path, (*KEYS, *worker.names, *matrix.evidence), mapper, shared, STREAM, stream, settings
    )
    records = _write_parts(stream, folder / "scores.parquet", SCHEMA)
    if worker.decider is not None:
        _write_parts(stream, folder / INPUTS, DECISION_INPUTS)
    return records, *_messages(stream, len(worker.names))


def mapper(shared: Shared) -> spark.Mapper:
    """Return what an executor does with the batches of a partition."""
    bundle, stamp, with_reasons, decider, repeated = shared
    key = (stamp, with_reasons)
    if key not in _built:
        _built[key] = Worker(bundle, stamp, with_reasons=with_reasons, decider=decider)
    worker = _built[key]

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            position = batch.column("row_index").to_numpy() + 1
            yield from _stream(worker.score(batch, position, repeated))

    return score


def _stream(scored: Scored) -> Iterator[pa.RecordBatch]:
    rows = scored.records.num_rows
    nothing = [pa.nulls(rows, field.type) for field in MESSAGE]
    yield pa.RecordBatch.from_arrays([*scored.records.columns, *_read(scored, rows), *nothing], schema=STREAM)
    tally = scored.tally
    counts = json.dumps([tally.rows, tally.missing.tolist(), tally.unseen.tolist()])
    messages = [("tally", counts), *(("reject", json.dumps(reject)) for reject in scored.rejects)]
    empty = [pa.nulls(len(messages), field.type) for field in [*SCHEMA, *READ]]
    told = [pa.array(part, pa.string()) for part in zip(*messages, strict=True)]
    yield pa.RecordBatch.from_arrays([*empty, *told], schema=STREAM)


def _read(scored: Scored, rows: int) -> list[pa.Array]:
    if scored.inputs is None:
        return [pa.nulls(rows, field.type) for field in READ]
    return list(pa.RecordBatch.from_pandas(scored.inputs, pa.schema(READ), preserve_index=False).columns)


def _write_parts(stream: Path, folder: Path, schema: pa.Schema) -> int:
    """Write the columns of a schema, of the records in each part of the stream, as a part of a folder; return their number."""
    folder.mkdir()
    count = 0
    # Spark draws lots for the names of parts, but numbers them first.
    for number, part in enumerate(sorted(stream.glob("*.parquet"))):
        path = folder / f"part-{number:05}.parquet"
        with pq.ParquetFile(part) as file, pq.ParquetWriter(path, schema, compression="zstd") as out:
            for batch in file.iter_batches(columns=[*schema.names, "message"]):
                records = batch.filter(pc.is_null(batch.column("message"))).select(schema.names)
                count += records.num_rows
                out.write_batch(pa.RecordBatch.from_arrays(records.columns, schema=schema))
    return count


def _messages(stream: Path, features: int) -> tuple[list[Reject], Tally]:
    told: Any = ds.dataset(stream, format="parquet").to_table(MESSAGE.names, filter=ds.field("message").is_valid())
    rejects, tally = [], Tally.none(features)
    for kind, content in zip(*(column.to_pylist() for column in told.columns), strict=True):
        if kind == "reject":
            rejects.append(Reject(*json.loads(content)))
        else:
            rows, missing, unseen = json.loads(content)
            tally += Tally(rows, np.array(missing), np.array(unseen))
    return sorted(rejects, key=lambda reject: reject.row or 0), tally
