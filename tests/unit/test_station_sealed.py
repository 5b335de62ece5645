# SPDX-License-Identifier: Apache-2.0
"""Where `keep` puts sealed film: only ciphertext, only from a `hide` that should send it, within a budget, stated once, after a crash too."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.errors import Unavailable
from kua.core.instant import SLOT, Instant, slot_of
from kua.proof.leaf import Leaf
from kua.proof.sealed import orig_commit, root_of
from kua.station.fsck import check
from kua.station.pipe import Done, Fault, Message, SealedPiece, SliceBegun, SliceEnded
from kua.station.sealed import DAY, SealedShelf, records_of, slices_of
from kua.testing.disks import SickDisk
from tests.rigs.trustees import a_slice, twelve
from tests.rigs.keeping import PAPERS, START, Station

BEGIN = Instant(-(-START // SLOT) * SLOT)


class Sealing(Station):
    """A station that keeps sealed film."""

    budget = 1 << 30

    def start(self) -> None:
        super().start()
        self.full: list[bool] = []
        self.shelf = SealedShelf(
            self.box, twelve().sealing, self.disk, self.journal.slice, self.clock.now, calibration_of=lambda _cam: PAPERS[0],
            budget=self.budget, floor=0, on_full=self.full.append,
        )  # fmt: skip
        self.keep._shelf = self.shelf
        self.shelf.mend(lambda cam, name: self.journal.slices.get((cam, name)))

    def sealed(self, name: str = "00c0ffee", count: int = 3, *, size: int = 1_000, since: Instant = BEGIN, end: bool = True) -> list[Message]:
        """Hand over a slice; return what was handed over."""
        made = a_slice(twelve(), name)
        shares = [{"trustee": each.trustee, "commit": each.commit.hex(), "share": base64.b64encode(each.ciphertext).decode()} for each in made.shares]
        sent: list[Message] = [SliceBegun(name, since, "voting", made.recipient, canonical({"shares": shares}))]
        for number in range(count):
            t0 = since + number * SLOT
            film = bytes([number]) * size
            commit = orig_commit(bytes(32), film).hex()
            sent.append(SealedPiece(name, "0000abcd", slot_of(Instant(t0)), t0, t0 + SLOT, 40, commit, made.encrypt(film)))
        if end:
            sent.append(SliceEnded(name, since + count * SLOT))
        for message in sent:
            self.keep.handle("a", message)
        return sent


@pytest.fixture
def station(tmp_path: Path) -> Sealing:
    return Sealing(tmp_path)


def slices(station: Station) -> list[Leaf]:
    return station.leaves("slice")


def test_a_slice_is_stated_when_it_is_over_with_every_share_and_piece(station: Sealing) -> None:
    sent = station.sealed(end=False)
    assert slices(station) == []
    station.keep.handle("a", SliceEnded("00c0ffee", 0))
    leaf = slices(station)[0]
    records = records_of(station.box / "sealed/a/00c0ffee")
    assert [record.sha256 for record in records] == [sha256(message.payload) for message in sent if isinstance(message, SealedPiece)]
    assert (leaf["pieces"], leaf["root"], leaf["phase"], leaf["quorum"]) == (3, root_of(records).hex(), "voting", twelve().sealing.digest().hex())
    assert (leaf["t0"], leaf["t1"]) == (BEGIN, BEGIN + 3 * SLOT)
    assert leaf["calibration"] == PAPERS[0].hex()
    assert [share["trustee"] for share in leaf["shares"]] == [trustee.id for trustee in twelve().sealing.trustees]
    for share in leaf["shares"]:
        assert sha256((station.box / f"sealed/a/00c0ffee/shares/{share['trustee']}.age").read_bytes()).hex() == share["sha256"]
    assert sha256((station.box / "sealed/a/00c0ffee/leaf.json").read_bytes()) == sha256(canonical(leaf.body))


def test_a_slice_is_stated_before_the_day_is_closed_and_when_the_camera_is_lost(station: Sealing) -> None:
    station.sealed("0000000a", end=False)
    station.keep.lost("a")
    station.sealed("0000000b", since=Instant(BEGIN + 60_000), end=False)
    station.keep.handle("a", Done(BEGIN))
    station.keep.close("end_of_day")
    assert [leaf["slice"] for leaf in slices(station)] == ["0000000a", "0000000b"]
    assert station.leaves()[-1].type == "close"


def test_what_a_crash_left_is_stated_once_at_the_next_start(station: Sealing) -> None:
    station.sealed(count=2, end=False)
    station.restart()
    assert [(leaf["slice"], leaf["pieces"]) for leaf in slices(station)] == [("00c0ffee", 2)]
    station.restart()
    (station.box / "sealed/a/00c0ffee/leaf.json").unlink()  # the log has it, the folder had not got it yet
    station.restart()
    assert len(slices(station)) == 1
    assert (station.box / "sealed/a/00c0ffee/leaf.json").is_file()


def test_half_a_piece_is_left_out_of_the_statement(station: Sealing) -> None:
    station.sealed(count=3, end=False)
    last = max((station.box / "sealed/a/00c0ffee").glob("*.age"))
    last.with_suffix(".json").unlink()  # the crash came between the two files
    station.restart()
    assert [leaf["pieces"] for leaf in slices(station)] == [2]


def test_what_is_not_ciphertext_is_never_written(station: Sealing) -> None:
    sent = station.sealed(count=1, end=False)
    piece = next(message for message in sent if isinstance(message, SealedPiece))
    with pytest.raises(ValueError, match="SealedPiece"):
        station.keep.handle("a", replace(piece, slot=piece.slot + 1, payload=b"\x00\x00\x00\x18ftypmp42" + bytes(500)))
    begun = next(message for message in sent if isinstance(message, SliceBegun))
    for shares in ([], [{"trustee": "court", "commit": "0" * 64, "share": base64.b64encode(b"words").decode()}]):
        with pytest.raises(ValueError, match=r"shares|SliceBegun"):
            station.keep.handle("a", replace(begun, slice="0badcafe", payload=canonical({"shares": shares})))
    assert not [path for path in station.box.rglob("*") if path.is_file() and b"ftyp" in path.read_bytes()]


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b'{"shares":3}', b'{"shares":[3]}', b'{"shares":[{"trustee":1,"commit":"","share":"!"}]}'])
def test_shares_of_another_form_end_the_hide_that_sent_them(station: Sealing, wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        station.keep.handle("a", SliceBegun("0badcafe", BEGIN, "voting", "age1", wrong))
    assert slices(station) == []


def test_a_station_that_keeps_none_takes_none(tmp_path: Path) -> None:
    plain = Station(tmp_path)
    for message in (SliceBegun("0badcafe", BEGIN, "voting", "age1", b"{}"), SealedPiece("0badcafe", "0badcafe", 1, 1, 2, 1, "0" * 64, b"age-encryption.org/v1\n"), SliceEnded("0badcafe", 1)):
        with pytest.raises(ValueError, match=type(message).__name__):
            plain.keep.handle("a", message)
    assert not (tmp_path / "sealed").exists()


def test_beyond_the_budget_no_sealed_film_is_kept_and_the_published_film_goes_on(tmp_path: Path) -> None:
    station = Sealing(tmp_path)
    station.shelf._budget = 40_000
    station.sealed(count=9, size=10_000)
    assert station.full == [True]
    kept = slices(station)[0]["pieces"]
    assert 1 <= kept < 9
    station.film(2)
    assert len(station.leaves("segment")) == 2


def test_what_lies_there_is_counted_again_after_a_start(tmp_path: Path) -> None:
    station = Sealing(tmp_path)
    station.sealed(count=3, size=10_000)
    used = station.shelf._used
    station.restart()
    assert station.shelf._used == pytest.approx(used, rel=0.05)
    assert station.shelf._used == sum(held.size for held in slices_of(station.box, 1))


def test_a_slice_that_the_log_had_no_room_for_is_stated_when_there_is_room_again(tmp_path: Path) -> None:
    station = Sealing(tmp_path)
    station.sealed(count=2, end=False)
    state, refusals = station.shelf._state, [Unavailable("disk.full", path="journal")]

    def refuse_once(leaf: bytes) -> None:
        if refusals:
            raise refusals.pop()
        state(leaf)

    station.shelf._state = refuse_once
    station.keep.handle("a", SliceEnded("00c0ffee", 0))
    assert refusals == []
    assert [leaf["pieces"] for leaf in slices(station)] == [2]


def test_a_full_disk_ends_sealed_film_and_never_published_film(tmp_path: Path) -> None:
    class Full(SickDisk):
        def write_once(self, path: Path, data: bytes, *, step: str = "") -> bool:
            if "sealed" in path.parts:
                raise Unavailable("disk.full", path=path.name)
            return super().write_once(path, data, step=step)

    station = Sealing(tmp_path, Full())
    station.sealed()
    assert station.full == [True]
    assert slices(station) == []
    station.film(2)
    assert len(station.leaves("segment")) == 2


def test_slices_go_when_their_days_are_over_and_not_a_moment_before(station: Sealing) -> None:
    station.sealed(count=2)
    until = BEGIN + 2 * SLOT + 90 * DAY
    station.clock.advance(until - 1 - station.clock.now())
    assert station.shelf.expire() == []
    station.clock.advance(1)
    assert station.shelf.expire() == ["sealed/a/00c0ffee"]
    assert not (station.box / "sealed/a/00c0ffee").exists()
    assert station.shelf._used == 0


def test_the_station_s_check_of_its_files_has_nothing_to_say_of_sealed_film(station: Sealing) -> None:
    station.sealed()
    station.film(2)
    found: list[Any] = check(station.box, station.log, station.outbox, station.log.check, "hash", files=SickDisk())
    assert found == []
    assert not [row for row in station.outbox.owed() if row.path.startswith("sealed")]


def test_that_nothing_is_sealed_is_a_fault_in_the_log(station: Sealing) -> None:
    station.keep.handle("a", Fault(BEGIN, "sealing", "begin"))
    assert [(leaf["kind"], leaf["state"]) for leaf in station.leaves("fault")] == [("sealing", "begin")]
