# SPDX-License-Identifier: Apache-2.0
"""`file:PATH?pace=real|fast&loop=1&start=MS`: a film as a camera. For rehearsals, tests and batch work; it never writes to the file.

`pace=real` (default) hands packets over at the film's speed; with `loop=1` it begins again at its end without a jump of time. `pace=fast` hands
them over as fast as they are taken and dates them itself: from `start` (Unix milliseconds), or so that the film ends now.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import av
import av.error

from kua.adapters.sources.film import Demuxed, trouble_of
from kua.adapters.sources.pace import Pace
from kua.core.errors import Misused, Rejected
from kua.core.instant import Instant
from kua.ports.address import shown, split_query, whole_number
from kua.ports.source import Compressed, Described, Opening

_LATEST: Final = 4_102_444_800_000


class FileSource:
    """An open film."""

    def __init__(self, path: Path, address: str, opening: Opening, *, fast: bool, loop: bool, start: int | None) -> None:
        self._path, self._address = path, address
        self._demuxed = _opened(path, address)
        self._fast, self._loop = fast, loop
        self._pace = Pace(opening)
        self._unit = 1000 * self.described.base_num / self.described.base_den
        self._shift = 0
        self._first: int | None = None
        self._top: int | None = None
        self._step = 0
        self._start = start
        if fast and start is None:
            self._start = int(opening.clock.now() - _length(self._demuxed))

    @property
    def described(self) -> Described:
        """The film's video stream."""
        return self._demuxed.described

    def read(self) -> Compressed | None:
        """Return the next packet when its time has come; None at the end of a film that is not looped."""
        packet = self._demuxed.read()
        if packet is None and self._loop and self._top is not None:
            self._again()
            packet = self._demuxed.read()
        if packet is None:
            return None
        pts = packet.pts + self._shift
        if self._first is None:
            self._first = pts
        if self._top is None or pts > self._top:
            self._step = pts - self._top if self._top is not None else self._step
            self._top = pts
        media = (pts - self._first) * self._unit
        if self._fast:
            reached = (self._top - self._first) * self._unit
            return Compressed(pts, packet.key, Instant((self._start or 0) + round(reached)), packet.payload)
        self._pace.wait_for(media)
        return Compressed(pts, packet.key, None, packet.payload)

    def _again(self) -> None:
        """Begin the film again so that its first frame follows its last one after one frame's time."""
        self._demuxed.close()
        self._demuxed = _opened(self._path, self._address)
        if self._top is not None and self._first is not None:
            self._shift = self._top + max(1, self._step) - self._first

    def close(self) -> None:
        """Close the file."""
        self._demuxed.close()


def open_file(url: str, opening: Opening) -> FileSource:
    """Open a film. Raises `Misused("source.no_file")` where there is none, `Rejected("source.not_video")` for a file that is not a film."""
    body, options = split_query(url, "pace loop start")
    path = Path(unquote(body.removeprefix("//")))
    if not path.is_file():
        raise Misused("source.no_file", address=shown(url))
    pace = options.get("pace", "real")
    if pace not in {"real", "fast"}:
        raise Misused("source.option_value", option="pace", given=pace[:40], lowest="real", highest="fast")
    start = whole_number(options, "start", 0, 0, _LATEST) if "start" in options else None
    return FileSource(path, shown(url), opening, fast=pace == "fast", loop=bool(whole_number(options, "loop", 0, 0, 1)), start=start)


def _opened(path: Path, address: str) -> Demuxed:
    container: Any = None
    error: Exception | None = None
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError) as caught:
        error = caught
    if isinstance(error, av.error.FFmpegError) and not isinstance(error, OSError):
        raise Rejected("source.not_video", address=address) from None
    if error is not None:
        raise trouble_of(error, address, "open") from None
    return Demuxed(container, address)


def _length(demuxed: Demuxed) -> int:
    """Return the film's length in milliseconds as its container states it; 0 if it does not."""
    stream = demuxed.stream
    if stream.duration is not None:
        return round(float(stream.duration * stream.time_base) * 1000)
    return 0
