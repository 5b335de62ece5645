# SPDX-License-Identifier: Apache-2.0
"""Draws the painted polling room as a fixed camera on the wall would see it. A pure function of seed and time; it holds no source, no clock and no thread.

Nobody in the picture exists. The room stands in for a camera in the demonstration and in tests; figures measured on it are figures about drawings.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, cos, exp, floor, pi, sin
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from kua.adapters.sources.painting_story import (
    BOOTH_FRONT,
    BOX,
    DOOR_X,
    DROP_AT,
    HANDED,
    TABLE_SPOTS,
    WALL_Y,
    Dice,
    Stage,
    Story,
    Visit,
    booth_places,
    line_place,
)
from kua.core.errors import Misused

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red."""
Point = tuple[float, float, float]

_SHIFT: Final = 4
_CAMERA_HEIGHT: Final = 3.2
_PITCH: Final = 0.349
_FOCAL: Final = 0.66
"""Focal length in picture widths: a lens of about 74 degrees."""
_HALF_ROOM: Final = 5.35
_NEAR: Final = 2.0
_WALL_TOP: Final = 3.5
_TABLE: Final = (-0.98, 1.92, 8.12, 8.8, 0.76)
_COUNTING: Final = (-3.05, -1.35, 4.15, 4.85, 0.76)
_BOX_HALF: Final = 0.27
_STAND: Final = 0.5
_BOX_TOP: Final = 1.12
_BOOTH_HALF: Final = 0.5
_BOOTH_TOP: Final = 2.05
_BOOTH_EDGE: Final = 0.52
"""Half a booth and the stroke of its outline."""
_CURTAIN: Final = (0.38, 1.9)
_OFFICIALS_Y: Final = 9.12
_BESIDE: Final = 0.6
"""Metres by which a member sits beside the voter before him, so that the camera sees both."""
_LISTS: Final = tuple(x + _BESIDE / 2 for x, _ in TABLE_SPOTS)
"""Where the voters' lists lie: between member and voter."""
_NOISES: Final = 6
_BALLOT: Final = 0.0016
"""Metres by which one folded ballot raises the heap in the box, while it is low."""
_HEAP: Final = 0.48
"""Metres of heap that the box takes; towards it the heap rises ever more slowly."""
_KEPT: Final = 400
"""Drawn figures kept: whoever stands is drawn again only when he sways by some millimetres."""
_STEPS: Final = 4.0
"""Steps from rest to the end of a sway."""


