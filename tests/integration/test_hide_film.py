# SPDX-License-Identifier: Apache-2.0
"""What `hide` makes of a camera's packets, good and bad: real codecs, a drawn room, a clock set by hand."""

from typing import Any

import numpy as np
import pytest

from kua.core.errors import Unavailable
from kua.core.instant import SLOT
from kua.media.boxes import boxes, read_segment, time_scale
from kua.station.hide import HOLD
from kua.station.pipe import Anchored, Beat, Counted, Covered, Done, Ended, Fault, Health, Hole, Init, Lost, Piece
from tests.rigs.recording import SIZE, Encoder, Recording, decode, pixels


def flat(luma: int, size: tuple[int, int] = SIZE) -> Any:
    width, height = size
    yuv = np.full((height * 3 // 2, width), 128, np.uint8)
    yuv[:height] = luma
    return yuv


def end(recording: Recording) -> None:
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)


@pytest.fixture(scope="module")
def ten_seconds() -> Recording:
    recording = Recording(counting=True)
    recording.connect()
    recording.show(recording.people(170))
    end(recording)
    return recording


def test_segments_are_cut_at_multiples_of_four_seconds_and_tile_the_recording(ten_seconds: Recording) -> None:
    pieces = ten_seconds.of(Piece)
    assert [piece.t0 % SLOT for piece in pieces] == [300, 0, 0, 0, 0]
    assert [piece.slot for piece in pieces] == [piece.t0 // SLOT for piece in pieces]
    assert sum(piece.t1 - piece.t0 for piece in pieces) == ten_seconds.of(Done)[0].t1 - pieces[0].t0
    ten_seconds.tiles()


def test_a_strangers_player_sees_every_frame_at_its_capture_time(ten_seconds: Recording) -> None:
    at = [at for at, _ in ten_seconds.frames()]
    assert at == [1_800_000_000_300 + number * 100 for number in range(170)]
    assert sum(piece.frames for piece in ten_seconds.of(Piece)) == 170


def test_every_segment_is_one_fragment_that_begins_where_its_statement_says(ten_seconds: Recording) -> None:
    first = ten_seconds.of(Piece)[0].t0
    for piece in ten_seconds.of(Piece):
        said = read_segment(piece.payload)
        assert (said.decode_time, said.frames) == ((piece.t0 - first) * 90, piece.frames)
        assert [box.kind for box in boxes(piece.payload)] == [b"moof", b"mdat"]


def test_each_segment_decodes_alone_with_its_init(ten_seconds: Recording) -> None:
    init = ten_seconds.of(Init)[0].payload
    for piece in ten_seconds.of(Piece):
        assert len(decode(init + piece.payload)) == piece.frames


def test_the_film_says_nothing_of_encoder_or_library(ten_seconds: Recording) -> None:
    film = ten_seconds.films()["00000001"]
    assert time_scale(film) == 90_000
    for trace in (b"x264", b"Lavf", b"Lavc", b"edts", b"soun"):
        assert trace not in film


def test_people_are_hidden_and_the_room_is_shown(ten_seconds: Recording) -> None:
    height = SIZE[1]
    sent = ten_seconds.frames()[-1][1]
    raw = ten_seconds.room.picture(600_000 + 169 * 100)
    fill = ten_seconds.hiders[0]
    assert fill.plan is not None
    shown = ~pixels(fill.plan.hidden)
    difference = np.abs(sent[:height].astype(int) - raw[:height])
    assert 0.2 < shown.mean() < 0.95
    assert difference[shown].mean() < 6 < difference[~shown].mean()


def test_a_voting_picture_shows_people_without_colour(ten_seconds: Recording) -> None:
    width, height = SIZE
    plan = ten_seconds.hiders[0].plan
    assert plan is not None
    hidden = pixels(plan.mosaic, 2)
    u = ten_seconds.frames()[-1][1][height : height + height // 4].reshape(height // 2, width // 2)
    inner = hidden & np.roll(hidden, 8, 0) & np.roll(hidden, -8, 0) & np.roll(hidden, 8, 1) & np.roll(hidden, -8, 1)
    assert np.abs(u[inner].astype(int) - 128).mean() < 4


def test_the_first_moments_are_filled_and_said_to_be(ten_seconds: Recording) -> None:
    spans = ten_seconds.of(Covered)
    assert [span.reason for span in spans] == ["warming"]
    filled = [at for at, yuv in ten_seconds.frames() if yuv[: SIZE[1]].std() < 2]
    assert filled
    assert all(spans[0].t0 <= at < spans[0].t1 for at in filled)


def test_people_in_the_line_are_counted_every_fifteen_seconds(ten_seconds: Recording) -> None:
    counted = ten_seconds.of(Counted)
    assert len(counted) == 2
    assert counted[0].t1 // 15_000 == counted[0].t0 // 15_000
    assert 0 <= counted[0].queue_lo <= counted[0].queue_hi
    assert counted[0].people_hi >= 5


def test_the_process_tells_that_it_lives(ten_seconds: Recording) -> None:
    assert len(ten_seconds.of(Beat)) >= 15


@pytest.mark.parametrize("codec", ["hevc", "mjpeg"])
def test_other_cameras_are_taken(codec: str) -> None:
    recording = Recording()
    recording.connect(Encoder(codec))
    recording.show(recording.people(25))
    end(recording)
    assert sum(piece.frames for piece in recording.of(Piece)) == 25
    assert not recording.of(Fault)
    assert recording.frames()[-1][1][: SIZE[1]].std() > 20


def test_a_full_range_camera_is_brought_to_limited_range() -> None:
    recording = Recording(phase=lambda _at: "voting")
    recording.connect(Encoder("mjpeg"))
    recording.show(recording.people(12))
    end(recording)
    ours = recording.frames()[-1][1][: SIZE[1]]
    room = recording.room.empty()[: SIZE[1]]
    plan = recording.hiders[0].plan
    assert plan is not None
    shown = ~pixels(plan.hidden)
    assert abs(float(ours[shown].mean()) - float(room[shown].mean())) < 4


def test_a_codec_that_nobody_checked_is_refused_and_said() -> None:
    recording = Recording()
    recording.hide.take(type(recording.encoder.start())("ansi", *SIZE, 1, 1000, b""))
    recording.show(recording.people(3))
    assert [(fault.kind, fault.state) for fault in recording.of(Fault)] == [("codec", "begin")]
    recording.connect()
    assert [fault.state for fault in recording.of(Fault)] == ["begin", "end"]


def test_a_camera_of_twenty_five_pictures_is_thinned_to_ten_on_the_grid() -> None:
    recording = Recording()
    recording.connect(Encoder(fps=25))
    recording.show(recording.people(100), every=40)
    end(recording)
    assert 39 <= sum(piece.frames for piece in recording.of(Piece)) <= 41
    assert recording.hide.counts["thinned"] > 55


def test_a_lost_camera_makes_a_hole_and_a_new_run() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(30))
    recording.hide.take(Lost("camera_lost", recording.clock.now()))
    recording.clock.advance(7_000)
    recording.connect()
    recording.show(recording.people(30))
    end(recording)
    first, second = recording.of(Init)
    assert first.run != second.run
    before = [piece for piece in recording.of(Piece) if piece.run == first.run][-1]
    hole = recording.of(Hole)[-1]
    assert (hole.t0, hole.reason) == (before.t1, "camera_lost")
    assert len(recording.frames()) == 60
    recording.tiles()


def test_a_silent_stretch_is_a_hole_and_never_a_stretched_frame() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(30))
    recording.media += 3_000
    recording.clock.advance(3_000)
    recording.encoder.start()
    recording.show(recording.people(30))
    end(recording)
    assert [hole.reason for hole in recording.of(Hole)] == ["starting", "camera_silent"]
    assert len(recording.of(Init)) == 2
    recording.tiles()
    for piece in recording.of(Piece):
        assert piece.t1 - piece.t0 <= piece.frames * 100 + 1


def test_a_camera_that_sets_its_clock_forward_begins_a_new_run_at_the_right_time() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(30))
    recording.media += 3_600_000
    recording.show(recording.people(30))
    end(recording)
    assert [hole.reason for hole in recording.of(Hole)] == ["starting", "clock_step"]
    assert [at for at, _ in recording.frames()] == [1_800_000_000_300 + number * 100 for number in range(60)]
    recording.tiles()


