# SPDX-License-Identifier: Apache-2.0
"""Two signed checkpoints of one log that cannot both be true, in one file that anybody can check (docs/spec/fork.md).

Equal sizes with other roots contradict each other by themselves. Where the sizes differ, hashes show what root the later tree has over the
leaves of the earlier one; that it is another root than the one signed is the contradiction. A log that kept its promise cannot be accused:
nobody finds such hashes without breaking SHA-256 or having its key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.merkle import consistency_roots
from kua.proof.note import MAX_NOTE, parse_note
from kua.proof.tlogproof import read_hash

HEADER: Final = "kua/fork/v1"
SUFFIX: Final = ".kua-fork"
MAX_KEYS: Final = 8
MAX_STEPS: Final = 64
"""A consistency proof (63 hashes at most), and the node that it starts from."""
MAX_FORK: Final = 2 * MAX_NOTE + 30_000
"""Bytes of a fork file that we still read."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Two notes as they travelled, the keys that they are said to be signed by, and `steps` where their sizes differ."""

    keys: tuple[VerifierKey, ...]
    one: bytes
    other: bytes
    steps: tuple[Digest, ...] = ()

    def to_bytes(self) -> bytes:
        """The file."""
        lines = (HEADER, *(f"key {key}" for key in self.keys), *(f"step {to_base64(step)}" for step in self.steps), "")
        return "".join(f"{line}\n" for line in lines).encode() + self.one + b"\n" + self.other


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a fork file shows: the log called `origin` signed both, and `earlier` is not the beginning of `later`."""

    origin: str
    earlier: Checkpoint
    later: Checkpoint


def read_fork(data: bytes) -> Fork:
    """Read a fork file. Raises `Rejected("fork.form", why=...)`, and what `VerifierKey.parse` and `parse_note` raise. Verifies nothing."""
    if len(data) > MAX_FORK:
        raise Rejected("fork.form", why="too large")
    parts = data.split(b"\n\n")  # a checkpoint has no empty line: head, text, signatures, text, signatures
    if len(parts) != 5:
        raise Rejected("fork.form", why="not two checkpoints")
    try:
        lines = parts[0].decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Rejected("fork.form", why="not UTF-8") from error
    if lines[0] != HEADER:
        raise Rejected("fork.form", why="version")
    keys = [line.removeprefix("key ") for line in lines[1:] if line.startswith("key ")]
    steps = [line.removeprefix("step ") for line in lines[1 + len(keys) :]]
    if not 0 < len(keys) <= MAX_KEYS or len(steps) > MAX_STEPS:
        raise Rejected("fork.form", why="keys" if len(steps) <= MAX_STEPS else "too many hashes")
    one, other = parts[1] + b"\n\n" + parts[2] + b"\n", parts[3] + b"\n\n" + parts[4]
    parse_note(one)
    parse_note(other)
    fork = Fork(tuple(map(VerifierKey.parse, keys)), one, other, tuple(read_hash(step, "fork.form") for step in steps))
    if fork.to_bytes() != data:  # one file, one spelling: lines in another order are another format
        raise Rejected("fork.form", why="order")
    return fork


def check_fork(fork: Fork, keys: Iterable[VerifierKey] | None = None) -> Contradiction:
    """Return what the file shows, or raise.

    `keys` are the log's as the caller knows them; without them the file's own are used, and the caller sees to it that they are the log's.
    Raises `Rejected`: as `open_checkpoint`, `checkpoint.origin` for two logs, `fork.none` where the two do not contradict each other or the
    steps do not show it.
    """
    known = fork.keys if keys is None else tuple(keys)
    one = open_checkpoint(fork.one, known)
    other = open_checkpoint(fork.other, known, one.origin)
    earlier, later = sorted((one, other), key=lambda head: head.size)
    if not _contradict(earlier, later, fork.steps):
        raise Rejected("fork.none", origin=one.origin, earlier=earlier.size, later=later.size)
    return Contradiction(one.origin, earlier, later)


def find_fork(keys: Sequence[VerifierKey], one: bytes, other: bytes, proof: Sequence[Digest] = ()) -> Fork | None:
    """Return a fork file if two notes contradict each other as far as `proof` can show it, else None.

    `proof` are the hashes that came with them, from the smaller to the larger (where the smaller size is a power of two, the root of the
    first leaves in the larger tree stands before them); a log that shows the way through its second history convicts itself. Raises
    `Rejected` as `check_fork`, but not `fork.none`.
    """
    for steps in ((), tuple(proof)[:MAX_STEPS]):
        try:
            check_fork(fork := Fork(tuple(keys), one, other, steps))
        except Rejected as error:
            if error.code != "fork.none":
                raise
        else:
            return fork
    return None


def _contradict(earlier: Checkpoint, later: Checkpoint, steps: Sequence[Digest]) -> bool:
    if earlier.size == later.size:
        return not steps and earlier.root != later.root
    try:
        old, new = consistency_roots(earlier.size, later.size, steps)
    except Rejected:
        return False
    return new == later.root and old != earlier.root
