# SPDX-License-Identifier: Apache-2.0
"""A log in memory: the port `TileLog` without a disk, for tests of long days. It survives whoever uses it, as a file would."""

from collections.abc import Sequence
from typing import final

from kua.core.digest import Digest
from kua.ports.tilelog import Signed
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.merkle import Frontier, leaf_hash


@final
class MemoryLog:
    """Everything that was appended is durable at once; every head that was signed is remembered."""

    def __init__(self, origin: str, key: SigningKey) -> None:
        self._origin, self._key = origin, key
        self._entries: list[bytes] = []
        self._frontier = Frontier()
        self._heads: list[Signed] = []

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self._origin

    @property
    def size(self) -> int:
        """Entries."""
        return len(self._entries)

    @property
    def head(self) -> Signed | None:
        """The newest signed head."""
        return self._heads[-1] if self._heads else None

    def root(self) -> Digest:
        """Root over all entries."""
        return self._frontier.root()

    def append(self, entries: Sequence[bytes]) -> range:
        """Keep the port's promise."""
        start = self.size
        for entry in entries:
            self._frontier.append(leaf_hash(entry))
        self._entries += entries
        return range(start, self.size)

    def publish(self) -> Signed:
        """Keep the port's promise."""
        if self.head is None or self.head.size < self.size:
            root = self.root()
            self._heads.append(Signed(self.size, root, sign_checkpoint(Checkpoint(self._origin, self.size, root), self._key)))
        return self._heads[-1]

    def entries(self, start: int, end: int) -> list[bytes]:
        """Keep the port's promise."""
        if not 0 <= start <= end <= self.size:
            raise IndexError(end)
        return self._entries[start:end]

    def head_within(self, start: int, limit: int) -> Signed | None:
        """Keep the port's promise."""
        low, high = 0, len(self._heads)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._heads[middle].size <= limit else (low, middle)
        return self._heads[low - 1] if low and self._heads[low - 1].size > start else None
