# SPDX-License-Identifier: Apache-2.0
"""*Make a clip* at a real centre: a box sends film, a reader orders a stretch of it, and gets a bundle that holds; or words that say why not."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kua.app import public_clips
from kua.app.centre import Centre
from kua.core.instant import SLOT, Instant
from kua.ports.index import PublicDay
from kua.proof.leaf import make_leaf
from kua.verify.bundle import verify_bundle
from kua.verify.gather import Wanted
from kua.verify.pack import Order, make_bundle
from kua.verify.onefile import tools
from kua.verify.reading import Folder
from kua.web.kit.formats import Formats
from tests.rigs.centre import DELAY, START, STATION, Box, HandClock, found, running
from tools.make_bundles import FOLDER as VECTORS

FILM = sorted((VECTORS / "film").glob("0badcafe-*.m4s"))[:3]
INIT = (VECTORS / "film" / "0badcafe-init.mp4").read_bytes()
CLIP = f"/en/s/{STATION}/clip"


@dataclass(slots=True)
class Scene:
    """A centre with twelve seconds of published film, four of gap, and a piece that has not arrived."""

    centre: Centre
    web: httpx.AsyncClient
    clock: HandClock
    box: Box

    async def order(self, since: int, until: int, **other: str) -> httpx.Response:
        """Order [since, until), in seconds after START."""
        clock = Formats("en").clock
        form = {"cam": "a", "from": clock(Instant(START + since * 1000)), "to": clock(Instant(START + until * 1000))} | other
        return await self.web.post(CLIP, data=form)

    async def ready(self, place: str) -> httpx.Response:
        """Look until the clip is there, or refused."""
        for _ in range(3_000):
            page = await self.web.get(place)
            if "refresh" not in page.headers:
                return page
            await asyncio.sleep(0.01)
        raise AssertionError(place)

    async def fetched(self, since: int, until: int) -> tuple[str, bytes]:
        """Order, wait and fetch; return where it lies, and the file."""
        answer = await self.order(since, until)
        assert answer.status_code == 303, answer.text
        page = await self.ready(answer.headers["location"])
        href = re.findall(r'href="(/clip/[^"]+)"', page.text)[0]
        got = await self.web.get(href)
        assert got.status_code == 200
        return href, got.content


def said(page: httpx.Response) -> str:
    """The first sentence of a refusal."""
    return re.findall(r'<div class="refusal" role="alert">\s*<p>([^<]*)</p>', page.text)[0]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        for path in FILM:
            box.film(path.read_bytes(), INIT, run="0badcafe", frames=8)
        box.add("gap", at=box.end + SLOT, cam="a", seq=box.seq, t0=box.end, t1=box.end + SLOT, reason="camera_lost")
        box.seq, box.end = box.seq + 1, Instant(box.end + SLOT)
        box.film(b"a piece that has not arrived", INIT, run="0a1b2c3d")
        await box.send_log()
        for data in (*(path.read_bytes() for path in FILM), INIT):
            assert (await box.put(data)).status_code == 201
        await centre.nation._flush()
        clock.at = START + 20_000 + DELAY
        await centre.broadcast.publish(STATION)
        yield Scene(centre, web, clock, box)


async def test_a_reader_orders_a_clip_and_gets_a_bundle_that_holds(scene: Scene, tmp_path: Path) -> None:
    page = (await scene.web.get(f"/en/s/{STATION}")).text
    assert f'action="{CLIP}"' in page
    href, data = await scene.fetched(2, 10)
    out = tmp_path / "clip.zip"
    out.write_bytes(data)
    report = verify_bundle(out)
    assert not report.has("FAIL")
    assert {line.code for line in report.lines if line.state == "MISSING"} == {"film.no_calibration", "film.not_calibrated"}, "the box of this test has none"
    assert ("PASS", "film.segments_intact") in {(line.state, line.code) for line in report.lines}
    assert href.endswith(f"/{report.summary['name']}.zip")
    assert report.summary["custody"] == [{"act": "made", "role": "site", "at": None}]
    got = await scene.web.get(href, headers={"range": "bytes=0-3"})
    assert (got.status_code, got.content) == (206, b"PK\x03\x04")
    assert "set-cookie" not in got.headers


async def test_it_is_byte_for_byte_what_anybody_makes_of_the_public_files(scene: Scene, tmp_path: Path) -> None:
    _, data = await scene.fetched(0, 8)
    wanted = Wanted(STATION, ("a",), Instant(START), Instant(START + 8_000))
    make_bundle(Folder(scene.centre.tree), Order(wanted, role="site", tools=tools()), tmp_path / "theirs.zip")
    assert data == (tmp_path / "theirs.zip").read_bytes()


@pytest.mark.parametrize(
    ("since", "until", "status", "words"),
    [
        (12, 16, 404, "There is no film of this time."),
        (-600, -500, 404, "There is no film of this time."),
        (0, 15 * 60 + 1, 422, "The clip is too long."),
        (8, 4, 422, "The clip ends before it begins."),
        (4, 4, 422, "The clip ends before it begins."),
        (9, 20, 503, "A part of this film has not arrived yet."),
        (3600, 3660, 503, "This time is not public yet."),
    ],
)
async def test_what_cannot_be_had_is_refused_with_a_reason_and_the_form_again(scene: Scene, since: int, until: int, status: int, words: str) -> None:
    answer = await scene.order(since, until)
    assert (answer.status_code, said(answer)) == (status, words)
    assert f'action="{CLIP}"' in answer.text
    assert Formats("en").clock(Instant(START + until * 1000)) in answer.text
    assert not list((scene.centre.folder / "clips").iterdir())


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("form", [{"from": "soon", "to": "14:00"}, {}, {"from": "14:00:00"}, {"from": "<script>", "to": "a" * 500}])
async def test_what_is_no_time_is_said_in_the_readers_language(scene: Scene, language: str, form: dict[str, str]) -> None:
    answer = await scene.web.post(f"/{language}/s/{STATION}/clip", data=form)
    assert answer.status_code == 422
    assert answer.headers["content-language"] == language
    assert "clip.form" not in answer.text
    assert "<script>" not in answer.text.replace('<script type="module"', "")


async def test_hostile_orders_cost_nothing(scene: Scene) -> None:
    for body in (b"x" * 5_000, b"\xff" * 900, b"&".join(b"a=1" for _ in range(100)), b"from=%FF&to=%00"):
        assert (await scene.web.post(CLIP, content=body)).status_code in {413, 422}
    assert (await scene.web.post("/en/s/99-999/clip", data={"from": "1:00", "to": "2:00"})).status_code == 404
    assert (await scene.order(0, 8, cam="z")).status_code == 404
    assert (await scene.web.get("/en/s/99-999/clip")).status_code == 404
    assert (await scene.web.get(f"{CLIP}/{'0' * 32}")).status_code == 404
    for place in ("/clip/x/y.zip", f"/clip/{'0' * 32}/kua.zip", "/clip/..%2f..%2fkeys/centre.key"):
        assert (await scene.web.get(place)).status_code == 404
    assert not list((scene.centre.folder / "clips").iterdir())


async def test_a_crowd_that_asks_for_one_minute_costs_one_making(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = public_clips.make_bundle
    monkeypatch.setattr(public_clips, "make_bundle", lambda *given: made.append(1) or real(*given))
    answers = await asyncio.gather(*(scene.order(0, 8) for _ in range(public_clips.ASKS - 1)))
    assert {answer.headers["location"] for answer in answers} == {answers[0].headers["location"]}
    await scene.fetched(0, 8)
    assert made == [1]


async def test_whoever_orders_one_clip_after_another_waits_and_others_do_not(scene: Scene) -> None:
    for number in range(public_clips.BURST):
        assert (await scene.order(number, 8)).status_code == 303
    refused = await scene.order(7, 8)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert said(refused) == "You have ordered several clips in a short time."
    assert (await scene.order(0, 8)).status_code == 303, "one that is there already costs nothing"
    other = httpx.AsyncClient(transport=httpx.ASGITransport(app=scene.centre, client=("198.51.100.7", 1)), base_url="http://centre")
    async with other:
        assert (await Scene(scene.centre, other, scene.clock, scene.box).order(6, 8)).status_code == 303
    scene.clock.at += public_clips.EVERY
    assert (await scene.order(7, 8)).status_code == 303


async def test_whoever_sends_orders_without_end_is_not_even_looked_at(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    real = scene.centre.desk.day
    monkeypatch.setattr(scene.centre.clips, "_index", Looked(real, looked))
    answers = [await scene.order(8, 4) for _ in range(public_clips.ASKS + 5)]
    assert [answer.status_code for answer in answers] == [422] * public_clips.ASKS + [429] * 5
    assert looked == [STATION], "a second's look holds for all who ask in it"
    scene.clock.at += public_clips.ASK
    assert (await scene.order(8, 4)).status_code == 422


class Looked:
    """The index of the centre, with a note of who was looked at."""

    def __init__(self, day: Callable[[str, str], PublicDay], looked: list[str]) -> None:
        self._day, self._looked = day, looked

    def day(self, station: str, cam: str) -> PublicDay:
        self._looked.append(station)
        return self._day(station, cam)


async def test_the_line_is_short_and_says_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_clips, "LINE", 1)
    monkeypatch.setattr(scene.centre.clips, "_next", lambda _job: asyncio.Event().wait())
    first = await scene.order(0, 8)
    await asyncio.sleep(0)
    await scene.order(1, 8)
    busy = await scene.order(2, 8)
    assert (busy.status_code, said(busy)) == (503, "Many readers are waiting for clips right now.")
    page = await scene.web.get(first.headers["location"])
    assert page.headers["refresh"] == "2"
    assert "no-store" in page.headers["cache-control"]


async def test_what_was_withdrawn_is_not_made_and_what_was_made_of_it_is_gone(scene: Scene) -> None:
    href, _ = await scene.fetched(0, 12)
    place = (await scene.order(0, 12)).headers["location"]
    leaf = make_leaf("withdrawn", at=START, station=STATION, cam="a", t0=START + 4000, t1=START + 8000, article="20-1(3)", by="commission", reason="court")
    index = await scene.centre.nation.add(leaf)
    scene.centre.members.get(STATION).book.withdraw(index, {"cam": "a", "t0": START + 4000, "t1": START + 8000, "article": "20-1(3)"})
    await scene.centre.broadcast.publish(STATION)
    scene.clock.at += public_clips.SECOND
    assert (await scene.web.get(href)).status_code == 404
    gone = await scene.web.get(place)
    assert (gone.status_code, said(gone)) == (404, "This clip is not here any more.")
    assert not list((scene.centre.folder / "clips").glob("*.zip"))
    refused = await scene.order(4, 8)
    assert (refused.status_code, said(refused)) == (410, "The publication of this film was stopped.")
    _, data = await scene.fetched(0, 12)
    (scene.centre.folder / "left.zip").write_bytes(data)
    report = verify_bundle(scene.centre.folder / "left.zip")
    assert {("NOT_CHECKED", "film.withdrawn"), ("NOT_CHECKED", "film.removed")} <= {(line.state, line.code) for line in report.lines}
    assert not report.has("FAIL")


async def test_the_folder_has_a_limit_and_the_oldest_go_first(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first, data = await scene.fetched(0, 8)
    monkeypatch.setattr(scene.centre.clips, "_room", len(data) + public_clips.HOUSE + 2 * sum(path.stat().st_size for path in FILM))
    second, _ = await scene.fetched(0, 12)
    assert (await scene.web.get(first)).status_code == 200
    third, _ = await scene.fetched(4, 12)
    assert [(await scene.web.get(href)).status_code for href in (first, second, third)] == [404, 404, 200]
    monkeypatch.setattr(scene.centre.clips, "_room", 1000)
    full = await scene.order(5, 12)
    assert (full.status_code, said(full)) == (507, "There is no room for this clip right now.")


async def test_clips_are_let_go_of_after_ten_minutes_and_at_a_start(scene: Scene, tmp_path: Path) -> None:
    href, _ = await scene.fetched(0, 8)
    scene.clock.at += public_clips.KEPT + 1
    await scene.order(1, 8)
    assert (await scene.web.get(href)).status_code == 404
    left = tmp_path / "clips"
    left.mkdir()
    (left / f"{'0' * 32}.zip").write_bytes(b"left by a crash")
    (left / f"{'0' * 32}.zip.part").write_bytes(b"left by a crash")
    centre = scene.centre
    public_clips.ClipRoom(left, centre.tree, "x", centre.key.verifier, centre.desk, centre.places, scene.clock, room=1)
    assert not list(left.iterdir())


async def test_a_clip_that_cannot_be_made_says_why_and_may_be_ordered_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real = public_clips.make_bundle

    def sick(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(public_clips, "make_bundle", sick)
    page = await scene.ready((await scene.order(0, 8)).headers["location"])
    assert (page.status_code, said(page)) == (507, "There is no room for this clip right now.")
    monkeypatch.setattr(public_clips, "make_bundle", real)
    await scene.fetched(0, 8)


async def test_a_centre_that_starts_again_finds_its_index_and_one_without_makes_it(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    clock = HandClock()
    counts = []
    for damage in (False, False, True):
        if damage:
            (tmp_path / "centre" / "nation.db").unlink()
        async with running(tmp_path / "centre", clock) as (centre, web):
            if not counts:
                await Box(centre, web).enrol()
            counts.append((centre.places.count(), centre.nation.size))
    assert len(set(counts)) == 1
    assert counts[0][0] == counts[0][1]


async def test_an_operator_may_switch_it_off(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    (tmp_path / "centre" / "kua.toml").write_text("[centre]\nclips = 0\n", encoding="utf-8")
    async with running(tmp_path / "centre", HandClock()) as (_, web):
        assert (await web.get(CLIP)).status_code == 404
        assert "Make a clip" not in (await web.get(f"/en/s/{STATION}")).text
