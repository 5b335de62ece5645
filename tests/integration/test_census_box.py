# SPDX-License-Identifier: Apache-2.0
"""The census of a real box: listed, signed by two, stated in the log, and an alarm when the network is no longer what was signed. Real sockets on loopback."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.device import marked
from kua.adapters.tilelog import DiskLog
from kua.app import census as desk
from kua.app.census_watch import HOLD, STALE, Rounds, Watch, standing, try_defaults
from kua.cli import main
from kua.core.digest import sha256
from kua.core.errors import Incomplete, Misused, Rejected
from kua.core.instant import Instant, Millis
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.proof.persons import Person, issue_person, person_name
from kua.station.journal import Camera, Day, Journal, leaves_of
from kua.testing.clock import ManualClock
from tests.rigs.box import ELECTION, STATION, key, make_box
from tests.rigs.camera_net import discoverable, rtsp
from tests.rigs.rooms import drawn_room

SOON = Millis(200)
NOW = Instant(1_800_000_000_000)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUA_LANG", "en")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    made = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180))
    for role in ("chair", "observer"):
        holder = key(person_name(role, STATION))
        (tmp_path / f"{role}.pem").write_bytes(holder.to_pem())
        (tmp_path / f"{role}.cert").write_bytes(issue_person(key(f"issuer/{role}"), Person(role, ELECTION, STATION, holder.verifier)))
    return made


def kua(box: Path, *words: str) -> int:
    return main.run(["station", "census", "--box", str(box), *words])


def sign(box: Path, *roles: str) -> int:
    return [kua(box, "--sign", str(box.parent / f"{role}.pem"), "--certificate", str(box.parent / f"{role}.cert")) for role in roles][-1]


def told(box: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    kua(box, "--json")
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    return read


def lacks(box: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [lack["code"] for lack in told(box, capsys)["lacks"]]


def doors(port: int, tmp_path: Path, arp: str = "", *, speaks: tuple[int, ...] = ()) -> desk.Doors:
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n" + arp)
    return desk.Doors(SOON, port, speaks, (), table)


def journal(box: Path) -> tuple[Journal, DiskLog]:
    origin = f"example.kz/{ELECTION}/s/{STATION}"
    log = DiskLog.open(box / "log", origin, SigningKey.from_seed(origin, bytes(32)))
    made = Journal(log, ManualClock(NOW), "00c0ffee")
    papers = (sha256(b"1"), sha256(b"2"), sha256(b"3"))
    made.begin(
        Day(ELECTION, sha256(b""), STATION, (Camera("a", 320, 180, 10_000),), (("hiding", 1, sha256(b"")),), {"a": papers}),
        sha256(b""),
        sha256(b""),
    )
    return made, log


def test_a_fresh_box_lists_its_own_camera_and_is_not_ready(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kua(box) == 2
    said = capsys.readouterr()
    assert "used by this station" in said.out
    assert "Nothing is written yet" in said.err
    assert not (box / "census").exists()


def test_a_list_that_two_people_have_signed_makes_the_station_ready(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kua(box, "--add", "above the door", "--kind", "dome", "--whose", "host", "--state", "covered") == 2
    assert lacks(box, capsys) == ["census.recorder_missing", "census.unsigned"]
    assert kua(box, "--no-recorder") == 2
    assert sign(box, "chair") == 2
    assert sign(box, "observer") == 0
    assert told(box, capsys)["signed_by"] == ["person/chair/10-245", "person/observer/10-245"]


def test_one_key_twice_and_the_key_of_another_are_refused(box: Path) -> None:
    kua(box, "--no-recorder")
    sign(box, "chair")
    with pytest.raises(Rejected, match=r"census\.signed_already"):
        desk.sign(box, box.parent / "chair.pem", box.parent / "chair.cert")
    with pytest.raises(Rejected, match=r"census\.key_differs"):
        desk.sign(box, box.parent / "chair.pem", box.parent / "observer.cert")


def test_two_keys_from_one_device_are_refused_outside_a_rehearsal(tmp_path: Path) -> None:
    made = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180), kind="parliament")
    kua(made, "--no-recorder")
    for role, device in (("chair", "a"), ("observer", "a"), ("observer", "b"), ("observer", "")):
        holder = key(person_name(role, STATION))
        pem = holder.to_pem()
        (tmp_path / f"{role}{device}.pem").write_bytes(marked(pem, device * 64) if device else pem)
        (tmp_path / f"{role}.cert").write_bytes(issue_person(key(f"issuer/{role}"), Person(role, ELECTION, STATION, holder.verifier)))
    desk.sign(made, tmp_path / "chaira.pem", tmp_path / "chair.cert")
    for given, code in (("observera", "one_device"), ("observer", "no_device")):
        with pytest.raises(Rejected, match=rf"calibration\.{code}"):
            desk.sign(made, tmp_path / f"{given}.pem", tmp_path / "observer.cert")
    assert len(desk.sign(made, tmp_path / "observerb.pem", tmp_path / "observer.cert")) == 2


def test_any_change_takes_the_signatures_away_and_can_be_undone(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kua(box, "--no-recorder")
    assert sign(box, "chair", "observer") == 0
    assert kua(box, "--add", "corridor", "--whose", "host", "--state", "off") == 2
    assert lacks(box, capsys) == ["census.unsigned"]
    assert kua(box, "--set", "2", "unknown") == 2
    assert lacks(box, capsys) == ["census.state_unknown", "census.unsigned"]
    assert kua(box, "--remove", "2") == 2
    assert [camera["number"] for camera in told(box, capsys)["cameras"]] == [1]
    assert kua(box, "--add", "corridor again", "--whose", "host", "--state", "off") == 2
    assert sign(box, "chair", "observer") == 0


def test_a_file_changed_by_hand_is_not_what_was_signed(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kua(box, "--no-recorder")
    sign(box, "chair", "observer")
    file = box / "census/census.json"
    file.write_bytes(file.read_bytes().replace(b"kua: a", b"kua: b"))
    body = told(box, capsys)
    assert (body["ready"], body["signature_trouble"]) == (False, "census.altered")
    assert desk.leaf_of(box, NOW) is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--add", ""], 64), (["--add", "x", "--kind", "cube"], 64), (["--add", "x", "--whose", "mine"], 64), (["--add", "x", "--state", "used"], 64),
        (["--set", "9", "off"], 64), (["--set", "1", "broken"], 64), (["--remove", "9"], 64), (["--address", "192.0.2.0/24"], 64),
        (["--address", "camera.local"], 64), (["--interface", "nosuchdoor0"], 64), (["--recorder", "x"], 64),
        (["--recorder", "Guard Room", "--last", "2026-03-14 18:05", "--shown", "2026-03-14 18:06"], 64),
        (["--recorder", "x", "--last", "yesterday", "--shown", "now"], 64), (["--add", "x", "--remove", "1"], 64), (["--sign", "nobody.pem"], 64),
        (["--act", "act.txt", "--language", "fr"], 64), (["--act", "act.txt"], 2), (["--watch", "--once"], 2), (["--try-defaults"], 2),
    ],
)  # fmt: skip
def test_what_a_person_types_wrong_is_said_and_changes_nothing(
    box: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kua(box, *words) == code
    assert "census." in capsys.readouterr().err or words[0] == "--sign"
    assert not (box / "census/census.json").exists()


def test_the_act_is_printed_in_three_languages_and_runs_no_script(box: Path, tmp_path: Path) -> None:
    kua(box, "--add", "<b>door</b>", "--whose", "host", "--state", "covered")
    kua(box, "--recorder", "guard-room", "--last", "2026-03-14 18:05", "--shown", "2026-03-15 06:41")
    pages = {}
    for language in ("kk", "ru", "en"):
        kua(box, "--act", str(tmp_path / f"act.{language}.html"), "--language", language)
        kua(box, "--act", str(tmp_path / f"act.{language}.txt"), "--language", language)
        pages[language] = (tmp_path / f"act.{language}.html").read_text()
        assert "10-245" in (tmp_path / f"act.{language}.txt").read_text()
        assert "<b>door" not in pages[language]
        assert "<script" not in pages[language]
    assert len(set(pages.values())) == 3


def test_what_answers_on_the_network_is_listed_as_unknown_until_a_person_has_looked(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with discoverable() as port:
        desk.look(box, ["lo"], [], doors(port, tmp_path))
        desk.look(box, ["lo"], [], doors(port, tmp_path))
    body = told(box, capsys)
    assert [(camera["whose"], camera["state"], camera["found"]) for camera in body["cameras"]] == [
        ("ours", "used", "settings"),
        ("unknown", "unknown", "network"),
    ]
    assert [lack["code"] for lack in body["lacks"]] == ["census.state_unknown", "census.recorder_missing", "census.unsigned"]


def signed_with_one_device(box: Path, tmp_path: Path, port: int, arp: str) -> None:
    """A census with one covered camera of the school at 127.0.0.1, signed."""
    desk.look(box, ["lo"], [], doors(port, tmp_path, arp))
    kua(box, "--set", "2", "covered", "--whose", "host")
    kua(box, "--no-recorder")
    assert sign(box, "chair", "observer") == 0


MAC = "127.0.0.1  0x1  0x2  02:00:00:00:00:0{}  *  lo\n"


def test_nothing_is_raised_while_the_network_is_what_was_signed(box: Path, tmp_path: Path) -> None:
    with discoverable() as port:
        signed_with_one_device(box, tmp_path, port, MAC.format(1))
        assert Watch(box, doors(port, tmp_path, MAC.format(1))).look(NOW) == []
        assert kua(box, "--watch", "--once") == 0


def test_a_stranger_and_a_changed_card_raise_alarms_that_end_only_after_a_while(box: Path, tmp_path: Path) -> None:
    with discoverable() as port:
        signed_with_one_device(box, tmp_path, port, MAC.format(1))
        watch = Watch(box, doors(port, tmp_path, MAC.format(2)))
        assert [raised.kind for raised in watch.look(NOW)] == ["camera_changed"]
        stranger = "127.0.0.9  0x1  0x2  02:00:00:00:00:09  *  lo\n"
        watch._at = doors(port, tmp_path, MAC.format(1) + stranger)
        assert [raised.kind for raised in watch.look(Instant(NOW + 60_000))] == ["camera_changed", "unknown_device"]
        watch._at = doors(port, tmp_path, MAC.format(1))
        assert len(watch.look(Instant(NOW + HOLD - 1))) == 2
        assert [raised.kind for raised in watch.look(Instant(NOW + HOLD))] == ["unknown_device"]
        assert watch.look(Instant(NOW + HOLD + 60_000)) == []


def test_without_two_signatures_there_is_nothing_to_compare_with(box: Path) -> None:
    with pytest.raises(Incomplete, match=r"census\.not_signed"):
        Watch(box).look(NOW)


def test_the_log_states_the_signed_census_in_numbers_and_each_alarm_once(box: Path, tmp_path: Path) -> None:
    with discoverable() as port:
        signed_with_one_device(box, tmp_path, port, MAC.format(1))
        made, log = journal(box)
        rounds = Rounds(box)
        rounds.state(made, NOW)
        rounds.state(made, NOW)
        Watch(box, doors(port, tmp_path, MAC.format(2))).look(NOW)
        rounds.state(made, NOW)
        rounds.state(made, Instant(NOW + STALE + 1))  # a look that is too old neither raises nor ends
        Watch(box, doors(port, tmp_path, MAC.format(1))).look(Instant(NOW + STALE + 2))
        rounds.state(made, Instant(NOW + STALE + 2))
        leaves = leaves_of(log)
        log.close()
    stated = [leaf for leaf in leaves if leaf.type == "census"]
    assert len(stated) == 1
    assert stated[0]["states"] == {"used": 1, "off": 0, "covered": 1, "masked": 0, "unknown": 0}
    assert stated[0]["owners"] == {"ours": 1, "host": 1, "unknown": 0}
    assert (stated[0]["recorder"], stated[0]["sha256"]) == ("none", sha256((box / "census/census.json").read_bytes()).hex())
    assert [(leaf["kind"], leaf["state"], leaf["cam"]) for leaf in leaves if leaf.type == "fault"] == [
        ("camera_changed", "begin", None),
        ("camera_changed", "end", None),
    ]
    text = json.dumps([leaf.body for leaf in stated])
    assert "127.0.0.1" not in text
    assert "02:00" not in text
    assert (box / "census/kept" / f"{stated[0]['sha256'][:16]}.note").read_bytes() == (box / "census/census.note").read_bytes()


def test_an_unsigned_census_is_never_stated(box: Path) -> None:
    kua(box, "--no-recorder")
    sign(box, "chair")
    made, log = journal(box)
    Rounds(box).state(made, NOW)
    assert not [leaf for leaf in leaves_of(log) if leaf.type == "census"]
    log.close()


def test_a_new_signed_census_is_stated_after_the_old_one_also_after_a_restart(box: Path) -> None:
    kua(box, "--no-recorder")
    sign(box, "chair", "observer")
    made, log = journal(box)
    Rounds(box).state(made, NOW)
    log.close()
    made, log = journal(box)
    rounds = Rounds(box)
    rounds.state(made, NOW)
    kua(box, "--add", "corridor", "--whose", "host", "--state", "off")
    sign(box, "chair", "observer")
    rounds.state(made, NOW)
    assert [leaf["owners"]["host"] for leaf in leaves_of(log) if leaf.type == "census"] == [0, 1]
    log.close()


def test_our_own_camera_that_opens_to_anybody_is_an_alarm_until_it_does_not(tmp_path: Path) -> None:
    with rtsp(("admin", "12345")) as port:
        made = make_box(tmp_path / "box", f"rtsp://viewer@127.0.0.1:{port}/main", drawn_room(320, 180))
        assert kua(made, "--try-defaults") == 1
        assert [(raised.kind, raised.cam) for raised in standing(made)] == [("default_password", "a")]
        journal_, log = journal(made)
        Rounds(made).state(journal_, NOW)
        assert [leaf["cam"] for leaf in leaves_of(log) if leaf.type == "fault"] == ["a"]
        log.close()
    with rtsp(("admin", "a good one")) as port:
        settings = (made / "kua.toml").read_text()
        (made / "kua.toml").write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", settings))
        assert try_defaults(made) == []
    assert standing(made) == []


def test_a_camera_given_by_name_is_asked_for_only_when_somebody_looks_at_the_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_box(tmp_path / "box", "rtsp://viewer@localhost:1/main", drawn_room(320, 180))
    assert told(made, capsys)["cameras"][0]["address"] is None
    with discoverable(multicast=False) as port:
        desk.look(made, ["lo"], [], doors(port, tmp_path))
    assert told(made, capsys)["cameras"][0]["address"] in {"127.0.0.1", "::1"}


def test_a_forged_file_is_unreadable_whatever_its_field(box: Path) -> None:
    kua(box, "--add", "corridor", "--whose", "host", "--state", "off")
    file = box / "census/census.json"
    body = json.loads(file.read_bytes())
    for field in body:
        for wrong in (None if field != "recorder" else 3, -1, {"x": 1}, ["x"]):
            if field in {"election", "station", "interfaces"}:
                continue
            file.write_bytes(json.dumps({**body, field: wrong}, sort_keys=True, separators=(",", ":")).encode())
            with pytest.raises(Rejected, match=r"census\.unreadable"):
                desk.load(box)


def test_a_census_holds_no_more_than_a_room_can(box: Path) -> None:
    census, one = desk.load(box), desk.Listed(0, "wall", "dome", "host", "off", "eye")
    for _ in range(desk.sheet.MOST - 1):
        census = desk.sheet.added(census, one)
    with pytest.raises(Misused, match=r"census\.too_many"):
        desk.sheet.added(census, one)


def test_the_check_of_the_station_speaks_of_census_and_alarms(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main.run(["station", "check", "--box", str(box)])
    assert "The cameras of the room are not all listed" in capsys.readouterr().out
    with discoverable() as port:
        signed_with_one_device(box, tmp_path, port, MAC.format(1))
        Watch(box, doors(port, tmp_path, MAC.format(2))).look(NOW)
    capsys.readouterr()
    main.run(["station", "check", "--box", str(box)])
    said = capsys.readouterr().out
    assert "not all listed" not in said
    assert "ALARM" in said
    main.run(["station", "check", "--box", str(box), "--json"])
    assert [alarm["kind"] for alarm in json.loads(capsys.readouterr().out)["alarms"]] == ["camera_changed"]


def test_the_leaf_is_one_that_the_registry_takes() -> None:
    counts = {"used": 1, "off": 0, "covered": 0, "masked": 0, "unknown": 0}
    with pytest.raises(Rejected, match=r"leaf\.schema"):
        make_leaf(
            "census",
            at=0,
            sha256="0" * 64,
            note="0" * 64,
            signers="0" * 64,
            states=counts,
            owners={"ours": 1, "host": 0, "school": 0},
            recorder="off",
        )
