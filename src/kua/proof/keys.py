# SPDX-License-Identifier: Apache-2.0
"""Named keys, Ed25519 and ML-DSA-44: what signs, what checks, and the C2SP verifier key line (`name+id+base64`) in which the latter travels.

Makes no entropy and reads no file: seeds and PEM bytes come from the caller. Kinds: 0x01 signs notes (C2SP signed-note), 0x04 co-signs
checkpoints with a time (Ed25519, C2SP tlog-cosignature), 0x06 does so with a signature that a quantum computer does not forge either
(ML-DSA-44, FIPS 204).
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from kua.core.errors import Misused, Rejected
from kua.proof.base64 import from_base64, to_base64

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
ML_DSA_44: Final = 0x06

_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}
"""Length of a public key of each kind that we know."""
_MAX_NAME: Final = 255
"""Bytes of the name of an ML-DSA-44 key: what it signs says who signs, in a field of one length byte."""

_WEAK: Final = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
"""y-coordinates of the points of small order, every encoding: under such a key one signature fits many messages."""


def is_key_name(name: str) -> bool:
    """Say whether `name` may name a key: not empty, no Unicode space, no plus, no control character (C2SP signed-note)."""
    return bool(name) and "+" not in name and not any(letter.isspace() or letter < " " for letter in name)


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether `signature` is `public`'s Ed25519 signature (RFC 8032) over `message`. Never raises for bad bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verifies_ml_dsa(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether `signature` is `public`'s ML-DSA-44 signature (FIPS 204, empty context) over `message`. Never raises for bad bytes."""
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name. `name` and `id` together say which key a signature line claims."""

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise Rejected("key.name", given=self.name[:80])
        if self.kind not in _BYTES:
            raise Rejected("key.kind", kind=self.kind)
        if len(self.public) != _BYTES[self.kind]:
            raise Rejected("key.public")
        if self.kind == ML_DSA_44:
            if len(self.name.encode()) > _MAX_NAME:
                raise Rejected("key.name", given=self.name[:80])
        elif self.public[:31] + bytes([self.public[31] & 0x7F]) in _WEAK:
            raise Rejected("key.public")

    @property
    def id(self) -> bytes:
        """Four bytes: SHA-256(name || 0x0A || kind || public key), cut."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """The verifier key line."""
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a verifier key line. Raises `Rejected` with `key.form`, `key.name`, `key.kind`, `key.public` or `key.id`."""
        parts = line.split("+", 2)  # the base64 part may hold a plus of its own
        if len(parts) != 3 or len(parts[1]) != 8 or parts[1].strip("0123456789abcdef"):
            raise Rejected("key.form")
        try:
            material = from_base64(parts[2])
        except ValueError as error:
            raise Rejected("key.form") from error
        if not material:
            raise Rejected("key.form")
        key = cls(parts[0], material[1:], material[0])
        if key.id.hex() != parts[1]:
            raise Rejected("key.id", given=parts[1], computed=key.id.hex())
        return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name. It never shows itself in a `repr`; only `to_pem` lets it out."""

    name: str
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise Rejected("key.name", given=self.name[:80])

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """Make the key that `seed` (32 bytes from the system's generator) stands for. Raises `ValueError` for another length."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> Self:
        """Read an unencrypted PKCS#8 PEM (RFC 8410). Raises `Misused("key.pem")` if it is not one with an Ed25519 key."""
        key = _from_pem(name, pem)
        if not isinstance(key, Ed25519PrivateKey):
            raise Misused("key.pem", name=name)
        return cls(name, key)

    def to_pem(self) -> bytes:
        """Write the key as unencrypted PKCS#8 PEM. The caller keeps it where only the service can read it (mode 0600)."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def verifier(self) -> VerifierKey:
        """The public half, for note signatures (kind 0x01)."""
        return VerifierKey(self.name, self._key.public_key().public_bytes_raw())

    @property
    def cosigner(self) -> VerifierKey:
        """The public half, for timed co-signatures (kind 0x04)."""
        return VerifierKey(self.name, self._key.public_key().public_bytes_raw(), COSIGNATURE)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over exactly `message`."""
        return self._key.sign(message)


@dataclass(frozen=True, slots=True)
class QuantumKey:
    """A private ML-DSA-44 key with its name, for timed co-signatures and the national log. Never shows itself in a `repr`."""

    name: str
    _key: MLDSA44PrivateKey = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.name.encode()) > _MAX_NAME:
            raise Rejected("key.name", given=self.name[:80])

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """Make the key that `seed` (32 bytes from the system's generator) stands for. Raises `ValueError` for another length."""
        return cls(name, MLDSA44PrivateKey.from_seed_bytes(seed))

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> Self:
        """Read an unencrypted PKCS#8 PEM (RFC 9881, the seed). Raises `Misused("key.pem")` if it is not one with an ML-DSA-44 key."""
        key = _from_pem(name, pem)
        if not isinstance(key, MLDSA44PrivateKey):
            raise Misused("key.pem", name=name)
        return cls(name, key)

    def to_pem(self) -> bytes:
        """Write the key as unencrypted PKCS#8 PEM. The caller keeps it where only the service can read it (mode 0600)."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def cosigner(self) -> VerifierKey:
        """The public half, for timed co-signatures (kind 0x06)."""
        return VerifierKey(self.name, self._key.public_key().public_bytes_raw(), ML_DSA_44)

    def sign(self, message: bytes) -> bytes:
        """Return a 2,420-byte ML-DSA-44 signature over exactly `message`; another one each time (FIPS 204 section 3.4)."""
        return self._key.sign(message)


def _from_pem(name: str, pem: bytes) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misused("key.pem", name=name) from error
