# SPDX-License-Identifier: Apache-2.0
"""Disks that fill up, turn read-only, are pulled out, exchanged, restored or hold on to what was removed: real ones, in a namespace of their own.

Whatever happens, every moment is accounted for, the log says what is wrong, and nothing goes that may not. And `kua station fsck` names planted damage of
each sort, at the level that looks that closely.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kua.core.errors import Refused
from kua.core.instant import SLOT
from kua.flow.space import STRIKES
from kua.proof.keys import SigningKey
from kua.proof.receipt import Receipt, sign_receipt
from kua.station.fsck import Level, mend
from kua.station.holds import NAME as HOLDS
from kua.station.marks import NAME as META
from kua.testing.disks import SickDisk
from tests.rigs.keeping import ORIGIN, START, Station

pytestmark = pytest.mark.faults


@pytest.fixture
def happens(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Play a scenario of `disk_child` and return what it tells; fails, never skips, where nobody may mount."""
    space = ["unshare", "-rm"]
    if subprocess.run([*space, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=False, capture_output=True).returncode:
        pytest.fail("no namespace in which a disk may be mounted: allow user namespaces (`unshare -rm`)", pytrace=False)

    def play(scenario: str) -> dict[str, Any]:
        command = [*space, sys.executable, "-m", "tests.faults.disk_child", scenario, str(tmp_path / "box")]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr[-2000:]
        told: dict[str, Any] = json.loads(ended.stdout)
        return told

    return play


def test_a_full_disk_of_film_is_measured_where_the_film_lies_and_nothing_unreceipted_goes(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("full")
    assert told["segments"] == told["films"] == 9
    assert told["gaps"] == ["starting"] + ["disk_full"] * 5
    assert told["faults"] == ["disk_full begin"], "once, not with every piece"
    assert told["lean"], "film was made leaner before the first gap"
    assert (told["unaccounted"], told["problems"]) == (0, [])


def test_receipted_film_goes_oldest_first_and_none_of_it_that_is_on_hold(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("full_receipted")
    assert told["held"]
    assert told["oldest_gone"] == list(range(told["oldest_gone"][0], told["oldest_gone"][0] + 3))
    assert not told["second"]
    assert (told["gaps"], told["faults"], told["lean"], told["problems"]) == (["starting"], [], False, [])


@pytest.mark.parametrize(("scenario", "kind"), [("read_only", "disk_read_only"), ("pulled", "disk_gone")])
def test_a_disk_that_takes_no_film_for_a_while_costs_that_while(happens: Callable[[str], dict[str, Any]], scenario: str, kind: str) -> None:
    told = happens(scenario)
    assert told["gaps"] == ["starting", "disk_failed", "disk_failed"]
    assert told["faults"] == [f"{kind} begin", f"{kind} end"]
    assert told["segments"] == told["films"] == 4
    assert (told["unaccounted"], told["problems"]) == (0, [])
    assert told.get("under", []) == [], "nothing was written to the disk underneath"


def test_a_box_that_starts_without_its_disk_of_film_says_so_and_goes_on_when_it_is_there(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("booted_without")
    assert told["faults"] == ["disk_gone begin", "disk_gone end"]
    assert told["gaps"] == ["starting", "disk_failed", "disk_failed"]
    assert told["segments"] == told["films"] == 5
    assert (told["under"], told["mended"], told["unaccounted"], told["problems"]) == ([], 0, 0, [])


def test_a_folder_that_vanishes_is_not_made_again(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("removed")
    assert told["faults"] == ["disk_gone begin"]
    assert not told["made_again"]
    assert told["problems"] == ["fsck.folder", "fsck.missing"]
    assert told["unaccounted"] == 0


def test_nothing_on_another_stations_disk_is_touched(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("exchanged")
    assert not told["touched"]
    assert told["faults"] == ["disk_other begin"]
    assert told["start"] == "", "the log goes on without its film"
    assert told["back"] == ["disk_other begin", "disk_other end"]
    assert told["segments_after"] == told["segments"] + 2, "and film goes on when the right disk is back"
    assert told["gaps_after"][1:] == ["disk_failed"] * len(told["gaps_after"][1:])


def test_an_old_copy_of_the_film_or_of_the_box_is_told_from_the_real_one(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("restored")
    assert (told["film"], told["box"]) == ("disk.older", "disk.log_older")
    assert told["kept"]
    assert told["newer_kept"]


def test_a_disk_that_gives_nothing_back_loses_three_receipted_files_and_no_more(happens: Callable[[str], dict[str, Any]]) -> None:
    told = happens("snapshots")
    assert told["films"] == 9 - STRIKES
    assert told["faults"] == ["disk_full begin", "disk_stuck begin"]
    assert told["faults_after"] == ["disk_full begin", "disk_stuck begin", "disk_full end", "disk_stuck end"], "and is used again when it gives again"
    assert told["segments_after"] == 9 + 2


# ------------------------------------------------------------------------------------------------------------------- without mounts


def test_a_sick_sector_costs_one_piece_of_film_and_not_the_agent(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.film(2)
    station.disk.ill, station.disk.at = "disk.failed", "/film/"
    station.film()
    station.disk.ill = ""
    station.film()
    assert [leaf["reason"] for leaf in station.leaves("gap")][1:] == ["disk_failed"]
    assert [(leaf["kind"], leaf["state"]) for leaf in station.leaves("fault")] == [("disk_failed", "begin"), ("disk_failed", "end")]
    assert station.account().account().unaccounted == 0


def test_a_fault_of_the_disk_that_was_stated_before_a_restart_is_taken_back_after_it(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.film()
    station.disk.ill, station.disk.at = "disk.read_only", "/film/"
    station.film()
    station.disk.ill = ""
    station.restart()
    station.film()
    assert [leaf["state"] for leaf in station.leaves("fault")] == ["begin", "end"]


def test_a_list_of_holds_that_cannot_be_read_holds_everything(tmp_path: Path) -> None:
    station = Station(tmp_path, SickDisk(room=400))
    station.film(3)
    station.send()
    (tmp_path / HOLDS).write_bytes(b'{"spans":[')
    before = sorted(tmp_path.glob("film/a/*.m4s"))
    station.disk.room = 3
    station.film()
    assert sorted(tmp_path.glob("film/a/*.m4s")) == before
    assert {leaf["kind"] for leaf in station.leaves("fault")} == {"hold_unreadable", "disk_full"}


def test_previews_go_before_receipted_film(tmp_path: Path) -> None:
    station = Station(tmp_path, SickDisk(room=400))
    station.film(2)
    station.send()
    (tmp_path / "previews").mkdir()
    (tmp_path / "previews/one.jpg").write_bytes(bytes(30))
    before = sorted(tmp_path.glob("film/a/*.m4s"))
    station.disk.room = 3
    station.film()
    assert not list((tmp_path / "previews").iterdir())
    assert set(before) <= set(tmp_path.glob("film/a/*.m4s"))


def test_five_percent_of_the_disk_stay_free(tmp_path: Path) -> None:
    station = Station(tmp_path, SickDisk(room=1_000), floor=900)
    station.film(9)
    assert station.disk.room is not None
    assert station.disk.room >= 900
    assert "disk_full" in {leaf["reason"] for leaf in station.leaves("gap")}
    assert (tmp_path / "lean").exists()


# ------------------------------------------------------------------------------------------------------------------- planted damage


def _newest(station: Station) -> Path:
    return max(station.box.glob("film/a/*.m4s"), key=lambda path: path.name)


def _forge_receipt(station: Station) -> str:
    row = next(row for row in station.outbox.rows() if row.kind == "segment")
    liar = SigningKey.from_seed("kua.example/centre", b"z" * 32)
    station.outbox.received(row.digest, sign_receipt(Receipt(ORIGIN, row.digest, row.size, station.clock.now()), liar), station.clock.now())
    return row.path


def _lose(station: Station) -> str:
    row = next(row for row in station.outbox.rows() if row.kind == "segment")
    station.outbox._connection.execute("UPDATE file SET removed = 1, receipt = NULL WHERE digest = ?", (row.digest,))
    (station.box / row.path).unlink()
    return row.path


def _leave(station: Station) -> str:
    row = next(row for row in station.outbox.rows() if row.kind == "segment" and station.outbox.receipt(row.digest) is not None)
    station.outbox.removed(row.digest)
    return row.path


def _planted(station: Station, sort: str) -> str:
    """Do the damage; return what must be named."""
    path = _newest(station)
    name = path.relative_to(station.box).as_posix()
    match sort:
        case "missing":
            path.unlink()
        case "short":
            path.write_bytes(path.read_bytes()[:-1])
        case "altered":
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        case "orphan":
            name = "film/a/0badcafe-1.m4s"
            (station.box / name).write_bytes(b"?")
        case "row lost":
            station.outbox._connection.execute("DELETE FROM file WHERE path = ?", (name,))
        case "row without a leaf":
            name = "film/a/0badcafe-2.m4s"
            station.outbox._connection.execute("INSERT INTO file (digest, path, size, kind, cam, t0) VALUES (?, ?, 3, 'segment', 'a', 1)", (b"?" * 32, name))
        case "removed without a receipt":
            return _lose(station)
        case "removed and still here":
            return _leave(station)
        case "forged receipt":
            return _forge_receipt(station)
        case "another folder":
            mark = station.marks.mark
            assert mark is not None
            (station.box / "film" / META).write_bytes(mark.to_bytes().replace(mark.film.encode(), b"0" * 16))
            name = "film: disk.other"
        case "no folder's mark":
            (station.box / "film" / META).unlink()
            name = "film: disk.gone"
        case "mark damaged":
            (station.box / "film" / META).write_bytes(b"\0" * 90)
            name = "film: disk.meta"
        case "tile altered":
            tile = next(tile for tile in sorted((station.box / "log/tile/0").rglob("*")) if tile.is_file())
            tile.write_bytes(bytes(len(tile.read_bytes())))
            name = tile.relative_to(station.box / "log").as_posix()
    return name


LEVELS: dict[str, tuple[str, tuple[Level, ...]]] = {
    "missing": ("fsck.missing", ("presence", "size", "hash")),
    "short": ("fsck.size", ("size", "hash")),
    "altered": ("fsck.hash", ("hash",)),
    "orphan": ("fsck.orphan", ("presence", "size", "hash")),
    "row lost": ("fsck.row", ("presence", "size", "hash")),
    "row without a leaf": ("fsck.unnamed", ("presence", "size", "hash")),
    "removed without a receipt": ("fsck.lost", ("presence", "size", "hash")),
    "removed and still here": ("fsck.left", ("presence", "size", "hash")),
    "forged receipt": ("fsck.receipt", ("hash",)),
    "another folder": ("fsck.folder", ("presence", "size", "hash")),
    "no folder's mark": ("fsck.folder", ("presence", "size", "hash")),
    "mark damaged": ("fsck.folder", ("presence", "size", "hash")),
    "tile altered": ("fsck.tile", ("presence", "size", "hash")),
}


@pytest.mark.parametrize("sort", sorted(LEVELS))
def test_fsck_names_planted_damage_of_each_sort_at_the_level_that_looks_so_closely(tmp_path: Path, sort: str) -> None:
    station = Station(tmp_path)
    station.film(3)
    station.send()
    station.film(2)
    assert station.problems() == []
    name = _planted(station, sort)
    code, levels = LEVELS[sort]
    every: tuple[Level, ...] = ("presence", "size", "hash")
    for level in every:
        found = station.problems(level)
        assert found == ([f"{code} {name}"] if level in levels else []), level


def test_what_a_crash_left_of_a_removal_is_removed_at_the_next_start(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.film(2)
    station.send()
    left = _leave(station)
    station.restart()
    assert not (tmp_path / left).exists()
    assert [(finding.code, finding.name) for finding in station.mended] == [("fsck.left", left)]
    assert station.problems() == []


def test_nothing_is_mended_in_a_folder_that_is_another_one(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.film()
    _planted(station, "orphan")
    _planted(station, "another folder")
    with pytest.raises(Refused, match=r"disk\.other"):
        mend(tmp_path, station.log, station.outbox, SickDisk())
    assert (tmp_path / "film/a/0badcafe-1.m4s").exists()


@pytest.mark.parametrize("writes", range(4))
def test_a_death_at_any_write_of_an_opening_is_no_reason_to_refuse_the_next(tmp_path: Path, writes: int) -> None:
    """At the first opening of a box, and at a later one."""
    from kua.station.marks import Marks
    from kua.testing.disks import Died

    for opening in range(2):
        dying = SickDisk()
        dying.dies_after = writes
        try:
            Marks.open(tmp_path, dying, lambda: "0123456789abcdef", 5 * opening)
        except Died:
            assert writes < 3
        Marks.open(tmp_path, SickDisk(), lambda: "fedcba9876543210", 5 * opening).check()


def test_a_box_that_was_made_before_folders_had_marks_gets_them(tmp_path: Path) -> None:
    station = Station(tmp_path, at=START)
    station.film()
    for path in (tmp_path / META, tmp_path / "film" / META):
        path.unlink()
    station.restart()
    station.film()
    assert (tmp_path / META).exists()
    assert station.clock.now() > START + SLOT
    assert station.problems() == []
