# SPDX-License-Identifier: Apache-2.0
"""Who in the room co-signed the log: the `observer` leaves (docs/spec/local-cosigners.md). They are told apart from the co-signers of the policy, and count towards no quorum.

A key that only the log names could be the station's own: it is shown by name and believed by nobody, until the reader brings it along.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Fact, KuaError, Rejected
from kua.core.instant import Instant, rfc3339
from kua.proof.cosign import cosignatures
from kua.proof.head import parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.note import Note, parse_note
from kua.verify.entries import Entries
from kua.verify.report import Report

LATEST: Final = 253_402_300_799
"""Seconds of 9999-12-31: what rfc3339 can say."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One co-signature that holds: whose, over how many entries, and when as it says (seconds since 1970)."""

    key: VerifierKey
    note: Note
    size: int
    seconds: int | None

    @property
    def name(self) -> str:
        """Name and id of the key, as its verifier key line begins: a name alone anybody can take."""
        return f"{self.key.name}+{self.key.id.hex()}"


def size_of(leaf: Leaf) -> int:
    """Return the size that an `observer` leaf says was co-signed; the schema has held."""
    return int(leaf["note"].split("\n", 2)[1])


def read_observer(index: int, leaf: Leaf, origin: str, roots: Mapping[int, Digest]) -> Seen:
    """Return what the `observer` leaf at `index` shows: a checkpoint of this log, over entries before it, that its key co-signed. `roots`: by size.

    Raises `Rejected("note.*" | "key.*" | "checkpoint.*")` where it shows nothing of the kind.
    """
    note, key = parse_note(leaf["note"].encode()), VerifierKey.parse(leaf["vkey"])
    head, made = parse_checkpoint(note.text), cosignatures(note, [key])
    if head.origin != origin or head.size > index or roots.get(head.size) != head.root or not made:
        raise Rejected("note.unknown_signer")
    return Seen(key, note, head.size, made[0].seconds)


def check_room(
    check: str, log: Entries, last: int, named: Iterable[VerifierKey], brought: Sequence[VerifierKey], report: Report
) -> list[tuple[int, str]]:
    """Write a line for each key that co-signed in the room, by what it had seen of the film whose last leaf is `last`, and return bounds of time.

    `named` are the keys of the policy: known, but it takes a quorum of them to date something. `brought`: those whom the reader vouches for; when
    each of them had first seen all of the film (ms), and its name, is what is returned.
    """
    found, elsewhere = _held(check, log, report)
    known, bounds = {*named, *brought}, []
    for seen in _best(found, last):
        at = "-" if seen.seconds is None else rfc3339(Instant(min(seen.seconds, LATEST) * 1000))
        facts: dict[str, Fact] = {"name": seen.name, "size": seen.size, "at": at}
        if seen.size <= last:
            report.not_checked(check, "bundle.room_before", **facts)
        elif seen.key not in known:
            report.not_checked(check, "bundle.room_stranger", **facts)
        else:
            report.passed(check, "bundle.room_saw", **facts)
            if seen.seconds is not None and seen.key in brought:
                bounds.append((min(seen.seconds, LATEST) * 1000, seen.key.name))
    if elsewhere:
        report.not_checked(check, "bundle.room_elsewhere", count=elsewhere)
    return bounds


def _held(check: str, log: Entries, report: Report) -> tuple[list[Seen], int]:
    """Return the co-signatures that hold, and how many are over states of the log that cannot be told from what is here."""
    leaves = log.of_type("observer")
    roots = log.roots_before(size_of(leaf) for _, leaf in leaves)
    found, elsewhere = [], 0
    for index, leaf in leaves:
        if size_of(leaf) not in roots and 0 < size_of(leaf) <= index:
            elsewhere += 1
            continue
        try:
            found.append(read_observer(index, leaf, log.head.origin, roots))
        except KuaError:
            report.failed(check, "film.observer_forged", index=index)
    return found, elsewhere


def _best(found: Iterable[Seen], last: int) -> list[Seen]:
    """Return one co-signature of each key, in the order in which they first came: the first over all of the film, else the largest."""
    best: dict[str, Seen] = {}
    for seen in found:
        held = best.setdefault(str(seen.key), seen)
        if held.size <= last and held.size < seen.size:
            best[str(seen.key)] = seen
    return list(best.values())
