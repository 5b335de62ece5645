# SPDX-License-Identifier: Apache-2.0
"""A drawn counting table, presentation spot and code board, with people, ballots and a box: pictures for the treatments of the hiding table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from kua.core.instant import Instant
from kua.core.nouns import camera_id, election_id, station_id
from kua.law.hiding import DEFAULT, Table, table_digest
from kua.sight.boxes import Box
from kua.sight.calibration import Calibration, calibrated
from kua.sight.code import CodeGate
from kua.sight.grid import Plane
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference
from kua.sight.room import learn_room
from kua.sight.safe import SafeFrame
from kua.sight.zones import Polygon

WIDTH, HEIGHT, HEAD = 640, 384, 40
Colour = tuple[int, int, int]
SKIN, HAIR, SHIRT, PAPER, INK = (165, 112, 150), (40, 128, 128), (80, 140, 120), (228, 128, 128), (40, 128, 128)
AREAS = {"count": (320, 208, 600, 344), "show": (24, 208, 264, 344), "code": (448, 16, 576, 144), "list": (280, 352, 312, 376)}
"""Zones as left, top, right, bottom in pixels."""


def paint(yuv: Plane, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
    """Draw a rectangle with even corners."""
    yuv[top:bottom, left:right] = colour[0]
    small = yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    for plane, value in zip(small, colour[1:], strict=True):
        plane[top // 2 : bottom // 2, left // 2 : right // 2] = value


def empty_room() -> Plane:
    """Return the room with nobody in it."""
    yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
    yuv[:HEIGHT] = 130
    for left in range(0, WIDTH, 64):
        paint(yuv, left, 0, left + 4, HEIGHT, (110, 128, 128))
    paint(yuv, 320, 208, 600, 344, (100, 118, 138))
    paint(yuv, 24, 224, 264, 344, (90, 126, 130))
    return yuv


@dataclass
class Scene:
    """A picture that is being drawn, with the boxes that a perfect detector would give."""

    yuv: Plane = field(default_factory=empty_room)
    boxes: list[Box] = field(default_factory=list)

    def person(self, x: int, top: int, tall: int = 140, shirt: Colour = SHIRT) -> tuple[int, int, int, int]:
        """Draw somebody from the top of the head down; return the head as left, top, right, bottom."""
        paint(self.yuv, x - 28, top + HEAD, x + 28, top + tall, shirt)
        head = (x - 14, top, x + 14, top + HEAD)
        paint(self.yuv, *head, SKIN)
        paint(self.yuv, x - 14, top, x + 14, top + 10, HAIR)
        self.boxes.append(Box(x - 28, top, x + 28, top + tall, 0.9, "person"))
        return head

    def ballot(self, x: int, y: int, row: int, shade: int = 0) -> None:
        """Draw a ballot of 24x32 pixels with one of four rows marked by a mark of 4x4 pixels (2 cm)."""
        paint(self.yuv, x, y, x + 24, y + 32, (PAPER[0] - shade, 128, 128))
        paint(self.yuv, x + 14, y + 6 + 6 * row, x + 18, y + 10 + 6 * row, INK)


@cache
def room() -> Reference:
    """Learn the room, with the noise of a sensor."""
    return learn_room([picture(empty_room(), 500 * number, number) for number in range(8)])


def picture(yuv: Plane, at: int, seed: int = 0) -> RawFrame:
    """Return a picture with noise of its own."""
    noise = np.random.default_rng(seed).normal(0, 1.5, yuv.shape)
    return RawFrame(Instant(at), WIDTH, HEIGHT, np.clip(np.rint(yuv + noise), 0, 255).astype(np.uint8))


def shape(left: int, top: int, right: int, bottom: int) -> Polygon:
    """Return a rectangle as a polygon of a zone."""
    return tuple((x / WIDTH, y / HEIGHT) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)))


def calibration() -> Calibration:
    """Return the unsigned calibration of this room."""
    return calibrated(
        room(), election=election_id("kz-2026-test"), station=station_id("10-245"), camera=camera_id("a"), made_at=Instant(0),
        policy=table_digest(DEFAULT), zones={zone: (shape(*area),) for zone, area in AREAS.items()}, heads=((0.0, HEAD), (1.0, HEAD)),
    )  # fmt: skip


def sent(
    phase: str,
    scene: Scene,
    *,
    models: bool = True,
    table: Table = DEFAULT,
    codes: CodeGate | None = None,
    pictures: int = 20,
    found: Sequence[Box] | None = None,
) -> tuple[SafeFrame, RawFrame]:
    """Show the empty room and then `scene` for two seconds; return the last picture as it is sent, and as it was.

    `found` are boxes in place of the perfect detector's.
    """
    hider = Hider(calibration(), room(), table, phase, codes=codes)
    boxes = scene.boxes if found is None else list(found)
    last = picture(empty_room(), 0)
    for number in range(pictures):
        last = picture(scene.yuv if number >= 4 else empty_room(), 100 * number, 100 + number)
        seen = boxes if number >= 4 else []
        safe = hider.watch(last, lambda _picture, seen=seen: seen, lambda: 0) if models else hider.step(last)
    assert safe.reason is None
    return safe, last


def luma(safe: SafeFrame | RawFrame, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """Return a part of the picture's brightness."""
    return np.asarray(safe.yuv[top:bottom, left:right]).astype(int)
