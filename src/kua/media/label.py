# SPDX-License-Identifier: Apache-2.0
"""A clip with a C2PA label, and the same clip without it: what a label adds to an MP4 and nothing else (ISO/IEC 14496-12; C2PA 2.1 section A.5).

A label is one `uuid` box behind `ftyp`; the offsets of the chunks grow by its length. C2PA's own hash leaves out `free`, `skip` and `mfra`, in which a
forger may carry anything; so here a clip with any box beyond `ftyp`, label, `moov` and `mdat` is refused. Reads no file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import pack, unpack_from
from typing import Final

from kua.core.errors import Rejected

USER_TYPE: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The extended type of the box with a C2PA manifest."""
MAX_HEAD: Final = 64 * 1024 * 1024
"""Bytes of the largest box before the samples."""
_PATH: Final = (b"trak", b"mdia", b"minf", b"stbl", b"stco")


@dataclass(frozen=True, slots=True)
class Clip:
    """`head`: the bytes before the samples as they are without a label; `samples`: where these begin in the file; `label`: the label's box, empty without."""

    head: bytes
    samples: int
    label: bytes


def read_clip(size: int, read_at: Callable[[int, int], bytes]) -> Clip:
    """Read the head of a clip of `size` bytes. Raises `Rejected("clip.boxes")` for anything but `ftyp`, at most one label, `moov` and `mdat`, filling it exactly."""
    at, found = 0, list[tuple[bytes, bytes]]()
    while not found or found[-1][0] != b"mdat":
        header = read_at(at, 8)
        if len(header) < 8:
            raise Rejected("clip.boxes", at=at)
        (length,), kind = unpack_from(">I", header), header[4:]
        if kind == b"mdat":
            if length < 8 or at + length != size:
                raise Rejected("clip.boxes", at=at)
            found.append((kind, header))
        else:
            if not 8 <= length <= MAX_HEAD or at + length > size:
                raise Rejected("clip.boxes", at=at)
            found.append((kind, read_at(at, length)))
            at += length
    kinds = [kind for kind, _ in found]
    if kinds not in ([b"ftyp", b"moov", b"mdat"], [b"ftyp", b"uuid", b"moov", b"mdat"]):
        raise Rejected("clip.boxes", at=at)
    label = found[1][1] if len(found) == 4 else b""
    if label and label[8:24] != USER_TYPE:
        raise Rejected("clip.boxes", at=len(found[0][1]))
    moov = _shifted(found[-2][1], len(label))
    return Clip(found[0][1] + moov + found[-1][1], at + 8, label)


def _shifted(moov: bytes, by: int) -> bytes:
    """Return `moov` with every chunk offset `by` bytes less. Raises `Rejected("clip.boxes")` where an offset would be negative or a box does not add up."""
    made = bytearray(moov)
    start, end = 8, len(moov)
    for kind in _PATH:
        start, end = _within(moov, start, end, kind)
    if end - start < 8:
        raise Rejected("clip.boxes", at=start)
    (count,) = unpack_from(">I", moov, start + 4)
    if end - start != 8 + 4 * count:
        raise Rejected("clip.boxes", at=start)
    for offset in range(start + 8, end, 4):
        (value,) = unpack_from(">I", moov, offset)
        if value < by:
            raise Rejected("clip.boxes", at=offset)
        made[offset : offset + 4] = pack(">I", value - by)
    return bytes(made)


def _within(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int]:
    """Return where the content of the first box `kind` in data[start:end] begins and ends."""
    while end - start >= 8:
        (length,) = unpack_from(">I", data, start)
        if not 8 <= length <= end - start:
            break
        if data[start + 4 : start + 8] == kind:
            return start + 8, start + length
        start += length
    raise Rejected("clip.boxes", at=start)
