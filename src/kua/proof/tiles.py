# SPDX-License-Identifier: Apache-2.0
"""The layout of C2SP tlog-tiles: which files a log of a given size has, what they are called, what is in them.

Pure: names and bytes; whoever writes the files makes them durable before a checkpoint speaks of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.merkle import Frontier, leaf_hash, root_of

WIDTH: Final = 256
"""Hashes in a full tile, entries in a full bundle."""
MAX_ENTRY: Final = 65_535
"""Bytes of one entry: its length travels in sixteen bits."""
MAX_BUNDLE: Final = WIDTH * (2 + MAX_ENTRY)
"""Bytes of the largest bundle."""
MAX_TILE: Final = WIDTH * 32
"""Bytes of the largest hash tile."""

Level = int | Literal["entries"]

_PATH: Final = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the log: a hash tile of `level` 0 to 63, or the bundle of entries below level 0. `width` below 256 is a partial one."""

    level: Level
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its name below the log's prefix."""
        return f"tile/{self.level}/{_spelt(self.index)}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def full(self) -> "Tile":
        """The same place once it is full."""
        return Tile(self.level, self.index)


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Return the name of a hash tile below the log's prefix."""
    return Tile(level, index, width).path


def entries_path(index: int, width: int = WIDTH) -> str:
    """Return the name of a bundle of entries below the log's prefix."""
    return Tile("entries", index, width).path


def parse_tile_path(path: str) -> Tile:
    """Read a name back. Raises `Rejected("tile.path")` for any that the layout does not make: one tile, one name."""
    found = _PATH.fullmatch(path)
    if not found or len(path) > 80:
        raise Rejected("tile.path", given=path[:80])
    level, high, low, width = found.groups()
    tile = Tile("entries" if level == "entries" else int(level), int(high.replace("x", "").replace("/", "") + low), int(width or WIDTH))
    if tile.path != path or (isinstance(tile.level, int) and tile.level > 63):
        raise Rejected("tile.path", given=path[:80])
    return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """Give every file that the log of `size` entries has, bundles first, then each level from below; no empty ones."""
    return tiles_changed(0, size)


def tiles_changed(earlier: int, later: int) -> Iterator[Tile]:
    """Give the files that the log of `later` entries has and that of `earlier` entries had not."""
    if not 0 <= earlier <= later:
        raise ValueError(later)
    yield from _changed("entries", earlier, later)
    level = 0
    while later:
        yield from _changed(level, earlier, later)
        level, earlier, later = level + 1, earlier // WIDTH, later // WIDTH


