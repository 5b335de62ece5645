# SPDX-License-Identifier: Apache-2.0
"""Keys of the hours: each seals one stretch of a station's log and is then destroyed (docs/spec/hours.md). Makes no entropy, reads no clock.

A seal is a checkpoint of the station's log, signed by the key of its hour instead of the log's own key.
"""

from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.core.instant import Millis
from kua.proof.base64 import from_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey, VerifierKey

KEYS: Final = 48
"""Keys that are committed at once: a legal day has at most 26 hours, and a restart may end an hour early."""
HOUR: Final = Millis(3_600_000)
"""The longest stretch that one key seals, in time that has passed on the box."""


def hour_name(origin: str, number: int) -> str:
    """Return the name of the key of hour `number`, 0 for the first of the log."""
    return f"{origin}/hour-{number:02}"


def hour_key(origin: str, number: int, public: str) -> VerifierKey:
    """Return the key of hour `number` from its base64 in an `hour_keys` leaf. Raises `Rejected("key.form" | "key.public")`."""
    try:
        return VerifierKey(hour_name(origin, number), from_base64(public))
    except ValueError as error:
        raise Rejected("key.form") from error


def sign_seal(origin: str, size: int, root: Digest, key: SigningKey) -> bytes:
    """Return the seal over the first `size` leaves. The caller destroys `key` as soon as the seal is durable."""
    return sign_checkpoint(Checkpoint(origin, size, root), key)


def open_seal(note: str, key: VerifierKey, origin: str, index: int) -> Digest:
    """Return the root that the seal at `index` of the log `origin` signs, which must be over exactly the leaves before it.

    Raises `Rejected`: as `open_checkpoint`, or `checkpoint.form` for another size.
    """
    sealed = open_checkpoint(note.encode(), key, origin)
    if sealed.size != index:
        raise Rejected("checkpoint.form", why="size")
    return sealed.root
