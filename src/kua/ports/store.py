# SPDX-License-Identifier: Apache-2.0
"""Where bytes are kept under their own SHA-256. No implementation."""

from pathlib import Path
from typing import Final, Protocol

from kua.core.digest import Digest

RESTS: Final = 8
"""Unfinished blobs that are kept for one sender."""


class Incoming(Protocol):
    """Bytes on their way in. Either `keep` or `drop` must be called once; nothing is visible in the store before `keep` returns."""

    size: int

    def write(self, chunk: bytes) -> None: ...
    def digest(self) -> Digest: ...
    def keep(self) -> None: ...
    def drop(self) -> None: ...
    def take(self) -> bytes: ...


class Rest(Incoming, Protocol):
    """Bytes that come in parts. Beside `keep` and `drop` there is `pause`: what came stays, and `Store.resume` goes on from there."""

    def cut(self, size: int) -> None: ...
    def pause(self) -> None: ...


class Store(Protocol):
    """Keeps bytes under their own digest.

    * `Incoming.keep` returns only once the bytes would survive a power cut; it may run in another thread than the writes;
    * keeping the same bytes twice is not an error;
    * a full disk raises `Unavailable("ingest.disk_full")` and leaves nothing behind;
    * `resume(of, digest)` goes on with what sender `of` has sent of `digest`, or begins it; a sender has at most `RESTS` of them, and beginning one
      more forgets the one that was written to longest ago. `rest` is how many bytes there are. They may be lost in a crash, never mixed;
    * `path` of an unknown digest raises `Unavailable("store.unknown")`; it never names a file that is not whole.
    """

    def open(self) -> Incoming: ...
    def resume(self, of: str, digest: str) -> Rest: ...
    def rest(self, of: str, digest: str) -> int: ...
    def has(self, digest: str) -> bool: ...
    def path(self, digest: str) -> Path: ...
