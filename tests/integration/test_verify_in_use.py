# SPDX-License-Identifier: Apache-2.0
"""A tree that is published while somebody checks it: whichever file is read before a change and whichever after it, an honest tree is never called altered."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kua.adapters.durable import DurableFiles
from kua.core.errors import Incomplete, Rejected
from kua.core.instant import Instant
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.tiles import Edge
from kua.verify import film as film_check
from kua.verify import work
from kua.verify.entries import load_entries
from kua.verify.film import Trust, verify_film
from kua.verify.reading import MAX_FILE, Folder, Reader
from kua.verify.gather import Wanted
from kua.verify.log import audit_log
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
            await centre.nation._flush()
            await centre.broadcast.publish(STATION)
            taken.append(tmp_path / f"moment-{len(taken)}")
            shutil.copytree(centre.tree, taken[-1], ignore=shutil.ignore_patterns("*.part"))

        shutil.copytree(centre.tree, tmp_path / "before")
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
def waited() -> list[float]:
    """The pauses of the last check."""
    return []


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch, waited: list[float]) -> Callable[[Growing], Report]:
    """Check what a reader gives."""

    def look(reader: Growing) -> Report:
        waited.clear()
        def given(_place: str) -> Reader:
            return reader

        monkeypatch.setattr(film_check, "open_reader", given)
        monkeypatch.setattr(work.time, "sleep", waited.append)
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


@pytest.mark.parametrize("web", [False, True], ids=["folder", "web"])
def test_a_station_that_enrols_while_the_nation_is_read_is_not_called_a_stranger(
    moments: list[Path], looked: Callable[[Growing], Report], web: bool
) -> None:
    then = [moments[0].with_name("before"), moments[0]]
    still = Growing(then[1:], 10_000, web=web)
    looked(still)
    for turn in range(1, still.asked + 1):
        wrong = [line for line in looked(Growing(then, turn, web=web)).lines if line.state == "FAIL"]
        assert not wrong, f"{turn}: {wrong}"


def tidied(moments: list[Path]) -> list[Path]:
    """Three moments of a copy, which at the last one has taken away the partial tiles of the first one's heads, but not of the second one's."""
    first, then, last = moments
    shutil.copytree(last, last.with_name("tidied"))
    old = {path.relative_to(first) for path in first.rglob("*.p/*")}
    kept = {path.relative_to(then) for log in ("nation", f"s/{STATION}") for path in newest(then / log)}
    for name in old - kept:
        last.with_name("tidied").joinpath(name).unlink()
    assert old - kept
    return [first, then, last.with_name("tidied")]


def newest(log: Path) -> list[Path]:
    """The partial tiles of the head."""
    folders = {path.parent for path in log.rglob("*.p/*")}
    return [max(folder.iterdir(), key=lambda path: int(path.name)) for folder in folders]


@pytest.mark.parametrize("web", [False, True], ids=["folder", "web"])
def test_a_copy_that_tidies_old_partial_tiles_away_lacks_nothing(moments: list[Path], looked: Callable[[Growing], Report], web: bool) -> None:
    then = tidied(moments[2:5])
    still = Growing(then[:1], 10_000, web=web)
    looked(still)
    for turn in range(6, still.asked + 1):  # a head goes when newer ones exist: nobody has to be quicker than that
        wrong = [line for line in looked(Growing(then, turn, web=web)).lines if line.state == "FAIL" or (line.state == "MISSING" and " log." in line.check)]
        assert not wrong, f"{turn}: {wrong}"


@pytest.mark.parametrize("loads", [False, True], ids=["audit", "entries"])
def test_a_long_log_is_read_as_it_was_when_its_checkpoint_was_read(tmp_path: Path, loads: bool) -> None:
    edge, key, places = Edge(), SigningKey.from_seed("kua.example/box", bytes(32)), [tmp_path / str(number) for number in range(3)]
    for place, size in zip(places, (300, 310, 320), strict=True):
        if edge.size:
            shutil.copytree(places[0] if edge.size == 300 else places[1], place)
        for name, data in edge.append([b"entry %d" % number for number in range(edge.size, size)]).items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (place / "checkpoint").write_bytes(sign_checkpoint(Checkpoint("kua.example/e/s/10-245", edge.size, edge.root()), key))
    for path in places[2].rglob("*.p/*"):
        if path.name in {"44", str(300 // 256)} and "tile/1/" not in str(path):
            path.unlink()
    for turn in range(2, 12):
        report, place = Report(), Growing(places, turn, web=True)
        if loads:
            load_entries(place, key.verifier, None, "station", "log", report)
        else:
            report = audit_log(place, str(key.verifier))
        assert not report.has("MISSING"), (turn, report.to_json())


def test_a_list_that_never_catches_up_with_what_is_there_is_blamed(
    moments: list[Path], looked: Callable[[Growing], Report], waited: list[float]
) -> None:
    assert not looked(Growing([moments[2]], 10_000)).has("FAIL")
    assert not waited, "where nothing is behind nobody waits"
    for name in ("day.m3u8", "live.m3u8"):
        shutil.copy(moments[1] / FILM / name, moments[2] / FILM / name)
        shutil.copy(moments[2] / FILM / name, moments[3] / FILM / name)
    for moment in (2, 3):  # two segments that are here are not shown; then the list that showed them is old itself
        assert {line.code for line in looked(Growing([moments[moment]], 10_000)).lines if line.state == "FAIL"} == {"film.playlist_differs"}
        assert waited == [1, 2, 4] * 2


class Late(Growing):
    """One whole moment, in which a playlist is an old one for the first `times` that somebody asks for it."""

    def __init__(self, moment: Path, name: str, old: bytes, times: int) -> None:
        super().__init__([moment], 10_000)
        self._name, self._old, self._times = name, old, times

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        if name == self._name and self._times:
            self._times -= 1
            return self._old
        return super().read(name, limit)


@pytest.mark.parametrize(("old", "times", "fails"), [(1, 1, False), (1, 3, False), (1, 4, True), (2, 3, False), (2, 4, True)])
def test_a_list_may_catch_up_until_the_last_look(
    moments: list[Path], looked: Callable[[Growing], Report], waited: list[float], old: int, times: int, fails: bool
) -> None:
    name = f"{FILM}/day.m3u8"  # the first look, and one after each pause
    report = looked(Late(moments[old + 1], name, (moments[old] / name).read_bytes(), times))
    assert report.has("FAIL") is fails, [line for line in report.lines if line.state == "FAIL"]
    assert waited == [1, 2, 4][: min(times, 3)]


def test_a_tree_full_of_old_lists_keeps_nobody_for_long(monkeypatch: pytest.MonkeyPatch, waited: list[float]) -> None:
    monkeypatch.setattr(work.time, "sleep", waited.append)
    patience = work.Patience(left=5.0)
    for pause in (1.0, 2.0, 4.0, 1.0):
        patience.wait(pause)
    assert waited == [1, 2, 2, 0]


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
            turns = range(1, still.asked + 1)
            for turn in turns if (first, last) == (2, 3) else sorted(chance.sample(turns, 10)):
                out = tmp_path / f"bundle-{made}.zip"
                report = make_bundle(Growing(then, turn), Order(wanted, copies=False), out).report
                assert not report.has("FAIL"), f"{then[0].name} became {then[1].name} after {turn} of {still.asked}"
                made += 1
    assert made >= 40, made


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


def test_of_a_station_that_has_not_spoken_there_is_no_bundle_and_nobody_is_blamed(moments: list[Path], tmp_path: Path) -> None:
    wanted, before = Order(Wanted(STATION, (), START, Instant(START + 3_600_000))), moments[0].with_name("before")
    with pytest.raises(Incomplete, match=r"bundle\.nothing"):
        make_bundle(Folder(before), wanted, tmp_path / "bundle.zip")
    (before / f"s/{STATION}").mkdir(parents=True)
    shutil.copy(moments[0] / f"s/{STATION}/vkey", before / f"s/{STATION}/vkey")
    with pytest.raises(Incomplete, match=r"bundle\.nothing"):
        make_bundle(Folder(before), wanted, tmp_path / "bundle.zip")
    (moments[-1] / f"s/{STATION}/checkpoint").unlink()
    with pytest.raises(Rejected, match=r"bundle\.source"):
        make_bundle(Folder(moments[-1]), wanted, tmp_path / "bundle.zip")
