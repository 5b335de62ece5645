# SPDX-License-Identifier: Apache-2.0
"""How slowly a body may come: nobody holds a connection by silence, nor by a byte a minute."""

import asyncio
from typing import Final, final

SILENCE: Final = 60.0
"""Seconds without a byte after which a sender is given up."""
SLOWEST: Final = 1024
"""Bytes a second below which, beyond the first `SILENCE` seconds, a sender is given up too: an eighth of what the worst line in use carries."""


@final
class Pace:
    """The time of one body, from its first wait on. Real time of the event loop: what it bounds is real."""

    def __init__(self) -> None:
        self._begun: float | None = None

    def limit(self, read: int) -> asyncio.Timeout:
        """Return the bound for waiting for the next piece after `read` bytes. Raises `TimeoutError` when it is over."""
        now = asyncio.get_running_loop().time()
        if self._begun is None:
            self._begun = now
        return asyncio.timeout_at(min(now + SILENCE, self._begun + SILENCE + read / SLOWEST))
