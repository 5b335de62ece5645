# SPDX-License-Identifier: Apache-2.0
"""Does a camera show again what it has shown before, through another encoder? Answered from how coarse brightness moves, not from what is seen.

A picture becomes 16 x 9 means of brightness; what is kept of it is how they differ from those of a second before. A still scene moves nothing
and proves nothing. What moves now is held against every moment of the last minutes: where moment after moment agrees at one and the same
distance in time, a recording plays again. Knows nothing of people, keeps no picture, reads no clock.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant, Millis
from kua.sight.grid import Plane

ROWS, COLUMNS = 9, 16
BEAT: Final = Millis(200)
"""Pictures within one beat are taken together, so that it matters little which of them a player or an encoder keeps."""
BEFORE: Final = 5
"""Beats between the two moments whose difference is what moved."""
REMEMBERED: Final = Millis(10 * 60_000)
"""How far back a repetition is noticed. A longer film that plays again is not."""
NEAREST: Final = Millis(10_000)
"""Nothing nearer is held to be a repetition: who sways, or a curtain in the wind, is like himself."""
MOVES: Final = 60.0
"""Sum of squared differences (levels) from which a beat has motion in it; noise of sensors and codecs stays below 20."""
LARGEST: Final = 24.0
"""Levels by which one mean counts at most, so that a lamp that is switched does not drown everything else."""
OVER: Final = 30
"""Moving beats over which likeness is averaged: a repetition is told after ten to fifteen seconds of motion."""
ALIKE: Final = 0.85
"""Likeness (1: the same) from which a distance in time is a repetition. Measured: `docs/design/hiding.md`."""
STILL_ALIKE: Final = 0.6
"""A repetition that was told goes on above this."""
SPREAD: Final = 10.0
"""So many of the means at least must share the motion (inverse of the sum of squared shares): a fan or a swinging lamp repeats itself too."""
VARIED: Final = 3.0
"""And of so many kinds at least it must be (inverse of the sum of squared shares of its singular values squared): a lamp that blinks has one."""

Floats = npt.NDArray[np.float32]
_KEPT: Final = REMEMBERED // BEAT
_FIRST: Final = NEAREST // BEAT
_MEANS: Final = ROWS * COLUMNS


def coarse(luma: Plane) -> Floats:
    """Return the means of a brightness plane over `ROWS` x `COLUMNS` parts, less their own mean: levels, float32 [144]. Takes one row and column
    in so many that about 180 rows are left; whatever is smaller than 9 x 16 pixels has no motion."""
    step = max(1, luma.shape[0] // 180)
    few = luma[::step, ::step]
    tall, wide = few.shape[0] // ROWS, few.shape[1] // COLUMNS
    if not tall or not wide:
        return np.zeros(_MEANS, dtype=np.float32)
    sums = few[: ROWS * tall, : COLUMNS * wide].reshape(ROWS, tall, COLUMNS, wide).sum(axis=(1, 3), dtype=np.uint32)
    means = (sums / np.float32(tall * wide)).astype(np.float32).reshape(-1)
    return np.asarray(means - means.mean(), dtype=np.float32)


class Repeats:
    """Takes the pictures of one camera in order of time. About 2 MB."""

    def __init__(self) -> None:
        self._beat: int | None = None
        self._told = False
        self.moves = False
        """Whether anything moved in the last beat that is over."""
        self.likeness = 0.0
        """That of the distance in time which agrees best, when something last moved."""
        self.distance = Millis(0)
        """How long ago what is seen now was seen before, as far as `likeness` says that it was."""
        self._forget()

    def _forget(self) -> None:
        self._sum = np.zeros(_MEANS, dtype=np.float32)
        self._count = 0
        self._lately: dict[int, Floats] = {}
        self._moved = np.zeros((_KEPT, _MEANS), dtype=np.float32)
        self._energy = np.full(_KEPT, -1.0, dtype=np.float32)
        self._like = np.zeros(_KEPT, dtype=np.float32)
        self._shares = np.zeros(_MEANS, dtype=np.float32)

    def see(self, at: Instant, luma: Plane) -> bool | None:
        """Take one picture's brightness. Once a beat: whether what moves was shown before; None where nothing moves or the beat goes on."""
        beat = at // BEAT
        said: bool | None = None
        if self._beat is not None and beat != self._beat:
            said = self._close(self._beat)
            if beat < self._beat:  # the clock was set back: what was seen has no distance any more
                self._forget()
            else:
                self._skip(self._beat + 1, beat)
        self._beat = beat
        self._sum += coarse(luma)
        self._count += 1
        return said

    def _skip(self, first: int, end: int) -> None:
        for missing in range(max(first, end - _KEPT), end):
            self._energy[missing % _KEPT] = -1.0

    def _close(self, beat: int) -> bool | None:
        """Note what moved in a beat that is over, and hold it against all that is remembered."""
        means = self._sum / np.float32(self._count)
        self._sum[:], self._count = 0, 0
        self._lately = {number: kept for number, kept in self._lately.items() if number >= beat - BEFORE} | {beat: means}
        before, slot = self._lately.get(beat - BEFORE), beat % _KEPT
        if before is None:
            self._energy[slot], self.moves = -1.0, False
            return None
        moved = np.clip(means - before, -LARGEST, LARGEST)
        energy = float(moved @ moved)
        self._moved[slot], self._energy[slot] = moved, energy
        self.moves = energy >= MOVES
        if not self.moves:
            return None
        alike = 2 * (self._moved @ moved) / np.maximum(self._energy + np.float32(energy), 1e-3)
        alike[self._energy < 0] = 0
        self._like += (np.concatenate([alike[slot::-1], alike[:slot:-1]]) - self._like) / OVER  # by distance, nearest first
        self._shares += (moved * moved / np.float32(energy) - self._shares) / OVER
        best = _FIRST + int(self._like[_FIRST:].argmax())
        self.likeness, self.distance = float(self._like[best]), Millis(best * BEAT)
        self._told = self.likeness >= (STILL_ALIKE if self._told else ALIKE) and (
            self._told or (self._is_spread() and self._is_varied(beat))
        )
        return self._told

    def _is_spread(self) -> bool:
        shares = self._shares / max(float(self._shares.sum()), 1e-6)
        return float(shares @ shares) * SPREAD <= 1

    def _is_varied(self, beat: int) -> bool:
        """Looks at the last moving beats, each counted alike. Asked only when a repetition is about to be told."""
        lately = [slot for slot in ((beat - back) % _KEPT for back in range(_KEPT // 4)) if self._energy[slot] >= MOVES][:OVER]
        moved = self._moved[lately] / np.sqrt(self._energy[lately])[:, None]
        power = np.linalg.svd(moved, compute_uv=False) ** 2
        return float(power.sum()) ** 2 >= VARIED * float(power @ power)
