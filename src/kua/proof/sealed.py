# SPDX-License-Identifier: Apache-2.0
"""The bytes of the sealed film: pieces, shares, and what a `slice` leaf says of both (docs/spec/sealed.md).

Everything that is public of a slice is hashes and ciphertext. Holds no key and encrypts nothing: that is `kua.adapters.sealing`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import Rejected
from kua.core.instant import Instant, Millis
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.merkle import Frontier, leaf_hash

SLICE: Final = Millis(900_000)
"""A slice holds at most a quarter of an hour, from one UTC multiple of it to the next: opening one opens no more."""
SALT: Final = 32
HEAD: Final = 2_048
"""Longest head of a piece in bytes."""

_SHARE: Final = b"kua/share/v1\x00"
_ORIGINAL: Final = b"kua/orig/v1"
_NAME: Final = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class SealedShare:
    """One trustee's share as it leaves `hide`: encrypted to that trustee, with the commitment to what is inside."""

    trustee: str
    ciphertext: bytes
    commit: Digest

    @property
    def digest(self) -> Digest:
        """SHA-256 of the ciphertext."""
        return sha256(self.ciphertext)


@dataclass(frozen=True, slots=True)
class Share:
    """What a trustee decrypts: for which slice it is, whose it is, and the words of SLIP-39."""

    election: str
    station: str
    cam: str
    slice: str
    trustee: str
    words: str

    def to_bytes(self) -> bytes:
        """Return the share file: RFC 8785 JSON. It is a secret."""
        return canonical(
            {
                "v": 1,
                "election": self.election,
                "station": self.station,
                "cam": self.cam,
                "slice": self.slice,
                "trustee": self.trustee,
                "words": self.words,
            }
        )

    def __repr__(self) -> str:
        return f"Share(slice={self.slice}, trustee={self.trustee})"


