# SPDX-License-Identifier: Apache-2.0
"""Reading one video stream with FFmpeg's demuxers: what `rtsp:` and `file:` share. Sound is dropped here; nothing is decoded."""

import struct
from collections import deque
from collections.abc import Iterator
from errno import EPERM
from fractions import Fraction
from typing import Any, Final

import av.error
import av.logging
from av.stream import Discard

from kua.adapters.times import steady_rate, timeless
from kua.core.errors import KuaError, Rejected, Refused, Unavailable
from kua.core.instant import Instant
from kua.ports.source import Compressed, Described

av.logging.set_level(av.logging.PANIC)

_LATEST: Final = 4_102_444_800_000
"""A time after the year 2100 is none."""
_REFUSED: Final = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)


def trouble_of(error: Exception, address: str, while_: str) -> KuaError:
    """Return the error that stands for FFmpeg's. FFmpeg's own carries the whole address, so it is neither kept nor chained by the caller."""
    if isinstance(error, _REFUSED):
        return Refused("source.refused", address=address)
    if isinstance(error, av.error.InvalidDataError) and while_ == "open":
        return Rejected("source.not_video", address=address)
    # A bare -1 (EPERM) is what FFmpeg's RTSP says when a reply never came.
    if isinstance(error, (av.error.TimeoutError, av.error.ExitError)) or getattr(error, "errno", None) == EPERM:
        return Unavailable("source.silent", address=address)
    return Unavailable("source.unreachable", address=address, how=type(error).__name__)


class Demuxed:
    """The best video stream of an open container, packet by packet."""

    def __init__(self, container: Any, address: str) -> None:
        self._address = address
        self._container = container
        streams = container.streams.video
        if not streams:
            container.close()
            raise Rejected("source.not_video", address=address)
        stream = container.streams.best("video") or streams[0]
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        context = stream.codec_context
        self._rate = steady_rate(stream) if timeless(stream) else None
        self._count = 0
        base = Fraction(1, 90_000) if self._rate else stream.time_base
        self.stream: Any = stream
        self.described = Described(
            _codec_of(context), context.width or 0, context.height or 0, base.numerator, base.denominator, bytes(context.extradata or b"")
        )
        self._packets: Iterator[Any] = container.demux(stream)
        self._ready: deque[Compressed] = deque()
        self._undated: Any = None
        self._is_dated = False

    def read(self) -> Compressed | None:
        """Return the next packet with a time, or None at the end."""
        while True:
            if self._ready:
                return self._ready.popleft()
            packet, error = self._next()
            if error is not None:
                raise trouble_of(error, self._address, "read")
            if packet is None:
                return None
            pts = packet.pts if packet.pts is not None else packet.dts
            if packet.size and self._rate:
                pts = round(self._count * 90_000 / self._rate)
                self._count += 1
            if packet.size and pts is not None:
                self._date_first(pts)
                self._ready.append(Compressed(pts, bool(packet.is_keyframe), None, bytes(packet), _camera_time(packet)))
            elif packet.size and packet.is_keyframe and not self._is_dated:
                self._undated = packet

    def _date_first(self, pts: int) -> None:
        """FFmpeg gives the very first key picture of an H.264 or H.265 camera no time. Without it nothing up to the second one decodes, so it is put one
        picture before the first that has a time: its own may be wrong by less than the distance of two pictures.
        """
        first, self._undated, self._is_dated = self._undated, None, True
        if first is None:
            return
        rate = steady_rate(self.stream)
        step = max(1, round(self.described.base_den / (self.described.base_num * rate)))
        self._ready.append(Compressed(pts - step, True, None, bytes(first), _camera_time(first)))

    def _next(self) -> tuple[Any, Exception | None]:
        """Return a packet, or an error as a value: chained it would carry the whole address."""
        try:
            return next(self._packets, None), None
        except (av.error.FFmpegError, OSError) as caught:
            return None, caught

    def close(self) -> None:
        """Close the container."""
        self._container.close()


def _camera_time(packet: Any) -> Instant | None:
    """Return what the camera's clock claims for a packet: FFmpeg carries its sender reports on to each (AVProducerReferenceTime, microseconds since 1970)."""
    if not packet.has_sidedata("prft"):
        return None
    told = bytes(packet.get_sidedata("prft"))
    micros = struct.unpack_from("=q", told)[0] if len(told) >= 8 else 0
    return Instant(micros // 1000) if 0 < micros // 1000 < _LATEST else None


def _codec_of(context: Any) -> str:
    """Return the codec's own name: decoders may be called after a library."""
    return str(context.codec.canonical_name)
