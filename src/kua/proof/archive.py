# SPDX-License-Identifier: Apache-2.0
"""The zip of a bundle, in the one form that is allowed (docs/spec/bundle.md): plain files, stored, sorted, one after another, nothing beside them.

The same files always make the same bytes, and bytes that are not what those files make are refused: so two readers cannot see two archives in one file.
Opens no file: bytes come through functions that the caller gives. Sizes are counted in bytes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import pack, unpack
from typing import Final

from kua.core.errors import Rejected

MAX_SIZE: Final = 2**32 - 2
"""Bytes of the largest archive: beyond it zip needs fields that hide things (zip64)."""
MAX_FILES: Final = 65_534
"""Files in the largest archive."""
MAX_NAME: Final = 240
"""Letters of the longest name."""
MAX_DEPTH: Final = 12
"""Folders above a file, at most."""

_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_SIZE, _CENTRAL_SIZE, _END_SIZE = 30, 46, 22
_VERSION: Final = 20
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16
_DATE: Final = 0x21
"""1980-01-01, the first day that a zip can say; the time is 0."""

ReadAt = Callable[[int, int], bytes]
"""`read_at(offset, length)`: exactly so many bytes of the archive, or fewer at its end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: its name, its length, the CRC-32 of its bytes, and where they begin in the archive."""

    name: str
    size: int
    crc: int
    start: int = 0


def is_plain(name: str) -> bool:
    """Say whether a file of an archive may have this name: ASCII letters, digits, `.`, `_`, `-` and single slashes; no part begins with a dot or dash."""
    parts = name.split("/")
    return len(name) <= MAX_NAME and len(parts) <= MAX_DEPTH and all(_PART.fullmatch(part) for part in parts)


def planned(files: Iterable[tuple[str, int, int]]) -> tuple[Entry, ...]:
    """Lay out an archive of `files` (name, size, CRC-32). Raises `Rejected` with the codes of `read_entries` for what no archive may hold."""
    entries, offset = [], 0
    for name, size, crc in sorted(files):
        entries.append(Entry(name, size, crc, offset + _LOCAL_SIZE + len(name)))
        offset += _LOCAL_SIZE + len(name) + size
    _require_order(entries)
    if len(entries) > MAX_FILES:
        raise Rejected("zip.too_many", limit=MAX_FILES)
    if offset + sum(_CENTRAL_SIZE + len(entry.name) for entry in entries) + _END_SIZE > MAX_SIZE:
        raise Rejected("zip.too_large", limit=MAX_SIZE)
    return tuple(entries)


def local_header(entry: Entry) -> bytes:
    """Return what stands before the bytes of `entry`."""
    return _LOCAL + _shared(entry) + entry.name.encode()


def directory(entries: Sequence[Entry]) -> bytes:
    """Return what stands behind the last file of an archive: the central directory and its end."""
    listed = b"".join(_central(entry) for entry in entries)
    offset = max((entry.start + entry.size for entry in entries), default=0)
    return listed + _END + pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(listed), offset, 0)


def read_entries(size: int, read_at: ReadAt) -> tuple[Entry, ...]:
    """Read the directory of an archive of `size` bytes and every local header. The bytes of the files are not looked at.

    Raises `Rejected`: `zip.form` (cut, or no zip), `zip.trailing`, `zip.too_large`, `zip.too_many`, `zip.zip64`, `zip.disks`, `zip.encrypted`,
    `zip.method`, `zip.extra`, `zip.link`, `zip.name`, `zip.twice`, `zip.case`, `zip.order`, `zip.overlap`, `zip.header`.
    """
    if size > MAX_SIZE:
        raise Rejected("zip.too_large", limit=MAX_SIZE)
    count, listed, offset = _read_end(size, read_at)
    entries = tuple(_read_directory(read_at(offset, listed), count))
    _require_order(entries)
    _require_touching(entries, offset)
    for entry in entries:
        header = local_header(entry)
        if read_at(entry.start - len(header), len(header)) != header:
            raise Rejected("zip.header", name=entry.name)
    if directory(entries) != read_at(offset, size - offset):
        raise Rejected("zip.form", why="directory")
    return entries


def _shared(entry: Entry) -> bytes:
    """The fields that a local header and the directory have in common, from the version to the length of the extra field."""
    return pack("<HHHHHIIIHH", _VERSION, 0, 0, 0, _DATE, entry.crc, entry.size, entry.size, len(entry.name), 0)


def _central(entry: Entry) -> bytes:
    head = entry.start - _LOCAL_SIZE - len(entry.name)
    return _CENTRAL + pack("<H", _UNIX | _VERSION) + _shared(entry) + pack("<HHHII", 0, 0, 0, _MODE, head) + entry.name.encode()


def _read_end(size: int, read_at: ReadAt) -> tuple[int, int, int]:
    """Return number of files, length and offset of the directory."""
    end = read_at(max(0, size - _END_SIZE), _END_SIZE)
    if len(end) != _END_SIZE:
        raise Rejected("zip.form", why="cut")
    if end[:4] != _END:
        # Somewhere before there may be an end with a comment, or with bytes behind it; where there is none, this is no zip or one that was cut.
        tail = read_at(max(0, size - 70_000), 70_000)
        raise Rejected("zip.trailing") if _END in tail else Rejected("zip.form", why="no end")
    disk, first, here, count, listed, offset, comment = unpack("<HHHHIIH", end[4:])
    if 0xFFFF in {here, count} or 0xFFFFFFFF in {listed, offset}:
        raise Rejected("zip.zip64")
    if disk or first or here != count:
        raise Rejected("zip.disks")
    if comment:
        raise Rejected("zip.trailing")
    if offset + listed + _END_SIZE != size:
        raise Rejected("zip.overlap" if offset + listed + _END_SIZE > size else "zip.trailing")
    if count > MAX_FILES or listed > MAX_FILES * (_CENTRAL_SIZE + MAX_NAME):
        raise Rejected("zip.too_many", limit=MAX_FILES)
    return count, listed, offset


def _read_directory(listed: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        fixed = listed[at : at + _CENTRAL_SIZE]
        if len(fixed) != _CENTRAL_SIZE or fixed[:4] != _CENTRAL:
            raise Rejected("zip.form", why="directory")
        made, needed, flags, method, _, _, crc, packed, size, named, extra, comment, disk, _, mode, head = unpack(
            "<HHHHHHIIIHHHHHII", fixed[4:]
        )
        name = listed[at + _CENTRAL_SIZE : at + _CENTRAL_SIZE + named]
        shown = name[:200].decode("utf-8", "replace")
        _require_fields(shown, needed, flags, method, packed, size, extra, comment, disk, made, mode)
        if not is_plain(name.decode("latin-1")) or len(name) != named:
            raise Rejected("zip.name", name=shown)
        yield Entry(name.decode("ascii"), size, crc, head + _LOCAL_SIZE + named)
        at += _CENTRAL_SIZE + named
    if at != len(listed):
        raise Rejected("zip.form", why="directory")


def _require_fields(
    name: str, needed: int, flags: int, method: int, packed: int, size: int, extra: int, comment: int, disk: int, made: int, mode: int
) -> None:
    if flags & 0x2041:
        raise Rejected("zip.encrypted", name=name)
    if 0xFFFFFFFF in {packed, size} or needed >= 45:
        raise Rejected("zip.zip64")
    if method or packed != size:
        raise Rejected("zip.method", name=name, method=method)
    if extra or comment:
        raise Rejected("zip.extra", name=name)
    if disk:
        raise Rejected("zip.disks")
    if made >> 8 == 3 and mode >> 16 & 0o170000 not in {0, 0o100000}:
        raise Rejected("zip.link", name=name)


def _require_order(entries: Sequence[Entry]) -> None:
    folded: set[str] = set()
    before = ""
    for entry in entries:
        if not is_plain(entry.name):
            raise Rejected("zip.name", name=entry.name[:200])
        if entry.name == before:
            raise Rejected("zip.twice", name=entry.name)
        if entry.name.lower() in folded:
            raise Rejected("zip.case", name=entry.name)
        if entry.name < before:
            raise Rejected("zip.order", name=entry.name)
        before = entry.name
        folded.add(entry.name.lower())
    for entry in entries:  # a name that is also a folder of another
        place = entry.name.rpartition("/")[0].lower()
        while place:
            if place in folded:
                raise Rejected("zip.case", name=entry.name)
            place = place.rpartition("/")[0]


def _require_touching(entries: Sequence[Entry], offset: int) -> None:
    """Each file begins where the one before it ends, the first at 0, and the directory follows the last."""
    at = 0
    for entry in entries:
        at += _LOCAL_SIZE + len(entry.name)
        if entry.start != at:
            raise Rejected("zip.overlap", name=entry.name)
        at += entry.size
    if at != offset:
        raise Rejected("zip.overlap", name=entries[-1].name if entries else "")
