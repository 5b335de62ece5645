# SPDX-License-Identifier: Apache-2.0
"""The line to the centres, which all lanes share: what it carries, what its host allows us of it, and who goes first. The port `Line`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final, final

from kua.core.instant import Millis
from kua.flow.meter import Meter
from kua.flow.quota import Quota

PIECE: Final = 1024
MOST_PIECE: Final = 64 * 1024
"""Bytes that leave at once: a twentieth of a second of the line, within these bounds."""
PATIENCE: Final = 30.0
"""Seconds that film under way waits for a statement to be gone; a statement that needs longer shares the line. Half of what the centre bears."""
LEAST: Final = 6_000
"""Bits a second below which no film is sent: the line belongs to the statements."""
PROBE: Final = Millis(300_000)
"""How often a part of film is sent over such a line all the same, to learn whether it has become better."""


@final
class SharedLine:
    """One line. `cap` is what its host allows, in bits a second (0: all of it). `now` is monotonic; `wait(seconds)` lets time pass."""

    def __init__(self, cap: int, now: Callable[[], Millis], wait: Callable[[float], None]) -> None:
        self._now, self._wait = now, wait
        self._cap = Quota(cap // 8, max(PIECE, cap // 8 // 4)) if cap else None
        self._most_chunk = max(PIECE, cap // 8 * 2) if cap else None
        self._meter = Meter()
        self._guard = Condition()
        self._speaking = 0
        self._live = 0
        self._known: tuple[int, Millis] | None = None
        self.sent = 0
        """Bytes of bodies that were handed to the network, for whoever wants to know how much was sent twice."""

    def now(self) -> Millis:
        """Return the time that `carried` is told in."""
        return self._now()

    def chunk(self) -> int:
        """Return how many bytes the next part should have: what the line, or the share of it that is ours, carries in two seconds."""
        with self._guard:
            chunk = self._meter.chunk(self._now())
            return chunk if self._most_chunk is None else min(chunk, self._most_chunk)

    def rate(self) -> int | None:
        """Return the bits a second that were measured of late, None if nothing was sent."""
        with self._guard:
            return self._meter.rate(self._now())

    def carried(self, size: int, began: Millis, ended: Millis) -> None:
        """Note a part that was acknowledged."""
        with self._guard:
            self._meter.carried(size, began, ended)

    def may_film(self) -> bool:
        """Whether a part of film may be sent now: the line bears more than statements, as far as is known, or it is time to try again."""
        now = self._now()
        with self._guard:
            rate = self._meter.rate(now)
            if rate is not None:
                self._known = (rate, now)
            return self._known is None or self._known[0] >= LEAST or now - self._known[1] >= PROBE

    def pieces(self, part: bytes, lane: str) -> Iterator[bytes]:
        """Give `part` in pieces as they may leave: none while a statement is on its way, and none of the backlog while a live part is handed over.

        What waits for its answer only is not in the way of anybody: so the line stays full.
        """
        size = max(PIECE, min(MOST_PIECE, (self.rate() or 0) // 160))
        is_live = lane == "live"
        with self._guard:
            self._live += is_live
        try:
            for start in range(0, len(part), size) or (0,):
                piece = part[start : start + size]
                self._let_pass(is_live)
                self._keep_cap(len(piece))
                self.sent += len(piece)
                yield piece
        finally:
            with self._guard:
                self._live -= is_live
                self._guard.notify_all()

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Hold film back while a statement is on its way."""
        with self._guard:
            self._speaking += 1
        try:
            yield
        finally:
            with self._guard:
                self._speaking -= 1
                self._guard.notify_all()

    def _let_pass(self, is_live: bool) -> None:
        with self._guard:
            self._guard.wait_for(lambda: not self._speaking and (is_live or not self._live), PATIENCE)

    def _keep_cap(self, size: int) -> None:
        while self._cap is not None:
            with self._guard:
                wait = self._cap.wait(self._now())
                if not wait:
                    self._cap.spend(size, self._now())
                    return
            self._wait(wait / 1000)
