# SPDX-License-Identifier: Apache-2.0
"""Reading for hours from a place that may be slow, busy or gone: again after a pause, not faster than allowed, not again what has not changed.

Judges nothing of what is read. Pauses are those of `kua.flow.backoff`; who sleeps, and how, is given.
"""

import random
import time
from collections.abc import Callable, Collection
from threading import Lock
from typing import Final, final

from kua.core.errors import Unavailable
from kua.core.instant import Millis
from kua.flow.backoff import Backoff
from kua.verify.reading import MAX_FILE, Reader, Web, open_reader

TRIES: Final = 5
"""How often one file is asked for before the answer is that it cannot be had."""
GIVE_UP: Final = 20
"""Failures in a row, over all files, after which nothing more is asked for in this round: the place is gone, and a thousand files need not find it out."""

LONG: Final = 600.0
"""Seconds that one file may take for a reader who has hours: 8 MiB at 14 KB in a second."""
CHANGING: Final = frozenset({"checkpoint", "election.json", "election.note", "profile.json"})
"""Files of a published tree that are replaced: asked for only if they changed."""

Sleep = Callable[[float], object]


def _chance() -> float:
    return random.random()  # noqa: S311 - spreads pauses; nothing secret hangs on it


@final
class Throttle:
    """Keeps to `rate` bytes in a second over all threads together, None for no limit, and counts what came. May be called from any thread."""

    def __init__(self, rate: float | None = None, *, sleep: Sleep = time.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._sleep, self._clock = rate, sleep, clock
        self._lock = Lock()
        self._due = clock()
        self.total = 0

    def __call__(self, count: int) -> float:
        """Note `count` bytes, wait as long as they should have taken, and return for how many seconds."""
        with self._lock:
            self.total += count
            if self._rate is None:
                return 0.0
            now = self._clock()
            self._due = max(self._due, now) + count / self._rate
            wait = self._due - now
        self._sleep(wait)
        return wait


@final
class Patient:
    """A `Reader` that tries again what could not be reached, at most `TRIES` times, and asks for the names in `changing` only whether they changed.

    What is wrong, too large or not there is not asked for again. A server's `Retry-After` is waited for. May be used from several threads.
    """

    def __init__(
        self, reader: Reader, *, changing: Collection[str] = (), sleep: Sleep = time.sleep, share: Callable[[], float] = _chance
    ) -> None:
        self._reader, self._changing, self._sleep, self._share = reader, changing, sleep, share
        self._last: dict[str, bytes] = {}
        self._failed = 0

    @property
    def where(self) -> str:
        """The place, as it was given."""
        return self._reader.where

    @property
    def listable(self) -> bool:
        """Whether `names` says anything."""
        return self._reader.listable

    def begin(self) -> None:
        """Begin a new round: a place that was given up is asked again."""
        self._failed = 0

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return one whole file, see `Reader`."""
        pauses = Backoff()
        for left in reversed(range(TRIES)):
            if self._failed >= GIVE_UP:
                raise Unavailable("verify.unreachable", name=name, why="gave up")
            try:
                found = self._ask(name, limit)
            except Unavailable as error:
                self._failed += 1
                if not left or error.code == "verify.redirected":
                    raise
                wait = pauses.failed(Millis(0), self._share())
                self._sleep(max(wait / 1000, float(error.facts.get("after", 0))))
            else:
                self._failed = 0
                return found
        raise AssertionError(name)

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of all files below `folder`."""
        return self._reader.names(folder)

    def _ask(self, name: str, limit: int) -> bytes:
        if not isinstance(self._reader, Web) or name.rpartition("/")[2] not in self._changing:
            return self._reader.read(name, limit)
        found = self._reader.read_new(name, limit)
        if found is not None:
            self._last[name] = found
        return self._last[name]


def open_patient(place: str, *, pace: Throttle | None = None, sleep: Sleep = time.sleep, share: Callable[[], float] = _chance) -> Patient:
    """Open a folder or a web address for hours of reading; a server that sends us to another host is not followed. Raises as `open_reader`."""
    reader = open_reader(place)
    if isinstance(reader, Web):
        reader = Web(place, at_home=True, patience=LONG, pace=pace)
    return Patient(reader, changing=CHANGING, sleep=sleep, share=share)
