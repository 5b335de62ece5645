# SPDX-License-Identifier: Apache-2.0
"""The line that can be cut: bytes pass both ways, a cut tears what is open and refuses what is new, a mended line works again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from kua.app.link import CuttableLink

SECONDS = 20


class Echo:
    """A server that sends back what it gets."""

    def __init__(self) -> None:
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.door.getsockname()
        self.heard = bytearray()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self.door.accept()
                threading.Thread(target=self._answer, args=(end,), daemon=True).start()

    def _answer(self, end: socket.socket) -> None:
        with suppress(OSError), end:
            while piece := end.recv(4096):
                self.heard += piece
                end.sendall(piece)

    def close(self) -> None:
        """Stop."""
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server."""
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def link(echo: Echo) -> Iterator[CuttableLink]:
    """A line to it."""
    line = CuttableLink(echo.address)
    yield line
    line.close()


def dial(link: CuttableLink) -> socket.socket:
    """Connect through the line."""
    return socket.create_connection(("127.0.0.1", link.port), timeout=SECONDS)


def ask(end: socket.socket, data: bytes) -> bytes:
    """Send `data` and read as much back, or what comes before the line is torn."""
    found = bytearray()
    with suppress(ConnectionError):
        sender = threading.Thread(target=_send, args=(end, data), daemon=True)
        sender.start()
        while len(found) < len(data) and (piece := end.recv(65_536)):
            found += piece
    return bytes(found)


def _send(end: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        end.sendall(data)


def test_bytes_pass_both_ways(link: CuttableLink) -> None:
    data = bytes(range(256)) * 2000
    with dial(link) as one, dial(link) as two:
        assert ask(one, data) == data
        assert ask(two, b"second") == b"second"
    assert not link.is_cut


def test_a_cut_tears_what_is_open_and_refuses_what_is_new(link: CuttableLink) -> None:
    with dial(link) as end:
        assert ask(end, b"before") == b"before"
        link.cut()
        assert link.is_cut
        assert ask(end, b"after") == b""
    with suppress(ConnectionError), dial(link) as late:
        assert ask(late, b"late") == b""


def test_a_mended_line_works_again(link: CuttableLink, echo: Echo) -> None:
    link.cut()
    link.mend()
    with dial(link) as end:
        assert ask(end, b"again") == b"again"
    assert bytes(echo.heard) == b"again"


def test_a_line_can_cut_itself_in_the_middle_of_a_body(link: CuttableLink, echo: Echo) -> None:
    link.cut_after(100_000)
    with dial(link) as end:
        assert len(ask(end, bytes(1_000_000))) <= 100_000
    assert link.is_cut
    assert len(echo.heard) <= 100_000


def test_a_line_can_be_led_to_another_server(link: CuttableLink) -> None:
    other = Echo()
    link.aim(other.address)
    with dial(link) as end:
        assert ask(end, b"there") == b"there"
    assert bytes(other.heard) == b"there"
    other.close()


def test_where_nobody_listens_the_caller_is_hung_up_on(link: CuttableLink) -> None:
    gone = Echo()
    gone.close()
    link.aim(gone.address)
    with suppress(ConnectionError), dial(link) as end:
        assert ask(end, b"hello?") == b""
    assert not link.is_cut


def test_a_closed_line_is_closed_for_good(link: CuttableLink) -> None:
    link.close()
    link.mend()
    with pytest.raises(OSError, match=r".*"):
        dial(link)
