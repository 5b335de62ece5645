# SPDX-License-Identifier: Apache-2.0
"""A tree that is published while somebody checks it: whichever file is read before a change and whichever after it, an honest tree is never called altered."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kua.adapters.durable import DurableFiles
from kua.core.instant import Instant
from kua.verify import film as film_check
from kua.verify import playlists
from kua.verify.film import Trust, verify_film
from kua.verify.reading import MAX_FILE, Folder, Reader
from kua.verify.gather import Wanted
from kua.verify.mirror import Mirror
from kua.verify.monitor import Memory, look
from kua.verify.patience import Patient
from kua.verify.pack import Order, make_bundle
from kua.verify.report import Report
from kua.verify.scope import Scope
from tests.integration.test_centre_day import add_calibration, started
from tests.integration.test_centre_lowered import INIT, Day
from tests.rigs.centre import DELAY, START, STATION, HandClock, found, running

NOW = Instant(START + 86_400_000)
FILM = f"s/{STATION}/film/a"


class Growing:
    """The tree as it was at some moments: after `turn` things were asked of it, it is the next one, and so on to the last."""

    def __init__(self, moments: list[Path], turn: int, *, web: bool = False) -> None:
        self._folders = [Folder(path) for path in moments]
        self._turn, self.asked = turn, 0
        self.listable = not web
        self.where = "growing"

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        return self._now().read(name, limit)

    def names(self, folder: str = "") -> tuple[str, ...]:
        return self._now().names(folder) if self.listable else ()

    def _now(self) -> Folder:
        self.asked += 1
        return self._folders[min((self.asked - 1) // self._turn, len(self._folders) - 1)]


@pytest.fixture
async def moments(tmp_path: Path) -> list[Path]:
    """A station with a thin line: its tree after each step, from the first lowered segments to the end of its day."""
    taken: list[Path] = []
    clock = HandClock()
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", clock) as (centre, web):

        async def publish() -> None:
            await centre.broadcast.publish(STATION)
            taken.append(tmp_path / f"moment-{len(taken)}")
            shutil.copytree(centre.tree, taken[-1], ignore=shutil.ignore_patterns("*.part"))

        box = await started(centre, web)
        papers = add_calibration(box, tmp_path / "centre")
        day = Day(box)
        await box.send_log()
        for paper in papers:
            await box.put(paper)
        await day.send_small()
        clock.at = box.end + DELAY - 1
        await publish()
        clock.at += 1
        await publish()
        await day.send_full(0, 2)
        await publish()
        more = box.film(b"more" * 2000, INIT)
        box.add("heartbeat", at=box.end + 120_000, boot="00c0ffee", mono=1, trust="ntp", owed=2, owed_bytes=18_000, free_bytes=10**9)
        await box.send_log()
        await box.put(b"more" * 2000)
        await day.send_full(1)
        clock.at = box.end + DELAY
        await publish()
        assert (taken[-1] / FILM / more).exists()
        await day.send_full(3)
        box.add("close", at=box.end, reason="end_of_day")
        await box.send_log()
        clock.at = box.end + DELAY + 60_000
        await publish()
    return taken


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Growing], Report]:
    """Check what a reader gives."""

    def look(reader: Growing) -> Report:
        def given(_place: str) -> Reader:
            return reader

        monkeypatch.setattr(film_check, "open_reader", given)
        monkeypatch.setattr(playlists, "PAUSES", (0.0, 0.0, 0.0))
        monkeypatch.setattr(film_check.time, "time_ns", lambda: (START + 86_400_000) * 1_000_000)
        return verify_film("growing")

    return look


@pytest.mark.parametrize("web", [False, True], ids=["folder", "web"])
def test_an_honest_tree_that_grows_under_the_eyes_of_its_reader_is_never_called_altered(
    moments: list[Path], looked: Callable[[Growing], Report], web: bool
) -> None:
    chance, tried = random.Random(1), 0
    for first in range(len(moments)):
        for then in ([moments[first], moments[last]] for last in range(first + 1, len(moments))):
            still = Growing(then, 10_000, web=web)
            assert not looked(still).has("FAIL")
            turns = range(1, still.asked + 1)
            for turn in sorted(chance.sample(turns, 25)):
                wrong = [line for line in looked(Growing(then, turn, web=web)).lines if line.state == "FAIL"]
                assert not wrong, f"{then[0].name} became {then[1].name} after {turn} of {still.asked}: {wrong}"
                tried += 1
    for turn in range(1, 40, 3):
        assert not looked(Growing(moments, turn, web=web)).has("FAIL"), turn
    assert tried == 250


def test_a_partial_tile_that_is_tidied_away_under_the_eyes_of_its_reader_is_no_stray(
    moments: list[Path], looked: Callable[[Growing], Report], tmp_path: Path
) -> None:
    shutil.copytree(moments[-1], tmp_path / "tidied")
    for kind in ("tile/0/000.p", "tile/entries/000.p"):
        folder = tmp_path / "tidied" / f"s/{STATION}" / kind
        narrow = sorted(folder.iterdir(), key=lambda path: int(path.name))[:-1]
        assert narrow
        for path in narrow:
            path.unlink()
    still = Growing([moments[-1]], 10_000)
    assert looked(still).exit_code == 0
    for turn in range(1, still.asked + 1):
        report = looked(Growing([moments[-1], tmp_path / "tidied"], turn))
        assert report.exit_code == 0, f"{turn}: {[line for line in report.lines if line.state in {'FAIL', 'MISSING'}]}"


def test_a_list_that_never_catches_up_with_what_is_there_is_blamed(moments: list[Path], looked: Callable[[Growing], Report]) -> None:
    for name in ("day.m3u8", "live.m3u8"):
        shutil.copy(moments[1] / FILM / name, moments[2] / FILM / name)
        shutil.copy(moments[2] / FILM / name, moments[3] / FILM / name)
    for moment in (2, 3):  # two segments that are here are not shown; then the list that showed them is old itself
        assert {line.code for line in looked(Growing([moments[moment]], 10_000)).lines if line.state == "FAIL"} == {"film.playlist_differs"}


def test_a_list_may_not_show_what_never_came(moments: list[Path], looked: Callable[[Growing], Report]) -> None:
    for name in ("day.m3u8", "live.m3u8"):
        shutil.copy(moments[2] / FILM / name, moments[1] / FILM / name)
    assert {line.code for line in looked(Growing(moments[1:2], 10_000)).lines if line.state == "FAIL"} == {"film.playlist_differs"}


def test_a_list_that_has_not_grown_is_blamed(moments: list[Path], looked: Callable[[Growing], Report]) -> None:
    shutil.copytree(moments[3] / f"s/{STATION}/tile", moments[2] / f"s/{STATION}/tile", dirs_exist_ok=True)
    shutil.copy(moments[3] / f"s/{STATION}/checkpoint", moments[2] / f"s/{STATION}/checkpoint")
    report = looked(Growing(moments[2:3], 10_000))
    assert {line.code for line in report.lines if line.state == "FAIL"} == {"film.playlist_short"}


@pytest.mark.parametrize("name", ["nation/checkpoint.part", f"s/{STATION}/tile/0/000.p/9.part", f"{FILM}/day.m3u8.part", "election.json.part"])
def test_what_is_being_written_is_told_and_nobody_is_blamed(moments: list[Path], name: str) -> None:
    (moments[-1] / name).write_bytes(b"half")
    report = verify_film(str(moments[-1]))
    assert report.exit_code == 0, [line for line in report.lines if line.state == "FAIL"]
    told = [dict(line.facts) for line in report.lines if line.code == "film.being_written"]
    assert told == [{"name": name, "count": 1}]
    other = verify_film(str(moments[-1] / "nation"))
    assert any(line.code == "film.being_written" for line in other.lines) is name.startswith("nation/")


def test_a_bundle_is_made_of_a_tree_that_grows_meanwhile(moments: list[Path], tmp_path: Path) -> None:
    wanted = Wanted(STATION, (), START, Instant(START + 3_600_000))
    chance, made = random.Random(2), 0
    for first in range(2, len(moments) - 1):
        for last in range(first + 1, len(moments)):
            then = [moments[first], moments[last]]
            still = Growing(then, 10_000)
            make_bundle(still, Order(wanted, copies=False), tmp_path / f"still-{made}.zip")
            for turn in sorted(chance.sample(range(1, still.asked + 1), 20)):
                out = tmp_path / f"bundle-{made}.zip"
                report = make_bundle(Growing(then, turn), Order(wanted, copies=False), out).report
                assert not report.has("FAIL"), f"{then[0].name} became {then[1].name} after {turn} of {still.asked}"
                made += 1
    assert made == 60


def test_a_mirror_and_a_monitor_follow_a_tree_that_grows_meanwhile(moments: list[Path], tmp_path: Path) -> None:
    chance = random.Random(3)
    for number in range(12):
        turns = [chance.randrange(1, 60) for _ in range(2)]
        place = Patient(Growing(moments, turns[0]), sleep=lambda _: None)
        copy = Mirror(place, tmp_path / f"copy-{number}", tmp_path / f"beside-{number}", DurableFiles(), Scope(), Trust())
        seen, growing = Memory(), Growing(moments, turns[1])
        for _ in range(6):
            place.begin()
            for done in (copy.copy(NOW), look([growing], seen, Scope(), Trust(), NOW)):
                assert not done.report.has("FAIL"), (turns, [line for line in done.report.lines if line.state == "FAIL"])
                assert not done.forks
        report = verify_film(str(tmp_path / f"copy-{number}"))
        assert report.exit_code == 0, (turns, [line for line in report.lines if line.state in {"FAIL", "MISSING"}])
