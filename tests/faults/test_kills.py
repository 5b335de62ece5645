# SPDX-License-Identifier: Apache-2.0
"""`kill -9` at every step of a segment's life, of the agent, of its cameras' processes and of the centre; what died is started again.

Each place kills once. Three stations are killed side by side; the centre is killed in a town of its own, whose station must not lose a second.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kua.app.town import Town
from tests.faults.ward import DELAY, Examined, Row, Ward, examine, painted, print_table

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

PLACES: dict[str, Sequence[str]] = {
    "10-001": ("fetch:1:45", "hide:2:45", "hide:3:45", "hide:4:45", "keep:6.checkpoint:5"),
    "10-002": ("keep:7.part:2", "keep:5:7", "keep:6.append:7", "keep:6.fsync:7", "keep:8.before:4"),
    "10-003": ("keep:7.rename:2", "keep:7.spool:2", "keep:8.after:4", "keep:8.receipt:4"),
}
"""Station, and where its processes are killed at which pass."""
CENTRE = (
    "centre:9:2", "centre:9.append:2", "centre:9.fsync:2", "centre:9.checkpoint:2", "centre:9.copied:2",
    "centre:10.before:2", "centre:10.after:2", "centre:10.row:2",
    "centre:11.before:2", "centre:11.append:2", "centre:11.fsync:2", "centre:11.checkpoint:2", "centre:11.shown:2",
    "centre:12:2", "centre:12.links:2", "centre:12.shown:2",
)  # fmt: skip


def told(once: Path, places: Sequence[str]) -> dict[str, str]:
    """Return the environment that kills at `places`."""
    once.mkdir(parents=True)
    return {"KUA_KILL_AT": ",".join(places), "KUA_KILL_ONCE": str(once)}


def kills(once: Path) -> list[tuple[int, str]]:
    """Return the moments and places of the kills so far, in order."""
    return sorted((path.stat().st_mtime_ns // 1_000_000, path.name) for path in once.iterdir() if path.stat().st_size)


def rows_of(ward: Ward, seen: Examined, station: str, happened: Sequence[tuple[int, str]]) -> list[Row]:
    """Make the rows for the kills that `station` felt. Back is a camera with its next stated segment, the centre with its next signature."""
    film = [leaf for leaf in seen.leaves[station] if leaf.type == "segment"]
    gaps = [leaf for leaf in seen.leaves[station] if leaf.type == "gap"]
    rows = []
    for number, (at, place) in enumerate(happened):
        following = happened[number + 1][0] if number + 1 < len(happened) else float("inf")
        mine = [leaf["t1"] - leaf["t0"] for leaf in gaps if at <= leaf["t1"] < following]
        killed = {"fetch": "fetch", "hide": "hide", "keep": "agent", "centre": "centre"}[place.partition(":")[0]]
        again = [leaf["at"] for leaf in film if leaf["t0"] >= at]
        if killed == "centre":
            dead = min(death.at for death in ward.deaths if death.name == "centre" and death.at >= at)
            again = [moment for moment in seen.witness.heads["nation"].values() if moment > dead]
        rows.append(
            Row(
                place, killed, sum(leaf["t1"] <= at for leaf in film), sum(leaf["t0"] >= at for leaf in film), sum(mine) / 1000,
                seen.receipts(station, at), seen.forks(station, at) + seen.forks("nation", at), seen.lost(station, at),
                seen.unaccounted(station), (min(again) - at) / 1000,
            )
        )
    return rows


def hold(rows: Sequence[Row]) -> None:
    """Assert what every kill must leave as it was."""
    for row in rows:
        assert (row.fork, row.lost, row.unaccounted) == (0, 0, 0), row
        assert row.after > 0, row


def test_a_station_that_is_killed_anywhere_neither_forks_nor_forgets(tmp_path: Path) -> None:
    """Steps 1 to 8: the processes of a camera are started again by the agent, the agent by its keeper."""
    town = Town(tmp_path, [painted(number) for number in range(1, 4)], delay=DELAY)
    ward = Ward(town)
    once = {station: tmp_path / "once" / station for station in PLACES}
    try:
        ward.open({station: told(once[station], places) for station, places in PLACES.items()})
        for station, places in PLACES.items():
            ward.tend_until(lambda station=station, places=places: len(kills(once[station])) == len(places), f"the kills of {station}")  # type: ignore[misc]
        for station in PLACES:
            ward.record(station, 1)
        ward.close()
    finally:
        ward.stop()
    seen = examine(ward)
    by_station = {station: rows_of(ward, seen, station, kills(once[station])) for station in PLACES}
    rows = [row for mine in by_station.values() for row in mine]
    print_table(f"killed at the station (orphans gone after {ward.slowest_orphan:.1f} s at most)", sorted(rows, key=lambda row: row.place))
    hold(rows)
    ours = [death for death in ward.deaths if death.name != "centre"]
    assert [death.code for death in ours] == [-9] * sum(row.killed == "agent" for row in rows)
    # Lanes send at once, so that a second kill may come before the first has cost any film: those between which none was made share the gap that follows.
    costs: dict[tuple[str, int], float] = {}
    for station, mine in by_station.items():
        for row in mine:
            if row.killed == "agent":
                costs[station, row.before] = costs.get((station, row.before), 0) + row.gap
    assert all(gap > 0 for gap in costs.values())


def test_a_centre_that_is_killed_anywhere_loses_no_receipt_and_costs_the_station_no_second(tmp_path: Path) -> None:
    """Steps 9 to 12: the station records on while the centre dies again and again."""
    town = Town(tmp_path, [painted(4)], delay=DELAY)
    ward, once = Ward(town), tmp_path / "once"
    try:
        ward.open({"centre": told(once, CENTRE)})
        ward.tend_until(lambda: len(kills(once)) == len(CENTRE), "the kills of the centre")
        ward.record("10-004", 1)
        ward.close()
    finally:
        ward.stop()
    seen = examine(ward)
    rows = rows_of(ward, seen, "10-004", kills(once))
    print_table("killed at the centre", rows)
    hold(rows)
    assert [death.code for death in ward.deaths] == [-9] * len(CENTRE), "the station's agent lived all the time"
    reasons = [leaf["reason"] for leaf in seen.leaves["10-004"] if leaf.type == "gap"]
    assert reasons in (["starting"], ["starting", "stopped"]), "only what came before the first picture and after the last is missing"
