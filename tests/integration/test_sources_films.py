# SPDX-License-Identifier: Apache-2.0
"""Films and drawings as cameras: pace, loops, bad files, plug-ins. A clock set by hand."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kua.adapters.codecs.packets import PacketDecoder, jpeg_of
from kua.adapters.sources.file import open_file
from kua.adapters.sources.painted import open_painted
from kua.app import plugins
from kua.app.plugins import is_live, is_painted, source_opener
from kua.core.errors import Misused, Rejected
from kua.core.instant import Instant
from kua.flow.anchor import MediaLine, Micros
from kua.ports.address import shown, with_password
from kua.ports.source import Compressed, Opening, Source
from kua.testing.clock import ManualClock
from tests.rigs.clips import write_clip


def opening(clock: ManualClock) -> Opening:
    return Opening(clock, clock.advance)


def levels(count: int) -> list[Any]:
    return [np.full((216, 256), 20 + number * 10, np.uint8) for number in range(count)]


def drained(source: Source, most: int = 10_000) -> list[Compressed]:
    packets: list[Compressed] = []
    while len(packets) < most and (packet := source.read()) is not None:
        packets.append(packet)
    return packets


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "a clip.mp4", levels(20), reorder=True, sound=True)


def test_a_film_is_paced_like_a_camera(clip: Path) -> None:
    clock = ManualClock()
    began = clock.monotonic()
    source = open_file(f"file:{clip}", opening(clock))
    assert len(drained(source)) == 20
    assert clock.monotonic() - began == pytest.approx(1_900, abs=110)


def test_a_film_read_fast_waits_for_nothing_and_is_dated_to_end_now(clip: Path) -> None:
    clock = ManualClock()
    packets = drained(open_file(f"file:{clip}?pace=fast", opening(clock)))
    dates = [packet.arrival or 0 for packet in packets]
    assert clock.monotonic() == 1_000
    assert dates[0] == clock.now() - 2_000
    assert dates == sorted(dates)
    assert dates[-1] <= clock.now()


def test_a_film_read_fast_is_dated_from_where_it_is_told(clip: Path) -> None:
    packets = drained(open_file(f"file:{clip}?pace=fast&start=1700000000000", opening(ManualClock())))
    assert packets[0].arrival == Instant(1_700_000_000_000)


def test_a_looped_film_goes_on_without_a_jump(clip: Path) -> None:
    source = open_file(f"file:{clip}?loop=1", opening(ManualClock()))
    packets, line = drained(source, 70), MediaLine()
    base = source.described
    for packet in packets:
        media = Micros(packet.pts * base.base_num * 1_000_000 // base.base_den)
        assert line.step(media, Instant(0)) == "on"
    times = sorted(packet.pts for packet in packets[:60])
    assert {two - one for one, two in zip(times, times[1:], strict=False)} == {times[1] - times[0]}


def test_reordered_frames_come_out_in_order_and_whole(clip: Path) -> None:
    source = open_file(f"file:{clip}?pace=fast", opening(ManualClock()))
    decoder = PacketDecoder(source.described.codec, source.described.extradata)
    pictures = [picture for packet in drained(source) for picture in decoder.decode(packet.pts, packet.payload)] + list(decoder.rest())
    assert [round(float(picture.planes(256, 144)[:144].mean()) / 10) for picture in pictures] == [2 + number for number in range(20)]
    assert [picture.pts for picture in pictures] == sorted(picture.pts for picture in pictures)


def test_a_missing_film_and_a_folder_are_mistakes(tmp_path: Path) -> None:
    for path in (tmp_path / "no.mp4", tmp_path):
        with pytest.raises(Misused, match=r"source\.no_file"):
            open_file(f"file:{path}", opening(ManualClock()))


def test_a_text_an_empty_file_and_a_sound_are_not_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film " * 500)
    (tmp_path / "empty.mp4").write_bytes(b"")
    import av

    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for name in ("text.mp4", "empty.mp4", "sound.mp4"):
        with pytest.raises(Rejected, match=r"source\.not_video"):
            open_file(f"file:{tmp_path / name}", opening(ManualClock()))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:x?pace=slow", "source.no_file"), ("painted:x", "source.seed"), ("painted:-1", "source.seed"), ("painted:1?fps=0", "source.option_value"),
        ("painted:1?fps=ten", "source.option_value"), ("painted:1?colour=red", "source.option"), ("painted:1?codec=vp9", "source.option_value"),
        ("painted:1?w=161&h=90", "painting.size"), ("ftp://x/", "source.scheme"), ("nothing", "source.scheme"), ("", "source.scheme"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_a_mistake_with_a_code(url: str, code: str) -> None:
    with pytest.raises(Misused) as caught:
        source_opener(url)(url, opening(ManualClock()))
    assert caught.value.code == code


def test_a_film_at_a_wrong_pace_is_a_mistake(clip: Path) -> None:
    with pytest.raises(Misused, match=r"source\.option_value"):
        open_file(f"file:{clip}?pace=slow", opening(ManualClock()))


@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_a_drawing_is_a_camera_that_keeps_time(codec: str) -> None:
    clock = ManualClock()
    source = open_painted(f"painted:3?w=320&h=180&fps=5&start=60000&codec={codec}", opening(clock))
    decoder = PacketDecoder(source.described.codec, source.described.extradata)
    packets = drained(source, 6)
    assert [packet.pts for packet in packets] == [0, 200, 400, 600, 800, 1_000]
    assert clock.monotonic() == 1_000 + 1_000
    pictures = [picture for packet in packets for picture in decoder.decode(packet.pts, packet.payload)]
    assert all(picture.planes(320, 180)[:180].std() > 20 for picture in pictures)


def test_a_drawer_that_is_late_skips_pictures_and_never_lags() -> None:
    clock = ManualClock()
    source = open_painted("painted:3?w=160&h=90", opening(clock))
    assert drained(source, 2)[-1].pts == 100
    clock.advance(950)
    assert drained(source, 2)[0].pts == 1_000


def test_the_same_seed_draws_the_same_packets() -> None:
    one, two = (drained(open_painted("painted:8?w=160&h=90", opening(ManualClock())), 5) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("codec", ["ansi", "", "rawvideo", "h264_v4l2m2m", "libx264"])
def test_only_listed_codecs_are_decoded(codec: str) -> None:
    with pytest.raises(Rejected, match=r"source\.codec"):
        PacketDecoder(codec, b"")


def test_garbage_packets_are_counted_and_yield_nothing() -> None:
    decoder = PacketDecoder("mjpeg", b"")
    assert [decoder.decode(number, b"\xff\xd8garbage" * 9) for number in range(3)] == [()] * 3 or decoder.broken == 3
    assert decoder.broken == 3


def test_white_of_a_full_range_picture_becomes_white_of_limited_range() -> None:
    white = np.full((144, 128), 128, np.uint8)
    white[:96] = 235
    decoder = PacketDecoder("mjpeg", b"")
    (picture,) = decoder.decode(0, jpeg_of(white))
    assert abs(int(picture.planes(128, 96)[:96].mean()) - 235) <= 1


def test_addresses_are_shown_without_user_password_and_query() -> None:
    for url in ("rtsp://admin:geheim@10.0.0.5:554/live?token=geheim", "rtsp://geheim@10.0.0.5:554/live", "rtsp://admin:ge%40heim:geheim@10.0.0.5:554/live"):
        assert shown(url) == "rtsp://10.0.0.5:554/live"
    assert shown("rtsp://u:geheim@[fe80::1]/x") == "rtsp://[fe80::1]/x"
    assert shown("painted:7?fps=10") == "painted:7"
    assert "geheim" not in shown("rtsp://u:geheim@host:notaport/x")


def test_a_password_of_any_letters_is_put_into_the_address() -> None:
    assert with_password("rtsp://admin@h:1/x", "a:b@c/d%") == "rtsp://admin:a%3Ab%40c%2Fd%25@h:1/x"
    assert with_password("rtsp://admin:own@h/x", None) == "rtsp://admin:own@h/x"


def test_batch_work_is_not_live_and_drawings_are_drawings() -> None:
    assert (is_live("file:x?pace=fast"), is_live("file:x"), is_live("rtsp://h/"), is_live("painted:1")) == (False, True, True, True)
    assert (is_painted("painted:1"), is_painted("rtsp://painted:1@h/")) == (True, False)


class _Package:
    name = "kua-source-kettle"


def test_a_plug_in_counts_only_where_its_package_is_trusted_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("kettle", "kua.adapters.sources.painted:open_painted", "kua.sources")
    monkeypatch.setattr(EntryPoint, "dist", _Package(), raising=False)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry] if group == "kua.sources" else [])
    with pytest.raises(Misused, match=r"source\.untrusted"):
        source_opener("kettle:1")
    with pytest.raises(Misused, match=r"source\.untrusted"):
        source_opener("kettle:1", {"kua-source-teapot"})
    assert source_opener("kettle:1", {"kua-source-kettle"}) is open_painted
