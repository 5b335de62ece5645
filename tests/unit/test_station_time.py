# SPDX-License-Identifier: Apache-2.0
"""What a station states about time: the checkpoint of the nation that it has just seen, the code read back from its picture, co-signers in the room, a clock
that was set or that drifts. No station states what it was not given.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from kua.adapters.detectors.qr import QrReader
from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app.live import Codes, read_codes, write_codes
from kua.core.digest import sha256
from kua.core.errors import Rejected
from kua.core.instant import Instant, Millis
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign, cosignatures
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.liveness import liveness_code
from kua.proof.merkle import EMPTY_ROOT
from kua.proof.note import add_signatures, parse_note
from kua.sight.code import Code, CodeGate
from kua.sight.raw import RawFrame
from kua.station.journal import Camera, Day, Journal, Owing, leaves_of
from kua.station.liveness import APART, LONGEST, Reading
from kua.station.pipe import Anchored
from kua.station.spool import Outbox
from kua.station.uplink import ASK_AGAIN, Uplink
from kua.testing.clock import ManualClock
from kua.testing.courier import MemoryCourier

ORIGIN: Final = "kua.example/e-1/s/10-245"
NATION: Final = "kua.example/e-1/nation"
KEY = SigningKey.from_seed(ORIGIN, bytes(range(32)))
CENTRE = SigningKey.from_seed("kua.example/centre", bytes(range(1, 33)))
PHONE = SigningKey.from_seed("person/observer/10-245", bytes(range(2, 34)))
PAPERS = tuple(sha256(word) for word in (b"calibration", b"note", b"signers"))
DAY = Day("e-1", sha256(b"election"), "10-245", (Camera("a", 640, 360, 10_000),), (("hiding", 1, sha256(b"hiding")),), {"a": PAPERS})
START = 1_800_000_000_000
IDLE = Owing(0, 0, 1 << 40)


def nation(size: int, key: SigningKey = CENTRE, origin: str = NATION) -> bytes:
    """A national checkpoint."""
    return sign_checkpoint(Checkpoint(origin, size, EMPTY_ROOT), key)


class Station:
    """A journal over a real log, and an uplink to a centre in memory."""

    def __init__(self, box: Path) -> None:
        self.box, self.clock, self.given = box, ManualClock(START), []
        self.courier = MemoryCourier(KEY.verifier, ORIGIN, CENTRE, self.clock)
        self.outbox = Outbox.open(box / "spool.sqlite")
        self.log = DiskLog.open(box / "log", ORIGIN, KEY)
        self.start()

    def start(self) -> None:
        self.journal = Journal(self.log, self.clock, "00c0ffee")
        self.journal.begin(DAY, sha256(b"build"), sha256(b"settings"))
        self.uplink = Uplink(
            self.box, self.log, self.outbox, self.courier, CENTRE.verifier, self.clock, lambda: 0.5, self.clock.centre_says, self.given.append
        )

    def leaves(self, *types: str) -> list[Leaf]:
        return [leaf for leaf in leaves_of(self.log) if leaf.type in types]

    def cosigned(self, key: SigningKey = PHONE, seconds: int = START // 1000) -> bytes:
        """What an observer's phone answers to the newest checkpoint."""
        note = self.log.checkpoint()
        text = note.decode().split("\n\n", 1)[0] + "\n"
        return add_signatures(note, [cosign(text, key, seconds)])


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.log.close()
    made.outbox.close()


# --------------------------------------------------------------------------------------------------------------------- beacon


def test_the_uplink_brings_the_newest_national_checkpoint(station: Station) -> None:
    station.courier.nation = nation(7)
    station.uplink.once()
    assert station.given == [nation(7)]
    station.journal.beacon(station.given[0])
    (leaf,) = station.leaves("beacon")
    assert leaf["note"].encode() == nation(7)


def test_it_is_asked_for_again_after_five_minutes(station: Station) -> None:
    station.courier.nation = nation(7)
    for _ in range(5):
        station.uplink.once()
    station.courier.nation = nation(9)
    station.clock.advance(ASK_AGAIN)
    station.uplink.once()
    assert station.given == [nation(7), nation(9)]


@pytest.mark.parametrize(
    "note",
    [
        nation(7, KEY),
        nation(7, origin="kua.example/e-2/nation"),
        nation(7).replace(b"\n7\n", b"\n8\n"),
        b"kua/receipt/v1\n\nhello",
        b"\xff",
    ],
    ids=["another key", "another election", "altered", "no note", "no text"],
)
def test_what_the_centre_did_not_sign_is_not_taken_and_stops_nothing(station: Station, note: bytes) -> None:
    station.courier.nation = note
    station.uplink.once()
    station.uplink.once()
    assert station.given == []
    assert station.uplink.link.trouble == ""
    assert station.courier.entries


def test_signatures_of_others_are_left_away(station: Station) -> None:
    text = nation(7).decode().split("\n\n", 1)[0] + "\n"
    station.courier.nation = add_signatures(nation(7), [cosign(text, PHONE, 1)])
    station.uplink.once()
    assert station.given == [nation(7)]


