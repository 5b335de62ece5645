# SPDX-License-Identifier: Apache-2.0
"""Blobs that come in parts over a line that breaks: every byte that arrived counts, none is mixed, and only the digest of the whole decides."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kua.adapters.stores.files import FileStore
from kua.app.centre import Centre
from kua.core.digest import sha256
from kua.ports.store import RESTS
from kua.proof import logbody
from kua.proof.receipt import check_receipt
from tests.rigs.centre import Box, HandClock, found, running

FILM = bytes(range(256)) * 40
INIT = b"init" * 10
There = tuple[Centre, Box, HandClock]


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[There]:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        assert (await box.enrol()).status_code == 201
        box.open()
        box.film(FILM, INIT)
        yield centre, box, clock


async def part(
    box: Box, data: bytes, offset: int, *, last: bool, of: bytes = FILM, sent: bytes | None = None, **headers: str
) -> httpx.Response:
    """Send `sent` as the part `data` that begins at `offset`."""
    path = f"{box.prefix}/blob/{sha256(of).hex()}"
    told = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if last else "?0"}
    return await box.web.patch(
        path, content=data if sent is None else sent, headers=box.signed("PATCH", path, sha256(data)) | told | headers
    )


async def have(box: Box, of: bytes = FILM) -> tuple[str, str]:
    answer = await box.web.head(f"{box.prefix}/blob/{sha256(of).hex()}")
    assert answer.status_code == 204
    return answer.headers["upload-offset"], answer.headers["upload-complete"]


class Sender:
    """A part that is sent by hand, over a connection that can break anywhere: the ASGI messages themselves."""

    def __init__(self, box: Box, data: bytes, offset: int, *, last: bool) -> None:
        path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
        signed = box.signed("PATCH", path, sha256(data)) | {"Upload-Offset": str(offset), "Upload-Complete": "?1" if last else "?0"}
        headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
        self._scope = {"type": "http", "method": "PATCH", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said: list[Any] = []
        self.task = asyncio.ensure_future(box.centre(self._scope, self._messages.get, self._hear))

    async def _hear(self, message: Any) -> None:
        self.said.append(message)

    async def give(self, chunk: bytes) -> None:
        await self._messages.put({"type": "http.request", "body": chunk, "more_body": True})
        await asyncio.sleep(0)

    async def breaks(self) -> None:
        await self._messages.put({"type": "http.disconnect"})
        await self.task


async def test_a_film_in_parts_is_the_film_and_its_last_part_brings_the_receipt(there: There) -> None:
    centre, box, _ = there
    await box.send_log()
    assert await have(box) == ("0", "?0")
    for offset in range(0, 9_000, 3_000):
        answer = await part(box, FILM[offset : offset + 3_000], offset, last=False)
        assert (answer.status_code, answer.headers["upload-offset"], answer.headers["upload-complete"]) == (204, str(offset + 3_000), "?0")
    answer = await part(box, FILM[9_000:], 9_000, last=True)
    assert answer.status_code == 201
    check_receipt(answer.content, centre.key.verifier, box.origin, sha256(FILM), len(FILM))
    assert centre.store.path(sha256(FILM).hex()).read_bytes() == FILM
    assert await have(box) == (str(len(FILM)), "?1")
    again = await part(box, FILM[-1:], len(FILM) - 1, last=True)
    assert (again.status_code, again.content) == (200, answer.content)
    assert list(centre.store.incoming.glob("*/*.rest")) == []


async def test_every_byte_that_arrived_before_the_line_broke_is_kept(there: There) -> None:
    centre, box, _ = there
    await box.send_log()
    sender = Sender(box, FILM[:4_000], 0, last=False)
    await sender.give(FILM[:1_500])
    await sender.give(FILM[1_500:1_777])
    await sender.breaks()
    assert sender.said == []
    assert await have(box) == ("1777", "?0")
    assert (await part(box, FILM[1_777:], 1_777, last=True)).status_code == 201
    assert centre.store.path(sha256(FILM).hex()).read_bytes() == FILM


async def test_a_station_that_comes_back_cuts_the_connection_that_it_has_lost(there: There) -> None:
    """A line may die without a word: the centre would wait on it for a minute."""
    centre, box, _ = there
    await box.send_log()
    dead = Sender(box, FILM[:4_000], 0, last=False)
    await dead.give(FILM[:1_000])
    for _ in range(20):
        await asyncio.sleep(0)
    answer = await part(box, FILM[1_000:], 1_000, last=True)
    assert answer.status_code == 201
    await asyncio.wait_for(dead.task, 5)
    assert dead.said == []
    assert centre.store.path(sha256(FILM).hex()).read_bytes() == FILM


async def test_a_part_that_does_not_go_on_where_the_bytes_end_is_told_where_they_do(there: There) -> None:
    _, box, _ = there
    await box.send_log()
    await part(box, FILM[:100], 0, last=False)
    for offset in (0, 99, 101, 5_000):
        answer = await part(box, FILM[offset : offset + 10], offset, last=False)
        assert (answer.status_code, answer.json()["code"], answer.json()["have"]) == (409, "upload.offset", 100)


async def test_a_part_that_is_not_what_was_signed_is_forgotten_alone(there: There) -> None:
    centre, box, _ = there
    await box.send_log()
    await part(box, FILM[:100], 0, last=False)
    answer = await part(box, FILM[100:200], 100, last=False, sent=b"\x00" * 100)
    assert (answer.status_code, answer.json()["code"]) == (422, "ingest.digest")
    assert await have(box) == ("100", "?0")
    assert (await part(box, FILM[100:], 100, last=True)).status_code == 201
    assert list(centre.evidence.cases()) == []


async def test_what_a_line_altered_in_a_part_that_was_cut_off_is_found_in_the_end_and_accuses_nobody(there: There) -> None:
    centre, box, _ = there
    await box.send_log()
    sender = Sender(box, FILM[:4_000], 0, last=False)
    await sender.give(b"\x00" * 1_000)
    await sender.breaks()
    answer = await part(box, FILM[1_000:], 1_000, last=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "ingest.digest")
    assert await have(box) == ("0", "?0")
    assert list(centre.evidence.cases()) == []
    assert (await part(box, FILM, 0, last=True)).status_code == 201


async def test_more_than_the_leaf_says_is_not_taken(there: There) -> None:
    _, box, _ = there
    await box.send_log()
    answer = await part(box, FILM + b"x", 0, last=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "ingest.size")
    assert (await part(box, FILM[:-1], 0, last=True)).json()["code"] == "ingest.digest"


@pytest.mark.parametrize(
    "headers", [{"Upload-Offset": "-1"}, {"Upload-Offset": "x"}, {"Upload-Complete": "yes"}, {"Upload-Offset": "9" * 12}]
)
async def test_a_part_without_a_place_is_refused(there: There, headers: dict[str, str]) -> None:
    _, box, _ = there
    await box.send_log()
    answer = await part(box, FILM, 0, last=True, **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "upload.request")


async def test_nothing_is_begun_for_bytes_that_no_leaf_names_nor_without_a_signature(there: There) -> None:
    centre, box, _ = there
    await box.send_log()
    assert (await part(box, b"other", 0, last=False, of=b"other bytes")).json()["code"] == "ingest.no_leaf"
    assert (await box.web.head(f"{box.prefix}/blob/{'0' * 64}")).status_code == 404
    assert (await part(box, FILM[:9], 0, last=False, **{"Kua-Signature": "AAAA"})).status_code == 401
    assert list(centre.store.incoming.rglob("*.rest")) == []


async def test_a_station_has_a_few_unfinished_blobs_and_the_oldest_gives_way(there: There) -> None:
    centre, box, _ = there
    films = [bytes([number]) * 500 for number in range(RESTS + 2)]
    for film in films:
        box.film(film, INIT)
    await box.send_log()
    for film in films:
        assert (await part(box, film[:100], 0, last=False, of=film)).status_code == 204
    assert len(list(centre.store.incoming.rglob("*.rest"))) == RESTS
    assert [(await have(box, film))[0] for film in films] == ["0"] * 2 + ["100"] * RESTS


async def test_unfinished_blobs_outlive_the_centre_unless_they_came_whole(there: There, tmp_path: Path) -> None:
    _, box, _ = there
    await box.send_log()
    await part(box, FILM[:700], 0, last=False)
    assert FileStore(tmp_path / "centre" / "store").rest(box.station, sha256(FILM).hex()) == 700
    assert (await box.put(FILM)).status_code == 201
    assert FileStore(tmp_path / "centre" / "store").rest(box.station, sha256(FILM).hex()) == 0


async def packed(box: Box, *, before: list[bytes] | None = None, body: bytes | None = None) -> httpx.Response:
    """Send what the centre has not in the packed form."""
    known = box.entries[: box.sent] if before is None else before
    data = body or logbody.pack(box.sent, box.entries[box.sent :], box.checkpoint(), known)
    headers = box.signed("POST", f"{box.prefix}/log", sha256(data)) | {"Content-Type": logbody.MEDIA_TYPE}
    answer = await box.web.post(f"{box.prefix}/log", content=data, headers=headers)
    if answer.status_code == 200:
        box.sent = answer.json()["size"]
    return answer


async def test_a_packed_log_is_the_same_log(there: There) -> None:
    centre, box, _ = there
    assert (await packed(box)).status_code == 200
    for number in range(40):
        box.film(b"more %d" % number, INIT)
        assert (await packed(box)).json() == {"size": len(box.entries)}
    member = centre.members.get(box.station)
    assert list(member.log.entries(0, member.book.size)) == box.entries


async def test_a_packed_log_over_another_history_is_asked_for_again_in_full(there: There) -> None:
    _, box, _ = there
    await packed(box)
    box.film(b"more", INIT)
    assert (await packed(box, before=[b'{"another":"history"}'] * 9)).json()["code"] == "log.request"
    assert (await box.send_log()).status_code == 200


async def test_a_packed_log_that_swells_beyond_measure_is_refused(there: There) -> None:
    _, box, _ = there
    bomb = logbody.pack(0, [b"0" * 30_000_000], b"", [])
    assert len(bomb) < 60_000
    assert (await packed(box, body=bomb)).json()["code"] == "log.request"


@pytest.mark.parametrize("body", [b"", b"kua/log/v1 0\n", b"kua/log/v2 0\nxx", b"kua/log/v1 x\nxx", b"kua/log/v1 0\n\xff\xff\xff"])
async def test_a_packed_log_that_is_none_is_refused(there: There, body: bytes) -> None:
    _, box, _ = there
    assert (await packed(box, body=body or b"\x00")).json()["code"] == "log.request"


async def test_a_heartbeat_is_answered_as_the_state_and_is_told_to_whoever_runs_the_centre(there: There) -> None:
    _, box, clock = there
    await box.send_log()
    path = f"{box.prefix}/beat"

    async def beat(body: object) -> httpx.Response:
        data = json.dumps(body).encode()
        return await box.web.post(path, content=data, headers=box.signed("POST", path, sha256(data)))

    told = {
        "owed": 3,
        "owed_bytes": 700_000,
        "rate": 64_000,
        "disk_free": 1 << 40,
        "film": 4_100,
        "trust": "ntp",
        "rung": "slow",
        "faults": ["a.frozen"],
        "new": 1,
    }
    answer = await beat(told)
    assert answer.json() == (await box.web.get(f"{box.prefix}/state")).json()
    status = await box.web.get("/api/v1/control/status", headers={"Authorization": "Bearer control-token"})
    [seen] = [each["beat"] for each in status.json()["stations"] if each["station"] == box.station]
    assert seen == {**{key: value for key, value in told.items() if key != "new"}, "heard_at": clock.now()}
    for wrong in ([], {"owed": -1}, {"rate": "fast"}, {"faults": ["x" * 41]}, {"faults": ["a"] * 33}, {"trust": "\n"}, {"owed": 1 << 60}):
        assert (await beat(wrong)).json()["code"] == "ingest.beat"
    unsigned = await box.web.post(path, content=b"{}")
    assert unsigned.status_code in {400, 401}
