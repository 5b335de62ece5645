# SPDX-License-Identifier: Apache-2.0
"""Who is where in the painted polling room, and when: a pure function of seed and time. It knows metres and seconds; it draws nothing and reads no clock.

Floor plan (metres; x to the right, y away from the camera, not mirrored): the door is in the back wall on the left, the issue table before the back wall in the
middle, the booths side by side on the right of it, the ballot box in the foreground on the right: below the booths in the picture, with nothing between it
and the camera. The line bends from the table round to the door.

The story is told in chapters of an hour. Each begins and ends with an empty room, so that any moment can be drawn without playing all that went before;
twelve chapters make a day, after which the day repeats.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

CHAPTER: Final = 3_600.0
"""Seconds in one chapter."""
CHAPTERS: Final = 12
"""Chapters before the story repeats."""
DROP: Final = 3.4
"""Seconds a voter stands at the box."""
DROP_AT: Final = 1.7
"""Seconds after which the ballot has left the hand."""
HANDED: Final = 2.2
"""Seconds before leaving the table at which the ballot is handed over."""
LONGEST_LINE: Final = 8
CORNER: Final = 5
"""Places in line before it bends towards the door."""

Stage = Literal["arriving", "queue", "called", "table", "to_booth", "in_booth", "to_box", "at_box", "leaving"]

TABLE_SPOTS: Final = ((-0.32, 7.72), (0.86, 7.72))
"""Where a voter stands before each of the two members of the commission."""
BOX: Final = (0.98, 3.92)
"""Centre of the ballot box on the floor."""
BOX_SPOT: Final = (1.66, 3.95)
"""Where a voter stands at the box: beside it, so that he hides neither the slot nor the drop."""
BOOTH_FRONT: Final = 8.5
"""Depth of the curtains."""
BOOTH_INSIDE: Final = 8.95
DOOR_X: Final = -4.0
WALL_Y: Final = 10.0


class Dice:
    """Numbers that look thrown and depend on the seed only (SplitMix64), the same on every machine and in every version of numpy."""

    __slots__ = ("_state",)

    def __init__(self, *seeds: int) -> None:
        state = 0x6B75_6100
        for seed in seeds:
            state = _mixed((state ^ (seed & _ALL)) + _GOLDEN)
        self._state = state

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        self._state = (self._state + _GOLDEN) & _ALL
        return (_mixed(self._state) >> 11) / float(1 << 53)

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.unit()

    def below(self, count: int) -> int:
        """Return a whole number in [0, count)."""
        return int(self.unit() * count)


_GOLDEN: Final = 0x9E37_79B9_7F4A_7C15
_ALL: Final = (1 << 64) - 1


def _mixed(state: int) -> int:
    state &= _ALL
    state = ((state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9) & _ALL
    state = ((state ^ (state >> 27)) * 0x94D0_49BB_1331_11EB) & _ALL
    return state ^ (state >> 31)


@dataclass(frozen=True, slots=True)
class Key:
    """One corner of a walk: at `t` seconds the voter is at (x, y), having walked `way` metres; `face` is where he looks while he stands."""

    t: float
    x: float
    y: float
    way: float
    face: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Visit:
    """One voter's visit, in seconds of the chapter. `joins` to `called` he stands in line; `dropped` is when the ballot leaves the hand."""

    look: int
    keys: tuple[Key, ...]
    joins: float
    called: float
    served: float
    leaves_table: float
    enters_booth: float
    quits_booth: float
    at_box: float
    dropped: float
    spot: int
    booth: int

    @property
    def begins(self) -> float:
        return self.keys[0].t

    @property
    def ends(self) -> float:
        return self.keys[-1].t

    def stage(self, t: float) -> Stage:
        """Return what this voter is doing at `t`."""
        ladder: tuple[tuple[float, Stage], ...] = (
            (self.joins, "arriving"), (self.called, "queue"), (self.served, "called"), (self.leaves_table, "table"),
            (self.enters_booth, "to_booth"), (self.quits_booth, "in_booth"), (self.at_box, "to_box"), (self.at_box + DROP, "at_box"),
        )  # fmt: skip
        return next((stage for until, stage in ladder if t < until), "leaving")

    def holds_paper(self, t: float) -> bool:
        """Say whether a ballot is in the hand (inside the booth nobody can see it)."""
        return self.leaves_table - HANDED <= t < self.dropped

    def where(self, t: float) -> tuple[float, float, float, float, float, bool]:
        """Return (x, y, facing x, facing y, metres walked, walking?) at `t`."""
        keys = self.keys
        for a, b in pairwise(keys):
            if t < b.t:
                span = b.t - a.t
                share = min(1.0, max(0.0, (t - a.t) / span)) if span > 0 else 1.0
                step = b.way - a.way
                if step < 1e-6:
                    return a.x, a.y, *a.face, a.way, False
                return (
                    a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, (b.x - a.x) / step, (b.y - a.y) / step,
                    a.way + step * share, True,
                )  # fmt: skip
        last = keys[-1]
        return last.x, last.y, *last.face, last.way, False


