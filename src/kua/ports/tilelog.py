# SPDX-License-Identifier: Apache-2.0
"""What may keep an append-only log on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kua.core.digest import Digest


@dataclass(frozen=True, slots=True)
class Signed:
    """A head that has been signed and is durable: `note` is the checkpoint, a signed note over `size` and `root`."""

    size: int
    root: Digest
    note: bytes


class TileLog(Protocol):
    """An append-only log with one writer.

    * `append` returns the new entries' indices once they would survive a power cut; all of them or none;
    * `publish` signs the head of what is durable, makes that durable, then writes tiles, then shows the checkpoint; a smaller or
      contradicting head is never signed;
    * `entries(start, end)` returns the entries of [start, end), `IndexError` beyond the end;
    * `head` is the newest signed head, None before the first `publish`;
    * `head_within(start, limit)` is the largest signed head with start < size <= limit, or None;
    * any method may be called from any thread.
    """

    @property
    def origin(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def head(self) -> Signed | None: ...
    def root(self) -> Digest: ...
    def append(self, entries: Sequence[bytes]) -> range: ...
    def publish(self) -> Signed: ...
    def entries(self, start: int, end: int) -> list[bytes]: ...
    def head_within(self, start: int, limit: int) -> Signed | None: ...