def test_an_older_or_the_same_checkpoint_is_stated_once(station: Station) -> None:
    for size in (7, 7, 5, 9):
        station.journal.beacon(nation(size))
    assert [leaf["note"].encode() for leaf in station.leaves("beacon")] == [nation(7), nation(9)]
    station.start()
    station.journal.beacon(nation(9))
    assert len(station.leaves("beacon")) == 2


def test_nothing_is_stated_after_the_close(station: Station) -> None:
    station.journal.beacon(nation(7))
    code = station.journal.codes()[0]
    station.journal.close("ordered")
    station.journal.beacon(nation(9))
    station.journal.liveness("a", Instant(START), Instant(START + 1), code)
    station.journal.observer(str(PHONE.cosigner), station.cosigned())
    assert [leaf.type for leaf in leaves_of(station.log)][-1] == "close"


# ------------------------------------------------------------------------------------------------------------------- liveness


def test_the_code_rotates_with_the_checkpoint_and_the_one_before_it_still_counts(station: Station) -> None:
    for size in (7, 9, 11):
        station.journal.beacon(nation(size))
    codes = [liveness_code(ORIGIN, nation(size)) for size in (11, 9)]
    assert list(station.journal.codes()) == codes
    for code in (*codes, liveness_code(ORIGIN, nation(7)), "000000"):
        station.journal.liveness("a", Instant(START), Instant(START + 1_000), code)
    assert [leaf["code"] for leaf in station.leaves("liveness")] == codes
    assert [leaf["beacon"] for leaf in station.leaves("liveness")] == [sha256(nation(size)).hex() for size in (11, 9)]


def test_a_restart_remembers_the_codes(station: Station) -> None:
    station.journal.beacon(nation(7))
    before = station.journal.codes()
    station.start()
    assert station.journal.codes() == before


def test_the_codes_travel_by_a_file_of_the_box(tmp_path: Path) -> None:
    mono = [Millis(0)]
    codes = Codes(tmp_path, lambda: mono[0])
    assert codes(Instant(0)) == ()
    write_codes(tmp_path, ("7K3MZV", "000000"), DurableFiles())
    assert codes(Instant(0)) == ()
    mono[0] = Millis(1_000)
    assert codes(Instant(0)) == ("7K3MZV", "000000") == read_codes(tmp_path)
    (tmp_path / "live.json").write_bytes(b'{"codes":')
    assert read_codes(tmp_path) == ()


def _picture(code: str, at: int) -> RawFrame:
    """A room in which a screen shows `code` as a QR code."""
    yuv = np.full((540, 640), 128, np.uint8)
    rows = np.array([[0 if module else 255 for module in row] for row in segno.make(code, error="m", micro=False, boost_error=False).matrix], np.uint8)
    drawn = np.kron(rows, np.ones((6, 6), np.uint8))
    yuv[40 : 80 + drawn.shape[0], 40 : 80 + drawn.shape[1]] = 255
    yuv[60 : 60 + drawn.shape[0], 60 : 60 + drawn.shape[1]] = drawn
    return RawFrame(Instant(at), 640, 360, yuv)


def _zone() -> np.ndarray:
    zone = np.zeros((45, 80), np.bool_)
    zone[:35, :40] = True
    return zone


def test_todays_code_is_read_back_from_the_picture(station: Station) -> None:
    station.journal.beacon(nation(7))
    gate = CodeGate(QrReader(), lambda _at: station.journal.codes())
    picture = _picture(station.journal.codes()[0], START)
    assert gate.shows(picture, _zone()).any()
    assert set(gate.read_at(Instant(START))) == {station.journal.codes()[0]}
    assert not gate.read_at(Instant(START + 100))


def test_a_finger_over_the_code_hides_it_before_the_next_reading(station: Station) -> None:
    """A code is read once a second; in between it counts only as long as it looks as it was read."""
    station.journal.beacon(nation(7))
    read: list[int] = []
    reader = QrReader()

    def counting(luma: np.ndarray) -> list[Code]:
        read.append(1)
        return list(reader(luma))

    gate = CodeGate(counting, lambda _at: station.journal.codes())
    code = station.journal.codes()[0]
    for passed in range(0, 1_000, 100):
        assert gate.shows(_picture(code, START + passed), _zone()).any()
    covered = _picture(code, START + 950)
    covered.yuv[100:116, 100:116] = 70
    assert not gate.shows(covered, _zone()).any()
    assert not gate.read_at(covered.at)
    other = _picture(liveness_code(ORIGIN, nation(3)), START + 970)
    assert not gate.shows(other, _zone()).any()
    assert len(read) == 1
    assert gate.shows(_picture(code, START + 1_000), _zone()).any()
    assert len(read) == 2


def test_yesterdays_film_shows_yesterdays_code_and_nothing_is_read(station: Station) -> None:
    """A recording that is played to the camera today: the code in it was of another checkpoint."""
    yesterday = liveness_code(ORIGIN, nation(3))
    station.journal.beacon(nation(7))
    gate = CodeGate(QrReader(), lambda _at: station.journal.codes())
    assert not gate.shows(_picture(yesterday, START), _zone()).any()
    assert not gate.read_at(Instant(START))


