# SPDX-License-Identifier: Apache-2.0
"""What a station sends next, and when: the log first, then the newest film, then the backlog newest first (U1).

A state machine: it knows what is owed and says the next step; somebody else carries it out and reports back. `now` and chance come in
as arguments. Nothing is ever dropped here.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from kua.core.digest import Digest
from kua.core.instant import Instant, Millis
from kua.flow.backoff import BASE, CEILING

FIRST: Final = BASE
LONGEST: Final = CEILING
"""Full-jitter back-off: between 0 and the doubled wait, which grows from `FIRST` to `LONGEST`."""
AT_ONCE: Final = Millis(0)
_EVER: Final = Instant(0)
PUT_ASIDE: Final = Millis(600_000)
"""How long a file that the centre refuses is put aside before it is offered again: it is owed still, but must not stand in the way."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One file that the centre has not acknowledged. `t0` orders; what `first` says goes before film; `needs` must be there before it."""

    digest: Digest
    size: int
    t0: Instant
    first: bool = False
    needs: Digest | None = None


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
    """Nothing is owed."""


Step = SendLog | SendFile | Wait | Rest


@dataclass(slots=True)
class Spool:
    """What is owed to one centre. `sent` counts log entries that the centre has; None until it was asked."""

    signed: int = 0
    sent: int = 0
    log_stopped: bool = False
    """The centre says that our log contradicts what it has: nothing but a person may go on from there."""
    _owed: dict[Digest, Owed] = field(default_factory=dict)
    _order: list[tuple[int, int, Digest]] = field(default_factory=list)
    _aside: dict[Digest, Instant] = field(default_factory=dict)
    _failures: int = 0
    _not_before: Instant = _EVER

    def owe(self, items: Iterable[Owed]) -> None:
        """Note new files; ones that are known stay as they are."""
        for item in items:
            if item.digest not in self._owed:
                self._owed[item.digest] = item
                self._push(item)

    def grew(self, signed: int) -> None:
        """Note that the log has a signed head of `signed` entries."""
        self.signed = max(self.signed, signed)

    def step(self, now: Instant) -> Step:
        """Return what to do now."""
        if now < self._not_before:
            return Wait(self._not_before)
        if self.sent < self.signed and not self.log_stopped:
            return SendLog(self.sent)
        for digest in [digest for digest, until in self._aside.items() if until <= now]:
            del self._aside[digest]
            self._push(self._owed[digest])
        while self._order and (self._order[0][2] not in self._owed or self._order[0][2] in self._aside):
            heapq.heappop(self._order)
        if not self._order:
            return Wait(min(self._aside.values())) if self._aside else Rest()
        item = self._owed[self._order[0][2]]
        if item.needs in self._owed and item.needs not in self._aside:
            item = self._owed[item.needs]
        return SendFile(item)

    def log_sent(self, size: int) -> None:
        """Note that the centre has `size` entries; also where it says so itself and we thought otherwise."""
        self.sent = size
        self._worked()

    def delivered(self, digest: Digest) -> None:
        """Note that a signed receipt for the file is durable."""
        self._owed.pop(digest, None)
        self._aside.pop(digest, None)
        self._worked()

    def put_aside(self, digest: Digest, now: Instant) -> None:
        """Note that the centre refused the file for a reason that asking again at once would not change. It stays owed."""
        if digest in self._owed:
            self._aside[digest] = Instant(now + PUT_ASIDE)
        self._worked()

    def failed(self, now: Instant, chance: float, retry_after: Millis = AT_ONCE) -> Instant:
        """Note that the centre could not be reached; return when to try again. `chance` in [0, 1) spreads stations over time.

        A wait that the centre asked for is kept, and spread too.
        """
        longest = min(LONGEST, FIRST << min(self._failures, 16))
        self._failures += 1
        self._not_before = Instant(now + retry_after + int(chance * longest))
        return self._not_before

    @property
    def owed(self) -> int:
        """Files that are owed."""
        return len(self._owed)

    @property
    def owed_bytes(self) -> int:
        """Bytes that are owed."""
        return sum(item.size for item in self._owed.values())

    def _push(self, item: Owed) -> None:
        heapq.heappush(self._order, (0 if item.first else 1, -item.t0, item.digest))

    def _worked(self) -> None:
        self._failures = 0
        self._not_before = _EVER
