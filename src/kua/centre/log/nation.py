# SPDX-License-Identifier: Apache-2.0
"""The one writer of the national log. What must be seen at once is appended and signed at once; stations' checkpoints are signed in batches,
at most one signature a second, so that many stations do not make many checkpoints.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, final

from kua.centre.log.places import Placing
from kua.centre.whole import in_thread
from kua.core.errors import KuaError, Unavailable
from kua.core.instant import Instant
from kua.ports.tilelog import Signed, TileLog
from kua.ports.trip import trip
from kua.proof.leaf import Leaf, Unknown, make_leaf, read_leaf

EVERY: Final = 1.0
"""Seconds between two signatures over batched leaves."""
_PAGE: Final = 1_000


@final
class Nation:
    """Owns the log. All methods are called on the event loop; disk work is done in a thread, one piece at a time."""

    def __init__(
        self, log: TileLog, stated: Callable[[str, int, int], None] = lambda _origin, _index, _size: None, placing: Placing | None = None
    ) -> None:
        """`stated` is told of every station's checkpoint: origin, index of its leaf, size; `placing` of every leaf, before a head over it is shown."""
        self._log, self._stated, self._placing = log, stated, placing
        self._queue: list[bytes] = []
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self.certificates: dict[str, tuple[str, int]] = {}
        self.withdrawals: list[tuple[int, dict[str, Any]]] = []
        self.revoked: set[str] = set()
        """Stations whose key is not taken any more; their log is at its end here."""
        self.seen: dict[str, int] = {}
        self._policies: set[tuple[str, str]] = set()
        self._scan()

    @property
    def size(self) -> int:
        """Durable entries."""
        return self._log.size

    @property
    def head(self) -> Signed | None:
        """The newest published checkpoint."""
        return self._log.head

    def state_policies(self, version: int, policies: Mapping[str, str], at: Instant) -> None:
        """Log under which files this centre works (`election`, `hiding`, `profile`: SHA-256 in hex), where the log does not say so already.

        Called once, before the services run.
        """
        wanted = [(what, digest) for what, digest in policies.items() if (what, digest) not in self._policies]
        if wanted:
            self._write([make_leaf("policy", at=at, what=what, version=version, sha256=digest) for what, digest in wanted])

    async def add(self, leaf: bytes) -> int:
        """Append `leaf`, sign and publish; return its index. What was queued before it comes before it."""
        async with self._turn:
            queued, self._queue = self._queue, []
            try:
                start = await in_thread(self._write, [*queued, leaf])
            except KuaError:
                self._queue[:0] = queued
                raise
        return start + len(queued)

    async def revoke(self, station: str, leaf: bytes) -> int:
        """Append a `revoked` leaf as `add` does; from the call on no checkpoint of `station` comes after it."""
        self.revoked.add(station)
        try:
            return await self.add(leaf)
        except KuaError:
            self.revoked.discard(station)
            raise

    def queue_checkpoint(self, origin: str, size: int, root: bytes, note: bytes, at: Instant) -> None:
        """Let a station's accepted checkpoint stand in the log with the next batch."""
        if size <= self.seen.get(origin, 0) or origin.rpartition("/")[2] in self.revoked:
            return
        self.seen[origin] = size
        leaf = make_leaf("station_checkpoint", received_at=at, origin=origin, size=size, root=root.hex(), note=note.decode())
        self._queue.append(leaf)
        self._news.set()

    async def run(self) -> None:
        """Write the batches for ever; on cancellation the last one first."""
        try:
            while True:
                await self._news.wait()
                with contextlib.suppress(Unavailable):  # a full disk: the batch stays in the queue and is tried again
                    await self._flush()
                await asyncio.sleep(EVERY)
        finally:
            self._write_rest()

    async def _flush(self) -> None:
        async with self._turn:
            self._news.clear()
            batch, self._queue = self._queue, []
            try:
                if batch:
                    await in_thread(self._write, batch)
            except KuaError:
                self._queue[:0] = batch
                self._news.set()
                raise

    def _seen(self, index: int, leaf: Leaf) -> None:
        origin = leaf["origin"]
        self.seen[origin] = max(leaf["size"], self.seen.get(origin, 0))
        self._stated(origin, index, leaf["size"])

    def _write_rest(self) -> None:
        if self._queue:
            batch, self._queue = self._queue, []
            self._write(batch)

    def _write(self, batch: list[bytes]) -> int:
        trip("centre:11.before")
        placed = self._log.append(batch)
        leaves = [read_leaf(entry, "nation") for entry in batch]
        self._place(zip(placed, batch, leaves, strict=True))
        self._log.publish()
        trip("centre:11.shown")
        for index, leaf in zip(placed, leaves, strict=True):
            self._note(index, leaf)
        return placed.start

    def _place(self, placed: Iterable[tuple[int, bytes, Leaf | Unknown]]) -> None:
        if self._placing is not None:
            for index, entry, leaf in placed:
                self._placing.note(index, entry, leaf)
            self._placing.flush()

    def _scan(self) -> None:
        """Read the log once from its beginning; sign what a crash left unsigned."""
        if self._placing is not None:
            self._placing.begin(self._log.size, lambda index: self._log.entries(index, index + 1)[0])
        for start in range(0, self._log.size, _PAGE):
            for index, entry in enumerate(self._log.entries(start, min(start + _PAGE, self._log.size)), start):
                leaf = read_leaf(entry, "nation")
                if self._placing is not None:
                    self._placing.note(index, entry, leaf)
                self._note(index, leaf)
        self._place(())
        self._log.publish()

    def _note(self, index: int, leaf: Leaf | Unknown) -> None:
        if not isinstance(leaf, Leaf):
            return
        take: dict[str, Callable[[], None]] = {
            "policy": lambda: self._policies.add((leaf["what"], leaf["sha256"])),
            "certificate": lambda: self.certificates.update({leaf["station"]: (leaf["vkey"], index)}),
            "revoked": lambda: self.revoked.add(leaf["station"]),
            "withdrawn": lambda: self.withdrawals.append((index, leaf.body)),
            "station_checkpoint": lambda: self._seen(index, leaf),
        }
        if leaf.type in take:
            take[leaf.type]()
