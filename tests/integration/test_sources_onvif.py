# SPDX-License-Identifier: Apache-2.0
"""Cameras that are asked over ONVIF: a clock five hours wrong, a wrong password, a session limit, alarms, and a device that sends us elsewhere."""

import datetime as dt
import threading

import pytest

from kua.adapters import onvif
from kua.adapters.badcamera.reel import made, pattern
from kua.adapters.badcamera.server import BadCamera, serving
from kua.adapters.badcamera.switches import Switches
from kua.adapters.clock import SystemClock
from kua.adapters.sources.onvif import open_onvif
from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Millis
from kua.ports.source import Opening
from tests.rigs.onvif_camera import OnvifCamera, serving_onvif

FIVE_HOURS = dt.timedelta(hours=5)
WORD = "w0rd: e@/"


def opening(password: str | None = WORD, **more: object) -> Opening:
    return Opening(SystemClock(), lambda _wait: None, password, Millis(4_000), **more)  # type: ignore[arg-type]


def test_a_camera_whose_clock_is_five_hours_wrong_is_found_read_and_its_error_told() -> None:
    switches = Switches()
    with (
        serving(BadCamera(made(pattern(), 40, 10, switches), switches, SystemClock().now, user="admin", password=WORD)) as stream,
        serving_onvif(OnvifCamera(stream.port, password=WORD, ahead=FIVE_HOURS, has_events=False)) as camera,
    ):
        source = open_onvif(f"onvif://admin@127.0.0.1:{camera.port}", opening())
        told = source.described
        packets = [source.read() for _ in range(10)]
        source.close()
    assert (told.codec, told.width, told.height) == ("h264", 320, 180)
    assert told.clock is not None
    assert abs(told.clock - 5 * 3_600_000) < 3_000
    assert all(packet is not None and packet.payload for packet in packets)


def test_the_device_describes_itself_and_sends_us_nowhere_else() -> None:
    with serving_onvif(OnvifCamera(5540, password=WORD)) as camera:
        device = onvif.ask("127.0.0.1", camera.port, "admin", WORD, Millis(4_000))
    assert (device.make, device.model, device.has_events) == ("Example", "Dome 3", True)
    assert [(each.token, each.codec, each.width, each.height, each.fps, each.gop) for each in device.profiles] == [
        ("main", "H264", 1280, 720, 10, 20), ("sub", "H264", 640, 360, 10, 20),
    ]  # fmt: skip
    assert {each.uri for each in device.profiles} == {"rtsp://127.0.0.1:5540/live"}
    chosen = onvif.best(device.profiles)
    assert chosen is not None
    assert chosen.token == "main"


@pytest.mark.parametrize(("user", "password"), [("admin", "not-it"), ("other", WORD), ("", "")])
def test_a_wrong_password_is_refused_and_never_told(user: str, password: str, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        serving_onvif(OnvifCamera(1, password=WORD, ahead=FIVE_HOURS)) as camera,
        pytest.raises(Refused, match=r"source\.refused") as caught,
    ):
        onvif.ask("127.0.0.1", camera.port, user, password, Millis(4_000))
    said = capfd.readouterr()
    for text in (repr(caught.value), repr(caught.value.__cause__), said.out, said.err):
        assert "not-it" not in text
        assert WORD not in text


def test_a_camera_without_room_for_us_is_busy() -> None:
    switches = Switches(sessions=0)
    with (
        serving(BadCamera(made(pattern(), 20, 10, switches), switches, SystemClock().now, user="admin", password=WORD)) as stream,
        serving_onvif(OnvifCamera(stream.port, password=WORD)) as camera,
        pytest.raises(Unavailable, match=r"source\.busy"),
    ):
        open_onvif(f"onvif://admin@127.0.0.1:{camera.port}", opening())


def test_alarms_of_the_device_are_told_with_their_end() -> None:
    told: list[tuple[str, str]] = []
    events = [
        [("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper", "true"), ("tns1:VideoSource/MotionAlarm", "State", "true")],
        [("tns1:VideoSource/SignalLoss", "State", "true")],
        [("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper", "false"), ("tns1:VideoSource/SignalLoss", "State", "false")],
    ]
    switches = Switches()
    with (
        serving(BadCamera(made(pattern(), 40, 10, switches), switches, SystemClock().now, user="admin", password=WORD)) as stream,
        serving_onvif(OnvifCamera(stream.port, password=WORD, ahead=-FIVE_HOURS, events=events)) as camera,
    ):
        source = open_onvif(f"onvif://admin@127.0.0.1:{camera.port}", opening(notice=lambda kind, state: told.append((kind, state))))
        assert camera.pulled.wait(20)
        source.close()
    assert told == [("tamper", "begin"), ("signal_loss", "begin"), ("tamper", "end"), ("signal_loss", "end")]


def test_a_device_that_does_not_speak_soap_is_told_so() -> None:
    with serving_onvif(OnvifCamera(1, broken=True)) as camera, pytest.raises(KuaError) as caught:
        onvif.ask("127.0.0.1", camera.port, "admin", "secret", Millis(4_000))
    assert caught.value.code == "source.onvif"


def test_nobody_at_the_address_is_unreachable() -> None:
    with pytest.raises(Unavailable, match=r"source\.unreachable"):
        onvif.ask("127.0.0.1", 1, "admin", "secret", Millis(4_000))


def test_the_clock_is_told_to_anybody() -> None:
    with serving_onvif(OnvifCamera(1, ahead=FIVE_HOURS)) as camera:
        ahead = onvif.clock_of("127.0.0.1", camera.port, Millis(4_000))
        assert camera.asked == ["GetSystemDateAndTime"]
    assert ahead is not None
    assert abs(ahead - 5 * 3_600_000) < 3_000
    assert onvif.clock_of("127.0.0.1", 1, Millis(1_000)) is None


@pytest.mark.parametrize("url", ["onvif://", "onvif://admin@127.0.0.1/onvif/device_service", "onvif://127.0.0.1?channel=1"])
def test_an_address_that_is_no_devices_is_a_mistake(url: str) -> None:
    with pytest.raises(Misused, match=r"source\.onvif_address"):
        open_onvif(url, opening())


def test_a_profile_that_is_not_there_is_told_with_those_that_are() -> None:
    with serving_onvif(OnvifCamera(1, password=WORD)) as camera, pytest.raises(Rejected, match=r"source\.no_profile.*main, sub"):
        open_onvif(f"onvif://admin@127.0.0.1:{camera.port}?profile=third", opening())


@pytest.mark.parametrize(
    ("topic", "values", "fault"),
    [
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", {"State": "1"}, ("tamper", "begin")),
        ("tns1:VideoSource/SignalLoss", {"State": "false"}, ("signal_loss", "end")),
        ("tns1:VideoSource/MotionAlarm", {"State": "true"}, None),
        ("tns1:RuleEngine/TamperDetector/Tamper", {"Other": "true"}, None),
    ],
)
def test_only_known_alarms_mean_a_fault(topic: str, values: dict[str, str], fault: tuple[str, str] | None) -> None:
    assert onvif.fault_of(topic, values) == fault


@pytest.mark.parametrize("uri", ["http://192.0.2.99/x", "file:///etc/passwd", "rtsp://192.0.2.99:99999/x", ""])
def test_a_stream_that_is_none_is_rejected(uri: str) -> None:
    with pytest.raises(Rejected, match=r"source\.onvif"):
        onvif.rtsp_at(uri, "127.0.0.1")


def test_no_thread_is_left_listening() -> None:
    assert not [thread for thread in threading.enumerate() if thread.name == "onvif-events" and not thread.daemon]
