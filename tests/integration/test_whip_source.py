# SPDX-License-Identifier: Apache-2.0
"""A telephone as a camera, over real WebRTC on loopback: what it encoded arrives as it was, one at a time, and whoever falls silent is let go."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from aiortc.rtp import RtpPacket

from kua.adapters.clock import SystemClock
from kua.adapters.sources import whip, whip_line
from kua.adapters.sources.whip import WhipSource, open_whip
from kua.adapters.sources.whip_frames import is_key, size_of
from kua.adapters.sources.whip_offer import MAX_SDP, judged
from kua.app.plugins import placed, source_opener
from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Millis
from kua.ports.source import Opening
from tests.rigs.telephone import HOST, Telephone, at_socket

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A socket in a folder whose name is longer than a kernel takes for one."""
    folder = tmp_path / ("a-polling-station-with-a-long-name-" * 3) / "listen"
    folder.mkdir(parents=True, mode=0o700)
    return folder / "camera-a.sock"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


def telephone(stack: ExitStack, **given: object) -> Telephone:
    made = Telephone(**given)  # type: ignore[arg-type]  # as its own words
    stack.callback(made.close)
    return made


def opened(place: Path, phone: Telephone, who: str = "one", patience: int = 10_000) -> WhipSource:
    """Open the source, and let the telephone film as soon as it is asked for one."""
    opening = Opening(SystemClock(), lambda _span: None, None, Millis(patience))
    filming = threading.Thread(target=lambda: answered(place, phone, who), daemon=True)
    filming.start()
    source = open_whip(f"whip:{place}", opening)
    filming.join(10)
    return source


def answered(place: Path, phone: Telephone, who: str = "one") -> None:
    """Hand the offer over as soon as somebody is there to take it."""
    for _ in range(200):
        try:
            phone.film(at_socket(place, who))
        except Unavailable:
            threading.Event().wait(0.02)
        else:
            return


def pictures(source: WhipSource, count: int) -> list[av.VideoFrame]:
    """Decode what came, as `hide` would."""
    decoder = av.CodecContext.create(source.described.codec, "r")
    shown: list[av.VideoFrame] = []
    while len(shown) < count:
        packet = source.read()
        assert packet is not None
        shown += decoder.decode(av.Packet(packet.payload))
    return shown


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_what_a_telephone_encoded_arrives_and_can_be_decoded_from_the_first_picture(place: Path, stack: ExitStack, codec: str) -> None:
    source = opened(place, telephone(stack, codec=codec))
    stack.callback(source.close)
    assert (source.described.codec, source.described.base_den) == (codec, 90_000)
    shown = pictures(source, 10)
    assert {(frame.width, frame.height) for frame in shown} == {(320, 180)}
    greys = [int(frame.to_ndarray(format="gray")[90, 160]) for frame in shown]
    assert greys == sorted(greys), "in the order in which they were taken"


