# SPDX-License-Identifier: Apache-2.0
"""Who went over a line, and which way: entries and exits at a door. Counts paths, never persons: whoever comes back is counted again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.tally.paths import Path

Way = Literal["in", "out"]
"""`in` is from the left of the line to its right, as seen from `a` towards `b` in the picture; for a line drawn upwards, from left to right."""

BAND: Final = 0.25
"""Widths of a box to each side of the line: only who has gone from beyond the one border to beyond the other has crossed. One who stands on it has not."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line on the floor from `a` to `b`, in pixels of the picture. Raises `Misused("tally.line")` where the two are one point."""

    a: tuple[float, float]
    b: tuple[float, float]

    def __post_init__(self) -> None:
        if self.a == self.b:
            raise Misused("tally.line", x=round(self.a[0]), y=round(self.a[1]))

    def beyond(self, x: float, y: float) -> float:
        """Return how far to the right of the line a point is, in pixels; to the left it is less than nought."""
        (ax, ay), (bx, by) = self.a, self.b
        dx, dy = bx - ax, by - ay
        return float((dx * (y - ay) - dy * (x - ax)) / (dx * dx + dy * dy) ** 0.5)

    def along(self, x: float, y: float) -> float:
        """Return where a point is along the line: 0 at `a`, 1 at `b`."""
        (ax, ay), (bx, by) = self.a, self.b
        dx, dy = bx - ax, by - ay
        return ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody went over the line: seen on the other side at `at`."""

    at: Instant
    way: Way


@dataclass(slots=True)
class _Side:
    right: bool
    x: float
    y: float


class Crossings:
    """Counts who goes over one line. Not for two threads; time comes with the pictures."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._sides: dict[int, _Side] = {}
        self.entries = 0
        self.exits = 0

    def step(self, at: Instant, paths: Iterable[Path]) -> list[Crossing]:
        """Take in the paths of one picture and return who has just crossed. Where somebody is only taken to have gone says nothing.

        For every path, entries less exits are what its sides say: one that ends on the side where it began adds nothing, if it went over the line itself
        and not past its ends.
        """
        told, known = list[Crossing](), set[int]()
        for path in paths:
            known.add(path.number)
            if path.seen != at:
                continue
            x, y = path.box.foot
            off, band = self._line.beyond(x, y), BAND * (path.box.x1 - path.box.x0)
            if abs(off) < band:
                continue
            before, right = self._sides.get(path.number), off > 0
            if before is not None and before.right != right and self._passes(before, x, y):
                told.append(Crossing(at, "in" if right else "out"))
            self._sides[path.number] = _Side(right, x, y)
        self._sides = {number: side for number, side in self._sides.items() if number in known}
        self.entries += sum(one.way == "in" for one in told)
        self.exits += sum(one.way == "out" for one in told)
        return told

    def _passes(self, before: _Side, x: float, y: float) -> bool:
        """Whether the way from before to (x, y) meets the line between its ends."""
        one, other = self._line.beyond(before.x, before.y), self._line.beyond(x, y)
        part = one / (one - other)
        return 0.0 <= self._line.along(before.x + part * (x - before.x), before.y + part * (y - before.y)) <= 1.0
