# SPDX-License-Identifier: Apache-2.0
"""A co-signer in a temporary folder, and a log that has two histories: the same first leaves, then others."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from kua.app.witness import add_log, init, opened
from kua.core.digest import Digest
from kua.core.instant import Instant
from kua.proof.addcheckpoint import AddCheckpoint, read_answer
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.merkle import consistency_proof, leaf_hash, root_of
from kua.proof.note import Note, parse_note
from kua.testing.clock import ManualClock
from kua.witness.cosigner import Answer, Cosigner
from kua.witness.server import Server

ORIGIN = "forked.example/kz/nation"
LOG = SigningKey.from_seed(ORIGIN, bytes(range(32)))
COMMON = 5
MOST = 200
NOW = Instant(1_790_000_000_000)


@dataclass(frozen=True)
class History:
    """One history of the log."""

    word: str
    leaves: tuple[Digest, ...] = field(repr=False)

    def root(self, size: int) -> Digest:
        return root_of(self.leaves[:size])

    def note(self, size: int, *, key: SigningKey = LOG, origin: str = ORIGIN) -> bytes:
        return sign_checkpoint(Checkpoint(origin, size, self.root(size)), key)

    def proof(self, old: int, size: int) -> tuple[Digest, ...]:
        return consistency_proof(old, self.leaves[:size]) if 0 < old <= size else ()

    def ask(self, old: int, size: int) -> bytes:
        return AddCheckpoint(old, self.proof(old, size), self.note(size)).to_bytes()


def history(word: str) -> History:
    return History(word, tuple(leaf_hash(b"%d" % n if n < COMMON else f"{word} {n}".encode()) for n in range(MOST)))


TRUE, FALSE = history("true"), history("false")


class Box:
    """A co-signer's folder, and where its mark is."""

    def __init__(self, top: Path, *, quantum: bool = False) -> None:
        self.folder, self.mark = top / "witness", top / "mark"
        self.vkeys = init(self.folder, "party.example/witness", mark=self.mark, quantum=quantum)
        self.clock = ManualClock(NOW)
        add_log(self.folder, ORIGIN, [LOG.verifier])

    @contextlib.contextmanager
    def run(self) -> Iterator[Cosigner]:
        with opened(self.folder, self.clock) as cosigner:
            yield cosigner

    @contextlib.contextmanager
    def serve(self) -> Iterator[tuple[Cosigner, Server]]:
        with self.run() as cosigner:
            server = Server("127.0.0.1", 0, cosigner, "https://party.example/witness")
            thread = threading.Thread(target=lambda: server.serve_forever(0.05))
            thread.start()
            try:
                yield cosigner, server
            finally:
                server.close()
                thread.join()


def post(port: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    link = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request("POST", "/add-checkpoint", body, headers or {})
        answer = link.getresponse()
        return Answer(answer.status, answer.read(), answer.headers["Content-Type"])
    finally:
        link.close()


def get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    link = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request("GET", path, headers=headers or {})
        answer = link.getresponse()
        return answer.status, answer.read(), dict(answer.headers)
    finally:
        link.close()


def held(answer: Answer, asked: bytes, vkeys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that an answer co-signs, after checking every line of it."""
    note = asked.partition(b"\n\n")[2]
    text = parse_note(note).text
    made = read_answer(answer.body, text, vkeys)
    assert len(made) == len(vkeys)
    return open_checkpoint(Note(text, made).to_bytes(), vkeys)
