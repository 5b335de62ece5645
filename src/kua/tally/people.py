# SPDX-License-Identifier: Apache-2.0
"""How many people are in the picture, from boxes that were found in it and from what differs from the empty room. Boxes only: it knows nobody (ADR 5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


from kua.core.instant import Instant
from kua.tally.pairs import Likeness, Pairs, best_sum
from kua.tally.paths import Found, Pace, Path, Paths
from kua.tally.queue import BLOCK, Blocks, Estimate

GATE: Final = 0.2
"""Where less than this share of a box differs from the empty room nobody stands: a coat, a poster, a chair."""
UNSEEN: Final = 1_000
"""Somebody who is not found counts for so many milliseconds more, where they are taken to have gone."""
DOUBT: Final = 1
"""So many people more or fewer than were found may be there."""
WITHIN: Final = 0.7
"""As long as at least this share of them is taken to be within the picture: whoever was lost at its edge has left."""


def differing(box: Found, foreground: Blocks) -> float:
    """Return the share of the blocks that `box` touches that differ from the empty room; 0 where it lies outside the picture."""
    rows, columns = foreground.shape
    top, left = max(0, int(box.y0 // BLOCK)), max(0, int(box.x0 // BLOCK))
    part = foreground[top : max(top, min(rows, int(box.y1 // BLOCK) + 1)), left : max(left, min(columns, int(box.x1 // BLOCK) + 1))]
    return float(part.mean()) if part.size else 0.0


def gated(found: Sequence[Found], foreground: Blocks) -> list[Found]:
    """Return the boxes in which something stands that is not the empty room."""
    return [box for box in found if differing(box, foreground) >= GATE]


@dataclass(frozen=True, slots=True)
class Present:
    """What one picture shows: every path that counts and is there, found just now or hidden for a moment, by number; and how many people that makes."""

    paths: tuple[Path, ...]
    estimate: Estimate


class People:
    """Counts the people of one run of one camera. Not for two threads; time comes with the pictures and must not go back."""

    def __init__(self, width: int, height: int, pace: Pace | None = None, pair: Callable[[Likeness, float], Pairs] = best_sum) -> None:
        """`width` and `height` are those of the picture, in pixels."""
        self._width, self._height = width, height
        self._paths = Paths(pace, pair)

    def step(self, at: Instant, found: Sequence[Found], foreground: Blocks) -> Present:
        """Take in one picture that was looked at: what was found in it, and its blocks that differ from the empty room."""
        paths = self._paths.step(at, gated(found, foreground))
        there = tuple(path for path in paths if path.counts and (path.seen == at or self._is_hidden(at, path, foreground)))
        found_now = sum(path.seen == at for path in there)
        maybe = sum(not path.counts and path.seen == at for path in paths)
        return Present(there, Estimate(max(0, found_now - DOUBT), len(there) + maybe + DOUBT, float(len(there))))

    def _is_hidden(self, at: Instant, path: Path, foreground: Blocks) -> bool:
        """Whether somebody who was not found is taken to be there all the same, behind others or bent down."""
        box = path.box
        wide, high = min(box.x1, self._width) - max(box.x0, 0), min(box.y1, self._height) - max(box.y0, 0)
        within = max(0.0, wide) * max(0.0, high) / max((box.x1 - box.x0) * (box.y1 - box.y0), 1e-9)
        return at - path.seen <= UNSEEN and within >= WITHIN and differing(box, foreground) >= GATE
