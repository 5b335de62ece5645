# SPDX-License-Identifier: Apache-2.0
"""Between which moments the film of a bundle was made, and on whose word: an interval, never a moment (docs/spec/bundle.md).

*Not before*: the newest national checkpoint that stood in the station's log before the film. *Not after*: the first co-signers or time authority that had
seen the national log with the station's checkpoint in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kua.core.canonical import canonical
from kua.core.errors import KuaError, Rejected
from kua.core.instant import Instant, rfc3339
from kua.media.timeline import Film
from kua.ports.tokens import ReadToken
from kua.proof.bundle import BEACON, BEACON_LEAF, FIRST_SEEN, STAMPED, TOKENS
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.merkle import check_inclusion, leaf_hash
from kua.proof.policy import Judgement, Policy
from kua.proof.tlogproof import MAX_PROOF, TlogProof, check_proof, read_proof
from kua.verify.entries import Entries
from kua.verify.reading import Reader
from kua.verify.report import Report
from kua.verify.times import MAX_TOKEN

CHECK: Final = "time"


@dataclass(frozen=True, slots=True)
class Known:
    """What the other checks found out: the national log's key and origin, its policy and the judgement of its checkpoint."""

    key: VerifierKey
    origin: str
    policy: Policy | None = None
    judged: Judgement | None = None
    stated: Mapping[int, Leaf] = field(default_factory=dict)
    """National leaves with states of the station's log that hold against what is here of it, by their index."""


def check_times(
    held: Reader, known: Known, log: Entries, start: int, films: Sequence[Film], room: Iterable[tuple[int, str]], tokens: ReadToken | None, report: Report
) -> set[str]:
    """Write the lines about time, and return the names of the files that were asked for. `start` is the first leaf about this time; `room`: when whom the reader knows had seen all of it (ms)."""
    # A state of the log without the end of the film dates nothing of it.
    last = max((film.leaf for film in films), default=-1)
    known = replace(known, stated={index: leaf for index, leaf in known.stated.items() if leaf["size"] > last})
    there = set(held.names("time"))
    used = there & {BEACON, BEACON_LEAF, FIRST_SEEN, STAMPED} | {name for name in there if name.endswith(TOKENS)}
    _not_before(held, known, log, start, there, report)
    bounds = sorted([*_first(held, known, there, report), *_stamped(held, known, there, tokens, report), *room])
    if bounds:
        at, by = bounds[0]
        report.passed(CHECK, "bundle.not_after", at=rfc3339(Instant(at)), names=by)
        waits = [max(0, at - film.t1) / 1000 for film in films]
        if waits:
            report.passed(CHECK, "bundle.window", longest=round(max(waits), 3), shortest=round(min(waits), 3))
    elif known.stated:
        at = min(leaf["received_at"] for leaf in known.stated.values())
        report.not_checked(CHECK, "bundle.not_after_centre", at=rfc3339(Instant(at)))
    return used


def _not_before(held: Reader, known: Known, log: Entries, start: int, there: set[str], report: Report) -> None:
    notes = {leaf["note"].encode() for index, leaf in log.of_type("beacon") if index < start}
    if BEACON not in there:
        report.not_checked(CHECK, "bundle.no_beacon")
        return
    try:
        proof, entry = read_proof(held.read(BEACON, MAX_PROOF)), held.read(BEACON_LEAF, MAX_PROOF)
        if proof.checkpoint not in notes:
            raise Rejected("bundle.proof_elsewhere", name=BEACON)
        head = open_checkpoint(proof.checkpoint, known.key, known.origin)
        check_inclusion(proof.index, head.size, leaf_hash(entry), proof.steps, head.root)
        leaf = read_leaf(entry, "nation")
        at = leaf.body.get("received_at", leaf.body.get("at")) if isinstance(leaf, Leaf) else None
        if not isinstance(at, int):
            raise Rejected("bundle.proof_elsewhere", name=BEACON)
    except KuaError as error:
        report.trouble(CHECK, error)
        return
    report.passed(CHECK, "bundle.not_before", at=rfc3339(Instant(at)), names=known.key.name)


def _first(held: Reader, known: Known, there: set[str], report: Report) -> Iterator[tuple[int, str]]:
    """Give when a quorum had co-signed: the checkpoint of the bundle, and the one in the proof of the first sight."""
    if known.judged is not None and known.judged.by is not None:
        yield known.judged.by * 1000, ", ".join(known.judged.parties)
    if FIRST_SEEN not in there or known.policy is None:
        return
    try:
        proof = read_proof(held.read(FIRST_SEEN, MAX_PROOF))
        judged = check_proof(proof, _entry(known, proof, FIRST_SEEN), known.policy, [known.key], known.origin)
    except KuaError as error:
        report.trouble(CHECK, error)
        return
    if judged.by is not None:
        yield judged.by * 1000, ", ".join(judged.parties)


def _stamped(held: Reader, known: Known, there: set[str], tokens: ReadToken | None, report: Report) -> Iterator[tuple[int, str]]:
    """Give what time authorities say of the checkpoint that they stamped."""
    if STAMPED not in there:
        return
    try:
        proof = read_proof(held.read(STAMPED, MAX_PROOF))
        head = open_checkpoint(proof.checkpoint, known.key, known.origin)
        check_inclusion(proof.index, head.size, leaf_hash(_entry(known, proof, STAMPED)), proof.steps, head.root)
    except KuaError as error:
        report.trouble(CHECK, error)
        return
    for name in sorted(name for name in there if name.endswith(TOKENS)):
        if tokens is None:
            report.not_checked(CHECK, "film.token_not_checked", name=name)
            continue
        try:
            stamped = tokens(held.read(name, MAX_TOKEN), proof.checkpoint)
        except KuaError as error:
            if error.code == "token.untrusted":
                report.not_checked(CHECK, "film.token_untrusted", name=name)
            else:
                report.failed(CHECK, "film.token_other", name=name, note=STAMPED)
            continue
        yield stamped.at, stamped.by


def _entry(known: Known, proof: TlogProof, name: str) -> bytes:
    """Return the national leaf that such a proof must be of: one with a state of the station's log that has all of the film."""
    if proof.index not in known.stated:
        raise Rejected("bundle.proof_elsewhere", name=name)
    return canonical(known.stated[proof.index].body)
