# SPDX-License-Identifier: Apache-2.0
"""Cameras over RTSP, against a real server (Debian's gst-rtsp-server) and a camera that hangs. Passwords never show."""

import socket
import subprocess
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.sources.rtsp import open_rtsp
from kua.app.plugins import source_opener
from kua.core.errors import KuaError, Misused, Refused, Unavailable
from kua.core.instant import Millis
from kua.ports.source import Opening, Source

RIG = Path(__file__).parents[1] / "rigs/rtsp_server.py"
WORD = "s e:c@r/et%"
APT = "apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav"


@contextmanager
def serving(*arguments: str) -> Iterator[int]:
    """Run the rig; fail, and say what to install, where it cannot run."""
    python = "/usr/bin/python3"
    if not Path(python).exists():
        pytest.fail(f"RTSP tests need the system's Python: {APT}")
    process = subprocess.Popen([python, str(RIG), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("port "):
            process.kill()
            pytest.fail(f"RTSP tests need: {APT}\n{process.stderr.read() if process.stderr else ''}")
        yield int(line.split()[1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving("--width", "256", "--height", "144") as number:
        yield number


@pytest.fixture(scope="module")
def locked() -> Iterator[int]:
    with serving("--width", "256", "--height", "144", "--user", "admin", "--password", WORD) as number:
        yield number


def opening(password: str | None = None, patience: int = 4_000) -> Opening:
    return Opening(SystemClock(), lambda _wait: None, password, Millis(patience))


def pictures(source: Source, wanted: int) -> list[Any]:
    """Decode until so many pictures came."""
    decoder = PacketDecoder(source.described.codec, source.described.extradata)
    seen: list[Any] = []
    while len(seen) < wanted and (packet := source.read()) is not None:
        seen += [(picture.pts, picture.planes(256, 144)) for picture in decoder.decode(packet.pts, packet.payload)]
    source.close()
    return seen


@pytest.mark.parametrize(("path", "codec"), [("h264", "h264"), ("h265", "hevc"), ("mjpeg", "mjpeg")])
def test_cameras_of_three_codecs_are_read(port: int, path: str, codec: str) -> None:
    source = open_rtsp(f"rtsp://127.0.0.1:{port}/{path}", opening())
    told = source.described
    assert (told.codec, told.width, told.height) == (codec, 256, 144)
    seen = pictures(source, 4)
    steps = {(two[0] - one[0]) * told.base_num * 1000 // told.base_den for one, two in zip(seen, seen[1:], strict=False)}
    assert all(80 <= step <= 120 for step in steps)
    assert all(yuv[:144].std() > 5 for _, yuv in seen)


def test_sound_is_never_handed_over(port: int) -> None:
    source = open_rtsp(f"rtsp://127.0.0.1:{port}/h264", opening())
    sizes = [len(packet.payload) for _ in range(5) if (packet := source.read()) is not None]
    source.close()
    assert all(size != 160 for size in sizes)  # 20 ms of A-law


def test_a_stream_without_a_picture_is_not_video(port: int) -> None:
    # A busy computer makes the server give up on the first pictures of a stream (503): a camera's agent asks again, and so do we.
    until = monotonic() + 80
    while True:
        with pytest.raises(KuaError) as caught:
            open_rtsp(f"rtsp://127.0.0.1:{port}/sound", opening())
        if not isinstance(caught.value, Unavailable) or monotonic() > until:
            break
    assert caught.value.code == "source.not_video"


def test_a_wrong_path_is_unreachable(port: int) -> None:
    with pytest.raises(Unavailable, match=r"source\.unreachable"):
        open_rtsp(f"rtsp://127.0.0.1:{port}/nowhere", opening())


def test_digest_login_with_a_password_from_the_environment(locked: int) -> None:
    assert pictures(open_rtsp(f"rtsp://admin@127.0.0.1:{locked}/h264", opening(WORD)), 2)


@pytest.mark.parametrize(("user", "password"), [("admin@", "wrong-word"), ("", None), ("admin:wrong-word@", None)])
def test_a_wrong_or_missing_password_is_refused_and_never_told(locked: int, user: str, password: str | None) -> None:
    with pytest.raises(Refused, match=r"source\.refused") as caught:
        open_rtsp(f"rtsp://{user}127.0.0.1:{locked}/h264", opening(password))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__) + repr(opening(password))
    assert "wrong-word" not in told
    assert "admin" not in told


def test_a_password_without_a_user_is_a_mistake_in_the_settings(locked: int) -> None:
    with pytest.raises(Misused, match=r"source\.no_user"):
        open_rtsp(f"rtsp://127.0.0.1:{locked}/h264", opening("word"))


def test_a_dead_server_is_unreachable_and_its_password_not_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        number = unused.getsockname()[1]
    with pytest.raises(Unavailable, match=r"source\.unreachable") as caught:
        open_rtsp(f"rtsp://admin@127.0.0.1:{number}/h264", opening(WORD))
    assert WORD not in "".join(traceback.format_exception(caught.value))


def test_a_camera_that_hangs_while_playing_is_silent(port: int) -> None:
    source = open_rtsp(f"rtsp://127.0.0.1:{port}/hangs", opening(patience=1_500))
    with pytest.raises(Unavailable, match=r"source\.silent"):
        pictures(source, 1_000)
    source.close()


def test_a_camera_that_hangs_after_setup_is_silent() -> None:
    """It answers everything but PLAY."""
    sdp = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:one\r\n"
    asked: list[bytes] = []

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while request := connection.recv(4_096):
                method, number = request.split(b" ", 1)[0], request.split(b"CSeq: ", 1)[1].split(b"\r\n", 1)[0]
                asked.append(method)
                if method == b"PLAY":
                    continue
                extra, body = b"", b""
                if method == b"DESCRIBE":
                    body, extra = sdp, b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(sdp)
                elif method == b"SETUP":
                    extra = b"Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
                connection.sendall(b"RTSP/1.0 200 OK\r\nCSeq: " + number + b"\r\n" + extra + b"\r\n" + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(Unavailable, match=r"source\.silent"):
            open_rtsp(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/x", opening(patience=700))
        thread.join(5)
    assert b"PLAY" in asked


def test_a_film_is_served_as_a_camera_whose_clock_goes_on_at_its_end(tmp_path: Path) -> None:
    from tests.rigs.clips import write_clip

    clip = write_clip(tmp_path / "a film.mp4", [np.full((270, 320), 40 + number * 15, np.uint8) for number in range(10)])
    with serving("--film", str(clip), "--width", "256", "--height", "144") as number:
        seen = pictures(open_rtsp(f"rtsp://127.0.0.1:{number}/film", opening()), 22)
    times = [pts for pts, _ in seen]
    assert all(0 < two - one < 90_000 for one, two in zip(times, times[1:], strict=False))
    levels = [round(float(yuv[:144].mean())) for _, yuv in seen]
    assert any(two < one - 50 for one, two in zip(levels, levels[1:], strict=False)), "the film began again"


def test_an_unknown_scheme_is_refused_before_anything_is_opened() -> None:
    for url in ("gopher://127.0.0.1/", "camera", "http://127.0.0.1/"):
        with pytest.raises(Misused, match=r"source\.scheme"):
            source_opener(url)


def test_no_error_of_a_source_lacks_its_words() -> None:
    from kua.words.problems import all_problems

    root = Path(__file__).parents[2] / "src/kua"
    files = [*root.glob("adapters/sources/*.py"), *root.glob("adapters/codecs/*.py"), root / "ports/address.py", root / "app/plugins.py"]
    text = "".join(path.read_text() for path in files)
    codes = {part.split('"')[1] for error in ("Misused(", "Rejected(", "Refused(", "Unavailable(") for part in text.split(error)[1:] if part[0] == '"'}
    assert codes - set(all_problems()) == set()
