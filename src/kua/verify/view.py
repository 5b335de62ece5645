# SPDX-License-Identifier: Apache-2.0
"""A log as somebody serves it, under one signed head: whatever is read from it was held against that head's root first.

Unlike `kua.verify.log`, which walks a whole log and says all that is wrong with it, a view reads what it is asked for and stops at the first thing that is
not so; a log of any length costs the memory of a few tiles. Keeps nothing on disk.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Final, Self, TypeVar, final

from kua.core.digest import Digest
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.proof.checkpoint import PATH, Checkpoint, open_checkpoint
from kua.proof.fork import Fork, find_fork
from kua.proof.keys import VerifierKey
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.note import MAX_NOTE
from kua.proof.prover import Prover
from kua.proof.tiles import MAX_BUNDLE, MAX_TILE, WIDTH, Tile, decode_bundle, decode_tile
from kua.verify.log import candidates, named
from kua.verify.reading import Reader

KEPT: Final = 64
"""Tiles that a view keeps in memory: 8 KiB each on the wire."""

_T = TypeVar("_T")


@final
class LogView:
    """The log below `readers` as `note` (signed by `key`) heads it. The first reader that has a file as the head wants it is believed: copies go before the web.

    May be used from several threads. Reading raises `Incomplete("verify.missing")`, `Unavailable("verify.*")`, `Rejected("log.tile_differs" | "log.width" |
    "tile.*" | "verify.*")`.
    """

    def __init__(self, readers: Sequence[Reader], note: bytes, head: Checkpoint, key: VerifierKey) -> None:
        self._readers, self.note, self.head, self.key = readers, note, head, key
        self._kept = OrderedDict[Tile, tuple[Digest, ...]]()
        self._edge: dict[Tile, tuple[Digest, ...]] = {}
        self._last: tuple[bytes, ...] | None = None
        self._lock = RLock()
        self._is_ready = False

    @classmethod
    def open(
        cls, readers: Sequence[Reader], key: VerifierKey, origin: str | None, note: bytes | None = None, *, lazily: bool = False
    ) -> Self:
        """Open the log under `note` (default: the newest checkpoint of the last reader); its right edge is read and held against the root: `lazily`, only
        when the first tile is asked for.

        Raises as `open_checkpoint` and as reading does.
        """
        data = readers[-1].read(PATH, MAX_NOTE) if note is None else note
        view = cls(readers, data, open_checkpoint(data, key, origin), key)
        if not lazily:
            view._make_ready()
            view._keep_last()
        return view

    def prover(self) -> Prover:
        """Return what makes roots and proofs of this log; for one thread, and let go of soon, since it keeps what it has read."""
        return Prover(self.head.size, self.tile)

    def tile(self, tile: Tile) -> tuple[Digest, ...]:
        """Return the hashes of a hash tile of this log, `tile.width` of them."""
        self._make_ready()
        if tile.width < WIDTH:
            return self._edge[tile]
        with self._lock:
            if tile in self._kept:
                self._kept.move_to_end(tile)
                return self._kept[tile]
        wanted = self._above(tile)
        hashes = self._find(tile, MAX_TILE, decode_tile, lambda found: root_of(found) == wanted)
        with self._lock:
            self._kept[tile] = hashes
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return hashes

    def bundle(self, index: int) -> tuple[bytes, ...]:
        """Return the entries of bundle number `index`, as far as this head goes."""
        if self._last is not None and index == self.head.size // WIDTH:
            return self._last
        width = min(WIDTH, self.head.size - index * WIDTH)
        hashes = self.tile(Tile(0, index, width))
        return self._find(Tile("entries", index, width), MAX_BUNDLE, decode_bundle, lambda found: tuple(map(leaf_hash, found)) == hashes)

    def entries(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Give the entries from `start` on with their indices, bundle by bundle."""
        for index in range(start // WIDTH, -(-self.head.size // WIDTH)) if start < self.head.size else ():
            for number, entry in enumerate(self.bundle(index), index * WIDTH):
                if number >= start:
                    yield number, entry

    def fork_with(self, note: bytes) -> Fork | None:
        """Hold another checkpoint of this log, signed by the same key and not larger than this head, against it: return the contradiction, or None.

        Raises as `open_checkpoint` and as reading does, `ValueError` for a larger one.
        """
        other = open_checkpoint(note, self.key, self.head.origin)
        if other.size > self.head.size:
            raise ValueError(other.size)
        if other.size == self.head.size:
            return find_fork([self.key], note, self.note)
        if other.size == 0:
            return None
        prover = self.prover()
        root = prover.root(other.size)
        if root == other.root:
            return None
        proof = prover.consistency(other.size, self.head.size)
        # Where the smaller tree is one whole subtree a proof leaves its root out; a fork file writes it down (docs/spec/fork.md).
        return find_fork([self.key], note, self.note, proof if other.size & (other.size - 1) else (root, *proof))

    def _make_ready(self) -> None:
        with self._lock:
            if not self._is_ready:
                self._is_ready = True  # reading the root comes by here again
                try:
                    self._take_edge()
                except KuaError:
                    self._is_ready = False
                    raise

    def _keep_last(self) -> None:
        """Read the unfinished bundle at once: a partial file may go when eight newer heads exist, and the way there through a long log takes longer."""
        if self.head.size % WIDTH:
            with contextlib.suppress(KuaError):  # who needs it asks again, and is told
                self._last = self.bundle(self.head.size // WIDTH)

    def _take_edge(self) -> None:
        """Read the partial tiles, which have no hash above them, and hold them together against the signed root."""
        count, level = self.head.size, 0
        while count:
            index, width = divmod(count, WIDTH)
            if width:
                tile = Tile(level, index, width)
                self._edge[tile] = self._find(tile, MAX_TILE, decode_tile, lambda _: True)
            count, level = index, level + 1
        if self.prover().root(self.head.size) == self.head.root:
            return
        if len(self._readers) == 1:
            raise Rejected("log.tile_differs", name=next(iter(self._edge), Tile(0, 0)).path)
        self._readers, kept = (
            self._readers[-1:],
            self._readers,
        )  # a copy's edge may be that of another moment; then the last reader's counts alone
        self._take_edge()
        self._readers = kept

    def _above(self, tile: Tile) -> Digest:
        """Return the hash that the tile above has for a full tile."""
        assert isinstance(tile.level, int)
        level, (index, place) = tile.level + 1, divmod(tile.index, WIDTH)
        count = self.head.size // WIDTH**level
        return self.tile(Tile(level, index, min(WIDTH, count - index * WIDTH)))[place]

    def _find(
        self, tile: Tile, limit: int, decode: Callable[[bytes], tuple[_T, ...]], fits: Callable[[tuple[_T, ...]], bool]
    ) -> tuple[_T, ...]:
        """Return the first `tile.width` things of a file, from the first place that has them as they must be."""
        trouble: KuaError | None = None
        for reader in self._readers:
            trouble = None  # what the place itself says counts, not what a copy of it lacks
            for candidate in candidates(reader, tile):
                try:
                    found = decode(reader.read(candidate.path, limit))
                    if len(found) != candidate.width:
                        raise Rejected("log.width", name=candidate.path, held=len(found))
                    if fits(found[: tile.width]):
                        return found[: tile.width]
                    raise Rejected("log.tile_differs", name=candidate.path)
                except KuaError as error:
                    if trouble is None or (isinstance(trouble, Incomplete) and not isinstance(error, Incomplete)):
                        trouble = named(error, candidate.path)
        raise trouble if trouble is not None else Incomplete("verify.missing", name=tile.path)
