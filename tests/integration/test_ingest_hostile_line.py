# SPDX-License-Identifier: Apache-2.0
"""A line to the centre in the hands of somebody hostile: he corrupts, doubles, holds back, reorders, drops and replays requests, and floods.

He holds no station's key. Whatever he does, the centre ends up with exactly what the station signed, and the station with a receipt for each of it.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kua.app.centre import Centre
from kua.centre.ingest.parts import Parts
from kua.centre.ingest.service import Allowance
from kua.core.digest import sha256
from kua.proof.base64 import to_base64
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.receipt import check_receipt
from kua.web.api import blobs
from kua.web.kit import pace
from tests.rigs.centre import STATION, Box, HandClock, client, found, running

FILMS = [b"film %d" % number * 50 for number in range(12)]
INIT = b"init" * 10
There = tuple[Centre, httpx.AsyncClient, Box, HandClock]


class HostileLine(httpx.AsyncBaseTransport):
    """Stands between a station and the centre. Keeps what passes, to send it again whenever it likes."""

    def __init__(self, centre: Centre, chance: random.Random) -> None:
        self._to, self._chance = httpx.ASGITransport(app=centre), chance
        self.kept: list[httpx.Request] = []
        self.done: dict[str, int] = dict.fromkeys(("corrupt", "rename", "double", "replay", "drop", "lose the answer", "pass"), 0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.kept.append(request)
        what = self._chance.choice([*self.done])
        self.done[what] += 1
        match what:
            case "corrupt":
                body = bytearray(request.content or b"\x00")
                body[self._chance.randrange(len(body))] ^= 1 << self._chance.randrange(8)
                return await self.send(request, content=bytes(body))
            case "rename":
                name = self._chance.choice(["Kua-Digest", "Kua-Signature", "Kua-Time", "Kua-Station"])
                other = self._chance.choice(self.kept).headers.get(name, "x")
                return await self.send(request, headers={name: other if other != request.headers.get(name) else other[::-1]})
            case "double":
                await asyncio.gather(self.send(request), self.send(request))
            case "replay":
                await self.send(self._chance.choice(self.kept))
            case "drop":
                raise httpx.ConnectError("dropped", request=request)
            case "lose the answer":
                await self.send(request)
                raise httpx.ReadError("lost", request=request)
        return await self.send(request)

    async def send(self, request: httpx.Request, *, content: bytes | None = None, headers: dict[str, str] | None = None) -> httpx.Response:
        """Let a request through, changed or not."""
        body = request.content if content is None else content
        kept = {name: value for name, value in request.headers.items() if name.lower() != "content-length"} | (headers or {})
        answer = await self._to.handle_async_request(httpx.Request(request.method, request.url, headers=kept, content=body))
        await answer.aread()
        return answer


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[There]:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        assert (await box.enrol()).status_code == 201
        box.open()
        for film in FILMS:
            box.film(film, INIT)
        yield centre, web, box, clock


async def until(send: Any, wanted: set[int]) -> httpx.Response:
    """Try again as a station does, until the centre has said yes."""
    for _ in range(200):
        try:
            answer: httpx.Response = await send()
        except httpx.TransportError:
            continue
        if answer.status_code in wanted:
            return answer
    raise AssertionError(send)


def centre_key(centre: Centre) -> VerifierKey:
    return VerifierKey.parse(centre.held.election.centres[0].vkey)


@pytest.mark.parametrize("seed", range(3))
async def test_a_line_that_corrupts_doubles_reorders_and_drops_changes_nothing(there: There, seed: int) -> None:
    centre, _, box, _ = there
    chance = random.Random(seed)
    line = HostileLine(centre, chance)
    async with httpx.AsyncClient(transport=line, base_url="http://centre") as web:
        box.web = web
        await until(box.send_log, {200})
        order = [*FILMS, INIT]
        chance.shuffle(order)
        receipts = {data: (await until(lambda data=data: box.put(data), {200, 201})).content for data in order}
    for data, receipt in receipts.items():
        told = check_receipt(receipt, centre_key(centre), box.origin, sha256(data), len(data))
        assert told.digest == sha256(data)
        assert centre.store.path(sha256(data).hex()).read_bytes() == data
    before = (centre.members.get(STATION).book.size, len(centre.index.pieces(STATION)), centre.members.get(STATION).log.root())
    assert before[:2] == (len(box.entries), len(FILMS) + 1)
    chance.shuffle(line.kept)
    for request in line.kept:  # all of it once more, in any order
        await line.send(request)
    assert (centre.members.get(STATION).book.size, len(centre.index.pieces(STATION)), centre.members.get(STATION).log.root()) == before
    assert not list((centre.folder / "store" / "incoming").iterdir())
    assert all(line.done.values()), line.done


async def test_nothing_of_his_own_gets_in_whatever_he_sends(there: There) -> None:
    centre, web, box, _ = there
    await box.send_log()
    stranger = Box(centre, web, key=SigningKey.from_seed(box.origin, b"s" * 32))
    stranger.entries = [*box.entries]
    stranger.film(b"his film", INIT)
    size = len(box.entries)
    assert (await stranger.send_log()).status_code == 401
    assert (await stranger.put(b"his film")).status_code == 401
    assert centre.members.get(STATION).book.size == size
    assert not centre.store.has(sha256(b"his film").hex())


async def test_after_a_flood_of_ten_times_the_load_nothing_is_lost(there: There) -> None:
    """Ten strangers for each honest request, at once with it: forged, stale, oversized. The honest ones are all there, and the strangers left nothing."""
    centre, web, box, clock = there
    await box.send_log()
    stranger = Box(centre, web, key=SigningKey.from_seed(box.origin, b"s" * 32))

    async def flood(number: int) -> int:
        path = f"{box.prefix}/blob/{sha256(b'%d' % number).hex()}"
        if number % 3 == 0:
            return (await stranger.put(b"%d" % number)).status_code
        if number % 3 == 1:
            return (await web.put(path, content=b"x", headers=box.signed("PUT", path, sha256(b"x"), at=clock.at - 3_600_000))).status_code
        return (await box.put(b"x", content_length=str(1 << 40))).status_code

    wanted = [*FILMS, INIT]
    answers = await asyncio.gather(*(box.put(data) for data in wanted), *(flood(number) for number in range(10 * len(wanted))))
    assert {answer.status_code for answer in answers[: len(wanted)] if isinstance(answer, httpx.Response)} == {201}
    assert set(answers[len(wanted) :]) <= {401, 404, 413}
    for data in wanted:
        assert centre.store.path(sha256(data).hex()).read_bytes() == data
    assert len(centre.index.pieces(STATION)) == len(wanted)
    assert not list((centre.folder / "store" / "incoming").iterdir())


async def test_a_sender_who_falls_silent_in_mid_body_is_given_up_and_leaves_nothing(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow loris with a key, or on a stolen connection: headers that hold, then a body that never ends."""
    centre, _, box, _ = there
    await box.send_log()
    monkeypatch.setattr(pace, "SILENCE", 0.05)
    film = FILMS[0]
    path = f"{box.prefix}/blob/{sha256(film).hex()}"
    headers = [(name.lower().encode(), value.encode()) for name, value in box.signed("PUT", path, sha256(film)).items()]
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "app": None}
    sent: list[Any] = []
    first = [{"type": "http.request", "body": film[:9], "more_body": True}]

    async def receive() -> dict[str, Any]:
        if first:
            return first.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(blobs.Blobs(centre.ingest, Parts(centre.ingest, centre.members, centre.store), box.election)(scope, receive, send), 10)
    assert sent == []
    assert not list((centre.folder / "store" / "incoming").iterdir())
    assert not centre.store.has(sha256(film).hex())
    async with client(centre) as web:
        box.web = web
        assert (await box.put(film)).status_code == 201


