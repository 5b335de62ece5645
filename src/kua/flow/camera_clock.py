# SPDX-License-Identifier: Apache-2.0
"""By how much a camera's own clock is wrong (REC5): from the time that it claims for each picture (RTCP sender reports, RFC 3550, section 6.4.1) and
the arrival of its packets. It is measured, told, and never believed: film is dated by the station's clock alone. Reads no clock.
"""

from typing import Final

from kua.core.instant import Instant, Millis

WINDOW: Final = Millis(10_000)
"""Milliseconds over which the least delayed picture is sought: what came through the network fastest says most."""
LONG: Final = Millis(600_000)
"""Drift is said from so long on: before that it is lost in the jitter of packets."""


class CameraClock:
    """The clock of one camera over one connection after another."""

    def __init__(self) -> None:
        self._began: Instant | None = None
        self._best: int | None = None
        self._first: tuple[Instant, int] | None = None
        self._last: tuple[Instant, int] | None = None

    def observe(self, camera: Instant, arrival: Instant) -> None:
        """Take one picture's claimed time and arrival, in the order of arrival."""
        if self._began is None or not 0 <= arrival - self._began < WINDOW:
            if self._best is not None and self._began is not None:
                self._last = (self._began, self._best)
                self._first = self._first or self._last
            self._began, self._best = arrival, None
        ahead = camera - arrival
        self._best = ahead if self._best is None else max(self._best, ahead)

    @property
    def offset(self) -> Millis | None:
        """How far the camera's clock is ahead of ours in milliseconds (behind: negative), too small by the shortest way of a picture; None: not known."""
        if self._best is None:
            return None
        return Millis(self._best if self._last is None else max(self._best, self._last[1]))

    @property
    def drift_ppm(self) -> int:
        """By how many parts in a million its clock goes fast; 0 until it was watched for `LONG`."""
        if self._first is None or self._last is None or self._last[0] - self._first[0] < LONG:
            return 0
        return round((self._last[1] - self._first[1]) * 1_000_000 / (self._last[0] - self._first[0]))

    def forget(self) -> None:
        """Begin anew: the camera's clock was set."""
        self._began = self._best = self._first = self._last = None
