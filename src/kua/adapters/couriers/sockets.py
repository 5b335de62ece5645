# SPDX-License-Identifier: Apache-2.0
"""What a connection to a centre is told of its line: how little may wait unsent, when the other side is dead, and how to take losses (Linux, tcp(7)).

A statement waits behind every byte of film that has left us already. On a thin line the kernel's usual way of growing into it keeps that short, as long as little
is unsent; BBR keeps four whole packets on the way whatever the line, half a second and more of 64 kbit/s. On a line that loses packets the usual way
starves, and BBR does not.
"""

import socket
import struct
from contextlib import suppress
from functools import cache
from typing import Any, Final

_TCP: Final = socket.IPPROTO_TCP
_DEAD: Final = 60_000
"""Milliseconds without an answer of the other side's kernel after which a connection is dead."""
_UNSENT: Final = 1024
_MOST_UNSENT: Final = 256 * 1024
_SPAN: Final = 20
"""One twentieth of a second of the line may wait unsent."""
_THIN: Final = 128_000
"""Bits a second under which BBR costs a statement more than it gives the film."""
_LOSSY: Final = 0.05
"""Share of packets sent again from which a line counts as lossy: what a full queue drops stays below."""
_ENOUGH: Final = 100
"""Packets before that is judged."""
_RETRANSMITTED, _SENT = 100, 136
"""Where `tcpi_total_retrans` and `tcpi_segs_out` stand in the kernel's `struct tcp_info` (linux/tcp.h)."""

Option = tuple[int, int, int] | tuple[int, int, bytes]


def options() -> list[Option]:
    """Return what is set on every new connection, as far as this kernel has it and lets us."""
    found: list[Option] = []
    with socket.socket() as probe:
        for name, value in (("TCP_NODELAY", 1), ("TCP_NOTSENT_LOWAT", _UNSENT), ("TCP_USER_TIMEOUT", _DEAD)):
            with suppress(OSError, AttributeError):
                number: int = getattr(socket, name)
                probe.setsockopt(_TCP, number, value)
                found.append((_TCP, number, value))
        with suppress(OSError, AttributeError):
            probe.setsockopt(_TCP, socket.TCP_CONGESTION, b"bbr")
            found.append((_TCP, socket.TCP_CONGESTION, b"bbr"))
    return found


def tune(connection: Any, rate: int | None) -> None:
    """Fit a connection to a line of `rate` bits a second, by what the kernel says that it lost. Does nothing where that cannot be done."""
    if rate is None or not isinstance(connection, socket.socket):
        return
    with suppress(OSError, AttributeError, struct.error):
        connection.setsockopt(_TCP, socket.TCP_NOTSENT_LOWAT, max(_UNSENT, min(_MOST_UNSENT, rate // 8 // _SPAN)))
        info = connection.getsockopt(_TCP, socket.TCP_INFO, 256)
        again, sent = (struct.unpack_from("=I", info, place)[0] for place in (_RETRANSMITTED, _SENT))
        is_lossy = sent >= _ENOUGH and again > sent * _LOSSY
        connection.setsockopt(_TCP, socket.TCP_CONGESTION, b"bbr" if is_lossy or rate >= _THIN else _usual())


@cache
def _usual() -> bytes:
    """Return the kernel's own choice."""
    with socket.socket() as fresh:
        return fresh.getsockopt(_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")