def _changed(level: Level, earlier: int, later: int) -> Iterator[Tile]:
    if earlier == later:
        return
    for index in range(earlier // WIDTH, (later - 1) // WIDTH + 1):
        yield Tile(level, index, min(WIDTH, later - index * WIDTH))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries as one bundle: each with its length in two bytes, big-endian. Raises `Rejected("tile.entry")` for a longer one."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise Rejected("tile.entry", size=len(entry))
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int | None = None) -> tuple[bytes, ...]:
    """Read a bundle, of `width` entries where given. Raises `Rejected("tile.bundle", why=...)` for one that is cut or has more or fewer."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Rejected("tile.bundle", why="cut short")
        entries.append(data[at + 2 : end])
        at = end
        if len(entries) > WIDTH:
            raise Rejected("tile.bundle", why="too many entries")
    if not entries or (width is not None and len(entries) != width):
        raise Rejected("tile.bundle", why="number of entries")
    return tuple(entries)


def encode_tile(hashes: Iterable[Digest]) -> bytes:
    """Write a hash tile: the hashes one after another."""
    return b"".join(hashes)


def decode_tile(data: bytes, width: int | None = None) -> tuple[Digest, ...]:
    """Read a hash tile, of `width` hashes where given. Raises `Rejected("tile.hashes")` for another length."""
    count, rest = divmod(len(data), 32)
    if rest or not 1 <= count <= WIDTH or (width is not None and count != width):
        raise Rejected("tile.hashes", size=len(data))
    return tuple(Digest(data[at : at + 32]) for at in range(0, len(data), 32))


def levels_above(leaves: Sequence[Digest]) -> Iterator[Sequence[Digest]]:
    """Give the hashes of every level of tiles over `leaves`, level 0 first: each hash of a level is the root of a full tile below it."""
    level: Sequence[Digest] = leaves
    while level:
        yield level
        level = [root_of(level[at : at + WIDTH]) for at in range(0, len(level) - WIDTH + 1, WIDTH)]


class Edge:
    """The right edge of a tiled log that grows: what its unfinished tiles hold. It says which files each append makes.

    Takes itself up again from the files of the right edge alone, so that a start costs a few reads however long the log is.
    """

    __slots__ = ("_entries", "_hashes", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._entries: list[bytes] = []
        self._hashes: list[list[Digest]] = []

    @classmethod
    def taken_up(cls, size: int, read: Callable[[str], bytes]) -> Self:
        """Take up the log of `size` entries; `read` gives the bytes of a partial file by name.

        Raises `Rejected` (`tile.hashes`, `tile.bundle`, `tile.mismatch`) if the files are not what they must be; what `read` raises
        passes through. The caller compares `root()` with the last checkpoint before it appends.
        """
        edge = cls()
        edge._size = size
        count, level = size, 0
        while count:
            index, width = divmod(count, WIDTH)
            edge._hashes.append(list(decode_tile(read(tile_path(level, index, width)), width)) if width else [])
            count, level = index, level + 1
        index, width = divmod(size, WIDTH)
        edge._entries = list(decode_bundle(read(entries_path(index, width)), width)) if width else []
        if width and [leaf_hash(entry) for entry in edge._entries] != edge._hashes[0]:
            raise Rejected("tile.mismatch", name=entries_path(index, width))
        return edge

    @property
    def size(self) -> int:
        """Entries in the log."""
        return self._size

    def frontier(self) -> Frontier:
        """Return the frontier of the whole tree."""
        return Frontier(self._size, [peak for level in reversed(self._hashes) for peak in Frontier.of(level).peaks])

    def root(self) -> Digest:
        """Return the root of the whole tree."""
        return self.frontier().root()

    def append(self, entries: Iterable[bytes]) -> dict[str, bytes]:
        """Add `entries` and return the files to write, by name, bundles before tiles; partial ones only as they stand at the end.

        Raises `Rejected("tile.entry")` for one that is too long; nothing is added then.
        """
        entries = tuple(entries)
        for entry in entries:
            if len(entry) > MAX_ENTRY:
                raise Rejected("tile.entry", size=len(entry))
        before, bundles, tiles = self._size, dict[Tile, bytes](), dict[Tile, bytes]()
        for entry in entries:
            self._entries.append(entry)
            if len(self._entries) == WIDTH:
                bundles[Tile("entries", self._size // WIDTH)] = encode_bundle(self._entries)
                self._entries = []
            self._push(0, leaf_hash(entry), tiles)
            self._size += 1
        for tile in tiles_changed(before, self._size):
            if tile.width == WIDTH:
                continue
            if isinstance(tile.level, int):
                tiles[tile] = encode_tile(self._hashes[tile.level])
            else:
                bundles[tile] = encode_bundle(self._entries)
        return {tile.path: data for files in (bundles, tiles) for tile, data in files.items()}

    def _push(self, level: int, digest: Digest, files: dict[Tile, bytes]) -> None:
        if level == len(self._hashes):
            self._hashes.append([])
        held = self._hashes[level]
        held.append(digest)
        if len(held) == WIDTH:
            files[Tile(level, self._size // WIDTH ** (level + 1))] = encode_tile(held)
            self._hashes[level] = []
            self._push(level + 1, root_of(held), files)


def _spelt(index: int) -> str:
    """Spell an index in groups of three digits, `x` before all but the last: 1234067 is `x001/x234/067`."""
    text = f"{index % 1000:03d}"
    while index := index // 1000:
        text = f"x{index % 1000:03d}/{text}"
    return text
