# SPDX-License-Identifier: Apache-2.0
"""The signature on an upload: which station puts which bytes where, and when it said so (`docs/spec/upload-signature.md`)."""

from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.core.instant import Instant, Millis
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
"""How far from now a signature's time may lie, where the station's clock is trusted."""


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
    """Do nothing if `key` signed exactly this request. With a `trusted` station clock, more than five minutes either way is refused.

    Without a trusted clock there is no such limit: the request is idempotent, so that a replay changes nothing.
    Raises `Rejected`: `upload.request`, `upload.signature`, `upload.stale`.
    """
    if not verifies(key.public, signature, upload_message(method, path, body, at)):
        raise Rejected("upload.signature", station=key.name)
    if trusted and abs(now - at) > FRESH:
        raise Rejected("upload.stale", station=key.name, seconds=abs(now - at) // 1000)