def test_timestamps_that_go_back_or_repeat_are_dropped_and_counted() -> None:
    recording = Recording()
    recording.connect(Encoder("mjpeg"))
    recording.show(recording.people(15))
    recording.media -= 300
    recording.show(recording.people(3))
    recording.show(recording.people(15))
    end(recording)
    at = [at for at, _ in recording.frames()]
    assert at == sorted(set(at))
    assert recording.hide.counts["back"] >= 3
    assert len(recording.of(Init)) == 1
    recording.tiles()


def test_a_camera_whose_clock_stays_behind_begins_a_new_run() -> None:
    recording = Recording()
    recording.connect(Encoder("mjpeg"))
    recording.show(recording.people(25))
    recording.media -= 30_000
    recording.show(recording.people(25))
    end(recording)
    assert len(recording.of(Init)) == 2
    assert len(recording.frames()) == 50
    recording.tiles()


def test_a_step_of_the_wall_clock_closes_the_run() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(30))
    recording.clock.step(90_000)
    recording.show(recording.people(30))
    end(recording)
    assert [hole.reason for hole in recording.of(Hole)] == ["starting", "clock_step"]
    assert len(recording.of(Init)) == 2
    recording.tiles()


def test_a_clock_set_back_an_hour_loses_no_film_and_nobody_vouches_for_the_time() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(30))
    recording.clock.step(-3_600_000)
    recording.show(recording.people(50))
    end(recording)
    recording.tiles()
    later = [piece for piece in recording.of(Piece) if piece.run == recording.of(Init)[1].run]
    assert {piece.trust for piece in later} == {"none"}
    assert sum(piece.frames for piece in recording.of(Piece)) >= 79


