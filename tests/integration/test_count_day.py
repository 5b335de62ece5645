# SPDX-License-Identifier: Apache-2.0
"""A real agent in its count: two signatures given on the box's command line change the picture and stand in the log, and nothing is restarted."""

import json
import signal
import threading
from pathlib import Path

from kua.adapters.tilelog import frames
from kua.app.count_gate import sign
from kua.app.town import Place, Shape, Town

PLACE = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5", shape=Shape(320, 180, 5, 200, "ultrafast"))


def leaves(box: Path) -> list[dict[str, object]]:
    """Return what the station has stated so far."""
    path = box / "log/journal"
    return [json.loads(entry) for _, entry in frames(path.read_bytes())] if path.exists() else []


def stated(box: Path, kind: str, number: int = 1, seconds: float = 40) -> list[dict[str, object]]:
    """Wait until `number` leaves of a type are there."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.2)):
        found = [leaf for leaf in leaves(box) if leaf["type"] == kind]
        if len(found) >= number:
            return found
        waiting.wait(0.2)
    raise AssertionError([leaf["type"] for leaf in leaves(box)])


def test_two_signatures_let_the_count_be_seen_while_the_recording_goes_on(tmp_path: Path) -> None:
    town = Town(tmp_path, [PLACE], phase="count")
    town.found()
    town.start_centre()
    try:
        box = town.box(PLACE.id)
        town.prepare(PLACE)
        town.enrol(PLACE)
        town.start_station(PLACE.id)
        before = len(stated(box, "segment"))
        sign(box, box / "people/chair.pem", box / "people/chair.cert")
        stated(box, "segment", before + 1)
        assert not [leaf for leaf in leaves(box) if leaf["type"] in {"chapter", "fault"}]
        sign(box, box / "people/observer.pem", box / "people/observer.cert")
        (chapter,) = stated(box, "chapter")
        assert chapter["what"] == "count_begins"
        # Without models the count is coarse, and only the process that hides knows that it has begun.
        (fault,) = stated(box, "fault")
        assert (fault["kind"], fault["state"]) == ("no_models", "begin")
        stated(box, "segment", before + 2)
        assert {leaf["phase"] for leaf in leaves(box) if leaf["type"] == "segment"} == {"count"}
        assert len([leaf for leaf in leaves(box) if leaf["type"] == "session"]) == 1
        agent = town.processes[PLACE.id]
        agent.send_signal(signal.SIGINT)
        assert agent.wait(30) == 0
    finally:
        town.stop()