def test_nothing_is_decoded_in_the_process_that_faces_the_telephone(place: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(place, telephone(stack, codec="h264"))
    stack.callback(source.close)
    assert whip.rtcrtpreceiver.get_decoder is whip._AsItCame  # what the library asks for a decoder
    made: list[str] = []
    monkeypatch.setattr("aiortc.codecs.h264.H264Decoder.decode", lambda *_: made.append("decoded"))
    for _ in range(10):
        source.read()
    assert not made


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_pictures_that_change_their_size_go_on_from_a_key_picture(place: Path, stack: ExitStack, codec: str) -> None:
    source = opened(place, telephone(stack, codec=codec, sizes=lambda number: (320, 180) if number < 12 else (640, 360)))
    stack.callback(source.close)
    sizes = [(frame.width, frame.height) for frame in pictures(source, 20)]
    assert list(dict.fromkeys(sizes)) == [(320, 180), (640, 360)]


def test_a_second_telephone_is_refused_and_the_first_goes_on(place: Path, stack: ExitStack) -> None:
    source = opened(place, telephone(stack))
    stack.callback(source.close)
    with pytest.raises(Refused, match=r"whip\.busy"):
        telephone(stack).film(at_socket(place, "two"))
    assert pictures(source, 5)


def test_the_same_telephone_may_come_again_in_its_own_place(place: Path, stack: ExitStack) -> None:
    first = telephone(stack)
    source = opened(place, first)
    telephone(stack).film(at_socket(place, "one"))
    with pytest.raises(Unavailable, match=r"source\.silent"):
        pictures(source, 1000)
    source.close()
    again = open_whip(f"whip:{place}", Opening(SystemClock(), lambda _span: None))
    stack.callback(again.close)
    assert pictures(again, 3)


def test_a_telephone_that_says_nothing_any_more_is_let_go_and_its_place_is_free(place: Path, stack: ExitStack) -> None:
    first = telephone(stack)
    source = opened(place, first)
    pictures(source, 3)
    first.vanish()
    with pytest.raises(Unavailable, match=r"source\.silent"):
        pictures(source, 1000)
    source.close()
    assert not whip_line.ask(place, {"do": "state"})["films"]
    second = opened(place, telephone(stack), "two")
    stack.callback(second.close)
    assert pictures(second, 3)


def test_a_telephone_that_hangs_up_is_told_at_once(place: Path, stack: ExitStack) -> None:
    first = Telephone()
    source = opened(place, first)
    pictures(source, 3)
    first.close()
    with pytest.raises(Unavailable, match=r"source\.silent"):
        pictures(source, 1000)
    source.close()


def test_without_a_telephone_it_is_waited_for_and_then_said(place: Path) -> None:
    with pytest.raises(Unavailable, match=r"source\.waiting"):
        open_whip(f"whip:{place}", Opening(SystemClock(), lambda _span: None, None, Millis(50)))


def test_what_is_not_read_in_time_is_left_out_up_to_a_key_picture(place: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(place, telephone(stack))
    stack.callback(source.close)
    desk = whip._desks[str(place)]
    pictures(source, 2)
    with desk._lock:
        monkeypatch.setattr(desk._inbox, "maxsize", 1)
    before = whip_line.ask(place, {"do": "state"})["pictures"]
    for _ in range(100):
        if whip_line.ask(place, {"do": "state"})["pictures"] > before + 2:
            break
        threading.Event().wait(0.05)
    with desk._lock:
        monkeypatch.setattr(desk._inbox, "maxsize", 64)
    held = [source.read() for _ in range(4)]
    at = next(number for number, packet in enumerate(held[1:], 1) if packet is not None and packet.key)
    assert at <= 2, "after what was left out a key picture comes, and nothing between"


def test_the_socket_is_the_owners_and_is_not_taken_twice(place: Path, stack: ExitStack) -> None:
    source = opened(place, telephone(stack))
    stack.callback(source.close)
    assert stat.S_IMODE(place.lstat().st_mode) == 0o600
    with pytest.raises(Unavailable, match=r"whip\.taken"):
        whip_line.listen(place)
    left = place.with_name("camera-b.sock")
    with socket.socket(socket.AF_UNIX) as dead, whip_line.reached(left) as name:
        dead.bind(name)
    whip_line.listen(left).close()  # what a killed process has left is no obstacle


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b'{"v":2}\n',
        b'{"v":1,"do":"offer"}\n',
        b"[" * 5000 + b"\n",
        b"x" * 70_000,
        b'{"v":1,"do":"offer","sdp":1,"peer":"x","host":"y","who":"z"}\n',
    ],
)
def test_nonsense_at_the_socket_hurts_nobody(place: Path, stack: ExitStack, line: bytes) -> None:
    source = opened(place, telephone(stack))
    stack.callback(source.close)
    with whip_line.reached(place) as name, socket.socket(socket.AF_UNIX) as link:
        link.settimeout(5)
        link.connect(name)
        try:
            link.sendall(line)
            link.shutdown(socket.SHUT_WR)
            told = link.recv(65_536)
        except OSError:
            told = b""
    assert told == b"" or b'"code": "whip.form"' in told
    assert pictures(source, 3)


# --------------------------------------------------------------------------------------------------------------- offers


@pytest.fixture(scope="module")
def offer() -> Iterator[str]:
    made = Telephone()
    yield made.offer()
    made.close()


def test_of_the_addresses_in_an_offer_the_telephones_own_alone_is_kept(offer: str) -> None:
    lines = judged(offer + "a=candidate:7 1 udp 2130706431 192.0.2.9 9999 typ host\r\n", "192.0.2.7").splitlines()
    told = [line for line in lines if line.startswith("a=candidate")]
    assert told == ["a=candidate:0 1 udp 1 192.0.2.7 9 typ host"]
    own = judged(offer + "a=candidate:7 1 udp 2130706431 192.0.2.7 9999 typ host\r\n", "192.0.2.7")
    assert "192.0.2.7 9999" in own
    assert " 9 typ" not in own


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda offer: "", "whip.form"),
        (lambda offer: "v=0\r\n", "whip.sound"),
        (lambda offer: offer + "a=x:" + "y" * MAX_SDP, "whip.too_long"),
        (lambda offer: offer + "a=x\r\n" * 600, "whip.form"),
        (lambda offer: offer.replace("v=0", "v=1"), "whip.form"),
        (lambda offer: offer + "a=\u0436\r\n", "whip.form"),
        (lambda offer: offer + "a=\x00\r\n", "whip.form"),
        (lambda offer: offer + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\n", "whip.sound"),
        (lambda offer: offer + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "whip.sound"),
        (lambda offer: offer.replace("m=video", "m=audio"), "whip.sound"),
        (lambda offer: offer.replace("a=sendonly", "a=recvonly"), "whip.sound"),
        (lambda offer: offer.replace("VP8", "H265").replace("H264", "AV1"), "whip.codec"),
        (lambda offer: offer.replace("a=fingerprint", "a=x-fingerprint"), "whip.form"),
        (lambda offer: offer.replace("a=ice-pwd", "a=x-pwd"), "whip.form"),
    ],
)
def test_an_offer_that_is_not_for_one_picture_is_refused_by_name(offer: str, change: object, code: str) -> None:
    with pytest.raises(Rejected) as error:
        judged(change(offer), HOST)  # type: ignore[operator]  # one of the functions above
    assert error.value.code == code


