# SPDX-License-Identifier: Apache-2.0
"""Keys of the hours: whoever takes the box at 20:00, with all that is on it, cannot write another 11:00.

A station's log on a real folder with a manual clock; the thief has a copy of every file as it lay there at 20:00.
"""

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.core.canonical import read_canonical
from kua.core.digest import sha256
from kua.core.instant import SLOT, Instant, Millis, slot_of
from kua.flow.hourglass import Hourglass
from kua.proof.base64 import to_base64
from kua.proof.hours import hour_name, sign_seal
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.merkle import Frontier, leaf_hash
from kua.station.hours import HourKeys
from kua.station.journal import Camera, Day, Footage, Journal, Owing, leaves_of
from kua.testing.clock import ManualClock
from kua.verify.entries import Entries, load_entries
from kua.verify.hours import check_hours
from kua.verify.reading import Folder
from kua.verify.report import Report

ORIGIN: Final = "kua.example/e-1/s/10-245"
KEY: Final = SigningKey.from_seed(ORIGIN, bytes(range(32)))
PAPERS: Final = tuple(sha256(word) for word in (b"calibration", b"note", b"signers"))
DAY: Final = Day("e-1", sha256(b"election"), "10-245", (Camera("a", 640, 360, 10_000),), (("hiding", 1, sha256(b"hiding")),), {"a": PAPERS})
SEVEN: Final = 1_773_540_000_000
"""The opening: 07:00."""
HOUR, FIVE = 3_600_000, 300_000
IDLE: Final = Owing(0, 0, 1 << 40)


def seed(number: int) -> bytes:
    """The seed of the hour key that is drawn as number `number`: what a forensic scan looks for."""
    return sha256(f"kua test, not a secret: hour {number}".encode())


