# SPDX-License-Identifier: Apache-2.0
"""The doors of `kua station up`: who may speak to the box's page and to the second device's, whose signature is taken, and when no raw picture is shown."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from starlette.requests import Request

from kua.adapters.device import device_mark, mark_of, marked
from kua.app import calibrate, calibrations, up_box, up_sign
from kua.app.up import Box
from kua.app.up_eyes import Eye
from kua.app.up_phase import may_look
from kua.app.settings import load_election, load_station
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Refused, Rejected
from kua.core.instant import Instant
from kua.proof.keys import SigningKey
from kua.proof.note import sign_text
from kua.proof.persons import Person, calibration_text, issue_person, person_name
from kua.proof.base64 import to_base64
from kua.web.panel.second import Pairing, build_second, code_of, is_near
from kua.web.panel.up import Guard, build_up
from tests.rigs.box import ELECTION, STATION, key, make_box
from tests.rigs.rooms import drawn_room

HOST = "127.0.0.1:4711"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return make_box(tmp_path / "box", "painted:7", drawn_room(320, 180, 7), phase="rehearsal", signed=False)


def certified(name: str, role: str, place: str = STATION) -> tuple[SigningKey, str]:
    """Return a person's key and certificate."""
    own = key(name)
    return own, issue_person(key(f"issuer/{role}"), Person(role, ELECTION, place, own.verifier)).decode()


def signature(box: Path, own: SigningKey) -> str:
    text = calibration_text(ELECTION, STATION, "a", sha256((box / "calibration/a.json").read_bytes()))
    return to_base64(sign_text(text, own).made)


def sign(box: Path, own: SigningKey, certificate: str, roles: set[str], made: str | None = None, device: str = "") -> None:
    up_sign.accept(box, "a", str(own.verifier), made or signature(box, own), certificate, roles, device or sha256(str(own.verifier).encode()).hex())


def code(error: pytest.ExceptionInfo[KuaError]) -> str:
    return error.value.code


# ------------------------------------------------------------------------------------------------------------ signatures


def test_a_chair_and_an_observer_make_a_calibration_that_holds(box: Path) -> None:
    sign(box, *certified(person_name("chair", STATION), "chair"), {"chair"})
    sign(box, *certified(person_name("observer", STATION), "observer"), {"observer"})
    assert [person.role for person in calibrations.load(box, "a").people] == ["chair", "observer"]


def test_the_device_of_the_chair_takes_no_second_role(box: Path) -> None:
    with pytest.raises(Rejected) as error:
        sign(box, *certified(person_name("observer", STATION), "observer"), {"chair"})
    assert code(error) == "up.role"


def test_one_key_under_two_names_is_one_person(box: Path) -> None:
    chair, certificate = certified(person_name("chair", STATION), "chair")
    sign(box, chair, certificate, {"chair"})
    twin = SigningKey.from_seed(person_name("observer", STATION), sha256(chair.name.encode()))
    other = issue_person(key("issuer/observer"), Person("observer", ELECTION, STATION, twin.verifier)).decode()
    with pytest.raises(Rejected) as error:
        sign(box, twin, other, {"observer"})
    assert code(error) == "calibration.one_person"


def test_two_keys_from_one_device_are_refused_but_in_a_rehearsal(tmp_path: Path) -> None:
    for kind in ("rehearsal", "parliamentary"):
        box = make_box(tmp_path / kind, "painted:7", drawn_room(320, 180, 7), phase="opening", signed=False, kind=kind)
        sign(box, *certified(person_name("chair", STATION), "chair"), {"chair"}, device="1" * 64)
        observer = certified(person_name("observer", STATION), "observer")
        if kind == "rehearsal":
            sign(box, *observer, {"observer"}, device="1" * 64)
            continue
        with pytest.raises(Rejected) as error:
            sign(box, *observer, {"observer"}, device="1" * 64)
        assert code(error) == "calibration.one_device"
        assert (box / "calibration/a.note").read_text().count("\u2014 ") == 1, "nothing half-written stays"
        sign(box, *observer, {"observer"}, device="2" * 64)
        assert len(calibrations.load(box, "a").people) == 2


