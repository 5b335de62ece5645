# SPDX-License-Identifier: Apache-2.0
"""ISO base media boxes (ISO/IEC 14496-12): splitting a muxer's byte stream at box borders, and reading what a segment says of itself.

Writes no box. Bytes may come from anybody: a box that does not add up is `Rejected("film.boxes")`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error as StructError  # noqa: N812 - the name the library should have
from struct import unpack_from
from typing import Final

from kua.core.errors import Rejected

LIMIT: Final = 64 * 1024 * 1024
"""Largest box in bytes that is waited for."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-letter type and its content without the header."""

    kind: bytes
    body: bytes
    whole: bytes


def boxes(data: bytes) -> Iterator[Box]:
    """Yield the boxes that `data` is made of. Raises `Rejected("film.boxes")` unless they fill it exactly."""
    position = 0
    while position < len(data):
        size, header = _header(data, position)
        if size is None or size > len(data) - position:
            raise Rejected("film.boxes", at=position)
        whole = data[position : position + size]
        yield Box(whole[4:8], whole[header:], whole)
        position += size


def _header(data: bytes | bytearray, position: int) -> tuple[int | None, int]:
    """Return size and header length of the box at `position`; size None while its header is not complete."""
    if len(data) - position < 8:
        return None, 8
    (size,) = unpack_from(">I", data, position)
    header = 8
    if size == 1:
        if len(data) - position < 16:
            return None, 16
        (size,) = unpack_from(">Q", data, position + 8)
        header = 16
    if size < header or size > LIMIT:
        raise Rejected("film.boxes", at=position)
    return size, header


class Splitter:
    """Cuts the byte stream of a fragmented MP4 muxer: `ftyp` + `moov` is the init segment, every `moof` + `mdat` a fragment."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._head = b""
        self._moof = b""
        self.init: bytes | None = None
        """The init segment, once it is whole."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take more of the stream and return the fragments that it completes. Raises `Rejected("film.boxes")`."""
        self._pending += data
        fragments: list[bytes] = []
        while True:
            size, _ = _header(self._pending, 0)
            if size is None or size > len(self._pending):
                return fragments
            box = bytes(self._pending[:size])
            del self._pending[:size]
            match box[4:8]:
                case b"ftyp":
                    self._head = box
                case b"moov":
                    self.init = self._head + box
                case b"moof":
                    self._moof = box
                case b"mdat" if self._moof:
                    fragments.append(self._moof + box)
                    self._moof = b""


@dataclass(frozen=True, slots=True)
class Said:
    """What a segment says of itself: decode time of its first frame and length, in units of the time scale, and number of frames."""

    decode_time: int
    length: int
    frames: int


def read_segment(data: bytes) -> Said:
    """Read a segment of one track, in the form of docs/spec/segment.md. Raises `Rejected("film.boxes")` for any other."""
    try:
        return _read_segment(data)
    except (StructError, KeyError, IndexError) as error:
        raise Rejected("film.boxes", at=0) from error


def _read_segment(data: bytes) -> Said:
    listed = list(boxes(data))
    if not listed or [box.kind for box in listed] != [b"moof", b"mdat"] * (len(listed) // 2):
        raise Rejected("film.boxes", at=0)
    start: int | None = None
    length = frames = 0
    for moof in listed[::2]:
        trafs = [box for box in boxes(moof.body) if box.kind == b"traf"]
        if len(trafs) != 1:
            raise Rejected("film.boxes", at=0)
        inner = {box.kind: box.body for box in boxes(trafs[0].body)}
        time = inner[b"tfdt"]
        (decode_time,) = unpack_from(">Q" if time[0] else ">I", time, 4)
        start = decode_time if start is None else start
        count, ticks = _samples(inner[b"tfhd"], inner[b"trun"])
        frames += count
        length += ticks
    return Said(start or 0, length, frames)


def _samples(tfhd: bytes, trun: bytes) -> tuple[int, int]:
    """Return number and total duration of the samples of one track run (14496-12, 8.8.7 and 8.8.8)."""
    flags = int.from_bytes(tfhd[1:4], "big")
    position = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    default = int.from_bytes(tfhd[position : position + 4], "big") if flags & 0x8 else 0
    flags = int.from_bytes(trun[1:4], "big")
    (count,) = unpack_from(">I", trun, 4)
    position = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    width = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    if len(trun) != position + width * count:
        raise Rejected("film.boxes", at=position)
    if not flags & 0x100:
        return count, default * count
    return count, sum(int(unpack_from(">I", trun, position + width * number)[0]) for number in range(count))


def time_scale(init: bytes) -> int:
    """Return the time scale of the one track of an init segment. Raises `Rejected("film.boxes")`."""
    try:
        tracks = [box for box in boxes(_inside(init, b"moov")) if box.kind == b"trak"]
        (track,) = tracks
        mdhd = _inside(_inside(track.body, b"mdia"), b"mdhd")
        return int(unpack_from(">I", mdhd, 20 if mdhd[0] else 12)[0])
    except (StructError, KeyError, IndexError, ValueError) as error:
        raise Rejected("film.boxes", at=0) from error


def _inside(data: bytes, kind: bytes) -> bytes:
    return {box.kind: box.body for box in boxes(data)}[kind]