class _Walk:
    """Writes down the corners of one walk."""

    def __init__(self, t: float, x: float, y: float) -> None:
        self.keys = [Key(t, x, y, 0.0, (0.0, -1.0))]

    def to(self, x: float, y: float, *, pace: float, face: tuple[float, float] = (0.0, 1.0)) -> float:
        """Walk to (x, y) and return the time of arrival; afterwards look towards `face`."""
        last = self.keys[-1]
        step = ((x - last.x) ** 2 + (y - last.y) ** 2) ** 0.5
        self.keys.append(Key(last.t + max(step / pace, 0.02), x, y, last.way + step, face))
        return self.keys[-1].t

    def stay(self, until: float) -> None:
        """Stand still until then."""
        last = self.keys[-1]
        if until > last.t:
            self.keys.append(Key(until, last.x, last.y, last.way, last.face))

    @property
    def now(self) -> float:
        return self.keys[-1].t


def line_place(rank: int) -> tuple[float, float, tuple[float, float]]:
    """Return where the person of that rank in line stands (0 is next to be called) and where he looks."""
    if rank < CORNER:
        return -1.05 - 0.74 * rank, 6.70, (1.0, 0.15)
    return -4.25, 7.30 + 0.74 * (rank - CORNER), (0.25, -1.0)


