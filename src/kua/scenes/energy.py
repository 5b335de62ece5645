# SPDX-License-Identifier: Apache-2.0
"""A second way to see what happens at a ballot box, independent of `kua.tally`: it knows neither thresholds on shares nor pulses.

Each picture's slot and lid become a few logarithms of energy: of the difference from the empty room and of the difference from the picture before, at the slot and about it.
Two states, free and hand at the slot, are fitted to the film itself, and the likeliest course of states is taken (Viterbi). What else is looked for is told from
how much of an area's structure (its edges) is still that of the empty room. It works on a whole film, backwards and forwards; it is a scorer, not a counter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.tally.drops import Event, Kind
from kua.tally.eye import DRAWN, EVEN, Inside, Luma, Places, spread, whole_blocks

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stiffness:
    """The figures of this method, by film. `stay` is the cost of a change of state; the others are as they say."""

    stay: float
    contrast: float
    """Weight of the difference between the two states' means."""
    fill: int
    shortest: int
    """Milliseconds."""
    longest: int
    several: int
    """A hand at the slot for so long is putting in more than one."""
    valley: float
    """Two reaches in one: between them the energy falls by so much (in logarithms)."""
    like: float
    """Below this likeness (correlation of edges, 0..1) the box is not seen, or not the box."""


RAW_STIFF: Final = Stiffness(6.0, 0.5, -1, 1_000, 4_500, 4_600, 0.15, 0.1)
"""For film as it is recorded; set on rendered scenes, seeds 1 and 2."""
SENT_STIFF: Final = Stiffness(2.0, 0.45, 22, 700, 4_500, 3_800, 0.4, 0.1)
"""For film as it is sent; set on the same scenes, hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What a film's pictures gave: times, energy at the slot against the room and against the picture before, likeness of box and of show, restlessness of the box."""

    at: npt.NDArray[np.int64]
    slot: Floats
    motion: Floats
    box: Floats
    show: Floats
    stir: Floats


class Energies:
    """Gathers a film's course, picture by picture."""

    def __init__(self, room: Luma, where: Places, fill: int) -> None:
        self._where, self._fill = where, fill
        self._room = room[where.crop].astype(np.float32)
        self._edges = _edges(self._room)
        self._show_at = _bounds(where.show)
        self._show = room[self._show_at].astype(np.float32) if self._show_at is not None else None
        self._before: npt.NDArray[np.float32] | None = None
        self._rows: list[tuple[int, float, float, float, float, float]] = []

    def add(self, at: Instant, luma: Luma) -> None:
        """Take in one picture."""
        where = self._where
        raw = luma[where.crop]
        now = raw.astype(np.float32)
        usable = raw > self._fill
        if self._fill >= 0:  # coarse mosaic says that somebody is near, and nothing of a hand
            usable &= ~whole_blocks((spread(now) < EVEN) & (spread(self._room) > DRAWN), now.shape)
        # Exposure: what is about the box and resembles the room most.
        ratio = np.median(now[usable] / np.maximum(self._room[usable], 8.0)) if usable.any() else 1.0
        now /= np.clip(ratio, 0.7, 1.4)
        apart = np.where(usable, now - self._room, 0.0)
        moved = np.zeros_like(now) if self._before is None else np.where(usable, now - self._before, 0.0)
        self._before = now
        slot = float(np.sqrt((apart[where.slot] ** 2).mean()))
        motion = float(np.sqrt((moved[where.slot | where.lid] ** 2).mean()))
        stir = float(np.sqrt((moved[where.box | where.ring] ** 2).mean()))
        like = _likeness(_edges(np.where(usable, now, self._room)), self._edges, where.box & usable)
        show = 1.0
        if self._show is not None and self._show_at is not None:
            show = _likeness(luma[self._show_at].astype(np.float32), self._show, np.ones(self._show.shape, dtype=np.bool_))
        self._rows.append((int(at), slot, motion, like, show, stir))

    def course(self) -> Course:
        """Return what was gathered."""
        table = np.array(self._rows, dtype=np.float64).reshape(-1, 6)
        return Course(table[:, 0].astype(np.int64), *(table[:, column] for column in range(1, 6)))


def _bounds(mask: Inside) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)) if len(rows) else None


