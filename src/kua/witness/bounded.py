# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server of the standard library in which every connection, request and second is bounded. What it answers is its handler's business.

With a TLS context the handshake is made in the connection's own thread, so that nobody who dawdles there keeps others waiting.
"""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final

TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: status, body, Content-Type, further headers."""

    status: int
    body: bytes
    kind: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()


NOT_FOUND: Final = Answer(404, b"not found\n")


@dataclass(frozen=True, slots=True)
class Bounds:
    """`links`: connections at once. `each`: of them by one address (0: any). Further ones are told to come again; where TLS would cost an answer they wait in
    line, as many again of one address and of all, and what comes then is cut off.

    `longest`: seconds that one request may take from its first byte to its last, and that a kept connection may stay quiet.
    """

    links: int = 128
    each: int = 0
    longest: float = 20.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A connection that waits for a place until a moment of the monotonic clock."""

    request: Any
    address: Any
    until: float

    @property
    def who(self) -> str:
        return str(self.address[0])


class BoundedServer(ThreadingMixIn, TCPServer):
    """Listens at `host`:`port` (0 takes a free one) and serves until `close`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, host: str, port: int, handler: Callable[..., BaseHTTPRequestHandler], bounds: Bounds, context: ssl.SSLContext | None = None
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.bounds, self._context = bounds, context
        self._room = threading.BoundedSemaphore(bounds.links)
        self._watched: dict[socket.socket, float] = {}
        self._guests: Counter[str] = Counter()
        self._line: list[_Waiting] = []
        self._kept: dict[socket.socket, str] = {}
        """Connections that are kept after an answer, by address, the longest kept first."""
        self._guard = threading.Lock()
        super().__init__((host, port), handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def watch(self, link: socket.socket) -> None:
        """Give `link` the longest time from now on."""
        with self._guard:
            self._watched[link] = time.monotonic() + self.bounds.longest

    def keep(self, link: socket.socket, who: str) -> None:
        """Remember that `link` has been answered and is kept for another request: it gives way to whoever waits."""
        with self._guard:
            self._kept[link] = who

    def wake(self, link: socket.socket) -> None:
        """Forget that: the next request has begun."""
        with self._guard:
            self._kept.pop(link, None)

    def is_waited_for(self, who: str) -> bool:
        """Say whether a connection from `who` waits for a place."""
        with self._guard:
            return any(each.who == who for each in self._line)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread if there is room; else let it wait in line, or say so and hang up."""
        if self._enter(str(client_address[0])):
            self._begin(request, client_address)
        elif self._context is None:
            _last_word(request, b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.shutdown_request(request)
        elif self._line_up(_Waiting(request, client_address, time.monotonic() + self.bounds.longest)):
            self._call_in()
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection to its end, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(str(client_address[0]))
            self._call_in()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Make the handshake, where there is one, then hand over to the handler."""
        link = request
        if self._context is not None:
            request.settimeout(self.bounds.longest)
            link = self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        self.watch(link)
        try:
            if isinstance(link, ssl.SSLSocket):
                link.do_handshake()
            super().finish_request(link, client_address)
        finally:
            with self._guard:
                self._watched.pop(link, None)
                self._kept.pop(link, None)
            if link is not request:
                self.shutdown_request(link)

    def service_actions(self) -> None:
        """Hang up on whoever takes too long; called twice a second."""
        now = time.monotonic()
        with self._guard:
            late = [link for link, until in self._watched.items() if until < now]
            left, self._line = [each for each in self._line if each.until < now], [each for each in self._line if each.until >= now]
        for link in late:
            shut(link)
        for each in left:
            self.shutdown_request(each.request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up, or a fault of ours: the connection ends either way, and nobody's address is written down."""

    def close(self) -> None:
        """Stop listening and serving."""
        self.shutdown()
        self.server_close()
        with self._guard:
            left, self._line = self._line, []
        for each in left:
            self.shutdown_request(each.request)

    def _enter(self, who: str) -> bool:
        if not self._room.acquire(blocking=False):
            return False
        with self._guard:
            if self.bounds.each and self._guests[who] >= self.bounds.each:
                self._room.release()
                return False
            self._guests[who] += 1
        return True

    def _line_up(self, one: "_Waiting") -> bool:
        """Let `one` wait where the line is not too long; a connection of its address that is only kept gives way. Browsers open more than they say."""
        with self._guard:
            same = sum(each.who == one.who for each in self._line)
            if len(self._line) >= self.bounds.links or (self.bounds.each and same >= self.bounds.each):
                return False
            self._line.append(one)
            idle = next((link for link, who in self._kept.items() if who == one.who), None)
            if idle is not None:
                del self._kept[idle]
        if idle is not None:
            shut(idle)
        return True

    def _call_in(self) -> None:
        """Serve the first in the line for whom there is room."""
        with self._guard:
            first = next((each for each in self._line if not self.bounds.each or self._guests[each.who] < self.bounds.each), None)
            if first is None or not self._room.acquire(blocking=False):
                return
            self._line.remove(first)
            self._guests[first.who] += 1
        self._begin(first.request, first.address)

    def _begin(self, request: Any, client_address: Any) -> None:
        """Serve a connection that has its place in a thread of its own."""
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the computer has no thread to give: the place must not be lost with it
            self._leave(str(client_address[0]))
            self.shutdown_request(request)

    def _leave(self, who: str) -> None:
        with self._guard:
            self._guests[who] -= 1
            self._guests += Counter()  # drops those at zero
        self._room.release()


class BoundedHandler(BaseHTTPRequestHandler):
    """One connection. A subclass says what is safe to send along (`safe`) and what each request is answered."""

    protocol_version = "HTTP/1.1"
    sys_version = ""
    disable_nagle_algorithm = True  # head and body are two writes; the second would wait for the other side's acknowledgement
    server: BoundedServer
    safe: tuple[tuple[str, str], ...] = ()
    has_answered = False

    def do_POST(self) -> None:
        """Hand over to `take`."""
        self.take(self.path)

    def do_DELETE(self) -> None:
        """Hand over to `drop`."""
        self.drop(self.path)

    def do_GET(self) -> None:
        """Answer what `read` says."""
        self.answer(self.read(self.path))

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self.answer(self.read(self.path))

    def take(self, target: str) -> None:
        """Take what is posted to `target`, and answer."""
        self.answer(NOT_FOUND, last=True)

    def drop(self, target: str) -> None:
        """End what is called `target`, and answer. Most servers have nothing that anybody may end."""
        self.answer(Answer(501, b"unsupported method\n"), last=True)

    def read(self, target: str) -> Answer:
        """Return the answer to a GET of `target`."""
        return NOT_FOUND

    def setup(self) -> None:
        """Bound each wait on the socket too."""
        super().setup()
        self.connection.settimeout(self.server.bounds.longest)

    def handle_one_request(self) -> None:
        """Give each request of a kept connection its own time."""
        self.server.watch(self.connection)
        if self.has_answered:
            self.server.keep(self.connection, str(self.client_address[0]))
        super().handle_one_request()

    def parse_request(self) -> bool:
        """A request has come: the connection is not idle any more."""
        self.server.wake(self.connection)
        return super().parse_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives
        """Write nothing: who asks is nobody's business."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP with a status and hang up."""
        self.answer(Answer(code, f"{message or 'bad request'}\n".encode()), last=True)

    def body(self, most: int) -> bytes | None:
        """Read the body that `Content-Length` names; else answer and return None. No other way of sending one is taken."""
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") or len(lengths) != 1:
            self.answer(Answer(411, b"give one Content-Length\n"), last=True)
            return None
        if not lengths[0].isascii() or not lengths[0].isdigit() or len(lengths[0]) > 9:
            self.answer(Answer(400, b"Content-Length\n"), last=True)
            return None
        length = int(lengths[0])
        if length > most:
            self.answer(Answer(413, f"at most {most} bytes\n".encode()), last=True)
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def answer(self, answer: Answer, *, last: bool = False) -> None:
        """Send it; `last` ends the connection."""
        if last or self.server.is_waited_for(str(self.client_address[0])):
            self.close_connection = True
        self.has_answered = True
        self.request_version = self.protocol_version  # what is no HTTP at all is told so in HTTP, too
        self.send_response(answer.status)
        for name, value in (*self.safe, ("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), *answer.headers):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def shut(link: socket.socket) -> None:
    """End both directions at once, of a TLS socket too: whoever reads from it in another thread comes back."""
    try:
        socket.socket.shutdown(link, socket.SHUT_RDWR)
    except OSError:
        return


def _last_word(link: socket.socket, data: bytes) -> None:
    link.settimeout(1)
    try:
        link.sendall(data)
    except OSError:
        return
