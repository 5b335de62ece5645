# SPDX-License-Identifier: Apache-2.0
"""Calibrations, rooms and zones as files: what is written is read back the same, and everything else is refused by its code."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.canonical import canonical
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.core.instant import Instant
from kua.core.nouns import camera_id, election_id, station_id
from kua.law.hiding import DEFAULT, read_table, table_digest, table_json
from kua.sight.calibration import Calibration, calibrated, read_calibration, write_calibration
from kua.sight.grid import BLOCK
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference, read_reference, write_reference
from kua.sight.room import learn_room
from kua.sight.zones import polygon, read_zones, touched, within


def frames(count: int = 4, width: int = 64, height: int = 48, seed: int = 1) -> list[RawFrame]:
    room = np.random.default_rng(seed).integers(40, 200, (height * 3 // 2, width), dtype=np.uint8)
    return [RawFrame(Instant(n), width, height, room) for n in range(count)]


def made(room: Reference) -> Calibration:
    return calibrated(
        room,
        election=election_id("kz-2026-kurultai"),
        station=station_id("10-245"),
        camera=camera_id("a"),
        made_at=Instant(1_780_000_000_000),
        policy=table_digest(DEFAULT),
        zones={"booth": (polygon([(0, 0), (0.25, 0), (0.25, 0.9)]),)},
        heads=((0.2, 24), (0.9, 80)),
    )


def test_a_calibration_is_read_back_as_it_was_written() -> None:
    calibration = made(learn_room(frames()))
    assert read_calibration(write_calibration(calibration)) == calibration


def test_stickers_are_read_back_to_a_ten_thousandth_and_make_the_file_one_of_version_2() -> None:
    room = learn_room(frames())
    place = ((0.25, 0.5), (0.3, 0.5), (0.3, 0.56), (0.25, 0.56))
    with_stickers = replace(made(room), stickers={16: place, 0: place})
    assert read_calibration(write_calibration(with_stickers)) == with_stickers
    assert b'"v":2' in write_calibration(with_stickers)
    assert b'"v":1' in write_calibration(made(room))


def test_a_room_is_read_back_as_it_was_written_and_fits_its_calibration() -> None:
    room = learn_room(frames())
    again = read_reference(write_reference(room))
    assert write_reference(again) == write_reference(room)
    made(room).check(again)


def test_a_room_with_one_changed_tolerance_does_not_fit() -> None:
    room = learn_room(frames())
    data = bytearray(write_reference(room))
    data[-60] ^= 1
    with pytest.raises(Rejected, match=r"calibration\.reference_hash"):
        made(room).check(read_reference(bytes(data)))


def test_a_room_of_another_size_does_not_fit() -> None:
    with pytest.raises(Rejected, match=r"calibration\.size"):
        made(learn_room(frames())).check(learn_room(frames(width=80)))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 3}, "calibration.version"),
        ({"v": 2}, "calibration.unreadable"),
        ({"v": 2, "stickers": []}, "calibration.stickers"),
        ({"v": 2, "stickers": {"15": [[0, 0], [1, 0], [1, 1], [0, 1]]}}, "calibration.stickers"),
        ({"v": 2, "stickers": {"016": [[0, 0], [1, 0], [1, 1], [0, 1]]}}, "calibration.stickers"),
        ({"v": 2, "stickers": {"16": [[0, 0], [1, 0], [1, 1]]}}, "calibration.stickers"),
        ({"v": 2, "stickers": {"16": [[0, 0], [1, 0], [1, 1], [0, 10001]]}}, "calibration.stickers"),
        ({"width": 63}, "calibration.unreadable"),
        ({"width": "64"}, "calibration.unreadable"),
        ({"station": "../x"}, "name.station"),
        ({"reference": {"sha256": "00", "frames": 1}}, "calibration.unreadable"),
        ({"zones": {"booth": [[[0, 0], [10001, 0], [0, 5]]]}}, "calibration.zone_outside"),
        ({"zones": {"booth": [[[0, 0], [-1, 0], [0, 5]]]}}, "calibration.zone_outside"),
        ({"zones": {"booth": [[[0, 0], [1, 0]]]}}, "calibration.zone_shape"),
        ({"zones": {"booth": [[[0, 0], [1, 0], "x"]]}}, "calibration.zone_shape"),
        ({"zones": {"kitchen": []}}, "calibration.zone_kind"),
        ({"head": [{"y": 0, "px": 0}]}, "calibration.head"),
    ],
)
def test_what_a_calibration_may_not_say_is_refused(change: dict[str, Any], code: str) -> None:
    value = json.loads(write_calibration(made(learn_room(frames()))))
    with pytest.raises(KuaError) as caught:
        read_calibration(canonical(value | change))
    assert caught.value.code == code


def test_a_calibration_in_another_spelling_is_refused() -> None:
    data = write_calibration(made(learn_room(frames())))
    with pytest.raises(Rejected, match=r"calibration\.unreadable"):
        read_calibration(data.replace(b":", b": ", 1))


@pytest.mark.parametrize("data", [b"", b"{}\n", b'{"v":1}\nxx', b"\x00" * 100])
def test_what_is_no_room_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"room\.unreadable"):
        read_reference(data)


def test_a_room_is_not_learned_from_nothing() -> None:
    with pytest.raises(Incomplete, match=r"room\.no_frames"):
        learn_room([])


def test_somebody_who_walks_through_does_not_become_the_room() -> None:
    still = frames(40)
    film = []
    for number, frame in enumerate(still):
        yuv = frame.yuv.copy()
        yuv[8:40, number : number + 8] = 235
        film.append(RawFrame(frame.at, frame.width, frame.height, yuv))
    assert np.array_equal(learn_room(film, from_people=True).yuv[:48], still[0].yuv[:48])


def test_a_place_that_never_comes_to_rest_is_unknown() -> None:
    film = []
    for number, frame in enumerate(frames(40)):
        yuv = frame.yuv.copy()
        yuv[8:32, 16:40] = 60 + 3 * (number * 7 % 40)
        film.append(RawFrame(frame.at, frame.width, frame.height, yuv))
    known = learn_room(film, from_people=True).known
    assert not known[1:4, 2:5].any()
    assert known[:, 7].all()


def test_a_crossing_outline_leaves_no_hole() -> None:
    star = polygon([(0.5, 0.0), (0.8, 1.0), (0.0, 0.4), (1.0, 0.4), (0.2, 1.0)])
    assert touched([star], 320, 320)[20, 20]


def test_zones_are_grown_to_whole_squares_of_sixteen_pixels() -> None:
    area = touched(read_zones({"booth": [[[1000, 1000], [1001, 1000], [1001, 1001]]]})["booth"], 320, 320)
    assert area.sum() == 4 * 4  # the point lies on a corner of four squares, each of four blocks
    assert area[2:6, 2:6].all()


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=3, max_size=8, unique=True), st.integers(2, 40), st.integers(2, 30))
def test_the_pixels_within_a_zone_lie_in_what_is_filled_at_any_size(points: list[tuple[int, int]], across: int, down: int) -> None:
    shape = polygon([(x / 100, y / 100) for x, y in points])
    small = within([shape], across * 8, down * 8)
    filled = touched([shape], across * 32, down * 32)
    grown = np.repeat(np.repeat(filled, BLOCK, 0), BLOCK, 1)[: down * 32, : across * 32]
    made_smaller = grown.reshape(down * 8, 4, across * 8, 4).all(axis=(1, 3))
    assert not (small & ~made_smaller).any()


def test_half_a_picture_has_half_of_its_pixels_within() -> None:
    inside = within([polygon([(0, 0), (0.5, 0), (0.5, 1), (0, 1)])], 64, 48)
    assert inside[:47, :31].all()  # an edge belongs to no pixel before it
    assert not inside[:, 32:].any()


def test_the_default_table_is_complete_and_hashed() -> None:
    assert read_table(table_json(DEFAULT)) == DEFAULT
    other = {phase: dict(row) for phase, row in DEFAULT.items()}
    other["voting"]["rest"] = "coarse"
    assert table_digest(other) != table_digest(DEFAULT)


@pytest.mark.parametrize("broken", [None, {}, {"voting": {}}, {**DEFAULT, "voting": {**DEFAULT["voting"], "rest": "sharp"}}])
def test_a_table_with_a_hole_or_an_unknown_word_is_refused(broken: object) -> None:
    with pytest.raises(Rejected, match=r"policy\.table"):
        read_table(broken)
