# SPDX-License-Identifier: Apache-2.0
"""`whip:PATH`: a telephone or a browser as a camera (WHIP, RFC 9725). Encoded pictures are taken out of RTP and handed on; nothing is decoded here.

The process that reads ends the WebRTC connection itself: the listener, which faces the room, carries the offer and the answer (`whip_line`) and never a
picture. One telephone at a time. A telephone that says nothing for four seconds is let go; closing a browser raises no event.
"""

import asyncio
import contextlib
import ipaddress
import json
import queue
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final

import aioice.ice
import av.error
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcrtpreceiver
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamError

from kua.adapters.sources.whip_frames import is_key, size_of
from kua.adapters.sources.whip_line import MOST, is_ours, listen, refusal
from kua.adapters.sources.whip_offer import CODECS, judged
from kua.core.errors import KuaError, Refused, Rejected, Unavailable
from kua.core.instant import Millis
from kua.ports.address import split_query
from kua.ports.source import Compressed, Described, Opening

SILENCE: Final = 4.0
"""Seconds without a picture after which a telephone is let go: less than the watchdog of `fetch` waits."""
CONNECTS: Final = 10.0
"""Seconds in which the first picture must come."""
QUEUE: Final = 64
"""Pictures that wait for the reader; then they are left out up to the next key picture."""
PLEAD: Final = 0.5
"""Seconds between two requests for a key picture (PLI, RFC 4585 section 6.3.1)."""
RECORD: Final = "record"
"""What a desk is for unless it is said."""
BASE: Final = 90_000
"""Ticks a second of the clock of RTP video."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One picture as it came. `decoder` is what took it out of RTP."""

    codec: str
    pts: int
    key: bool
    data: bytes
    decoder: "_AsItCame" = field(repr=False)
    """Another one is another connection, whose clock begins anew."""


class _AsItCame(Decoder):
    """Stands where aiortc would decode, and decodes nothing. After a loss nothing is given up to a key picture, which is asked for."""

    def __init__(self, codec: Any) -> None:
        self._codec = CODECS[codec.name.upper()]
        self.needs_key = True
        self._pleaded = 0.0

    def decode(self, encoded_frame: Any) -> list[Any]:
        """Return the picture, or nothing; an error makes aiortc ask the sender for a key picture."""
        key = is_key(self._codec, encoded_frame.data)
        if getattr(encoded_frame, "torn", False):
            self.needs_key = True
        if self.needs_key and not key:
            now = time.monotonic()
            if now - self._pleaded < PLEAD:
                return []
            self._pleaded = now
            raise av.error.FFmpegError(1, "a key picture is needed")
        self.needs_key = False
        return [Encoded(self._codec, encoded_frame.timestamp, key, bytes(encoded_frame.data), self)]


