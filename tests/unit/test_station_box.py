# SPDX-License-Identifier: Apache-2.0
"""A box that is not ready is refused with a code that says what to do: calibration, people, zones, enrolment, windows."""

import json
import stat
from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app import calibrate as making
from kua.app import calibrations
from kua.app.agent import Agent
from kua.cli.main import run
from kua.core.nouns import election_id, station_id
from kua.core.errors import Incomplete, KuaError, Misused, Refused, Rejected, Unavailable
from kua.proof.keys import SigningKey
from kua.station.calibrate import read_drawing
from kua.station.enrol import accept, read_enrolled, request, station_key
from kua.station.journal import Camera, Day, Journal
from tests.rigs.worlds import DOMAIN, ELECTION, World, make_box

STATION = "10-245"
HOUR = 3_600_000


def world(start: int = -HOUR, end: int = HOUR, **more: object) -> World:
    now = SystemClock().now()
    return World("box", {STATION: ("a", "b"), "10-246": ("a",)}, (("voting", now + start, now + end),))


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box that is ready; tests copy it."""
    box = tmp_path_factory.mktemp("whole") / "box"
    make_box(box, world(), STATION, {"a": "painted:3"})
    return box


@pytest.fixture
def box(whole: Path, tmp_path: Path) -> Path:
    for path in whole.rglob("*"):
        if path.is_file():
            target = tmp_path / "box" / path.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path / "box"


def code(box: Path) -> str:
    with pytest.raises(KuaError) as caught:
        Agent(box)
    return caught.value.code


def test_a_box_that_is_ready_is_taken(box: Path) -> None:
    agent = Agent(box, command=lambda role, camera: [role, camera.id])
    assert agent._command("hide", agent._station.camera("a")) == ["hide", "a"]
    loaded = calibrations.load(box, "a")
    assert sorted(person.role for person in loaded.people) == ["chair", "observer"]
    assert "booth" in loaded.calibration.zones


def test_without_a_calibration_the_agent_refuses_and_says_how_to_make_it(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (box / "calibration/a.json").unlink()
    assert run(["station", "run", "--box", str(box)]) == 2
    said = capsys.readouterr().err
    assert "calibration.missing" in said
    assert "kua station calibrate" in said


def test_an_unsigned_calibration_is_refused(box: Path) -> None:
    (box / "calibration/a.note").unlink()
    assert code(box) == "calibration.unsigned"


def test_one_person_is_not_two_but_enough_to_begin_with_silhouettes(box: Path) -> None:
    (box / "calibration/a.note").unlink()
    making.sign(box, "a", box / "people/chair.pem", box / "people/chair.cert")
    with pytest.raises(Rejected, match=r"calibration\.one_person"):
        calibrations.load(box, "a")
    assert not calibrations.load(box, "a", needed=1).is_signed_by_two
    agent = Agent(box, command=lambda role, camera: [role, camera.id])
    assert agent._command("hide", agent._station.camera("a")) == ["hide", "a", "--silhouettes"]
    assert agent._command("fetch", agent._station.camera("a")) == ["fetch", "a"]
    with pytest.raises(Rejected, match=r"calibration\.signed_already"):
        making.sign(box, "a", box / "people/chair.pem", box / "people/chair.cert")


def test_what_two_have_signed_is_exchanged_by_two_only(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One signature is enough to begin a day with, not for another view of a day that two have signed for."""
    enrolled = read_enrolled(box)
    clock, loaded = SystemClock(), calibrations.load(box, "a")
    log = DiskLog.open(box / "log", enrolled.origin, station_key(box, enrolled.origin))
    Journal(log, clock, "00000000").begin(
        Day(election_id(ELECTION), loaded.digests[0], station_id(STATION), (Camera("a", 320, 180, 5_000),), (), {"a": loaded.digests}),
        loaded.digests[0],
        loaded.digests[0],
    )
    log.close()
    (box / "calibration/a.note").unlink()
    making.sign(box, "a", box / "people/chair.pem", box / "people/chair.cert")
    assert run(["station", "run", "--box", str(box)]) == 1
    assert "calibration.one_person" in capsys.readouterr().err


def test_a_calibration_of_another_camera_is_refused(box: Path) -> None:
    for ending in (".json", ".note", ".signers.json", ".room"):
        (box / f"calibration/b{ending}").write_bytes((box / f"calibration/a{ending}").read_bytes())
    (box / "kua.toml").write_text((box / "kua.toml").read_text().replace('id = "a"', 'id = "b"'))
    assert code(box) == "calibration.other_camera"


def test_a_calibration_changed_after_signing_is_refused(box: Path) -> None:
    path = box / "calibration/a.json"
    path.write_bytes(path.read_bytes().replace(b'"noise":', b'"noise":1'))
    assert code(box) == "calibration.altered"


