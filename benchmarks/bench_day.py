# SPDX-License-Identifier: Apache-2.0
"""A drawn day of fourteen hours from dawn to dusk, one picture a second, and five windows at full rate with people in them.

The room is calibrated once, in the morning under lamps. Then daylight rises and falls, its colour changes, a patch of sun wanders over the floor, lamps are
switched off and on, exposure follows late. In the hours nobody is in the room: what is hidden then is hidden for nothing. In the windows heads are counted.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks import Row, judged
from benchmarks.bench_hide import covered
from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.grid import planes_of
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room

SIZE: Final = (320, 180)
HOURS: Final = 14
SEED: Final = 5
WINDOWS: Final = (1.5, 4.0, 7.0, 10.0, 13.0)
"""Hours at which people are in the room for a minute."""
WINDOW: Final = 600
"""Pictures of a window, ten a second."""
_SUN: Final = (3.0, 9.0)
"""Hours between which the sun comes in."""
_LAMPS: Final = (1.0, 12.0)
"""Hours at which lamps are switched off and on."""


@dataclass
class Day:
    """The light of a day, over a room that is drawn. Not for two threads."""

    room: PaintedRoom
    exposure: float = 1.0

    def lit(self, yuv: Any, hour: float) -> Any:
        """Return a picture of the room in the light of that hour, as the camera would expose it."""
        width, height = SIZE
        out = yuv.copy()
        luma, u, v = planes_of(out, width, height)
        day = float(np.sin(np.pi * np.clip((hour + 1) / 16, 0, 1)))
        lamps = 0.0 if _LAMPS[0] <= hour < _LAMPS[1] else 0.35
        across = np.linspace(0.8, 1.2, width, dtype=np.float32)[None, :]  # windows are on the right
        light = 0.35 + 0.75 * day * across + lamps * (2 - across)
        light = np.where(self.patch(hour), light * 1.3, light)
        wanted = 1.0 / float(np.median(light))
        self.exposure += 0.2 * (wanted - self.exposure)
        luma[:] = np.clip((luma.astype(np.float32) - 16) * light * self.exposure + 16, 16, 235).astype(np.uint8)
        warm = 3.0 * (1 - day) - 1.5
        u[:] = np.clip(u.astype(np.float32) - warm, 16, 240).astype(np.uint8)
        v[:] = np.clip(v.astype(np.float32) + warm, 16, 240).astype(np.uint8)
        return out

    def patch(self, hour: float) -> Any:
        """Where the sun falls on the floor."""
        width, height = SIZE
        if not _SUN[0] <= hour < _SUN[1]:
            return np.zeros((1, 1), dtype=np.bool_)
        left = width * (0.15 + 0.6 * (hour - _SUN[0]) / (_SUN[1] - _SUN[0]))
        x, y = np.arange(width)[None, :] + 0.3 * np.arange(height)[:, None] - 0.3 * height * 0.7, np.arange(height)[:, None]
        return (x >= left) & (x < left + width * 0.12) & (y >= height * 0.62) & (y < height * 0.85)


def lived(hours: float, speed: int = 1) -> tuple[list[float], list[float]]:
    """Live `hours` of the day; `speed` leaves out all but each so-many-th second. Return the share hidden in each hour, and how much of each head is
    covered in the windows."""
    room = PaintedRoom(SEED, *SIZE)
    day = Day(room)
    morning = [RawFrame(Instant(500 * n), *SIZE, day.lit(room.quiet(500 * n), 0.0)) for n in range(24)]
    hider = Hider(None, learn_room(morning), DEFAULT, "voting")
    shares: dict[int, list[float]] = {}
    heads: list[float] = []
    windows = [hour for hour in WINDOWS if hour < hours]
    until = 0
    for second in range(0, round(hours * 3600), speed):
        if second < until:
            continue
        at, hour = 60_000 + second * 1000, second / 3600
        safe = hider.step(RawFrame(Instant(at), *SIZE, day.lit(room.quiet(at), hour)))
        if second > 2:
            shares.setdefault(int(hour), []).append(float(safe.hidden.mean()))
        if windows and hour >= windows[0]:
            windows.pop(0)
            until = second + WINDOW // 10 + 1
            heads += _window(day, hider, at, hour)
    return [float(np.mean(part)) for _, part in sorted(shares.items())], heads


def _window(day: Day, hider: Hider, at: int, hour: float) -> list[float]:
    found: list[float] = []
    for number in range(WINDOW):
        story = 600_000 + 100 * number
        moment = at + 1 + 100 * number
        safe = hider.step(RawFrame(Instant(moment), *SIZE, day.lit(day.room.picture(story), hour)))
        boxes = [seen.head for seen in day.room.truth(story).seen if seen.shown]
        shaped = [(x0 * 0.032, y0 * 0.018, (x1 - x0) * 0.032, (y1 - y0) * 0.018) for x0, y0, x1, y1 in boxes]
        found += covered(safe.hidden[None], {0: shaped}, *SIZE, part=1.0)
    return found


def run() -> list[Row]:
    """Measure."""
    shares, heads = lived(HOURS)
    rows = [judged(f"drawn: hour {hour}: hidden where nobody is", share, "share", 0.05, "less") for hour, share in enumerate(shares)]
    shown = sum(share < 0.5 for share in heads)
    rows.append(judged(f"drawn: heads shown in the windows, of {len(heads)}", shown, "heads", 0, "less"))
    rows.append(Row("drawn: heads of which nine tenths are covered", float(np.mean([share >= 0.9 for share in heads])), "share"))
    return rows
