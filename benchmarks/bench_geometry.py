# SPDX-License-Identifier: Apache-2.0
"""Is a camera that was touched noticed, how soon, and what does looking cost? Real films, a rendered one and a drawn room, told apart.

The room is learned from every other picture, the others are looked at. A disturbance is made by warping, blurring or covering them. Times are media
time at the film's own rate; cost is processor time of one thread.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import av
import cv2
import numpy as np

from benchmarks import Row, data, judged
from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.geometry import Geometry
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference
from kua.sight.room import learn_room

PICTURES: Final = 360
Change = Callable[[Any], Any]


def warped(x: float = 0.0, y: float = 0.0, turn: float = 0.0, zoom: float = 1.0) -> Change:
    """Return what a camera shows that was shifted by pixels, turned by degrees or zoomed by a factor."""

    def change(luma: Any) -> Any:
        height, width = luma.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
        matrix[:, 2] += (x, y)
        return cv2.warpAffine(luma, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    return change


SMALL: Final[Mapping[str, Change]] = {
    "shift of 4 px": warped(4), "shift of 3, 3 px": warped(-3, 3), "shift of 18 px": warped(0, 18), "turn of 0.5 degrees": warped(turn=0.5),
    "zoom of 1 %": warped(zoom=1.01), "blur of 2 px": lambda luma: cv2.GaussianBlur(luma, (0, 0), 2),
}  # fmt: skip
LARGE: Final[Mapping[str, Change]] = {
    "shift of 60 px": warped(60, 10), "turn of 5 degrees": warped(turn=5), "zoom of 20 %": warped(zoom=1.2), "covered, dark": lambda luma: np.full_like(luma, 25),
    "covered, bright": lambda luma: np.full_like(luma, 235), "another scene": lambda luma: np.ascontiguousarray(luma[::-1, ::-1]),
}  # fmt: skip


def run() -> list[Row]:
    """Measure every film."""
    rows = []
    for name, reference, lumas, every in films():
        rows += _film(name, reference, lumas, every)
    return rows


def films() -> Iterator[tuple[str, Reference, list[Any], int]]:
    """Give name, room, brightness planes and milliseconds between pictures."""
    room = PaintedRoom(5, 1280, 720)
    quiet = [RawFrame(Instant(1_700 * n), 1280, 720, room.quiet(1_700 * n)) for n in range(12)]
    yield "drawn room, 720p", learn_room(quiet), [room.picture(600_000 + 100 * n)[:720] for n in range(120)], 100
    for name, clip in (
        ("real, vtest", "vtest.avi"),
        ("real, one-by-one", "one-by-one.0-724.mp4"),
        ("rendered, sim2_side", "sim2_side.mp4"),
    ):
        with av.open(str(data("clips", clip))) as container:
            rate = min(30.0, float(container.streams.video[0].average_rate or 10))  # one clip states a rate of its time base
            yuvs = [
                np.ascontiguousarray(f.to_ndarray(format="yuv420p"))
                for _, f in zip(range(2 * PICTURES), container.decode(video=0), strict=False)
            ]
        height, width = yuvs[0].shape[0] * 2 // 3, yuvs[0].shape[1]
        learned = learn_room([RawFrame(Instant(n * 100), width, height, yuv) for n, yuv in enumerate(yuvs[::2])], from_people=True)
        yield name, learned, [yuv[:height] for yuv in yuvs[1::2]], round(2_000 / rate)


def _film(name: str, room: Reference, lumas: list[Any], every: int) -> list[Row]:
    started = time.process_time()
    geometry = Geometry(room, room.known)
    setting_up = time.process_time() - started
    started = time.process_time()
    verdicts = [geometry.see(Instant(every * number), luma).kind for number, luma in enumerate(lumas)]
    cost = (time.process_time() - started) * 1000 / len(lumas)
    rows = [
        judged(f"{name}: false verdicts in {len(lumas)} pictures", float(sum(kind is not None for kind in verdicts)), "", 0, "less"),
        judged(f"{name}: cost of a picture", cost, "ms", 1.0, "less") if every <= 100 else Row(f"{name}: cost of a look", cost, "ms"),
        Row(f"{name}: cost of a start", setting_up * 1000, "ms"),
    ]
    for what, change in SMALL.items():
        taken = [_noticed(room, lumas, every, first, change) for first in range(0, len(lumas) - 60, max(1, len(lumas) // 10))]
        rows.append(judged(f"{name}: {what}, noticed after", float(max(taken)), "ms", 1_400, "less"))
    for what, change in LARGE.items():
        filled = [_filled(room, lumas, every, first, change) for first in range(0, len(lumas) - 20, max(1, len(lumas) // 5))]
        rows.append(judged(f"{name}: {what}, pictures before the whole one is filled", float(max(filled)), "", 1, "less"))
    rows.append(judged(f"{name}: drift of 1 px/s, noticed at", _drift(room, lumas, every), "px", 4.0, "less"))
    return rows


def _noticed(room: Reference, lumas: list[Any], every: int, first: int, change: Change) -> int:
    """Return after how many milliseconds the verdict comes; 10,000 if it does not."""
    geometry = Geometry(room, room.known)
    for number in range(first, first + 9):
        geometry.see(Instant(every * number), lumas[number])
    for number in range(first + 9, min(len(lumas), first + 60)):
        if geometry.see(Instant(every * number), change(lumas[number])).kind is not None:
            return every * (number - first - 9)
    return 10_000


def _filled(room: Reference, lumas: list[Any], every: int, first: int, change: Change) -> int:
    """Return how many pictures of another scene the hider shows in part before it fills one as a whole, those held back aside."""
    hider, colour = Hider(None, room, DEFAULT, "voting"), room.yuv[room.height :]
    for number in range(first, first + 20):
        luma = lumas[number] if number < first + 9 else change(lumas[number])
        safe = hider.step(RawFrame(Instant(every * number), room.width, room.height, np.vstack([luma, colour])))
        if number >= first + 9 and safe.reason is not None:
            return number - first - 9
    return 99


def _drift(room: Reference, lumas: list[Any], every: int) -> float:
    geometry = Geometry(room, room.known)
    for number in range(len(lumas)):
        by = every * number / 1000
        if geometry.see(Instant(every * number), warped(by)(lumas[number])).kind is not None:
            return by
    return 99.0
