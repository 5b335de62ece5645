# SPDX-License-Identifier: Apache-2.0
"""Is the camera's picture alive? Frozen (the same picture to the last bit) and black, each with the time it must last. Keeps one picture, in memory only."""

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant, Millis

Luma = npt.NDArray[np.uint8]

FROZEN: Final = Millis(10_000)
BLACK: Final = Millis(5_000)
DARK: Final = 24
"""Mean brightness of a covered lens: limited range has black at 16."""
FLAT: Final = 2.0
"""Standard deviation below which a dark picture shows nothing."""

Turn = tuple[Literal["frozen", "black"], Literal["begin", "end"]]


@dataclass(slots=True)
class _Sign:
    """One sign of illness: since when it is there, and whether it was told."""

    kind: Literal["frozen", "black"]
    lasting: Millis
    since: Instant | None = None
    told: bool = False

    def turn(self, at: Instant, is_there: bool) -> list[Turn]:
        if not is_there:
            told, self.since, self.told = self.told, None, False
            return [(self.kind, "end")] if told else []
        self.since = at if self.since is None else self.since
        if self.told or at - self.since < self.lasting:
            return []
        self.told = True
        return [(self.kind, "begin")]


@dataclass(slots=True)
class Vitals:
    """Looks at the pictures of one camera, in order."""

    _before: Luma | None = field(default=None, repr=False)
    _frozen: _Sign = field(default_factory=lambda: _Sign("frozen", FROZEN))
    _black: _Sign = field(default_factory=lambda: _Sign("black", BLACK))

    def look(self, at: Instant, luma: Luma) -> list[Turn]:
        """Take one picture's brightness plane (kept until the next call, not copied) and return what has begun or ended with it."""
        few = luma[::8, ::8]
        same = self._before is not None and np.array_equal(few, self._before[::8, ::8]) and np.array_equal(luma, self._before)
        self._before = luma
        dark = float(few.mean()) < DARK and float(few.std()) < FLAT
        return self._frozen.turn(at, same) + self._black.turn(at, dark)
