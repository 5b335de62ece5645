# SPDX-License-Identifier: Apache-2.0
"""Places where a fault test may kill the process. In production nothing is set and a trip costs one look at an empty table.

The numbers are the steps of `docs/tour/life-of-a-segment.md`. `KUA_KILL_AT=hide:3:2` kills the process that passes `hide:3` for the second
time with SIGKILL; several places are parted by commas. With `KUA_KILL_ONCE=FOLDER` each place kills once, however often its process is
started again: FOLDER/place says so. The files are opened at the start,
since `hide` may open none later. Set only by `make faults`.
"""

import fcntl
import os
import signal
import threading
from collections import Counter
from typing import Final


def _wanted(told: str) -> dict[str, int]:
    return {place: int(number) for place, _, number in (each.rpartition(":") for each in told.split(",") if each)}


_WANTED: Final = _wanted(os.environ.get("KUA_KILL_AT", ""))
_ONCE: Final = os.environ.get("KUA_KILL_ONCE", "")
_MARKS: Final = {place: os.open(f"{_ONCE}/{place}", os.O_WRONLY | os.O_CREAT, 0o644) for place in _WANTED} if _ONCE else {}
_seen: Counter[str] = Counter()
_turn: Final = threading.Lock()


def trip(place: str) -> None:
    """Die at once if a fault test asked for it at the n-th pass of `place`."""
    if place not in _WANTED:
        return
    with _turn:  # so that no other thread says that it kills while this one does
        _seen[place] += 1
        if _seen[place] == _WANTED[place] and _is_first(place):
            os.kill(os.getpid(), signal.SIGKILL)


def _is_first(place: str) -> bool:
    if not _ONCE:
        return True
    mark = _MARKS[place]
    fcntl.flock(mark, fcntl.LOCK_EX)
    if os.fstat(mark).st_size:
        fcntl.flock(mark, fcntl.LOCK_UN)
        return False
    os.write(mark, b"x")
    return True
