# SPDX-License-Identifier: Apache-2.0
"""A browser's camera films a polling station: Chromium publishes a drawn room by WHIP, the box hides its people, and what the public page shows was checked."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Any

import av
import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from kua.adapters.sources.painting import PaintedRoom
from kua.app import up_box
from kua.app.listen import Listener, log_key
from kua.app.listen_camera import camera_invitation
from kua.app.town import DOMAIN, ELECTION, Place, Shape, Town
from kua.core.nouns import election_id, station_id, station_origin
from kua.proof.leaf import Leaf, read_leaf
from kua.verify.film import verify_film
from kua.verify.reading import open_reader
from kua.verify.view import LogView
from tests.e2e.site_rig import seeing, watch
from tests.e2e.test_site_access import AXE, RULES
from tests.e2e.up_rig import up_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]

STATION, SEED, SIZE = "10-245", 7, (640, 360)
SECONDS = 90


@dataclass
class Filmed:
    """A station whose camera is a browser, and the browser."""

    town: Town
    listener: Listener
    seer: Browser

    @property
    def box(self) -> Path:
        """The station's folder."""
        return self.town.box(STATION)

    def code(self, language: str = "en") -> str:
        """The address of a fresh QR code."""
        return camera_invitation(self.box, self.listener.told, "a", language)

    def telephone(self) -> Page:
        """A page of the telephone, with the box's certificate taken for good."""
        page = self.seer.new_context(viewport={"width": 740, "height": 380}, ignore_https_errors=True, permissions=["camera"]).new_page()
        page.set_default_timeout(20_000)
        return page


def film_of_room(path: Path) -> Path:
    """Write what the browser's camera sees: the drawn room with its people, as MJPEG of 30 pictures a second, each three times."""
    room = PaintedRoom(SEED, *SIZE)
    with path.open("wb") as film:
        for number in range(SECONDS * 10):
            picture = cv2.cvtColor(room.picture(600_000 + number * 100, 0), cv2.COLOR_YUV2BGR_I420)
            jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
            film.write(jpeg * 3)
    return path


@pytest.fixture(scope="module")
def filmed(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filmed]:
    folder = tmp_path_factory.mktemp("whip")
    film = film_of_room(folder / "room.mjpeg")
    place = Place(STATION, 7, 900, "whip:", room=f"painted:{SEED}?w={SIZE[0]}&h={SIZE[1]}", shape=Shape(*SIZE))
    town = Town(folder / "town", [place])
    town.found()
    town.prepare(place)
    town.start_centre()
    listener: Listener | None = None
    try:
        town.enrol(place)
        town.start_station(STATION)
        listener = Listener(town.box(STATION), "127.0.0.1", 0)
        with seeing(browser, film) as seer:
            yield Filmed(town, listener, seer)
    finally:
        if listener is not None:
            listener.close()
        town.stop()


def playing(page: Page) -> None:
    page.evaluate(
        "() => new Promise((done) => { const look = () => { const v = document.querySelector('video'); v.readyState >= 3 && v.currentTime > 1 && !v.paused ? done() : setTimeout(look, 100); }; look(); })"
    )


