# SPDX-License-Identifier: Apache-2.0
"""The working copy of a film: one ordinary MP4 (ISO/IEC 14496-12) that any player opens, laid out from segments without touching a picture.

A pure function of the segments, byte for byte (docs/spec/bundle.md, version 1), so that a verifier makes it again and compares: it proves nothing
beside the masters, and can say nothing else than they. Where film is missing, the picture before the hole stands until the film goes on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import error as StructError  # noqa: N812 - the name the library should have
from struct import pack, unpack_from
from typing import Final

from kua.core.errors import Rejected
from kua.media.boxes import boxes

VERSION: Final = 1
SCALE: Final = 90_000
"""Units of time in a second, of segments and copies (docs/spec/segment.md)."""
PER_MS: Final = 90
_MATRIX: Final = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Master:
    """One segment as the copy needs it: when it begins (Unix ms), length and size of each sample, and of the bytes that hold them."""

    t0: int
    durations: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def length(self) -> int:
        """Bytes of all samples."""
        return sum(self.sizes)


@dataclass(frozen=True, slots=True)
class Shape:
    """What an init segment says of the pictures: the sample description as it stands there, and the size in 16.16 pixels."""

    description: bytes
    width: int
    height: int


def read_master(t0: int, segment: bytes) -> Master:
    """Read one segment of one track (docs/spec/segment.md), whose samples are its last bytes. Raises `Rejected("film.boxes")` for any other."""
    try:
        listed = list(boxes(segment))
        if [box.kind for box in listed] != [b"moof", b"mdat"]:
            raise Rejected("film.boxes", at=0)
        trafs = [box for box in boxes(listed[0].body) if box.kind == b"traf"]
        if len(trafs) != 1:
            raise Rejected("film.boxes", at=0)
        inner = {box.kind: box.body for box in boxes(trafs[0].body)}
        master = Master(t0, *_samples(inner[b"tfhd"], inner[b"trun"]))
    except (StructError, KeyError, IndexError) as error:
        raise Rejected("film.boxes", at=0) from error
    if master.length != len(listed[1].body) or not master.sizes:
        raise Rejected("film.boxes", at=0)
    return master


def read_shape(init: bytes) -> Shape:
    """Read an init segment of one track. Raises `Rejected("film.boxes")`."""
    try:
        tracks = [box for box in boxes(_inside(init, b"moov")) if box.kind == b"trak"]
        (track,) = tracks
        tkhd = _inside(track.body, b"tkhd")
        width, height = unpack_from(">II", tkhd, len(tkhd) - 8)
        description = track.body
        for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
            description = _inside(description, kind)
    except (StructError, KeyError, IndexError, ValueError) as error:
        raise Rejected("film.boxes", at=0) from error
    return Shape(description, width, height)


def copy_head(shape: Shape, masters: Sequence[Master]) -> bytes:
    """Return everything of the copy before the bytes of the samples, which follow in order; at least one master, in order of time.

    Raises `Rejected("film.boxes")` for a copy that would not fit its 32-bit offsets.
    """
    durations = _durations(masters)
    total = sum(map(sum, durations))
    size = sum(master.length for master in masters)
    front = _box(b"ftyp", b"isom" + pack(">I", 0x200) + b"isomiso2avc1mp41")
    offset = len(front) + len(_moov(shape, masters, durations, total, 0)) + 8
    if offset + size > 2**32 - 1:
        raise Rejected("film.boxes", at=0)
    return front + _moov(shape, masters, durations, total, offset) + pack(">I", 8 + size) + b"mdat"


def _durations(masters: Sequence[Master]) -> list[tuple[int, ...]]:
    """Durations of the samples: a segment lasts until the next one begins, so that time in the copy is time of the day, holes included."""
    out = []
    for number, master in enumerate(masters):
        listed = list(master.durations)
        if number + 1 < len(masters):
            listed[-1] = max(1, (masters[number + 1].t0 - master.t0) * PER_MS - sum(listed[:-1]))
        out.append(tuple(listed))
    return out


def _moov(shape: Shape, masters: Sequence[Master], durations: Sequence[tuple[int, ...]], total: int, offset: int) -> bytes:
    mvhd = _full(b"mvhd", 1, 0, pack(">QQIQIH10x", 0, 0, SCALE, total, 0x10000, 0x100) + _MATRIX + bytes(24) + pack(">I", 2))
    tkhd = _full(b"tkhd", 1, 3, pack(">QQI4xQ8xhhh2x", 0, 0, 1, total, 0, 0, 0) + _MATRIX + pack(">II", shape.width, shape.height))
    mdhd = _full(b"mdhd", 1, 0, pack(">QQIQHH", 0, 0, SCALE, total, 0x55C4, 0))
    hdlr = _full(b"hdlr", 0, 0, bytes(4) + b"vide" + bytes(12) + b"\x00")
    dinf = _box(b"dinf", _full(b"dref", 0, 0, pack(">I", 1) + _full(b"url ", 0, 1, b"")))
    minf = _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)) + dinf + _stbl(shape, masters, durations, offset))
    return _box(b"moov", mvhd + _box(b"trak", tkhd + _box(b"mdia", mdhd + hdlr + minf)))


def _stbl(shape: Shape, masters: Sequence[Master], durations: Sequence[tuple[int, ...]], offset: int) -> bytes:
    counts = [len(master.sizes) for master in masters]
    times = list(_runs(duration for part in durations for duration in part))
    sizes = [size for master in masters for size in master.sizes]
    first, sync, chunks = 1, [], []
    for master, count in zip(masters, counts, strict=True):
        sync.append(first)
        chunks.append(offset)
        first, offset = first + count, offset + master.length
    layout, chunk = [], 1
    for number, count in _runs(counts):
        layout.append((chunk, count))
        chunk += number
    return _box(
        b"stbl",
        _box(b"stsd", shape.description)
        + _full(b"stts", 0, 0, pack(">I", len(times)) + b"".join(pack(">II", *run) for run in times))
        + _full(b"stss", 0, 0, _numbers(sync))
        + _full(b"stsc", 0, 0, pack(">I", len(layout)) + b"".join(pack(">III", start, count, 1) for start, count in layout))
        + _full(b"stsz", 0, 0, bytes(4) + _numbers(sizes))
        + _full(b"stco", 0, 0, _numbers(chunks)),
    )


def _runs(values: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give (how many, which) for each run of equal values."""
    count, held = 0, -1
    for value in values:
        if value == held:
            count += 1
            continue
        if count:
            yield count, held
        count, held = 1, value
    if count:
        yield count, held


