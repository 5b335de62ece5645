# SPDX-License-Identifier: Apache-2.0
"""A camera is nudged while the station records: from its film to the lamp of the box, the lamp of the public page, and the leaves."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from kua.adapters.sources.painting import PaintedRoom
from kua.app.town import Place, Shape, Town
from kua.app.up_day import _last_leaves
from tests.e2e.up_rig import STATION, up_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OUT = Path(__file__).parents[2] / "tests-output"
SIZE = (640, 360)
ZONES = """
[[zone]]
kind = "booth"
points = [[0, 2500], [1500, 2500], [1500, 6000], [0, 6000]]

[[head]]
y = 3000
px = 20

[[head]]
y = 8500
px = 50
"""


def nudged_film(path: Path) -> Path:
    """Ten seconds of a room, then twenty from a camera that was pushed by five pixels; played again and again it is never back for half a minute."""
    room = PaintedRoom(7, *SIZE)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "22", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(300):
            yuv = room.quiet(1_700 * number) if number < 80 else room.picture(600_000 + 100 * number)
            height, width = SIZE[1], SIZE[0]
            if number >= 100:
                yuv = np.vstack([np.roll(yuv[:height], 5, axis=1), np.roll(yuv[height:].reshape(height, width // 2), 2, axis=1).reshape(-1, width)])
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(yuv), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    film = nudged_film(tmp_path / "room.mp4")
    zones = tmp_path / "zones.toml"
    zones.write_text(ZONES, "utf-8")
    place = Place(STATION, 7, 640, f"file:{film}?loop=1", zones=str(zones), room=str(film), seconds=7, shape=Shape(*SIZE))
    town = Town(tmp_path / "town", (place,), phase="opening")
    town.found()
    town.start_centre()
    try:
        town.prepare(place)
        (town.box(STATION) / "calibration/a.zones.toml").write_text(ZONES, "utf-8")
        town.enrol(place)
        yield town
    finally:
        town.stop()


def test_a_nudged_camera_is_told_by_both_lamps_and_by_the_leaves(browser: Browser, town: Town) -> None:
    box = town.box(STATION)
    with up_of(town, box) as up:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        page.goto(up.url)
        page.get_by_role("button", name="Start", exact=True).click(timeout=60_000)
        expect(page.get_by_text("A camera was moved, turned or zoomed")).to_be_visible(timeout=120_000)
        expect(page.locator('.lamp-box[data-lamp="trouble"]')).to_be_visible()
        OUT.mkdir(exist_ok=True)
        page.screenshot(path=str(OUT / "up-alarm.png"), full_page=True)
        site = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        site.goto(f"{town.centre_url}/en/s/{STATION}")
        for _ in range(20):
            if site.get_by_text("A camera was moved, turned or zoomed").count():
                break
            site.wait_for_timeout(1_500)
            site.reload()
        site.screenshot(path=str(OUT / "site-alarm.png"), full_page=True)
        assert site.get_by_text("A camera was moved, turned or zoomed").count()
        told: list[tuple[str, str]] = []
        for _ in range(40):  # the alarm goes out at once, the filled span only with the film it speaks of: one segment later, more on a busy machine
            told += [(leaf["kind"], leaf["state"]) for leaf in _last_leaves(box) if leaf.type == "fault"]
            told += [("hidden", leaf["reason"]) for leaf in _last_leaves(box) if leaf.type == "hidden"]
            if ("hidden", "scene_changed") in told:
                break
            site.wait_for_timeout(1_500)
        assert ("moved", "begin") in told
        assert ("hidden", "scene_changed") in told
        page.close()
        site.close()