def test_a_browsers_camera_appears_on_the_public_page_redacted_and_verified(filmed: Filmed, browser: Browser) -> None:
    telephone = filmed.telephone()
    telephone.goto(filmed.code())
    telephone.get_by_role("button", name="Start filming").click()
    expect(telephone.locator('[data-part="state"]')).to_contain_text("Filming. The box has received", timeout=60_000)

    public = browser.new_page(viewport={"width": 1000, "height": 900})
    address = f"{filmed.town.centre_url}/en/s/{STATION}"
    until = monotonic() + 90
    while public.goto(address) and not public.get_by_role("button", name="Watch").count() and monotonic() < until:
        public.wait_for_timeout(1_000)  # the public delay, and the first segments
    watch(public)
    playing(public)
    expect(public.locator("[data-part=status]")).to_have_text("Checked in your browser: consistent with the centre’s log.", timeout=30_000)
    expect(public.locator("[data-part=count]")).to_have_text(re.compile(r"Pieces checked: [2-9]|Pieces checked: [1-9]\d"), timeout=60_000)
    public.close()

    telephone.get_by_role("button", name="Stop filming").click()
    expect(telephone.locator('[data-part="state"]')).to_contain_text("Stopped.")
    report = verify_film(f"{filmed.town.centre_url}/t/{ELECTION}/s/{STATION}")
    assert [line for line in report.lines if line.state == "FAIL"] == []
    masks = subprocess.run(
        [sys.executable, "-m", "kua.cli.main", "film", "masks", f"{filmed.town.centre_url}/t/{ELECTION}/s/{STATION}", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert masks.returncode == 0, masks.stdout + masks.stderr
    lines = json.loads(masks.stdout)["lines"]
    assert {line["state"] for line in lines} == {"PASS"}

    shown = pictures(filmed.town.published / "s" / STATION / "film" / "a")
    assert len(shown) > 20
    raw = [PaintedRoom(SEED, *SIZE).picture(600_000 + number * 2_000, 0) for number in range(5)]
    assert max(map(coloured, raw)) > 0.3, "in the room people wear colours"
    assert max(map(coloured, shown)) < 0.02, "in the film nobody does"


def test_a_telephone_that_dies_costs_the_seconds_it_was_away_and_another_takes_its_place(filmed: Filmed) -> None:
    first = filmed.telephone()
    first.goto(filmed.code())
    first.get_by_role("button", name="Start filming").click()
    expect(first.locator('[data-part="state"]')).to_contain_text("Filming. The box has received", timeout=60_000)
    before = len(gaps(filmed.box))
    second = filmed.telephone()
    second.goto(filmed.code())
    second.get_by_role("button", name="Start filming").click()
    expect(second.locator('[data-part="trouble"]')).to_contain_text("Another telephone films as this camera.")
    first.context.close()
    expect(second.locator('[data-part="state"]')).to_contain_text("Filming. The box has received", timeout=60_000)
    until = monotonic() + 60
    while not (lost := away(filmed.box, before)) and monotonic() < until:
        second.wait_for_timeout(500)
    assert lost
    assert all(1_000 < length < 60_000 for length in lost), lost
    second.context.close()


def away(box: Path, since: int) -> list[int]:
    """Lengths of those gaps since then in which no telephone filmed; the first telephone's own beginning may be stated late."""
    return [length for reason, length in gaps(box)[since:] if reason in {"camera_lost", "camera_silent"}]


def gaps(box: Path) -> list[tuple[str, int]]:
    """Reason and length of every gap that the station's log states."""
    view = LogView.open(
        [open_reader(str(box / "log"))], log_key(box), station_origin(DOMAIN, election_id(ELECTION), station_id(STATION)), lazily=True
    )
    leaves = [read_leaf(entry, "station") for _, entry in view.entries()]
    return [(leaf["reason"], leaf["t1"] - leaf["t0"]) for leaf in leaves if isinstance(leaf, Leaf) and leaf.type == "gap"]


def test_the_boxs_page_shows_the_code_for_the_telephone_and_takes_it_away_when_it_was_used(filmed: Filmed, browser: Browser) -> None:
    learned = json.loads((filmed.box / "calibration/a.json").read_bytes())
    up_box.draw(
        filmed.box, "a", learned["zones"], [(each["y"], each["px"]) for each in learned["head"]]
    )  # as if it had been drawn on the page
    with up_of(filmed.town, filmed.box) as up:
        page = browser.new_page(viewport={"width": 1000, "height": 900}, locale="en-GB")
        page.goto(up.url)
        page.locator("#visit-address").select_option("127.0.0.1")
        page.get_by_role("button", name="Open to telephones").click()
        expect(page.get_by_text("Camera A is a telephone.")).to_be_visible(timeout=30_000)
        page.get_by_role("button", name="QR code for the telephone that films").click()
        expect(page.get_by_text("This code is for the telephone that films, and for no other")).to_be_visible()
        address = page.locator('[data-part="visit-url"]').inner_text()
        assert re.fullmatch(r"https://127\.0\.0\.1:\d+/en/camera#[\w-]+\.[\w-]{43}\.a", address)
        for width in (1000, 380):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        telephone = filmed.telephone()
        telephone.goto(address)
        telephone.get_by_role("button", name="Start filming").click()
        expect(telephone.locator('[data-part="state"]')).to_contain_text("Filming. The box has received", timeout=60_000)
        expect(page.locator('[data-part="invitation"]')).to_be_hidden(timeout=20_000)
        telephone.context.close()
        page.get_by_role("button", name="Close to telephones").click()
        expect(page.get_by_role("button", name="Open to telephones")).to_be_visible(timeout=20_000)
        page.close()
    filmed.town.processes.pop(STATION).wait(20)
    filmed.town.start_station(STATION)  # the page ends the agent with itself


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_page_of_the_telephone_is_for_everybody_and_fits(filmed: Filmed, language: str) -> None:
    page = filmed.telephone()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(filmed.code(language))
    expect(page.locator('[data-part="open"]')).to_be_visible()
    page.evaluate(AXE.read_text())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
    assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.goto(f"https://127.0.0.1:{filmed.listener.told.port}/{language}/camera")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.locator('[data-part="locked"]')).to_be_visible()
    page.context.close()


def pictures(folder: Path) -> list[Any]:
    """Decode the published film: every picture of every run."""
    found: list[Any] = []
    for init in folder.glob("*-init.mp4"):
        pieces = sorted(folder.glob(f"{init.name.removesuffix('-init.mp4')}-*.m4s"), key=lambda path: int(path.stem.partition("-")[2]))
        with av.open(BytesIO(b"".join(path.read_bytes() for path in (init, *pieces)))) as container:
            found += [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    return found


def coloured(yuv: Any) -> float:
    """Of what is not the empty room, the share that has a colour of its own. People wear colours; a mosaic has none."""
    width, height = SIZE
    own, u, v = _planes(yuv)
    empty, _, _ = _planes(PaintedRoom(SEED, width, height).empty())
    other = np.abs(own - empty) > 40
    colour = (np.abs(u - 128) > 20) | (np.abs(v - 128) > 20)
    return float((other & colour).sum() / max(1, other.sum()))


def _planes(yuv: Any) -> tuple[Any, Any, Any]:
    """Luma at the size of the colour, and both colours."""
    width, height = SIZE
    luma = yuv[:height].astype(int)[::2, ::2]
    u, v = (yuv[height:].reshape(2, height // 2, width // 2)[plane].astype(int) for plane in (0, 1))
    return luma, u, v
