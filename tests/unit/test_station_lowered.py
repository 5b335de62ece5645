# SPDX-License-Identifier: Apache-2.0
"""A slow line in `keep`: what was lowered is on disk, in the leaf and owed before the film; it is owed no more once the film has arrived, and goes first."""

from pathlib import Path

import pytest

from kua.app.thin import Lowering, ToldRung, read_rung, write_rung
from kua.adapters.durable import DurableFiles
from kua.app.settings import CameraSettings
from kua.core.digest import sha256
from kua.core.errors import Rejected
from kua.core.instant import SLOT, Instant, Millis, slot_of
from kua.flow.thin import PATIENCE, UNKNOWN
from kua.station.pipe import Live, LiveInit, Piece
from kua.testing.disks import SickDisk
from tests.rigs.keeping import Station

HEAD, RUN = b"small head", "1b2c3d4e"


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def film(station: Station, rung: str, small: bytes = b"small", *, head: bool = True) -> int:
    """Hand over a piece whose line bore `rung`; return where it begins."""
    t0 = Instant(-(-station.clock.now() // SLOT) * SLOT)
    station.clock.advance(t0 + SLOT - station.clock.now())
    if head:
        station.keep.handle("a", LiveInit(RUN, HEAD))
    payload = small + b"%d" % t0 if small else b""
    numbers = (4, 640, 360, 1000) if payload else (0, 0, 0, 0)
    station.keep.handle("a", Live(rung, RUN if payload else "", slot_of(t0), t0, *numbers, payload))
    station.keep.handle("a", Piece(f"{station.run:08x}", slot_of(t0), t0, t0 + SLOT, 40, "ntp", "voting", b"film %d" % t0))
    return t0


def small_file(station: Station, t0: int) -> Path:
    return station.box / f"film/a/live/{RUN}-{slot_of(Instant(t0))}.m4s"


def test_what_was_lowered_stands_in_the_leaf_with_its_digest_and_on_disk(station: Station) -> None:
    t0 = film(station, "slow")
    small = b"small%d" % t0
    leaf = station.leaves("segment")[-1]
    assert leaf["v"] == 2
    assert leaf["live"] == {
        "rung": "slow", "run": RUN, "sha256": sha256(small).hex(), "size": len(small), "init": sha256(HEAD).hex(), "width": 640, "height": 360,
        "fps_milli": 1000, "frames": 4,
    }  # fmt: skip
    assert small_file(station, t0).read_bytes() == small
    assert leaf["sha256"] == sha256(b"film %d" % t0).hex(), "the film in the station is the full one"
    assert not station.problems()


def test_statements_alone_are_stated_as_such_and_a_full_line_as_ever(station: Station) -> None:
    film(station, "none", b"")
    station.film()
    assert [(leaf["v"], leaf.body.get("live")) for leaf in station.leaves("segment")] == [(2, {"rung": "none"}), (1, None)]
    assert not (station.box / "film/a/live").exists()


def test_the_lowered_segment_is_sent_before_its_film_and_both_arrive(station: Station) -> None:
    t0 = film(station, "slow")
    station.send()
    order = [entry.removeprefix("blob:") for entry in station.courier.order if entry.startswith("blob:")]
    head, small, full = (sha256(data).hex() for data in (HEAD, b"small%d" % t0, b"film %d" % t0))
    assert order.index(head) < order.index(small) < order.index(full)
    assert station.outbox.receipt(sha256(b"small%d" % t0)) is not None
    assert station.outbox.receipt(sha256(b"film %d" % t0)) is not None
    rows = {row.kind: row.owed() for row in [station.outbox.row(sha256(data)) for data in (HEAD, b"small%d" % t0, b"film %d" % t0)] if row}
    assert (rows["live"].is_lowered, rows["live"].first) == (True, False)
    assert rows["live"].needs == sha256(HEAD)
    assert not rows["segment"].first


def test_a_lowered_segment_whose_film_has_a_receipt_is_owed_no_more_and_leaves_the_disk(station: Station) -> None:
    t0 = film(station, "slow")
    small, full = sha256(b"small%d" % t0), sha256(b"film %d" % t0)
    idle = station.outbox.received(full, b"receipt", station.clock.now())
    assert [row.digest for row in idle] == [small]
    assert station.outbox.is_spared(small)
    assert small not in {row.digest for row in station.outbox.owed()}
    assert station.outbox.summary().files == len(station.outbox.owed())
    assert small_file(station, t0).exists()
    station.restart()
    assert not small_file(station, t0).exists(), "what a crash left of it is taken away at the start"
    assert small not in {row.digest for row in station.outbox.owed()}
    assert [problem.split()[0] for problem in station.problems()] == ["fsck.receipt"], "the one that this test has made up"


def test_a_lowered_segment_that_is_byte_for_byte_a_film_is_none_and_the_film_is_kept(station: Station) -> None:
    """Small pictures that are all filled come out of both encoders alike."""
    t0 = film(station, "small", b"film ")
    assert station.leaves("segment")[-1]["live"] == {"rung": "small"}
    assert not small_file(station, t0).exists()
    later = Instant(t0 + SLOT)
    station.clock.advance(SLOT)
    station.keep.handle("a", Live("small", RUN, slot_of(later), later, 4, 640, 360, 1000, b"film %d" % t0))
    station.keep.handle("a", Piece(f"{station.run:08x}", slot_of(later), later, later + SLOT, 40, "ntp", "voting", b"another"))
    assert station.leaves("segment")[-1]["live"] == {"rung": "small"}
    assert {row.kind for row in station.outbox.owed()} >= {"segment"}
    assert "live" not in {row.kind for row in station.outbox.owed()}
    station.send()
    assert station.outbox.receipt(sha256(b"film %d" % t0)) is not None
    assert not station.problems()


def test_film_that_has_the_bytes_of_an_earlier_lowered_segment_is_owed_as_film(station: Station) -> None:
    t0 = film(station, "small")
    small = sha256(b"small%d" % t0)
    station.outbox.spare(small)
    later = Instant(t0 + SLOT)
    station.clock.advance(SLOT)
    station.keep.handle("a", Piece(f"{station.run:08x}", slot_of(later), later, later + SLOT, 40, "ntp", "voting", b"small%d" % t0))
    row = station.outbox.row(small)
    assert row is not None
    assert (row.kind, row.t0) == ("segment", later)
    assert small in {each.digest for each in station.outbox.owed()}
    station.send()
    assert station.outbox.receipt(small) is not None
    assert station.uplink.owed() == (0, 0)


def test_the_uplink_takes_the_lowered_file_away_with_the_receipt_of_the_film(station: Station) -> None:
    t0 = film(station, "slow")
    station.send()
    assert not small_file(station, t0).exists()
    assert station.uplink.owed() == (0, 0)
    assert not station.problems()


def test_a_full_disk_gives_up_lowered_segments_first_and_they_are_not_missed(tmp_path: Path) -> None:
    disk = SickDisk()
    station = Station(tmp_path, disk)
    first, second = film(station, "small"), film(station, "small")
    station.clock.advance(1)
    oldest = station.outbox.oldest_preview()
    assert oldest is not None
    assert oldest.t0 == first
    here = (tmp_path / "film/a/live").glob
    floor = station.floor
    disk.free = lambda _path: floor + 10**9 if not list(here("*.m4s")) else floor - 10 * len(list(here("*.m4s")))  # type: ignore[method-assign]
    film(station, "none", b"")
    assert not small_file(station, first).exists()
    assert not small_file(station, second).exists()
    assert all((station.box / f"film/a/{station.run:08x}-{slot_of(Instant(t0))}.m4s").exists() for t0 in (first, second))
    assert not station.problems()
    station.send()
    assert station.uplink.owed() == (0, 0), "the uplink does not stumble over what was given up"
    assert station.outbox.summary().refused == 0


def test_an_outbox_that_was_lost_is_made_again_without_what_was_given_up(station: Station) -> None:
    first, second = film(station, "small"), film(station, "small")
    small_file(station, first).unlink()
    station.log.close()
    station.outbox.close()
    for path in station.box.glob("spool.sqlite*"):
        path.unlink()
    station.start()
    owed = {row.digest for row in station.outbox.owed()}
    assert sha256(b"small%d" % first) not in owed
    assert sha256(b"small%d" % second) in owed
    assert not station.problems()


def test_a_lowered_segment_of_another_time_is_not_taken_for_this_one(station: Station) -> None:
    t0 = Instant(-(-station.clock.now() // SLOT) * SLOT)
    station.keep.handle("a", LiveInit(RUN, HEAD))
    station.keep.handle("a", Live("slow", RUN, slot_of(t0) - 1, t0 - SLOT, 4, 640, 360, 1000, b"old"))
    station.film()
    assert station.leaves("segment")[-1]["v"] == 1


def test_a_lowered_segment_without_its_head_is_only_stated(station: Station) -> None:
    film(station, "slow", head=False)
    assert station.leaves("segment")[-1]["live"] == {"rung": "slow"}


@pytest.mark.parametrize(
    "nonsense",
    [
        Live("full", "", 1, 1, 0, 0, 0, 0),
        Live("slow", "", -1, 1, 0, 0, 0, 0),
        Live("none", RUN, 1, 1, 4, 1, 1, 1, b"x"),
        LiveInit("../..", b"x"),
    ],
)
def test_nonsense_of_a_sick_hide_is_refused(station: Station, nonsense: Live | LiveInit) -> None:
    with pytest.raises((ValueError, Rejected)):
        station.keep.handle("a", nonsense)


def test_the_rung_goes_through_the_box_and_what_cannot_be_read_is_the_full_film(tmp_path: Path) -> None:
    now = [0]
    told = ToldRung(tmp_path, lambda: Millis(now[0]))
    assert told() == "full"
    write_rung(tmp_path, "still", DurableFiles())
    assert told() == "full", "it looks once a second"
    now[0] += 1_000
    assert told() == "still"
    for wrong in (b"", b"{}", b'{"rung":"best"}', b"[]", b'{"rung":1}'):
        (tmp_path / "rung.json").write_bytes(wrong)
        assert read_rung(tmp_path) == "full"


def test_the_agent_weighs_the_film_and_lowers_what_the_line_does_not_bear(tmp_path: Path) -> None:
    rate: list[int | None] = [None]
    camera = CameraSettings(id="a", source="painted:1")
    lowering = Lowering(tmp_path, (camera,), DurableFiles(), Millis(0), lambda: rate[0])
    lowering.tick(Millis(0))
    assert read_rung(tmp_path) == "small"
    rate[0] = 2_000_000
    for second in range(PATIENCE // 1000 + 2):
        lowering.filmed("a", Piece("0badcafe", 1, 0, 4000, 40, "ntp", "voting", bytes(400_000)))
        lowering.tick(Millis(second * 1000))
    assert (lowering.rung, read_rung(tmp_path)) == ("full", "full")
    rate[0] = 700_000
    lowering.tick(Millis(60_000))
    assert read_rung(tmp_path) == "small"
    rate[0] = None
    lowering.tick(Millis(60_000 + UNKNOWN))
    assert read_rung(tmp_path) == "none"


def test_where_nothing_measures_the_line_the_full_film_is_sent(tmp_path: Path) -> None:
    lowering = Lowering(tmp_path, (), DurableFiles(), Millis(0), None)
    write_rung(tmp_path, "none", DurableFiles())
    lowering.tick(Millis(10**7))
    assert read_rung(tmp_path) == "full", "a word of the last session does not stay"


def test_away_is_not_forgotten(station: Station) -> None:
    """A line that is cut while a lowered segment is sent leaves it owed."""
    t0 = film(station, "slow")
    station.courier.is_cut = True
    station.uplink.once()
    assert sha256(b"small%d" % t0) in {row.digest for row in station.outbox.owed()}
