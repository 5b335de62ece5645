# SPDX-License-Identifier: Apache-2.0
"""The stop button and the command line of the centre."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from kua.core.digest import sha256
from kua.core.errors import Misused
from kua.app.centre import build
from kua.proof.keys import SigningKey
from kua.proof.persons import check_person, issuers_by_role
from tests.rigs.centre import STATION, Box, HandClock, found, running

TOKEN = "a-token-of-sixteen-letters"


def kua(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kua.cli.main", *arguments], capture_output=True, text=True, timeout=60, check=False)


async def entered(web: httpx.AsyncClient) -> str:
    """Enter the office and return the token of its form."""
    answer = await web.post("/office/enter", data={"token": TOKEN})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/office" in cookie
    web.cookies.set("kua_office", cookie.partition("=")[2].partition(";")[0], domain="centre", path="/office")
    found_token = re.search(r'name="csrf" value="([^"]+)"', (await web.get("/office/?lang=en")).text)
    assert found_token is not None
    return found_token[1]


async def test_one_button_ends_a_publication(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock, KUA_OFFICE_TOKEN=TOKEN) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        name = box.film(b"film", b"init")
        await box.send_log()
        for data in (b"film", b"init"):
            await box.put(data)
        clock.at += 60_000
        await centre.broadcast.publish(STATION)
        assert (centre.tree / "s" / STATION / "film/a" / name).exists()
        csrf = await entered(web)
        form = {"camera": f"{STATION}/a", "article": "art. 8", "reason": "secrecy"}
        forged = await web.post("/office/stop", data=form | {"csrf": "guessed"})
        assert forged.status_code == 403
        assert (centre.tree / "s" / STATION / "film/a" / name).exists()
        done = await web.post("/office/stop", data=form | {"csrf": csrf})
        assert done.status_code == 303, done.text
        assert not (centre.tree / "s" / STATION / "film/a" / name).exists()
        page = await web.get(done.headers["location"] + "&lang=en")
        assert "not published any more" in page.text
        assert page.headers["cache-control"] == "no-store"


async def test_nobody_enters_without_the_token(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock(), KUA_OFFICE_TOKEN=TOKEN) as (_, web):
        answer = await web.post("/office/enter", data={"token": "wrong"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        refused = await web.post("/office/stop", data={"camera": f"{STATION}/a", "article": "x", "reason": "secrecy", "csrf": ""})
        assert refused.status_code == 403


async def test_without_a_token_in_the_environment_there_is_no_office(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock()) as (_, web):
        assert (await web.get("/office/")).status_code == 404
    with pytest.raises(Misused, match=r"office\.short_token"):
        build(tmp_path / "centre", environment={"KUA_OFFICE_TOKEN": "short"})


async def test_the_public_pages_have_no_cookie_and_know_the_stations(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock(), KUA_OFFICE_TOKEN=TOKEN) as (_, web):
        await entered(web)
        page = await web.get(f"/en/s/{STATION}")
        assert page.status_code == 200
        assert "set-cookie" not in page.headers


def test_the_commands_found_a_centre_and_let_a_station_and_a_person_in(tmp_path: Path) -> None:
    folder = str(tmp_path / "centre")
    made = kua("centre", "init", folder, "--example")
    assert made.returncode == 0, made.stderr
    assert kua("centre", "init", folder, "--example").returncode == 64
    code = kua("centre", "code", STATION, "--dir", folder)
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}\n", code.stdout)
    assert kua("centre", "code", "99-1", "--dir", folder).returncode == 64
    chair = SigningKey.from_seed(f"person/chair/{STATION}", sha256(b"chair"))
    issued = kua("centre", "issue-person", "--role", "chair", "--station", STATION, "--vkey", str(chair.verifier), "--dir", folder)
    election = build(tmp_path / "centre", environment={})
    try:
        issuers = issuers_by_role((issuer.role, issuer.vkey) for issuer in election.held.election.issuers)
        assert check_person(issued.stdout.encode(), issuers).role == "chair"
    finally:
        election.close()
    for slip in (["--article", ""], ["--article", "20-бап"], ["--article", "art. 8", "--reason", "foo"], ["--article", "art. 8", "--by", "me"]):
        refused = kua("centre", "stop", STATION, "a", *slip, "--dir", folder)
        assert (refused.returncode, refused.stderr.partition(".")[0], refused.stdout) == (64, "stop", "")
    wrong = kua("centre", "issue-person", "--role", "observer", "--station", STATION, "--vkey", str(chair.verifier), "--dir", folder)
    assert (wrong.returncode, wrong.stderr.partition(":")[0]) == (64, "person.key_name")
    stopped = kua("centre", "stop", STATION, "a", "--article", "art. 8", "--dir", folder)
    assert json.loads(stopped.stdout)["station"] == STATION
    status = json.loads(kua("centre", "status", folder, "--json").stdout)
    assert (status["running"], len(status["stations"])) == (False, 3)
    assert json.loads(kua("centre", "rejected", folder, "--json").stdout) == []


async def test_an_order_with_a_wrong_word_is_told_on_the_page_and_nothing_is_logged(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock(), KUA_OFFICE_TOKEN=TOKEN) as (centre, web):
        csrf = await entered(web)
        before = centre.nation.size
        for slip in ({"article": "20-бап"}, {"article": " "}, {"reason": "foo"}, {"camera": ""}):
            answer = await web.post("/office/stop?lang=en", data={"camera": f"{STATION}/a", "article": "x", "reason": "order", "csrf": csrf} | slip)
            assert answer.status_code in {400, 404}
            assert 'role="alert"' in answer.text
        assert centre.nation.size == before


async def test_the_office_has_one_style_named_by_its_hash(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock(), KUA_OFFICE_TOKEN=TOKEN) as (_, web):
        page = await web.get("/office/")
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in page.headers["content-security-policy"]


def test_a_decision_for_a_station_that_is_not_there_is_refused(tmp_path: Path) -> None:
    made = kua("centre", "init", str(tmp_path / "centre"), "--example", "--public-voting", f"{STATION},99-99")
    assert (made.returncode, made.stderr.partition(":")[0]) == (64, "centre.voting_station")
    assert not (tmp_path / "centre" / "election.json").exists()


def test_what_is_no_centre_has_no_rejected_files(tmp_path: Path) -> None:
    assert kua("centre", "rejected", str(tmp_path / "nowhere")).returncode == 64


def test_the_keys_of_a_centre_are_for_its_owner_only(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    keys = tmp_path / "centre" / "keys"
    assert keys.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.iterdir())


def test_a_folder_that_is_no_centre_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"centre\.no_file"):
        build(tmp_path)
