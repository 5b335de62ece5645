# SPDX-License-Identifier: Apache-2.0
"""The raw | sent page with a real film of real people in the place of a camera: what is seen on the left is not to be seen on the right."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.up_rig import Up, settled, town_of, up_of

pytestmark = [pytest.mark.data, pytest.mark.browser, pytest.mark.timeout(240)]

CLIP = Path(os.environ.get("KUA_DATA") or Path(__file__).parents[3] / "shared" / "data").resolve() / "clips" / "one-by-one.0-724.mp4"
OUT = Path(__file__).parents[2] / "tests-output"


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with town_of(tmp_path / "town") as town, up_of(town, tmp_path / "box") as running:
        yield running


def test_people_of_a_real_film_are_seen_on_the_left_and_coarse_and_without_colour_on_the_right(browser: Browser, up: Up) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page.goto(up.url)
    settled(page, "Which station is this?")
    for label, value in up.sheet().items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Enrol this box").click()
    settled(page, "Choose the camera from its picture")
    page.get_by_label("Address of the camera").fill(f"file:{CLIP}?loop=1")
    page.get_by_role("button", name="Show its picture").click()
    page.locator(".pick").filter(has_text="one-by-one").click()
    settled(page, "Mark the booths, the box and the tables")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Rehearsal: learn even").check()
    page.get_by_role("button", name="Learn now").click()
    settled(page, "What the camera sees, and what leaves the room")
    expect(page.locator("kua-pair[data-live]")).to_be_visible(timeout=60_000)
    seen = 0
    for _ in range(20):
        raw, sent = pictures(page)
        changed = np.abs(raw.astype(int) - sent.astype(int)).max(axis=2) > 48
        if changed.mean() < 0.08:
            page.wait_for_timeout(700)
            continue
        seen += 1
        colour = sent.max(axis=2).astype(int) - sent.min(axis=2)
        assert np.median(colour[changed]) < 24, "what is hidden has no colour"
        if seen == 3:
            break
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=str(OUT / "up-clip.png"), full_page=True)
    assert seen == 3, "people were to be seen, and hidden, at least three times"
    page.close()


def pictures(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Return raw and sent as the page shows them at this moment, 320 by 180 pixels."""
    code = """() => ['raw', 'sent'].map((name) => {
      const sheet = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
      const pen = sheet.getContext('2d');
      pen.imageSmoothingEnabled = false;
      pen.drawImage(document.querySelector(`.pair .${name}`), 0, 0, 320, 180);
      return Array.from(pen.getImageData(0, 0, 320, 180).data);
    })"""
    raw, sent = (np.array(data, np.uint8).reshape(180, 320, 4)[:, :, :3] for data in page.evaluate(code))
    return raw, sent
