# SPDX-License-Identifier: Apache-2.0
"""Ballots dropped into a box, as pulses at its slot (`docs/design/fraud.md`). It decides from shares of places, keeps no picture, and knows nobody.

A hand at the slot is a pulse of a second or two. A body before the box is no pulse but blindness. A pulse with two peaks is two ballots, a long one without a second is
a pack, if there is paper. What it says is a count with an interval, never a verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, Literal

from kua.core.instant import Instant
from kua.tally.eye import Seen

Kind = Literal["drop", "pack", "wall", "swap", "shown_empty", "pile_moved", "blind"]
"""What an event is; `blind` is time in which nothing could be told."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened between `t0` and `t1`: about `n` ballots (drops and packs), `confidence` 0..1."""

    kind: Kind
    t0: Instant
    t1: Instant
    n: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Rates:
    """How the counter did on the scenes by which it was set: what part it found of what was put in, seen or not, and what part of what it told was true; ballot or
    pack, whatever it was called."""

    recall: float
    precision: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """The figures of counting, by the film that is looked at. Times in milliseconds, shares 0..1, levels of brightness."""

    levels: int
    """So much a pixel, with its eight neighbours, differs from the empty room."""
    fill: int
    """Pixels up to this level are filled; -1 where nothing is."""
    on: float
    """A pulse is where there is more of a hand than this (`Seen.hand`)."""
    dip: float
    """Two peaks are two reaches where what lies between them is lower than the lower one by this share of it."""
    deep: float
    """And by so much at least."""
    part: float
    """A reach lasts from where it first has this share of its height to where it last has."""
    rank: float
    """Its height is what so many hundredths of it do not exceed: paper that flashes up does not set it."""
    least: int
    """It lasts at least so long."""
    long: int
    """From here on it is no single ballot: a pack, if there is paper."""
    longest: int
    """And beyond this a hand that rests, or somebody who stands there."""
    paper: float
    """A pack shows more paper than this."""
    body: float
    """Where so much of the box's front is covered somebody stands before it: blind."""
    lost: float
    """And where so much of the slot is filled."""
    rates: Rates


RAW: Final = Tuned(
    levels=8, fill=-1, on=0.01, dip=0.35, deep=0.01, part=0.7, rank=60, least=250, long=3_000, longest=7_000, paper=0.02, body=0.25, lost=1.0,
    rates=Rates(0.8, 0.88),
)  # fmt: skip
"""For film as it is recorded; set on rendered scenes, camera at the side, grade 0, seeds 11-16 (drops) and 11-14 (packs)."""
SENT: Final = Tuned(
    levels=8, fill=22, on=0.006, dip=0.45, deep=0.015, part=0.7, rank=75, least=400, long=3_000, longest=7_000, paper=0.0, body=0.2, lost=0.85,
    rates=Rates(0.73, 0.75),
)  # fmt: skip
"""For film as it is sent; set on the same scenes, hidden."""

LIGHT: Final = 0.12
"""The exposure of the whole picture changed by so much between two pictures: a lamp, and no hand."""
JOINS: Final = 2
"""Pictures: so short a gap does not end a reach."""
ENOUGH: Final = 60_000
"""Milliseconds after which a pulse is judged though it has not ended."""
SURE: Final = 1.96
"""Standard deviations to each side that hold the truth 19 times in 20."""


