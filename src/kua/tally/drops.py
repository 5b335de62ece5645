# SPDX-License-Identifier: Apache-2.0
"""Ballots dropped into a box, told from what the slot and its surroundings look like over seven seconds (`docs/design/fraud.md`). It decides from numbers, keeps no
picture, and knows nobody.

A reach is somebody who stands still, an arm that comes, rests and goes: a filter over these numbers, before, during and after, says how likely the middle of one is at a
moment. The filter was found from rendered scenes (`kua.tally.filters`). A pack has another filter, and rests longer. A body before the box is blindness. What it says is
a count with an interval, never a verdict.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, Literal

from kua.core.instant import Instant
from kua.tally.eye import Seen
from kua.tally.filters import FILTERS
from kua.tally.reach import SPANS, Filter, Floats, averages, peaks

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
    """How the counter did on scenes on which its filters had not been set: what part it found of what was put in, seen or not, and what part of what it told was true;
    ballot or pack, whatever it was called."""

    recall: float
    precision: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """The figures of counting, by the film that is looked at. Shares 0..1, levels of brightness."""

    levels: int
    """So much a pixel, with its eight neighbours, differs from the empty room."""
    fill: int
    """Pixels up to this level are filled; -1 where nothing is."""
    drop: Filter
    pack: Filter
    likely: float
    """A ballot is told where its filter says at least this."""
    packed: float
    """And a pack where the pack's says at least this."""
    body: float
    """Where so much of the box's front is covered somebody stands before it: blind."""
    lost: float
    """And where so much of the slot is filled."""
    rates: Rates

    def is_blind(self, seen: Seen) -> bool:
        """Somebody stands before the box, or the slot is filled."""
        return seen.front > self.body or seen.filled > self.lost


RAW: Final = Tuned(
    levels=8,
    fill=-1,
    drop=FILTERS["raw", "drop"],
    pack=FILTERS["raw", "pack"],
    likely=0.14,
    packed=0.3,
    body=0.25,
    lost=1.0,
    rates=Rates(0.82, 0.88),
)
"""For film as it is recorded; set on rendered scenes, camera at the side."""
SENT: Final = Tuned(
    levels=8,
    fill=22,
    drop=FILTERS["sent", "drop"],
    pack=FILTERS["sent", "pack"],
    likely=0.2,
    packed=0.4,
    body=0.2,
    lost=0.85,
    rates=Rates(0.81, 0.9),
)
"""For film as it is sent; set on the same scenes, hidden."""

APART: Final = 900
"""Milliseconds: within so long a time only the likeliest moment is a ballot."""
PACKS_APART: Final = 3_000
"""And within so long the likeliest one is a pack."""
CLEAR: Final = 1_600
"""Milliseconds to each side of a pack's middle that are the pack's own, and no ballot's."""
SURE: Final = 1.96
"""Standard deviations to each side that hold the truth 19 times in 20."""


@dataclass(frozen=True, slots=True)
class Moment:
    """How likely it is that `at` is the middle of a ballot's reach, and of a pack's."""

    at: Instant
    drop: float
    pack: float
    blind: bool


class Drops:
    """Counts drops in a stream of what an `Eye` and a `Profiler` saw. Time comes with the pictures. What is told was over some eight seconds ago. Not for two threads."""

    def __init__(self, tuned: Tuned) -> None:
        self._tuned = tuned
        self._lately = deque[tuple[Instant, Floats, bool]]()
        self._next = 0
        self._moments = deque[Moment]()
        self._told: Instant | None = None
        self._span: tuple[Instant, Instant] | None = None
        self._blind: Instant | None = None
        self.blind_ms = 0
        """Time in which a body stood before the box, or the slot was filled."""
        self.watched_ms = 0

    def step(self, seen: Seen, profile: Floats) -> list[Event]:
        """Take in one picture and return what can be told since: of what was some seconds before it."""
        blind = self._tuned.is_blind(seen)
        events = self._darkness(seen.at, blind)
        self._lately.append((seen.at, profile, blind))
        while self._lately[self._next][0] + SPANS[-1][1] <= seen.at:
            self._judge()
        while self._next and self._lately[0][0] < self._lately[self._next][0] + SPANS[0][0]:
            self._lately.popleft()
            self._next -= 1
        return events + self._tell(CLEAR + PACKS_APART)

    def close(self) -> list[Event]:
        """Return what was under way when the film ended."""
        while self._next < len(self._lately):
            self._judge()
        events = self._tell(0)
        if self._span is not None and self._blind is not None and self._span[1] > self._blind:
            events.append(Event("blind", self._blind, self._span[1], 0, 1.0))
        self._blind = None
        return events

    def _darkness(self, at: Instant, blind: bool) -> list[Event]:
        first, before = self._span or (at, at)
        self._span = (first, at)
        passed = max(0, at - before)
        self.watched_ms += passed
        if blind:
            self.blind_ms += passed
            self._blind = at if self._blind is None else self._blind
            return []
        since, self._blind = self._blind, None
        return [Event("blind", since, before, 0, 1.0)] if since is not None and before > since else []

    def _judge(self) -> None:
        """Say of the next picture how likely it is the middle of a reach."""
        at, _, blind = self._lately[self._next]
        numbers = averages([at for at, *_ in self._lately], [profile for _, profile, _ in self._lately], at)
        self._moments.append(Moment(at, self._tuned.drop.says(numbers), self._tuned.pack.says(numbers), blind))
        self._next += 1

    def _tell(self, later: int) -> list[Event]:
        """Tell what lies at least `later` milliseconds before the last moment, and was not told yet."""
        if not self._moments or self._span is None:
            return []
        moments, since = list(self._moments), self._told
        self._told = until = Instant(moments[-1].at - later)
        first, last = self._span
        told = [(one.at, event_of(kind, one, first, last)) for one, kind in chosen(moments, self._tuned)]
        while self._moments[0].at < until - CLEAR - PACKS_APART:
            self._moments.popleft()
        return [event for at, event in told if (since is None or at > since) and at <= until]


def event_of(kind: Literal["drop", "pack"], moment: Moment, first: Instant, last: Instant) -> Event:
    """Return the event about a moment: a ballot takes about a second, a pack two and more; none begins before the film's first picture, or ends after its last."""
    half, count, likely = (CLEAR - APART // 2, 2, moment.pack) if kind == "pack" else (APART // 2, 1, moment.drop)
    return Event(kind, max(first, Instant(moment.at - half)), min(last, Instant(moment.at + half)), count, round(likely, 2))


def chosen(moments: Sequence[Moment], tuned: Tuned) -> list[tuple[Moment, Literal["drop", "pack"]]]:
    """Return which of `moments`, given in order, are told, and as what: the likeliest of each time, and about a pack no ballot. What was blind is not told."""
    times = [one.at for one in moments]
    packs = [moments[number] for number in peaks(times, [one.pack for one in moments], tuned.packed, PACKS_APART)]
    drops = [moments[number] for number in peaks(times, [one.drop for one in moments], tuned.likely, APART)]
    told: list[tuple[Moment, Literal["drop", "pack"]]] = [(one, "pack") for one in packs]
    told += [(one, "drop") for one in drops if all(abs(one.at - pack.at) > CLEAR for pack in packs)]
    return sorted((pair for pair in told if not pair[0].blind), key=lambda pair: pair[0].at)


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
