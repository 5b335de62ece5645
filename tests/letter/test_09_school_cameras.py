# SPDX-License-Identifier: Apache-2.0
"""Objection 9, schools have cameras already: they are listed with their state and signed for before the station counts as ready; their recorder is shown to
have been off; one that nobody knows stops the station from being ready; and one that comes later raises an alarm. (Reading a school's RTSP camera:
`tests/integration/test_sources_rtsp.py`.)
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.tilelog import DiskLog
from kua.app import census as desk
from kua.app.census_watch import Rounds, Watch
from kua.app.plugins import source_opener
from kua.cli.main import run
from kua.core.digest import sha256
from kua.core.instant import Instant, Millis
from kua.law.census import Reading, was_off
from kua.proof.keys import SigningKey
from kua.proof.persons import Person, issue_person, person_name
from kua.station.journal import Camera, Day, Journal, leaves_of
from kua.testing.clock import ManualClock
from tests.rigs.box import ELECTION, STATION, key, make_box
from tests.rigs.camera_net import discoverable
from tests.rigs.rooms import drawn_room

NOW = Instant(1_800_000_000_000)
HOUR = 3_600_000


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return make_box(tmp_path / "box", "painted:5", drawn_room(320, 180))


def kua(box: Path, *words: str) -> int:
    return run(["station", "census", "--box", str(box), *words])


def sign(box: Path, role: str) -> int:
    holder = key(person_name(role, STATION))
    pem, certificate = box.parent / f"{role}.pem", box.parent / f"{role}.cert"
    pem.write_bytes(holder.to_pem())
    certificate.write_bytes(issue_person(key(f"issuer/{role}"), Person(role, ELECTION, STATION, holder.verifier)))
    return kua(box, "--sign", str(pem), "--certificate", str(certificate))


def lacking(box: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    kua(box, "--json")
    return [lack["code"] for lack in json.loads(capsys.readouterr().out)["lacks"]]


@pytest.mark.parametrize("state", ["off", "covered", "masked"])
def test_a_schools_camera_is_listed_with_its_state_and_signed_by_two_before_the_station_is_ready(
    box: Path, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kua(box, "--add", "above the blackboard", "--kind", "dome", "--whose", "host") == 2
    assert "census.state_unknown" in lacking(box, capsys), "nobody has looked at it"
    kua(box, "--no-recorder")
    assert kua(box, "--set", "2", state) == 2
    assert lacking(box, capsys) == ["census.unsigned"]
    assert sign(box, "chair") == 2
    assert lacking(box, capsys) == ["census.unsigned"], "one is not two"
    assert sign(box, "observer") == 0


def test_a_camera_that_nobody_knows_keeps_the_station_from_being_ready_until_it_is_covered(
    box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kua(box, "--add", "adapter in the socket by the booths", "--kind", "other", "--whose", "unknown", "--state", "off")
    kua(box, "--no-recorder")
    sign(box, "chair")
    assert sign(box, "observer") == 2
    assert lacking(box, capsys) == ["census.owner_unknown"]
    kua(box, "--set", "2", "covered")
    sign(box, "chair")
    assert sign(box, "observer") == 0


def test_a_school_that_does_not_speak_of_its_recorder_keeps_the_station_from_being_ready(
    box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kua(box, "--add", "corridor", "--whose", "host", "--state", "covered")
    sign(box, "chair")
    assert sign(box, "observer") == 2
    assert lacking(box, capsys) == ["census.recorder_missing"]


def at(hours: float) -> str:
    """A time on the recorder's screen, so many hours from now; its clock is an hour and a half wrong."""
    return f"{datetime.fromtimestamp(SystemClock().now() / 1000 + 3600 * (hours + 1.5), UTC):%Y-%m-%d %H:%M:%S}"