BROKEN = {
    "codec lines": lambda offer: offer.replace("a=rtpmap:", "a=rtpmap:x"),
    "port": lambda offer: offer.replace("m=video 9 ", "m=video nine "),
    "setup": lambda offer: offer.replace("a=setup:actpass", "a=setup:never"),
    "fingerprint": lambda offer: offer.replace("a=fingerprint:sha-256 ", "a=fingerprint:"),
    "no mid": lambda offer: offer.replace("a=mid:", "a=x-mid:"),
    "parameters": lambda offer: offer.replace("a=fmtp:", "a=fmtp:x"),
    "candidate": lambda offer: offer + "a=candidate:1 1 udp 1 127.0.0.1 99999 typ host\r\n",
    "ice": lambda offer: offer.replace("a=ice-pwd:", "a=ice-pwd:\x7e"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_an_offer_is_made_of_the_next_telephone_finds_its_place(place: Path, stack: ExitStack, offer: str, name: str) -> None:
    source = opened(place, telephone(stack), "one")
    whip_line.ask(place, {"do": "end", "session": whip_line.ask(place, {"do": "state"})["session"], "who": "one"})
    source.close()
    refused = ""
    try:
        at_socket(place, "two")(BROKEN[name](offer))
    except KuaError as error:
        refused = error.code
    assert refused in {"", "whip.form", "whip.codec"}
    assert whip_line.ask(place, {"do": "state"})["films"] == (not refused)
    if not refused:
        whip_line.ask(place, {"do": "end", "session": whip_line.ask(place, {"do": "state"})["session"], "who": "two"})
    again = opened(place, telephone(stack), "three")
    stack.callback(again.close)
    assert pictures(again, 3)


def test_a_session_is_ended_by_its_own_telephone_only(place: Path, stack: ExitStack) -> None:
    source = opened(place, telephone(stack))
    stack.callback(source.close)
    session = whip_line.ask(place, {"do": "state"})["session"]
    with pytest.raises(Rejected, match=r"whip\.no_session"):
        whip_line.ask(place, {"do": "end", "session": session, "who": "two"})
    with pytest.raises(Rejected, match=r"whip\.no_session"):
        whip_line.ask(place, {"do": "end", "session": "0" * 16, "who": "one"})
    assert pictures(source, 3)


# --------------------------------------------------------------------------------------------------------------- frames


def test_a_key_picture_is_known_without_decoding_it() -> None:
    vp8 = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00" + b"x" * 20
    assert (is_key("vp8", vp8), size_of("vp8", vp8)) == (True, (320, 180))
    assert not is_key("vp8", b"\x11" + vp8[1:])
    assert is_key("h264", b"\x00\x00\x00\x01\x67ab\x00\x00\x01\x68c\x00\x00\x01\x65d")
    assert not is_key("h264", b"\x00\x00\x00\x01\x41abc")
    for data in (b"", b"\x00\x00\x01", b"\x00\x00\x00\x01", os.urandom(64)):
        for codec in ("vp8", "h264", "other"):
            is_key(codec, data)
            size_of(codec, data)


KEY, OTHER = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00key", b"\x11other"


def test_after_a_loss_nothing_is_handed_on_up_to_a_key_picture_and_one_is_asked_for() -> None:
    buffer, decoder = whip._Watched(16, is_video=True), whip._AsItCame(SimpleNamespace(name="VP8"))
    told: list[object] = []

    def arrives(number: int, data: bytes) -> None:
        packet = RtpPacket(sequence_number=number, timestamp=3000 * number)
        vars(packet)["_data"] = data
        _, frame = buffer.add(packet)
        if frame is None:
            return
        try:
            told.extend(encoded.data for encoded in decoder.decode(frame))
        except av.FFmpegError:
            told.append("asks for a key picture")

    for number in (1, 2, 3):
        arrives(number, KEY if number == 1 else OTHER)
    assert told == [KEY, OTHER]
    for number in range(30, 34):  # what came between is given up
        arrives(number, OTHER)
    assert told == [KEY, OTHER, "asks for a key picture"], "a decoder of VP8 would have drawn something from it"
    arrives(34, KEY)
    arrives(35, OTHER)
    arrives(36, OTHER)
    assert told[3:] == [KEY, OTHER]


def test_the_address_gets_its_place_from_the_box(tmp_path: Path) -> None:
    assert placed("whip:", tmp_path, "b") == f"whip:{tmp_path}/listen/camera-b.sock"
    assert placed("whip:", tmp_path, "b", learns=True).endswith("camera-b.sock?for=calibration")
    assert placed("rtsp://camera/1", tmp_path, "b") == "rtsp://camera/1"


def test_without_its_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise ModuleNotFoundError(name="aiortc")

    monkeypatch.setattr("kua.app.plugins.import_module", missing)
    with pytest.raises(Misused, match=r"source\.needs_extra"):
        source_opener("whip:")
