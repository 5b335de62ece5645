# SPDX-License-Identifier: Apache-2.0
"""Sealing and opening with age (pyrage) and SLIP-39 (shamir-mnemonic): the only place where a slice's key is ever whole.

A slice's key is 32 random bytes: the secret of an age X25519 identity. It is split and forgotten within `open_slice`, before the first picture is encrypted;
what stays is public. Opening happens on another machine. Files that open with a passphrase are never tried: they may ask for hours of work and gigabytes.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Final

import pyrage
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from kua.core.bech32 import bech32, read_bech32
from kua.core.errors import Misused, Rejected, Unavailable
from kua.core.sealing import Sealing
from kua.proof.sealed import SALT, SealedShare, share_commit
from kua.proof.sealed import Share as ShareFile

_MAGIC: Final = b"age-encryption.org/v1\n"
_SECRET: Final = "age-secret-key-"  # noqa: S105 - the spelling of such keys, not one
TRIES: Final = 512
"""So many choices of shares are tried at an opening: about ten seconds."""
_STANZAS: Final = 64
_HEADER: Final = 65_536


@dataclass(frozen=True, slots=True)
class SealedSlice:
    """A slice that is being written (`kua.ports.sealing.Slice`)."""

    name: str
    recipient: str
    shares: tuple[SealedShare, ...]

    def encrypt(self, data: bytes) -> bytes:
        """Return age ciphertext to this slice's public key. Raises `Unavailable("seal.failed")`."""
        return encrypt(data, self.recipient)

    def salt(self) -> bytes:
        """Return random bytes for a commitment."""
        return secrets.token_bytes(SALT)


def slice_opener(sealing: Sealing, *, election: str, station: str, cam: str, name: Callable[[], str]) -> Callable[[], SealedSlice]:
    """Return what begins a slice of this camera: a new key, its shares, and nothing of the key."""

    def open_slice() -> SealedSlice:
        try:
            return _opened(sealing, election, station, cam, name())
        except (MnemonicError, ValueError, pyrage.RecipientError, pyrage.EncryptError) as error:
            raise Unavailable("seal.failed", why=type(error).__name__) from error

    return open_slice


def _opened(sealing: Sealing, election: str, station: str, cam: str, name: str) -> SealedSlice:
    key = secrets.token_bytes(32)
    words = split(sealing, key)
    shares = []
    # The key is not kept: from here on only its public half and ciphertext are left.
    for trustee, mnemonic in zip(sealing.trustees, words, strict=True):
        share = ShareFile(election, station, cam, name, trustee.id, mnemonic).to_bytes()
        shares.append(SealedShare(trustee.id, encrypt(share, trustee.recipient), share_commit(share)))
    return SealedSlice(name, public_of(key), tuple(shares))


def encrypt(data: bytes, recipient: str) -> bytes:
    """Return age ciphertext to one X25519 recipient. Raises `Unavailable("seal.failed")`."""
    try:
        return bytes(pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(recipient)]))
    except (pyrage.RecipientError, pyrage.EncryptError) as error:
        raise Unavailable("seal.failed", why=type(error).__name__) from error


def decrypt(data: bytes, secret: bytes) -> bytes:
    """Decrypt with the 32 bytes of an X25519 secret. Raises `Rejected`: as `require_age`, `seal.not_for` where it was made for another key, `seal.damaged`."""
    require_age(data)
    identity = pyrage.x25519.Identity.from_str(bech32(_SECRET, secret).upper())
    try:
        return bytes(pyrage.decrypt(data, [identity]))
    except pyrage.DecryptError as error:
        raise Rejected("seal.not_for" if "No matching keys" in str(error) else "seal.damaged") from error


def require_age(data: bytes) -> None:
    """Look at the header before anything is computed. Raises `Rejected("seal.no_age" | "seal.passphrase")`: X25519 recipients only."""
    head, found, _ = data[:_HEADER].partition(b"\n---")
    if not data.startswith(_MAGIC) or not found:
        raise Rejected("seal.no_age")
    stanzas = [line.split(b" ") for line in head.split(b"\n") if line.startswith(b"-> ")]
    if any(stanza[1] == b"scrypt" for stanza in stanzas):
        raise Rejected("seal.passphrase")
    if len(stanzas) > _STANZAS or not any(stanza[1] == b"X25519" for stanza in stanzas):
        raise Rejected("seal.no_age")


