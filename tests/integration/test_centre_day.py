# SPDX-License-Identifier: Apache-2.0
"""A day of the real centre application: enrol, log, film, publication, withdrawal, restart."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from kua.adapters.durable import DurableFiles
from kua.app import founding
from kua.centre.broadcast.shelf import COVERED
from kua.app.centre import Centre
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.election import read_election
from kua.media.playlist import head_of
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.persons import sign_calibration
from kua.proof.receipt import check_receipt
from kua.verify.film import Trust, verify_film
from kua.verify.mirror import Mirror
from kua.verify.patience import open_patient
from kua.verify.scope import Scope
from tests.rigs.centre import DELAY, START, STATION, Box, HandClock, found, running

INIT = b"init" * 50
T = "/t/kz-2026-rehearsal"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found(tmp_path / "centre")
    return tmp_path / "centre"


async def started(centre: Centre, web: httpx.AsyncClient) -> Box:
    box = Box(centre, web)
    assert (await box.enrol()).status_code == 201
    box.open()
    return box


async def test_a_segment_travels_from_a_box_to_the_public_tree(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        film = b"film" * 1000
        name = box.film(film, INIT)
        assert (await box.send_log()).json() == {"size": 2}
        receipt = await box.put(film)
        assert receipt.status_code == 201, receipt.text
        check_receipt(receipt.content, centre.key.verifier, box.origin, sha256(film), len(film))
        assert (await box.put(INIT)).status_code == 201
        clock.at = START + 4000 + DELAY - 1
        await centre.broadcast.publish(STATION)
        assert (await web.get(f"{T}/s/{STATION}/film/a/{name}")).status_code == 404
        clock.at += 1
        await centre.broadcast.publish(STATION)
        shown = await web.get(f"{T}/s/{STATION}/film/a/{name}")
        assert shown.content == film
        assert shown.headers["etag"] == f'"{sha256(film).hex()}"'
        assert "immutable" in shown.headers["cache-control"]
        assert "set-cookie" not in shown.headers
        assert (await web.get(f"{T}/s/{STATION}/film/a/0a1b2c3d-init.mp4")).content == INIT
        playlist = await web.get(f"{T}/s/{STATION}/film/a/live.m3u8")
        assert head_of(playlist.text) == (0, 1, False)
        assert f"{name}?leaf=1" in playlist.text
        assert playlist.headers["cache-control"] == "public, no-cache"
        state = centre.desk.station_state(STATION)
        assert (state.state, state.published_until, state.late_ms) == ("recording", START + 4000, 0)


async def test_the_tree_holds_the_election_the_logs_and_their_keys(folder: Path) -> None:
    async with running(folder, HandClock()) as (centre, web):
        box = await started(centre, web)
        await box.send_log()
        election = read_election((await web.get(f"{T}/election.json")).content)
        nation = VerifierKey.parse((await web.get(f"{T}/nation/vkey")).text.strip())
        assert str(nation) == election.centres[0].vkey
        head = open_checkpoint((await web.get(f"{T}/nation/checkpoint")).content, nation, "kua.example/kz-2026-rehearsal/nation")
        assert head.size >= 1
        key = VerifierKey.parse((await web.get(f"{T}/s/{STATION}/vkey")).text.strip())
        assert key == box.key.verifier
        assert open_checkpoint((await web.get(f"{T}/s/{STATION}/checkpoint")).content, key, box.origin).size == 1
        assert (await web.get(f"{T}/s/{STATION}/tile/entries/000.p/1")).content[2:] == box.entries[0]


async def test_each_accepted_checkpoint_gets_a_leaf_in_the_national_log(folder: Path) -> None:
    async with running(folder, HandClock()) as (centre, web):
        box = await started(centre, web)
        await box.send_log()
        note = box.checkpoint()
    async with running(folder, HandClock()) as (centre, web):
        leaves = [read_leaf(entry, "nation") for entry in centre._nation_log.entries(0, centre.nation.size)]
        assert [leaf.type for leaf in leaves if isinstance(leaf, Leaf)] == [
            "policy", "policy", "policy", "certificate", "station_checkpoint",
        ]
        assert leaves[4]["note"].encode() == note


async def test_a_stop_takes_the_film_away_at_once_and_says_so(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        name = box.film(b"film", INIT)
        await box.send_log()
        for data in (b"film", INIT):
            await box.put(data)
        clock.at += 60_000
        await centre.broadcast.publish(STATION)
        url = f"{T}/s/{STATION}/film/a/{name}"
        assert (await web.get(url)).status_code == 200
        order = {"station": STATION, "cam": "a", "article": "art. 8", "reason": "secrecy", "by": "chair"}
        refused = await web.post("/api/v1/control/stop", json=order)
        assert refused.status_code == 401
        done = await web.post("/api/v1/control/stop", json=order, headers={"Authorization": "Bearer control-token"})
        assert done.status_code == 200, done.text
        assert (await web.get(url)).status_code == 404
        assert not (centre.tree / "s" / STATION / "film/a" / name).exists()
        assert "#EXT-X-GAP" in (await web.get(f"{T}/s/{STATION}/film/a/day.m3u8")).text
        leaf = read_leaf(centre._nation_log.entries(done.json()["leaf"], done.json()["leaf"] + 1)[0], "nation")
        assert isinstance(leaf, Leaf)
        assert (leaf.type, leaf["article"]) == ("withdrawn", "art. 8")
        assert centre.desk.station_state(STATION).withdrawn


async def test_the_publisher_wakes_by_itself_when_a_segment_is_due(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        name = box.film(b"film", INIT)
        await box.send_log()
        await box.put(INIT)
        clock.at = START + 4000 + DELAY
        await box.put(b"film")
        path = centre.tree / "s" / STATION / "film/a" / name
        async with asyncio.timeout(5):
            while not path.exists():  # noqa: ASYNC110 - a tree of files has no event to wait for
                await asyncio.sleep(0)


async def test_the_verifier_finds_nothing_to_say_against_a_closed_day(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        certificates = add_calibration(box, folder)
        films = [bytes([number]) * 900 for number in range(3)]
        for film in films:
            box.film(film, INIT)
        box.add("gap", at=box.end, cam="a", seq=3, t0=box.end, t1=box.end + 9_000, reason="camera_lost")
        box.add("close", at=box.end + 9_000, reason="end_of_day")
        assert (await box.send_log()).status_code == 200
        for data in (*certificates, *films, INIT):
            answer = await box.put(data)
            assert answer.status_code == 201, answer.text
        clock.at = box.end + 9_000 + DELAY
        await centre.broadcast.publish(STATION)
        clock.at += COVERED
        await centre.broadcast.publish(STATION)
    report = verify_film(str(centre.tree))
    assert report.exit_code == 0, report.to_json()
    assert report.summary["segments_verified"] == report.summary["segments_logged"] == 3
    assert (centre.tree / "s" / STATION / "film/a/day.m3u8").read_text().endswith("#EXT-X-ENDLIST\n")
    assert "film.coverage_holds" in {line.code for line in report.lines}
    figures = json.loads((centre.tree / "s" / STATION / "coverage.json").read_bytes())["cameras"]["a"]
    assert figures["published_ms"] == figures["recorded_ms"] == 12_000
    assert figures["gaps_ms"] == {"camera_lost": 9_000}


async def test_a_mirror_has_the_same_files_to_the_byte_through_a_day_and_after_a_stop(folder: Path, tmp_path: Path) -> None:
    clock = HandClock()

    def files(root: Path) -> dict[str, bytes]:
        """All but old partial tiles, the national log, which grows by itself while we look, and coverage, which each says of its own moment."""
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in found.items() if ".p/" not in name and not name.startswith("nation/") and not name.endswith("coverage.json")}

    async def same(centre: Centre, copy: Mirror) -> None:
        await centre.broadcast.publish(STATION)
        done = await asyncio.to_thread(copy.copy, clock.at)
        assert done.report.exit_code == 0, [line for line in done.report.lines if line.state != "PASS"]
        assert files(tmp_path / "copy") == files(centre.tree)

    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        copy = Mirror(open_patient(str(centre.tree)), tmp_path / "copy", tmp_path / "beside", DurableFiles(), Scope(), Trust())
        certificates = add_calibration(box, folder)
        assert (await box.send_log()).status_code == 200
        for data in certificates:
            await box.put(data)
        for number in range(4):
            film = bytes([number]) * 900
            box.film(film, INIT)
            await box.send_log()
            for data in (film, INIT):
                await box.put(data)
            clock.at = box.end + DELAY
            await same(centre, copy)
        order = {"station": STATION, "cam": "a", "article": "art. 8", "reason": "secrecy", "by": "chair"}
        assert (await web.post("/api/v1/control/stop", json=order, headers={"Authorization": "Bearer control-token"})).status_code == 200
        await same(centre, copy)
        assert not list((tmp_path / "copy").rglob("*.m4s"))
        box.add("close", at=box.end, reason="end_of_day")
        await box.send_log()
        clock.at = box.end + DELAY + 120_000
        await same(centre, copy)
    assert verify_film(str(tmp_path / "copy")).exit_code == 0


def add_calibration(box: Box, folder: Path) -> tuple[bytes, bytes, bytes]:
    """Two people sign a calibration file; what is in it is not this test's business."""
    file = b'{"v":1}'
    people = [SigningKey.from_seed(f"person/{role}/{STATION}", sha256(role.encode())) for role in ("chair", "observer")]
    certificates = [
        founding.certify_person(folder, box.centre.held.election, key.name.split("/")[1], STATION, str(key.verifier)).decode() for key in people
    ]
    note = sign_calibration(people, box.election, STATION, "a", sha256(file))
    signers = canonical({"v": 1, "certificates": certificates})
    digests = {part: sha256(data).hex() for part, data in (("sha256", file), ("note", note), ("signers", signers))}
    box.add("calibration", at=START, cam="a", **digests)
    return file, note, signers


