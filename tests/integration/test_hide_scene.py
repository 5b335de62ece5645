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
from kua.station.pipe import Covered, Ended, Fault, Packet
from kua.station.vitals import LOOP_OF, LOOP_SHARE, Vitals
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
    recording.show([shifted(5)(room.picture(603_000 + 100 * number)) for number in range(400)])
    again = recording.clock.now()
    recording.connect(Encoder())
    recording.show([room.picture(650_000 + 100 * number) for number in range(250)])
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert len(recording.hiders) == 2
    frames = recording.frames()
    assert max(at for at, _ in frames) > again + 20_000
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


def test_a_recording_that_is_played_in_place_of_the_camera_is_noticed_in_its_second_round_and_the_camera_again_after_it() -> None:
    dice = np.random.default_rng(5)
    lumas = [dice.integers(0, 255, (96, 160), dtype=np.uint8) for _ in range(160)]
    vitals = Vitals()
    turns: list[tuple[int, str, str]] = []
    for number, luma in enumerate([*lumas[:100], *lumas[40:100], *lumas[40:100], *lumas[100:]]):
        turns += [(number, kind, state) for kind, state in vitals.look(Instant(100 * number), luma)]
    assert [(kind, state) for _, kind, state in turns] == [("looped", "begin"), ("looped", "end")]
    assert turns[0][0] == 100 + LOOP_SHARE - 1
    assert 220 < turns[1][0] <= 220 + LOOP_OF


def test_a_picture_that_is_held_for_a_moment_is_no_loop() -> None:
    dice = np.random.default_rng(6)
    vitals = Vitals()
    for number in range(200):
        luma = dice.integers(0, 255, (96, 160), dtype=np.uint8)
        assert not vitals.look(Instant(200 * number), luma)
        assert not vitals.look(Instant(200 * number + 100), luma.copy())


def test_a_loop_of_packets_is_told_to_the_log_and_hides_nothing() -> None:
    recording = Recording()
    recording.connect()
    pictures = recording.people(60)
    encoded = [recording.encoder.packets(yuv, 0)[0] for yuv in pictures]
    for number in range(180):
        _, key, payload = encoded[number % 60]
        recording.hide.take(Packet(40_000 + 100 * number, key, recording.clock.now(), payload))
        recording.clock.advance(100)
    assert told(recording) == [("looped", "begin")]
    assert {span.reason for span in recording.of(Covered)} <= {"warming"}
