# SPDX-License-Identifier: Apache-2.0
"""What else befalls a station: a line cut in the middle of a body, a full disk, a power cut while the log is written, a clock that somebody sets.

One town, one fault for each station, side by side; real processes, real files, real sockets. The claims are looked at after the day.
"""

import os
import resource
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import frame
from kua.app.town import Town
from kua.proof.leaf import make_leaf
from tests.faults.ward import DELAY, Examined, Row, Ward, examine, painted, leaves, print_table, wall

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

CUT, FULL, TORN, SET = "10-011", "10-012", "10-013", "10-014"
PYTHONPATH = os.pathsep.join([str(Path(__file__).parent / "clock"), *filter(None, [os.environ.get("PYTHONPATH")])])
AHEAD = 90_000
"""Milliseconds by which the clock of the station SET is put forward."""


@dataclass(slots=True)
class Day:
    """What happened, and the town afterwards."""

    ward: Ward
    began: dict[str, int] = field(default_factory=dict)
    well: dict[str, int] = field(default_factory=dict)
    longest_queue: int = 0
    seen: Examined | None = None

    def examined(self) -> Examined:
        """The town afterwards."""
        assert self.seen is not None
        return self.seen

    def gaps(self, station: str) -> list[tuple[str, float]]:
        """Return reason and seconds of a station's gaps."""
        return [(leaf["reason"], (leaf["t1"] - leaf["t0"]) / 1000) for leaf in self.examined().leaves[station] if leaf.type == "gap"]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Live through the day once."""
    folder = tmp_path_factory.mktemp("faults")
    day = Day(Ward(Town(folder, [painted(number) for number in range(11, 15)], delay=DELAY)))
    ward = day.ward
    clocks = {name: folder / f"clock-{name}" for name in (SET, "centre")}
    for clock in clocks.values():
        clock.write_text("0")
    try:
        ward.open({name: {"PYTHONPATH": PYTHONPATH, "KUA_TEST_CLOCK": str(clock)} for name, clock in clocks.items()})
        for station in (CUT, FULL, TORN, SET):
            ward.record(station, 1)
        cut_the_line(day)
        tear_the_log(day)
        set_the_clock(day, clocks[SET])
        fill_the_disk(day)
        wait_for_all(day)
        DurableFiles().replace(clocks["centre"], str(AHEAD).encode())  # so that it need not wait for the future to publish it
        ward.close()
    finally:
        ward.stop()
    day.seen = examine(ward)
    yield day
    rows = [row_of(day, station, place) for station, place in ((CUT, "line cut in a body"), (FULL, "disk full"), (TORN, "power cut in the log"), (SET, "clock put forward"))]
    print_table(f"other faults (longest queue {day.longest_queue} files)", rows)


def row_of(day: Day, station: str, place: str) -> Row:
    """Make the line of the table for a station."""
    seen, at = day.examined(), day.began[station]
    film = [leaf for leaf in seen.leaves[station] if leaf.type == "segment"]
    gap = sum(leaf["t1"] - leaf["t0"] for leaf in seen.leaves[station] if leaf.type == "gap" and leaf["t1"] > at) / 1000
    before, after = sum(leaf["t1"] <= at for leaf in film), sum(leaf["t0"] >= at for leaf in film)
    forks, lost = seen.forks(station, wall()) + seen.forks("nation", wall()), seen.lost(station, wall())
    killed = "agent" if station in {FULL, TORN} else "-"
    return Row(place, killed, before, after, gap, seen.receipts(station, wall()), forks, lost, seen.unaccounted(station), (day.well[station] - at) / 1000)


def owed(box: Path) -> int:
    """Count the files that have no receipt yet."""
    db = sqlite3.connect(f"file:{box / 'spool.sqlite'}?mode=ro", uri=True, timeout=10)
    try:
        return int(db.execute("SELECT count(*) FROM file WHERE receipt IS NULL").fetchone()[0])
    finally:
        db.close()


def cut_the_line(day: Day) -> None:
    """Cut when a bit more than half of the next segment is through."""
    ward, box = day.ward, day.ward.town.box(CUT)
    ward.tend_until(lambda: ward.film(CUT)[-1]["size"] > 16_384, "a segment that is far longer than a statement")
    size = ward.film(CUT)[-1]["size"]
    ward.tend_until(lambda: owed(box) == 0, "an empty queue")
    ward.links[CUT].cut_after(size * 6 // 10)
    ward.tend_until(lambda: ward.links[CUT].is_cut, "a cut line")
    day.began[CUT] = wall()


def tear_the_log(day: Day) -> None:
    """Let the power fail while a leaf, a head and film are being written; what was not synced is there by half, or as zeroes."""
    ward, box = day.ward, day.ward.town.box(TORN)
    process = ward.town.processes[TORN]
    process.send_signal(signal.SIGKILL)
    process.wait()
    day.began[TORN] = wall()
    leaf = frame(make_leaf("gap", at=wall(), cam="a", seq=999, t0=1, t1=2, reason="restart"))
    for name, torn in (("journal", leaf[: len(leaf) // 2]), ("heads", bytes(64))):
        with (box / "log" / name).open("ab") as file:
            file.write(torn)
    (box / "film" / "a" / "0badc0de-1.m4s.part").write_bytes(bytes(1000))
    (box / "film" / "a" / "0badc0de-1.m4s").write_bytes(bytes(1000))


def set_the_clock(day: Day, clock: Path) -> None:
    """Put a station's clock forward while it records."""
    assert SET not in {death.name for death in day.ward.deaths}
    day.began[SET] = wall()
    DurableFiles().replace(clock, str(AHEAD).encode())


