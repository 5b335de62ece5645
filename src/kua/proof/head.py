# SPDX-License-Identifier: Apache-2.0
"""What a log says of itself (the text of a C2SP tlog-checkpoint), and the exact bytes that co-signers sign over it.

Verifies nothing: `kua.proof.checkpoint` does that first.
"""

import re
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.base64 import from_base64, to_base64

MAX_SIZE: Final = 2**63 - 1
"""Leaves that we still believe in."""
MAX_SECONDS: Final = 2**63 - 1
"""The last second that a co-signature may bear (C2SP tlog-cosignature)."""
MAX_OPAQUE: Final = 255
"""Bytes of a name or an origin that fit into `cosigned_message`."""

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LABEL: Final = b"subtree/v1\n\x00"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: `size` leaves, and `root` over them. `extensions` are lines that we carry and never act on."""

    origin: str
    size: int
    root: Digest
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text of the note, newline at the end."""
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), to_base64(self.root), *self.extensions))


def parse_size(text: str) -> int:
    """Read a size as ASCII decimal without leading zeroes. Raises `ValueError` for anything else and beyond `MAX_SIZE`."""
    if not _SIZE.fullmatch(text) or int(text) > MAX_SIZE:
        raise ValueError(text[:80])
    return int(text)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text. Raises `Rejected("checkpoint.form", why=...)` for what the standard does not allow."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise Rejected("checkpoint.form", why="lines")
    try:
        size = parse_size(lines[1])
    except ValueError as error:
        raise Rejected("checkpoint.form", why="size") from error
    try:
        root = from_base64(lines[2])
    except ValueError as error:
        raise Rejected("checkpoint.form", why="root") from error
    if len(root) != 32:
        raise Rejected("checkpoint.form", why="root")
    return Checkpoint(lines[0], size, Digest(root), tuple(lines[3:-1]))


def timed_text(text: str, seconds: int) -> bytes:
    """The message of an Ed25519 co-signature: two lines, then the whole text of the note (C2SP tlog-cosignature)."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def subtree_message(name: str, seconds: int, text: str) -> bytes:
    """The message of an ML-DSA-44 co-signature: `cosigned_message` over the whole tree (C2SP tlog-cosignature).

    It names the co-signer and does *not* cover extension lines. Raises `Rejected("checkpoint.form")` for a text that is no checkpoint, or
    whose origin is too long.
    """
    head = parse_checkpoint(text)
    origin = head.origin.encode()
    if len(origin) > MAX_OPAQUE:
        raise Rejected("checkpoint.form", why="origin")
    return b"".join(
        (
            _LABEL,
            _opaque(name.encode()),
            seconds.to_bytes(8, "big"),
            _opaque(origin),
            bytes(8),
            head.size.to_bytes(8, "big"),
            head.root,
        )
    )


def _opaque(data: bytes) -> bytes:
    return bytes([len(data)]) + data
