# SPDX-License-Identifier: Apache-2.0
"""The pages for every reader: a screen reader, a keyboard, a phone of 320 px, a browser without scripts. Checked by axe-core in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from kua.core.instant import Instant
from tests.rigs.published_tree import STATION, make_tree
from tests.e2e.site_rig import Rig, serving

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PLACES = ["", "?q=abai", "r/10", f"s/{STATION}", f"s/{STATION}?t=13:59:46", "s/99-999", "unseen", "check", f"check?s={STATION}", "check?s=99-999"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("tree")
    made = make_tree(folder, 24)
    with serving(made, folder, Instant(made.end + 31_000)) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 768})
    yield opened
    opened.close()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_axe_finds_nothing_wrong(rig: Rig, page: Page, language: str) -> None:
    for place in PLACES:
        page.goto(f"{rig.url}/{language}/{place}")
        page.evaluate(AXE.read_text())
        found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
        told = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]]
        assert told == [], (place, told)


@pytest.mark.parametrize("width", [320, 360, 768])
def test_no_page_is_wider_than_the_screen(rig: Rig, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    for place in PLACES:
        page.goto(f"{rig.url}/kk/{place}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place


def test_the_pages_are_whole_without_scripts(rig: Rig, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{rig.url}/en/")
    page.get_by_role("searchbox").fill("245")
    page.get_by_role("button", name="Find").click()
    assert page.url.endswith(f"/en/s/{STATION}")
    assert page.get_by_text("The moving picture needs JavaScript.").is_visible()
    page.get_by_label("Go to time").fill("13:59:46")
    page.get_by_role("button", name="Go", exact=True).click()
    assert page.get_by_text("Not recorded. The connection to the camera was lost.").is_visible()
    assert page.get_by_role("link", name="Playlist of the day (HLS)").is_visible()
    assert page.get_by_role("heading", name="What you do not see and why").is_visible()
    assert page.locator("svg.strip rect.bar").count() >= 4
    context.close()


def test_every_control_of_the_page_is_reached_by_the_keyboard_and_shows_its_focus(rig: Rig, page: Page) -> None:
    page.goto(f"{rig.url}/en/s/{STATION}")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e); return [(e.getAttribute('aria-label') || e.innerText || e.name || '').trim(), parseFloat(s.outlineWidth)] })()"
        )
        assert outline >= 2 or name == "", name
        reached.add(name)
    assert {"Skip to the content", "Қазақша", "Watch", "Time of the film", "Go", "t"} <= reached


def test_a_table_is_sorted_by_a_press_and_says_so(rig: Rig, page: Page) -> None:
    page.goto(f"{rig.url}/en/")
    page.get_by_role("button", name="Stations").click()
    head = page.get_by_role("columnheader", name="Stations")
    assert head.get_attribute("aria-sort") == "ascending"
    figures = [int(text.split()[-1]) for text in page.locator("tbody tr td:nth-of-type(1)").all_inner_texts()]
    assert figures == sorted(figures)