async def test_a_backlog_arrives_late_and_is_said_to_be_late(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        names = [box.film(b"film%d" % number, INIT) for number in range(3)]
        await box.send_log()
        await box.put(INIT)
        clock.at = START + 600_000
        for number in (2, 0):
            await box.put(b"film%d" % number)
        await centre.broadcast.publish(STATION)
        shown = (await web.get(f"{T}/s/{STATION}/film/a/day.m3u8")).text
        assert [name in shown and f"{name}?leaf={leaf}" in shown for leaf, name in enumerate(names, 1)] == [True, True, True]
        assert shown.count("#EXT-X-GAP") == 1
        day = centre.desk.day(STATION, "a")
        assert day.late == day.present == {sha256(b"film0").hex(), sha256(b"film2").hex()}
        assert centre.desk.station_state(STATION).late_ms == 600_000 - 12_000 - DELAY


async def test_film_that_the_profile_keeps_from_the_public_is_stored_and_not_shown(tmp_path: Path) -> None:
    found(tmp_path / "centre", phases=(("voting", START - 1000, START + 4000), ("count", START + 4000, START + 90_000)))
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = await started(centre, web)
        hidden = box.film(b"voting", INIT, phase="voting")
        public = box.film(b"count", INIT, phase="count")
        await box.send_log()
        for data in (b"voting", b"count", INIT):
            assert (await box.put(data)).status_code == 201
        clock.at += 60_000
        await centre.broadcast.publish(STATION)
        assert (await web.get(f"{T}/s/{STATION}/film/a/{hidden}")).status_code == 404
        assert (await web.get(f"{T}/s/{STATION}/film/a/{public}")).status_code == 200
        assert centre.desk.day(STATION, "a").unpublished == {sha256(b"voting").hex(): "public_voting"}


async def test_a_withdrawal_of_part_of_the_day_leaves_the_rest(folder: Path) -> None:
    clock = HandClock()
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        names = [box.film(b"film%d" % number, INIT) for number in range(3)]
        await box.send_log()
        for data in (INIT, b"film0", b"film1", b"film2"):
            await box.put(data)
        clock.at += 100_000
        await centre.broadcast.publish(STATION)
        order = {"station": STATION, "cam": "a", "article": "art. 8", "reason": "secrecy", "by": "chair", "start": START + 5000, "end": START + 6000}
        done = await web.post("/api/v1/control/stop", json=order, headers={"Authorization": "Bearer control-token"})
        assert done.status_code == 200
        assert [(await web.get(f"{T}/s/{STATION}/film/a/{name}")).status_code for name in names] == [200, 404, 200]
        assert not centre.desk.station_state(STATION).withdrawn
    report = verify_film(str(centre.tree))
    assert not [line for line in report.lines if line.state == "FAIL"], report.to_json()
