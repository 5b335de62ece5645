# SPDX-License-Identifier: Apache-2.0
"""Any order of logs, uploads, moments and deaths leaves the centre whole: invariants (a) to (c) of the life of a segment.

A death is an exception out of one of the places of `kua.ports.trip`, after which nothing of that centre runs any more: what it had queued is lost,
what it had synced is not. `tests/faults` does the same with SIGKILL and real processes.
"""

import asyncio
import contextlib
import tempfile
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.app.centre import Centre, build
from kua.core.digest import sha256
from kua.proof.receipt import check_receipt
from kua.verify.film import verify_film
from tests.rigs.centre import DELAY, START, STATION, Box, HandClock, client, found

INIT = b"init"
FILMS = [b"film%d" % number for number in range(6)]
DATA = [INIT, *FILMS]

log = st.tuples(st.just("log"), st.integers(0, len(FILMS) + 1))
put = st.tuples(st.just("put"), st.integers(0, len(DATA) - 1))
wait = st.tuples(st.just("wait"), st.integers(0, 40_000))
die = st.tuples(st.just("die"), st.integers(1, 4))
steps = st.lists(st.one_of(log, put, put, wait, die), max_size=14)


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """Kills at the n-th place from now, when told to."""

    def __init__(self) -> None:
        self.left = 0

    def trip(self, _place: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@settings(max_examples=12)
@given(steps)
def test_no_order_of_uploads_and_deaths_breaks_a_promise(doings: list[tuple[str, int]]) -> None:
    fate = Fate()
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        for room in ("centre.log.nation", "centre.ingest.service", "centre.broadcast.service", "adapters.stores.files"):
            patch.setattr(f"kua.{room}.trip", fate.trip)
        asyncio.run(play(Path(name) / "centre", doings, fate))


async def play(folder: Path, doings: list[tuple[str, int]], fate: Fate) -> None:
    found(folder)
    clock, receipts = HandClock(), dict[bytes, bytes]()
    life = await Life.begin(folder, clock, None)
    life.box.open()
    for film in FILMS:
        life.box.film(film, INIT)
    for what, number in doings:
        try:
            await life.do(what, number, clock, receipts, fate)
        except Killed:
            fate.left = 0
            life.abandon()
            life = await Life.begin(folder, clock, life.box)
    fate.left = 0
    for what, number in [("log", len(FILMS) + 1), *(("put", place) for place in range(len(DATA))), ("wait", 100_000 + DELAY)]:
        await life.do(what, number, clock, receipts, fate)
    for data in DATA:
        check_receipt(receipts[data], life.centre.key.verifier, life.box.origin, sha256(data), len(data))
        assert life.centre.store.path(sha256(data).hex()).read_bytes() == data
    shown = {path.read_bytes() for path in (life.centre.tree / "s" / STATION / "film/a").glob("*.m4s")}
    assert shown == set(FILMS)
    life.centre.nation._write_rest()
    report = verify_film(str(life.centre.tree))
    assert not [line for line in report.lines if line.state == "FAIL"], report.to_json()
    life.abandon()


class Life:
    """One life of the centre, and the box as it sees it."""

    def __init__(self, centre: Centre, web: httpx.AsyncClient, box: Box) -> None:
        self.centre, self.web, self.box = centre, web, box

    @classmethod
    async def begin(cls, folder: Path, clock: HandClock, box: Box | None) -> "Life":
        centre = build(folder, clock=clock, environment={})
        web = client(centre)
        if box is None:
            box = Box(centre, web)
            assert (await box.enrol()).status_code == 201
        box.centre, box.web = centre, web
        await centre.broadcast.publish(STATION)
        return cls(centre, web, box)

    async def do(self, what: str, number: int, clock: HandClock, receipts: dict[bytes, bytes], fate: Fate) -> None:
        if what == "die":
            fate.left = number
        elif what == "wait":
            clock.at += number
            await self.centre.broadcast.publish(STATION)
        elif what == "put":
            answer = await self.box.put(DATA[number])
            assert answer.status_code in {200, 201, 404}, answer.text
            if answer.is_success:
                assert receipts.setdefault(DATA[number], answer.content) == answer.content
        else:
            have = (await self.web.get(f"{self.box.prefix}/state")).json()["size"]
            entries, self.box.sent = self.box.entries, have
            with contextlib.ExitStack() as stack:
                stack.callback(setattr, self.box, "entries", entries)
                self.box.entries = entries[: max(have, number)]
                answer = await self.box.send_log()
            assert answer.status_code == 200, answer.text
        for path in (self.centre.tree / "s" / STATION / "film/a").glob("*.m4s"):
            slot = int(path.stem.partition("-")[2])
            assert (slot + 1) * 4000 + DELAY <= clock.at
            assert slot * 4000 >= START

    def abandon(self) -> None:
        """Nothing of it runs any more; the system closes its files."""
        self.centre.close()
