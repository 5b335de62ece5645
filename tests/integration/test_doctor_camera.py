# SPDX-License-Identifier: Apache-2.0
"""`kua doctor camera`: each fault of the bad camera is found and named, and no word of a password is said."""

import json
from pathlib import Path

import pytest

from kua.adapters.badcamera.reel import made, pattern
from kua.adapters.badcamera.server import BadCamera, serving
from kua.adapters.badcamera.switches import FAULTS, Switches
from kua.adapters.clock import SystemClock
from kua.app import doctor
from kua.cli.main import run
from kua.media.stream import Stream, parameter_sets
from kua.core.instant import Instant
from kua.flow.fitness import Measured, finding, judged, verdict_of

WELL = Measured("h264", True, 1280, 720, 25_000, 250, 250, 0, 25, 1_000, clock_by="rtcp", sessions=3, most_tried=3)


def codes(seen: Measured) -> list[str]:
    return [one.code for one in judged(seen) if one.grade != "good"]


def test_each_fault_of_the_bad_camera_is_found() -> None:
    found = doctor.self_test()
    assert set(found) == {"well", *FAULTS} == set(doctor.EXPECTED)
    assert doctor.at_fault(found) == []
    assert [one.code for one in found["well"].findings if one.grade != "good"] == []
    verdicts = {name: examined.verdict for name, examined in found.items()}
    assert verdicts["hangs_after_setup"] == "unreachable"
    assert {name for name, verdict in verdicts.items() if verdict == "unusable"} == {
        "missing_sps", "login_lost", "slow", "frozen", "stalls", "looped", "black", "garbage",
    }  # fmt: skip
    assert {name for name, verdict in verdicts.items() if verdict == "reencode"} == {"sps_change", "duplicate_times", "backward_times"}


def test_a_login_is_taken_from_the_environment_and_a_wrong_one_is_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    switches = Switches(clock_ms=18_000_000)
    reel = made(pattern(640, 360), 60, 10, switches)
    with serving(BadCamera(reel, switches, SystemClock().now, user="admin", password="w0rd", by_the_wall=True)) as camera:
        url = f"rtsp://admin@127.0.0.1:{camera.port}/x"
        monkeypatch.setenv("KUA_CAMERA_PASSWORD", "w0rd")
        assert run(["doctor", "camera", url, "--seconds", "2", "--json"]) == 0
        told = json.loads(capfd.readouterr().out)
        assert told["verdict"] == "usable"
        assert 17_999 <= told["clock"]["ahead_ms"] / 1000 <= 18_001
        assert "camera.clock_wrong" in {one["code"] for one in told["findings"]}
        monkeypatch.setenv("KUA_CAMERA_PASSWORD", "not-it")
        assert run(["doctor", "camera", url, "--seconds", "2"]) == 1
    said = capfd.readouterr()
    assert "source.refused" not in said.out  # words, not codes
    assert "refuses the login" in said.out
    for secret in ("not-it", "w0rd", "admin"):
        assert secret not in said.out + said.err


def test_a_password_in_the_address_is_refused_before_anything_is_opened(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "camera", "rtsp://admin:hunter2@127.0.0.1:9/x"]) == 64
    said = capfd.readouterr()
    assert "doctor.password" in said.err
    assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize("arguments", [[], ["rtsp://127.0.0.1/x", "--self-test"]])
def test_nothing_or_two_things_to_examine_are_a_mistake(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "camera", *arguments]) == 64
    assert "doctor.which" in capfd.readouterr().err


def test_a_camera_that_is_not_there_is_not_reached(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "camera", "rtsp://127.0.0.1:1/x", "--json"]) == 3
    assert json.loads(capfd.readouterr().out)["verdict"] == "unreachable"


def test_a_well_camera_has_no_flaw() -> None:
    assert codes(WELL) == []
    assert verdict_of(judged(WELL)) == "usable"


@pytest.mark.parametrize(
    ("changed", "code", "verdict"),
    [
        ({"codec": "hevc"}, "camera.codec_other", "reencode"),
        ({"codec": "vp6", "accepted": False}, "camera.codec_refused", "unusable"),
        ({"width": 352, "height": 288}, "camera.small", "usable"),
        ({"width": 80, "height": 60}, "camera.small", "unusable"),
        ({"fps_milli": 4_000}, "camera.few", "usable"),
        ({"fps_milli": 500}, "camera.few", "unusable"),
        ({"longest_gop": 10_000}, "camera.gop_long", "reencode"),
        ({"keys": 1, "longest_gop": 0}, "camera.gop_long", "reencode"),
        ({"clock_by": "none"}, "camera.no_clock", "usable"),
        ({"clock_ms": -2_000}, "camera.clock_wrong", "usable"),
        ({"sound": "pcm_alaw"}, "camera.sound", "usable"),
        ({"sessions": 1}, "camera.one_viewer", "usable"),
        ({"pictures": 0, "broken": 250}, "camera.no_picture", "unusable"),
        ({"speed_percent": 89}, "camera.slow", "unusable"),
    ],
)
def test_one_flaw_is_said_and_weighed(changed: dict[str, object], code: str, verdict: str) -> None:
    from dataclasses import replace

    seen = replace(WELL, **changed)  # type: ignore[arg-type]
    assert codes(seen) == [code]
    assert verdict_of(judged(seen)) == verdict


def test_nothing_that_was_found_is_no_verdict() -> None:
    assert verdict_of([]) == "unreachable"
    assert verdict_of([finding("connection", "unknown", "source.silent")]) == "unreachable"


def test_parameter_sets_are_found_in_both_codecs_and_nowhere_else() -> None:
    h264 = b"\x00\x00\x00\x01\x67\x42\x00\x00\x00\x01\x68\x01\x00\x00\x01\x65\x88"
    assert parameter_sets("h264", h264) == [b"\x67\x42"]
    assert parameter_sets("hevc", b"\x00\x00\x01\x42\x01\x07\x00\x00\x01\x26\x01") == [b"\x42\x01\x07"]
    assert parameter_sets("mjpeg", h264) == []
    assert parameter_sets("h264", b"") == parameter_sets("h264", b"\x00\x00\x01") == []


def test_the_speed_of_a_stream_is_its_own_time_against_ours() -> None:
    stream = Stream("h264", 90_000)
    for number in range(20):
        stream.see(number * 9_000, Instant(1_000 + number * 200), b"", key=number % 10 == 0)
    assert (stream.span, stream.fps_milli, stream.speed_percent, stream.longest_gop) == (1_900, 10_000, 50, 1_000)


def test_the_page_of_the_commands_knows_it() -> None:
    page = Path(__file__).parents[2] / "docs/ref/commands.md"
    assert "kua doctor camera" in page.read_text()
