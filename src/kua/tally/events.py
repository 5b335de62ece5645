# SPDX-License-Identifier: Apache-2.0
"""What else fraud looks like at a ballot box and a counting table: a pack at once, a wall of people, another box, the empty box shown, a pile that moved.

Works on the film that is recorded and on the film that is sent, each with its own figures (`docs/design/fraud.md`). It sees places that differ and places that
come to rest; never who did it. What it says is a reason to look, with its time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.tally.drops import RAW, SENT, Drops, Event, Kind, Tuned, interval
from kua.tally.eye import Eye, Luma, Places, Polygons, Seen, places
from kua.tally.held import Held
from kua.tally.profile import Profiler


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of everything that is no single ballot. Times in milliseconds, shares 0..1."""

    drops: Tuned
    lost: float
    """The slot is lost where so much of it differs, or is filled: neither a hand nor another box covers all of it."""
    covered: float
    """The box is covered where its slot is lost and so much of its zone differs."""
    about: float
    """People stand about it where so much of the ring differs."""
    wall: int
    """People who cover it for so long are a wall."""
    other: float
    """So much of the box's zone differs where another box stands, or this one moved."""
    alone: float
    """And where no more of the ring does: a box has no ring, and people have."""
    still: float
    """Nothing moves where so little differs from the picture before."""
    swap: int
    """And it differs, with nothing moving, for so long."""
    gone: float
    """So much of the slot and of the box's zone differs while the box is elsewhere: most of what was seen of it, and not all as behind people."""
    shown: float
    """And so much of the place where things are shown, while it is there."""
    showing: int
    """For so long."""
    rest: int
    """A counting table without movement for so long is at rest."""
    pile: float
    """In so much of the table's cells paper has come, and from as much it has gone, when a pile was moved."""
    carried: int
    """And between the two states of rest lies at least so long."""


RAW_LIMITS: Final = Limits(
    RAW, lost=0.9, covered=0.4, about=0.3, wall=10_000, other=0.85, alone=0.15, still=0.02, swap=2_500, gone=0.4, shown=0.6, showing=6_000,
    rest=1_500, pile=0.005, carried=1_000,
)  # fmt: skip
"""For film as it is recorded; set on rendered scenes, camera at the side, seeds 11-13."""
SENT_LIMITS: Final = replace(RAW_LIMITS, drops=SENT)
"""For film as it is sent: what is filled counts as covered, and the same figures do."""
GRAIN: Final = 4
"""Side in pixels of a cell of the counting table."""
BRIGHTER: Final = 40.0
"""Levels by which paper is brighter than most of the empty table."""
CELL_LEVELS: Final = 10
"""Levels by which a cell of the table differs from before."""


class Table:
    """The counting table: tells one state of rest from the next by its paper. Not for two threads."""

    def __init__(self, room: Luma, where: Places, limits: Limits) -> None:
        rows, columns = np.flatnonzero(where.piles.any(axis=1)), np.flatnonzero(where.piles.any(axis=0))
        self._limits = limits
        self.there = bool(len(rows))
        if not self.there:
            return
        self._crop = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        self._cells = _cells(where.piles[self._crop].astype(np.float32)) > 0.5
        self._bright = float(np.median(_cells(room[self._crop].astype(np.float32))[self._cells])) + BRIGHTER if self._cells.any() else 255.0
        self._before: npt.NDArray[np.float32] | None = None
        self._rest: npt.NDArray[np.float32] | None = None
        self._rested = Instant(0)
        self._calm: Instant | None = None

    def step(self, at: Instant, luma: Luma) -> list[Event]:
        """Take in one picture; return a pile that was moved when the table has come to rest again."""
        if not self.there:
            return []
        now = _cells(luma[self._crop].astype(np.float32))
        before, self._before = self._before, now
        if before is None:
            return []
        moving = float((np.abs(now - before) > CELL_LEVELS)[self._cells].mean()) > self._limits.still / 2
        self._calm = None if moving else (at if self._calm is None else self._calm)
        if self._calm is None or at - self._calm < self._limits.rest:
            return []
        last, self._rest = self._rest, now
        began, self._rested = self._rested, at
        if last is None:
            return []
        light = float(np.median(now[self._cells] / np.maximum(last[self._cells], 1.0)))
        apart = now / max(light, 0.1) - last
        came = float(((apart > CELL_LEVELS) & (now > self._bright) & self._cells).sum()) / int(self._cells.sum())
        went = float(((apart < -CELL_LEVELS) & (last > self._bright) & self._cells).sum()) / int(self._cells.sum())
        # Paper has gone from one place and come to another, and it took a while: a head that leans over the table is not bright, and does not stay.
        if min(came, went) <= self._limits.pile or self._calm - began < self._limits.carried:
            return []
        return [Event("pile_moved", began, self._calm, 1, round(min(0.95, 0.5 + 5 * min(came, went)), 2))]


