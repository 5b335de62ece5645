# SPDX-License-Identifier: Apache-2.0
"""Printed stickers: what each number stands for, the zones that they draw, and what their geometry says of camera, box and lid. Finds none itself.

A sticker is an AprilTag of the family 36h11. Places are four corners as shares of the picture's width and height, clockwise from the sticker's upper left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.sight.zones import UNIT, Point, Polygon

Corners = tuple[Point, Point, Point, Point]
"""The four corners of one sticker, shares of width and height, 0..1."""
Places = Mapping[int, Corners]
"""Stickers by number."""
What = Literal["wall", "box", "lid", "booth", "issue", "count", "show", "list"]

ALARMS: Final = ("box_moved", "lid_opened")
FAR: Final = 3.0
"""Pixels by which a sticker must be displaced to count, at least; larger stickers are found more exactly than that, by `PART` of their side."""
PART: Final = 0.15
AGAIN: Final = 2
"""So many looks in a row, a second apart, must say the same."""
GROWN: Final = 0.5
"""Zones that stickers draw reach beyond them by so much of a sticker's side: curtains and lids are larger than their corners."""


@dataclass(frozen=True, slots=True, order=True)
class Sticker:
    """One sticker: on `what`, on which one of these (from 1), and at which of its corners (from 1)."""

    what: What
    number: int
    corner: int


_PLAN: Final[tuple[tuple[What, int, int, int], ...]] = (
    ("wall", 0, 1, 8),
    ("box", 16, 4, 4),
    ("lid", 32, 4, 4),
    ("booth", 64, 8, 4),
    ("issue", 112, 2, 4),
    ("count", 120, 2, 4),
    ("show", 128, 1, 4),
    ("list", 136, 2, 4),
)
"""What, first number, how many of these, corners of each."""
STICKERS: Final[Mapping[int, Sticker]] = {
    first + each * corners + corner: Sticker(what, each + 1, corner + 1)
    for what, first, many, corners in _PLAN
    for each in range(many)
    for corner in range(corners)
}
"""All stickers by number. Numbers that stand for nothing are not looked at."""
NUMBERS: Final[Mapping[Sticker, int]] = {sticker: number for number, sticker in STICKERS.items()}
_ZONES: Final[Mapping[str, str]] = {
    "booth": "booth",
    "box": "box",
    "lid": "slot",
    "issue": "issue",
    "count": "count",
    "show": "show",
    "list": "list",
}
_FIXED: Final = frozenset({"wall", "booth", "issue", "count", "show"})
"""What stays where it is for the day. A list of voters is carried about, a box is what we ask about."""


def zones_of(seen: Places) -> dict[str, tuple[Polygon, ...]]:
    """Return the zones that these stickers draw: the hull of the stickers of one thing, grown by half a sticker.

    A booth needs two stickers and gets their whole upright rectangle: a mask may be too large, never too small. Everything else needs two as well.
    """
    groups: dict[tuple[str, int], list[Corners]] = {}
    for number, corners in sorted(seen.items()):
        sticker = STICKERS.get(number)
        if sticker is not None and sticker.what in _ZONES:
            groups.setdefault((sticker.what, sticker.number), []).append(corners)
    zones: dict[str, list[Polygon]] = {}
    for (what, _), stickers in sorted(groups.items()):
        if len(stickers) < 2:
            continue
        points = [point for corners in stickers for point in _grown(corners)]
        zones.setdefault(_ZONES[what], []).append(_rectangle(points) if what == "booth" else _hull(points))
    return {kind: tuple(shapes) for kind, shapes in zones.items()}


def read_places(value: object) -> dict[int, Corners]:
    """Read the `stickers` object of a calibration file: number to four `[x, y]` in ten-thousandths. Raises `Rejected("calibration.stickers")`."""
    if not isinstance(value, Mapping):
        raise Rejected("calibration.stickers")
    places: dict[int, Corners] = {}
    for name, corners in value.items():
        if not (isinstance(name, str) and name.isascii() and name.isdecimal() and str(int(name)) == name and int(name) in STICKERS):
            raise Rejected("calibration.stickers")
        if not isinstance(corners, list) or len(corners) != 4:
            raise Rejected("calibration.stickers")
        a, b, c, d = (_point(pair) for pair in corners)
        places[int(name)] = (a, b, c, d)
    return places


def write_places(places: Places) -> dict[str, list[list[int]]]:
    """Return the `stickers` object of a file."""
    return {str(number): [[round(x * UNIT), round(y * UNIT)] for x, y in corners] for number, corners in sorted(places.items())}


