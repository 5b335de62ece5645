# SPDX-License-Identifier: Apache-2.0
"""Looking into a published segment: what a verifier asks of whoever has a codec. It sees hidden film and signed masks only."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen in one segment: signed masks, pictures, the worst deviation from the fill in levels and the number of the picture that has it."""

    masks: int
    pictures: int
    worst: int
    worst_at: int


Pixels = Callable[[bytes, bytes, bytes], Looked]
"""Looks into one segment: calibration file, init segment, segment. Raises `Rejected` for what cannot be read."""
