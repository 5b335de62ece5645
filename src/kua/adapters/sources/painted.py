# SPDX-License-Identifier: Apache-2.0
"""`painted:SEED?fps=10&w=1280&h=720&start=MS&codec=h264`: a drawn polling room as a camera that sends real compressed packets. No real person is in it.

`start` is the moment of the story (milliseconds) with which it begins. It keeps real time by a monotonic clock; a drawer that is late skips
pictures, as a camera would, and never lets them pile up.
"""

from collections import deque
from fractions import Fraction
from typing import Any, Final

import av
import av.logging

from kua.adapters.sources.pace import Pace
from kua.adapters.sources.painting import PaintedRoom
from kua.core.errors import Misused
from kua.ports.address import split_query, whole_number
from kua.ports.source import Compressed, Described, Opening

av.logging.set_level(av.logging.PANIC)

_DAY: Final = 86_400_000


class PaintedSource:
    """An open drawing."""

    def __init__(self, seed: int, opening: Opening, *, fps: int, width: int, height: int, start: int, codec: str) -> None:
        self._room = PaintedRoom(seed, width, height)
        self._opening = opening
        self._pace = Pace(opening)
        self._fps, self._start = fps, start
        self._number = 0
        self._began: int | None = None
        self._ready: deque[Compressed] = deque()
        self._context: Any = _encoder(codec, width, height, fps)
        self.described = Described(codec, width, height, 1, 1000, bytes(self._context.extradata or b""))
        """The stream that the drawing is sent as."""

    def read(self) -> Compressed | None:
        """Return the next packet when its time has come. A drawing never ends."""
        while not self._ready:
            self._draw()
        return self._ready.popleft()

    def _draw(self) -> None:
        self._skip_what_is_late()
        media = self._number * 1000 // self._fps
        self._pace.wait_for(media)
        frame = av.VideoFrame.from_ndarray(self._room.picture(self._start + media, 0), format="yuv420p")
        frame.pts, frame.time_base = media, Fraction(1, 1000)
        if self._context.name == "mjpeg":
            frame = frame.reformat(format="yuvj420p")
        self._ready.extend(
            Compressed(int(packet.pts), bool(packet.is_keyframe), None, bytes(packet))
            for packet in self._context.encode(frame)
            if packet.pts is not None
        )
        self._number += 1

    def _skip_what_is_late(self) -> None:
        now = self._opening.clock.monotonic()
        if self._began is None:
            self._began = now
        self._number = max(self._number, (now - self._began) * self._fps // 1000)

    def close(self) -> None:
        """Nothing is held open."""
        self._ready.clear()


def open_painted(url: str, opening: Opening) -> PaintedSource:
    """Set up a drawing. Raises `Misused("source.option" | "source.option_value" | "source.seed" | "painting.size")`."""
    body, options = split_query(url, "fps w h start codec")
    if not body.isascii() or not body.isdecimal() or len(body) > 9:
        raise Misused("source.seed", given=body[:40])
    codec = options.get("codec", "h264")
    if codec not in {"h264", "mjpeg"}:
        raise Misused("source.option_value", option="codec", given=codec[:40], lowest="h264", highest="mjpeg")
    return PaintedSource(
        int(body),
        opening,
        fps=whole_number(options, "fps", 10, 1, 60),
        width=whole_number(options, "w", 1280, 160, 3840),
        height=whole_number(options, "h", 720, 90, 2160),
        start=whole_number(options, "start", 0, 0, _DAY),
        codec=codec,
    )


def _encoder(codec: str, width: int, height: int, fps: int) -> Any:
    context: Any = av.CodecContext.create("libx264" if codec == "h264" else "mjpeg", "w")
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p" if codec == "h264" else "yuvj420p"
    context.time_base, context.framerate = Fraction(1, 1000), Fraction(fps)
    context.thread_count = 1
    if codec == "h264":
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "24", "g": str(fps * 2)}
        context.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets in extradata, as a demuxer hands them over
    context.open()
    return context
