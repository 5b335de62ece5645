# SPDX-License-Identifier: Apache-2.0
"""A real film, through a real RTSP server, a real station and a real centre, into a real browser: hidden, and checked before it is shown."""

import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from kua.app.camera_rig import STATION, camera_of
from kua.app.town import Town
from kua.core.nouns import station_id
from kua.sight.calibration import read_calibration
from kua.verify.film import verify_film
from tests.e2e.site_rig import chromium

pytestmark = [pytest.mark.data, pytest.mark.browser, pytest.mark.timeout(240)]

DATA = Path(os.environ.get("KUA_DATA") or Path(__file__).parents[3] / "shared" / "data")
CLIP = DATA / "clips" / "vtest.avi"
SHOTS = Path(__file__).parents[2] / "tests-output"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A country with one station, whose camera is the film; it has published some of it."""
    assert CLIP.is_file(), f"no clip at {CLIP}: set KUA_DATA"
    with camera_of(CLIP) as places:
        town = Town(tmp_path_factory.mktemp("town"), places, delay=1_000)
        try:
            town.found()
            town.start_centre()
            town.prepare(places[0])
            town.enrol(places[0])
            town.start_station(STATION)
            yield town
        finally:
            town.stop()


@pytest.fixture(scope="module")
def page(town: Town) -> Iterator[Page]:
    """A page in Chromium, with nothing of an earlier reader."""
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1366, "height": 900})


def _wait_for_film(town: Town, page: Page, least: int) -> None:
    film = town.published / "s" / station_id(STATION) / "film" / "a"
    for _ in range(600):
        if len(list(film.glob("*.m4s"))) >= least:
            return
        page.wait_for_timeout(200)
    pytest.fail("the station published no film: " + (town.folder / "logs" / f"{STATION}.log").read_text("utf-8")[-2000:])


@pytest.mark.parametrize("language", ["kk", "en"])
def test_the_film_plays_checked_in_the_readers_browser(town: Town, page: Page, language: str) -> None:
    _wait_for_film(town, page, 4)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{town.centre_url}/{language}/s/{STATION}")
    assert not any(url.endswith(".m3u8") or ".m4s" in url for url in asked), "film was asked for before Watch"
    page.locator("[data-part=watch]").click()
    plays = "document.querySelector('video').currentTime > 0.5 && document.querySelector('video').videoWidth > 0"
    checked = r"/\d/.test(document.querySelector('[data-part=count]').textContent)"
    # Waited for in the page itself: its own rules forbid it to evaluate a string.
    page.evaluate(f"() => new Promise((done) => {{ const look = () => ({plays} && {checked}) ? done() : setTimeout(look, 100); look() }})")
    assert page.locator("[data-part=alert]").inner_text().strip() == ""
    assert page.locator("[data-part=status]").inner_text().startswith("✓") or page.locator("[data-part=status].good").count()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"real-clip-{language}.png", full_page=True)
    assert any(".m4s" in url for url in asked)


def test_booth_and_people_are_hidden_in_what_was_published(town: Town, page: Page) -> None:
    _wait_for_film(town, page, 4)
    film = town.published / "s" / STATION / "film" / "a"
    calibration = read_calibration((town.box(STATION) / "calibration" / "a.json").read_bytes())
    corners = calibration.zones["booth"][0]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    segments = sorted(film.glob("*.m4s"), key=lambda path: path.name)
    run = segments[-1].name.partition("-")[0]
    whole = film / f"{run}-init.mp4"
    joined = town.folder / "joined.mp4"
    joined.write_bytes(whole.read_bytes() + b"".join(path.read_bytes() for path in segments if path.name.startswith(run)))
    with av.open(str(joined)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(pictures) > 20
    height, width = pictures[0].shape
    left, right, top, bottom = round(min(xs) * width), round(max(xs) * width), round(min(ys) * height), round(max(ys) * height)
    for picture in pictures:
        booth = picture[top:bottom, left:right]
        assert int(booth.max()) - int(booth.min()) <= 12, "the booth is not one colour"
    # In the voting phase a hidden block has no colour, and people walk through this film all the time: some of each picture must be coarse.
    shares = [_coarse_share(picture) for picture in pictures]
    assert float(np.median(shares)) > 0.02
    assert float(np.median(shares)) < 0.9, "the whole picture is hidden all the time: nothing can be seen"


def _coarse_share(picture: np.ndarray) -> float:
    """Share of 8-pixel cells without any texture: fills and cells of a mosaic."""
    height, width = (side // 8 * 8 for side in picture.shape)
    cells = picture[:height, :width].reshape(height // 8, 8, width // 8, 8).astype(np.int16)
    span = cells.max(axis=(1, 3)) - cells.min(axis=(1, 3))
    return float(np.mean(span <= 4))


def test_what_was_published_is_intact(town: Town, page: Page) -> None:
    _wait_for_film(town, page, 4)
    report = verify_film(town.centre_url + "/t/kz-demo/s/" + STATION)
    assert report.exit_code == 0, [line for line in report.lines if line.state in {"FAIL", "MISSING"}]
    assert report.summary["segments_verified"] >= 4
