"""The report's tables as an Excel workbook, for those who want to compute on them: one labelled sheet a table.

A cell that begins like a formula is text: a customer called `=cmd()` does no harm. The same run gives the same bytes.
"""

import re
import zipfile
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from pipelines.pages.sheets import Sheet, sheets
from pipelines.pages.wording import Wording
from pipelines.spreadsheets import FORMULA

WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can hold: a workbook tells the run it is of, not when it was written."""

WIDEST = 60


def workbook(run: dict[str, Any], w: Wording) -> bytes:
    """Return the workbook of a run in one language; `run` as the report reads it."""
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets(run, w):
        _write(book.create_sheet(sheet.title[:31]), sheet)
    return _fixed_bytes(book)


def _write(page: Any, sheet: Sheet) -> None:
    for line, row in enumerate((sheet.columns, *sheet.rows), start=1):
        for place, value in enumerate(row, start=1):
            if value is not None:
                _put(page.cell(row=line, column=place), value)
    for cell in page[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EBF0")
    page.freeze_panes = "A2"
    for place in range(1, len(sheet.columns) + 1):
        longest = max((len(str(row[place - 1])) for row in sheet.rows[:200] if place <= len(row)), default=0)
        page.column_dimensions[get_column_letter(place)].width = min(WIDEST, max(12, longest + 2))


def _put(cell: Cell, value: Any) -> None:
    """Write a value; what a spreadsheet would take for a formula is marked as text, as if typed after an apostrophe."""
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
    if value.startswith(tuple(FORMULA)):
        cell.data_type = "s"
        cell.quotePrefix = True


def _fixed_bytes(book: Workbook) -> bytes:
    """Return the workbook with every date of writing set to the same."""
    raw, fixed = BytesIO(), BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as found, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(found.namelist()):
            content = found.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            out.writestr(zipfile.ZipInfo(name, WRITTEN), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
