# SPDX-License-Identifier: Apache-2.0
"""Keep, journal, outbox and uplink together, over a real folder, with a manual clock and a centre in memory."""

from pathlib import Path

import pytest

from kua.core.errors import Refused, Unavailable
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf
from kua.station.keep import NO_FILM
from kua.station.room import SPARE
from kua.station.pipe import Counted, Covered, Done, Fault, Health, Hole, Packet
from kua.testing.courier import MemoryCourier
from kua.testing.disks import Died, SickDisk
from tests.rigs.keeping import CENTRE, KEY, ORIGIN, START, Station


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def kinds(leaves: list[Leaf]) -> list[str]:
    return [leaf.type for leaf in leaves]


def test_a_day_is_opened_stated_and_closed(station: Station) -> None:
    station.film(2)
    station.keep.handle("a", Done(station.clock.now()))
    at = station.keep.close("end_of_day")
    assert kinds(station.leaves()) == ["open", "session", "policy", "calibration", "gap", "segment", "segment", "close"]
    day = station.account()
    assert day.account().unaccounted == day.account().overlapping == 0
    assert day.closed == at
    assert station.problems() == []


def test_nothing_can_be_added_to_a_closed_day(station: Station) -> None:
    station.keep.close("ordered")
    with pytest.raises(Refused, match=r"account\.closed"):
        station.film()
    station.log.close()
    station.outbox.close()
    with pytest.raises(Refused, match=r"account\.closed"):
        station.start()
    station.log.close()


def test_a_hole_is_stated_with_the_reason_of_hide(station: Station) -> None:
    station.film()
    station.keep.handle("a", Hole(station.clock.now(), "camera_lost"))
    station.film(skip=9_000)
    gap = station.leaves("gap")[-1]
    assert gap["reason"] == "camera_lost"
    assert [leaf["seq"] for leaf in station.leaves("segment", "gap")] == [0, 1, 2, 3]


def test_a_camera_whose_processes_died_leaves_a_restart_gap(station: Station) -> None:
    station.film()
    station.keep.lost("a")
    station.film(skip=5_000)
    assert station.leaves("gap")[-1]["reason"] == "restart"


def test_film_that_would_overlap_is_refused_and_accounted_as_a_clock_step(station: Station) -> None:
    station.film()
    station.clock.step(-10_000)
    station.film()
    assert len(station.leaves("segment")) == 1
    station.film(skip=14_000)
    assert station.leaves("gap")[-1]["reason"] == "clock_step"
    assert station.account().account().overlapping == 0


def test_a_clock_step_and_a_change_of_trust_are_leaves(station: Station) -> None:
    station.keep.tick()
    station.clock.step(-7_000)
    station.keep.tick()
    station.clock.vouched_by("none")
    station.keep.tick()
    steps = [(leaf["step_ms"], leaf["forward"], leaf["trust"]) for leaf in station.leaves("clock")]
    assert steps == [(7_000, False, "ntp"), (0, True, "none")]


def test_the_heart_beats_every_thirty_seconds_and_says_what_is_owed(station: Station) -> None:
    station.film()
    for _ in range(61):
        station.clock.advance(1_000)
        station.keep.tick()
    beats = station.leaves("heartbeat")
    assert len(beats) == 3
    assert beats[0]["owed"] == 5


def test_a_lasting_hole_is_stated_before_it_ends(station: Station) -> None:
    station.film()
    station.keep.handle("a", Hole(station.clock.now(), "camera_silent"))
    for _ in range(70):
        station.clock.advance(1_000)
        station.keep.tick()
    assert station.leaves("gap")[-1]["reason"] == "camera_silent"
    station.film()
    assert station.account().account().overlapping == 0


def test_no_published_count_covers_fewer_than_five(station: Station) -> None:
    station.keep.handle("a", Counted(START, START + 10_000, 1, 3, 2, 9))
    (count,) = station.leaves("count")
    assert (count["queue"], count["people"]) == ({"lo": 0, "hi": 4}, {"lo": 2, "hi": 9})


def test_a_fault_is_stated_once_and_handed_on(station: Station) -> None:
    for state in ("begin", "begin", "end", "end"):
        station.keep.handle("a", Fault(START, "frozen", state))
    assert [leaf["state"] for leaf in station.leaves("fault")] == ["begin", "end"]
    assert station.faults[0] == ("a", "frozen", "begin")


def test_what_a_process_found_is_over_when_it_ends_and_the_next_one_says_it_anew(station: Station) -> None:
    station.keep.handle("a", Fault(START, "moved", "begin"))
    station.keep.handle("a", Fault(START, "box_moved", "begin"))
    station.keep.lost("a")
    station.keep.handle("a", Fault(START + 9, "moved", "begin"))
    told = [(leaf["kind"], leaf["state"]) for leaf in station.leaves("fault")]
    assert told == [("moved", "begin"), ("box_moved", "begin"), ("moved", "end"), ("box_moved", "end"), ("moved", "begin")]


