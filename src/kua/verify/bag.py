# SPDX-License-Identifier: Apache-2.0
"""A bundle's file as a `Reader` of its payload, and the first check of all: is it one plain archive, and one whole bag? Judges nothing that is inside.

Bytes are read where they lie; nothing is ever unpacked to a disk.
"""

import hashlib
import threading
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final, Self

from kua.core.errors import Incomplete, Misused, Rejected, Unavailable
from kua.proof import bag
from kua.proof.archive import Entry, read_entries
from kua.verify.reading import MAX_FILE
from kua.verify.report import Report

PIECE: Final = 1024 * 1024
"""Bytes that are hashed at a time."""
MAX_TAG: Final = 64 * 1024 * 1024
"""Bytes of the largest file beside the payload."""
WORKERS: Final = 4
"""Files that are hashed side by side."""
CHECK: Final = "bag"


class BagReader:
    """The payload of a bundle: names are those below `data/`. Close it when done. `read` promises what `Reader` says."""

    listable = True

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises `Misused("verify.no_file")`, and `Rejected` with the codes of `read_entries` and `base_of`."""
        self.where = str(path)
        self._lock = threading.Lock()
        try:
            self._file: BinaryIO = path.open("rb")
            size = path.stat().st_size
        except OSError as error:
            raise Misused("verify.no_file", name=str(path)) from error
        try:
            entries = read_entries(size, self.read_at)
            self.base = bag.base_of([entry.name for entry in entries])
        except BaseException:
            self._file.close()
            raise
        self.entries: dict[str, Entry] = {entry.name.removeprefix(self.base): entry for entry in entries}
        self.sha512: dict[str, str] = {}
        """SHA-512 of each file as it lies there, by name below the bag's folder, once `check` has been."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes of the archive. Raises `Unavailable("verify.unreachable")` when the disk does not give them."""
        try:
            with self._lock:
                self._file.seek(offset)
                return self._file.read(length)
        except OSError as error:
            raise Unavailable("verify.unreachable", name=self.where, why=error.strerror or type(error).__name__) from error

    def tag(self, name: str, limit: int = MAX_TAG) -> bytes:
        """Return a file by its name below the bag's folder; raises as `read`."""
        entry = self.entries.get(name)
        if entry is None:
            raise Incomplete("verify.missing", name=name)
        if entry.size > limit:
            raise Rejected("verify.too_large", name=name, limit=limit)
        found = self.read_at(entry.start, entry.size)
        if len(found) != entry.size:
            raise Unavailable("verify.unreachable", name=name, why="cut")
        return found

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return a file of the payload, see `Reader`."""
        return self.tag(bag.PAYLOAD + name, limit)

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of the payload's files below `folder`."""
        start = bag.PAYLOAD + (f"{folder}/" if folder else "")
        return tuple(name.removeprefix(bag.PAYLOAD) for name in self.entries if name.startswith(start))

    def digests(self, name: str) -> tuple[str, int]:
        """Hash one file in pieces: SHA-512 in hex and CRC-32."""
        entry, sha, crc = self.entries[name], hashlib.sha512(), 0
        for at in range(0, entry.size, PIECE):
            piece = self.read_at(entry.start + at, min(PIECE, entry.size - at))
            sha.update(piece)
            crc = zlib.crc32(piece, crc)
        return sha.hexdigest(), crc


def check_bag(held: BagReader, report: Report) -> None:
    """Check a bag (RFC 8493): its tag files, both manifests, and the bytes of every file. Fills `held.sha512`."""
    names = set(held.entries)
    report.attempt(CHECK, lambda: bag.require_tag_files(names))
    for name, wanted in (("bagit.txt", bag.DECLARATION), (bag.INFO, bag.info(held.base[:-1]))):
        found = report.attempt(CHECK, lambda name=name: held.tag(name, 65_536))  # type: ignore[misc]  # the name is bound on purpose
        if found is not None and found != wanted:
            report.failed(CHECK, "bag.tag_file", name=name)
    listed: dict[str, str] = {}
    for name in (bag.MANIFEST, bag.TAG_MANIFEST):
        part = report.attempt(CHECK, lambda name=name: bag.read_manifest(held.tag(name), name))  # type: ignore[misc]
        if part is not None:
            listed |= part
            _check_scope(name, part, names, report)
    with ThreadPoolExecutor(WORKERS) as pool:
        found_digests = dict(zip(held.entries, pool.map(held.digests, held.entries), strict=True))
    held.sha512 = {name: sha for name, (sha, _) in found_digests.items()}
    wrong = 0
    for name, (sha, crc) in found_digests.items():
        if name in listed and listed[name] != sha:
            wrong += 1
            report.failed(CHECK, "bag.differs", name=name)
        elif crc != held.entries[name].crc:
            wrong += 1
            report.failed(CHECK, "zip.crc", name=name)
    if not wrong and not report.has("FAIL", CHECK) and not report.has("MISSING", CHECK):
        report.passed(CHECK, "bag.holds", count=len(names), bytes=sum(entry.size for entry in held.entries.values()))


def _check_scope(manifest: str, listed: Mapping[str, str], names: set[str], report: Report) -> None:
    """Each manifest lists all files of its kind, and no other."""
    if manifest == bag.MANIFEST:
        ought = {name for name in names if name.startswith(bag.PAYLOAD)}
    else:
        ought = {name for name in names if not name.startswith(bag.PAYLOAD)} - {bag.TAG_MANIFEST}
    for name in sorted(ought - set(listed)):
        report.failed(CHECK, "bag.unlisted", name=name)
    for name in sorted(set(listed) - ought):
        if name in names:
            report.failed(CHECK, "bag.manifest", name=manifest, why="scope")
        else:
            report.missing(CHECK, "verify.missing", name=name)
