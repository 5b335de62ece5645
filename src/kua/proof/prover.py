# SPDX-License-Identifier: Apache-2.0
"""Proofs out of tiles: inclusion and consistency in a log of any size from a few files, without its entries (C2SP tlog-tiles).

Reads through a function that the caller gives; believes what it reads. Whoever gets the proof checks it (`kua.proof.merkle`).
"""

from collections.abc import Callable, Sequence
from typing import Final, final

from kua.core.digest import Digest
from kua.proof.merkle import EMPTY_ROOT, node_hash, root_of
from kua.proof.tiles import WIDTH, Tile, levels_above

ReadTile = Callable[[Tile], Sequence[Digest]]
"""Gives the hashes of a tile, at least as many as its width."""

_HEIGHT: Final = 8
"""Levels of the tree in a tile: 2^8 = 256."""


@final
class Prover:
    """Makes proofs in the first leaves of a log whose tiles are those of `size` entries. Keeps what it has read; not for two threads."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size, self._read = size, read
        self._held: dict[Tile, Sequence[Digest]] = {}

    def root(self, size: int) -> Digest:
        """Return the root over the first `size` leaves. Raises `ValueError` beyond the log."""
        self._within(size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[Digest, ...]:
        """Return PATH(index, D[size]) of RFC 6962 section 2.1.1. Raises `ValueError` for an index that is not in that tree."""
        self._within(size)
        if not 0 <= index < size:
            raise ValueError(index)
        steps: list[Digest] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                steps.append(self._range(middle, end))
                end = middle
            else:
                steps.append(self._range(start, middle))
                start = middle
        return tuple(reversed(steps))

    def consistency(self, earlier: int, later: int) -> tuple[Digest, ...]:
        """Return PROOF(earlier, D[later]) of RFC 6962 section 2.1.2. Raises `ValueError` unless 0 < earlier <= later."""
        self._within(later)
        if not 0 < earlier <= later:
            raise ValueError(earlier)
        steps: list[Digest] = []
        start, end, whole = 0, later, True
        while earlier != end:
            middle = start + _split(end - start)
            if earlier <= middle:
                steps.append(self._range(middle, end))
                end = middle
            else:
                steps.append(self._range(start, middle))
                start, whole = middle, False
        if not whole:
            steps.append(self._range(start, end))
        return tuple(reversed(steps))

    def _within(self, size: int) -> None:
        if not 0 <= size <= self._size:
            raise ValueError(size)

    def _range(self, start: int, end: int) -> Digest:
        """Return the root over the leaves [start, end); `start` is where RFC 6962 would split."""
        length = end - start
        if length.bit_count() == 1:
            return self._node(length.bit_length() - 1, start // length)
        middle = start + _split(length)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _node(self, height: int, index: int) -> Digest:
        """Return the root over the leaves [index * 2^height, (index + 1) * 2^height)."""
        level, rest = divmod(height, _HEIGHT)
        first = index << rest
        number, place = divmod(first, WIDTH)
        tile = Tile(level, number, min(WIDTH, (self._size >> (_HEIGHT * level)) - number * WIDTH))
        if tile not in self._held:
            self._held[tile] = self._read(tile)
        return root_of(self._held[tile][place : place + (1 << rest)])


def prover_over(leaves: Sequence[Digest]) -> Prover:
    """Return what makes proofs in the log over `leaves` (leaf hashes), held in memory: each proof costs a few tiles, and not the whole log again."""
    levels = [list(level) for level in levels_above(leaves)]

    def read(tile: Tile) -> Sequence[Digest]:
        assert isinstance(tile.level, int)
        return levels[tile.level][tile.index * WIDTH : tile.index * WIDTH + tile.width]

    return Prover(len(leaves), read)


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
