# SPDX-License-Identifier: Apache-2.0
"""Is the camera's picture alive? Frozen (the same picture to the last bit), black, and looped (pictures that were sent before), each with what it
must last. Keeps one picture, short digests of the last hours' and the coarse motion of the last minutes, in memory only."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant, Millis
from kua.sight.repeats import REMEMBERED as MEMORY
from kua.sight.repeats import Repeats

Luma = npt.NDArray[np.uint8]

FROZEN: Final = Millis(10_000)
BLACK: Final = Millis(5_000)
DARK: Final = 24
"""Mean brightness of a covered lens: limited range has black at 16."""
FLAT: Final = 2.0
"""Standard deviation below which a dark picture shows nothing."""

SEEN_SHARE: Final = 0.7
"""So large a share of the last ten seconds' pictures must have been seen before; the rest are those that the encoder's rate control coded otherwise."""
LOOP_APART: Final = Millis(2_000)
"""A picture that comes again sooner was merely held."""
LOOP_STIR, STIR_BY, STIR_OVER = 0.06, 2, 20
"""So large a share of a picture's points must differ by so many levels from the picture before (mean over so many pictures), as a sensor's noise makes
them differ, or something must move: an encoder that codes one still picture anew with each key frame repeats itself to the bit too, and nothing is
played there. Measured: still drawings at most 0.053, drawn noise mostly above 0.08 (`docs/design/hiding.md`)."""
LOOP_ROW, LOOP_IN = 5, Millis(1_000)
"""So many pictures in a row, over so long, that were all sent before: no sensor's noise does that. Shorter than pictures are held back."""
LOOP_OF, LOOP_SHARE = 50, 15
"""Or so many of the last so many that differ from the one before them: a player that leaves pictures out does not repeat each."""
LOOP_OVER: Final = Millis(30_000)
"""A loop is over when nothing has repeated for so long."""
LOOP_TAIL: Final = Millis(10_000)
"""Motion resembles a loop for so long at most after its last picture."""
LOOP_NEW: Final = 10
"""After a repetition that was coded anew so many beats of motion that is new must be seen too: a scene in which nothing moves proves nothing."""
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
class _Still:
    """One picture, coded anew with each key picture of the camera's encoder: of what comes most was seen before, to the bit, within a few seconds."""

    seen: dict[bytes, Instant] = field(default_factory=dict)
    recent: deque[tuple[Instant, bool]] = field(default_factory=deque)

    def again(self, at: Instant, few: Luma) -> bool:
        """Take a picture and say whether so many of the last ones were seen before. A sensor's noise lets none come again."""
        digest = hashlib.blake2b(few.tobytes(), digest_size=8).digest()
        before = self.seen.pop(digest, None)
        self.seen[digest] = at
        while len(self.seen) > 1 and not 0 <= at - next(iter(self.seen.values())) <= FROZEN:
            del self.seen[next(iter(self.seen))]
        self.recent.append((at, before is not None and 0 < at - before <= FROZEN))
        while not 0 <= at - self.recent[0][0] <= FROZEN:
            self.recent.popleft()
        return sum(again for _, again in self.recent) >= SEEN_SHARE * len(self.recent)


@dataclass(slots=True)
class _Loop:
    """Pictures that come again: a recording that is played in place of the camera, bit for bit or through another encoder."""

    seen: dict[bytes, Instant] = field(default_factory=dict)
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=LOOP_OF))
    row: int = 0
    row_from: Instant | None = None
    stir: float = 0.0
    repeats: Repeats = field(default_factory=Repeats)
    last: Instant | None = None
    """When something last repeated; None while no loop is told."""
    exact: Instant | None = None
    """When a picture last repeated bit for bit."""
    news: int = 0
    """Beats with new motion since the last repetition."""

    def turn(self, at: Instant, luma: Luma, few: Luma, stir: float | None) -> list[Turn]:
        """Take a picture, of which `stir` differs from the one before; None where nothing does, or it is dark."""
        self.stir += ((stir or 0.0) - self.stir) / STIR_OVER
        told = self.repeats.see(at, luma)
        again = stir is not None and self._is_again(at, few)
        self.exact = at if again else self.exact
        if self.last is None:
            if not told and not self._is_loop(at):
                return []
            self.last, self.news = at, 0
            return [("looped", "begin")]
        if again or told:
            self.last, self.news = at, 0
        self.news += told is False
        if not self._is_over(at, self.last):
            return []
        self.last, self.row = None, 0
        self.recent.clear()
        return [("looped", "end")]

    @property
    def stirs(self) -> bool:
        """Whether what is seen is alive or moves, so that repeating it is playing a recording."""
        return self.stir >= LOOP_STIR or self.repeats.moves

    def _is_over(self, at: Instant, last: Instant) -> bool:
        """After a repetition bit for bit noise alone is new enough; else what moves must be new."""
        was_exact = self.exact is not None and last - self.exact <= LOOP_TAIL
        return at - last >= LOOP_OVER and (was_exact or self.news >= LOOP_NEW or at - last >= MEMORY)

    def _is_again(self, at: Instant, few: Luma) -> bool:
        """Say whether a picture was sent before, and is alive enough for that to mean something."""
        digest = hashlib.blake2b(few.tobytes(), digest_size=8).digest()
        before = self.seen.pop(digest, None)
        self.seen[digest] = at
        if len(self.seen) > REMEMBERED:
            del self.seen[next(iter(self.seen))]
        again = before is not None and at - before >= LOOP_APART and self.stirs
        self.recent.append(again)
        self.row = self.row + 1 if again else 0
        self.row_from = at if self.row <= 1 else self.row_from
        return again

    def _is_loop(self, at: Instant) -> bool:
        in_row = self.row >= LOOP_ROW and self.row_from is not None and at - self.row_from >= LOOP_IN
        return in_row or sum(self.recent) >= LOOP_SHARE


@dataclass(slots=True)
class Vitals:
    """Looks at the pictures of one camera, in order."""

    _before: Luma | None = field(default=None, repr=False)
    _still: _Still = field(default_factory=_Still)
    _frozen: _Sign = field(default_factory=lambda: _Sign("frozen", FROZEN))
    _black: _Sign = field(default_factory=lambda: _Sign("black", BLACK))
    _loop: _Loop = field(default_factory=_Loop)

    @property
    def is_looped(self) -> bool:
        """Whether a loop was told and is not over."""
        return self._loop.last is not None

    def look(self, at: Instant, luma: Luma) -> list[Turn]:
        """Take one picture's brightness plane (kept until the next call, not copied) and return what has begun or ended with it."""
        few = luma[::8, ::8]
        stir: float | None = 1.0
        same = False
        if self._before is not None and self._before.shape == luma.shape:
            was = self._before[::8, ::8]
            stir = float(np.mean(np.maximum(few, was) - np.minimum(few, was) >= STIR_BY)) if not np.array_equal(few, was) else None
            same = stir is None and np.array_equal(luma, self._before)
        self._before = luma
        dark = float(few.mean()) < DARK and float(few.std()) < FLAT
        looped = self._loop.turn(at, luma, few, None if dark else stir)
        again = self._still.again(at, few) and not self._loop.stirs
        return self._frozen.turn(at, same or again) + self._black.turn(at, dark) + looped