def test_another_empty_room_than_the_signed_one_is_refused(box: Path) -> None:
    path = box / "calibration/a.room"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert code(box) == "calibration.reference"


def test_another_size_than_the_calibrated_one_is_refused(box: Path) -> None:
    (box / "kua.toml").write_text((box / "kua.toml").read_text().replace("height = 180", "height = 240"))
    assert code(box) == "calibration.size_differs"


def test_a_box_that_is_not_enrolled_or_has_lost_its_key_is_refused(box: Path) -> None:
    (box / "keys/station.pem").unlink()
    assert code(box) == "station.no_key"
    (box / "enrolment.json").unlink()
    assert code(box) == "station.not_enrolled"


def test_a_box_without_or_with_a_forged_election_file_is_refused(box: Path) -> None:
    (box / "election/election.note").write_bytes(b"forged\n")
    assert code(box).startswith("note.")
    (box / "election/election.json").unlink()
    assert code(box) == "station.no_election"


def test_a_camera_that_nobody_planned_is_refused(box: Path) -> None:
    (box / "kua.toml").write_text((box / "kua.toml").read_text().replace('id = "a"', 'id = "c"'))
    assert code(box) == "agent.camera_not_planned"


def test_outside_all_windows_the_agent_is_off(tmp_path: Path) -> None:
    make_box(tmp_path / "late", world(-2 * HOUR, -HOUR), STATION, {"a": "painted:3"})
    assert code(tmp_path / "late") == "agent.outside_window"


def test_zones_are_drawn_in_a_template_and_read_back(box: Path) -> None:
    for path in (box / "calibration").iterdir():
        path.unlink()
    with pytest.raises(Incomplete, match=r"calibration\.zones_missing"):
        making.calibrate(box, "a", "painted:3", None, 1)
    template = (box / "calibration/a.zones.toml").read_text(encoding="utf-8")
    assert (box / "calibration/a.still.png").read_bytes().startswith(b"\x89PNG")
    drawn = template.replace("# [[zone]]", "[[zone]]").replace("# kind", "kind").replace("# points", "points")
    (box / "calibration/a.zones.toml").write_text(drawn, encoding="utf-8")
    making.calibrate(box, "a", "painted:3", None, 1)
    assert json.loads((box / "calibration/a.json").read_bytes())["zones"]["booth"] == [[[1200, 2500], [2600, 2500], [2600, 7000], [1200, 7000]]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[[zone]]\nkind = "booth"\npoints = [[0, 0], [10001, 0], [0, 9]]', "calibration.zone_outside"),
        ('[[zone]]\nkind = "boothe"\npoints = [[0, 0], [9, 0], [0, 9]]', "calibration.zone_kind"),
        ('[[zone]]\nkind = "booth"\npoints = [[0, 0], [9, 0]]', "calibration.zone_shape"),
        ('[[zone]]\nkind = "booth"', "calibration.zones_file"),
        ("zones = 1", "calibration.zones_file"),
        ("[[zone", "calibration.zones_file"),
        ("", "calibration.zones_file"),
    ],
)
def test_a_zone_outside_the_picture_or_of_no_kind_is_refused(box: Path, text: str, wanted: str) -> None:
    (box / "zones.toml").write_text(text, encoding="utf-8")
    with pytest.raises(KuaError) as caught:
        making.calibrate(box, "a", "painted:3", str(box / "zones.toml"), 1)
    assert caught.value.code == wanted


def test_a_new_calibration_takes_the_old_signatures_away(box: Path) -> None:
    making.calibrate(box, "a", "painted:4", "auto", 1)
    assert code(box) == "calibration.unsigned"


