# SPDX-License-Identifier: Apache-2.0
"""What the centre refuses to take in, each with its code, and what it keeps as evidence."""

import contextlib
import errno
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kua.app.centre import Centre
from kua.centre.enrol.service import make_code
from kua.core.digest import sha256
from kua.core.instant import SLOT
from kua.proof.base64 import to_base64
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from tests.rigs.centre import START, STATION, Box, HandClock, client, found, running

There = tuple[Centre, httpx.AsyncClient, Box, HandClock]
FILM, INIT = b"film" * 100, b"init" * 10


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[There]:
    """A running centre, a client, an enrolled box whose log names FILM and INIT, and the clock."""
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        assert (await box.enrol()).status_code == 201
        box.open()
        box.film(FILM, INIT)
        assert (await box.send_log()).status_code == 200
        yield centre, web, box, clock


def told(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]
    assert "{" not in answer.json()["title"]


def files_of_stations(centre: Centre) -> list[Path]:
    return sorted(path for path in centre.folder.rglob("*") if "nation" not in path.parts and not path.name.startswith("index.db"))


def evidence(centre: Centre) -> list[str]:
    return [case["code"] for case in centre.evidence.cases()]


# ---------------------------------------------------------------------------------------------------------------- blobs


async def test_a_forged_signature_is_refused_before_the_body_is_read(there: There) -> None:
    centre, web, box, _ = there
    other = Box(centre, web, key=SigningKey.from_seed(box.origin, b"7" * 32))
    told(await other.put(FILM), 401, "upload.signature")
    assert not list((centre.folder / "store" / "incoming").iterdir())
    assert not centre.store.has(sha256(FILM).hex())


async def test_a_signature_for_another_path_is_refused(there: There) -> None:
    _, web, box, _ = there
    digest = sha256(FILM)
    headers = box.signed("PUT", f"{box.prefix}/blob/{digest.hex()}", digest)
    told(await web.put(f"{box.prefix}/blob/{sha256(INIT).hex()}", content=FILM, headers=headers), 401, "upload.signature")


async def test_a_request_without_a_signature_is_refused(there: There) -> None:
    _, web, box, _ = there
    told(await web.put(f"{box.prefix}/blob/{sha256(FILM).hex()}", content=FILM), 400, "upload.request")


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_signature_of_another_hour_is_refused(there: There, minutes: int) -> None:
    *_, box, clock = there
    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    stale = box.signed("PUT", path, sha256(FILM), at=clock.at + minutes * 60_000)
    told(await box.web.put(path, content=FILM, headers=stale), 401, "upload.stale")


async def test_bytes_with_another_hash_are_kept_as_evidence(there: There) -> None:
    centre, _, box, _ = there
    told(await box.put(FILM + b"!", digest=sha256(FILM)), 422, "ingest.digest")
    (case,) = centre.evidence.cases()
    assert (case["code"], case["station"]) == ("ingest.digest", STATION)
    assert (centre.folder / "rejected" / STATION / case["bytes"]).read_bytes() == FILM + b"!"
    assert (await box.put(FILM)).status_code == 201


async def test_bytes_of_another_length_than_their_leaf_says_are_kept_as_evidence(there: There) -> None:
    centre, _, box, _ = there
    box.film(b"lie", INIT, size=4)
    assert (await box.send_log()).status_code == 200
    told(await box.put(b"lie"), 422, "ingest.size")
    assert evidence(centre) == ["ingest.size"]
    assert not centre.store.has(sha256(b"lie").hex())


async def test_bytes_that_no_leaf_names_are_refused(there: There) -> None:
    *_, box, _ = there
    told(await box.put(b"nobody signed this"), 404, "ingest.no_leaf")


async def test_an_oversized_body_is_refused_by_its_announced_length(there: There) -> None:
    *_, box, _ = there
    told(await box.put(b"x", content_length=str(9 * 1024 * 1024)), 413, "ingest.too_large")


async def test_an_oversized_body_is_refused_though_it_hides_its_length(there: There) -> None:
    centre, web, box, _ = there

    async def body() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b"x" * 1024 * 1024

    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    told(await web.put(path, content=body(), headers=box.signed("PUT", path, sha256(FILM))), 413, "ingest.too_large")
    assert not list((centre.folder / "store" / "incoming").iterdir())


