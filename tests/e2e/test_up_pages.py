# SPDX-License-Identifier: Apache-2.0
"""The box's pages for everybody: a screen reader, a telephone of 320 px, and squares on the page that are the squares that will be black."""

import json
import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kua.app.town import Town
from kua.sight.grid import PAD
from kua.sight.zones import UNIT, touched
from tests.e2e.test_site_access import AXE, RULES
from tests.e2e.up_rig import Up, settled, town_of, up_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town_of(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture(scope="module")
def up(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up_of(town, tmp_path_factory.mktemp("up") / "box") as running:
        yield running


def test_no_step_is_wider_than_the_screen_axe_finds_nothing_and_raw_pictures_are_nowhere_on_the_disk(browser: Browser, up: Up) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB", color_scheme="light")
    page.goto(up.url)
    settled(page, "Which station is this?")
    look(page, up, "where")
    for label, value in up.sheet().items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Enrol this box").click()
    settled(page, "Choose the camera from its picture")
    expect(page.locator("kua-live[data-live]").first).to_be_visible(timeout=40_000)
    look(page, up, "camera")
    page.get_by_role("button", name="painted:3").click()
    settled(page, "Mark the booths, the box and the tables")
    look(page, up, "aim")
    page.get_by_role("button", name="Learn now").click()
    settled(page, "What the camera sees, and what leaves the room")
    expect(page.locator("kua-pair[data-live]")).to_be_visible(timeout=40_000)
    for step in ("check", "sign", "where"):
        look(page, up, step)
    pictures = [path.name for path in up.box.rglob("*") if path.is_file() and path.read_bytes()[:3] in {b"\xff\xd8\xff", b"\x89PN"}]
    assert pictures == ["a.still.png"]
    page.close()


def look(page: Page, up: Up, step: str) -> None:
    """Hold a step in three languages against axe-core and two widths."""
    for language in ("kk", "ru", "en"):
        page.goto(f"{up.origin}/{language}/{step}")
        expect(page.locator('.steps a[aria-current="step"]')).to_have_attribute("href", f"/{language}/{step}")
        page.evaluate(AXE.read_text())
        found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
        told = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]]
        assert told == [], (language, step, told)
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, (language, step)
        page.set_viewport_size({"width": 1280, "height": 800})


def test_the_squares_that_the_page_shows_are_the_squares_that_will_be_black(browser: Browser, up: Up) -> None:
    page = browser.new_page()
    page.goto(f"{up.origin}/en/go")
    seeded = random.Random(4)
    shapes = [
        [[seeded.randrange(UNIT + 1), seeded.randrange(UNIT + 1)] for _ in range(corners)] for corners in (3, 4, 5, 7) for _ in range(12)
    ]
    shapes += [
        [[1250, 2000], [2500, 2000], [2500, 4000], [1250, 4000]],
        [[0, 0], [10, 0], [10, 10]],
        [[9999, 9999], [10000, 9999], [10000, 10000]],
    ]
    for width, height in ((1280, 720), (854, 480), (320, 180)):
        code = "async ([shapes, w, h]) => { const { touched } = await import('/static/zonesdraw.js'); return shapes.map((shape) => touched(shape, w, h)); }"
        shown = page.evaluate(code, [shapes, width, height])
        for shape, squares in zip(shapes, shown, strict=True):
            mask = touched([tuple((x / UNIT, y / UNIT) for x, y in shape)], width, height)[:: PAD // 8, :: PAD // 8]
            black = {(int(column), int(row)) for row, column in zip(*mask.nonzero(), strict=True)}
            assert {tuple(square) for square in squares} == black, json.dumps(shape)
    page.close()
