"""The output folder of a job: whole or not there at all, and one job at a time.

A job writes into a hidden folder beside the output and renames it in the end. What a killed job leaves hidden is cleared by
the next. The lock is the operating system's, on the hidden folder itself, so that it dies with its job.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from features.knock_outs import READ
from models.policy import decision
from pipelines.errors import InputError
from pipelines.spreadsheets import plain_column

INPUTS = "decision_inputs.parquet"
"""What the policy read, for `admission policy compare`."""

_KINDS = {"out_of_support": pa.bool_(), "is_new_customer": pa.bool_()}
_TEXTS = {"application_id", "customer_id", "industry", "region", *(rule.id for rule in READ)}
DECISION_INPUTS = pa.schema([(n, pa.string() if n in _TEXTS else _KINDS.get(n, pa.float64())) for n in decision.INPUTS])

SUMMARY = "summary.json"
"""The file by which a folder is known as one of ours."""

WRITTEN = {"scores.parquet", "scores.csv", INPUTS, "rejects.csv", "schema.json", SUMMARY, "quality.json", "set_aside"}
"""All that a job leaves: a folder that holds anything else is not a job's alone, and is never replaced."""


@contextmanager
def published(output: Path) -> Iterator[Path]:
    """Give an empty folder to write into; it becomes the output once everything is written, in place of an earlier one.

    InputError if the output is a folder that no job wrote, or another job is writing it.
    """
    _refuse_foreign(output)
    target = Path(os.path.abspath(output))  # noqa: PTH100 - resolve() would follow a link instead of replacing it
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, former = target.parent / f".{target.name}.partial", target.parent / f".{target.name}.former"
    lock = _locked(partial, output)
    try:
        _clear(partial)
        _restore(former, target)
        yield partial
        _sync(partial)
        _replace(partial, target, former)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _refuse_foreign(output: Path) -> None:
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise InputError(f"--output {output} is not a folder; name one that is new, empty or of an earlier job")
    found = {path.name for path in output.iterdir()} if output.is_dir() else set()
    if found and not {SUMMARY} <= found <= WRITTEN:
        foreign = ", ".join(sorted(found - WRITTEN)[:5]) or f"no {SUMMARY}"
        raise InputError(
            f"--output {output} holds files that no job wrote ({foreign}), and a job replaces the whole folder; name another"
        )


def _locked(partial: Path, output: Path) -> int:
    """Return the open, locked hidden folder."""
    partial.mkdir(exist_ok=True)
    busy = InputError(f"another job is writing {output} now; wait for it, or name another folder")
    try:
        lock = os.open(partial, os.O_RDONLY)
    except FileNotFoundError:
        raise busy from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A job that ends may have renamed the folder away in between.
        if os.path.samestat(os.fstat(lock), partial.stat()):
            return lock
    except OSError:
        pass
    os.close(lock)
    raise busy


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _restore(former: Path, target: Path) -> None:
    """Bring back the earlier output if a job was killed between the two renames."""
    if former.exists() and not target.exists():
        former.rename(target)
    shutil.rmtree(former, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Have the disk hold the files before a name promises them."""
    for path in [*(p for p in folder.rglob("*") if p.is_file()), folder]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def _replace(partial: Path, target: Path, former: Path) -> None:
    if target.exists():
        target.rename(former)
    partial.rename(target)
    shutil.rmtree(former, ignore_errors=True)


class Records:
    """The files of records, written batch by batch in row groups of one size: `scores.parquet`, and `scores.csv` if asked."""

    def __init__(self, folder: Path, schema: pa.Schema, *, with_csv: bool, with_inputs: bool):
        self.count = 0
        self._parquet = pq.ParquetWriter(folder / "scores.parquet", schema, compression="zstd")
        self._csv = pc.CSVWriter(folder / "scores.csv", schema) if with_csv else None
        self._inputs = pq.ParquetWriter(folder / INPUTS, DECISION_INPUTS, compression="zstd") if with_inputs else None

    def add(self, records: pa.RecordBatch, inputs: pd.DataFrame | None) -> None:
        """Write records in their order, and what the policy read of them."""
        if not records.num_rows:
            return
        self._parquet.write_batch(records)
        if self._csv is not None:
            self._csv.write_batch(_for_spreadsheets(records))
        if self._inputs is not None and inputs is not None:
            self._inputs.write_batch(pa.RecordBatch.from_pandas(inputs, DECISION_INPUTS, preserve_index=False))
        self.count += records.num_rows

    def close(self) -> None:
        """Write what is still in memory and the files' ends."""
        self._parquet.close()
        for file in (self._csv, self._inputs):
            if file is not None:
                file.close()


def _for_spreadsheets(records: pa.RecordBatch) -> pa.RecordBatch:
    """Return records whose ids, the only text that comes from outside, no spreadsheet runs."""
    for name in ("application_id", "customer_id"):
        place = records.schema.get_field_index(name)
        records = records.set_column(place, records.schema.field(place), plain_column(records.column(place)))
    return records