async def test_a_replayed_upload_gets_the_same_receipt_and_changes_nothing(there: There) -> None:
    centre, _, box, clock = there
    first = await box.put(FILM)
    clock.at += 1000
    again = await box.put(FILM)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert len(centre.index.pieces(STATION)) == 1


async def test_a_full_disk_is_told_and_leaves_nothing_behind(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, _, box, _ = there

    def full(*_args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kua.adapters.stores.files.write_all", full)
        told(await box.put(FILM), 507, "ingest.disk_full")
    assert not list((centre.folder / "store" / "incoming").iterdir())
    assert (await box.put(FILM)).status_code == 201


async def test_no_receipt_is_given_when_the_bytes_cannot_be_synced(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, _, box, _ = there

    def broken(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        told(await box.put(FILM), 503, "disk.failed")
    assert not centre.store.has(sha256(FILM).hex())


@pytest.mark.parametrize(
    ("name", "status"),
    [("..%2f..%2fetc", 404), ("../../../keys/centre.key", 404), ("10-245%00", 404), ("10-999", 404), ("x" * 300, 404), ("10-246", 401)],
)
async def test_a_station_name_that_is_none_reaches_no_file(there: There, name: str, status: int) -> None:
    centre, web, box, _ = there
    before = files_of_stations(centre)
    path = f"/api/v1/e/{box.election}/s/{name}/blob/{sha256(FILM).hex()}"
    answer = await web.put(path, content=FILM, headers=box.signed("PUT", path, sha256(FILM)))
    assert answer.status_code == status, answer.text
    assert files_of_stations(centre) == before


async def test_another_election_is_not_served(there: There) -> None:
    _, web, box, _ = there
    assert (await web.get(f"/api/v1/e/another-election/s/{STATION}/state")).status_code == 404
    state = (await web.get(f"{box.prefix}/state")).json()
    assert (state["size"], state["now"]) == (2, START)
    assert state["nation"].startswith(f"{box.origin.rpartition('/s/')[0]}/nation\n")


# ------------------------------------------------------------------------------------------------------------------ log


async def test_entries_that_do_not_continue_are_told_where_to_continue(there: There) -> None:
    *_, box, _ = there
    box.film(b"next", INIT)
    answer = await box.send_log(**{"from": 3, "entries": []})
    told(answer, 409, "log.not_next")
    assert answer.json()["have"] == 2


async def test_entries_that_the_centre_has_may_come_again_with_new_ones(there: There) -> None:
    centre, _, box, _ = there
    box.film(b"next", INIT)
    box.sent = 0
    assert (await box.send_log()).json() == {"size": 3}
    box.sent = 0
    assert (await box.send_log()).json() == {"size": 3}
    assert evidence(centre) == []


async def test_a_forked_log_is_refused_and_kept_as_evidence(there: There) -> None:
    centre, _, box, _ = there
    box.entries[1] = make_leaf("clock", at=START, trust="ntp", step_ms=1, forward=True, mono=1)
    box.film(b"next", INIT, seq=0, slot=START // SLOT, t0=START, t1=START + SLOT)
    told(await box.send_log(), 409, "log.fork")
    box.sent = 0
    told(await box.send_log(), 409, "log.fork")
    assert evidence(centre) == ["log.fork", "log.fork"]
    assert centre.members.get(STATION).book.size == 2


async def test_a_checkpoint_by_another_key_is_refused(there: There) -> None:
    centre, _, box, _ = there
    box.film(b"next", INIT)
    stranger = Box(centre, box.web, key=SigningKey.from_seed(box.origin, b"8" * 32))
    stranger.entries = box.entries
    told(await box.send_log(checkpoint=stranger.checkpoint().decode()), 422, "log.checkpoint")
    assert evidence(centre) == ["log.checkpoint"]


async def test_a_checkpoint_of_another_size_is_refused(there: There) -> None:
    *_, box, _ = there
    box.film(b"next", INIT)
    box.film(b"more", INIT)
    told(await box.send_log(checkpoint=box.checkpoint(3).decode()), 422, "log.checkpoint")


async def test_a_hole_in_the_account_is_refused_and_kept_as_evidence(there: There) -> None:
    centre, _, box, _ = there
    box.end += SLOT
    box.film(b"next", INIT)
    told(await box.send_log(), 422, "log.account")
    assert evidence(centre) == ["log.account"]
    assert (await box.web.get(f"{box.prefix}/state")).json()["size"] == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"seq": 2}, "seq"), ({"t0": START, "t1": START + SLOT, "slot": START // SLOT}, "overlap"), ({"cam": "b"}, "unknown camera")],
)
async def test_an_account_that_is_not_whole_is_refused(there: There, changes: dict[str, Any], why: str) -> None:
    centre, _, box, _ = there
    box.film(b"next", INIT, **changes)
    told(await box.send_log(), 422, "log.account")
    assert next(centre.evidence.cases())["facts"]["why"] == why


async def test_a_day_has_one_opening(there: There) -> None:
    centre, _, box, _ = there
    box.open()
    told(await box.send_log(), 422, "log.account")
    assert next(centre.evidence.cases())["facts"]["why"] == "opened twice"


async def test_a_day_has_one_close(there: There) -> None:
    centre, _, box, _ = there
    for _ in range(2):
        box.add("close", at=box.end, reason="end_of_day")
    told(await box.send_log(), 422, "log.account")
    assert next(centre.evidence.cases())["facts"]["why"] == "closed"


async def test_no_two_leaves_may_name_one_file(there: There) -> None:
    centre, _, box, _ = there
    middle = box.end + 1_000
    box.film(b"next", INIT, t1=middle)
    box.film(b"more", INIT, t0=middle, t1=middle + SLOT, slot=middle // SLOT)
    told(await box.send_log(), 422, "log.account")
    assert next(centre.evidence.cases())["facts"]["why"] == "name"


async def test_a_run_has_one_beginning(there: There) -> None:
    centre, _, box, _ = there
    box.film(b"next", b"another init")
    told(await box.send_log(), 422, "log.account")
    assert next(centre.evidence.cases())["facts"]["why"] == "init"


async def test_a_leaf_that_does_not_fit_its_schema_is_refused(there: There) -> None:
    *_, box, _ = there
    box.entries.append(b'{"at":1,"type":"gap","v":1}')
    told(await box.send_log(), 422, "leaf.schema")


async def test_a_leaf_of_a_type_from_the_future_is_kept(there: There) -> None:
    centre, _, box, _ = there
    box.entries.append(b'{"type":"beacon","v":7}')
    assert (await box.send_log()).json() == {"size": 3}
    assert centre.members.get(STATION).book.unknown == 1


async def test_a_fault_of_a_camera_is_known_until_the_station_takes_it_back(there: There) -> None:
    centre, _, box, _ = there
    box.add("fault", at=START, cam="a", kind="moved", state="begin")
    box.add("fault", at=START, cam=None, kind="disk_full", state="begin")
    await box.send_log()
    assert centre.desk.station_state(STATION).faults == {"moved"}
    box.add("fault", at=START, cam="a", kind="moved", state="end")
    await box.send_log()
    assert not centre.desk.station_state(STATION).faults


async def test_a_station_cannot_withdraw_by_itself(there: There) -> None:
    centre, _, box, _ = there
    box.add("withdrawn", at=START, station=STATION, cam="a", t0=0, t1=None, article="x", by="station", reason="order")
    await box.send_log()
    assert not centre.desk.station_state(STATION).withdrawn


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b'{"from":-1,"entries":[],"checkpoint":""}', b'{"from":0,"entries":["*"],"checkpoint":""}', b"[" * 5000]
)
async def test_a_request_that_is_none_is_told_so(there: There, body: bytes) -> None:
    *_, box, _ = there
    path = f"{box.prefix}/log"
    told(await box.web.post(path, content=body, headers=box.signed("POST", path, sha256(body))), 422, "log.request")


async def test_too_many_entries_and_too_many_bytes_are_refused(there: There) -> None:
    *_, box, _ = there
    path = f"{box.prefix}/log"
    many = json.dumps({"from": 2, "entries": [to_base64(b"x")] * 1001, "checkpoint": ""}).encode()
    told(await box.web.post(path, content=many, headers=box.signed("POST", path, sha256(many))), 422, "log.request")
    large = b" " * (4 * 1024 * 1024 + 1)
    told(await box.web.post(path, content=large, headers=box.signed("POST", path, sha256(large))), 413, "ingest.too_large")


async def test_evidence_is_bounded(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, _, box, clock = there
    monkeypatch.setattr("kua.centre.ingest.evidence.MOST_CASES", 3)
    monkeypatch.setattr("kua.centre.ingest.evidence.MOST_BYTES", 1000)
    for number in range(5):
        clock.at += 1
        await box.put(b"x" * (450 + number), digest=sha256(FILM))
    cases = list(centre.evidence.cases())
    assert len(cases) == 3
    assert [case["bytes"] is None for case in cases] == [False, False, True]
    assert centre.evidence.uncounted == 2


# ------------------------------------------------------------------------------------------------------------ enrolment


async def test_the_same_key_may_enrol_again_with_its_code_and_gets_the_same_answer(there: There) -> None:
    centre, web, _, _ = there
    box = Box(centre, web, "10-246")
    code = make_code(centre.index, centre.held.election, "10-246", centre.clock)
    first, again = await box.enrol(code), await box.enrol(code)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["centre_vkey"] == centre.held.election.centres[0].vkey


async def test_a_code_works_for_one_key_only(there: There) -> None:
    centre, web, _, _ = there
    code = make_code(centre.index, centre.held.election, "10-246", centre.clock)
    assert (await Box(centre, web, "10-246").enrol(code)).status_code == 201
    thief = Box(centre, web, "10-246")
    thief.key = SigningKey.from_seed(thief.origin, b"9" * 32)
    told(await thief.enrol(code), 409, "enrol.code_used")


async def test_a_station_with_a_log_does_not_get_a_second_key(there: There) -> None:
    *_, box, _ = there
    box.key = SigningKey.from_seed(box.origin, b"9" * 32)
    told(await box.enrol(), 409, "enrol.has_key")


async def test_a_wrong_code_or_one_of_another_station_is_unknown(there: There) -> None:
    centre, web, _, _ = there
    box = Box(centre, web, "10-246")
    told(await box.enrol("aaaaa-aaaaa-aaaaa-aaaaa"), 404, "enrol.code_unknown")
    told(await box.enrol(make_code(centre.index, centre.held.election, "71-17", centre.clock)), 404, "enrol.code_unknown")


async def test_a_key_that_the_box_does_not_hold_is_not_enrolled(there: There) -> None:
    centre, web, _, _ = there
    box = Box(centre, web, "10-246")
    other = SigningKey.from_seed(box.origin, b"9" * 32)
    told(await box.enrol(vkey=str(other.verifier)), 401, "enrol.proof")


async def test_a_code_is_kept_as_a_hash_only(there: There) -> None:
    centre, *_ = there
    code = make_code(centre.index, centre.held.election, "71-17", centre.clock)
    kept = b"".join(path.read_bytes() for path in centre.folder.glob("index.db*"))
    assert code.encode() not in kept
    assert code.replace("-", "").encode() not in kept


async def test_an_enrolment_with_unknown_fields_is_refused(there: There) -> None:
    _, web, *_ = there
    told(await web.post("/api/v1/enrol", json={"station": STATION, "extra": 1}), 422, "web.body")


# -------------------------------------------------------------------------------------------------------------- restart


async def test_what_was_acknowledged_is_there_after_a_restart_though_the_index_is_lost(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        name = box.film(FILM, INIT)
        await box.send_log()
        for data in (FILM, INIT):
            await box.put(data)
    for path in (tmp_path / "centre").glob("index.db*"):
        path.unlink()
    clock.at += 60_000
    async with running(tmp_path / "centre", clock) as (centre, web):
        await centre.broadcast.publish(STATION)
        assert (await web.get(f"/t/kz-2026-rehearsal/s/{STATION}/film/a/{name}")).content == FILM
        box.centre, box.web = centre, web
        assert (await box.put(FILM)).status_code == 200


async def test_a_file_that_nobody_signed_is_taken_out_of_the_tree_at_the_start(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        await Box(centre, web).enrol()
        folder = centre.tree / "s" / STATION / "film/a"
    folder.mkdir(parents=True)
    (folder / "deadbeef-1.m4s").write_bytes(b"planted")
    async with running(tmp_path / "centre", clock) as (centre, _):
        await centre.broadcast.publish(STATION)
        assert not (folder / "deadbeef-1.m4s").exists()


async def test_an_upload_that_is_cut_off_leaves_nothing(there: There) -> None:
    centre, _, box, _ = there

    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError

    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    async with client(centre) as web:
        with contextlib.suppress(ConnectionError):
            await web.put(path, content=body(), headers=box.signed("PUT", path, sha256(FILM)))
    assert not list((centre.folder / "store" / "incoming").iterdir())
