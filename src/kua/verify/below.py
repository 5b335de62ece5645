# SPDX-License-Identifier: Apache-2.0
"""A folder of a reader as a reader of its own."""

from dataclasses import dataclass

from kua.verify.reading import MAX_FILE, Reader


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
