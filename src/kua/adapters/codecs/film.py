# SPDX-License-Identifier: Apache-2.0
"""Films and images as files, for batch work: any container that PyAV reads comes out as raw pictures, safe pictures become one MP4 or image.

No sound and no metadata is written. A file appears under its name only when it is whole. Hides nothing.
"""

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error
import av.logging
import cv2
import numpy as np

from kua.adapters.times import steady_rate, timeless
from kua.adapters.durable import DurableFiles, disk_errors, sync_folder
from kua.core.errors import Misused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.sight.raw import Planes, RawFrame
from kua.sight.safe import SafeFrame

av.logging.set_level(av.logging.PANIC)

IMAGES: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"})
"""Suffixes of files that are read as one picture."""
FILMS_OUT: Final = frozenset({".mp4"})
IMAGES_OUT: Final = frozenset({".png", ".jpg", ".jpeg"})
CRF: Final = 23
"""Quality of the film that is written (x264's constant rate factor)."""
_LARGEST: Final = 8192


def is_image(path: Path) -> bool:
    """Say whether `path` is read as a single picture, by its suffix."""
    return path.suffix.lower() in IMAGES


def _present(path: Path) -> None:
    """Raises `Misused("redact.missing")` for no file and `Rejected("redact.empty")` for an empty one."""
    if not path.is_file():
        raise Misused("redact.missing", name=path.name)
    if path.stat().st_size == 0:
        raise Rejected("redact.empty", name=path.name)


class FilmFile:
    """A film, read as often as wanted. `width` and `height` are what the file says; pictures are padded to even sides.

    Raises `Misused("redact.missing")`, `Rejected("redact.empty" | "redact.not_video" | "redact.too_large")`.
    """

    def __init__(self, path: Path) -> None:
        _present(path)
        self.path = path
        with self._opened() as container:
            stream = container.streams.video[0]
            self.width, self.height = int(stream.codec_context.width), int(stream.codec_context.height)
            self._counted = timeless(stream)
            self.rate = steady_rate(stream) if self._counted else Fraction(stream.average_rate or stream.guessed_rate or 25)
            self.time_base = 1 / self.rate if self._counted else Fraction(stream.time_base or Fraction(1, 1000))
            self.length = int(stream.frames or 0)
        if not (8 <= self.width <= _LARGEST and 8 <= self.height <= _LARGEST):
            raise Rejected("redact.too_large", width=self.width, height=self.height)
        self.stamps: dict[Instant, int] = {}
        """Time stamps of the pictures that were read, so that a film can be written with the very same ones."""

    def _opened(self) -> Any:
        try:
            container = av.open(str(self.path), options={"protocol_whitelist": "file"})
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise Rejected("redact.not_video", name=self.path.name) from error
        if not container.streams.video:
            container.close()
            raise Rejected("redact.not_video", name=self.path.name)
        return container

    def pictures(self, every: int = 1) -> Iterator[RawFrame]:
        """Yield every `every`-th picture in order of time, the first at 0 ms.

        Raises `Rejected("redact.damaged")` where the film cannot be read on and `Rejected("picture.size_changed")`.
        """
        number, first, last = 0, None, -1
        with self._opened() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            try:
                for frame in container.decode(stream):
                    if (frame.width, frame.height) != (self.width, self.height):
                        raise Rejected("picture.size_changed", width=frame.width, height=frame.height)
                    pts = round(number / self.rate / self.time_base) if self._counted or frame.pts is None else frame.pts
                    first = pts if first is None else first
                    at = max(last + 1, round((pts - first) * self.time_base * 1000))
                    last, number = at, number + 1
                    self.stamps[Instant(at)] = pts - first
                    if (number - 1) % every == 0:
                        yield _raw(frame, Instant(at))
            except av.error.FFmpegError as error:
                raise Rejected("redact.damaged", name=self.path.name, after=number) from error
        if not number:
            raise Rejected("redact.not_video", name=self.path.name)


