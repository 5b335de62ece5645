# SPDX-License-Identifier: Apache-2.0
"""What may encrypt the sealed film: a fresh key for each slice, split among the trustees at once."""

from collections.abc import Callable
from typing import Protocol

from kua.proof.sealed import SealedShare


class Slice(Protocol):
    """One slice that is being written.

    * `name` is new for every slice: eight random hex digits;
    * `recipient` is the public half of its key; the secret half was split when the slice began and is held by nobody, this object neither;
    * `shares` are one for each trustee, each encrypted to that trustee alone;
    * `encrypt` returns age ciphertext to `recipient`;
    * `salt` returns 32 random bytes.
    """

    @property
    def name(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def shares(self) -> tuple[SealedShare, ...]: ...
    def encrypt(self, data: bytes) -> bytes: ...
    def salt(self) -> bytes: ...


OpenSlice = Callable[[], Slice]
"""Begins a slice. Raises `Unavailable("seal.failed")` where it cannot be encrypted: then nothing is sealed."""
