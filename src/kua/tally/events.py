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


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of everything that is no single ballot. Times in milliseconds, shares 0..1."""

    drops: Tuned
    lost: float
    """The slot is lost where so much of it differs, or is filled: a hand covers less."""
    covered: float
    """The box is covered where its slot is lost and so much of its zone differs."""
    about: float
    """People stand about it where so much of the ring differs; a box has no ring."""
    wall: int
    """People who cover it for so long are a wall."""
    other: float
    """So much of the box's zone differs where another box stands, or this one moved."""
    still: float
    """Nothing moves where so little differs from the picture before."""
    swap: int
    """And it differs, with nothing moving, for so long."""
    gone: float
    """So much of the box's zone differs while the box is elsewhere."""
    shown: float
    """And so much of the place where things are shown, while it is there."""
    showing: int
    """For so long."""
    pack: int
    """A pulse of at least this length may be a pack."""
    paper: float
    """If so much of slot and lid is as bright as paper."""
    rest: int
    """A counting table without movement for so long is at rest."""
    pile: float
    """The share of the table's cells in which one rest differs from the next, when a pile was moved."""


RAW_LIMITS: Final = Limits(
    RAW, lost=0.6, covered=0.5, about=0.2, wall=6_000, other=0.25, still=0.02, swap=2_000, gone=0.15, shown=0.25, showing=4_000,
    pack=2_600, paper=0.02, rest=1_500, pile=0.02,
)  # fmt: skip
"""For film as it is recorded; the times and shares were set on rendered scenes, seeds 1 and 2, opening and wall also on seed 4."""
SENT_LIMITS: Final = Limits(
    SENT, lost=0.8, covered=0.75, about=0.15, wall=6_000, other=0.25, still=0.02, swap=2_000, gone=0.4, shown=0.35, showing=4_000,
    pack=3_000, paper=-1.0, rest=1_500, pile=0.02,
)  # fmt: skip
"""For film as it is sent."""
GRAIN: Final = 4
"""Side in pixels of a cell of the counting table."""
CELL_LEVELS: Final = 10
"""Levels by which a cell of the table differs from before."""


class Table:
    """The counting table: tells one state of rest from the next. Not for two threads."""

    def __init__(self, where: Places, limits: Limits) -> None:
        rows, columns = np.flatnonzero(where.piles.any(axis=1)), np.flatnonzero(where.piles.any(axis=0))
        self._limits = limits
        self.there = bool(len(rows))
        if not self.there:
            return
        self._crop = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        self._cells = _cells(where.piles[self._crop].astype(np.float32)) > 0.5
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
        differs = float((np.abs(now / max(light, 0.1) - last) > CELL_LEVELS)[self._cells].mean())
        if differs <= self._limits.pile:
            return []
        return [Event("pile_moved", began, self._calm, 1, round(min(0.95, 0.5 + differs), 2))]


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
        self._drops = Drops(limits.drops)
        self._long = Drops(replace(limits.drops, adapt=0, dip=0.0))
        self._table = Table(where, limits)
        self._wall = Held(limits.wall, 1_000)
        self._still = Held(limits.swap, 500)
        self._lost = Held(0, 1_000)
        self._swapped = False
        self._show = Held(limits.showing, 1_000)
        self._seen: list[Seen] = []

    def step(self, at: Instant, luma: Luma) -> list[Event]:
        """Take in one picture and return what ended with it. Raises `Misused("tally.shape")`."""
        seen = self._eye.see(at, luma)
        self._seen.append(seen)
        del self._seen[:-400]
        return self._at_slot(seen) + self._judge(seen) + self._table.step(at, luma)

    def judge(self, seen: Seen) -> list[Event]:
        """As `step`, from what was seen already; the table is not looked at."""
        self._seen.append(seen)
        del self._seen[:-400]
        return self._at_slot(seen) + self._judge(seen)

    def _judge(self, seen: Seen) -> list[Event]:
        limits = self._limits
        about = seen.ring > limits.about
        lost = seen.slot * (1 - seen.filled) + seen.filled > limits.lost
        covered = lost and about and seen.box > limits.covered
        away = lost and not covered and seen.box > limits.gone and seen.show > limits.shown
        other = lost and seen.box > limits.other and seen.moved < limits.still and not about and not away
        found: list[tuple[Kind, tuple[Instant, Instant] | None]] = [
            ("wall", self._wall.step(seen.at, covered)), ("shown_empty", self._show.step(seen.at, away)), ("swap", self._another(seen.at, lost, other)),
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

    def _at_slot(self, seen: Seen) -> list[Event]:
        return self._ballots(self._drops.step(seen)) + self._packs(self._long.step(seen))

    @staticmethod
    def _ballots(events: list[Event]) -> list[Event]:
        return [event for event in events if event.kind != "pack"]

    def _packs(self, events: list[Event]) -> list[Event]:
        """Long pulses, unsplit, are packs where there is paper. How many ballots are in one is not told: more than one."""
        limits, out = self._limits, []
        for event in events:
            if event.kind != "blind" and event.t1 - event.t0 >= limits.pack:
                bright = max((seen.bright for seen in self._seen if event.t0 <= seen.at <= event.t1), default=0.0)
                if bright > limits.paper:
                    out.append(Event("pack", event.t0, event.t1, 2, round(event.confidence * 0.8, 2)))
        return out

    def close(self) -> list[Event]:
        """Return what was under way when the film ended."""
        held: list[tuple[Kind, Held]] = [("wall", self._wall), ("shown_empty", self._show)]
        spans = [(kind, one.close()) for kind, one in held]
        return (
            self._ballots(self._drops.close())
            + self._packs(self._long.close())
            + [Event(kind, *span, 1, 0.7) for kind, span in spans if span is not None]
        )

    @property
    def blind(self) -> float:
        """The share of the time in which nothing could be told."""
        return self._drops.blind_ms / max(1, self._drops.watched_ms)


@dataclass(frozen=True, slots=True)
class Told:
    """What a film shows: its events in order, ballots between `lo` and `hi`, and the share of the time in which nothing could be told."""

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
    lo, hi = interval(events, watch.blind)
    return Told(tuple(sorted(events, key=lambda event: (event.t0, event.kind))), lo, hi, round(watch.blind, 4))