def _raw(frame: Any, at: Instant) -> RawFrame:
    if frame.width % 2 or frame.height % 2:
        return _from_rgb(frame.to_ndarray(format="rgb24"), at)
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU601")
    return RawFrame(at, frame.width, frame.height, frame.to_ndarray())


def _from_rgb(pixels: Planes, at: Instant) -> RawFrame:
    """One picture of any size from RGB; an odd side is padded by repeating its last line."""
    height, width = pixels.shape[:2]
    even = np.ascontiguousarray(np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))
    return RawFrame(at, even.shape[1], even.shape[0], np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8))


class ImageFile:
    """One picture in a file, turned upright as its EXIF says. Raises like `FilmFile`."""

    def __init__(self, path: Path) -> None:
        _present(path)
        try:
            pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise Rejected("redact.not_video", name=path.name) from error
        if pixels is None:
            raise Rejected("redact.not_video", name=path.name)
        self.height, self.width = int(pixels.shape[0]), int(pixels.shape[1])
        if not (8 <= self.width <= _LARGEST and 8 <= self.height <= _LARGEST):
            raise Rejected("redact.too_large", width=self.width, height=self.height)
        self.picture = _from_rgb(np.asarray(pixels[:, :, ::-1]), Instant(0))


def check_out(path: Path, *, image: bool) -> None:
    """Insist that `path` can be written. Raises `Misused("redact.no_folder" | "redact.suffix")`."""
    wanted = IMAGES_OUT if image else FILMS_OUT
    if path.suffix.lower() not in wanted:
        raise Misused("redact.suffix", name=path.name, wanted=" ".join(sorted(wanted)))
    if not path.parent.is_dir():
        raise Misused("redact.no_folder", folder=str(path.parent))


class FilmWriter:
    """Writes safe pictures as H.264 in MP4 (an `Encoder`) beside `path`, and moves it there when it is whole.

    Raises `Unavailable("redact.encoder")` when the encoder or the disk fails.
    """

    def __init__(self, path: Path, film: FilmFile) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._stamps, self._base = film.stamps, film.time_base
        try:
            self._out: Any = av.open(str(self._part), "w", format="mp4", options={"movflags": "faststart", "fflags": "+bitexact"})
            stream: Any = self._out.add_stream("libx264", rate=film.rate, options={"preset": "superfast", "crf": str(CRF)})
            stream.width, stream.height, stream.pix_fmt = film.width + film.width % 2, film.height + film.height % 2, "yuv420p"
            stream.codec_context.time_base = film.time_base
            stream.codec_context.color_range, stream.codec_context.colorspace = 1, 5
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise Unavailable("redact.encoder", step="open") from error
        self._stream = stream

    def encode(self, picture: SafeFrame) -> None:
        """Take the next picture."""
        frame = av.VideoFrame.from_ndarray(picture.yuv, format="yuv420p")
        frame.pts, frame.time_base = self._stamps[picture.at], self._base
        self._mux(frame)

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._out.mux(packet)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise Unavailable("redact.encoder", step="encode") from error

    def finish(self) -> None:
        """Write the rest and let the film appear."""
        self._mux(None)
        try:
            self._out.close()
        except (av.error.FFmpegError, OSError) as error:
            raise Unavailable("redact.encoder", step="finish") from error
        put_in_place(self._part, self._path)

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._out.close()
        self._part.unlink(missing_ok=True)


def write_image(picture: SafeFrame, width: int, height: int, path: Path) -> None:
    """Write a safe picture as PNG or JPEG, `width` x `height` pixels, without EXIF. Raises `Unavailable("redact.encoder")`."""
    pixels = cv2.cvtColor(np.array(picture.yuv), cv2.COLOR_YUV2BGR_I420)[:height, :width]
    done, data = cv2.imencode(path.suffix.lower(), np.ascontiguousarray(pixels))
    if not done:
        raise Unavailable("redact.encoder", step="encode")
    DurableFiles().replace(path, data.tobytes())


def put_in_place(part: Path, path: Path) -> None:
    """Make `part` durable and give it its name. Raises `Unavailable("disk.full" | "disk.failed")`."""
    with disk_errors(path):
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
        sync_folder(path.parent)
