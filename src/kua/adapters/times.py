# SPDX-License-Identifier: Apache-2.0
"""Films whose container gives every picture the same time: cut with careless tools, and common enough that they must not be hidden wrongly.

Such a film is counted instead: picture n is shown at n / rate.
"""

from fractions import Fraction
from typing import Any, Final

FASTEST: Final = 240
"""Pictures a second beyond which a film's times are not believed."""
USUAL: Final = Fraction(25)
"""The rate of a film that says nothing sensible of its own."""


def timeless(stream: Any) -> bool:
    """Say whether the times of `stream` (a PyAV video stream of a file) cannot be true: more than two pictures in hardly any time."""
    if not stream.frames or stream.frames < 3 or not stream.duration or not stream.time_base:
        return False
    return bool(stream.frames / (stream.duration * stream.time_base) > FASTEST)


def steady_rate(stream: Any) -> Fraction:
    """Return the pictures a second to count such a film by."""
    for rate in (stream.guessed_rate, stream.base_rate, stream.average_rate):
        if rate and 1 <= rate <= FASTEST:
            return Fraction(rate)
    return USUAL
