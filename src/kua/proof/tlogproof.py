# SPDX-License-Identifier: Apache-2.0
"""One file that proves that an entry is in a log: C2SP tlog-proof@v1 (place, inclusion proof, checkpoint with its co-signatures).

Holds no entry: whoever checks brings the bytes of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.base64 import from_base64, to_base64
from kua.proof.head import parse_size
from kua.proof.keys import VerifierKey
from kua.proof.merkle import check_inclusion, leaf_hash
from kua.proof.note import MAX_NOTE, parse_note
from kua.proof.policy import Judgement, Policy, judge

HEADER: Final = "c2sp.org/tlog-proof@v1"
SUFFIX: Final = ".tlog-proof"
MAX_STEPS: Final = 63
"""Hashes of an inclusion proof in a tree of at most 2^63 - 1 leaves."""
MAX_EXTRA: Final = 65_535
"""Bytes of extra data that we still read."""
MAX_PROOF: Final = MAX_NOTE + 100_000
"""Bytes of a proof file that we still read."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An entry's place, the hashes from its sibling up to below the root, the checkpoint as it travelled; `extra` is signed by nobody."""

    index: int
    steps: tuple[Digest, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_bytes(self) -> bytes:
        """The file."""
        extra = [] if self.extra is None else [f"extra {to_base64(self.extra)}"]
        lines = (HEADER, *extra, f"index {self.index}", *(to_base64(step) for step in self.steps), "")
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint


def read_proof(data: bytes) -> TlogProof:
    """Read a proof file. Raises `Rejected("tlogproof.form", why=...)`, or `note.form` for its checkpoint. Verifies nothing."""
    if len(data) > MAX_PROOF:
        raise Rejected("tlogproof.form", why="too large")
    head, gap, checkpoint = data.partition(b"\n\n")
    if not gap:
        raise Rejected("tlogproof.form", why="no checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Rejected("tlogproof.form", why="not ASCII") from error
    if lines[0] != HEADER:
        raise Rejected("tlogproof.form", why="version")
    extra = _extra(lines.pop(1)) if len(lines) > 1 and lines[1].startswith("extra ") else None
    if len(lines) < 2 or not lines[1].startswith("index "):
        raise Rejected("tlogproof.form", why="index")
    try:
        index = parse_size(lines[1].removeprefix("index "))
    except ValueError as error:
        raise Rejected("tlogproof.form", why="index") from error
    if len(lines) - 2 > MAX_STEPS:
        raise Rejected("tlogproof.form", why="too many hashes")
    parse_note(checkpoint)
    return TlogProof(index, tuple(read_hash(line, "tlogproof.form") for line in lines[2:]), checkpoint, extra)


def check_proof(proof: TlogProof, entry: bytes, policy: Policy, keys: Iterable[VerifierKey] = (), origin: str | None = None) -> Judgement:
    """Do as `judge` over the proof's checkpoint, and see that `entry` stands at the proof's place below it.

    Raises `Rejected` as `judge`, and `proof.inclusion`. That the quorum fails is an answer, not an error.
    """
    judgement = judge(policy, proof.checkpoint, keys, origin)
    head = judgement.checkpoint
    check_inclusion(proof.index, head.size, leaf_hash(entry), proof.steps, head.root)
    return judgement


def read_hash(line: str, code: str) -> Digest:
    """Read one hash of a proof in base64. Raises `Rejected(code, why="hash")` for anything but 32 bytes in their one spelling."""
    try:
        step = from_base64(line)
    except ValueError as error:
        raise Rejected(code, why="hash") from error
    if len(step) != 32:
        raise Rejected(code, why="hash")
    return Digest(step)


def _extra(line: str) -> bytes:
    try:
        extra = from_base64(line.removeprefix("extra "))
    except ValueError as error:
        raise Rejected("tlogproof.form", why="extra") from error
    if not 0 < len(extra) <= MAX_EXTRA:  # with none, there is no such line
        raise Rejected("tlogproof.form", why="extra")
    return extra
