# SPDX-License-Identifier: Apache-2.0
"""A thin line at the centre: the lowered film is published in the place of the full one, by the same rules, is checked like it, and gives way to it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.durable import DurableFiles
from kua.core.digest import sha256
from kua.core.instant import SLOT
from kua.verify.film import Trust, verify_film
from kua.verify.mirror import Mirror
from kua.verify.patience import open_patient
from kua.verify.scope import Scope
from tests.integration.test_centre_day import add_calibration, started
from tests.rigs.centre import DELAY, START, STATION, Box, HandClock, found, running

INIT, SMALL_INIT = b"init" * 50, b"small init" * 20
LIVE_RUN = "1b2c3d4e"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found(tmp_path / "centre")
    return tmp_path / "centre"


def live(data: bytes, rung: str = "slow", run: str = LIVE_RUN) -> dict[str, Any]:
    """What the leaf says of a lowered segment."""
    return {
        "rung": rung, "run": run, "sha256": sha256(data).hex(), "size": len(data), "init": sha256(SMALL_INIT).hex(), "width": 640, "height": 360,
        "fps_milli": 1000, "frames": 4,
    }  # fmt: skip


class Day:
    """Four segments over a thin line, of the second of which nothing but the statement is sent at once."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.films = [bytes([number]) * 9000 for number in range(4)]
        self.small = [bytes([64 + number]) * 500 for number in range(4)]
        self.names = []
        for number, film in enumerate(self.films):
            told = {"rung": "none"} if number == 1 else live(self.small[number])
            self.names.append(box.film(film, INIT, live=told))
        self.lives = [f"live/{LIVE_RUN}-{START // SLOT + number}.m4s" for number in range(4)]

    async def send_small(self) -> None:
        for data in (SMALL_INIT, self.small[0], *self.small[2:]):
            answer = await self.box.put(data)
            assert answer.status_code == 201, answer.text

    async def send_full(self, *numbers: int) -> None:
        for data in (INIT, *(self.films[number] for number in numbers)):
            answer = await self.box.put(data)
            assert answer.status_code in {200, 201}, answer.text


def lines(text: str) -> list[str]:
    """A playlist without what every list has at its top, and without times."""
    return [line for line in text.splitlines()[6:] if not line.startswith(("#EXT-X-PROGRAM", "#EXTINF"))]


