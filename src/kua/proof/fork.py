# SPDX-License-Identifier: Apache-2.0
"""Two signed checkpoints of one log that cannot both be true, as one file that convicts the signer before anybody (docs/spec/fork.md).

Two checkpoints of one size with different roots convict by themselves. Of two sizes the file adds the root that the larger tree really has at the smaller
size, and the consistency proof (RFC 9162 section 2.1.4) from there: a larger tree of which that holds can never be shown to have grown from the smaller one.
The proof is the signatures; whoever made, found or carried the file need not be believed. Reads no tiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.digest import Digest, from_hex
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.proof.base64 import from_base64, to_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.merkle import check_consistency
from kua.proof.note import MAX_NOTE

MAX_FORK: Final = 4 * MAX_NOTE
"""Bytes of a fork file that we still read: two notes, with every character escaped at worst."""
MAX_STEPS: Final = 64
"""Hashes of the longest consistency proof between trees of up to 2^63 - 1 leaves."""

_FIELDS: Final = frozenset({"v", "type", "vkey", "notes"})
_GROWTH: Final = frozenset({"root", "proof"})


@dataclass(frozen=True, slots=True)
class Fork:
    """A contradiction that was checked: `earlier` is the smaller checkpoint (of one size: the first in the order of their bytes), both under `key`.

    `root` and `proof` are there only where the sizes differ: what the larger tree holds at the smaller size, and the consistency proof from it.
    """

    key: VerifierKey
    notes: tuple[bytes, bytes]
    earlier: Checkpoint
    later: Checkpoint
    root: Digest | None = None
    proof: tuple[Digest, ...] = ()

    def to_bytes(self) -> bytes:
        """The fork file: RFC 8785 JSON, one spelling for one contradiction."""
        body: Json = {"v": 1, "type": "fork", "vkey": str(self.key), "notes": [note.decode() for note in self.notes]}
        if self.root is not None:
            body |= {"root": self.root.hex(), "proof": [to_base64(step) for step in self.proof]}
        return canonical(body)


def find_fork(first: bytes, second: bytes, key: VerifierKey, root: Digest | None = None, proof: Sequence[Digest] = ()) -> Fork:
    """Judge two signed notes, given in any order: return the contradiction, checked.

    `root` is what the larger tree holds at the smaller size and `proof` the consistency proof from there; both are passed over for two notes of one size.
    `key` is the log's own or that of a co-signer, who must not sign both either.
    Raises `Rejected`: as `open_checkpoint`; `fork.other_log` for two origins; `fork.none` when both can be true; `proof.consistency` for a proof that does
    not hold. Raises `Incomplete("fork.unproved")` for two sizes without a root: nobody can know by these two alone.
    """
    (earlier, note), (later, other) = sorted(
        ((open_checkpoint(each, key), each) for each in (first, second)), key=lambda pair: (pair[0].size, pair[1])
    )
    if earlier.origin != later.origin:
        raise Rejected("fork.other_log", first=earlier.origin, second=later.origin)
    if earlier.size == later.size:
        if earlier.root == later.root:
            raise Rejected("fork.none", size=earlier.size, later=later.size)
        return Fork(key, (note, other), earlier, later)
    if earlier.size == 0:
        raise Rejected("fork.none", size=0, later=later.size)  # every log grew from the empty one
    if root is None:
        raise Incomplete("fork.unproved", size=earlier.size, later=later.size)
    check_consistency(earlier.size, later.size, root, later.root, proof)
    if root == earlier.root:
        raise Rejected("fork.none", size=earlier.size, later=later.size)
    return Fork(key, (note, other), earlier, later, root, tuple(proof))


def open_fork(data: bytes, key: VerifierKey | None = None) -> Fork:
    """Read a fork file and check everything that it says. `key` is the key that the reader trusts; without it the contradiction holds for the file's own key.

    Raises `Rejected`: `fork.form` for what the format does not allow, `fork.other_key` for a file about another key, and as `find_fork` for a file that
    convicts nobody.
    """
    stated, notes, root, proof = _parsed(data)
    if key is not None and key != stated:
        raise Rejected("fork.other_key", given=str(stated), wanted=str(key))
    try:
        fork = find_fork(*notes, stated, root, proof)
    except Incomplete as error:
        raise Rejected("fork.form", why="no proof") from error
    if fork.to_bytes() != data:
        raise Rejected("fork.form", why="spelling")
    return fork


def _parsed(data: bytes) -> tuple[VerifierKey, tuple[bytes, bytes], Digest | None, tuple[Digest, ...]]:
    if len(data) > MAX_FORK:
        raise Rejected("fork.form", why="too large")
    body = _body(data)
    match body["notes"]:
        case [str() as first, str() as second]:
            notes = first.encode(), second.encode()
        case _:
            raise Rejected("fork.form", why="notes")
    if not isinstance(body["vkey"], str):
        raise Rejected("fork.form", why="vkey")
    root, proof = (_root(body["root"]), _proof(body["proof"])) if "root" in body else (None, ())
    return VerifierKey.parse(body["vkey"]), notes, root, proof


def _body(data: bytes) -> Json:
    try:
        body = read_canonical(data)
    except KuaError as error:
        raise Rejected("fork.form", why="not canonical JSON") from error
    if body.get("v") != 1 or isinstance(body["v"], bool) or body.get("type") != "fork":
        raise Rejected("fork.form", why="version")
    if body.keys() not in (_FIELDS, _FIELDS | _GROWTH):
        raise Rejected("fork.form", why="fields")
    return body


def _root(value: object) -> Digest:
    try:
        return from_hex(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Rejected("fork.form", why="root") from error


def _proof(value: object) -> tuple[Digest, ...]:
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        raise Rejected("fork.form", why="proof")
    try:
        return tuple(Digest(from_base64(step)) for step in value)
    except (ValueError, AttributeError) as error:
        raise Rejected("fork.form", why="proof") from error