def fill_the_disk(day: Day) -> None:
    """First there is room for statements only, then not even for one; then somebody makes room. The kernel refuses, as on a full disk."""
    ward, box = day.ward, day.ward.town.box(FULL)
    day.began[FULL] = wall()
    pid = ward.town.processes[FULL].pid
    journal = box / "log" / "journal"
    ward.tend_until(lambda: ward.film(FULL)[-1]["size"] > journal.stat().st_size + 16_384, "a segment that is longer than all statements")
    film = ward.film(FULL)[-1]["size"] // 2 + journal.stat().st_size // 2
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (film, resource.RLIM_INFINITY))
    ward.tend_until(lambda: any(leaf.type == "gap" and leaf["reason"] == "disk_full" for leaf in leaves(box / "log")), "a gap for a full disk")
    died = len(ward.deaths)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (journal.stat().st_size + 8, resource.RLIM_INFINITY))
    ward.tend_until(lambda: any(death.name == FULL for death in ward.deaths[died:]), "the end of an agent that cannot state anything")


def wait_for_all(day: Day) -> None:
    """Wait until every station is well again; the line is mended once four segments wait."""
    ward = day.ward

    def queued() -> bool:
        day.longest_queue = max(day.longest_queue, owed(ward.town.box(CUT)))
        return day.longest_queue >= 5

    ward.tend_until(queued, "a queue")
    ward.links[CUT].mend()
    ward.tend_until(lambda: owed(ward.town.box(CUT)) == 0, "the end of the queue")
    day.well[CUT] = wall()
    for station in (TORN, FULL):
        ward.tend_until(lambda station=station: any(leaf["t0"] > day.began[station] for leaf in ward.film(station)), f"film of {station}")  # type: ignore[misc]
        ward.record(station, 1)
        day.well[station] = next(leaf["at"] for leaf in ward.film(station) if leaf["t0"] > day.began[station])
    ward.tend_until(lambda: sum(leaf["t0"] >= day.began[SET] + AHEAD for leaf in ward.film(SET)) >= 2, "film under the new time")
    day.well[SET] = next(leaf["at"] for leaf in ward.film(SET) if leaf["t0"] >= day.began[SET] + AHEAD) - AHEAD


def test_a_line_cut_in_the_middle_of_a_body_costs_no_second(day: Day) -> None:
    """The queue grows while the line is away, the film goes on, and afterwards everything is published."""
    assert day.longest_queue >= 5
    assert {reason for reason, _ in day.gaps(CUT)} <= {"starting", "stopped"}
    vouched = {leaf["trust"] for leaf in day.examined().leaves[CUT] if leaf.type == "segment"}
    assert vouched <= {"centre", "ntp"}, "the centre's word for the clock reaches the film's statements"
    assert not [death for death in day.ward.deaths if death.name == CUT]


def test_a_full_disk_costs_film_and_no_statement(day: Day) -> None:
    """Film that finds no room is a gap with its reason; an agent that cannot even state that ends, loudly, and goes on when there is room."""
    assert "disk_full" in {reason for reason, _ in day.gaps(FULL)}
    faults = [(leaf["kind"], leaf["state"]) for leaf in day.examined().leaves[FULL] if leaf.type == "fault"]
    assert faults[:2] == [("disk_full", "begin"), ("disk_full", "end")], "the agent that comes after takes back what the one before stated"
    assert len(faults) % 2 == 0
    assert [death.code for death in day.ward.deaths if death.name == FULL] == [3]


def test_a_power_cut_in_the_log_is_cut_off_and_nothing_else(day: Day) -> None:
    """The half leaf is no leaf, the half film no film; what was signed stands."""
    box = day.ward.town.box(TORN)
    assert not list((box / "film" / "a").glob("0badc0de*"))
    assert not any(leaf.type == "gap" and leaf["seq"] == 999 for leaf in day.examined().leaves[TORN])
    assert [death.code for death in day.ward.deaths if death.name == TORN] == [-9]


def test_a_clock_that_is_put_forward_is_stated_and_begins_a_new_run(day: Day) -> None:
    """A clock leaf with the step, a gap of its length with its reason, and another run after it."""
    found = day.examined().leaves[SET]
    (step,) = [leaf for leaf in found if leaf.type == "clock" and leaf["forward"] and leaf["step_ms"] >= 1_000]
    assert abs(step["step_ms"] - AHEAD) < 1_000
    assert step["trust"] != "centre", "the centre vouched for the clock as it was before"
    assert sum(seconds for reason, seconds in day.gaps(SET) if reason == "clock_step") > AHEAD / 1000 - 8
    film = [leaf for leaf in found if leaf.type == "segment"]
    runs = {leaf["t0"] >= day.began[SET] + AHEAD - 8_000: leaf["run"] for leaf in film}
    assert runs[False] != runs[True]
    assert not [death for death in day.ward.deaths if death.name == SET]


@pytest.mark.parametrize("station", [CUT, FULL, TORN, SET])
def test_nothing_forks_nothing_is_lost_every_second_is_accounted_for(day: Day, station: str) -> None:
    """What every checkpoint and every receipt ever said holds at the end."""
    row = row_of(day, station, station)
    assert (row.fork, row.lost, row.unaccounted) == (0, 0, 0)
    assert row.after > 0
