# SPDX-License-Identifier: Apache-2.0
"""A clock that only moves when a test moves it."""

from typing import final

from kua.core.instant import Instant, Millis
from kua.ports.clock import Trust


@final
class ManualClock:
    """The port `Clock`, set by hand: `advance` lets time pass, `step` moves only the wall clock."""

    def __init__(self, now: int = 1_800_000_000_000, trust: Trust = "ntp") -> None:
        self._now, self._mono, self._trust = now, 1_000, trust

    def now(self) -> Instant:
        """Return wall time."""
        return Instant(self._now)

    def monotonic(self) -> Millis:
        """Return time passed."""
        return Millis(self._mono)

    def trust(self) -> Trust:
        """Return who vouches."""
        return self._trust

    def advance(self, millis: int) -> None:
        """Let time pass."""
        self._now += millis
        self._mono += millis

    def step(self, millis: int) -> None:
        """Set the wall clock forward or back."""
        self._now += millis

    def reboot(self, lost: int = 0) -> None:
        """Let time since the start begin anew, as after a power cut; the wall clock comes back `lost` milliseconds behind."""
        self._now -= lost
        self._mono = 1_000

    def vouched_by(self, trust: Trust) -> None:
        """Change who vouches."""
        self._trust = trust

    def centre_says(self, theirs: Instant, asked: Instant) -> None:
        """Take the centre's word when nobody else vouches."""
        if self._trust in {"none", "centre"}:
            self._trust = "centre" if abs(theirs - asked) <= 2_000 else "none"