def test_keys_of_two_people_that_were_made_on_one_computer_are_refused_and_so_is_one_that_hides_where_it_was_made(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:7", drawn_room(320, 180, 7), phase="opening", signed=False, kind="parliamentary")
    first, second = (device_mark(tmp_path / name, tmp_path / f"{name}-own") for name in ("one", "two"))
    people = {}
    for role, mark in (("chair", first), ("observer", first)):
        own, certificate = certified(person_name(role, STATION), role)
        (tmp_path / f"{role}.cert").write_text(certificate)
        (tmp_path / f"{role}.pem").write_bytes(marked(own.to_pem(), mark))
        people[role] = own
    assert calibrate.sign(box, "a", tmp_path / "chair.pem", tmp_path / "chair.cert") == [person_name("chair", STATION)]
    for pem, refusal in ((marked(people["observer"].to_pem(), first), "calibration.one_device"), (people["observer"].to_pem(), "calibration.no_device")):
        (tmp_path / "observer.pem").write_bytes(pem)
        with pytest.raises(Rejected) as error:
            calibrate.sign(box, "a", tmp_path / "observer.pem", tmp_path / "observer.cert")
        assert code(error) == refusal
    (tmp_path / "observer.pem").write_bytes(marked(people["observer"].to_pem(), second))
    assert len(calibrate.sign(box, "a", tmp_path / "observer.pem", tmp_path / "observer.cert")) == 2


def test_the_mark_of_a_device_stays_and_says_nothing_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "machine").write_text("0123456789abcdef0123456789abcdef\n")
    assert device_mark(tmp_path / "machine") == device_mark(tmp_path / "machine") != device_mark(tmp_path / "none", tmp_path / "own")
    assert device_mark(tmp_path / "none", tmp_path / "own") == device_mark(tmp_path / "none", tmp_path / "own")
    assert "0123456789abcdef" not in device_mark(tmp_path / "machine")
    assert mark_of(marked(key("anybody").to_pem(), "a" * 64)) == "a" * 64
    assert mark_of(marked(key("anybody").to_pem(), "../etc")) == ""


@pytest.mark.parametrize(("client", "near"), [("192.0.2.7", True), ("127.0.0.1", True), ("192.0.2.8", False), ("odd", True)])
def test_a_second_device_that_is_this_computer_is_known_by_its_address(client: str, near: bool) -> None:
    scope = {"type": "http", "client": (client, 50_000), "server": ("192.0.2.7", 4711), "headers": []}
    assert is_near(Request(scope)) is near


def test_a_signature_over_another_file_a_foreign_key_and_a_foreign_station_are_refused(box: Path) -> None:
    chair, certificate = certified(person_name("chair", STATION), "chair")
    with pytest.raises(Rejected) as error:
        sign(box, chair, certificate, {"chair"}, to_base64(sign_text("kua/calibration/v1\nother\n", chair).made))
    assert code(error) == "calibration.signature"
    with pytest.raises(Rejected) as error:
        sign(box, key("somebody"), certificate, {"chair"})
    assert code(error) == "calibration.key_differs"
    with pytest.raises(Rejected) as error:
        sign(box, *certified(person_name("chair", "10-246"), "chair", "10-246"), {"chair"})
    assert code(error) == "calibration.signer_unknown"
    with pytest.raises(Rejected) as error:
        sign(box, chair, "nonsense", {"chair"})
    assert code(error) == "note.form"
    assert not (box / "calibration/a.note").exists(), "nothing half-written stays"


# ---------------------------------------------------------------------------------------------------------------- files


def test_another_camera_takes_the_old_room_and_its_signatures_away_and_its_password_is_for_the_owner_only(box: Path) -> None:
    up_box.choose(box, "a", "rtsp://viewer@192.0.2.10/one", 'a "secret" = %')
    assert not list((box / "calibration").glob("a.*"))
    assert (box / up_box.SECRETS).stat().st_mode & 0o777 == 0o600
    assert up_box.secrets_of(box) == {"KUA_CAMERA_A_PASSWORD": 'a "secret" = %'}
    assert "secret" not in (box / "kua.toml").read_text()
    assert load_station(box).camera("a").source == "rtsp://viewer@192.0.2.10/one"


@pytest.mark.parametrize("source", ["", "camera", "rtsp://", "http://192.0.2.1/", 'rtsp://h/"\nfps=1', "rtsp://[::1"])
def test_what_is_no_address_of_a_camera_is_refused(box: Path, source: str) -> None:
    before = (box / "kua.toml").read_bytes()
    with pytest.raises(Misused):
        up_box.choose(box, "a", source, "")
    assert (box / "kua.toml").read_bytes() == before


