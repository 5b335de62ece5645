# SPDX-License-Identifier: Apache-2.0
"""What a station sends next, on which lane, and when (U1): the log; statements on files and lowered film; the newest film; then the backlog, what matters
first, newest before oldest, and oldest first once the day is closed.

A state machine: it knows what is owed and says the next step; somebody else carries it out and reports back. `now` and chance come in
as arguments. Nothing is ever dropped here.
"""

import heapq
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Literal

from kua.core.digest import Digest
from kua.core.instant import Instant, Millis
from kua.flow.backoff import BASE, CEILING

Lane = Literal["log", "live", "backlog", "beat"]
"""Each has a connection and a back-off of its own, so that a large file never stands before a small statement. `beat` is the heartbeat: nothing is owed on it."""
LANES: Final[tuple[Lane, ...]] = ("log", "live", "backlog")

FIRST: Final = BASE
LONGEST: Final = CEILING
"""Full-jitter back-off: between 0 and the doubled wait, which grows from `FIRST` to `LONGEST`."""
AT_ONCE: Final = Millis(0)
_EVER: Final = Instant(0)
PUT_ASIDE: Final = Millis(600_000)
"""How long a file that the centre refuses is put aside before it is offered again: it is owed still, but must not stand in the way."""
FRESH: Final = Millis(30_000)
"""Film is live for so long after it began; later it is backlog."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One file that the centre has not acknowledged. `t0` orders; what `first` says goes before film; `needs` must be there before it.

    `is_lowered` says that it is film that was lowered for a thin line: it is always live. `after` is the size of the log that names it: the centre takes
    nothing before its leaf.
    """

    digest: Digest
    size: int
    t0: Instant
    first: bool = False
    needs: Digest | None = None
    is_lowered: bool = False
    after: int = 0


@dataclass(frozen=True, slots=True)
class SendLog:
    """Send entries from `start` on, with a checkpoint."""

    start: int


@dataclass(frozen=True, slots=True)
class SendFile:
    """Send this file."""

    owed: Owed


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing before `until`, unless there is news and no back-off."""

    until: Instant


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is owed on this lane."""


Step = SendLog | SendFile | Wait | Rest


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    not_before: Instant = _EVER
    was_told: bool = False
    """Whether the centre named the time itself."""


