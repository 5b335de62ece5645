# SPDX-License-Identifier: Apache-2.0
"""How long film waits until somebody outside has seen it: who saw how much of the national log, turned into steps of each station's log.

Keeps one step for each station and sighting, as numbers; the windows of segments are added up when a page asks, and not twice.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import final

from kua.core.instant import Instant
from kua.ports.index import Witnessed
from kua.proof.sighting import Sighting


@dataclass(slots=True)
class _Line:
    """One station's log: checkpoints that nobody outside has seen yet, and the steps in which they were seen."""

    waiting: list[tuple[int, int]] = field(default_factory=list)
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    by: str = ""
    counted: int = 0
    longest: int | None = None
    until: Instant | None = None


@final
class Waits:
    """All stations. `known`: sightings of the national log that were kept, from before this start."""

    def __init__(self, known: Iterable[Sighting] = ()) -> None:
        self._known = sorted(known, key=lambda sighting: (sighting.size, sighting.at), reverse=True)
        self._lines: dict[str, _Line] = {}

    def stated(self, origin: str, index: int, size: int) -> None:
        """Note that leaf `index` of the national log states `size` leaves of `origin`. Indices only grow."""
        while self._known and self._known[-1].size <= index:
            self._take(self._known.pop())
        self._lines.setdefault(origin, _Line()).waiting.append((index, size))

    def seen(self, sighting: Sighting) -> None:
        """Note that somebody outside has seen so much of the national log."""
        while self._known:
            self._take(self._known.pop())
        self._take(sighting)

    def _take(self, sighting: Sighting) -> None:
        for line in self._lines.values():
            covered = [size for index, size in line.waiting if index < sighting.size]
            if not covered:
                continue
            line.waiting = line.waiting[len(covered) :]
            line.sizes.append(max(covered))
            line.times.append(sighting.at)
            line.by = sighting.by

    def of(self, origin: str, films: Iterable[Mapping[int, Instant]]) -> Witnessed:
        """Return how it stands with `origin`; `films`: for each camera, by index of the leaf and in its order, the end of the film."""
        while self._known:
            self._take(self._known.pop())
        line = self._lines.get(origin)
        ends = {leaf: end for camera in films for leaf, end in camera.items()}
        if line is None or not line.sizes:
            return Witnessed(unseen=len(ends))
        seen = sorted(leaf for leaf in ends if leaf < line.sizes[-1])
        for leaf in seen[line.counted :]:
            wait = max(0, line.times[bisect_right(line.sizes, leaf)] - ends[leaf])
            line.longest = wait if line.longest is None else max(line.longest, wait)
            line.until = Instant(max(line.until or 0, ends[leaf]))
        line.counted = len(seen)
        return Witnessed(Instant(line.times[-1]), line.by, line.until, line.longest, len(seen), len(ends) - len(seen))
