# SPDX-License-Identifier: Apache-2.0
"""Ingest: the order of checks before anything of a station is acknowledged. Headers first, then bytes, then the leaf; durable before the answer.

Knows nothing of HTTP. A station's bytes that do not hold are kept as evidence with the reason, if its key signed for them.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, final

from kua.centre.ingest.beats import Beat, read_beat
from kua.centre.ingest.book import Read
from kua.centre.ingest.evidence import Evidence
from kua.centre.ingest.members import Member, Members
from kua.centre.log.nation import Nation
from kua.centre.whole import in_thread
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import KuaError, Refused, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.flow.gate import Gate
from kua.flow.quota import Quota
from kua.ports.clock import Clock
from kua.ports.index import Index, Piece
from kua.ports.store import Incoming, Store
from kua.ports.trip import trip
from kua.proof import logbody
from kua.proof.base64 import from_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.leaf import NOTE
from kua.proof.merkle import Frontier, leaf_hash
from kua.proof.receipt import Receipt, sign_receipt
from kua.proof.upload import check_upload

MOST_BLOB: Final = 8 * 1024 * 1024
"""Bytes of one blob."""
MOST_LOG: Final = 4 * 1024 * 1024
"""Bytes of one request with log entries."""
MOST_ENTRIES: Final = 1_000
"""Entries in one request."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A request's line and its four headers, as they came."""

    method: str
    path: str
    station: str
    time: str
    digest: str
    signature: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request whose headers hold: who sent it and what its body must be."""

    member: Member
    digest: Digest
    request: Signed


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one station may send: bytes and requests a second, for ever. A station that catches up after a day without a line needs several times its pictures."""

    bytes: int = 8_000_000
    requests: int = 64
    burst: int = 16
    """Seconds of either that may come at once."""
    all_requests: int = 2_000
    """Requests a second of all stations together; who comes over that is told when to come back."""

    def quotas(self) -> tuple[Quota, Quota]:
        """Return full buckets of both."""
        return Quota(self.bytes, self.bytes * self.burst), Quota(self.requests, self.requests * self.burst)


class News(Protocol):
    """Who wants to know that something of a station may have become publishable."""

    def arrived(self, member: Member, digest: str) -> None: ...
    def logged(self, member: Member, read: Read) -> None: ...


