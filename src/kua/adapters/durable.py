# SPDX-License-Identifier: Apache-2.0
"""Files that survive a power cut: `.part`, fsync, link or rename, fsync of the folder (REC1). Knows nothing of what the bytes mean."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

from kua.core.errors import Rejected, Unavailable
from kua.ports.trip import trip

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_GONE: Final = frozenset({errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ESHUTDOWN})
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a sick disk raises into `Unavailable`: `disk.full`, `disk.read_only`, `disk.gone` (pulled out, or a server away), `disk.failed`; every
    other `OSError` is a bug and passes through."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno or 0)
        if error.errno in _FULL:
            raise Unavailable("disk.full", path=path.name) from error
        if error.errno == errno.EROFS:
            raise Unavailable("disk.read_only", path=path.name) from error
        if error.errno in _GONE:
            raise Unavailable("disk.gone", path=path.name, why=why) from error
        if error.errno == errno.EIO:
            raise Unavailable("disk.failed", path=path.name, why=why) from error
        raise


@contextlib.contextmanager
def _folder_errors(path: Path) -> Iterator[None]:
    """The same, and a folder that was taken away while we wrote in it is a disk that is gone."""
    try:
        with disk_errors(path):
            yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unavailable("disk.gone", path=path.name, why=os.strerror(error.errno or 0)) from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it; each new name is durable on return."""
    missing = []
    with disk_errors(folder):
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            sync_folder(each.parent)


def write_all(opened: int, data: bytes) -> None:
    """Write every byte of `data` at the descriptor's place."""
    view = memoryview(data)
    while view:
        view = view[os.write(opened, view) :]


@final
class DurableFiles:
    """The port `Durable` on a POSIX file system."""

    def write_once(self, path: Path, data: bytes, *, step: str = "") -> bool:
        """Keep the port's promise: True if the file is new, False if the same bytes stood there already."""
        with _folder_errors(path):
            if path.exists():
                self._require_same(path, data)
                sync_folder(path.parent)  # a crash may have come between the name and its durability
                return False
            make_folder(path.parent)
            part = self._part(path, data, 0o644)
            if step:
                trip(f"{step}.part")
            try:
                self._name(part, path)
            except FileExistsError:
                self._require_same(path, data)
            finally:
                part.unlink(missing_ok=True)
            sync_folder(path.parent)
            if step:
                trip(f"{step}.rename")
            return True

    def replace(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        """Keep the port's promise; `mode` is that of the new file, from its first byte on."""
        with _folder_errors(path):
            make_folder(path.parent)
            part = self._part(path, data, mode)
            part.replace(path)
            sync_folder(path.parent)

    def erase(self, path: Path) -> None:
        """Keep the port's promise."""
        with disk_errors(path):
            try:
                opened = os.open(path, os.O_WRONLY)
            except FileNotFoundError:
                return
            try:
                write_all(opened, bytes(os.fstat(opened).st_size))
                os.fsync(opened)
            finally:
                os.close(opened)
            path.unlink()
            sync_folder(path.parent)

    def remove(self, path: Path) -> None:
        """Keep the port's promise."""
        with disk_errors(path):
            path.unlink(missing_ok=True)

    def read(self, path: Path) -> bytes | None:
        """Keep the port's promise."""
        with disk_errors(path):
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def free(self, folder: Path) -> int:
        """Return the bytes that an ordinary user may still write."""
        with _folder_errors(folder):
            state = os.statvfs(folder)
            return state.f_bavail * state.f_frsize

    def size(self, folder: Path) -> int:
        """Return the bytes of the file system that `folder` lies on."""
        with _folder_errors(folder):
            state = os.statvfs(folder)
            return state.f_blocks * state.f_frsize

    def _part(self, path: Path, data: bytes, mode: int) -> Path:
        """Write and sync `data` beside `path`, under a name that no reader looks for."""
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            write_all(opened, data)
            os.fsync(opened)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(opened)
        return part

    def _name(self, part: Path, path: Path) -> None:
        """Give the finished file its name: a link never overwrites; where there are no links (a FAT stick) a rename after a look."""
        try:
            os.link(part, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if path.exists():
                raise FileExistsError(path) from error
            part.rename(path)

    def _require_same(self, path: Path, data: bytes) -> None:
        if path.read_bytes() != data:
            raise Rejected("durable.differs", path=path.name)
