# SPDX-License-Identifier: Apache-2.0
"""Each fault of the bad camera, through the real `fetch`, `hide` and `keep`: what the log states, what the page shows, what the operator is told.

Rules I1, I2, I4, REC4 and REC5 of the recording rules (docs/design/recording-rules.md).
"""

import socket
from pathlib import Path

import pytest

from kua.adapters.badcamera.reel import made, pattern
from kua.adapters.badcamera.server import BadCamera, serving
from kua.adapters.badcamera.switches import FAULTS, Switches
from kua.adapters.clock import SystemClock
from kua.adapters.sources.rtsp import open_rtsp
from kua.core.instant import Millis
from kua.ports.source import Opening
from kua.station.fetch import Fetch, QueueInbox, Threads
from kua.station.pipe import Init, Packet, Piece
from tests.rigs.chain import PASSWORD, Chain

STARTING = ("Not recorded", "The recording was starting.")
WARMING = ("Picture hidden", "The hiding of people was starting; until it works nothing is shown.")
RECORDED = ("Recorded", "")
SILENT = ("Not recorded", "The camera sent no new picture.")
REFUSED = ("Not recorded", "The camera refused the connection.")
LOOPED = ("Picture hidden", "The camera sent pictures that it had sent before, as from a recording; so nothing is shown.")
MOVED = ("Picture hidden", "The camera was moved or covered, or the light changed at once: it was not certain that the booths were hidden.")
SAYS_SILENT = "The camera sends no new picture. Check its power and cable; kua opens it anew by itself."
SAYS_REFUSED = (
    "The camera refuses the connection: the password is wrong, its account is locked, or it has no room for another viewer. "
    "Check the password, and close other programs that look at it."
)
SAYS_NO_FILM = "Nothing of this camera has been recorded for more than half a minute."
SAYS_GARBLED = (
    "Data comes from the camera, but no picture can be made of it. Set it to plain H.264 without “smart” or “+” modes, and restart it."
)


def test_a_well_camera_is_recorded_from_its_very_first_picture(tmp_path: Path) -> None:
    with Chain(tmp_path, Switches(), 60) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting"], "faults": [], "hidden": ["warming"], "film": 5901}
        assert chain.lost() == {"starting": 100}  # the first packet's own time, and no key picture's distance more
        assert chain.page() == [STARTING, WARMING, RECORDED]
        assert (chain.lamp(), chain.operator()) == ("Recording", [])
        assert chain.told["counts"] == {"pictures": 60, "broken": 0, "back": 0, "skipped": 0}


def test_without_parameter_sets_nothing_is_recorded_and_it_is_not_called_starting(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["missing_sps"], 450) as chain:
        chain.run()
        assert chain.log() == {
            "gaps": ["camera_silent"],
            "faults": ["garbled begin", "no_film begin", "no_film end"],
            "hidden": [],
            "film": 0,
        }
        assert chain.page() == [SILENT]
        assert chain.lamp() == "No picture"
        assert chain.operator() == [SAYS_SILENT, SAYS_GARBLED, SAYS_NO_FILM, "Packets that could not be decoded: 450; pictures: 0."]


def test_another_picture_size_in_mid_stream_ends_the_run_and_says_so(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["sps_change"], 120) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting", "size_change"], "faults": [], "hidden": ["warming"], "film": 6000}
        assert chain.lost() == {"starting": 100, "size_change": 5900}
        assert chain.page() == [STARTING, WARMING, RECORDED, ("Not recorded", "The size of the picture was changed.")]
        assert chain.operator() == [
            "The camera sends a picture of another shape than the one that was calibrated. Set its size back, or calibrate anew."
        ]


def test_without_sender_reports_film_is_whole_and_the_cameras_clock_is_not_known(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["no_sender_reports"], 60) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting"], "faults": [], "hidden": ["warming"], "film": 5901}
        assert chain.page() == [STARTING, WARMING, RECORDED]
        assert chain.told["clock"] is None
        assert chain.operator() == []


@pytest.mark.parametrize(("ahead", "said"), [(18_000_000, "18000"), (-95_000, "-95")])
def test_a_camera_whose_clock_is_wrong_is_told_and_the_film_dated_by_our_own(tmp_path: Path, ahead: int, said: str) -> None:
    with Chain(tmp_path, Switches(clock_ms=ahead), 60) as chain:
        chain.run()
        assert chain.told["clock"]["by"] == "rtcp"
        assert abs(chain.told["clock"]["ahead_ms"] - ahead) <= 200
        assert chain.log()["film"] == 5901
        first = chain.of(Piece)[0]
        assert first.t0 == chain.began + 100
        (told,) = chain.operator()
        assert told.startswith("The camera's own clock is wrong by ")
        assert abs(int(told.split(" by ")[1].split(" s.")[0]) - int(said)) <= 1