def _cells(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    rows, columns = plane.shape[0] // GRAIN, plane.shape[1] // GRAIN
    cut = plane[: rows * GRAIN, : columns * GRAIN].reshape(rows, GRAIN, columns, GRAIN)
    return np.asarray(cut.mean(axis=(1, 3)), dtype=np.float32)


class Watch:
    """Watches one camera's box and counting table. Not for two threads; time comes with the pictures."""

    def __init__(self, room: Luma, where: Places, limits: Limits) -> None:
        """`room` is the brightness of the empty room, the box in its place. Raises `Misused("tally.shape")`."""
        self._limits = limits
        self._eye = Eye(room, where, limits.drops.levels, fill=limits.drops.fill)
        self._profiler = Profiler(room, where.middle, where.breadth, where.seen, limits.drops.fill)
        self._drops = Drops(limits.drops)
        self._table = Table(room, where, limits)
        self._wall = Held(limits.wall, 1_000)
        self._still = Held(limits.swap, 500)
        self._lost = Held(0, 1_000)
        self._swapped = False
        self._show = Held(limits.showing, 1_000)

    def step(self, at: Instant, luma: Luma) -> list[Event]:
        """Take in one picture and return what ended with it. Raises `Misused("tally.shape")`."""
        seen = self._eye.see(at, luma)
        profile = self._profiler.see(at, luma, seen.light)
        return self._drops.step(seen, profile) + self._judge(seen) + self._table.step(at, luma)

    def _judge(self, seen: Seen) -> list[Event]:
        limits = self._limits
        lost = seen.slot * (1 - seen.filled) + seen.filled
        covered = lost > limits.lost and seen.ring > limits.about and seen.box > limits.covered
        changed = limits.gone < lost <= limits.lost and seen.box > limits.gone
        away = changed and seen.show > limits.shown
        other = lost > limits.gone and seen.box > limits.other and seen.ring <= limits.alone and seen.moved < limits.still and not away
        found: list[tuple[Kind, tuple[Instant, Instant] | None]] = [
            ("wall", self._wall.step(seen.at, covered)), ("shown_empty", self._show.step(seen.at, away)), ("swap", self._another(seen.at, lost > limits.gone, other)),
        ]  # fmt: skip
        return [Event(kind, *span, 1, 0.7) for kind, span in found if span is not None]

    def _another(self, at: Instant, lost: bool, other: bool) -> tuple[Instant, Instant] | None:
        """Another box is told once, as soon as it has stood for a while: from when the place was first disturbed until it came to rest."""
        self._lost.step(at, lost)
        self._still.step(at, other)
        if self._lost.since is None:
            self._swapped = False
        if self._swapped or self._still.since is None or at - self._still.since < self._limits.swap:
            return None
        self._swapped = True
        return self._lost.since if self._lost.since is not None else self._still.since, self._still.since

    def close(self) -> list[Event]:
        """Return what was under way when the film ended."""
        held: list[tuple[Kind, Held]] = [("wall", self._wall), ("shown_empty", self._show)]
        spans = [(kind, one.close()) for kind, one in held]
        return self._drops.close() + [Event(kind, *span, 1, 0.7) for kind, span in spans if span is not None]

    @property
    def blind(self) -> float:
        """The share of the time in which nothing could be told."""
        return self._drops.blind_ms / max(1, self._drops.watched_ms)


@dataclass(frozen=True, slots=True)
class Told:
    """What a film shows: its events in order, between `lo` and `hi` times that something was put in, and the share of the time in which nothing could be told."""

    events: tuple[Event, ...]
    lo: int
    hi: int
    blind: float


def told(pictures: Iterable[tuple[Instant, Luma]], room: Luma, zones: Mapping[str, Polygons], limits: Limits) -> Told:
    """Watch a whole film. Raises `Misused("tally.slot" | "tally.shape")`."""
    watch = Watch(room, places(zones, room.shape[1], room.shape[0]), limits)
    events: list[Event] = []
    for at, luma in pictures:
        events += watch.step(at, luma)
    events += watch.close()
    lo, hi = interval(events, watch.blind, limits.drops.rates)
    return Told(tuple(sorted(events, key=lambda event: (event.t0, event.kind))), lo, hi, round(watch.blind, 4))