def test_a_camera_without_film_for_half_a_minute_is_a_fault_until_film_comes_again(station: Station) -> None:
    station.film()
    station.keep.handle("a", Hole(station.clock.now(), "camera_refused"))
    assert station.keep.trouble == {"a": "camera_refused"}
    station.clock.advance(NO_FILM - 1)
    station.keep.tick()
    assert not station.journal.is_faulty("a", "no_film")
    station.clock.advance(1)
    station.keep.tick()
    station.keep.tick()
    assert station.journal.faults_of("a") == ["no_film"]
    station.keep.lost("a")
    station.film()
    assert [(leaf["kind"], leaf["state"]) for leaf in station.leaves("fault")] == [("no_film", "begin"), ("no_film", "end")]
    assert station.keep.trouble == {}


def test_a_camera_that_is_off_because_the_day_is_over_is_no_fault(station: Station) -> None:
    station.film()
    station.keep.handle("a", Hole(station.clock.now(), "camera_lost"))
    station.keep.handle("a", Done(station.clock.now()))
    station.clock.advance(10 * NO_FILM)
    station.keep.tick()
    assert station.leaves("fault") == []


def test_what_was_counted_is_kept_for_the_operator_and_stays_out_of_the_log(station: Station) -> None:
    before = len(station.leaves())
    health = Health(station.clock.now(), 40, 3, 2, 1, "rtcp", -5_000, 40)
    station.keep.handle("a", health)
    assert station.keep.health == {"a": health}
    assert len(station.leaves()) == before


def test_a_fault_of_no_known_kind_is_not_kept(station: Station) -> None:
    with pytest.raises(ValueError, match="weather"):
        station.keep.handle("a", Fault(START, "weather", "begin"))


def test_a_filled_picture_is_a_hidden_leaf_and_no_gap(station: Station) -> None:
    station.film()
    station.keep.handle("a", Covered(START, START + 500, "scene_changed"))
    assert station.leaves("hidden")[0]["reason"] == "scene_changed"


def test_a_packet_of_the_camera_is_never_kept(station: Station) -> None:
    with pytest.raises(ValueError, match="Packet"):
        station.keep.handle("a", Packet(0, True, START, b"raw"))


def test_film_without_its_init_is_not_kept(station: Station) -> None:
    station.run = 99
    station.film()
    assert station.leaves("segment") == []
    assert [path.name for path in (station.box / "film").iterdir()] == ["meta"]


def test_everything_is_delivered_in_order_and_receipted(station: Station) -> None:
    station.film(3)
    station.send()
    assert station.uplink.is_drained
    assert station.courier.entries == station.log.entries(0, station.log.size)
    assert station.courier.order[0].startswith("log:")
    film = [leaf["sha256"] for leaf in station.leaves("segment")]
    sent = [line.removeprefix("blob:") for line in station.courier.order]
    assert [digest for digest in sent if digest in film] == film[::-1]
    assert station.outbox.summary().files == 0


def test_a_day_without_the_centre_loses_nothing_and_hammers_nobody(station: Station) -> None:
    station.courier.is_cut = True
    for _ in range(60):
        station.film()
        station.uplink.once()
        station.uplink.once()
    hours = (station.clock.now() - START) / 3_600_000
    assert station.courier.calls < 60 * hours * 2.5 + 10  # a full-jitter wait is half a minute on average
    assert station.outbox.summary().files == 64
    station.courier.is_cut = False
    station.clock.advance(120_000)
    station.send(limit=2_000)
    assert station.uplink.is_drained
    assert len(station.courier.blobs) == 64


def test_the_wait_that_the_centre_asks_for_is_kept(station: Station) -> None:
    station.courier.is_cut = True
    station.courier.retry_after = 50_000  # type: ignore[assignment]
    station.uplink.once()
    calls = station.courier.calls
    for _ in range(49):
        station.clock.advance(1_000)
        station.uplink.once()
    assert station.courier.calls == calls
    station.clock.advance(2_000)
    station.uplink.once()
    assert station.courier.calls == calls + 1


def test_a_receipt_by_another_key_delivers_nothing(station: Station) -> None:
    station.film()
    station.courier.receipts_by = SigningKey.from_seed("kua.example/centre", b"z" * 32)
    for _ in range(20):
        station.uplink.once()
        station.clock.advance(60_000)
    assert station.outbox.summary().received == 0
    assert station.uplink.link.trouble == "note.unknown_signer"


def test_film_that_rotted_on_the_disk_is_not_sent_and_not_forgotten(station: Station) -> None:
    station.film(2)
    rotten = next(station.box.glob("film/a/*.m4s"))
    rotten.write_bytes(rotten.read_bytes()[::-1])
    station.send()
    assert len([line for line in station.courier.order if line.startswith("blob")]) == 5
    assert (station.outbox.summary().files, station.outbox.summary().refused) == (1, 1)
    assert [line.split()[0] for line in station.problems()] == ["fsck.hash"]