class Drops:
    """Counts drops in a stream of what an `Eye` saw. Time comes with the pictures. Not for two threads."""

    def __init__(self, tuned: Tuned) -> None:
        self._tuned = tuned
        self._pulse: list[tuple[Seen, float]] = []
        self._lately: list[Seen] = []
        self._blind: Instant | None = None
        self.blind_ms = 0
        """Time in which a body stood before the box, or the slot was filled."""
        self.watched_ms = 0

    def step(self, seen: Seen) -> list[Event]:
        """Take in one picture and return what ended with it or with the picture before: a hand is judged by the median of three."""
        lately = self._lately = [*self._lately[-2:], seen]
        if len(lately) < 3:
            return [] if len(lately) < 2 else self._judge(lately[0], lately[0], lately[1])
        return self._judge(*lately)

    def close(self) -> list[Event]:
        """Return what was under way when the film ended."""
        events = self._judge(self._lately[-2], self._lately[-1], self._lately[-1]) if len(self._lately) > 1 else []
        events += self._ended()
        if self._blind is not None and self._lately[-1].at > self._blind:
            events.append(Event("blind", self._blind, self._lately[-1].at, 0, 1.0))
        self._blind, self._lately = None, []
        return events

    def _judge(self, before: Seen, seen: Seen, after: Seen) -> list[Event]:
        events = list[Event]()
        passed = max(0, seen.at - before.at)
        self.watched_ms += passed
        blind = seen.front > self._tuned.body or seen.filled > self._tuned.lost
        if blind:
            self.blind_ms += passed
            self._blind = seen.at if self._blind is None else self._blind
        elif self._blind is not None:
            if before.at > self._blind:
                events.append(Event("blind", self._blind, before.at, 0, 1.0))
            self._blind = None
        if abs(seen.light - before.light) > LIGHT:
            self._pulse = []
        hand = 0.0 if blind else sorted((before.hand, seen.hand, after.hand))[1]
        if hand > self._tuned.on:
            self._pulse.append((seen, hand))
        if hand <= self._tuned.on or seen.at - self._pulse[0][0].at > ENOUGH:
            events += self._ended()
        return events

    def _ended(self) -> list[Event]:
        tuned, pulse = self._tuned, self._pulse
        self._pulse = []
        heights = [height for _, height in pulse]
        events = list[Event]()
        parts = split(heights, tuned) if pulse else []
        for first, last in parts:
            begin, end = reach(heights[first : last + 1], tuned)
            t0, t1 = pulse[first + begin][0].at, pulse[first + end][0].at
            took = t1 - t0
            if not tuned.least <= took <= tuned.longest:
                continue
            pack = took >= tuned.long and max(seen.paper for seen, _ in pulse[first : last + 1]) > tuned.paper
            sure = tuned.rates.precision - (0.1 if len(parts) > 1 else 0.0) - (0.1 if took > tuned.long else 0.0)
            events.append(Event("pack" if pack else "drop", t0, t1, 2 if pack else 1, round(max(0.1, sure), 2)))
        return events


def split(heights: Sequence[float], tuned: Tuned) -> list[tuple[int, int]]:
    """Divide a pulse at its deepest dip, and the halves again: (first, last) of each reach, both included; neighbours share the picture of the dip."""
    out, todo = list[tuple[int, int]](), [(0, len(heights) - 1)]
    while todo:
        first, last = todo.pop()
        cut = _dip(heights[first : last + 1], tuned)
        if cut is None:
            out.append((first, last))
        else:
            todo += [(first + cut, last), (first, first + cut)]
    return out


def _dip(heights: Sequence[float], tuned: Tuned) -> int | None:
    """Where the deepest dip is that parts two reaches."""
    after, most = list(heights), 0.0
    for number in range(len(after) - 2, -1, -1):
        after[number] = max(after[number], after[number + 1])
    deepest, where = tuned.dip, None
    for number, height in enumerate(heights):
        most = max(most, height)
        lower = min(most, after[number])
        if lower - height > max(tuned.deep, deepest * lower):
            deepest, where = (lower - height) / lower, number
    return where


def reach(heights: Sequence[float], tuned: Tuned) -> tuple[int, int]:
    """Return (first, last) of the longest time in which a hand had a good part of its height."""
    ordered = sorted(heights)
    height = ordered[min(len(ordered) - 1, round(tuned.rank / 100 * (len(ordered) - 1)))]
    best, first, last = (0, 0), -1, -1
    for number, one in enumerate(heights):
        if one < max(tuned.on, tuned.part * height):
            continue
        if first < 0 or number - last > JOINS + 1:
            first = number
        last = number
        if last - first >= best[1] - best[0]:
            best = (first, last)
    return best


def interval(events: Sequence[Event], blind: float, rates: Rates) -> tuple[int, int]:
    """Return between how many times something was put in, 19 times in 20, given the `blind` share of the time. A pack counts once: what it holds cannot be told.

    Of `k` told, `k * precision` were true; they are `recall` of all, `n`. Each false one and each missed one is a chance of its own (binomial), so the
    variance is `k * precision * (1 - precision) / recall ** 2` and `n * (1 - recall) / recall`, with one event more than there were, lest nothing
    told mean nothing there. What is put in while nothing is seen is taken to be as frequent as at other times: the upper end is divided by the share of the time
    that was seen. (The rates hold a little blindness already, so this errs towards a wider interval.)
    """
    told = sum(event.kind in ("drop", "pack") for event in events)
    true = told * rates.precision / rates.recall
    variance = (told + 1) * rates.precision * (1 - rates.precision) / rates.recall**2 + (true + 1) * (1 - rates.recall) / rates.recall
    around = SURE * variance**0.5
    return max(0, floor(true - around)), ceil((true + around) / max(0.1, 1 - blind))
