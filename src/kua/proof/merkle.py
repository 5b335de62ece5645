# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): leaves, roots, proofs, and a tree that only grows.

Holds no entries and reads no tiles: digests in, digests or `Rejected` out. All digests are SHA-256.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self

from kua.core.digest import Digest, sha256
from kua.core.errors import Rejected

EMPTY_ROOT: Final = sha256(b"")
"""Root of the tree without leaves."""


def leaf_hash(entry: bytes) -> Digest:
    """Return the leaf hash of `entry`: SHA-256(0x00 || entry)."""
    return Digest(hashlib.sha256(b"\x00" + entry).digest())


def node_hash(left: Digest, right: Digest) -> Digest:
    """Return the hash of the node above `left` and `right`: SHA-256(0x01 || left || right)."""
    return Digest(hashlib.sha256(b"\x01" + left + right).digest())


class Frontier:
    """The right edge of a growing tree: the roots of its whole subtrees, largest first, one for each bit set in `size`.

    Appending costs O(log n) at worst and O(1) on average; nothing else of the tree is kept. Not safe to share between threads.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Iterable[Digest] = ()) -> None:
        """Take up a tree of `size` leaves again from `peaks`. Raises `ValueError` unless there is one for each bit set in `size`."""
        self._size = size
        self._peaks = list(peaks)
        if size < 0 or len(self._peaks) != size.bit_count():
            raise ValueError(size)

    @classmethod
    def of(cls, leaves: Iterable[Digest]) -> Self:
        """Return the frontier of the tree over `leaves` (leaf hashes)."""
        grown = cls()
        for leaf in leaves:
            grown.append(leaf)
        return grown

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def peaks(self) -> tuple[Digest, ...]:
        """Roots of the whole subtrees, largest first: all that is needed to take this tree up again."""
        return tuple(self._peaks)

    def append(self, leaf: Digest) -> None:
        """Add one leaf hash at the right."""
        rest = self._size
        while rest & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            rest >>= 1
        self._peaks.append(leaf)
        self._size += 1

    def root(self) -> Digest:
        """Return the root of the tree as it is now."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own from here."""
        return Frontier(self._size, self._peaks)


def root_of(leaves: Iterable[Digest]) -> Digest:
    """Return the root over `leaves` (leaf hashes): MTH of RFC 6962 section 2.1."""
    return Frontier.of(leaves).root()


def inclusion_proof(index: int, leaves: Sequence[Digest]) -> tuple[Digest, ...]:
    """Return PATH(index, leaves) of RFC 6962 section 2.1.1. Raises `ValueError` for an index that is not in the tree."""
    if not 0 <= index < len(leaves):
        raise ValueError(index)
    return tuple(_path(index, leaves))


def consistency_proof(earlier: int, leaves: Sequence[Digest]) -> tuple[Digest, ...]:
    """Return PROOF(earlier, leaves) of RFC 6962 section 2.1.2. Raises `ValueError` unless 0 < earlier <= len(leaves)."""
    if not 0 < earlier <= len(leaves):
        raise ValueError(earlier)
    return tuple(_subproof(earlier, leaves, whole=True))


