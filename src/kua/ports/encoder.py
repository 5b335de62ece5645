# SPDX-License-Identifier: Apache-2.0
"""What may turn pictures into film. It takes only pictures that were hidden: passing a raw one is a type error."""

from typing import Protocol

from kua.core.instant import Instant
from kua.sight.safe import SafeFrame
from kua.sight.sealed import SealedFrame


class Encoder(Protocol):
    """Writes a film.

    * `encode` takes pictures in order of time, all of one size, and may hold some back;
    * `finish` writes what was held back; after it the film is whole;
    * `abandon` leaves nothing that looks like a film.
    """

    def encode(self, picture: SafeFrame) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...


class SealedEncoder(Protocol):
    """The same for the sealed film: it takes no published picture and no raw one, and what it makes is encrypted in the same process."""

    def encode(self, picture: SealedFrame) -> None: ...
    def finish(self, by: Instant | None = None) -> None: ...
    def abandon(self) -> None: ...
