"""Readers meet bytes that nobody chose: they refuse in words, or account for every row. Never a crash, never a lost row."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from trial import params

from features.dimensions import CATALOGUE
from pipelines.errors import InputError
from pipelines.io import Connection, engine
from pipelines.scoring.matrix import KEYS, open_matrix
from pipelines.scoring.rows import read_rows

NAMES = ("rr_overdue_ratio_now", "cx_requested_terms_days", "cx_region")
HEADER = [*KEYS, *NAMES]
EXAMPLES = 150
"""Of each kind; five kinds."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    with engine(params(engine__memory_limit="384MB").engine, tmp_path_factory.mktemp("engine")) as opened:
        yield opened


def accounted(connection: Connection, content: bytes, ending: str) -> tuple[int, int, int] | None:
    """Return rows delivered, good and set aside; None if the file was refused in words."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"m.{ending}"
        path.write_bytes(content)
        try:
            matrix = open_matrix(connection, path, NAMES)
            good, aside = 0, len(matrix.lines)
            for batch, position in matrix.batches(HEADER, 3):
                rows, rejects = read_rows(batch, position, NAMES, matrix.repeated)
                good += len(rows.frame)
                aside += len(rejects)
                numbers = rows.frame[list(NAMES[:2])].to_numpy(dtype=float)
                assert not np.isinf(numbers).any()
        except InputError:
            event("refused")
            return None
        event("read")
        return matrix.rows_in, good, aside


cells = st.one_of(
    st.just(""),
    st.floats(0, 1).map(repr),
    st.sampled_from(
        ["0.5", "1,5", "1 000", "inf", "-inf", "nan", "NaN", "1e400", "０.５", "45%", "null", '"', "12.3.4", "-"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6),
)
rows = st.lists(
    st.tuples(st.integers(0, 9).map("A{}".format), st.just("C1"), st.just("2024-03-01"), *[cells] * 3), max_size=8
)


def in_csv(table: list[tuple[str, ...]], unread: tuple[str, ...] = ()) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[*HEADER, *unread], *table])
    return text.getvalue().encode()


@settings(max_examples=EXAMPLES)
@given(table=rows)
def test_every_row_of_a_well_formed_csv_is_scored_or_set_aside(
    table: list[tuple[str, ...]], connection: Connection
) -> None:
    found = accounted(connection, in_csv(table), "csv")

    if found is not None:
        delivered, good, aside = found
        assert delivered == good + aside == len(table)


@settings(max_examples=EXAMPLES)
@given(table=rows, data=st.data())
def test_what_stands_in_columns_that_nobody_reads_sets_no_row_aside(
    table: list[tuple[str, ...]], data: st.DataObject, connection: Connection
) -> None:
    wider = [(*row, data.draw(cells), data.draw(cells)) for row in table]

    found = accounted(connection, in_csv(wider, unread=("remark", "en_e_score")), "csv")

    assert found == accounted(connection, in_csv(table), "csv")


@settings(max_examples=EXAMPLES)
@given(table=rows, at=st.floats(0, 1), junk=st.binary(max_size=12), cut=st.booleans())
def test_a_csv_with_bytes_pushed_in_or_cut_off_is_read_or_refused(
    table: list[tuple[str, ...]], at: float, junk: bytes, cut: bool, connection: Connection
) -> None:
    whole = in_csv(table)
    place = int(at * len(whole))

    found = accounted(connection, whole[:place] + junk + (b"" if cut else whole[place:]), "csv")

    if found is not None:
        assert found[0] == found[1] + found[2]


values = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=5, max_size=5).map(lambda v: pa.array(v, pa.float64())),
    st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), min_size=5, max_size=5).map(pa.array),
    st.lists(st.one_of(st.none(), cells), min_size=5, max_size=5).map(lambda v: pa.array(v, pa.string())),
    st.lists(st.booleans(), min_size=5, max_size=5).map(pa.array),
    st.lists(st.dates(), min_size=5, max_size=5).map(pa.array),
    st.lists(st.binary(max_size=4), min_size=5, max_size=5).map(lambda v: pa.array(v, pa.binary())),
    st.lists(st.lists(st.integers(0, 3), max_size=2), min_size=5, max_size=5).map(
        lambda v: pa.array(v, pa.list_(pa.int64()))
    ),
    st.just(pa.nulls(5)),
)


def in_parquet(columns: tuple[pa.Array, ...]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(dict(zip(HEADER, columns, strict=True))), out)
    return out.getvalue()


@settings(max_examples=EXAMPLES)
@given(columns=st.tuples(*[values] * 6))
def test_every_row_of_a_parquet_of_any_types_is_scored_or_set_aside_or_the_file_refused(
    columns: tuple[pa.Array, ...], connection: Connection
) -> None:
    found = accounted(connection, in_parquet(columns), "parquet")

    if found is not None:
        assert found[0] == found[1] + found[2] == 5


GOOD = in_parquet(
    (
        pa.array([f"A{n}" for n in range(5)]),
        pa.array(["C1"] * 5),
        pa.array(pd.to_datetime(["2024-03-01"] * 5)),
        pa.array([0.1, 0.2, None, 0.4, 0.5]),
        pa.array([30.0] * 5),
        pa.array(["31"] * 5),
    )
)


@settings(max_examples=EXAMPLES)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), max_size=4), cut=st.integers(0, 200)
)
def test_a_parquet_with_bits_flipped_or_its_end_cut_off_is_read_or_refused(
    flips: list[tuple[int, int]], cut: int, connection: Connection
) -> None:
    content = bytearray(GOOD)
    for place, bits in flips:
        content[place] ^= bits

    found = accounted(connection, bytes(content[: len(content) - cut]), "parquet")

    if found is not None:
        assert found[0] == found[1] + found[2]


def test_the_names_of_the_matrix_under_test_are_in_the_catalogue() -> None:
    assert {CATALOGUE.feature(name).is_category for name in NAMES} == {True, False}
