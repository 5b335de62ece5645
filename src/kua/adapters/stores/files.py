# SPDX-License-Identifier: Apache-2.0
"""A store in a folder: `ab/abcdef...`, one write-once file for each digest, on the same file system as what is published (hard links)."""

import errno
import hashlib
import os
import secrets
from pathlib import Path
from typing import final

from kua.adapters.durable import make_folder, sync_folder, write_all
from kua.core.digest import Digest
from kua.core.errors import Unavailable
from kua.ports.store import RESTS
from kua.ports.trip import trip

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FileIncoming:
    """The port `Incoming`: a `.part` file and a running SHA-256."""

    def __init__(self, store: "FileStore") -> None:
        self._begin(store, store.incoming / f"{secrets.token_hex(12)}.part", os.O_EXCL)

    def _begin(self, store: "FileStore", path: Path, how: int) -> None:
        self._store, self._path = store, path
        self._sha256 = hashlib.sha256()
        self.size = 0
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | how, 0o644)
        except OSError as error:
            raise _told(error) from error

    def write(self, chunk: bytes) -> None:
        """Add `chunk`. Raises `Unavailable("ingest.disk_full" | "disk.failed")`."""
        self._sha256.update(chunk)
        self.size += len(chunk)
        try:
            write_all(self._fd, chunk)
        except OSError as error:
            raise _told(error) from error

    def digest(self) -> Digest:
        """Return the SHA-256 of what has been written so far."""
        return Digest(self._sha256.digest())

    def keep(self) -> None:
        """Make the bytes durable under their digest; on return they would survive a power cut."""
        final_path = self._store.place(self._sha256.hexdigest())
        try:
            os.fsync(self._fd)
            trip("centre:10.before")
            make_folder(final_path.parent)
            self._path.replace(final_path)
            sync_folder(final_path.parent)
        except OSError as error:
            self.drop()
            raise _told(error) from error
        os.close(self._fd)
        trip("centre:10.after")

    def drop(self) -> None:
        """Forget the bytes."""
        os.close(self._fd)
        self._path.unlink(missing_ok=True)

    def take(self) -> bytes:
        """Return what has been written, to be kept as evidence elsewhere."""
        return os.pread(self._fd, self.size, 0)


@final
class FileRest(FileIncoming):
    """The port `Rest`: the file has the blob's name, and whoever goes on with it reads what is there once more for its SHA-256."""

    def __init__(self, store: "FileStore", path: Path) -> None:
        make_folder(path.parent)
        self._begin(store, path, 0)
        try:
            self._read()
        except OSError as error:
            os.close(self._fd)
            raise _told(error) from error

    def _read(self) -> None:
        self.size = os.fstat(self._fd).st_size
        self._sha256 = hashlib.sha256(os.pread(self._fd, self.size, 0))
        os.lseek(self._fd, self.size, os.SEEK_SET)

    def cut(self, size: int) -> None:
        """Forget what came after the first `size` bytes. Raises `Unavailable("disk.failed")`."""
        try:
            os.ftruncate(self._fd, size)
            self._read()
        except OSError as error:
            raise _told(error) from error

    def pause(self) -> None:
        """Let go of the file; the bytes stay."""
        os.close(self._fd)


@final
class FileStore:
    """The port `Store` below `folder`. Opening it removes what was cut off on its way in. Below `reserve` free bytes it takes nothing more in."""

    def __init__(self, folder: Path, reserve: int = 0) -> None:
        self._folder, self._reserve = folder, reserve
        self.incoming = folder / "incoming"
        make_folder(self.incoming)
        for part in self.incoming.glob("*.part"):
            part.unlink()
        for rest in self.incoming.glob("*/*.rest"):
            if self.has(rest.stem):  # it came whole another way
                rest.unlink()

    def place(self, digest: str) -> Path:
        """Return where the bytes with `digest` (64 hex digits) stand or would stand."""
        return self._folder / digest[:2] / digest

    def open(self) -> FileIncoming:
        """Begin to take bytes in. Raises `Unavailable("ingest.disk_full")`: what is left belongs to the logs."""
        self._require_room()
        return FileIncoming(self)

    def _require_room(self) -> None:
        state = os.statvfs(self._folder)
        if state.f_bavail * state.f_frsize < self._reserve:
            raise Unavailable("ingest.disk_full")

    def resume(self, of: str, digest: str) -> FileRest:
        """Go on with what `of` has sent of `digest`. Raises `Unavailable("ingest.disk_full" | "disk.failed")`."""
        self._require_room()
        path = self._rest(of, digest)
        if not path.exists():
            others = sorted(path.parent.glob("*.rest"), key=lambda each: each.stat().st_mtime)
            for other in others[: len(others) - RESTS + 1] if len(others) >= RESTS else ():
                other.unlink(missing_ok=True)
        return FileRest(self, path)

    def rest(self, of: str, digest: str) -> int:
        """Return how many bytes of `digest` `of` has sent, as far as they were not whole."""
        try:
            return self._rest(of, digest).stat().st_size
        except FileNotFoundError:
            return 0

    def _rest(self, of: str, digest: str) -> Path:
        return self.incoming / of / f"{digest}.rest"

    def has(self, digest: str) -> bool:
        """Whether the bytes are here, whole and durable."""
        return self.place(digest).exists()

    def path(self, digest: str) -> Path:
        """Return the file of `digest`. Raises `Unavailable("store.unknown")`."""
        path = self.place(digest)
        if not path.exists():
            raise Unavailable("store.unknown", digest=digest)
        return path


def _told(error: OSError) -> Exception:
    if error.errno in _FULL:
        return Unavailable("ingest.disk_full")
    return Unavailable("disk.failed", path="store", why=os.strerror(error.errno or 0))