class _Watched(JitterBuffer):
    """A jitter buffer that marks the picture before which packets were given up: a decoder for VP8 would not notice."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._has_lost = False

    def add(self, packet: Any) -> tuple[bool, Any]:
        """Take one packet in."""
        lost, frame = super().add(packet)
        self._has_lost |= lost
        if frame is not None:
            vars(frame)["torn"], self._has_lost = self._has_lost, False
        return lost, frame


def _relay_only() -> None:
    """See to it that aiortc decodes nothing in this process."""
    vars(rtcrtpreceiver).update(get_decoder=_AsItCame, JitterBuffer=_Watched)


@dataclass(slots=True, eq=False)
class Session:
    """One telephone. `who` is the digest of its secret, so that it may come again in its own place."""

    who: str
    peer: Any
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    began: float = field(default_factory=time.monotonic)
    seen: float | None = None
    codec: str = ""
    size: tuple[int, int] = (0, 0)
    pictures: int = 0
    decoder: _AsItCame | None = None
    relay: "asyncio.Task[None] | None" = None
    ended: bool = False

    def is_late(self, now: float) -> bool:
        """Whether it has kept silent for too long."""
        return now - self.seen > SILENCE if self.seen is not None else now - self.began > CONNECTS


@final
class Desk:
    """Answers the listener at a socket, and holds the one telephone that films. Lives as long as its process; sources open and close on it."""

    def __init__(self, path: Path, purpose: str) -> None:
        """Raises `Unavailable("whip.taken")`."""
        self._door, self._purpose = listen(path), purpose
        self._session: Session | None = None
        self._inbox: queue.Queue[Encoded | None] = queue.Queue(QUEUE)
        self._wants = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.is_lasting = purpose == RECORD
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="whip", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------------------------------------- the reading thread

    def first(self, patience: Millis) -> Encoded:
        """Wait for the first key picture of a telephone. Raises `Unavailable("source.waiting")` when none films."""
        with self._lock:
            self._empty()
            self._wants = True
            if self._session is not None and self._session.decoder is not None:
                self._session.decoder.needs_key = True
        until = time.monotonic() + patience / 1000
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                encoded = self._inbox.get(timeout=left)
                if encoded is not None and encoded.key:
                    return encoded
        self.let_go()
        raise Unavailable("source.waiting")

    def next(self, patience: Millis) -> Encoded:
        """Return the next picture. Raises `Unavailable("source.silent")` when the telephone has gone or keeps silent."""
        try:
            encoded = self._inbox.get(timeout=patience / 1000)
        except queue.Empty:
            encoded = None
        if encoded is None:
            raise Unavailable("source.silent", address="whip:")
        return encoded

    def let_go(self) -> None:
        """Read no more; a telephone may stay for the next reader."""
        with self._lock:
            self._wants = False
            self._empty()

    def shut(self) -> None:
        """Answer nobody any more; the socket is free when this returns."""
        self._over.set()
        self._thread.join(5)

    def _empty(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._inbox.get_nowait()

    # ------------------------------------------------------------------------------------------------------- the loop's own

    async def _run(self) -> None:
        self._door.setblocking(False)
        async with await asyncio.start_unix_server(self._guest, sock=self._door, limit=MOST):
            await self._watch()

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                link = writer.get_extra_info("socket")
                line = await reader.readline()
                if is_ours(link):
                    answer = await self._answer(line)
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # whoever asked has gone, or asked nothing that can be read
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Mapping[str, Any]:
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict) or asked.get("v") != 1:
                raise Rejected("whip.form")
            match asked.get("do"):
                case "offer":
                    return await self._offer(str(asked["sdp"]), str(asked["peer"]), str(asked["host"]), str(asked["who"]))
                case "end":
                    return await self._leave(str(asked["session"]), str(asked["who"]))
                case "state":
                    return self._state()
        except KuaError as error:
            return refusal(error)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        return refusal(Rejected("whip.form"))

    def _state(self) -> Mapping[str, Any]:
        session = self._session
        told: dict[str, Any] = {"v": 1, "for": self._purpose, "films": session is not None, "reads": self._wants}
        if session is not None:
            told |= {
                "session": session.id,
                "codec": session.codec,
                "width": session.size[0],
                "height": session.size[1],
                "pictures": session.pictures,
            }
        return told

    async def _offer(self, sdp: str, peer: str, host: str, who: str) -> Mapping[str, Any]:
        offer = judged(sdp, str(ipaddress.ip_address(peer)))
        before = self._session
        if before is not None and not before.ended:
            if before.who != who:
                raise Refused("whip.busy")
            await self._end(before)
        _answer_at(str(ipaddress.ip_address(host)))
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        session = self._session = Session(who, connection)

        def tracked(track: Any) -> None:
            session.relay = asyncio.get_running_loop().create_task(self._relay(session, track))

        connection.on("track", tracked)
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await connection.setLocalDescription(await connection.createAnswer())
        except Exception as error:
            # The bytes are a stranger's, and the library throws whatever it stumbles over; the connection is closed and nothing else has happened.
            await self._end(session)
            raise Rejected("whip.form") from error
        return {"v": 1, "session": session.id, "answer": connection.localDescription.sdp}

    async def _leave(self, session: str, who: str) -> Mapping[str, Any]:
        held = self._session
        if held is None or held.id != session or held.who != who:
            raise Rejected("whip.no_session")
        await self._end(held)
        return {"v": 1}

    async def _relay(self, session: Session, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while not session.ended:
                self._take(session, await track.recv())
        await self._end(session)

    def _take(self, session: Session, encoded: Encoded) -> None:
        session.seen, session.codec, session.decoder = time.monotonic(), encoded.codec, encoded.decoder
        session.pictures += 1
        if encoded.key:
            session.size = size_of(encoded.codec, encoded.data)
        with self._lock:
            if not self._wants or session is not self._session:
                return
            try:
                self._inbox.put_nowait(encoded)
            except queue.Full:
                encoded.decoder.needs_key = True

    async def _watch(self) -> None:
        while not self._over.is_set():
            await asyncio.sleep(0.25)
            session = self._session
            if session is not None and (self._over.is_set() or session.is_late(time.monotonic())):
                await self._end(session)

    async def _end(self, session: Session) -> None:
        """Close the connection; the reader hears of it after what it has not read yet, or at once where that has no end."""
        if session.ended:
            return
        session.ended = True
        with self._lock:
            if self._session is session:
                self._session = None
            if self._wants and session.pictures:
                with contextlib.suppress(queue.Full):
                    self._inbox.put_nowait(None)
        if session.relay is not None and session.relay is not asyncio.current_task():
            session.relay.cancel()
        with contextlib.suppress(Exception):  # a library that stumbles while it closes must not keep the next telephone out
            await session.peer.close()


def _answer_at(host: str) -> None:
    """Let ICE answer at the address of the listener only, not at every one that this computer has."""
    vars(aioice.ice).update(get_host_addresses=lambda use_ipv4, use_ipv6: [host])  # noqa: ARG005 - the library calls it by these names


@final
class WhipSource:
    """A telephone that films."""

    def __init__(self, desk: Desk, first: Encoded, patience: Millis) -> None:
        self._desk, self._patience = desk, patience
        self._first: Encoded | None = first
        self._decoder = first.decoder
        width, height = size_of(first.codec, first.data)
        self._described = Described(first.codec, width, height, 1, BASE, b"")

    @property
    def described(self) -> Described:
        """The telephone's stream."""
        return self._described

    def read(self) -> Compressed | None:
        """Return the next picture. Raises `Unavailable("source.silent")`; a telephone that came again begins another connection."""
        encoded, self._first = self._first, None
        if encoded is None:
            encoded = self._desk.next(self._patience)
        if encoded.decoder is not self._decoder:
            raise Unavailable("source.silent", address="whip:")
        return Compressed(encoded.pts, encoded.key, None, encoded.data)

    def close(self) -> None:
        """Read no more. While a camera is recorded its telephone is still answered: it is about to be opened anew."""
        self._desk.let_go()
        if not self._desk.is_lasting:
            _forget(self._desk)


_desks: Final[dict[str, Desk]] = {}
_desks_lock: Final = threading.Lock()


def _forget(desk: Desk) -> None:
    with _desks_lock:
        for place in [place for place, held in _desks.items() if held is desk]:
            del _desks[place]
    desk.shut()


def open_whip(url: str, opening: Opening) -> WhipSource:
    """Wait for a telephone to film.

    Raises `Unavailable("source.waiting")` when none came in the time that a camera may keep silent, `Unavailable("whip.taken")` where another process of this
    box reads this camera.
    """
    place, options = split_query(url, "for")
    with _desks_lock:
        _relay_only()
        desk = _desks.get(place) or _desks.setdefault(place, Desk(Path(place), options.get("for", RECORD)))
    try:
        return WhipSource(desk, desk.first(opening.patience), opening.patience)
    except KuaError:
        if not desk.is_lasting:
            _forget(desk)
        raise