def test_the_film_of_another_station_shows_another_code(station: Station) -> None:
    station.journal.beacon(nation(7))
    assert liveness_code(ORIGIN.replace("245", "246"), nation(7)) not in station.journal.codes()


@given(st.lists(st.tuples(st.integers(1, 5_000), st.booleans()), max_size=80))
def test_stated_spans_hold_readings_at_both_ends_and_no_long_hole(steps: list[tuple[int, bool]]) -> None:
    reading, at, read, spans = Reading(), START, [], []
    for passed, there in steps:
        at += passed
        read += [at] if there else []
        spans += reading.see(Instant(at), ["7K3MZV"] if there else [])
    spans += reading.rest()
    for span in spans:
        assert {span.t0, span.t1} <= set(read)
        within = [moment for moment in read if span.t0 <= moment <= span.t1]
        assert all(b - a <= APART for a, b in zip(within, within[1:], strict=False))
        assert 0 < span.t1 - span.t0 <= LONGEST + 5_000
    assert all(a.t1 <= b.t0 for a, b in zip(spans, spans[1:], strict=False))
    near = [b for a, b in zip(read, read[1:], strict=False) if b - a <= APART]
    assert bool(spans) >= bool(near)


# ------------------------------------------------------------------------------------------------------------------- observers


def test_a_co_signature_from_the_room_stands_in_the_log(station: Station) -> None:
    station.journal.observer(str(PHONE.cosigner), station.cosigned())
    (leaf,) = station.leaves("observer")
    (found,) = cosignatures(parse_note(leaf["note"].encode()), [VerifierKey.parse(leaf["vkey"])])
    assert (found.key, found.seconds) == (PHONE.cosigner, START // 1000)


def test_what_others_signed_beside_it_is_left_away(station: Station) -> None:
    both = add_signatures(station.cosigned(), [parse_note(station.cosigned(CENTRE)).signatures[-1]])
    station.journal.observer(str(PHONE.cosigner), both)
    assert len(parse_note(station.leaves("observer")[0]["note"].encode()).signatures) == 2


def test_a_co_signature_that_does_not_hold_is_refused(station: Station) -> None:
    note = station.cosigned()
    other = SigningKey.from_seed("another.example/phone", bytes(range(3, 35)))
    foreign = sign_checkpoint(Checkpoint(ORIGIN, station.log.size, EMPTY_ROOT), KEY)
    text = foreign.decode().split("\n\n", 1)[0] + "\n"
    for vkey, given_note, code in (
        (str(other.cosigner), note, "note.unknown_signer"),
        (str(PHONE.cosigner), note.replace(b"person/observer/10-245 ", b"person/observer/10-245 AAAA"), "note"),
        ("hello", note, "key.form"),
        (str(PHONE.cosigner), add_signatures(foreign, [cosign(text, PHONE, 1)]), "log.checkpoint"),
        (str(PHONE.cosigner), b"", "note.form"),
    ):
        with pytest.raises(Rejected, match=code):
            station.journal.observer(vkey, given_note)
    assert station.leaves("observer") == []


# ----------------------------------------------------------------------------------------------------------------------- clock


def test_a_step_of_the_clock_is_a_leaf(station: Station) -> None:
    station.clock.advance(30_000)
    station.journal.tick(lambda: IDLE)
    station.clock.step(-3_600_000)
    station.journal.tick(lambda: IDLE)
    (leaf,) = station.leaves("clock")
    assert (leaf["step_ms"], leaf["forward"]) == (3_600_000, False)


def test_a_clock_that_drifts_little_by_little_is_a_leaf_every_two_seconds(station: Station) -> None:
    for _ in range(100):
        station.clock.advance(30_000)
        station.clock.step(50)
        station.journal.tick(lambda: IDLE)
    assert [(leaf["step_ms"], leaf["forward"]) for leaf in station.leaves("clock")] == [(2_000, True), (2_000, True)]


def test_an_honest_clock_states_nothing(station: Station) -> None:
    for _ in range(100):
        station.clock.advance(30_000)
        station.journal.tick(lambda: IDLE)
    assert station.leaves("clock") == []


# ---------------------------------------------------------------------------------------------------------------------- anchors


@pytest.mark.parametrize(("ahead", "said"), [(None, None), (-3_600_000, {"off_ms": 3_600_000, "ahead": False}), (40, {"off_ms": 40, "ahead": True})])
def test_how_a_runs_times_came_about_is_stated_with_the_cameras_own_clock_where_it_has_one(
    station: Station, ahead: int | None, said: dict[str, object] | None
) -> None:
    station.journal.anchored("a", Anchored("0badcafe", START, 7, 40, fast=True), None if ahead is None else Millis(ahead))
    (leaf,) = station.leaves("anchor")
    assert (leaf["begins"], leaf["mono"], leaf["trust"], leaf["drift_ppm"], leaf["fast"]) == (START, 7, "ntp", 40, True)
    assert leaf["camera"] == said
    station.journal.close("ordered")
    station.journal.anchored("a", Anchored("0badcafe", START, 7, 40, fast=True), None)
    assert len(station.leaves("anchor")) == 1
