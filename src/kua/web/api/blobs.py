# SPDX-License-Identifier: Apache-2.0
"""`PUT`, `HEAD` and `PATCH /api/v1/e/ELECTION/s/STATION/blob/SHA256` in raw ASGI: the headers are checked before a byte of the body is read, the body
streams to disk. With HEAD and PATCH a blob comes in parts over a line that breaks; the names are those of draft-ietf-httpbis-resumable-upload.
"""

import asyncio
import contextlib
import re
from dataclasses import replace
from typing import Final, final

from kua.centre.ingest.parts import Parts
from kua.centre.ingest.service import MOST_BLOB, Admitted, Ingest, Signed
from kua.core.digest import from_hex
from kua.core.errors import KuaError, Rejected
from kua.ports.store import Incoming
from kua.web.kit.asgi import Message, Receive, Scope, Send, answer, answer_problem, header
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

    def __init__(self, ingest: Ingest, parts: Parts, election: str) -> None:
        self._ingest, self._parts, self._election = ingest, parts, election

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one blob or a part of one in and answer the receipt, how far it is, or a problem document."""
        body = _Body(receive)
        try:
            station, digest = self._place(scope)
            if scope["method"] == "HEAD":
                offset, is_all = self._parts.offset(station, digest)
                await answer(send, 204, _progress(offset, is_all=is_all), b"")
                return
            admitted = self._admit(scope, station, digest)
        except KuaError as error:
            await _refuse(scope, send, error, body, _PATIENCE)
            return
        try:
            if scope["method"] == "PUT":
                await self._take(admitted, body, send)
            else:
                await self._take_part(scope, admitted, digest, body, send)
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
            receipt = await self._store(admitted, body)
            await answer(send, 201, [*_TEXT, *self._pace(admitted)], receipt)

    def _pace(self, admitted: Admitted) -> list[tuple[bytes, bytes]]:
        wait = self._ingest.pace(admitted)
        return [(b"retry-after", b"%d" % -(-wait // 1000))] if wait else []

    async def _take_part(self, scope: Scope, admitted: Admitted, digest: str, body: "_Body", send: Send) -> None:
        """Take a part in. What has come of it stays, also when the line breaks in the middle of it."""
        offset, is_last = _part_of(scope)
        blob = replace(admitted, digest=from_hex(digest))
        known = self._ingest.known(blob)
        if known is not None:
            await body.drain(MOST_BLOB)
            await answer(send, 200, [*_TEXT, *_progress(None, is_all=True)], known)
            return
        part = await self._parts.begin(blob, offset)
        receipt, keep = b"", True
        try:
            while not body.ended:
                part.write(await body.next(part.cut))
            part.require(admitted.digest)
            if is_last:
                keep = False
                receipt = await self._parts.finish(blob, part)
        finally:
            self._parts.end(blob, part, keep=keep)
        if receipt:
            await answer(send, 201, [*_TEXT, *_progress(part.size, is_all=True), *self._pace(admitted)], receipt)
        else:
            await answer(send, 204, _progress(part.size, is_all=False), b"")

    def _place(self, scope: Scope) -> tuple[str, str]:
        found = PATH.fullmatch(scope["path"])
        if found is None or found["election"] != self._election:
            raise Rejected("web.not_found")
        if scope["method"] not in {"PUT", "PATCH", "HEAD"}:
            raise Rejected("web.method", method=str(scope["method"])[:20])
        return found["station"], found["digest"]

    def _admit(self, scope: Scope, station: str, digest: str) -> Admitted:
        request = signed_of(scope)
        admitted = self._ingest.admit(station, request)
        if scope["method"] == "PUT" and request.digest != digest:
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


def _part_of(scope: Scope) -> tuple[int, bool]:
    """Read where a part begins and whether it is the last one. Raises `Rejected("upload.request")`."""
    offset, complete = header(scope, b"upload-offset"), header(scope, b"upload-complete")
    if not (offset.isascii() and offset.isdigit() and len(offset) <= 9) or complete not in {"?0", "?1"}:
        raise Rejected("upload.request")
    return int(offset), complete == "?1"


def _progress(offset: int | None, *, is_all: bool) -> list[tuple[bytes, bytes]]:
    told = [(b"upload-complete", b"?1" if is_all else b"?0"), (b"upload-limit", b"max-size=%d" % MOST_BLOB), (b"cache-control", b"no-store")]
    return told if offset is None else [(b"upload-offset", b"%d" % offset), *told]


class _Body:
    """A request's body, chunk by chunk; knows whether it has been read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._pace = Pace()
        self.read = 0
        self.ended = False

    async def next(self, cut: asyncio.Event | None = None) -> bytes:
        """Return the next chunk. Raises `_Gone`, also for a sender who is too slow to be one, and when `cut` is set."""
        try:
            async with self._pace.limit(self.read):
                message = await (self._receive() if cut is None else _unless(cut, self._receive))
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


async def _unless(cut: asyncio.Event, receive: Receive) -> Message:
    """Wait for a message, but no longer than until `cut`: that reads as a sender who went away."""
    waiting, ending = asyncio.ensure_future(receive()), asyncio.ensure_future(cut.wait())
    try:
        done, _ = await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting in done else {"type": "http.disconnect"}
    finally:
        for each in (waiting, ending):
            each.cancel()


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
