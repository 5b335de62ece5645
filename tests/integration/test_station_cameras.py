# SPDX-License-Identifier: Apache-2.0
"""`kua station cameras`: what is found, read and reported of cameras that are ours, and how little of those that are not."""

import datetime as dt
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kua.adapters.badcamera.reel import made, pattern
from kua.adapters.badcamera.server import BadCamera, serving
from kua.adapters.badcamera.switches import Switches
from kua.adapters.clock import SystemClock
from kua.app.cameras import Found, Looking, cameras
from kua.app.census import Doors
from kua.cli.main import run
from kua.core.errors import Misused
from kua.core.instant import Millis
from tests.rigs.box import make_box
from tests.rigs.camera_net import discoverable, rtsp
from tests.rigs.onvif_camera import OnvifCamera, serving_onvif
from tests.rigs.rooms import drawn_room

WORD = "w0rd"
FIVE_HOURS = dt.timedelta(hours=5)
PASSWORD = "KUA_CAMERA_A_PASSWORD"


@contextmanager
def a_camera(switches: Switches, **more: object) -> Iterator[OnvifCamera]:
    """A device with its stream, both behind a login."""
    reel = made(pattern(640, 360), 150, 10, switches)
    with (
        serving(BadCamera(reel, switches, SystemClock().now, user="admin", password=WORD, pace=1.0)) as stream,
        serving_onvif(OnvifCamera(stream.port, password=WORD, has_events=False, **more)) as camera,  # type: ignore[arg-type]
    ):
        yield camera


def looking(*ports: int, **more: object) -> Looking:
    return Looking(Doors(patience=Millis(300), rtsp=(), secure=()), tuple(ports), {PASSWORD: WORD}, 2, **more)  # type: ignore[arg-type]


def codes(one: Found) -> set[str]:
    return {each.code for each in one.findings if each.grade != "good"}


def test_a_camera_whose_clock_is_five_hours_wrong_is_found_read_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_camera(Switches(no_reports=True), ahead=FIVE_HOURS) as camera:
        monkeypatch.setenv(PASSWORD, WORD)
        box = make_box(tmp_path / "box", f"onvif://admin@127.0.0.1:{camera.port}", drawn_room(320, 180), phase="rehearsal")
        (one,) = cameras(box, [], [], looking())
    assert (one.cam, one.make, one.model) == ("a", "Example", "Dome 3")
    assert (one.codec, one.width, one.height, one.verdict) == ("h264", 640, 360, "usable")
    assert 9_000 <= one.fps_milli <= 11_000
    assert one.clock_by == "onvif"
    assert abs(one.clock_ms - 5 * 3_600_000) < 3_000
    assert codes(one) == {"camera.clock_wrong"}
    still = box / "cameras/a.jpg"
    assert one.still == "cameras/a.jpg"
    assert still.read_bytes()[:2] == b"\xff\xd8"
    assert stat.S_IMODE(still.stat().st_mode) == 0o600
    assert stat.S_IMODE(still.parent.stat().st_mode) == 0o700


def test_while_people_vote_no_still_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_camera(Switches()) as camera:
        monkeypatch.setenv(PASSWORD, WORD)
        box = make_box(tmp_path / "box", f"onvif://admin@127.0.0.1:{camera.port}", drawn_room(320, 180), phase="voting")
        (one,) = cameras(box, [], [], looking())
    assert (one.still, one.still_refused) == (None, "voting")
    assert not (box / "cameras").exists()
    assert one.verdict == "usable"


def test_a_wrong_password_and_a_full_camera_are_told_apart(tmp_path: Path) -> None:
    with a_camera(Switches(sessions=0), ahead=FIVE_HOURS) as camera:
        box = make_box(tmp_path / "box", f"onvif://admin@127.0.0.1:{camera.port}", drawn_room(320, 180), phase="rehearsal")
        (full,) = cameras(box, [], [], looking(stills=False))
        before = len(camera.asked)
        wrong = Looking(Doors(), (), {PASSWORD: "not-it"}, 2, stills=False)
        (refused,) = cameras(box, [], [], wrong)
    assert (full.verdict, codes(full)) == ("unreachable", {"source.busy"})
    assert full.make == "Example"
    assert (refused.verdict, codes(refused)) == ("unusable", {"source.refused"})
    assert refused.make == ""
    assert camera.asked[before:] == ["GetSystemDateAndTime", "GetDeviceInformation"]  # after one refusal it is left alone: accounts lock


def test_a_camera_that_is_not_ours_is_given_no_login_and_asked_for_its_clock_only(tmp_path: Path) -> None:
    with a_camera(Switches(), ahead=FIVE_HOURS) as camera, discoverable(multicast=False) as port, rtsp() as stream:
        box = make_box(tmp_path / "box", "rtsp://admin@192.0.2.7/x", drawn_room(320, 180), phase="rehearsal")
        how = Looking(Doors(Millis(300), port, (stream,), ()), (camera.port,), {PASSWORD: WORD}, 2, stills=False)
        before = list(camera.asked)
        found = cameras_of_network(box, how)
    assert [one.address for one in found] == ["127.0.0.1"]
    assert found[0].verdict == "unknown"
    assert {each.code for each in found[0].findings} == {"camera.not_asked", "camera.clock_wrong"}
    assert camera.asked[len(before) :] == ["GetSystemDateAndTime"]


def cameras_of_network(box: Path, how: Looking) -> list[Found]:
    """The others: our own is at an address where nobody is, and not waited for."""
    from kua.app import cameras as desk
    from kua.app.census import seen_now

    return [desk._other(seen, how) for seen in seen_now([], ["127.0.0.1"], how.doors) if seen.is_camera]


def test_the_command_says_it_in_words_and_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUA_LANG", "en")
    monkeypatch.setenv(PASSWORD, WORD)
    with a_camera(Switches(), ahead=FIVE_HOURS) as camera:
        box = make_box(tmp_path / "box", f"onvif://admin@127.0.0.1:{camera.port}", drawn_room(320, 180), phase="voting")
        assert run(["station", "cameras", "--box", str(box), "--no-stills"]) == 0
        said = capfd.readouterr()
        assert "Camera a  onvif://127.0.0.1:" in said.out
        assert "Example Dome 3" in said.out
        assert "Verdict: usable." in said.out
        assert run(["station", "cameras", "--box", str(box), "--no-stills", "--json"]) == 0
        (told,) = json.loads(capfd.readouterr().out)["cameras"]
        assert (told["cam"], told["make"], told["verdict"], told["still"]) == ("a", "Example", "usable", None)
        assert [each["token"] for each in told["profiles"]] == ["main", "sub"]
    assert run(["station", "cameras", "--box", str(box), "--no-stills"]) == 3
    said = capfd.readouterr()
    for secret in (WORD, "admin"):
        assert secret not in said.out + said.err


@pytest.mark.parametrize(
    ("option", "code"), [(["--address", "school"], "census.address"), (["--interface", "no-such-door"], "census.interface")]
)
def test_wrong_input_is_a_mistake_before_any_camera_is_opened(
    tmp_path: Path, option: list[str], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    box = make_box(tmp_path / "box", "rtsp://admin@192.0.2.7/x", drawn_room(320, 180), phase="rehearsal")
    assert run(["station", "cameras", "--box", str(box), "--no-stills", *option]) == 64
    assert code in capfd.readouterr().err
    with pytest.raises(Misused):
        cameras(tmp_path, [], [])
