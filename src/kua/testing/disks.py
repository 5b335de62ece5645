# SPDX-License-Identifier: Apache-2.0
"""A disk that a test can fill up, break or let die: the port `Durable` over the real one."""

from pathlib import Path
from typing import final

from kua.adapters.durable import DurableFiles, disk_errors
from kua.core.errors import Unavailable


class Died(BaseException):
    """The process died here, as far as the test is concerned: nothing after it happened."""


@final
class SickDisk:
    """`room` is the bytes that are still free (None: as many as there are); `dies_after` counts writes down to a death; `fails` breaks all, and `ill` is
    the code with which every write below a folder `at` fails; `keeps` says that removing frees nothing, as under a snapshot."""

    def __init__(self, room: int | None = None) -> None:
        self._real = DurableFiles()
        self.room = room
        self.dies_after: int | None = None
        self.fails = False
        self.ill = ""
        self.at = ""
        self.keeps = False
        self.large = 0

    def write_once(self, path: Path, data: bytes, *, step: str = "") -> bool:
        """Keep the port's promise, or fail as told."""
        self._take(path, len(data))
        return self._real.write_once(path, data, step=step)

    def replace(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        """Keep the port's promise, or fail as told."""
        self._take(path, len(data))
        self._real.replace(path, data, mode=mode)

    def erase(self, path: Path) -> None:
        """Keep the port's promise."""
        self._real.erase(path)

    def remove(self, path: Path) -> None:
        """Keep the port's promise; gives the room back."""
        with disk_errors(path):
            if self.room is not None and path.exists() and not self.keeps:
                self.room += path.stat().st_size
        self._real.remove(path)

    def read(self, path: Path) -> bytes | None:
        """Keep the port's promise."""
        return self._real.read(path)

    def free(self, folder: Path) -> int:
        """Return what is left."""
        return self._real.free(folder) if self.room is None else self.room

    def size(self, folder: Path) -> int:
        """Return how large the disk is said to be: 0, so that the share of it that stays free does not matter."""
        return self.large

    def _take(self, path: Path, size: int) -> None:
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise Died
        if self.fails or (self.ill and self.at in path.as_posix()):
            raise Unavailable(self.ill or "disk.failed", path=path.name, why="test")
        if self.room is not None:
            if size > self.room:
                raise Unavailable("disk.full", path=path.name)
            self.room -= size
