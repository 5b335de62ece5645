# SPDX-License-Identifier: Apache-2.0
"""What can be told of an encoded picture without decoding it: whether it stands on no other, and how large it is (RFC 6386 section 9.1, H.264 section 7.3.1)."""

from typing import Final

_IDR: Final = 5
_VP8_MARK: Final = b"\x9d\x01\x2a"


def is_key(codec: str, data: bytes) -> bool:
    """Say whether a picture of `vp8` or `h264` (Annex B) needs no other. Raises nothing, whatever the bytes are."""
    if codec == "vp8":
        return len(data) >= 10 and not data[0] & 1 and data[3:6] == _VP8_MARK
    return codec == "h264" and any(kind == _IDR for kind in _units(data))


def size_of(codec: str, data: bytes) -> tuple[int, int]:
    """Return width and height that a key picture of `vp8` says; (0, 0) where that would take more than a look."""
    if codec != "vp8" or not is_key(codec, data):
        return 0, 0
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def _units(data: bytes) -> list[int]:
    """Return the types of the NAL units behind each start code."""
    kinds, at = [], data.find(b"\x00\x00\x01")
    while 0 <= at < len(data) - 3:
        kinds.append(data[at + 3] & 0x1F)
        at = data.find(b"\x00\x00\x01", at + 3)
    return kinds
