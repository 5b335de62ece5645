# SPDX-License-Identifier: Apache-2.0
"""What of the film is sent at once over a line of measured rate: all of it, less of it, or only the statements about it. Reads no clock.

It never touches what is recorded: the film in the station is always the full one, and follows when the line allows it. Down at once where the line
no longer bears a rung; up only after a calm time, to the rung that the slowest moment of that time bears with room to spare. The calm that it waits
for doubles each time that a step up had to be taken back (the manners of `kua.flow.ladder`).
"""

from collections import deque
from typing import Final, Literal, get_args

from kua.core.instant import Millis

Rung = Literal["full", "small", "slow", "still", "none"]
RUNGS: Final[tuple[Rung, ...]] = get_args(Rung)
"""From the most to the least: the film itself; small pictures at its rate; small, one a second; small, one in ten seconds; statements alone."""
NEEDS: Final[dict[Rung, int]] = {"small": 200_000, "slow": 60_000, "still": 10_000, "none": 0}
"""Bits a second that each rung needs for one camera: what its encoder may use (`kua.station.lowered.BITS`), the statements, and the way of sending."""
OVER: Final = 1.15
"""What sending a film costs beside its own bytes: statements, signatures, headers."""
ROOM: Final = 1.3
"""It goes up only where the line bears the rung so many times over."""
PATIENCE: Final = Millis(30_000)
"""Milliseconds of calm before a step up."""
FIRST: Final = Millis(8_000)
"""Milliseconds of calm before the first one: a line that nobody has seen fail is believed after two segments."""
MOST_PATIENCE: Final = Millis(16 * 60_000)
START: Final[Rung] = "small"
"""The rung of a line that nobody has measured yet: on a good line it costs two segments of small pictures, for which the full ones follow; to begin with
the full film would keep a thin line busy with the first seconds for minutes."""
UNKNOWN: Final = Millis(60_000)
"""A line of which nothing was measured for so long carries nothing: a station without a link makes no pictures that nobody will see."""
_SPAN: Final = 15
"""Segments over which the rate of the film is taken: a minute."""


def bears(rate: int, film: int, cameras: int = 1, room: float = 1.0) -> Rung:
    """Return the highest rung that a line of `rate` bits a second bears `room` times, for `cameras` cameras whose films together have `film` bits a second."""
    if rate > 0 and rate >= room * OVER * film:
        return "full"
    return next(rung for rung in RUNGS[1:] if rate >= room * NEEDS[rung] * cameras)


class Thin:
    """Decides the rung of all cameras of a station. Times are of one clock that never goes back; rates are bits a second."""

    def __init__(self, cameras: int, now: Millis) -> None:
        self._cameras = max(1, cameras)
        self.rung: Rung = START
        self._known_at = now
        self._calm_since: Millis | None = None
        self._slowest = 0
        self._has_moved = False
        self._went_up: Millis | None = None
        self._patience = PATIENCE

    def measured(self, rate: int | None, film: int, now: Millis) -> Rung:
        """Return the rung from now on. `rate` is what the line gives, None where that is not known; `film` what the films of all cameras have together."""
        if rate is None:
            self._calm_since = None
            if now - self._known_at >= UNKNOWN:
                self._down("none", now)
            return self.rung
        self._known_at = now
        borne = bears(rate, film, self._cameras)
        if RUNGS.index(borne) > RUNGS.index(self.rung):
            self._down(borne, now)
        else:
            self._up(rate, film, now)
        return self.rung

    def _down(self, rung: Rung, now: Millis) -> None:
        self._calm_since = None
        if rung == self.rung:
            return
        if self._went_up is not None and now - self._went_up < self._patience:
            self._patience = Millis(min(2 * self._patience, MOST_PATIENCE))
        self._went_up = None
        self.rung, self._has_moved = rung, True

    def _up(self, rate: int, film: int, now: Millis) -> None:
        if not self._is_higher(bears(rate, film, self._cameras, ROOM)):
            self._calm_since = None
            return
        if self._calm_since is None:
            self._calm_since, self._slowest = now, rate
        self._slowest = min(self._slowest, rate)
        if now - self._calm_since < (self._patience if self._has_moved else FIRST):
            return
        rung = bears(self._slowest, film, self._cameras, ROOM)
        self._calm_since = None
        if self._is_higher(rung):
            self.rung, self._went_up, self._has_moved = rung, now, True

    def _is_higher(self, rung: Rung) -> bool:
        return RUNGS.index(rung) < RUNGS.index(self.rung)


class Weight:
    """How many bits a second the film of one camera has, over the last minute of it."""

    def __init__(self, at_first: int) -> None:
        """`at_first`: bits a second that are believed before there is film."""
        self._at_first = at_first
        self._pieces: deque[tuple[int, int]] = deque(maxlen=_SPAN)

    def add(self, size: int, length: Millis) -> None:
        """Take a segment of `size` bytes and `length` milliseconds into account."""
        self._pieces.append((size, length))

    @property
    def bits(self) -> int:
        """Bits a second."""
        length = sum(each for _, each in self._pieces)
        return sum(size for size, _ in self._pieces) * 8_000 // length if length else self._at_first
