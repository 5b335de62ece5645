# SPDX-License-Identifier: Apache-2.0
"""Illegal entry on the cameras' own network segment: looks about once a minute and compares with the signed census; says what it found in a file.

It writes no log and sees no picture. `keep` reads the file and states each alarm as a `fault` leaf, since a log has one writer.
"""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, final

import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.network.defaults import opens_by_default
from kua.app.census import FOLDER, Doors, keep_copy, leaf_of, seen_now, signed
from kua.app.settings import load_station
from kua.core.errors import Incomplete, KuaError, Unavailable
from kua.core.instant import Instant, Millis
from kua.law.census import Raised, alarms
from kua.station.census import addresses
from kua.station.journal import Journal

_say = structlog.get_logger("kua.census")

EVERY: Final = Millis(60_000)
HOLD: Final = Millis(600_000)
"""How long an alarm stands after it was last seen: a device that comes and goes is one alarm, not a hundred."""
STALE: Final = Millis(300_000)
"""A file older than this says nothing of now: what it raised stands, nothing new is read from it."""
AGAIN: Final = Millis(60_000)
_FILES: Final = ("watch.json", "defaults.json")
TRIED: Final = ("default_password", "no_password")
KINDS: Final = ("unknown_device", "camera_changed", "camera_on", *TRIED)


@final
class Watch:
    """Remembers what was raised, so that an alarm ends only when it has not been seen for `HOLD`."""

    def __init__(self, box: Path, at: Doors | None = None) -> None:
        self._box, self._at = box, at or Doors()
        self._last: dict[Raised, Instant] = {}

    def look(self, now: Instant) -> list[Raised]:
        """Look once, write `census/watch.json`, and return what stands. Raises `Incomplete("census.not_signed")`, `Rejected("census.*")`."""
        held = signed(self._box)
        if held is None:
            raise Incomplete("census.not_signed")
        census = held.census
        devices = seen_now(census.interfaces, addresses(census), self._at)
        for raised in alarms(census.cameras, census.neighbours, devices):
            self._last[raised] = now
        self._last = {raised: seen for raised, seen in self._last.items() if now - seen < HOLD}
        _write(self._box, "watch.json", now, sorted(self._last))
        return sorted(self._last)


def try_defaults(box: Path) -> list[Raised]:
    """Try the makers' passwords once on this station's own cameras; write `census/defaults.json` and return what opened.

    Raises `Incomplete("census.nothing_to_try")`, `Unavailable("source.unreachable")`.
    """
    cameras = [camera for camera in load_station(box).cameras if camera.source.startswith("rtsp://")]
    if not cameras:
        raise Incomplete("census.nothing_to_try")
    opened = [Raised(kind, camera.id, camera.id) for camera in cameras if (kind := opens_by_default(camera.source)) is not None]
    _write(box, "defaults.json", SystemClock().now(), opened)
    return opened


def standing(box: Path, now: Instant | None = None) -> list[Raised]:
    """Return the alarms that stand as the files say. With `now`, nothing of a look older than `STALE` - what a person tried stands until tried again."""
    found: list[Raised] = []
    for name in _FILES:
        with suppress(OSError, ValueError, KeyError, TypeError):
            body = json.loads((box / FOLDER / name).read_bytes())
            if name == "watch.json" and now is not None and now - int(body["at"]) > STALE:
                continue
            found += [Raised(**entry) for entry in body["alarms"] if entry["kind"] in KINDS]
    return sorted(set(found))


def looked_at(box: Path) -> Instant | None:
    """Return when the segment was last looked at; None if never."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Instant(int(json.loads((box / FOLDER / "watch.json").read_bytes())["at"]))
    return None


@final
class Rounds:
    """The agent's part: states the signed census and every alarm in the log, and keeps a process that looks."""

    def __init__(self, box: Path, command: list[str] | None = None) -> None:
        self._box = box
        self._command = command or [sys.executable, "-m", "kua.app.census_watch", str(box)]
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = Millis(0)
        self._stated: tuple[int, ...] = ()

    def state(self, journal: Journal, now: Instant) -> None:
        """State what is new: the census where another was signed, alarms that began or ended. Does nothing outside an open day."""
        if not journal.is_open:
            return
        try:
            self._state(journal, now)
        except Unavailable as error:  # a full disk stops no recording for this; it is tried again
            _say.warning("census", code=error.code)

    def _state(self, journal: Journal, now: Instant) -> None:
        stamp = tuple(
            path.stat().st_mtime_ns if path.exists() else 0
            for path in (self._box / FOLDER / name for name in ("census.json", "census.note"))
        )
        if stamp != self._stated:
            made = leaf_of(self._box, now)
            if made is not None:
                keep_copy(self._box, made[1])
                journal.census(made[0])
            self._stated = stamp
        looked = looked_at(self._box)
        fresh = looked is not None and now - looked <= STALE
        found = {(raised.cam or None, raised.kind) for raised in standing(self._box, now)}
        for cam, kind in sorted(found, key=str):
            journal.fault(cam, kind, "begin")
        for cam, over in journal.faults():
            if over in KINDS and (cam, over) not in found and (fresh or over in TRIED):
                journal.fault(cam, over, "end")

    def tick(self, now: Millis) -> None:
        """Start the process that looks where a census is signed, and again a minute after it has ended."""
        if self._process is not None and self._process.poll() is not None:
            self._process, self._not_before = None, Millis(now + AGAIN)
        if self._process is None and now >= self._not_before and (self._box / FOLDER / "census.note").exists():
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, start_new_session=True)

    def stop(self) -> None:
        """End the process that looks."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _write(box: Path, name: str, now: Instant, raised: list[Raised]) -> None:
    body: dict[str, Any] = {"v": 1, "at": now, "alarms": [asdict(each) for each in raised]}
    DurableFiles().replace(box / FOLDER / name, json.dumps(body).encode(), mode=0o600)


def watch(box: Path, every: Millis = EVERY, stop: threading.Event | None = None) -> None:
    """Look until `stop`; a census that is being changed is waited for."""
    ended, looker, clock = stop or threading.Event(), Watch(box), SystemClock()
    while True:
        with suppress(KuaError):
            looker.look(clock.now())
        if ended.wait(every / 1000):
            return


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
