"""The report's tables as an Excel workbook, for those who want to compute on them: one labelled sheet a table.

A cell that begins like a formula is text: a customer called `=cmd()` does no harm. The same run gives the same bytes.
"""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from features.catalogue import Feature
from features.dimensions import CATALOGUE
from models.metrics import METRICS
from pipelines.pages.wording import Wording

FORMULA = re.compile(r"^[=+\-@\t\r]")
"""What spreadsheets take for the beginning of a formula."""

WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can hold: a workbook tells the run it is of, not when it was written."""

WIDEST = 60


class Sheet(NamedTuple):
    """A table: its title, the names of its columns, and its rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def workbook(run: dict[str, Any], w: Wording) -> bytes:
    """Return the workbook of a run in one language; `run` as the report reads it."""
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets(run, w):
        _write(book.create_sheet(sheet.title[:31]), sheet)
    return _fixed_bytes(book)


def sheets(run: dict[str, Any], w: Wording) -> list[Sheet]:
    """Return every table of the workbook, figures unrounded."""
    tables = (_about, _samples, _metrics, _grades, _dimensions, _indicators, _features, _applicants, _dictionary)
    return [table(run, w) for table in tables]


def _about(run: dict[str, Any], w: Wording) -> Sheet:
    details = run["details"]
    prints = [(w.say(f"print.{key}"), value) for key, value in details["created_from"].items()]
    rows = [
        (w.say("summary.source"), details["source_name"][w.lang]),
        (w.say("summary.until"), details["data_until"]),
        *prints,
        (w.say("disclaimer"), ""),
        (w.say("association"), ""),
    ]
    return Sheet(w.say("section.summary"), ("", ""), rows)


def _samples(run: dict[str, Any], w: Wording) -> Sheet:
    names = ("sample.name", "sample.from", "sample.to", "col.n", "col.bads", "col.rate")
    keys = ("from", "to", "n", "bads", "default_rate")
    rows = [(w.name("sample", s["sample"]), *(s[key] for key in keys)) for s in run["details"]["samples"]]
    return Sheet(w.say("sample.table"), [w.say(n) for n in names], rows)


def _metrics(run: dict[str, Any], w: Wording) -> Sheet:
    columns = [w.say(n) for n in ("col.metric", "col.value", "sample.from", "sample.to")]
    found = run["metrics"]["out_of_time"]
    rows = [
        (m.name_zh if w.lang == "zh" else m.name_en, *(found[m.id][key] for key in ("value", "low", "high")))
        for m in METRICS.values()
        if m.id in found
    ]
    return Sheet(w.say("metrics.table"), columns, rows)


def _grades(run: dict[str, Any], w: Wording) -> Sheet:
    names = (
        "col.grade",
        "col.n",
        "col.share",
        "col.bads",
        "col.mean_pd",
        "col.rate",
        "sample.from",
        "sample.to",
        "col.p",
    )
    keys = ("grade", "n", "share", "bads", "mean_pd", "default_rate", "low", "high", "jeffreys_p")
    rows = [tuple(g[key] for key in keys) for g in run["details"]["grades"]]
    return Sheet(w.say("grades.table"), [w.say(n) for n in names], rows)


def _dimensions(run: dict[str, Any], w: Wording) -> Sheet:
    names = {d.id: w.of(d) for d in CATALOGUE.dimensions}
    rows = [(names[d["id"]], d["mean_abs_points"], d["share"]) for d in run["explanation"]["dimensions"]]
    return Sheet(w.say("dimensions.chart"), [w.say(n) for n in ("col.dimension", "col.mean_points", "col.share")], rows)


def _indicators(run: dict[str, Any], w: Wording) -> Sheet:
    names = {i.id: w.of(i) for i in CATALOGUE.indicators}
    rows = [
        (
            names[i["id"]],
            i["mean_abs_points"],
            i["share"],
            *(_verdict(i[key], w) for key in ("verdict", "data_verdict")),
        )
        for i in run["explanation"]["indicators"]
    ]
    columns = ("col.indicator", "col.mean_points", "col.share", "col.model", "col.data")
    return Sheet(w.say("rows.title"), [w.say(n) for n in columns], rows)


def _verdict(verdict: str, w: Wording) -> str:
    return w.say("not_assessed") if verdict == "not assessed" else w.say(f"verdict.{verdict}")


def _features(run: dict[str, Any], w: Wording) -> Sheet:
    rows = [
        (f["id"], w.feature(CATALOGUE.feature(f["id"])), f["mean_abs_points"], f["share"], f["rho"], f["missing_share"])
        for f in run["explanation"]["features"]
    ]
    columns = [
        w.say("col.feature"),
        "",
        *(w.say(n) for n in ("col.mean_points", "col.share")),
        "ρ",
        w.say("col.missing_share"),
    ]
    return Sheet(w.say("col.feature"), columns, rows)


def _applicants(run: dict[str, Any], w: Wording) -> Sheet:
    found = run["applicants"]
    names = {i.id: w.of(i) for i in CATALOGUE.indicators}
    head = (
        "header.application",
        "header.customer",
        "header.as_of",
        "header.industry",
        "col.grade",
        "col.points",
        "col.pd",
    )
    keys = ("application_id", "customer_id", "as_of", "industry", "grade", "points", "pd_12m")
    rows = [(*(r[key] for key in keys), *(r["indicators"][i] for i in found["indicators"])) for r in found["rows"]]
    columns = [*(w.say(n) for n in head), *(names[i] for i in found["indicators"])]
    return Sheet(w.say("explorer.list"), columns, rows)


def _dictionary(_run: dict[str, Any], w: Wording) -> Sheet:
    rows = [(f.id, w.of(f), w.of(CATALOGUE.indicator_of(f.id)), f.formula, *_kind(f, w)) for f in CATALOGUE.features]
    columns = ("col.feature", "col.meaning", "col.indicator", "col.formula", "col.window", "col.unit", "col.direction")
    return Sheet(w.say("section.dictionary"), [w.say(n) for n in columns], rows)


def _kind(feature: Feature, w: Wording) -> tuple[str, str, int]:
    return w.window(feature.window), w.name("unitname", feature.unit), feature.direction


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
    if FORMULA.match(value):
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
