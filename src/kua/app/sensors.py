# SPDX-License-Identifier: Apache-2.0
"""Looks at the computer's sensors on a thread of its own: one that hangs costs its reading, never the recording."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from kua.adapters.health import look
from kua.flow.health import Reading

EVERY: Final = 30.0
"""Seconds between two looks."""
DISK_EVERY: Final = 20
"""Every so many looks the disk is asked too."""


@final
class Sensors:
    """The newest reading; `reading` is None until there is one."""

    def __init__(self, box: Path, looked: Callable[..., Reading] = look) -> None:
        self._box, self._look = box, looked
        self._stop = threading.Event()
        self._disk: bool | None = None
        self._turns = 0
        self.reading: Reading | None = None

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="sensors", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def once(self) -> None:
        """Look now."""
        asks = self._turns % DISK_EVERY == 0
        self._turns += 1
        seen = self._look(self._box, ask_disk=asks)
        if asks:
            self._disk = seen.disk
        self.reading = Reading(seen.mains, seen.charge, seen.celsius, self._disk)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.once()
            self._stop.wait(EVERY)
