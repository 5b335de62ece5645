# SPDX-License-Identifier: Apache-2.0
"""What of a count may leave the room: no published interval covers fewer than five people. It decides; it counts nothing."""

from dataclasses import dataclass
from typing import Final

from kua.core.instant import Instant

FEWEST: Final = 5
"""No published interval covers fewer people than this: a smaller one could point at somebody."""


@dataclass(frozen=True, slots=True)
class Counted:
    """People in a zone over an interval, both ends included, before publication. `lo <= hi`; `pictures` is how many pictures it rests on."""

    from_ms: Instant
    to_ms: Instant
    lo: int
    hi: int
    peak: int
    """What was reached at least once for a tenth of the interval (lower bound)."""
    middle: float
    pictures: int


def publishable(counted: Counted) -> dict[str, int]:
    """Return what may be published: `from_ms`, `to_ms`, `lo`, `hi`. An interval whose upper end is below five becomes 0 to 4, whatever was counted."""
    lo, hi = (0, FEWEST - 1) if counted.hi < FEWEST else (counted.lo, counted.hi)
    return {"from_ms": counted.from_ms, "to_ms": counted.to_ms, "lo": lo, "hi": hi}
