"""Pages of single applicants, written when somebody asks for them."""

from pathlib import Path

import pandas as pd
import pytest
from main_job import copy_of_run, params

from pipelines import applicant, explain
from pipelines.errors import InputError


def test_an_applicant_asked_for_gets_a_page_in_both_languages_with_links_to_the_report(tmp_path: Path):
    with copy_of_run(tmp_path):
        asked = str(pd.read_parquet(explain.CONTRIBUTIONS)["application_id"].iloc[7])

        written = applicant.run(params(), [asked, asked])

        assert [path.name for path in written] == [f"applicant-{asked}.{lang}.html" for lang in ("en", "zh")]
        page = written[0].read_text(encoding="utf-8")
        assert asked in page
        assert 'href="../report/portfolio.en.html"' in page
        assert f'href="applicant-{asked}.zh.html"' in page


def test_an_application_that_was_not_tested_is_named_and_nothing_is_written(tmp_path: Path):
    with copy_of_run(tmp_path):
        with pytest.raises(InputError, match=r"no application since the test began is called 'A-NONE'; the explorer"):
            applicant.run(params(), ["A-NONE"])

        assert not applicant.FOLDER.exists()


@pytest.mark.parametrize(
    ("identifier", "name"),
    [("A1-2", "applicant-A1-2"), ("../../x", "applicant-.._.._x"), ("申请 1", "applicant-申请_1")],
)
def test_an_application_s_name_never_becomes_a_path(identifier: str, name: str):
    assert applicant.file_name(identifier) == name
