# SPDX-License-Identifier: Apache-2.0
"""A real RTSP server (Debian's gst-rtsp-server) is killed and frozen in mid-stream under the real `fetch` and `hide`: it costs the seconds it was away, each
of them stands in the log with its reason, and film and gaps tile the day to the millisecond. Real seconds pass: what is tested is time.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.sources.painting import PaintedRoom
from kua.adapters.tilelog import DiskLog
from kua.core.digest import sha256
from kua.flow.space import Space
from kua.core.instant import Instant
from kua.media.timeline import Day as Timeline
from kua.media.timeline import Film, Gap
from kua.station.journal import Day, Camera, Journal, leaves_of
from kua.station.keep import Keep
from kua.station.room import Room as Disk
from kua.station.pipe import messages
from kua.station.spool import Outbox
from tests.rigs.box import make_box
from tests.rigs.clips import write_clip
from tests.rigs.keeping import KEY, ORIGIN, PAPERS
from tests.rigs.rooms import SEED, drawn_room

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

RIG = Path(__file__).parents[1] / "rigs/rtsp_server.py"
SIZE = (320, 180)
AWAY = 6.0
"""Seconds for which the server is dead, and then stands still: longer than the watchdog's five."""
LATE = 12_000
"""Milliseconds that a return may cost beyond that: the longest wait that full jitter may draw after so long an absence (8 s), opening, and the first key picture."""
EARLY = 1_500
"""Milliseconds of film that may be lost before it went: what was still on its way."""


class Server:
    """The camera, which can die and stand still."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip
        self.port = "0"
        self.start()

    def start(self) -> None:
        command = [
            "/usr/bin/python3",
            str(RIG),
            "--port",
            self.port,
            "--film",
            str(self._clip),
            "--width",
            str(SIZE[0]),
            "--height",
            str(SIZE[1]),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        assert line.startswith("port "), "needs gst-rtsp-server, see tests/integration/test_sources_rtsp.py"
        self.port = line.split()[1]

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


class Room:
    """`fetch | hide` as the agent starts them, and a `keep` over a real log, on the real clock."""

    def __init__(self, folder: Path, box: Path) -> None:
        self.clock = SystemClock()
        self._log, self._outbox = DiskLog.open(folder / "log", ORIGIN, KEY), Outbox.open(folder / "spool.sqlite")
        self.journal = Journal(self._log, self.clock, "00c0ffee")
        files = DurableFiles()
        room = Disk(folder, self._outbox, files, self.clock, Space(0))
        self.keep = Keep(folder, self.journal, self._outbox, files, self.clock, room, lambda _rows: None, lambda *_: None)
        day = Day("e-1", sha256(b"e"), "10-245", (Camera("a", *SIZE, 10_000),), (("hiding", 1, sha256(b"h")),), {"a": PAPERS})
        self.journal.begin(day, sha256(b"build"), sha256(b"settings"))
        command = [sys.executable, "-m", "kua.app.camera"]
        more = ["--box", str(box), "--camera", "a"]
        quiet = subprocess.DEVNULL
        self.fetch = subprocess.Popen([*command, "fetch", *more], stdout=subprocess.PIPE, stderr=quiet)
        self.hide = subprocess.Popen([*command, "hide", *more], stdin=self.fetch.stdout, stdout=subprocess.PIPE, stderr=quiet)
        assert self.fetch.stdout is not None
        self.fetch.stdout.close()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.hide.stdout is not None
        ticked = 0
        for message in messages(self.hide.stdout):
            with self._changed:
                self.keep.handle("a", message)
                if self.clock.monotonic() - ticked >= 1_000:
                    ticked = self.clock.monotonic()
                    self.keep.tick()
                self._changed.notify_all()

    def films_after(self, moment: Instant) -> None:
        """Wait until film of a time after `moment` stands in the log."""
        with self._changed:
            came = self._changed.wait_for(lambda: (self.keep.last_end.get("a") or 0) > moment + 4_000, 60)
        assert came, (self.keep.trouble, self.journal.faults())

    def close(self) -> Timeline:
        """Stop in order, close the day, and return its account."""
        self.fetch.send_signal(signal.SIGTERM)
        self._thread.join(60)
        assert (self.fetch.wait(20), self.hide.wait(20)) == (0, 0)
        self.keep.close("ordered")
        day = Timeline("a")
        for index, leaf in enumerate(leaves_of(self._log)):
            day.add(index, leaf.type, leaf.body)
        return day

    def end(self) -> None:
        for process in (self.fetch, self.hide):
            process.kill()
            process.wait()
        if self.hide.stdout:
            self.hide.stdout.close()
        self._log.close()
        self._outbox.close()


@contextmanager
def recorded(folder: Path) -> Iterator[tuple[Server, Room]]:
    room = PaintedRoom(SEED, *SIZE)
    server = Server(write_clip(folder / "room.mp4", [room.picture(600_000 + number * 100) for number in range(60)]))
    recording = Room(folder / "box-keep", make_box(folder / "box", f"rtsp://127.0.0.1:{server.port}/film", drawn_room(*SIZE)))
    try:
        yield server, recording
    finally:
        recording.end()
        server.kill()


def die(server: Server) -> None:
    server.kill()


def come_back(server: Server) -> None:
    server.start()


def freeze(server: Server) -> None:
    server.send(signal.SIGSTOP)


def thaw(server: Server) -> None:
    server.send(signal.SIGCONT)


@pytest.mark.parametrize(("goes", "returns"), [(die, come_back), (freeze, thaw)], ids=["killed", "frozen"])
def test_a_server_that_goes_in_mid_stream_costs_the_seconds_it_was_away(
    tmp_path: Path, goes: Callable[[Server], None], returns: Callable[[Server], None]
) -> None:
    (tmp_path / "box-keep").mkdir()
    with recorded(tmp_path) as (server, room):
        room.films_after(room.clock.now())
        since = room.clock.now()
        goes(server)
        time.sleep(AWAY)
        returns(server)
        until = room.clock.now()
        room.films_after(until)
        day = room.close()
    assert day.opened is not None
    assert day.closed is not None
    cursor = day.opened
    for item in day.items:  # nothing overlaps and nothing is unsaid
        assert item.t0 == cursor, item
        cursor = item.t1
    assert cursor == day.closed
    film = sum(item.t1 - item.t0 for item in day.items if isinstance(item, Film))
    gaps = [item for item in day.items if isinstance(item, Gap)]
    assert film + sum(gap.t1 - gap.t0 for gap in gaps) == day.closed - day.opened
    lost = [gap for gap in gaps if gap.reason in {"camera_lost", "camera_silent"}]
    cost = sum(gap.t1 - gap.t0 for gap in lost)
    print(f"{goes.__name__}: away {until - since} ms, cost {cost} ms, reasons {sorted({gap.reason for gap in lost})}")
    assert until - since - EARLY <= cost <= until - since + LATE
    assert all(gap.t0 >= since - EARLY for gap in lost)  # nothing from before it went is missing
    assert {gap.reason for gap in gaps} <= {"starting", "camera_lost", "camera_silent", "stopped"}