async def test_a_sender_whose_film_trickles_in_a_byte_at_a_time_is_given_up(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow loris that is never silent for long."""
    centre, _, box, _ = there
    await box.send_log()
    monkeypatch.setattr(pace, "SILENCE", 0.2)
    film, fed = FILMS[0], 0
    path = f"{box.prefix}/blob/{sha256(film).hex()}"
    headers = [(name.lower().encode(), value.encode()) for name, value in box.signed("PUT", path, sha256(film)).items()]
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "app": None}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal fed
        await asyncio.sleep(0.05)
        fed += 1
        return {"type": "http.request", "body": film[fed - 1 : fed], "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(blobs.Blobs(centre.ingest, Parts(centre.ingest, centre.members, centre.store), box.election)(scope, receive, send), 10)
    assert (sent, fed < len(film)) == ([], True)
    assert not list((centre.folder / "store" / "incoming").iterdir())


async def test_statements_that_trickle_in_are_given_up_and_can_be_sent_again(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, web, box, _ = there
    body = json.dumps({"from": 0, "entries": [to_base64(entry) for entry in box.entries], "checkpoint": box.checkpoint().decode()}).encode()
    headers = box.signed("POST", f"{box.prefix}/log", sha256(body))

    async def trickle() -> AsyncIterator[bytes]:
        for byte in body:
            yield bytes([byte])
            await asyncio.sleep(0.05)

    with monkeypatch.context() as patch:
        patch.setattr(pace, "SILENCE", 0.2)
        assert (await web.post(f"{box.prefix}/log", content=trickle(), headers=headers)).status_code == 408
    assert centre.members.get(STATION).book.size == 0
    assert (await box.send_log()).status_code == 200


async def test_a_station_that_sends_without_measure_is_asked_to_come_back_and_loses_nothing(there: There) -> None:
    """Somebody has its key, or it has gone mad: the others do not wait for it."""
    centre, web, box, clock = there
    await box.send_log()
    answers = [await web.get("/api/v1/none")]
    while answers[-1].status_code != 429:
        answers.append(await box.put(FILMS[0]))
    allowed = Allowance()
    assert len(answers) - 2 <= allowed.requests * allowed.burst
    assert answers[-1].json()["code"] == "ingest.quota"
    assert (await box.send_log()).status_code == 429
    told = [int(answer.headers["Retry-After"]) for answer in answers if "Retry-After" in answer.headers]
    clock.at += 1000 * max(told)
    assert (await box.put(FILMS[1])).status_code == 201
    assert centre.store.has(sha256(FILMS[0]).hex())
    assert max(told) <= 3


async def test_what_does_not_bear_a_stations_signature_does_not_count_against_it(there: There) -> None:
    _, web, box, _ = there
    await box.send_log()
    path = f"{box.prefix}/blob/{sha256(FILMS[0]).hex()}"
    forged = box.signed("PUT", path, sha256(FILMS[0])) | {"Kua-Signature": to_base64(bytes(64))}
    for _ in range(Allowance().requests * Allowance().burst + 10):
        assert (await web.put(path, content=b"x", headers=forged)).status_code == 401
    assert (await box.put(FILMS[0])).status_code == 201
