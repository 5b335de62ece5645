# SPDX-License-Identifier: Apache-2.0
"""The RTSP server of the bad camera (RFC 2326): DESCRIBE, SETUP over TCP or UDP, PLAY, digest login (RFC 2617), and every fault of the conversation.

Listens on loopback at a free port. `pace` 0 sends as fast as it is read: tests count pictures and wait for no second.
"""

import asyncio
import contextlib
import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, final

from kua.adapters.badcamera.reel import Reel
from kua.adapters.badcamera.rtp import HZ, PICTURE_TYPE, SOUND_TYPE, Sender, interleaved, packets
from kua.adapters.badcamera.switches import Switches
from kua.core.instant import Instant
from kua.proof.base64 import to_base64

HOST: Final = "127.0.0.1"
REALM, NONCE = "bad camera", "0123456789abcdef"
FIRST: Final = 1_234_567
"""RTP time of the first picture: any number but 0, which receivers take for none (RFC 3550, section 5.1, asks for a random one)."""
REPORT_EVERY: Final = 5
"""Pictures between two sender reports."""
_REQUEST: Final = re.compile(rb"([A-Z_]{2,20}) (\S{1,500}) RTSP/1\.0\r\n")
_HEADER: Final = re.compile(rb"(?im)^([\w-]{1,40}):[ \t]*([^\r\n]{0,1000})")
_PORTS: Final = re.compile(rb"client_port=(\d{1,5})-(\d{1,5})")
_PAIR: Final = re.compile(r'(\w{1,20})="([^"]{0,300})"')


