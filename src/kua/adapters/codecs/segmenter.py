# SPDX-License-Identifier: Apache-2.0
"""Safe pictures to CMAF segments (docs/spec/segment.md): one x264 encoder and one continuous MP4 muxer for a run, cut at slots of 4 s.

`Segmenter` takes `SafeFrame` only and `SealedSegmenter` takes `SealedFrame` only: neither takes a raw picture, or what the other one takes.
They write no sound, no metadata, no edit list and no SEI; they neither store nor send anything.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar, Final, Generic, TypeVar, final

import av
import av.error
import av.logging
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.video.frame import PictureType

from kua.core.errors import Unavailable
from kua.core.instant import Instant, Millis
from kua.media.boxes import Splitter
from kua.media.cutter import Cut, Cutter, Opened
from kua.sight.grid import Plane, planes_of
from kua.sight.safe import SafeFrame
from kua.sight.sealed import SealedFrame

av.logging.set_level(av.logging.PANIC)

TICKS: Final = 90
"""Media time has 90 ticks to the millisecond, so that capture times are kept exactly."""

_MUXER: Final = {
    "movflags": "cmaf+empty_moov+default_base_moof+frag_keyframe+skip_trailer+skip_sidx",
    "flush_packets": "1",
    "use_editlist": "0",
    "fflags": "+bitexact",  # no name and version of the library in the film
}


class _Sink:
    """The file that the muxer believes to write."""

    def __init__(self) -> None:
        self.splitter = Splitter()
        self.fragments: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.fragments += self.splitter.feed(bytes(data))
        return len(data)


P = TypeVar("P", SafeFrame, SealedFrame)
"""The only pictures that may be encoded."""


class _Cmaf(Generic[P]):
    """Encodes one run. `emit` gets `Opened` once, at the start, then a `Cut` for each finished segment, in order.

    A segment ends where the next one begins, so a cut is emitted with the first picture of the next segment, or by `finish`.
    Raises `Unavailable("film.encoder")` when the encoder fails; the run is then lost from its last cut on. With `made` the film has that size and not
    the pictures' own; with `start` media time 0 is that moment and not the first picture.
    """

    _takes: ClassVar[type]

    def __init__(
        self, width: int, height: int, fps: int, bitrate: int, preset: str, emit: Callable[[Opened | Cut], None],
        *, made: tuple[int, int] | None = None, start: Instant | None = None,
    ) -> None:  # fmt: skip
        self._emit = emit
        self._size, self._made = (width, height), made
        self._nominal = Millis(max(1, round(1000 / fps)))
        self._sink = _Sink()
        self._cutter = Cutter()
        self._start = start
        self._begun: list[tuple[Instant, int]] = []
        self._frames = 0
        self._last: Instant | None = None
        self._opened = False
        options = _MUXER if start is None else {**_MUXER, "movflags": _MUXER["movflags"] + "+frag_discont"}
        try:
            self._out: Any = av.open(self._sink, "w", format="mp4", options=options)
            self._stream = self._made_stream(*(made or self._size), fps, bitrate, preset)
            self._out.start_encoding()
            # x264 signs its film with its settings in an SEI of the first picture; nothing but slices and parameter sets shall leave
            self._bare: Any = BitStreamFilterContext("filter_units=remove_types=6", self._stream, self._stream)
        except (av.error.FFmpegError, ValueError) as error:
            raise Unavailable("film.encoder", step="open") from error
        self._deliver()

    def _made_stream(self, width: int, height: int, fps: int, bitrate: int, preset: str) -> Any:
        options = {
            "preset": preset,
            "tune": "zerolatency",
            "forced-idr": "1",
            "sc_threshold": "0",
            "g": "100000",
            "maxrate": str(bitrate),
            "bufsize": str(bitrate),
        }
        stream: Any = self._out.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", bitrate
        context = stream.codec_context
        context.thread_count = 1
        context.time_base = stream.time_base = Fraction(1, TICKS * 1000)
        context.color_range = 1  # limited
        context.colorspace = 5  # BT.601, 625 lines: what RawFrame promises
        return stream

    def encode(self, picture: P) -> None:
        """Take the next picture; its time must be later than the one before. May emit a cut. `TypeError` for any other kind of picture."""
        if type(picture) is not self._takes:  # mypy says so already; a cast or a stranger's code must not get by either
            raise TypeError(type(picture).__name__)
        if (picture.width, picture.height) != self._size or (self._last is not None and picture.at <= self._last):
            raise Unavailable("film.encoder", step="order")
        if self._start is None:
            self._start = picture.at
        opens = self._cutter.opens(picture.at)
        try:
            frame = av.VideoFrame.from_ndarray(self._sized(picture.yuv), format="yuv420p")
            frame.pts, frame.time_base = (picture.at - self._start) * TICKS, Fraction(1, TICKS * 1000)
            frame.pict_type = PictureType.I if opens else PictureType.NONE
            self._mux(self._stream.encode(frame))
        except (av.error.FFmpegError, ValueError) as error:
            raise Unavailable("film.encoder", step="encode") from error
        if opens:
            self._close_segment(picture.at)
            self._begun.append((picture.at, 0))
        began, count = self._begun[-1]
        self._begun[-1] = (began, count + 1)
        self._last = picture.at

    def _sized(self, yuv: Plane) -> Plane:
        """Return the planes in the size of the film: each pixel the mean of those it covers."""
        if self._made is None or self._made == self._size:
            return np.ascontiguousarray(yuv)
        width, height = self._made
        planes = zip(planes_of(yuv, *self._size), (1, 2, 2), strict=True)
        made = [cv2.resize(plane, (width // by, height // by), interpolation=cv2.INTER_AREA) for plane, by in planes]
        return np.concatenate([plane.reshape(-1) for plane in made]).astype(np.uint8, copy=False).reshape(height * 3 // 2, width)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = self._nominal * TICKS
            for bare in self._bare.filter(packet):
                self._out.mux(bare)

    def _close_segment(self, t1: Instant) -> None:
        if self._begun:
            t0, frames = self._begun.pop()
            data = b"".join(self._sink.fragments)
            self._sink.fragments.clear()
            self._emit(Cut(t0, t1, frames, data))

    def _deliver(self) -> None:
        if not self._opened and self._sink.splitter.init is not None:
            self._opened = True
            self._emit(Opened(self._sink.splitter.init))

    def finish(self, by: Instant | None = None, *, until: Instant | None = None) -> None:
        """End the run and emit its last segment.

        Its last picture lasts one nominal period, but not beyond `by` (now, or the start of the next run); or just `until` another film goes on.
        """
        try:
            self._mux(self._stream.encode(None))
            self._out.close()
        except (av.error.FFmpegError, ValueError) as error:
            raise Unavailable("film.encoder", step="finish") from error
        if self._last is not None:
            end = self._last + self._nominal
            self._close_segment(until or Instant(end if by is None else max(self._last + 1, min(end, by))))

    def abandon(self) -> None:
        """Throw away what was not emitted."""
        self._begun.clear()
        try:
            self._out.close()
        except (av.error.FFmpegError, ValueError):
            return


@final
class Segmenter(_Cmaf[SafeFrame]):
    """Encodes published film (an `Encoder`)."""

    _takes = SafeFrame


@final
class SealedSegmenter(_Cmaf[SealedFrame]):
    """Encodes sealed film (a `SealedEncoder`). What it emits must be encrypted before it goes anywhere."""

    _takes = SealedFrame