def check_inclusion(index: int, size: int, leaf: Digest, proof: Sequence[bytes], root: Digest) -> None:
    """Do nothing if `proof` shows that `leaf` stands at `index` in the tree of `size` leaves with `root` (RFC 9162 section 2.1.3.2).

    Raises `Rejected("proof.inclusion", why=...)` otherwise; never accepts a proof that is longer or shorter than it must be.
    """
    if not 0 <= index < size:
        raise Rejected("proof.inclusion", why="index")
    _whole_digests("proof.inclusion", leaf, root, *proof)
    place, last, found = index, size - 1, leaf
    for step in map(Digest, proof):
        if last == 0:
            raise Rejected("proof.inclusion", why="too long")
        if place & 1 or place == last:
            found = node_hash(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last:
        raise Rejected("proof.inclusion", why="too short")
    if found != root:
        raise Rejected("proof.inclusion", why="root")


def check_consistency(earlier: int, later: int, earlier_root: Digest, later_root: Digest, proof: Sequence[bytes]) -> None:
    """Do nothing if `proof` shows that the later tree only adds to the earlier one (RFC 9162 section 2.1.4.2).

    Raises `Rejected("proof.consistency", why=...)` otherwise. A proof from the empty tree says nothing and is refused, (0, 0) too.
    """
    if not 0 < earlier <= later:
        raise Rejected("proof.consistency", why="sizes")
    _whole_digests("proof.consistency", earlier_root, later_root, *proof)
    if earlier == later:
        if proof or earlier_root != later_root:
            raise Rejected("proof.consistency", why="too long" if proof else "root")
        return
    if not proof:
        raise Rejected("proof.consistency", why="too short")
    # The root of a whole subtree is where the way starts, and the proof leaves it out.
    start = [earlier_root] if earlier.bit_count() == 1 else []
    if consistency_roots(earlier, later, [*start, *map(Digest, proof)]) != (earlier_root, later_root):
        raise Rejected("proof.consistency", why="root")


def consistency_roots(earlier: int, later: int, steps: Sequence[Digest]) -> tuple[Digest, Digest]:
    """Return the roots over the first `earlier` and over all `later` leaves that `steps` make: RFC 9162 section 2.1.4.2, first node included.

    Raises `Rejected("proof.consistency", why=...)` unless 0 < earlier < later and there are exactly as many steps as there must be.
    """
    if not 0 < earlier < later:
        raise Rejected("proof.consistency", why="sizes")
    if not steps:
        raise Rejected("proof.consistency", why="too short")
    _whole_digests("proof.consistency", *steps)
    place, last = earlier - 1, later - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise Rejected("proof.consistency", why="too long")
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    if last:
        raise Rejected("proof.consistency", why="too short")
    return old, new


def _whole_digests(code: str, *digests: bytes) -> None:
    if any(len(digest) != 32 for digest in digests):
        raise Rejected(code, why="length of a hash")


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _path(index: int, leaves: Sequence[Digest]) -> list[Digest]:
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*_path(index, leaves[:middle]), root_of(leaves[middle:])]
    return [*_path(index - middle, leaves[middle:]), root_of(leaves[:middle])]


def _subproof(earlier: int, leaves: Sequence[Digest], *, whole: bool) -> list[Digest]:
    if earlier == len(leaves):
        return [] if whole else [root_of(leaves)]
    middle = _split(len(leaves))
    if earlier <= middle:
        return [*_subproof(earlier, leaves[:middle], whole=whole), root_of(leaves[middle:])]
    return [*_subproof(earlier - middle, leaves[middle:], whole=False), root_of(leaves[:middle])]


def check_range(first: int, size: int, leaves: Sequence[Digest], lower: Sequence[bytes], upper: Sequence[bytes], root: Digest) -> None:
    """Do nothing if `leaves` stand one after another from `first` on in the tree of `size` leaves with `root`: all of them, and no other between.

    `lower` and `upper` are the inclusion proofs of the first and of the last of them; what stands beside the range is in these two, and what is in the
    range is computed. Raises `Rejected("proof.inclusion", why=...)`.
    """
    last = first + len(leaves) - 1
    if not leaves:
        raise Rejected("proof.inclusion", why="index")
    check_inclusion(first, size, leaves[0], lower, root)
    check_inclusion(last, size, leaves[-1], upper, root)
    beside = dict(_beside(first, size, lower)) | dict(_beside(last, size, upper))

    def over(start: int, end: int) -> Digest:
        if first <= start and end <= last + 1:
            return root_of(leaves[start - first : end - first])
        if end <= first or start > last:
            return beside[start, end]
        middle = start + _split(end - start)
        return node_hash(over(start, middle), over(middle, end))

    if over(0, size) != root:
        raise Rejected("proof.inclusion", why="root")


def frontier_before(index: int, size: int, proof: Sequence[bytes]) -> Frontier:
    """Return the tree over the leaves before `index`, from an inclusion proof that `check_inclusion` has found to hold.

    What stands to the left of a leaf is in its proof: whole subtrees, the largest first, which are the peaks of just that smaller tree.
    """
    return Frontier(index, [digest for (_, end), digest in _beside(index, size, proof) if end <= index])


def _beside(index: int, size: int, proof: Sequence[bytes]) -> Iterator[tuple[tuple[int, int], Digest]]:
    """Give the hashes of an inclusion proof that holds with the leaves [start, end) that each of them is the root of."""
    start, end = 0, size
    for step in map(Digest, reversed(proof)):
        middle = start + _split(end - start)
        if index < middle:
            yield (middle, end), step
            end = middle
        else:
            yield (start, middle), step
            start = middle
