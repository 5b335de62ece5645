# SPDX-License-Identifier: Apache-2.0
"""Timed co-signatures of C2SP tlog-cosignature: "this is the largest consistent tree of that log that I had seen by then".

Two kinds: Ed25519 (0x04) signs a header and the whole text, ML-DSA-44 (0x06) signs who, when, which log, how many leaves and the root.
Judges no quorum: `kua.proof.policy` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kua.core.errors import Rejected
from kua.proof.head import MAX_SECONDS, subtree_message, timed_text
from kua.proof.keys import ED25519, QuantumKey, SigningKey, VerifierKey
from kua.proof.note import Note, Signature, verified_signers

CosigningKey = SigningKey | QuantumKey

_UNTIMED: Final = 0


@dataclass(frozen=True, slots=True)
class Cosignature:
    """Who co-signed, and when as it says: seconds since 1970, None where it says nothing (a time of zero)."""

    key: VerifierKey
    seconds: int | None


def cosign(text: str, key: CosigningKey, seconds: int) -> Signature:
    """Return `key`'s co-signature over a checkpoint's `text`, dated `seconds` after 1970.

    The caller has made sure, durably, that it never co-signed a tree of the same log that contradicts this one. Raises `ValueError` for a
    time beyond 63 bits, `Rejected("checkpoint.form")` where an ML-DSA-44 key meets a text that is no checkpoint.
    """
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(seconds)
    message = timed_text(text, seconds) if isinstance(key, SigningKey) else subtree_message(key.name, seconds, text)
    return Signature(key.name, key.cosigner.id, seconds.to_bytes(8, "big") + key.sign(message))


def cosigned_at(note: Note, key: VerifierKey) -> int:
    """Return when `key` (kind 0x04 or 0x06) co-signed `note`, in seconds since 1970; the earliest where it did so more than once.

    Raises `Rejected("note.unknown_signer")` if it did not, `Rejected("note.signature")` if a line of its does not hold.
    """
    for cosignature in cosignatures(note, [key]):
        return cosignature.seconds or _UNTIMED
    raise Rejected("note.unknown_signer", claimed=key.name)


def cosignatures(note: Note, keys: Iterable[VerifierKey]) -> tuple[Cosignature, ...]:
    """Return who among `keys` co-signed `note`, each once, with the earliest time that it gives; keys of kind 0x01 never do.

    Lines by unknown keys are passed over; one by a known key that does not hold spoils the note: `Rejected("note.signature")`.
    """
    signers = verified_signers(note, [key for key in keys if key.kind != ED25519])
    return tuple(Cosignature(key, _earliest(note, key)) for key in signers)


def _earliest(note: Note, key: VerifierKey) -> int | None:
    times = [signature.seconds for signature in note.signatures if signature.is_by(key)]
    return min((seconds for seconds in times if seconds != _UNTIMED), default=None)
