"""Pages of single applicants as the committee asks for them, beyond the cases of the report."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import InputError
from pipelines.explain import EXPLANATION, explained, with_evidence
from pipelines.glossary import LANGUAGES
from pipelines.io import read_json
from pipelines.params import Params
from pipelines.report import EVALUATE, render_applicant

log = logging.getLogger(__name__)

FOLDER = Path("data/applicants")
REPORT_FROM_HERE = "../report/"


def run(params: Params, application_ids: Sequence[str]) -> list[Path]:
    """Write the pages of applications in both languages and return their paths.

    InputError names the applications that nobody made since the test began, before anything is written.
    """
    found = explained(params)
    place = {name: at for at, name in enumerate(found.applicants.people["application_id"])}
    unknown = [name for name in application_ids if name not in place]
    if unknown:
        raise InputError(
            f"no application since the test began is called {', '.join(map(repr, unknown))}; the explorer "
            "(data/report/explorer.en.html) lists them all"
        )
    cases = [found.applicants.case("asked", place[name]) for name in dict.fromkeys(application_ids)]
    details = {"details": read_json(EVALUATE / "details.json"), "explanation": read_json(EXPLANATION)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = []
    for case in with_evidence(cases, found, params):
        for lang in LANGUAGES:
            path = FOLDER / f"{file_name(case['application_id'])}.{lang}.html"
            page = render_applicant(details, case, lang, file=file_name(case["application_id"]), root=REPORT_FROM_HERE)
            path.write_text(page, encoding="utf-8")
            written.append(path)
    log.info("%s: %d pages", FOLDER, len(written))
    return written


def file_name(application_id: str) -> str:
    """Return an application's id as a file name: letters, digits, dots and hyphens, never a path."""
    return "applicant-" + re.sub(r"[^\w.-]", "_", application_id)