@dataclass(frozen=True, slots=True)
class PieceHead:
    """What stands before the film inside a piece, so that it cannot be taken for another one. `init` is the length of the init segment in bytes."""

    cam: str
    slice: str
    run: str
    slot: int
    t0: Instant
    t1: Instant
    init: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """What is public of one piece: its ciphertext's hash and size, and the salted commitment to the film inside."""

    cam: str
    slice: str
    run: str
    slot: int
    t0: Instant
    t1: Instant
    frames: int
    sha256: Digest
    size: int
    orig_commit: Digest

    @property
    def name(self) -> str:
        """The piece's name without its ending."""
        return f"{self.run}-{self.slot}"

    def to_bytes(self) -> bytes:
        """Return the record: RFC 8785 JSON, an entry of the tree whose root the `slice` leaf holds."""
        return canonical(
            {
                "v": 1,
                "cam": self.cam,
                "slice": self.slice,
                "run": self.run,
                "slot": self.slot,
                "t0": self.t0,
                "t1": self.t1,
                "frames": self.frames,
                "sha256": self.sha256.hex(),
                "size": self.size,
                "orig_commit": self.orig_commit.hex(),
            }
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a slice from its first moment on: `recipient` is the public half of its key, `shares` (trustee, ciphertext's hash, commitment)."""

    cam: str
    slice: str
    at: Instant
    phase: str
    calibration: Digest
    quorum: Digest
    recipient: str
    shares: tuple[tuple[str, Digest, Digest], ...]

    def to_bytes(self) -> bytes:
        """Return `slice.json`: RFC 8785 JSON."""
        return canonical(
            {
                "v": 1,
                "cam": self.cam,
                "slice": self.slice,
                "at": self.at,
                "phase": self.phase,
                "calibration": self.calibration.hex(),
                "quorum": self.quorum.hex(),
                "recipient": self.recipient,
                "shares": _shares_json(self.shares),
            }
        )


def share_commit(share: bytes) -> Digest:
    """Return the commitment to a share file. No salt is needed: a share has 256 random bits of its own."""
    return sha256(_SHARE + share)


def read_share(data: bytes) -> Share:
    """Read a share file. Raises `Rejected("seal.form", what="share")`."""
    try:
        body = _object(data, "v election station cam slice trustee words")
        return Share(*(_text(body[name]) for name in "election station cam slice trustee words".split()))
    except (Rejected, ValueError) as error:
        raise Rejected("seal.form", what="share") from error


def orig_commit(salt: bytes, original: bytes) -> Digest:
    """Return SHA-256("kua/orig/v1" || salt || SHA-256(original)). The salt lies inside the sealed piece: once its key is gone nothing links the two."""
    if len(salt) != SALT:
        raise ValueError(len(salt))
    return sha256(_ORIGINAL + salt + sha256(original))


def write_piece(head: PieceHead, original: bytes) -> bytes:
    """Return what is encrypted: the head (RFC 8785 JSON), a line feed, the film (init segment, then one segment)."""
    body = {
        "v": 1,
        "cam": head.cam,
        "slice": head.slice,
        "run": head.run,
        "slot": head.slot,
        "t0": head.t0,
        "t1": head.t1,
        "init": head.init,
        "salt": head.salt.hex(),
    }
    return canonical(body) + b"\n" + original


def read_piece(data: bytes) -> tuple[PieceHead, bytes]:
    """Return head and film of a decrypted piece. Raises `Rejected("seal.form", what="piece")`."""
    line, _, original = data.partition(b"\n")
    try:
        if len(line) > HEAD:
            raise ValueError(len(line))
        body = _object(line, "v cam slice run slot t0 t1 init salt")
        head = PieceHead(
            _text(body["cam"]),
            _name(body["slice"]),
            _name(body["run"]),
            _count(body["slot"]),
            Instant(_count(body["t0"])),
            Instant(_count(body["t1"])),
            _count(body["init"]),
            bytes(from_hex(_text(body["salt"]))),
        )
        if head.init > len(original):
            raise ValueError(head.init)
    except (Rejected, ValueError) as error:
        raise Rejected("seal.form", what="piece") from error
    return head, original


def read_record(data: bytes) -> Record:
    """Read the record of a piece. Raises `Rejected("seal.form", what="record")`."""
    try:
        body = _object(data, "v cam slice run slot t0 t1 frames sha256 size orig_commit")
        record = Record(
            _text(body["cam"]),
            _name(body["slice"]),
            _name(body["run"]),
            _count(body["slot"]),
            Instant(_count(body["t0"])),
            Instant(_count(body["t1"])),
            _count(body["frames"]),
            from_hex(_text(body["sha256"])),
            _count(body["size"]),
            from_hex(_text(body["orig_commit"])),
        )
    except (Rejected, ValueError) as error:
        raise Rejected("seal.form", what="record") from error
    return record


def read_begun(data: bytes) -> Begun:
    """Read `slice.json`. Raises `Rejected("seal.form", what="slice")`."""
    try:
        body = _object(data, "v cam slice at phase calibration quorum recipient shares")
        shares = body["shares"]
        if not isinstance(shares, list) or not all(
            isinstance(each, dict) and set(each) == {"trustee", "sha256", "commit"} for each in shares
        ):
            raise ValueError("shares")
        return Begun(
            _text(body["cam"]),
            _name(body["slice"]),
            Instant(_count(body["at"])),
            _text(body["phase"]),
            from_hex(_text(body["calibration"])),
            from_hex(_text(body["quorum"])),
            _text(body["recipient"]),
            tuple((_text(each["trustee"]), from_hex(_text(each["sha256"])), from_hex(_text(each["commit"]))) for each in shares),
        )
    except (Rejected, ValueError) as error:
        raise Rejected("seal.form", what="slice") from error


def root_of(records: Iterable[Record]) -> Digest:
    """Return the root of the RFC 6962 tree over the records, in their order."""
    return Frontier.of(leaf_hash(record.to_bytes()) for record in records).root()


def slice_leaf(begun: Begun, records: Sequence[Record], now: Instant) -> bytes:
    """Return the `slice` leaf of what is kept. `records` are in order of time, at least one."""
    return make_leaf(
        "slice",
        at=now,
        cam=begun.cam,
        slice=begun.slice,
        t0=records[0].t0,
        t1=records[-1].t1,
        phase=begun.phase,
        pieces=len(records),
        size=sum(record.size for record in records),
        root=root_of(records).hex(),
        calibration=begun.calibration.hex(),
        quorum=begun.quorum.hex(),
        recipient=begun.recipient,
        shares=_shares_json(begun.shares),
    )


def read_slice_leaf(data: bytes) -> Leaf:
    """Read a `slice` leaf. Raises `Rejected("seal.form", what="slice")` for another leaf, and those of leaves."""
    leaf = read_leaf(data, "station")
    if not isinstance(leaf, Leaf) or leaf.type != "slice":
        raise Rejected("seal.form", what="slice")
    return leaf


def _shares_json(shares: Iterable[tuple[str, Digest, Digest]]) -> list[Json]:
    return [{"trustee": trustee, "sha256": digest.hex(), "commit": commit.hex()} for trustee, digest, commit in shares]


def _object(data: bytes, names: str) -> Json:
    body = read_canonical(data)
    if set(body) != set(names.split()) or body["v"] != 1:
        raise ValueError(names)
    return body


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")  # noqa: TRY004 - one kind of fault for every field
    return value


def _name(value: Any) -> str:
    if not _NAME.fullmatch(_text(value)):
        raise ValueError("name")
    return str(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("count")
    return value