@pytest.mark.parametrize(("name", "lost"), [("duplicate_times", 19), ("backward_times", 14)])
def test_pictures_dated_twice_or_backwards_are_left_out_and_counted_and_nothing_else_is_lost(tmp_path: Path, name: str, lost: int) -> None:
    with Chain(tmp_path, FAULTS[name], 100) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting"], "faults": [], "hidden": ["warming"], "film": 9901}
        assert len(chain.of(Init)) == 1
        assert sum(piece.frames for piece in chain.of(Piece)) == 100 - lost
        assert chain.page() == [STARTING, WARMING, RECORDED]
        assert chain.operator() == [f"Pictures left out because the camera dated them again or backwards: {lost}; pictures: 100."]


def test_a_camera_that_hangs_after_setup_is_silent_all_along_and_tried_at_growing_intervals(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["hangs_after_setup"], 10, until=60_000) as chain:
        chain.run()
        assert set(chain.log()["gaps"]) == {"camera_silent"}
        assert "no_film begin" in chain.log()["faults"]
        assert chain.page() == [SILENT]
        assert chain.lamp() == "No picture"
        assert chain.operator() == [SAYS_SILENT, SAYS_NO_FILM]
        waits = [two - one for one, two in zip(chain.opened_at, chain.opened_at[1:], strict=False)]
        assert waits[:4] == [10_500, 11_000, 12_000, 14_000]


def test_a_camera_with_no_room_for_us_is_recorded_as_soon_as_the_other_viewer_leaves(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["session_limit"], 60) as chain:
        other = socket.create_connection(("127.0.0.1", chain.camera.port))
        other.sendall(b"SETUP rtsp://127.0.0.1/x RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n")
        assert other.recv(1_000).startswith(b"RTSP/1.0 200 OK")
        told: list[list[str]] = []

        def leave(turn: int) -> None:
            told.append([chain.station.keep.trouble.get("a", "")])
            if turn == 4:
                other.sendall(b"TEARDOWN rtsp://127.0.0.1/x RTSP/1.0\r\nCSeq: 2\r\n\r\n")
                assert other.recv(1_000).startswith(b"RTSP/1.0 200 OK")

        chain.before_opening = leave
        chain.run()
        other.close()
        assert told == [[""], ["camera_refused"], ["camera_refused"], ["camera_refused"]]
        assert chain.lost() == {"camera_refused": 3_600}  # waits of 0.5, 1 and 2 s, and the first packet
        assert chain.page() == [REFUSED, WARMING, RECORDED]
        assert chain.operator() == []


def test_sound_is_never_asked_for(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["sound"], 40) as chain:
        chain.run()
        assert chain.camera.sound_sent == 0
        assert b"soun" not in b"".join(message.payload for message in chain.of(Init))
        assert chain.log() == {"gaps": ["starting"], "faults": [], "hidden": ["warming"], "film": 3901}
        assert (chain.page(), chain.operator()) == ([STARTING, WARMING, RECORDED], [])


def test_a_login_that_is_refused_later_is_told_at_once_and_the_account_not_locked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Chain(tmp_path, Switches(refuses_after=6, stalls_at=30), 400, until=200_000, login=True) as chain:
        chain.run()
        log = chain.log()
        assert log["gaps"][:2] == ["starting", "camera_silent"]
        assert set(log["gaps"][2:]) == {"camera_refused"}
        assert log["faults"] == ["no_film begin", "no_film end"]
        assert chain.page() == [STARTING, WARMING, RECORDED, SILENT, REFUSED]
        assert chain.lamp() == "No picture"
        assert chain.operator() == [SAYS_REFUSED, SAYS_NO_FILM]
        waits = [two - one for one, two in zip(chain.opened_at[1:], chain.opened_at[2:], strict=False)]
        assert len(waits) >= 3
        assert min(waits) >= 30_000
        for leaf in chain.station.leaves():
            assert PASSWORD not in str(leaf.body)
    told = capfd.readouterr()
    assert PASSWORD not in told.out + told.err


