# SPDX-License-Identifier: Apache-2.0
"""Does what a camera sends become pictures at all? Packets that do not decode are counted and never fatal, until none has decoded for three times the
distance of its key pictures (I4). Reads no clock; times are monotonic, so that a clock that is set changes nothing."""

from typing import Final

from kua.core.instant import Millis

LEAST: Final = Millis(10_000)
"""Milliseconds that are always waited: some cameras send a key picture every ten seconds."""
MOST: Final = Millis(60_000)
"""Milliseconds after which nobody waits any longer, whatever the camera's distance is."""
TIMES: Final = 3


class Keyframes:
    """One connection of one camera, packet by packet."""

    def __init__(self) -> None:
        self._since: Millis | None = None
        self._key: Millis | None = None
        self._distance = 0
        self.barren = False
        """Whether it was found, and not taken back, that nothing decodes."""

    @property
    def limit(self) -> Millis:
        """How long packets may come without a picture."""
        return Millis(min(MOST, max(LEAST, TIMES * self._distance)))

    def packet(self, now: Millis, *, key: bool) -> bool:
        """Take one packet; return True where it makes plain that nothing decodes, each time anew after another `limit`."""
        if key:
            if self._key is not None:
                self._distance = max(self._distance, now - self._key)
            self._key = now
        if self._since is None or now < self._since:
            self._since = now
        if now - self._since < self.limit:
            return False
        self._since = now
        self.barren = True
        return True

    def picture(self, now: Millis) -> bool:
        """Note that a packet that arrived then became a picture; return True where that is news."""
        self._since = now
        was, self.barren = self.barren, False
        return was
