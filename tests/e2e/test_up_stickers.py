# SPDX-License-Identifier: Apache-2.0
"""The aim page with stickers in the picture: it offers their zones, a person takes them by keyboard, and what is learned then is sealed by them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from kua.sight.calibration import read_calibration
from tests.e2e.up_rig import Up, settled, town_of, up_of
from tests.integration.test_sticker_sheet import film
from tests.rigs.stickers import room_with

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

OUT = Path(__file__).parents[2] / "tests-output"


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with town_of(tmp_path / "town") as town, up_of(town, tmp_path / "box") as running:
        yield running


def test_stickers_draw_the_zones_when_a_person_takes_them_and_are_learned_with_the_room(browser: Browser, up: Up, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page.goto(up.url)
    settled(page, "Which station is this?")
    for label, value in up.sheet().items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Enrol this box").click()
    settled(page, "Choose the camera from its picture")
    page.get_by_label("Address of the camera").fill(f"file:{film(tmp_path / 'room.mp4', stickers=True)}?loop=1")
    page.get_by_role("button", name="Show its picture").click()
    page.locator(".pick").filter(has_text="room.mp4").click()
    settled(page, "Mark the booths, the box and the tables")
    take = page.get_by_role("button", name="Take the zones from the stickers")
    expect(take).to_be_visible(timeout=40_000)
    assert not page.locator(".zone-list li").count()
    take.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator(".zone-list li")).to_have_count(3)
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=str(OUT / "up-stickers.png"), full_page=True)
    page.reload()
    expect(page.locator(".zone-list li")).to_have_count(3)
    page.get_by_label("Rehearsal: learn even").check()
    page.get_by_role("button", name="Learn now").click()
    settled(page, "What the camera sees, and what leaves the room")
    made = read_calibration((up.box / "calibration/a.json").read_bytes())
    assert set(made.zones) >= {"booth", "box", "slot"}
    assert set(made.stickers) == set(room_with())
    page.close()