@dataclass(slots=True)
class _Talk:
    """One connection: what it has set up, and over what it is sent."""

    writer: asyncio.StreamWriter
    playing: "asyncio.Task[None] | None" = None
    ports: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Ports of the other side by track, where it asked for UDP."""
    tracks: set[int] = field(default_factory=set)
    holds_session: bool = False


@final
class BadCamera:
    """Plays one reel to whoever asks, and goes on where it was after a connection was lost. `now` is a right clock; its own is off as the switches say:
    it goes with the pictures, or `by_the_wall` where they are sent faster than their own time and whoever looks has a wall clock.
    """

    def __init__(
        self,
        reel: Reel,
        switches: Switches,
        now: Callable[[], Instant],
        *,
        user: str = "",
        password: str = "",
        pace: float = 0.0,
        by_the_wall: bool = False,
    ) -> None:
        self.port = 0
        self.requests: list[str] = []
        """The method of each request, in order: what a test may count."""
        self.sent = 0
        """Pictures that were sent, over all connections."""
        self.sound_sent = 0
        self._reel, self._switches, self._now = reel, switches, now
        self._user, self._password, self._pace, self._by_the_wall = user, password, pace, by_the_wall
        self._heard = threading.Condition()
        self._playing = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def until(self, happened: Callable[[], bool], seconds: float) -> None:
        """Wait until `happened` after one request or another, or so long."""
        with self._heard:
            self._heard.wait_for(happened, seconds)

    async def listen(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, HOST, port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = _Talk(writer)
        self._writers.add(writer)
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":  # the receiver's own reports
                    await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:], "big"))
                    continue
                whole = first + await reader.readuntil(b"\r\n\r\n")
                asked = _REQUEST.match(whole)
                if asked is None:
                    return
                headers = {name.lower(): value.strip() for name, value in _HEADER.findall(whole)}
                await reader.readexactly(int(headers.get(b"content-length", b"0")))
                if not await self._answer(talk, asked[1].decode(), asked[2].decode(), headers):
                    return
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            return
        finally:
            self._rest(talk)
            self._writers.discard(writer)
            writer.close()

    def _rest(self, talk: _Talk) -> None:
        if talk.holds_session:
            self._playing, talk.holds_session = self._playing - 1, False
        if talk.playing is not None:
            talk.playing.cancel()
            talk.playing = None

    async def _answer(self, talk: _Talk, method: str, address: str, headers: dict[bytes, bytes]) -> bool:
        """Answer one request; False ends the connection."""
        with self._heard:
            self.requests.append(method)
            self._heard.notify_all()
        limit = self._switches.refuses_after
        if (limit is not None and len(self.requests) > limit) or not self._may(method, address, headers):
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"'
            await self._say(talk, headers, "401 Unauthorized", challenge)
            return True
        if method == "OPTIONS":
            await self._say(talk, headers, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
        elif method == "DESCRIBE":
            await self._say(
                talk, headers, "200 OK", f"Content-Base: {address.rstrip('/')}/", "Content-Type: application/sdp", body=self._described()
            )
        elif method == "SETUP":
            await self._set_up(talk, address, headers)
        elif method == "PLAY":
            if self._switches.hangs_after_setup:
                return True
            await self._say(
                talk,
                headers,
                "200 OK",
                "Session: 12345678;timeout=60",
                "Range: npt=0.000-",
                f"RTP-Info: url={address.rstrip(chr(47))}/picture;seq=0;rtptime={FIRST}",
            )
            talk.playing = asyncio.create_task(self._play(talk))
        elif method == "TEARDOWN":
            self._rest(talk)
            await self._say(talk, headers, "200 OK")
        else:
            await self._say(talk, headers, "200 OK", "Session: 12345678;timeout=60")
        return True

    async def _set_up(self, talk: _Talk, address: str, headers: dict[bytes, bytes]) -> None:
        wanted = headers.get(b"transport", b"")
        track = 1 if address.endswith("sound") else 0
        is_tcp = b"/TCP" in wanted
        ports = _PORTS.search(wanted)
        if self._switches.refuses_transport == ("tcp" if is_tcp else "udp"):
            await self._say(talk, headers, "461 Unsupported Transport")
            return
        limit = self._switches.sessions
        if not talk.holds_session and limit is not None and self._playing >= limit:
            await self._say(talk, headers, "453 Not Enough Bandwidth")
            return
        if not talk.holds_session:
            self._playing, talk.holds_session = self._playing + 1, True
        talk.tracks.add(track)
        if is_tcp or ports is None:
            said = f"RTP/AVP/TCP;unicast;interleaved={track * 2}-{track * 2 + 1}"
        else:
            talk.ports[track] = int(ports[1]), int(ports[2])
            said = f"RTP/AVP;unicast;client_port={int(ports[1])}-{int(ports[2])};server_port={self.port}-{self.port}"
        await self._say(talk, headers, "200 OK", f"Transport: {said}", "Session: 12345678;timeout=60")

    async def _play(self, talk: _Talk) -> None:
        """Send the reel from where it stands, then nothing more."""
        switches, fps = self._switches, self._reel.fps
        picture, sound = Sender(0x6B_75_61_01, PICTURE_TYPE), Sender(0x6B_75_61_02, SOUND_TYPE)
        loop = asyncio.get_running_loop()
        began, first, shown = loop.time(), self.sent % len(self._reel.pictures), self._now()
        for number in range(first, len(self._reel.pictures)):
            if self._pace:
                await asyncio.sleep(max(0.0, began + (number - first) * switches.slow * self._pace / fps - loop.time()))
            if switches.stalls_at == number and number > first:
                break
            if not switches.no_reports and (number - first) % REPORT_EVERY == 0:
                passed = self._now() - shown if self._by_the_wall else (number - first) * 1000 // fps
                report = picture.report(self._clock(shown, passed), FIRST + number * HZ // fps)
                await self._send(talk, 0, [report], is_report=True)
            shared = packets(self._reel.pictures[number])
            await self._send(talk, 0, [picture.packet(self._ticks(number), payload, marked=is_last) for is_last, payload in shared])
            if 1 in talk.tracks:
                await self._send(talk, 1, [sound.packet(number * 8_000 // fps, b"\xd5" * 160, marked=False)])
                self.sound_sent += 1
            self.sent = max(self.sent, number + 1)
            await asyncio.sleep(0.001 if talk.ports and not self._pace else 0)  # UDP has nobody who slows it down
        await asyncio.Event().wait()

    def _ticks(self, number: int) -> int:
        """Return the time that picture `number` claims for itself."""
        switches = self._switches
        if switches.duplicate_every is not None and number and number % switches.duplicate_every == 0:
            number -= 1
        if switches.backward_every is not None and number >= 3 and number % switches.backward_every == 0:
            number -= 3
        return FIRST + number * HZ // self._reel.fps

    def _clock(self, shown: Instant, passed: int) -> Instant:
        """Return what the camera's own clock shows `passed` milliseconds after a right one showed `shown`."""
        return Instant(shown + passed + self._switches.clock_ms + passed * self._switches.drift_ppm // 1_000_000)

    async def _send(self, talk: _Talk, track: int, pieces: Sequence[bytes], *, is_report: bool = False) -> None:
        """Over TCP all in one piece: a viewer who leaves after the first of them would else be written to while it says goodbye, which breaks the
        connection before the goodbye is read.
        """
        if track not in talk.ports:
            talk.writer.write(b"".join(interleaved(track * 2 + is_report, piece) for piece in pieces))
            await talk.writer.drain()
            return
        peer = talk.writer.get_extra_info("peername")[0]
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(peer, talk.ports[track][is_report])
        )
        for piece in pieces:
            transport.sendto(piece)
        transport.close()

    def _described(self) -> bytes:
        """Return the description of what can be played (SDP, RFC 8866; RFC 6184, section 8.2.1)."""
        reel, switches = self._reel, self._switches
        sets = "" if switches.no_sps else f";sprop-parameter-sets={to_base64(reel.sps)},{to_base64(reel.pps)}"
        lines = [
            "v=0", f"o=- 0 0 IN IP4 {HOST}", "s=bad camera", f"c=IN IP4 {HOST}", "t=0 0", f"m=video 0 RTP/AVP {PICTURE_TYPE}",
            f"a=rtpmap:{PICTURE_TYPE} H264/{HZ}", f"a=fmtp:{PICTURE_TYPE} packetization-mode=1{sets}", "a=control:picture",
        ]  # fmt: skip
        if switches.sound:
            lines += [f"m=audio 0 RTP/AVP {SOUND_TYPE}", f"a=rtpmap:{SOUND_TYPE} PCMA/8000", "a=control:sound"]
        return "".join(line + "\r\n" for line in lines).encode()

    def _may(self, method: str, address: str, headers: dict[bytes, bytes]) -> bool:
        """Whether the login of a request is right (digest without `qop`, RFC 2617)."""
        if not self._user:
            return True
        given = dict(_PAIR.findall(headers.get(b"authorization", b"").decode("ascii", "replace")))
        first, second = (_md5(text) for text in (f"{self._user}:{REALM}:{self._password}", f"{method}:{given.get('uri', address)}"))
        return given.get("username") == self._user and given.get("response") == _md5(f"{first}:{NONCE}:{second}")

    @staticmethod
    async def _say(talk: _Talk, headers: dict[bytes, bytes], status: str, *lines: str, body: bytes = b"") -> None:
        head = [f"RTSP/1.0 {status}", f"CSeq: {headers.get(b'cseq', b'0').decode()}", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        talk.writer.write("".join(line + "\r\n" for line in head).encode() + b"\r\n" + body)
        await talk.writer.drain()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def serving(camera: BadCamera, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[BadCamera]:
    """Run `camera` in a thread of its own until the block ends; `camera.port` is known inside it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bad-camera", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(camera.listen(tls, port), loop).result(5)
        yield camera
    finally:
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(camera.close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