def test_a_box_is_made_in_an_empty_folder_only_and_a_wrong_sheet_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").touch()
    for name in ("file", "full"):
        with pytest.raises(Misused) as error:
            up_box.make(tmp_path / name, STATION, "http://127.0.0.1:1", "abcd", ELECTION, str(key("commission").verifier))
        assert code(error) == "up.not_empty"
    with pytest.raises(KuaError):
        up_box.make(tmp_path / "new", STATION, "http://127.0.0.1:1", "abcd", ELECTION, str(key("commission").verifier))
    with pytest.raises(Misused):
        up_box.make(tmp_path / "new", "№ 5", "http://127.0.0.1:1", "abcd", ELECTION, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_a_password_in_the_address_is_refused(box: Path) -> None:
    with pytest.raises(Misused) as error:
        up_box.require_source("rtsp://viewer:secret@192.0.2.10/one")
    assert code(error) == "up.password_in_address"


def test_a_changed_zone_asks_for_learning_and_signing_again(box: Path) -> None:
    sign(box, *certified(person_name("chair", STATION), "chair"), {"chair"})
    signed = json.loads((_enrolled(box) / "calibration/a.json").read_bytes())
    heads = [(head["y"], head["px"]) for head in signed["head"]]
    up_box.draw(box, "a", signed["zones"], heads)
    before = up_box.stand(box, {}).cameras[0]
    assert before.is_learned
    assert before.signers == (person_name("chair", STATION),)
    up_box.draw(box, "a", {**signed["zones"], "booth": [[[0, 0], [900, 0], [900, 900]]]}, heads)
    after = up_box.stand(box, {}).cameras[0]
    assert not after.is_learned
    assert after.signers == ()


def test_a_zone_outside_the_picture_is_refused_and_the_drawing_stays(box: Path) -> None:
    with pytest.raises(Rejected) as error:
        up_box.draw(box, "a", {"booth": [[[0, 0], [20_000, 0], [0, 900]]]}, [])
    assert code(error) == "calibration.zone_outside"
    assert not (box / "calibration/a.zones.toml").exists()


def _enrolled(box: Path) -> Path:
    vkey = str(key("centre").verifier)
    told = {
        "v": 1,
        "origin": f"example.kz/{ELECTION}/s/{STATION}",
        "centre_url": "http://127.0.0.1:1",
        "centre_vkey": vkey,
        "certificate": 0,
    }
    (box / "enrolment.json").write_bytes(canonical(told))
    return box


# -------------------------------------------------------------------------------------------------------- no raw picture


@pytest.mark.parametrize(
    ("phase", "may"), [("rehearsal", True), ("opening", True), ("voting", False), ("count", False), ("protocol", False), ("storage", False)]
)
def test_a_raw_picture_may_be_looked_at_in_no_phase_but_rehearsal_and_opening(tmp_path: Path, phase: str, may: bool) -> None:
    made = make_box(tmp_path / "box", "painted:7", drawn_room(320, 180, 7), phase=phase)
    election, _ = load_election(made, load_station(made))
    assert may_look(election, STATION, Instant(1_000)) is may
    desk = Box(_enrolled(made))
    try:
        if may:
            desk.picture("a", 0, raw_only=True)
        else:
            with pytest.raises(Refused) as error:
                desk.picture("a", 0, raw_only=True)
            assert code(error) == "up.closed"
    finally:
        desk.close()


def test_the_process_that_decodes_ends_by_itself_while_people_vote(tmp_path: Path) -> None:
    made = make_box(tmp_path / "box", "painted:7", drawn_room(320, 180, 7), phase="voting")
    eye = Eye(made, "a", "painted:7?w=320&h=180", {}, raw_only=True)
    try:
        eye.ended(60)
        assert eye.is_closed
        assert eye.newest is None
    finally:
        eye.close()


# ---------------------------------------------------------------------------------------------------------------- doors


async def test_the_one_time_token_opens_once_and_nothing_is_said_without_a_session(box: Path) -> None:
    guard = Guard()
    token = guard.renew()
    async with _client(build_up(Box(_enrolled(box)), guard, lambda: (HOST,))) as web:
        assert (await web.get("/part/en/go")).json()["code"] == "up.token"
        session = (await web.post("/enter", json={"token": token})).json()["session"]
        assert (await web.post("/enter", json={"token": token})).status_code == 401
        mine = {"Authorization": f"Bearer {session}"}
        assert STATION in (await web.get("/part/en/where", headers=mine)).text
        for path in ("/part/en/where", "/state/a", "/still/a", "/look/a"):
            assert (await web.get(path)).status_code == 401, path
        assert (await web.post("/do/en/start", json={})).status_code == 401


async def test_a_foreign_name_and_a_foreign_page_are_refused_even_with_the_session(box: Path) -> None:
    guard = Guard()
    session = guard.enter(guard.renew())
    mine = {"Authorization": f"Bearer {session}"}
    async with _client(build_up(Box(_enrolled(box)), guard, lambda: (HOST,))) as web:
        assert (await web.get("/state/a", headers={**mine, "Host": "evil.example"})).json()["code"] == "up.host"
        assert (await web.post("/do/en/stop", json={}, headers={**mine, "Origin": "http://evil.example"})).json()["code"] == "up.origin"
        assert (await web.get("/kk/go", headers={"Host": "evil.example"})).status_code == 403


async def test_every_page_forbids_inline_and_foreign_code_and_no_cookie_is_set(box: Path) -> None:
    guard = Guard()
    mine = {"Authorization": f"Bearer {guard.enter(guard.renew())}"}
    async with _client(build_up(Box(_enrolled(box)), guard, lambda: (HOST,))) as web:
        for path in ("/kk/go", "/part/kk/where", "/part/ru/camera", "/part/en/aim", "/part/kk/day"):
            answer = await web.get(path, headers=mine)
            assert answer.status_code == 200, (path, answer.text)
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert "set-cookie" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
            assert " style=" not in answer.text
            assert "onclick" not in answer.text


def _client(app: Any, base: str = f"http://{HOST}") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base)


