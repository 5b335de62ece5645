# SPDX-License-Identifier: Apache-2.0
"""The stations that the centre knows: key, copy of the log, book, and what has arrived and is public. All on the event loop's thread."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, final

from kua.core.digest import Digest
from kua.core.election import Election
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.core.nouns import station_id, station_origin
from kua.centre.ingest.book import Book
from kua.centre.log.nation import Nation
from kua.ports.clock import Clock
from kua.ports.index import Index, Piece
from kua.ports.store import Store
from kua.ports.tilelog import Signed, TileLog
from kua.proof.keys import VerifierKey

_PAGE = 1_000


class LogCopy(TileLog, Protocol):
    """A copy of a station's log: `publish` takes the station's own checkpoint, which must be over exactly what is here."""

    def root_with(self, entries: Sequence[bytes]) -> Digest: ...
    def publish(self, note: bytes | None = None) -> Signed: ...
    def close(self) -> None: ...


OpenCopy = Callable[[str, str, VerifierKey], LogCopy]
"""Open the copy of a station's log: station, origin, key."""


@dataclass(slots=True)
class Member:
    """One enrolled station. `received` and `published` hold when, by SHA-256 (hex); `heard` is when its last leaves came."""

    station: str
    origin: str
    key: VerifierKey
    log: LogCopy
    book: Book
    received: dict[str, Instant] = field(default_factory=dict)
    published: dict[str, Instant] = field(default_factory=dict)
    heard: Instant | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@final
class Members:
    """Opens a station when it becomes known: replays its log into the book, and finds in the store what a crash left out of the index."""

    def __init__(self, election: Election, nation: Nation, index: Index, store: Store, clock: Clock, open_copy: OpenCopy) -> None:
        self._election, self._nation, self._index, self._store, self._clock, self._open = election, nation, index, store, clock, open_copy
        self._all: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._all.values()))

    def find(self, station: str) -> Member | None:
        """Return the station if it is enrolled."""
        return self._all.get(station)

    def get(self, station: str) -> Member:
        """Return an enrolled station. Raises `Rejected` (`name.station`, `election.no_station`, `upload.not_enrolled`)."""
        self._election.station(station_id(station))
        member = self._all.get(station)
        if member is None:
            raise Rejected("upload.not_enrolled", station=station)
        return member

    def know(self, station: str, key: VerifierKey) -> None:
        """Take `station` in, once."""
        if station in self._all:
            return
        origin = station_origin(self._election.domain, self._election.id, station_id(station))
        cams = [camera.id for camera in self._election.station(station).cameras]
        member = Member(station, origin, key, self._open(station, origin, key), Book(self._election.id, station, cams))
        self._replay(member)
        self._recall(member)
        self._all[station] = member

    def know_all(self) -> None:
        """Take in every station that the national log has certified."""
        for station, (vkey, _) in sorted(self._nation.certificates.items()):
            self.know(station, VerifierKey.parse(vkey))

    def close(self) -> None:
        """Let go of the logs."""
        for member in self._all.values():
            member.log.close()

    def _replay(self, member: Member) -> None:
        head = member.log.head
        for start in range(0, head.size if head else 0, _PAGE):
            member.book.take(member.book.read(start, member.log.entries(start, min(start + _PAGE, head.size if head else 0))))
        for index, body in self._nation.withdrawals:
            if body["station"] == member.station:
                member.book.withdraw(index, body)
        if head is not None:
            self._nation.queue_checkpoint(member.origin, head.size, head.root, head.note, self._clock.now())
        member.heard = self._index.last_heard(member.station)

    def _recall(self, member: Member) -> None:
        for piece in self._index.pieces(member.station):
            member.received[piece.sha256] = piece.received_at
            if piece.published_at is not None:
                member.published[piece.sha256] = piece.published_at
        now = self._clock.now()
        found = [digest for digest in member.book.targets if digest not in member.received and self._store.has(digest)]
        lost = [digest for digest in member.received if not self._store.has(digest)]
        self._index.received(Piece(member.station, digest, self._store.path(digest).stat().st_size, now, None) for digest in found)
        member.received.update(dict.fromkeys(found, now))
        for digest in lost:  # the station still has what nobody gave a receipt for; what is lost after one is a fault that fsck names
            del member.received[digest]