def test_a_line_that_is_too_thin_for_the_camera_is_not_called_a_clock_that_was_set(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["slow"], 250) as chain:
        chain.run()
        log, lost = chain.log(), chain.lost()
        assert log["faults"] == ["slow begin"]
        assert "clock_step" not in log["gaps"]
        assert log["film"] + lost.total() == chain.station.account().closed - chain.began
        assert 15_000 <= lost["camera_silent"] <= 25_000  # half of what it should have sent never came
        assert chain.page()[:7] == [STARTING, WARMING, RECORDED, SILENT, WARMING, RECORDED, SILENT]
        assert chain.operator() == [
            "Its pictures come later and later: the line to the camera is too thin. Use a cable, or lower the camera's bitrate."
        ]
        assert chain.told["clock"] is None


def test_a_sensor_that_stands_still_is_told_although_its_encoder_goes_on(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["frozen"], 230) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting"], "faults": ["frozen begin"], "hidden": ["warming"], "film": 22_901}
        assert chain.page() == [STARTING, WARMING, RECORDED]
        assert chain.lamp() == "Still picture"
        assert chain.operator() == ["The picture stands still; the camera is opened anew. If it goes on, take its power away for a moment."]


def test_a_connection_that_falls_silent_costs_the_seconds_it_was_away(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["stalls"], 120) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting", "camera_silent"], "faults": [], "hidden": ["warming"], "film": 11_901}
        assert chain.lost() == {"starting": 100, "camera_silent": 5_500}  # the watchdog's five seconds and the first wait
        assert chain.page() == [STARTING, WARMING, RECORDED, SILENT, WARMING, RECORDED]
        assert len({message.run for message in chain.of(Init)}) == len(chain.of(Init)) == 2  # REC4: another connection is another run
        assert chain.operator() == []


def test_the_same_pictures_again_are_hidden_and_told(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["looped"], 120) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting"], "faults": ["looped begin"], "hidden": ["looped", "warming"], "film": 11_901}
        assert chain.page() == [STARTING, WARMING, LOOPED]
        assert chain.lamp() == "Repeated picture"
        assert chain.operator() == ["The camera sends pictures that it has sent before. Look at once what is connected in its place."]


def test_a_black_picture_is_hidden_and_told(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["black"], 90) as chain:
        chain.run()
        assert chain.log() == {"gaps": ["starting"], "faults": ["covered begin", "black begin"], "hidden": ["scene_changed"], "film": 8_901}
        assert chain.page() == [STARTING, MOVED]
        assert chain.lamp() == "Picture hidden"
        assert chain.operator() == [
            "The picture is black: the lens is covered, or the room is dark.",
            "The camera is covered, or the room is dark.",
        ]


def test_noise_in_place_of_pictures_is_counted_told_and_kept_from_the_film(tmp_path: Path) -> None:
    with Chain(tmp_path, FAULTS["garbage"], 200, until=18_000) as chain:
        chain.run()
        log = chain.log()
        assert [log["gaps"][0], *set(log["gaps"][1:])] == ["starting", "camera_silent"]
        assert log["faults"] == ["garbled begin"]
        assert log["film"] == 1_000
        assert chain.lamp() == "No picture"
        assert chain.operator()[:2] == [SAYS_SILENT, SAYS_GARBLED]
        assert chain.told["counts"]["broken"] >= 100


def test_a_camera_that_refuses_tcp_is_taken_over_udp(tmp_path: Path) -> None:
    with Chain(tmp_path, Switches(refuses_transport="tcp"), 40) as chain:
        chain.run()
        assert chain.camera.requests[:5] == ["OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
        assert chain.log()["film"] >= 3_500
        assert chain.told["clock"]["by"] == "rtcp"


def test_a_stop_says_goodbye_so_that_the_camera_keeps_no_place_for_us() -> None:
    switches, clock, inbox = Switches(), SystemClock(), QueueInbox()
    # Slow enough that no picture is written while the goodbye is under way: one that meets a closed socket breaks the connection before it is read.
    with serving(BadCamera(made(pattern(), 300, 10, switches), switches, clock.now, pace=3.0)) as camera:
        readers = Threads(lambda: open_rtsp(f"rtsp://127.0.0.1:{camera.port}/x", Opening(clock, lambda _wait: None)), clock, inbox)
        fetch = Fetch(readers, inbox, clock, lambda: 0.5, lambda message: fetch.stop() if isinstance(message, Packet) else None, live=True)
        fetch.run()
        readers.end(Millis(5_000))
        camera.until(lambda: "TEARDOWN" in camera.requests, 5.0)
        assert camera.requests == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
