# SPDX-License-Identifier: Apache-2.0
"""When had somebody outside the box seen what stands in its log? The unwitnessed window of a leaf, and the interval in which it was written.

Whoever holds the station's key can rewrite a leaf until somebody outside has seen it, and not afterwards. Times are milliseconds since 1970.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import final

from kua.core.instant import Instant
from kua.proof.cosign import cosignatures
from kua.proof.head import parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.note import Note



@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """By `at` the first `size` leaves of a log had been seen by `by`."""

    at: Instant
    size: int
    by: str


@final
class Sightings:
    """All that is known of who had seen how much of one log, and when."""

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        known = sorted(sightings, key=lambda sighting: sighting.size)
        self._sizes = [sighting.size for sighting in known]
        # Whoever saw a larger tree saw the smaller one in it: from the right, the earliest of all that are as large.
        self._first = list(accumulate(reversed(known), min))[::-1]

    def __bool__(self) -> bool:
        return bool(self._first)

    def first(self, leaf: int) -> Sighting | None:
        """Return the earliest sighting of the leaf with index `leaf`; None if nobody is known to have seen it."""
        place = bisect_right(self._sizes, leaf)
        return self._first[place] if place < len(self._first) else None


def sightings_in(note: Note, keys: Iterable[VerifierKey]) -> list[Sighting]:
    """Return what the co-signatures of `keys` on a checkpoint say; those without a time say nothing. The caller has verified the log's own signature.

    Raises `Rejected("note.signature" | "checkpoint.form")`.
    """
    size = parse_checkpoint(note.text).size
    return [
        Sighting(Instant(found.seconds * 1000), size, found.key.name) for found in cosignatures(note, keys) if found.seconds is not None
    ]


def through(nation: Sightings, stated: Iterable[tuple[int, int]]) -> list[Sighting]:
    """Return what sightings of the national log mean for a station's: whoever saw the leaf that states its checkpoint saw that checkpoint.

    `stated`: for each `station_checkpoint` leaf of the station its index in the national log, and the size that it states.
    """
    found = []
    for index, size in stated:
        seen = nation.first(index)
        if seen is not None:
            found.append(Sighting(seen.at, size, seen.by))
    return found


@dataclass(frozen=True, slots=True)
class Wait:
    """How long leaves waited until somebody outside had seen them: the longest, the median, and how many are unseen. None: nobody saw any."""

    count: int
    unseen: int
    longest: int | None
    median: int | None


def wait_of(ends: Iterable[tuple[int, int]], seen: Sightings) -> Wait:
    """Add up the unwitnessed windows of segments: each is its leaf's index and the end of its film (ms, the station's word).

    A sighting before that end counts as no wait: then the station's clock is ahead, and `Interval` says so.
    """
    waits, unseen = [], 0
    for leaf, end in ends:
        first = seen.first(leaf)
        if first is None:
            unseen += 1
        else:
            waits.append(max(0, first.at - end))
    waits.sort()
    return Wait(len(waits) + unseen, unseen, waits[-1] if waits else None, waits[len(waits) // 2] if waits else None)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of an interval: a moment and who vouches for it."""

    at: Instant
    by: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A leaf was written after `after` and before `before`, whatever the station's clock said. None: nothing bounds it on that side."""

    after: Bound | None
    before: Bound | None

    @property
    def width(self) -> int | None:
        """Milliseconds between the two; None where one is missing. Negative: the clocks of those who vouch contradict each other."""
        return self.before.at - self.after.at if self.after is not None and self.before is not None else None

    def excludes(self, t0: int, t1: int, slack: int) -> bool:
        """Say whether film of [t0, t1) cannot have been stated then, give or take `slack` ms for clocks and for what lies between picture and leaf."""
        return (self.after is not None and t1 + slack < self.after.at) or (self.before is not None and t1 > self.before.at + slack)


@final
class Fresh:
    """What is the latest national checkpoint that a leaf can have known? From the `beacon` leaves before it, each with what vouches for its time."""

    def __init__(self, beacons: Iterable[tuple[int, Bound]]) -> None:
        """`beacons`: index in the station's log, in order, and the time that its checkpoint cannot be older than."""
        self._places: list[int] = []
        self._bounds: list[Bound] = []
        for place, bound in beacons:
            self._places.append(place)
            self._bounds.append(max(self._bounds[-1], bound, key=lambda each: each.at) if self._bounds else bound)

    def after(self, leaf: int) -> Bound | None:
        """Return the latest lower bound of the leaf with index `leaf`; None before the first beacon."""
        place = bisect_right(self._places, leaf) - 1
        return self._bounds[place] if place >= 0 else None