# -------------------------------------------------------------------------------------------------------- second device


def pairing(told: list[Mapping[str, Any]]) -> Pairing:
    return Pairing("the-token", "ab" * 32, {"text": "kua/calibration/v1\nx\ny\n"}, b"still", told.append)


async def test_the_second_door_has_a_closed_list_of_routes_and_says_nothing_without_its_token() -> None:
    told: list[Mapping[str, Any]] = []
    async with _client(build_second(pairing(told), lambda: (HOST,)), f"https://{HOST}") as web:
        assert (await web.get("/en/")).status_code == 200
        for path in ("/part/en/where", "/look/a", "/state/a", "/do/en/start", "/static/up.js", "/static/../up.js", "/still"):
            assert (await web.get(path)).status_code in {404, 405, 307}, path
        for path in ("/what", "/still", "/key", "/state", "/sign"):
            assert (await web.post(path, json={}, headers={"Origin": f"https://{HOST}"})).status_code == 401, path
    assert told == []


async def test_nothing_is_signed_before_the_numbers_were_compared_and_then_by_that_key_only() -> None:
    told: list[Mapping[str, Any]] = []
    pair = pairing(told)
    mine = {"Authorization": "Bearer the-token", "Origin": f"https://{HOST}", "Kua-Language": "en"}
    first, second = str(key("person/observer/10-245").verifier), str(key("person/member/10-245").verifier)
    async with _client(build_second(pair, lambda: (HOST,)), f"https://{HOST}") as web:
        said = (await web.post("/key", json={"vkey": first}, headers=mine)).json()["code"]
        assert said == code_of(pair.fingerprint, pair.what["text"], first) != code_of(pair.fingerprint, pair.what["text"], second)
        early = await web.post("/sign", json={"vkey": first, "signature": "", "certificate": ""}, headers=mine)
        assert early.json()["code"] == "up.not_compared"
        pair.hear({"confirmed": second})
        assert not pair.is_confirmed, "another key than the one that is shown cannot be confirmed"
        pair.hear({"confirmed": first})
        assert (await web.post("/key", json={"vkey": second}, headers=mine)).json()["code"] == "up.other_device"
        heard = asyncio.Event()
        pair.tell = lambda said: heard.set() if "sign" in said else None
        waits = asyncio.ensure_future(web.post("/sign", json={"vkey": first, "signature": "s", "certificate": "c"}, headers=mine))
        await heard.wait()
        pair.hear({"answer": {"code": "up.role", "what": "no", "why": "", "do": ""}})
        assert (await waits).status_code == 400
        assert not pair.is_signed
        assert (await web.post("/still", json={}, headers=mine)).content == b"still"
