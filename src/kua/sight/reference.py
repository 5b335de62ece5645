# SPDX-License-Identifier: Apache-2.0
"""The empty room of one camera, as it was learned, and its file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kua.core.canonical import canonical, read_canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import KuaError, Rejected
from kua.sight.grid import Mask, Plane, blocks_of


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The empty room of one camera. `from_people` says that it was learned from a film with people in it."""

    width: int
    height: int
    yuv: Plane
    luma_tolerance: npt.NDArray[np.uint8]
    """Levels, for each 4x4 pixels."""
    chroma_tolerance: npt.NDArray[np.uint8]
    pixel_tolerance: npt.NDArray[np.uint8]
    """Levels, for each block: how far one pixel may be from the room."""
    known: Mask
    """Blocks of which the room is known; the others are hidden always."""
    samples: int
    from_people: bool

    def __repr__(self) -> str:
        return f"Reference({self.width}x{self.height}, samples={self.samples})"

    @property
    def noise(self) -> int:
        """The median tolerance of brightness, in hundredths of a level: one figure for the whole picture."""
        return round(float(np.median(self.luma_tolerance)) * 100)


def write_reference(room: Reference) -> bytes:
    """Return the reference file: one line of JCS JSON, a newline, then the planes and tolerances in order. Its SHA-256 names it."""
    head = {
        "v": 1,
        "width": room.width,
        "height": room.height,
        "samples": room.samples,
        "from_people": room.from_people,
    }
    parts = (room.yuv, room.luma_tolerance, room.chroma_tolerance, room.pixel_tolerance, room.known.astype(np.uint8))
    return canonical(head) + b"\n" + b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def reference_digest(room: Reference) -> Digest:
    """Return the SHA-256 of the reference file of `room`."""
    return sha256(write_reference(room))


def read_reference(data: bytes) -> Reference:
    """Read a reference file. Raises `Rejected("room.unreadable")` for anything that `write_reference` did not write."""
    line, newline, body = data.partition(b"\n")
    try:
        head = read_canonical(line)
        width, height, samples = int(head["width"]), int(head["height"]), int(head["samples"])
        from_people = bool(head["from_people"])
        if head["v"] != 1 or not newline or not (0 < width <= 8192 and 0 < height <= 8192) or width % 2 or height % 2:
            raise Rejected("room.unreadable")
    except (KuaError, KeyError, TypeError, ValueError) as error:
        raise Rejected("room.unreadable") from error
    rows, columns = blocks_of(width, height)
    shapes = ((height * 3 // 2, width), (rows * 2, columns * 2), (rows * 2, columns * 2), (rows, columns), (rows, columns))
    if len(body) != sum(tall * wide for tall, wide in shapes):
        raise Rejected("room.unreadable")
    parts: list[Plane] = []
    start = 0
    for tall, wide in shapes:
        parts.append(np.frombuffer(body, dtype=np.uint8, count=tall * wide, offset=start).reshape(tall, wide))
        start += tall * wide
    yuv, luma, chroma, pixel, known = parts
    return Reference(width, height, yuv, luma, chroma, pixel, known != 0, samples, from_people)
