# SPDX-License-Identifier: Apache-2.0
"""Reads a station's log beside its writer: no lock is taken and nothing is written. What is not signed yet, or torn, is not there."""

from pathlib import Path
from typing import final

from kua.adapters.durable import disk_errors
from kua.adapters.tilelog import frames
from kua.core.digest import Digest
from kua.core.errors import Incomplete, Refused
from kua.ports.tilelog import Signed
from kua.proof.checkpoint import open_checkpoint
from kua.proof.head import parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.merkle import Frontier, leaf_hash
from kua.proof.note import parse_note


@final
class LogLook:
    """The part of the port `TileLog` that reads, as of the moment it was opened, up to the newest signed head."""

    def __init__(self, folder: Path, origin: str, key: VerifierKey) -> None:
        """Read journal and heads. Raises `Incomplete("fsck.no_log")`, `Refused("log.forked")` where the newest head is not over these entries."""
        self._origin = origin
        try:
            with disk_errors(folder):
                heads = [body for _, body in frames((folder / "heads").read_bytes())]
                entries = [body for _, body in frames((folder / "journal").read_bytes())]
        except FileNotFoundError as error:
            raise Incomplete("fsck.no_log", box=folder.parent.name) from error
        if heads:
            open_checkpoint(heads[-1], key, origin)  # the older ones are under it
        self._heads = [Signed(head.size, head.root, note) for note in heads for head in (parse_checkpoint(parse_note(note).text),)]
        self._entries = entries[: self._heads[-1].size if self._heads else 0]
        frontier = Frontier.of(map(leaf_hash, self._entries))
        self._root = frontier.root()
        if self._heads and (len(self._entries) != self._heads[-1].size or self._root != self._heads[-1].root):
            raise Refused("log.forked", size=self._heads[-1].size, why="look")

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self._origin

    @property
    def size(self) -> int:
        """Entries under the newest head."""
        return len(self._entries)

    @property
    def head(self) -> Signed | None:
        """The newest signed head."""
        return self._heads[-1] if self._heads else None

    def root(self) -> Digest:
        """Root over all entries."""
        return self._root

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return entries [start, end). Raises `IndexError` beyond the end."""
        if not 0 <= start <= end <= self.size:
            raise IndexError(end)
        return self._entries[start:end]

    def head_within(self, start: int, limit: int) -> Signed | None:
        """Return the largest signed head with start < size <= limit."""
        return next((head for head in reversed(self._heads) if start < head.size <= limit), None)
