# SPDX-License-Identifier: Apache-2.0
"""The way to a centre over HTTP (docs/spec/centre-api.md): signed requests, files in parts that go on where they were cut off, problem documents read
back into codes. Decides nothing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, final
from urllib.parse import urlsplit

import httpx

from kua.adapters.couriers import sockets
from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Misused
from kua.core.instant import Instant, Millis
from kua.ports.courier import Away, CentreState, Line, Put, Turned
from kua.proof import logbody
from kua.proof.base64 import to_base64
from kua.proof.keys import SigningKey
from kua.proof.upload import DIGEST_HEADER, SIGNATURE_HEADER, STATION_HEADER, TIME_HEADER, sign_upload

_TIMES: Final = httpx.Timeout(connect=20, read=90, write=90, pool=5)
"""Seconds. A part is two seconds of the line as it was measured; a line that has become a hundred times slower meanwhile is given up."""
_IDLE: Final = 120
"""Seconds that a connection is kept: a new one costs a thin line a second or more."""
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
"""Answers that say "not now"; every other refusal decides."""
_LONGEST_ASKED: Final = Millis(3_600_000)
_MOST: Final = 16 * 1024 * 1024


@final
class HttpCourier:
    """The port `Courier` for station `station` of `election`. `now` dates the signatures."""

    def __init__(
        self, url: str, election: str, station: str, key: SigningKey, now: Callable[[], Instant], line: Line | None = None
    ) -> None:
        self._base = base_url(url)
        self._prefix = f"/api/v1/e/{election}/s/{station}"
        self._key, self._now, self._line = key, now, line
        self._offset = 0
        self._packs = True
        # Each call takes a connection that is free or opens one: two lanes never share one at a time.
        self._client = httpx.Client(
            base_url=self._base, timeout=_TIMES, follow_redirects=False, headers=_TERSE,
            transport=httpx.HTTPTransport(limits=httpx.Limits(keepalive_expiry=_IDLE), socket_options=sockets.options()),
        )  # fmt: skip

    def state(self) -> CentreState:
        """Keep the port's promise."""
        return self._state(self._ask("GET", f"{self._prefix}/state", None))

    def beat(self, body: bytes) -> CentreState:
        """Keep the port's promise."""
        return self._state(self._ask("POST", f"{self._prefix}/beat", body))

    def _state(self, answer: dict[str, Any]) -> CentreState:
        size, now, nation = answer.get("size"), answer.get("now"), answer.get("nation", "")
        if type(size) is not int or type(now) is not int or size < 0:
            raise Away("centre.answer", centre=self._base)
        # A box whose clock nobody set must still be heard: requests are dated by the centre's clock, leaves never are.
        self._offset = now - self._now()
        return CentreState(size, Instant(now), nation.encode() if isinstance(nation, str) else b"")

    def send_log(self, start: int, entries: Sequence[bytes], checkpoint: bytes, before: Sequence[bytes] = ()) -> int:
        """Keep the port's promise; returns the size of the centre's copy."""
        path = f"{self._prefix}/log"
        if self._packs:
            body = logbody.pack(start, entries, checkpoint, before)
            try:
                return self._size(self._ask("POST", path, body, logbody.MEDIA_TYPE))
            except Turned as error:
                # What cannot be unpacked there may follow another history, which the plain form tells for certain; or the centre is an older one.
                if error.code not in {"log.request", "upload.request"}:
                    raise
                self._packs = False
        body = canonical({"from": start, "entries": [to_base64(entry) for entry in entries], "checkpoint": checkpoint.decode()})
        return self._size(self._ask("POST", path, body))

    def _size(self, answer: dict[str, Any]) -> int:
        size = answer.get("size")
        if type(size) is not int:
            raise Away("centre.answer", centre=self._base)
        return size

    def put(self, digest: Digest, data: bytes, lane: str = "backlog") -> Put:
        """Keep the port's promise. What is larger than a part of the line's size goes in parts, from where the centre says that it is."""
        path = f"{self._prefix}/blob/{digest.hex()}"
        if self._line is None:
            return _put(self._send("PUT", path, data))
        if len(data) <= self._line.chunk():
            return _put(self._part("PUT", path, data, lane, {}))
        offset = self._have(path, len(data))
        while True:
            part = data[offset : offset + self._line.chunk()]
            is_last = offset + len(part) == len(data)
            told = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if is_last else "?0"}
            try:
                answer = self._part("PATCH", path, part, lane, told)
            except Turned as error:
                if error.code == "upload.offset" and error.have is not None and error.have <= len(data):
                    offset = error.have
                    continue
                if error.code in {"ingest.digest", "ingest.size"}:  # a line has altered a part that was cut off: the whole is sent anew
                    raise Away("centre.part", centre=self._base) from error
                raise
            if is_last or answer.status_code == httpx.codes.OK:
                return _put(answer)
            offset += len(part)

    def _have(self, path: str, most: int) -> int:
        """Ask how much of a file the centre has. All of it is asked for again from its last byte, for the receipt."""
        answer = self._send("HEAD", path, None)
        offset = answer.headers.get("Upload-Offset", "")
        if not (offset.isascii() and offset.isdigit() and len(offset) < 10):
            raise Away("centre.answer", centre=self._base)
        return min(int(offset), most - 1) if answer.headers.get("Upload-Complete") == "?1" else min(int(offset), most)

    def _part(self, method: str, path: str, part: bytes, lane: str, told: dict[str, str]) -> httpx.Response:
        """Send a part at the line's pace, and measure the line by it."""
        line = self._line
        if line is None:
            return self._send(method, path, part, told=told)
        began = line.now()
        answer = self._send(method, path, part, told=told, pieces=line.pieces(part, lane))
        line.carried(len(part), began, line.now())
        stream = answer.extensions.get("network_stream")
        if stream is not None:
            sockets.tune(stream.get_extra_info("socket"), line.rate())
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, body: bytes | None, media: str = "application/json") -> dict[str, Any]:
        return _object(self._send(method, path, body, media), self._base)

    def _send(
        self, method: str, path: str, body: bytes | None, media: str = "application/octet-stream", *,
        told: dict[str, str] | None = None, pieces: Iterator[bytes] | None = None,
    ) -> httpx.Response:  # fmt: skip
        headers = dict(told or {})
        if body is not None:
            at, digest = Instant(self._now() + self._offset), sha256(body)
            # What is signed is the path as the centre's router sees it, under whatever prefix a proxy may serve it.
            headers |= {
                STATION_HEADER: self._key.name,
                TIME_HEADER: str(at),
                DIGEST_HEADER: digest.hex(),
                SIGNATURE_HEADER: to_base64(sign_upload(self._key, method, path, digest, at)),
                "Content-Type": media,
                "Content-Length": str(len(body)),
            }
        return _checked(self._client, method, path, body if pieces is None else pieces, headers, self._base)


