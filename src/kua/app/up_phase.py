# SPDX-License-Identifier: Apache-2.0
"""When a raw picture may be looked at on the box's own page: never while people vote, count or write the protocol. Opens nothing."""

from typing import Final

from kua.core.election import Election
from kua.core.instant import Instant

OPEN_PHASES: Final = frozenset({None, "rehearsal", "opening"})
"""The phases in which it may; None: outside all windows."""
CLOSED: Final = 4
"""Exit code of the process that decodes, when the phase has closed its channel."""


def may_look(election: Election, station: str, now: Instant) -> bool:
    """Whether a raw picture may be shown on the box's own page at `now`."""
    return election.station(station).phase_at(now) in OPEN_PHASES
