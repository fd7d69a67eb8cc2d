"""The workbook: every table labelled, figures as figures, no formula from data, the same bytes for the same run."""

from io import BytesIO

import pytest
from committee_run import committee_run
from openpyxl import load_workbook

from features.dimensions import CATALOGUE
from pipelines.glossary import LANGUAGES, Language
from pipelines.pages.sheets import sheets
from pipelines.pages.wording import Wording
from pipelines.workbook import workbook


def read(run, lang: Language = "en"):
    return load_workbook(BytesIO(workbook(run, Wording(lang))))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sheet_and_column_has_a_name_and_every_applicant_a_row(lang: Language):
    run = committee_run()

    book = read(run, lang)

    declared = sheets(run, Wording(lang))
    assert book.sheetnames == [sheet.title[:31] for sheet in declared]
    for page, sheet in zip(book.worksheets, declared, strict=True):
        assert page.max_row == 1 + len(sheet.rows)
        assert page.freeze_panes == "A2"
    applicants = book[Wording(lang).say("explorer.list")]
    assert applicants.max_row == 1 + len(run["applicants"]["rows"])
    assert applicants["F2"].value == pytest.approx(run["applicants"]["rows"][0]["points"])
    assert book.worksheets[-1].max_row == 1 + len(CATALOGUE.features)


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")'])
def test_a_customer_called_like_a_formula_is_text(name: str):
    run = committee_run()
    run["applicants"]["rows"][0]["customer_id"] = name

    cell = read(run)["Applicants"]["B2"]

    assert (cell.value, cell.data_type, cell.quotePrefix) == (name, "s", True)


def test_a_character_that_no_workbook_can_hold_is_replaced():
    run = committee_run()
    run["applicants"]["rows"][0]["customer_id"] = "C\x00\x0b1"

    assert read(run)["Applicants"]["B2"].value == "C\ufffd\ufffd1"


def test_the_same_run_gives_the_same_bytes_and_tells_no_time_of_writing():
    assert workbook(committee_run(), Wording("zh")) == workbook(committee_run(), Wording("zh"))
    assert read(committee_run()).properties.modified.year == 1980


def test_what_was_not_assessed_is_empty_and_not_zero():
    book = read(committee_run())

    rows = {row[0].value: row[1].value for row in book.worksheets[4].iter_rows(min_row=2)}

    assert rows["Industry reputation"] is None
    assert rows["Financial condition"] > 0


def test_the_decisions_of_every_policy_and_the_swaps_between_them_can_be_computed_on():
    run = committee_run()

    book = read(run)

    decisions = list(book["Decisions"].values)
    assert len(decisions) == 1 + 4 * len(run["policy"]["policies"])
    assert sum(row[2] for row in decisions[1:5]) == run["policy"]["n"]
    swaps = list(book["The policy beside others"].values)
    assert {row[0] for row in swaps[1:]} == {"Conservative", "Growth"}
