# SPDX-License-Identifier: Apache-2.0
"""Looks into published film, as any reader may: is each signed mask the fill colour in every picture? Sees hidden film only, never a raw picture."""

import io
from typing import Any, Final

import av
import av.error
import av.logging
import numpy as np
import numpy.typing as npt

from kua.core.errors import Rejected
from kua.ports.pixels import Looked
from kua.sight.calibration import read_calibration
from kua.sight.grid import BLOCK
from kua.sight.mosaic import FILL
from kua.sight.zones import touched, within

av.logging.set_level(av.logging.PANIC)

FILLED: Final = ("booth", "screen")
"""Kinds of zones that every hiding table fills, in every phase (`kua.law.hiding`)."""
BORDER: Final = 4
"""Pixels along a mask's edge that are not judged: a codec's deblocking filter mixes up to three pixels across the edge of a block (H.264, 8.7)."""
LOWERED_BORDER: Final = 12
"""The same of a film that was made smaller: its edges lie anywhere in a block, so that the error of a transform of up to eight pixels is added."""
ASPECT: Final = 0.01
"""By so much of the signed shape that of a film may differ: smaller sizes are rounded to even heights."""

Mask = npt.NDArray[np.bool_]


def look_at_masks(calibration: bytes, init: bytes, segment: bytes, /, *, lowered: bool = False) -> Looked:
    """Decode one segment and compare every picture inside the masks of `calibration` with the fill colour; of a `lowered` one inside the zones as they
    were drawn, which lie inside the masks at any size.

    Raises `Rejected` with the codes of `read_calibration` for a file that is none, and `Rejected("masks.unreadable")` where `init + segment` does not decode.
    """
    signed = read_calibration(calibration)
    shapes = [shape for kind in FILLED for shape in signed.zones.get(kind, ())]
    worst, worst_at, count = 0, 0, 0
    inner = None
    for number, (width, height, yuv) in enumerate(_pictures(init + segment, signed.width, signed.height)):
        count += 1
        if inner is None:
            blocks = touched(shapes, width, height)
            grown = np.repeat(np.repeat(blocks, BLOCK, 0), BLOCK, 1)[:height, :width]
            inner = _inner(within(shapes, width, height), LOWERED_BORDER) if lowered else _inner(grown)
        off = _deviation(yuv, inner, width, height) if shapes else 0
        if off > worst:
            worst, worst_at = off, number
    return Looked(len(shapes), count, worst, worst_at)


def _inner(mask: Mask, border: int = BORDER) -> Mask:
    """Return `mask` without its border of so many pixels; the picture's own border is none."""
    wide = np.pad(mask, border, mode="edge")
    inner = wide.copy()
    for axis in (0, 1):
        for shift in range(1, border + 1):
            inner &= np.roll(wide, shift, axis) & np.roll(wide, -shift, axis)
        wide = inner.copy()
    rows, columns = mask.shape
    return np.asarray(inner[border : border + rows, border : border + columns])


def _pictures(film: bytes, width: int, height: int) -> Any:
    """Give size and planes of every picture. A busy station records smaller ones of the same shape; masks are shares of the picture."""
    size = None
    try:
        with av.open(io.BytesIO(film), "r", options={"protocol_whitelist": ""}) as container:
            for frame in container.decode(video=0):
                size = size or (frame.width, frame.height)
                fits = frame.width <= width and abs(frame.width * height - frame.height * width) <= ASPECT * frame.height * width
                if (frame.width, frame.height) != size or not fits:
                    raise Rejected("picture.size_changed", width=frame.width, height=frame.height)
                yield *size, frame.to_ndarray(format="yuv420p")
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise Rejected("masks.unreadable") from error


def _deviation(yuv: Any, inner: Mask, width: int, height: int) -> int:
    """Return by how many levels the worst pixel of a picture differs from the fill colour, in any plane."""
    small = inner[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2).all(axis=(1, 3))
    luma = yuv[:height][inner]
    chroma = yuv[height:].reshape(2, height // 2, width // 2)
    planes = [(luma, FILL[0]), (chroma[0][small], FILL[1]), (chroma[1][small], FILL[2])]
    return max((int(np.abs(part.astype(np.int16) - value).max()) for part, value in planes if part.size), default=0)
