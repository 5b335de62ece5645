# SPDX-License-Identifier: Apache-2.0
"""What may tell the time."""

from typing import Literal, Protocol

from kua.core.instant import Instant, Millis

Trust = Literal["none", "rtc", "ntp", "centre"]
"""Who vouches for the wall clock (REC5)."""


class Clock(Protocol):
    """Tells the time and how far it may be believed.

    * `now` is wall time and may step;
    * `monotonic` never goes back and does not count from any date;
    * `trust` says who vouches for `now`; with `none` everything dated by it must say so.
    """

    def now(self) -> Instant: ...
    def monotonic(self) -> Millis: ...
    def trust(self) -> Trust: ...
