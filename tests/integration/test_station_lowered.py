# SPDX-License-Identifier: Apache-2.0
"""A real agent whose rung is switched while it records, against a real centre: each process does its part, and nothing of the film is lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import frames
from kua.app.checkup import fsck, look
from kua.app.closing import close_day
from kua.app.thin import write_rung
from kua.app.town import Town
from kua.verify.film import verify_film
from tests.integration.test_station_centre import PLACE, wait_for


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path, [PLACE])
    town.found()
    town.start_centre()
    try:
        yield town
    finally:
        town.stop()


def segments(box: Path) -> list[dict[str, Any]]:
    leaves = [json.loads(entry) for _, entry in frames((box / "log/journal").read_bytes())]
    return [leaf for leaf in leaves if leaf["type"] == "segment"]


def stated(box: Path) -> list[str]:
    return [leaf.get("live", {"rung": "full"})["rung"] for leaf in segments(box)]


def test_a_rung_that_is_switched_in_mid_run_is_stated_made_sent_and_verified(town: Town) -> None:
    box = town.box(PLACE.id)
    town.prepare(PLACE)
    town.enrol(PLACE, town.centre_url)
    town.start_station(PLACE.id)
    wait_for(lambda: (box / "log/journal").exists() and bool(segments(box)))
    assert look(box)["live"] in {"small", "full"}
    wait_for(lambda: look(box)["live"] == "full" and stated(box)[-1] == "full")  # the line is measured by itself, and is good
    for rung in ("slow", "none", "full"):
        write_rung(box, rung, DurableFiles())  # type: ignore[arg-type]
        wait_for(lambda rung=rung: stated(box)[-1] == rung)  # type: ignore[misc]
    assert len({leaf["run"] for leaf in segments(box)}) == 1, "the film goes on as one run"
    lowered = [leaf for leaf in segments(box) if "sha256" in leaf.get("live", {}) and leaf["live"]["rung"] == "slow"]
    assert lowered
    assert {leaf["live"]["frames"] for leaf in lowered[:-1]} <= {4}
    wait_for(lambda: look(box)["queue"]["files"] == 0)
    small = list((box / "film/a/live").glob("*.m4s"))  # on a busy computer the line may be measured to be thin, and more of them may follow
    wait_for(lambda: not any(path.exists() for path in small))  # their film has its receipt, so they leave the disk
    close_day(box, 30)
    assert town.processes[PLACE.id].wait(30) == 0
    assert fsck(box, "hash", mending=False) == []
    report = verify_film(str(town.published / "s" / PLACE.id))
    codes = {line.code: line.state for line in report.lines}
    assert "FAIL" not in codes.values(), [line for line in report.lines if line.state == "FAIL"]
    assert codes["film.accounted"] == "PASS"
