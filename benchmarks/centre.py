# SPDX-License-Identifier: Apache-2.0
"""A centre of its own for the benchmarks, as `kua centre run` starts it, and a bounded load generator: some keep-alive connections, raw asyncio."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import NotHere

CONNECTIONS = 16
SIZE = 250_000
"""Bytes of a segment: 4 s at 500 kbit/s, the figure of the design."""

Request = tuple[bytes, bytes]
"""Head and body of one request, ready to send."""


@contextlib.contextmanager
def centre(folder: Path) -> Iterator[str]:
    """Run the centre in `folder` and give its address (host:port)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kua.cli.main", "centre", "run", str(folder), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode().strip()
        if not line:
            raise NotHere("the centre did not start")
        yield line.removeprefix("http://").rstrip("/")
    finally:
        process.terminate()
        process.wait(20)


def per_second(address: str, requests: Sequence[Request], wanted: int) -> float:
    """Send all `requests` over CONNECTIONS connections; return how many a second got the status `wanted`. Any other is an error."""
    host, _, port = address.partition(":")
    return asyncio.run(_load(host, int(port), requests, wanted))


async def _load(host: str, port: int, requests: Sequence[Request], wanted: int) -> float:
    lanes = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    began = time.perf_counter()
    await asyncio.gather(*(_lane(host, port, lane, wanted) for lane in lanes))
    return len(requests) / (time.perf_counter() - began)


async def _lane(host: str, port: int, lane: Sequence[Request], wanted: int) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    for head, body in lane:
        writer.write(head)
        writer.write(body)
        await writer.drain()
        answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = next((int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        told = await reader.readexactly(length)
        if status != wanted:
            raise RuntimeError(status, told[:300])
    writer.close()
    await writer.wait_closed()


