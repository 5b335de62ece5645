# SPDX-License-Identifier: Apache-2.0
"""A part of a log on its way over a thin line: zlib (RFC 1950), with the entries before it, which both sides have, as the dictionary (docs/spec/centre-api.md).

One leaf of film after another differs in a digest and a few numbers, so that about a hundred bytes are left of each. The checksums of the format are needed:
with another dictionary the entries would be other ones, and the station would stand there as having two histories.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MEDIA_TYPE: Final = "application/vnd.kua.log"
BEFORE: Final = 32
"""Entries before the first that the dictionary is made of, as many as there are."""
_MOST_DICTIONARY: Final = 32 * 1024
_VERSION: Final = b"kua/log/v1 "


@dataclass(frozen=True, slots=True)
class Part:
    """Entries from `start` on and the checkpoint over them."""

    start: int
    entries: tuple[bytes, ...]
    checkpoint: bytes


def pack(start: int, entries: Sequence[bytes], checkpoint: bytes, before: Sequence[bytes]) -> bytes:
    """Return the body. An entry is canonical JSON and therefore one line. Raises `ValueError` for one that is not."""
    if any(b"\n" in entry or not entry for entry in entries):
        raise ValueError("an entry is one line")
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zdict=_dictionary(before))
    plain = b"".join(entry + b"\n" for entry in entries) + b"\n" + checkpoint
    return _VERSION + b"%d\n" % start + packer.compress(plain) + packer.flush()


def start_of(body: bytes) -> int:
    """Return where the entries begin. Raises `ValueError`."""
    head, found, _ = body[:40].partition(b"\n")
    number = head.removeprefix(_VERSION)
    if not found or not head.startswith(_VERSION) or not number.isdigit() or len(number) > 15:
        raise ValueError(head)
    return int(number)


def unpack(body: bytes, before: Sequence[bytes], most: int) -> Part:
    """Read a body that has at most `most` bytes unpacked. Raises `ValueError` for anything else, also where `before` is not what it was packed with."""
    start = start_of(body)
    unpacker = zlib.decompressobj(15, zdict=_dictionary(before))
    try:
        plain = unpacker.decompress(body.partition(b"\n")[2], most)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("length")
    lines, found, checkpoint = plain.partition(b"\n\n")
    if plain.startswith(b"\n"):
        lines, found, checkpoint = b"", b"\n", plain[1:]
    if not found:
        raise ValueError("form")
    return Part(start, tuple(lines.split(b"\n")) if lines else (), checkpoint)


def _dictionary(before: Sequence[bytes]) -> bytes:
    """The newest entries stand at the end, where a repetition costs least."""
    return b"".join(entry + b"\n" for entry in before[-BEFORE:])[-_MOST_DICTIONARY:]
