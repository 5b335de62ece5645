# SPDX-License-Identifier: Apache-2.0
"""More ways to a picture: RTSP over TLS with a pinned certificate, UDP where TCP is refused, channels of recorders, cameras of this computer."""

import datetime as dt
import ssl
import traceback
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kua.adapters.badcamera.reel import made, pattern
from kua.adapters.badcamera.server import BadCamera, serving
from kua.adapters.badcamera.switches import Switches
from kua.adapters.clock import SystemClock
from kua.adapters.network.recorders import path_of, recorders
from kua.adapters.sources import usb
from kua.adapters.sources.recorder import rtsp_of
from kua.adapters.sources.rtsp import open_rtsp
from kua.app.plugins import SOURCES, source_opener
from kua.app.settings import settings_of
from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Millis
from kua.ports.source import Opening

WORD = "w0rd"
REEL = made(pattern(), 40, 10, Switches())


def opening(**more: object) -> Opening:
    return Opening(SystemClock(), lambda _wait: None, WORD, Millis(3_000), **more)  # type: ignore[arg-type]


def camera(switches: Switches | None = None) -> BadCamera:
    return BadCamera(REEL, switches or Switches(), SystemClock().now, user="admin", password=WORD)


def certificate(folder: Path, name: str, days: int = 9_000) -> tuple[ssl.SSLContext, str]:
    """Return what serves with a certificate of its own making, and the SHA-256 of it. No address stands in it, as in most cameras'."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(x509.random_serial_number())
    )
    signed = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = folder / f"{name}.pem"
    pem.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, sha256(signed.public_bytes(serialization.Encoding.DER)).hex()


def test_a_camera_over_tls_is_read_by_its_pinned_certificate(tmp_path: Path) -> None:
    context, pin = certificate(tmp_path, "camera-1")
    with serving(camera(), context) as served:
        source = open_rtsp(f"rtsps://admin@127.0.0.1:{served.port}/x", opening(certificate=pin))
        assert all(source.read() is not None for _ in range(5))
        source.close()


def test_another_certificate_is_refused_before_a_login_is_sent(tmp_path: Path) -> None:
    context, shown = certificate(tmp_path, "camera-1")
    _, wanted = certificate(tmp_path, "camera-2")
    with serving(camera(), context) as served:
        with pytest.raises(Refused, match=r"source\.other_certificate") as caught:
            open_rtsp(f"rtsps://admin@127.0.0.1:{served.port}/x", opening(certificate=wanted))
        assert served.requests == []
    assert caught.value.facts["shown"] == shown
    assert WORD not in "".join(traceback.format_exception(caught.value))


def test_without_a_pin_no_login_is_sent_and_the_certificate_is_told(tmp_path: Path) -> None:
    context, shown = certificate(tmp_path, "camera-1")
    with serving(camera(), context) as served:
        with pytest.raises(Misused, match=r"source\.no_pin") as caught:
            open_rtsp(f"rtsps://admin@127.0.0.1:{served.port}/x", opening())
        assert served.requests == []
    assert caught.value.facts["shown"] == shown


def test_a_certificate_that_has_run_out_and_a_camera_without_tls_are_told(tmp_path: Path) -> None:
    context, pin = certificate(tmp_path, "old", days=1)
    with serving(camera(), context) as served, pytest.raises(Unavailable, match=r"source\.tls"):
        open_rtsp(f"rtsps://admin@127.0.0.1:{served.port}/x", opening(certificate=pin))
    with serving(camera()) as served, pytest.raises(Unavailable, match=r"source\.(tls|unreachable|silent)"):
        open_rtsp(f"rtsps://admin@127.0.0.1:{served.port}/x", opening(certificate=pin))


def test_a_pin_in_the_settings_is_a_digest(tmp_path: Path) -> None:
    def table(pin: str) -> dict[str, object]:
        return {"station": {"id": "10-245", "cameras": [{"id": "a", "source": "rtsps://admin@192.0.2.7/x", "certificate": pin}]}}

    station = settings_of(table("0" * 64)).station
    assert station is not None
    assert station.cameras[0].certificate == "0" * 64
    with pytest.raises(Misused, match=r"settings\.value"):
        settings_of(table("AB:CD"))


def test_a_camera_that_refuses_tcp_is_asked_for_udp_on_the_same_connection() -> None:
    with serving(camera(Switches(refuses_transport="tcp"))) as served:
        source = open_rtsp(f"rtsp://admin@127.0.0.1:{served.port}/x", opening())
        assert sum(source.read() is not None for _ in range(10)) == 10
        source.close()
        assert served.requests.count("SETUP") == 2


def test_a_camera_that_takes_tcp_is_never_asked_for_udp() -> None:
    with serving(camera(Switches(refuses_transport="udp"))) as served:
        source = open_rtsp(f"rtsp://admin@127.0.0.1:{served.port}/x", opening())
        assert source.read() is not None
        source.close()
        assert served.requests.count("SETUP") == 1


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("recorder://admin@192.0.2.7/hikvision/3", "rtsp://admin@192.0.2.7/Streaming/Channels/301"),
        ("recorder://admin@192.0.2.7:8554/HiWatch/12/sub", "rtsp://admin@192.0.2.7:8554/Streaming/Channels/1202"),
        ("recorder://admin@192.0.2.7/dahua/1/main", "rtsp://admin@192.0.2.7/cam/realmonitor?channel=1&subtype=0"),
        ("recorder://admin@[2001:db8::7]/reolink/2", "rtsp://admin@[2001:db8::7]/h264Preview_02_main"),
        ("recorder://admin@192.0.2.7/wisenet/1", "rtsp://admin@192.0.2.7/0/profile2/media.smp"),
    ],
)
def test_a_channel_of_a_recorder_is_where_its_maker_keeps_it(url: str, wanted: str) -> None:
    assert rtsp_of(url) == wanted


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("recorder://192.0.2.7/nobody/1", "source.recorder"),
        ("recorder://192.0.2.7/hikvision/0", "source.channel"),
        ("recorder://192.0.2.7/hikvision/65", "source.channel"),
        ("recorder://192.0.2.7/hikvision", "source.channel"),
        ("recorder://192.0.2.7/hikvision/1/third", "source.channel"),
        ("recorder://192.0.2.7/hikvision/1?x=1", "source.channel"),
        ("recorder://192.0.2.7/hikvision/{channel}", "source.channel"),
    ],
)
def test_what_names_no_channel_is_a_mistake(url: str, code: str) -> None:
    with pytest.raises(Misused) as caught:
        rtsp_of(url)
    assert caught.value.code == code


def test_every_maker_has_two_streams_for_every_channel_and_no_login_in_them() -> None:
    for name in recorders():
        paths = {path_of(name, channel, kind) for channel in (1, 2, 64) for kind in ("main", "sub")}  # type: ignore[arg-type]
        assert len(paths) == 6
        for path in paths:
            assert path.startswith("/")
            assert not {"user", "password", "{", "}"} & set(path.replace("=", " ").replace("&", " ").split())


def test_a_recorders_channel_is_read_like_any_camera() -> None:
    with serving(camera()) as served:
        source = source_opener("recorder://")(f"recorder://admin@127.0.0.1:{served.port}/hikvision/1", opening())
        assert source.read() is not None
        source.close()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("usb:/dev/video987", Unavailable("source.no_device", device="/dev/video987")),
        ("usb:/dev/v4l/by-id/usb-nobody-index0", Unavailable("source.no_device", device="/dev/v4l/by-id/usb-nobody-index0")),
        ("usb:/etc/passwd", Misused("source.device", given="/etc/passwd")),
        ("usb:/dev/../etc/passwd", Misused("source.device", given="/dev/../etc/passwd")),
        ("usb:", Misused("source.device", given="")),
        ("usb:/dev/video0?w=1", Misused("source.option_value", option="w", given="1", lowest=160, highest=3840)),
        ("usb:/dev/video0?shell=ls", Misused("source.option", option="shell", known="w h fps")),
    ],
)
def test_where_there_is_no_camera_of_this_computer_the_error_says_what_to_do(url: str, error: KuaError) -> None:
    with pytest.raises(type(error)) as caught:
        usb.open_usb(url, opening())
    assert (caught.value.code, caught.value.facts) == (error.code, error.facts)


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (PermissionError(13, "x"), "source.device_rights"),
        (OSError(16, "x"), "source.device_busy"),
        (OSError(25, "x"), "source.device_format"),
    ],
)
def test_rights_another_program_and_a_thing_that_is_no_camera_are_told_apart(
    raised: OSError, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usb, "_opened", lambda *_: (None, raised))
    with pytest.raises(KuaError) as caught:
        usb.open_usb("usb:/dev/video0", opening())
    assert caught.value.code == code


def test_a_camera_that_does_not_compress_is_asked_for_both_codecs_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuses(_device: str, _opening: Opening, options: dict[str, str]) -> tuple[None, OSError]:
        asked.append(options["input_format"])
        return None, OSError(22, "x")

    monkeypatch.setattr(usb, "_opened", refuses)
    with pytest.raises(Rejected, match=r"source\.device_format"):
        usb.open_usb("usb:/dev/video0?w=640&h=480", opening())
    assert asked == ["mjpeg", "h264"]


@pytest.mark.parametrize("scheme", sorted(SOURCES))
def test_every_scheme_has_an_opener(scheme: str) -> None:
    assert callable(source_opener(f"{scheme}:x"))


@pytest.mark.parametrize("url", ["exec:ls", "echo:rtsp://x", "ffmpeg:x", "pipe:0", "concat:a|b", "lavfi:testsrc", "http://192.0.2.7/x", "data:x", "tcp://192.0.2.7:1"])
def test_no_address_runs_a_command_or_opens_what_is_no_camera(url: str) -> None:
    with pytest.raises(Misused, match=r"source\.scheme"):
        source_opener(url)


@pytest.mark.parametrize("path", ["/dev/stdin", "concat:/etc/passwd|/etc/group", "-i", "$(ls)", "|ls"])
def test_a_films_address_is_a_file_and_nothing_that_a_library_might_make_of_it(path: str) -> None:
    with pytest.raises(KuaError, match=r"source\.(no_file|not_video)"):
        source_opener("file:x")(f"file:{path}", opening())
