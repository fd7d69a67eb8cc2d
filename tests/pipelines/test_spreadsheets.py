"""Text that no spreadsheet runs: what begins like a formula gets an apostrophe, everything else stays as it is."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.spreadsheets import FORMULA, plain, plain_column

TEXTS = st.text(st.one_of(st.sampled_from(FORMULA + "'客A1"), st.characters(exclude_categories=["Cs"])))


def test_what_begins_like_a_formula_gets_an_apostrophe_and_only_that() -> None:
    cells = ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "C1", "客户=1", "", None]

    safe = ["'=cmd()", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", "C1", "客户=1", "", None]
    assert plain_column(pa.array(cells)).to_pylist() == safe


@given(st.lists(TEXTS))
def test_a_column_is_made_plain_as_each_of_its_cells_is(texts: list[str]) -> None:
    found = plain_column(pa.array(texts, pa.string())).to_pylist()

    assert found == [plain(text) for text in texts]
    assert not any(text.startswith(tuple(FORMULA)) for text in found)
