# SPDX-License-Identifier: Apache-2.0
"""Whether this station's own camera opens with no password or with one that its maker prints in the manual. Each is tried once, over RTSP (RFC 2326, 7616).

Four words only, in one visit: cameras lock themselves after five to seven wrong ones. Never used on a camera that is not the commission's.
"""

import hashlib
import re
import socket
from typing import Final, Literal
from urllib.parse import urlsplit, urlunsplit

from kua.core.errors import Unavailable
from kua.core.instant import Millis
from kua.ports.address import shown
from kua.proof.base64 import to_base64

WORDS: Final = (("admin", "admin"), ("admin", "12345"), ("admin", "123456"), ("root", "pass"))
"""What the makers of most cameras ship or shipped, as their manuals say."""
PATIENCE: Final = Millis(3_000)
_STATUS: Final = re.compile(rb"RTSP/1\.[01] (\d{3})")
_CHALLENGE: Final = re.compile(rb"(?im)^WWW-Authenticate:[ \t]*(Digest|Basic)[ \t]+([^\r\n]{0,1000})")
_PAIR: Final = re.compile(r'(\w{1,20})="?([^",]{0,300})')


def opens_by_default(url: str, patience: Millis = PATIENCE) -> Literal["no_password", "default_password"] | None:
    """Return how the camera at `url` (its user is ignored) can be opened by anybody, or None. Raises `Unavailable("source.unreachable")`."""
    parts = urlsplit(url)
    host, port, bare = parts.hostname or "", parts.port or 554, urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    try:
        status, challenge = _described(host, port, bare, "", patience)
        if status == 200:
            return "no_password"
        for user, password in WORDS:
            if status != 401 or not challenge:
                break  # locked, or it wants something else: the camera is left alone
            status, challenge = _described(host, port, bare, _answer(challenge, user, password, bare), patience)
            if status == 200:
                return "default_password"
    except OSError as error:
        raise Unavailable("source.unreachable", address=shown(url), how=type(error).__name__) from error
    return None


def _described(host: str, port: int, address: str, login: str, patience: Millis) -> tuple[int, bytes]:
    """Ask once what the camera shows; return the status and its challenge."""
    with socket.create_connection((host, port), patience / 1000) as talk:
        talk.settimeout(patience / 1000)
        talk.sendall(f"DESCRIBE {address} RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: kua\r\nAccept: application/sdp\r\n{login}\r\n".encode())
        said = b""
        while b"\r\n\r\n" not in said and len(said) < 8192:
            more = talk.recv(4096)
            if not more:
                break
            said += more
    status = _STATUS.match(said)
    offered = {scheme.lower(): rest for scheme, rest in _CHALLENGE.findall(said)}
    best = next((scheme for scheme in (b"digest", b"basic") if scheme in offered), None)
    return int(status[1]) if status else 0, b"" if best is None else best + b" " + offered[best]


def _answer(challenge: bytes, user: str, password: str, address: str) -> str:
    scheme, _, rest = challenge.decode("utf-8", "replace").partition(" ")
    if scheme == "basic":
        return f"Authorization: Basic {to_base64(f'{user}:{password}'.encode())}\r\n"
    asked = dict(_PAIR.findall(rest))
    realm, nonce, algorithm = asked.get("realm", ""), asked.get("nonce", ""), asked.get("algorithm", "MD5")
    counted = ":00000001:kua:auth" if "qop" in asked else ""
    proof = _hash(algorithm, f"{user}:{realm}:{password}")
    proof = _hash(algorithm, f"{proof}:{nonce}{counted}:{_hash(algorithm, f'DESCRIBE:{address}')}")
    more = ', qop=auth, nc=00000001, cnonce="kua"' if counted else ""
    return f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{address}", algorithm={algorithm}, response="{proof}"{more}\r\n'


def _hash(algorithm: str, text: str) -> str:
    """The hash that the challenge names: MD5 (RFC 2617) or SHA-256 (RFC 7616). It protects nothing here: the words are printed in manuals."""
    made = hashlib.sha256 if algorithm.upper().startswith("SHA-256") else lambda data: hashlib.md5(data, usedforsecurity=False)
    return made(text.encode()).hexdigest()