def test_a_recorder_that_runs_keeps_the_station_from_being_ready_and_one_that_stopped_does_not(
    box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    election = json.loads((box / "election/election.json").read_bytes())
    assert election["stations"][0]["windows"][0]["from"] == 0, "people vote in this box's election, and have for long"
    kua(box, "--add", "corridor", "--whose", "host", "--state", "off")
    kua(box, "--recorder", "guard-room", "--last", at(0), "--shown", at(0))
    assert "census.recorder_runs" in lacking(box, capsys)
    kua(box, "--recorder", "guard-room", "--last", at(-2), "--shown", at(0))
    assert "census.recorder_recorded" in lacking(box, capsys), "two hours ago people voted already"


def test_the_last_recording_of_the_schools_recorder_proves_that_it_was_off_while_people_voted() -> None:
    opens, closes = NOW, Instant(NOW + 13 * HOUR)
    wrong = 40 * 24 * HOUR  # its clock is forty days behind

    def read(last: int, now: int) -> tuple[bool, str]:
        verdict = was_off(Reading("guard-room", Instant(last - wrong), Instant(now - wrong), Instant(now)), opens, closes)
        return verdict.allowed, verdict.reason

    assert read(opens - 12 * HOUR, closes + HOUR) == (True, "census.recorder_off"), "dated the day before"
    assert read(opens + HOUR, closes + HOUR) == (False, "census.recorder_recorded")
    assert read(opens - 12 * HOUR, opens - HOUR) == (False, "census.recorder_early"), "nobody has looked since the opening"


def test_the_log_states_it_in_numbers_and_a_camera_that_comes_later_raises_an_alarm(box: Path, tmp_path: Path) -> None:
    kua(box, "--add", "corridor", "--whose", "host", "--state", "covered")
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n")
    with discoverable() as port:
        quiet = desk.Doors(Millis(200), port + 1 if port < 65_535 else port - 1, (), (), table)
        desk.look(box, ["lo"], [], quiet)
        kua(box, "--no-recorder")
        sign(box, "chair")
        assert sign(box, "observer") == 0
        assert Watch(box, quiet).look(NOW) == []
        origin = f"example.kz/{ELECTION}/s/{STATION}"
        log = DiskLog.open(box / "log", origin, SigningKey.from_seed(origin, bytes(32)))
        journal = Journal(log, ManualClock(NOW), "00c0ffee")
        papers = (sha256(b"1"), sha256(b"2"), sha256(b"3"))
        day = Day(ELECTION, sha256(b""), STATION, (Camera("a", 320, 180, 10_000),), (("hiding", 1, sha256(b"")),), {"a": papers})
        journal.begin(day, sha256(b""), sha256(b""))
        rounds = Rounds(box)
        rounds.state(journal, NOW)
        assert [raised.kind for raised in Watch(box, desk.Doors(Millis(200), port, (), (), table)).look(NOW)] == ["unknown_device"]
        rounds.state(journal, NOW)
        stated: list[dict[str, Any]] = [leaf.body for leaf in leaves_of(log) if leaf.type in {"census", "fault"}]
        log.close()
    assert [leaf["type"] for leaf in stated] == ["census", "fault"]
    assert (stated[0]["states"]["covered"], stated[0]["owners"]["host"], stated[0]["recorder"]) == (1, 1, "none")
    assert (stated[1]["kind"], stated[1]["state"]) == ("unknown_device", "begin")
    assert not [leaf for leaf in stated if "corridor" in str(leaf) or "127.0.0.1" in str(leaf)], "no place and no address leave the station"


def test_a_schools_camera_that_is_switched_on_again_after_the_signatures_raises_an_alarm(box: Path, tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n")
    with discoverable() as port:
        doors = desk.Doors(Millis(200), port, (), (), table)
        desk.look(box, ["lo"], [], doors)
        kua(box, "--set", "2", "off", "--whose", "host")
        kua(box, "--no-recorder")
        sign(box, "chair")
        assert sign(box, "observer") == 0
        assert [raised.kind for raised in Watch(box, doors).look(NOW)] == ["camera_on"]


def test_a_schools_own_camera_may_be_the_one_that_films() -> None:
    assert callable(source_opener("rtsp://viewer@192.0.2.7/Streaming/Channels/101"))
