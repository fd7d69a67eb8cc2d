"""The report on paper: one file a page, and plain words where it cannot be printed."""

import shutil
from pathlib import Path

import pytest
from committee_run import case, committee_run

from pipelines import pdf
from pipelines.errors import InputError
from pipelines.report import render_all


def test_a_report_that_is_not_there_is_named_with_what_to_run(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds no pages; run `admission report`"):
        pdf.print_report(tmp_path, tmp_path / "pdf")


def test_a_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(InputError, match="apt-get install chromium"):
        pdf.find_browser()


@pytest.mark.skipif(
    not any(map(shutil.which, pdf.BROWSERS)), reason="needs Chromium (Debian: apt-get install chromium)"
)
def test_every_page_of_the_portfolio_and_its_cases_becomes_a_pdf(tmp_path: Path):
    for name, page in render_all(committee_run() | {"cases": [case("median")]}).items():
        (tmp_path / name).write_text(page, encoding="utf-8")

    folder = pdf.print_report(tmp_path, tmp_path / "pdf")

    printed = {path.name: path.read_bytes() for path in folder.iterdir()}
    stems = ("portfolio", "applicant-median")
    assert set(printed) == {f"{stem}.{lang}.pdf" for stem in stems for lang in ("en", "zh")}
    assert all(content.startswith(b"%PDF") for content in printed.values())
