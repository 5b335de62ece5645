# SPDX-License-Identifier: Apache-2.0
"""A folder of a reader as a reader of its own; and a reader that believes its first word."""

from dataclasses import dataclass, field
from typing import Final

from kua.verify.reading import MAX_FILE, Reader


_KEPT: Final = frozenset({"election.json", "election.note", "profile.json"})


@dataclass(frozen=True, slots=True)
class Over:
    """What stands before another reader and changes only what is read."""

    reader: Reader

    @property
    def where(self) -> str:
        """The place, as it was given."""
        return self.reader.where

    @property
    def listable(self) -> bool:
        """Whether `names` says anything."""
        return self.reader.listable

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of all files below `folder`, as they are now."""
        return self.reader.names(folder)


@dataclass(frozen=True, slots=True)
class Once(Over):
    """Reads the election file, its note and the profile once: a server that gives other bytes when asked again changes nothing of what was checked."""

    held: dict[str, bytes] = field(default_factory=dict)

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return one whole file, see `Reader`."""
        if name not in _KEPT:
            return self.reader.read(name, limit)
        if name not in self.held:
            self.held[name] = self.reader.read(name, limit)
        return self.held[name]


@dataclass(frozen=True, slots=True)
class Below:
    """Reads what lies below `prefix` of another reader; promises what that one promises."""

    reader: Reader
    prefix: str

    @property
    def where(self) -> str:
        """The place, with the folder."""
        return f"{self.reader.where.rstrip('/')}/{self.prefix}"

    @property
    def listable(self) -> bool:
        """Whether `names` says anything."""
        return self.reader.listable

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return one whole file, see `Reader`."""
        return self.reader.read(f"{self.prefix}/{name}", limit)

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of all files below `folder`, without the prefix."""
        start = len(self.prefix) + 1
        return tuple(name[start:] for name in self.reader.names(f"{self.prefix}/{folder}" if folder else self.prefix))