class Box:
    """A station's box with its log and its keys of the hours."""

    def __init__(self, folder: Path, drawn: int = 0) -> None:
        self.folder, self.clock, self.boots, self.drawn = folder, ManualClock(SEVEN), 0, drawn
        self.start()

    def start(self) -> None:
        """Start the agent; another boot each time."""
        self.boots += 1
        self.log = DiskLog.open(self.folder / "log", ORIGIN, KEY)
        hours = HourKeys(self.folder / "keys" / "hours", DurableFiles(), self._draw)
        self.journal = Journal(self.log, self.clock, f"{self.boots:08x}", hours)
        self.journal.begin(DAY, sha256(b"build"), sha256(b"settings"))

    def _draw(self) -> bytes:
        self.drawn += 1
        return seed(self.drawn - 1)

    def restart(self) -> None:
        """Let the agent die and start again."""
        self.log.close()
        self.start()

    def work(self, millis: int, step: int = FIVE) -> None:
        """Let time pass, with one segment in each step."""
        for _ in range(millis // step):
            self.clock.advance(step)
            self.film(f"film {self.clock.now()}")
            self.journal.tick(lambda: IDLE)

    def film(self, said: str) -> None:
        """State a segment that ends now."""
        t0 = Instant((self.clock.now() - SLOT) // SLOT * SLOT)
        digest = sha256(said.encode())
        self.journal.segment(Footage("a", "0badcafe", slot_of(t0), t0, Instant(t0 + SLOT), 40, "ntp", "voting", digest, 9, sha256(b"init")))

    def leaves(self, *types: str) -> list[Leaf]:
        return [leaf for leaf in leaves_of(self.log) if leaf.type in types]

    def held(self) -> list[int]:
        """The numbers of the keys that lie on the disk."""
        return sorted(int(path.stem) for path in (self.folder / "keys" / "hours").iterdir())


def judged(folder: Path, seen: list[tuple[int, int]] | None = None, now: int = 0) -> Report:
    """What a reader says of the log in `folder`, of which the national log has `seen` sizes."""
    report = Report()
    log = load_entries(Folder(folder / "log"), KEY.verifier, ORIGIN, "station", "s/10-245", report)
    assert isinstance(log, Entries), report.lines
    newest = max(leaf["at"] for _, leaf in log.leaves if isinstance(leaf, Leaf))
    check_hours("hours", log, [(size, Instant(at)) for size, at in seen or []], Instant(now or newest + 60_000), report)
    return report


def codes(report: Report, *states: str) -> set[str]:
    return {line.code for line in report.lines if line.check == "hours" and (not states or line.state in states)}


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Nobody pulls the plug in these tests, and a day has thousands of leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda opened: None)
        yield


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "box")


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A box that has worked from 07:00 to 20:00 and is then taken."""
    box = Box(tmp_path_factory.mktemp("taken") / "box")
    box.work(13 * HOUR)
    box.log.close()
    return box


# ---------------------------------------------------------------------------------------------------------------- honest


def test_each_hour_is_sealed_and_its_key_is_gone(box: Box) -> None:
    box.work(3 * HOUR)
    assert [leaf["number"] for leaf in box.leaves("hour_seal")] == [0, 1, 2]
    assert box.held() == list(range(3, 48))
    report = judged(box.folder)
    assert codes(report, "FAIL", "MISSING") == set()
    assert "film.hours_sealed" in codes(report, "PASS")


def test_a_closed_day_is_sealed_to_its_end_and_no_key_is_left(box: Box) -> None:
    box.work(HOUR + 3 * FIVE)
    box.journal.close("end_of_day")
    assert box.held() == []
    assert leaves_of(box.log)[-1].type == "hour_seal"
    report = judged(box.folder, now=SEVEN + 20 * 365 * 24 * HOUR)
    assert codes(report) == {"film.hours_sealed", "film.hours_unseen"}


def test_a_death_between_close_and_seal_is_made_good_at_the_next_start(box: Box) -> None:
    box.work(2 * FIVE)
    box.journal._hours = None  # the agent dies right after the close
    box.journal.close("end_of_day")
    box.log.close()
    log = DiskLog.open(box.folder / "log", ORIGIN, KEY)
    Journal(log, box.clock, "0000000f", HourKeys(box.folder / "keys" / "hours", DurableFiles(), box._draw)).tick(lambda: IDLE)
    assert leaves_of(log)[-1].type == "hour_seal"
    assert box.held() == []


def test_keys_are_files_that_only_the_agent_reads(box: Box) -> None:
    assert {path.stat().st_mode & 0o777 for path in (box.folder / "keys" / "hours").iterdir()} == {0o600}


def test_a_restart_in_mid_hour_goes_on_with_the_same_key(box: Box) -> None:
    box.work(HOUR + 30 * 60_000)
    box.restart()
    assert box.held()[0] == 1
    box.work(25 * 60_000)
    assert len(box.leaves("hour_seal")) == 1
    box.work(10 * 60_000)
    assert [leaf["number"] for leaf in box.leaves("hour_seal")] == [0, 1]
    assert len(box.leaves("hour_keys")) == 1
    assert codes(judged(box.folder), "FAIL", "MISSING") == set()


def test_a_box_that_was_off_for_long_seals_at_its_start(box: Box) -> None:
    box.work(FIVE)
    box.clock.advance(3 * HOUR)
    box.restart()
    box.journal.tick(lambda: IDLE)
    assert box.held()[0] == 1
    assert codes(judged(box.folder), "FAIL", "MISSING") == set()


def test_a_death_between_seal_and_erasure_is_made_good(box: Box) -> None:
    box.work(HOUR - FIVE)
    box.journal._hours.erase = lambda until=None: None  # type: ignore[method-assign, union-attr] - the power goes right here
    box.work(FIVE)
    assert (len(box.leaves("hour_seal")), box.held()[0]) == (1, 0)
    box.restart()
    box.journal.tick(lambda: IDLE)
    assert box.held()[0] == 1


@pytest.mark.parametrize("step", [6 * 365 * 24 * HOUR, 2 * HOUR, -2 * HOUR, -6 * 365 * 24 * HOUR])
def test_a_step_of_the_clock_neither_ends_nor_lengthens_an_hour(box: Box, step: int) -> None:
    box.work(30 * 60_000)
    box.clock.step(step)
    box.journal.tick(lambda: IDLE)
    assert box.leaves("hour_seal") == []
    if step > 0:
        box.work(2 * HOUR)
        assert [leaf["number"] for leaf in box.leaves("hour_seal")] == [0, 1]
    else:  # film that would lie over film is refused by the account; time passes all the same
        for _ in range(24):
            box.clock.advance(FIVE)
            box.journal.tick(lambda: IDLE)
        assert [leaf["number"] for leaf in box.leaves("hour_seal")] == [0, 1]
    report = judged(box.folder, now=box.clock.now() + 60_000)
    assert codes(report, "FAIL", "MISSING") == set()
    assert "film.hour_long" not in codes(report)


def test_a_day_of_26_hours_over_midnight_needs_no_second_set_of_keys(box: Box) -> None:
    box.work(26 * HOUR)
    box.journal.close("end_of_day")
    assert [leaf["number"] for leaf in box.leaves("hour_seal")] == list(range(27))
    assert len(box.leaves("hour_keys")) == 1
    assert codes(judged(box.folder), "FAIL", "MISSING") == set()


def test_a_storage_of_days_gets_new_keys_while_the_old_can_still_vouch_for_them(box: Box) -> None:
    box.work(50 * HOUR, step=HOUR // 2)
    first, second = box.leaves("hour_keys")
    assert (first["first"], second["first"]) == (0, 48)
    assert [leaf["number"] for leaf in box.leaves("hour_seal")] == list(range(50))
    report = judged(box.folder)
    assert codes(report, "FAIL", "MISSING") == set()


def test_a_lost_key_stops_no_recording_and_is_said(box: Box) -> None:
    box.work(HOUR)
    (box.folder / "keys" / "hours" / "01.pem").unlink()
    box.work(2 * HOUR)
    assert box.journal.is_faulty(None, "hour_key")
    box.journal.close("end_of_day")
    assert "film.hour_unsealed" in codes(judged(box.folder), "MISSING")


def test_a_log_without_keys_of_the_hours_says_so(tmp_path: Path) -> None:
    log = DiskLog.open(tmp_path / "log", ORIGIN, KEY)
    Journal(log, ManualClock(SEVEN), "00c0ffee").begin(DAY, sha256(b"build"), sha256(b"settings"))
    assert codes(judged(tmp_path)) == {"film.hours_none"}


def test_a_station_that_fell_silent_in_mid_hour_has_an_unsealed_end(box: Box) -> None:
    box.work(HOUR + FIVE)
    assert "film.hour_runs" in codes(judged(box.folder), "NOT_CHECKED")
    assert "film.hour_unsealed" in codes(judged(box.folder, now=SEVEN + 4 * HOUR), "MISSING")


def test_when_the_nation_knew_the_keys_is_said(box: Box) -> None:
    box.work(HOUR)
    assert "film.hours_unseen" in codes(judged(box.folder), "NOT_CHECKED")
    assert "film.hours_unseen" in codes(judged(box.folder, seen=[(4, SEVEN + 9_000)]), "NOT_CHECKED")
    assert "film.hours_seen" in codes(judged(box.folder, seen=[(5, SEVEN + 9_000)]), "PASS")


@given(st.lists(st.tuples(st.integers(0, 4_000_000), st.integers(-(10**10), 10**10), st.booleans()), max_size=20))
@settings(max_examples=50)
def test_whatever_the_wall_clock_does_a_stretch_lasts_at_most_its_span_of_running_time(
    days: list[tuple[int, int, bool]],
) -> None:
    wall, mono, began, ran = 10**12, 0, 10**12, 0
    glass = Hourglass(Millis(HOUR), Instant(began), Instant(wall), Millis(mono))
    for passed, step, restart in days:
        if glass.is_over(Millis(mono)):
            began, ran = wall, 0
            glass.turn(Millis(mono))
        assert ran < HOUR
        if restart:
            mono, ran = 0, 0
            glass = Hourglass(Millis(HOUR), Instant(began), Instant(wall), Millis(mono))
        wall, mono, ran = wall + passed + step, mono + passed, ran + passed
        assert glass.is_over(Millis(mono)) or ran < HOUR


# ---------------------------------------------------------------------------------------------------------------- forensic


def _pieces(key: bytes) -> list[bytes]:
    """What of a key might be found on a disk: its seed as it is, in hex and in every alignment of base64."""
    plain = [base64.b64encode(bytes(shift) + key)[8:-8] for shift in range(3)]
    return [key, key.hex().encode(), *plain]


def test_no_byte_of_a_spent_key_is_left_in_the_folder(taken: Box) -> None:
    everything = b"".join(path.read_bytes() for path in sorted(taken.folder.rglob("*")) if path.is_file())
    found = {number for number in range(48) if any(piece in everything for piece in _pieces(seed(number)))}
    assert found == set(range(13, 48))  # this hour's and later: they can only sign what is to come


def test_an_erased_file_is_overwritten_in_its_place_before_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "00.pem"
    DurableFiles().replace(path, b"secret" * 20, mode=0o600)
    with path.open("rb") as held:  # the inode lives on: what it holds is what the disk held last
        DurableFiles().erase(path)
        assert held.read() == bytes(120)
    assert not path.exists()


# ------------------------------------------------------------------------------------------------------------------ thief


class Thief:
    """Has a copy of all files of a box, its keys among them, and knows how everything works."""

    def __init__(self, box: Box, folder: Path) -> None:
        shutil.copytree(box.folder, folder)
        self.folder = folder
        log = DiskLog.open(folder / "log", ORIGIN, KEY)
        self.entries: list[bytes] = log.entries(0, log.size)
        log.close()
        self.keys = {
            int(path.stem): SigningKey.from_pem(hour_name(ORIGIN, int(path.stem)), path.read_bytes())
            for path in (folder / "keys" / "hours").iterdir()
        }

    def bodies(self) -> list[dict[str, Any]]:
        return [read_canonical(entry) for entry in self.entries]

    def publish(self, entries: list[bytes], into: Path) -> Path:
        """Sign a log of one's own with the station's key."""
        log = DiskLog.open(into / "log", ORIGIN, KEY)
        log.append(entries)
        log.publish()
        log.close()
        return into


def spelt(body: dict[str, Any]) -> bytes:
    return make_leaf(body["type"], **{name: value for name, value in body.items() if name not in {"v", "type"}})


def _another_film_at_eleven(body: dict[str, Any]) -> dict[str, Any]:
    """What the thief is after: a segment of hour 4 (11:00 to 12:00) with another film."""
    eleven = SEVEN + 4 * HOUR
    is_it = body["type"] == "segment" and eleven <= body["t0"] < eleven + 2 * FIVE
    return {**body, "sha256": sha256(b"forged").hex()} if is_it else body


def _sealed_anew(bodies: list[dict[str, Any]], key_for: Callable[[int], SigningKey | None]) -> list[bytes]:
    """Write `bodies` again; each seal is made anew where the thief has a key for it, and left as it was where not."""
    made: list[bytes] = []
    frontier = Frontier()
    for body in bodies:
        key = key_for(body["number"]) if body["type"] == "hour_seal" else None
        made.append(spelt(body if key is None else {**body, "note": sign_seal(ORIGIN, frontier.size, frontier.root(), key).decode()}))
        frontier.append(leaf_hash(made[-1]))
    return made


def keeps_the_old_seals(thief: Thief) -> list[bytes]:
    return _sealed_anew([_another_film_at_eleven(body) for body in thief.bodies()], lambda number: None)


def seals_with_the_keys_that_are_left(thief: Thief) -> list[bytes]:
    return _sealed_anew([_another_film_at_eleven(body) for body in thief.bodies()], thief.keys.get or thief.keys[13])


def leaves_the_seals_out(thief: Thief) -> list[bytes]:
    return [spelt(_another_film_at_eleven(body)) for body in thief.bodies() if body["type"] != "hour_seal" or body["number"] < 4]


def goes_on_with_tonights_key(thief: Thief) -> list[bytes]:
    bodies = [_another_film_at_eleven(body) for body in thief.bodies()]
    kept = [body for body in bodies if body["type"] != "hour_seal" or body["number"] < 4]
    kept.append({"v": 1, "type": "hour_seal", "at": SEVEN + 13 * HOUR, "number": 13, "note": ""})
    return _sealed_anew(kept, thief.keys.get)


def calls_tonights_key_the_one_of_eleven(thief: Thief) -> list[bytes]:
    bodies = [_another_film_at_eleven(body) for body in thief.bodies()]
    kept = [body for body in bodies if body["type"] != "hour_seal" or body["number"] < 4]
    kept.append({"v": 1, "type": "hour_seal", "at": SEVEN + 13 * HOUR, "number": 4, "note": ""})
    return _sealed_anew(kept, lambda number: thief.keys[13] if number == 4 else None)


def makes_new_keys_at_eleven(thief: Thief) -> list[bytes]:
    mine = [SigningKey.from_seed(hour_name(ORIGIN, 4 + number), sha256(b"thief %d" % number)) for number in range(20)]
    bodies = [_another_film_at_eleven(body) for body in thief.bodies()]
    at = next(index for index, body in enumerate(bodies) if body["type"] == "hour_seal" and body["number"] == 3) + 1
    public = [to_base64(key.verifier.public) for key in mine]
    bodies.insert(at, {"v": 1, "type": "hour_keys", "at": bodies[at - 1]["at"], "first": 4, "keys": public})
    return _sealed_anew(bodies, lambda number: mine[number - 4] if number >= 4 else None)


FORGERIES: Final = {
    keeps_the_old_seals: ("FAIL", "film.hour_forged"),
    seals_with_the_keys_that_are_left: ("FAIL", "film.hour_forged"),
    leaves_the_seals_out: ("MISSING", "film.hour_unsealed"),
    goes_on_with_tonights_key: ("FAIL", "film.hour_skipped"),
    calls_tonights_key_the_one_of_eleven: ("FAIL", "film.hour_forged"),
    makes_new_keys_at_eleven: ("FAIL", "film.hours_exchanged"),
}


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_whoever_takes_the_box_at_eight_in_the_evening_cannot_write_another_eleven_in_the_morning(
    taken: Box, tmp_path: Path, forge: Callable[[Thief], list[bytes]]
) -> None:
    thief = Thief(taken, tmp_path / "stolen")
    forged = forge(thief)
    assert forged != thief.entries
    folder = thief.publish(forged, tmp_path / "forged")
    state, code = FORGERIES[forge]
    # A day that was left open speaks for itself two hours later.
    report = judged(folder, seen=[(6, SEVEN + 60_000)], now=SEVEN + 40 * HOUR)
    assert code in codes(report, state)
    assert report.exit_code in (1, 2)


def test_the_honest_log_of_that_day_holds(taken: Box, tmp_path: Path) -> None:
    report = judged(taken.folder, seen=[(6, SEVEN + 60_000)])
    assert report.exit_code == 0


def test_another_whole_day_with_keys_of_ones_own_contradicts_what_the_nation_saw_in_the_morning(taken: Box, tmp_path: Path) -> None:
    """The thief needs no key for that: only whoever saw the first checkpoint can tell, which is why it must be seen early."""
    thief = Thief(taken, tmp_path / "stolen")
    seen = Frontier.of(map(leaf_hash, thief.entries[:6])).root()
    mine = Box(tmp_path / "mine", drawn=100)
    mine.work(HOUR)
    assert codes(judged(mine.folder), "FAIL", "MISSING") == set()
    assert Frontier.of(map(leaf_hash, mine.log.entries(0, 6))).root() != seen
    mine.log.close()


def test_stolen_keys_of_the_hours_to_come_sign_the_hours_to_come(taken: Box, tmp_path: Path) -> None:
    """The limit, said aloud: from 20:00 on the thief is the station, until the centre takes the certificate back."""
    thief = Thief(taken, tmp_path / "stolen")
    body = {"v": 1, "type": "hour_seal", "at": SEVEN + 14 * HOUR, "number": 13, "note": ""}
    more = _sealed_anew([*thief.bodies(), body], thief.keys.get)
    assert isinstance(read_leaf(more[-1]), Leaf)
    report = judged(thief.publish(more, tmp_path / "forged"))
    assert codes(report, "FAIL", "MISSING") == set()
