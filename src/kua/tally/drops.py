# SPDX-License-Identifier: Apache-2.0
"""Ballots dropped into a box, as pulses at its slot (`docs/design/fraud.md`). It decides from shares of places, keeps no picture, and knows nobody.

A hand at the slot covers some of it for about a second: a pulse. A body before the lid is no pulse but blindness. A pulse with two peaks is two ballots. What
it says is a count with an interval, never a verdict.
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
class Tuned:
    """The figures of counting, by the film that is looked at. Times in milliseconds, shares 0..1, levels of brightness."""

    levels: int
    """So much a pixel differs from the empty room."""
    fill: int
    """Pixels up to this level are filled; -1 where nothing is."""
    on: float
    """A pulse begins where so much of the slot differs."""
    off: float
    """It ends where no more than this does."""
    least: int
    """A pulse lasts at least so long."""
    gap: int
    """And ends when the slot was free for so long."""
    longest: int
    """A pulse without a second peak that lasts longer is no single ballot; twice as long, it is a hand that rests, or an official at the seal."""
    body: float
    """Where so much of the lid differs somebody stands before it: blind."""
    dip: float
    """Between two ballots of one pulse the share falls to this part of the lower peak."""
    apart: int
    """And the peaks are at least so far apart."""
    near: float
    """So much of the ring must differ during a pulse: an arm comes from somewhere."""
    adapt: int = 0
    """Time over which the share that is always there (a neighbour's mosaic, a queue) is taken off; 0: nothing is."""


RAW: Final = Tuned(
    levels=18, fill=-1, on=0.06, off=0.05, least=750, gap=250, longest=4_500, body=0.8, dip=0.5, apart=1_300, near=0.0, adapt=4_000
)  # fmt: skip
"""For film as it is recorded; set on rendered scenes, seeds 1 and 2."""
SENT: Final = Tuned(
    levels=14, fill=22, on=0.22, off=0.12, least=750, gap=250, longest=4_500, body=0.85, dip=0.5, apart=900, near=0.0, adapt=0
)  # fmt: skip
"""For film as it is sent; set on the same scenes, hidden."""

LIGHT: Final = 0.12
"""The exposure of the whole picture changed by so much between two pictures: a lamp, and no hand."""


@dataclass(slots=True)
class _Pulse:
    begun: Instant
    seen: list[Seen]
    shares: list[float]
    quiet: Instant | None = None


class Drops:
    """Counts drops in a stream of what an `Eye` saw. Time comes with the pictures. Not for two threads."""

    def __init__(self, tuned: Tuned) -> None:
        self._tuned = tuned
        self._pulse: _Pulse | None = None
        self._base = 0.0
        self._last: Seen | None = None
        self._blind: Instant | None = None
        self.blind_ms = 0
        """Time in which a body stood before the lid, or the slot was filled."""
        self.watched_ms = 0

    def step(self, seen: Seen) -> list[Event]:
        """Take in one picture and return what ended with it."""
        tuned, events = self._tuned, list[Event]()
        last, self._last = self._last, seen
        passed = 0 if last is None else max(0, seen.at - last.at)
        self.watched_ms += passed
        if self._is_blind(seen):
            self.blind_ms += passed
            self._blind = seen.at if self._blind is None else self._blind
        elif self._blind is not None:
            if last is not None and last.at > self._blind:
                events.append(Event("blind", self._blind, last.at, 0, 1.0))
            self._blind = None
        if last is not None and abs(seen.light - last.light) > LIGHT:
            self._pulse = None
        share = max(0.0, seen.slot - self._base)
        if tuned.adapt and passed:
            towards = min(1.0, passed / tuned.adapt)
            self._base = min(seen.slot, self._base + (seen.slot - self._base) * towards)
        if self._pulse is None:
            if share > tuned.on:
                self._pulse = _Pulse(seen.at, [seen], [share])
            return events
        pulse = self._pulse
        pulse.seen.append(seen)
        pulse.shares.append(share)
        if share > tuned.off:
            pulse.quiet = None
            return events
        pulse.quiet = seen.at if pulse.quiet is None else pulse.quiet
        if seen.at - pulse.quiet >= tuned.gap:
            events += self._ended(pulse)
            self._pulse = None
        return events

    def close(self) -> list[Event]:
        """Return what was under way when the film ended."""
        events = self._ended(self._pulse) if self._pulse is not None else []
        self._pulse = None
        if self._blind is not None and self._last is not None and self._last.at > self._blind:
            events.append(Event("blind", self._blind, self._last.at, 0, 1.0))
        self._blind = None
        return events

    def _is_blind(self, seen: Seen) -> bool:
        return seen.lid > self._tuned.body or seen.filled > self._tuned.body

    def _ended(self, pulse: _Pulse) -> list[Event]:
        tuned = self._tuned
        end = pulse.quiet if pulse.quiet is not None else pulse.seen[-1].at
        last = next((number for number in range(len(pulse.seen) - 1, -1, -1) if pulse.shares[number] > tuned.off), 0)
        seen, shares = pulse.seen[: last + 1], pulse.shares[: last + 1]
        if end - pulse.begun < tuned.least or max(one.ring for one in seen) < tuned.near:
            return []
        if sum(map(self._is_blind, seen)) * 2 > len(seen):
            return []
        parts = split(seen, shares, tuned)
        events = []
        for first, final in parts:
            took = seen[final].at - seen[first].at
            if took > 2 * tuned.longest or took < tuned.least // 2:
                continue
            blind = sum(map(self._is_blind, seen[first : final + 1])) / (final - first + 1)
            sure = 0.9 - 0.5 * blind - (0.2 if len(parts) > 1 else 0.0) - (0.2 if took > tuned.longest // 2 else 0.0)
            long = took > tuned.longest  # a pack, if there is paper; or a hand that rests
            events.append(Event("pack" if long else "drop", seen[first].at, seen[final].at, 2 if long else 1, round(max(0.1, sure), 2)))
        return events


def split(seen: Sequence[Seen], shares: Sequence[float], tuned: Tuned) -> list[tuple[int, int]]:
    """Divide a pulse at its deepest minimum, and the halves again: (first, last) of each ballot's part, both included, one after another."""
    return _split(seen, shares, tuned, 0, len(shares) - 1)


def _split(seen: Sequence[Seen], shares: Sequence[float], tuned: Tuned, first: int, last: int) -> list[tuple[int, int]]:
    before = [first]
    for number in range(first + 1, last + 1):
        before.append(number if shares[number] > shares[before[-1]] else before[-1])
    after = last
    deepest, valley = tuned.dip, -1
    for number in range(last - 1, first, -1):
        after = number + 1 if shares[number + 1] > shares[after] else after
        left, right = before[number - first - 1], after
        depth = shares[number] / max(min(shares[left], shares[right]), 1e-9)
        if depth < deepest and seen[right].at - seen[left].at >= tuned.apart:
            deepest, valley = depth, number
    if valley < 0:
        return [(first, last)]
    return _split(seen, shares, tuned, first, valley) + _split(seen, shares, tuned, valley, last)


def interval(events: Sequence[Event], blind: float) -> tuple[int, int]:
    """Return between how many ballots the truth lies, given the `blind` share of the time: counted by confidence, widened by what was not seen."""
    drops = [event for event in events if event.kind in ("drop", "pack")]
    count = sum(event.n for event in drops)
    doubt = sum(event.n * (1 - event.confidence) for event in drops)
    spread = 1.64 * (sum(event.n * event.confidence * (1 - event.confidence) for event in drops) + 0.05 * count) ** 0.5
    missed = count * blind / max(1e-9, 1 - min(blind, 0.9))
    return max(0, floor(count - doubt - spread)), ceil(count + missed + 0.08 * count + spread)
