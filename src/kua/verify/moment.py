# SPDX-License-Identifier: Apache-2.0
"""A log as it was when one of its checkpoints was read: the files of its right edge are read at once and held.

Only partial tiles change their names as a log grows, and a copy may take old ones away (docs/spec/published-tree.md): the way through a long log
lasts longer than they do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kua.core.errors import KuaError
from kua.proof.checkpoint import PATH, parse_checkpoint
from kua.proof.note import parse_note
from kua.proof.tiles import MAX_BUNDLE, WIDTH, entries_path, tile_path
from kua.verify.below import Over
from kua.verify.reading import MAX_FILE, Reader


@dataclass(frozen=True, slots=True)
class Moment(Over):
    """Reads `held` as it was, and everything else from `reader`."""

    held: Mapping[str, bytes]

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return one whole file, see `Reader`."""
        return self.held[name] if name in self.held else self.reader.read(name, limit)


def at_moment(reader: Reader, note: bytes) -> Reader:
    """Return the log below `reader` as it was at the checkpoint `note`, whose signature is others' business. What cannot be read is not held."""
    try:
        size = parse_checkpoint(parse_note(note).text).size
    except KuaError:
        return reader
    held = {PATH: note}
    for name in _edge(size):
        try:
            held[name] = reader.read(name, MAX_BUNDLE)
        except KuaError:
            continue  # who needs it asks again, and is told
    return Moment(reader, held)


def _edge(size: int) -> Iterator[str]:
    """Give the partial files of a log of `size` entries."""
    count, level = size, 0
    while count:
        index, width = divmod(count, WIDTH)
        if width and not level:
            yield entries_path(index, width)
        if width:
            yield tile_path(level, index, width)
        count, level = index, level + 1