class _Lens:
    """A pinhole camera on the wall at y = 0, looking down the room."""

    __slots__ = ("_c", "_cx", "_cy", "_f", "_m", "_s")

    def __init__(self, width: float, height: float, mirrored: bool) -> None:
        self._f = width * _FOCAL
        self._cx, self._cy = width / 2, height / 2
        self._c, self._s = cos(_PITCH), sin(_PITCH)
        self._m = -1.0 if mirrored else 1.0

    def see(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Return the pixel at which the point (metres) is seen."""
        drop = _CAMERA_HEIGHT - z
        depth = y * self._c + drop * self._s
        return self._cx + self._m * self._f * x / depth, self._cy + self._f * (drop * self._c - y * self._s) / depth

    def moved(self, left: int, top: int) -> "_Lens":
        """Return the lens of a smaller picture, whose corner is at that pixel of this one."""
        other = _Lens(0.0, 0.0, False)
        other._f, other._cx, other._cy, other._m = self._f, self._cx - left, self._cy - top, self._m
        return other

    def in_units(self, unit: float) -> tuple[float, float, float, float, float, float]:
        """Return the numbers that `see` reckons with, the picture's side measured in 1/unit pixels."""
        return self._m * self._f * unit, self._f * unit, self._cx * unit + 0.5, self._cy * unit + 0.5, self._c, self._s

    def scale(self, y: float, z: float = 0.9) -> float:
        """Return pixels to the metre at that depth and height."""
        return self._f / (y * self._c + (_CAMERA_HEIGHT - z) * self._s)


@dataclass(frozen=True, slots=True)
class _Look:
    """How one drawn person looks."""

    tall: float
    build: float
    skin: Colour
    hair: Colour
    coat: Colour
    legs: Colour
    shoes: Colour
    head: Literal["short", "long", "bald", "scarf", "cap", "takiya"]
    cover: Colour
    hem: float
    skirt: bool


_SKINS: Final[tuple[Colour, ...]] = ((176, 202, 236), (150, 184, 224), (132, 166, 210), (112, 146, 194), (96, 128, 176))
_HAIRS: Final[tuple[Colour, ...]] = ((28, 26, 30), (40, 46, 62), (52, 74, 104), (150, 152, 156), (34, 32, 44), (86, 110, 142))
_COATS: Final[tuple[Colour, ...]] = (
    (128, 78, 44), (62, 60, 168), (66, 106, 62), (70, 78, 92), (48, 142, 206), (142, 98, 140), (168, 156, 74), (98, 104, 158), (46, 50, 58),
    (180, 178, 170), (60, 90, 142), (126, 132, 52), (90, 60, 110),
)  # fmt: skip
_LEGS: Final[tuple[Colour, ...]] = ((70, 52, 40), (52, 50, 50), (96, 74, 58), (82, 86, 92), (38, 36, 42), (96, 112, 130))
_COVERS: Final[tuple[Colour, ...]] = ((216, 216, 226), (96, 70, 186), (176, 140, 66), (70, 138, 92), (120, 170, 214), (140, 90, 130))


@lru_cache(maxsize=512)
def _look(seed: int) -> _Look:
    dice = Dice(seed, 5)
    woman = dice.unit() < 0.5
    kinds: tuple[Literal["short", "long", "bald", "scarf", "cap", "takiya"], ...]
    kinds = ("long", "long", "scarf", "short") if woman else ("short", "short", "cap", "takiya", "short", "bald")
    skirt = woman and dice.unit() < 0.55
    return _Look(
        tall=dice.between(1.56, 1.72) if woman else dice.between(1.66, 1.86), build=dice.between(0.92, 1.14),
        skin=_SKINS[dice.below(len(_SKINS))], hair=_HAIRS[dice.below(len(_HAIRS))], coat=_COATS[dice.below(len(_COATS))],
        legs=_LEGS[dice.below(len(_LEGS))], shoes=(34, 34, 40) if dice.unit() < 0.7 else (60, 66, 96), head=kinds[dice.below(len(kinds))],
        cover=_COVERS[dice.below(len(_COVERS))], hem=0.24 if skirt else (0.3 if dice.unit() < 0.35 else 0.46), skirt=skirt,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """One person of the drawing. Boxes and points are in 1/10000 of the picture's width and height; `shown` is false behind a curtain or off the picture."""

    role: Literal["voter", "official"]
    stage: Stage | Literal["seated"]
    shown: bool
    head: tuple[int, int, int, int]
    """Left, top, right, bottom."""
    feet: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really going on. `people` = all in the room, `people - in_booth - at_table - officials` walk, stand in line or drop a ballot."""

    queue: int
    people: int
    in_booth: int
    at_table: int
    officials: int
    dropped: int
    """Ballots dropped since the start."""
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Screen:
    """A part of the room that people may pass behind: its pixels are laid over them again."""

    y: float
    left: int
    top: int
    mask: Picture
    still: Picture
    weight: float

    def over(self, canvas: Picture) -> None:
        rows, columns = self.mask.shape
        part = canvas[self.top : self.top + rows, self.left : self.left + columns]
        if self.weight >= 1.0:
            cv2.copyTo(self.still, self.mask, part)
        else:
            cv2.copyTo(cv2.addWeighted(part, 1.0 - self.weight, self.still, self.weight, 0.0), self.mask, part)


@dataclass(frozen=True, slots=True, eq=False)
class _Figure:
    """One drawn person cut out: `kept` says for each pixel how much of what is behind stays (255: all), `paint` is added to it."""

    left: int
    top: int
    kept: Picture
    paint: Picture

    def over(self, canvas: Picture) -> None:
        rows, columns = self.kept.shape[:2]
        x0, y0 = max(0, self.left), max(0, self.top)
        x1, y1 = min(canvas.shape[1], self.left + columns), min(canvas.shape[0], self.top + rows)
        if x1 <= x0 or y1 <= y0:
            return
        cut = np.s_[y0 - self.top : y1 - self.top, x0 - self.left : x1 - self.left]
        part = canvas[y0:y1, x0:x1]
        cv2.multiply(part, self.kept[cut], dst=part, scale=1 / 255)
        cv2.add(part, self.paint[cut], dst=part)


class PaintedRoom:
    """A polling room drawn from a seed. Raises `Misused("painting.size")` unless both sides are even and between 160x90 and 3840x2160."""

    def __init__(self, seed: int, width: int = 1280, height: int = 720) -> None:
        if width % 2 or height % 2 or not (160 <= width <= 3840 and 90 <= height <= 2160):
            raise Misused("painting.size", width=width, height=height)
        self.seed, self.width, self.height = seed, width, height
        dice = Dice(seed, 1)
        self._mirrored = dice.unit() < 0.5
        self.booths = 2 + dice.below(2)
        self._taste = dice.below(1 << 30)
        self._lens = _Lens(width, height, self._mirrored)
        self._places = booth_places(self.booths)
        self._officials = (_look(seed * 2 + 101), _look(seed * 2 + 102))
        self._phase = dice.between(0.0, 2 * pi)
        self._figures: OrderedDict[_Pose, _Figure] = OrderedDict()
        self._spots: dict[tuple[int, int], Picture] = {}
        self._filled: tuple[int, Picture] | None = None

    # What only drawing needs is made when something is drawn: whoever asks for zones or the truth need not wait for it.

    @cached_property
    def _story(self) -> Story:
        return Story(self.seed, self.booths)

    @cached_property
    def _stage(self) -> "_Setting":
        return _drawn_room(self._taste, self.booths, self._mirrored, self.width, self.height)

    @cached_property
    def _room(self) -> Picture:
        """The room without people, the box as it is in the morning."""
        room = self._stage.room.copy()
        self._with_box(room, 0)
        return room

    @cached_property
    def _screens(self) -> list[_Screen]:
        return self._made_screens()

    @cached_property
    def _noises(self) -> list[Picture]:
        return _noises(self.seed, self.width, self.height)

    @cached_property
    def _shade(self) -> Picture:
        return _soft_spot()

    def _with_box(self, canvas: Picture, ballots: int) -> None:
        """Draw the box with so many ballots dropped into it since the start."""
        stage = self._stage
        layers = _heap(ballots)
        if self._filled is None or self._filled[0] != layers:
            large = stage.behind_box.copy()
            lens = _Lens(self.width * 2, self.height * 2, self._mirrored).moved(2 * stage.left, 2 * stage.top)
            _box(large, lens, layers, self.width * 2)
            self._filled = (
                layers,
                np.asarray(cv2.resize(large, (large.shape[1] // 2, large.shape[0] // 2), interpolation=cv2.INTER_AREA), np.uint8),
            )
        rows, columns = self._filled[1].shape[:2]
        canvas[stage.top : stage.top + rows, stage.left : stage.left + columns] = self._filled[1]

    def empty(self) -> Picture:
        """Return the empty room as yuv420p planes, uint8 [height * 3 // 2, width]: no people, no noise, no drift (what a mean over a quiet hour gives)."""
        return _planes(self._room)

    def picture(self, at_ms: int, start_ms: int = 0) -> Picture:
        """Return the picture at `at_ms` of a story that began at `start_ms`, as yuv420p planes. The same seed and time give the same bytes."""
        return self._sensed(self.bgr(at_ms, start_ms), at_ms, start_ms)

    def quiet(self, at_ms: int, start_ms: int = 0) -> Picture:
        """Return the empty room at that moment as the camera would give it, with noise and drift of light: what a calibration is made from."""
        return self._sensed(self._room, at_ms, start_ms)

    def _sensed(self, canvas: Picture, at_ms: int, start_ms: int) -> Picture:
        planes = _planes(canvas)
        t = (at_ms - start_ms) / 1000.0
        gain = 1.0 + 0.022 * sin(2 * pi * t / 97.0 + self._phase) + 0.008 * sin(2 * pi * t / 31.0)
        light = planes[: self.height]
        noise = self._noises[Dice(self.seed, 3, at_ms).below(_NOISES)]
        cv2.addWeighted(light, gain, noise, 1.0, 16.0 * (1.0 - gain) - 8.0, dst=light)
        return planes

    def bgr(self, at_ms: int, start_ms: int = 0) -> Picture:
        """Return the drawing alone (BGR, without noise and drift of light)."""
        t = (at_ms - start_ms) / 1000.0
        chapter, second = self._story.at(t)
        visits = chapter.present(second)
        canvas = self._room.copy()
        ballots = self._story.dropped(t)
        if ballots:
            self._with_box(canvas, ballots)
        layers: list[tuple[float, int, Any]] = [(screen.y, 0, screen) for screen in self._screens]
        layers += [(y, 0, screen) for y, screen in self._box_screens(canvas)]
        layers += [(BOOTH_FRONT - 0.02, 0, gap) for gap in self._gaps(visits, second)]
        for visit in visits:
            x, y, fx, fy, way, walks = visit.where(second)
            hands = _hands(visit, second)
            idle = 0.0 if walks else round(_STEPS * _arm_swing(visit, t)) / _STEPS
            # Who puts a ballot in stands beside the box and reaches over it: his hand is not behind the glass.
            depth = BOX[1] - _BOX_HALF - 0.01 if hands.reach is not None and visit.stage(second) == "at_box" else y
            layers.append(
                (depth, 1, _Pose(_look(visit.look), x, y, fx, fy, way, walks, hands, 0.0, idle, feet_only=_curtained(visit, second)))
            )
            if y < WALL_Y:
                self._shadow(canvas, x, y)
        for n, (look, (sx, _)) in enumerate(zip(self._officials, TABLE_SPOTS, strict=True)):
            layers.append((_OFFICIALS_Y, 1, self._official_pose(look, n, sx, visits, second, t)))
        layers.sort(key=lambda layer: (-layer[0], layer[1]))
        for _, _, layer in layers:
            if isinstance(layer, _Screen):
                layer.over(canvas)
            elif isinstance(layer, list):
                _fill(canvas, self._lens, layer, (52, 48, 46))
            elif layer.walks or layer.hands.reach is not None:
                _draw_person(canvas, self._lens, layer)
            else:
                self._figure(layer).over(canvas)
        self._falling(canvas, visits, second)
        return canvas

    def _figure(self, pose: "_Pose") -> _Figure:
        """Return the cut-out of somebody who stands or sits. What was asked before decides only how long this takes."""
        figure = self._figures.get(pose)
        if figure is not None:
            self._figures.move_to_end(pose)
            return figure
        lens, x, y = self._lens, pose.x, pose.y
        scale = lens.scale(y - 0.4)
        middle, head = lens.see(x, y, pose.look.tall + pose.dz + 0.2)
        _, foot = lens.see(x, y - 0.35, -0.05 if pose.dz == 0.0 else 0.4 + pose.dz)
        left, top = floor(middle - 0.6 * scale), floor(head) - 2
        drawn = np.zeros((ceil(foot) + 3 - top, ceil(1.2 * scale) + 2, 4), np.uint8)
        _draw_person(drawn, lens.moved(left, top), pose)
        x0, y0, columns, rows = cv2.boundingRect(drawn[:, :, 3])
        paint = cv2.cvtColor(drawn[y0 : y0 + rows, x0 : x0 + columns], cv2.COLOR_BGRA2BGR)
        kept = cv2.cvtColor(255 - drawn[y0 : y0 + rows, x0 : x0 + columns, 3], cv2.COLOR_GRAY2BGR)
        figure = _Figure(left + x0, top + y0, np.asarray(kept, np.uint8), np.asarray(paint, np.uint8))
        self._figures[pose] = figure
        if len(self._figures) > _KEPT:
            self._figures.popitem(last=False)
        return figure

    def zones(self) -> dict[str, list[list[tuple[int, int]]]]:
        """Return zone kind -> polygons of (x, y) in 1/10000 of width and height, clipped to the picture; kinds as in the calibration file."""
        booths = [
            self._hull(
                [
                    (x + dx, y, z)
                    for dx in (-_BOOTH_EDGE, _BOOTH_EDGE)
                    for y in (BOOTH_FRONT - 0.03, WALL_Y)
                    for z in (0.0, _BOOTH_TOP + 0.02)
                ]
            )
            for x in self._places
        ]
        x, y = BOX
        half = _BOX_HALF
        left, right, near, far, top = _TABLE
        line = [line_place(rank)[:2] for rank in range(8)]
        corners = [(px + dx, py + dy, z) for px, py in line for dx in (-0.45, 0.42) for dy in (-0.3, 0.35) for z in (0.0, 1.92)]
        doorway = [(DOOR_X + dx, WALL_Y, z) for dx in (-0.6, 0.6) for z in (0.0, 2.1)]
        return {
            "booth": booths,
            "box": [self._hull([(x + dx, y + dy, z) for dx in (-half, half) for dy in (-half, half) for z in (_STAND, _BOX_TOP)])],
            "slot": [self._hull([(x + dx, y + dy, _BOX_TOP) for dx in (-half, half) for dy in (-half, half)])],
            "issue": [self._hull([(px, py, z) for px in (left, right) for py, z in ((near, 0.0), (far, top), (_OFFICIALS_Y, 1.5))])],
            "list": [self._hull([(px + dx, py, top) for dx in (-0.24, 0.24) for py in (8.36, 8.72)]) for px in _LISTS],
            "door": [self._hull(corners + doorway)],
            "count": [self._hull([(px, py, z) for px in _COUNTING[:2] for py in _COUNTING[2:4] for z in (_COUNTING[4], 1.1)])],
            "show": [self._hull([(px, py, z) for px in (-0.5, 0.5) for py in (4.1, 4.8) for z in (0.0, 1.7)])],
            "code": [self._hull([(0.35 + dx, WALL_Y, z) for dx in (-0.3, 0.3) for z in (1.95, 2.4)])],
        }

    def heads(self) -> list[dict[str, int]]:
        """Return head heights by depth, far to near: `y`, the row of the head's middle in 1/10000 of the height, and `px`, the head's height in pixels."""
        found = []
        for depth in (9.5, 8.0, 6.7, 5.2, 3.9):
            _, top = self._lens.see(0.0, depth, 1.70)
            _, chin = self._lens.see(0.0, depth, 1.47)
            found.append({"y": max(0, min(10_000, round((top + chin) / 2 * 10_000 / self.height))), "px": max(1, round(chin - top))})
        return found

    def truth(self, at_ms: int, start_ms: int = 0) -> Truth:
        """Return what is going on at that moment."""
        t = (at_ms - start_ms) / 1000.0
        chapter, second = self._story.at(t)
        seen, queue, booth, table = [], 0, 0, 0
        for visit in chapter.present(second):
            stage = visit.stage(second)
            x, y, *_ = visit.where(second)
            look = _look(visit.look)
            inside = BOOTH_FRONT - 0.01 <= y < WALL_Y and stage in ("to_booth", "in_booth", "to_box")
            # In line is who stands in it, and who has come in and walks up to it.
            queue += stage == "queue" or (stage == "arriving" and y < WALL_Y)
            booth += inside
            table += stage == "table"
            seen.append(self._seen("voter", stage, x, y, look.tall, not inside))
        for n, (look, (sx, _)) in enumerate(zip(self._officials, TABLE_SPOTS, strict=True)):
            pose = self._official_pose(look, n, sx, (), second, t)
            seen.append(self._seen("official", "seated", pose.x, pose.y, look.tall + pose.dz, True))
        return Truth(
            queue=queue, people=len(seen), in_booth=booth, at_table=table, officials=2, dropped=self._story.dropped(t), seen=tuple(seen),
        )  # fmt: skip

    def _seen(
        self, role: Literal["voter", "official"], stage: Stage | Literal["seated"], x: float, y: float, tall: float, shown: bool
    ) -> Seen:
        px, top = self._lens.see(x, y, tall + 0.01)
        _, chin = self._lens.see(x, y, tall - 0.24)
        fx, fy = self._lens.see(x, y, 0.0)
        half = 0.10 * self._lens.scale(y, tall)
        box = (px - half, top, px + half, chin)
        if y >= WALL_Y:
            # Outside, he is seen through the open door only.
            jambs = [self._lens.see(DOOR_X + dx, WALL_Y, 1.6)[0] for dx in (-0.55, 0.55)]
            shown = shown and min(jambs) < px + half and px - half < max(jambs)
        shown = shown and box[2] > 0 and box[0] < self.width and box[3] > 0
        wide, high = 10_000 / self.width, 10_000 / self.height
        return Seen(
            role, stage, shown, (round(box[0] * wide), round(box[1] * high), round(box[2] * wide), round(box[3] * high)),
            (round(fx * wide), round(fy * high)),
        )  # fmt: skip

    def _hull(self, corners: Sequence[Point]) -> list[tuple[int, int]]:
        points = np.array([self._lens.see(*corner) for corner in corners]) * (10_000 / self.width, 10_000 / self.height)
        hull = cv2.convexHull(np.clip(np.round(points), 0, 10_000).astype(np.int32))[:, 0]
        return [(int(x), int(y)) for x, y in hull]

    def _official_pose(self, look: _Look, n: int, sx: float, visits: Sequence[Visit], second: float, t: float) -> "_Pose":
        hand: Point | None = None
        for visit in visits:
            if visit.spot == n and visit.leaves_table - HANDED - 1.2 < second < visit.leaves_table - HANDED + 0.6:
                share = min(1.0, (second - (visit.leaves_table - HANDED - 1.2)) / 1.0)
                hand = (sx + 0.05, _OFFICIALS_Y - 0.35 - 0.45 * share, 0.95)
        sway = 0.03 * round(4.0 * sin(t * 0.7 + n * 2.1)) / 4.0
        turn = 0.25 * round(4.0 * sin(t * 0.31 + n)) / 4.0
        return _Pose(look, sx + sway + _BESIDE, _OFFICIALS_Y, turn, -1.0, 0.0, False, _Hands(hand is not None, hand), -0.34, 0.0)

    def _shadow(self, canvas: Picture, x: float, y: float) -> None:
        cx, cy = self._lens.see(x + 0.10, y + 0.04, 0.0)
        scale = self._lens.scale(y, 0.0)
        wide, high = max(4, int(0.95 * scale)), max(3, int(0.34 * scale))
        left, top = int(cx - wide / 2), int(cy - high / 2)
        x0, y0, x1, y1 = max(0, left), max(0, top), min(self.width, left + wide), min(self.height, top + high)
        if x1 <= x0 or y1 <= y0:
            return
        whole = self._spots.get((wide, high))
        if whole is None:
            whole = self._spots[wide, high] = np.asarray(cv2.resize(self._shade, (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8)
        spot = whole[y0 - top : y1 - top, x0 - left : x1 - left]
        part = canvas[y0:y1, x0:x1]
        cv2.multiply(part, spot, dst=part, scale=1 / 255)

    def _gaps(self, visits: Sequence[Visit], second: float) -> list[list[Point]]:
        """Return the dark openings of curtains through which somebody is just passing."""
        gaps: list[list[Point]] = []
        low, high = _CURTAIN
        for visit in visits:
            for moment in (visit.enters_booth, visit.quits_booth):
                share = 1.0 - abs(second - moment) / 0.9
                if share > 0:
                    left = self._places[visit.booth] - 0.42
                    edge, y = left + 0.76 * min(1.0, 1.4 * share), BOOTH_FRONT
                    gaps.append([(left, y, low), (edge - 0.05, y, low), (edge, y, high), (left, y, high)])
        return gaps

    def _falling(self, canvas: Picture, visits: Sequence[Visit], second: float) -> None:
        for visit in visits:
            age = second - visit.dropped
            if 0.0 <= age < 0.7:
                z = _BOX_TOP - 0.06 - min(0.38, 1.1 * age * age)
                lean = 0.05 * sin(9 * age)
                x, y = BOX
                _fill(
                    canvas,
                    self._lens,
                    [
                        (x - 0.07, y - 0.1, z + lean),
                        (x + 0.07, y - 0.1, z - lean),
                        (x + 0.07, y - 0.1, z - 0.12 - lean),
                        (x - 0.07, y - 0.1, z - 0.12 + lean),
                    ],
                    (238, 240, 240),
                )

    def _made_screens(self) -> list[_Screen]:
        screens = []
        for x in self._places:
            panel = [(x - _BOOTH_HALF - 0.04, BOOTH_FRONT, _CURTAIN[0]), (x + _BOOTH_HALF + 0.04, BOOTH_FRONT, _CURTAIN[0])]
            panel += [(x + _BOOTH_HALF + 0.04, BOOTH_FRONT, _BOOTH_TOP + 0.3), (x - _BOOTH_HALF - 0.04, BOOTH_FRONT, _BOOTH_TOP + 0.3)]
            screens.append(self._screen(BOOTH_FRONT - 0.01, [panel], 1.0))
        for left, right, near, far, top in (_TABLE, _COUNTING):
            front = [(left, near, 0.0), (right, near, 0.0), (right, near, top), (left, near, top)]
            board = [(left, near, top), (right, near, top), (right, far, top), (left, far, top)]
            screens.append(self._screen(near, [front, board], 1.0))
        around = [(DOOR_X - 3.0, WALL_Y, 0.0), (DOOR_X + 2.4, WALL_Y, 0.0), (DOOR_X + 2.4, WALL_Y, 2.6), (DOOR_X - 3.0, WALL_Y, 2.6)]
        opening = [(DOOR_X - 0.55, WALL_Y, 0.0), (DOOR_X + 0.55, WALL_Y, 0.0), (DOOR_X + 0.55, WALL_Y, 2.1), (DOOR_X - 0.55, WALL_Y, 2.1)]
        screens.append(self._screen(WALL_Y, [around], 1.0, hole=opening))
        return screens

    @cached_property
    def _box_masks(self) -> tuple[_Screen, _Screen]:
        x, y = BOX
        half = _BOX_HALF
        stand = [(x + dx, y + dy, z) for dx in (-half, half) for dy in (-half, half) for z in (0.0, _STAND)]
        glass = [(x + dx, y + dy, z) for dx in (-half, half) for dy in (-half, half) for z in (_STAND, _BOX_TOP)]
        return self._screen(y - half, [_hull3(self._lens, stand)], 1.0), self._screen(y - half, [_hull3(self._lens, glass)], 0.6)

    def _box_screens(self, canvas: Picture) -> list[tuple[float, _Screen]]:
        """Return the box as it is now in `canvas`, to be laid over whoever is behind it."""
        screens = []
        for screen in self._box_masks:
            rows, columns = screen.mask.shape
            still = canvas[screen.top : screen.top + rows, screen.left : screen.left + columns].copy()
            screens.append((screen.y, _Screen(screen.y, screen.left, screen.top, screen.mask, still, screen.weight)))
        return screens

    def _screen(self, y: float, shapes: Sequence[Any], weight: float, hole: Sequence[Point] | None = None) -> _Screen:
        mask = np.zeros((self.height, self.width), np.uint8)
        for shape in shapes:
            points = shape if isinstance(shape, np.ndarray) else np.array([self._lens.see(*corner) for corner in shape])
            cv2.fillPoly(mask, [np.round(points * (1 << _SHIFT)).astype(np.int32)], 255, shift=_SHIFT)
        if hole is not None:
            cv2.fillPoly(
                mask, [np.round(np.array([self._lens.see(*corner) for corner in hole]) * (1 << _SHIFT)).astype(np.int32)], 0, shift=_SHIFT
            )
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            return _Screen(y, 0, 0, mask[:1, :1], self._room[:1, :1], weight)
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        return _Screen(
            y,
            left,
            top,
            np.ascontiguousarray(mask[top:bottom, left:right]),
            np.ascontiguousarray(self._room[top:bottom, left:right]),
            weight,
        )


# ---- people ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Hands:
    """Whether the right hand holds paper, and where it reaches (None: it hangs or swings)."""

    paper: bool
    reach: Point | None


@dataclass(frozen=True, slots=True)
class _Pose:
    look: _Look
    x: float
    y: float
    fx: float
    fy: float
    way: float
    walks: bool
    hands: _Hands
    dz: float
    """Metres by which a seated person is lower; below zero means no legs are drawn."""
    idle: float
    feet_only: bool = False
    """Behind a curtain: what is above the knees is not drawn at all."""


def _curtained(visit: Visit, second: float) -> bool:
    """Say whether the curtain is closed and hides him."""
    return visit.enters_booth + 1.0 < second < visit.quits_booth - 1.0


def _arm_swing(visit: Visit, t: float) -> float:
    """Return a slow sway, different for each, so that people who wait are not statues."""
    return sin(t * (0.8 + (visit.look % 7) * 0.09) + visit.look % 13)


def _hands(visit: Visit, second: float) -> _Hands:
    # Behind the curtain the ballot is nobody's to see: not a corner of it may stick out beside the booth.
    paper = visit.holds_paper(second) and not visit.enters_booth <= second < visit.quits_booth
    since = second - visit.at_box
    x, y = BOX
    if 0.2 < since < DROP_AT + 1.1:
        share = min(1.0, (since - 0.2) / 0.8, (DROP_AT + 1.1 - since) / 0.7)
        start = (x + 0.42, y - 0.12, 1.0)
        slot = (x + 0.06, y - 0.1, _BOX_TOP + 0.1 - (0.06 if since > DROP_AT - 0.4 else 0.0))
        return _Hands(
            paper,
            (start[0] + (slot[0] - start[0]) * share, start[1] + (slot[1] - start[1]) * share, start[2] + (slot[2] - start[2]) * share),
        )
    if paper and visit.leaves_table - HANDED <= second < visit.leaves_table - HANDED + 0.8:
        sx, _ = TABLE_SPOTS[visit.spot]
        return _Hands(True, (sx + 0.14, 8.15, 1.0))
    return _Hands(paper, None)


def _dark(colour: Colour, share: float) -> Colour:
    return int(colour[0] * share), int(colour[1] * share), int(colour[2] * share)


def _fill(canvas: Picture, lens: _Lens, corners: Sequence[Point], colour: Colour) -> None:
    see = lens.see
    points = np.array([see(*corner) for corner in corners])
    cv2.fillConvexPoly(canvas, np.round(points * (1 << _SHIFT)).astype(np.int32), colour, cv2.LINE_AA, _SHIFT)


def _draw_person(canvas: Picture, lens: _Lens, pose: _Pose) -> None:
    """Draw one person as flat shapes that turn towards where he looks. `canvas` has three channels, or a fourth that tells how much of a pixel he covers."""
    look, x, y, dz = pose.look, pose.x, pose.y, pose.dz
    tall = look.tall
    unit = float(1 << _SHIFT)
    scale = lens.scale(y)
    fx, fy = pose.fx, pose.fy
    front = -fy
    wide = (0.135 + 0.085 * abs(front)) * look.build
    step = sin(pi * pose.way / 0.68) if pose.walks else 0.0
    bob = dz + (0.018 * (1.0 - abs(step)) if pose.walks else 0.006 * pose.idle)
    if not pose.walks:
        x += 0.012 * pose.idle

    # The same as `lens.see`, in sixteenths of a pixel: called some forty times a person, so it is spelt out.
    wide_f, high_f, half_x, half_y, lens_c, lens_s = lens.in_units(unit)

    def at(dx: float, dy: float, z: float) -> tuple[int, int]:
        drop, far = _CAMERA_HEIGHT - z, y + dy
        depth = far * lens_c + drop * lens_s
        return int(half_x + wide_f * (x + dx) / depth), int(half_y + high_f * (drop * lens_c - far * lens_s) / depth)

    def shape(corners: list[tuple[float, float]], colour: Colour) -> None:
        cv2.fillConvexPoly(canvas, np.array([at(dx, 0.0, z) for dx, z in corners], np.int32), (*colour, 255), cv2.LINE_AA, _SHIFT)

    def limb(a: tuple[int, int], b: tuple[int, int], thick: float, colour: Colour) -> None:
        cv2.line(canvas, a, b, (*colour, 255), max(1, round(thick * scale)), cv2.LINE_AA, _SHIFT)

    fine = scale * unit

    def oval(dx: float, dy: float, z: float, rx: float, rz: float, colour: Colour) -> None:
        wide, high = int(rx * fine + 0.5), int(rz * fine + 0.5)
        cv2.ellipse(canvas, at(dx, dy, z), (max(8, wide), max(8, high)), 0, 0, 360, (*colour, 255), -1, cv2.LINE_AA, _SHIFT)

    # Legs: the farther one first.
    if dz == 0.0:
        apart = 0.085 * look.build
        legs = []
        for side in (-1.0, 1.0):
            swing = 0.27 * step * side
            lift = 0.07 * max(0.0, cos(pi * pose.way / 0.68) * side) if pose.walks else 0.0
            legs.append((fx * swing - fy * apart * side, fy * swing + fx * apart * side, lift, side))
        for dx, dy, lift, side in sorted(legs, key=lambda leg: -leg[1]):
            hip = at(-fy * apart * side * 0.9, fx * apart * side * 0.9, 0.5 * tall)
            foot = at(dx, dy, 0.09 + lift)
            limb(hip, foot, 0.13 * look.build, look.legs if side > 0 else _dark(look.legs, 0.82))
            oval(dx + fx * 0.05, dy + fy * 0.05, 0.05 + lift, 0.06 + 0.05 * abs(fx), 0.05, look.shoes)

    if pose.feet_only:
        return
    shoulder = 0.80 * tall + bob
    hem = look.hem * tall + (bob if dz == 0.0 else dz)
    sleeve = _dark(look.coat, 0.86)

    def arm(side: float, reach: Point | None) -> tuple[float, float, float]:
        sx, sy = -fy * wide * 0.95 * side, fx * wide * 0.95 * side
        if reach is None:
            swing = -0.22 * step * side
            hx, hy, hz = sx * 1.1 + fx * swing, sy * 1.1 + fy * swing, 0.47 * tall + bob + 0.05 * abs(swing)
            ex, ey, ez = sx * 1.15 + fx * swing * 0.3, sy * 1.15 + fy * swing * 0.3, 0.63 * tall + bob
        else:
            hx, hy, hz = reach
            ex, ey, ez = (sx + hx) / 2 + sx * 0.3, (sy + hy) / 2, min(shoulder, hz) - 0.08
        start, elbow, hand = at(sx, sy, shoulder - 0.03), at(ex, ey, ez), at(hx, hy, hz)
        limb(start, elbow, 0.095 * look.build, sleeve)
        limb(elbow, hand, 0.08 * look.build, sleeve)
        oval(hx, hy, hz - 0.01, 0.042, 0.045, look.skin)
        return hx, hy, hz

    reach: Point | None = None
    if pose.hands.reach is not None:
        reach = (pose.hands.reach[0] - x, pose.hands.reach[1] - y, pose.hands.reach[2])
    elif pose.hands.paper:
        reach = (fx * 0.30 - fy * wide * 0.55, fy * 0.30 + fx * wide * 0.55, 0.64 * tall + bob)
    # The right hand is nearer to the camera than the body when it is in front of it.
    right_near = (reach[1] if reach else fx * wide) < 0.0

    def right_arm() -> None:
        hx, hy, hz = arm(1.0, reach)
        if pose.hands.paper:
            px = 0.085 + 0.02 * abs(front)
            corners = [(hx - px, hz - 0.02), (hx + px, hz + 0.015), (hx + px, hz + 0.225), (hx - px, hz + 0.19)]
            points = np.array([at(dx, hy, z) for dx, z in corners], np.int32)
            cv2.fillConvexPoly(canvas, points, (240, 243, 244, 255), cv2.LINE_AA, _SHIFT)
            if scale > 70:
                for row in (0.07, 0.12, 0.17):
                    cv2.line(
                        canvas,
                        at(hx - px * 0.6, hy, hz + row),
                        at(hx + px * 0.5, hy, hz + row + 0.012),
                        (170, 160, 150, 255),
                        1,
                        cv2.LINE_AA,
                        _SHIFT,
                    )

    if not right_near:
        right_arm()
    if -fx * wide >= 0.0:
        arm(-1.0, None)
    # Body: a rounded coat with a shaded side.
    flare = 1.22 if look.skirt else 1.04
    body = [
        (-0.055, 0.865 * tall + bob), (0.055, 0.865 * tall + bob), (wide * 0.86, shoulder + 0.03), (wide * 1.04, shoulder - 0.05),
        (wide * 0.9, 0.6 * tall + bob), (wide * flare, hem), (-wide * flare, hem), (-wide * 0.9, 0.6 * tall + bob),
        (-wide * 1.04, shoulder - 0.05), (-wide * 0.86, shoulder + 0.03),
    ]  # fmt: skip
    cv2.fillPoly(canvas, [np.array([at(dx, 0.0, z) for dx, z in body], np.int32)], (*look.coat, 255), cv2.LINE_AA, _SHIFT)
    shade = [
        (wide * 0.35, shoulder + 0.05),
        (wide * 1.0, shoulder - 0.05),
        (wide * 0.88, 0.6 * tall + bob),
        (wide * flare * 0.98, hem + 0.01),
        (wide * 0.4, hem + 0.01),
    ]
    cv2.fillPoly(canvas, [np.array([at(dx, 0.0, z) for dx, z in shade], np.int32)], (*_dark(look.coat, 0.86), 255), cv2.LINE_AA, _SHIFT)
    if front > 0.35 and scale > 60:
        limb(at(fx * 0.05, 0.0, 0.84 * tall + bob), at(fx * 0.05, 0.0, hem + 0.04), 0.012, _dark(look.coat, 0.7))
        shape(
            [(-0.05 + fx * 0.04, 0.87 * tall + bob), (0.05 + fx * 0.04, 0.87 * tall + bob), (fx * 0.04, 0.79 * tall + bob)], (226, 226, 226)
        )
    if -fx * wide < 0.0:
        arm(-1.0, None)
    if right_near:
        right_arm()
    _draw_head(oval, shape, look, tall + bob, fx, front, scale)


def _draw_head(oval: Any, shape: Any, look: _Look, tall: float, fx: float, front: float, scale: float) -> None:
    z = tall - 0.12
    rx, rz = 0.086 + 0.012 * abs(fx), 0.118
    shape([(-0.042, z - 0.06), (0.042, z - 0.06), (0.05, z - 0.16), (-0.05, z - 0.16)], _dark(look.skin, 0.88))
    turned = fx * 0.032
    if look.head == "scarf":
        shape([(-0.06, z), (0.06, z), (0.135, z - 0.2), (-0.135, z - 0.2)], _dark(look.cover, 0.9))
        oval(0.0, 0.0, z, rx + 0.022, rz + 0.018, look.cover)
        if front > -0.45:
            oval(turned * 1.2, 0.0, z - 0.012, (rx - 0.022) * min(1.0, 0.75 + 0.3 * max(0.0, front)), rz - 0.03, look.skin)
    else:
        if look.head == "long":
            shape([(-rx, z + 0.02), (rx, z + 0.02), (rx * 1.12 - turned, z - 0.19), (-rx * 1.12 - turned, z - 0.19)], _dark(look.hair, 0.9))
        bald = look.head == "bald"
        oval(-turned * 0.5, 0.0, z + 0.006, rx + 0.006, rz + 0.006, look.skin if bald else look.hair)
        if front > -0.45:
            oval(turned, 0.0, z - (0.0 if bald else 0.026), rx * (0.93 if front > 0.5 else 0.8), rz - 0.018, look.skin)
        if look.head == "cap":
            cap = [
                (-rx * 1.05, z + 0.035),
                (rx * 1.05, z + 0.035),
                (rx * 0.95, z + 0.1),
                (rx * 0.5, z + 0.145),
                (-rx * 0.5, z + 0.145),
                (-rx * 0.95, z + 0.1),
            ]
            shape(cap, look.cover)
            if front > -0.45:
                oval(turned * 2.6, 0.0, z + 0.04, rx * 0.85, 0.018, _dark(look.cover, 0.7))
        elif look.head == "takiya":
            shape([(-rx * 0.98, z + 0.05), (rx * 0.98, z + 0.05), (rx * 0.86, z + 0.15), (-rx * 0.86, z + 0.15)], (90, 66, 40))
            shape([(-rx * 0.98, z + 0.05), (rx * 0.98, z + 0.05), (rx * 0.97, z + 0.075), (-rx * 0.97, z + 0.075)], (96, 176, 216))
    if front > -0.2 and scale > 55:
        if abs(fx) > 0.8:
            # In profile there is one eye, and a nose.
            sign = 1.0 if fx > 0 else -1.0
            oval(sign * 0.068, 0.0, z + 0.008, 0.009, 0.012, (44, 40, 44))
            oval(sign * 0.106, 0.0, z - 0.024, 0.018, 0.016, look.skin)
            oval(sign * 0.074, 0.0, z - 0.064, 0.016, 0.007, (96, 92, 150))
        else:
            spread = 0.034 * min(1.0, 0.45 + max(0.0, front))
            for side in (-1.0, 1.0):
                oval(turned * 1.3 + spread * side, 0.0, z + 0.008, 0.0095, 0.012, (44, 40, 44))
            oval(turned * 1.3, 0.0, z - 0.062, 0.024, 0.008, (96, 92, 150))


# ---- the room --------------------------------------------------------------------------------------------------------------


def _planes(canvas: Picture) -> Picture:
    planes: Picture = np.asarray(cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420), np.uint8)
    return planes


def _soft_spot() -> Picture:
    """Return a round soft shadow: 255 is none."""
    axis = np.linspace(-1.0, 1.0, 48)
    far = np.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2)
    dark = 0.42 * np.clip(1.0 - far, 0.0, 1.0) ** 0.8
    return np.repeat((255 * (1.0 - dark)).astype(np.uint8)[:, :, None], 3, axis=2)


def _noises(seed: int, width: int, height: int) -> list[Picture]:
    """Return patches of sensor noise around 8, from SplitMix64 so that no library's generator decides a byte."""
    count = ceil(width * height / 16)
    patches = []
    for n in range(_NOISES):
        base = (seed * 1_000_003 + n * 7_919 + 17) % (1 << 64)
        state = (np.arange(2 * count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E37_79B9_7F4A_7C15) + np.uint64(base)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
        raw = (state ^ (state >> np.uint64(31))).view(np.uint8)[: width * height].reshape(height, width)
        # The number of set bits in a byte is binomial: mean 4, deviation 1.4. Near enough to a sensor's noise, and exact everywhere.
        patches.append(_BITS[raw] + np.uint8(4))
    return patches


_BITS: Final = np.array([n.bit_count() for n in range(256)], np.uint8)


def _hull3(lens: _Lens, corners: Sequence[Point]) -> npt.NDArray[np.float64]:
    points = np.array([lens.see(*corner) for corner in corners], np.float32)
    return np.asarray(cv2.convexHull(points)[:, 0], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Setting:
    """The drawn room without the box, and at twice the size the part of it in which the box stands; `left` and `top` of that part in pixels of the room."""

    room: Picture
    behind_box: Picture
    left: int
    top: int


def _drawn_room(taste: int, booths: int, mirrored: bool, width: int, height: int) -> _Setting:
    """Draw the empty room once, at twice the size, and shrink it: smooth edges cost nothing afterwards."""
    lens = _Lens(width * 2, height * 2, mirrored)
    canvas: Picture = np.zeros((height * 2, width * 2, 3), np.uint8)
    dice = Dice(taste, 2)
    wall = ((214, 226, 232), (222, 228, 224), (206, 222, 236))[dice.below(3)]
    floor = ((122, 158, 186), (132, 150, 166), (108, 142, 176))[dice.below(3)]
    stripe = ((176, 168, 40), (190, 150, 70), (150, 176, 60))[dice.below(3)]
    cloth = ((150, 96, 40), (70, 110, 60), (60, 50, 130))[dice.below(3)]
    curtain = ((176, 120, 60), (146, 150, 60), (110, 96, 170))[dice.below(3)]

    def fill(corners: Sequence[Point], colour: Colour) -> None:
        _fill(canvas, lens, corners, colour)

    def stroke(a: Point, b: Point, colour: Colour, thick: float = 1.0) -> None:
        pa, pb = lens.see(*a), lens.see(*b)
        ends = [(round(p[0] * 16), round(p[1] * 16)) for p in (pa, pb)]
        cv2.line(canvas, ends[0], ends[1], colour, max(1, round(thick * width / 640)), cv2.LINE_AA, _SHIFT)

    def back(x0: float, x1: float, z0: float, z1: float, colour: Colour, y: float = WALL_Y) -> None:
        fill([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], colour)

    def side(x: float, y0: float, y1: float, z0: float, z1: float, colour: Colour) -> None:
        fill([(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)], colour)

    half = _HALF_ROOM
    canvas[:] = (236, 238, 238)
    fill([(-half, _NEAR, 0), (half, _NEAR, 0), (half, WALL_Y, 0), (-half, WALL_Y, 0)], floor)
    for n in range(21):
        stroke((-half + 0.5 * n, _NEAR, 0), (-half + 0.5 * n, WALL_Y, 0), _dark(floor, 0.93))
    for n in range(20):
        for m in range(17):
            y = _NEAR + 0.5 * m + (0.25 if n % 2 else 0.0)
            stroke((-half + 0.5 * n, y, 0), (-half + 0.5 * n + 0.5, y, 0), _dark(floor, 0.94))
    back(-half, half, 0, _WALL_TOP, wall)
    for x in (-half, half):
        side(x, _NEAR, WALL_Y, 0, _WALL_TOP, _dark(wall, 0.93))
        side(x, _NEAR, WALL_Y, 0.85, 1.1, _dark(stripe, 0.95))
        side(x, _NEAR, WALL_Y, 0, 0.12, _dark(floor, 0.7))
        stroke((x, WALL_Y, 0), (x, WALL_Y, _WALL_TOP), _dark(wall, 0.82))
    back(-half, half, 0.85, 1.1, stripe)
    back(-half, half, 0, 0.12, _dark(floor, 0.72))
    # Windows in the wall on the left and the light they throw on the floor.
    for y in (5.0, 7.2):
        side(-half, y, y + 1.5, 1.25, 2.75, (236, 240, 240))
        side(-half, y + 0.07, y + 1.43, 1.32, 2.68, (250, 244, 226))
        stroke((-half, y + 0.75, 1.32), (-half, y + 0.75, 2.68), (228, 232, 232), 3)
        stroke((-half, y, 2.1), (-half, y + 1.5, 2.1), (228, 232, 232), 3)
    # Door: an opening with a corridor behind it.
    back(DOOR_X - 0.65, DOOR_X + 0.65, 0, 2.2, (96, 122, 150))
    back(DOOR_X - 0.55, DOOR_X + 0.55, 0, 2.1, (150, 164, 172))
    fill(
        [(DOOR_X - 0.55, WALL_Y, 0), (DOOR_X + 0.55, WALL_Y, 0), (DOOR_X + 0.55, WALL_Y, 0.42), (DOOR_X - 0.55, WALL_Y, 0.3)],
        _dark(floor, 0.8),
    )
    back(DOOR_X - 0.32, DOOR_X + 0.32, 2.3, 2.5, (96, 150, 60))
    # Posters, a flag-blue board with a sun, and the board for the liveness code.
    back(-2.75, -1.85, 1.3, 2.5, (244, 244, 240))
    back(-2.7, -1.9, 2.2, 2.45, stripe)
    for n in range(5):
        back(-2.62, -2.2 + 0.12 * (n % 3), 1.42 + 0.14 * n, 1.48 + 0.14 * n, (168, 160, 150))
        back(-2.05, -1.97, 1.42 + 0.14 * n, 1.5 + 0.14 * n, (120, 110, 104))
    back(-1.35, -0.2, 1.7, 2.4, (196, 166, 30))
    sun = lens.see(-0.78, WALL_Y, 2.1)
    cv2.ellipse(
        canvas,
        (round(sun[0] * 16), round(sun[1] * 16)),
        (round(0.17 * lens.scale(WALL_Y) * 16),) * 2,
        0,
        0,
        360,
        (60, 214, 250),
        -1,
        cv2.LINE_AA,
        _SHIFT,
    )
    back(-1.05, -0.5, 1.8, 1.84, (60, 214, 250))
    back(0.05, 0.65, 1.95, 2.4, (70, 70, 70))
    back(0.09, 0.61, 1.99, 2.36, (226, 228, 228))
    _rope(stroke)
    _booths(fill, back, stroke, booth_places(booths), curtain)
    _table(fill, _TABLE, cloth, stroke)
    for px in _LISTS:
        top = _TABLE[4]
        fill([(px - 0.22, 8.4, top), (px + 0.22, 8.4, top), (px + 0.22, 8.7, top), (px - 0.22, 8.7, top)], (232, 236, 238))
        stroke((px, 8.4, top), (px, 8.7, top), (150, 150, 150))
    fill([(0.36, 8.35, _TABLE[4]), (0.58, 8.35, _TABLE[4]), (0.58, 8.6, _TABLE[4] + 0.1), (0.36, 8.6, _TABLE[4] + 0.1)], (244, 246, 246))
    _table(fill, _COUNTING, _dark(cloth, 0.9), stroke)
    for a, b in (((-0.5, 4.1), (0.5, 4.1)), ((0.5, 4.1), (0.5, 4.8)), ((0.5, 4.8), (-0.5, 4.8)), ((-0.5, 4.8), (-0.5, 4.1))):
        stroke((*a, 0.0), (*b, 0.0), (90, 200, 226), 5)
    canvas = _lit(canvas, lens, width, height)
    x, y = BOX
    half = _BOX_HALF
    corners = _hull3(lens, [(x + dx, y + dy, z) for dx in (-half, half) for dy in (-half, half) for z in (0.0, _BOX_TOP)]) / 2
    left, top = (max(0, int(corners[:, axis].min()) - 3) for axis in (0, 1))
    right, bottom = min(width, int(corners[:, 0].max()) + 4), min(height, int(corners[:, 1].max()) + 4)
    behind = canvas[2 * top : 2 * bottom, 2 * left : 2 * right].copy()
    return _Setting(np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8), behind, left, top)


def _rope(stroke: Any) -> None:
    """A belt on posts along the line, on the side of the room."""
    posts = [(-3.45, 7.55), (-3.45, 8.75), (-2.35, 7.45), (-1.55, 7.45)]
    for x, y in posts:
        stroke((x, y, 0.0), (x, y, 0.95), (120, 120, 124), 4)
        stroke((x - 0.1, y, 0.01), (x + 0.1, y, 0.01), (110, 110, 114), 5)
    for a, b in ((1, 0), (0, 2), (2, 3)):
        stroke((*posts[a], 0.88), (*posts[b], 0.88), (70, 60, 150), 4)


def _booths(fill: Any, back: Any, stroke: Any, places: tuple[float, ...], curtain: Colour) -> None:
    frame = (150, 160, 166)
    for x in sorted(places, key=lambda px: -abs(px)):
        half, top, near = _BOOTH_HALF, _BOOTH_TOP, BOOTH_FRONT
        fill([(x - half, near, 0), (x - half, WALL_Y, 0), (x - half, WALL_Y, top), (x - half, near, top)], _dark(frame, 0.8))
        back(x - half, x + half, 0, top, (92, 96, 100), near)
        fill([(x - half, near, 0), (x + half, near, 0), (x + half, WALL_Y, 0), (x - half, WALL_Y, 0)], (96, 112, 126))
        back(x - half, x - half + 0.08, 0, top, frame, near)
        back(x + half - 0.08, x + half, 0, top, frame, near)
        back(x - half, x + half, _CURTAIN[1], top, frame, near)
        fill([(x - half, near, top), (x + half, near, top), (x + half, WALL_Y, top), (x - half, WALL_Y, top)], _dark(frame, 1.15))
        low, high = _CURTAIN
        folds = 9
        span = (2 * half - 0.16) / folds
        for n in range(folds):
            left = x - half + 0.08 + n * span
            back(left, left + span, low + 0.012 * (n % 2), high, _dark(curtain, (1.0, 0.86, 0.94)[n % 3]), near)
        stroke((x - half, near, high), (x + half, near, high), (90, 90, 94), 3)
        back(x - 0.09, x + 0.09, top - 0.13, top - 0.02, (246, 246, 246), near)


def _table(fill: Any, table: tuple[float, float, float, float, float], cloth: Colour, stroke: Any) -> None:
    left, right, near, far, top = table
    fill([(left, near, 0.04), (right, near, 0.04), (right, near, top), (left, near, top)], _dark(cloth, 0.86))
    for n in range(1, 12):
        x = left + (right - left) * n / 12
        stroke((x, near, 0.06), (x, near, top - 0.03), _dark(cloth, 0.78), 2)
    fill([(left, near, top), (right, near, top), (right, far, top), (left, far, top)], cloth)
    stroke((left, near, top), (right, near, top), _dark(cloth, 1.2), 2)


def _lit(canvas: Picture, lens: _Lens, width: int, height: int) -> Picture:
    """Lay light over the drawn room: windows on the floor, corners darker, a soft fall-off from the lens."""
    small = (width // 2, height // 2)
    light = np.ones((small[1], small[0]), np.float32)
    patch = np.zeros_like(light)
    for y in (4.4, 6.6):
        corners = [(-4.3, y, 0.0), (-2.5, y - 0.7, 0.0), (-2.5, y + 0.7, 0.0), (-4.3, y + 1.3, 0.0)]
        points = np.array([lens.see(*corner) for corner in corners]) / 4.0
        cv2.fillPoly(patch, [np.round(points).astype(np.int32)], 1.0)
    light += 0.15 * cv2.GaussianBlur(patch, (0, 0), width / 150)
    shade = np.zeros_like(light)
    for a, b in (
        ((-_HALF_ROOM, WALL_Y), (_HALF_ROOM, WALL_Y)),
        ((-_HALF_ROOM, WALL_Y), (-_HALF_ROOM, _NEAR)),
        ((_HALF_ROOM, WALL_Y), (_HALF_ROOM, _NEAR)),
    ):
        ends = [np.array(lens.see(*p, 0.0)) / 4.0 for p in (a, b)]
        cv2.line(shade, (int(ends[0][0]), int(ends[0][1])), (int(ends[1][0]), int(ends[1][1])), 1.0, max(2, width // 80))
    for left, right, near, far, _ in (_TABLE, _COUNTING, (BOX[0] - 0.35, BOX[0] + 0.45, BOX[1] - 0.35, BOX[1] + 0.3, 0.0)):
        points = (
            np.array(
                [lens.see(px, py, 0.0) for px, py in ((left, near - 0.2), (right + 0.15, near - 0.2), (right + 0.15, far), (left, far))]
            )
            / 4.0
        )
        cv2.fillPoly(shade, [np.round(points).astype(np.int32)], 0.9)
    light -= 0.2 * cv2.GaussianBlur(shade, (0, 0), width / 100)
    v, u = np.linspace(-1, 1, small[1], dtype=np.float32)[:, None], np.linspace(-1, 1, small[0], dtype=np.float32)[None, :]
    light *= 1.03 - 0.09 * (u * u + v * v) + 0.03 * np.float32(1.0) * -v
    full = cv2.resize(light, (canvas.shape[1], canvas.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(canvas.astype(np.float32) * full[:, :, None], 0, 255), np.uint8)


def _heap(ballots: int) -> int:
    """Return how many layers of paper are seen in the box after so many ballots: 26 from the morning on, more and more slowly afterwards."""
    return 26 + floor(_HEAP * (1.0 - exp(-ballots * _BALLOT / _HEAP)) / _LAYER)


_LAYER: Final = 0.005
"""Metres between two layers of paper."""


def _box(canvas: Picture, lens: _Lens, layers: int, wide: int) -> None:
    """The transparent box on its stand, with the ballots that are in it. `wide` is the width of the whole picture."""
    x, y = BOX
    half = _BOX_HALF

    def fill(corners: Sequence[Point], colour: Colour) -> None:
        _fill(canvas, lens, corners, colour)

    fill([(x - half, y - half, 0), (x + half, y - half, 0), (x + half, y - half, _STAND), (x - half, y - half, _STAND)], (120, 128, 136))
    for sign in (-1, 1):
        fill(
            [
                (x + sign * half, y - half, 0),
                (x + sign * half, y + half, 0),
                (x + sign * half, y + half, _STAND),
                (x + sign * half, y - half, _STAND),
            ],
            (104, 112, 120),
        )
    before = canvas.copy()
    for sign in (-1, 1):
        fill(
            [
                (x + sign * half, y - half, _STAND),
                (x + sign * half, y + half, _STAND),
                (x + sign * half, y + half, _BOX_TOP),
                (x + sign * half, y - half, _BOX_TOP),
            ],
            (222, 214, 196),
        )
    fill(
        [(x - half, y - half, _STAND), (x + half, y - half, _STAND), (x + half, y - half, _BOX_TOP), (x - half, y - half, _BOX_TOP)],
        (236, 230, 216),
    )
    cv2.addWeighted(canvas, 0.45, before, 0.55, 0.0, dst=canvas)
    dice = Dice(77)
    for n in range(layers):
        px, pz, lean = x + dice.between(-0.2, 0.16), _STAND + 0.015 + _LAYER * n, dice.between(-0.03, 0.03)
        pz = min(pz, _BOX_TOP - 0.08)
        shade = 206 + dice.below(44)
        fill(
            [
                (px - 0.07, y - half, pz),
                (px + 0.08, y - half, pz + lean),
                (px + 0.08, y - half, pz + 0.035 + lean),
                (px - 0.07, y - half, pz + 0.035),
            ],
            (shade, shade, shade),
        )
    top = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    fill([(px, py, _BOX_TOP) for px, py in top], (206, 186, 130))
    fill(
        [(x - 0.13, y - 0.11, _BOX_TOP), (x + 0.13, y - 0.11, _BOX_TOP), (x + 0.13, y - 0.07, _BOX_TOP), (x - 0.13, y - 0.07, _BOX_TOP)],
        (50, 46, 44),
    )
    edges = [((px, py, _BOX_TOP), (qx, qy, _BOX_TOP)) for (px, py), (qx, qy) in zip(top, top[1:] + top[:1], strict=True)]
    edges += [((px, py, _STAND), (px, py, _BOX_TOP)) for px, py in top[:2]] + [((*top[0], _STAND), (*top[1], _STAND))]
    for a, b in edges:
        ends = [(round(p[0] * 16), round(p[1] * 16)) for p in (lens.see(*a), lens.see(*b))]
        cv2.line(canvas, ends[0], ends[1], (170, 150, 100), max(1, wide // 900), cv2.LINE_AA, _SHIFT)
    seal = lens.see(x + 0.16, y - half, _BOX_TOP - 0.07)
    cv2.ellipse(
        canvas,
        (round(seal[0] * 16), round(seal[1] * 16)),
        (round(0.035 * lens.scale(y) * 16),) * 2,
        0,
        0,
        360,
        (60, 50, 190),
        -1,
        cv2.LINE_AA,
        _SHIFT,
    )
