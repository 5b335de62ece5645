# SPDX-License-Identifier: Apache-2.0
"""The co-signer's doors over HTTP/1.1, with the standard library alone: every connection, request and second is bounded.

`POST /add-checkpoint`, `GET /HEX/checkpoint` (the monitoring door), `GET /` (the page), `GET /evidence/NAME`. TLS is a proxy's business.
"""

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, final

from kua.core.errors import KuaError
from kua.proof.addcheckpoint import MAX_REQUEST
from kua.proof.addcheckpoint import PATH as ADD
from kua.proof.checkpoint import PATH as CHECKPOINT
from kua.witness.cosigner import TEXT, Answer, Cosigner
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
class Server(ThreadingMixIn, TCPServer):
    """Listens at `host`:`port` (0 takes a free one) and serves until `close`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, cosigner: Cosigner, url: str = "") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.cosigner, self.url = cosigner, url
        self._room = threading.BoundedSemaphore(MAX_LINKS)
        self._watched: dict[socket.socket, float] = {}
        self._guard = threading.Lock()
        super().__init__((host, port), _Doors)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def watch(self, link: socket.socket) -> None:
        """Give `link` the longest time from now on."""
        with self._guard:
            self._watched[link] = time.monotonic() + LONGEST

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread if there is room; else say so and hang up."""
        if not self._room.acquire(blocking=False):
            _last_word(request, b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.shutdown_request(request)
            return
        self.watch(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._watched.pop(request, None)
            self._room.release()

    def service_actions(self) -> None:
        """Hang up on whoever takes too long; called twice a second."""
        now = time.monotonic()
        with self._guard:
            late = [link for link, until in self._watched.items() if until < now]
        for link in late:
            _shut(link)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up, or a fault of ours: the connection ends either way, and nobody's address is written down."""

    def close(self) -> None:
        """Stop listening and serving."""
        self.shutdown()
        self.server_close()


@final
class _Doors(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "kua-witness"
    sys_version = ""
    timeout = LONGEST
    server: Server

    def do_POST(self) -> None:
        """Take `add-checkpoint`."""
        if self.path != f"/{ADD}":
            self._answer(Answer(404, b"not found\n"), last=True)
            return
        body = self._body()
        if body is not None:
            self._answer(self.server.cosigner.add(body))

    def do_GET(self) -> None:
        """Answer one of the reading doors."""
        self._answer(self._read(self.path))

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self._answer(self._read(self.path))

    def handle_one_request(self) -> None:
        """Give each request of a kept connection its own time."""
        self.server.watch(self.connection)
        super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives
        """Write nothing: who asks is nobody's business."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP with a status and hang up."""
        self._answer(Answer(code, f"{message or 'bad request'}\n".encode()), last=True)

    def _body(self) -> bytes | None:
        """Read the body that `Content-Length` names; else answer and return None. No other way of sending one is taken."""
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") or len(lengths) != 1:
            self._answer(Answer(411, b"give one Content-Length\n"), last=True)
            return None
        if not lengths[0].isascii() or not lengths[0].isdigit() or len(lengths[0]) > 9:
            self._answer(Answer(400, b"Content-Length\n"), last=True)
            return None
        length = int(lengths[0])
        if length > MAX_REQUEST:
            self._answer(Answer(413, f"at most {MAX_REQUEST} bytes\n".encode()), last=True)
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _read(self, target: str) -> Answer:
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
        return Answer(404, b"not found\n") if data is None else Answer(200, data, TEXT)

    def _answer(self, answer: Answer, *, last: bool = False) -> None:
        if last:
            self.close_connection = True
        self.request_version = self.protocol_version  # what is no HTTP at all is told so in HTTP, too
        self.send_response(answer.status)
        for name, value in (*_SAFE, ("Content-Type", answer.kind), ("Content-Length", str(len(answer.body)))):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def _last_word(link: socket.socket, data: bytes) -> None:
    link.settimeout(1)
    try:
        link.sendall(data)
    except OSError:
        return


def _shut(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