def test_the_empty_room_may_be_given_as_the_path_of_a_film(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["station", "calibrate", str(tmp_path / "empty room.mp4"), "--box", str(box), "--camera", "a", "--zones", "none"]
    assert run(command) == 64
    assert capsys.readouterr().err.startswith("source.no_file")
    (tmp_path / "empty room.mp4").write_text("no film")
    assert run(command) == 1
    assert capsys.readouterr().err.startswith("source.not_video")


def test_only_a_painted_room_knows_its_own_zones(box: Path) -> None:
    with pytest.raises(KuaError):
        making.calibrate(box, "a", "file:/nowhere.mp4", "auto", 1)


def test_a_persons_key_is_private_and_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chair.pem"
    assert run(["station", "person", "--new", str(path), "--name", "person/chair/10-245"]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capsys.readouterr().out.startswith("person/chair/10-245+")
    assert run(["station", "person", "--new", str(path), "--name", "person/chair/10-245"]) == 64


def test_a_key_that_is_not_the_one_of_the_certificate_does_not_sign(box: Path) -> None:
    (box / "calibration/a.note").unlink()
    with pytest.raises(Rejected, match=r"calibration\.key_differs"):
        making.sign(box, "a", box / "people/observer.pem", box / "people/chair.cert")


def test_an_enrolment_proves_its_key_and_believes_only_named_centres() -> None:
    key = SigningKey.from_seed(f"{DOMAIN}/{ELECTION}/s/{STATION}", bytes(32))
    body = request(ELECTION, STATION, "ABCD-1234", key)  # type: ignore[arg-type]
    assert body["vkey"] == str(key.verifier)
    with pytest.raises(Misused, match=r"enrol\.code_form"):
        request(ELECTION, STATION, "Ж" * 9, key)  # type: ignore[arg-type]
    centre = str(world().centre.verifier)
    good = {"origin": key.name, "centre_vkey": centre, "certificate": 4}
    assert accept(good, "http://x", DOMAIN, ELECTION, STATION, (centre,)).certificate == 4  # type: ignore[arg-type]
    for wrong, wanted in (
        (good | {"origin": key.name + "9"}, "enrol.other_station"),
        (good | {"centre_vkey": "x"}, "enrol.other_centre"),
        ({}, "enrol.answer"),
    ):
        with pytest.raises(Rejected) as caught:
            accept(wrong, "http://x", DOMAIN, ELECTION, STATION, (centre,))  # type: ignore[arg-type]
        assert caught.value.code == wanted


def test_an_unreadable_drawing_is_the_persons_mistake() -> None:
    with pytest.raises(Misused):
        read_drawing(b"\xff")


def test_a_finished_file_is_never_changed(tmp_path: Path) -> None:
    files = DurableFiles()
    assert files.write_once(tmp_path / "d/x", b"1")
    assert not files.write_once(tmp_path / "d/x", b"1")
    with pytest.raises(Rejected, match=r"durable\.differs"):
        files.write_once(tmp_path / "d/x", b"2")
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["x"]


def test_a_full_disk_leaves_no_half_file() -> None:
    # /dev/full answers every write with ENOSPC: a real one, without filling anything.
    from kua.adapters.durable import disk_errors

    with pytest.raises(Unavailable, match=r"disk\.full"), disk_errors(Path("x")), Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")


def test_close_without_a_log_and_check_of_a_fresh_box(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["station", "close", "--box", str(box)]) == 2
    assert run(["station", "fsck", "--box", str(box)]) == 2
    capsys.readouterr()
    assert run(["station", "check", "--box", str(box), "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["running"], said["log_size"], said["queue"]["files"]) == (False, 0, 0)
    assert (said["off_in_window"], said["calibrations"]) == (True, {"a": None})


def test_check_ends_in_two_where_the_station_should_record_and_does_not(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (box / "calibration/a.note").unlink()
    assert run(["station", "check", "--box", str(box)]) == 2
    assert "calibration.unsigned" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Some Body", "person/boss/10-245", "person/chair/10", "person/chair/10-245/x", "chair"])
def test_a_persons_key_has_the_name_of_its_role_and_place(tmp_path: Path, name: str) -> None:
    assert run(["station", "person", "--new", str(tmp_path / "key.pem"), "--name", name]) == 64
    assert not (tmp_path / "key.pem").exists()


def test_a_certificate_that_is_none_is_named(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.cert").write_text("nothing")
    command = ["station", "calibrate", "--box", str(box), "--camera", "a", "--sign", "key.pem", "--certificate", str(tmp_path / "x.cert")]
    assert run(command) == 64
    assert "x.cert" in capsys.readouterr().err


def test_a_refused_agent_writes_nothing(box: Path) -> None:
    (box / "calibration/a.note").unlink()
    before = sorted(box.rglob("*"))
    with pytest.raises((Refused, Rejected)):
        Agent(box)
    assert sorted(box.rglob("*")) == before


def test_holds_are_stated_listed_and_lifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from kua.cli.main import run

    (tmp_path / "kua.toml").write_text('[station]\nid = "10-245"\n[[station.cameras]]\nid = "a"\nsource = "painted:1"\n')
    span = ["--from", "2026-03-15T09:00:00Z", "--to", "2026-03-15T10:00:00Z", "--article", "Art. 1 (2)"]
    assert run(["station", "hold", "--box", str(tmp_path), *span, "--camera", "a"]) == 0
    assert run(["station", "hold", "--box", str(tmp_path), *span]) == 0
    assert "2. *  2026-03-15T09:00:00.000Z" in capsys.readouterr().out
    assert run(["station", "hold", "--box", str(tmp_path), "--lift", "1", "--json"]) == 0
    assert '"cam":null' in capsys.readouterr().out
    for wrong in (["--from", "2026-03-15T09:00:00Z"], [*span[:2], "--to", "2026-03-15T08:00:00Z", *span[4:]], [*span[:4]], ["--lift", "9"]):
        assert run(["station", "hold", "--box", str(tmp_path), *wrong]) == 64
