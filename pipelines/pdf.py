"""The report's pages as PDF on A4, printed by a Chromium found on the machine; figures stay vector."""

import logging
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.errors import InputError
from pipelines.io import fresh_folder
from pipelines.report import FOLDER as REPORT

log = logging.getLogger(__name__)

FOLDER = Path("data/pdf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-pdf-header-footer")
PATIENCE_SECONDS = 120


def print_report(report: Path = REPORT, out: Path = FOLDER) -> Path:
    """Print every portfolio and applicant page of the report, one PDF a page; return the folder.

    InputError if there is no report or no browser, or if the browser fails.
    """
    pages = sorted((*report.glob("portfolio.*.html"), *report.glob("applicant-*.html")))
    if not pages:
        raise InputError(f"{report} holds no pages; run `admission report` (or `make run`) first")
    browser = find_browser()
    fresh_folder(out)
    for page in pages:
        print_page(browser, page, out / f"{page.stem}.pdf")
    log.info("%s: %d files", out, len(pages))
    return out


def find_browser() -> str:
    """Return the path of the first browser found; InputError says what to install."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise InputError(
            f"no browser to print with; looked for {', '.join(BROWSERS)}. Install Chromium (Debian: apt-get install "
            "chromium), or print the pages of data/report from any browser"
        )
    return found


def print_page(browser: str, page: Path, target: Path) -> None:
    """Print one page; InputError if no file came of it."""
    with TemporaryDirectory() as profile:
        command = [
            browser,
            *QUIET,
            f"--user-data-dir={profile}",
            f"--print-to-pdf={target.resolve()}",
            page.resolve().as_uri(),
        ]
        # The pages are our own and ask for nothing from outside; the sandbox is refused to root, as in containers.
        done = subprocess.run([*command, "--no-sandbox"], capture_output=True, check=False, timeout=PATIENCE_SECONDS)
    if done.returncode or not target.exists():
        raise InputError(f"{browser} could not print {page}: {done.stderr.decode(errors='replace').strip()[-300:]}")
