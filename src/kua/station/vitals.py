# SPDX-License-Identifier: Apache-2.0
"""Is the camera's picture alive? Frozen (the same picture to the last bit), black, and looped (pictures that were sent before), each with what it
must last. Keeps one picture and short digests of the last hours', in memory only."""

import hashlib
from collections import deque
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

LOOP_APART: Final = Millis(2_000)
"""A picture that comes again sooner was merely held."""
LOOP_OF, LOOP_SHARE = 50, 15
"""So many of the last so many pictures that differ from the one before them were sent before: no sensor's noise does that."""
REMEMBERED: Final = 65_536
"""Pictures whose digest is kept: almost two hours at ten a second. A longer loop is not noticed."""

Turn = tuple[Literal["frozen", "black", "looped"], Literal["begin", "end"]]


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
class _Loop:
    """Pictures that come again, bit for bit: a recording that is played in place of the camera. One that was encoded anew is not noticed."""

    seen: dict[bytes, Instant] = field(default_factory=dict)
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=LOOP_OF))
    told: bool = False

    def turn(self, at: Instant, few: Luma) -> list[Turn]:
        digest = hashlib.blake2b(few.tobytes(), digest_size=8).digest()
        before = self.seen.pop(digest, None)
        self.seen[digest] = at
        if len(self.seen) > REMEMBERED:
            del self.seen[next(iter(self.seen))]
        self.recent.append(before is not None and at - before >= LOOP_APART)
        again = sum(self.recent)
        if not self.told and again >= LOOP_SHARE:
            self.told = True
            return [("looped", "begin")]
        if self.told and again <= 1:
            self.told = False
            return [("looped", "end")]
        return []


@dataclass(slots=True)
class Vitals:
    """Looks at the pictures of one camera, in order."""

    _before: Luma | None = field(default=None, repr=False)
    _frozen: _Sign = field(default_factory=lambda: _Sign("frozen", FROZEN))
    _black: _Sign = field(default_factory=lambda: _Sign("black", BLACK))

    _loop: _Loop = field(default_factory=_Loop)

    def look(self, at: Instant, luma: Luma) -> list[Turn]:
        """Take one picture's brightness plane (kept until the next call, not copied) and return what has begun or ended with it."""
        few = luma[::8, ::8]
        alike = self._before is not None and np.array_equal(few, self._before[::8, ::8])
        same = alike and self._before is not None and np.array_equal(luma, self._before)
        self._before = luma
        dark = float(few.mean()) < DARK and float(few.std()) < FLAT
        looped = [] if alike or dark else self._loop.turn(at, few)
        return self._frozen.turn(at, same) + self._black.turn(at, dark) + looped
