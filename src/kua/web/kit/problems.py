# SPDX-License-Identifier: Apache-2.0
"""Problem documents (RFC 9457): every expected error becomes JSON with our stable `code`, words in the reader's language, and the right status."""

import json
from typing import Any, Final

from kua.core.errors import Incomplete, KuaError, Misused, Refused, Rejected, Unavailable
from kua.words.speak import LANGUAGES, explain

_STATUS: Final[dict[str, int]] = {
    "enrol.code_unknown": 404,
    "enrol.code_used": 409,
    "enrol.has_key": 409,
    "enrol.revoked": 409,
    "enrol.proof": 401,
    "upload.signature": 401,
    "upload.stale": 401,
    "upload.not_enrolled": 401,
    "upload.request": 400,
    "upload.offset": 409,
    "log.not_next": 409,
    "log.fork": 409,
    "ingest.no_leaf": 404,
    "ingest.too_large": 413,
    "ingest.disk_full": 507,
    "ingest.quota": 429,
    "ingest.busy": 503,
    "ingest.slow": 408,
    "disk.full": 507,
    "disk.failed": 503,
    "clip.too_many": 429,
    "clip.busy": 503,
    "clip.no_room": 507,
    "clip.gone": 404,
    "clip.withdrawn": 410,
    "web.not_found": 404,
    "web.method": 405,
    "web.range": 416,
    "metrics.token": 401,
    "office.token": 401,
    "office.form": 403,
    "election.no_station": 404,
    "election.no_camera": 404,
    "name.station": 404,
    "name.election": 404,
}
_LATER: Final = frozenset({"ingest.quota", "ingest.busy", "clip.too_many", "clip.busy", "clip.not_yet"})
"""Errors that say in how many seconds to come back."""
_BY_KIND: Final[tuple[tuple[type[KuaError], int], ...]] = ((Refused, 403), (Rejected, 422), (Incomplete, 404), (Unavailable, 503), (Misused, 400))

MEDIA_TYPE: Final = "application/problem+json"


def status_of(error: KuaError) -> int:
    """Return the HTTP status that says what the caller can do about `error`."""
    return _STATUS.get(error.code) or next((status for kind, status in _BY_KIND if isinstance(error, kind)), 500)


def language_of(accept: str) -> str:
    """Return the first of our languages in an Accept-Language header, English without one."""
    for part in accept[:200].lower().split(","):
        if part.strip()[:2] in LANGUAGES:
            return part.strip()[:2]
    return "en"


def problem(error: KuaError, accept_language: str = "") -> tuple[int, dict[str, Any]]:
    """Return status and members of the problem document. `have` is a member of its own for `log.not_next` (docs/spec/centre-api.md)."""
    status = status_of(error)
    what, why, do = explain(error, language_of(accept_language))
    body: dict[str, Any] = {"type": "about:blank", "title": what, "status": status, "code": error.code, "detail": " ".join(filter(None, (why, do)))}
    if "have" in error.facts:
        body["have"] = error.facts["have"]
    return status, body


def later(error: KuaError) -> dict[str, str]:
    """Return the header that says when to come back (RFC 9110 section 10.2.3), where `error` says so."""
    return {"Retry-After": str(error.facts["seconds"])} if error.code in _LATER else {}


def problem_bytes(error: KuaError, accept_language: str = "") -> tuple[int, bytes]:
    """Return status and the bytes of the problem document."""
    status, body = problem(error, accept_language)
    return status, json.dumps(body, ensure_ascii=False).encode()
