# SPDX-License-Identifier: Apache-2.0
"""Visits at a table: who stays there for a while and goes. Two ways: by paths, which tell people who overlap apart, and by what differs in a zone, which needs no
model and tells only that somebody was there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.tally.held import Held
from kua.tally.paths import Path
from kua.tally.queue import BLOCK, Blocks

LEAST: Final = 2_000
"""Milliseconds: who stays a shorter time passed by."""
PATIENCE: Final = 1_500
"""Somebody who is not seen at the table for so many milliseconds has left."""
LONGEST: Final = 600_000
"""Who stays longer sits there."""
AT: Final = 0.25
"""Somebody is at a table when their box covers so much of its zone."""
COMES: Final = 0.15
"""Without paths: somebody has come when so much of the zone differs from the empty room."""
GOES: Final = 0.05
"""And has gone when no more than this does."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay at a table, from the first to the last picture of it."""

    t0: Instant
    t1: Instant


class Stays:
    """Visits at one table, by paths. Not for two threads; time comes with the pictures."""

    def __init__(self, zone: Blocks) -> None:
        """`zone` are the blocks of the table (`kua.tally.queue.zone_blocks`). Raises `Misused("tally.table")` where there are none."""
        self._zone, self._area = zone, int(zone.sum())
        if not self._area:
            raise Misused("tally.table", blocks=0)
        self._stays: dict[int, Held] = {}

    def step(self, at: Instant, paths: Iterable[Path]) -> list[Visit]:
        """Take in the paths of one picture and return the visits that ended."""
        seen = {path.number: self._is_at(path) for path in paths if path.seen == at}
        for number, here in seen.items():
            if here and number not in self._stays:
                # Whoever was lost at the table a moment ago, and is found nowhere else, is taken to be the one who is found there now.
                lost = [other for other in self._stays if other not in seen]
                last = max(lost, key=lambda other: self._stays[other].last or 0, default=None)
                self._stays[number] = self._stays.pop(last) if last is not None else Held(LEAST, PATIENCE)
        ended = list[Visit]()
        for number, stay in list(self._stays.items()):
            told = stay.step(at, seen.get(number, False))
            ended += _visit(told)
            if stay.last is None:
                del self._stays[number]
        return ended

    def close(self) -> list[Visit]:
        """Return the visits that were under way when the film ended."""
        ended = [visit for stay in self._stays.values() for visit in _visit(stay.close())]
        self._stays.clear()
        return ended

    def _is_at(self, path: Path) -> bool:
        box = path.box
        part = self._zone[
            max(0, int(box.y0 // BLOCK)) : max(0, int(box.y1 // BLOCK) + 1), max(0, int(box.x0 // BLOCK)) : max(0, int(box.x1 // BLOCK) + 1)
        ]
        return int(part.sum()) >= AT * self._area


class Busy:
    """Visits at one table, by what differs from the empty room in its zone: people who stand there together are one visit. Not for two threads."""

    def __init__(self, zone: Blocks) -> None:
        """See `Stays`."""
        if not zone.any():
            raise Misused("tally.table", blocks=0)
        self._zone = zone
        self._held = Held(LEAST, PATIENCE)
        self._is_busy = False

    def step(self, at: Instant, foreground: Blocks) -> list[Visit]:
        """Take in one picture's blocks that differ and return the visit that ended. Raises `Misused("tally.shape")`."""
        if foreground.shape != self._zone.shape:
            raise Misused("tally.shape", foreground=str(foreground.shape), weights=str(self._zone.shape))
        share = float(np.mean(foreground[self._zone]))
        self._is_busy = share > (GOES if self._is_busy else COMES)
        return _visit(self._held.step(at, self._is_busy))

    def close(self) -> list[Visit]:
        """Return the visit that was under way when the film ended."""
        self._is_busy = False
        return _visit(self._held.close())


def _visit(told: tuple[Instant, Instant] | None) -> list[Visit]:
    return [Visit(*told)] if told is not None and told[1] - told[0] <= LONGEST else []