def booth_places(count: int) -> tuple[float, ...]:
    """Return the x of each booth's middle."""
    return (3.0, 4.3) if count == 2 else (2.5, 3.6, 4.7)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One hour of visits, in order of arrival."""

    visits: tuple[Visit, ...]
    begins: npt.NDArray[np.float64]
    ends: npt.NDArray[np.float64]
    drops: npt.NDArray[np.float64]

    def present(self, t: float) -> tuple[Visit, ...]:
        """Return the visits under way at `t`."""
        return tuple(self.visits[i] for i in np.flatnonzero((self.begins <= t) & (t < self.ends)))

    def in_line(self, t: float) -> int:
        """Return how many stand in line at `t`."""
        return sum(1 for visit in self.present(t) if visit.joins <= t < visit.called)


def told(seed: int, number: int, booths: int) -> Chapter:
    """Write the chapter with that number."""
    dice = Dice(seed, 11, number)
    visits: list[Visit] = []
    officer_free = [0.0, 0.0]
    booth_free = [0.0] * booths
    box_busy: list[float] = []
    places = booth_places(booths)
    slow = 1.3 if booths == 2 else 1.0
    t, burst = dice.between(0.0, 3.0), 0
    while t < CHAPTER - 330.0:
        waiting = sum(1 for visit in visits[-16:] if visit.called > t)
        if waiting < LONGEST_LINE:
            visits.append(_visit(dice, t, visits, officer_free, booth_free, box_busy, places))
        if burst:
            burst -= 1
            t += dice.between(1.7, 3.4)
        elif dice.unit() < 0.2:
            burst = 2 + dice.below(5)
            t += dice.between(1.8, 4.0)
        else:
            t += dice.between(5.0, 17.0) * slow
    return Chapter(
        tuple(visits), np.array([v.begins for v in visits]), np.array([v.ends for v in visits]), np.sort(np.array([v.dropped for v in visits])),
    )  # fmt: skip


def _visit(
    dice: Dice, t: float, before: list[Visit], officer_free: list[float], booth_free: list[float], box_busy: list[float], places: tuple[float, ...],
) -> Visit:  # fmt: skip
    look = 1 + dice.below(1 << 30)
    pace = dice.between(1.0, 1.3)
    shift = dice.between(-0.07, 0.07)
    walk = _Walk(t, DOOR_X - 1.1, WALL_Y + 1.0)
    walk.to(DOOR_X + 0.1, WALL_Y + 0.5, pace=pace)
    walk.to(DOOR_X + shift, WALL_Y - 0.45, pace=pace)
    # The rank is the number of people before him who will still be in line when he gets there.
    ahead = sorted(v.called for v in before[-24:] if v.called > walk.now + 3.0)
    rank = min(len(ahead), LONGEST_LINE - 1)
    x, y, face = line_place(rank)
    if rank < CORNER:
        walk.to(-4.12 + shift, 7.4, pace=pace)
    joins = walk.to(x + shift, y + shift, pace=pace, face=face)
    for n, gone in enumerate(ahead):
        # A line moves like a wave: each steps up a little after the one before.
        rank = min(len(ahead), LONGEST_LINE - 1) - n - 1
        walk.stay(gone + 0.35 + 0.28 * max(0, rank))
        x, y, face = line_place(max(0, rank))
        walk.to(x + shift, y + shift, pace=0.8, face=face)
    called = max(walk.now + 0.6, min(officer_free), (before[-1].called + 1.6) if before else 0.0)
    spot = 0 if officer_free[0] <= officer_free[1] else 1
    walk.stay(called)
    if spot == 1:
        walk.to(-0.35, 6.95, pace=pace)
    sx, sy = TABLE_SPOTS[spot]
    served = walk.to(sx + shift, sy, pace=pace, face=(0.0, 1.0))
    ready = served + dice.between(10.0, 17.0)
    booth = min(range(len(places)), key=lambda b: booth_free[b])
    bx = places[booth]
    stroll = (abs(bx - sx) + 1.4) / pace
    leaves = max(ready, booth_free[booth] + 2.0 - stroll)
    officer_free[spot] = leaves + 1.0
    walk.stay(leaves)
    walk.to(sx + 0.45, 7.25 + shift, pace=pace)
    walk.to(bx - 0.35, 7.55, pace=pace)
    enters = walk.to(bx, BOOTH_FRONT, pace=pace)
    walk.to(bx + shift, BOOTH_INSIDE, pace=pace, face=(0.0, 1.0))
    near = 2.6 + 0.2 * (bx - 2.5)
    stroll = (((bx - near) ** 2 + 2.0**2) ** 0.5 + ((near - BOX_SPOT[0]) ** 2 + 2.0**2) ** 0.5 + 0.8) / pace
    quits = enters + dice.between(9.0, 17.0)
    arrives = quits + stroll
    while any(abs(arrives - other) < DROP + 1.4 for other in box_busy[-8:]):
        arrives += 0.5
    quits = arrives - stroll
    walk.stay(quits - 0.4)
    walk.to(bx, BOOTH_FRONT, pace=pace)
    walk.to(bx + 0.15, 7.9, pace=pace)
    walk.to(near, 5.9, pace=pace)
    at_box = walk.to(BOX_SPOT[0], BOX_SPOT[1] + 0.5 * shift, pace=pace, face=(-1.0, 0.05))
    box_busy.append(at_box)
    booth_free[booth] = quits + 0.6
    walk.stay(at_box + DROP)
    walk.to(2.45, 4.3, pace=pace)
    walk.to(4.9, 4.1, pace=pace)
    return Visit(
        look=look, keys=tuple(walk.keys), joins=joins, called=called, served=served, leaves_table=leaves, enters_booth=enters,
        quits_booth=quits, at_box=at_box, dropped=at_box + DROP_AT, spot=spot, booth=booth,
    )  # fmt: skip


class Story:
    """The whole tale of one seed. `told_at(t)` gives the chapter and the second in it; nothing in it depends on what was asked before."""

    def __init__(self, seed: int, booths: int) -> None:
        self._seed = seed
        self._booths = booths
        self._chapters: dict[int, Chapter] = {}
        self.warm = self._warm()

    def chapter(self, number: int) -> Chapter:
        """Return the chapter (they repeat after `CHAPTERS`)."""
        number %= CHAPTERS
        if number not in self._chapters:
            self._chapters[number] = told(self._seed, number, self._booths)
        return self._chapters[number]

    def at(self, seconds: float) -> tuple[Chapter, float]:
        """Return the chapter told `seconds` after the start, and the second in it. The start lies inside the first chapter, in mid-story."""
        number, second = divmod(seconds + self.warm, CHAPTER)
        return self.chapter(int(number)), second

    def dropped(self, seconds: float) -> int:
        """Return how many ballots were dropped from the start until `seconds` after it (0 before the start)."""
        if seconds <= 0:
            return 0
        number, second = divmod(seconds + self.warm, CHAPTER)
        days, rest = divmod(int(number), CHAPTERS)
        count = days * sum(len(self.chapter(n).drops) for n in range(CHAPTERS)) if days else 0
        count += sum(len(self.chapter(n).drops) for n in range(rest))
        count += int(np.searchsorted(self.chapter(rest).drops, second, side="right"))
        return count - int(np.searchsorted(self.chapter(0).drops, self.warm, side="right"))

    def _warm(self) -> float:
        """Choose the opening moment: some in line, more to come within the minute, a ballot about to be dropped."""
        first = self.chapter(0)
        best, best_score = 120.0, -1.0
        for step in range(120):
            t = 120.0 + 10.0 * step
            lines = [first.in_line(t + dt) for dt in (0.0, 15.0, 30.0, 45.0, 60.0, 80.0)]
            soon = bool(np.any((first.drops > t + 1.0) & (first.drops < t + 9.0)))
            score = min(lines[0], 3) + min(max(lines), 6) + (2.0 if soon else 0.0) + 0.5 * (max(lines) - min(lines)) - max(0, lines[0] - 4)
            if score > best_score:
                best, best_score = t, score
        return best
