# SPDX-License-Identifier: Apache-2.0
"""A real agent with one signature under its calibration: it records silhouettes, says so in its log, and goes over to the table's own level when the second
person signs."""

import signal
from pathlib import Path
from typing import Any

import numpy as np

from kua.app.calibrate import sign
from kua.app.calibrations import load
from kua.app.town import Place, Shape, Town
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.silhouette import SHAPE
from kua.verify.bundle import verify_bundle
from kua.verify.film import verify_film
from kua.verify.gather import Wanted
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import open_reader
from tests.integration.test_count_day import leaves, stated
from tests.rigs.recording import decode

PLACE = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5", shape=Shape(320, 180, 5, 200, "ultrafast"))


def pictures(box: Path, segments: list[dict[str, Any]]) -> list[Any]:
    """Decode what the box keeps of these segments."""
    found = []
    for leaf in segments:
        init = (box / f"film/a/{leaf['run']}-init.mp4").read_bytes()
        found += [yuv for _, yuv in decode(init + (box / f"film/a/{leaf['run']}-{leaf['slot']}.m4s").read_bytes())]
    return found


def strays(yuv: Any, still: Any) -> float:
    """Share of a picture's brightness that is neither the still of the room, nor a silhouette, nor fill, but for what a codec does."""
    luma, room = yuv[:180].astype(int), still[:180].astype(int)
    known = (np.abs(luma - room) <= 24) | (np.abs(luma - SHAPE[0]) <= 24) | (np.abs(luma - 16) <= 24)
    return float((~known).mean())


def test_one_signature_records_silhouettes_and_the_second_one_lifts_them_without_a_restart(tmp_path: Path) -> None:
    town = Town(tmp_path, [PLACE], phase="opening")
    town.found()
    town.start_centre()
    try:
        box = town.box(PLACE.id)
        town.prepare(PLACE)
        (box / "calibration/a.note").unlink()
        sign(box, "a", box / "people/chair.pem", box / "people/chair.cert")
        town.enrol(PLACE)
        town.start_station(PLACE.id)
        first = stated(box, "segment", 3)
        (fault,) = [leaf for leaf in stated(box, "fault") if leaf["kind"] == "one_signature"]
        assert fault["state"] == "begin"
        order = [leaf["type"] for leaf in leaves(box) if leaf["type"] in {"fault", "segment"}]
        assert order[0] == "fault"
        assert not [leaf for leaf in leaves(box) if leaf["type"] == "calibration"]
        still = load(box, "a", needed=1).room.yuv
        alone = [yuv for yuv in pictures(box, first) if yuv[:180].std() > 2]
        assert alone
        assert max(strays(yuv, still) for yuv in alone) < 0.02

        sign(box, "a", box / "people/observer.pem", box / "people/observer.cert")
        (calibration,) = stated(box, "calibration")
        begun = len([leaf for leaf in leaves(box) if leaf["type"] == "segment"])
        for more in range(1, 9):
            segments = stated(box, "segment", begun + more)
            if len({leaf["run"] for leaf in segments}) > 1:
                break
        assert len({leaf["run"] for leaf in segments}) == 2
        told = [(leaf["kind"], leaf["state"]) for leaf in leaves(box) if leaf["type"] == "fault" and leaf["kind"] == "one_signature"]
        assert told == [("one_signature", "begin"), ("one_signature", "end")]
        assert len([leaf for leaf in leaves(box) if leaf["type"] == "session"]) == 1
        assert DEFAULT["opening"]["rest"] != "silhouette"
        agent = town.processes[PLACE.id]
        agent.send_signal(signal.SIGINT)
        assert agent.wait(30) == 0
        assert {leaf["calibration"] for leaf in stated(box, "segment")} == {calibration["sha256"]}
        lines = {line.code: line for line in verify_film(str(town.published)).lines}
        assert lines["film.one_signature"].state == "NOT_CHECKED"
        assert lines["film.calibration_signed"].state == "PASS"
        assert not {"film.other_calibration", "film.not_calibrated"} & set(lines)
        # A court that asks for the beginning alone is told the same, by that part alone.
        early = Wanted(PLACE.id, ("a",), Instant(first[0]["t0"]), Instant(first[1]["t1"]))
        bundle = tmp_path / "early.zip"
        made = make_bundle(open_reader(str(town.published)), Order(early), bundle)
        assert made.report.exit_code == 0
        assert {line.code: line.facts for line in verify_bundle(bundle).lines}["film.one_signature"]["count"] >= 2
    finally:
        town.stop()
