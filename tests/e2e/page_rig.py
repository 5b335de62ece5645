# SPDX-License-Identifier: Apache-2.0
"""`verify.html` in Chromium with the network off, and what the rule of docs/spec/verifiers.md says of its lines beside Python's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

from kua.verify.report import Line, Report
from kua.words.lines import say_line
from tests.e2e.site_rig import chromium

STATIC: Final = Path(__file__).parents[2] / "src" / "kua" / "web" / "static"
PAGE: Final = STATIC / "verify.html"
STANDS_FOR: Final = {
    "page.inside_not_looked": {"film.inside_agrees", "film.inside_differs", "film.inside_unread"},
    "page.masks_not_looked": {"film.masks_not_looked"},
    "page.copy_not_compared": {"bundle.copy_holds", "bundle.copy_differs", "bundle.copy_not_compared", "verify.missing", "film.boxes"},
    "page.copies_not_named": {"film.no_strays", "bundle.files_unknown", "film.file_unsigned"},
    "page.commission_not_asked": {"film.commission_not_given"},
    "page.token_not_checked": {"film.token_not_checked"},
}
"""What the page does not judge: the code with which it says so, and the codes of Python's lines for which it stands."""

Row = tuple[str, str, str, str]
"""State, check, code and sentence."""


@contextmanager
def offline(language: str = "en-GB") -> Iterator[BrowserContext]:
    """Run Chromium without a network until the block ends."""
    with chromium() as browser:
        made = browser.new_context(locale=language)
        made.set_offline(True)
        yield made


@contextmanager
def opened(context: BrowserContext, file: Path = PAGE) -> Iterator[Page]:
    """Open the page as by a double click. Nothing may stumble in it, and nothing may be asked of the network."""
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("request", lambda request: None if request.url == file.as_uri() else trouble.append(request.url))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert not trouble


def look(page: Page, bundle: Path) -> tuple[int, list[Row]]:
    """Give the page a bundle; return how the page says that it ends, and its rows."""
    page.set_input_files("#file", str(bundle))
    page.locator("#answer").wait_for()
    seen: dict[str, Any] = page.evaluate(
        """() => ({
          ending: document.querySelector("#verdict").className,
          rows: [...document.querySelectorAll("#rows tbody tr")].map((row) => [row.dataset.state, row.dataset.check, row.dataset.code, row.children[1].textContent]),
          again: document.querySelector("#again").click(),
        })"""
    )
    return int(seen["ending"].removeprefix("verdict e")), [tuple(row) for row in seen["rows"]]


def said_by(report: Report, language: str = "en") -> list[Row]:
    """Return the lines of a report as rows."""
    return [(line.state, line.check, line.code, say_line(line.code, line.facts, language)) for line in report.lines]


def ending_of(rows: list[Row]) -> int:
    """Return the exit code of docs/spec/exit-codes.md."""
    return Report([Line(check, state, code) for state, check, code, _ in rows]).exit_code  # type: ignore[arg-type]  # a state from a page


def differences(page: list[Row], python: list[Row]) -> list[str]:
    """Return what breaks the rule: a line of one of the two for which the other has no equal and the page no `NOT CHECKED` of its own."""
    own = [row for row in page if row[2].startswith("page.")]
    told = [row for row in page if row not in own]
    excused = [
        row for row in python if row not in told and any(row[1] == each[1] and row[2] in STANDS_FOR.get(each[2], ()) for each in own)
    ]
    wanted = [row for row in python if row not in excused]
    wrong = [f"page: {row}" for row in told if row not in wanted] + [f"python: {row}" for row in wanted if row not in told]
    wrong += [f"not a NOT CHECKED: {row}" for row in own if row[0] != "NOT_CHECKED"]
    return wrong or ([] if told == wanted else ["another order"])
