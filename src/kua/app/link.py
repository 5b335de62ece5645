# SPDX-License-Identifier: Apache-2.0
"""A line that can be cut: a TCP relay on loopback for the demo and the fault tests. It shapes nothing; it is open or it is cut."""

import socket
import threading
from contextlib import suppress

_PIECE = 65_536


class CuttableLink:
    """Relays 127.0.0.1:`port` to `target` until `cut`; then existing connections are torn and new ones refused, until `mend`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._left: int | None = None
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, name="link", daemon=True).start()

    def cut(self) -> None:
        """Tear every connection, in the middle of a body too, and refuse new ones."""
        self._open.clear()
        with self._lock:
            torn, self._live = self._live, set()
        for end in torn:
            _shut(end)

    def cut_after(self, count: int) -> None:
        """Cut on its own once about `count` more bytes have gone to the target: in the middle of a body, if that is how long they are."""
        self._left = count

    @property
    def is_cut(self) -> bool:
        """Whether nothing goes through."""
        return not self._open.is_set()

    def aim(self, target: tuple[str, int]) -> None:
        """Lead new connections to another address: what was there has been started anew."""
        self._target = target

    def mend(self) -> None:
        """Let connections through again."""
        self._open.set()

    def close(self) -> None:
        """Stop relaying for good."""
        self.cut()
        _shut(self._door)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            if not self._open.is_set():
                _shut(near)
                continue
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                _shut(near)
                continue
            far.settimeout(None)
            with self._lock:
                # `cut` takes the lock too: a connection that was being made while the line was cut is torn with the others.
                is_open = self._open.is_set()
                self._live |= {near, far} if is_open else set()
            if not is_open:
                _shut(near)
                _shut(far)
                continue
            for source, sink, counts in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(source, sink, counts), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                if counts and self._left is not None:
                    self._left -= len(piece)
                    if self._left < 0:
                        sink.sendall(piece[: self._left])
                        self._left = None
                        self.cut()
                        break
                sink.sendall(piece)
        for end in (source, sink):
            _shut(end)
        with self._lock:
            self._live -= {source, sink}


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