def codes(folder: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    report = verify_film(str(folder))
    print([line for line in report.lines if line.state == "FAIL"])
    return report.exit_code, {line.code: dict(line.facts) for line in report.lines}


async def test_the_lowered_film_is_shown_while_the_full_one_is_away_and_gives_way_to_it(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        papers = add_calibration(box, folder)
        day = Day(box)
        assert (await box.send_log()).status_code == 200
        for paper in papers:
            await box.put(paper)
        await day.send_small()
        clock.at = box.end + DELAY - 1
        await centre.broadcast.publish(STATION)
        film = centre.tree / "s" / STATION / "film/a"
        assert (film / day.lives[0]).exists()
        assert not (film / day.lives[3]).exists(), "a lowered segment waits as long as a full one"
        clock.at += 1
        await centre.broadcast.publish(STATION)
        assert lines((film / "day.m3u8").read_text()) == [
            f'#EXT-X-MAP:URI="live/{LIVE_RUN}-init.mp4"', "#EXT-X-KUA-LOWERED:slow", f"{day.lives[0]}?leaf=2",
            "#EXT-X-DISCONTINUITY", "#EXT-X-KUA-LOWERED:none", "#EXT-X-GAP", f"{day.names[1]}?leaf=3",
            "#EXT-X-DISCONTINUITY", "#EXT-X-KUA-LOWERED:slow", f"{day.lives[2]}?leaf=4",
            "#EXT-X-DISCONTINUITY", "#EXT-X-KUA-LOWERED:slow", f"{day.lives[3]}?leaf=5",
        ]  # fmt: skip
        assert (await web.get(f"/t/{box.election}/s/{STATION}/film/a/{day.lives[0]}")).content == day.small[0]
        assert centre.desk.station_state(STATION).published_until == box.end
        code, told = codes(centre.tree)
        assert (code, told["film.lowered_holds"]) == (0, {"count": 3, "alone": 3}), told

        box.add("heartbeat", at=box.end + 120_000, boot="00c0ffee", mono=1, trust="ntp", owed=4, owed_bytes=36_000, free_bytes=10**9)
        await box.send_log()
        code, told = codes(centre.tree)
        assert told["film.behind"] == {"count": 3}
        assert told["film.segment_missing"]["name"] == f"film/a/{day.names[1]}", "of what nothing can be seen is missed as ever"
        assert code == 2
        assert "film.playlist_differs" not in told

        await day.send_full(0, 2)
        await centre.broadcast.publish(STATION)
        assert lines((film / "day.m3u8").read_text()) == [
            '#EXT-X-MAP:URI="0a1b2c3d-init.mp4"', f"{day.names[0]}?leaf=2",
            "#EXT-X-DISCONTINUITY", "#EXT-X-KUA-LOWERED:none", "#EXT-X-GAP", f"{day.names[1]}?leaf=3",
            "#EXT-X-DISCONTINUITY", f"{day.names[2]}?leaf=4",
            "#EXT-X-DISCONTINUITY", f'#EXT-X-MAP:URI="live/{LIVE_RUN}-init.mp4"', "#EXT-X-KUA-LOWERED:slow", f"{day.lives[3]}?leaf=5",
        ]  # fmt: skip
        assert (film / day.lives[0]).exists(), "who has the older list finds what it names"
        before = (film / "day.m3u8").read_bytes()
    async with running(folder, clock) as (centre, web):
        await centre.broadcast.publish(STATION)
        assert (film / "day.m3u8").read_bytes() == before, "a restart finds what is there"
        box.centre, box.web = centre, web
        await day.send_full(1, 3)
        box.add("close", at=box.end, reason="end_of_day")
        await box.send_log()
        clock.at = box.end + DELAY + 60_000
        await centre.broadcast.publish(STATION)
        assert "LOWERED" not in (film / "day.m3u8").read_text()
        code, told = codes(centre.tree)
        assert code == 0, told
        assert told["film.lowered_holds"] == {"count": 3, "alone": 0}


async def test_a_stop_takes_the_lowered_film_away_too(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        day = Day(box)
        await box.send_log()
        await day.send_small()
        await day.send_full(0)
        clock.at = box.end + DELAY
        await centre.broadcast.publish(STATION)
        film = centre.tree / "s" / STATION / "film/a"
        assert len(list(film.rglob("*.m4s"))) == 3
        order = {"station": STATION, "cam": "a", "article": "art. 8", "reason": "secrecy", "by": "chair"}
        assert (await web.post("/api/v1/control/stop", json=order, headers={"Authorization": "Bearer control-token"})).status_code == 200
        assert not [path for path in film.rglob("*") if path.suffix in {".m4s", ".mp4"}]
        text = (film / "day.m3u8").read_text()
        assert text.count("#EXT-X-GAP") == 4
        assert "LOWERED" not in text


async def test_film_that_the_law_keeps_from_the_public_is_not_shown_lowered_either(tmp_path: Path) -> None:
    found(tmp_path / "centre", phases=(("voting", START, START + 3_600_000),))
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = await started(centre, web)
        small = b"small" * 100
        box.film(b"film" * 1000, INIT, phase="voting", live=live(small))
        await box.send_log()
        for data in (SMALL_INIT, small):
            assert (await box.put(data)).status_code == 201
        clock.at = box.end + DELAY + 60_000
        await centre.broadcast.publish(STATION)
        assert not list((centre.tree / "s" / STATION / "film/a").rglob("*.m4s"))


async def test_a_lowered_segment_that_no_leaf_names_is_refused(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        box.film(b"film" * 1000, INIT, live={"rung": "slow"})
        await box.send_log()
        answer = await box.put(b"small" * 100)
        assert (answer.status_code, answer.json()["code"]) == (404, "ingest.no_leaf")


async def test_two_statements_cannot_name_one_lowered_file(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        box.film(b"film" * 1000, INIT, live=live(b"one"))
        box.film(b"more" * 1000, INIT, live=live(b"two") | {"init": sha256(b"another").hex()})
        answer = await box.send_log()
        assert (answer.status_code, answer.json()["code"]) == (422, "log.account")


async def test_a_mirror_has_what_is_there_and_calls_the_rest_arriving(folder: Path, tmp_path: Path) -> None:
    clock = HandClock()

    def files(root: Path) -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in (root / "s" / STATION / "film").rglob("*") if path.is_file()
        }

    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        papers = add_calibration(box, folder)
        day = Day(box)
        box.add("heartbeat", at=box.end + 120_000, boot="00c0ffee", mono=1, trust="ntp", owed=4, owed_bytes=36_000, free_bytes=10**9)
        await box.send_log()
        for paper in papers:
            await box.put(paper)
        await day.send_small()
        await day.send_full(1)
        clock.at = box.end + DELAY + 120_000
        await centre.broadcast.publish(STATION)
        copy = Mirror(open_patient(str(centre.tree)), tmp_path / "copy", tmp_path / "beside", DurableFiles(), Scope(), Trust())
        done = await asyncio.to_thread(copy.copy, clock.at)
        told = {line.code: dict(line.facts) for line in done.report.lines}
        assert told["film.behind"] == {"count": 3}
        assert "film.segment_missing" not in told
        assert files(tmp_path / "copy") == files(centre.tree)
        assert verify_film(str(tmp_path / "copy")).exit_code == 0
        await day.send_full(0, 2, 3)
        await centre.broadcast.publish(STATION)
        await asyncio.to_thread(copy.copy, clock.at)
        assert files(tmp_path / "copy") == files(centre.tree)
        order = {"station": STATION, "cam": "a", "article": "art. 8", "reason": "secrecy", "by": "chair"}
        assert (await web.post("/api/v1/control/stop", json=order, headers={"Authorization": "Bearer control-token"})).status_code == 200
        await asyncio.to_thread(copy.copy, clock.at)
        assert not [path for path in (tmp_path / "copy").rglob("*") if path.suffix in {".m4s", ".mp4"}]


@pytest.mark.parametrize("forge", ["bytes", "tag", "swap"])
async def test_a_forged_lowered_film_is_found(folder: Path, forge: str) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        papers = add_calibration(box, folder)
        day = Day(box)
        await box.send_log()
        for paper in papers:
            await box.put(paper)
        await day.send_small()
        clock.at = box.end + DELAY
        await centre.broadcast.publish(STATION)
    film = centre.tree / "s" / STATION / "film/a"
    assert codes(centre.tree)[0] == 0
    match forge:
        case "bytes":
            replace(film / day.lives[0], day.small[0][:-1] + b"x")
        case "tag":
            for name in ("day.m3u8", "live.m3u8"):
                replace(film / name, (film / name).read_bytes().replace(b"#EXT-X-KUA-LOWERED:slow\n", b""))
        case _:
            (film / "live" / f"{LIVE_RUN}-1.m4s").write_bytes(b"a file that nobody signed")
    code, told = codes(centre.tree)
    assert code == 1
    assert {"bytes": "film.segment_altered", "tag": "film.playlist_differs", "swap": "film.file_unsigned"}[forge] in told


def replace(path: Path, data: bytes) -> None:
    """Another file in its place: the one in the store, of which this is a link, stays as it is."""
    path.unlink()
    path.write_bytes(data)
