# SPDX-License-Identifier: Apache-2.0
"""The centres that a station sends to: the first, and a second where the box is enrolled at one (U3). Both get every statement at once and each gives its own
receipts; film goes to the second when the first has it, or is away.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import final

from kua.core.digest import Digest
from kua.core.errors import Unavailable
from kua.core.instant import Instant
from kua.station.spool import Outbox, Row
from kua.station.uplink import Link, Uplink


@final
class Uplinks:
    """Stands before one or two uplinks as if they were one. `second` is an uplink that waits for `first`, with the outbox of what it is owed."""

    def __init__(self, first: Uplink, second: tuple[Uplink, Outbox] | None = None) -> None:
        self._first, self._second = first, second[0] if second else None
        self._outbox = second[1] if second else None
        self._all = (first,) if self._second is None else (first, self._second)

    @property
    def link(self) -> Link:
        """How things stand with the first centre."""
        return self._first.link

    @property
    def second(self) -> Link | None:
        """How things stand with the second, None where there is none."""
        return None if self._second is None else self._second.link

    @property
    def is_drained(self) -> bool:
        """Whether the first centre has everything, and the second too unless it is away: nobody waits for ever for a centre that has burnt down."""
        if not self._first.is_drained:
            return False
        return self._second is None or self._second.is_drained or bool(self._second.link.trouble)

    def owed(self) -> tuple[int, int]:
        """Return how many files and bytes are owed to the first centre."""
        return self._first.owed()

    def owe(self, rows: list[Row]) -> None:
        """Take new rows of the first centre's outbox into account. The second's is given them here; what it misses in a crash the log says again."""
        if self._outbox is not None:
            with suppress(Unavailable):  # a full disk must not stop the recording for the sake of a second copy
                self._outbox.add(rows)
        for uplink in self._all:
            uplink.owe(rows)

    def forget(self, digests: Sequence[Digest]) -> None:
        """Owe files no more that nobody needs any longer."""
        for uplink in self._all:
            uplink.forget(digests)

    def prefer(self, spans: Sequence[tuple[Instant, Instant]], *, masters: bool = True, oldest_first: bool = False) -> None:
        """Say which times of the backlog matter, whether new film is sent live as it is, and whether the backlog goes in its own order."""
        for uplink in self._all:
            uplink.prefer(spans, masters=masters, oldest_first=oldest_first)

    def news(self) -> None:
        """Say that there may be something to send."""
        for uplink in self._all:
            uplink.news()

    def start(self) -> None:
        """Begin to send."""
        for uplink in self._all:
            uplink.start()

    def stop(self) -> None:
        """Stop after the requests in progress."""
        for uplink in self._all:
            uplink.stop()