def _numbers(values: Sequence[int]) -> bytes:
    return pack(f">I{len(values)}I", len(values), *values)


def _samples(tfhd: bytes, trun: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return durations and sizes of the samples of one track run (14496-12, 8.8.7 and 8.8.8)."""
    flags = int.from_bytes(tfhd[1:4], "big")
    position = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    defaults = []
    for bit in (0x8, 0x10):
        defaults.append(int(unpack_from(">I", tfhd, position)[0]) if flags & bit else 0)
        position += 4 * bool(flags & bit)
    flags = int.from_bytes(trun[1:4], "big")
    (count,) = unpack_from(">I", trun, 4)
    position = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    if len(trun) != position + 4 * len(fields) * count or (not fields and count > len(trun)):
        raise Rejected("film.boxes", at=position)
    table = unpack_from(f">{len(fields) * count}I", trun, position)
    columns = [
        table[fields.index(bit) :: len(fields)] if bit in fields else (default,) * count
        for bit, default in zip((0x100, 0x200), defaults, strict=True)
    ]
    return tuple(columns[0]), tuple(columns[1])


def _inside(data: bytes, kind: bytes) -> bytes:
    return {box.kind: box.body for box in boxes(data)}[kind]


def _box(kind: bytes, body: bytes) -> bytes:
    return pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, version: int, flags: int, body: bytes) -> bytes:
    return _box(kind, pack(">I", version << 24 | flags) + body)