def test_a_picture_of_equal_shape_is_scaled_and_another_shape_stops_the_run() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(20))
    recording.connect(Encoder(size=(640, 360)))
    recording.show([flat(90, (640, 360))] * 15)
    assert len({init.run for init in recording.of(Init)}) >= 1
    recording.connect(Encoder(size=(320, 240)))
    recording.show([flat(90, (320, 240))] * 30)
    frames = sum(piece.frames for piece in recording.of(Piece))
    assert frames == 35
    assert recording.of(Hole)[-1].reason == "size_change"
    recording.connect()
    recording.show(recording.people(20))
    end(recording)
    assert sum(piece.frames for piece in recording.of(Piece)) == 55
    recording.tiles()


def test_a_stream_that_changes_its_size_goes_on_as_another_run_by_the_same_clock() -> None:
    recording = Recording()
    recording.connect(Encoder("mjpeg"))
    recording.show(recording.people(30))
    for size in ((640, 360), SIZE):
        recording.encoder = Encoder("mjpeg", size)
        recording.show([flat(90, size)] * 30)
    end(recording)
    assert len({init.run for init in recording.of(Init)}) == 3
    assert {(init.width, init.height) for init in recording.of(Init)} == {SIZE}, "the film keeps its own size"
    assert sum(piece.frames for piece in recording.of(Piece)) == 88, "each change costs one picture"
    changes = [hole for hole in recording.of(Hole) if hole.reason == "size_change"]
    pieces = recording.of(Piece)
    assert [min(piece.t0 for piece in pieces if piece.t0 >= hole.t0) - hole.t0 for hole in changes] == [100, 100]
    told = {(told.run, told.t0 - told.mono, told.drift_ppm) for told in recording.of(Anchored)}
    assert len({run for run, _, _ in told}) == 3
    assert {(ahead, drift) for _, ahead, drift in told} == {(recording.clock.now() - recording.clock.monotonic(), 0)}, "one clock, one anchor"
    recording.tiles()


def test_a_moved_camera_takes_the_pictures_before_it_along() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(40))
    moved = [np.roll(picture[: SIZE[1]], 60, axis=1) for picture in recording.people(8)]
    recording.show([np.vstack([luma, recording.room.empty()[SIZE[1] :]]) for luma in moved])
    moment = 1_800_000_000_300 + 40 * 100
    end(recording)
    begin = min(span.t0 for span in recording.of(Covered) if span.reason == "scene_changed")
    assert moment - HOLD <= begin <= moment - HOLD + 200
    warm = max(span.t1 for span in recording.of(Covered) if span.reason == "warming")
    for at, yuv in recording.frames():
        assert (yuv[: SIZE[1]].std() < 2) == (at >= begin or at < warm), at


def test_whatever_fails_in_hiding_fills_the_picture() -> None:
    class Broken:
        phase = "voting"

        def step(self, *_: Any) -> Any:
            raise ZeroDivisionError

    recording = Recording(new_hider=lambda _phase: Broken())
    recording.connect()
    recording.show(recording.people(20))
    end(recording)
    assert {span.reason for span in recording.of(Covered)} == {"error"}
    assert all(yuv[: SIZE[1]].std() < 2 for _, yuv in recording.frames())
    assert sum(piece.frames for piece in recording.of(Piece)) == 20


def test_a_detector_that_fails_fills_the_picture() -> None:
    def look(_picture: Any) -> Any:
        raise Unavailable("model.missing")

    recording = Recording(look=look)
    recording.connect()
    recording.show(recording.people(20))
    end(recording)
    assert "detector" in {span.reason for span in recording.of(Covered)}
    assert all(yuv[: SIZE[1]].std() < 2 for _, yuv in recording.frames())