def _edges(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    down, right = np.gradient(plane)
    return np.asarray(np.hypot(down, right), dtype=np.float32)


def _likeness(now: npt.NDArray[np.float32], room: npt.NDArray[np.float32], where: Inside) -> float:
    a, b = now[where], room[where]
    if len(a) < 16 or float(a.std()) < 1e-3 or float(b.std()) < 1e-3:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def states(energy: Floats, stiff: Stiffness) -> npt.NDArray[np.bool_]:
    """Return the likeliest course of two states, free and occupied, of a film whose `energy` is in logarithms."""
    low, high = float(np.percentile(energy, 15)), float(np.percentile(energy, 97))
    if high - low < 0.3:
        return np.zeros(len(energy), dtype=np.bool_)
    middle = low + stiff.contrast * (high - low)
    spread = max(0.05, (high - low) / 4)
    score = np.clip((energy - middle) / spread, -3, 3)
    cost = np.zeros((len(energy), 2))
    back = np.zeros((len(energy), 2), dtype=np.int8)
    cost[0] = (score[0], -score[0])
    for number in range(1, len(energy)):
        for state in (0, 1):
            stay, change = cost[number - 1, state], cost[number - 1, 1 - state] + stiff.stay
            back[number, state] = state if stay <= change else 1 - state
            cost[number, state] = min(stay, change) + (score[number] if state == 0 else -score[number])
    out = np.zeros(len(energy), dtype=np.bool_)
    state = int(np.argmin(cost[-1]))
    for number in range(len(energy) - 1, -1, -1):
        out[number] = state == 1
        state = int(back[number, state])
    return out


def runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (first, last) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def found(course: Course, stiff: Stiffness) -> list[Event]:
    """Return what the course of a whole film tells, in order."""
    if len(course.at) < 8:
        return []
    energy = np.log(course.slot + 1.0)
    events: list[Event] = []
    for first, last in runs(states(energy, stiff)):
        for begin, end in _parted(energy, first, last, stiff.valley):
            took = int(course.at[end] - course.at[begin])
            if took < stiff.shortest:
                continue
            kind: Kind = "pack" if stiff.several <= took <= 2 * stiff.longest else "drop"
            if took <= (2 if kind == "pack" else 1) * stiff.longest:
                events.append(Event(kind, Instant(int(course.at[begin])), Instant(int(course.at[end])), 1, 0.5))
    events += _lasting(course, stiff)
    return sorted(events, key=lambda event: (event.t0, event.kind))


def _parted(energy: Floats, first: int, last: int, valley: float) -> list[tuple[int, int]]:
    for number in range(first + 2, last - 1):
        left, right = float(energy[first:number].max()), float(energy[number + 1 : last + 1].max())
        if min(left, right) - energy[number] > valley and energy[number] == energy[first + 1 : last].min():
            return _parted(energy, first, number, valley) + _parted(energy, number, last, valley)
    return [(first, last)]


def _lasting(course: Course, stiff: Stiffness) -> list[Event]:
    """A wall, another box, the box shown: the box is not seen as it was, with people moving about it, with nothing moving, or with something shown elsewhere."""
    lost = course.box < stiff.like
    calm = course.stir < 1.5 * float(np.percentile(course.stir, 20)) + 0.5
    shown = course.show < stiff.like
    kinds: list[tuple[Kind, npt.NDArray[np.bool_], int]] = [
        ("wall", lost & ~shown & ~_wide(calm, 4), 6_000), ("swap", lost & ~shown & calm, 3_000), ("shown_empty", lost & shown, 2_500),
    ]  # fmt: skip
    events = []
    for kind, mask, least in kinds:
        for first, last in runs(_joined(mask, 6)):
            if course.at[last] - course.at[first] >= least:
                events.append(Event(kind, Instant(int(course.at[first])), Instant(int(course.at[last])), 1, 0.5))
    return events


def _wide(mask: npt.NDArray[np.bool_], least: int) -> npt.NDArray[np.bool_]:
    """Keep only runs of at least `least`."""
    out = np.zeros_like(mask)
    for first, last in runs(mask):
        if last - first + 1 >= least:
            out[first : last + 1] = True
    return out


def _joined(mask: npt.NDArray[np.bool_], gap: int) -> npt.NDArray[np.bool_]:
    """Close gaps of up to `gap`."""
    out = mask.copy()
    for first, last in runs(~mask):
        if first > 0 and last < len(mask) - 1 and last - first + 1 <= gap:
            out[first : last + 1] = True
    return out


def piles(pictures: Sequence[tuple[Instant, Luma]], where: Places, levels: float = 8.0) -> list[Event]:
    """Return piles that were moved, from the median of each three seconds against the next: what stays different was moved."""
    box = _bounds(where.piles)
    if box is None or len(pictures) < 8:
        return []
    every = max(1, len(pictures) * 3000 // max(1, int(pictures[-1][0] - pictures[0][0])))
    parts = [pictures[start : start + every] for start in range(0, len(pictures) - every // 2, every)]
    calm = [np.median(np.stack([luma[box] for _, luma in part]), axis=0).astype(np.float32) for part in parts]
    events: list[Event] = []
    for number in range(2, len(calm)):
        apart = np.abs(calm[number] - calm[number - 2]) > levels
        if float(apart.mean()) > 0.04 and (not events or parts[number - 1][0][0] > events[-1].t1):
            events.append(Event("pile_moved", parts[number - 1][0][0], parts[number][-1][0], 1, 0.5))
    return events
