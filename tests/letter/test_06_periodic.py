# SPDX-License-Identifier: Apache-2.0
"""Objection 6: elections are held from time to time. The system sleeps between them: it records inside the windows of the signed election file only, nobody
starts it by hand outside them, and its log says where it was off. A new election begins with an empty log.
"""

import json
from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.tilelog import frames
from kua.app.agent import Agent
from kua.app.checkup import look
from kua.app.town import Place, Shape, Town
from kua.core.errors import Refused
from kua.media.timeline import Day
from kua.verify.film import verify_film
from tests.integration.test_station_centre import wait_for
from tests.rigs.worlds import ELECTION, World, make_box

HOUR = 3_600_000
STATION = "10-245"


def world(start: int, end: int) -> World:
    """An election of one station whose only window begins and ends so many milliseconds from now."""
    now = SystemClock().now()
    return World("letter-6", {STATION: ("a",)}, (("voting", now + start, now + end),))


PLACE = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5", shape=Shape(320, 180, 5, 200, "ultrafast"))


def test_nobody_starts_it_by_hand_before_the_first_window_and_the_service_waits(tmp_path: Path) -> None:
    box = tmp_path / "early"
    make_box(box, world(HOUR, 2 * HOUR), STATION, {"a": "painted:3"})
    with pytest.raises(Refused, match=r"agent\.before_window"):
        Agent(box)
    Agent(box, waits=True)
    assert not (box / "log").exists()
    assert not (box / "film").exists()


def test_nobody_starts_it_after_the_last_window(tmp_path: Path) -> None:
    box = tmp_path / "late"
    make_box(box, world(-2 * HOUR, -HOUR), STATION, {"a": "painted:3"})
    for waits in (False, True):
        with pytest.raises(Refused, match=r"agent\.outside_window"):
            Agent(box, waits=waits)


@pytest.mark.timeout(300)
def test_it_records_inside_the_windows_alone_and_its_log_says_where_it_was_off(tmp_path: Path) -> None:
    """Two windows with a pause between them, and a service that was started before the first."""
    town = Town(tmp_path, [PLACE], windows=(("opening", 40_000, 56_000), ("voting", 68_000, 84_000)))
    town.found()
    windows = town.election().station(PLACE.id).windows
    box = town.box(PLACE.id)
    try:
        town.start_centre()
        town.prepare(PLACE)
        town.enrol(PLACE)
        town.start_station(PLACE.id, wait=True)
        wait_for(lambda: look(box)["running"])
        assert json.loads((box / "status.json").read_bytes())["state"] == "off"
        assert json.loads((box / "status.json").read_bytes())["phase"] is None
        assert not list(box.glob("film/a/*.m4s"))
        assert town.processes[PLACE.id].wait(120) == 0, "after the last window it closes the day, delivers, and ends"
        leaves = [json.loads(entry) for _, entry in frames((box / "log/journal").read_bytes())]
        films = [leaf for leaf in leaves if leaf["type"] == "segment"]
        for window in windows:
            assert any(window.start <= leaf["t0"] < window.end for leaf in films), window.phase
        # The last picture begins in its window and lasts a fifth of a second.
        assert all(any(window.start <= leaf["t0"] and leaf["t1"] < window.end + 200 for window in windows) for leaf in films)
        off = [leaf for leaf in leaves if leaf["type"] == "gap" and leaf["t0"] < windows[1].start and leaf["t1"] > windows[0].end]
        assert off, "the pause is stated"
        day = Day("a")
        for index, leaf in enumerate(leaves):
            day.add(index, leaf["type"], leaf)
        assert day.account().unaccounted == day.account().overlapping == 0
        told = {line.code: line.state for line in verify_film(str(town.published / "s" / PLACE.id)).lines}
        assert "FAIL" not in told.values()
    finally:
        town.stop()


def test_another_election_begins_with_an_empty_log(tmp_path: Path) -> None:
    """Nothing of one election is carried into the next: a box that belongs to one refuses to record another."""
    box = tmp_path / "box"
    make_box(box, world(-HOUR, HOUR), STATION, {"a": "painted:3"})
    enrolment = box / "enrolment.json"
    enrolment.write_bytes(enrolment.read_bytes().replace(ELECTION.encode(), b"kz-2031-other"))
    with pytest.raises(Refused, match=r"agent\.other_station"):
        Agent(box)
