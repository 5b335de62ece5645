# SPDX-License-Identifier: Apache-2.0
"""What a detector may say about a picture: boxes. There is no place here for an identity, a landmark or an embedding (objection 2)."""

from dataclasses import dataclass
from typing import Final, Literal

from kua.sight.grid import BLOCK, Mask

Kind = Literal["face", "head", "person"]
"""What a box holds; never who."""

FACE_GROWTH: Final = 1.5
"""A found face is enlarged by this factor: unenlarged boxes cover nine tenths of a face only about half of the time (measured)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture, `x0 <= x < x1`, `y0 <= y < y1`; it may reach outside the picture. `score` is 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float
    score: float
    kind: Kind

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    def grown(self, factor: float) -> "Box":
        """Return the box with both sides multiplied by `factor` about its centre."""
        dx, dy = self.width * (factor - 1) / 2, self.height * (factor - 1) / 2
        return Box(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy, self.score, self.kind)

    def moved(self, dx: float, dy: float) -> "Box":
        """Return the box shifted by `dx`, `dy` pixels."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy, self.score, self.kind)

    def overlap(self, other: "Box") -> float:
        """Return intersection over union with `other`, 0..1."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.width * self.height + other.width * other.height - both)


def head_of(box: Box) -> Box:
    """Return where the head of `box` is to be hidden: a face enlarged, the upper part of a person, a head as it is with a little margin.

    The region of a person was measured on fixed cameras: x = centre +- max(0.58 w, 0.17 h),
    y = top - 0.08 h .. top + 0.30 h.
    """
    if box.kind == "face":
        return box.grown(FACE_GROWTH)
    if box.kind == "head":
        return box.grown(1.2)
    middle, reach = (box.x0 + box.x1) / 2, max(0.58 * box.width, 0.17 * box.height)
    return Box(middle - reach, box.y0 - 0.08 * box.height, middle + reach, box.y0 + 0.30 * box.height, box.score, "head")


def blocks_touched(shape: tuple[int, ...], box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of blocks that `box` touches; empty where it lies outside the picture."""
    rows, columns = shape[0], shape[1]
    left, top = max(0, int(box.x0 // BLOCK)), max(0, int(box.y0 // BLOCK))
    right, bottom = min(columns, int(-(-box.x1 // BLOCK))), min(rows, int(-(-box.y1 // BLOCK)))
    return slice(top, max(top, bottom)), slice(left, max(left, right))


def mark(mask: Mask, box: Box) -> None:
    """Set every block that `box` touches."""
    mask[blocks_touched(mask.shape, box)] = True
