# SPDX-License-Identifier: Apache-2.0
"""Cameras on a network for tests: sockets on loopback that answer WS-Discovery, RTSP and TLS as a camera does, or as badly as one may. No picture comes."""

import contextlib
import datetime as dt
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kua.adapters.network.discovery import GROUP

ANSWER = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Header><w:RelatesTo>{id}</w:RelatesTo></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>'
    "<w:EndpointReference><w:Address>{device}</w:Address></w:EndpointReference><d:XAddrs>http://192.0.2.99/onvif/device_service</d:XAddrs>"
    "<d:Scopes>onvif://www.onvif.org/name/Mock onvif://www.onvif.org/Profile/T</d:Scopes></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
)
DEVICE = "urn:uuid:00000000-0000-4000-8000-0000000000aa"


def _listening(kind: socket.SocketKind, host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, 0))
    return made


@contextlib.contextmanager
def _serving(made: socket.socket, serve: Callable[[], None]) -> Iterator[None]:
    """Call `serve` again and again in a thread until the end; what a closed socket raises ends it."""
    over = threading.Event()

    def loop() -> None:
        made.settimeout(0.05)
        while not over.is_set():
            with contextlib.suppress(OSError):
                serve()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        made.close()


@contextlib.contextmanager
def discoverable(*, device: str = DEVICE, text: str = ANSWER, multicast: bool = True) -> Iterator[int]:
    """A device that answers probes on 127.0.0.1 (and, joined on loopback, of the group); yields its port."""
    made = _listening(socket.SOCK_DGRAM, "" if multicast else "127.0.0.1")
    if multicast:
        joined = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)

    def serve() -> None:
        packet, sender = made.recvfrom(65_535)
        asked = re.search(rb"MessageID>([^<]+)<", packet)
        assert asked
        made.sendto(text.format(id=asked[1].decode(), device=device).encode(), sender)

    with _serving(made, serve):
        yield int(made.getsockname()[1])


@contextlib.contextmanager
def rtsp(login: tuple[str, str] | None = None, said: list[str] | None = None, *, lock_after: int = 99) -> Iterator[int]:
    """A camera that answers OPTIONS and DESCRIBE with basic login; yields its port. `said` collects the users and passwords that were tried."""
    from kua.proof.base64 import from_base64

    made = _listening(socket.SOCK_STREAM, "127.0.0.1")
    made.listen(8)
    tried = said if said is not None else []

    def serve() -> None:
        talk, _ = made.accept()
        with talk:
            talk.settimeout(2)
            asked = talk.recv(4096).decode(errors="replace")
            given = re.search(r"Authorization: Basic (\S+)", asked)
            if given:
                tried.append(from_base64(given[1]).decode())
            known = login is None or (given is not None and tried[-1] == ":".join(login))
            if asked.startswith("OPTIONS") or known:
                talk.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
            elif len(tried) >= lock_after:
                talk.sendall(b"RTSP/1.0 403 Forbidden\r\nCSeq: 1\r\n\r\n")
            else:
                talk.sendall(b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n')

    with _serving(made, serve):
        yield int(made.getsockname()[1])


@contextlib.contextmanager
def https(folder: Path, name: str) -> Iterator[int]:
    """A device that shows a certificate of its own making, another for each `name`; yields its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made_by = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(x509.random_serial_number())
    )
    certificate = made_by.not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650)).sign(key, hashes.SHA256())
    pem = folder / f"{name}.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    made = _listening(socket.SOCK_STREAM, "127.0.0.1")
    made.listen(8)

    def serve() -> None:
        talk, _ = made.accept()
        talk.settimeout(2)
        with talk, contextlib.suppress(OSError), context.wrap_socket(talk, server_side=True) as secured:
            secured.recv(1)

    with _serving(made, serve):
        yield int(made.getsockname()[1])
