# SPDX-License-Identifier: Apache-2.0
"""`verify.html` on the bundles good and bad, in Chromium with the network off: what the page judges it judges as Python does (docs/spec/verifiers.md)."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext, Page

from kua.proof.leaf import REGISTRY
from kua.verify.bundle import verify_bundle
from kua.verify.onefile import tools
from kua.verify.report import Line, Report
from kua.words.lines import say_line
from kua.words.report import ENDINGS, STATES
from kua.words.speak import catalogue
from tests.e2e.site_rig import chromium
from tests.vectors.test_bundle_vectors import CASES, FOLDER, LIST, bundle_of
from tools.page_words import words

pytestmark = pytest.mark.browser

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


def said_by(report: Report, language: str = "en") -> list[Row]:
    return [(line.state, line.check, line.code, say_line(line.code, line.facts, language)) for line in report.lines]


def ending_of(rows: list[Row]) -> int:
    """The exit code of docs/spec/exit-codes.md."""
    return Report([Line(check, state, code) for state, check, code, _ in rows]).exit_code  # type: ignore[arg-type]  # a state from a page


def differences(page: list[Row], python: list[Row]) -> list[str]:
    """What breaks the rule of docs/spec/verifiers.md: a line of one of the two for which the other has no equal and the page no `NOT CHECKED`."""
    own = [row for row in page if row[2].startswith("page.")]
    told = [row for row in page if row not in own]
    excused = [row for row in python if row not in told and any(row[1] == each[1] and row[2] in STANDS_FOR.get(each[2], ()) for each in own)]
    wanted = [row for row in python if row not in excused]
    wrong = [f"page: {row}" for row in told if row not in wanted] + [f"python: {row}" for row in wanted if row not in told]
    wrong += [f"not a NOT CHECKED: {row}" for row in own if row[0] != "NOT_CHECKED"]
    return wrong or ([] if told == wanted else ["another order"])


def look(page: Page, bundle: Path) -> tuple[int, list[Row]]:
    """Give the page a bundle; return how the page says that it ends, and its rows."""
    page.set_input_files("#file", str(bundle))
    page.locator("#answer").wait_for()
    seen: dict[str, Any] = page.evaluate(
        """() => ({
          ending: document.querySelector("#verdict").className,
          rows: [...document.querySelectorAll("#rows tbody tr")].map((row) => [row.dataset.state, row.dataset.check, row.dataset.code, row.children[1].textContent]),
        })"""
    )
    page.locator("#again").click()
    return int(seen["ending"].removeprefix("verdict e")), [tuple(row) for row in seen["rows"]]


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    """A browser without a network, which reads English."""
    with chromium() as browser:
        made = browser.new_context(locale="en-GB")
        made.set_offline(True)
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """The page, opened as by a double click. Nothing may stumble in it, and nothing may be asked of the network."""
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("request", lambda request: None if request.url == PAGE.as_uri() else trouble.append(request.url))
    opened.goto(PAGE.as_uri())
    yield opened
    opened.close()
    assert not trouble


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every bundle of the list as a file."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, case in CASES.items():
        (folder / f"{name}.zip").write_bytes(bundle_of(case))
    return {name: folder / f"{name}.zip" for name in CASES}


def test_the_page_judges_every_bundle_of_the_list_as_python_does(page: Page, bundles: dict[str, Path]) -> None:
    wrong: dict[str, Any] = {}
    for name, bundle in bundles.items():
        python = said_by(verify_bundle(bundle))
        ending, rows = look(page, bundle)
        found = differences(rows, python)
        told = [row for row in python if row in rows]
        if ending != ending_of(rows) or ending != ending_of(told):
            found.append(f"ends in {ending}")
        if found:
            wrong[name] = found
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def test_what_the_page_does_not_judge_it_never_calls_checked(page: Page, bundles: dict[str, Path]) -> None:
    """Cases that Python refuses for something at which the page does not look: the row says so, and the verdict says that not all was checked."""
    for name, check in {
        "copy-one-bit-in-a-picture": "s/10-245 camera a copy", "copy-faster": "s/10-245 camera a copy", "copy-left-out": "s/10-245 camera a copy",
        "copy-added": "files",
    }.items():  # fmt: skip
        assert CASES[name]["exit"]
        page.set_input_files("#file", str(bundles[name]))
        page.locator("#answer").wait_for()
        states = page.locator(f'#rows tr[data-check="{check}"]').evaluate_all("rows => rows.map((row) => row.dataset.state)")
        assert states == ["NOT_CHECKED"], name
        assert page.locator("#partly").is_visible()
        page.locator("#again").click()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_page_says_it_with_the_words_of_our_catalogues(page: Page, language: str) -> None:
    page.set_input_files("#file", str(FOLDER / LIST["bases"]["film"]["file"]))
    page.locator("#answer").wait_for()
    page.locator(f'nav button[lang="{language}"]').click()
    say = catalogue(language).gettext
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("#ending").inner_text() == say(ENDINGS[0])
    rows = page.locator("#rows tbody tr").evaluate_all("rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))")
    python = said_by(verify_bundle(FOLDER / LIST["bases"]["film"]["file"]), language)
    told = {(say(STATES[state]), sentence, check) for state, check, code, sentence in python if code not in set().union(*STANDS_FOR.values())}
    assert told <= {tuple(row) for row in rows}
    assert not page.get_by_text(re.compile(r"\{[a-z]+\}")).count()


def test_without_ml_dsa_in_the_browser_its_lines_are_not_checked_and_ed25519_is_judged(context: BrowserContext, bundles: dict[str, Path]) -> None:
    old = context.new_page()
    old.add_init_script(
        """const known = SubtleCrypto.prototype.importKey;
        SubtleCrypto.prototype.importKey = function (form, data, algorithm, ...rest) {
          if (algorithm.name === "ML-DSA-44") throw new DOMException("unknown", "NotSupportedError");
          return known.call(this, form, data, algorithm, ...rest);
        };"""
    )
    old.goto(PAGE.as_uri())
    ending, rows = look(old, bundles["intact-film"])
    quantum = [row for row in rows if row[2] == "page.quantum_not_checked"]
    assert quantum
    assert {row[0] for row in quantum} == {"NOT_CHECKED"}
    assert ending == 0
    others = [row for row in rows if row[1] not in {row[1] for row in quantum} | {"time"}]
    python = [row for row in said_by(verify_bundle(bundles["intact-film"])) if row[1] not in {row[1] for row in quantum} | {"time"}]
    assert not differences(others, python)
    for name in ("cosignature-with-another-time", "no-cosigner", "too-few-cosigners", "one-cosigner-under-two-names", "centre-keeps-old-cosignatures"):
        _, rows = look(old, bundles[name])
        assert ("PASS", "co-signers") not in {row[:2] for row in rows}, name
    old.close()


def test_a_browser_that_cannot_check_says_so_and_takes_no_file(context: BrowserContext) -> None:
    bare = context.new_page()
    bare.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    bare.goto(PAGE.as_uri())
    bare.locator("#unable").wait_for()
    assert not bare.locator("#ask").is_visible()
    bare.close()


def test_the_page_is_one_file_that_may_reach_nothing() -> None:
    text = PAGE.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    inside = {
        kind: b64encode(hashlib.sha256(body.encode()).digest()).decode()
        for kind, body in (("style", re.findall(r"<style>(.*?)</style>", text, re.DOTALL)[0]), ("script", re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]))
    }
    assert policy[1] == (
        f"default-src 'none'; script-src 'sha256-{inside['script']}'; style-src 'sha256-{inside['style']}'; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r'(?:src|href|action)="|url\(|@import|https?:', text)


def test_the_page_was_built_with_the_words_of_today_and_stands_in_a_bundle_as_it_is() -> None:
    held = re.findall(r'<script type="application/json" id="words">(.*?)</script>', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert json.loads(held[0]) == words(), "run `make web`"
    assert tools()["verify.html"] == PAGE.read_bytes()


def test_the_registry_of_the_page_is_that_of_the_specification(page: Page) -> None:
    module = (STATIC / "bundle.js").read_text(encoding="utf-8")
    chunks = {name: (STATIC / name).read_text(encoding="utf-8") for name in re.findall(r"chunk-[A-Z0-9]+\.js", module)}
    assert chunks is not None
    held: dict[str, Any] = page.evaluate("() => 0") or {}
    del held
    source = (Path(__file__).parents[2] / "web" / "src" / "bundle" / "leaf.ts").read_text(encoding="utf-8")
    for name, version in REGISTRY:
        assert version == 1
        assert re.search(rf"^  {name}: (?:station|nation|both)\(", source, re.MULTILINE), name
