# SPDX-License-Identifier: Apache-2.0
"""The way to a centre over HTTP (docs/spec/centre-api.md): signed requests, problem documents read back into codes. Decides nothing."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, final
from urllib.parse import urlsplit

import httpx

from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Misused
from kua.core.instant import Instant, Millis
from kua.ports.courier import Away, CentreState, Turned
from kua.proof.base64 import to_base64
from kua.proof.keys import SigningKey
from kua.proof.upload import DIGEST_HEADER, SIGNATURE_HEADER, STATION_HEADER, TIME_HEADER, sign_upload

_TIMES: Final = httpx.Timeout(connect=5, read=30, write=60, pool=5)
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
"""Answers that say "not now"; every other refusal decides."""
_LONGEST_ASKED: Final = Millis(3_600_000)
_MOST: Final = 16 * 1024 * 1024


@final
class HttpCourier:
    """The port `Courier` for station `station` of `election`. `now` dates the signatures."""

    def __init__(self, url: str, election: str, station: str, key: SigningKey, now: Callable[[], Instant]) -> None:
        self._base = base_url(url)
        self._prefix = f"/api/v1/e/{election}/s/{station}"
        self._key, self._now = key, now
        self._offset = 0
        self._client = httpx.Client(base_url=self._base, timeout=_TIMES, follow_redirects=False)

    def state(self) -> CentreState:
        """Keep the port's promise."""
        answer = self._ask("GET", f"{self._prefix}/state", None)
        size, now, nation = answer.get("size"), answer.get("now"), answer.get("nation", "")
        if type(size) is not int or type(now) is not int or size < 0:
            raise Away("centre.answer", centre=self._base)
        # A box whose clock nobody set must still be heard: requests are dated by the centre's clock, leaves never are.
        self._offset = now - self._now()
        return CentreState(size, Instant(now), nation.encode() if isinstance(nation, str) else b"")

    def send_log(self, start: int, entries: Sequence[bytes], checkpoint: bytes) -> int:
        """Keep the port's promise; returns the size of the centre's copy."""
        body = canonical({"from": start, "entries": [to_base64(entry) for entry in entries], "checkpoint": checkpoint.decode()})
        size = self._ask("POST", f"{self._prefix}/log", body).get("size")
        if type(size) is not int:
            raise Away("centre.answer", centre=self._base)
        return size

    def put(self, digest: Digest, data: bytes) -> bytes:
        """Keep the port's promise."""
        return self._send("PUT", f"{self._prefix}/blob/{digest.hex()}", data).content

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        return _object(self._send(method, path, body), self._base)

    def _send(self, method: str, path: str, body: bytes | None) -> httpx.Response:
        headers = {}
        if body is not None:
            at, digest = Instant(self._now() + self._offset), sha256(body)
            # What is signed is the path as the centre's router sees it, under whatever prefix a proxy may serve it.
            headers = {
                STATION_HEADER: self._key.name,
                TIME_HEADER: str(at),
                DIGEST_HEADER: digest.hex(),
                SIGNATURE_HEADER: to_base64(sign_upload(self._key, method, path, digest, at)),
                "Content-Type": "application/json" if method == "POST" else "application/octet-stream",
            }
        return _checked(self._client, method, path, body, headers, self._base)


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


def _checked(client: httpx.Client, method: str, path: str, body: bytes | None, headers: dict[str, str], base: str) -> httpx.Response:
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


