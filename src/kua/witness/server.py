# SPDX-License-Identifier: Apache-2.0
"""The co-signer's doors over HTTP/1.1, with the standard library alone: every connection, request and second is bounded.

`POST /add-checkpoint`, `GET /HEX/checkpoint` (the monitoring door), `GET /` (the page), `GET /evidence/NAME`. TLS is a proxy's business.
"""

from collections.abc import Callable
from typing import Final, final

from kua.core.errors import KuaError
from kua.proof.addcheckpoint import MAX_REQUEST
from kua.proof.addcheckpoint import PATH as ADD
from kua.proof.checkpoint import PATH as CHECKPOINT
from kua.witness.bounded import NOT_FOUND, TEXT, Answer, BoundedHandler, BoundedServer, Bounds
from kua.witness.cosigner import Cosigner
from kua.witness.page import STYLE, language_of, page

MAX_LINKS: Final = 128
"""Connections at once; further ones are told to come again."""
LONGEST: Final = 20.0
"""Seconds that one request may take from its first byte to its last, and that a kept connection may stay quiet."""

_SAFE: Final = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


@final
class Server(BoundedServer):
    """Listens at `host`:`port` (0 takes a free one) and serves until `close`."""

    def __init__(self, host: str, port: int, cosigner: Cosigner, url: str = "") -> None:
        self.cosigner, self.url = cosigner, url
        super().__init__(host, port, _Doors, Bounds(MAX_LINKS, longest=LONGEST))


@final
class _Doors(BoundedHandler):
    """One connection."""

    server_version = "kua-witness"
    safe = _SAFE
    server: Server

    def take(self, target: str) -> None:
        """Take `add-checkpoint`."""
        if target != f"/{ADD}":
            self.answer(NOT_FOUND, last=True)
            return
        body = self.body(MAX_REQUEST)
        if body is not None:
            self.answer(self.server.cosigner.add(body))

    def read(self, target: str) -> Answer:
        """Answer one of the reading doors."""
        path, _, query = target.partition("?")
        try:
            if path == "/":
                language = language_of(query, self.headers.get("Accept-Language", ""))
                return Answer(200, page(self.server.cosigner, self.server.url, language).encode(), "text/html; charset=utf-8")
            if path == "/style.css":
                return Answer(200, STYLE.encode(), "text/css; charset=utf-8")
            return self._file(path)
        except KuaError as error:
            return Answer(503, f"{error.code}\n".encode())

    def _file(self, path: str) -> Answer:
        top, _, name = path.removeprefix("/").partition("/")
        found: Callable[[], bytes | None] = lambda: None  # noqa: E731 - nothing there
        if name == CHECKPOINT and len(top) == 64:
            found = lambda: self.server.cosigner.latest(top)  # noqa: E731
        elif top == "evidence":
            found = lambda: self.server.cosigner.evidence.read(name)  # noqa: E731
        data = found()
        return NOT_FOUND if data is None else Answer(200, data, TEXT)
