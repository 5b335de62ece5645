# SPDX-License-Identifier: Apache-2.0
"""Which frames are kept, where segments are cut, and which time a filled picture covers. Pure: capture times in, decisions out."""

from dataclasses import dataclass

from kua.core.instant import Instant, slot_of


@dataclass(frozen=True, slots=True)
class Opened:
    """A film has begun: its init segment (ftyp + moov)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A finished segment [t0, t1): moof + mdat boxes that begin with an IDR picture."""

    t0: Instant
    t1: Instant
    frames: int
    data: bytes

    @property
    def slot(self) -> int:
        """The slot in which its first frame was captured."""
        return slot_of(self.t0)


class Grid:
    """Thins a camera's frames to `fps` on the UTC grid, so that all cameras keep the same moments. It never asks for a frame twice.

    A frame may come a quarter of a period early; one moment may be made up for by the next frame, so that a camera of exactly `fps` whose
    frames jitter about a grid line loses none.
    """

    def __init__(self, fps: int) -> None:
        self._fps = fps
        self._last: int | None = None

    def set_rate(self, fps: int) -> None:
        """Thin to another rate from now on."""
        if self._last is not None:
            self._last = self._last * fps // self._fps
        self._fps = fps

    def takes(self, at: Instant) -> bool:
        """Say whether the frame captured at `at` is kept."""
        moment = (at * self._fps + 250) // 1000
        if self._last is not None and moment <= self._last:
            return False
        self._last = moment if self._last is None else max(self._last + 1, moment - 1)
        return True


class Cutter:
    """Says which frames open a segment: the first of a run, and the first at or after each UTC multiple of 4 s (REC2)."""

    def __init__(self) -> None:
        self._slot: int | None = None

    def opens(self, at: Instant) -> bool:
        """Say whether the frame captured at `at` is the first of a segment. Call once for each frame, in order."""
        slot = slot_of(at)
        opens = slot != self._slot
        self._slot = slot
        return opens


@dataclass(frozen=True, slots=True)
class Cover:
    """The whole picture was filled from t0 to t1."""

    t0: Instant
    t1: Instant
    reason: str


class Covering:
    """Adds filled frames up to spans, clipped to what is recorded: a span ends where the next frame shows something, at a cut, or with the run."""

    def __init__(self) -> None:
        self._since: Instant | None = None
        self._reason = ""
        self._done: list[Cover] = []

    def frame(self, at: Instant, reason: str | None) -> None:
        """Take the next frame of the film; `reason` is why it is filled, or None."""
        if self._since is not None and reason != self._reason:
            self._close(at)
        if reason is not None and self._since is None:
            self._since, self._reason = at, reason

    def cut(self, t1: Instant) -> list[Cover]:
        """Return the spans up to `t1`, where a segment ends; one that goes on begins anew there."""
        if self._since is not None and self._since < t1:
            reason = self._reason
            self._close(t1)
            self._since, self._reason = t1, reason
        done, self._done = self._done, []
        return done

    def _close(self, t1: Instant) -> None:
        if self._since is not None and self._since < t1:
            self._done.append(Cover(self._since, t1, self._reason))
        self._since = None
