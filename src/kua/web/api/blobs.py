# SPDX-License-Identifier: Apache-2.0
"""`PUT /api/v1/e/ELECTION/s/STATION/blob/SHA256` in raw ASGI: the headers are checked before a byte of the body is read, the body streams to disk."""

import contextlib
import re
from typing import Final, final

from kua.centre.ingest.service import MOST_BLOB, Admitted, Ingest, Signed
from kua.core.errors import KuaError, Rejected
from kua.ports.store import Incoming
from kua.web.kit.asgi import Receive, Scope, Send, answer, answer_problem, header
from kua.web.kit.pace import Pace

PATH: Final = re.compile(r"/api/v1/e/(?P<election>[^/]{1,64})/s/(?P<station>[^/]{1,10})/blob/(?P<digest>[0-9a-f]{64})", re.ASCII)
_PATIENCE: Final = 1024 * 1024
"""Bytes that are read from somebody who may be anybody, so that he hears why he is refused."""
_TEXT: Final = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))


class _Gone(Exception):
    """The station went away in mid-body."""


def signed_of(scope: Scope) -> Signed:
    """Return the signed parts of a request. The path is the one that was sent, before any decoding."""
    path = scope.get("raw_path") or scope["path"].encode()
    return Signed(
        str(scope["method"]), path.partition(b"?")[0].decode("latin-1"), header(scope, b"kua-station"), header(scope, b"kua-time"),
        header(scope, b"kua-digest"), header(scope, b"kua-signature"),
    )


@final
class Blobs:
    """The ASGI app. `election` is the only one that this centre serves."""

    def __init__(self, ingest: Ingest, election: str) -> None:
        self._ingest, self._election = ingest, election

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one blob in and answer the receipt, or a problem document."""
        body = _Body(receive)
        try:
            admitted = self._admit(scope)
        except KuaError as error:
            await _refuse(scope, send, error, body, _PATIENCE)
            return
        try:
            await self._take(admitted, body, send)
        except _Gone:
            return
        except KuaError as error:
            await _refuse(scope, send, error, body, MOST_BLOB)
        finally:
            self._ingest.received(admitted, body.read)

    async def _take(self, admitted: Admitted, body: "_Body", send: Send) -> None:
        known = self._ingest.known(admitted)
        if known is not None:
            await body.drain(MOST_BLOB)
            await answer(send, 200, _TEXT, known)
        else:
            await answer(send, 201, _TEXT, await self._store(admitted, body))

    def _admit(self, scope: Scope) -> Admitted:
        found = PATH.fullmatch(scope["path"])
        if found is None or found["election"] != self._election:
            raise Rejected("web.not_found")
        if scope["method"] != "PUT":
            raise Rejected("web.method", method=str(scope["method"])[:20])
        request = signed_of(scope)
        admitted = self._ingest.admit(found["station"], request)
        if request.digest != found["digest"]:
            raise Rejected("upload.request")
        length = header(scope, b"content-length")
        if length.isdigit() and int(length) > MOST_BLOB:
            raise Rejected("ingest.too_large", most=MOST_BLOB)
        return admitted

    async def _store(self, admitted: Admitted, body: "_Body") -> bytes:
        incoming = self._ingest.begin()
        try:
            await _copy(body, incoming)
        except BaseException:
            incoming.drop()
            raise
        return await self._ingest.finish(admitted, incoming)


class _Body:
    """A request's body, chunk by chunk; knows whether it has been read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._pace = Pace()
        self.read = 0
        self.ended = False

    async def next(self) -> bytes:
        """Return the next chunk. Raises `_Gone`, also for a sender who is too slow to be one."""
        try:
            async with self._pace.limit(self.read):
                message = await self._receive()
        except TimeoutError:
            self.ended = True
            raise _Gone from None
        if message["type"] == "http.disconnect":
            self.ended = True
            raise _Gone
        self.ended = not message.get("more_body", False)
        chunk = bytes(message.get("body", b""))
        self.read += len(chunk)
        return chunk

    async def drain(self, most: int) -> None:
        """Read on for at most `most` bytes: an answer to somebody who still writes is lost when the connection closes."""
        while not self.ended and most > 0:
            most -= len(await self.next())


async def _refuse(scope: Scope, send: Send, error: KuaError, body: _Body, patience: int) -> None:
    with contextlib.suppress(_Gone):
        await body.drain(patience)
    await answer_problem(scope, send, error, () if body.ended else [(b"connection", b"close")])


async def _copy(body: _Body, incoming: Incoming) -> None:
    while not body.ended:
        chunk = await body.next()
        if incoming.size + len(chunk) > MOST_BLOB:
            raise Rejected("ingest.too_large", most=MOST_BLOB)
        if chunk:
            incoming.write(chunk)
