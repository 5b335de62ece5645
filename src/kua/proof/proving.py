# SPDX-License-Identifier: Apache-2.0
"""Roots and proofs of a tiled log out of its hash tiles, a few tiles each, however long the log is (C2SP tlog-tiles, RFC 6962 section 2.1).

Reads tiles through a function that the caller gives, and believes them: whoever does not, compares `root()` with a signed one first.
"""

from collections.abc import Callable, Sequence
from typing import final

from kua.core.digest import Digest
from kua.proof.merkle import EMPTY_ROOT, node_hash, root_of
from kua.proof.tiles import WIDTH, Tile

_BITS = 8
"""Levels of the tree that one tile spans: 256 = 2^8."""


@final
class TileHashes:
    """The hashes of the tree over the first `size` leaves of a log.

    `read` returns the hashes of a tile of that tree, exactly `tile.width` of them; what it raises passes through. It is asked for the same tile again and
    again: the caller keeps the last ones.
    """

    __slots__ = ("_read", "_size")

    def __init__(self, size: int, read: Callable[[Tile], Sequence[Digest]]) -> None:
        self._size, self._read = size, read

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def node(self, level: int, index: int) -> Digest:
        """Return the root of whole subtree number `index` of 2^`level` leaves. Raises `IndexError` unless it is whole."""
        if not 0 <= index < self._size >> level:
            raise IndexError(index)
        row, within = divmod(level, _BITS)
        start = index << within
        tile = start // WIDTH
        count = self._size >> (_BITS * row)
        hashes = self._read(Tile(row, tile, min(WIDTH, count - tile * WIDTH)))
        return root_of(hashes[start % WIDTH : start % WIDTH + (1 << within)])

    def peaks(self, size: int | None = None) -> tuple[Digest, ...]:
        """Return the roots of the whole subtrees of the first `size` leaves (default: all), largest first: what `Frontier` is taken up from."""
        wanted = self._within(size)
        levels = [level for level in reversed(range(wanted.bit_length())) if wanted >> level & 1]
        return tuple(self.node(level, (wanted >> level) - 1) for level in levels)

    def root(self, size: int | None = None) -> Digest:
        """Return the root over the first `size` leaves (default: all)."""
        wanted = self._within(size)
        return self._range(0, wanted) if wanted else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> tuple[Digest, ...]:
        """Return PATH(index) in the tree over the first `size` leaves (RFC 6962 section 2.1.1). Raises `ValueError` for an index beyond it."""
        wanted = self._within(size)
        if not 0 <= index < wanted:
            raise ValueError(index)
        steps, start, end = list[Digest](), 0, wanted
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                steps.append(self._range(middle, end))
                end = middle
            else:
                steps.append(self._range(start, middle))
                start = middle
        return tuple(reversed(steps))

    def consistency(self, earlier: int, size: int | None = None) -> tuple[Digest, ...]:
        """Return PROOF(earlier) in the tree over the first `size` leaves (RFC 6962 section 2.1.2). Raises `ValueError` unless 0 < earlier <= size."""
        wanted = self._within(size)
        if not 0 < earlier <= wanted:
            raise ValueError(earlier)
        steps, start, end, whole = list[Digest](), 0, wanted, True
        while earlier != end:
            middle = start + _split(end - start)
            if earlier <= middle:
                steps.append(self._range(middle, end))
                end = middle
            else:
                steps.append(self._range(start, middle))
                start, whole = middle, False
        return tuple(reversed(steps if whole else [*steps, self._range(start, end)]))

    def _within(self, size: int | None) -> int:
        if size is None:
            return self._size
        if not 0 <= size <= self._size:
            raise ValueError(size)
        return size

    def _range(self, start: int, end: int) -> Digest:
        """The root over leaves [start, end), where `start` stands at the left edge of a subtree that is large enough."""
        length = end - start
        if length & (length - 1) == 0:
            level = length.bit_length() - 1
            return self.node(level, start >> level)
        middle = start + _split(length)
        return node_hash(self._range(start, middle), self._range(middle, end))


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)
