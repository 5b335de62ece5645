# SPDX-License-Identifier: Apache-2.0
"""The way to a co-signer over HTTP (C2SP tlog-witness). Bounded in time and in what it reads; believes nothing."""

import asyncio
from typing import Final, final

import httpx

from kua.adapters.couriers.http import base_url
from kua.core.errors import Rejected
from kua.ports.cosigner import KnowsAnother
from kua.ports.courier import Away, Turned
from kua.proof.addcheckpoint import MAX_ANSWER, PATH, SIZE_TYPE, AddCheckpoint, read_size

LONGEST: Final = 20.0
"""Seconds within which a co-signer has answered or is away."""
_TIMES: Final = httpx.Timeout(connect=5, read=10, write=10, pool=5)


@final
class HttpCosigner:
    """The port `Cosigner` for the submission prefix `url`. Raises `Misused("centre.url")` for one that is none."""

    def __init__(self, url: str) -> None:
        self._base = base_url(url)
        self._client = httpx.AsyncClient(timeout=_TIMES, follow_redirects=False, limits=httpx.Limits(max_connections=2))

    async def add_checkpoint(self, asked: AddCheckpoint) -> bytes:
        """Keep the port's promise."""
        try:
            async with asyncio.timeout(LONGEST):
                status, kind, body = await self._post(asked.to_bytes())
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Away("cosigner.away", url=self._base, why=type(error).__name__) from error
        if status == 200:
            return body
        if status == 409 and kind == SIZE_TYPE:
            try:
                raise KnowsAnother(read_size(body))
            except Rejected as error:
                raise Away("cosigner.away", url=self._base, why="409") from error
        if status in {400, 403, 404, 409, 422}:
            raise Turned("cosigner.refused", url=self._base, status=status)
        raise Away("cosigner.away", url=self._base, why=str(status))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _post(self, body: bytes) -> tuple[int, str, bytes]:
        async with self._client.stream("POST", f"{self._base}/{PATH}", content=body) as response:
            read = bytearray()
            async for piece in response.aiter_bytes():
                read += piece
                if len(read) > MAX_ANSWER:
                    raise httpx.DecodingError("too long")
            return response.status_code, response.headers.get("Content-Type", ""), bytes(read)
