# SPDX-License-Identifier: Apache-2.0
"""A real agent with a drawn camera against a real centre, as processes of their own, over a line that is cut for a while."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kua.adapters.indexes.sqlite import SqliteIndex
from kua.adapters.tilelog import frames
from kua.app.checkup import fsck, look
from kua.app.closing import close_day, closed_at
from kua.app.enrol import enrol
from kua.app.link import CuttableLink
from kua.app.town import Place, Shape, Town
from kua.centre.enrol.service import make_code
from kua.core.errors import Refused, Rejected
from kua.media.timeline import Account, Day
from kua.testing.clock import ManualClock
from kua.verify.film import verify_film

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


def wait_for(claim: Callable[[], bool], seconds: float = 40) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.2)):
        if claim():
            return
        waiting.wait(0.2)
    raise AssertionError(claim)


def account(box: Path) -> Account:
    day = Day("a")
    for index, (_, entry) in enumerate(frames((box / "log/journal").read_bytes())):
        leaf = json.loads(entry)
        day.add(index, leaf["type"], leaf)
    return day.account()


def test_codes_work_once_and_for_one_key_only(town: Town) -> None:
    index = SqliteIndex(town.centre / "index.db")
    code = make_code(index, town.election(), PLACE.id, ManualClock())
    index.close()
    with pytest.raises(Rejected, match=r"enrol\.code_unknown"):
        enrol(town.box(PLACE.id), town.centre_url, "WRONG-CODE", None, ())
    first = enrol(town.box(PLACE.id), town.centre_url, code, None, ())
    assert enrol(town.box(PLACE.id), town.centre_url, code, None, ()) == first
    (town.box(PLACE.id) / "keys/station.pem").unlink()
    with pytest.raises(Rejected, match=r"enrol\.code_used"):
        enrol(town.box(PLACE.id), town.centre_url, code, None, ())


def test_a_service_manager_is_told_that_the_agent_is_ready_and_alive(town: Town, tmp_path: Path) -> None:
    """And one that hangs is not heard of any more: then the manager ends it."""
    town.prepare(PLACE)
    town.enrol(PLACE, town.centre_url)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(30)
        town.start_station(PLACE.id, os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"})
        process = town.processes[PLACE.id]
        assert line.recv(200).startswith(b"READY=1")
        assert [line.recv(200) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        process.send_signal(signal.SIGSTOP)
        line.settimeout(3)
        heard = True
        while heard:
            try:
                line.recv(200)
            except TimeoutError:
                heard = False
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        line.settimeout(30)
        while line.recv(200) != b"STOPPING=1":
            pass
        assert process.wait(30) == 0


def test_a_stop_a_cut_line_a_kill_and_a_close_lose_nothing(town: Town) -> None:
    box = town.box(PLACE.id)
    town.prepare(PLACE)
    link = CuttableLink(("127.0.0.1", int(town.centre_url.rpartition(":")[2])))
    town.enrol(PLACE, f"http://127.0.0.1:{link.port}")
    town.start_station(PLACE.id)
    wait_for(lambda: look(box)["queue"]["received"] >= 5)
    assert look(box)["running"]
    stopped = town.processes[PLACE.id]
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait(30) == 0
    assert closed_at(box) is None
    assert fsck(box, "hash", mending=False) == []
    link.cut()
    town.start_station(PLACE.id)
    wait_for(lambda: look(box)["queue"]["files"] >= 1)
    wait_for(lambda: (look(box)["centre"] or {}).get("trouble") == "centre.away")
    agent = town.processes[PLACE.id]
    agent.send_signal(signal.SIGKILL)
    agent.wait(10)
    link.mend()
    town.start_station(PLACE.id)
    pid = town.processes[PLACE.id].pid
    wait_for(lambda: json.loads((box / "status.json").read_bytes())["pid"] == pid)
    with pytest.raises(Refused, match=r"log\.locked"):
        fsck(box, "presence", mending=False)
    received = look(box)["queue"]["received"]
    wait_for(lambda: look(box)["queue"]["received"] > received and look(box)["queue"]["files"] == 0)
    at = close_day(box, 30)
    assert town.processes[PLACE.id].wait(30) == 0
    assert closed_at(box) == at
    said = look(box)
    assert (said["queue"]["files"], said["queue"]["refused"]) == (0, 0)
    assert fsck(box, "hash", mending=False) == []
    day = account(box)
    assert day.unaccounted == day.overlapping == 0
    assert day.recorded > 2_000  # two slots were begun; how much of the first is in it depends on when we began
    with pytest.raises(Refused, match=r"account\.closed"):
        close_day(box, 1)
    link.close()
    assert list((box / "keys" / "hours").iterdir()) == []
    report = verify_film(str(town.published / "s" / PLACE.id))
    told = {line.code: line.state for line in report.lines}
    assert (told["film.hours_sealed"], told["film.hours_seen"]) == ("PASS", "PASS")
    assert told.keys() & {"film.beacon_false", "film.time_excluded", "film.hour_unsealed"} == set()
    spans = report.summary["stations"][0]["cameras"]["a"]["time"]["intervals"]
    assert spans
    assert all(after is not None and after <= t1 + 32_000 for _, t1, after, _ in spans)
