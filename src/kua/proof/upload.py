# SPDX-License-Identifier: Apache-2.0
"""The signature on an upload: which station puts which bytes where, and when it said so (`docs/spec/upload-signature.md`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest, from_hex
from kua.core.errors import Rejected
from kua.core.instant import Instant, Millis
from kua.proof.base64 import from_base64, to_base64
from kua.proof.keys import SigningKey, VerifierKey, verifies

STATION_HEADER: Final = "Kua-Station"
"""Origin of the station's log, which is also the name of its key."""
TIME_HEADER: Final = "Kua-Time"
"""Unix time of signing in milliseconds, decimal."""
DIGEST_HEADER: Final = "Kua-Digest"
"""SHA-256 of the body, 64 lower-case hex digits."""
SIGNATURE_HEADER: Final = "Kua-Signature"
"""Ed25519 signature, 64 bytes in standard base64."""

FRESH: Final = Millis(5 * 60 * 1000)
"""How far from now a signature's time may lie, where clocks may be trusted."""

_TIME: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class UploadClaim:
    """What the headers of a request claim; nothing of it is believed before `check_upload` and a hash of the body."""

    station: str
    at: Instant
    digest: Digest
    signature: bytes


def upload_message(method: str, path: str, body: Digest, at: Instant) -> bytes:
    """Return the signed bytes: version, method, path, digest of the body and time with zero bytes between.

    Raises `Rejected("upload.request")` for a method or path that no request line could carry; so no two requests share a message.
    """
    if not all(part.isascii() and part.isprintable() and " " not in part and part for part in (method, path)) or len(body) != 32 or at < 0:
        raise Rejected("upload.request")
    return b"\x00".join((b"kua/put/v1", method.encode(), path.encode(), bytes(body), str(at).encode()))


def sign_upload(key: SigningKey, method: str, path: str, body: Digest, at: Instant) -> bytes:
    """Return the station's signature over a request with a body of SHA-256 `body`, signed at `at`."""
    return key.sign(upload_message(method, path, body, at))


def check_upload(
    key: VerifierKey, method: str, path: str, body: Digest, at: Instant, signature: bytes, *, now: Instant, trusted: bool
) -> None:
    """Do nothing if `key` signed exactly this request. Where clocks may be `trusted`, more than five minutes either way is refused.

    Where they may not there is no such limit: the request is idempotent, so that a replay changes nothing.
    Raises `Rejected`: `upload.request`, `upload.signature`, `upload.stale`.
    """
    if not verifies(key.public, signature, upload_message(method, path, body, at)):
        raise Rejected("upload.signature", station=key.name)
    if trusted and abs(now - at) > FRESH:
        raise Rejected("upload.stale", station=key.name, seconds=abs(now - at) // 1000)


def upload_headers(key: SigningKey, method: str, path: str, body: Digest, at: Instant) -> dict[str, str]:
    """Return the four headers of a request that `key` signs at `at`."""
    return {
        STATION_HEADER: key.name,
        TIME_HEADER: str(at),
        DIGEST_HEADER: body.hex(),
        SIGNATURE_HEADER: to_base64(sign_upload(key, method, path, body, at)),
    }


def read_upload_headers(headers: Mapping[str, str]) -> UploadClaim:
    """Read the four headers. Raises `Rejected("upload.headers")` if one is absent or spelt otherwise than `upload_headers` does."""
    told = {name.lower(): value for name, value in headers.items()}
    try:
        station, at, digest, signature = (told[name.lower()] for name in (STATION_HEADER, TIME_HEADER, DIGEST_HEADER, SIGNATURE_HEADER))
        if not _TIME.fullmatch(at):
            raise ValueError(at)
        return UploadClaim(station, Instant(int(at)), from_hex(digest), from_base64(signature))
    except (KeyError, ValueError) as error:
        raise Rejected("upload.headers") from error