class Seals:
    """Holds the stickers of a calibration against those that are seen, once a second. Not for two threads."""

    def __init__(self, signed: Places, width: int, height: int) -> None:
        self._size = np.array([width, height], dtype=np.float64)
        self._signed = {number: self._pixels(corners) for number, corners in signed.items() if number in STICKERS}
        self._said: dict[str, list[bool]] = {}
        self.alarms: frozenset[str] = frozenset()
        """Of `box_moved` and `lid_opened`, those that hold."""
        self.is_moved = False
        """Whether the stickers that stay in place say that the camera was moved."""

    def see(self, at: Instant, seen: Places, *, stands: bool) -> None:
        """Take one look. `stands`: the room's texture says that the camera stands as it did, where no fixed sticker is seen."""
        del at  # looks come about a second apart; what counts is how many in a row agree
        found = {number: self._pixels(corners) for number, corners in seen.items() if number in self._signed}
        by = {number: corners - self._signed[number] for number, corners in found.items()}
        fixed = [number for number in by if STICKERS[number].what in _FIXED]
        self.is_moved = self._agreed("camera", self._camera_moved(fixed, by), was=self.is_moved)
        if self.is_moved or not (len(fixed) >= 1 or stands):
            return
        drift = np.mean([by[number].mean(axis=0) for number in fixed], axis=0) if fixed else np.zeros(2)
        alarms = set()
        for kind, moved in self._of_boxes(by, drift).items():
            if self._agreed(kind, moved, was=kind in self.alarms):
                alarms.add(kind)
        self.alarms = frozenset(alarms)

    def _camera_moved(self, fixed: Sequence[int], by: Mapping[int, npt.NDArray[np.float64]]) -> bool | None:
        """Most of the fixed stickers, two at least, are away from their places."""
        if len(fixed) < 2:
            return None
        return sum(self._is_far(number, by[number].mean(axis=0)) for number in fixed) > len(fixed) / 2

    def _of_boxes(self, by: Mapping[int, npt.NDArray[np.float64]], drift: npt.NDArray[np.float64]) -> dict[str, bool | None]:
        """Say for all boxes together whether one was moved and whether one lid was; None where too little is seen."""
        moved: list[bool] = []
        opened: list[bool] = []
        for box in range(1, 5):
            body = self._stickers("box", box, by)
            lid = self._stickers("lid", box, by)
            if body:
                moved.append(sum(self._is_far(number, by[number].mean(axis=0) - drift) for number in body) > len(body) / 2)
            if body and lid:
                carried = np.mean([by[number].mean(axis=0) for number in body], axis=0)
                opened.append(any(self._is_far(number, by[number].mean(axis=0) - carried) for number in lid))
        return {"box_moved": any(moved) if moved else None, "lid_opened": any(opened) if opened else None}

    def _stickers(self, what: What, number: int, by: Mapping[int, npt.NDArray[np.float64]]) -> list[int]:
        return [each for each in by if STICKERS[each].what == what and STICKERS[each].number == number]

    def _agreed(self, kind: str, now: bool | None, *, was: bool) -> bool:
        """Change the mind after `AGAIN` looks that say so; what cannot be seen changes nothing."""
        if now is None:
            return was
        said = [*self._said.get(kind, []), now][-AGAIN:]
        self._said[kind] = said
        return now if len(said) == AGAIN and len(set(said)) == 1 else was

    def _is_far(self, number: int, by: npt.NDArray[np.float64]) -> bool:
        side = float(np.linalg.norm(self._signed[number] - np.roll(self._signed[number], 1, axis=0), axis=1).max())
        return float(np.linalg.norm(by)) > max(FAR, PART * side)

    def _pixels(self, corners: Corners) -> npt.NDArray[np.float64]:
        return np.array(corners, dtype=np.float64) * self._size


def _grown(corners: Corners) -> list[Point]:
    x, y = (sum(part) / 4 for part in zip(*corners, strict=True))
    return [(_bounded(a + 2 * GROWN * (a - x)), _bounded(b + 2 * GROWN * (b - y))) for a, b in corners]


def _rectangle(points: Sequence[Point]) -> Polygon:
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _hull(points: Sequence[Point]) -> Polygon:
    """The convex hull (monotone chain)."""

    def half(ordered: Sequence[Point]) -> list[Point]:
        chain: list[Point] = []
        for point in ordered:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    ordered = sorted(set(points))
    return (*half(ordered), *half(ordered[::-1]))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _bounded(share: float) -> float:
    return min(1.0, max(0.0, share))


def _point(pair: object) -> Point:
    if (
        not isinstance(pair, list)
        or len(pair) != 2
        or not all(isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= UNIT for part in pair)
    ):
        raise Rejected("calibration.stickers")
    return pair[0] / UNIT, pair[1] / UNIT


def is_convex(corners: Corners) -> bool:
    """Whether four corners are those of a sticker and not of a mistake."""
    turns = [_turn(a, b, c) for (a, b), (_, c) in pairwise(pairwise((*corners, corners[0], corners[1])))]
    return len({turn > 0 for turn in turns}) == 1
