# SPDX-License-Identifier: Apache-2.0
"""A look at one address that is known already: which MAC stands behind it, whether it speaks as a camera does, and by which certificate it is told.

The ports are few and fixed; no address is ever guessed. Nothing is sent but the first words of a protocol.
"""

import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kua.core.digest import sha256
from kua.core.instant import Millis

PLAIN: Final = (554, 8554)
"""Ports on which a camera may speak RTSP."""
SECURE: Final = (443, 322)
"""Ports on which it may show a certificate: HTTPS and RTSPS."""
PATIENCE: Final = Millis(1_000)
_TABLE: Final = Path("/proc/net/arp")
_COMPLETE: Final = 0x2
_OPTIONS: Final = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: kua\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One line of the kernel's table of neighbours: who has been heard on which network door (ARP, RFC 826)."""

    address: str
    mac: str
    interface: str


def neighbours(table: Path = _TABLE) -> list[Neighbour]:
    """Return whom the kernel has heard lately over IPv4. It asks nobody; a device that never spoke to this computer is not in it."""
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
    rows = (line.split() for line in lines)
    return [Neighbour(row[0], row[3].lower(), row[5]) for row in rows if len(row) == 6 and int(row[2], 16) & _COMPLETE]


def is_open(host: str, port: int, patience: Millis = PATIENCE) -> bool:
    """Whether anything at `host` takes a connection on `port`."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), patience / 1000):
        return True
    return False


def speaks_rtsp(host: str, ports: Sequence[int] = PLAIN, patience: Millis = PATIENCE) -> bool:
    """Whether something at `host` answers RTSP on one of `ports`."""
    for port in ports:
        with contextlib.suppress(OSError), socket.create_connection((host, port), patience / 1000) as talk:
            talk.settimeout(patience / 1000)
            talk.sendall(_OPTIONS)
            if talk.recv(5) == b"RTSP/":
                return True
    return False


def certificate_of(host: str, ports: Sequence[int] = SECURE, patience: Millis = PATIENCE) -> str | None:
    """Return SHA-256 in hex of the first certificate that `host` shows on one of `ports`; None where it shows none.

    Nobody vouches for a camera's certificate; it is compared with the one of the census, and with nothing else.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for port in ports:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, port), patience / 1000) as talk,
            context.wrap_socket(talk) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
            if shown:
                return sha256(shown).hex()
    return None
