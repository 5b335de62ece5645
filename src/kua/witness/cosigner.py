# SPDX-License-Identifier: Apache-2.0
"""`add-checkpoint` to the letter of C2SP tlog-witness: judge one request, remember, then co-sign. Knows bytes and status codes, no sockets.

Order, for each request: verify outside the lock; under it look at the book, sign, put the new head in (fsync), raise the mark (fsync);
answer. A co-signature leaves only when what it says is on disk twice.
"""

import threading
from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, final

from kua.core.errors import KuaError, Refused, Rejected, Unavailable
from kua.ports.clock import Clock
from kua.proof.addcheckpoint import SIZE_TYPE, AddCheckpoint, only_by, read_request
from kua.proof.checkpoint import Checkpoint, parse_checkpoint
from kua.proof.cosign import CosigningKey, cosign
from kua.proof.fork import find_fork
from kua.proof.keys import ML_DSA_44, VerifierKey
from kua.proof.merkle import EMPTY_ROOT, check_consistency
from kua.proof.note import Note, parse_note, verified_signers
from kua.witness.book import Book, Head, Known, Refusal
from kua.witness.bounded import Answer
from kua.witness.evidence import EvidenceFiles
from kua.witness.highwater import HighWater
from kua.words.speak import explain

STATUS: Final = {
    "witness.malformed": 400,
    "witness.old_size": 400,
    "witness.signature": 403,
    "witness.unknown_log": 404,
    "witness.size": 409,
    "witness.proof": 422,
    "witness.fork": 422,
    "witness.halted": 503,
    "witness.clock": 503,
}
"""Which HTTP status each refusal has; what is not here is the disk's fault: 503."""
PATIENCE: Final = 60
"""Seconds that the clock may have gone back since the last co-signature; it is then dated as that one was."""


