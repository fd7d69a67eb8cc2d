"""Rows set aside by the batch job: each with its place, its key, the rule and the reason."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipelines.quarantine import VERDICT
from pipelines.spreadsheets import plain


class Reject(NamedTuple):
    """One row set aside; `row` counts the file's rows from 1 without its header, None for a line that is no row."""

    table: str
    row: int | None
    key: str
    rule: str
    reason: str


class Rejects:
    """The file of rows set aside, written as they come; `count` of them so far."""

    def __init__(self, path: Path):
        self.count = 0
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(VERDICT)

    def add(self, rejects: Iterable[Reject]) -> None:
        """Write rows set aside."""
        for reject in rejects:
            self._writer.writerow(reject._replace(key=plain(reject.key), reason=plain(reject.reason)))
            self.count += 1

    def close(self) -> None:
        """Write what is still in memory."""
        self._file.close()
