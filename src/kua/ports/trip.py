# SPDX-License-Identifier: Apache-2.0
"""Places where a fault test may kill the process. In production nothing is set and a trip costs one look at an empty string.

The numbers are the steps of `docs/tour/life-of-a-segment.md`. `KUA_KILL_AT=hide:3.after:2` kills the process whose role is `hide` with
SIGKILL at the second pass of `3.after`. Set only by `make faults`.
"""

import os
import signal
from collections import Counter
from typing import Final

_WANTED: Final = os.environ.get("KUA_KILL_AT", "")
_seen: Counter[str] = Counter()


def trip(place: str) -> None:
    """Die at once if a fault test asked for it at the n-th pass of `place` (`role:step:n`)."""
    if not _WANTED or not _WANTED.startswith(place + ":"):
        return
    _seen[place] += 1
    if _seen[place] == int(_WANTED.rsplit(":", 1)[1]):
        os.kill(os.getpid(), signal.SIGKILL)