@final
class Cosigner:
    """The co-signer with its keys. `add` and the rest may be called from any thread."""

    def __init__(self, keys: Sequence[CosigningKey], book: Book, mark: HighWater, evidence: EvidenceFiles, clock: Clock) -> None:
        self.keys, self.book, self.evidence = tuple(keys), book, evidence
        self._mark, self._clock = mark, clock
        self._turn = threading.Lock()
        self._own = tuple(key.cosigner for key in self.keys)
        self._names: dict[str, str] = {}
        self.turned_away: deque[Refusal] = deque(maxlen=100)
        """Newest requests that no log's key had signed, in memory only: whoever sends them must not fill the disk."""

    def add(self, body: bytes) -> Answer:
        """Judge a request and answer it. Never raises for what comes from outside."""
        try:
            return self._add(body)
        except _Elsewhere as elsewhere:
            return Answer(409, f"{elsewhere.size}\n".encode(), SIZE_TYPE)
        except KuaError as error:
            status = STATUS.get(error.code, 503)
            if status in {400, 403, 404}:
                self.turned_away.append(Refusal(self._seconds(), str(error.facts.get("origin", ""))[:255], 0, error.code, ""))
            return Answer(status, f"{error.code}: {explain(error, 'en')[0]}\n".encode())

    def latest(self, name: str) -> bytes | None:
        """Return the newest co-signed checkpoint of the log whose origin has the SHA-256 `name` (lower-case hex), None if there is none."""
        origin = self._names.get(name)
        if origin is None:
            self._names = {sha256(log.origin.encode()).hexdigest(): log.origin for log in self.book.logs()}
            origin = self._names.get(name)
        known = self.book.log(origin) if origin is not None else None
        return known.head.note if known and known.head else None

    def _add(self, body: bytes) -> Answer:
        if halted := self.book.halted:
            raise Refused("witness.halted", why=halted)
        asked, note = _read(body)
        origin = note.text.partition("\n")[0]
        log = self.book.log(origin)
        if log is None:
            raise Rejected("witness.unknown_log", origin=origin[:255])
        head = _signed(note, log)
        if asked.old > head.size:
            raise Rejected("witness.old_size", origin=origin, old=asked.old, size=head.size)
        with self._turn:
            return self._decide(asked, note, head)

    def _decide(self, asked: AddCheckpoint, note: Note, head: Checkpoint) -> Answer:
        known = self.book.log(head.origin)
        assert known is not None  # logs are never taken out
        self._require_no_later_self(note, head, known)
        kept = only_by(note, known.keys)
        forked = self._look_for_fork(asked, kept, head, known)
        if asked.old != known.size:
            raise _Elsewhere(known.size)
        if forked:
            raise Rejected("witness.fork", origin=head.origin, size=head.size)
        try:
            _require_growth(asked, head, known)
        except Rejected:
            file = self.evidence.keep_request(head.origin, asked.to_bytes())
            self.book.refuse(Refusal(self._seconds(), head.origin, head.size, "witness.proof", file))
            raise
        seconds = self._date(known)
        lines = [cosign(note.text, key, seconds) for key in self.keys]
        new = Head(head.size, head.root, seconds, Note(kept.text, (*kept.signatures, *lines)).to_bytes())
        generation = self.book.advance(head.origin, known.head, new)
        if generation is None:
            raise _Elsewhere(self._size(head.origin))
        self._mark.raise_to(generation)
        return Answer(200, "".join(line.line() for line in lines).encode())

    def _size(self, origin: str) -> int:
        known = self.book.log(origin)
        return known.size if known else 0

    def _require_no_later_self(self, note: Note, head: Checkpoint, known: Known) -> None:
        """A checkpoint that we co-signed and have no memory of: our book is an old one, or somebody else has our key. Either way, stop."""
        mine = [key for key in self._own if any(line.is_by(key) and line.holds(key, note.text) for line in note.signatures)]
        if not mine:
            return
        if head.size <= known.size and known.head is not None:
            past = self.book.at(head.origin, head.size)
            if past is None or past.root == head.root:
                return
        self.book.halt("witness.rolled_back")
        raise Refused("witness.halted", why="witness.rolled_back")

    def _look_for_fork(self, asked: AddCheckpoint, kept: Note, head: Checkpoint, known: Known) -> bool:
        """Say whether the log contradicts what it had signed before, whatever size was named; the two checkpoints are then kept as a file."""
        if known.head is None:
            return False
        held = self.book.at(head.origin, head.size) or known.head
        proof = asked.steps if held.size == asked.old else ()
        fork = find_fork(known.keys, held.note, kept.to_bytes(), proof)
        if fork is None:
            return False
        file = self.evidence.keep_fork(head.origin, fork)
        self.book.refuse(Refusal(self._seconds(), head.origin, head.size, "witness.fork", file))
        return True

    def _date(self, known: Known) -> int:
        now = self._seconds()
        last = known.head.at if known.head else 0
        if now < last - PATIENCE:
            raise Unavailable("witness.clock", now=now, last=last)
        return max(now, last)

    def _seconds(self) -> int:
        return self._clock.now() // 1000


class _Elsewhere(Exception):
    """We know another size than the one named."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def _read(body: bytes) -> tuple[AddCheckpoint, Note]:
    try:
        asked = read_request(body)
        return asked, parse_note(asked.note)
    except Rejected as error:
        raise Rejected("witness.malformed", why=str(error)[:120]) from error


def _signed(note: Note, log: Known) -> Checkpoint:
    """Verify first, then read."""
    try:
        signers: tuple[VerifierKey, ...] = verified_signers(note, log.keys)
    except Rejected as error:
        raise Rejected("witness.signature", origin=log.origin) from error
    if not signers:
        raise Rejected("witness.signature", origin=log.origin)
    try:
        head = parse_checkpoint(note.text)
    except Rejected as error:
        raise Rejected("witness.malformed", why=str(error)[:120]) from error
    if head.extensions and all(key.kind == ML_DSA_44 for key in signers):  # nobody signed those lines, and ours would be under them
        raise Rejected("witness.signature", origin=log.origin)
    return head


def _require_growth(asked: AddCheckpoint, head: Checkpoint, known: Known) -> None:
    try:
        if known.size == 0:
            if asked.steps or (head.size == 0 and head.root != EMPTY_ROOT):
                raise Rejected("proof.consistency", why="from nothing")
        else:
            assert known.head is not None
            check_consistency(asked.old, head.size, known.head.root, head.root, asked.steps)
    except Rejected as error:
        raise Rejected("witness.proof", origin=head.origin, old=asked.old, size=head.size) from error
