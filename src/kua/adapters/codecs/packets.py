# SPDX-License-Identifier: Apache-2.0
"""Compressed packets to pictures, and single pictures to JPEG for the preview of the demonstration. One thread, no file, no network."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any, Final

import av
import av.error
import av.logging
import numpy as np
from av.video.reformatter import ColorRange, Interpolation

from kua.core.errors import Rejected
from kua.sight.raw import Planes

av.logging.set_level(av.logging.PANIC)  # a library's own log lines may carry addresses and are not ours to check

ACCEPTED: Final = frozenset("h264 hevc mjpeg mpeg4 mpeg2video mpeg1video msmpeg4 msmpeg4v3 h263 vp8 vp9 av1 gif".split())
"""Codecs that are decoded: what cameras send, and what films for rehearsals are made of. Everything else is refused, not tried."""


class PyAvPicture:
    """One decoded picture, as the decoder left it."""

    def __init__(self, frame: Any, pts: int) -> None:
        self._frame = frame
        self.pts = pts
        self.width: int = frame.width
        self.height: int = frame.height

    def planes(self, width: int, height: int) -> Planes:
        """Return the picture as yuv420p in limited range, scaled to that size."""
        frame = self._frame
        full = frame.format.name.startswith("yuvj") or int(frame.color_range) == int(ColorRange.JPEG)
        if frame.format.name != "yuv420p" or full or (frame.width, frame.height) != (width, height):
            shrinks = width < frame.width
            frame = frame.reformat(
                width,
                height,
                "yuv420p",
                interpolation=Interpolation.AREA if shrinks else Interpolation.BICUBIC,
                src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
                dst_color_range=ColorRange.MPEG,
            )
        return np.asarray(frame.to_ndarray(), dtype=np.uint8)


class PacketDecoder:
    """A decoder of one stream. Raises `Rejected("source.codec")` for a codec that is not accepted.

    `width` and `height` are what the container says (0: nothing): some old codecs do not say it themselves.
    """

    def __init__(self, codec: str, extradata: bytes, width: int = 0, height: int = 0) -> None:
        if codec not in ACCEPTED:
            raise Rejected("source.codec", codec=codec[:40])
        self._context = _context(codec)
        if extradata:
            self._context.extradata = extradata
        if width and height:
            self._context.width, self._context.height = width, height
        self._context.thread_count = 1
        # A packet with an error gives an error, not a picture patched from older ones.
        self._context.options = {"err_detect": "explode"}
        self._torn = False
        self.broken = 0
        """Packets that did not decode."""
        self.concealed = 0
        """Pictures that were thrown away because they were not decoded whole, or stand on one that was not."""

    def decode(self, pts: int, payload: bytes) -> Sequence[PyAvPicture]:
        """Return the pictures that `payload` completes: only such as were decoded whole, and stand on nothing that was not.

        Decoders conceal errors by parts of older pictures; after one nothing is returned until a picture that needs no other.
        """
        packet = av.Packet(payload)
        packet.pts = pts
        packet.time_base = Fraction(1, 1000)  # only handed through; the caller knows the real one
        return self._decode(packet)

    def rest(self) -> Sequence[PyAvPicture]:
        """Return the pictures that the decoder still holds; nothing can be decoded after it."""
        return self._decode(None)

    def _decode(self, packet: Any) -> Sequence[PyAvPicture]:
        try:
            frames = self._context.decode(packet)
        except (av.error.FFmpegError, ValueError):
            self.broken += 1
            self._torn = True
            return ()
        return [PyAvPicture(frame, frame.pts) for frame in frames if self._is_whole(frame)]

    def _is_whole(self, frame: Any) -> bool:
        if frame.pts is None or not (frame.width and frame.height):
            return False
        self._torn = bool(frame.is_corrupt) or (self._torn and not frame.key_frame)
        self.concealed += self._torn
        return not self._torn


def _context(codec: str) -> Any:
    try:
        return av.CodecContext.create("libdav1d" if codec == "av1" else codec, "r")
    except (av.error.FFmpegError, ValueError) as error:
        raise Rejected("source.codec", codec=codec[:40]) from error


def jpeg_of(yuv: Planes) -> bytes:
    """Return a yuv420p picture (limited range) as a JPEG file."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(yuv), format="yuv420p")
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuvj420p"
    context.time_base = Fraction(1, 10)
    full = frame.reformat(format="yuvj420p", src_color_range=ColorRange.MPEG, dst_color_range=ColorRange.JPEG)
    out = BytesIO()
    for packet in [*context.encode(full), *context.encode(None)]:
        out.write(bytes(packet))
    return out.getvalue()