_TERSE: Final = {"Accept": "*/*", "User-Agent": "kua", "Accept-Encoding": "identity"}


def enrol(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send an enrolment and return the centre's answer. Raises `Away` and `Turned`."""
    with httpx.Client(base_url=base_url(url), timeout=_TIMES) as client:
        headers = {"Content-Type": "application/json"}
        return _object(_checked(client, "POST", "/api/v1/enrol", canonical(body), headers, base_url(url)), base_url(url))


def fetch_published(url: str, path: str) -> bytes | None:
    """Return a file of the centre's published tree, None if there is none. Raises `Away`."""
    with httpx.Client(base_url=base_url(url), timeout=_TIMES) as client:
        try:
            return _checked(client, "GET", f"/t/{path}", None, {}, base_url(url)).content
        except Turned:
            return None


def base_url(url: str) -> str:
    """Check and return a centre's address without credentials, query and end slash. Raises `Misused("centre.url")`."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password or parts.query:
        raise Misused("centre.url", given=f"{parts.scheme}://{parts.hostname or ''}"[:80])
    return url.rstrip("/")


def _checked(
    client: httpx.Client, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: dict[str, str], base: str
) -> httpx.Response:
    try:
        response = client.request(method, path, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise Away("centre.away", centre=base, why=type(error).__name__) from error
    if response.is_success and len(response.content) <= _MOST:
        return response
    problem = _problem(response)
    code = problem.get("code")
    if response.status_code in _LATER or not isinstance(code, str) or not 0 < len(code) <= 64 or not code.isascii():
        raise Away("centre.later", _retry_after(response), centre=base, status=response.status_code)
    have = problem.get("have")
    raise Turned(code, have if type(have) is int else None, status=response.status_code)


def _object(response: httpx.Response, base: str) -> dict[str, Any]:
    try:
        value = response.json()
    except ValueError as error:
        raise Away("centre.answer", centre=base) from error
    if not isinstance(value, dict):
        raise Away("centre.answer", centre=base)
    return value


def _put(response: httpx.Response) -> Put:
    return Put(response.content, _retry_after(response))


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _retry_after(response: httpx.Response) -> Millis:
    """Read Retry-After in seconds (RFC 9110 section 10.2.3); a date is passed over, since it would trust two clocks."""
    text = response.headers.get("Retry-After", "")
    return Millis(min(int(text) * 1000, _LONGEST_ASKED)) if text.isascii() and text.isdigit() and len(text) < 8 else Millis(0)
