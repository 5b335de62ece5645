# SPDX-License-Identifier: Apache-2.0
"""Checkpoints to the letter of C2SP tlog-checkpoint: a log's name, its size and its root, in a signed note."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kua.core.errors import Rejected
from kua.proof.head import MAX_SIZE, Checkpoint, parse_checkpoint
from kua.proof.keys import ML_DSA_44, SigningKey, VerifierKey
from kua.proof.note import parse_note, sign_note, signers_of

__all__ = ["MAX_SIZE", "PATH", "Checkpoint", "open_checkpoint", "parse_checkpoint", "sign_checkpoint"]

PATH: Final = "checkpoint"
"""Where a log keeps its newest checkpoint, below its prefix (C2SP tlog-tiles)."""


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Return the signed note. The caller has made the tree durable first, and never signs two trees that contradict each other."""
    return sign_note(checkpoint.text(), [key])


def open_checkpoint(data: bytes, keys: VerifierKey | Sequence[VerifierKey], origin: str | None = None) -> Checkpoint:
    """Verify first, then read: return the checkpoint if one of `keys` signed it and, where given, `origin` is its first line.

    Extension lines are left out where only ML-DSA-44 keys signed, whose signatures do not cover them. Raises `Rejected`: as `open_note`,
    `checkpoint.form`, or `checkpoint.origin` for the checkpoint of another log.
    """
    note = parse_note(data)
    signers = signers_of(note, [keys] if isinstance(keys, VerifierKey) else keys)
    checkpoint = parse_checkpoint(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise Rejected("checkpoint.origin", given=checkpoint.origin, wanted=origin)
    return checkpoint if any(key.kind != ML_DSA_44 for key in signers) else replace(checkpoint, extensions=())
