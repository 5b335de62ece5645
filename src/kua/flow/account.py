# SPDX-License-Identifier: Apache-2.0
"""The account of a station's time: per camera, segments and gaps tile [open, close] without overlap, and `seq` is dense.

It decides what may be said next; it writes nothing. Whoever asks appends exactly the answer to the log, or throws the account away and
replays the log.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from kua.core.errors import Refused
from kua.core.instant import Instant

LIVE_GAP: Final = 60_000
"""A hole that lasts longer (ms) is stated while it lasts, so that nobody waits for its end to learn of it."""
LIVE_LAG: Final = 30_000
"""How far (ms) behind now a lasting hole is stated: what is still on its way from the camera is never overtaken."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Time without film: goes into the log as a `gap` leaf."""

    cam: str
    seq: int
    t0: Instant
    t1: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment stands: its `seq`, and the hole that must be stated before it, if any."""

    seq: int
    before: Hole | None


@dataclass(slots=True)
class _Line:
    """One camera: accounted up to `cursor`; `reason` is why what comes next would be a hole; `lasting` says that the hole is known; `newer` is the
    reason of its next part, where another one was heard since."""

    cursor: Instant
    seq: int = 0
    reason: str = "starting"
    lasting: bool = True
    newer: str = ""


@dataclass(slots=True)
class Account:
    """What has been accounted for, per camera. Raises `Refused` for what would overlap, go back, or come when the day is not open."""

    opened: Instant | None = None
    closed: Instant | None = None
    _lines: dict[str, _Line] = field(default_factory=dict)

    def open(self, at: Instant, cams: Iterable[str]) -> None:
        """Open the day. Raises `Refused("account.opened")` the second time: a log has one day."""
        if self.opened is not None:
            raise Refused("account.opened")
        self.opened = at
        self._lines = {cam: _Line(at) for cam in cams}

    def cursor(self, cam: str) -> Instant:
        """Return up to when `cam` is accounted for."""
        return self._line(cam).cursor

    def interrupted(self, cam: str, reason: str) -> None:
        """Note why film is missing from the cursor on. The first reason stands for the part of a hole that is stated next, the newest for what follows.

        A start is no reason any more as soon as there is another one: a camera that refuses from the beginning has not been "starting" all day; nor does
        the start after a restart say anything new of the hole that the restart has made.
        """
        line = self._line(cam)
        if not line.lasting or line.reason == "starting":
            line.reason, line.lasting = reason, True
        elif reason != "starting":
            line.newer = reason

    def segment(self, cam: str, t0: Instant, t1: Instant) -> Place:
        """Account for film of [t0, t1). Raises `Refused("account.overlap")` if any of it has been accounted for already."""
        line = self._line(cam)
        if t0 < line.cursor or t1 <= t0:
            raise Refused("account.overlap", camera=cam, back_ms=line.cursor - t0)
        before = self._hole(cam, t0) if t0 > line.cursor else None
        place = Place(line.seq, before)
        line.cursor, line.seq, line.lasting, line.reason, line.newer = t1, line.seq + 1, False, "restart", ""
        return place

    def hole(self, cam: str, t0: Instant, t1: Instant, reason: str) -> list[Hole]:
        """Account for [t0, t1) as a hole for `reason`, and for what is missing before it. What is accounted already stays as it is."""
        line = self._line(cam)
        holes = []
        if t0 > line.cursor:
            holes.append(self._hole(cam, t0))
        if t1 > line.cursor:
            line.reason = reason
            holes.append(self._hole(cam, t1))
        line.lasting = True
        return holes

    def lasting(self, now: Instant) -> list[Hole]:
        """Return the holes that last so long that they are stated now, up to `LIVE_LAG` before `now`."""
        until = Instant(now - LIVE_LAG)
        holes = []
        for cam, line in self._lines.items():
            if line.lasting and until - line.cursor >= LIVE_GAP - LIVE_LAG:
                holes.append(self._hole(cam, until))
                line.reason, line.newer = line.newer or line.reason, ""
        return holes

    def close(self, at: Instant, reason: str = "stopped") -> tuple[Instant, list[Hole]]:
        """Close the day: return when (never before what is accounted for) and the holes up to then."""
        self._require_open()
        at = max([at, *(line.cursor for line in self._lines.values())])
        holes = []
        for cam, line in self._lines.items():
            if line.cursor < at:
                if not line.lasting:
                    line.reason = reason
                holes.append(self._hole(cam, at))
        self.closed = at
        return at, holes

    def replay(self, type_: str, body: dict[str, object]) -> None:
        """Take up what the log says already. After the last leaf each camera's next hole is a `restart`."""
        match type_, body:
            case "open", {"at": int(at), "cams": list(cams)}:
                self.open(Instant(at), [str(cam["cam"]) for cam in cams])
            case ("segment" | "gap"), {"cam": str(cam), "seq": int(seq), "t1": int(t1)}:
                line = self._line(cam)
                line.cursor, line.seq, line.lasting, line.reason = Instant(t1), seq + 1, type_ == "gap", "restart"
            case "close", {"at": int(at)}:
                self.closed = Instant(at)

    def restarted(self) -> None:
        """Note that the agent has started anew: what is missing since the cursor is missing for that reason."""
        for line in self._lines.values():
            if line.seq:
                line.reason, line.lasting = "restart", True

    def _hole(self, cam: str, until: Instant) -> Hole:
        line = self._line(cam)
        hole = Hole(cam, line.seq, line.cursor, until, line.reason)
        line.cursor, line.seq = until, line.seq + 1
        return hole

    def _line(self, cam: str) -> _Line:
        self._require_open()
        if cam not in self._lines:
            raise Refused("account.camera", camera=cam)
        return self._lines[cam]

    def _require_open(self) -> None:
        if self.opened is None:
            raise Refused("account.not_open")
        if self.closed is not None:
            raise Refused("account.closed")
