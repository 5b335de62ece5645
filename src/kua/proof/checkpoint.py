# SPDX-License-Identifier: Apache-2.0
"""Checkpoints to the letter of C2SP tlog-checkpoint: a log's name, its size and its root, in a signed note."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.base64 import from_base64, to_base64
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.note import open_note, sign_note

PATH: Final = "checkpoint"
"""Where a log keeps its newest checkpoint, below its prefix (C2SP tlog-tiles)."""
MAX_SIZE: Final = 2**63 - 1
"""Leaves that we still believe in."""

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


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


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text. Raises `Rejected("checkpoint.form", why=...)` for what the standard does not allow."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise Rejected("checkpoint.form", why="lines")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > MAX_SIZE:
        raise Rejected("checkpoint.form", why="size")
    try:
        root = from_base64(lines[2])
    except ValueError as error:
        raise Rejected("checkpoint.form", why="root") from error
    if len(root) != 32:
        raise Rejected("checkpoint.form", why="root")
    return Checkpoint(lines[0], int(lines[1]), Digest(root), tuple(lines[3:-1]))


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Return the signed note. The caller has made the tree durable first, and never signs two trees that contradict each other."""
    return sign_note(checkpoint.text(), [key])


def open_checkpoint(data: bytes, keys: VerifierKey | Sequence[VerifierKey], origin: str | None = None) -> Checkpoint:
    """Verify first, then read: return the checkpoint if one of `keys` signed it and, where given, `origin` is its first line.

    Raises `Rejected`: as `open_note`, `checkpoint.form`, or `checkpoint.origin` for the checkpoint of another log.
    """
    text, _ = open_note(data, [keys] if isinstance(keys, VerifierKey) else keys)
    checkpoint = parse_checkpoint(text)
    if origin is not None and checkpoint.origin != origin:
        raise Rejected("checkpoint.origin", given=checkpoint.origin, wanted=origin)
    return checkpoint
