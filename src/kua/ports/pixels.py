# SPDX-License-Identifier: Apache-2.0
"""Looking into a published segment: what a verifier asks of whoever has a codec. It sees hidden film and signed masks only."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen in one segment: signed masks, pictures, the worst deviation from the fill in levels and the number of the picture that has it."""

    masks: int
    pictures: int
    worst: int
    worst_at: int


class Pixels(Protocol):
    """Looks into one segment: calibration file, init segment, segment. Raises `Rejected` for what cannot be read.

    `lowered`: the pictures are those of a film made smaller, whose squares are no longer those that were filled: only the zones themselves are judged.
    """

    def __call__(self, calibration: bytes, init: bytes, segment: bytes, /, *, lowered: bool = False) -> Looked: ...
