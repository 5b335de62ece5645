# SPDX-License-Identifier: Apache-2.0
"""Signed notes to the letter of C2SP signed-note, with the timed lines of C2SP tlog-cosignature (`kua.proof.cosign` makes those).

A note is a text and lines that say who signed it. The text means nothing until `open_note` has found a known signer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.errors import Rejected
from kua.proof.base64 import from_base64, to_base64
from kua.proof.head import MAX_SECONDS, subtree_message, timed_text
from kua.proof.keys import COSIGNATURE, ED25519, SigningKey, VerifierKey, is_key_name, verifies, verifies_ml_dsa

MAX_NOTE: Final = 1_000_000
"""Bytes of a note that we still read."""
MAX_SIGNATURES: Final = 100
"""Signature lines that we still read; the standard asks for at least 16. A hundred of the longest that we know (ML-DSA-44, 3.3 kB) fit."""

_DASH: Final = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the signer's name, the four bytes of the key's id, and what the key made."""

    name: str
    key_id: bytes
    made: bytes

    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.made)}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """Say whether the line *claims* to be by `key`; that it is, only `holds` can say."""
        return (self.name, self.key_id) == (key.name, key.id)

    def holds(self, key: VerifierKey, text: str) -> bool:
        """Say whether `key` made this signature over `text`."""
        if key.kind == ED25519:
            return verifies(key.public, self.made, text.encode())
        if self.seconds > MAX_SECONDS:
            return False
        if key.kind == COSIGNATURE:
            return verifies(key.public, self.made[8:], timed_text(text, self.seconds))
        try:
            message = subtree_message(key.name, self.seconds, text)
        except Rejected:  # such a key signs checkpoints and nothing else
            return False
        return verifies_ml_dsa(key.public, self.made[8:], message)

    @property
    def seconds(self) -> int:
        """When a co-signature says that it was made (since 1970; zero says nothing). Means nothing for other kinds."""
        return int.from_bytes(self.made[:8], "big")


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart and not yet believed. `text` ends in a newline."""

    text: str
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """The note as it travels."""
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode()


def parse_note(data: bytes) -> Note:
    """Take a note apart. Raises `Rejected("note.form", why=...)` for anything that the standard does not allow. Verifies nothing."""
    if len(data) > MAX_NOTE:
        raise Rejected("note.form", why="too large")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected("note.form", why="not UTF-8") from error
    if any(letter < " " and letter != "\n" for letter in whole):
        raise Rejected("note.form", why="control character")
    text, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise Rejected("note.form", why="no signatures")
    claims = lines[:-1].split("\n")
    if len(claims) > MAX_SIGNATURES:
        raise Rejected("note.form", why="too many signatures")
    return Note(text + "\n", tuple(_signature(line) for line in claims))


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> tuple[str, tuple[str, ...]]:
    """Return the text and the names of the known keys that signed it, each once, in the note's order.

    Signatures by unknown keys are passed over. Raises `Rejected`: `note.form`, `note.signature` when a known key's signature does not
    hold (the whole note is refused then), `note.unknown_signer` when no known key signed.
    """
    note = parse_note(data)
    return note.text, tuple(dict.fromkeys(key.name for key in signers_of(note, keys)))


def signers_of(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the keys among `keys` that signed `note`, each once; at least one.

    Raises `Rejected`: `note.signature` for a known key's line that does not hold, `note.unknown_signer` when no known key signed.
    """
    signers = verified_signers(note, keys)
    if not signers:
        raise Rejected("note.unknown_signer", claimed=", ".join(signature.name for signature in note.signatures)[:200])
    return signers


def verified_signers(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the keys among `keys` that signed `note`, each once. Raises `Rejected("note.signature")` for a line that does not hold."""
    known = {(key.name, key.id): key for key in keys}
    found: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not signature.holds(key, note.text):
            raise Rejected("note.signature", name=key.name)
        found[key] = None
    return tuple(found)


def sign_text(text: str, key: SigningKey) -> Signature:
    """Return `key`'s signature line over `text`. Raises `ValueError` for a text that no note may hold."""
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise ValueError(text)
    return Signature(key.name, key.verifier.id, key.sign(text.encode()))


def sign_note(text: str, signers: Sequence[SigningKey]) -> bytes:
    """Return the note over `text` with one signature by each of `signers` (at least one)."""
    if not signers:
        raise ValueError(signers)
    return Note(text, tuple(sign_text(text, key) for key in signers)).to_bytes()


def only_signed_by(data: bytes, key: VerifierKey) -> bytes:
    """Return the note with no signature but `key`'s, which holds. Raises `Rejected`: as `open_note`."""
    note = parse_note(data)
    signers_of(note, [key])
    return Note(note.text, tuple(signature for signature in note.signatures if signature.is_by(key))[:1]).to_bytes()


def add_signatures(data: bytes, signatures: Iterable[Signature]) -> bytes:
    """Return the note with `signatures` after those that it has; the text stays as it is to the byte."""
    note = parse_note(data)
    return Note(note.text, (*note.signatures, *signatures)).to_bytes()


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_key_name(name):
        raise Rejected("note.form", why="signature line")
    try:
        made = from_base64(encoded)
    except ValueError as error:
        raise Rejected("note.form", why="base64") from error
    if len(made) < 5:
        raise Rejected("note.form", why="signature line")
    return Signature(name, made[:4], made[4:])
