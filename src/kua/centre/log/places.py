# SPDX-License-Identifier: Apache-2.0
"""Keeps the index of the national log by station: told of every leaf by the log's one writer, in order.

The log is the truth. Where the index is of another log, damaged or longer than the log, it is forgotten and made again as the log is read at the start.
"""

from collections.abc import Callable
from typing import Final, final

from kua.core.errors import Unavailable
from kua.ports.index import Placed, Places
from kua.proof.leaf import Leaf, Unknown
from kua.proof.merkle import leaf_hash

BATCH: Final = 5_000
"""Rows that are written at once while the log is read from its beginning."""
MOST: Final = 100_000
"""Rows that are held while a disk refuses them; then this run gives the index up, and the next start makes it good."""


@final
class Placing:
    """Writes `places`. Holds what a sick disk has refused, and goes on with it at the next leaf; nothing of the log waits for it."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._rows: list[Placed] = []
        self._tip = b""
        self._latest: tuple[int, int] | None = None
        self._there = 0
        """Leaves that the index has from an earlier run."""
        self._given_up = False

    def begin(self, size: int, entry: Callable[[int], bytes]) -> None:
        """Take up the index of a log of `size` leaves, of which `entry` gives any; all of them will then be told, from the first on."""
        try:
            if self._is_of(size, entry):
                self._there = self._places.count()
            else:
                self._places.forget()
        except Unavailable:
            self._given_up = True

    def _is_of(self, size: int, entry: Callable[[int], bytes]) -> bool:
        """Whether the index is of this log, as far as its last leaf says; a damaged one is not."""
        try:
            count = self._places.count()
            return count <= size and (not count or self._places.tip() == leaf_hash(entry(count - 1)).hex())
        except Unavailable:
            return False

    def note(self, index: int, entry: bytes, leaf: Leaf | Unknown) -> None:
        """Take one leaf. `flush` writes; so does every `BATCH`th while the log is read."""
        if isinstance(leaf, Leaf):
            at = int(leaf.body.get("received_at", leaf.body.get("at", 0)) or 0)
            self._latest = max(self._latest or (-1, -1), (at, index))
        if index < self._there or self._given_up:
            return
        self._rows.append(self._row(index, leaf))
        self._tip = entry
        if len(self._rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has been told. What the disk refuses is kept for the next time."""
        try:
            if self._rows:
                self._places.add(self._rows, leaf_hash(self._tip).hex())
                self._rows = []
        except Unavailable:
            if len(self._rows) > MOST:
                self._rows, self._given_up = [], True

    def _row(self, index: int, leaf: Leaf | Unknown) -> Placed:
        latest = self._latest[1] if self._latest is not None else None
        if isinstance(leaf, Unknown):
            return Placed(index, "", "", 0, latest)
        if leaf.type == "station_checkpoint":
            return Placed(index, leaf["origin"].rpartition("/")[2], leaf.type, leaf["size"], latest)
        return Placed(index, str(leaf.body.get("station", "")), leaf.type, 0, latest)
