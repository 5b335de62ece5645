# SPDX-License-Identifier: Apache-2.0
"""The published tree over HTTP, from memory: raw ASGI, a bounded cache of the hot files, ETag, ranges, no cookie.

Serves only names that the published tree can have (docs/spec/published-tree.md): everything else is 404, whatever stands on the disk. Every
request looks at the file's inode and times, so that a withdrawn file is gone at once.
"""

import asyncio
import hashlib
import os
import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final, final

from kua.core.errors import Rejected
from kua.web.kit.asgi import Receive, Scope, Send, answer_problem, header

_TILE: Final = r"tile/(?:entries|[0-9]{1,2})/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[0-9]{1,3})?"
_NAME: Final = re.compile(
    r"[a-z][a-z0-9-]{1,62}[a-z0-9]/(?:"
    r"(?P<time>nation/time/(?:list\.json|[0-9]{1,19}(?:\.note|-[a-z0-9-]{1,32}\.tsr)))|"
    r"(?P<file>election\.json|election\.note|profile\.json)|"
    rf"(?:nation|s/[0-9]{{2}}-[0-9]{{1,5}})/(?:(?P<head>vkey|checkpoint)|(?P<tile>{_TILE}))|"
    r"nation/(?P<cosigned>policy|cosigned/(?:checkpoint|sizes|0|[1-9][0-9]{0,18}))|"
    r"s/[0-9]{2}-[0-9]{1,5}/(?:"
    r"(?P<calibration>calibration/[a-z]-[0-9a-f]{16}\.(?:json|note|signers\.json))|"
    r"(?P<cover>coverage\.json)|"
    r"(?P<media>film/[a-z]/(?:live/)?[0-9a-f]{8}-(?:init\.mp4|[0-9]{1,12}\.m4s))|"
    r"(?P<list>film/[a-z]/(?:day|live)\.m3u8)))",
    re.ASCII,
)
_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII)
_IMMUTABLE: Final = b"public, max-age=31536000, immutable"
_FRESH: Final = b"public, no-cache"
_COMMON: Final = ((b"x-content-type-options", b"nosniff"), (b"access-control-allow-origin", b"*"), (b"accept-ranges", b"bytes"))
_EXPOSED: Final = (b"access-control-expose-headers", b"ETag, Content-Range, Content-Length, Date")


@dataclass(frozen=True, slots=True)
class _Held:
    """A file in memory. `stamp` is what the file system said of it when it was read; `headers` are ready to send."""

    stamp: tuple[int, int, int]
    data: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]


@final
class Tree:
    """ASGI app for the files below `root`; `prefix` is cut from the path. Keeps at most `room` bytes in memory."""

    def __init__(self, root: Path, prefix: str = "/t/", room: int = 256 * 1024 * 1024) -> None:
        self._root, self._prefix, self._room = str(root) + "/", prefix, room
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD, 405 for anything else."""
        if scope["method"] not in {"GET", "HEAD"}:
            await answer_problem(scope, send, Rejected("web.method", method=str(scope["method"])[:20]), [(b"allow", b"GET, HEAD")])
            return
        name = scope["path"][len(self._prefix) :]
        held = self._fresh(name) or await self._read(name)
        if held is None:
            await answer_problem(scope, send, Rejected("web.not_found"))
            return
        await self._send(scope, send, held)

    def _fresh(self, name: str) -> _Held | None:
        """Return the file from memory if it is there and still what stands on the disk."""
        held = self._held.get(name)
        if held is None:
            return None
        if held.stamp != _stamp(self._root + name):
            self._forget(name)
            return None
        self._held.move_to_end(name)
        return held

    async def _read(self, name: str) -> _Held | None:
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        held = await asyncio.to_thread(_load, self._root + name, str(found.lastgroup), name)
        if held is not None:
            self._keep(name, held)
        return held

    def _keep(self, name: str, held: _Held) -> None:
        self._forget(name)
        self._held[name] = held
        self._size += len(held.data)
        while self._size > self._room and len(self._held) > 1:
            self._forget(next(iter(self._held)))

    def _forget(self, name: str) -> None:
        gone = self._held.pop(name, None)
        self._size -= len(gone.data) if gone else 0

    async def _send(self, scope: Scope, send: Send, held: _Held) -> None:
        if _matches(header(scope, b"if-none-match"), held.etag):
            await send({"type": "http.response.start", "status": 304, "headers": [pair for pair in held.headers if pair[0] != b"content-type"]})
            await send({"type": "http.response.body", "body": b""})
            return
        span = _span(header(scope, b"range"), len(held.data)) if scope["method"] == "GET" else None
        if span is not None and header(scope, b"if-range") not in {"", held.etag.decode()}:
            span = None
        if span == (0, 0):
            whole = (b"content-range", f"bytes */{len(held.data)}".encode())
            await answer_problem(scope, send, Rejected("web.range"), [whole])
            return
        status, body = 200, held.data
        extra: tuple[tuple[bytes, bytes], ...] = ()
        if span is not None:
            first, end = span
            status, body = 206, held.data[first:end]
            extra = ((b"content-range", f"bytes {first}-{end - 1}/{len(held.data)}".encode()),)
        headers = [*held.headers, *extra, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        state = os.stat(path)  # noqa: PTH116 - on the way of every request: a Path costs more than the call
    except OSError:
        return None
    return (state.st_ino, state.st_mtime_ns, state.st_size) if S_ISREG(state.st_mode) else None


def _load(path: str, group: str, name: str) -> _Held | None:
    stamp = _stamp(path)
    try:
        data = Path(path).read_bytes() if stamp else None
    except OSError:
        return None
    if stamp is None or data is None:
        return None
    etag = f'"{hashlib.sha256(data).hexdigest()}"'.encode()
    lasting = group in {"media", "calibration"} or (group == "tile" and ".p/" not in name)
    cached = _IMMUTABLE if lasting or group == "tile" else _FRESH
    headers = ((b"content-type", _type(group, name)), (b"etag", etag), (b"cache-control", cached), *_COMMON, _EXPOSED)
    return _Held(stamp, data, etag, headers)


def _type(group: str, name: str) -> bytes:
    if group == "media":
        return b"video/mp4" if name.endswith(".mp4") else b"video/iso.segment"
    if group == "list":
        return b"application/vnd.apple.mpegurl"
    if group == "tile":
        return b"application/octet-stream"
    return b"application/json" if name.endswith(".json") else b"text/plain; charset=utf-8"


def _matches(wanted: str, etag: bytes) -> bool:
    ours = etag.decode()
    return bool(wanted) and (wanted.strip() == "*" or any(part.strip().removeprefix("W/") == ours for part in wanted.split(",")))


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Return [first, end) of a single byte range (RFC 9110 section 14), None for the whole file, (0, 0) where nothing of it is there."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None:
        return None  # none, several, or another unit: the whole file is a right answer
    first, last, suffix = found.groups()
    if suffix is not None:
        return (max(0, size - int(suffix)), size) if int(suffix) and size else (0, 0)
    start, end = int(first), min(int(last) + 1 if last else size, size)
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (0, 0)
