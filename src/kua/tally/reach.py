# SPDX-License-Identifier: Apache-2.0
"""How likely it is that a moment is the middle of a reach for the slot, from what it looks like there before, during and after; and which moments are told.

Somebody stands still, an arm comes, rests and goes. What of it counts for how much is in `kua.tally.filters`; nothing here was set by hand but the times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant

Floats = npt.NDArray[np.float32]
SPANS: Final = ((-3_500, -2_000), (-2_000, -1_000), (-1_000, -300), (-300, 300), (300, 1_000), (1_000, 2_000), (2_000, 3_500))
"""Milliseconds about a moment, both ends included: over each of these the numbers of a profile are averaged."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A logistic regression: `rows` has for each part of a profile its weight in each of `SPANS`."""

    bias: float
    rows: tuple[tuple[float, ...], ...]

    def says(self, numbers: Floats) -> float:
        """Return how likely it is, 0..1, by `numbers` [len(SPANS), parts]."""
        total = self.bias + float((np.array(self.rows, dtype=np.float32).T * numbers).sum())
        return 1 / (1 + exp(-min(max(total, -30.0), 30.0)))


def averages(times: Sequence[Instant], profiles: Sequence[Floats], at: Instant) -> Floats:
    """Return the mean profile of each span about `at`, float32 [len(SPANS), parts]. Where a span has no picture (a film begins and ends), the one nearest to its middle stands for it. `times` are in order."""
    when, what = np.array(times, dtype=np.int64), np.stack(profiles)
    means = []
    for begin, end in SPANS:
        first, last = np.searchsorted(when, at + begin, "left"), np.searchsorted(when, at + end, "right")
        nearest = int(np.abs(when - (at + (begin + end) // 2)).argmin())
        means.append(what[first:last].mean(axis=0) if last > first else what[nearest])
    return np.asarray(np.stack(means), dtype=np.float32)


def peaks(times: Sequence[Instant], likely: Sequence[float], least: float, apart: int) -> list[int]:
    """Return which moments are at least as likely as `least`, and likelier than any other within `apart` milliseconds; of equals the first. `times` are in order."""
    when, how = np.array(times, dtype=np.int64), np.array(likely, dtype=np.float64)
    found = []
    for number in np.flatnonzero(how >= least).tolist():
        first, last = np.searchsorted(when, when[number] - apart, "left"), np.searchsorted(when, when[number] + apart, "right")
        if how[number] == how[first:last].max() and not (how[first:number] == how[number]).any():
            found.append(number)
    return found