def test_a_centre_that_has_more_of_the_log_than_the_box_stops_the_log(station: Station) -> None:
    station.courier.entries = [b"x"] * 99
    station.uplink.once()
    assert station.uplink.link.trouble == "uplink.centre_ahead"


def test_a_full_disk_becomes_a_stated_gap_and_nothing_unreceipted_goes(tmp_path: Path) -> None:
    station = Station(tmp_path, SickDisk(room=200))
    station.film(3)
    kept = len(list(tmp_path.glob("film/a/*.m4s")))
    station.disk.room = 3
    station.film(2)
    assert len(list(tmp_path.glob("film/a/*.m4s"))) == kept
    assert [leaf["reason"] for leaf in station.leaves("gap")][-2:] == ["disk_full", "disk_full"]
    assert [(leaf["kind"], leaf["state"]) for leaf in station.leaves("fault")] == [("disk_full", "begin")]
    station.disk.room = 10_000
    station.keep.tick()
    station.film()
    assert station.leaves("fault")[-1]["state"] == "end"
    assert station.account().account().unaccounted == 0


def test_only_receipted_film_makes_room_oldest_first(tmp_path: Path) -> None:
    station = Station(tmp_path, SickDisk(room=10_000))
    station.film(3)
    station.send()
    names = sorted(path.name for path in tmp_path.glob("film/a/*.m4s"))
    station.disk.room = 0
    station.film()
    left = sorted(path.name for path in tmp_path.glob("film/a/*.m4s"))
    assert len(left) < 4
    assert names[0] not in left
    assert left[-1] > names[-1]
    assert station.problems() == []


def test_the_reserve_is_given_up_so_that_a_leaf_can_be_written(tmp_path: Path) -> None:
    station = Station(tmp_path, SickDisk(room=SPARE * 5))
    assert (tmp_path / "reserve").stat().st_size == SPARE
    append = station.log.append
    calls: list[int] = []

    def full_once(entries: list[bytes]) -> range:
        calls.append(1)
        if len(calls) == 1:
            raise Unavailable("disk.full", path="journal")
        return append(entries)

    station.log.append = full_once  # type: ignore[method-assign, assignment]
    station.film()
    assert not (tmp_path / "reserve").exists()
    assert len(station.leaves("segment")) == 1


@pytest.mark.parametrize("writes", range(5))
def test_a_death_between_any_two_writes_is_mended_without_a_human(tmp_path: Path, writes: int) -> None:
    station = Station(tmp_path)
    station.film()
    station.restart()
    station.disk.dies_after = writes
    with pytest.raises(Died):
        station.film(5)
    station.restart()
    station.film(2)
    station.send()
    station.keep.close("end_of_day")
    account = station.account().account()
    assert account.unaccounted == account.overlapping == 0
    assert station.problems() == []


def test_film_without_a_leaf_is_removed_at_the_next_start(station: Station) -> None:
    station.film()
    orphan = station.box / "film/a/deadbeef-1.m4s"
    half = station.box / "film/a/deadbeef-2.m4s.part"
    orphan.write_bytes(b"never stated")
    half.write_bytes(b"half")
    station.restart()
    assert not orphan.exists()
    assert not half.exists()
    assert [finding.code for finding in station.mended] == ["fsck.orphan", "fsck.orphan"]


def test_a_lost_or_damaged_outbox_is_made_again_from_the_log(station: Station) -> None:
    station.film(2)
    station.send()
    station.log.close()
    station.outbox.close()
    (station.box / "spool.sqlite").write_bytes(b"this is no database, whatever the name says" * 100)
    for suffix in ("-wal", "-shm"):
        (station.box / f"spool.sqlite{suffix}").unlink(missing_ok=True)
    station.start()
    assert station.outbox.summary().files == 6
    station.send()
    assert station.uplink.is_drained


def test_a_centre_that_lost_part_of_the_log_gets_it_again(station: Station) -> None:
    station.film(2)
    station.send()
    lost = MemoryCourier(KEY.verifier, ORIGIN, CENTRE, station.clock)
    station.courier = lost
    station.restart()
    station.film()
    station.send()
    assert lost.entries == station.log.entries(0, station.log.size)
    assert len(lost.blobs) == 2  # what has a receipt is not sent again


def test_fsck_names_what_is_wrong(station: Station) -> None:
    station.film(3)
    paths = sorted(station.box.glob("film/a/*.m4s"))
    paths[0].unlink()
    paths[1].write_bytes(b"x")
    (station.box / "film/a/extra.m4s").write_bytes(b"?")
    station.outbox._connection.execute("DELETE FROM file WHERE path LIKE ?", (f"%{paths[2].name}",))
    tile = station.box / next(iter(sorted((station.box / "log/tile/0").rglob("*")))).relative_to(station.box)
    (tile / str(station.log.size)).write_bytes(b"\0" * 32 * station.log.size)
    found = {line.split()[0] for line in station.problems()}
    assert found == {"fsck.missing", "fsck.size", "fsck.orphan", "fsck.row", "fsck.tile"}
