# SPDX-License-Identifier: Apache-2.0
"""How slowly a body may come: nobody holds a connection by silence, nor by a byte a minute."""

import asyncio
import ipaddress
from typing import Final, final

from starlette.requests import Request

from kua.core.errors import Rejected, Unavailable

SILENCE: Final = 60.0
"""Seconds without a byte after which a sender is given up."""
SLOWEST: Final = 1024
"""Bytes a second below which, beyond the first `SILENCE` seconds, a sender is given up too: an eighth of what the worst line in use carries."""


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request. Raises `Rejected("ingest.too_large")` beyond `most` bytes, `Unavailable("ingest.slow")` for one that does not come."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise Rejected("ingest.too_large", most=most)
    body, pace, stream = bytearray(), Pace(), request.stream()
    try:
        while True:
            async with pace.limit(len(body)):
                body += await anext(stream)
            if len(body) > most:
                raise Rejected("ingest.too_large", most=most)
    except StopAsyncIteration:
        return bytes(body)
    except TimeoutError as error:
        raise Unavailable("ingest.slow") from error


def block_of(address: str) -> str:
    """Return what counts as one sender: an address, of IPv6 its /64, since one telephone has all of that to choose from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else address


@final
class Pace:
    """The time of one body, from its first wait on. Real time of the event loop: what it bounds is real."""

    def __init__(self) -> None:
        self._begun: float | None = None

    def limit(self, read: int) -> asyncio.Timeout:
        """Return the bound for waiting for the next piece after `read` bytes. Raises `TimeoutError` when it is over."""
        now = asyncio.get_running_loop().time()
        if self._begun is None:
            self._begun = now
        return asyncio.timeout_at(min(now + SILENCE, self._begun + SILENCE + read / SLOWEST))