@final
class Ingest:
    """The service. `news` is told of everything that has been accepted, after it is durable."""

    def __init__(
        self, members: Members, nation: Nation, store: Store, index: Index, evidence: Evidence, clock: Clock, signer: SigningKey,
        news: News, *, clock_trusted: bool, allowance: Allowance = Allowance(),
    ) -> None:
        self._members, self._nation, self._store, self._index = members, nation, store, index
        self._evidence, self._clock, self._signer, self._news, self._clock_trusted = evidence, clock, signer, news, clock_trusted
        self._allowance = allowance
        self._quotas: dict[str, tuple[Quota, Quota]] = {}
        self._gate = Gate(allowance.all_requests)
        self.beats: dict[str, Beat] = {}
        """The newest heartbeat of each station."""
        self._rows: list[Piece] = []
        self._commit: asyncio.Future[None] | None = None

    def state(self, station: str) -> dict[str, int]:
        """Return what the centre has of `station`'s log, and its clock."""
        return {"size": self._members.get(station).book.size, "now": self._clock.now()}

    def nation_checkpoint(self) -> bytes:
        """Return the newest checkpoint of the national log, empty before the first: a station that states it cannot have done so earlier."""
        head = self._nation.head
        return head.note if head is not None else b""

    def admit(self, station: str, request: Signed) -> Admitted:
        """Check the headers alone, before a byte of the body is read.

        Raises `Rejected` (`name.station`, `election.no_station`, `upload.not_enrolled`, `upload.request`, `upload.signature`, `upload.stale`),
        `Refused("upload.revoked")` for whoever holds a key that was revoked,
        `Unavailable("ingest.quota")` for a station that has sent more than its allowance; only what bears its signature counts against it;
        `Unavailable("ingest.busy")` where all stations together ask more than is answered.
        """
        member = self._members.get(station)
        try:
            digest, signature = from_hex(request.digest), from_base64(request.signature)
            at = Instant(int(request.time)) if request.time.isascii() and request.time.isdigit() and len(request.time) <= 15 else None
        except ValueError as error:
            raise Rejected("upload.request") from error
        if at is None:
            raise Rejected("upload.request")
        if request.station != member.origin:
            raise Rejected("upload.signature", station=request.station[:120])
        check_upload(
            member.key, request.method, request.path, digest, at, signature, now=self._clock.now(), trusted=self._clock_trusted
        )
        if member.station in self._nation.revoked:
            raise Refused("upload.revoked", station=member.station)
        self._require_allowance(member.station)
        turn = self._gate.wait(self._clock.monotonic(), member.station, film=request.method in {"PUT", "PATCH"})
        if turn:
            raise Unavailable("ingest.busy", seconds=-(-turn // 1000))
        return Admitted(member, digest, request)

    def _require_allowance(self, station: str) -> None:
        now = self._clock.monotonic()
        sent, asked = self._quotas.setdefault(station, self._allowance.quotas())
        wait = max(sent.wait(now), asked.wait(now))
        if wait:
            raise Unavailable("ingest.quota", station=station, seconds=-(-wait // 1000))
        asked.spend(1, now)

    def pace(self, admitted: Admitted) -> Millis:
        """Return how long a station whose film was taken just now should wait with the next; 0 while not too many ask."""
        return self._gate.after(self._clock.monotonic(), admitted.member.station)

    def received(self, admitted: Admitted, count: int) -> None:
        """Count `count` bytes of a body against the station that sent them, whether they are kept or not."""
        self._quotas[admitted.member.station][0].spend(count, self._clock.monotonic())

    # ------------------------------------------------------------------------------------------------------------ blobs

    def known(self, admitted: Admitted) -> bytes | None:
        """Return the receipt if these bytes are here already; the same bytes twice are not an error.

        Raises `Rejected("ingest.no_leaf")` for bytes that no leaf of the station's log names.
        """
        digest = admitted.digest.hex()
        admitted.member.book.wants(digest)
        if digest not in admitted.member.received and self._store.has(digest):
            return None  # another station's bytes, or a crash before the row: they must be sent, and cost nothing twice
        if digest not in admitted.member.received:
            return None
        return self._receipt(admitted.member, digest)

    def begin(self) -> Incoming:
        """Begin to take a blob in. Raises `Unavailable("ingest.disk_full")`."""
        return self._store.open()

    async def finish(self, admitted: Admitted, incoming: Incoming, *, whole: bool = True) -> bytes:
        """Check what came against digest and leaf, make it durable, and return the receipt.

        What the station signed as a `whole` and does not hold is kept as evidence; of what came in parts it signed only those that are whole. Raises `Rejected` (`ingest.digest`, `ingest.size`), `Unavailable("ingest.disk_full")`.
        """
        member, digest = admitted.member, admitted.digest.hex()
        trip("centre:9")
        try:
            if incoming.digest() != admitted.digest:
                raise Rejected("ingest.digest", given=incoming.digest().hex(), wanted=digest)
            sizes = {target.size for target in member.book.wants(digest)} - {None}
            if sizes and incoming.size not in sizes:
                raise Rejected("ingest.size", given=incoming.size, digest=digest)
        except Rejected as error:
            if whole:
                self._convict(admitted, error, incoming.take())
            incoming.drop()
            raise
        await in_thread(incoming.keep)
        if digest not in member.received:
            now = self._clock.now()
            await self._remember(Piece(member.station, digest, incoming.size, now, None))
            trip("centre:10.row")
            member.received.setdefault(digest, now)
            self._news.arrived(member, digest)
        return self._receipt(member, digest)

    async def _remember(self, piece: Piece) -> None:
        """Write the row; all rows of one turn of the event loop share one commit."""
        self._rows.append(piece)
        if self._commit is None:
            loop = asyncio.get_running_loop()
            self._commit = loop.create_future()
            loop.call_soon(self._commit_rows, self._commit)
        await self._commit

    def _commit_rows(self, done: asyncio.Future[None]) -> None:
        rows, self._rows, self._commit = self._rows, [], None
        try:
            self._index.received(rows)
        except Unavailable as error:  # nobody gets a receipt; the bytes stay in the store and cost nothing when they come again
            done.set_exception(error)
        else:
            done.set_result(None)

    def _receipt(self, member: Member, digest: str) -> bytes:
        size = self._store.path(digest).stat().st_size
        return sign_receipt(Receipt(member.origin, from_hex(digest), size, member.received[digest]), self._signer)

    # -------------------------------------------------------------------------------------------------------------- log

    def beat(self, admitted: Admitted, body: bytes) -> None:
        """Take a heartbeat. It is told to people and kept in memory only. Raises `Rejected` (`ingest.digest`, `ingest.beat`)."""
        if sha256(body) != admitted.digest:
            raise Rejected("ingest.digest", given=sha256(body).hex(), wanted=admitted.digest.hex())
        self.beats[admitted.member.station] = read_beat(body, self._clock.now())

    async def take_log(self, admitted: Admitted, body: bytes, *, packed: bool = False) -> int:
        """Take entries and the checkpoint over them; return the size of the centre's copy, durable. `packed`: in the form of `kua.proof.logbody`.

        Raises `Rejected` (`ingest.digest`, `log.request`, `log.checkpoint`, `log.account`, `leaf.*`, `json.*`), `Refused` (`log.not_next`,
        `log.fork`), `Unavailable` (`disk.*`). Everything but `log.not_next` and a sick disk is kept as evidence.
        """
        member = admitted.member
        try:
            if sha256(body) != admitted.digest:
                raise Rejected("ingest.digest", given=sha256(body).hex(), wanted=admitted.digest.hex())
            async with member.turn:
                read, checkpoint = await in_thread(_append, member, body, packed)
                if read is not None and checkpoint is not None:
                    now = self._clock.now()
                    member.book.take(read)
                    member.heard = now
                    self._index.heard(member.station, now)
                    self._nation.queue_checkpoint(*_queued(member, checkpoint), now)
                    self._news.logged(member, read)
        except (Refused, Rejected) as error:
            if error.code != "log.not_next":
                self._convict(admitted, error, body)
            raise
        return member.book.size

    def _convict(self, admitted: Admitted, error: KuaError, body: bytes) -> None:
        request = admitted.request
        self._evidence.keep(
            admitted.member.station, error, body, self._clock.now(),
            method=request.method, path=request.path, time=request.time, digest=request.digest, signature=request.signature,
        )


def _queued(member: Member, checkpoint: Checkpoint) -> tuple[str, int, bytes, bytes]:
    head = member.log.head
    return member.origin, checkpoint.size, checkpoint.root, head.note if head else b""


def _append(member: Member, body: bytes, packed: bool) -> tuple[Read | None, Checkpoint | None]:
    """Hold a request against the copy of the log and append what is new. Returns (None, None) if nothing is."""
    log, have = member.log, member.book.size
    start, entries, note = _unpack(log, have, body) if packed else _parse(body)
    if start > have:
        raise Refused("log.not_next", have=have)
    try:
        checkpoint = open_checkpoint(note, member.key, member.origin)
    except Rejected as error:
        raise Rejected("log.checkpoint", why=error.code, size=start + len(entries), have=have) from error
    if not NOTE(note.decode()):  # no leaf of the national log could hold it
        raise Rejected("log.checkpoint", why="form", size=checkpoint.size, have=have)
    if checkpoint.size != start + len(entries):
        raise Rejected("log.checkpoint", why="size", size=checkpoint.size, have=start + len(entries))
    durable = log.size  # more than `have` if the disk failed between entries and checkpoint
    shared = min(durable, checkpoint.size)
    if log.entries(start, shared) != list(entries[: shared - start]):
        raise Refused("log.fork", size=checkpoint.size, station=member.station)
    fresh = entries[shared - start :]
    root = log.root_with(fresh) if checkpoint.size >= durable else _root_at(log, checkpoint.size)
    if root != checkpoint.root:
        raise Refused("log.fork", size=checkpoint.size, station=member.station)
    if checkpoint.size <= have:
        return None, None
    read = member.book.read(have, entries[have - start :])
    if checkpoint.size < durable:
        raise Unavailable("log.ahead", station=member.station)
    log.append(fresh)
    log.publish(note)
    trip("centre:9.copied")
    return read, checkpoint


def _root_at(log: Any, size: int) -> Digest:
    return Frontier.of(leaf_hash(entry) for entry in log.entries(0, size)).root()


def _unpack(log: Any, have: int, body: bytes) -> tuple[int, Sequence[bytes], bytes]:
    try:
        start = logbody.start_of(body)
        if start > have:
            raise Refused("log.not_next", have=have)
        part = logbody.unpack(body, log.entries(max(0, start - logbody.BEFORE), start), MOST_LOG)
    except ValueError as error:
        raise Rejected("log.request") from error
    if len(part.entries) > MOST_ENTRIES:
        raise Rejected("log.request")
    return start, part.entries, part.checkpoint


def _parse(body: bytes) -> tuple[int, Sequence[bytes], bytes]:
    try:
        asked = json.loads(body)
        start, coded, note = asked["from"], asked["entries"], asked["checkpoint"]
        if type(start) is not int or start < 0 or not isinstance(coded, list) or len(coded) > MOST_ENTRIES:
            raise ValueError(start)
        return start, [base64.b64decode(entry, validate=True) for entry in coded], note.encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise Rejected("log.request") from error
