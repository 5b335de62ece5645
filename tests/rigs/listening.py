# SPDX-License-Identifier: Apache-2.0
"""A station with a real log and its listener on loopback, and telephones that speak TLS to it. Keys that everybody knows: tests only."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kua.adapters.tilelog import DiskLog
from kua.app.listen import BOUNDS, Listener, invitation
from kua.app.listen_inbox import Inbox
from kua.core.digest import sha256
from kua.core.instant import Millis
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.note import add_signatures, parse_note
from kua.station.journal import Camera, Day, Journal, Owing
from kua.testing.clock import ManualClock
from kua.witness.bounded import Bounds
from tests.rigs.box import ELECTION, STATION, key, make_box
from tests.rigs.rooms import drawn_room

ORIGIN = f"example.kz/{ELECTION}/s/{STATION}"
IDLE = Owing(0, 0, 1 << 40)
PAPERS = tuple(sha256(word) for word in (b"calibration", b"note", b"signers"))
DAY = Day(ELECTION, sha256(b"election"), STATION, (Camera("a", 320, 180, 10_000),), (("hiding", 1, sha256(b"hiding")),), {"a": PAPERS})


@dataclass(slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        return json.loads(self.body)


@dataclass(slots=True)
class Room:
    """A box whose journal stands on a clock that is moved by hand."""

    box: Path
    clock: ManualClock
    log: DiskLog
    journal: Journal
    inbox: Inbox
    listener: Listener | None = field(default=None)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self.listener is not None
        return self.listener.told.port

    @property
    def key(self) -> SigningKey:
        """The log's key."""
        return key(ORIGIN)

    def grow(self, beats: int = 1) -> None:
        """Let time pass: a heartbeat each 30 s."""
        for _ in range(beats):
            self.clock.advance(Millis(30_000))
            self.journal.tick(lambda: IDLE)

    def invite(self, language: str = "en") -> str:
        """Return the address of a fresh QR."""
        assert self.listener is not None
        return invitation(self.box, self.listener.told, self.listener.hall.key, language)

    def token(self) -> str:
        """Return a fresh token."""
        return self.invite().partition("#")[2].split(".")[0]

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        """One request over TLS, with the box's certificate as the only one that is trusted."""
        pem = (self.box / "listen/tls.pem").read_text()
        context = ssl.create_default_context(cadata=pem[pem.index("-----BEGIN CERT") :])
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        try:
            link.request(method, path, body, {"Kua-Language": "en", **(headers or {})})
            answer = link.getresponse()
            return Reply(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            link.close()

    def post(self, path: str, **body: str) -> Reply:
        """Post an object."""
        return self.ask("POST", path, json.dumps(body).encode())

    def pair(self, phone: SigningKey) -> Reply:
        """Let a telephone in with a fresh token."""
        return self.post("/pair", token=self.token(), vkey=str(phone.cosigner))

    def cosigned(self, phone: SigningKey, note: bytes | None = None) -> str:
        """The newest checkpoint with the telephone's line."""
        note = self.log.checkpoint() if note is None else note
        return add_signatures(note, [cosign(parse_note(note).text, phone, self.clock.now() // 1000)]).decode()

    def hand(self, phone: SigningKey, note: str | None = None) -> Reply:
        """Hand a co-signature over."""
        return self.post("/cosign", vkey=str(phone.cosigner), note=self.cosigned(phone) if note is None else note)


def phone(number: int) -> SigningKey:
    """A telephone's key."""
    name = f"observer/{STATION}/{number:08x}"
    return SigningKey.from_seed(name, sha256(name.encode()))


@contextmanager
def room_of(folder: Path, *, bounds: Bounds = BOUNDS, listens: bool = True, start: int = 1_800_000_000_000, source: str = "painted:7") -> Iterator[Room]:
    """Give a station that has begun its day."""
    box = make_box(folder / "box", source, drawn_room(320, 180, 7), phase="rehearsal")
    log = DiskLog.open(box / "log", ORIGIN, key(ORIGIN))
    clock = ManualClock(start)
    journal = Journal(log, clock, "00c0ffee")
    journal.begin(DAY, sha256(b"build"), sha256(b"settings"))
    room = Room(box, clock, log, journal, Inbox(box, STATION, journal.observed))
    try:
        if listens:
            room.listener = Listener(box, "127.0.0.1", 0, bounds)
        yield room
    finally:
        if room.listener is not None:
            room.listener.close()
        log.close()