@dataclass(slots=True)
class Spool:
    """What is owed to one centre. `sent` counts log entries that the centre has; None until it was asked."""

    signed: int = 0
    sent: int = 0
    log_stopped: bool = False
    """The centre says that our log contradicts what it has: nothing but a person may go on from there."""
    sends_masters: bool = True
    """Whether new film is sent live as it is. On a thin line its lowered form is, and it becomes backlog at once."""
    files_after: int = 0
    """No file goes before the centre has so much of the log: what was owed at the start has its leaves there."""
    oldest_first: bool = False
    """Whether the backlog goes in the order in which it happened: once the day is closed, whoever watches it begins at its beginning."""
    _owed: dict[Digest, Owed] = field(default_factory=dict)
    _waiting: list[tuple[int, Digest]] = field(default_factory=list)
    """What no lane has to look at yet: the centre lacks the log that names it. By the size of that log, so that three days of outage cost a step nothing."""
    _first: list[tuple[int, Digest]] = field(default_factory=list)
    _lowered: list[tuple[int, Digest]] = field(default_factory=list)
    _newest: list[tuple[int, Digest]] = field(default_factory=list)
    _oldest: list[tuple[int, Digest]] = field(default_factory=list)
    _matters: list[tuple[int, Digest]] = field(default_factory=list)
    _spans: list[tuple[Instant, Instant]] = field(default_factory=list)
    _aside: dict[Digest, Instant] = field(default_factory=dict)
    _under_way: dict[Lane, Digest] = field(default_factory=dict)
    _troubles: dict[Lane, _Trouble] = field(default_factory=lambda: {lane: _Trouble() for lane in (*LANES, "beat")})
    _bytes: int = 0

    def owe(self, items: Iterable[Owed]) -> None:
        """Note new files; ones that are known stay as they are."""
        for item in items:
            if item.digest not in self._owed:
                self._owed[item.digest] = item
                self._bytes += item.size
                self._push(item)

    def forget(self, digests: Iterable[Digest]) -> None:
        """Note that files are owed no more, without a receipt: lowered film whose whole is at the centre."""
        for digest in digests:
            self._drop(digest)

    def matter(self, spans: Sequence[tuple[Instant, Instant]]) -> None:
        """Say which times go before the rest of the backlog: [t0, t1) each."""
        self._spans = list(spans)
        films = (item for item in self._owed.values() if self._is_film(item) and self._is_named(item))
        self._matters = [(-item.t0, item.digest) for item in films if self._is_in_span(item)]
        heapq.heapify(self._matters)

    def grew(self, signed: int) -> None:
        """Note that the log has a signed head of `signed` entries."""
        self.signed = max(self.signed, signed)

    def step(self, now: Instant, lane: Lane | None = None) -> Step:
        """Return what to do now on `lane`; without one, what the first lane that has anything to do would do."""
        if lane is not None:
            return self._step(now, lane)
        steps = [self._step(now, each) for each in LANES]
        for step in steps:
            if isinstance(step, SendLog | SendFile):
                return step
        waits = [step for step in steps if isinstance(step, Wait)]
        return min(waits, key=lambda wait: wait.until) if waits else Rest()

    def began(self, lane: Lane, digest: Digest) -> None:
        """Note that `lane` sends the file, so that no other does."""
        self._under_way[lane] = digest

    def ended(self, lane: Lane) -> None:
        """Note that `lane` sends nothing any more."""
        self._under_way.pop(lane, None)

    def log_sent(self, size: int) -> None:
        """Note that the centre has `size` entries; also where it says so itself and we thought otherwise."""
        self.sent = size
        self.worked("log")

    def delivered(self, digest: Digest, lane: Lane | None = None) -> None:
        """Note that a signed receipt for the file is durable."""
        self._drop(digest)
        self.worked(lane)

    def asked(self, lane: Lane, now: Instant, wait: Millis, chance: float) -> None:
        """Note that the centre answered and asks to wait with the next on this lane; `chance` in [0, 1) spreads those who were told the same second."""
        self._troubles[lane] = _Trouble(0, Instant(now + wait + int(chance * FIRST)), was_told=True)

    def put_aside(self, digest: Digest, now: Instant, lane: Lane | None = None) -> None:
        """Note that the centre refused the file for a reason that asking again at once would not change. It stays owed."""
        if digest in self._owed:
            self._aside[digest] = Instant(now + PUT_ASIDE)
        self.worked(lane)

    def failed(self, now: Instant, chance: float, retry_after: Millis = AT_ONCE, lane: Lane | None = None) -> Instant:
        """Note that the centre could not be reached; return when to try again. `chance` in [0, 1) spreads stations over time.

        A wait that the centre asked for is kept, and spread by a second: its place was chosen for this station.
        """
        until = _EVER
        for each in LANES if lane is None else (lane,):
            trouble = self._troubles[each]
            longest = FIRST if retry_after else min(LONGEST, FIRST << min(trouble.failures, 16))
            trouble.failures += 1
            trouble.not_before = until = Instant(now + retry_after + int(chance * longest))
            trouble.was_told = retry_after > 0
        return until

    def worked(self, lane: Lane | None = None) -> None:
        """Note that the centre answered. Where the log has got through there is a line again, and no other lane waits, unless it was told to."""
        for each in self._troubles:
            if lane in {None, each} or (lane == "log" and not self._troubles[each].was_told):
                self._troubles[each] = _Trouble()

    @property
    def owed(self) -> int:
        """Files that are owed."""
        return len(self._owed)

    @property
    def owed_bytes(self) -> int:
        """Bytes that are owed."""
        return self._bytes

    @property
    def has_live(self) -> bool:
        """Whether the lane `live` is sending a file: the backlog waits for it."""
        return "live" in self._under_way

    def _step(self, now: Instant, lane: Lane) -> Step:
        not_before = self._troubles[lane].not_before
        if now < not_before:
            return Wait(not_before)
        if lane == "log":
            return SendLog(self.sent) if self.sent < self.signed and not self.log_stopped else Rest()
        if self.sent < self.files_after and not self.log_stopped:
            return Rest()
        self._take_up()
        for digest in [digest for digest, until in self._aside.items() if until <= now]:
            del self._aside[digest]
            self._push(self._owed[digest])
        with closing(self._live(now) if lane == "live" else self._backlog(now)) as found:
            for item in found:
                return SendFile(item)
        return Wait(min(self._aside.values())) if self._aside else Rest()

    def _live(self, now: Instant) -> Generator[Owed]:
        yield from self._from(self._first)
        yield from self._from(self._lowered)
        for item in self._from(self._newest):
            if not self._is_live(item, now):
                return
            yield item

    def _backlog(self, now: Instant) -> Generator[Owed]:
        for heap in (self._matters, self._oldest if self.oldest_first else self._newest):
            for item in self._from(heap):
                if not self._is_live(item, now):
                    yield item

    def _is_live(self, item: Owed, now: Instant) -> bool:
        return self.sends_masters and item.t0 >= now - FRESH

    def _from(self, heap: list[tuple[int, Digest]]) -> Generator[Owed]:
        """Yield what may be sent now, best first; what is owed no more leaves the heap on the way, what is under way is stepped over."""
        passed = []
        try:
            while heap:
                _, digest = entry = heap[0]
                item = self._owed.get(digest)
                if item is None or digest in self._aside:
                    heapq.heappop(heap)
                    continue
                if item.needs in self._owed and item.needs not in self._aside:
                    item = self._owed[item.needs]
                if item.digest not in self._under_way.values() and self._is_named(item):
                    yield item
                passed.append(entry)
                heapq.heappop(heap)
        finally:
            for entry in passed:
                heapq.heappush(heap, entry)

    def _take_up(self) -> None:
        """Let the lanes look at what the centre can know by now."""
        while self._waiting and (self._waiting[0][0] <= self.sent or self.log_stopped):
            item = self._owed.get(heapq.heappop(self._waiting)[1])
            if item is not None:
                self._push(item)

    def _is_named(self, item: Owed) -> bool:
        """Whether the centre has the leaf that names the file, or shall have the file without."""
        return item.after <= self.sent or self.log_stopped

    def _push(self, item: Owed) -> None:
        if not self._is_named(item):
            heapq.heappush(self._waiting, (item.after, item.digest))
        elif item.first:
            heapq.heappush(self._first, (-item.t0, item.digest))
        elif item.is_lowered:
            heapq.heappush(self._lowered, (-item.t0, item.digest))
        else:
            heapq.heappush(self._newest, (-item.t0, item.digest))
            heapq.heappush(self._oldest, (item.t0, item.digest))
            if self._is_in_span(item):
                heapq.heappush(self._matters, (-item.t0, item.digest))

    def _drop(self, digest: Digest) -> None:
        item = self._owed.pop(digest, None)
        self._bytes -= item.size if item else 0
        self._aside.pop(digest, None)

    def _is_in_span(self, item: Owed) -> bool:
        return any(start <= item.t0 < end for start, end in self._spans)

    def _is_film(self, item: Owed) -> bool:
        return not item.first and not item.is_lowered