def test_a_process_that_is_late_sends_filled_pictures_until_it_has_caught_up() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(30))
    recording.show(recording.people(10), behind=900)
    recording.show(recording.people(20))
    end(recording)
    late = [span for span in recording.of(Covered) if span.reason == "late"]
    assert len(late) >= 1
    assert recording.frames()[-1][1][: SIZE[1]].std() > 20


def test_hidden_spans_are_told_at_every_cut_and_lie_within_film() -> None:
    recording = Recording(new_hider=lambda _phase: None)
    recording.connect()
    recording.show(recording.people(100))
    end(recording)
    spans, pieces = recording.of(Covered), recording.of(Piece)
    assert [(span.t0, span.t1) for span in spans] == [(piece.t0, piece.t1) for piece in pieces]
    order = [type(message) for message in recording.sent if isinstance(message, Covered | Piece)]
    assert order == [Covered, Piece] * len(pieces)


def test_a_frozen_and_a_black_picture_are_faults_with_an_end() -> None:
    recording = Recording()
    recording.connect(Encoder("mjpeg"))
    recording.show(recording.people(15))
    recording.show([recording.room.picture(600_000)] * 110)
    recording.show(recording.people(5))
    recording.show([flat(16 + number % 2) for number in range(60)])
    recording.show(recording.people(5))
    assert [(fault.kind, fault.state) for fault in recording.of(Fault)] == [
        ("frozen", "begin"), ("frozen", "end"), ("covered", "begin"), ("black", "begin"), ("black", "end"),
    ]  # fmt: skip


def test_outside_all_windows_nothing_is_recorded() -> None:
    shut = 1_800_000_004_000
    recording = Recording(phase=lambda at: "voting" if at < shut else None)
    recording.connect()
    recording.show(recording.people(80))
    end(recording)
    assert recording.of(Piece)[-1].t1 <= shut + 100
    assert recording.of(Hole)[-1].reason == "stopped"


def test_a_phase_begins_with_a_segment_and_is_stated_in_it() -> None:
    change = 1_800_000_004_000
    recording = Recording(phase=lambda at: "voting" if at < change else "count")
    recording.connect()
    recording.show(recording.people(80))
    end(recording)
    assert [piece.phase for piece in recording.of(Piece)] == ["voting", "count", "count"]


def test_an_encoder_that_fails_is_a_hole_and_the_recording_goes_on() -> None:
    from kua.adapters.codecs.segmenter import Segmenter

    made: list[Any] = []

    class Failing(Segmenter):
        def encode(self, picture: Any) -> None:
            if len(made) == 1 and picture.at >= 1_800_000_005_000:
                raise Unavailable("film.encoder", step="encode")
            super().encode(picture)

    def open_film(emit: Any) -> Any:
        made.append(Failing(*SIZE, 10, 400_000, "ultrafast", emit))
        return made[-1]

    recording = Recording(open_film=open_film)
    recording.connect()
    recording.show(recording.people(90))
    end(recording)
    assert len(made) == 2
    assert "encoder" in {hole.reason for hole in recording.of(Hole)}
    recording.tiles()


def test_a_torn_pipe_ends_without_a_done() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(20))
    recording.hide.finish(ended=False)
    assert not recording.of(Done)
    assert recording.of(Hole)[-1].reason == "restart"
    assert sum(piece.frames for piece in recording.of(Piece)) == 20


def test_no_message_to_keep_can_carry_a_packet_of_the_camera(ten_seconds: Recording) -> None:
    assert {type(message) for message in ten_seconds.sent} <= {Hole, Init, Piece, Anchored, Covered, Counted, Fault, Beat, Health, Done}


def test_the_preview_gets_pairs_twice_a_second_and_nothing_else_gets_raw() -> None:
    pairs: list[Any] = []
    recording = Recording(preview=lambda raw, sent: pairs.append((raw, sent)))
    recording.connect()
    recording.show(recording.people(40))
    end(recording)
    assert 7 <= len(pairs) <= 9
    assert all(raw.at == sent.at for raw, sent in pairs)


def test_what_a_device_tells_is_handed_on_and_nothing_else_that_fetch_may_say() -> None:
    recording = Recording()
    recording.connect()
    recording.hide.take(Fault(5, "tamper", "begin"))
    recording.hide.take(Fault(6, "looped", "end"))
    recording.hide.take(Fault(7, "tamper", "end"))
    assert recording.of(Fault) == [Fault(5, "tamper", "begin"), Fault(7, "tamper", "end")]
