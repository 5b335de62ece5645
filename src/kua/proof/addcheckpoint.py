# SPDX-License-Identifier: Apache-2.0
"""The body of `add-checkpoint` (C2SP tlog-witness): the size that a co-signer is said to know, the proof from there, a checkpoint.

Both sides use it: who asks writes it, who co-signs reads it. Verifies nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.base64 import to_base64
from kua.proof.head import parse_size
from kua.proof.keys import VerifierKey
from kua.proof.note import Note, Signature, parse_note
from kua.proof.tlogproof import read_hash

PATH: Final = "add-checkpoint"
"""Where a co-signer takes it, below its submission prefix."""
SIZE_TYPE: Final = "text/x.tlog.size"
"""What a co-signer answers in when it knows another size."""
MAX_STEPS: Final = 63
MAX_REQUEST: Final = 400_000
"""Bytes of a request that we still read: the longest proof, and a checkpoint with a hundred ML-DSA-44 lines."""
MAX_ANSWER: Final = 50_000
"""Bytes of an answer that we still read."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """What is asked: `old` leaves are known, `steps` lead from there, `note` is the new checkpoint as it travelled."""

    old: int
    steps: tuple[Digest, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """The body of the request."""
        lines = (f"old {self.old}", *(to_base64(step) for step in self.steps), "")
        return "".join(f"{line}\n" for line in lines).encode() + self.note


def read_request(data: bytes) -> AddCheckpoint:
    """Read the body of a request. Raises `Rejected("addcheckpoint.form", why=...)`, or `note.form` for its checkpoint."""
    if len(data) > MAX_REQUEST:
        raise Rejected("addcheckpoint.form", why="too large")
    head, gap, note = data.partition(b"\n\n")
    if not gap:
        raise Rejected("addcheckpoint.form", why="no checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        if not first.startswith("old "):
            raise Rejected("addcheckpoint.form", why="old size")
        old = parse_size(first.removeprefix("old "))
    except UnicodeDecodeError as error:
        raise Rejected("addcheckpoint.form", why="not ASCII") from error
    except ValueError as error:
        raise Rejected("addcheckpoint.form", why="old size") from error
    if len(lines) > MAX_STEPS:
        raise Rejected("addcheckpoint.form", why="too many hashes")
    parse_note(note)
    return AddCheckpoint(old, tuple(read_hash(line, "addcheckpoint.form") for line in lines), note)


def read_answer(data: bytes, text: str, keys: Iterable[VerifierKey]) -> tuple[Signature, ...]:
    """Return the co-signatures over `text` by `keys` out of a co-signer's answer. Lines by other keys are passed over.

    Raises `Rejected`: `addcheckpoint.form` or `note.form` for what is no list of signature lines, `note.signature` where a line by one of
    `keys` does not hold, `note.unknown_signer` where there is none.
    """
    if len(data) > MAX_ANSWER:
        raise Rejected("addcheckpoint.form", why="too large")
    known = tuple(keys)
    note = parse_note(text.encode() + b"\n" + data)
    if note.text != text:  # an empty line in the answer would move the border between text and signatures
        raise Rejected("addcheckpoint.form", why="empty line")
    made = tuple(signature for signature in note.signatures if any(signature.is_by(key) for key in known))
    if not made:
        raise Rejected("note.unknown_signer", claimed=", ".join(signature.name for signature in note.signatures)[:200])
    for signature in made:
        key = next(key for key in known if signature.is_by(key))
        if not signature.holds(key, text):
            raise Rejected("note.signature", name=key.name)
    return made


def read_size(data: bytes) -> int:
    """Read a co-signer's answer in `SIZE_TYPE`. Raises `Rejected("addcheckpoint.form")`."""
    try:
        text = data[:64].decode("ascii")
        if len(data) > 64 or not text.endswith("\n"):
            raise ValueError(text)
        return parse_size(text[:-1])
    except ValueError as error:
        raise Rejected("addcheckpoint.form", why="size") from error


def only_by(note: Note, keys: Iterable[VerifierKey]) -> Note:
    """Return `note` with the lines that `keys` claim and no others, each once."""
    known = tuple(keys)
    kept = dict.fromkeys(signature for signature in note.signatures if any(signature.is_by(key) for key in known))
    return Note(note.text, tuple(kept))
