# SPDX-License-Identifier: Apache-2.0
"""Raw ASGI in a few lines, for the paths where a framework would cost more than the work. No routing table, no middleware."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from kua.core.errors import KuaError
from kua.web.kit.problems import MEDIA_TYPE, later, problem_bytes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str:
    """Return the first header called `name` (lower case), or an empty string."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def answer(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a whole response; Content-Length is added."""
    head = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(scope: Scope, send: Send, error: KuaError, extra: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Send `error` as a problem document; no cache may keep it."""
    status, body = problem_bytes(error, header(scope, b"accept-language"))
    head = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"), *extra]
    head += [(name.lower().encode(), value.encode()) for name, value in later(error).items()]
    await answer(send, status, head, b"" if scope["method"] == "HEAD" else body)
