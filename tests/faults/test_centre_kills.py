# SPDX-License-Identifier: Apache-2.0
"""`kill -9` of the centre at each of its steps: after a restart no receipt is broken, no log has forked, and what was due is published.

Invariants of the life of a segment: (a) what a receipt names is in the store, (b) nothing is published without a leaf, (c) a start mends all.
"""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.centre.elections.service import load_election
from kua.centre.enrol.service import make_code
from kua.core.digest import sha256
from kua.core.instant import SLOT
from kua.proof.keys import VerifierKey
from kua.proof.receipt import check_receipt
from kua.verify.film import verify_film
from tests.rigs.centre import STATION, Box, found

INIT = b"init" * 20
FILMS = [bytes([number]) * 5000 for number in range(3)]
PLACES = ["centre:9:1", "centre:10.after:1", "centre:10.row:2", "centre:11.before:3", "centre:12.links:1"]


class Process:
    """`kua centre run` on a free port."""

    def __init__(self, folder: Path, kill_at: str = "") -> None:
        environment = {**os.environ, "KUA_KILL_AT": kill_at}
        arguments = [sys.executable, "-m", "kua.cli.main", "centre", "run", str(folder), "--port", "0"]
        self.child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        assert self.child.stdout is not None
        self.url = self.child.stdout.readline().decode().strip()

    def end(self) -> int:
        if self.child.poll() is None:
            self.child.terminate()
        assert self.child.stdout is not None
        self.child.stdout.close()
        return self.child.wait(30)


async def send_all(box: Box, code: str, receipts: dict[str, bytes]) -> None:
    """What an agent does: enrol, log, blobs; it raises when the centre dies."""
    (await box.enrol(code)).raise_for_status()
    have = (await box.web.get(f"{box.prefix}/state")).json()["size"]
    box.sent = have
    for size in range(have + 1, len(box.entries) + 1):  # one by one, so that every pass can be hit
        answer = await send_to(box, size)
        answer.raise_for_status()
    for data in (INIT, *FILMS):
        if sha256(data).hex() not in receipts:
            answer = await box.put(data)
            answer.raise_for_status()
            receipts[sha256(data).hex()] = answer.content


async def send_to(box: Box, size: int) -> httpx.Response:
    entries, box.entries = box.entries, box.entries[:size]
    try:
        return await box.send_log()
    finally:
        box.entries = entries


async def published(centre: Any, wanted: set[Path], url: str) -> None:
    """Wait until the last playlist names all segments."""
    async with httpx.AsyncClient(base_url=url) as web:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            answer = await web.get(f"/t/{centre.held.election.id}/s/{STATION}/film/a/day.m3u8")
            if answer.status_code == 200 and answer.text.count(".m4s?leaf=") == len(FILMS) and "#EXT-X-GAP" not in answer.text:
                return
            await asyncio.sleep(0.05)
    raise AssertionError(sorted(path.name for path in wanted))


@pytest.mark.faults
@pytest.mark.parametrize("place", PLACES)
async def test_a_killed_centre_comes_back_whole(tmp_path: Path, place: str) -> None:
    start = SystemClock().now() // SLOT * SLOT - 600_000
    folder = tmp_path / "centre"
    found(folder, start=start)
    held, index = load_election(folder, ()), SqliteIndex(folder / "index.db")
    code = make_code(index, held.election, STATION, SystemClock())
    index.close()
    centre: Any = SimpleNamespace(held=held, clock=SystemClock())
    receipts: dict[str, bytes] = {}
    box = Box(centre, None, start=start)  # type: ignore[arg-type]  # the client comes with each process
    box.open()
    names = {f"film/a/{box.film(film, INIT)}" for film in FILMS}
    killed = False
    for kill_at in (place, ""):
        process = Process(folder, kill_at)
        try:
            async with httpx.AsyncClient(base_url=process.url or "http://127.0.0.1:9", timeout=20) as web:
                box.web = web
                await send_all(box, code, receipts)
                await published(centre, {Path(name) for name in names}, process.url)
        except (httpx.HTTPError, AssertionError):
            if not kill_at:
                raise
        finally:
            killed |= process.end() == -9
    assert killed, "the place was never passed"
    tree = folder / "published" / held.election.id
    key = VerifierKey.parse(held.election.centres[0].vkey)
    for data in (INIT, *FILMS):
        digest = sha256(data)
        check_receipt(receipts[digest.hex()], key, box.origin, digest, len(data))
        assert (folder / "store" / digest.hex()[:2] / digest.hex()).read_bytes() == data
    assert {path.relative_to(tree / "s" / STATION).as_posix() for path in tree.glob(f"s/{STATION}/film/a/*.m4s")} == names
    report = verify_film(str(tree))
    assert not [line for line in report.lines if line.state == "FAIL"], report.to_json()
    assert not list((folder / "store" / "incoming").iterdir())
