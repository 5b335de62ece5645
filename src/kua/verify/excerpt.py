# SPDX-License-Identifier: Apache-2.0
"""A part of a log as a bundle holds it: ranges of leaves, each with the proof that it stands in the log, under one signed checkpoint.

What is returned holds: each leaf stands where it says, and within a range none is left out. What lies outside the ranges is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import KuaError, Rejected
from kua.proof.bundle import proof_name, range_name, read_range_name
from kua.proof.checkpoint import PATH, Checkpoint, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, Log, Unknown, read_leaf
from kua.proof.merkle import check_range, frontier_before, leaf_hash
from kua.proof.note import MAX_NOTE
from kua.proof.tlogproof import MAX_PROOF, read_proof
from kua.verify.entries import Entries, Stretch
from kua.verify.reading import Reader
from kua.verify.report import Report

MAX_LEAVES: Final = 64 * 1024 * 1024
"""Bytes of the largest file of leaves."""
MAX_PARTS: Final = 4_096
"""Ranges of leaves that are read: an honest bundle has a few, for statements that stand alone."""


@dataclass(frozen=True, slots=True)
class Part:
    """One range of leaves and what shows where it stands."""

    first: int
    entries: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """Index of the last leaf."""
        return self.first + len(self.entries) - 1


def read_excerpt(
    below: Reader, key: VerifierKey, origin: str | None, log: Log, subject: str, report: Report
) -> tuple[Entries | None, set[str]]:
    """Check the excerpt below `below`; each finding is a line of `report` under `subject`. Return what holds, and the names of the files that were used.

    None when the checkpoint is not signed as it should be, or a range does not stand in the log: then nothing that the leaves say is used.
    """
    used = {"vkey", PATH}
    data = report.attempt(f"{subject} log.signature", lambda: below.read(PATH, MAX_NOTE))
    head = None if data is None else report.attempt(f"{subject} log.signature", lambda: open_checkpoint(data, key, origin))
    if data is None or head is None:
        return None, used
    report.passed(f"{subject} log.signature", "log.signed", origin=head.origin, size=head.size, name=key.name)
    leaves: list[tuple[int, Leaf | Unknown]] = []
    stretches: list[Stretch] = []
    count = parts = 0
    before = -2
    spans = sorted(span for name in below.names("leaves") if (span := read_range_name(name)) is not None)
    if len(spans) > MAX_PARTS:
        report.failed(f"{subject} inclusion", "bundle.leaves_form", name=range_name(*spans[MAX_PARTS]))
        return None, used
    for first, last in spans:
        used |= {range_name(first, last), proof_name(first), proof_name(last)}
        if first <= before + 1:
            report.failed(f"{subject} inclusion", "bundle.leaves_form", name=range_name(first, last))
            continue
        before = last
        try:
            part = _read_part(below, first, last)
            stretches.append(_check_part(below, part, data, head))
        except KuaError as error:
            report.trouble(f"{subject} inclusion", error)
            continue
        count, parts = count + len(part.entries), parts + 1
        leaves += _read_leaves(part, log, subject, report)
    if parts and not report.has("FAIL", f"{subject} inclusion") and not report.has("MISSING", f"{subject} inclusion"):
        report.passed(f"{subject} inclusion", "bundle.included", count=count, parts=parts, size=head.size)
    else:
        if not parts and not report.has("FAIL", f"{subject} inclusion"):
            report.missing(f"{subject} inclusion", "bundle.no_leaves")
        return None, used
    unknown = sum(isinstance(leaf, Unknown) for _, leaf in leaves)
    if len(leaves) == count and leaves:
        report.passed(f"{subject} leaves", "film.leaves_read", count=count - unknown)
    if unknown:
        report.not_checked(f"{subject} leaves", "film.leaves_unknown", count=unknown)
    return Entries(head, (), tuple(leaves), tuple(stretches)), used


def _read_part(below: Reader, first: int, last: int) -> Part:
    name = range_name(first, last)
    data = below.read(name, MAX_LEAVES)
    lines = data.split(b"\n")
    if lines.pop() or len(lines) != last - first + 1 or not all(lines):
        raise Rejected("bundle.leaves_form", name=name)
    return Part(first, tuple(lines))


def _check_part(below: Reader, part: Part, checkpoint: bytes, head: Checkpoint) -> Stretch:
    proofs: list[Sequence[Digest]] = []
    for index in (part.first, part.last):
        proof = read_proof(below.read(proof_name(index), MAX_PROOF))
        if proof.index != index or proof.checkpoint != checkpoint or proof.extra is not None:
            raise Rejected("bundle.proof_elsewhere", name=proof_name(index))
        proofs.append(proof.steps)
    hashes = tuple(leaf_hash(entry) for entry in part.entries)
    check_range(part.first, head.size, hashes, proofs[0], proofs[1], head.root)
    return Stretch(part.first, frontier_before(part.first, head.size, proofs[0]), hashes)


def _read_leaves(part: Part, log: Log, subject: str, report: Report) -> Sequence[tuple[int, Leaf | Unknown]]:
    leaves = []
    for index, entry in enumerate(part.entries, part.first):
        try:
            leaves.append((index, read_leaf(entry, log)))
        except KuaError as error:
            report.failed(f"{subject} leaves", "film.leaf_unreadable", index=index, why=str(error))
    return leaves