def read_identity(text: bytes) -> bytes:
    """Return the 32 secret bytes of an age identity file: the one line `AGE-SECRET-KEY-1...`; lines that begin with # are left out.

    Raises `Misused("seal.identity_locked")` for one that a passphrase protects, `Misused("seal.identity")` for anything else.
    """
    if text.startswith((_MAGIC, b"-----BEGIN AGE ENCRYPTED FILE")):
        raise Misused("seal.identity_locked")
    lines = [line.strip() for line in text.split(b"\n") if line.strip() and not line.startswith(b"#")]
    try:
        if len(lines) != 1:
            raise ValueError(len(lines))
        return read_bech32(lines[0].decode("ascii").lower(), _SECRET)
    except ValueError as error:
        raise Misused("seal.identity") from error


def public_of(secret: bytes) -> str:
    """Return the age recipient of an X25519 secret."""
    return str(pyrage.x25519.Identity.from_str(bech32(_SECRET, secret).upper()).to_public())


def split(sealing: Sealing, key: bytes) -> list[str]:
    """Split a key by SLIP-39 under the quorum: one mnemonic for each trustee, in the order of the file."""
    groups = [(group.needed, len(group.trustees)) for group in sealing.groups]
    return [words for group in generate_mnemonics(sealing.needed, groups, key, iteration_exponent=0) for words in group]


def combine(sealing: Sealing, held: dict[str, str], recipient: str) -> bytes:
    """Return the 32 bytes of the key whose public half is `recipient`, from words by trustee.

    The caller has asked `sealing.opens`. Where more shares are there than are needed, other choices of them are tried (at most `TRIES`), so that one bad
    share does not spoil the rest. Raises `Rejected("seal.shares_disagree")` where no choice fits together, `Rejected("seal.key_wrong")` where what fits
    together is another key.
    """
    code = "seal.shares_disagree"
    for choice in islice(_choices(sealing, held), TRIES):
        try:
            key = _combined(choice)
        except Rejected:
            continue
        if public_of(key) == recipient:
            return key
        code = "seal.key_wrong"
    raise Rejected(code)


def agree(sealing: Sealing, held: dict[str, str]) -> bool:
    """Whether every share of `held` leads to one and the same key, however the quorum is chosen: for an audit, with all shares.

    Members of a group lie on one polynomial if each of them together with the first `needed` - 1 gives the group's part, and likewise groups.
    """
    try:
        return len({_combined(choice) for choice in _covering(sealing, held)}) == 1
    except Rejected:
        return False


def _covering(sealing: Sealing, held: dict[str, str]) -> Iterator[list[str]]:
    """Give quorums among which every held share of a complete group stands, each with the first ones that are needed beside it."""
    members = {group.id: [held[each.id] for each in group.trustees if each.id in held] for group in sealing.groups}
    full = [group for group in sealing.groups if len(members[group.id]) >= group.needed]
    for group in full:
        others = [other for other in full if other.id != group.id][: sealing.needed - 1]
        if len(others) < sealing.needed - 1:
            continue
        beside = [words for other in others for words in members[other.id][: other.needed]]
        own = members[group.id]
        for last in own[group.needed - 1 :]:
            yield [*beside, *own[: group.needed - 1], last]


def _choices(sealing: Sealing, held: dict[str, str]) -> Iterator[list[str]]:
    """Give sets of words that are exactly a quorum: SLIP-39 combines neither fewer nor more."""
    members = [(group.needed, [held[each.id] for each in group.trustees if each.id in held]) for group in sealing.groups]
    parts = [list(combinations(words, needed)) for needed, words in members if len(words) >= needed]
    for chosen in combinations(parts, sealing.needed):
        for picked in product(*chosen):
            yield [words for part in picked for words in part]


def _combined(words: Sequence[str]) -> bytes:
    try:
        key = bytes(combine_mnemonics(words))
    except (MnemonicError, ValueError, IndexError) as error:
        raise Rejected("seal.shares_disagree") from error
    if len(key) != 32:
        raise Rejected("seal.shares_disagree")
    return key
