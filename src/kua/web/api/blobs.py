# SPDX-License-Identifier: Apache-2.0
"""`PUT /api/v1/e/ELECTION/s/STATION/blob/SHA256` in raw ASGI: the headers are checked before a byte of the body is read, the body streams to disk."""

import contextlib
import re
from typing import Final, final

from kua.centre.ingest.service import MOST_BLOB, Admitted, Ingest, Signed
from kua.core.errors import KuaError, Rejected
from kua.ports.store import Incoming
from kua.web.kit.asgi import Receive, Scope, Send, answer, answer_problem, header

PATH: Final = re.compile(r"/api/v1/e/(?P<election>[^/]{1,64})/s/(?P<station>[^/]{1,10})/blob/(?P<digest>[0-9a-f]{64})", re.ASCII)
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
        try:
            status, receipt = await self._put(scope, receive)
        except _Gone:
            return
        except KuaError as error:
            # The rest of the body is not worth reading: whoever sent it is told and let go.
            await answer_problem(scope, send, error, [(b"connection", b"close")])
            return
        await answer(send, status, _TEXT, receipt)

    async def _put(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
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
        known = self._ingest.known(admitted)
        if known is not None:
            await _drain(receive)
            return 200, known
        return 201, await self._store(admitted, receive)

    async def _store(self, admitted: Admitted, receive: Receive) -> bytes:
        incoming = self._ingest.begin()
        try:
            await _copy(receive, incoming)
        except BaseException:
            incoming.drop()
            raise
        return await self._ingest.finish(admitted, incoming)


async def _copy(receive: Receive, incoming: Incoming) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunk = message.get("body", b"")
        if incoming.size + len(chunk) > MOST_BLOB:
            raise Rejected("ingest.too_large", most=MOST_BLOB)
        if chunk:
            incoming.write(chunk)
        more = message.get("more_body", False)


async def _drain(receive: Receive) -> None:
    """Read a body that we have already, so that the connection can be kept; bounded like any other."""
    size, more = 0, True
    with contextlib.suppress(_Gone):
        while more and size <= MOST_BLOB:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
