# SPDX-License-Identifier: Apache-2.0
"""Pictures of an empty room for `kua station calibrate`: from any source, or drawn; and a still for the person who draws the zones.

The pictures stay in the process that asked for them; the still shows a room that was checked to be empty and stays in the box.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from kua.adapters.codecs.packets import PacketDecoder
from kua.core.errors import Incomplete, Unavailable
from kua.core.instant import Instant
from kua.ports.source import Source
from kua.sight.raw import Planes, RawFrame
from kua.sight.reference import Reference

_EVERY: Final = 4
"""One picture in so many is looked at: neighbours say the same."""
_PAINTED: Final = 24
_APART: Final = 1_700


def frames_of(source: Source, width: int, height: int, seconds: int) -> Iterator[RawFrame]:
    """Give pictures of the first `seconds` of media, scaled to the published size. Raises `Incomplete("room.no_frames")` for none."""
    told = source.described
    decoder = PacketDecoder(told.codec, told.extradata, told.width, told.height)
    first: int | None = None
    number = 0
    try:
        while (packet := source.read()) is not None:
            first = packet.pts if first is None else first
            past = (packet.pts - first) * told.base_num * 1000 // told.base_den
            if past >= seconds * 1000:
                break
            for picture in decoder.decode(packet.pts, packet.payload):
                if number % _EVERY == 0:
                    yield RawFrame(Instant(past), width, height, picture.planes(width, height))
                number += 1
    except Unavailable:
        if not number:
            raise
    finally:
        source.close()
    if not number:
        raise Incomplete("room.no_frames")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn room: its zones as in a calibration file, and heads as (row, height) pairs of ten-thousandths and pixels."""

    zones: dict[str, Any]
    heads: tuple[tuple[int, int], ...]


def drawn_frames(seed: int, width: int, height: int) -> Iterator[RawFrame]:
    """Give pictures of a drawn room without people, with its own noise and light."""
    from kua.adapters.sources.painting import PaintedRoom

    room = PaintedRoom(seed, width, height)
    for number in range(_PAINTED):
        yield RawFrame(Instant(number * _APART), width, height, room.quiet(number * _APART))


def drawn_zones(seed: int, width: int, height: int) -> Drawn:
    """Return what is known of a drawn room because it was drawn."""
    from kua.adapters.sources.painting import PaintedRoom

    room = PaintedRoom(seed, width, height)
    zones = {kind: [[list(point) for point in shape] for shape in shapes] for kind, shapes in room.zones().items()}
    return Drawn(zones, tuple((head["y"], head["px"]) for head in room.heads()))


def still_of(room: Reference) -> bytes:
    """Return the learned room as a PNG file."""
    planes: Planes = np.ascontiguousarray(room.yuv)
    _, data = cv2.imencode(".png", cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420))
    return bytes(data)
