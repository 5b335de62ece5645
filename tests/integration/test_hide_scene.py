# SPDX-License-Identifier: Apache-2.0
"""A camera that is moved, covered, put out of focus, exchanged or played from a recording: what leaves the box, and what the log is told."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from kua.station.hide import HOLD
from kua.station.pipe import Covered, Ended, Fault, Lost, Packet
from kua.station.vitals import LOOP_IN, LOOP_OVER, Vitals
from tests.rigs.recording import SIZE, Encoder, Recording

FIRST = 1_800_000_000_300
Change = Callable[[Any], Any]


def planewise(yuv: Any, change: Callable[[Any, int], Any]) -> Any:
    """Change brightness and colour alike; `change` is given a plane and by how much it is smaller than the picture."""
    width, height = SIZE
    luma, rest = yuv[:height], yuv[height:].reshape(2, height // 2, width // 2)
    return np.vstack([change(luma, 1), *(change(plane, 2).reshape(-1, width) for plane in rest)])


def shifted(x: float, y: float = 0.0, turn: float = 0.0, zoom: float = 1.0) -> Change:
    def change(plane: Any, by: int) -> Any:
        tall, wide = plane.shape
        matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), turn, zoom)
        matrix[:, 2] += (x / by, y / by)
        return cv2.warpAffine(np.ascontiguousarray(plane), matrix, (wide, tall), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    return lambda yuv: planewise(yuv, change)


def blurred(yuv: Any) -> Any:
    return planewise(yuv, lambda plane, by: cv2.GaussianBlur(np.ascontiguousarray(plane), (0, 0), 3 / by))


def covered(level: int) -> Change:
    return lambda yuv: np.full_like(yuv, level)


def recorded(before: list[Any], after: list[Any], back: list[Any]) -> Recording:
    recording = Recording()
    recording.connect()
    recording.show([*before, *after, *back])
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    return recording


def is_filled(yuv: Any) -> bool:
    return bool(yuv[: SIZE[1]].std() < 2)


def told(recording: Recording) -> list[tuple[str, str]]:
    return [(fault.kind, fault.state) for fault in recording.of(Fault)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (shifted(4), "moved"), (shifted(-3, 3), "moved"), (shifted(60, 10), "scene_changed"), (shifted(0, turn=1.2), "moved"), (shifted(0, zoom=1.03), "moved"),
        (blurred, "defocused"), (covered(30), "covered"), (covered(240), "covered"), (lambda yuv: yuv[:, ::-1].copy(), "scene_changed"),
    ],
    ids=["nudged", "nudged-across", "turned-far", "turned", "zoomed", "defocused", "covered-dark", "covered-bright", "swapped"],
)  # fmt: skip
def test_no_picture_of_another_geometry_leaves_unfilled_and_the_log_says_why(change: Change, kind: str) -> None:
    room = PaintedRoom(5, *SIZE)
    pictures = [room.picture(600_000 + 100 * number) for number in range(90)]
    recording = recorded(pictures[:40], [change(yuv) for yuv in pictures[40:90]], [])
    frames = recording.frames()
    moment = FIRST + 40 * 100
    assert len(frames) == 90
    assert all(is_filled(yuv) for at, yuv in frames if at >= moment)
    assert any(not is_filled(yuv) for at, yuv in frames if at < moment - HOLD)
    assert told(recording)[-1] == (kind, "begin")
    begin = min(span.t0 for span in recording.of(Covered) if span.reason == "scene_changed")
    assert moment - HOLD <= begin <= moment


def test_a_camera_that_is_nudged_and_returned_comes_back_by_itself_after_half_a_minute() -> None:
    room = PaintedRoom(5, *SIZE)

    def pictures(first: int, count: int) -> list[Any]:
        return [room.picture(600_000 + 100 * number) for number in range(first, first + count)]

    recording = recorded(pictures(0, 30), [shifted(5)(yuv) for yuv in pictures(30, 20)], pictures(50, 340))
    returned = FIRST + 50 * 100
    frames = recording.frames()
    assert all(is_filled(yuv) for at, yuv in frames if FIRST + 3_000 <= at < returned + 30_000)
    assert not any(is_filled(yuv) for at, yuv in frames if at >= returned + 30_500)
    assert told(recording) == [("moved", "begin"), ("moved", "end")]
    begin, end = (fault.at for fault in recording.of(Fault))
    assert FIRST + 3_000 <= begin <= FIRST + 3_000 + 1_400
    assert returned + 30_000 <= end <= returned + 30_500


def test_a_camera_that_stays_moved_stays_filled_and_a_reconnection_is_no_way_round() -> None:
    room = PaintedRoom(5, *SIZE)
    recording = Recording()
    recording.connect()
    recording.show([room.picture(600_000 + 100 * number) for number in range(30)])
    recording.show([shifted(5)(room.picture(603_000 + 100 * number)) for number in range(50)])
    again = recording.clock.now()
    recording.connect(Encoder())
    recording.show([room.picture(650_000 + 100 * number) for number in range(150)])
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert len(recording.hiders) == 2
    frames = recording.frames()
    assert max(at for at, _ in frames) > again + 10_000
    assert all(is_filled(yuv) for at, yuv in frames if at >= FIRST + 3_000)
    assert told(recording) == [("moved", "begin")]


def test_a_new_view_is_shown_under_a_new_calibration_only() -> None:
    """Under the old one the same pictures stay filled (above); that a new one needs two signatures: `tests/integration/test_up_doors.py`."""
    room = PaintedRoom(5, *SIZE)
    view = shifted(5)
    reference = learn_room([RawFrame(Instant(1_700 * n), *SIZE, view(room.quiet(1_700 * n))) for n in range(8)])
    recording = Recording(new_hider=lambda phase: Hider(None, reference, DEFAULT, phase))
    recording.connect()
    recording.show([view(room.picture(600_000 + 100 * number)) for number in range(60)])
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert not told(recording)
    assert not any(is_filled(yuv) for at, yuv in recording.frames() if at > FIRST + 1_000)


def test_people_who_come_and_go_raise_no_alarm() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(300))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert not told(recording)


def test_a_recording_that_is_played_in_place_of_the_camera_is_noticed_in_its_second_round_and_the_camera_again_half_a_minute_after_it() -> None:
    dice = np.random.default_rng(5)
    lumas = [dice.integers(0, 255, (96, 160), dtype=np.uint8) for _ in range(520)]
    vitals = Vitals()
    turns: list[tuple[int, str, str]] = []
    for number, luma in enumerate([*lumas[:100], *lumas[40:100], *lumas[40:100], *lumas[100:]]):
        turns += [(number, kind, state) for kind, state in vitals.look(Instant(100 * number), luma)]
        assert vitals.is_looped == (len(turns) == 1)
    assert [(kind, state) for _, kind, state in turns] == [("looped", "begin"), ("looped", "end")]
    assert turns[0][0] == 100 + LOOP_IN // 100
    assert turns[1][0] == 219 + LOOP_OVER // 100


def test_a_player_that_leaves_out_other_pictures_in_each_round_is_noticed_too() -> None:
    dice = np.random.default_rng(7)
    film = [dice.integers(0, 255, (96, 160), dtype=np.uint8) for _ in range(210)]
    vitals = Vitals()
    turns: list[tuple[str, str]] = []
    for number in range(180):
        turns += vitals.look(Instant(100 * number), film[(number * 5 // 2) % 210])
    assert turns == [("looped", "begin")]


def test_a_picture_that_is_held_for_a_moment_is_no_loop() -> None:
    dice = np.random.default_rng(6)
    vitals = Vitals()
    for number in range(200):
        luma = dice.integers(0, 255, (96, 160), dtype=np.uint8)
        assert not vitals.look(Instant(200 * number), luma)
        assert not vitals.look(Instant(200 * number + 100), luma.copy())


def looped(recording: Recording, pictures: int, times: int) -> list[tuple[int, int]]:
    """Play packets of one film over and over; return the times of its rounds."""
    encoded = [recording.encoder.packets(yuv, 0)[0] for yuv in recording.people(pictures)]
    rounds = []
    for _ in range(times):
        began = recording.clock.now()
        for _, key, payload in encoded:
            recording.hide.take(Packet(recording.media, key, recording.clock.now(), payload))
            recording.media += 100
            recording.clock.advance(100)
        rounds.append((began, recording.clock.now()))
    return rounds


def test_a_loop_is_filled_from_its_first_repeated_picture_on_and_comes_back_half_a_minute_after_its_last() -> None:
    recording = Recording()
    recording.connect()
    (first, second), (_, over) = looped(recording, 60, 2)
    recording.encoder = Encoder()  # the camera again, with a key frame first
    recording.show(recording.people(340))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    frames = recording.frames()
    assert all(is_filled(yuv) for at, yuv in frames if second <= at < over + LOOP_OVER - 100)
    assert any(not is_filled(yuv) for at, yuv in frames if at < second - HOLD)
    assert not any(is_filled(yuv) for at, yuv in frames if at >= over + LOOP_OVER + 200)
    assert told(recording) == [("looped", "begin"), ("looped", "end")]
    spans = [span for span in recording.of(Covered) if span.reason == "looped"]
    assert second - HOLD <= spans[0].t0 <= second
    assert over + LOOP_OVER - 200 <= spans[-1].t1 <= over + LOOP_OVER + 200
    assert first < second


def test_a_film_that_was_coded_anew_is_filled_when_its_motion_has_come_again() -> None:
    recording = Recording()
    recording.connect(Encoder(crf=22))
    film = recording.people(240)
    recording.show(film)
    recording.connect(Encoder(crf=32))
    second = recording.clock.now()
    recording.show(film)
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert told(recording) == [("looped", "begin")]
    (began,) = [fault.at for fault in recording.of(Fault)]
    assert second + 8_000 < began < second + 24_000
    frames = recording.frames()
    assert all(is_filled(yuv) for at, yuv in frames if at >= began - HOLD + 100)
    assert any(not is_filled(yuv) for at, yuv in frames if second + 1_000 < at < began - HOLD)


def test_a_reconnection_is_no_way_out_of_a_loop() -> None:
    recording = Recording()
    recording.connect()
    (_, second), _ = looped(recording, 60, 2)
    recording.hide.take(Lost("camera_lost", recording.clock.now()))
    recording.clock.advance(2_000)
    recording.connect()
    recording.show(recording.people(150))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert all(is_filled(yuv) for at, yuv in recording.frames() if at >= second)
    assert told(recording) == [("looped", "begin")]


def test_a_film_that_is_declared_to_begin_again_is_told_and_shown() -> None:
    recording = Recording(may_loop=True)
    recording.connect()
    looped(recording, 60, 3)
    assert told(recording) == [("looped", "begin")]
    assert {span.reason for span in recording.of(Covered)} <= {"warming"}


def test_a_still_picture_that_is_coded_anew_with_each_key_frame_is_no_loop() -> None:
    """Without a sensor's noise the encoder repeats itself to the bit; nothing is played there."""
    room = PaintedRoom(5, *SIZE)
    recording = Recording()
    recording.connect()
    recording.show([room.empty()] * 400)
    assert ("looped", "begin") not in told(recording)
