# SPDX-License-Identifier: Apache-2.0
"""A centre that runs, as a process of its own, takes in a medium that is plugged in beside it: through its own door, and tells how far it has come."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from kua.adapters.clock import SystemClock
from kua.app.centre import centre_key
from kua.app.closing import closed_at
from kua.app.courier import Asked, pack, receipts
from kua.app.enrol import enrol
from kua.app.town import Place, Shape, Town
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.centre.elections.service import load_election
from kua.centre.enrol.service import make_code
from kua.cli.main import run
from kua.proof.courier import FOLDER
from kua.station.courier import RECEIPTS
from kua.station.enrol import read_enrolled, station_key
from kua.testing.clock import ManualClock
from tests.rigs.carried import Carried

PLACE = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5", shape=Shape(320, 180, 5, 200, "ultrafast"))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path, [PLACE])
    town.found()
    town.start_centre()
    try:
        yield town
    finally:
        town.stop()


def test_a_running_centre_loads_tells_what_is_missing_and_is_not_disturbed_by_a_second_time(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUA_LANG", "en")
    index = SqliteIndex(town.centre / "index.db")
    enrol(town.box(PLACE.id), town.centre_url, make_code(index, town.election(), PLACE.id, ManualClock()), None, ())
    index.close()
    enrolled = read_enrolled(town.box(PLACE.id))
    held = load_election(town.centre, ())
    centre = SimpleNamespace(held=held, key=centre_key(town.centre, held.election.domain))
    carried = Carried(tmp_path / "carried", centre, PLACE.id, station_key(town.box(PLACE.id), enrolled.origin))  # type: ignore[arg-type]
    carried.film(3)
    carried.stop()
    medium = tmp_path / "medium"
    medium.mkdir()
    pack(carried.box, medium, Asked(), 0.4, lambda *_: None, carried.clock)
    place = medium / FOLDER / held.election.id / PLACE.id
    film = next(path for path in place.glob("blob/*/*") if path.stat().st_size > 1_000)
    kept, _ = film.read_bytes(), film.write_bytes(b"spoilt")
    arguments = ["courier", "load", str(medium), "--dir", str(town.centre)]
    assert run([*arguments, "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)["stations"]
    assert (told["fresh"], told["missing"], [case["code"] for case in told["trouble"]]) == (6, 1, ["courier.altered"])
    film.write_bytes(kept)
    assert run(arguments) == 2, "nothing is missing, but the day is not closed"
    assert "nothing is missing of what its log names so far" in capsys.readouterr().out
    assert receipts(carried.box, place / RECEIPTS) == (7, 0)
    carried.open()
    carried.keep.close("end_of_day")
    carried.stop()
    assert closed_at(carried.box) is not None
    pack(carried.box, medium, Asked(), 0.4, lambda *_: None, SystemClock())
    assert run(arguments) == 0
    assert "nothing is missing, and the day is closed" in capsys.readouterr().out
    assert town.processes["centre"].poll() is None
