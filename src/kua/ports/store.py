# SPDX-License-Identifier: Apache-2.0
"""Where bytes are kept under their own SHA-256. No implementation."""

from pathlib import Path
from typing import Protocol

from kua.core.digest import Digest


class Incoming(Protocol):
    """Bytes on their way in. Either `keep` or `drop` must be called once; nothing is visible in the store before `keep` returns."""

    size: int

    def write(self, chunk: bytes) -> None: ...
    def digest(self) -> Digest: ...
    def keep(self) -> None: ...
    def drop(self) -> None: ...
    def take(self) -> bytes: ...


class Store(Protocol):
    """Keeps bytes under their own digest.

    * `Incoming.keep` returns only once the bytes would survive a power cut; it may run in another thread than the writes;
    * keeping the same bytes twice is not an error;
    * a full disk raises `Unavailable("ingest.disk_full")` and leaves nothing behind;
    * `path` of an unknown digest raises `Unavailable("store.unknown")`; it never names a file that is not whole.
    """

    def open(self) -> Incoming: ...
    def has(self, digest: str) -> bool: ...
    def path(self, digest: str) -> Path: ...
